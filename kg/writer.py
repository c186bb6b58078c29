"""The batched writer: states nodes and relations in the graph, and tells what that changed.

The statements are idempotent: stating the same again changes nothing. One batch is one transaction, so
whatever interrupts the writer, the graph holds whole batches, and stating everything once more completes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import neo4j

from kg.connection import Graph
from kg.model import LABEL, RELATION_TYPE, Node, Reject, Relation, Value
from kg.validation import Refused, check_node, check_relation

BATCH_SIZE = 10_000

MERGE_NODES = """
UNWIND $rows AS row
MERGE (n:{kind} {{id: row[0]}})
ON CREATE SET {set_label}n += row[1], n.imports = [$import]
RETURN count(*) AS found
"""
UPDATE_NODES = """
UNWIND $rows AS row
MATCH (n:{kind} {{id: row[0]}})
WITH n, row[1] AS stated, properties(n) AS before, NOT $import IN coalesce(n.imports, []) AS unknown,
     {misses_label}any(key IN keys(row[1]) WHERE n[key] IS NULL{or_differs}) AS changed
WHERE changed OR unknown
SET {set_label}n += stated, {keep}
    n.imports = coalesce(before.imports, []) + CASE WHEN unknown THEN [$import] ELSE [] END
RETURN count(CASE WHEN changed THEN 1 END) AS updated
"""
MERGE_RELATIONS = """
UNWIND $rows AS row
MATCH (a:{start} {{id: row[0][0]}})
MATCH (b:{end} {{id: row[0][1]}})
MERGE (a)-[r:{type}]->(b)
ON CREATE SET r = row[1], r.imports = [$import]
RETURN count(*) AS found
"""
UPDATE_RELATIONS = """
UNWIND $rows AS row
MATCH (:{start} {{id: row[0][0]}})-[r:{type}]->(:{end} {{id: row[0][1]}})
WITH r, row[1] AS stated, NOT $import IN coalesce(r.imports, []) AS unknown,
     any(key IN keys(row[1]) WHERE r[key] IS NULL OR r[key] <> row[1][key]) AS changed
WHERE changed OR unknown
SET r += stated, r.imports = coalesce(r.imports, []) + CASE WHEN unknown THEN [$import] ELSE [] END
RETURN count(CASE WHEN changed THEN 1 END) AS updated
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
    fills: bool
    merge: str
    update: str
    missing: str
    """The statement that finds relations without a start or an end; empty for nodes."""


class _Group:
    """The things of one form in a batch, each once: a statement sees the graph as it was before it."""

    def __init__(self) -> None:
        self.things: dict[str | tuple[str, str], Thing] = {}
        self.stated: dict[str | tuple[str, str], dict[str, Value]] = {}
        self.repeated = 0

    def add(self, thing: Thing, fills: bool) -> None:
        key = thing.id if isinstance(thing, Node) else (thing.start.id, thing.end.id)
        if key not in self.things:
            self.things[key] = thing
            self.stated[key] = dict(thing.properties)
            return
        self.repeated += 1
        before = self.stated[key]
        self.stated[key] = {**thing.properties, **before} if fills else {**before, **thing.properties}

    def rows(self) -> list[tuple[str | tuple[str, str], dict[str, Value]]]:
        # Sorted, because two writers that take their locks in the same order do not deadlock.
        return sorted(self.stated.items(), key=lambda row: row[0])


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
        import_id: goes into the list `imports` of all that is stated. If an `Import` node of this id exists,
            its `created` and `updated` grow in the same transaction as the graph, so no interruption makes
            them wrong.
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
                groups[form].add(thing, form.fills)
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
                self._write_rows(transaction, form, some)
                for (form, _), some in zip(groups, rows, strict=True)
            ]
            created = sum(outcome.created for outcome in outcomes)
            updated = sum(outcome.updated for outcome in outcomes)
            if created or updated:
                parameters = {"import": self.import_id, "created": created, "updated": updated}
                transaction.run(COUNT_IN_IMPORT, parameters)
            return outcomes

        return self.graph.in_transaction(work)

    def _write_rows(self, transaction: neo4j.ManagedTransaction, form: _Form, rows: list[Any]) -> _Outcome:
        parameters = {"rows": rows, "import": self.import_id}
        result = transaction.run(form.merge, parameters)
        found = result.single(strict=True)["found"]
        counters = result.consume().counters
        created = counters.nodes_created + counters.relationships_created
        updated = 0
        if created < found:
            updated = transaction.run(form.update, parameters).single(strict=True)["updated"]
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
        return _node_form(thing.kind, thing.label, thing.fills)
    check_relation(thing)
    return _relation_form(thing.type, thing.start.kind, thing.end.kind)


def _name(thing: Thing) -> str:
    return (thing.label or thing.kind) if isinstance(thing, Node) else thing.type


@lru_cache
def _node_form(kind: str, label: str | None, fills: bool) -> _Form:
    parts = {
        "kind": kind,
        "set_label": f"n:{label}, " if label else "",
        "misses_label": f"NOT n:{label} OR " if label else "",
        "or_differs": "" if fills else " OR n[key] <> row[1][key]",
        "keep": "n += before, " if fills else "",
    }
    return _Form(label or kind, fills, MERGE_NODES.format(**parts), UPDATE_NODES.format(**parts), "")


@lru_cache
def _relation_form(relation_type: str, start: str, end: str) -> _Form:
    parts = {"type": relation_type, "start": start, "end": end}
    merge, update, missing = (
        text.format(**parts) for text in (MERGE_RELATIONS, UPDATE_RELATIONS, MISSING_ENDS)
    )
    return _Form(relation_type, False, merge, update, missing)


def _unknown(thing: Thing, field: str) -> Refused:
    assert isinstance(thing, Relation)
    end = thing.start if field == "start" else thing.end
    return Refused(field, f"unknown {end.kind.lower()}", end.id)


def _batches(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
