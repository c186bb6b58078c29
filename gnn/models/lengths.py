"""Vectors of any length as unit vectors that rank alike, for an index that knows the cosine alone.

A user's length does not matter to his own ranking, a film's does. One more number in which users are 0 brings
all films to the length of the longest:

    user (v_u, 0) / ‖v_u‖        film (q_i, √(max_j ‖q_j‖² - ‖q_i‖²)) / max_j ‖q_j‖
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def unit_vectors(users: Tensor, films: Tensor) -> tuple[Tensor, Tensor]:
    """Bring users, (users, width), and films, (items, width), to unit vectors one number wider."""
    length = films.square().sum(1, keepdim=True)
    films = torch.cat([films, (length.max() - length).clamp(min=0).sqrt()], dim=1)
    users = torch.cat([users, torch.zeros(len(users), 1)], dim=1)
    return functional.normalize(users, dim=1), functional.normalize(films, dim=1)
