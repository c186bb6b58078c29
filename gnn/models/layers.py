"""How a user's vector is made of what he clicked, as data that the database can evaluate without Python.

With `C` the clicks of a user and `c_i` what a click on film i adds, each block k of a model's user side is

    h_k = f_k(b_k + Σ_{i ∈ C} c_ik / |C|^p_k)           f_k: `unit` (x / ‖x‖) or `tanh`

and the user is the blocks side by side, converted by a matrix if the model has one, brought to unit length. A
dense layer over a mean is the mean of the dense layer, so it is folded into `c_i`. Zeros make up for the
numbers that films have more than users (`gnn.models.lengths`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from gnn import heterograph
from gnn.heterograph import Heterograph

Activation = Literal["unit", "tanh"]

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "unit": lambda block: functional.normalize(block, dim=1),
    "tanh": torch.tanh,
}


@dataclass(frozen=True)
class UserBlock:
    """One part of a user's vector; see the module."""

    causes: Tensor
    """c: (items, width)."""
    bias: Tensor
    """b: (width,)."""
    power: float
    """p: 0 for the sum of the clicks, 1 for their mean."""
    activation: Activation


@dataclass(frozen=True)
class UserLayers:
    """The user side of a model; see the module."""

    blocks: tuple[UserBlock, ...]
    conversion: Tensor | None = None
    """(dimension, width of all blocks)."""

    def users(self, clicks: Heterograph) -> Tensor:
        """Make the users' vectors, not yet of unit length, (users, width), of clicks from items to users."""
        items = clicks.num_src_nodes()
        count = heterograph.weighted_sum(clicks, torch.ones(items, 1)).clamp(min=1)
        blocks = [
            ACTIVATIONS[block.activation](
                heterograph.weighted_sum(clicks, block.causes) / count**block.power + block.bias
            )
            for block in self.blocks
        ]
        side_by_side = torch.cat(blocks, dim=1)
        return side_by_side if self.conversion is None else side_by_side @ self.conversion.T

    def causes(self) -> Tensor:
        """Return what a click on each film adds, (items, width of all blocks)."""
        return torch.cat([block.causes for block in self.blocks], dim=1)

    def properties(self) -> dict[str, Any]:
        """Return all but the causes, as properties of the `Model` node."""
        return {
            "user_widths": [len(block.bias) for block in self.blocks],
            "user_powers": [float(block.power) for block in self.blocks],
            "user_activations": [block.activation for block in self.blocks],
            "user_bias": torch.cat([block.bias for block in self.blocks]).tolist(),
            "user_conversion": None if self.conversion is None else self.conversion.flatten().tolist(),
        }
