"""Neural factorization machines (He & Chua 2017): all pairs of features, pooled and sent through a network.

A user and a film make a set of features: the user, the film and, if wanted, the entities of the film's facts.
Each feature f has an embedding v_f, a weight w_f and a value x_f, which is 1 for user and film and 1/√n for
each of a film's n entities, so that a long cast does not drown the rest:

    pooled    b(u, i) = Σ_{f < g} x_f v_f ⊙ x_g v_g = v_u ⊙ s_i + ½ (s_i² - q_i)
              s_i = Σ_{f ∈ i} x_f v_f        q_i = Σ_{f ∈ i} (x_f v_f)²
    score     s(u, i) = w_0 + Σ_f x_f w_f + hᵀ z_L,    z_0 = BN(b),    z_l = sigmoid(BN(W_l z_{l-1}))

The loss is that of `gnn.models.pairs`. The network is that of RecBole's NFM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gnn import heterograph
from gnn.models.base import Options, Problem
from gnn.models.facts import Facts
from gnn.models.pairs import PairRecommender, rows
from mmkg.errors import UsageError


@dataclass(frozen=True)
class NfmOptions(Options):
    """The settings of `nfm`: RecBole's, but for the dropout, without which ids alone are learned by heart."""

    dimension: int = 64
    """Width of the embeddings and of the layers."""
    hops: int = 0
    """0 takes user and film as the only features, 1 the entities of the film's facts too."""
    layers: int = 3
    """L: how many layers the network has."""
    dropout: float = 0.5
    """Share of numbers dropped before each layer, in training."""
    batch_size: int = 1024


class Nfm(PairRecommender):
    """See the module."""

    name = "nfm"
    numbers_users = True
    defaults: ClassVar[NfmOptions] = NfmOptions()
    options: NfmOptions

    def __init__(self, problem: Problem, options: NfmOptions) -> None:
        super().__init__(problem, options)
        if options.hops > 1:
            raise UsageError(f"hops must be 0 or 1 for nfm, and is {options.hops}")
        width = options.dimension
        self.entities = _entities(problem) if options.hops else None
        counts = problem.users, problem.items, self.entities[0].num_src_nodes() if self.entities else 0
        # The last column is the weight of the feature alone.
        spread = (2 / (sum(counts) + width)) ** 0.5
        self.user, self.film, self.entity = (
            nn.Parameter(torch.randn(count, width + 1) * spread) for count in counts
        )
        self.bias = nn.Parameter(torch.zeros(()))
        layers: list[nn.Module] = [nn.BatchNorm1d(width)]
        for _ in range(options.layers):
            dense = nn.Linear(width, width)
            nn.init.xavier_normal_(dense.weight)
            nn.init.zeros_(dense.bias)
            layers += [nn.Dropout(options.dropout), dense, nn.BatchNorm1d(width), nn.Sigmoid()]
        self.network = nn.Sequential(*layers, nn.Linear(width, 1, bias=False))

    def axes(self) -> dict[str, tuple[int, str]]:
        """See `Recommender.axes`."""
        entities = {"entity": (0, "entity")} if self.entities else {}
        return {"user": (0, "user"), "film": (0, "item"), **entities}

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Score users, (n,), with some films each, (n, m), as logits, (n, m)."""
        films, among = self._films()
        user, film = rows(self.user, users).unsqueeze(1), rows(films, items)
        pooled = user[..., :-1] * film[..., :-1] + rows(among, items)
        deep: Tensor = self.network(pooled.flatten(0, 1)).view(items.shape)
        score: Tensor = self.bias + user[..., -1] + film[..., -1] + deep
        return score

    def _films(self) -> tuple[Tensor, Tensor]:
        """Return s_i with its weight beside it, (items, width + 1), and ½ (s_i² - q_i), (items, width)."""
        if self.entities is None:
            return self.film, torch.zeros(len(self.film), self.options.dimension)
        graph, value = self.entities
        total = self.film + heterograph.weighted_sum(graph, self.entity, value)
        square = self.film.square() + heterograph.weighted_sum(graph, self.entity.square(), value.square())
        return total, (total.square() - square)[:, :-1] / 2


def _entities(problem: Problem) -> tuple[heterograph.Heterograph, Tensor]:
    """Return the graph from entities to films, each pair once for all its facts, and x_f, (edges,)."""
    facts = Facts.of(problem)
    pairs = [torch.zeros(2, 0, dtype=torch.int64)]
    for fact in facts.facts:
        if (fact.source, fact.target) == ("entity", "item"):
            pairs.append(torch.stack(fact.edges()[:2]))
    entities, films = torch.unique(torch.cat(pairs, dim=1), dim=1)
    degree = torch.bincount(films, minlength=problem.items)
    graph = heterograph.bipartite(entities, films, facts.entities, problem.items)
    return graph, degree[films].float().rsqrt()
