"""What every model is given and what it must give, so that one trainer and one evaluator serve them all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from math import isfinite
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch.nn import functional

from gnn import heterograph
from gnn.heterograph import Heterograph
from gnn.models.layers import UserLayers
from gnn.sampler import VIEWS, Clicks, Ripple
from mmkg.errors import GraphError, ModelError, UsageError

O = TypeVar("O", bound="Options")  # noqa: E741  # the field's habit of one letter for a type


@dataclass(frozen=True)
class Problem:
    """What a model may learn from: the graph and the clicks, without those held out, and media features."""

    ripple: Ripple
    clicks: Clicks
    features: Mapping[str, Tensor] = field(default_factory=dict)
    """By view, one array a media node, in the order of `ripple.ids[VIEWS[view]]`: text (nodes, 384),
    image (nodes, 1280), audio (nodes, 1, mels, frames), video (nodes, frames, 1280), motion (nodes, bursts,
    frames, height, width)."""
    present: Mapping[str, Tensor] = field(default_factory=dict)
    """By view, (nodes,): False for a medium that could not be encoded, and adds nothing."""
    connected: NDArray[np.bool_] | None = None
    """(entities,): whether an entity has two facts or more, where `ripple` may show fewer of them."""

    def __post_init__(self) -> None:
        if not self.users or not self.items:
            raise GraphError(
                "the graph holds no user or no film", remedy="Ingest clicks with `mmkg ingest` first"
            )
        if not len(self.clicks):
            raise GraphError("no click is left to train on", remedy="Ingest clicks with `mmkg ingest` first")
        for modality, matrix in self.features.items():
            _check_features(modality, matrix, self.ripple)

    @property
    def users(self) -> int:
        """How many users there are."""
        return self.ripple.count("user")

    @property
    def items(self) -> int:
        """How many items there are."""
        return self.ripple.count("item")

    def click_matrix(self) -> csr_matrix:
        """Return the train clicks as a sparse matrix of ones, (users, items)."""
        pairs = (self.clicks.users, self.clicks.items)
        return csr_matrix((np.ones(len(self.clicks)), pairs), shape=(self.users, self.items))

    def media_edges(self, view: str) -> tuple[Tensor, Tensor]:
        """Return which medium is attached to which item, numbers of both, (edges,) each."""
        found = [
            torch.stack(heterograph.edges(self.ripple.graph, edge_type))
            for edge_type in heterograph.edge_types(self.ripple.graph)
            if edge_type[0] == VIEWS[view] and edge_type[2] == "item"
        ]
        media, items = torch.cat(found, dim=1) if found else torch.zeros(2, 0, dtype=torch.int64)
        return media, items

    def encoded_edges(self, view: str) -> tuple[Tensor, Tensor]:
        """Return `media_edges` without the media that could not be encoded for this view."""
        media, items = self.media_edges(view)
        if view in self.present:
            encoded = self.present[view][media]
            media, items = media[encoded], items[encoded]
        return media, items


POSITIVE = frozenset(
    {"dimension", "epochs", "batch_size", "learning_rate", "evaluate_every", "patience", "temperature"}
)
SHARES = ("dropout", "_share")
"""How the names of settings end that are a part of a whole."""


@dataclass(frozen=True)
class Options:
    """The settings that every model has; a model adds its own."""

    dimension: int = 64
    """Width of the final vectors."""
    hops: int = 1
    """How far information travels along the facts."""
    epochs: int = 200
    """Passes over the training data at most; early stopping ends sooner."""
    batch_size: int = 256
    """Users or clicks in a batch."""
    learning_rate: float = 0.002
    """Step size of Adam."""
    weight_decay: float = 0.0
    """L2 penalty of Adam."""
    evaluate_every: int = 5
    """Epochs between two looks at the valid clicks."""
    patience: int = 6
    """Looks without a gain in ndcg after which training ends."""
    amp: int = 0
    """1 trains in mixed precision, bfloat16 where that does no harm; 0 in float32."""

    def views(self) -> tuple[str, ...]:
        """Return what the model sees of the media, see `gnn.sampler.VIEWS`: nothing, unless it says so."""
        return ()

    def with_changes(self: O, changes: Mapping[str, Any]) -> O:
        """Return a copy with some settings changed; None leaves a setting as it is.

        Raises:
            UsageError: a setting does not exist or makes no sense.
        """
        given = {name: value for name, value in changes.items() if value is not None}
        known = {option.name for option in fields(self)}
        if unknown := sorted(set(given) - known):
            raise UsageError(
                f"the model has no setting {unknown[0]}", remedy=did_you_mean(unknown[0], known, "settings")
            )
        for name, value in given.items():
            whole = isinstance(getattr(self, name), int)
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise UsageError(f"{name} must be a {'whole ' * whole}number, and is {value!r}")
            if not isfinite(value):
                raise UsageError(f"{name} must be a finite number, and is {value}")
        changed = replace(self, **given)
        for name in sorted(POSITIVE & known):
            if getattr(changed, name) <= 0:
                raise UsageError(f"{name} must be above 0, and is {getattr(changed, name)}")
        for name in sorted(known):
            if name.endswith(SHARES) and not 0 <= getattr(changed, name) < 1:
                raise UsageError(f"{name} must be 0 or more and below 1, and is {getattr(changed, name)}")
        if changed.amp not in (0, 1):
            raise UsageError(f"amp must be 1 or 0, and is {changed.amp}")
        if changed.hops < 0:
            raise UsageError(f"hops must be 0 or more, and is {changed.hops}")
        return changed


class Recommender(nn.Module):
    """A model. It never sees a held-out click: `problem` holds none."""

    name: ClassVar[str]
    batch_of: ClassVar[Literal["users", "clicks"]] = "users"
    """What a batch numbers: users, or rows of `problem.clicks`."""
    numbers_users: ClassVar[bool] = False
    """Whether parameters are numbered by users: then the model fits no graph with other users."""
    inductive: ClassVar[bool] = False
    """Whether a film that came after the training gets a vector that means something."""
    defaults: ClassVar[Options] = Options()
    on_ripples: ClassVar[Mapping[str, float]] = {}
    """Settings that have to be other than the defaults for a training on ripples."""
    computed: ClassVar[frozenset[str]] = frozenset()
    """Names in `state_dict()` of what follows from the problem and is not learned."""

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__()
        self.problem = problem
        self.options = options

    @classmethod
    def reach(cls, options: Any) -> int | None:
        """Say how many relations away from a user the model looks; None: it needs the whole graph.

        A model that says so can be trained on ripples: `gnn.ripples`.
        """
        return None

    def axes(self) -> dict[str, tuple[int, str]]:
        """Say of each weight that is numbered by something which axis it is, and by what.

        By `item`, `user`, `entity` or `relation` (those of `gnn.models.facts.Facts`), or `node` (items, then
        entities). A model that continues from an earlier one finds rows by it: `gnn.heritage`.
        """
        raise NotImplementedError

    def loss(self, batch: Tensor) -> Tensor:
        """Return the loss of a batch, (): the numbers of its users or clicks, (batch,)."""
        raise NotImplementedError

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Return unit vectors, whose dot product is the score.

        Returns:
            Users, (users, dimension), and items, (items, dimension).

        Raises:
            ModelError: the model's scores are no dot products.
        """
        raise ModelError(
            f"the model {self.name} has no vectors: its scores are no dot products",
            remedy="Use mgnn, by `mmkg train --model mgnn`",
        )

    def user_layers(self) -> UserLayers | None:
        """Return how `vectors` makes a user of what he clicked, so that the database can do it at each call.

        None where a user is more than his clicks: then the database uses the vector that `embed` stored.
        """
        return None

    @torch.no_grad()
    def new_users(self, clicks: Heterograph) -> Tensor | None:
        """Score all films for users of whom nothing but clicks is known, without training.

        Args:
            clicks: from items to these users.

        Returns:
            (users, items), or None where a user is more than his clicks.
        """
        self.eval()
        layers = self.user_layers()
        if layers is None:
            return None
        films, users = self.vectors()[1], layers.users(clicks)
        users = functional.pad(users, (0, films.shape[1] - users.shape[1]))
        return functional.normalize(users, dim=1) @ films.T

    @torch.no_grad()
    def scorer(self) -> Callable[[Tensor], Tensor]:
        """Make a function from numbers of users, (n,), to the scores of all items, (n, items)."""
        self.eval()
        users, items = self.vectors()
        return lambda numbers: users[numbers] @ items.T


def did_you_mean(name: str, known: Collection[str], what: str) -> str:
    """Say what was probably meant by a name that nobody knows, and all that there are."""
    near = get_close_matches(name, known, n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    return f"{guess}Known {what}: {', '.join(sorted(known))}"


def _check_features(view: str, matrix: Tensor, ripple: Ripple) -> None:
    if view not in VIEWS:
        raise ModelError(f"{view!r} is no view of media", remedy=f"Known: {', '.join(VIEWS)}")
    modality = VIEWS[view]
    if matrix.shape[0] != ripple.count(modality):
        raise ModelError(
            f"there are {matrix.shape[0]} {view} features for {ripple.count(modality)} media nodes",
            remedy="The graph changed while it was read: run the command again",
        )
    bad = ~torch.isfinite(matrix.flatten(1)).all(1) if matrix.numel() else torch.zeros(0, dtype=torch.bool)
    if bad.any():
        raise ModelError(
            f"the {view} features hold a value that is no number",
            where=f"media node {ripple.ids[modality][int(bad.nonzero()[0])]}",
            remedy="Remove that medium, or delete the feature cache so that it is encoded again",
        )
