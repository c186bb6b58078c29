"""What looks wrong in the graph although every row was right by itself."""

from __future__ import annotations

from collections.abc import Iterator

from kg import Graph

SHARED_DIRECTORS = """
MATCH (named:Person)-[:DIRECTED]->(film:Movie)
WHERE named.name IS NOT NULL AND $import IN named.imports
  AND EXISTS { (film)<-[:DIRECTED]-(p:Person) WHERE p.name IS NULL }
WITH named, collect(film) AS films
UNWIND range(0, size(films) - 2) AS i
UNWIND range(i + 1, size(films) - 1) AS j
WITH films[i] AS a, films[j] AS b
WITH EXISTS { (a)<-[:DIRECTED]-(p:Person)-[:DIRECTED]->(b) WHERE p.name IS NULL } AS agrees
RETURN count(*) AS pairs, count(CASE WHEN agrees THEN 1 END) AS agreeing
"""
FEWEST_PAIRS = 20
LEAST_AGREEMENT = 0.2


def doubts(graph: Graph, import_id: str) -> Iterator[str]:
    """Say where two sources contradict each other so often that one of them must be about other films.

    Two films of one director by name should have a director in common by id too, where both have one by id.
    """
    (row,) = graph.read(SHARED_DIRECTORS, **{"import": import_id})
    if row["pairs"] >= FEWEST_PAIRS and row["agreeing"] < LEAST_AGREEMENT * row["pairs"]:
        yield (
            f"{row['pairs']} pairs of films share a director by name, {row['agreeing']} of them by id "
            "too: the links between films and entities seem to belong to another catalogue"
        )
