"""How the steps of a training see what they learn from: here the whole graph; see `gnn.ripples` for parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from gnn.device import mixed_precision
from gnn.models import Recommender
from gnn.models.heads import Paced


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
        return [adam(self.model, self.model.parameters())]

    def losses(self, batches: Sequence[Tensor]) -> Iterator[Tensor]:
        """See `Learner`."""
        for batch in batches:
            with mixed_precision(bool(self.model.options.amp)):
                loss = self.model.loss(batch)
            yield loss

    def judge(self) -> Recommender:
        """See `Learner`."""
        return self.model


def adam(model: Recommender, weights: Iterable[nn.Parameter]) -> torch.optim.Adam:
    """Make Adam for some weights of a model; those of a `Paced` network have steps of their own."""
    options = model.options
    rest = dict.fromkeys(weights)
    groups: list[dict[str, Any]] = []
    for network in model.modules():
        if isinstance(network, Paced):
            rate = options.learning_rate * getattr(options, network.pace)
            taken = [weight for weight in network.parameters() if weight in rest]
            groups.append({"params": taken, "lr": rate, **network.adam})
            for weight in taken:
                del rest[weight]
    groups = [{"params": list(rest)}, *groups]
    return torch.optim.Adam(groups, lr=options.learning_rate, weight_decay=options.weight_decay)
