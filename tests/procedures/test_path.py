"""mmkg.path: what connects two nodes."""

import numpy as np
import pytest

from kg import Graph
from kg.connection import Row
from mmkg.errors import GraphError

PATH = """
MATCH (a {id: $a}), (b {id: $b}) CALL mmkg.path(a, b, $options) YIELD path, hops, rank
RETURN [n IN nodes(path) | n.id] AS nodes, [r IN relationships(path) | type(r)] AS types, hops, rank
ORDER BY rank
"""
CAST = """
CREATE (heat:Item:Movie {id: 'heat'}), (ronin:Item:Movie {id: 'ronin'}), (fargo:Item:Movie {id: 'fargo'}),
       (alone:Item:Movie {id: 'alone'}), (crime:Entity:Genre {id: 'crime'}),
       (niro:Entity:Person {id: 'niro'}), (joel:Entity:Person {id: 'joel'}),
       (u:User {id: 'u'}), (p:Media:Poster {id: 'p'}),
       (niro)-[:ACTED_IN]->(heat), (niro)-[:ACTED_IN]->(ronin),
       (heat)-[:HAS_GENRE]->(crime), (ronin)-[:HAS_GENRE]->(crime), (fargo)-[:HAS_GENRE]->(crime),
       (joel)-[:DIRECTED]->(fargo), (joel)-[:WROTE]->(fargo),
       (u)-[:CLICKED]->(heat), (u)-[:CLICKED]->(alone), (p)-[:POSTER_OF]->(heat), (p)-[:POSTER_OF]->(alone),
       (heat)-[:SIMILAR_TO {score: 1.0}]->(alone)
"""
RANDOM = """
UNWIND range(0, $nodes - 1) AS i CREATE (:Entity {id: toString(i)})
WITH count(*) AS done UNWIND $edges AS edge
MATCH (a:Entity {id: edge[0]}), (b:Entity {id: edge[1]}) CREATE (a)-[:KNOWS]->(b)
"""


@pytest.fixture
def cast(graph: Graph) -> Graph:
    graph.write(CAST)
    return graph


def paths(graph: Graph, a: str, b: str, **options: object) -> list[Row]:
    return graph.read(PATH, a=a, b=b, options=options)


def test_the_shortest_paths_come_the_most_telling_first(cast: Graph) -> None:
    assert paths(cast, "heat", "ronin") == [
        {"nodes": ["heat", "niro", "ronin"], "types": ["ACTED_IN", "ACTED_IN"], "hops": 2, "rank": 1},
        {"nodes": ["heat", "crime", "ronin"], "types": ["HAS_GENRE", "HAS_GENRE"], "hops": 2, "rank": 2},
    ]
    assert [row["nodes"] for row in paths(cast, "heat", "ronin", k=1)] == [["heat", "niro", "ronin"]]


def test_two_relations_between_two_nodes_make_two_paths(cast: Graph) -> None:
    assert [row["types"] for row in paths(cast, "fargo", "joel")] == [["DIRECTED"], ["WROTE"]]
    assert [(row["nodes"][3], row["types"][0]) for row in paths(cast, "joel", "niro")] == [
        ("ronin", "DIRECTED"),
        ("ronin", "WROTE"),
        ("heat", "DIRECTED"),
        ("heat", "WROTE"),
    ]


def test_longer_paths_than_asked_for_do_not_come(cast: Graph) -> None:
    assert paths(cast, "joel", "niro", maxHops=3) == []
    assert len(paths(cast, "joel", "niro", maxHops=4)) == 4
    assert paths(cast, "heat", "ronin", maxHops=1) == []
    assert len(paths(cast, "heat", "crime", maxHops=1)) == 1


def test_users_media_and_what_is_computed_connect_nothing(cast: Graph) -> None:
    assert paths(cast, "heat", "alone", maxHops=6) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_paths_are_those_of_brute_force(graph: Graph, seed: int) -> None:
    random = np.random.default_rng(seed)
    pairs = random.integers(0, 40, size=(60, 2)).tolist()
    edges = sorted({(str(min(a, b)), str(max(a, b))) for a, b in pairs if a != b})
    graph.write(RANDOM, nodes=40, edges=edges)
    neighbours: dict[str, set[str]] = {str(i): set() for i in range(40)}
    for a, b in edges:
        neighbours[a].add(b)
        neighbours[b].add(a)

    for a, b in [("0", "1"), ("2", "3"), ("4", "5"), ("6", "7"), ("8", "9")]:
        found = [row["nodes"] for row in paths(graph, a, b, maxHops=6, k=1000)]
        assert sorted(found) == shortest(neighbours, a, b, 6)
        costs = [np.prod([len(neighbours[node]) for node in path[1:-1]]) for path in found]
        assert costs == sorted(costs)
        if len(found) > 1:
            assert [row["nodes"] for row in paths(graph, a, b, maxHops=6, k=len(found) - 1)] == found[:-1]


def test_paths_reach_the_driver_as_paths(cast: Graph) -> None:
    query = "MATCH (a {id: 'heat'}), (b {id: 'joel'}) CALL mmkg.path(a, b) YIELD path RETURN path"
    record = cast.driver.execute_query(query, database_=cast.database).records[0]
    assert [node["id"] for node in record["path"].nodes] == ["heat", "crime", "fargo", "joel"]
    assert [relation.type for relation in record["path"].relationships] == [
        "HAS_GENRE",
        "HAS_GENRE",
        "DIRECTED",
    ]
    assert [relation.start_node["id"] for relation in record["path"].relationships] == [
        "heat",
        "fargo",
        "joel",
    ]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("heat", "heat", "'from' and 'to' are the same node: pass two"),
        ("u", "heat", "'from' must be an Item or Entity node, but its labels are User"),
        ("heat", "p", "'to' must be an Item or Entity node, but its labels are Media, Poster"),
    ],
)
def test_nodes_that_nothing_can_connect(cast: Graph, a: str, b: str, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        paths(cast, a, b)
    assert message in str(caught.value)


def shortest(neighbours: dict[str, set[str]], a: str, b: str, most: int) -> list[list[str]]:
    """Return all shortest paths that are short enough, sorted."""
    walks = [[a]]
    for _ in range(most):
        walks = [[*walk, node] for walk in walks for node in neighbours[walk[-1]] if node not in walk]
        if found := sorted(walk for walk in walks if walk[-1] == b):
            return found
    return []
