"""People and films to align, stated on the real database."""

from __future__ import annotations

import json
from collections.abc import Iterable

from kg import Graph
from kg.model import Node, Ref, Relation
from kg.writer import Writer

NODES = "MATCH (n) RETURN elementId(n) AS at, n.id AS id, labels(n) AS labels, properties(n) AS properties"
RELATIONS = """
MATCH (a)-[r]->(b) RETURN elementId(a) AS a, type(r) AS type, elementId(b) AS b, properties(r) AS properties
"""
NAMED = "MATCH (p:Person {name: $name}) RETURN p.id AS id ORDER BY id"


def person(id: str, name: str | None = None, **properties: object) -> Node:
    return Node("Entity", id, "Person", {**({"name": name} if name else {}), **properties})


def acted(person: str, *films: str, type: str = "ACTED_IN") -> list[Relation]:
    return [Relation(type, Ref("Entity", person), Ref("Item", film)) for film in films]


def state(graph: Graph, people: Iterable[Node], relations: Iterable[Relation], source: str = "a") -> None:
    writer = Writer(graph, source)
    writer.nodes([Node("Item", str(n), "Movie", {"title": f"Film {n}"}) for n in range(40)])
    writer.nodes(people)
    assert not writer.relations(relations).rejected


def whole(graph: Graph) -> list[str]:
    """Return all that the graph holds; labels are a set, and everything else is exact."""
    rows = [{**row, "labels": sorted(row["labels"])} for row in graph.read(NODES)] + graph.read(RELATIONS)
    return sorted(json.dumps(row, sort_keys=True) for row in rows)
