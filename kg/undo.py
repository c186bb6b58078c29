"""Take an import back: what it alone brought goes, and where others state a thing too, its statements go.

The graph is then what it would be without that import, with one exception: a node that a relation of another
import still needs stays as a bare node, without labels, properties and imports, and goes with that relation.

Relations come first, nodes after them, page by page in the order of their ids; one step is one transaction.
What has been taken back does not name the import any more, so whatever interrupts it, the same command again
takes the rest. The keys of blobs stay on the import's node until the store has deleted them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NamedTuple

import neo4j

from kg.connection import Graph
from kg.imports import import_named
from kg.model import BLOB_KEYS, DERIVED, DERIVED_RELATIONS, checked_label
from kg.provenance import Statement, resolve, retold, statements_of, without
from mmkg.errors import GraphError
from mmkg.progress import bar

PAGE = 2000
"""Nodes that one step looks at."""
ROWS = 10_000
"""Relations that one transaction takes back, at most."""
WALK = ("User", "Media", "Entity", "Item")

ALONE = (
    "(all(i IN {x}.imports WHERE i = $import) "
    "AND NOT any(text IN coalesce({x}.statements, []) WHERE text STARTS WITH $by_hand))"
)
"""Nobody else states it, nor did anybody set it by hand before."""
RELATION_ALONE, NODE_ALONE = ALONE.format(x="r"), ALONE.format(x="n")
BY_HAND = Statement("", "", frozenset(), {}).to_json().partition(",")[0]
"""How the text of a statement begins that is of no import."""
NEEDS = "NOT type(r) IN $derived"
"""Whether a relation needs its ends."""
NO_VECTORS = ", ".join(f"{name}: null" for name in DERIVED)

ALIGNED = """
MATCH (a:Entity)-[s:SAME_AS]->(c:Entity)
WHERE s.record IS NOT NULL AND ($import IN a.imports OR $import IN c.imports OR s.record CONTAINS $import)
RETURN count(*) AS aligned
"""
BEGIN = "MATCH (i:Import {id: $import}) SET i.complete = false RETURN coalesce(i.blobs, []) AS keys"
LAST = """
MATCH (n:{kind}) WHERE n.id > $after
WITH n.id AS id ORDER BY id LIMIT $page RETURN max(id) AS last
"""
DELETE_RELATIONS = f"""
MATCH (n:{{kind}}) WHERE n.id > $after AND n.id <= $last
MATCH (n)-[r]->() WHERE $import IN r.imports AND {RELATION_ALONE}
WITH r LIMIT $rows
DELETE r
RETURN count(*) AS removed
"""
SHARED_RELATIONS = """
MATCH (n:{kind}) WHERE n.id > $after AND n.id <= $last
MATCH (n)-[r]->() WHERE $import IN r.imports
WITH r LIMIT $rows
SET r.imports = r.imports
RETURN elementId(r) AS key, [] AS labels, properties(r) AS stored
"""
"""Locked before they are read, so that no writer comes between."""
UPDATE_RELATIONS = """
UNWIND $rows AS row
MATCH ()-[r]->() WHERE elementId(r) = row[0]
SET r += row[1]
"""
DELETE_NODES = f"""
MATCH (n:{{kind}}) WHERE n.id > $after AND n.id <= $last
  AND (n.imports = [] OR $import IN n.imports AND {NODE_ALONE})
  AND NOT EXISTS {{{{ (n)-[r]-() WHERE {NEEDS} }}}}
WITH n, [{", ".join(f"n.{name}" for name in BLOB_KEYS)}] AS keys
DETACH DELETE n
RETURN keys
"""
SHARED_NODES = f"""
MATCH (n:{{kind}}) WHERE n.id > $after AND n.id <= $last AND $import IN n.imports
SET n.imports = n.imports
RETURN elementId(n) AS key, labels(n) AS labels, n {{{{.*, {NO_VECTORS}}}}} AS stored
"""
UPDATE_NODES = """
UNWIND $rows AS row
MATCH (n) WHERE elementId(n) = row[0]
SET n += row[1]
"""
REMOVE_LABEL = "UNWIND $keys AS key MATCH (n) WHERE elementId(n) = key REMOVE n:{label}"
KEEP_KEYS = "MATCH (i:Import {id: $import}) SET i.blobs = $keys"
MENTIONED = f"""
MATCH (m:Media) WHERE {" OR ".join(f"m.{name} IN $keys" for name in BLOB_KEYS)}
RETURN [{", ".join(f"m.{name}" for name in BLOB_KEYS)}] AS keys
UNION ALL MATCH (m:Model) WHERE m.key IN $keys RETURN [m.key] AS keys
"""
END = "MATCH (i:Import {id: $import}) DETACH DELETE i"

COUNT_RELATIONS = f"""
MATCH ()-[r]->() WHERE $import IN r.imports
RETURN count(*) AS stated, count(CASE WHEN {RELATION_ALONE} THEN 1 END) AS alone
"""
COUNT_NODES = f"""
MATCH (n) WHERE n:User OR n:Media OR n:Entity OR n:Item
WITH n, n.imports = [] AS bare, $import IN n.imports AS stated WHERE bare OR stated
WITH n, bare, bare OR {NODE_ALONE} AS alone,
     EXISTS {{
         (n)-[r]-() WHERE {NEEDS} AND NOT coalesce($import IN r.imports AND {RELATION_ALONE}, false)
     }} AS needed
