"""What tuning may try: for each model the settings that matter most, and between what.

The first trial is always the model's defaults, so that tuning cannot make a model worse on the valid clicks.
The budget (epochs, patience) is not searched: it is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, both included; whole where both are."""

    low: float
    high: float
    log: bool = False
    """Whether orders of magnitude are equally likely, and not equal steps."""


@dataclass(frozen=True)
class OneOf:
    """One of a few numbers."""

    values: tuple[float, ...]


Space = dict[str, Between | OneOf]

RATE = Between(3e-4, 3e-2, log=True)
DECAY = Between(1e-7, 1e-2, log=True)

OR_NONE = OneOf((0.0, 1e-6, 1e-5, 1e-4, 1e-3))
"""Decays for the models whose default is none."""

_MGNN: Space = {
    "dimension": OneOf((64, 128, 256)),
    "hops": OneOf((0, 1, 2)),
    "learning_rate": RATE,
    "weight_decay": DECAY,
    "temperature": Between(0.05, 0.5, log=True),
    "click_dropout": Between(0.1, 0.7),
    "fact_dropout": Between(0.0, 0.5),
    "media_dropout": Between(0.0, 0.6),
    "linear_weight": Between(0.01, 0.5, log=True),
}

SPACES: dict[str, Space] = {
    "mgnn": _MGNN,
    "tgnn": _MGNN,
    "mgnn-paper": {
        "dimension": OneOf((64, 256, 1024)),
        "hops": OneOf((1, 2, 3)),
        "learning_rate": RATE,
        "weight_decay": OR_NONE,
        "temperature": Between(0.05, 0.5, log=True),
    },
    "mmgcn": {
        "dimension": OneOf((32, 64, 128)),
        "hops": OneOf((1, 2, 3)),
        "learning_rate": RATE,
        "weight_decay": OR_NONE,
        "batch_size": OneOf((512, 1024, 2048)),
    },
    "ripplenet": {
        "dimension": OneOf((16, 32, 64)),
        "hops": OneOf((1, 2, 3)),
        "memory": OneOf((16, 32, 64)),
        "learning_rate": RATE,
        "kge_weight": Between(1e-4, 1e-1, log=True),
        "l2_weight": Between(1e-8, 1e-4, log=True),
    },
    "nfm": {
        "dimension": OneOf((32, 64, 128)),
        "hops": OneOf((0, 1)),
        "layers": OneOf((1, 2, 3)),
        "dropout": Between(0.0, 0.7),
        "learning_rate": RATE,
        "weight_decay": OR_NONE,
    },
}
"""By model."""
