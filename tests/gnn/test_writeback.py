from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from gnn import registry
from gnn.media_writeback import HAVE_THEM, WRITE_MEDIA
from gnn.problem import load_task
from gnn.training import train
from gnn.writeback import FOUND_BY, READ_VECTORS, WRITE_VECTORS, check_vectors, embed
from kg import Graph
from mmkg.errors import ModelError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import FILMS, USERS

OPTIONS = {"epochs": 5, "learning_rate": 0.05}
VECTORS = """
MATCH (n:{label}) WHERE n.embedding_{slot}_model = $model RETURN n.id AS id, n.embedding_{slot} AS vector
ORDER BY id
"""
MODELS = """
MATCH (m:Model) RETURN m.id AS id, m.slot AS slot, coalesce(m.active, false) AS active ORDER BY m.created
"""
NEAREST = """
CALL db.index.vector.queryNodes($index, 3, $vector) YIELD node, score RETURN node.id AS id, score
"""


def test_vectors_reach_the_index_and_the_model_becomes_active(
    planted: Graph, store: BlobStore, at: Settings
) -> None:
    model = train(planted, store, at, dimension=8, **OPTIONS).model
    report = embed(planted, store, at)
    assert (report.model, report.slot, report.films, report.users, report.unchanged) == (
        model,
        "a",
        FILMS,
        USERS,
        0,
    )
    assert planted.read(MODELS) == [{"id": model, "slot": "a", "active": True}]
    films = planted.read(VECTORS.format(label="Movie", slot="a"), model=model)
    users = planted.read(VECTORS.format(label="User", slot="a"), model=model)
    task = load_task(planted, store, at)
    restored = registry.restore(at, model, task.problem)[0]
    scores = restored.scorer()(torch.tensor([0])).numpy()[0]
    stored = np.array([row["vector"] for row in films]) @ np.array(users[0]["vector"])
    assert users[0]["id"] == task.problem.ripple.ids["user"][0]
    np.testing.assert_allclose(stored, scores, atol=1e-5)
    nearest = planted.read(NEAREST, index="movie_embedding_a", vector=films[4]["vector"])
    assert nearest[0]["id"] == films[4]["id"]
    assert nearest[0]["score"] > 0.95  # the index keeps a byte a number, of few numbers here
    assert planted.read(NEAREST, index="user_embedding_a", vector=users[0]["vector"])[0]["score"] > 0.99


@pytest.mark.parametrize(
    "statement",
    [
        *(
            text.format(labels=labels, slot="a")
            for text in (READ_VECTORS, WRITE_VECTORS)
            for labels in FOUND_BY.values()
        ),
        HAVE_THEM.format(slot="a"),
        WRITE_MEDIA.format(slot="a"),
    ],
)
def test_nodes_are_found_by_the_index_of_ids(graph: Graph, statement: str) -> None:
    parameters: dict[str, Any] = {"rows": [], "ids": [], "model": "m", "version": "v"}
    query = f"EXPLAIN {statement}"
    plan = graph.driver.execute_query(query, parameters, database_=graph.database).summary.plan
    steps = {step.split("@")[0] for step in operators(plan)}
    assert steps & {"NodeUniqueIndexSeek", "NodeUniqueIndexSeek(Locking)"}
    assert not any("Scan" in step for step in steps), steps


def operators(plan: Mapping[str, Any]) -> Iterator[str]:
    yield plan["operatorType"]
    for child in plan.get("children", ()):
        yield from operators(child)


def test_the_same_model_again_changes_nothing(planted: Graph, store: BlobStore, at: Settings) -> None:
    train(planted, store, at, dimension=8, **OPTIONS)
    embed(planted, store, at)
    everything = "MATCH (n) RETURN properties(n) AS p ORDER BY labels(n)[0], n.id"
    before = planted.read(everything)
    report = embed(planted, store, at)
    assert (report.slot, report.films, report.users, report.unchanged) == ("a", 0, 0, FILMS + USERS)
    assert planted.read(everything) == before


