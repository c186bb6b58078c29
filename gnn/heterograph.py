"""The one module that knows DGL: building heterographs and passing messages along their relations.

DGL is hardly maintained, so models call the functions here and never DGL itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

os.environ.setdefault(
    "DGLBACKEND", "pytorch"
)  # or the import prints a notice and writes to the home directory
import dgl
from dgl import function

Heterograph: TypeAlias = Any
"""A `dgl.DGLGraph`; DGL has no type hints."""

EdgeType: TypeAlias = tuple[str, str, str]
"""Source node type, relation, destination node type."""

Edges: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Source and destination numbers, (edges,) each."""


def build(edges: Mapping[EdgeType, Edges], counts: Mapping[str, int]) -> Heterograph:
    """Make a heterograph. `counts` says how many nodes a type has, so that nodes without an edge stay."""
    data = {
        edge_type: (torch.from_numpy(source), torch.from_numpy(destination))
        for edge_type, (source, destination) in edges.items()
    }
    if not data:  # DGL needs at least one edge type
        nothing = torch.zeros(0, dtype=torch.int64)
        kind = next(iter(counts))
        data = {(kind, "NONE", kind): (nothing, nothing)}
    known = {kind for source, _, destination in data for kind in (source, destination)}
    return dgl.heterograph(data, num_nodes_dict={kind: counts[kind] for kind in sorted(known)})


def edge_types(graph: Heterograph) -> list[EdgeType]:
    """List the edge types that hold an edge, sorted."""
    return sorted(edge_type for edge_type in graph.canonical_etypes if graph.num_edges(edge_type))


def edges(graph: Heterograph, edge_type: EdgeType) -> tuple[Tensor, Tensor]:
    """Return the source and destination numbers of a relation, (edges,) each."""
    source, destination = graph.edges(etype=edge_type)
    return source, destination


def bipartite(source: Tensor, destination: Tensor, sources: int, destinations: int) -> Heterograph:
    """Make a graph of one relation from `sources` nodes to `destinations` nodes."""
    return dgl.create_block((source, destination), num_src_nodes=sources, num_dst_nodes=destinations)


def weighted_sum(graph: Heterograph, values: Tensor, weights: Tensor | None = None) -> Tensor:
    """Sum the neighbours' values along a bipartite graph: `out[d] = Σ_(s→d) w_sd · values[s]`.

    Args:
        graph: from `bipartite`.
        values: (sources, width).
        weights: (edges,) in the order in which the edges were given, or None for 1.

    Returns:
        (destinations, width)
    """
    assert values.ndim == 2
    assert values.shape[0] == graph.num_src_nodes()
    if not values.shape[1]:  # DGL takes no such tensors, unless they are laid out as it likes
        return torch.zeros(graph.num_dst_nodes(), 0)
    with graph.local_scope():
        graph.srcdata["h"] = values.float()  # DGL adds up no bfloat16 on the CPU
        if weights is None:
            message = function.copy_u("h", "m")
        else:
            graph.edata["w"] = weights.unsqueeze(1)
            message = function.u_mul_e("h", "w", "m")
        graph.update_all(message, function.sum("m", "out"))
        out: Tensor = graph.dstdata["out"]
    return out


def in_edges(graph: Heterograph, destinations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the edges that end in some nodes.

    Returns:
        Source numbers, positions in `destinations`, and edge numbers, (edges,) each.
    """
    source, destination, number = graph.in_edges(destinations, form="all")
    position = torch.full((graph.num_dst_nodes(),), -1)
    position[destinations] = torch.arange(len(destinations))
    return source, position[destination], number


DRAWING = ThreadPoolExecutor(1, "draw", initializer=lambda: dgl.utils.set_num_threads(1))
"""The one thread that draws: what DGL draws depends, beside the seed, on how many threads drew before."""


def seed(number: int) -> None:
    """Seed the random numbers of `draw_edges`, which repeats itself in the thread of `DRAWING` alone."""
    dgl.seed(number % 2**31)


def draw_edges(
    graph: Heterograph, nodes: NDArray[np.int64], fanouts: Mapping[str, int], *, outgoing: bool
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Draw edges of each relation at each of some nodes, without replacement.

    Args:
        graph: a heterograph of one node type.
        nodes: numbers, (nodes,), none twice.
        fanouts: edges drawn at a node, by relation.
        outgoing: whether the edges begin or end at the nodes.

    Yields:
        Relation and edge numbers, (edges,), where there are any.
    """
    if not len(nodes) or not any(fanouts.values()):
        return
    drawn = dgl.sampling.sample_neighbors(
        graph, torch.from_numpy(nodes), dict(fanouts), edge_dir="out" if outgoing else "in"
    )
    for relation in graph.etypes:
        numbers = drawn.edges[relation].data[dgl.EID].numpy()
        if len(numbers):
            yield relation, numbers


def ends(
    graph: Heterograph, relation: str, numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return sources and destinations of some edges, (edges,) each."""
    source, destination = graph.find_edges(torch.from_numpy(numbers), etype=relation)
    return source.numpy(), destination.numpy()
