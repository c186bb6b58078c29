"""Training on ripples: each step sees the users of a batch and what was drawn around them, never the graph.

A drawn part of the graph is a small problem of its own, so the model's class makes a small model of it. That
one borrows its weights: of each that is numbered by films, entities or relations (`Recommender.axes`) the
rows of those that were drawn. So every gradient lands in the rows it is about, and only these are updated.

A batch is of users. To their films come as many films drawn at random, for the loss to tell them apart from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from gnn import heterograph
from gnn.device import mixed_precision
from gnn.draw import Draw, Plan, Request, Sampler, names, prefetch
from gnn.learner import adam
from gnn.models import Problem, Recommender
from gnn.models.facts import relation_names
from gnn.models.layers import UserBlock, UserLayers
from gnn.sampler import VIEWS, Clicks, Ripple
from mmkg.errors import UsageError

CLICKS = 50
"""Clicks drawn of a user."""
FILMS = 2048
"""Films whose vectors are computed at once."""
REST = "everybody else"
"""A user of each small problem, who clicked its films that anybody clicked: so they count as clicked."""


@dataclass(frozen=True)
class Flags:
    """What is known of all nodes without their relations."""

    active: NDArray[np.bool_]
    """(users,) whether a user has a training click."""
    clicked: NDArray[np.bool_]
    """(items,) whether a film has one."""
    connected: NDArray[np.bool_]
    """(entities,) whether an entity has two facts or more."""


@dataclass(frozen=True)
class Source:
    """Where the ripples of a training come from."""

    sampler: Sampler
    flags: Flags
    judged: NDArray[np.int64] | None = None
    """Rows of the users that are measured, by vectors computed from ripples; None where the problem holds the
    whole graph, so that the model itself can be measured."""

    @property
    def partial(self) -> bool:
        """Whether the problem holds the nodes alone."""
        return self.judged is not None


def plan_of(model: type[Recommender], options: Any, fanout: int, fanouts: Mapping[str, int]) -> Plan:
    """Say how far and wide a model has to look.

    Raises:
        UsageError: the model, or one of its settings, needs the whole graph.
    """
    hops = model.reach(options)
    if hops is None:
        raise UsageError(
            f"{model.name} learns from the whole graph alone",
            remedy="Take mgnn, tgnn or mgnn-paper, or leave --sampler out",
        )
    # Nothing of these models looks from a film to its users, nor from a medium to another.
    never = {"<CLICKED": 0, "SIMILAR_TO": 0, "NEXT_TO": 0}
    return Plan(hops, fanout, {"CLICKED>": CLICKS, **fanouts, **never})


class RippleLearner:
    """The model of a training, taught by ripples.

    Args:
        model: holds the weights; its problem holds the names and features of all nodes.
        source: where ripples come from.
    """

    def __init__(self, model: Recommender, source: Source) -> None:
        self.model = model
        self.source = source
        self.users = np.flatnonzero(source.flags.active)
        self.count = len(self.users)
        self._weights = dict(model.named_parameters())
        self._relations = {name: i for i, name in enumerate(relation_names(model.problem.ripple.graph))}
        self._connected = np.cumsum(source.flags.connected) - 1
        tables = self._rows_of_nodes(model)
        self._tables = [self._weights[name] for name in tables]
        self._others = [weight for name, weight in self._weights.items() if name not in tables]

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return Adam, and for weights numbered by nodes an Adam that updates only the rows of a batch."""
        options = self.model.options
        return [
            torch.optim.SparseAdam(self._tables, lr=options.learning_rate),
            adam(self.model, self._others),
        ]

    def losses(self, batches: Sequence[Tensor]) -> Iterator[Tensor]:
        """Yield the loss of each batch of users, (), drawing the next ones meanwhile."""
        seeds = torch.randint(2**62, (len(batches),)).tolist()
        films = self.model.problem.items
        requests = (
            Request(
                self.users[batch.numpy()],
                np.unique(np.random.default_rng(seed).integers(films, size=len(batch))),
                seed,
            )
            for batch, seed in zip(batches, seeds, strict=True)
        )
        for draw in prefetch(self.source.sampler, requests):
            with mixed_precision(bool(self.model.options.amp)):
                loss = self.loss(draw)
            yield loss

    def loss(self, draw: Draw) -> Tensor:
        """Return the loss of the users for whom a ripple was drawn, ()."""
        small, rows = self._small(draw)
        clicks = small.problem.clicks.users < draw.count("user")
        count = draw.count("user") if small.batch_of == "users" else int(clicks.sum())
        loss: Tensor = self._call(small, rows, "loss", torch.arange(count))
        squares = [rows[name].square().sum() for name in self._rows_of_nodes(small)]
        return loss + self.model.options.weight_decay / 2 * torch.stack(squares).sum()

    def judge(self) -> Recommender:
        """Return what is measured on the valid clicks."""
        return self.model if self.source.judged is None else self._by_ripples(self.source.judged)

    def vectors(self, films: NDArray[np.int64]) -> tuple[Tensor, UserLayers]:
        """Return the films' vectors, (films, dimension), and how users are made of clicks on them."""
        nobody = np.zeros(0, dtype=np.int64)
        parts = [films[start : start + FILMS] for start in range(0, len(films), FILMS)]
        requests = (Request(nobody, part, number) for number, part in enumerate(parts))
        found, layers = [], []
        for part, draw in zip(parts, prefetch(self.source.sampler, requests), strict=True):
            small, rows = self._small(draw)
            small.eval()
            place = np.full(self.model.problem.items, -1)
            place[draw.nodes["item"]] = np.arange(draw.count("item"))
            here = torch.from_numpy(place[part])
            found.append(self._call(small, rows, "vectors")[1][here])
            layer = self._call(small, rows, "user_layers")
            layers.append((layer, here))
        blocks = [
            UserBlock(
                torch.cat([layer.blocks[i].causes[here] for layer, here in layers]),
                block.bias,
                block.power,
                block.activation,
            )
            for i, block in enumerate(layers[0][0].blocks)
        ]
        return torch.cat(found), UserLayers(tuple(blocks), layers[0][0].conversion)

    def _by_ripples(self, users: NDArray[np.int64]) -> Recommender:
        with torch.no_grad():
            films, layers = self.vectors(np.arange(self.model.problem.items))
            made = made_users(layers, self.model.problem.clicks, users, films)
        return _Computed(self.model, made, films, users)

    def _small(self, draw: Draw) -> tuple[Recommender, dict[str, Tensor]]:
        """Make the small model of a draw, and the rows that it borrows."""
        problem = self._problem(draw)
        small = type(self.model)(problem, self.model.options)
        small.train(self.model.training)
        items = draw.nodes.get("item", np.zeros(0, dtype=np.int64))
        entities = draw.nodes.get("entity", np.zeros(0, dtype=np.int64))
        entities = self._connected[entities[self.source.flags.connected[entities]]]
        relations = [self._relations[name] for name in relation_names(problem.ripple.graph)]
        numbers = {
            "item": items,
            "entity": entities,
            "node": np.concatenate([items, self.model.problem.items + entities]),
            "relation": np.array(relations, dtype=np.int64),
        }
        borrowed: dict[str, Tensor] = {}
        for name, _ in small.named_parameters():
            axis, what = small.axes().get(name, (None, ""))
            weight = self._weights[name]
            if axis is None:
                borrowed[name] = weight
            elif axis == 0:
                borrowed[name] = functional.embedding(torch.from_numpy(numbers[what]), weight, sparse=True)
            else:
                borrowed[name] = weight.index_select(axis, torch.from_numpy(numbers[what]))
        return small, borrowed

    def _problem(self, draw: Draw) -> Problem:
        whole, users = self.model.problem, draw.count("user")
        known = {
            edge_type: ends
            for edge_type, ends in draw.edges.items()
            if edge_type[1] == "CLICKED" or self._knows(edge_type)
        }
        ids = {kind: names(whole.ripple.ids[kind], rows) for kind, rows in draw.nodes.items()}
        ids["user"] = [*ids.get("user", []), REST]
        graph = heterograph.build(known, {kind: len(found) for kind, found in ids.items()})
        nothing = np.zeros(0, dtype=np.int64)
        clicked = np.flatnonzero(self.source.flags.clicked[draw.nodes.get("item", nothing)])
        first, last = draw.edges.get(("user", "CLICKED", "item"), (nothing, nothing))
        clicks = Clicks(
            np.concatenate([first, np.full(len(clicked), users)]),
            np.concatenate([last, clicked]),
            np.full(len(first) + len(clicked), -1.0),
        )
        media = {
            view: torch.from_numpy(draw.nodes[VIEWS[view]])
            for view in whole.features
            if draw.count(VIEWS[view])
        }
        return Problem(
            Ripple(graph, ids),
            clicks,
            {view: whole.features[view][rows] for view, rows in media.items()},
            {view: whole.present[view][rows] for view, rows in media.items() if view in whole.present},
            self.source.flags.connected[draw.nodes.get("entity", nothing)],
        )

    def _rows_of_nodes(self, model: Recommender) -> list[str]:
        """Return the weights with a row for each film or entity; what is computed from all clicks is none."""
        return [name for name, (axis, _) in model.axes().items() if axis == 0 and name in self._weights]

    def _knows(self, edge_type: tuple[str, str, str]) -> bool:
        """Tell whether the model has weights for a relation, or it is none among films and entities."""
        return f"{' '.join(edge_type)} forth" in self._relations or not {edge_type[0], edge_type[2]} <= {
            "item",
            "entity",
        }

    def _call(self, small: Recommender, rows: Mapping[str, Tensor], method: str, *arguments: Any) -> Any:
        borrowed = {f"model.{name}": weight for name, weight in rows.items()}
        return functional_call(_Method(small, method), borrowed, arguments)