RETURN count(CASE WHEN alone AND NOT needed THEN 1 END) AS removed,
       count(CASE WHEN alone AND needed AND NOT bare THEN 1 END) AS bare,
       count(CASE WHEN NOT alone THEN 1 END) AS shared
"""
COUNT_BLOBS = f"""
MATCH (n:Media) WHERE $import IN n.imports AND {NODE_ALONE}
UNWIND [key IN [{", ".join(f"n.{name}" for name in BLOB_KEYS)}] WHERE key IS NOT NULL] AS key
RETURN count(DISTINCT key) AS blobs
"""
DEPENDING = """
RETURN EXISTS { (:Model) } AS learnt,
       EXISTS { MATCH (i:Import {source: 'text'}) WHERE i.id <> $import } AS extracted
"""

DeleteBlobs = Callable[[Sequence[str]], None]


@dataclass(slots=True)
class Undone:
    """What was taken back, or would be."""

    relations_removed: int = 0
    relations_changed: int = 0
    """Others state them too; the import's statements were taken out."""
    nodes_removed: int = 0
    nodes_changed: int = 0
    nodes_bare: int = 0
    """Nobody states them any more, but relations of other imports need them."""
    blobs_deleted: int = 0

    def to_json(self) -> dict[str, int]:
        """Return the counts as plain values."""
        return asdict(self)


class _Change(NamedTuple):
    """What has to be set on a thing that others state too, or nobody."""

    key: str
    properties: dict[str, Any]
    labels: frozenset[str]
    """The labels that go."""
    bare: bool
    blobs: list[str]
    """Keys of blobs that it does not mention any more."""


def check(graph: Graph, import_id: str) -> None:
    """Refuse what cannot be taken back as things are.

    Raises:
        InputError: the graph has no such import.
        GraphError: an alignment has joined facts of the import with those of others.
    """
    import_named(graph, import_id)
    if aligned := graph.read(ALIGNED, **{"import": import_id})[0]["aligned"]:
        raise GraphError(
            f"{aligned} aliases of an alignment have to do with this import",
            where=import_id,
            remedy="Run `mmkg align --undo`, then this command again, then `mmkg align --apply`",
        )


def preview(graph: Graph, import_id: str) -> Undone:
    """Count what `undo` would do, and change nothing.

    Raises:
        InputError, GraphError: as `check`.
    """
    check(graph, import_id)
    parameters = _parameters(import_id)
    (relations,) = graph.read(COUNT_RELATIONS, **parameters)
    (nodes,) = graph.read(COUNT_NODES, **parameters)
    (blobs,) = graph.read(COUNT_BLOBS, **parameters)
    return Undone(
        relations["alone"],
        relations["stated"] - relations["alone"],
        nodes["removed"],
        nodes["shared"],
        nodes["bare"],
        blobs["blobs"],
    )


def undo(graph: Graph, import_id: str, delete_blobs: DeleteBlobs) -> Undone:
    """Take an import back.

    Args:
        graph: the graph; no import should run meanwhile.
        import_id: of the import.
        delete_blobs: deletes objects by their keys; one that is not there is no error.

    Raises:
        InputError, GraphError: as `check`; nothing was changed.
        ConnectError, StoreError: a server is gone or refuses; the same again takes back the rest.
    """
    check(graph, import_id)
    return _Undoing(graph, import_id, delete_blobs).run()


def depending(graph: Graph, import_id: str) -> list[str]:
    """Say what was made out of the import and does not follow by itself."""
    (row,) = graph.read(DEPENDING, **{"import": import_id})
    notes = []
    if row["extracted"]:
        notes.append("`mmkg extract` may have left out what this import stated; run it again")
    if row["learnt"]:
        notes.append("models have learnt from it; run `mmkg train` and `mmkg embed` again")
    return notes


