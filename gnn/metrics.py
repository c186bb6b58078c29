"""Ranking metrics over all films. Ties are broken by chance, not by the order in which films are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

TIE_SEED = 20260101


@dataclass(frozen=True)
class Metrics:
    """Averages over the users that have a held-out click."""

    recall: float
    """Share of a user's held-out films among the first k."""
    ndcg: float
    """Discounted gain, `Σ 1/log2(rank + 1)` over the hits, by that of the best possible list."""
    hit: float
    """Share of users with at least one hit."""
    mrr: float
    """One over the rank of the first hit, 0 without one."""
    coverage: float
    """Share of all films that are in some user's list."""
    users: int
    """Users averaged over."""

    def to_json(self) -> dict[str, float | int]:
        """Return the numbers as plain values."""
        return asdict(self)


def top_k(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Rank the films of each user, best first.

    Equal scores are ordered by a fixed random order of the films, the same for every model.

    Args:
        scores: (users, items); -inf for a film that must not be listed.
        k: length of the list.

    Returns:
        (users, k) item numbers; fewer columns where there are fewer films.
    """
    order = np.random.default_rng(TIE_SEED).permutation(scores.shape[1])
    ranked = np.argsort(-scores[:, order], axis=1, kind="stable")[:, :k]
    return order[ranked]


@dataclass(frozen=True)
class UserScores:
    """The metrics user by user, (users,) each; they average to `Metrics`, which says what each means."""

    recall: NDArray[np.float64]
    ndcg: NDArray[np.float64]
    hit: NDArray[np.float64]
    mrr: NDArray[np.float64]
    coverage: float
    """Of all these users' lists together."""

    def average(self) -> Metrics:
        """Average over the users."""
        return Metrics(
            recall=float(self.recall.mean()),
            ndcg=float(self.ndcg.mean()),
            hit=float(self.hit.mean()),
            mrr=float(self.mrr.mean()),
            coverage=self.coverage,
            users=len(self.recall),
        )

    def columns(self) -> Mapping[str, NDArray[np.float64]]:
        """Return the metrics by name."""
        return {"recall": self.recall, "ndcg": self.ndcg, "hit": self.hit, "mrr": self.mrr}


def score_lists(
    lists: NDArray[np.int64], relevant: list[NDArray[np.int64]], k: int, items: int
) -> UserScores:
    """Compare recommended lists with the held-out films.

    Args:
        lists: (users, k) from `top_k`.
        relevant: the held-out item numbers of each user, at least one each.
        k: length of a full list, for the best possible gain.
        items: how many films there are.
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    recall, ndcg, hit, mrr = (np.zeros(len(lists)) for _ in range(4))
    for user, (ranked, wanted) in enumerate(zip(lists, relevant, strict=True)):
        hits = np.isin(ranked, wanted)
        recall[user] = hits.sum() / len(wanted)
        ndcg[user] = discounts[: len(hits)][hits].sum() / discounts[: len(wanted)].sum()
        if hits.any():
            hit[user] = 1
            mrr[user] = 1 / (1 + hits.argmax())
    return UserScores(recall, ndcg, hit, mrr, coverage=len(np.unique(lists)) / items)
