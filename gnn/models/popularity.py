"""The baseline that knows no one: the same films for everybody, the most clicked first."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gnn.heterograph import Heterograph
from gnn.models.base import Recommender


class Popularity(Recommender):
    """`score(u, i) = clicks of i in training`. It has nothing to train and gives no vectors."""

    name = "popularity"

    def scorer(self) -> Callable[[Tensor], Tensor]:
        """Make a function from numbers of users, (n,), to the scores of all items, (n, items)."""
        clicks = torch.bincount(
            torch.from_numpy(self.problem.clicks.items), minlength=self.problem.items
        ).float()
        return lambda numbers: clicks.expand(len(numbers), -1)

    def new_users(self, clicks: Heterograph) -> Tensor:
        """Score all films for users of whom nothing but clicks is known: as for everybody."""
        return self.scorer()(torch.arange(clicks.num_dst_nodes()))
