"""How the steps of a training see what they learn from: here the whole graph; see `gnn.ripples` for parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from gnn.models import Recommender


class Learner(Protocol):
    """Gives the losses of the steps of an epoch."""

    count: int
    """What batches number: users, or clicks."""

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return what updates the weights."""

    def losses(self, batches: Sequence[Tensor]) -> Iterator[Tensor]:
        """Yield the loss of each batch, (); the weights are updated before the next is asked for."""

    def judge(self) -> Recommender:
        """Return what is measured on the valid clicks."""


class GraphLearner:
    """Each step sees the whole graph."""

    def __init__(self, model: Recommender) -> None:
        self.model = model
        problem = model.problem
        self.count = problem.users if model.batch_of == "users" else len(problem.clicks)

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """See `Learner`."""
        options = self.model.options
        weights = self.model.parameters()
        return [torch.optim.Adam(weights, lr=options.learning_rate, weight_decay=options.weight_decay)]

    def losses(self, batches: Sequence[Tensor]) -> Iterator[Tensor]:
        """See `Learner`."""
        return (self.model.loss(batch) for batch in batches)

    def judge(self) -> Recommender:
        """See `Learner`."""
        return self.model
