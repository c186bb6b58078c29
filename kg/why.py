"""Why a node is as it is: who states each of its properties and relations, and which rule decided."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from kg.connection import Graph
from kg.imports import Import, known
from kg.lookup import Found, find
from kg.model import DERIVED, checked_relation_type
from kg.provenance import OWN, Statement, resolve, same, statements_of
from mmkg.settings import Settings

RELATIONS_SHOWN = 5
LONGEST_VALUE = 80
BY_HAND = "no import"
NO_VECTORS = ", ".join(f"{name}: null" for name in DERIVED)

NODE = f"""
MATCH (n:{{kind}} {{{{id: $id}}}})
RETURN labels(n) AS labels, n {{{{.*, {NO_VECTORS}}}}} AS stored,
       [model IN [n.embedding_a_model, n.embedding_b_model] WHERE model IS NOT NULL] AS models
"""
GROUPS = """
MATCH (n:{kind} {{id: $id}})-[r]-()
RETURN type(r) AS type, startNode(r) = n AS outgoing, count(*) AS count ORDER BY type, outgoing DESC
"""
RELATIONS = """
MATCH (n:{kind} {{id: $id}}){left}-[r:{type}]-{right}(o)
WITH r, o ORDER BY o.id LIMIT $most
RETURN properties(r) AS stored, labels(o) AS labels, o.id AS id, coalesce(o.title, o.name) AS name
"""
ALIGNED = """
MATCH (n:Entity {id: $id})-[s:SAME_AS]-(o:Entity) WHERE s.record IS NOT NULL
RETURN startNode(s) = n AS is_alias, o.id AS id, o.name AS name, s.score AS score, s.method AS method,
       s.record AS record
ORDER BY id
"""


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
            yield f"{stated.name}: {_short(stated.value)}"
            for value, place, rule in stated.overruled:
                yield f"  not {_short(value)} of {place.import_id or BY_HAND} {place.origin}: {rule}"
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
            yield stated.name, _short(stated.value), *_two_columns(stated.places)
            for value, place, rule in stated.overruled:
                yield "", f"not {_short(value)}: {rule}", *_two_columns([place])
        for model in self.models:
            yield "vector", f"of model {model}", "mmkg embed", ""

    def _relation_rows(self) -> Iterator[tuple[object, ...]]:
        for group in self.groups:
            arrow = f"-[{group.type}]->" if group.outgoing else f"<-[{group.type}]-"
            for tie in group.ties:
                name = f" {tie.name}" if tie.name else ""
                end = f"{tie.labels[0] if tie.labels else ''}:{tie.id}{name}"
                yield arrow, end, *_two_columns(tie.places), "\n".join(tie.notes())
            if group.count > len(group.ties):
                yield arrow, f"and {group.count - len(group.ties)} more", "", "", ""


def run(settings: Settings, text: str, *, relations: int = RELATIONS_SHOWN) -> Why:
    """Explain a node of the graph that the settings name.

    Raises:
        InputError: there is no such node, or more than one.
        ConnectError, GraphError: the database is away or refuses.
    """
    with Graph.connect(settings) as graph:
        return why(graph, find(graph, text), relations)


def why(graph: Graph, node: Found, relations: int = RELATIONS_SHOWN) -> Why:
    """Explain a node.

    Args:
        graph: the graph.
        node: which; kg.lookup finds it.
        relations: how many of each type and direction are told, at most.
    """
    (row,) = graph.read(NODE.format(kind=node.kind), id=node.id)
    statements = statements_of(row["labels"], row["stored"])
    labels: dict[str, list[Place]] = defaultdict(list)
    for statement in statements:
        for label in sorted(statement.labels):
            labels[label].append(Place.of(statement))
    found = Why(
        node,
        _who(statements),
        dict(labels),
        _properties(row["stored"], statements),
        sorted(set(row["models"])),
    )
    found.alignments = [_alignment(each) for each in graph.read(ALIGNED, id=node.id)] * (
        node.kind == "Entity"
    )
    found.groups = list(_groups(graph, node, relations, found.alignments))
    named = {place.import_id for place in _all_places(found)}
    found.imports = {name: each for name, each in known(graph).items() if name in named}
    return found


def _groups(graph: Graph, node: Found, most: int, alignments: Sequence[Alignment]) -> Iterator[Group]:
    for row in graph.read(GROUPS.format(kind=node.kind), id=node.id):
        cypher = RELATIONS.format(
            kind=node.kind,
            type=checked_relation_type(row["type"]),
            left="" if row["outgoing"] else "<",
            right=">" if row["outgoing"] else "",
        )
        ties = []
        for each in graph.read(cypher, id=node.id, most=most):
            statements = statements_of((), each["stored"])
            fact = row["type"], row["outgoing"], each["id"]
            aliases = [one.other for one in alignments if not one.is_alias and fact in one.moved]
            properties = [one for one in _properties(each["stored"], statements) if one.name != "record"]
            places = _who(statements)
            ties.append(Tie(each["labels"], each["id"], each["name"], properties, places, aliases))
        yield Group(row["type"], row["outgoing"], row["count"], ties)


def _properties(stored: Mapping[str, Any], statements: Sequence[Statement]) -> list[Stated]:
    """Tell of each property who states its value, and who another."""
    resolution = resolve(statements)
    found = []
    for name, value in sorted(stored.items()):
        if name in OWN or value is None:
            continue
        source = resolution.sources.get(name)
        if source is None or not same(source.properties[name], value):
            found.append(Stated(name, value, [], []))  # set by hand since
            continue
        stating = [each for each in statements if name in each.properties]
        agreeing = [each for each in stating if each is not source and same(each.properties[name], value)]
        overruled = [
            Overruled(each.properties[name], Place.of(each), _rule(source, each))
            for each in stating
            if not same(each.properties[name], value)
        ]
        places = [Place.of(each) for each in (source, *agreeing) if each.import_id]
        found.append(Stated(name, value, places, overruled))
    return found


def _rule(stands: Statement, yields: Statement) -> str:
    if yields.fills and not stands.fills:
        return "it only fills gaps"
    return "of two that fill gaps, the earlier stands" if yields.fills else "the later statement stands"


def _who(statements: Iterable[Statement]) -> list[Place]:
    """Return the imports that state the thing at all."""
    return list(dict.fromkeys(Place.of(each) for each in statements if each.import_id))


def _alignment(row: Mapping[str, Any]) -> Alignment:
    record = json.loads(row["record"])
    moves = record.get("moves", [])
    return Alignment(
        row["is_alias"],
        row["id"],
        row["name"],
        row["score"],
        row["method"],
        len(moves),
        record.get("filled", []),
        {(move["type"], move["outgoing"], move["after"]) for move in moves},
    )


def _all_places(found: Why) -> Iterator[Place]:
    ties = [tie for group in found.groups for tie in group.ties]
    yield from found.places
    for stated in (*found.properties, *(each for tie in ties for each in tie.properties)):
        yield from (overruled.place for overruled in stated.overruled)
    for tie in ties:
        yield from tie.places


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


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
