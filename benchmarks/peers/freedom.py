"""FREEDOM (Zhou & Shen 2023, "A Tale of Two Graphs"), written here from the paper: no package has it.

Item-item graph, frozen: for each modality m the k nearest films by the cosine of the raw features, with
weight 1, normalised by degrees; S = Σ_m a_m S_m. User-item graph, denoised: in each epoch a share of the
clicks is left out, a click (u, i) being kept with a probability in proportion to 1 / (√d_u √d_i).

    e_u, e_i = mean over the layers of LightGCN on the denoised graph
    ẽ_i = e_i + S x_i                       (x_i is the film's own embedding)
    loss = BPR(e_u, ẽ) + λ Σ_m BPR(e_u, W_m f_m) + penalty |·|²

In use the whole click graph is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .inputs import Inputs, Scores

EPOCHS = 150
BATCH = 2048
EVERY = 3
PATIENCE = 5
NEAREST = 10


class Freedom(nn.Module):
    """The model, over clicks (clicks, 2) and features by modality (films, width)."""

    def __init__(self, inputs: Inputs, dimension: int, layers: int, image_share: float) -> None:
        super().__init__()
        self.users, self.items, self.layers = inputs.users, inputs.items, layers
        self.of_users = nn.Parameter(nn.init.xavier_uniform_(torch.empty(inputs.users, dimension)))
        self.of_items = nn.Parameter(nn.init.xavier_uniform_(torch.empty(inputs.items, dimension)))
        shares = {"text": 1 - image_share, "image": image_share}
        self.features = {name: torch.from_numpy(matrix) for name, matrix in inputs.features.items()}
        self.near = sum(shares[name] * _nearest(matrix) for name, matrix in self.features.items())
        self.projections = nn.ModuleDict(
            {name: nn.Linear(matrix.shape[1], dimension) for name, matrix in self.features.items()}
        )

    def forward(self, graph: Tensor) -> tuple[Tensor, Tensor]:
        """Return the users' and the films' vectors, given the normalised graph of users and films."""
        state = torch.cat([self.of_users, self.of_items])
        states = [state]
        for _ in range(self.layers):
            state = torch.sparse.mm(graph, state)
            states.append(state)
        mean = torch.stack(states).mean(0)
        return mean[: self.users], mean[self.users :] + self.near @ self.of_items


def scores(settings: Mapping[str, Any], seed: int, inputs: Inputs) -> Scores:
    """Train FREEDOM with early stopping on the valid clicks and return its scores, (users, films)."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    model = Freedom(inputs, settings["dimension"], settings["layers"], settings["image_share"])
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["learning_rate"])
    clicks = torch.from_numpy(inputs.train)
    seen = torch.zeros(inputs.users, inputs.items, dtype=torch.bool)
    seen[clicks[:, 0], clicks[:, 1]] = True
    whole, kept_by = _graph(clicks, inputs), _sensitivity(inputs)
    best, best_scores, waited = -1.0, np.empty(0, dtype=np.float32), 0
    for epoch in range(1, EPOCHS + 1):
        count = round(len(clicks) * (1 - settings["pruned"]))
        kept = random.choice(len(clicks), count, replace=False, p=kept_by)
        graph = _graph(clicks[kept], inputs)
        for batch in torch.from_numpy(random.permutation(len(clicks))).split(BATCH):
            user, item = clicks[batch].T
            other = _negatives(seen, user, random)
            users, items = model(graph)
            loss = _bpr(users[user], items[item], items[other])
            for name, project in model.projections.items():
                told = model.features[name]
                loss = loss + settings["media_weight"] * _bpr(
                    users[user], project(told[item]), project(told[other])
                )
            squared = (
                model.of_users[user].square().sum() + model.of_items[torch.cat([item, other])].square().sum()
            )
            loss = loss + settings["penalty"] * squared / (2 * len(batch))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % EVERY == 0:
            with torch.no_grad():
                users, items = model(whole)
                found = (users @ items.T).numpy()
            if (ndcg := inputs.ndcg(found)) > best:
                best, best_scores, waited = ndcg, found, 0
            elif (waited := waited + 1) == PATIENCE:
                break
    return best_scores


def _bpr(user: Tensor, item: Tensor, other: Tensor) -> Tensor:
    return -functional.logsigmoid((user * (item - other)).sum(1)).mean()


def _nearest(features: Tensor) -> Tensor:
    """Return the graph of the nearest films, (films, films), normalised by degrees."""
    unit = functional.normalize(features)
    cosine = unit @ unit.T
    cosine.fill_diagonal_(-2)
    graph = torch.zeros_like(cosine).scatter_(1, cosine.topk(NEAREST).indices, 1.0)
    graph[features.abs().sum(1) == 0] = 0  # a film without the modality has no neighbours of its own
    degree = graph.sum(1).clamp(min=1).rsqrt()
    return degree[:, None] * graph * degree[None, :]


def _graph(clicks: Tensor, inputs: Inputs) -> Tensor:
    """Return the graph of users and films, both ways, normalised by degrees, sparse."""
    user, item = clicks.T
    item = item + inputs.users
    rows, columns = torch.cat([user, item]), torch.cat([item, user])
    size = inputs.users + inputs.items
    degree = torch.bincount(rows, minlength=size).clamp(min=1).float().rsqrt()
    return torch.sparse_coo_tensor(
        torch.stack([rows, columns]), degree[rows] * degree[columns], (size, size)
    ).coalesce()


def _sensitivity(inputs: Inputs) -> np.ndarray[Any, np.dtype[np.float64]]:
    user, item = inputs.train.T
    weight = 1 / np.sqrt(np.bincount(user)[user] * np.bincount(item)[item])
    return weight / weight.sum()


def _negatives(seen: Tensor, users: Tensor, random: np.random.Generator) -> Tensor:
    """Draw a film that the user has not clicked, for each."""
    drawn = torch.from_numpy(random.integers(0, seen.shape[1], len(users)))
    while (again := seen[users, drawn]).any():
        drawn[again] = torch.from_numpy(random.integers(0, seen.shape[1], int(again.sum())))
    return drawn