def made_users(layers: UserLayers, clicks: Clicks, users: NDArray[np.int64], films: Tensor) -> Tensor:
    """Make some users of their clicks: unit vectors as wide as the films', (users, width).

    Args:
        layers: how a user is made.
        clicks: theirs, and perhaps others'.
        users: their numbers, sorted.
        films: the films' vectors, (items, width).
    """
    chosen = np.isin(clicks.users, users)
    theirs = heterograph.bipartite(
        torch.from_numpy(clicks.items[chosen]),
        torch.from_numpy(np.searchsorted(users, clicks.users[chosen])),
        len(films),
        len(users),
    )
    made = functional.normalize(layers.users(theirs), dim=1)
    return functional.pad(made, (0, films.shape[1] - made.shape[1]))


class _Method(nn.Module):
    """Lets `functional_call` call any method of a model."""

    def __init__(self, model: Recommender, method: str) -> None:
        super().__init__()
        self.model = model
        self.method = method

    def forward(self, *arguments: Any) -> Any:
        return getattr(self.model, self.method)(*arguments)


class _Computed(Recommender):
    """Vectors that were computed, as a model to measure."""

    name = "computed"

    def __init__(self, model: Recommender, users: Tensor, films: Tensor, numbers: NDArray[np.int64]) -> None:
        super().__init__(replace(model.problem), model.options)
        self.computed_users = users
        self.films = films
        self.numbers = torch.from_numpy(numbers)

    def scorer(self) -> Callable[[Tensor], Tensor]:
        """Make a function from numbers of users, (n,), to the scores of all items, (n, items)."""
        return lambda users: self.computed_users[torch.searchsorted(self.numbers, users)] @ self.films.T
