"""A small graph with every kind of thing, and all that a graph holds as texts to compare."""

from __future__ import annotations

import json

from ingest.align.command import align
from kg import Graph
from kg.model import Node, Origin, Ref, Relation
from kg.writer import Writer
from storage import BlobStore

NODES = "MATCH (n) WHERE NOT n:Model RETURN labels(n) AS labels, properties(n) AS properties"
RELATIONS = """
MATCH (a)-[r]->(b)
RETURN labels(a)[0] AS a, a.id AS start, type(r) AS type, labels(b)[0] AS b, b.id AS end,
       properties(r) AS properties
"""
IMPORT = "CREATE (:Import {id: $id, source: 'test', path: 'x', at: '2026-01-01', created: 0, complete: true})"

STRANGE = {
    "whole": 5.0,
    "small": 5e-324,
    "huge": 1.7976931348623157e308,
    "negative_zero": -0.0,
    "big": 2**63 - 1,
    "low": -(2**63),
    "yes": True,
    "no": False,
    "empty": "",
    "spaces": "  two  ",
    "quotes": 'He said "go", and\\left',
    "lines": "one\ntwo\r\nthree\rfour\u2028five",
    "tab": "a\tb\x1fc",
    "letters": "Amélie, 千と千尋 🎬",
    "number_like": "12",
    "list": ["a", "", "b,c", 'd"e', "f\ng"],
    "one": ["alone"],
    "blank": [""],
    "nothing": [],
    "numbers": [1, 2, 2**62],
    "floats": [1.0, -2.5],
    "truths": [True, False],
}
"""A value of each type, and those that formats trip over."""


def write(graph: Graph, store: BlobStore) -> Graph:
    """Write a graph with every kind of thing: strange values, conflicts, media, an alignment, and vectors."""
    poster = store.put_bytes(b"no real picture", "image/png")
    small = store.put_bytes(b"no real thumbnail", "image/jpeg")
    text = store.put_bytes(b"A thief.", "text/plain; charset=utf-8")
    for import_id, year in (("first", 1995), ("second", 1996)):
        graph.write(IMPORT, id=import_id)
        writer = Writer(graph, import_id)
        writer.nodes(
            [
                Node("Item", "1", "Movie", {"title": "Heat", "year": year}, Origin(f"{import_id}.csv", 2)),
                Node("Item", "2", "Movie", {"title": "Ronin", "mixed": "text", **STRANGE}),
                Node("Item", 'odd id: "%/é', "Movie", {"title": "", "mixed": 5}),
                Node("Item", "3", "Movie", {"title": "Thief", "mixed": [1.5], "year": year + 0.5}),
                Node("Item", "4", "Movie", {"title": "Ali", "mixed": [], "only_empty": []}),
                Node("Entity", "p1", "Person", {"name": "Al Pacino", "born": 1940}),
                Node("Entity", "person:Al Pacino", "Person", {"name": "Al Pacino"}),
                Node("Entity", "genre:Crime", "Genre", {"name": "Crime"}),
                Node("Entity", "thing", None),
                Node("User", "u 1", None, {"age": 30}),
                Node(
                    "Media",
                    poster.sha256,
                    "Poster",
                    {"key": poster.key, "mime": poster.mime, "thumbnail": small.key},
                ),
                Node("Media", text.sha256, "Text", {"key": text.key, "mime": text.mime}),
            ]
        )
        writer.relations(
            [
                Relation("ACTED_IN", Ref("Entity", "p1"), Ref("Item", "1"), {"character": "Vincent"}),
                Relation("ACTED_IN", Ref("Entity", "p1"), Ref("Item", "2"), STRANGE),
                Relation("ACTED_IN", Ref("Entity", "person:Al Pacino"), Ref("Item", "1")),
                Relation("ACTED_IN", Ref("Entity", "person:Al Pacino"), Ref("Item", "3")),
                Relation("HAS_GENRE", Ref("Item", "1"), Ref("Entity", "genre:Crime")),
                Relation("LIKE", Ref("Item", "1"), Ref("Item", "1"), {"mixed": import_id}),
                Relation("LIKE", Ref("Item", "1"), Ref("Item", "2"), {"mixed": 1}),
                Relation("CLICKED", Ref("User", "u 1"), Ref("Item", "1"), {"rating": 4.0, "at": year}),
                Relation("POSTER_OF", Ref("Media", poster.sha256), Ref("Item", "1")),
                Relation("TEXT_OF", Ref("Media", text.sha256), Ref("Item", "1")),
            ]
        )
    assert align(graph, "apply").aliases
    graph.write("CREATE (:Model {id: 'model', name: 'mgnn'})")
    graph.write("MATCH (m:Movie {id: '1'}) SET m.embedding_a = [0.1, 0.2], m.embedding_a_model = 'model'")
    return graph


def whole(graph: Graph) -> list[str]:
    """Return all that the graph holds, but for what is computed; exact, so 5 is not 5.0."""
    rows = []
    for row in graph.read(NODES):
        properties = {n: v for n, v in row["properties"].items() if not n.startswith("embedding_")}
        rows.append({"labels": sorted(row["labels"]), "properties": properties})
    return sorted(json.dumps(row, sort_keys=True) for row in [*rows, *graph.read(RELATIONS)])
