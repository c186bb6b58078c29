"""Do other settings of `mgnn` do better? Cross-validated in the train and valid clicks of MovieLens 100K.

    MMKG_HOME=/tmp/ml100k python benchmarks/cross_validation.py DATA --set temperature=0.3 [--set ...]

DATA is as for `ml100k.py`. One set of valid clicks tells settings apart that differ by more than chance in
940 users; five folds of the train and valid clicks tell more, and the test clicks stay unseen. Each fold is
asked for once, by a model that learned from four fifths of the rest and stopped early by the last fifth. Each
`--set`, with commas between several settings, is compared with the defaults. Finished trainings are kept in
the folder `cross-validation` of MMKG_HOME.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
from ml100k_home import ingested_home
from numpy.typing import NDArray

from gnn.evaluation import measure_users
from gnn.models.mgnn import Mgnn, MgnnOptions
from gnn.problem import Task, load_task
from gnn.sampler import Clicks
from gnn.significance import compare
from gnn.training import fit
from kg import Graph
from mmkg.console import log, print_table
from mmkg.files import write_whole
from storage import BlobStore

FOLDS = 5
METRICS = ("recall", "ndcg")
HEADINGS = ("settings", "recall@10", "p", "ndcg@10", "p")
Scores = dict[str, NDArray[np.float64]]


def main() -> None:
    """Ingest, train a model a fold and setting, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER[,...]")
    arguments = parser.parse_args()
    settings = ingested_home(arguments.data)
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        task = load_task(graph, store, settings)
    folder = settings.home / "cross-validation"
    folder.mkdir(exist_ok=True)
    found = {"the defaults": scores(task, Mgnn.defaults, folder)}
    for text in arguments.set:
        found[text] = scores(task, Mgnn.defaults.with_changes(changes(text)), folder)
    show(found)


def changes(text: str) -> Mapping[str, float]:
    """Read a=1,b=0.5; a setting that is a whole number stays one."""
    pairs = (part.split("=") for part in text.split(","))
    return {name: int(number) if number.isdigit() else float(number) for name, number in pairs}


def scores(task: Task, options: MgnnOptions, folder: Path) -> Scores:
    """Train on each fold's other clicks; return the metrics of the users, fold by fold."""
    found: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for fold in range(FOLDS):
        part = fold_of(task, fold)
        told = json.dumps([asdict(options), fold, task.problem.ripple.fingerprint(), dict(task.encoders)])
        path = folder / f"{sha256(told.encode()).hexdigest()[:16]}.json"
        if not path.exists():
            done = fit(Mgnn, options, part, path.with_suffix(".checkpoint"), seed=fold, run_id=path.stem)
            done.model.load_state_dict(done.best)
            users = measure_users(done.model, part.clicks, "test")
            write_whole(path, json.dumps({metric: getattr(users, metric).tolist() for metric in METRICS}))
            log(f"fold {fold}: {users.average().to_json()}")
        for metric, values in json.loads(path.read_text()).items():
            found[metric] += values
    return {metric: np.array(values) for metric, values in found.items()}


def fold_of(task: Task, fold: int) -> Task:
    """Return the task with a fold of the train and valid clicks as its test clicks."""
    random = np.random.default_rng(7)
    clicks = Clicks.joined([task.clicks[name] for name in ("train", "valid")])
    number = random.integers(FOLDS, size=len(clicks))
    stopping = random.random((FOLDS, len(clicks)))[fold] < 0.2
    parts = {
        "train": clicks.taken((number != fold) & ~stopping),
        "valid": clicks.taken((number != fold) & stopping),
        "test": clicks.taken(number == fold),
    }
    return replace(task, problem=replace(task.problem, clicks=parts["train"]), clicks=parts)


def show(found: Mapping[str, Scores]) -> None:
    """Print means over the folds' users, and p-values against the defaults (paired t-test, Holm)."""
    (_, reference), *others = found.items()
    compared = {
        metric: compare({name: values[metric] for name, values in others}, reference[metric])
        for metric in METRICS
    }
    rows = []
    for name, values in found.items():
        row: list[object] = [name]
        for metric in METRICS:
            comparison = compared[metric].get(name)
            row += [f"{values[metric].mean():.4f}", f"{comparison.p:.4f}" if comparison else ""]
        rows.append(row)
    title = f"{FOLDS} folds of train and valid clicks, {len(reference['recall'])} users in all"
    print_table(HEADINGS, rows, title=f"{title}; {platform.machine()}, {date.today()}")


if __name__ == "__main__":
    main()