def test_models_take_turns_in_the_slots(planted: Graph, store: BlobStore, at: Settings) -> None:
    first = train(planted, store, at, dimension=8, **OPTIONS).model
    assert embed(planted, store, at).slot == "a"
    second = train(planted, store, at, dimension=12, **OPTIONS).model
    assert embed(planted, store, at).slot == "b"
    # The first model's vectors are still whole: a query that began before the switch ends well.
    assert len(planted.read(VECTORS.format(label="Movie", slot="a"), model=first)) == FILMS
    assert [row["active"] for row in planted.read(MODELS)] == [False, True]
    third = train(planted, store, at, dimension=16, **OPTIONS).model
    report = embed(planted, store, at)
    assert (report.model, report.slot, report.dimension) == (third, "a", 16)
    rows = planted.read(VECTORS.format(label="User", slot="a"), model=third)
    assert {len(row["vector"]) for row in rows} == {16}
    nearest = planted.read(NEAREST, index="user_embedding_a", vector=rows[0]["vector"])
    assert nearest[0]["id"] == rows[0]["id"]
    assert [row["id"] for row in planted.read(MODELS) if row["active"]] == [third]
    assert embed(planted, store, at, model=second).slot == "b"


def test_a_model_loses_its_slot_before_its_vectors(planted: Graph, store: BlobStore, at: Settings) -> None:
    for dimension in (8, 12, 16):
        train(planted, store, at, dimension=dimension, **OPTIONS)
        embed(planted, store, at)
    assert [row["slot"] for row in planted.read(MODELS)] == [None, "b", "a"]
    causes = "MATCH (m:Movie) RETURN DISTINCT size(m.embedding_a_cause) AS a, size(m.embedding_b_cause) AS b"
    assert planted.read(causes) == [{"a": 15, "b": 11}]
    sides = "MATCH (m:Model) RETURN size(m.user_bias) AS bias ORDER BY m.created"
    assert [row["bias"] for row in planted.read(sides)] == [7, 11, 15]


def test_what_a_click_adds_is_written_where_it_is_missing(
    planted: Graph, store: BlobStore, at: Settings
) -> None:
    train(planted, store, at, dimension=8, **OPTIONS)
    embed(planted, store, at)
    planted.write("MATCH (n:Movie {id: '3'}) REMOVE n.embedding_a_cause")  # as an earlier version left it
    assert embed(planted, store, at).films == 1
    assert embed(planted, store, at).films == 0


def test_an_interrupted_embed_goes_on(planted: Graph, store: BlobStore, at: Settings) -> None:
    model = train(planted, store, at, dimension=8, **OPTIONS).model
    embed(planted, store, at)
    planted.write("MATCH (n:User {id: '3'}) REMOVE n.embedding_a, n.embedding_a_model")
    planted.write("MATCH (n:Movie {id: '3'}) SET n.embedding_a = [1.0, 0.0]")
    report = embed(planted, store, at, model=model)
    assert (report.films, report.users) == (1, 1)


def test_a_model_of_another_graph_is_refused_and_the_active_one_stays(
    planted: Graph, store: BlobStore, at: Settings
) -> None:
    model = train(planted, store, at, model="mmgcn", dimension=8, **OPTIONS).model
    embed(planted, store, at)
    planted.write("CREATE (:Item:Movie {id: 'new'})")
    with pytest.raises(ModelError, match="other users, films or facts"):
        embed(planted, store, at)
    assert planted.read(MODELS) == [{"id": model, "slot": "a", "active": True}]


def test_a_model_that_was_never_made_is_named(planted: Graph, store: BlobStore, at: Settings) -> None:
    with pytest.raises(ModelError, match="knows no model"):
        embed(planted, store, at)
    with pytest.raises(ModelError, match="no such model"):
        embed(planted, store, at, model="mgnn-0")


def test_weights_of_another_dimension_are_refused(planted: Graph, store: BlobStore, at: Settings) -> None:
    report = train(planted, store, at, dimension=8, **OPTIONS)
    path = report.folder / registry.MODEL_FILE
    tensors, header = registry.read_tensors(path)
    header["options"]["dimension"] = 16
    registry.write_tensors(path, tensors, header)
    registry.register(planted, store, at, registry.read_header(at, report.model))
    with pytest.raises(ModelError, match="other dimensions"):
        embed(planted, store, at)


def test_vectors_that_the_index_would_lose_are_refused() -> None:
    unit = torch.eye(3)
    check_vectors(unit, 3)
    for wrong in (unit * 2, torch.full((2, 3), float("nan")), torch.zeros(1, 3), torch.ones(2, 4)):
        with pytest.raises(ModelError):
            check_vectors(wrong, 3)
