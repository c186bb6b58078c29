"""A model of RecBole, trained with early stopping on the valid clicks, as a matrix of scores."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.utils import ModelType, get_model, get_trainer, init_seed

from .inputs import ATOMIC, Inputs, Scores
from .kgcn import QuickKGCN

EPOCHS = 150
BATCH = 2048
NEGATIVES = {"distribution": "uniform", "sample_num": 1, "alpha": 1.0, "dynamic": False, "candidate_num": 0}
EVERY = 3
PATIENCE = 5
"""Looks at the valid clicks without a gain, `EVERY` epochs apart."""


def scores(name: str, settings: Mapping[str, Any], seed: int, inputs: Inputs) -> Scores:
    """Train a model of RecBole and return its scores, (users, films)."""
    with tempfile.TemporaryDirectory() as checkpoints:
        config = Config(
            model=name, dataset=ATOMIC, config_dict=_config(name, settings, seed, inputs, checkpoints)
        )
        init_seed(seed, reproducibility=True)
        dataset = create_dataset(config)
        train, valid, _ = data_preparation(config, dataset)
        init_seed(seed, reproducibility=True)
        # As RecBole itself does; the loader of a model with facts has no public name for it.
        kind = QuickKGCN if name == "KGCN" else get_model(name)
        model = kind(config, train._dataset).to(config["device"])
        trainer = get_trainer(config["MODEL_TYPE"], name)(config, model)
        trainer.fit(train, valid, verbose=False, saved=True, show_progress=False)
        if config["epochs"] > 1:
            model.load_state_dict(torch.load(trainer.saved_model_file, weights_only=False)["state_dict"])
        return _matrix(name, model, dataset, inputs)


def _config(
    name: str, settings: Mapping[str, Any], seed: int, inputs: Inputs, checkpoints: str
) -> dict[str, Any]:
    kinds = {"inter": ["user_id", "item_id"]}
    if name in ("CKE", "KGCN", "RippleNet"):
        kinds |= {"kg": ["head_id", "relation_id", "tail_id"], "link": ["item_id", "entity_id"]}
    return {
        "data_path": str(inputs.folder),
        "benchmark_filename": ["train", "valid", "films"],
        "load_col": kinds,
        "eval_args": {"split": {"RS": [0.8, 0.1, 0.1]}, "order": "RO", "mode": "full", "group_by": "user"},
        "metrics": ["Recall", "NDCG"],
        "valid_metric": "NDCG@10",
        "topk": [10],
        "epochs": EPOCHS if name not in ("Pop", "ItemKNN", "EASE", "SLIMElastic") else 1,
        # Pop counts a film once a batch, however often it is clicked there.
        "train_batch_size": 1 if name == "Pop" else BATCH,
        "eval_batch_size": 200_000,
        "eval_step": EVERY,
        "stopping_step": PATIENCE,
        "seed": seed,
        "use_gpu": False,
        "show_progress": False,
        "state": "ERROR",
        "checkpoint_dir": checkpoints,
        # Said outright, as RecBole gives NFM none unless told.
        "train_neg_sample_args": None if name in ("MultiVAE", "RecVAE") else NEGATIVES,
        **{name: _value(value) for name, value in settings.items()},
    }


def _value(value: Any) -> Any:
    """Read a list that is written as text, as Optuna's categories are plain values."""
    return (
        [float(part) if "." in part else int(part) for part in value[1:-1].split(",")]
        if _listed(value)
        else value
    )


def _listed(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("[")


@torch.no_grad()
def _matrix(name: str, model: Any, dataset: Any, inputs: Inputs) -> Scores:
    """Score each user and film, in the order of the inputs."""
    model.eval()
    known = np.arange(inputs.users)
    if name == "RippleNet":  # it stops at a user without clicks to learn from
        known = np.unique(inputs.train[:, 0])
    users = torch.from_numpy(dataset.token2id("user_id", [str(user) for user in known]))
    items = dataset.token2id("item_id", [str(item) for item in range(inputs.items)])
    found = np.zeros((inputs.users, inputs.items), dtype=np.float32)
    pairwise = model.type == ModelType.CONTEXT
    size = 20 if pairwise else 256
    for start in range(0, len(users), size):
        chunk = users[start : start + size]
        if pairwise:
            pairs = Interaction(
                {
                    "user_id": chunk.repeat_interleave(dataset.item_num),
                    "item_id": torch.arange(dataset.item_num).repeat(len(chunk)),
                }
            )
            values = model.predict(pairs)
        else:
            values = model.full_sort_predict(Interaction({"user_id": chunk}))
        found[known[start : start + size]] = values.reshape(len(chunk), dataset.item_num)[:, items].numpy()
    return found
