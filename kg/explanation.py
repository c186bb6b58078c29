"""What is told of where a node comes from: as values, as tables, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from kg.imports import Import
from kg.lookup import Found
from kg.model import KINDS
from kg.provenance import Statement

LONGEST_VALUE = 80
BY_HAND = "no import"


class Place(NamedTuple):
    """Who states something, and where."""

    import_id: str
    """Empty for what is of no import."""
    origin: str

    @classmethod
    def of(cls, statement: Statement) -> Place:
        """Return the place of a statement."""
        return cls(statement.import_id, statement.origin)


class Overruled(NamedTuple):
    """A value that does not stand, and why."""

    value: object
    place: Place
    rule: str


class Stated(NamedTuple):
    """A property that stands."""

    name: str
    value: object
    places: list[Place]
    """Who states it; first who decided, none where nobody did: somebody set it by hand."""
    overruled: list[Overruled]


class Alignment(NamedTuple):
    """What `mmkg align` made of the node and another."""

    is_alias: bool
    """True where the node gave its facts to the other, false where it got them."""
    other: str
    name: str | None
    score: float
    method: str
    facts: int
    """How many facts moved."""
    filled: list[str]
    """The properties that the canonical node got."""
    moved: set[tuple[str, bool, str]]
    """Type, whether it leads from the node, and the other end of each fact that moved."""

    def row(self) -> tuple[object, ...]:
        """Return a row of a table."""
        part = "gave its facts to" if self.is_alias else "has the facts of"
        name = f" {self.name}" if self.name else ""
        return part, f"{self.other}{name}", self.method, self.score, self.facts


class Tie(NamedTuple):
    """A relation of the node."""

    labels: list[str]
    """Of the other end."""
    id: str
    name: str | None
    properties: list[Stated]
    places: list[Place]
    aliases: list[str]
    """Whose fact it was before an alignment moved it."""

    def notes(self) -> Iterator[str]:
        """Yield what is worth knowing of it: properties, conflicts, and whose it was."""
        for stated in self.properties:
            yield f"{stated.name}: {short(stated.value)}"
            for value, place, rule in stated.overruled:
                yield f"  not {short(value)} of {place.import_id or BY_HAND} {place.origin}: {rule}"
        for alias in self.aliases:
            yield f"moved from {alias} by mmkg align"


@dataclass(frozen=True, slots=True)
class Group:
    """The relations of one type and direction."""

    type: str
    outgoing: bool
    count: int
    ties: list[Tie]
    """The first of them, by the id of the other end."""

    def __str__(self) -> str:
        return f"-[{self.type}]->" if self.outgoing else f"<-[{self.type}]-"


@dataclass
class Why:
    """All that the graph knows of where a node comes from."""

    node: Found
    places: list[Place]
    labels: dict[str, list[Place]]
    properties: list[Stated]
    models: list[str]
    """Which made its vectors."""
    alignments: list[Alignment] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    imports: dict[str, Import] = field(default_factory=dict)
    """Those that are named here."""

    def tables(self) -> Iterator[tuple[str, tuple[str, ...], list[tuple[object, ...]]]]:
        """Yield the title, the headings and the rows of each table."""
        yield str(self.node), ("property", "value", "stated by", "where"), list(self._property_rows())
        if self.alignments:
            rows = [each.row() for each in self.alignments]
            yield "By mmkg align", ("this node", "other", "method", "score", "facts moved"), rows
        if self.groups:
            headings = ("relation", "other end", "stated by", "where", "notes")
            yield "Relations", headings, list(self._relation_rows())
        if self.imports:
            listed: list[tuple[object, ...]] = [
                (each.id, each.source or "", each.path or "", each.at or "") for each in self.imports.values()
            ]
            yield "Imports", ("import", "source", "path", "at"), listed

    def to_json(self) -> dict[str, Any]:
        """Return all as plain values."""
        return {
            "kind": self.node.kind,
            "id": self.node.id,
            "stated_by": _places(self.places),
            "labels": {label: _places(places) for label, places in self.labels.items()},
            "properties": [_stated(each) for each in self.properties],
            "models": self.models,
            "alignments": [
                {name: value for name, value in each._asdict().items() if name != "moved"}
                for each in self.alignments
            ],
            "relations": [
                {
                    "type": group.type,
                    "outgoing": group.outgoing,
                    "count": group.count,
                    "shown": [
                        {
                            "labels": tie.labels,
                            "id": tie.id,
                            "name": tie.name,
                            "stated_by": _places(tie.places),
                            "properties": [_stated(each) for each in tie.properties],
                            "moved_from": tie.aliases,
                        }
                        for tie in group.ties
                    ],
                }
                for group in self.groups
            ],
            "imports": [asdict(each) for each in self.imports.values()],
        }

    def _property_rows(self) -> Iterator[tuple[object, ...]]:
        for label, places in self.labels.items():
            yield "label", label, *_two_columns(places)
        for stated in self.properties:
            yield stated.name, short(stated.value), *_two_columns(stated.places)
            for value, place, rule in stated.overruled:
                yield "", f"not {short(value)}: {rule}", *_two_columns([place])
        for model in self.models:
            yield "vector", f"of model {model}", "mmkg embed", ""

    def _relation_rows(self) -> Iterator[tuple[object, ...]]:
        for group in self.groups:
            for tie in group.ties:
                name = f" {tie.name}" if tie.name else ""
                kind = next((label for label in tie.labels if label in KINDS), "")
                end = f"{kind}:{tie.id}{name}"
                yield str(group), end, *_two_columns(tie.places), "\n".join(tie.notes())
            if group.count > len(group.ties):
                yield str(group), f"and {group.count - len(group.ties)} more", "", "", ""


def _places(places: Iterable[Place]) -> list[dict[str, str]]:
    return [{"import": place.import_id, "origin": place.origin} for place in places]


def _stated(stated: Stated) -> dict[str, Any]:
    return {
        "name": stated.name,
        "value": stated.value,
        "stated_by": _places(stated.places),
        "overruled": [
            {"value": value, **_places([place])[0], "rule": rule} for value, place, rule in stated.overruled
        ],
    }


def _two_columns(places: Sequence[Place]) -> tuple[str, str]:
    if not places:
        return BY_HAND, ""
    return "\n".join(place.import_id or BY_HAND for place in places), "\n".join(p.origin for p in places)


def short(value: object) -> str:
    """Return a property's value as one line for a table."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
