"""mmkg.explain: the score of a film, divided among the clicks."""

import numpy as np
import pytest

from kg import Graph
from kg.connection import Row
from mmkg.errors import GraphError

from .conftest import Catalogue

EXPLAIN = """
MATCH (u:User {id: 'u'}), (m:Movie {id: $movie}) CALL mmkg.explain(u, m, $options)
YIELD path, film, share, kind, reason, score
RETURN [n IN nodes(path) | n.id] AS path, film.id AS film, share, kind, reason, score
"""
RECOMMENDED = """
MATCH (u:User {id: 'u'}) CALL mmkg.recommend(u, {includeSeen: true}) YIELD item, score
RETURN item.id AS id, score
"""
FACT = """
MATCH (m:Movie) WHERE m.id IN $films
MERGE (e:Entity {id: 'm.' + $entity, name: $entity}) CREATE (e)-[:$($type)]->(m)
"""


def explain(graph: Graph, movie: str, **options: object) -> list[Row]:
    return graph.read(EXPLAIN, movie=movie, options=options)


def score(graph: Graph, movie: str) -> float:
    return next(float(row["score"]) for row in graph.read(RECOMMENDED) if row["id"] == movie)


def test_the_shares_of_the_clicks_are_the_score_of_who_has_no_vector(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"x": [1.0, 0.0], "y": [0.0, 1.0], "z": [-0.6, 0.8], "movie": [0.8, 0.6]})
    catalogue.film("bare")
    catalogue.user("u", clicks=["x", "y", "z", "bare"])

    rows = explain(catalogue.graph, "movie")

    length = np.linalg.norm([0.4, 1.8])
    assert [(row["film"], row["kind"]) for row in rows] == [("x", "click"), ("y", "click"), ("z", "click")]
    assert [row["share"] for row in rows] == pytest.approx([0.8 / length, 0.6 / length, 0.0], abs=1e-12)
    assert sum(row["share"] for row in rows) == pytest.approx(score(catalogue.graph, "movie"), abs=1e-12)
    assert {row["score"] for row in rows} == {score(catalogue.graph, "movie")}


def test_what_the_model_knows_beyond_the_clicks_is_a_row(catalogue: Catalogue) -> None:
    random = np.random.default_rng(3)
    vectors = random.normal(size=(9, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    user, movie, clicks = vectors[0], vectors[1], vectors[2:]
    catalogue.model(dimension=4)
    catalogue.films({f"f{i}": vector.tolist() for i, vector in enumerate(clicks)} | {"movie": movie.tolist()})
    catalogue.user("u", user.tolist(), clicks=[f"f{i}" for i in range(7)])

    rows = explain(catalogue.graph, "movie", k=5)

    length = np.linalg.norm(clicks.sum(axis=0))
    direction = clicks.sum(axis=0) / length
    shares = {f"f{i}": (user @ direction) * (click @ movie) / length for i, click in enumerate(clicks)}
    order = sorted(shares, key=lambda id: -abs(shares[id]))
    assert [row["film"] for row in rows] == [*order[:5], None, None]
    assert [row["kind"] for row in rows] == ["click"] * 5 + ["other clicks", "model"]
    assert [row["reason"] for row in rows[5:]] == [
        "2 more clicks",
        "what the model knows of the user apart from the mean of his clicks",
    ]
    rest = (user - (user @ direction) * direction) @ movie
    expected = [*(shares[id] for id in order[:5]), shares[order[5]] + shares[order[6]], rest]
    assert [row["share"] for row in rows] == pytest.approx(expected, abs=1e-12)
    assert sum(row["share"] for row in rows) == pytest.approx(user @ movie, abs=1e-12)
    assert sum(row["share"] for row in rows) == pytest.approx(score(catalogue.graph, "movie"), abs=1e-12)
    assert [row["path"] for row in rows[5:]] == [None, None]


def test_a_path_leads_over_what_tells_most(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"a": [1.0, 0.0], "b": [0.8, 0.6], "c": [0.6, 0.8], "movie": [1.0, 0.0]})
    catalogue.user("u", clicks=["a", "b", "c", "movie"])
    fact(catalogue, "ACTED_IN", "Harrison Ford", "a", "movie")
    fact(catalogue, "DIRECTED", "George Lucas", "a", "movie")
    catalogue.graph.write("MATCH (m:Movie {id: 'movie'}), (b {id: 'b'}) CREATE (m)-[:SEQUEL_OF]->(b)")

    rows = {row["film"]: (row["path"], row["reason"]) for row in explain(catalogue.graph, "movie")}

    assert rows == {
        "a": (["u", "a", "m.George Lucas", "movie"], "same director George Lucas"),
        "b": (["u", "b", "movie"], "its sequel"),
        "c": (["u", "c"], "they share no fact"),
        "movie": (["u", "movie"], "the film itself"),
    }


def test_a_user_with_a_vector_and_no_clicks_is_all_model(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"movie": [0.8, 0.6]})
    catalogue.user("u", [1.0, 0.0])

    [row] = explain(catalogue.graph, "movie")
    assert (row["kind"], row["share"], row["score"]) == ("model", 0.8, 0.8)


def test_paths_reach_the_driver_as_paths(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"a": [1.0, 0.0], "movie": [1.0, 0.0]})
    catalogue.user("u", clicks=["a"])
    fact(catalogue, "DIRECTED", "George Lucas", "a", "movie")
    query = "MATCH (u:User), (m:Movie {id: 'movie'}) CALL mmkg.explain(u, m) YIELD path RETURN path"

    [record] = catalogue.graph.driver.execute_query(query, database_=catalogue.graph.database).records
    assert [relation.type for relation in record["path"].relationships] == ["CLICKED", "DIRECTED", "DIRECTED"]


def test_a_user_of_whom_nothing_is_known_has_no_score(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"movie": [1.0, 0.0]})
    catalogue.film("bare")
    catalogue.user("u", clicks=["bare"])
    message = "the user 'u' has no vector of the model 'm1', and clicked no film that has"
    with pytest.raises(GraphError, match=message):
        explain(catalogue.graph, "movie")
    with pytest.raises(GraphError, match="the film 'bare' has no vector of the model 'm1'"):
        explain(catalogue.graph, "bare")


def test_a_named_model_explains(catalogue: Catalogue) -> None:
    catalogue.model("old", slot="b", active=False)
    catalogue.model("new", slot="a")
    catalogue.films({"movie": [1.0, 0.0]}, model="new", slot="a")
    catalogue.films({"movie": [0.6, 0.8]}, model="old", slot="b")
    catalogue.user("u", [1.0, 0.0], model="old", slot="b")

    [row] = explain(catalogue.graph, "movie", model="old")
    assert row["score"] == pytest.approx(0.6)


def fact(catalogue: Catalogue, type: str, entity: str, *films: str) -> None:
    catalogue.graph.write(FACT, type=type, entity=entity, films=list(films))
