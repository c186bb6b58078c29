"""Which peers there are and what tuning may try for each.

The first trial is always the library's defaults, but for the width of RippleNet. The ranges are those that
the libraries or the papers recommend, as far as they fit this data. Epochs, batch and patience are the same
for all and are not searched.
"""

from __future__ import annotations

from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

Space = dict[str, BaseDistribution]

RATE = FloatDistribution(1e-4, 1e-2, log=True)
WIDTH = CategoricalDistribution((32, 64, 128))
DROPOUT = CategoricalDistribution((0.1, 0.3, 0.5, 0.7))
REGULARISED = CategoricalDistribution((1e-6, 1e-5, 1e-4, 1e-3, 1e-2))
LAYERS = CategoricalDistribution((1, 2, 3))


def _rate(value: float = 1e-3) -> tuple[float, BaseDistribution]:
    return value, RATE


PEERS: dict[str, dict[str, tuple[Any, BaseDistribution]]] = {
    "Pop": {},
    "ItemKNN": {
        "k": (100, CategoricalDistribution((20, 50, 100, 200, 400, 800))),
        "shrink": (0.0, CategoricalDistribution((0.0, 5.0, 10.0, 50.0, 100.0))),
    },
    "EASE": {"reg_weight": (250.0, FloatDistribution(10.0, 3000.0, log=True))},
    "SLIMElastic": {
        "alpha": (0.2, FloatDistribution(0.01, 1.0, log=True)),
        "l1_ratio": (0.02, FloatDistribution(1e-3, 0.5, log=True)),
    },
    "BPR": {
        "embedding_size": (64, WIDTH),
        "learning_rate": _rate(),
        "weight_decay": (0.0, CategoricalDistribution((0.0, 1e-6, 1e-5, 1e-4, 1e-3))),
    },
    "LightGCN": {
        "embedding_size": (64, WIDTH),
        "n_layers": (2, LAYERS),
        "reg_weight": (1e-5, REGULARISED),
        "learning_rate": _rate(),
    },
    "MultiVAE": {
        "latent_dimension": (128, CategoricalDistribution((64, 128, 200))),
        "dropout_prob": (0.5, DROPOUT),
        "anneal_cap": (0.2, CategoricalDistribution((0.05, 0.1, 0.2, 0.5, 1.0))),
        "learning_rate": _rate(),
    },
    "RecVAE": {
        "latent_dimension": (200, CategoricalDistribution((64, 128, 200))),
        "dropout_prob": (0.5, DROPOUT),
        "gamma": (0.005, FloatDistribution(1e-3, 5e-2, log=True)),
        "learning_rate": _rate(),
    },
    "NFM": {
        "embedding_size": (10, CategoricalDistribution((10, 32, 64, 128))),
        "mlp_hidden_size": (
            "[64,64,64]",
            CategoricalDistribution(("[64,64,64]", "[64]", "[128]", "[128,64]")),
        ),
        "dropout_prob": (0.0, CategoricalDistribution((0.0, 0.1, 0.3, 0.5))),
        "learning_rate": _rate(),
        "weight_decay": (0.0, CategoricalDistribution((0.0, 1e-6, 1e-5, 1e-4))),
    },
    "CKE": {
        "embedding_size": (64, WIDTH),
        "reg_weights": (
            "[0.01,0.01]",
            CategoricalDistribution(("[0.1,0.1]", "[0.01,0.01]", "[0.001,0.001]", "[0.0001,0.0001]")),
        ),
        "learning_rate": _rate(),
    },
    "KGCN": {
        "embedding_size": (64, WIDTH),
        # One round, the library's default: with two of 16 neighbours an epoch takes minutes on one core.
        "n_iter": (1, CategoricalDistribution((1,))),
        "neighbor_sample_size": (4, CategoricalDistribution((4, 8, 16))),
        "reg_weight": (1e-7, CategoricalDistribution((1e-7, 1e-6, 1e-5, 1e-4))),
        "learning_rate": _rate(),
    },
    "RippleNet": {
        # With the library's 64 an epoch takes minutes on one core; the paper has 8 to 16.
        "embedding_size": (16, CategoricalDistribution((8, 16))),
        "n_hop": (2, CategoricalDistribution((1, 2))),
        "kg_weight": (0.01, CategoricalDistribution((1e-4, 1e-3, 1e-2, 1e-1))),
        "reg_weight": (1e-7, CategoricalDistribution((1e-7, 1e-6, 1e-5))),
        "learning_rate": _rate(),
    },
    "VBPR": {
        "k": (10, CategoricalDistribution((10, 32, 64))),
        "k2": (10, CategoricalDistribution((10, 32, 64))),
        "n_epochs": (50, CategoricalDistribution((20, 50, 100))),
        "learning_rate": (0.005, RATE),
        "lambda_w": (0.01, CategoricalDistribution((1e-4, 1e-3, 1e-2, 1e-1))),
        "lambda_e": (0.0, CategoricalDistribution((0.0, 1e-4, 1e-2))),
    },
    "FREEDOM": {
        "dimension": (64, WIDTH),
        "layers": (2, LAYERS),
        "image_share": (0.1, CategoricalDistribution((0.0, 0.1, 0.5, 0.9))),
        "pruned": (0.8, CategoricalDistribution((0.0, 0.5, 0.8, 0.9))),
        "penalty": (1e-3, CategoricalDistribution((0.0, 1e-5, 1e-4, 1e-3, 1e-2))),
        "media_weight": (1e-3, CategoricalDistribution((0.0, 1e-4, 1e-3, 1e-2))),
        "learning_rate": _rate(),
    },
}
"""By peer and setting, the library's default and what may be tried."""


def space(peer: str) -> Space:
    """Return what may be tried for a peer, by setting."""
    return {name: tried for name, (_, tried) in PEERS[peer].items()}


def defaults(peer: str) -> dict[str, Any]:
    """Return the library's defaults of the settings that are searched."""
    return {name: value for name, (value, _) in PEERS[peer].items()}
