"""Aggregation along the facts of the graph: what films, people, genres and the like tell each other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gnn import heterograph
from gnn.heterograph import EdgeType, Heterograph
from gnn.models.base import Problem

KINDS = ("item", "entity")


@dataclass(frozen=True)
class Fact:
    """All relations from one kind of node to another, ready for message passing."""

    source: str
    target: str
    graph: Heterograph
    relation: Tensor
    """(edges,) which relation an edge is of; each direction of a relation counts as one."""
    share: Tensor
    """(edges,) one over the target's neighbours in this relation, so that a sum is a mean."""

    def edges(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return sources, targets and relations, (edges,) each."""
        source, target, number = heterograph.in_edges(self.graph, torch.arange(self.graph.num_dst_nodes()))
        return source, target, self.relation[number]


@dataclass(frozen=True)
class Facts:
    """The relations among items and entities, each in both directions.

    An entity with a single fact connects nothing, so it is left out, and the others are numbered anew.
    """

    facts: list[Fact]
    entity_names: list[str]
    """The ids of the entities, in the order of their numbers."""
    relation_names: list[str]
    """What each number of a relation means; each direction has one."""

    @property
    def entities(self) -> int:
        """How many entities there are."""
        return len(self.entity_names)

    @property
    def relations(self) -> int:
        """How many relations there are, each direction counted."""
        return len(self.relation_names)

    @classmethod
    def of(cls, problem: Problem) -> Facts:
        """Take the facts out of a ripple."""
        graph = problem.ripple.graph
        found = {
            edge_type: torch.stack(heterograph.edges(graph, edge_type)) for edge_type in fact_types(graph)
        }
        kept = connected(problem)
        counts = {"item": problem.items, "entity": int(kept.sum())}
        number = {"item": torch.arange(problem.items), "entity": torch.where(kept, kept.cumsum(0) - 1, -1)}
        directed: dict[tuple[str, str], list[tuple[int, Tensor]]] = {}
        for position, ((source, _, target), pairs) in enumerate(found.items()):
            renumbered = torch.stack([number[source][pairs[0]], number[target][pairs[1]]])
            linked = renumbered[:, (renumbered >= 0).all(0)]
            directed.setdefault((source, target), []).append((2 * position, linked))
            directed.setdefault((target, source), []).append((2 * position + 1, linked.flip(0)))
        facts = [_fact(counts, source, target, parts) for (source, target), parts in sorted(directed.items())]
        names = problem.ripple.ids.get("entity", [])
        return cls(
            facts,
            [names[i] for i in kept.nonzero().flatten().tolist()],
            relation_names(graph),
        )


def fact_types(graph: Heterograph) -> list[EdgeType]:
    """List the edge types among items and entities."""
    return [
        edge_type
        for edge_type in heterograph.edge_types(graph)
        if edge_type[0] in KINDS and edge_type[2] in KINDS
    ]


def relation_names(graph: Heterograph) -> list[str]:
    """Return what each number of a relation means."""
    return [f"{' '.join(edge_type)} {way}" for edge_type in fact_types(graph) for way in ("forth", "back")]


def connected(problem: Problem) -> Tensor:
    """Tell of each entity whether it has two facts or more, (entities,)."""
    if problem.connected is not None:
        return torch.from_numpy(problem.connected)
    degree = torch.zeros(problem.ripple.count("entity"), dtype=torch.int64)
    for source, relation, target in fact_types(problem.ripple.graph):
        ends = heterograph.edges(problem.ripple.graph, (source, relation, target))
        for kind, nodes in zip((source, target), ends, strict=True):
            if kind == "entity":
                degree += torch.bincount(nodes, minlength=len(degree))
    return degree >= 2


def _fact(counts: dict[str, int], source: str, target: str, parts: list[tuple[int, Tensor]]) -> Fact:
    share = []
    for _, (_, end) in parts:
        degree = torch.bincount(end, minlength=counts[target])
        share.append(1 / degree[end].float())
    start, end = torch.cat([pairs for _, pairs in parts], dim=1)
    relation = torch.cat([torch.full((pairs.shape[1],), number) for number, pairs in parts])
    graph = heterograph.bipartite(start, end, counts[source], counts[target])
    return Fact(source, target, graph, relation, torch.cat(share))


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
        self.attention = nn.Parameter(torch.full((hops, facts.relations), -1.0))

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
        weights = self.attention[hop].exp()
        total = torch.zeros_like(values[kind])
        for fact in self.facts:
            if fact.target == kind:
                edge_weights = weights[fact.relation] * fact.share
                total = total + heterograph.weighted_sum(fact.graph, values[fact.source], edge_weights)
        return total
