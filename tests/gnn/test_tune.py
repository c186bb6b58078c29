from __future__ import annotations

import json
import shlex
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import cli
from gnn import tune as tuning
from gnn.experiment import Budget, experiment
from gnn.models import MODELS
from gnn.models.spaces import SPACES, Between
from gnn.run import Run
from gnn.split import ensure_split
from gnn.tune import TuneReport, tune
from kg import Graph
from mmkg.errors import GraphError, InputError, ModelError, UsageError
from mmkg.lock import held
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import fill

BUDGET = Budget(epochs=2, evaluate_every=1)


def go(graph: Graph, store: BlobStore, at: Settings, **options: Any) -> TuneReport:
    return tune(graph, store, at, **{"budget": BUDGET, "trials": 3, **options})


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The settings of all trainings, in order."""
    seen: list[Any] = []
    real = tuning.fit

    def fit(kind: Any, options: Any, *args: Any, **named: Any) -> Any:
        seen.append(options)
        return real(kind, options, *args, **named)

    monkeypatch.setattr(tuning, "fit", fit)
    return seen


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_space_that_holds_its_defaults(name: str) -> None:
    defaults = MODELS[name].defaults
    assert set(SPACES[name]) <= {field.name for field in fields(defaults)} - {"epochs", "patience"}
    for setting, space in SPACES[name].items():
        value = getattr(defaults, setting)
        if not isinstance(space, Between):
            assert value in space.values, setting
            assert {type(one) for one in space.values} == {type(value)}, setting
        else:
            assert space.low <= value <= space.high, setting


@pytest.mark.parametrize("name", MODELS)
def test_the_first_trial_is_the_defaults(
    planted: Graph, store: BlobStore, at: Settings, tried: list[Any], name: str
) -> None:
    report = go(planted, store, at, model=name, trials=2, budget=Budget(epochs=1, evaluate_every=1))
    assert tried[0] == MODELS[name].defaults.with_changes({"epochs": 1, "evaluate_every": 1, "patience": 6})
    assert tried[1] != tried[0]
    assert report.ndcg >= report.default_ndcg > 0
    assert not list((at.home / "tuning").glob("*.checkpoint"))


def test_tuning_never_reads_the_test_clicks(
    planted: Graph, store: BlobStore, at: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_split(planted)
    held_out = {
        (row["user"], row["item"])
        for row in planted.read(
            "MATCH (u)-[c:CLICKED {split: 'test'}]->(m) RETURN u.id AS user, m.id AS item"
        )
    }
    assert len(held_out) > 20
    seen: set[tuple[str, str]] = set()
    real = Graph.read

    def read(self: Graph, query: str, **parameters: Any) -> list[dict[str, Any]]:
        rows = real(self, query, **parameters)
        for row in rows:
            sources, targets = row.get("users", row.get("sources")), row.get("items", row.get("targets"))
            if sources and targets:
                seen.update(zip(sources, targets, strict=True))
        return rows

    monkeypatch.setattr(Graph, "read", read)
    first = go(planted, store, at)
    assert len(seen) > 100
    assert not seen & held_out
    # And nothing hangs on them: without them, in a data directory that knows nothing, all is the same.
    planted.write("MATCH ()-[c:CLICKED {split: 'test'}]->() DELETE c")
    again = go(planted, store, at.model_copy(update={"home": tmp_path / "other"}))
    assert (again.ndcg, again.settings) == (first.ndcg, first.settings)


def test_an_interrupted_search_finds_what_a_straight_one_finds(
    planted: Graph, store: BlobStore, at: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []
    epochs: list[int] = []
    real = Run._epoch
    cut = [False]

    def epoch(self: Run) -> dict[str, float]:
        if cut[0] and len(epochs) == 3:
            cut[0] = False
            raise KeyboardInterrupt
        epochs.append(len(self.curve))
        tried.append(self.model.options)
        return real(self)

    monkeypatch.setattr(Run, "_epoch", epoch)
    straight = go(planted, store, at.model_copy(update={"home": tmp_path / "straight"}), trials=6)
    plan, tried[:], epochs[:] = list(tried), [], []
    cut[0] = True
    with pytest.raises(KeyboardInterrupt):
        go(planted, store, at, trials=6)
    assert len(tried) == 3  # both epochs of the first trial, one of the second
    resumed = go(planted, store, at, trials=6)
    assert tried == plan
    assert (resumed.ndcg, resumed.settings, resumed.trials) == (straight.ndcg, straight.settings, 6)
    assert go(planted, store, at, trials=6).to_json() == resumed.to_json()
    assert tried == plan  # the same command again tries nothing
    assert go(planted, store, at, trials=7).trials == 7
    assert len(tried) == len(plan) + 2


def test_the_settings_serve_training_and_experiments(
    planted: Graph, store: BlobStore, at: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "best.json"
    nfm = go(planted, store, at, model="nfm", out=file)
    mgnn = go(planted, store, at, model="mgnn", out=file)
    assert json.loads(file.read_text()) == {"nfm": nfm.settings, "mgnn": mgnn.settings}
    report = experiment(
        planted, store, at, tmp_path / "out", systems=["nfm", "mgnn"], seeds=[0], budget=BUDGET, tuned=file
    )
    for tuned in (nfm, mgnn):
        settings = report.outcomes[tuned.model][0].settings
        assert {name: settings[name] for name in tuned.settings} == tuned.settings
        assert max(row["ndcg"] for row in report.outcomes[tuned.model][0].curve) == pytest.approx(tuned.ndcg)
    monkeypatch.setenv("MINIO_BUCKET", store.bucket)
    words = [*shlex.split(mgnn.train_command()), "--epochs", "2", "--set", "evaluate_every=1", "--json"]
    trained = CliRunner().invoke(cli, words[1:])
    assert trained.exit_code == 0, trained.output
    assert json.loads(trained.stdout)["metrics"]["ndcg"] == pytest.approx(mgnn.ndcg)


def test_a_fixed_setting_is_in_every_trial_and_in_what_is_found(
    planted: Graph, store: BlobStore, at: Settings, tried: list[Any], tmp_path: Path
) -> None:
    fixed = {"dimension": 8, "batch_size": 7}  # the second is not searched anyway
    report = go(planted, store, at, model="nfm", fixed=fixed, out=tmp_path / "best.json")
    assert [(options.dimension, options.batch_size) for options in tried] == [(8, 7)] * 3
    assert report.settings.items() > fixed.items()
    assert set(report.settings) == {*SPACES["nfm"], "batch_size"}
    assert json.loads((tmp_path / "best.json").read_text()) == {"nfm": report.settings}
    assert "--dimension 8 --batch-size 7" in report.train_command()
    assert go(planted, store, at, model="nfm", fixed={"dimension": 16}, trials=1).trials == 1  # another study


def test_two_searches_of_one_study_do_not_meet(planted: Graph, store: BlobStore, at: Settings) -> None:
    report = go(planted, store, at, model="nfm")
    (lock,) = (at.home / "tuning").glob("nfm-*.lock")
    with held(lock, ModelError("not expected")):
        with pytest.raises(ModelError, match="another `mmkg tune` is at work on this search for nfm"):
            go(planted, store, at, model="nfm")
        assert go(planted, store, at, model="nfm", seed=1, trials=1).trials == 1
    assert go(planted, store, at, model="nfm").to_json() == report.to_json()


def test_trials_that_fail_count_as_the_worst(
    planted: Graph, store: BlobStore, at: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = tuning.fit, [0]

    def fit(*args: Any, **named: Any) -> Any:
        count[0] += 1
        if count[0] != 2:
            raise ModelError("the loss became nan in epoch 1")
        return real(*args, **named)

    monkeypatch.setattr(tuning, "fit", fit)
    with pytest.raises(ModelError, match="none of 1 trials of mgnn gave a number"):
        go(planted, store, at, trials=1)
    report = go(planted, store, at, trials=3)
    assert (count[0], report.trials, report.default_ndcg) == (3, 3, 0)
    assert report.ndcg > 0


def test_bad_input(graph: Graph, store: BlobStore, at: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean mmgcn"):
        go(graph, store, at, model="mmgnc")
    with pytest.raises(UsageError, match="trials must be above 0"):
        go(graph, store, at, trials=0)
    with pytest.raises(UsageError, match="dimension must be above 0"):
        go(graph, store, at, fixed={"dimension": 0})
    with pytest.raises(UsageError, match=r"no setting dimensoin.*Did you mean dimension"):
        go(graph, store, at, fixed={"dimensoin": 8})
    with pytest.raises(UsageError, match="none is left to search"):
        go(graph, store, at, model="nfm", fixed=asdict(MODELS["nfm"].defaults))
    with pytest.raises(GraphError, match="no click to learn from"):
        go(graph, store, at)
    fill(graph)
    (tmp_path / "bad.json").write_text("[]")
    with pytest.raises(InputError, match="no settings by the name of a model"):
        go(graph, store, at, trials=1, out=tmp_path / "bad.json")
    graph.write("MATCH ()-[c:CLICKED]->() SET c.split = 'train'")
    with pytest.raises(GraphError, match="no valid click"):
        go(graph, store, at)


def test_the_command(
    planted: Graph, store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIO_BUCKET", store.bucket)
    options = ["--model", "nfm", "--trials", "1", "--epochs", "1", "--out", str(tmp_path / "best.json")]
    told = CliRunner().invoke(cli, ["tune", *options])
    assert told.exit_code == 0, told.output
    assert "nfm after 1 trials" in told.stdout
    assert "Train with them: mmkg train --model nfm" in told.stderr
    twice = CliRunner().invoke(cli, ["tune", *options, "--set", "patience=2"])
    assert twice.exit_code == 2
    assert "--patience says this" in twice.stderr
    as_json = json.loads(CliRunner().invoke(cli, ["tune", *options, "--json"]).stdout)
    assert as_json["trials"] == 1
    assert as_json["command"].startswith("mmkg train --model nfm --seed 0 --dimension 64")
