"""A user is what he clicked until this moment: the model's layers, evaluated in the database."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import torch

from gnn.models import Recommender
from gnn.problem import load_task
from gnn.registry import restore
from gnn.training import train
from gnn.writeback import embed
from kg import Graph
from kg.connection import Row
from mmkg.errors import GraphError
from mmkg.settings import Settings
from storage import BlobStore

from .conftest import Catalogue

USERS, FILMS, CLICKS = 200, 80, 12
FILL = """
UNWIND range(0, $films - 1) AS film
MERGE (m:Item:Movie {id: toString(film)})
MERGE (g:Entity:Genre {id: 'genre ' + toString(film % 5)})
MERGE (d:Entity:Person {id: 'director ' + toString(film % 17)})
MERGE (m)-[:HAS_GENRE]->(g) MERGE (d)-[:DIRECTED]->(m)
WITH count(*) AS films
UNWIND $clicks AS click
MATCH (m:Movie {id: click[1]}) MERGE (u:User {id: click[0]}) MERGE (u)-[:CLICKED {rating: 5.0}]->(m)
"""
RECOMMEND = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, $options) YIELD item, score, rank, stages
RETURN item.id AS id, score, stages ORDER BY rank
"""
RECOMMEND_ALL = """
MATCH (u:User) CALL mmkg.recommend(u, {heldOut: false}) YIELD item, score, rank
WITH u, item, score ORDER BY rank RETURN u.id AS user, collect(item.id) AS ids, collect(score) AS scores
"""
CLICK = "MATCH (u:User {id: $user}), (m:Movie {id: $film}) CREATE (u)-[:CLICKED]->(m)"
EXPLAIN = """
MATCH (u:User {id: $user}), (m:Movie {id: $film})
CALL mmkg.explain(u, m, {k: 1000}) YIELD film, share, kind, score
RETURN film.id AS film, share, kind, score
"""
SET_LAYERS = "MATCH (m:Model {id: 'm1'}) SET m += $layers"
SET_CAUSES = "UNWIND $causes AS cause MATCH (m:Movie {id: cause[0]}) SET m.embedding_a_cause = cause[1]"
PAPER = {"dimension": 16, "epochs": 2, "batch_size": 1024}
SMALL = {"dimension": 16, "epochs": 3}
FOR_NEW = {**SMALL, "few_share": 0.3, "linear_prior": 2.0}


