"""The vectors of films' media: computed, written with the model, and asked for by the procedures."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from numpy.testing import assert_allclose
from PIL import Image

from cli import cli
from gnn import media_writeback
from gnn.film_media import MODALITIES, film_media, reduce
from gnn.problem import Task, load_task
from gnn.training import train
from gnn.writeback import embed
from kg import Graph
from kg.model import DERIVED
from kg.model import MODALITIES as NAMES
from mmkg.errors import ModelError, UsageError
from mmkg.meaning import encode
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import FILMS, planted_problem

PLOTS = {
    "0": "An old fisherman fights a giant marlin far out on the sea.",
    "1": "A detective hunts a murderer through the rainy streets of the city.",
    "2": "Two astronauts are stranded in orbit around the earth.",
    "3": "A young woman inherits a vineyard and learns to make wine.",
}
QUERY = "spaceship stuck above our planet"
"""Shares no word with any plot or title."""
COLOURS = {"0": "navy", "2": "darkblue", "4": "gold", "6": "orange"}
ADD_MEDIUM = """
MATCH (m:Movie {{id: $film}})
MERGE (medium:Media:{label} {{id: $sha256}}) SET medium.sha256 = $sha256
MERGE (medium)-[:{label_upper}_OF]->(m)
"""
VECTORS = """
MATCH (m:Movie) WHERE m.embedding_{slot}_{key} IS NOT NULL
RETURN m.id AS id, m.embedding_{slot}_{key} AS vector, m.embedding_{slot}_media AS stamp ORDER BY id
"""
MODEL = "MATCH (m:Model {id: $id}) RETURN properties(m) AS p"
EVERYTHING = "MATCH (n) RETURN properties(n) AS p ORDER BY labels(n)[0], n.id"
DROP = "DROP INDEX movie_embedding_{slot}_{key} IF EXISTS"
OPTIONS = {"epochs": 1, "dimension": 8}


def add(graph: Graph, store: BlobStore, film: str, label: str, data: bytes) -> None:
    sha256 = store.put_bytes(data, "text/plain" if label == "Text" else "image/png").sha256
    statement = ADD_MEDIUM.format(label=label, label_upper=label.upper())
    graph.write(statement, film=film, sha256=sha256)


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 96), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def shown(planted: Graph, store: BlobStore) -> Graph:
    """The planted graph, with plots of four films and posters of four."""
    for film, plot in PLOTS.items():
        add(planted, store, film, "Text", plot.encode())
    for film, colour in COLOURS.items():
        add(planted, store, film, "Poster", picture(colour))
    yield planted
    for slot in "ab":
        for key in NAMES:
            planted.run_auto_commit(DROP.format(slot=slot, key=key))


def vectors(graph: Graph, slot: str, key: str) -> dict[str, list[float]]:
    return {row["id"]: row["vector"] for row in graph.read(VECTORS.format(slot=slot, key=key))}


def test_names_are_the_same_everywhere() -> None:
    assert tuple(modality.key for modality in MODALITIES) == NAMES
    assert {f"embedding_{slot}_{key}" for slot in "ab" for key in (*NAMES, "media")} <= set(DERIVED)


@pytest.mark.parametrize("shape", [(5, 40), (40, 5)])
def test_reducing_keeps_what_differs(shape: tuple[int, int]) -> None:
    rows = torch.from_numpy(np.random.default_rng(1).normal(size=shape)).float() + 100
    reduced = reduce(rows, 128)
    assert reduced.shape == (shape[0], 5)
    before, after = rows.double(), reduced.double()
    assert_allclose(torch.cdist(after, after), torch.cdist(before, before), atol=1e-4)
    assert torch.equal(reduced, reduce(rows, 128))
    assert reduce(rows, 2).shape == (shape[0], 2)
    assert_allclose(reduce(rows, 2), reduced[:, :2], atol=1e-4)


def test_a_film_is_the_mean_of_its_media() -> None:
    random = np.random.default_rng(2)
    problem = planted_problem(
        text=random.normal(size=(7, 384)).astype(np.float32),
        image=random.normal(size=(9, 1280)).astype(np.float32) + 3,
    )
    found = film_media(Task(problem, {}, {"text": "t1", "image": "i1"}))
    text = problem.features["text"]
    assert_allclose(found.vectors["text"]["03"], text[3] / text[3].norm(), atol=1e-6)
    assert (len(found.vectors["text"]), len(found.vectors["poster"])) == (7, 9)
    assert found.vectors["sound"] == found.vectors["trailer"] == {}
    assert (found.width("text"), found.width("poster"), found.width("sound")) == (384, 9, 0)
    for vector in found.vectors["poster"].values():
        assert vector.norm() == pytest.approx(1)
    assert found.version != film_media(Task(problem, {}, {"text": "t2", "image": "i1"})).version
    assert media_writeback.properties("m", found)["media_version"] == f"m/{found.version}"


def test_one_poster_alone_and_an_empty_text_are_near_nothing() -> None:
    media = {"image": np.ones((1, 1280), np.float32), "text": np.zeros((2, 384), np.float32)}
    found = film_media(Task(planted_problem(**media), {}, {}))
    assert {key: len(vectors) for key, vectors in found.vectors.items()} == dict.fromkeys(NAMES, 0)
    assert media_writeback.properties("m", found)["media_version"] is None


def test_they_are_written_with_the_model_and_answer(
    shown: Graph, store: BlobStore, at: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(shown, store, at, **OPTIONS)
    report = embed(shown, store, at)
    assert report.media == FILMS
    texts, posters = vectors(shown, "a", "text"), vectors(shown, "a", "poster")
    assert set(texts) == set(PLOTS)
    assert set(posters) == set(COLOURS)
    wanted = film_media(load_task(shown, store, at))
    for film in PLOTS:
        assert_allclose(texts[film], wanted.vectors["text"][film], atol=1e-6)
    says = shown.read(MODEL, id=report.model)[0]["p"]
    assert (says["films"], says["text_films"], says["poster_films"]) == (FILMS, 4, 4)
    assert says["media_version"] == f"{report.model}/{wanted.version}"
    assert "writing_at" not in says
    # The same again changes nothing, not even the time.
    before = shown.read(EVERYTHING)
    again = embed(shown, store, at)
    assert (again.media, again.films, again.users) == (0, 0, 0)
    assert shown.read(EVERYTHING) == before
    # By posters, blue is near to blue.
    assert [row.film.id for row in shown.similar("0", by="poster", k=1)] == ["2"]
    assert [row.film.id for row in shown.similar("4", by="poster", k=1)] == ["6"]
    # By meaning, a film is found that shares no word with what is asked.
    assert shown.search(QUERY) == []
    vector = encode(at, QUERY)
    assert [(hit.id, hit.text_rank, hit.vector_rank) for hit in shown.search(QUERY, vector=vector, k=1)] == [
        ("2", None, 1)
    ]
    answer = CliRunner().invoke(cli, ["search", "--meaning", "-k", "1", "--json", *QUERY.split()])
    assert [hit["id"] for hit in json.loads(answer.stdout)["hits"]] == ["2"]
    command = ["similar", "0", "--by", "poster", "-k", "1", "--json"]
    similar = json.loads(CliRunner().invoke(cli, command).stdout)
    assert (similar["by"], [row["film"]["id"] for row in similar["similar"]]) == ("poster", ["2"])
    weighted = ["recommend", "0", "--weight", "poster=3", "--weight", "text=0", "-k", "40", "--json"]
    rows = json.loads(CliRunner().invoke(cli, weighted).stdout)["recommendations"]
    assert all(set(row["stages"]["shares"]) == {"poster", "text"} for row in rows)
    shown.write("MATCH (m:Model) SET m.text_encoder = 'older'")
    with pytest.raises(ModelError, match="another version of the encoder"):
        encode(at, QUERY)
    with pytest.raises(UsageError, match="no text"):
        encode(at, " ")


def test_other_media_get_another_version_and_strangers_go(
    shown: Graph, store: BlobStore, at: Settings
) -> None:
    first = train(shown, store, at, **OPTIONS).model
    embed(shown, store, at)
    stamp = shown.read(MODEL, id=first)[0]["p"]["media_version"]
    add(shown, store, "8", "Poster", picture("green"))
    report = embed(shown, store, at)
    assert report.media == FILMS
    rows = shown.read(VECTORS.format(slot="a", key="poster"))
    assert {len(row["vector"]) for row in rows} == {5}
    assert {row["stamp"] for row in rows} == {shown.read(MODEL, id=first)[0]["p"]["media_version"]}
    assert {row["stamp"] for row in rows} != {stamp}
    # A film that lost its poster loses its vector.
    shown.write("MATCH (:Poster)-[r:POSTER_OF]->(:Movie {id: '8'}) DELETE r")
    embed(shown, store, at)
    assert set(vectors(shown, "a", "poster")) == set(COLOURS)
    # Two more models: the second takes the slot, and what the first wrote there is gone.
    for dimension in (12, 16):
        train(shown, store, at, epochs=1, dimension=dimension)
        report = embed(shown, store, at)
    rows = shown.read(VECTORS.format(slot="a", key="text"))
    assert {row["stamp"].partition("/")[0] for row in rows} == {report.model}


def test_a_write_back_that_is_cut_off_shows_and_goes_on(
    planted: Graph, store: BlobStore, at: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = train(planted, store, at, **OPTIONS).model

    def cut(*_arguments: object, **_options: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(media_writeback, "write", cut)
        with pytest.raises(KeyboardInterrupt):
            embed(planted, store, at)
    status = planted.embed_status()
    assert (status.model, status.writing, status.write_back) == (None, model, "running")
    embed(planted, store, at)
    status = planted.embed_status()
    assert (status.model, status.films, status.films_without) == (model, FILMS, 0)
    assert (status.writing, status.write_back) == (None, "none")
    assert status.next == "nothing: every film has a vector of the model"
    assert status.written is not None
