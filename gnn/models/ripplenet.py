"""RippleNet (Wang et al. 2018): a user is what the facts say of his clicks, hop by hop.

The ripple set S_u^k holds `memory` facts (h, r, t), whose heads are the user's clicked films for k = 1 and
the tails of S_u^(k-1) beyond. Films and entities have vectors, relations a matrix R_r, and v^0 = v_i:

    attention    p = softmax_{(h,r,t) ∈ S_u^k}(v^(k-1) · R_r h)
    response     o^k = Σ_{(h,r,t) ∈ S_u^k} p t
    film         v^k = W (v^(k-1) + o^k)                                   (plus_transform)
    score        s(u, i) = v^K · Σ_k o^k

    L = L_pairs - kge_weight Σ_k mean_{S^k} sigmoid(hᵀ R_r t) + l2_weight Σ (‖h‖² + ‖t‖² + ‖R_r‖²)

`L_pairs` is that of `gnn.models.pairs`. A user has no parameters of his own: fresh clicks and new users need
no training. Facts are drawn with replacement, by a seed of their own: a saved model finds the same again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gnn.models.base import Options, Problem
from gnn.models.facts import Facts
from gnn.models.pairs import PairRecommender, rows
from mmkg.errors import UsageError

DRAW_SEED = 0


@dataclass(frozen=True)
class RippleNetOptions(Options):
    """The settings of `ripplenet`."""

    hops: int = 2
    """K: how many ripple sets a user has."""
    memory: int = 32
    """Facts in a ripple set."""
    kge_weight: float = 0.01
    """Weight of the loss that makes true facts likely."""
    l2_weight: float = 1e-7
    """Weight of the squares of what a batch uses."""
    batch_size: int = 1024


class RippleNet(PairRecommender):
    """See the module."""

    name = "ripplenet"
    defaults: ClassVar[RippleNetOptions] = RippleNetOptions()
    options: RippleNetOptions

    def __init__(self, problem: Problem, options: RippleNetOptions) -> None:
        super().__init__(problem, options)
        if options.hops < 1 or options.memory < 1:
            raise UsageError("ripplenet needs hops and memory above 0")
        facts = Facts.of(problem)
        width = options.dimension
        spread = (1 / width) ** 0.5
        self.nodes = nn.Parameter(torch.randn(problem.items + facts.entities, width) * spread)
        self.relations = nn.Parameter(torch.randn(max(facts.relations, 1), width, width) * spread)
        self.transform = nn.Linear(width, width, bias=False)
        heads, relations, self.tails, self.known = ripple_sets(problem, facts, options.hops, options.memory)
        # R_r h is the same in many ripple sets: it is computed once for each pair of r and h.
        pairs, self.pair = torch.unique(relations * len(self.nodes) + heads, return_inverse=True)
        self.pair_heads = pairs % len(self.nodes)
        self.pair_relations = pairs // len(self.nodes)
        self.pairs_of = torch.bincount(self.pair_relations, minlength=len(self.relations)).tolist()

    def axes(self) -> dict[str, tuple[int, str]]:
        """See `Recommender.axes`."""
        return {"nodes": (0, "node"), "relations": (0, "relation")}

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Score users, (n,), with some films each, (n, m), as logits, (n, m)."""
        keys = self._through(self.relations)
        film = rows(self.nodes, items)
        heard = torch.zeros_like(film)
        known = self.known[users].view(-1, 1, 1)
        for hop in range(self.options.hops):
            key, tail = rows(keys, self.pair[users, hop]), rows(self.nodes, self.tails[users, hop])
            attention = torch.softmax(film @ key.transpose(1, 2), dim=2)
            response = attention @ tail * known
            film = self.transform(film + response)
            heard = heard + response
        return (film * heard).sum(2)

    def loss(self, batch: Tensor) -> Tensor:
        """Return the loss of a batch of clicks, with that of the facts in their users' ripple sets, ()."""
        users = self.click_users[batch]
        pair, known = self.pair[users], self.known[users]
        heads, tails = rows(self.nodes, self.pair_heads[pair]), rows(self.nodes, self.tails[users])
        likely = (rows(self._through(self.relations.transpose(1, 2)), pair) * tails).sum(3).sigmoid()
        likely = (likely.mean(2).sum(1) * known).mean()
        matrix = rows(self.relations.square().sum((1, 2)).unsqueeze(1), self.pair_relations[pair]).squeeze(3)
        squares = (heads.square().sum(3) + tails.square().sum(3) + matrix).sum((1, 2)) * known
        options = self.options
        return super().loss(batch) - options.kge_weight * likely + options.l2_weight * squares.sum()

    def _through(self, matrices: Tensor) -> Tensor:
        """Multiply each pair's head by its relation's matrix, (pairs, width)."""
        heads = torch.split(rows(self.nodes, self.pair_heads), self.pairs_of)
        return torch.cat([head @ matrix.T for head, matrix in zip(heads, matrices, strict=True)])


def ripple_sets(
    problem: Problem, facts: Facts, hops: int, memory: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draw every user's ripple sets; films have the numbers that they have, entities follow.

    Returns:
        Heads, relations and tails, (users, hops, memory) each, and whether the facts know a film of the
        user, (users,): the sets of others hold nothing that means anything.
    """
    offset = {"item": 0, "entity": problem.items}
    parts = [(torch.zeros(0, dtype=torch.int64),) * 3]
    for fact in facts.facts:
        source, target, relation = fact.edges()
        parts.append((source + offset[fact.source], relation, target + offset[fact.target]))
    heads, relations, tails = (torch.cat(column) for column in zip(*parts, strict=True))
    order = heads.argsort(stable=True)
    heads, relations, tails = heads[order], relations[order], tails[order]
    degree = torch.bincount(heads, minlength=problem.items + facts.entities)
    first = degree.cumsum(0) - degree
    random = torch.Generator().manual_seed(DRAW_SEED)
    seeds, owners = torch.from_numpy(problem.clicks.items), torch.from_numpy(problem.clicks.users)
    known = torch.bincount(owners, degree[seeds].double(), minlength=problem.users) > 0
    seeds, owners = seeds[known[owners]], owners[known[owners]]
    users = known.nonzero().squeeze(1)
    drawn = torch.zeros(3, problem.users, hops, memory, dtype=torch.int64)
    for hop in range(hops):
        # Every fact of the seeds has the same chance: number them through, user by user, and take some.
        ends = degree[seeds].cumsum(0)
        count = torch.zeros(problem.users, dtype=torch.int64).index_add(0, owners, degree[seeds])
        start = count.cumsum(0) - count
        chance = torch.rand(len(users), memory, generator=random, dtype=torch.float64)
        place = start[users, None] + (chance * count[users, None]).long()
        seed = torch.searchsorted(ends, place, right=True)
        chosen = first[seeds[seed]] + place - (ends[seed] - degree[seeds[seed]])
        drawn[:, users, hop] = torch.stack([heads[chosen], relations[chosen], tails[chosen]])
        seeds, owners = tails[chosen].flatten(), users.repeat_interleave(memory)
    return drawn[0], drawn[1], drawn[2], known
