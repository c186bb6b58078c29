from __future__ import annotations

import pytest

from kg import Graph
from tests.ingest.align.cases import acted, person, state


@pytest.fixture
def hanks(graph: Graph) -> Graph:
    """One man in three sources: with a real id, by name, and without a name."""
    state(
        graph,
        [person("dbpedia:Tom_Hanks", "Tom Hanks"), person("dbpedia:Tim_Allen", "Tim Allen")],
        [*acted("dbpedia:Tom_Hanks", "1", "2"), *acted("dbpedia:Tim_Allen", "1")],
        "dbpedia",
    )
    state(
        graph,
        [person("person:Tom Hanks", "Tom Hanks", born=1956)],
        [*acted("person:Tom Hanks", "1", "3"), *acted("person:Tom Hanks", "4", type="DIRECTED")],
        "table",
    )
    relations = [*acted("m.0bxtg", "1", "2", "3"), *acted("m.other", "1", "9", "10"), *acted("m.third", "7")]
    state(graph, [person("m.0bxtg"), person("m.other"), person("m.third")], relations, "freebase")
    return graph
