"""What both sides of the comparison agree on: the folder in which the clicks, facts and features lie.

The folder is written by `benchmarks/peers_table.py` from the graph and read in the peers' environment. The
test clicks are not in it: a peer gives a score for each user and film, and who wrote the folder measures it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnn.metrics import score_lists, top_k

ARRAYS = "inputs.npz"
ATOMIC = "films"
"""RecBole's name of the data set; by another, `ml-100k`, it would read a copy of its own."""

Scores = NDArray[np.float32]
Evaluate = Callable[[Scores], float]


@dataclass(frozen=True)
class Inputs:
    """Clicks as numbers of users and films, and the films' features."""

    folder: Path
    users: int
    items: int
    train: NDArray[np.int64]
    """(clicks, 2): user, film."""
    valid: NDArray[np.int64]
    """(clicks, 2): user, film."""
    features: dict[str, NDArray[np.float32]]
    """By modality, `text` (films, 384), `image` (films, 1280): the mean of a film's media, or zero."""

    @classmethod
    def read(cls, folder: Path) -> Inputs:
        """Read the folder."""
        with np.load(folder / ARRAYS) as arrays:
            features = {name: arrays[name] for name in ("text", "image") if name in arrays}
            counts = int(arrays["users"]), int(arrays["items"])
            return cls(folder, *counts, arrays["train"], arrays["valid"], features)

    def ndcg(self, scores: Scores, k: int = 10) -> float:
        """Return ndcg@10 on the valid clicks: all films ranked but those of the user's train clicks.

        Args:
            scores: (users, films), higher is better; -inf for a film that the peer does not know.
            k: length of the lists.
        """
        assert scores.shape == (self.users, self.items)
        scores = scores.copy()
        scores[self.train[:, 0], self.train[:, 1]] = -np.inf
        measured = np.unique(self.valid[:, 0])
        relevant = [self.valid[self.valid[:, 0] == user, 1] for user in measured]
        lists = top_k(scores[measured], k)
        return score_lists(lists, relevant, k, self.items).average().ndcg
