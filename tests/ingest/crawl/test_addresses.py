"""No address inside is connected to, however it is spelled, mapped or hidden behind a name."""

# ruff: noqa: N802 (the names are Twisted's)

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address

from ingest.crawl.addresses import Guard, GuardedResolver
from mmkg.errors import UsageError

INSIDE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "100::1",
]
PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address: str) -> None:
    assert Guard().problem(address, 80)
    assert Guard(allow_private=True).problem(address, 80) is None


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert Guard().problem(address, 80) is None


def test_a_single_address_is_allowed_and_its_neighbours_are_not() -> None:
    guard = Guard(allowed=("127.0.0.1:8000", "[fd00::5]:80", "10.1.1.1", "::1"))
    allowed = [("127.0.0.1", 8000), ("fd00::5", 80), ("10.1.1.1", 1), ("10.1.1.1", 2), ("::1", 443)]
    assert [pair for pair in allowed if guard.problem(*pair)] == []
    assert guard.problem("127.0.0.1", 8001)
    assert guard.problem("127.0.0.2", 8000)
    assert guard.problem("::ffff:127.0.0.1", 8000)


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.0.0.1:", "127.0.0.1:x", "1.2.3", "[::1", "10.0.0.0/8"]
)
def test_what_is_no_address_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        Guard(allowed=(text,))


class Nameserver:
    """A name server of the attacker's: each look-up of a name gives the next of his answers."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = iter(answers)
        self.nameResolver = self

    def resolveHostName(self, receiver, name, port=0, types=None, transport="TCP"):
        receiver.resolutionBegan(None)
        for text in next(self.answers):
            kind = IPv6Address if ":" in text else IPv4Address
            receiver.addressResolved(kind("TCP", text, port))
        receiver.resolutionComplete()


class Receiver:
    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.complete = False

    def resolutionBegan(self, resolution) -> None: ...

    def addressResolved(self, address) -> None:
        self.addresses.append(address.host)

    def resolutionComplete(self) -> None:
        self.complete = True


def test_a_name_that_changes_its_address_is_checked_at_each_connection() -> None:
    refused: dict[str, str] = {}
    nameserver = Nameserver(["8.8.8.8"], ["127.0.0.1"], ["8.8.8.8", "::ffff:10.0.0.1"], ["fd00::1"])
    resolver = GuardedResolver(nameserver, Guard(), refused)
    seen = []
    for _ in range(4):
        receiver = Receiver()
        resolver.resolveHostName(receiver, "rebinding.example", 80)
        assert receiver.complete
        seen.append((receiver.addresses, "rebinding.example" in refused))
    assert seen == [(["8.8.8.8"], False), ([], True), (["8.8.8.8"], True), ([], True)]
