"""The models on MovieLens 100K with its fixed split, against popularity and EASE, in one run.

    MMKG_HOME=/tmp/ml100k python benchmarks/ml100k.py DATA [--models mgnn,nfm] [--seeds 0,1,2]

DATA holds RecBole's atomic files and, as far as there are, `films.csv`, `posters/` and `split/`. The servers
that run on MMKG_HOME are used, or started; it should be a folder of its own.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from ml100k_home import ingested_home
from torch import Tensor

from gnn import command
from gnn.evaluation import measure
from gnn.metrics import Metrics
from gnn.models import Options, Popularity, Recommender
from gnn.problem import Task, load_task
from gnn.registry import restore
from kg import Graph
from mmkg.console import print_table
from storage import BlobStore

PENALTIES = (50, 100, 200, 300, 500, 1000)
HEADINGS = ("model", "seed", "recall@10", "ndcg@10", "coverage", "train s")


class Ease(Recommender):
    """EASE (Steck 2019): `B = I - P / diag(P)`, `P = (X'X + λI)^-1`, scores `X B`."""

    name = "ease"

    def __init__(self, task: Task, penalty: float) -> None:
        super().__init__(task.problem, Options())
        clicks = task.problem.clicks
        seen = np.zeros((self.problem.users, self.problem.items))
        seen[clicks.users, clicks.items] = 1
        inverse = np.linalg.inv(seen.T @ seen + penalty * np.eye(self.problem.items))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0)
        self.scores = torch.from_numpy(seen @ weights)

    def scorer(self) -> Callable[[Tensor], Tensor]:
        """Return the rows of the score matrix."""
        return lambda users: self.scores[users]


def main() -> None:
    """Ingest, train each model with each seed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", default="mgnn")
    parser.add_argument("--seeds", default="0,1,2")
    arguments = parser.parse_args()
    data: Path = arguments.data
    settings = ingested_home(data)
    rows = []
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        task = load_task(graph, store, settings)
        popularity = measure(Popularity(task.problem, Options()), task.clicks, "test")
        rows.append(_row("popularity", "", popularity, 0.0))
        start = perf_counter()
        candidates = {penalty: Ease(task, penalty) for penalty in PENALTIES}
        best = max(PENALTIES, key=lambda penalty: measure(candidates[penalty], task.clicks, "valid").ndcg)
        ease = measure(candidates[best], task.clicks, "test")
        rows.append(_row(f"EASE, λ = {best} by valid", "", ease, perf_counter() - start))
    for name in arguments.models.split(","):
        for seed in map(int, arguments.seeds.split(",")):
            start = perf_counter()
            trained = command.train(settings, model=name, seed=seed, force=True)
            seconds = perf_counter() - start
            model, _ = restore(settings, trained.model, task.problem)
            rows.append(_row(name, str(seed), measure(model, task.clicks, "test"), seconds))
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, {date.today()}"
    print_table(HEADINGS, rows, title=f"Test clicks of {data.name}, full ranking; {machine}")


def _row(name: str, seed: str, metrics: Metrics, seconds: float) -> tuple[object, ...]:
    return name, seed, metrics.recall, metrics.ndcg, metrics.coverage, f"{seconds:.0f}"


if __name__ == "__main__":
    main()
