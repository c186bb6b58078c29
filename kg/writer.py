"""The batched writer: states nodes and relations in the graph, and tells what that changed.

The statements are idempotent: stating the same again changes nothing. One batch is one transaction, so
whatever interrupts the writer, the graph holds whole batches, and stating everything once more completes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import islice
from typing import Any, NamedTuple

import neo4j

from kg.connection import Graph
from kg.model import DERIVED, LABEL, RELATION_TYPE, Node, Reject, Relation
from kg.provenance import Statement, bookkeeping, changed, place, resolve, statements_of, stating
from kg.validation import Refused, check_node, check_relation

BATCH_SIZE = 10_000
NO_LABELS: frozenset[str] = frozenset()

MERGE_NODES = """
UNWIND $rows AS row
MERGE (n:{kind} {{id: row[0]}})
ON CREATE SET {set_label}n += row[1], n.imports = [$import], n.origins = [row[2]]
RETURN count(*) AS found
"""
DIFFERING_NODES = f"""
UNWIND $rows AS row
MATCH (n:{{kind}} {{{{id: row[0]}}}})
WHERE n.statements IS NOT NULL OR n.origins IS NULL OR NOT $import IN n.imports
   OR {{misses_label}}any(key IN keys(row[1]) WHERE n[key] IS NULL OR n[key] <> row[1][key])
SET n.imports = coalesce(n.imports, [])
RETURN row[0] AS key, labels(n) AS labels,
       n {{{{.*, {", ".join(f"{name}: null" for name in DERIVED)}}}}} AS stored
"""
"""What is not as it is stated, locked before it is read, so that no other writer comes between."""
UPDATE_NODES = """
UNWIND $rows AS row
MATCH (n:{kind} {{id: row[0]}})
SET {set_label}n += row[1]
"""
MERGE_RELATIONS = """
UNWIND $rows AS row
MATCH (a:{start} {{id: row[0][0]}})
MATCH (b:{end} {{id: row[0][1]}})
MERGE (a)-[r:{type}]->(b)
ON CREATE SET r = row[1], r.imports = [$import], r.origins = [row[2]]
RETURN count(*) AS found
"""
DIFFERING_RELATIONS = """
UNWIND $rows AS row
MATCH (:{start} {{id: row[0][0]}})-[r:{type}]->(:{end} {{id: row[0][1]}})
WHERE r.statements IS NOT NULL OR r.origins IS NULL OR NOT $import IN r.imports
   OR any(key IN keys(row[1]) WHERE r[key] IS NULL OR r[key] <> row[1][key])
