import random

import pytest

from kg import Graph, schema
from mmkg.errors import GraphError

INDEXES = "SHOW INDEXES YIELD name, type, labelsOrTypes AS labels, properties, state RETURN *"
CONSTRAINTS = "SHOW CONSTRAINTS YIELD name, labelsOrTypes AS labels, properties RETURN *"
DIMENSION = """
SHOW INDEXES YIELD name, options WHERE name = $name
RETURN options.indexConfig.`vector.dimensions` AS dimension
"""
CONFIG = "SHOW INDEXES YIELD name, options WHERE name = $name RETURN options.indexConfig AS config"
NEAREST = "CALL db.index.vector.queryNodes('probe_vectors', 10, $vector) YIELD node RETURN node.id AS id"


@pytest.fixture(autouse=True)
def without_probe_index(graph: Graph):
    yield
    graph.run_auto_commit("DROP INDEX probe_vectors IF EXISTS")


@pytest.mark.parametrize("label", ["Item", "Entity", "Media", "User", "Model", "Import"])
def test_ids_are_unique(graph: Graph, label: str) -> None:
    graph.write(f"CREATE (:{label} {{id: 'twice'}})")
    with pytest.raises(GraphError, match="already exists"):
        graph.write(f"CREATE (:{label} {{id: 'twice'}})")


def test_films_are_found_by_a_word_of_their_title(graph: Graph) -> None:
    graph.write("CREATE (:Item:Movie {id: '1', title: 'Three Colors: Red'})")
    graph.run_auto_commit("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()")
    found = graph.read(
        "CALL db.index.fulltext.queryNodes('movie_title', 'colors') YIELD node RETURN node.id AS id"
    )
    assert found == [{"id": "1"}]


def test_migrating_again_changes_nothing(graph: Graph) -> None:
    before = graph.read(CONSTRAINTS), graph.read(INDEXES)
    assert schema.migrate(graph) == schema.VERSION == schema.version(graph)
    assert (graph.read(CONSTRAINTS), graph.read(INDEXES)) == before
    assert {row["state"] for row in before[1]} == {"ONLINE"}


def test_a_migration_that_was_interrupted_is_finished(graph: Graph) -> None:
    graph.write("MATCH (s:Schema) DELETE s")
    graph.run_auto_commit("DROP CONSTRAINT media_id")
    schema.migrate(graph)
    assert "media_id" in {row["name"] for row in graph.read(CONSTRAINTS)}


def test_a_newer_database_is_refused(graph: Graph) -> None:
    graph.write("MATCH (s:Schema) SET s.version = $version", version=schema.VERSION + 1)
    with pytest.raises(GraphError, match="newer mmkg"):
        schema.migrate(graph)


def test_a_vector_index_finds_the_nearest_and_follows_the_dimension(graph: Graph) -> None:
    chance = random.Random(0)
    vectors = {str(i): [chance.gauss(0, 1) for _ in range(8)] for i in range(20)}
    for dimension in (4, 8, 8):
        schema.create_vector_index(graph, "Movie", "probe", "probe_vectors", dimension)
        assert graph.read(DIMENSION, name="probe_vectors") == [{"dimension": dimension}]
    rows = [{"id": key, "vector": vector} for key, vector in vectors.items()]
    graph.write("UNWIND $rows AS row CREATE (:Item:Movie {id: row.id, probe: row.vector})", rows=rows)
    # The index is approximate, and at its worst where as few are asked for as are wanted.
    assert graph.read(NEAREST, vector=vectors["7"])[0] == {"id": "7"}


def test_an_index_of_few_nodes_is_made_with_more_effort(graph: Graph) -> None:
    assert [schema.effort_for(nodes) for nodes in (0, 1_700, 100_000, 10**6)] == [1600, 1600, 200, 100]
    schema.create_vector_index(graph, "Movie", "probe", "probe_vectors", 8, effort=400)
    ((config,),) = graph.values(CONFIG, name="probe_vectors")
    assert config["vector.hnsw.ef_construction"] == 400


@pytest.mark.parametrize(
    ("label", "property_name", "name", "dimension"),
    [
        ("Movie", "probe", "probe_vectors", 0),
        ("Movie", "probe", "probe_vectors", 5000),
        ("Movie", "probe) OPTIONS {} //", "probe_vectors", 8),
        ("Movie", "probe", "x IF EXISTS", 8),
    ],
)
def test_what_is_no_vector_index(graph: Graph, label, property_name, name, dimension) -> None:
    with pytest.raises(GraphError):
        schema.create_vector_index(graph, label, property_name, name, dimension)
