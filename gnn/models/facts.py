"""Aggregation along the facts of the graph: what films, people, genres and the like tell each other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gnn import heterograph
from gnn.heterograph import Heterograph
from gnn.models.base import Problem

KINDS = ("item", "entity")


@dataclass(frozen=True)
class Fact:
    """One relation in one direction, ready for message passing."""

    source: str
    target: str
    graph: Heterograph
    share: Tensor
    """(edges,) one over the target's neighbours, so that the sum is a mean."""


@dataclass(frozen=True)
class Facts:
    """The relations among items and entities, each in both directions.

    An entity with a single fact connects nothing, so it is left out, and the others are numbered anew.
    """

    facts: list[Fact]
    entities: int

    @classmethod
    def of(cls, problem: Problem) -> Facts:
        """Take the facts out of a ripple."""
        ripple = problem.ripple
        found = {
            edge_type: heterograph.edges(ripple.graph, edge_type)
            for edge_type in heterograph.edge_types(ripple.graph)
            if edge_type[0] in KINDS and edge_type[2] in KINDS
        }
        degree = torch.zeros(ripple.count("entity"), dtype=torch.int64)
        for (source, _, target), (start, end) in found.items():
            for kind, nodes in ((source, start), (target, end)):
                if kind == "entity":
                    degree += torch.bincount(nodes, minlength=len(degree))
        kept = degree >= 2
        counts = {"item": problem.items, "entity": int(kept.sum())}
        number = {"item": torch.arange(problem.items), "entity": torch.where(kept, kept.cumsum(0) - 1, -1)}
        facts = []
        for (source, _, target), (start, end) in found.items():
            pairs = torch.stack([number[source][start], number[target][end]])
            pairs = pairs[:, (pairs >= 0).all(0)]
            facts.append(_fact(counts, source, target, pairs))
            facts.append(_fact(counts, target, source, pairs.flip(0)))
        return cls(facts, counts["entity"])


def _fact(counts: dict[str, int], source: str, target: str, pairs: Tensor) -> Fact:
    start, end = pairs
    degree = torch.bincount(end, minlength=counts[target])
    graph = heterograph.bipartite(start, end, counts[source], counts[target])
    return Fact(source, target, graph, 1 / degree[end].float())


class FactAggregator(nn.Module):
    """K hops of relation-attentive aggregation, the ripple of a film in the facts.

    `h_t^k = Σ_r a_r^k · mean_{s ∈ N_r(t)} h_s^{k-1}`, and a film becomes `h^0 + Σ_k h^k`, where
    `a_r^k = exp(w_r^k)` is learned for each relation, direction and hop. `h^0` of an entity is its embedding.

    Args:
        problem: gives the facts.
        width: of all vectors.
        hops: K; 0 returns the films as they are.
        dropout: share of numbers dropped from what a hop hears, in training.
    """

    def __init__(self, problem: Problem, width: int, hops: int, dropout: float) -> None:
        super().__init__()
        facts = Facts.of(problem)
        self.hops = hops
        self.facts = facts.facts
        self.dropout = nn.Dropout(dropout)
        self.entities = nn.Parameter(torch.randn(facts.entities, width) * width**-0.5)
        self.attention = nn.Parameter(torch.full((hops, len(facts.facts)), -1.0))

    def forward(self, items: Tensor) -> Tensor:
        """Aggregate from (items, width) to (items, width)."""
        total = items
        heard = {"item": items, "entity": self.entities}
        for hop in range(self.hops):
            dropped = {kind: self.dropout(values) for kind, values in heard.items()}
            kinds = ("item",) if hop == self.hops - 1 else KINDS  # nobody listens to the last hop's entities
            heard = {kind: self._hop(hop, kind, dropped) for kind in kinds}
            total = total + heard["item"]
        return total

    def _hop(self, hop: int, kind: str, values: dict[str, Tensor]) -> Tensor:
        total = torch.zeros_like(values[kind])
        for number, fact in enumerate(self.facts):
            if fact.target == kind:
                mean = heterograph.weighted_sum(fact.graph, values[fact.source], fact.share)
                total = total + self.attention[hop, number].exp() * mean
        return total