SET r.imports = coalesce(r.imports, [])
RETURN row[0] AS key, [] AS labels, properties(r) AS stored
"""
UPDATE_RELATIONS = """
UNWIND $rows AS row
MATCH (:{start} {{id: row[0][0]}})-[r:{type}]->(:{end} {{id: row[0][1]}})
SET r += row[1]
"""
MISSING_ENDS = """
UNWIND range(0, size($rows) - 1) AS position
OPTIONAL MATCH (a:{start} {{id: $rows[position][0][0]}})
OPTIONAL MATCH (b:{end} {{id: $rows[position][0][1]}})
WITH position, a, b WHERE a IS NULL OR b IS NULL
RETURN position, a IS NULL AS no_start
"""
COUNT_IN_IMPORT = """
MATCH (i:Import {id: $import})
SET i.created = coalesce(i.created, 0) + $created, i.updated = coalesce(i.updated, 0) + $updated
"""

Thing = Node | Relation
Key = str | tuple[str, str]
"""Of a node its id, of a relation the ids of its ends."""


@dataclass(slots=True)
class Counts:
    """What became of the things that were stated."""

    created: int = 0
    updated: int = 0
    """A property or a label that was stated differed or was missing."""
    unchanged: int = 0
    rejected: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.rejected += other.rejected
        return self


class _Form(NamedTuple):
    """What the things have in common that one statement can write; forms sort in the order of writing."""

    name: str
    merge: str
    differing: str
    update: str
    missing: str
    """The statement that finds relations without a start or an end; empty for nodes."""


class _Group:
    """The things of one form in a batch, each once: Cypher sees the graph as it was before the batch."""

    def __init__(self) -> None:
        self.things: dict[Key, Thing] = {}
        self.statements: dict[Key, list[Statement]] = {}
        self.repeated = 0

    def add(self, thing: Thing, import_id: str) -> None:
        statement = _statement(thing, import_id)
        key = thing.id if isinstance(thing, Node) else (thing.start.id, thing.end.id)
        if key in self.things:
            self.repeated += 1
            self.statements[key].append(statement)
        else:
            self.things[key] = thing
            self.statements[key] = [statement]

    def rows(self) -> list[tuple[Key, dict[str, Any], str]]:
        # Sorted, because two writers that take their locks in the same order do not deadlock.
        return [(key, _created(some), some[0].origin) for key, some in sorted(self.statements.items())]


_Groups = list[tuple[_Form, _Group]]


class _Outcome(NamedTuple):
    created: int
    updated: int
    missing: list[tuple[tuple[str, str], str]]
    """The keys of relations that lack an end, and which: `start` or `end`."""


class Writer:
    """Writes batches of nodes and relations in the name of one import.

    Args:
        graph: the graph, its schema migrated: without the unique constraints every MERGE would scan.
        import_id: goes into the list `imports` of all that is stated, and the place where it is stated into
            `origins`: kg.provenance. If an `Import` node of this id exists, its `created` and `updated` grow
            in the same transaction as the graph, so no interruption makes them wrong.
        batch_size: how many things one transaction states.
        on_reject: called with each thing that was not taken.

    Example:
        >>> writer = Writer(graph, "manual")
        >>> writer.nodes([Node("Item", "1", "Movie", {"title": "Heat"})])
        Counts(created=1, updated=0, unchanged=0, rejected=0)
    """

    def __init__(
        self,
        graph: Graph,
        import_id: str,
        batch_size: int = BATCH_SIZE,
        on_reject: Callable[[Reject], None] = lambda reject: None,
    ) -> None:
        self.graph = graph
        self.import_id = import_id
        self.batch_size = batch_size
        self.on_reject = on_reject
        self.counts: dict[str, Counts] = defaultdict(Counts)
        """By label, or kind where a node has no label, and by relation type."""

    def nodes(self, nodes: Iterable[Node]) -> Counts:
        """State the nodes; a second label or a property that is new is added to what the graph has.

        Raises:
            ConnectError, GraphError: the database is gone, or refuses the statement.
        """
        return self._write(nodes)

    def relations(self, relations: Iterable[Relation]) -> Counts:
        """State the relations; one whose start or end is not in the graph is rejected.

        Raises:
            ConnectError, GraphError: the database is gone, or refuses the statement.
        """
        return self._write(relations)

    def _write(self, things: Iterable[Thing]) -> Counts:
        total = Counts()
        pending: tuple[_Groups, Future[list[_Outcome]]] | None = None
        # The server works on one batch while the next is read and checked here; leaving waits for it.
        with ThreadPoolExecutor(1, "writer") as pool:
            for batch in _batches(things, self.batch_size):
                groups = self._grouped(total, batch)
                if pending:
                    self._settle(total, pending[0], pending[1].result())
                pending = groups, pool.submit(self._write_groups, groups)
            if pending:
                self._settle(total, pending[0], pending[1].result())
        return total

    def _grouped(self, total: Counts, batch: list[Thing]) -> _Groups:
        groups: dict[_Form, _Group] = defaultdict(_Group)
        for thing in batch:
            try:
                form = _form(thing)
            except Refused as refusal:
                self._reject(total, thing, refusal)
            else:
                groups[form].add(thing, self.import_id)
        return sorted(groups.items(), key=lambda pair: pair[0])

    def _settle(self, total: Counts, groups: _Groups, outcomes: list[_Outcome]) -> None:
        for (form, group), outcome in zip(groups, outcomes, strict=True):
            for key, field in outcome.missing:
                self._reject(total, group.things[key], _unknown(group.things[key], field))
            stated = len(group.things) - len(outcome.missing) + group.repeated
            counts = Counts(outcome.created, outcome.updated)
            counts.unchanged = stated - counts.created - counts.updated
            self.counts[form.name] += counts
            total += counts

    def _write_groups(self, groups: _Groups) -> list[_Outcome]:
        rows = [group.rows() for _, group in groups]

        def work(transaction: neo4j.ManagedTransaction) -> list[_Outcome]:
            outcomes = [
                self._write_rows(transaction, form, group, some)
                for (form, group), some in zip(groups, rows, strict=True)
            ]
            created = sum(outcome.created for outcome in outcomes)
            updated = sum(outcome.updated for outcome in outcomes)
            if created or updated:
                parameters = {"import": self.import_id, "created": created, "updated": updated}
                transaction.run(COUNT_IN_IMPORT, parameters)
            return outcomes

        return self.graph.in_transaction(work)

    def _write_rows(
        self, transaction: neo4j.ManagedTransaction, form: _Form, group: _Group, rows: list[Any]
    ) -> _Outcome:
        parameters = {"rows": rows, "import": self.import_id}
        result = transaction.run(form.merge, parameters)
        found = result.single(strict=True)["found"]
        counters = result.consume().counters
        created = counters.nodes_created + counters.relationships_created
        updated = 0
        if created < found:
            updated = _update(transaction, form, group, parameters)
        missing = []
        if found < len(rows):
            for record in transaction.run(form.missing, parameters):
                missing.append((rows[record["position"]][0], "start" if record["no_start"] else "end"))
        return _Outcome(created, updated, missing)

    def _reject(self, total: Counts, thing: Thing, refusal: Refused) -> None:
        name = _name(thing)
        self.counts[name if LABEL.fullmatch(name) or RELATION_TYPE.fullmatch(name) else "?"].rejected += 1
        total.rejected += 1
        self.on_reject(Reject(*thing.origin, refusal.field, refusal.reason, refusal.value))


def _form(thing: Thing) -> _Form:
    if isinstance(thing, Node):
        check_node(thing)
        return _node_form(thing.kind, thing.label)
    check_relation(thing)
    return _relation_form(thing.type, thing.start.kind, thing.end.kind)


def _name(thing: Thing) -> str:
    return (thing.label or thing.kind) if isinstance(thing, Node) else thing.type


def _statement(thing: Thing, import_id: str) -> Statement:
    if isinstance(thing, Node):
        labels = frozenset((thing.label,)) if thing.label else NO_LABELS
        return Statement(import_id, place(thing.origin), labels, dict(thing.properties), thing.fills)
    return Statement(import_id, place(thing.origin), NO_LABELS, dict(thing.properties))


def _created(statements: list[Statement]) -> dict[str, Any]:
    """Make the properties of a new thing, `imports` and `origins` apart."""
    if len(statements) == 1:
        return statements[0].properties
    statements = reduce(stating, statements[1:], [statements[0]._replace(fills=False)])
    kept = {name: value for name, value in bookkeeping(statements).items() if value is not None}
    return {**resolve(statements).properties, **kept}


def _update(
    transaction: neo4j.ManagedTransaction, form: _Form, group: _Group, parameters: dict[str, Any]
) -> int:
    """Bring the things that differ from what is stated up to date; return how many show a difference."""
    rows = []
    updated = 0
    for record in transaction.run(form.differing, parameters):
        key, stored = record["key"], record["stored"]
        stated = group.statements[key if isinstance(key, str) else tuple(key)]
        statements = reduce(stating, stated, statements_of(record["labels"], stored))
        resolution = resolve(statements)
        changes: dict[str, Any] = changed(stored, resolution.properties)
        labels = NO_LABELS.union(*(statement.labels for statement in stated))
        shows = bool(changes) or not labels.issubset(record["labels"])
        updated += shows
        changes |= changed(stored, bookkeeping(statements))
        if shows or changes:
            rows.append((key, changes))
    if rows:
        transaction.run(form.update, {"rows": rows}).consume()
    return updated


@lru_cache
def _node_form(kind: str, label: str | None) -> _Form:
    parts = {
        "kind": kind,
        "set_label": f"n:{label}, " if label else "",
        "misses_label": f"NOT n:{label} OR " if label else "",
    }
    merge, differing, update = (text.format(**parts) for text in (MERGE_NODES, DIFFERING_NODES, UPDATE_NODES))
    return _Form(label or kind, merge, differing, update, "")


@lru_cache
def _relation_form(relation_type: str, start: str, end: str) -> _Form:
    parts = {"type": relation_type, "start": start, "end": end}
    merge, differing, update, missing = (
        text.format(**parts)
        for text in (MERGE_RELATIONS, DIFFERING_RELATIONS, UPDATE_RELATIONS, MISSING_ENDS)
    )
    return _Form(relation_type, merge, differing, update, missing)


def _unknown(thing: Thing, field: str) -> Refused:
    assert isinstance(thing, Relation)
    end = thing.start if field == "start" else thing.end
    return Refused(field, f"unknown {end.kind.lower()}", end.id)


def _batches(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
