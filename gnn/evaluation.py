"""How good a model is: full ranking of all films for every user with a held-out click.

For `test`, the films of a user's train and valid clicks are left out of the list; for `valid`, those of the
train clicks. The model's vectors come from the train clicks alone in both cases. See `gnn.metrics` for ties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gnn.memory import guarded
from gnn.metrics import Metrics, UserScores, score_lists, top_k
from gnn.models import Popularity, Recommender
from gnn.registry import fetch, restore
from gnn.ripples import RippleLearner
from gnn.sampled import load_trained
from gnn.sampler import Clicks
from kg import Graph
from mmkg.errors import GraphError, UsageError
from mmkg.settings import Settings
from storage import BlobStore

Split = Literal["valid", "test"]
SEEN: dict[str, tuple[str, ...]] = {"valid": ("train",), "test": ("train", "valid")}
CHUNK = 1024


@dataclass(frozen=True)
class EvaluationReport:
    """One row a system."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("model", "recall", "ndcg", "hit", "mrr", "coverage", "users")

    split: str
    k: int
    results: Mapping[str, Metrics]

    def title(self) -> str:
        """Say what was measured."""
        return f"Full ranking on the {self.split} clicks, lists of {self.k}"

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table, without its headings."""
        return [
            (name, *(f"{value:.4f}" for value in (m.recall, m.ndcg, m.hit, m.mrr, m.coverage)), str(m.users))
            for name, m in self.results.items()
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "split": self.split,
            "k": self.k,
            "results": {name: metrics.to_json() for name, metrics in self.results.items()},
        }


@guarded("Free some, or train a model of a smaller --dimension")
def evaluate(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    *,
    model: str | None = None,
    split: Split = "test",
    k: int = 10,
) -> EvaluationReport:
    """Measure popularity and a model, the one trained last unless told.

    A model that was trained on ripples by Cypher is measured so, on 2,000 users at most; films are popular by
    their clicks.

    Raises:
        UsageError: `k` or `split` makes no sense.
        ModelError: there is no such model, or it was made for another graph.
        GraphError: no click is held out.
    """
    check_question(split, k)
    header = fetch(graph, store, settings, model)
    task = load_trained(graph, store, settings, header, split=split)
    measured_users(task.clicks, split)
    restored, _ = restore(settings, header.id, task.problem)
    systems: dict[str, Recommender] = {
        Popularity.name: Popularity(task.problem, Popularity.defaults),
        header.id: RippleLearner(restored, task.source).judge() if task.source else restored,
    }
    return EvaluationReport(
        split, k, {name: measure(system, task.clicks, split, k) for name, system in systems.items()}
    )


def check_question(split: str, k: int) -> None:
    """See that a measurement makes sense.

    Raises:
        UsageError: it does not.
    """
    if split not in SEEN or k < 1:
        raise UsageError(
            f"split {split!r} or k = {k} makes no sense", remedy="Say valid or test, and k above 0"
        )


def measure(model: Recommender, clicks: Mapping[str, Clicks], split: str, k: int = 10) -> Metrics:
    """Rank all films for the users with a click in `split` and average the metrics.

    Raises:
        GraphError: there is no such user.
    """
    return measure_users(model, clicks, split, k).average()


def measured_users(clicks: Mapping[str, Clicks], split: str) -> NDArray[np.int64]:
    """Return the numbers of the users with a click in `split`, sorted: those that are measured.

    Raises:
        GraphError: there is no such user.
    """
    if not len(clicks[split]):
        raise GraphError(
            f"there is no {split} click to measure on",
            remedy="Ingest with --split, or more clicks: a user needs about five of them",
        )
    return np.unique(clicks[split].users)


def measure_users(model: Recommender, clicks: Mapping[str, Clicks], split: str, k: int = 10) -> UserScores:
    """Rank all films for the users with a click in `split`, in the order of `measured_users`.

    Raises:
        GraphError: there is no such user.
    """
    users, held_out = measured_users(clicks, split), clicks[split]
    first = np.searchsorted(held_out.users, users)
    relevant = np.split(held_out.items, first[1:])
    score = model.scorer()
    lists = []
    for start in range(0, len(users), CHUNK):
        chunk = users[start : start + CHUNK]
        scores = score(torch.from_numpy(chunk)).numpy().astype(np.float32, copy=True)
        for seen in SEEN[split]:
            row, item = _rows_of(clicks[seen], chunk)
            scores[row, item] = -np.inf
        lists.append(top_k(scores, k))
    return score_lists(np.concatenate(lists), relevant, k, model.problem.items)


def _rows_of(clicks: Clicks, users: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the clicks of some users, who are sorted: positions in `users`, item numbers."""
    position = np.searchsorted(users, clicks.users).clip(max=len(users) - 1)
    chosen = users[position] == clicks.users
    return position[chosen], clicks.items[chosen]
