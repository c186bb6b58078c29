"""How good a model is at a cold start: films that nobody clicked, and users who clicked little or are new.

The films and users are those that `gnn.split` holds out whole, so none of their clicks was there to learn
from. Films are ranked the hard way, among all that the user has not seen, where they compete with films that
have clicks; and among the cold films alone. New users are given their first clicks by time, and the model,
as it is, has to rank the others. See `gnn.evaluation` for what is left out of a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnn import heterograph
from gnn.evaluation import CHUNK, SEEN, Split, check_question
from gnn.heterograph import Heterograph
from gnn.memory import guarded
from gnn.metrics import Metrics, UserScores, score_lists, top_k
from gnn.models import Popularity, Recommender
from gnn.problem import load_task
from gnn.registry import fetch, restore
from gnn.sampler import COLD_SPLITS, SPLITS, Clicks
from kg import Graph
from mmkg.errors import GraphError, ModelError
from mmkg.settings import Settings
from storage import BlobStore

FEW = 5
"""A user with at most so many clicks to learn from is a cold one."""

Score = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""From numbers of users, (n,), to scores of all films, (n, items)."""


@dataclass(frozen=True)
class Question:
    """What some users are asked for: which films they click, beyond those that are known of them."""

    users: NDArray[np.int64]
    """(n,) sorted."""
    known: Clicks
    """Clicks whose films are left out of the lists."""
    wanted: Clicks
    """Clicks whose films should be listed."""
    films: NDArray[np.bool_] | None = None
    """(items,) which films may be listed; all unless given."""
    first: Clicks | None = None
    """What new users are given; None for users whom the model has seen."""


