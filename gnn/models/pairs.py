"""What models share that score a user and a film as a pair, by a network and not by a dot product.

They learn to tell each click from a film drawn at random: with `s` the score and `j` the drawn film,

    L = - Σ_(u,i) [log sigmoid(s(u, i)) + log sigmoid(-s(u, j))]        (binary cross-entropy)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional

from gnn.models.base import Options, Problem, Recommender
from gnn.sampler import Clicks

TRIES = 10
PAIRS = 2**16
"""Pairs that are scored at once: memory stays flat however many users and films there are."""


class Negatives:
    """Draws films that a user did not click, as far as the training clicks tell.

    Args:
        clicks: the training clicks; a held-out film is drawn like any other.
        items: how many films there are.
    """

    def __init__(self, clicks: Clicks, items: int) -> None:
        self.items = items
        self.clicked = torch.from_numpy(clicks.users * items + clicks.items).sort().values

    def draw(self, users: Tensor) -> Tensor:
        """Draw a film for each of some users, (n,); a user of nearly all films may get a clicked one."""
        drawn = torch.randint(self.items, users.shape)
        for _ in range(TRIES):
            again = self._is_clicked(users, drawn)
            if not again.any():
                break
            drawn[again] = torch.randint(self.items, (int(again.sum()),))
        return drawn

    def _is_clicked(self, users: Tensor, items: Tensor) -> Tensor:
        pair = users * self.items + items
        position = torch.searchsorted(self.clicked, pair).clamp(max=len(self.clicked) - 1)
        return self.clicked[position] == pair


def rows(values: Tensor, numbers: Tensor) -> Tensor:
    """Take rows of (n, width) by their numbers, (…,), as (…, width).

    As `values[numbers]`, whose gradient on the CPU is summed in whatever order its threads come.
    """
    return functional.embedding(numbers, values)


class PairRecommender(Recommender):
    """See the module. A model says how pairs score; it has no vectors, so it cannot be embedded."""

    batch_of: ClassVar[Literal["users", "clicks"]] = "clicks"

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)
        self.click_users = torch.from_numpy(problem.clicks.users)
        self.click_items = torch.from_numpy(problem.clicks.items)
        self.negatives = Negatives(problem.clicks, problem.items)

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Score users, (n,), with some films each, (n, m), as logits, (n, m)."""
        raise NotImplementedError

    def loss(self, batch: Tensor) -> Tensor:
        """Return the cross-entropy of a batch of clicks and as many drawn films, ()."""
        users = self.click_users[batch]
        items = torch.stack([self.click_items[batch], self.negatives.draw(users)], dim=1)
        wanted = torch.tensor([1.0, 0.0]).expand(len(batch), 2)
        return functional.binary_cross_entropy_with_logits(self.scores(users, items), wanted)

    def scorer(self) -> Callable[[Tensor], Tensor]:
        """Make a function from numbers of users, (n,), to the scores of all items, (n, items)."""
        self.eval()
        films = torch.arange(self.problem.items)
        step = max(1, PAIRS // len(films))

        @torch.no_grad()
        def score(numbers: Tensor) -> Tensor:
            parts = torch.split(numbers, step)
            return torch.cat([self.scores(part, films.expand(len(part), -1)) for part in parts])

        return score