class _Undoing:
    def __init__(self, graph: Graph, import_id: str, delete_blobs: DeleteBlobs) -> None:
        self.graph = graph
        self.import_id = import_id
        self.delete_blobs = delete_blobs
        self.parameters = {**_parameters(import_id), "page": PAGE, "rows": ROWS}
        self.done = Undone()

    def run(self) -> Undone:
        (row,) = self.graph.write(BEGIN, **self.parameters)
        self._delete(row["keys"])
        with bar() as progress:
            for what, step in (("Relations", self._relations), ("Nodes", self._nodes)):
                task = progress.add_task(f"{what} taken back", total=None)
                for kind in WALK:
                    for page in self._pages(kind):
                        progress.advance(task, step(kind, page))
        self.graph.write(END, **self.parameters)
        return self.done

    def _pages(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield parameters that bound a page of the nodes of a kind, by their ids."""
        after, cypher = "", LAST.format(kind=kind)
        while last := self.graph.read(cypher, after=after, **self.parameters)[0]["last"]:
            yield {"after": after, "last": last, **self.parameters}
            after = last

    def _relations(self, kind: str, page: dict[str, Any]) -> int:
        delete, shared = DELETE_RELATIONS.format(kind=kind), SHARED_RELATIONS.format(kind=kind)
        before = self.done.relations_removed + self.done.relations_changed
        while removed := self.graph.write(delete, **page)[0]["removed"]:
            self.done.relations_removed += removed
        while changed := self.graph.in_transaction(partial(self._change_relations, shared, page)):
            self.done.relations_changed += changed
        return self.done.relations_removed + self.done.relations_changed - before

    def _nodes(self, kind: str, page: dict[str, Any]) -> int:
        removed, changes, keys = self.graph.in_transaction(partial(self._take_nodes, kind, page))
        self.done.nodes_removed += removed
        self.done.nodes_bare += sum(change.bare for change in changes)
        self.done.nodes_changed += sum(not change.bare for change in changes)
        self._delete(keys)
        return removed + len(changes)

    def _change_relations(
        self, shared: str, page: dict[str, Any], transaction: neo4j.ManagedTransaction
    ) -> int:
        changes = [self._change(record) for record in transaction.run(shared, page)]
        if changes:
            rows = [(change.key, change.properties) for change in changes]
            transaction.run(UPDATE_RELATIONS, rows=rows).consume()
        return len(changes)

    def _take_nodes(
        self, kind: str, page: dict[str, Any], transaction: neo4j.ManagedTransaction
    ) -> tuple[int, list[_Change], list[str]]:
        """Take back a page of nodes, and keep the keys of what the store has to delete."""
        keys: set[str] = set()
        removed = 0
        for record in transaction.run(DELETE_NODES.format(kind=kind), page):
            removed += 1
            keys.update(key for key in record["keys"] if key)
        changes = [self._change(record) for record in transaction.run(SHARED_NODES.format(kind=kind), page)]
        if changes:
            rows = [(change.key, change.properties) for change in changes]
            transaction.run(UPDATE_NODES, rows=rows).consume()
        for label in sorted({label for change in changes for label in change.labels}):
            those = [change.key for change in changes if label in change.labels]
            transaction.run(REMOVE_LABEL.format(label=checked_label(label)), keys=those).consume()
        for change in changes:
            keys.update(change.blobs)
        if keys:
            transaction.run(KEEP_KEYS, {**page, "keys": sorted(keys)}).consume()
        return removed, changes, sorted(keys)

    def _change(self, record: neo4j.Record) -> _Change:
        stored: Mapping[str, Any] = record["stored"]
        statements = statements_of(record["labels"], stored)
        left = without(statements, self.import_id)
        properties = retold(stored, statements, left)
        labels = resolve(statements).labels - resolve(left).labels
        if not left:
            properties |= dict.fromkeys(DERIVED)
        blobs = [stored[name] for name in BLOB_KEYS if stored.get(name) and name in properties]
        return _Change(record["key"], properties, labels, not left, blobs)

    def _delete(self, keys: Sequence[str]) -> None:
        """Delete blobs that the graph does not mention any more; their keys wait on the import's node."""
        if not keys:
            return
        mentioned = {key for row in self.graph.read(MENTIONED, keys=keys) for key in row["keys"]}
        gone = [key for key in keys if key not in mentioned]
        self.delete_blobs(gone)
        self.done.blobs_deleted += len(gone)
        self.graph.write(KEEP_KEYS, **{**self.parameters, "keys": None})


def _parameters(import_id: str) -> dict[str, Any]:
    return {"import": import_id, "derived": DERIVED_RELATIONS, "by_hand": BY_HAND}