@dataclass(frozen=True)
class ColdReport:
    """One row a question and system."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("asked", "model", "recall", "ndcg", "hit", "mrr", "users")

    split: str
    k: int
    results: Mapping[str, Mapping[str, Metrics]]
    """By question and system."""

    def title(self) -> str:
        """Say what was measured."""
        return f"Cold start on the {self.split} clicks, lists of {self.k}"

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table, without its headings."""
        return [
            (asked, system, *(f"{value:.4f}" for value in (m.recall, m.ndcg, m.hit, m.mrr)), str(m.users))
            for asked, systems in self.results.items()
            for system, m in systems.items()
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        results = {
            asked: {system: metrics.to_json() for system, metrics in systems.items()}
            for asked, systems in self.results.items()
        }
        return {"split": self.split, "k": self.k, "results": results}


@guarded("Free some, or train a model of a smaller --dimension")
def evaluate_cold(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    *,
    model: str | None = None,
    split: Split = "test",
    k: int = 10,
) -> ColdReport:
    """Measure popularity and a model, the one trained last unless told, at the cold start.

    Raises:
        UsageError: `k` or `split` makes no sense.
        ModelError: there is no such model, or it was trained on another graph, so it may know too much.
        GraphError: no film and no user is held out whole.
    """
    check_question(split, k)
    header = fetch(graph, store, settings, model)
    views = header.model_options().views()
    task = load_task(graph, store, settings, views=views, splits=SPLITS + COLD_SPLITS)
    if not any(len(task.clicks[name]) for name in COLD_SPLITS if name.endswith(split)):
        raise GraphError(
            "no film and no user is held out whole",
            remedy="Run `mmkg split --cold-films 0.1 --cold-users 0.1`, then `mmkg train`",
        )
    restored, _ = restore(settings, header.id, task.problem)
    if header.graph != task.problem.ripple.fingerprint():
        raise ModelError(
            "the model was trained on another graph, or on ripples: it may know clicks that are held out now",
            where=header.id,
            remedy="Run `mmkg train`, without --sampler, to make one for this graph",
        )
    found = {
        name: measure_cold(system, task.clicks, split, k)
        for name, system in (
            (Popularity.name, Popularity(task.problem, Popularity.defaults)),
            (header.id, restored),
        )
    }
    asked = dict.fromkeys(name for scores in found.values() for name in scores)
    results = {
        name: {system: scores[name].average() for system, scores in found.items() if name in scores}
        for name in asked
    }
    return ColdReport(split, k, results)


def questions(clicks: Mapping[str, Clicks], items: int, split: Split) -> Iterator[tuple[str, Question]]:
    """Yield what is measured, by name; what nobody can be asked is left out.

    Args:
        clicks: those of `SPLITS` and `COLD_SPLITS`.
        items: how many films there are.
        split: `valid` to choose settings, `test` to report.
    """
    known = Clicks.joined([clicks[seen] for seen in SEEN[split]])
    cold, warm, new = clicks[f"cold film {split}"], clicks[split], clicks[f"cold user {split}"]
    of_cold = np.isin(np.arange(items), cold.items)
    trained = np.bincount(clicks["train"].users, minlength=1)
    few = np.flatnonzero((trained > 0) & (trained <= FEW))
    found = [
        ("cold films, among all", Question(np.unique(cold.users), known, cold)),
        ("cold films, among themselves", Question(np.unique(cold.users), known, cold, of_cold)),
        ("other films, among all", Question(np.unique(warm.users), known, warm)),
        (f"users with 1 to {FEW} clicks", Question(np.intersect1d(warm.users, few), known, warm)),
        *_new_users(new),
    ]
    yield from ((name, question) for name, question in found if len(question.users))


def _new_users(clicks: Clicks) -> Iterator[tuple[str, Question]]:
    """Give users who are held out their first clicks; the same users at each number of them."""
    order = np.lexsort((clicks.items, clicks.times, clicks.users))
    users = clicks.users[order]
    rank = np.arange(len(users)) - np.searchsorted(users, users)
    asked = np.unique(users[rank >= FEW])
    for count in range(1, FEW + 1):
        chosen = order[np.isin(users, asked)]
        given = rank[np.isin(users, asked)] < count
        first, wanted = (clicks.taken(np.sort(chosen[part])) for part in (given, ~given))
        name = f"new users, {count} click{'s' * (count > 1)}"
        yield name, Question(asked, first, wanted, first=first)


def ask(question: Question, score: Score, items: int, k: int = 10) -> UserScores:
    """Rank the films for the users of a question.

    Args:
        question: who is asked for what.
        score: scores all films for some of these users.
        items: how many films there are.
        k: length of the lists.
    """
    lists = []
    for start in range(0, len(question.users), CHUNK):
        chunk = question.users[start : start + CHUNK]
        scores = score(chunk).astype(np.float32, copy=True)
        if question.films is not None:
            scores[:, ~question.films] = -np.inf
        row, item = rows_of(question.known, chunk)
        scores[row, item] = -np.inf
        lists.append(top_k(scores, k))
    row, item = rows_of(question.wanted, question.users)
    relevant = np.split(item, np.searchsorted(row, np.arange(1, len(question.users))))
    return score_lists(np.concatenate(lists), relevant, k, items)


def measure_cold(
    model: Recommender, clicks: Mapping[str, Clicks], split: Split, k: int = 10
) -> dict[str, UserScores]:
    """Ask a model all questions; new users are left out for one that cannot make a user of clicks alone."""
    items, known_user = model.problem.items, model.scorer()
    found = {}
    for name, question in questions(clicks, items, split):
        if question.first is None:
            score = partial(_of_known, known_user)
        elif (scores := model.new_users(given(question, items))) is not None:
            score = partial(_looked_up, scores.numpy(), question.users)
        else:
            continue
        found[name] = ask(question, score, items, k)
    return found


def given(question: Question, items: int) -> Heterograph:
    """Return what new users are given, from items to their positions in `question.users`."""
    assert question.first is not None
    position, item = rows_of(question.first, question.users)
    return heterograph.bipartite(
        torch.from_numpy(item), torch.from_numpy(position), items, len(question.users)
    )


def _of_known(score: Callable[[Tensor], Tensor], users: NDArray[np.int64]) -> NDArray[np.float32]:
    return score(torch.from_numpy(users)).numpy()


def _looked_up(
    scores: NDArray[np.float32], known: NDArray[np.int64], users: NDArray[np.int64]
) -> NDArray[np.float32]:
    return scores[np.searchsorted(known, users)]


def rows_of(clicks: Clicks, users: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the clicks of some users, who are sorted: positions in `users`, item numbers."""
    position = np.searchsorted(users, clicks.users).clip(max=len(users) - 1)
    chosen = users[position] == clicks.users
    return position[chosen], clicks.items[chosen]
