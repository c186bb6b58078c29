"""What the extraction reads of the graph, in pages: names, the films' texts, and what is stated already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ingest.extract.folding import folded
from ingest.extract.names import Name
from ingest.extract.patterns import PATTERNS
from ingest.extract.vocabulary import AWARDS
from kg import Graph
from kg.model import Reject
from mmkg.errors import StoreError
from storage import BlobStore

PAGE = 5000
FILMS_PAGE = 200
MAX_TEXT = 1_000_000
"""Bytes: no plot is longer, and a text is held in memory as a whole."""

ENTITY_LABELS = sorted({label for pattern in PATTERNS for label in pattern.labels} - {"Movie", "Period"})
RELATIONS = sorted({pattern.relation for pattern in PATTERNS})

TEXT_IMPORTS = "MATCH (i:Import {source: 'text'}) RETURN collect(i.id) AS ids"
ENTITIES = """
MATCH (e:Entity) WHERE e.id > $after WITH e ORDER BY e.id LIMIT $page
RETURN e.id AS id, [label IN labels(e) WHERE label IN $labels] AS labels, e.name AS name,
       e.imports IS NOT NULL AND all(i IN e.imports WHERE i IN $texts) AS extracted
"""
TITLES = """
MATCH (m:Item) WHERE m.id > $after WITH m ORDER BY m.id LIMIT $page
RETURN m.id AS id, m:Movie AS movie, m.title AS name
"""
SAME = """
MATCH (a:Entity)-[:SAME_AS]->(b:Entity) WHERE a.id > $after AND a.name IS NOT NULL
WITH DISTINCT a ORDER BY a.id LIMIT $page
MATCH (a)-[:SAME_AS]->(b:Entity)
RETURN a.id AS id, collect(b.id) AS others ORDER BY id
"""
FILMS = """
MATCH (m:Item) WHERE m.id > $after WITH m ORDER BY m.id LIMIT $page
RETURN m.id AS id, m.plot AS plot,
       COLLECT { MATCH (t:Text)-[:TEXT_OF]->(m) RETURN [t.id, coalesce(t.bytes, 0)] ORDER BY t.id } AS texts
"""
FACTS = f"""
MATCH (m:Item)-[r:{"|".join(RELATIONS)}]-(other) WHERE m.id IN $films
RETURN m.id AS film, type(r) AS type, startNode(r).id AS start, endNode(r).id AS end, other.id AS other,
       r.imports IS NULL OR any(i IN r.imports WHERE NOT i IN $texts) AS stated
"""


class Film(NamedTuple):
    """A film with what it says of itself, and where the rest lies."""

    id: str
    plot: str | None
    texts: list[tuple[str, int]]
    """The blobs of its texts, each with its size."""


class Known(NamedTuple):
    """What the graph says of some films."""

    stated: set[tuple[str, str, str]]
    """Type, start and end of each relation that a source states, not only an earlier extraction."""
    ties: dict[str, set[str]]
    """By film, the ids of what sources tie to it."""


def text_imports(graph: Graph) -> list[str]:
    """Return the ids of the imports that extractions made."""
    ids: list[str] = graph.read(TEXT_IMPORTS)[0]["ids"]
    return ids


def names(graph: Graph, texts: list[str]) -> list[Name]:
    """Return the names of people, films, places and awards, and awards that texts name in any case.

    What extractions brought alone is left out: an extraction must not feed on itself, or it would never end
    with the same graph.
    """
    identities = _identities(graph)
    found = []
    for row in _pages(graph, ENTITIES, PAGE, labels=ENTITY_LABELS, texts=texts):
        if isinstance(row["name"], str) and not row["extracted"]:
            found += [
                Name("Entity", row["id"], label, row["name"], identities.get(row["id"], ""))
                for label in row["labels"]
            ]
    for row in _pages(graph, TITLES, PAGE):
        if row["movie"] and isinstance(row["name"], str):
            found.append(Name("Item", row["id"], "Movie", row["name"]))
    return found


def builtin_awards(known: Iterable[Name]) -> list[Name]:
    """Return the names of famous awards, as far as the graph has no award of that name."""
    there = {folded(name.name) for name in known if name.label == "Award"}
    return [
        Name("Entity", f"award:{award}", "Award", spelling)
        for award, aliases in AWARDS.items()
        if folded(award) not in there
        for spelling in (award, *aliases)
        if folded(spelling) not in there
    ]


def films(graph: Graph) -> Iterator[list[Film]]:
    """Yield the films that have a text, in pages."""
    page: list[Film] = []
    for row in _pages(graph, FILMS, FILMS_PAGE):
        plot = row["plot"] if isinstance(row["plot"], str) and row["plot"] else None
        if plot is not None or row["texts"]:
            page.append(Film(row["id"], plot, [(sha256, size) for sha256, size in row["texts"]]))
        if len(page) >= FILMS_PAGE:
            yield page
            page = []
    if page:
        yield page


def texts_of(film: Film, store: BlobStore) -> Iterator[str | Reject]:
    """Yield the texts of a film: its blobs, and the property `plot` where no blob says the same.

    A plot that is a blob as well is not fetched from the store again.
    """
    plot_hash = None if film.plot is None else hashlib.sha256(film.plot.encode()).hexdigest()
    if film.plot is not None:
        yield film.plot
    for sha256, size in film.texts:
        if sha256 == plot_hash:
            continue
        where = f"text of {film.id}"
        if size > MAX_TEXT:
            yield Reject(where, 0, "text", f"longer than {MAX_TEXT} bytes", sha256)
            continue
        try:
            yield store.get(sha256).decode()
        except StoreError as error:
            yield Reject(where, 0, "text", error.what, sha256)
        except UnicodeDecodeError:
            yield Reject(where, 0, "text", "no valid UTF-8", sha256)


def known(graph: Graph, page: list[Film], texts: list[str]) -> Known:
    """Return what sources state of these films already."""
    result = Known(set(), {film.id: set() for film in page})
    for row in graph.read(FACTS, films=[film.id for film in page], texts=texts):
        if row["stated"]:
            result.stated.add((row["type"], row["start"], row["end"]))
            result.ties[row["film"]].add(row["other"])
    return result


def _identities(graph: Graph) -> dict[str, str]:
    """Return for each entity that another is the same as what they have in common: the least of their ids."""
    parents: dict[str, str] = {}

    def root(node: str) -> str:
        while parents.get(node, node) != node:
            node = parents[node]
        return node

    for row in _pages(graph, SAME, PAGE):
        for other in row["others"]:
            first, second = sorted((root(row["id"]), root(other)))
            parents[second] = first
            parents.setdefault(first, first)
    return {node: root(node) for node in parents}


def _pages(graph: Graph, cypher: str, page: int, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Read by id, a page at a time, so that memory stays flat however large the graph is."""
    after = ""
    while rows := graph.read(cypher, after=after, page=page, **parameters):
        yield from rows
        after = rows[-1]["id"]
