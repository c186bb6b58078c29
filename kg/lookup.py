"""Find the node that somebody means: by its id, by its kind and id, or by its title or name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, get_args

from kg.model import ALIAS, KINDS, Kind
from mmkg.errors import InputError

SHOWN = 20
NAMED_PROPERTY = {"Item": "title", "Entity": "name"}
BY_ID = """
MATCH (n:{kind} {{id: $text}})
RETURN n.id AS id, [label IN labels(n) WHERE label <> $kind] AS labels, coalesce(n.title, n.name) AS name
"""
BY_NAME = """
MATCH (n:{kind}) WHERE toLower(n.{name}) = toLower($text) AND NOT n:{alias}
RETURN n.id AS id, [label IN labels(n) WHERE label <> $kind] AS labels, n.{name} AS name
ORDER BY id LIMIT $most
"""
"""An alias is found by its id alone: by name, the person is meant whose facts it gave away."""


class Reader(Protocol):
    """What runs a reading statement: a `kg.Graph`."""

    def read(self, cypher: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run a reading statement and return its rows."""
        ...


class Found(NamedTuple):
    """A node, as far as it takes to tell it from others."""

    kind: Kind
    id: str
    labels: list[str]
    """The second labels."""
    name: str | None
    """The title of a film."""

    @property
    def key(self) -> str:
        """What `find` finds this node by and no other."""
        return f"{self.kind}:{self.id}"

    def __str__(self) -> str:
        label = f" ({', '.join(self.labels)})" if self.labels else ""
        return f"{self.key}{label}{f' {self.name}' if self.name else ''}"


def find(graph: Reader, text: str, kinds: Sequence[Kind] = get_args(Kind)) -> Found:
    """Find one node of these kinds.

    Args:
        graph: the graph.
        text: an id, `Item:` or another kind and an id, or the whole title or name in any capitals. What has
            that id comes before what has that name.
        kinds: where to look.

    Raises:
        InputError: there is no such node, or more than one; the message lists them.
    """
    kind, _, rest = text.partition(":")
    found = _by_id(graph, [each for each in kinds if each == kind], rest) if kind in KINDS and rest else []
    found = found or _by_id(graph, kinds, text) or _by_name(graph, kinds, text)
    if not found:
        where = " or ".join(each.lower() for each in kinds)
        raise InputError(
            f"there is no {where} of this id, title or name",
            where=text,
            remedy="Give the whole id or the whole name; capitals do not matter in a name",
        )
    if len(found) > 1:
        listed = "".join(f"\n  {each}" for each in found[:SHOWN])
        more = "\n  and more" if len(found) > SHOWN else ""
        raise InputError(
            "more than one node is meant by this", where=text, remedy=f"Give one of{listed}{more}"
        )
    return found[0]


def _by_id(graph: Reader, kinds: Sequence[Kind], text: str) -> list[Found]:
    return [
        Found(kind, **row)
        for kind in kinds
        for row in graph.read(BY_ID.format(kind=kind), text=text, kind=kind)
    ]


def _by_name(graph: Reader, kinds: Sequence[Kind], text: str) -> list[Found]:
    found = []
    for kind in kinds:
        if name := NAMED_PROPERTY.get(kind):
            cypher = BY_NAME.format(kind=kind, name=name, alias=ALIAS)
            found += [Found(kind, **row) for row in graph.read(cypher, text=text, kind=kind, most=SHOWN + 1)]
    return found
