"""Tune one peer on the valid clicks and leave its scores by seed.

Runs in the peers' environment:

    python -m benchmarks.peers.tune PEER FOLDER [--trials 10] [--seeds 0,1,2]

The study is FOLDER/studies/PEER.db, so a search that was interrupted goes on. `benchmarks/peers_table.py`
calls it.
"""

from __future__ import annotations

import argparse
import json
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import optuna
import torch

from . import freedom, recbole_peer, vbpr
from .inputs import Inputs, Scores
from .spaces import PEERS, defaults, space

OTHERS = {"VBPR": vbpr.scores, "FREEDOM": freedom.scores}
WITHOUT_SEED = ("Pop", "ItemKNN", "EASE", "SLIMElastic")
"""Peers in closed form, or nearly: every seed gives the same."""
RANDOM_TRIALS = 5


def main() -> None:
    """Search, then train with the best settings and each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seeds", default="0,1,2")
    arguments = parser.parse_args()
    peer: str = arguments.peer
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    inputs = Inputs.read(arguments.folder)
    trial = search(peer, inputs, arguments.trials)
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    for seed in seeds[:1] if peer in WITHOUT_SEED else seeds:
        path = inputs.folder / "scores" / f"{peer}-{seed}.npy"
        if path.exists():
            continue
        found = scores(peer, trial.params, seed, inputs)
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, found)
        temporary.replace(path)
    told = {"settings": trial.params, "valid": trial.value, "trials": arguments.trials}
    (inputs.folder / "scores" / f"{peer}.json").write_text(json.dumps(told))


def search(peer: str, inputs: Inputs, trials: int) -> optuna.trial.FrozenTrial:
    """Return the best trial by ndcg@10 on the valid clicks; seed 0 in every trial."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    studies = inputs.folder / "studies"
    studies.mkdir(exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{studies / peer}.db",
        study_name=peer,
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=RANDOM_TRIALS),
    )
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):  # what was interrupted
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(trial.params)
    wanted = trials if space(peer) else 1
    if not study.trials:
        study.enqueue_trial(defaults(peer))
    while (done := len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]))) < wanted:
        trial = study.ask(space(peer))
        start = perf_counter()
        value = inputs.ndcg(scores(peer, trial.params, 0, inputs))
        study.tell(trial, value)
        print(
            f"{peer} {done + 1}/{wanted}: {value:.4f} in {perf_counter() - start:.0f} s {trial.params}",
            flush=True,
        )
    return study.best_trial


def scores(peer: str, settings: Mapping[str, Any], seed: int, inputs: Inputs) -> Scores:
    """Train a peer and return its scores, (users, films)."""
    if peer in OTHERS:
        return OTHERS[peer](settings, seed, inputs)
    return recbole_peer.scores(peer, settings, seed, inputs)


if __name__ == "__main__":
    main()
