"""Which addresses the crawler may connect to: no page of a stranger makes it knock on doors inside.

The check stands where a name becomes addresses, for literal addresses too, and the connection is
made to the very address that was checked. So neither a redirect nor a name that changes its address in
between gets around it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IAddress, IHostnameResolver, IResolutionReceiver
from zope.interface import implementer

from ingest.crawl.context import Context
from mmkg.errors import UsageError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"),)
UNASSIGNED = ipaddress.IPv4Network("192.0.0.0/24")
"""Not private for every version of Python."""
WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})")


@dataclass(frozen=True)
class Guard:
    """Tells which addresses are refused.

    Args:
        allow_private: True where every address is allowed.
        allowed: single addresses that are allowed though private, each `ADDRESS` or `ADDRESS:PORT`.

    Raises:
        UsageError: one of them is no address.
    """

    allow_private: bool = False
    allowed: tuple[str, ...] = ()
    _pairs: frozenset[tuple[Address, int | None]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pairs", frozenset(_address_and_port(text) for text in self.allowed))

    def problem(self, text: str, port: int) -> str | None:
        """Tell why an address may not be connected to, None where it may."""
        try:
            address: Address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return f"{text} is no address"
        if self.allow_private or not self._pairs.isdisjoint({(address, None), (address, port)}):
            return None
        return None if all(map(is_public, _meant(address))) else f"the address {text} is not public"


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet's."""
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or getattr(address, "is_site_local", False)
        or address in UNASSIGNED
    )


def _meant(address: Address) -> list[Address]:
    """Return the addresses that decide: of an IPv6 address that only spells one of IPv4, that one."""
    if not isinstance(address, ipaddress.IPv6Address):
        return [address]
    if address.ipv4_mapped is not None or any(address in network for network in NAT64):
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    tunnels = (address.sixtofour, *(address.teredo or ()))
    return [address, *(inside for inside in tunnels if inside is not None)]


def _address_and_port(text: str) -> tuple[Address, int | None]:
    found = WITH_PORT.fullmatch(text)
    host, port = (found[1] or found[2], int(found[3])) if found else (text, None)
    try:
        return ipaddress.ip_address(host), port
    except ValueError:
        raise UsageError(
            f"{text!r} is no address", remedy="Write it as 192.168.1.5, 192.168.1.5:8080 or [fd00::5]:8080"
        ) from None


@implementer(IHostnameResolver)
class GuardedResolver:
    """The resolver of the crawler's reactor: it passes on only the addresses that are allowed.

    Nothing is cached, so each connection asks anew and is checked anew.
    """

    def __init__(self, reactor: Any, guard: Guard, refused: dict[str, str]) -> None:
        self.reactor = reactor
        self.resolver = reactor.nameResolver  # typed as Any, since mypy takes zope's interfaces for classes
        self.guard = guard
        self.refused = refused
        """Why the latest look-up of a name gave nothing, by name."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> GuardedResolver:
        """Make the resolver of a crawl."""
        context = Context.of(crawler.settings)
        guard = Guard(context.options.allow_private, context.options.allow_address)
        return cls(reactor, guard, context.refused)

    def install_on_reactor(self) -> None:
        """Take the place of the reactor's own resolver."""
        self.reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        """Resolve a name, or a literal address in any spelling, and pass on what is allowed."""
        self.refused.pop(hostName, None)
        receiver = _Filter(resolutionReceiver, self, hostName, portNumber)
        return self.resolver.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _Filter:
    def __init__(self, receiver: Any, resolver: GuardedResolver, name: str, port: int) -> None:
        self.receiver = receiver
        self.resolver = resolver
        self.name = name
        self.port = port

    def resolutionBegan(self, resolution: object) -> None:  # noqa: N802
        self.receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        host = str(getattr(address, "host", ""))
        if (problem := self.resolver.guard.problem(host, self.port)) is None:
            self.receiver.addressResolved(address)
        else:
            self.resolver.refused[self.name] = problem

    def resolutionComplete(self) -> None:  # noqa: N802
        self.receiver.resolutionComplete()
