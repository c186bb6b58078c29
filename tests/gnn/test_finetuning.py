"""A model that trains the image network: its weights are saved, taken over, and see what comes later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import telling_media
import torch

from gnn import registry
from gnn.evaluation import evaluate
from gnn.models.heads import LastBlocks
from gnn.problem import load_task
from gnn.training import TrainReport, train
from gnn.writeback import embed
from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore

OPTIONS = {"dimension": 16, "epochs": 4, "evaluate_every": 1, "finetune_image": 1, "finetune_batch": 8}
BLOCKS = "media.heads.image_grid.network.0."
ADD_POSTER = """
MATCH (m:Movie {id: $film})
CREATE (:Media:Poster {id: $sha256, sha256: $sha256, key: $key})-[:POSTER_OF]->(m)
"""
VECTOR = "MATCH (m:Movie {id: $film}) RETURN coalesce(m.embedding_a, m.embedding_b) AS vector"


@pytest.fixture
def shown(planted: Graph, store: BlobStore, tmp_path: Path) -> Graph:
    """The planted graph, with a poster for every third film."""
    for film in range(0, 36, 3):
        add_poster(planted, store, tmp_path, film)
    return planted


def add_poster(graph: Graph, store: BlobStore, folder: Path, film: int) -> None:
    path = folder / f"{film}.png"
    telling_media.picture(np.random.default_rng(film), film % 2, path)
    blob = store.put_bytes(path.read_bytes(), "image/png")
    graph.write(ADD_POSTER, film=str(film), sha256=blob.sha256, key=blob.key)


def blocks(report: TrainReport) -> dict[str, torch.Tensor]:
    tensors, _ = registry.read_tensors(report.folder / registry.MODEL_FILE)
    return {name.removeprefix(BLOCKS): tensor for name, tensor in tensors.items() if name.startswith(BLOCKS)}


def test_the_weights_of_the_image_network_are_part_of_the_model(
    shown: Graph, store: BlobStore, at: Settings, tmp_path: Path
) -> None:
    report = train(shown, store, at, **OPTIONS)
    header = registry.read_header(at, report.model)
    assert list(header.encoders) == ["image_grid"]
    saved, imagenet = blocks(report), LastBlocks().state_dict()
    assert saved.keys() == imagenet.keys()
    assert all(0 < (saved[name] - weight).abs().max() < 0.05 for name, weight in imagenet.items())
    assert report.model in evaluate(shown, store, at, model=report.model).results

    embed(shown, store, at, model=report.model)
    before = torch.tensor(shown.read(VECTOR, film="37")[0]["vector"])
    add_poster(shown, store, tmp_path, 37)
    assert embed(shown, store, at, model=report.model).films > 0
    after = torch.tensor(shown.read(VECTOR, film="37")[0]["vector"])
    assert not torch.allclose(before, after, atol=1e-4)
    problem = load_task(shown, store, at, views=header.model_options().views()).problem
    model, _ = registry.restore(at, report.model, problem)
    with torch.no_grad():
        seen = model.eval().vectors()[1][problem.ripple.ids["item"].index("37")]
        torch.testing.assert_close(seen, after, atol=1e-5, rtol=1e-4)
        network = next(module for module in model.modules() if isinstance(module, LastBlocks))
        network.load_state_dict(imagenet)
        unlearned = model.vectors()[1][problem.ripple.ids["item"].index("37")]
    assert not torch.allclose(unlearned, after, atol=1e-5)


def test_a_model_that_continues_takes_the_image_network_over(
    shown: Graph, store: BlobStore, at: Settings, tmp_path: Path
) -> None:
    parent = train(shown, store, at, **OPTIONS)
    known = blocks(parent)
    add_poster(shown, store, tmp_path, 37)
    child = train(shown, store, at, from_last=True, learning_rate=1e-9, epochs=1)
    assert (child.parent, child.reused) == (parent.model, False)
    assert registry.read_header(at, child.model).options["finetune_image"] == 1
    for name, weight in blocks(child).items():
        torch.testing.assert_close(weight, known[name], atol=1e-6, rtol=1e-6)


def test_nothing_is_encoded_that_the_model_does_not_see(shown: Graph, store: BlobStore, at: Settings) -> None:
    report = train(shown, store, at, dimension=8, epochs=1, image=0)
    assert registry.read_header(at, report.model).encoders == {}
    assert not (at.cache / "features").exists()
