"""A linear item-item model in closed form, brought to low rank: which clicks go with which.

EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data"), on clicks that are normalised so
that neither the most active users nor the most clicked films drown the rest:

    W = D_u^-½ X D_i^-0.3        P = (Wᵀ W + λ I)^-1        B = -P / diag(P), with a diagonal of zero
    E = X D_i^-0.3 B D_i^0.3,    each row centred and of unit length

The first principal directions V of E, (items, rank), are the films as targets, and `D_i^-0.3 B D_i^0.3 V` are
the films as causes: summed over a user's clicks and brought to unit length, they give the user.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from gnn.models.base import Problem

PENALTY = 300.0
"""λ, in clicks; it is scaled as the normalisation scales the clicks."""
USER_POWER = 0.5
ITEM_POWER = 0.3
CHUNK = 4096


def linear_factors(problem: Problem, rank: int) -> tuple[Tensor, Tensor]:
    """Solve the linear model of the training clicks.

    Returns:
        Films as causes and as targets, (items, rank) each.
    """
    seen = problem.click_matrix()
    of_user = np.maximum(np.asarray(seen.sum(1)).ravel(), 1)
    of_item = np.maximum(np.asarray(seen.sum(0)).ravel(), 1)
    weighted = scipy.sparse.diags(of_user**-USER_POWER) @ seen @ scipy.sparse.diags(of_item**-ITEM_POWER)
    gram = (weighted.T @ weighted).toarray()
    penalty = PENALTY * np.trace(gram) / len(problem.clicks)
    inverse = np.linalg.inv(gram + penalty * np.eye(problem.items))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    weights = of_item[:, None] ** -ITEM_POWER * weights * of_item**ITEM_POWER
    weights -= weights.mean(1, keepdims=True)
    spread = np.zeros((problem.items, problem.items))
    for start in range(0, problem.users, CHUNK):
        scores = seen[start : start + CHUNK] @ weights
        scores /= np.maximum(np.linalg.norm(scores, axis=1, keepdims=True), 1e-9)
        spread += scores.T @ scores
    directions = np.linalg.eigh(spread)[1][:, ::-1][:, :rank]
    causes = torch.from_numpy(weights @ directions).float()
    return causes, torch.from_numpy(directions.copy()).float()
