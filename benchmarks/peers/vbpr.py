"""VBPR (He & McAuley 2016) of Cornac on the films' text and image features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cornac
import numpy as np
from cornac.data import Dataset, ImageModality

from .inputs import Inputs, Scores


def scores(settings: Mapping[str, Any], seed: int, inputs: Inputs) -> Scores:
    """Train VBPR and return its scores, (users, films)."""
    pairs = inputs.train
    # Cornac numbers users and films as it meets them; films without a click are unknown to it, so it gets the
    # numbers that are ours, and the features of all films.
    users = {user: user for user in range(inputs.users)}
    items = {item: item for item in range(inputs.items)}
    ones = np.ones(len(pairs))
    data = Dataset(inputs.users, inputs.items, users, items, (pairs[:, 0], pairs[:, 1], ones), seed=seed)
    joined = np.concatenate([_scaled(matrix) for matrix in inputs.features.values()], axis=1)
    data.add_modalities(
        item_image=ImageModality(features=joined.astype(np.float32), ids=list(range(inputs.items)))
    )
    data.item_image.build(id_map=items)
    model = cornac.models.VBPR(**settings, batch_size=100, use_gpu=False, verbose=False, seed=seed)
    model.fit(data)
    found = np.stack([model.score(user) for user in range(inputs.users)])
    return found.astype(np.float32)


def _scaled(matrix: Scores) -> Scores:
    """Bring the rows to unit length, so that no modality drowns the other."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix / np.maximum(lengths, 1e-12)
