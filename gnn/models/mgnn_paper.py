"""The model as the paper has it, formulas 1 to 3, hop by hop.

    V_h  = Σ Em(FC(item))                                               over the user's clicked items
    V_t  = Σ [3DCNN(FC(video)) + Em(FC(text)) + MF(FC(audio)) + CNN(FC(image))]    over the attached media
    V_ti = Σ Em(FC(item))                                               over the neighbouring items

A dense layer brings each to a common width; the whole repeats for K hops, where hop k starts from the vectors
of hop k - 1; the hops are concatenated and multiplied by a conversion matrix. Where the paper is silent: sums
over neighbours are means, which keeps hops of very different sizes alike, neighbours are the films that share
an entity or a direct relation, and the loss is BPR with one random film for each click.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gnn import heterograph
from gnn.models.base import Problem, Recommender
from gnn.models.facts import Facts
from gnn.models.layers import UserBlock, UserLayers
from gnn.models.media import MediaEncoder, MediaOptions


@dataclass(frozen=True)
class MgnnPaperOptions(MediaOptions):
    """The paper's settings."""

    dimension: int = 1024
    hops: int = 2
    epochs: int = 30
    batch_size: int = 256
    learning_rate: float = 0.002
    temperature: float = 0.1
    """The cosine is divided by it before BPR, for which unit vectors differ by too little."""


class MgnnPaper(Recommender):
    """See the module."""

    name = "mgnn-paper"
    batch_of = "clicks"
    defaults: ClassVar[MgnnPaperOptions] = MgnnPaperOptions()
    options: MgnnPaperOptions

    def __init__(self, problem: Problem, options: MgnnPaperOptions) -> None:
        super().__init__(problem, options)
        width = options.dimension
        self.item = nn.Parameter(torch.randn(problem.items, width) * width**-0.5)
        self.media = MediaEncoder(problem, width, options, 0.0)
        self.dense = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(options.hops))
        self.user_dense = nn.ModuleList(nn.Linear(width, width) for _ in range(options.hops + 1))
        self.convert_item = nn.Linear((options.hops + 1) * width, width, bias=False)
        self.convert_user = nn.Linear((options.hops + 1) * width, width, bias=False)
        self.facts = Facts.of(problem)
        users, items = torch.from_numpy(problem.clicks.users), torch.from_numpy(problem.clicks.items)
        self.click_users, self.click_items = users, items
        self.clicks = heterograph.bipartite(items, users, problem.items, problem.users)

    @classmethod
    def reach(cls, options: MgnnPaperOptions) -> int | None:
        """See `Recommender.reach`: a neighbouring film is two relations away."""
        return 2 * options.hops + 1

    def axes(self) -> dict[str, tuple[int, str]]:
        """See `Recommender.axes`."""
        return {"item": (0, "item")}

    def loss(self, batch: Tensor) -> Tensor:
        """Return the BPR loss of a batch of clicks, ()."""
        users, items = self.vectors()
        user, clicked = self.click_users[batch], self.click_items[batch]
        other = torch.randint(self.problem.items, (len(batch),))
        margin = (users[user] * (items[clicked] - items[other])).sum(1) / self.options.temperature
        return -functional.logsigmoid(margin).mean()

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Return unit vectors, (users, dimension) and (items, dimension)."""
        films = self._films()
        items = self.convert_item(torch.cat(films, dim=1))
        users = self._layers(films).users(self.clicks)
        return functional.normalize(users, dim=1), functional.normalize(items, dim=1)

    def user_layers(self) -> UserLayers:
        """Return `V_h` of each hop and the conversion matrix as layers over the clicked films."""
        return self._layers(self._films())

    def _films(self) -> list[Tensor]:
        """Return the films hop by hop, (items, dimension) each."""
        films: list[Tensor] = [self.item]
        media = self.media()
        for dense in self.dense:
            films.append(torch.tanh(dense(torch.cat([media, self._neighbours(films[-1])], dim=1))))
        return films

    def _layers(self, films: list[Tensor]) -> UserLayers:
        denses = cast(Iterable[nn.Linear], self.user_dense)
        blocks = [
            UserBlock(film @ dense.weight.T, dense.bias, 1.0, "tanh")
            for dense, film in zip(denses, films, strict=True)
        ]
        return UserLayers(tuple(blocks), self.convert_user.weight)

    def _neighbours(self, items: Tensor) -> Tensor:
        """Take the mean over the films next to each film, (items, width), through an entity or directly."""
        entities = torch.zeros(self.facts.entities, items.shape[1])
        for fact in self.facts.facts:
            if (fact.source, fact.target) == ("item", "entity"):
                entities = entities + heterograph.weighted_sum(fact.graph, items, fact.share)
        total = torch.zeros_like(items)
        for fact in self.facts.facts:
            if fact.target == "item":
                source = items if fact.source == "item" else entities
                total = total + heterograph.weighted_sum(fact.graph, source, fact.share)
        return total / max(self.facts.relations, 1)
