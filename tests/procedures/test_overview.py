"""mmkg.models and mmkg.stats: what there is."""

import json

from kg import Graph

from .conftest import Catalogue

MODELS = "CALL mmkg.models() YIELD id, name, created, dimension, slot, active, metrics, node "
STATS = "CALL mmkg.stats() YIELD kind, name, count RETURN kind, name, count"
ADD_MODEL = "CREATE (m:Model {id: $id}) SET m += $properties"


def test_models_come_newest_first_with_their_metrics(graph: Graph) -> None:
    metrics = {"ndcg@10": 0.25, "users": 943, "nested": {"list": [1, None]}}
    old = {"name": "bpr", "created": "2026-01-01T00:00:00+00:00", "dimension": 64, "metrics": "{}"}
    new = {"name": "mgnn", "created": "2026-02-01T00:00:00+00:00", "dimension": 192, "slot": "b"}
    graph.write(ADD_MODEL, id="old", properties=old)
    graph.write(ADD_MODEL, id="new", properties={**new, "active": True, "metrics": json.dumps(metrics)})

    rows = graph.read(MODELS + "RETURN id, name, dimension, slot, active, metrics, node.created AS created")

    assert rows == [
        {
            "id": "new",
            "name": "mgnn",
            "dimension": 192,
            "slot": "b",
            "active": True,
            "metrics": metrics,
            "created": new["created"],
        },
        {
            "id": "old",
            "name": "bpr",
            "dimension": 64,
            "slot": None,
            "active": False,
            "metrics": {},
            "created": old["created"],
        },
    ]


def test_no_model_gives_no_rows(graph: Graph) -> None:
    assert graph.read(MODELS + "RETURN id") == []


def test_a_model_that_says_little_or_nonsense_is_listed(graph: Graph) -> None:
    for metrics in ["{", "[1]", "", "null", "NaN"]:
        graph.write(ADD_MODEL, id=f"m{metrics}", properties={"metrics": metrics, "dimension": "wide"})

    rows = graph.read(MODELS + "RETURN created, dimension, active, metrics")
    assert rows == [{"created": "", "dimension": None, "active": False, "metrics": {}}] * 5


def test_stats_count_labels_and_types(catalogue: Catalogue) -> None:
    catalogue.films({"1": [1.0, 0.0], "2": [0.0, 1.0]})
    catalogue.user("u", clicks=["1", "2"])
    catalogue.rated("u", "1")

    rows = [(row["kind"], row["name"], row["count"]) for row in catalogue.graph.read(STATS)]

    schema = catalogue.graph.read("MATCH (s:Schema) RETURN count(s) AS nodes")[0]["nodes"]
    assert [row for row in rows if row[1] != "Schema"] == [
        ("node", "*", 3 + schema),
        ("node", "Item", 2),
        ("node", "Movie", 2),
        ("node", "User", 1),
        ("relation", "*", 3),
        ("relation", "CLICKED", 2),
        ("relation", "RATED", 1),
    ]


def test_stats_of_an_empty_graph_are_zero(graph: Graph) -> None:
    graph.write("MATCH (n) DETACH DELETE n")
    rows = [(row["kind"], row["name"], row["count"]) for row in graph.read(STATS)]
    assert rows == [("node", "*", 0), ("relation", "*", 0)]
