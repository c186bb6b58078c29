"""Peers of `cold_start.py` in closed form: item-item weights, from content or from clicks.

A user is scored by the sum of the weights of what he clicked, `X B`, so whoever is new is scored as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn import heterograph
from gnn.models import Problem

Scores = NDArray[np.float32]


class Linear(ABC):
    """Scores `X B`; B, (items, items), is what the peers differ in."""

    def __init__(self, problem: Problem, **settings: Any) -> None:
        clicks = clicks_matrix(problem.clicks.users, problem.clicks.items, problem.users, problem.items)
        self.weights = self.solve(problem, clicks, **settings)

    @abstractmethod
    def solve(self, problem: Problem, clicks: csr_matrix, **settings: Any) -> Scores:
        """Return B."""

    def scores(self, clicks: csr_matrix) -> Scores:
        """Score all films for users of whom clicks are given, (users, items)."""
        return np.asarray(clicks @ self.weights, dtype=np.float32)


class Ease(Linear):
    """EASE (Steck 2019): `B = -P / diag(P)`, `P = (X'X + λI)^-1`, with a diagonal of zero."""

    def solve(self, problem: Problem, clicks: csr_matrix, **settings: Any) -> Scores:
        """See the class."""
        gram = (clicks.T @ clicks).toarray() + settings["penalty"] * np.eye(problem.items)
        inverse = np.linalg.inv(gram)
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0)
        return weights.astype(np.float32)


class ItemKnn(Linear):
    """The cosine of two films' clicks, shrunk, of each film's k nearest."""

    def solve(self, problem: Problem, clicks: csr_matrix, **settings: Any) -> Scores:
        """See the class."""
        gram = (clicks.T @ clicks).toarray()
        length = np.sqrt(np.diag(gram))
        cosine = gram / (np.outer(length, length) + settings["shrink"] + 1e-9)
        return nearest(cosine, settings["k"])


class ContentKnn(Linear):
    """The cosine of two films' features, to a power, of each film's k nearest."""

    def solve(self, problem: Problem, clicks: csr_matrix, **settings: Any) -> Scores:
        """See the class."""
        features = film_features(problem, "text")
        if settings["image"]:
            features = np.concatenate([features, settings["image"] * film_features(problem, "image")], axis=1)
        cosine = features @ features.T
        return nearest(np.sign(cosine) * np.abs(cosine) ** settings["power"], settings["k"])


def text_mean(problem: Problem, *, centred: bool, image: float) -> Scores:
    """Score by the cosine of a film's text features with the mean of those that the user clicked."""
    features = film_features(problem, "text", centred=centred)
    if image:
        features = np.concatenate(
            [features, image * film_features(problem, "image", centred=centred)], axis=1
        )
    clicks = clicks_matrix(problem.clicks.users, problem.clicks.items, problem.users, problem.items)
    return np.asarray(_unit(clicks @ features) @ _unit(features).T, dtype=np.float32)


def content_knn(problem: Problem, **settings: Any) -> Scores:
    """Score all users of the graph by `ContentKnn`."""
    clicks = clicks_matrix(problem.clicks.users, problem.clicks.items, problem.users, problem.items)
    return ContentKnn(problem, **settings).scores(clicks)


def clicks_matrix(
    users: NDArray[np.int64], items: NDArray[np.int64], user_count: int, item_count: int
) -> csr_matrix:
    """Return clicks as zeros and ones, (users, items)."""
    return csr_matrix((np.ones(len(users), dtype=np.float32), (users, items)), (user_count, item_count))


def film_features(problem: Problem, modality: str, *, centred: bool = False) -> Scores:
    """Return the mean of each film's media, of unit length, (items, width); zero for a film without any."""
    features = problem.features[modality].float()
    total, count = torch.zeros(problem.items, features.shape[1]), torch.zeros(problem.items)
    for edge_type in heterograph.edge_types(problem.ripple.graph):
        if edge_type[0] == modality and edge_type[2] == "item":
            media, items = heterograph.edges(problem.ripple.graph, edge_type)
            total.index_add_(0, items, features[media])
            count += torch.bincount(items, minlength=problem.items)
    rows = (total / count.clamp(min=1).unsqueeze(1)).numpy()
    if centred:
        shown = count.numpy() > 0
        rows[shown] -= rows[shown].mean(0)
    return _unit(rows)


def nearest(weights: NDArray[Any], k: int) -> Scores:
    """Keep, of each column, the k largest but the diagonal."""
    weights = weights.copy()
    np.fill_diagonal(weights, 0)
    least = np.sort(weights, axis=0)[-min(k, len(weights)) :][0]
    return np.where(weights >= least, weights, 0).astype(np.float32)


def _unit(rows: NDArray[Any]) -> Scores:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)


Space = Mapping[str, tuple[Any, ...]]
NEIGHBOURS = (5, 10, 20, 50, 100, 200, 400, 2000)

RANKING: Mapping[str, tuple[Callable[..., Scores], Space]] = {
    "mean of the clicked texts": (
        text_mean,
        {"centred": (False, True), "image": (0.0, 0.25, 0.5, 1.0, 2.0)},
    ),
    "item-kNN by content": (
        content_knn,
        {"image": (0.0, 0.5, 1.0), "power": (1, 2, 4), "k": NEIGHBOURS},
    ),
}
"""Peers that rank by content."""

FOLDING: Mapping[str, tuple[type[Linear], Space]] = {
    "EASE": (Ease, {"penalty": (20.0, 50.0, 100.0, 200.0, 300.0, 500.0, 750.0, 1000.0, 2000.0, 4000.0)}),
    "item-kNN by clicks": (ItemKnn, {"k": NEIGHBOURS, "shrink": (0.0, 5.0, 10.0, 50.0, 100.0)}),
    "item-kNN by content": (
        ContentKnn,
        {"image": (0.0, 0.5, 1.0), "power": (1, 2, 4), "k": NEIGHBOURS},
    ),
}
"""Peers that make a user of his clicks."""
