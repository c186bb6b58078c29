"""What a film's content says of its vector: kernel ridge regression from the films that were clicked.

Two films are alike in a view, the texts, the pictures or one relation to entities, by the cosine of their
features (centred) or of their entities (tf-idf); of sounds and videos, by what the model made of them
(centred). The kernel K is the mean over the views, weighted by how much each tells of the clicks
(`gnn.models.alignment`). With n_i the clicks of film i and Y the vectors of the films that have some, those
of a film that nobody clicked are

    y = ȳ + k (K + λ diag(n)^-½)^-1 (Y - ȳ)

so films with many clicks are believed more. It has no weights of its own to train, so it holds for films
that come later. The mean ȳ stands for a film of which nothing is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags
from torch import Tensor
from torch.nn import functional

from gnn import heterograph
from gnn.models.alignment import alignment
from gnn.models.base import Problem

FLAT = ("text", "image")
"""Views whose features are one row a medium; a fine-tuned picture is none of them."""


class ContentMap:
    """The regression for one graph: which films tell, and with what weights, of which.

    Args:
        problem: gives content and clicks.
        known: (items,) the films that have vectors of their own; the others get theirs by `fill`.
        penalty: λ.
        seen: the views of media that may tell by their features: those of `FLAT`.
        learned: what the model makes of other views, (items, width) each, zero for a film without such media.
    """

    def __init__(
        self,
        problem: Problem,
        known: Tensor,
        penalty: float,
        seen: Collection[str],
        learned: Collection[Tensor] = (),
    ) -> None:
        self.known = known
        self.penalty = penalty
        told, asked = known.numpy(), (~known).numpy()
        clicks = np.bincount(problem.clicks.items, minlength=problem.items)[told]
        inner = np.zeros((int(told.sum()),) * 2, dtype=np.float32)
        outer = np.zeros((int(asked.sum()), len(inner)), dtype=np.float32)
        views = [*_views(problem, seen), *(_likeness(rows.detach()) for rows in learned)]
        weights = alignment(views, problem.click_matrix().T.tocsr())
        for weight, view in zip(weights, views, strict=True):
            if weight:
                inner += weight * (view[told] @ view[told].T).toarray()
                outer += weight * (view[asked] @ view[told].T).toarray()
        inner[np.diag_indices(len(inner))] += penalty / np.sqrt(np.maximum(clicks, 1))
        self.weights = torch.from_numpy(np.linalg.solve(inner, outer.T).T.astype(np.float32))
        """(unknown films, known films)."""

    def fill(self, rows: Tensor) -> Tensor:
        """Return (items, width) with the rows of the unknown films told by the others."""
        mean = rows[self.known].mean(0)
        filled = rows.clone()
        filled[~self.known] = mean + self.weights @ (rows[self.known] - mean)
        return filled


def _views(problem: Problem, seen: Collection[str]) -> Iterator[csr_matrix]:
    """Yield films by what they have in each view, (items, width) each, in rows of unit length or zero."""
    for modality in FLAT:
        if modality in seen and modality in problem.features:
            yield _media(problem, modality)
    graph = problem.ripple.graph
    for edge_type in heterograph.edge_types(graph):
        if {edge_type[0], edge_type[2]} == {"item", "entity"}:
            ends = [nodes.numpy() for nodes in heterograph.edges(graph, edge_type)]
            items, entities = ends if edge_type[0] == "item" else ends[::-1]
            shape = (problem.items, problem.ripple.count("entity"))
            yield _facts(csr_matrix((np.ones(len(items)), (items, entities)), shape=shape))


def _media(problem: Problem, modality: str) -> csr_matrix:
    features = problem.features[modality].float()
    media, items = problem.encoded_edges(modality)
    total = torch.zeros(problem.items, features.shape[1]).index_add_(0, items, features[media])
    count = torch.bincount(items, minlength=problem.items)
    return _likeness(total / count.clamp(min=1).unsqueeze(1))


def _likeness(rows: Tensor) -> csr_matrix:
    """Centre the rows that are not zero, and bring them to unit length."""
    shown = rows.any(1)
    centred = torch.where(shown.unsqueeze(1), rows - rows[shown].mean(0), 0.0)
    return csr_matrix(functional.normalize(centred, dim=1).numpy())


def _facts(counts: csr_matrix) -> csr_matrix:
    """Weigh entities by how rare they are; one with a single film tells nothing of others."""
    frequency = np.asarray((counts > 0).sum(0)).ravel()
    shared = frequency > 1
    rarity = np.log(counts.shape[0] / frequency[shared])
    weighted = counts[:, shared] @ diags(rarity)
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
    return csr_matrix(diags(1 / np.maximum(length, 1e-9)) @ weighted, dtype=np.float32)
