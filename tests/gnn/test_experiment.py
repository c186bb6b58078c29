from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from scipy import stats

from cli import cli
from gnn import experiment as experiments
from gnn.experiment import SYSTEMS, Budget, ExperimentReport, experiment
from gnn.models.mgnn import PARTS
from gnn.run import Run
from kg import Graph
from mmkg.errors import GraphError, InputError, ModelError, UsageError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import FILMS, USERS, fill, planted_problem

BUDGET = Budget(epochs=2, evaluate_every=1, patience=5)
FEW = ("popularity", "nfm", "mgnn")


@pytest.fixture
def with_media(planted: Graph, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """The planted graph, where texts and images tell the parity of a film; no file has to be encoded."""

    def load(*args: Any, **kwargs: Any) -> Any:
        task = real(*args, **kwargs)
        random = np.random.default_rng(0)
        parity = (np.arange(FILMS) % 2)[:, None]
        features = {
            name: (random.normal(size=(FILMS, 6)) + 3 * parity).astype(np.float32)
            for name in ("text", "image")
        }
        problem = planted_problem(**features)
        return replace(task, problem=replace(problem, clicks=task.clicks["train"]))

    real = experiments.load_task
    monkeypatch.setattr(experiments, "load_task", load)
    return planted


def go(graph: Graph, store: BlobStore, at: Settings, folder: Path, **options: Any) -> ExperimentReport:
    return experiment(graph, store, at, folder, **{"budget": BUDGET, "seeds": (0, 1), **options})


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that were trained, in order."""
    names: list[str] = []
    real = Run.until_the_end

    def until_the_end(self: Run, model_id: str) -> None:
        names.append(self.model.name)
        real(self, model_id)

    monkeypatch.setattr(Run, "until_the_end", until_the_end)
    return names


def test_all_systems_in_one_table(planted: Graph, store: BlobStore, at: Settings, tmp_path: Path) -> None:
    before = planted.read("MATCH (n) RETURN count(n) AS n")
    tuned = tmp_path / "settings.json"
    tuned.write_text(json.dumps({"mgnn-paper": {"dimension": 8}, "mgnn": {"dimension": 8}}))
    report = go(planted, store, at, tmp_path / "out", seeds=(0,), budget=Budget(epochs=1), tuned=tuned)
    (table,) = report.tables  # there are no media, so there is no Table 3
    assert tuple(table.cells) == SYSTEMS
    assert [row[0] for row in table.rows()] == list(SYSTEMS)
    assert {len(row) for row in table.rows()} == {len(table.HEADINGS)}
    assert report.outcomes["mgnn-paper"][0].settings["dimension"] == 8
    assert {run.settings["epochs"] for runs in report.outcomes.values() for run in runs} == {1}
    assert planted.read("MATCH (n) RETURN count(n) AS n") == before  # no Model node among others


def test_mean_spread_and_significance_are_those_of_the_users(
    planted: Graph, store: BlobStore, at: Settings, tmp_path: Path
) -> None:
    report = go(planted, store, at, tmp_path, systems=FEW, seeds=(0, 1, 2))
    (table,) = report.tables
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == USERS * (1 + 3 + 3)

    def users(system: str, metric: str) -> np.ndarray:
        values = [float(row[metric]) for row in rows if row["run"] == system]
        return np.reshape(values, (-1, USERS))

    for metric in ("recall", "ndcg"):
        by_seed = users("mgnn", metric).mean(1)
        cell = table.cells["mgnn"][metric]
        assert cell.mean == pytest.approx(by_seed.mean())
        assert cell.spread == pytest.approx(by_seed.std(ddof=1))
        assert table.cells["popularity"][metric].spread is None
        best = max(("popularity", "nfm"), key=lambda name: users(name, metric).mean())
        assert table.references[metric] == best
        assert table.cells[best][metric].comparison is None
        others = [name for name in FEW if name != best]
        p = [
            stats.ttest_rel(users(name, metric).mean(0), users(best, metric).mean(0)).pvalue
            for name in others
        ]
        found = [table.cells[name][metric].comparison for name in others]
        assert min(c.p for c in found if c) == pytest.approx(min(1, 2 * min(p)))
    kept = json.loads((tmp_path / "results.json").read_text())
    assert len(kept["runs"]) == 7
    assert len(kept["runs"][-1]["users"]["user"]) == USERS


def test_what_is_finished_is_not_done_again(
    planted: Graph, store: BlobStore, at: Settings, tmp_path: Path, trained: list[str]
) -> None:
    first = go(planted, store, at, tmp_path, systems=("popularity", "mgnn"))
    assert trained == ["mgnn", "mgnn"]
    again = go(planted, store, at, tmp_path, systems=("popularity", "mgnn"))
    assert len(trained) == 2
    assert again.to_json() == first.to_json()
    go(planted, store, at, tmp_path, systems=FEW)
    assert trained[2:] == ["nfm", "nfm"]
    go(planted, store, at, tmp_path, systems=["mgnn"], budget=Budget(epochs=3))  # other settings, other runs
    assert trained[4:] == ["mgnn", "mgnn"]
    next((tmp_path / "runs").glob("nfm-*.json")).write_text("{ cut off")
    go(planted, store, at, tmp_path, systems=FEW)
    assert trained[6:] == ["nfm"]
    test_click = "MATCH (u)-[c:CLICKED {split: 'test'}]->() WITH c ORDER BY u.id LIMIT 1 DELETE c"
    planted.write(test_click)  # numbers on other test clicks are other numbers
    go(planted, store, at, tmp_path, systems=["mgnn"])
    assert trained[7:] == ["mgnn", "mgnn"]


def test_an_interrupted_training_goes_on(
    planted: Graph, store: BlobStore, at: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = go(planted, store, at, tmp_path / "straight", systems=["mgnn"], seeds=[0])
    real, epochs = Run._epoch, []

    def epoch(self: Run) -> dict[str, float]:
        if epochs == [1]:
            epochs.append(0)
            raise KeyboardInterrupt
        epochs.append(len(self.curve) + 1)
        return real(self)

    monkeypatch.setattr(Run, "_epoch", epoch)
    with pytest.raises(KeyboardInterrupt):
        go(planted, store, at, tmp_path / "cut", systems=["mgnn"], seeds=[0])
    resumed = go(planted, store, at, tmp_path / "cut", systems=["mgnn"], seeds=[0])
    assert epochs == [1, 0, 2]
    assert resumed.outcomes["mgnn"][0].test == straight.outcomes["mgnn"][0].test
    assert not list((tmp_path / "cut" / "runs").glob("*.checkpoint"))


def test_each_modality_is_left_out_and_alone(
    with_media: Graph, store: BlobStore, at: Settings, tmp_path: Path, trained: list[str]
) -> None:
    report = go(with_media, store, at, tmp_path, systems=["mgnn"], seeds=[0])
    second, third = report.tables
    # Without one of two the other is alone: that is one system and one row.
    assert list(third.cells) == ["all media", "without text", "without image", "no media"]
    assert third.references == {"recall": "all media", "ndcg": "all media"}
    assert len(trained) == 4  # with all media it is the system of Table 2, which is not trained again
    assert third.cells["all media"]["ndcg"].mean == second.cells["mgnn"]["ndcg"].mean
    assert second.references == {}
    settings = report.outcomes["mgnn, without image"][0].settings
    assert (settings["text"], settings["image"]) == (1, 0)
    assert len(go(with_media, store, at, tmp_path, systems=["mgnn"], modalities=False).tables) == 1


def test_a_run_is_found_whatever_it_is_compared_with(
    with_media: Graph, store: BlobStore, at: Settings, tmp_path: Path, trained: list[str]
) -> None:
    for systems in (["nfm"], ["nfm", "tgnn"], ["tgnn", "mmgcn"]):
        go(with_media, store, at, tmp_path, systems=systems, seeds=[0])
    assert trained == ["nfm", "tgnn", "mmgcn"]


def test_each_part_is_left_out(
    with_media: Graph, store: BlobStore, at: Settings, tmp_path: Path, trained: list[str]
) -> None:
    tuned = tmp_path / "settings.json"
    tuned.write_text(json.dumps({"mgnn": {"fact_dropout": 0.0}}))
    report = go(
        with_media,
        store,
        at,
        tmp_path,
        systems=["mgnn"],
        seeds=[0],
        tuned=tuned,
        modalities=False,
        parts=True,
    )
    fourth = report.tables[1]
    left_out = [f"without {part}" for part in PARTS if part != "fact dropout"]  # which it lacks anyhow
    assert list(fourth.cells) == ["all parts", *left_out]
    assert fourth.references == {"recall": "all parts", "ndcg": "all parts"}
    assert len(trained) == 1 + len(left_out)
    whole = report.outcomes["mgnn"][0].settings
    for part, setting in PARTS.items():
        if part != "fact dropout":
            found = report.outcomes[f"mgnn, without {part}"][0].settings
            assert {name for name in whole if found[name] != whole[name]} == set(setting)


def test_the_page_holds_everything(
    with_media: Graph, store: BlobStore, at: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = go(with_media, store, at, tmp_path, systems=FEW, seeds=[0])
    page = (tmp_path / "report.html").read_text()
    for table in report.tables:
        assert f"<h2>{table.name}" in page
        for row in table.rows():
            assert all(f"<td>{cell}</td>" in page for cell in row if "<" not in cell)
    assert "Holm" in page
    assert f"<td>{FILMS}</td>" in page
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 3
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    for name in ("table2.png", "table3.png", "curves.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 500
    with (tmp_path / "table3.csv").open(newline="") as file:
        assert [row["system"] for row in csv.DictReader(file)] == list(report.tables[1].cells)
    assert not list(tmp_path.rglob("*.tmp"))
    said = capsys.readouterr()
    assert said.out == ""
    assert "[2/6] nfm, seed 0" in said.err
    assert re.search(r"\[6/6\] mgnn, no media, seed 0, about \d+ s left", said.err)


def test_a_training_that_fails_costs_no_other(
    planted: Graph, store: BlobStore, at: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = experiments.fit

    def fit(kind: Any, *args: Any, **options: Any) -> Any:
        if kind.name == "nfm":
            raise ModelError("the loss became nan <in epoch 1>")
        return real(kind, *args, **options)

    monkeypatch.setattr(experiments, "fit", fit)
    report = go(planted, store, at, tmp_path, systems=FEW, seeds=[0])
    assert list(report.tables[0].cells) == ["popularity", "mgnn"]
    assert list(report.failures) == ["nfm, seed 0"]
    assert "the loss became nan &lt;in epoch 1&gt;" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{", InputError, "is no JSON"),
        ("[1]", InputError, "no settings by the name of a model"),
        ('{"mgn": {}}', UsageError, "no system 'mgn'. Did you mean mgnn"),
        ('{"mgnn": {"temprature": 1}}', UsageError, "no setting temprature. Did you mean temperature"),
        ('{"mgnn": {"dimension": "wide"}}', UsageError, "dimension must be a whole number"),
        ('{"mgnn": {"epochs": 500}}', UsageError, "the budget is the same for all"),
    ],
)
def test_settings_that_make_no_sense_cost_no_training(
    graph: Graph,
    store: BlobStore,
    at: Settings,
    tmp_path: Path,
    text: str,
    error: type[Exception],
    message: str,
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(error, match=re.escape(message)):
        go(graph, store, at, tmp_path, tuned=path)


def test_bad_input(graph: Graph, store: BlobStore, at: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        go(graph, store, at, tmp_path, tuned=tmp_path / "none.json")
    with pytest.raises(UsageError, match="Did you mean ripplenet"):
        go(graph, store, at, tmp_path, systems=["riplenet"])
    with pytest.raises(UsageError, match="epochs must be above 0"):
        go(graph, store, at, tmp_path, budget=Budget(epochs=0))
    with pytest.raises(GraphError, match="no click to learn from"):
        go(graph, store, at, tmp_path)
    fill(graph)
    graph.write("MATCH ()-[c:CLICKED]->() SET c.split = 'train'")
    with pytest.raises(GraphError, match="no valid click to measure on"):
        go(graph, store, at, tmp_path)


def test_the_command(
    planted: Graph,
    store: BlobStore,
    at: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MINIO_BUCKET", store.bucket)
    options = ["--systems", "popularity,mgnn", "--seeds", "0", "--epochs", "1", "--out", str(tmp_path / "o")]
    told = CliRunner().invoke(cli, ["experiment", *options])
    assert told.exit_code == 0, told.output
    assert "Table 2" in told.stdout
    assert f"Report: {tmp_path / 'o' / 'report.html'}" in told.stderr
    as_json = CliRunner().invoke(cli, ["experiment", *options, "--json"])
    assert set(json.loads(as_json.stdout)["tables"][0]["cells"]) == {"popularity", "mgnn"}
    assert "2 of 2 runs are there already" in as_json.stderr
    assert CliRunner().invoke(cli, ["experiment", "--seeds", "one"]).exit_code == 2
