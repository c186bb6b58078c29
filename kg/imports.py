"""The imports that the graph knows of: their beginning, their end, and how much each still states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from difflib import get_close_matches
from typing import Any, ClassVar

from kg.connection import Graph
from mmkg.errors import InputError
from mmkg.settings import Settings
from mmkg.words import counted

BEGIN = """
MERGE (i:Import {id: $id})
ON CREATE SET i.source = $source, i.path = $path, i.at = $at, i.created = 0, i.updated = 0
"""
FINISH = "MATCH (i:Import {id: $id}) SET i.rejected = $rejected, i.complete = true"
IMPORTS = """
MATCH (i:Import)
RETURN i.id AS id, i.source AS source, i.path AS path, i.at AS at, coalesce(i.created, 0) AS created,
       coalesce(i.updated, 0) AS updated, coalesce(i.rejected, 0) AS rejected,
       coalesce(i.complete, false) AS complete
ORDER BY at, id
"""
STATED_NODES = "MATCH (n) WHERE n.imports IS NOT NULL UNWIND n.imports AS id RETURN id, count(*) AS stated"
STATED_RELATIONS = """
MATCH ()-[r]->() WHERE r.imports IS NOT NULL UNWIND r.imports AS id RETURN id, count(*) AS stated
"""


@dataclass(frozen=True, slots=True)
class Import:
    """An import as its node tells of it."""

    id: str
    source: str | None
    path: str | None
    at: str | None
    """When it began, in UTC."""
    created: int
    updated: int
    rejected: int
    complete: bool
    """False while it runs, after it was interrupted, and while it is undone."""
    nodes: int = 0
    """How many nodes it states now."""
    relations: int = 0


@dataclass
class Imports:
    """All imports, the oldest first."""

    HEADINGS: ClassVar[tuple[str, ...]] = (
        "import",
        "source",
        "path",
        "at",
        "created",
        "updated",
        "rejected",
        "complete",
        "nodes",
        "relations",
    )

    imports: list[Import]

    def title(self) -> str:
        """Say how many there are."""
        return counted(len(self.imports), "import")

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a table under `HEADINGS`."""
        for each in self.imports:
            *rest, complete, nodes, relations = asdict(each).values()
            yield *("" if value is None else value for value in rest), _yes(complete), nodes, relations

    def to_json(self) -> dict[str, Any]:
        """Return the imports as plain values."""
        return {"imports": [asdict(each) for each in self.imports]}


def begin(graph: Graph, import_id: str, source: str, path: str = "") -> None:
    """Make the node of an import, unless it is there, before anything is written in its name.

    Args:
        graph: the graph.
        import_id: a hash of all that decides what is written, so that the same again is the same import.
        source: the kind of the source.
        path: where it lies.
    """
    now = datetime.now(timezone.utc).isoformat("T", "seconds")
    graph.write(BEGIN, id=import_id, source=source, path=path, at=now)


def finish(graph: Graph, import_id: str, rejected: int) -> None:
    """Say that all of an import is written, but for what was rejected."""
    graph.write(FINISH, id=import_id, rejected=rejected)


def run(settings: Settings) -> Imports:
    """List the imports of the graph that the settings name.

    Raises:
        ConnectError, GraphError: the database is away or refuses.
    """
    with Graph.connect(settings) as graph:
        return imports(graph)


def imports(graph: Graph) -> Imports:
    """List the imports, and count in two passes over the graph what each states."""
    nodes, relations = (
        {row["id"]: row["stated"] for row in graph.read(cypher)}
        for cypher in (STATED_NODES, STATED_RELATIONS)
    )
    return Imports(
        [
            Import(**row, nodes=nodes.get(row["id"], 0), relations=relations.get(row["id"], 0))
            for row in graph.read(IMPORTS)
        ]
    )


def known(graph: Graph) -> dict[str, Import]:
    """Return the imports by their ids, without counting what they state."""
    return {row["id"]: Import(**row) for row in graph.read(IMPORTS)}


def import_named(graph: Graph, import_id: str) -> Import:
    """Find an import.

    Raises:
        InputError: the graph has no import of this id.
    """
    there = known(graph)
    if import_id in there:
        return there[import_id]
    near = [each for each in there if import_id and each.startswith(import_id)]
    near = near or get_close_matches(import_id, there, n=3)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    raise InputError(
        "the graph has no such import", where=import_id, remedy=f"{meant}`mmkg imports` lists them"
    )


def _yes(value: object) -> str:
    return "yes" if value else "no"
