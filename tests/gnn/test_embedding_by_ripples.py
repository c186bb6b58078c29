"""A model that was trained by Cypher is embedded and measured so, too: the graph is never in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gnn import registry
from gnn.evaluation import evaluate, measure
from gnn.film_media import COMPARED, film_media
from gnn.problem import Task, load_task
from gnn.sampler import RippleSampler
from gnn.training import train
from gnn.writeback import embed
from kg import Graph
from mmkg.errors import GraphError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import FILMS, USERS

OPTIONS: dict[str, Any] = {"dimension": 8, "epochs": 3, "learning_rate": 0.05, "sampler": "cypher"}
PLOTS = {"0": "An old fisherman fights a giant marlin.", "3": "A young woman inherits a vineyard."}
ADD_PLOT = """
MATCH (m:Movie {id: $film})
CREATE (:Media:Text {id: $sha256, sha256: $sha256})-[:TEXT_OF]->(m)
"""
ADD_FILM = """
MATCH (g:Genre {id: 'taste 1'}) CREATE (:Item:Movie {id: 'new', title: 'New'})-[:HAS_GENRE]->(g)
"""
VECTORS = "MATCH (n:{label}) WHERE n.{name} IS NOT NULL RETURN n.id AS id, n.{name} AS vector ORDER BY id"


@pytest.fixture
def told(planted: Graph, store: BlobStore) -> Graph:
    """The planted graph, with plots of two films."""
    for film, plot in PLOTS.items():
        planted.write(ADD_PLOT, film=film, sha256=store.put_bytes(plot.encode(), "text/plain").sha256)
    return planted


@pytest.fixture
def model(told: Graph, store: BlobStore, at: Settings) -> str:
    return train(told, store, at, **OPTIONS).model


@pytest.fixture
def whole(told: Graph, store: BlobStore, at: Settings) -> Task:
    return load_task(told, store, at, views=COMPARED)


@pytest.fixture
def without_snapshot(whole: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the whole graph was read")

    monkeypatch.setattr(RippleSampler, "snapshot", refuse)


def stored(graph: Graph, label: str, name: str) -> tuple[list[str], np.ndarray[Any, Any]]:
    rows = graph.read(VECTORS.format(label=label, name=name))
    return [row["id"] for row in rows], np.array([row["vector"] for row in rows])


@pytest.mark.usefixtures("without_snapshot")
def test_the_vectors_are_those_of_the_whole_graph(
    told: Graph, store: BlobStore, at: Settings, model: str, whole: Task
) -> None:
    report = embed(told, store, at, model=model)
    assert (report.films, report.users, report.media) == (FILMS, USERS, FILMS)
    restored, _ = registry.restore(at, model, whole.problem)
    restored.eval()
    with torch.no_grad():
        users, films = (part.numpy() for part in restored.vectors())
    for label, kind, expected in (("User", "user", users), ("Movie", "item", films)):
        ids, found = stored(told, label, "embedding_a")
        assert ids == whole.problem.ripple.ids[kind]
        np.testing.assert_allclose(found, expected, atol=1e-5)
    ids, found = stored(told, "Movie", "embedding_a_text")
    texts = film_media(whole).vectors["text"]
    assert ids == sorted(texts) == sorted(PLOTS)
    np.testing.assert_allclose(found, np.stack([texts[film].numpy() for film in ids]), atol=1e-6)
    again = embed(told, store, at, model=model)
    assert (again.films, again.users, again.media, again.unchanged) == (0, 0, 0, FILMS + USERS)


@pytest.mark.usefixtures("without_snapshot")
def test_users_are_read_in_parts(
    told: Graph, store: BlobStore, at: Settings, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed(told, store, at, model=model)
    _, before = stored(told, "User", "embedding_a")
    monkeypatch.setattr("gnn.sampled.USERS", 7)
    assert embed(told, store, at, model=model).users == 0
    np.testing.assert_array_equal(stored(told, "User", "embedding_a")[1], before)


def test_a_film_that_came_after_the_training_gets_its_vector(
    told: Graph, store: BlobStore, at: Settings, model: str
) -> None:
    embed(told, store, at, model=model)
    told.write(ADD_FILM)
    assert embed(told, store, at, model=model).films >= 1
    problem = load_task(told, store, at, views=COMPARED).problem
    restored, _ = registry.restore(at, model, problem, induct=True)
    restored.eval()
    with torch.no_grad():
        expected = restored.vectors()[1].numpy()
    ids, found = stored(told, "Movie", "embedding_a")
    assert ids == problem.ripple.ids["item"]
    assert "new" in ids
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.usefixtures("without_snapshot")
@pytest.mark.parametrize("split", ["valid", "test"])
def test_it_is_measured_as_on_the_whole_graph(
    told: Graph, store: BlobStore, at: Settings, model: str, whole: Task, split: Any
) -> None:
    found = evaluate(told, store, at, model=model, split=split).results
    restored, _ = registry.restore(at, model, whole.problem)
    restored.eval()
    expected = measure(restored, whole.clicks, split)
    assert found[model] == expected
    assert found["popularity"].users == expected.users


def test_without_a_click_to_measure_on_it_says_so(
    told: Graph, store: BlobStore, at: Settings, model: str
) -> None:
    told.write("MATCH ()-[c:CLICKED {split: 'test'}]->() DELETE c")
    with pytest.raises(GraphError, match="no test click to measure on"):
        evaluate(told, store, at, model=model)
