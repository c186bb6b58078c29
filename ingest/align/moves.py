"""Make one node of many, and many of one again.

The alias gives its facts to the canonical node and its label `Person` up for `Alias`, so whoever asks for
people meets each once; `SAME_AS` leads from it to the canonical node and carries the record of what moved.
An identity is changed in one transaction, so whatever interrupts, each is as it was or as it shall be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import neo4j

from ingest.align.people import Aligned, FilmKey, People
from ingest.align.plan import Plan
from ingest.align.record import Move, Record
from kg import Graph
from kg.model import PROVENANCE, RELATION_TYPE
from kg.provenance import Statement, retold, statements_of
from mmkg.progress import track

BATCH_SIZE = 200
"""Identities in one transaction."""

READ_NODES = (
    "MATCH (p:Entity) WHERE p.id IN $ids RETURN p.id AS id, properties(p) AS properties, labels(p) AS labels"
)
READ_FACTS = """
MATCH (p:Entity)-[r]-(o) WHERE p.id IN $ids AND type(r) <> 'SAME_AS' AND NOT o:Person AND NOT o:Alias
WITH p, r, o, head([l IN labels(o) WHERE l IN ['Item', 'Entity', 'Media', 'User']]) AS kind
WHERE kind IS NOT NULL
RETURN p.id AS person, type(r) AS type, startNode(r) = p AS outgoing, kind, o.id AS other,
       properties(r) AS properties
