"""The schema of the graph: constraints, indexes and their versions.

Every statement says IF NOT EXISTS, so a migration that was interrupted is simply run again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kg.connection import Graph, wait_until
from kg.model import checked_label
from mmkg.errors import GraphError

SECONDS = 300
"""An index over a graph that is already large takes its time."""
MAX_DIMENSION = 4096
LEAST_EFFORT, MOST_EFFORT = 100, 1600
"""The least is what the database takes by itself."""
WORK = 20_000_000
"""Of the effort for all nodes of an index together, as far as the limits allow: some minutes on two cores."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def _unique(label: str) -> str:
    name = f"{label.lower()}_id"
    return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"


MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        *map(_unique, ("Item", "Entity", "Media", "User", "Model", "Import")),
        "CREATE INDEX entity_name IF NOT EXISTS FOR (n:Entity) ON (n.name)",
        "CREATE FULLTEXT INDEX movie_title IF NOT EXISTS FOR (n:Movie) ON EACH [n.title]",
        "CREATE FULLTEXT INDEX entity_name_text IF NOT EXISTS FOR (n:Entity) ON EACH [n.name]",
    ),
)
"""The statements that lead from each version to the next; version 0 is an empty database."""
VERSION = len(MIGRATIONS)

UNIQUE_SCHEMA = _unique("Schema")
GET_VERSION = "MATCH (s:Schema {id: 'mmkg'}) RETURN s.version AS version"
SET_VERSION = "MERGE (s:Schema {id: 'mmkg'}) SET s.version = $version"
INDEXES_ONLINE = "SHOW INDEXES YIELD state WHERE state <> 'ONLINE' RETURN count(*) = 0 AS online"
SHOW_INDEX = """
SHOW INDEXES YIELD name, type, labelsOrTypes, properties, options WHERE name = $name
RETURN type, labelsOrTypes AS labels, properties, options.indexConfig AS config
"""


def migrate(graph: Graph, *, seconds: float = SECONDS) -> int:
    """Bring the schema up to date, wait until its indexes are online, and return its version.

    Raises:
        GraphError: the database was made by a newer mmkg, or holds what a constraint forbids, or the indexes
            take longer than `seconds`.
    """
    found = version(graph)
    if found > VERSION:
        raise GraphError(
            f"the graph has the schema {found}, this mmkg knows {VERSION} at most",
            where=graph.database,
            remedy="Use the newer mmkg that wrote it",
        )
    if found < VERSION:
        graph.run_auto_commit(UNIQUE_SCHEMA)
        for number, statements in enumerate(MIGRATIONS[found:], start=found + 1):
            for statement in statements:
                graph.run_auto_commit(statement)
            graph.write(SET_VERSION, version=number)
        wait_until(graph, INDEXES_ONLINE, seconds=seconds, what="Building the indexes")
    return VERSION


def version(graph: Graph) -> int:
    """Return the version of the graph's schema, 0 where it has none."""
    rows = graph.read(GET_VERSION)
    return int(rows[0]["version"]) if rows else 0


def effort_for(nodes: int) -> int:
    """Return how hard to look for the neighbours of each of so many nodes, so that an index finds well.

    Vectors whose dot products are scores have hubs, films that are near to many users, and a graph of
    neighbours that was made in haste leads past them (Malkov and Yashunin 2018 call it `efConstruction`).
    """
    return max(LEAST_EFFORT, min(MOST_EFFORT, WORK // max(1, nodes)))


def create_vector_index(
    graph: Graph,
    label: str,
    property_name: str,
    name: str,
    dimension: int,
    *,
    effort: int = LEAST_EFFORT,
    seconds: float = SECONDS,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Make a cosine vector index over `label.property_name` and wait until it is online.

    Made after the vectors, it is populated at once: in few large segments, which answer faster than the many
    that it gets vector by vector. `meanwhile` is called again and again during the wait. `effort` is how many
    neighbours are looked at for each node that enters (HNSW's `ef_construction`), see `effort_for`; an index
    that is there keeps its own.

    An index of this name that is over something else, or of another dimension, is dropped first: a vector of
    the wrong dimension would be stored without error and stay outside the index.

    Raises:
        GraphError: the dimension is not 1 to 4096, a name may not stand in a statement, or the index takes
            longer than `seconds`.
    """
    if not 1 <= dimension <= MAX_DIMENSION:
        raise GraphError(f"a vector index has 1 to {MAX_DIMENSION} dimensions, not {dimension}", where=name)
    for text in (property_name, name):
        if not NAME.fullmatch(text):
            raise GraphError(
                f"{text!r} is no name", remedy="Use small letters, digits and underscores, like embedding_a"
            )
    wanted = {"vector.dimensions": dimension, "vector.similarity_function": "COSINE"}
    for row in graph.read(SHOW_INDEX, name=name):
        same_place = (row["type"], row["labels"], row["properties"]) == ("VECTOR", [label], [property_name])
        if same_place and wanted.items() <= row["config"].items():
            break
        graph.run_auto_commit(f"DROP INDEX {name} IF EXISTS")
    graph.run_auto_commit(
        f"CREATE VECTOR INDEX {name} IF NOT EXISTS FOR (n:{checked_label(label)}) ON (n.{property_name}) "
        f"OPTIONS {{indexConfig: {{`vector.dimensions`: {int(dimension)}, "
        f"`vector.similarity_function`: 'cosine', `vector.hnsw.ef_construction`: {int(effort)}}}}}"
    )
    wait_until(graph, INDEXES_ONLINE, seconds=seconds, what="Building the indexes", meanwhile=meanwhile)
