"""The graph as it stands, read in a fixed order: by kind and id, each node with the relations that leave it.

What the platform computes (models, the vectors of films and users) is left out: it can be computed again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from kg.connection import Graph
from kg.model import DERIVED, LABEL, RELATION_TYPE, Properties
from kg.validation import PROPERTY
from mmkg.errors import GraphError

DUMPED = ("Entity", "Import", "Item", "Media", "User")
"""The base labels of the nodes that are read, in the order of reading."""
PAGE = 500
"""Nodes that are read at once, with all that leaves them."""

READ_PAGE = f"""
MATCH (n:{{kind}}) WHERE n.id > $after
WITH n ORDER BY n.id LIMIT $page
RETURN labels(n) AS labels, n {{{{.*, {", ".join(f"{name}: null" for name in DERIVED)}}}}} AS properties,
       COLLECT {{{{
         MATCH (n)-[r]->(o)
         RETURN [type(r), labels(o), o.id, properties(r)]
       }}}} AS relations
"""
COUNT_NODES = f"MATCH (n:{'|'.join(DUMPED)}) RETURN count(n) AS number"
COUNT_RELATIONS = "MATCH ()-[r]->() RETURN count(r) AS number"
COUNT_MODELS = "MATCH (n:Model) RETURN count(n) AS number"


class End(NamedTuple):
    """The end of a relation."""

    kind: str
    id: str


class NodeRecord(NamedTuple):
    """A node as the graph has it."""

    kind: str
    """One of `DUMPED`."""
    labels: tuple[str, ...]
    """The other labels, sorted."""
    properties: Properties

    @property
    def id(self) -> str:
        """The id, which is unique among the nodes of the kind."""
        return str(self.properties["id"])


class RelationRecord(NamedTuple):
    """A relation as the graph has it."""

    type: str
    start: End
    end: End
    properties: Properties
    end_labels: tuple[str, ...] = ()
    """Of the node that it leads to; only where it was read from the graph."""


class Totals(NamedTuple):
    """How many nodes of the kinds in `DUMPED` there are, and how many relations of any kind."""

    nodes: int
    relations: int


def totals(graph: Graph) -> Totals:
    """Count what there is."""
    return Totals(*(graph.read(text)[0]["number"] for text in (COUNT_NODES, COUNT_RELATIONS)))


def count_models(graph: Graph) -> int:
    """Count the models, none of which is dumped."""
    return int(graph.read(COUNT_MODELS)[0]["number"])


def dump(graph: Graph) -> Iterator[tuple[NodeRecord, list[RelationRecord]]]:
    """Yield each node with the relations that leave it, by kind and id, and these by type and end.

    Left out are nodes whose id is no text, and relations to nodes of other kinds: `totals` shows that there
    are some.

    Raises:
        GraphError: the graph holds what mmkg never writes: a date, say, or two relations of one type between
            the same two nodes.
    """
    for kind in DUMPED:
        after = ""
        while rows := graph.read(READ_PAGE.format(kind=kind), after=after, page=PAGE):
            for row in rows:
                after = row["properties"]["id"]
                if kind_of(row["labels"]) == kind:
                    yield _read(kind, row["labels"], row["properties"], row["relations"])


def kind_of(labels: Collection[str]) -> str | None:
    """Return the base label among the labels, None where there is none that is dumped."""
    return next((kind for kind in DUMPED if kind in labels), None)


def problem_with(record: NodeRecord | RelationRecord) -> str | None:
    """Tell what in a record mmkg never writes, None where there is nothing."""
    if isinstance(record, NodeRecord):
        if record.kind not in DUMPED:
            return f"{record.kind!r} is no kind of node"
        if not (isinstance(node_id := record.properties.get("id"), str) and node_id):
            return "a node without an id"
        strange = [f"the label {label!r}" for label in record.labels if not LABEL.fullmatch(label)]
    else:
        fits = RELATION_TYPE.fullmatch(record.type)
        strange = [] if fits else [f"the relation type {record.type!r}"]
    for name, value in record.properties.items():
        if not PROPERTY.fullmatch(name):
            strange.append(f"the property name {name!r}")
        elif not _is_plain(value):
            strange.append(f"the property {name} with the value {value!r:.100}")
    return next(iter(strange), None)


def _read(
    kind: str, labels: Iterable[str], properties: dict[str, Any], leaving: Iterable[list[Any]]
) -> tuple[NodeRecord, list[RelationRecord]]:
    stated = {name: value for name, value in sorted(properties.items()) if value is not None}
    node = NodeRecord(kind, tuple(sorted(set(labels) - {kind})), stated)
    _check(node, f"{kind} {node.id}")
    start = End(kind, node.id)
    relations = []
    for type_, end_labels, end_id, values in leaving:
        end_kind = kind_of(end_labels)
        if end_kind and isinstance(end_id, str) and end_id:
            end = End(end_kind, end_id)
            others = tuple(sorted(set(end_labels) - {end_kind}))
            relations.append(RelationRecord(type_, start, end, dict(sorted(values.items())), others))
    relations.sort(key=lambda relation: (relation.type, relation.end))
    before = None
    for relation in relations:
        where = f"{relation.type} from {kind} {node.id} to {relation.end.kind} {relation.end.id}"
        _check(relation, where)
        if before == (relation.type, relation.end):
            raise GraphError(
                "there are two such relations", where=where, remedy="mmkg keeps one of a type: delete one"
            )
        before = (relation.type, relation.end)
    return node, relations


def _check(record: NodeRecord | RelationRecord, where: str) -> None:
    if problem := problem_with(record):
        raise GraphError(
            f"what mmkg never writes stands in the graph: {problem}",
            where=where,
            remedy="Change or remove it with Cypher",
        )


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return len({type(each) for each in value}) <= 1 and all(
            _is_plain(each) and not isinstance(each, (list, tuple)) for each in value
        )
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool) or (isinstance(value, int) and -(2**63) <= value < 2**63)
