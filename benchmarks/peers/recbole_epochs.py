"""Seconds an epoch of RecBole's RippleNet and KGCN; `benchmarks/epoch_speed.py` runs it by another Python.

    PEERS_PYTHON benchmarks/peers/recbole_epochs.py FOLDER DIMENSION BATCH HOPS MEMORY EPOCHS

FOLDER holds `films/films.inter`, `.kg` and `.link`. The first epoch warms up, and is not counted.
"""

from __future__ import annotations

import json
import sys
import tempfile
from time import perf_counter

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed

folder = sys.argv[1]
dimension, batch, hops, memory, epochs = map(int, sys.argv[2:])
sys.argv[1:] = []  # or RecBole takes them for settings
for name in ("RippleNet", "KGCN"):
    with tempfile.TemporaryDirectory() as checkpoints:
        told = {
            "data_path": folder,
            "load_col": {
                "inter": ["user_id", "item_id"],
                "kg": ["head_id", "relation_id", "tail_id"],
                "link": ["item_id", "entity_id"],
            },
            # All clicks are for training but one a user, which the split wants.
            "eval_args": {"split": {"LS": "test_only"}, "order": "RO", "mode": "full", "group_by": "user"},
            "embedding_size": dimension,
            "n_hop": hops,
            "n_memory": memory,
            "train_batch_size": batch,
            "epochs": 1,
            "use_gpu": False,
            "show_progress": False,
            "state": "ERROR",
            "checkpoint_dir": checkpoints,
        }
        config = Config(model=name, dataset="films", config_dict=told)
        init_seed(0, reproducibility=False)
        train, _, _ = data_preparation(config, create_dataset(config))
        model = get_model(name)(config, train._dataset)
        trainer = get_trainer(config["MODEL_TYPE"], name)(config, model)
        times = []
        for _ in range(epochs + 1):
            trainer.start_epoch, trainer.epochs = 0, 1
            start = perf_counter()
            trainer.fit(train, None, verbose=False, saved=False, show_progress=False)
            times.append(perf_counter() - start)
        clicks, facts = len(train._dataset.inter_feat), len(train._dataset.kg_feat)
        print(json.dumps({"name": name, "seconds": times[1:], "clicks": clicks, "facts": facts}), flush=True)
print(json.dumps({"threads": torch.get_num_threads(), "torch": torch.__version__}))
