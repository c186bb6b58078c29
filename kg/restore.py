"""Nodes and relations written as another graph has them, with the imports that they are of.

Into an empty graph that gives the same graph. What is there already stays: kg.provenance.merged. Each batch
is a transaction and writing it again changes nothing, so what was interrupted is simply run again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import neo4j

from kg.connection import Graph
from kg.dump import NodeRecord, RelationRecord
from kg.model import ALIAS, DERIVED, checked_label, checked_relation_type
from kg.provenance import merged
from kg.writer import Counts
from mmkg.errors import GraphError, InputError

BATCH_SIZE = 5000

MERGE_NODES = """
UNWIND $rows AS row
MERGE (n:{kind} {{id: row.key}})
ON CREATE SET n += row.properties{labels}
RETURN count(*) AS found
"""
DIFFERING_NODES = f"""
UNWIND $rows AS row
MATCH (n:{{kind}} {{{{id: row.key}}}})
WHERE any(key IN keys(row.properties) WHERE n[key] IS NULL OR n[key] <> row.properties[key])
   OR NOT all(label IN $labels WHERE label IN labels(n))
SET n.id = n.id
RETURN n.id AS key, labels(n) AS labels, n {{{{.*, {", ".join(f"{n}: null" for n in DERIVED)}}}}} AS stored
"""
"""What is not as it is stated, locked before it is read, so that no other writer comes between."""
UPDATE_NODES = """
UNWIND $rows AS row
MATCH (n:{kind} {{id: row.key}})
SET n += row.properties{labels}
"""
MERGE_RELATIONS = """
UNWIND $rows AS row
MATCH (a:{start} {{id: row.key[0]}})
MATCH (b:{end} {{id: row.key[1]}})
MERGE (a)-[r:{type}]->(b)
ON CREATE SET r = row.properties
RETURN count(*) AS found
"""
DIFFERING_RELATIONS = """
UNWIND $rows AS row
MATCH (a:{start} {{id: row.key[0]}})-[r:{type}]->(b:{end} {{id: row.key[1]}})
WHERE any(key IN keys(row.properties) WHERE r[key] IS NULL OR r[key] <> row.properties[key])
SET a.id = a.id
RETURN row.key AS key, [] AS labels, properties(r) AS stored
"""
UPDATE_RELATIONS = """
UNWIND $rows AS row
MATCH (:{start} {{id: row.key[0]}})-[r:{type}]->(:{end} {{id: row.key[1]}})
SET r += row.properties
"""
OTHERWISE_ALIGNED = """
UNWIND $rows AS row
MATCH (n:Entity {id: row.id}) WHERE (n:Alias) <> row.alias
RETURN n.id AS id LIMIT 1
"""

T = TypeVar("T")
Record = NodeRecord | RelationRecord


class _Form(NamedTuple):
    """What the records have in common that one statement can write."""

    name: str
    labels: tuple[str, ...]
    merge: str
    differing: str
    update: str


def restore_nodes(graph: Graph, nodes: Iterable[NodeRecord]) -> dict[str, Counts]:
    """Write nodes; return by label what became of them.

    Raises:
        GraphError: the database refuses them.
    """
    return _restore(graph, nodes)


def restore_relations(graph: Graph, relations: Iterable[RelationRecord]) -> dict[str, Counts]:
    """Write relations between nodes that are there; return by type what became of them.

    Raises:
        InputError: a relation has an end that is not in the graph.
        GraphError: the database refuses them.
    """
    return _restore(graph, relations)


def check_alignment(graph: Graph, nodes: Iterable[NodeRecord]) -> None:
    """Check that whoever is an alias in one graph is no person of its own in the other.

    Raises:
        GraphError: there is one.
    """
    entities = (node for node in nodes if node.kind == "Entity")
    for batch in _batches(entities, BATCH_SIZE):
        rows = [{"id": node.id, "alias": ALIAS in node.labels} for node in batch]
        for row in graph.read(OTHERWISE_ALIGNED, rows=rows):
            raise GraphError(
                "only one of the two graphs has this as an alias of somebody",
                where=f"Entity {row['id']}",
                remedy="Undo the alignment of both with `mmkg align --undo`, export again, and align what "
                "comes of the two; or restore into an empty graph",
            )


def _restore(graph: Graph, records: Iterable[Record]) -> dict[str, Counts]:
    counts: dict[str, Counts] = defaultdict(Counts)
    for batch in _batches(records, BATCH_SIZE):
        groups: dict[_Form, list[Record]] = defaultdict(list)
        for record in batch:
            groups[_form(record)].append(record)

        def work(
            transaction: neo4j.ManagedTransaction, groups: dict[_Form, list[Record]] = groups
        ) -> list[tuple[str, Counts]]:
            return [(form.name, _write(transaction, form, some)) for form, some in groups.items()]

        for name, some in graph.in_transaction(work):
            counts[name] += some
    return dict(counts)


def _write(transaction: neo4j.ManagedTransaction, form: _Form, records: list[Record]) -> Counts:
    rows = [{"key": _key(record), "properties": record.properties} for record in records]
    result = transaction.run(form.merge, rows=rows)
    found = result.single(strict=True)["found"]
    if found < len(rows):
        raise InputError(
            f"{len(rows) - found} relations lead from or to nodes that are not there",
            where=form.name,
            remedy="Export again while nothing else writes to the graph",
        )
    counters = result.consume().counters
    counts = Counts(created=counters.nodes_created + counters.relationships_created)
    if counts.created < found:
        counts.updated = _merge(transaction, form, records, rows)
    counts.unchanged = found - counts.created - counts.updated
    return counts


def _merge(
    transaction: neo4j.ManagedTransaction, form: _Form, records: list[Record], rows: list[dict[str, Any]]
) -> int:
    """Add to the things that are there otherwise; return how many changed."""
    others = {_key(record): record.properties for record in records}
    changes = []
    for row in transaction.run(form.differing, rows=rows, labels=form.labels):
        key = row["key"] if isinstance(row["key"], str) else tuple(row["key"])
        properties = merged(row["labels"], row["stored"], form.labels, others[key])
        if properties or not set(form.labels).issubset(row["labels"]):
            changes.append({"key": key, "properties": properties})
    if changes:
        transaction.run(form.update, rows=changes).consume()
    return len(changes)


def _key(record: Record) -> str | tuple[str, str]:
    return record.id if isinstance(record, NodeRecord) else (record.start.id, record.end.id)


def _form(record: Record) -> _Form:
    if isinstance(record, NodeRecord):
        return _node_form(record.kind, record.labels)
    return _relation_form(record.type, record.start.kind, record.end.kind)


@lru_cache
def _node_form(kind: str, labels: tuple[str, ...]) -> _Form:
    parts = {"kind": checked_label(kind), "labels": "".join(f", n:{checked_label(each)}" for each in labels)}
    merge, differing, update = (text.format(**parts) for text in (MERGE_NODES, DIFFERING_NODES, UPDATE_NODES))
    return _Form(labels[0] if labels else kind, labels, merge, differing, update)


@lru_cache
def _relation_form(relation_type: str, start: str, end: str) -> _Form:
    parts = {
        "type": checked_relation_type(relation_type),
        "start": checked_label(start),
        "end": checked_label(end),
    }
    merge, differing, update = (
        text.format(**parts) for text in (MERGE_RELATIONS, DIFFERING_RELATIONS, UPDATE_RELATIONS)
    )
    return _Form(relation_type, (), merge, differing, update)


def _batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
