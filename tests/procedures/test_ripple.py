from kg import Graph

RIPPLE = """
MATCH (n {id: $id}) CALL mmkg.ripple(n, $options) YIELD node, hop, via, path
RETURN node.id AS id, hop, type(via) AS via, [n IN nodes(path) | n.id] AS path
"""
CHAIN = """
CREATE (:User {id: 'u'})-[:CLICKED]->(a:Movie:Item {id: 'a'})-[:HAS_GENRE]->(:Entity:Genre {id: 'g'})
       <-[:HAS_GENRE]-(:Movie:Item {id: 'b'})<-[:DIRECTED]-(:Entity:Person {id: 'p'})-[:DIRECTED]->
       (:Movie:Item {id: 'c'})<-[:CLICKED]-(:User {id: 'v'})
"""
STAR = """
CREATE (g:Entity:Genre {id: 'g'})
WITH g UNWIND range(1, 40) AS i CREATE (g)<-[:HAS_GENRE]-(:Movie:Item {id: 'm' + i})
WITH g, count(*) AS films UNWIND range(1, 5) AS i CREATE (g)-[:LIKE]->(:Entity {id: 'e' + i})
"""

NODES_PER_FILM = """
MATCH (m:Movie) CALL mmkg.ripple(m, {fanout: 1}) YIELD node
WITH m, count(node) AS nodes RETURN nodes, count(m) AS films
"""


def ripple(graph: Graph, id: str, **options: object) -> list[dict[str, object]]:
    return graph.read(RIPPLE, id=id, options=options)


def test_nodes_come_hop_by_hop_with_the_path_that_reached_them(graph: Graph) -> None:
    graph.write(CHAIN)

    assert ripple(graph, "u") == [
        {"id": "a", "hop": 1, "via": "CLICKED", "path": ["u", "a"]},
        {"id": "g", "hop": 2, "via": "HAS_GENRE", "path": ["u", "a", "g"]},
    ]
    assert [(row["id"], row["hop"]) for row in ripple(graph, "u", hops=4)] == [
        ("a", 1),
        ("g", 2),
        ("b", 3),
        ("p", 4),
    ]


def test_a_node_comes_once_by_the_shortest_way(graph: Graph) -> None:
    graph.write(CHAIN)
    graph.write("MATCH (u:User {id: 'u'}), (b {id: 'b'}) CREATE (u)-[:CLICKED]->(b)")

    rows = ripple(graph, "u", hops=4)
    assert sorted(str(row["id"]) for row in rows) == ["a", "b", "c", "g", "p", "v"]
    assert next(row for row in rows if row["id"] == "b")["path"] == ["u", "b"]


def test_fanout_limits_the_relations_of_each_type(graph: Graph) -> None:
    graph.write(STAR)

    assert len(ripple(graph, "g")) == 16 + 5
    assert len(ripple(graph, "g", fanout=2)) == 2 + 2
    assert len(ripple(graph, "g", fanout=100)) == 45


def test_the_way_back_does_not_use_up_the_fanout(graph: Graph) -> None:
    graph.write(STAR)

    # From each film: the genre, one other film of it, and one entity that it is like.
    assert graph.read(NODES_PER_FILM) == [{"nodes": 3, "films": 40}]


def test_limit_keeps_the_nearest(graph: Graph) -> None:
    graph.write(CHAIN)
    assert [row["id"] for row in ripple(graph, "u", hops=4, limit=2)] == ["a", "g"]


def test_a_node_without_relations_has_no_ripple(graph: Graph) -> None:
    graph.write("CREATE (:Entity {id: 'alone'})")
    assert ripple(graph, "alone") == []


def test_paths_reach_the_driver_as_paths(graph: Graph) -> None:
    graph.write(CHAIN)
    records = graph.driver.execute_query(
        "MATCH (u:User {id: 'u'}) CALL mmkg.ripple(u) YIELD path RETURN path", database_=graph.database
    ).records
    assert [len(record["path"].relationships) for record in records] == [1, 2]