@pytest.fixture
def at(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a data directory of this test's own."""
    return settings.model_copy(update={"home": tmp_path, "cache": tmp_path / "cache"})


@pytest.fixture
def clicked(catalogue: Catalogue) -> Graph:
    """Give a graph of many users, each with a taste for a genre."""
    random = np.random.default_rng(3)
    chance = np.full((5, FILMS), 0.2) + (np.arange(FILMS) % 5 == np.arange(5)[:, None])
    chance /= chance.sum(axis=1, keepdims=True)
    clicks = [
        [str(user), str(film)]
        for user in range(USERS)
        for film in random.choice(FILMS, CLICKS, replace=False, p=chance[user % 5])
    ]
    catalogue.graph.write(FILL, films=FILMS, clicks=clicks)
    return catalogue.graph


def in_python(graph: Graph, store: BlobStore, at: Settings, model: str) -> dict[str, dict[str, float]]:
    """Score by the model what each user has not clicked in training, as the graph is now."""
    task = load_task(graph, store, at)
    restored: Recommender = restore(at, model, task.problem)[0]
    ids = task.problem.ripple.ids
    scores = restored.scorer()(torch.arange(task.problem.users)).numpy()
    clicks = task.clicks["train"]
    scores[clicks.users, clicks.items] = -np.inf
    return {
        user: {film: score for film, score in zip(ids["item"], row, strict=True) if np.isfinite(score)}
        for user, row in zip(ids["user"], scores.tolist(), strict=True)
    }


@pytest.mark.parametrize(
    ("model", "options"), [("mgnn", SMALL), ("mgnn", FOR_NEW), ("mgnn-paper", PAPER)], ids=str
)
def test_the_database_ranks_as_python_does(
    clicked: Graph, store: BlobStore, at: Settings, model: str, options: dict[str, Any]
) -> None:
    trained = train(clicked, store, at, model=model, **options).model
    embed(clicked, store, at)
    clicked.write("MATCH (u:User) REMOVE u.embedding_a")  # nothing stored of a user may be needed
    expected = in_python(clicked, store, at, trained)

    rows = clicked.read(RECOMMEND_ALL)

    assert len(rows) == USERS
    for row in rows:
        scores = expected[row["user"]]
        assert row["scores"] == pytest.approx([scores[film] for film in row["ids"]], abs=1e-5)
        best = sorted(scores.values(), reverse=True)[:10]
        assert row["scores"] == pytest.approx(best, abs=1e-5)
        assert len(set(row["ids"])) == 10


def test_a_click_changes_the_very_next_answer_as_python_would(
    clicked: Graph, store: BlobStore, at: Settings
) -> None:
    trained = train(clicked, store, at, **SMALL).model
    embed(clicked, store, at)
    before = clicked.read(RECOMMEND, user="7", options={"heldOut": False})
    film = before[-1]["id"]

    clicked.write(CLICK, user="7", film=film)
    after = clicked.read(RECOMMEND, user="7", options={"heldOut": False})

    assert film not in [row["id"] for row in after]
    scores = in_python(clicked, store, at, trained)["7"]
    assert [row["score"] for row in after] == pytest.approx(sorted(scores.values())[-1:-11:-1], abs=1e-5)
    assert {row["id"]: row["score"] for row in after} != {row["id"]: row["score"] for row in before[:-1]}


def test_while_models_are_switched_no_answer_is_a_mixture(
    clicked: Graph, store: BlobStore, at: Settings, settings: Settings
) -> None:
    first, second, third = (train(clicked, store, at, seed=seed, **SMALL).model for seed in (1, 2, 3))
    named = {"model": first}
    expected = {}
    for model in (first, second):
        embed(clicked, store, at, model=model)
        expected[model] = scores(clicked, "7")
    answers: list[dict[str, float]] = []
    by_name: list[dict[str, float]] = []
    wrong: list[str] = []
    over = Event()

    def ask() -> None:
        with Graph.connect(settings) as graph:
            while not over.is_set():
                try:
                    answers.append(scores(graph, "7"))
                except GraphError as error:
                    wrong.append(str(error))
                try:
                    by_name.append(scores(graph, "7", **named))
                except GraphError as error:
                    if "has no vectors in the graph" not in str(error):  # while they go and come
                        wrong.append(str(error))

    asking = Thread(target=ask)
    asking.start()
    try:
        for model in (third, first):
            embed(clicked, store, at, model=model)
            expected[model] = scores(clicked, "7")
    finally:
        over.set()
        asking.join()

    assert not wrong
    wanted = {model: pytest.approx(answer, abs=1e-5) for model, answer in expected.items()}
    assert all(answer in wanted.values() for answer in answers)
    assert all(answer == wanted[first] for answer in by_name)
    assert all(wanted[model] in answers for model in (second, third))
    assert by_name


def with_layers(catalogue: Catalogue, causes: dict[str, list[float]], **layers: Any) -> Graph:
    """Make a model of two dimensions that says how a user is made of the causes."""
    catalogue.model()
    catalogue.films({"x": [1.0, 0.0], "y": [0.0, 1.0], "near": [0.8, 0.6], "far": [-0.6, -0.8]})
    catalogue.graph.write(SET_CAUSES, causes=[[film, cause] for film, cause in causes.items()])
    width = len(next(iter(causes.values())))
    layers = {
        "user_widths": [width],
        "user_powers": [0.5],
        "user_activations": ["unit"],
        "user_bias": [0.0] * width,
        **layers,
    }
    catalogue.graph.write(SET_LAYERS, layers=layers)
    return catalogue.graph


def scores(graph: Graph, user: str = "u", **options: object) -> dict[str, float]:
    return {row["id"]: row["score"] for row in graph.read(RECOMMEND, user=user, options=options)}


def test_a_user_is_computed_by_the_formula(catalogue: Catalogue) -> None:
    graph = with_layers(catalogue, {"x": [2.0, 1.0], "y": [0.0, 3.0]}, user_bias=[1.0, 0.5])
    catalogue.user("u", [-1.0, 0.0], clicks=["x", "y"])  # the stored vector is of no account
    user = np.array([2.0, 4.0]) / np.sqrt(2) + [1.0, 0.5]
    user /= np.linalg.norm(user)
    assert scores(graph) == pytest.approx({"near": user @ [0.8, 0.6], "far": user @ [-0.6, -0.8]})


def test_blocks_a_conversion_and_tanh_are_computed_by_the_formula(catalogue: Catalogue) -> None:
    conversion = np.array([[1.0, 2.0, 0.5], [-1.0, 1.0, 3.0]])
    graph = with_layers(
        catalogue,
        {"x": [2.0, 1.0, 0.3], "y": [0.0, 3.0, -0.1]},
        user_widths=[2, 1],
        user_powers=[0.0, 1.0],
        user_activations=["unit", "tanh"],
        user_bias=[1.0, 0.0, 0.2],
        user_conversion=conversion.flatten().tolist(),
    )
    catalogue.user("u", clicks=["x", "y"])
    first = np.array([3.0, 4.0]) / 5
    user = conversion @ [*first, np.tanh(0.1 + 0.2)]
    user /= np.linalg.norm(user)
    assert scores(graph) == pytest.approx({"near": user @ [0.8, 0.6], "far": user @ [-0.6, -0.8]})
    rows = graph.read(EXPLAIN, user="u", film="near")
    assert sum(row["share"] for row in rows) == pytest.approx(user @ [0.8, 0.6], abs=1e-12)
    assert rows[0]["score"] == pytest.approx(user @ [0.8, 0.6])


def test_a_score_is_shared_out_exactly(catalogue: Catalogue) -> None:
    graph = with_layers(
        catalogue, {"x": [2.0, 0.0], "y": [0.0, 2.0]}, user_bias=[1.0, 0.0], user_powers=[1.0]
    )
    catalogue.user("u", clicks=["x", "y"])
    length = np.linalg.norm([2.0, 1.0])
    rows = {row["film"] or row["kind"]: row["share"] for row in graph.read(EXPLAIN, user="u", film="near")}
    assert rows == pytest.approx({"x": 0.8 / length, "y": 0.6 / length, "model": 0.8 / length})
    assert scores(graph)["near"] == pytest.approx(sum(rows.values()))


def test_a_visitor_is_met_as_a_user_who_clicked_these_films(catalogue: Catalogue) -> None:
    graph = with_layers(catalogue, {"x": [2.0, 1.0], "y": [0.0, 3.0]})
    catalogue.user("u", clicks=["x", "y"])
    rows = graph.read("CALL mmkg.recommendFor(['x', 'y']) YIELD item, score RETURN item.id AS id, score")
    assert {row["id"]: row["score"] for row in rows} == scores(graph)


def test_who_clicked_nothing_gets_the_popular_films(catalogue: Catalogue) -> None:
    graph = with_layers(catalogue, {"x": [2.0, 1.0]}, user_bias=[1.0, 0.0])
    catalogue.user("u", [1.0, 0.0])
    catalogue.user("v", clicks=["far"])
    rows: list[Row] = graph.read(RECOMMEND, user="u", options={"k": 1})
    assert [(row["id"], row["score"], row["stages"]) for row in rows] == [("far", 1.0, {"popular": 1})]


@pytest.mark.parametrize(
    "layers",
    [
        {"user_widths": [3]},
        {"user_activations": ["relu"]},
        {"user_powers": [0.5, 0.5]},
        {"user_bias": None},
        {"user_conversion": [1.0]},
    ],
    ids=str,
)
def test_layers_that_make_no_sense_are_as_none(catalogue: Catalogue, layers: dict[str, Any]) -> None:
    graph = with_layers(catalogue, {"x": [2.0, 1.0]}, **layers)
    catalogue.user("u", [0.0, 1.0], clicks=["x"])
    assert scores(graph)["near"] == pytest.approx(0.6)  # by the stored vector


def test_clicks_that_training_put_aside_count_unless_told(catalogue: Catalogue) -> None:
    graph = with_layers(catalogue, {"x": [2.0, 1.0], "y": [0.0, 3.0]})
    catalogue.user("u", clicks=["x", "y"])
    graph.write(
        "MATCH (:User)-[c:CLICKED]->(m) SET c.split = CASE m.id WHEN 'x' THEN 'train' ELSE 'test' END"
    )
    both, one = np.array([2.0, 4.0]) / np.sqrt(20), np.array([2.0, 1.0]) / np.sqrt(5)
    assert scores(graph)["near"] == pytest.approx(both @ [0.8, 0.6])
    training = scores(graph, heldOut=False)
    assert training == pytest.approx(
        {"near": one @ [0.8, 0.6], "far": one @ [-0.6, -0.8], "y": one @ [0.0, 1.0]}
    )


def test_causes_of_another_model_count_for_nothing(catalogue: Catalogue) -> None:
    graph = with_layers(catalogue, {"x": [2.0, 1.0], "y": [0.0, 3.0]})
    graph.write("MATCH (m:Movie {id: 'y'}) SET m.embedding_a_model = 'other'")
    catalogue.user("u", clicks=["x", "y"])
    user = np.array([2.0, 1.0]) / np.sqrt(5)
    assert scores(graph)["near"] == pytest.approx(user @ [0.8, 0.6])
