"""Random parts of the graph for a training step: drawn by Cypher, or from a snapshot in memory.

Both draw alike. From some users outwards, hop by hop: at each node reached for the first time, of each
relation type and direction, as many relations as its fan-out says are drawn without replacement, each with
the same chance. Films may join at the first hop, as if somebody had clicked them. What is held out is never
drawn: `gnn.sampler`.

`CypherSampler` holds the names of the nodes, and no relation: one round trip gives a batch, as packed columns
of numbers. `SnapshotSampler` holds all of a snapshot and lets DGL draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gnn import heterograph
from gnn.directory import Directory
from gnn.heterograph import Edges, EdgeType, Heterograph
from gnn.sampler import NODE_TYPES, Ripple
from kg import Graph

Numbers = NDArray[np.int64]

SAMPLE = """
CALL mmkg.sample($users, $films, $options) YIELD nodes, edges RETURN nodes, edges
"""


@dataclass(frozen=True)
class Plan:
    """How far a draw goes, and how wide."""

    hops: int = 2
    fanout: int = 20
    """Relations of each type and direction drawn at a node."""
    fanouts: Mapping[str, int] = field(default_factory=dict)
    """The same for single types: `TYPE`, or `TYPE>` from the node and `<TYPE` to it."""

    def of(self, relation: str, *, outgoing: bool) -> int:
        """Return how many relations of a type to draw at a node."""
        both = self.fanouts.get(relation, self.fanout)
        return self.fanouts.get(f"{relation}>" if outgoing else f"<{relation}", both)

    def options(self, seed: int) -> dict[str, Any]:
        """Return the plan as options of `mmkg.sample`."""
        return {"hops": self.hops, "fanout": self.fanout, "fanouts": dict(self.fanouts), "seed": seed}


@dataclass(frozen=True)
class Draw:
    """A part of the graph, whose nodes are numbered anew: the users it was drawn for come first."""

    nodes: Mapping[str, Numbers]
    """By type, which rows of the snapshot or the directory the nodes are, (nodes,)."""
    edges: Mapping[EdgeType, Edges]

    def count(self, node_type: str) -> int:
        """How many nodes of a type there are."""
        return len(self.nodes.get(node_type, ()))


@dataclass(frozen=True)
class Request:
    """What a draw starts from."""

    users: Numbers
    """Rows, (users,); none twice."""
    films: Numbers
    """Rows, (films,)."""
    seed: int


class Sampler(Protocol):
    """What draws."""

    threads: int
    """How many draws may be made at once."""

    def draw(self, request: Request) -> Draw:
        """Draw the ripples of some users; the same request gives the same draw."""


class CypherSampler:
    """Let the database draw: one round trip a batch.

    A node that came after the directory was read is left out.

    Args:
        graph: the connection.
        directory: the nodes that there are.
        plan: how far and how wide.
    """

    threads = 2

    def __init__(self, graph: Graph, directory: Directory, plan: Plan) -> None:
        self.graph = graph
        self.directory = directory
        self.plan = plan

    def draw(self, request: Request) -> Draw:
        """See `Sampler`.

        Raises:
            GraphError: the database lacks our plugin.
        """
        numbers = self.directory.numbers
        ((nodes, edges),) = self.graph.values(
            SAMPLE,
            users=numbers["user"][request.users].tolist(),
            films=numbers["item"][request.films].tolist(),
            options=self.plan.options(request.seed),
        )
        rows = {kind: self.directory.rows(_column(packed)) for kind, packed in nodes.items()}
        columns = {
            (edge["source"], edge["relation"], edge["target"]): (
                _column(edge["sources"]),
                _column(edge["targets"]),
            )
            for edge in sorted(edges, key=lambda edge: (edge["source"], edge["relation"], edge["target"]))
        }
        return _without_strangers(rows, columns)


class SnapshotSampler:
    """Let DGL draw from a snapshot in memory.

    Args:
        ripple: the snapshot.
        plan: how far and how wide.
    """

    threads = 1

    def __init__(self, ripple: Ripple, plan: Plan) -> None:
        self.plan = plan
        counts = [ripple.count(kind) for kind in NODE_TYPES]
        self._offset = dict(zip(NODE_TYPES, np.cumsum([0, *counts]).tolist(), strict=False))
        self._type = np.repeat(np.arange(len(NODE_TYPES)), counts)
        """(nodes,) the type of each node; nodes of all types are numbered through."""
        self._graph = self._by_relation(ripple)
        self._local = np.full(len(self._type), -1)

    def draw(self, request: Request) -> Draw:
        """See `Sampler`."""
        return heterograph.DRAWING.submit(self._draw, request).result()

    def _draw(self, request: Request) -> Draw:
        heterograph.seed(request.seed)
        self._nodes: list[Numbers] = []
        drawn: dict[str, list[Numbers]] = {}
        frontier = self._reach(request.users + self._offset["user"])
        for hop in range(self.plan.hops):
            reached = [np.zeros(0, dtype=np.int64)]
            for outgoing in (True, False):
                for relation, numbers in self._neighbours(frontier, outgoing=outgoing):
                    drawn.setdefault(relation, []).append(numbers)
                    ends = heterograph.ends(self._graph, relation, numbers)
                    reached.append(ends[1] if outgoing else ends[0])
            frontier = self._reach(np.concatenate(reached))
            if hop == 0:
                films = self._reach(request.films + self._offset["item"])
                frontier = np.concatenate([frontier, films])
        return self._finish(drawn)

    def _by_relation(self, ripple: Ripple) -> Heterograph:
        """Make a graph of one node type and an edge type a relation, whatever its ends."""
        parts: dict[str, list[Edges]] = {}
        for source, relation, target in heterograph.edge_types(ripple.graph):
            sources, targets = heterograph.edges(ripple.graph, (source, relation, target))
            parts.setdefault(relation, []).append(
                (sources.numpy() + self._offset[source], targets.numpy() + self._offset[target])
            )
        joined = {
            ("node", relation, "node"): (
                np.concatenate([part[0] for part in found]),
                np.concatenate([part[1] for part in found]),
            )
            for relation, found in parts.items()
        }
        return heterograph.build(joined, {"node": len(self._type)})

    def _neighbours(self, frontier: Numbers, *, outgoing: bool) -> Iterator[tuple[str, Numbers]]:
        fanouts = {name: self.plan.of(name, outgoing=outgoing) for name in self._graph.etypes}
        return heterograph.draw_edges(self._graph, frontier, fanouts, outgoing=outgoing)

    def _reach(self, nodes: Numbers) -> Numbers:
        """Take nodes into the draw, and return those that are new, each once, in the order given."""
        new = nodes[self._local[nodes] < 0]
        new = new[np.sort(np.unique(new, return_index=True)[1])]
        self._local[new] = 0
        self._nodes.append(new)
        return new

    def _finish(self, drawn: Mapping[str, list[Numbers]]) -> Draw:
        """Give the nodes of each type numbers, file the edges by the types of their ends, and forget."""
        found = np.concatenate(self._nodes)
        types = self._type[found]
        nodes = {}
        for number, kind in enumerate(NODE_TYPES):
            of_type = found[types == number]
            self._local[of_type] = np.arange(len(of_type))
            if len(of_type):
                nodes[kind] = of_type - self._offset[kind]
        edges: dict[EdgeType, Edges] = {}
        for relation, parts in drawn.items():
            source, target = heterograph.ends(self._graph, relation, np.unique(np.concatenate(parts)))
            pair = self._type[source] * len(NODE_TYPES) + self._type[target]
            for both in np.unique(pair).tolist():
                chosen = pair == both
                first, last = divmod(both, len(NODE_TYPES))
                edge_type = (NODE_TYPES[first], relation, NODE_TYPES[last])
                edges[edge_type] = (self._local[source[chosen]], self._local[target[chosen]])
        self._local[found] = -1
        return Draw(nodes, dict(sorted(edges.items())))


def prefetch(sampler: Sampler, requests: Iterable[Request], ahead: int = 4) -> Iterator[Draw]:
    """Draw in threads while the caller computes.

    Args:
        sampler: what draws.
        requests: one a batch.
        ahead: draws that are made or under way before they are asked for.
    """
    rest = iter(requests)
    waiting: list[Future[Draw]] = []
    with ThreadPoolExecutor(sampler.threads) as pool:
        try:
            while True:
                for request in rest:
                    waiting.append(pool.submit(sampler.draw, request))
                    if len(waiting) > ahead:
                        break
                if not waiting:
                    return
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()


def _column(packed: bytes) -> Numbers:
    return np.frombuffer(bytearray(packed), dtype="<i8")  # torch takes no array that it may not write to


def _without_strangers(nodes: Mapping[str, Numbers], edges: Mapping[EdgeType, Edges]) -> Draw:
    """Leave out nodes of which the directory does not know, and their edges."""
    if not any((rows < 0).any() for rows in nodes.values()):
        return Draw(nodes, edges)
    known = {kind: rows >= 0 for kind, rows in nodes.items()}
    number = {kind: np.cumsum(there) - 1 for kind, there in known.items()}
    kept: dict[EdgeType, Edges] = {}
    for (source, relation, target), (first, last) in edges.items():
        there = known[source][first] & known[target][last]
        if there.any():
            kept[source, relation, target] = (number[source][first[there]], number[target][last[there]])
    return Draw({kind: rows[known[kind]] for kind, rows in nodes.items()}, kept)


def names(ids: Sequence[str], rows: Numbers) -> list[str]:
    """Return the ids of some rows."""
    return [ids[row] for row in rows.tolist()]
