"""What goes wrong while a model is made: a clear message, and the last good model stays active."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file

from cli import main
from gnn.memory import guarded
from gnn.models.mgnn import Mgnn
from gnn.promotion import delete
from gnn.training import train
from gnn.writeback import embed
from kg import Graph
from mmkg.errors import ModelError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import ADD_CLICK, FILMS, USERS

OPTIONS: dict[str, Any] = {"dimension": 8, "epochs": 2, "learning_rate": 0.05}
STATE = """
MATCH (m:Model) OPTIONAL MATCH (n:Movie|User) WHERE n.embedding_a_model = m.id
RETURN m.id AS id, m.active AS active, count(n) AS vectors
"""
POSTER = """
MATCH (m:Movie {id: $film})
CREATE (p:Media:Poster {id: $sha256, sha256: $sha256, key: $key, mime: 'image/png'})-[:POSTER_OF]->(m)
"""


@pytest.fixture
def good(planted: Graph, store: BlobStore, at: Settings) -> Iterator[str]:
    """An active model, which is as it was after the test."""
    model = train(planted, store, at, **OPTIONS).model
    embed(planted, store, at)
    yield model
    assert planted.read(STATE) == [{"id": model, "active": True, "vectors": FILMS + USERS}]


def attach_poster(graph: Graph, store: BlobStore, film: str, data: bytes) -> str:
    blob = store.put_bytes(data, "image/png")
    graph.write(POSTER, film=film, sha256=blob.sha256, key=blob.key)
    return blob.sha256


def picture(seed: int) -> bytes:
    data = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize("model", ["mgnn", "mgnn-paper", "mmgcn"])
def test_films_and_users_of_whom_little_is_known_have_vectors(
    planted: Graph, store: BlobStore, at: Settings, model: str
) -> None:
    planted.write("CREATE (:User {id: 'idle'}), (:Item:Movie {id: 'bare'})")
    attach_poster(planted, store, "0", picture(0))
    bad = attach_poster(planted, store, "1", b"no picture")
    report = train(planted, store, at, model=model, **OPTIONS)
    warnings = "\n".join(report.warnings)
    assert f"{FILMS - 1} films (for instance 1) have" in warnings.replace("instance 10", "instance 1")
    assert "1 film (for instance bare) has neither click nor fact nor medium" in warnings
    assert "1 user (for instance idle) has no click to learn from" in warnings
    assert f"1 media of image add nothing, for instance {bad}" in warnings
    written = embed(planted, store, at)
    assert (written.films, written.users) == (FILMS + 1, USERS + 1)
    vectors = "MATCH (n) WHERE n.id IN ['idle', 'bare'] RETURN n.embedding_a AS vector"
    for row in planted.read(vectors):
        assert np.linalg.norm(row["vector"]) == pytest.approx(1, abs=1e-3)


def test_a_graph_without_such_films_and_users_gives_no_warning(
    planted: Graph, store: BlobStore, at: Settings
) -> None:
    assert train(planted, store, at, **OPTIONS).warnings == []


def test_a_feature_that_is_no_number_is_named(
    planted: Graph, store: BlobStore, at: Settings, good: str
) -> None:
    sha256 = attach_poster(planted, store, "0", picture(0))
    embedded_before = train(planted, store, at, **OPTIONS)  # its features are in the cache now
    planted.write("MATCH (m:Model {id: $id}) DELETE m", id=embedded_before.model)
    (shard,) = (at.cache / "features").rglob("*.safetensors")
    tensors = load_file(shard)
    tensors["values"][0, 3] = np.nan
    save_file(tensors, shard)
    for command in (train, embed):
        with pytest.raises(ModelError, match=rf"media node {sha256}: the image features hold .* no number"):
            command(planted, store, at)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
    ],
)
def test_a_training_without_memory_says_what_to_lower(
    planted: Graph,
    store: BlobStore,
    at: Settings,
    good: str,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def loss(_model: Mgnn, _batch: torch.Tensor) -> torch.Tensor:
        raise error

    monkeypatch.setattr(Mgnn, "loss", loss)
    with pytest.raises(ModelError, match=r"not enough memory.*smaller --batch-size or --dimension"):
        train(planted, store, at, seed=1, **OPTIONS)


def test_other_errors_of_torch_are_not_taken_for_memory() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"), guarded("Buy some"):
        raise RuntimeError("size mismatch")


WITHOUT_MEMORY = """
import sys
from gnn.models.mgnn import Mgnn
def loss(self, batch):
    raise MemoryError
Mgnn.loss = loss
sys.argv = ["mmkg", "train", "--epochs", "1", "--dimension", "8"]
from cli import main
main()
"""


def test_the_command_line_ends_without_a_traceback(
    planted: Graph, store: BlobStore, at: Settings, good: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_MEMORY],
        env={**os.environ, "MINIO_BUCKET": store.bucket},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "Error: there is not enough memory. Train with a smaller --batch-size" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_model_of_another_graph_cannot_be_embedded(
    planted: Graph, store: BlobStore, at: Settings, good: str
) -> None:
    paper = train(planted, store, at, model="mgnn-paper", dimension=8, epochs=1).model
    planted.write("MATCH (m:Movie {id: '3'}) SET m.id = 'other'")
    with pytest.raises(ModelError, match=f"{paper}: the model was made for a graph with other films"):
        embed(planted, store, at)
    delete(planted, store, at, paper)
    planted.write("MATCH (m:Movie {id: 'other'}) SET m.id = '3'")
    planted.write(ADD_CLICK, user="0", film="1", split="train")
    assert embed(planted, store, at, model=good).model == good  # fresh clicks need no training


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("negatives=-1", "negatives must be 0 or more, and is -1"),
        ("few_clicks=-1", "few_clicks must be 0 or more, and is -1"),
        ("few_share=1", "few_share must be 0 or more and below 1, and is 1"),
        ("linear_prior=-0.5", "linear_prior must be 0 or more, and is -0.5"),
        ("hops=-2", "hops must be 0 or more, and is -2"),
        ("hops=1.5", "hops must be a whole number, and is 1.5"),
        ("temperature=0", "temperature must be above 0, and is 0"),
        ("temperature=nan", "temperature must be a finite number, and is nan"),
        ("click_dropout=1", "click_dropout must be 0 or more and below 1, and is 1"),
        ("linear_share=-0.1", "linear_share must be 0 or more and below 1, and is -0.1"),
        ("hops=-", "'hops=-' is not NAME=NUMBER"),
        ("seed=3", "--seed says this, and not --set seed"),
    ],
)
def test_a_setting_out_of_range_is_told_as_it_was_given(
    planted: Graph,
    at: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    given: str,
    said: str,
) -> None:
    monkeypatch.setenv("MMKG_CACHE", str(at.cache))
    monkeypatch.setattr("sys.argv", ["mmkg", "train", "--set", given])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert said in capfd.readouterr().err
