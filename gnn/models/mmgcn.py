"""MMGCN (Wei et al. 2019): for each modality a graph convolution of its own over users and films.

In modality m a film starts as its media and a user as an embedding of his taste in m, both as unit vectors
x^0; N are the clicks, and e is an embedding that all modalities share. For k = 1 … K:

    heard     h_n = f(W_1 mean_{n' ∈ N(n)} x_n'^(k-1))
    own       o_n = f(W_2 x_n^(k-1)) + e_n
    next      x_n^k = f(W_3 h_n + o_n)                f is a leaky ReLU

    v_n = Σ_m x_n^K          score v_u · v_i       L = - Σ_(u,i) log sigmoid(v_u · v_i - v_u · v_j)    (BPR)

where film j is drawn from those that u did not click. The encoders are those of `gnn.models.media`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gnn import heterograph
from gnn.models.base import Problem, Recommender
from gnn.models.lengths import unit_vectors
from gnn.models.media import MediaEncoder, MediaOptions
from gnn.models.pairs import Negatives, rows
from mmkg.errors import UsageError


@dataclass(frozen=True)
class MmgcnOptions(MediaOptions):
    """The settings of `mmgcn`."""

    dimension: int = 64
    """Width of the vectors; one number of them is for the films' lengths."""
    hops: int = 2
    """K: how many convolutions a modality has."""
    learning_rate: float = 0.001
    batch_size: int = 1024


class Convolution(nn.Module):
    """One layer of a modality: users and films hear each other; see the module."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heard, self.own, self.next = (nn.Linear(width, width) for _ in range(3))

    def forward(self, own: Tensor, heard: Tensor, embedding: Tensor) -> Tensor:
        """Bring (nodes, width) each to (nodes, width)."""
        own = functional.leaky_relu(self.own(own)) + embedding
        out: Tensor = functional.leaky_relu(self.next(functional.leaky_relu(self.heard(heard))) + own)
        return out


class Mmgcn(Recommender):
    """See the module."""

    name = "mmgcn"
    batch_of = "clicks"
    numbers_users = True
    defaults: ClassVar[MmgcnOptions] = MmgcnOptions()
    options: MmgcnOptions

    def __init__(self, problem: Problem, options: MmgcnOptions) -> None:
        super().__init__(problem, options)
        width = options.dimension - 1  # see `unit_vectors`
        if width < 1:
            raise UsageError("a dimension of 1 leaves nothing to learn", remedy="Take 8 or more")
        self.media = MediaEncoder(problem, width, options, 0.0)
        # A graph without media is one modality of which nothing is known: the clicks alone.
        modalities = [*self.media.heads] or ["none"]
        self.user, self.film = (
            nn.Parameter(torch.randn(count, width) * width**-0.5) for count in (problem.users, problem.items)
        )
        self.taste = nn.ParameterDict(
            {modality: torch.randn(problem.users, width) * width**-0.5 for modality in modalities}
        )
        self.layers = nn.ModuleDict(
            {
                modality: nn.ModuleList(Convolution(width) for _ in range(options.hops))
                for modality in modalities
            }
        )
        users, items = torch.from_numpy(problem.clicks.users), torch.from_numpy(problem.clicks.items)
        self.click_users, self.click_items = users, items
        self.to_users = heterograph.bipartite(items, users, problem.items, problem.users)
        self.to_films = heterograph.bipartite(users, items, problem.users, problem.items)
        self.user_share = 1 / torch.bincount(users, minlength=problem.users)[users].float()
        self.film_share = 1 / torch.bincount(items, minlength=problem.items)[items].float()
        self.negatives = Negatives(problem.clicks, problem.items)

    def axes(self) -> dict[str, tuple[int, str]]:
        """See `Recommender.axes`."""
        tastes = {f"taste.{modality}": (0, "user") for modality in self.taste}
        return {"user": (0, "user"), "film": (0, "item"), **tastes}

    def loss(self, batch: Tensor) -> Tensor:
        """Return the BPR loss of a batch of clicks, ()."""
        users, films = self._nodes()
        user, clicked = self.click_users[batch], self.click_items[batch]
        other = self.negatives.draw(user)
        gain = rows(films, clicked) - rows(films, other)
        return -functional.logsigmoid((rows(users, user) * gain).sum(1)).mean()

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Return unit vectors, (users, dimension) and (items, dimension)."""
        return unit_vectors(*self._nodes())

    def _nodes(self) -> tuple[Tensor, Tensor]:
        """Return the sum over the modalities, (users, dimension - 1) and (items, dimension - 1)."""
        media = self.media.by_view()
        users, films = torch.zeros_like(self.user), torch.zeros_like(self.film)
        for modality, taste in self.taste.items():
            user = functional.normalize(taste, dim=1)
            film = functional.normalize(media.get(modality, torch.zeros_like(self.film)), dim=1)
            for layer in cast(nn.ModuleList, self.layers[modality]):
                to_user = heterograph.weighted_sum(self.to_users, film, self.user_share)
                to_film = heterograph.weighted_sum(self.to_films, user, self.film_share)
                user, film = layer(user, to_user, self.user), layer(film, to_film, self.film)
            users, films = users + user, films + film
        return users, films