"""
READ_RECORDS = """
MATCH (a:Entity)-[s:SAME_AS]->(c:Entity) WHERE c.id IN $ids AND s.record IS NOT NULL
RETURN a.id AS alias, c.id AS canonical, s.score AS score, s.method AS method, s.record AS record
"""
SET_FACTS = """
UNWIND $rows AS row
MATCH (p:Entity {{id: row[0]}})
MATCH (o:{kind} {{id: row[1]}})
MERGE (p){left}-[r:{type}]-{right}(o)
SET r = row[2]
"""
DELETE_FACTS = """
UNWIND $rows AS row
MATCH (p:Entity {{id: row[0]}}){left}-[r:{type}]-{right}(o:{kind} {{id: row[1]}})
DELETE r
"""
SET_NODES = "UNWIND $rows AS row MATCH (p:Entity {id: row[0]}) SET p = row[1]"
BECOME_ALIASES = """
UNWIND $rows AS row
MATCH (a:Entity {id: row[0]})
MATCH (c:Entity {id: row[1]})
REMOVE a:Person SET a:Alias
CREATE (a)-[:SAME_AS {score: row[2], method: row[3], record: row[4]}]->(c)
"""
BECOME_PEOPLE = """
MATCH (a:Entity)-[s:SAME_AS]->(c:Entity) WHERE c.id IN $ids AND s.record IS NOT NULL
REMOVE a:Alias SET a:Person
DELETE s
"""
T = TypeVar("T")


class Key(NamedTuple):
    """A relation of a node: at most one of a type leads to each other node."""

    type: str
    outgoing: bool
    kind: str
    other: str


Properties = dict[str, Any]


@dataclass(slots=True)
class Changes:
    """What was done."""

    identities: int = 0
    aliases: int = 0
    facts: int = 0
    left: int = 0
    """Facts that stayed with the alias, as nobody knows which film they are about."""
    taken_back: int = 0


@dataclass(slots=True)
class _Part:
    """A part of the graph in memory; `save` writes what was changed."""

    nodes: dict[str, Properties] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[str, dict[Key, Properties]] = field(default_factory=lambda: defaultdict(dict))
    before: dict[str, dict[Key, Properties]] = field(default_factory=lambda: defaultdict(dict))
    nodes_before: dict[str, Properties] = field(default_factory=dict)

    @classmethod
    def load(cls, transaction: neo4j.ManagedTransaction, ids: Sequence[str]) -> _Part:
        part = cls()
        for row in transaction.run(READ_NODES, ids=ids):
            part.nodes[row["id"]], part.nodes_before[row["id"]] = row["properties"], dict(row["properties"])
            part.labels[row["id"]] = row["labels"]
        for row in transaction.run(READ_FACTS, ids=ids):
            key = Key(row["type"], row["outgoing"], row["kind"], row["other"])
            if RELATION_TYPE.fullmatch(key.type) and all(map(_plain, row["properties"].values())):
                part.facts[row["person"]][key] = row["properties"]
                part.before[row["person"]][key] = dict(row["properties"])
        return part

    def save(self, transaction: neo4j.ManagedTransaction) -> None:
        kept: dict[Key, list[tuple[str, str, Properties]]] = defaultdict(list)
        gone: dict[Key, list[tuple[str, str, Properties]]] = defaultdict(list)
        for person in sorted(self.nodes):
            now, before = self.facts[person], self.before[person]
            for key, properties in now.items():
                if before.get(key) != properties:
                    kept[key._replace(other="")].append((person, key.other, properties))
            for key in before.keys() - now.keys():
                gone[key._replace(other="")].append((person, key.other, {}))
        for statement, changed in ((DELETE_FACTS, gone), (SET_FACTS, kept)):
            for form, rows in sorted(changed.items()):
                text = statement.format(
                    type=form.type,
                    kind=form.kind,
                    left="" if form.outgoing else "<",
                    right=">" if form.outgoing else "",
                )
                transaction.run(text, rows=sorted(rows, key=lambda row: row[:2]))
        changed_nodes = [
            (person, properties)
            for person, properties in sorted(self.nodes.items())
            if properties != self.nodes_before[person]
        ]
        transaction.run(SET_NODES, rows=changed_nodes)


def apply(graph: Graph, people: People, plan: Plan) -> Changes:
    """Bring the graph to what the plan says; doing it again changes nothing.

    Raises:
        ConnectError, GraphError: the database is gone or refuses; every identity is whole.
    """
    changes = Changes()
    wanted, there = _by_canonical(plan.aliases), _by_canonical(people.aligned)
    undo(graph, [canonical for canonical in there if there[canonical] != wanted.get(canonical)])
    for some in _batches(track(sorted(wanted), "Identities"), BATCH_SIZE):
        groups = {canonical: wanted[canonical] for canonical in some}
        done = graph.in_transaction(partial(_apply, groups=groups, films=plan.films))
        changes.identities += done.identities
        changes.aliases += done.aliases
        changes.facts += done.facts
        changes.left += done.left
    return changes


def undo(graph: Graph, canonicals: Iterable[str]) -> Changes:
    """Put everything back that these nodes were given.

    Raises:
        ConnectError, GraphError: the database is gone or refuses; every identity is whole.
    """
    changes = Changes()
    for some in _batches(sorted(canonicals), BATCH_SIZE):
        changes.taken_back += graph.in_transaction(partial(_undo, canonicals=some))
    return changes


def _apply(
    transaction: neo4j.ManagedTransaction,
    groups: Mapping[str, Mapping[str, Aligned]],
    films: Mapping[FilmKey, FilmKey] | None,
) -> Changes:
    records = _records(transaction, list(groups))
    part = _Part.load(transaction, _members(groups))
    stale = [
        canonical
        for canonical, aliases in groups.items()
        if canonical not in records or _is_stale(part, aliases, records[canonical], films)
    ]
    if again := [canonical for canonical in stale if canonical in records]:
        _undo(transaction, again)
    groups = {canonical: groups[canonical] for canonical in stale}
    part = _Part.load(transaction, _members(groups))
    changes, rows = Changes(identities=len(groups)), []
    for canonical, aliases in groups.items():
        for alias in sorted(aliases):
            record, left = _give(part, alias, canonical, films)
            changes.aliases += 1
            changes.facts += len(record.moves)
            changes.left += left
            rows.append((alias, canonical, aliases[alias].score, aliases[alias].method, record.to_json()))
    part.save(transaction)
    transaction.run(BECOME_ALIASES, rows=rows)
    return changes


def _is_stale(
    part: _Part,
    aliases: Mapping[str, Aligned],
    records: Mapping[str, Record],
    films: Mapping[FilmKey, FilmKey] | None,
) -> bool:
    """Tell whether an import stated an alias again, or its facts belong to other films by now."""
    for alias in aliases:
        if "Person" in part.labels[alias] or any(_film(part, alias, key, films) for key in part.facts[alias]):
            return True
        for move in records[alias].moves:
            key = Key(move.type, move.outgoing, move.kind, move.before)
            if _film(part, alias, key, films) != move.after:
                return True
    return False


def _give(
    part: _Part, alias: str, canonical: str, films: Mapping[FilmKey, FilmKey] | None
) -> tuple[Record, int]:
    """Move the facts and fill in the properties; return the record, and how many facts stayed."""
    record = Record()
    theirs = part.facts[canonical]
    for key in sorted(part.facts[alias]):
        if (after := _film(part, alias, key, films)) is None:
            continue
        properties = part.facts[alias].pop(key)
        move = Move(key.type, key.outgoing, key.kind, key.other, after, properties, created=False)
        if (there := key._replace(other=after)) in theirs:
            move.filled, move.added = _join(theirs[there], statements_of((), properties))
        else:
            theirs[there] = dict(properties)
            move.created = True
        record.moves.append(move)
    given = statements_of(part.labels[alias], part.nodes[alias])
    record.filled, record.added = _join(part.nodes[canonical], given, part.labels[canonical])
    return record, len(part.facts[alias])


def _film(part: _Part, alias: str, key: Key, films: Mapping[FilmKey, FilmKey] | None) -> str | None:
    """Return the film that a fact is really about, or None where nobody knows; other facts are as they are.

    Where the links of the source without names are wrong, only what was matched is known.
    """
    if films is None or key.kind != "Item" or part.nodes[alias].get("name"):
        return key.other
    film = films.get(FilmKey(key.kind, key.other))
    return None if film is None else film.id


def _undo(transaction: neo4j.ManagedTransaction, canonicals: Sequence[str]) -> int:
    groups = _records(transaction, canonicals)
    part = _Part.load(transaction, _members(groups))
    for canonical, records in groups.items():
        theirs, node = part.facts[canonical], part.nodes[canonical]
        brought: dict[Key, set[str]] = defaultdict(set)
        created: set[Key] = set()
        for alias in sorted(records, reverse=True):
            for move in records[alias].moves:
                before = Key(move.type, move.outgoing, move.kind, move.before)
                after = before._replace(other=move.after)
                part.facts[alias].setdefault(before, move.properties)
                brought[after].update(move.properties.get("imports", ()))
                if move.created:
                    created.add(after)
                elif after in theirs:
                    _sever(theirs[after], move.added)
            _sever(node, records[alias].added, part.labels[canonical])
        for key in created & theirs.keys():
            # What an import has stated of the canonical node itself in the meantime stays.
            statements = statements_of((), theirs[key])
            if left := [each for each in statements if each.import_id not in {"", *brought[key]}]:
                _set(theirs[key], retold(theirs[key], statements, left))
            else:
                del theirs[key]
    part.save(transaction)
    transaction.run(BECOME_PEOPLE, ids=list(canonicals))
    return sum(map(len, groups.values()))


def _join(
    there: Properties, given: Iterable[Statement], labels: Iterable[str] = ()
) -> tuple[list[str], list[list[str]]]:
    """Add statements that fill gaps; return the properties and the statements that this added.

    What the same import says here already is not added.
    """
    statements = statements_of(labels, there)
    added = [
        new._replace(fills=True)
        for new in given
        if not any(
            old.import_id == new.import_id
            and new.labels <= old.labels
            and new.properties.items() <= old.properties.items()
            for old in statements
        )
    ]
    if not added:
        return [], []
    before = there.keys() | set(PROVENANCE)
    _set(there, retold(there, statements, [*statements, *added]))
    return sorted(there.keys() - before), [[each.import_id, each.origin] for each in added]


def _sever(there: Properties, added: Sequence[Sequence[str]], labels: Iterable[str] = ()) -> None:
    """Take away the statements that `_join` added: the last of their import and origin."""
    statements = statements_of(labels, there)
    left = list(statements)
    for import_id, origin in reversed(added):
        for place in reversed(range(len(left))):
            if (left[place].import_id, left[place].origin) == (import_id, origin):
                del left[place]
                break
    if len(left) < len(statements):
        _set(there, retold(there, statements, left))


def _set(there: Properties, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            there.pop(name, None)
        else:
            there[name] = value


def _records(
    transaction: neo4j.ManagedTransaction, canonicals: Sequence[str]
) -> dict[str, dict[str, Record]]:
    found: dict[str, dict[str, Record]] = defaultdict(dict)
    for row in transaction.run(READ_RECORDS, ids=list(canonicals)):
        found[row["canonical"]][row["alias"]] = Record.from_json(row["record"])
    return found


def _by_canonical(aliases: Mapping[str, Aligned]) -> dict[str, dict[str, Aligned]]:
    found: dict[str, dict[str, Aligned]] = defaultdict(dict)
    for alias, aligned in aliases.items():
        found[aligned.canonical][alias] = aligned
    return found


def _members(groups: Mapping[str, Mapping[str, object]]) -> list[str]:
    return [*groups, *(alias for aliases in groups.values() for alias in aliases)]


def _plain(value: object) -> bool:
    """Tell whether the record can hold a value; dates and points set by hand stay where they are."""
    return isinstance(value, (str, int, float, bool)) or (isinstance(value, list) and all(map(_plain, value)))


def _batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
