from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gnn import curve, registry
from gnn.models import MODELS
from gnn.models.mgnn import Mgnn
from gnn.problem import load_task
from gnn.promotion import delete
from gnn.run import Run
from gnn.training import CHECKPOINT, TrainReport, train
from kg import Graph
from mmkg.errors import GraphError, ModelError, UsageError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import ADD_CLICK

SMALL = {"dimension": 8, "epochs": 20, "learning_rate": 0.05}
MODEL_NODE = "MATCH (m:Model) RETURN properties(m) AS m"


def weights(report: TrainReport) -> dict[str, torch.Tensor]:
    return registry.read_tensors(report.folder / registry.MODEL_FILE)[0]


def test_training_finds_the_planted_taste(planted: Graph, store: BlobStore, at: Settings) -> None:
    report = train(planted, store, at, seed=3, **SMALL)
    # A user has 34 films left to list, 14 of them of his taste and 2 of these wanted: chance is at .29.
    assert report.metrics["recall"] > 0.5
    assert not report.reused
    rows = curve.load(report.folder)
    assert len(rows) == report.epochs
    assert rows[0]["loss"] > rows[-1]["loss"]
    assert (report.folder / curve.PICTURE_FILE).read_bytes().startswith(b"\x89PNG")
    assert not (report.folder / CHECKPOINT).exists()
    header = registry.read_header(at, report.model)
    assert (header.name, header.seed, header.options["dimension"]) == ("mgnn", 3, 8)
    (row,) = planted.read(MODEL_NODE)
    assert row["m"]["id"] == report.model
    assert json.loads(row["m"]["metrics"])["ndcg"] == pytest.approx(report.metrics["ndcg"])
    assert "active" not in row["m"]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_same_seed_gives_the_same_numbers(
    planted: Graph, store: BlobStore, at: Settings, name: str
) -> None:
    options = {**SMALL, "model": name, "epochs": 5}
    first = train(planted, store, at, seed=1, **options)
    one = weights(first)
    again = train(planted, store, at, seed=1, force=True, **options)
    assert (again.model, again.reused) == (first.model, False)
    for key, tensor in weights(again).items():
        assert torch.equal(one[key], tensor), key
    other = train(planted, store, at, seed=2, **options)
    assert any(not torch.equal(one[key], tensor) for key, tensor in weights(other).items())


def test_the_very_model_is_not_trained_twice(planted: Graph, store: BlobStore, at: Settings) -> None:
    first = train(planted, store, at, **SMALL)
    second = train(planted, store, at, **SMALL)
    assert second.reused
    assert (second.model, second.metrics, second.best_epoch) == (first.model, first.metrics, first.best_epoch)
    planted.write(ADD_CLICK, user="0", film="1", split=None)
    assert not train(planted, store, at, **SMALL).reused


KILLED = """
import json, os, signal, sys
from gnn.run import Run
from gnn.training import train
from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore

save = Run._save
def save_and_die(self, model_id):
    save(self, model_id)
    if len(self.curve) >= 10:
        os.kill(os.getpid(), signal.SIGKILL)
Run._save = save_and_die
settings = Settings.model_validate(json.load(sys.stdin))
with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
    train(graph, store, settings, dimension=8, epochs=20, learning_rate=0.05, patience=100)
"""


def test_a_killed_training_goes_on_as_if_nothing_had_happened(
    planted: Graph, store: BlobStore, at: Settings, tmp_path: Path
) -> None:
    at_store = at.model_copy(update={"minio_bucket": store.bucket})
    options = {**SMALL, "patience": 100}
    straight = train(planted, store, at_store.model_copy(update={"home": tmp_path / "straight"}), **options)
    told = at_store.model_dump(mode="json") | {
        "neo4j_password": at.neo4j_password.get_secret_value(),
        "minio_secret_key": at.minio_secret_key.get_secret_value(),
    }
    kept = weights(straight)
    delete(planted, store, at_store, straight.model)  # or the graph would have the model already
    command = [sys.executable, "-c", KILLED]
    killed = subprocess.run(command, input=json.dumps(told), check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (at_store.home / "models" / straight.model).exists()
    assert (at_store.home / "models" / ".training" / straight.model / CHECKPOINT).exists()
    resumed = train(planted, store, at_store, **options)
    assert (resumed.model, resumed.epochs, resumed.best_epoch) == (straight.model, 20, straight.best_epoch)
    assert resumed.metrics == straight.metrics
    for key, tensor in kept.items():
        assert torch.equal(weights(resumed)[key], tensor), key


def test_a_damaged_checkpoint_is_left_aside(planted: Graph, store: BlobStore, at: Settings) -> None:
    report = train(planted, store, at, **SMALL)
    checkpoint = at.home / "models" / ".training" / report.model / CHECKPOINT
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"not a checkpoint")
    again = train(planted, store, at, force=True, **SMALL)
    assert again.metrics == report.metrics


@pytest.fixture
def broken_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Mgnn.loss

    def loss(self: Mgnn, batch: torch.Tensor) -> Any:
        return real(self, batch) * float("nan")

    monkeypatch.setattr(Mgnn, "loss", loss)


def test_a_loss_that_is_no_number_leaves_the_last_good_model(
    planted: Graph, store: BlobStore, at: Settings, request: pytest.FixtureRequest
) -> None:
    good = train(planted, store, at, **SMALL)
    kept = weights(good)
    request.getfixturevalue("broken_loss")
    with pytest.raises(ModelError, match="the loss became nan in epoch 1"):
        train(planted, store, at, force=True, **SMALL)
    for key, tensor in weights(good).items():
        assert torch.equal(kept[key], tensor)
    assert [row["m"]["id"] for row in planted.read(MODEL_NODE)] == [good.model]


def test_training_stops_when_the_valid_clicks_gain_no_more(
    planted: Graph, store: BlobStore, at: Settings
) -> None:
    options = {**SMALL, "epochs": 500, "evaluate_every": 1, "patience": 3}
    report = train(planted, store, at, **options)
    assert report.epochs == report.best_epoch + 3
    assert report.epochs < 500


def test_few_clicks_leave_nothing_to_validate_on(graph: Graph, store: BlobStore, at: Settings) -> None:
    graph.write("CREATE (:User {id: '1'})-[:CLICKED]->(:Item:Movie {id: '1'}), (:Item:Movie {id: '2'})")
    report = train(graph, store, at, **{**SMALL, "epochs": 3})
    assert (report.epochs, report.best_epoch, report.metrics) == (3, 3, {})
    assert len(load_task(graph, store, at).clicks["valid"]) == 0


def test_wrong_settings_and_an_empty_graph(graph: Graph, store: BlobStore, at: Settings) -> None:
    with pytest.raises(UsageError, match="there is no model 'gpt'"):
        train(graph, store, at, model="gpt")
    with pytest.raises(UsageError, match="no setting colour"):
        train(graph, store, at, colour=1)
    with pytest.raises(GraphError, match="no click"):
        train(graph, store, at)


def test_a_run_that_has_no_checkpoint_starts_at_the_beginning(
    planted: Graph, store: BlobStore, at: Settings
) -> None:
    task = load_task(planted, store, at)
    run = Run(Mgnn(task.problem, Mgnn.defaults), task, at.home / CHECKPOINT)
    run.resume("mgnn-0")
    assert run.curve == []
