"""Ours and peers on one split, each tuned on the valid clicks by as many trials.

    MMKG_HOME=/tmp/ml100k python benchmarks/peers_table.py DATA OUT --peers-python PEERS/bin/python

DATA is as in `benchmarks/ml100k.py`. The peers run in an environment of their own, made once by

    python -m venv PEERS && PEERS/bin/pip install -r benchmarks/peers/requirements.txt

All see the same clicks, and those that can use them the same facts, text and image features. A peer leaves
its scores in OUT, and one evaluator ranks all films by them, as it does by ours. What is finished in OUT and
in MMKG_HOME is not done again, so the command can be interrupted; with --table it shows what there is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import torch
from ml100k_home import ingested_home
from torch import Tensor

from gnn import tune
from gnn.evaluation import measure_users, measured_users
from gnn.experiment import Budget, choose_options, experiment
from gnn.models import Options, Problem, Recommender
from gnn.models.facts import Facts
from gnn.problem import Task, load_task
from gnn.settings_file import read_settings
from gnn.tables import Outcome, Table, make_table
from kg import Graph
from mmkg.console import log, print_table
from mmkg.errors import MmkgError
from storage import BlobStore

ROOT = Path(__file__).parent.parent
PEERS = "Pop,ItemKNN,EASE,SLIMElastic,BPR,MultiVAE,RecVAE,LightGCN,VBPR,FREEDOM,CKE,NFM,KGCN,RippleNet"
"""The quick ones first."""
OURS = "mgnn,tgnn,nfm,mmgcn,ripplenet,mgnn-paper"
SPLIT_FILES = ("train", "valid")
PRESENT = ("text", "image")


class Scored(Recommender):
    """A peer: its scores are given, (users, films)."""

    name = "peer"

    def __init__(self, problem: Problem, scores: Tensor) -> None:
        super().__init__(problem, Options())
        assert scores.shape == (problem.users, problem.items)
        self.scores = scores

    def scorer(self) -> Callable[[Tensor], Tensor]:
        """Return the rows of the scores."""
        return lambda users: self.scores[users]


def main() -> None:
    """Ingest, hand the inputs to the peers, tune all, measure all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--peers-python", type=Path, default=Path(sys.executable))
    parser.add_argument("--peers", default=PEERS)
    parser.add_argument("--ours", default=OURS)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--jobs", type=int, default=1, help="peers at a time, one thread each")
    parser.add_argument("--table", action="store_true", help="train nothing: show what there is")
    arguments = parser.parse_args()
    out: Path = arguments.out.absolute()
    peers = [name for name in arguments.peers.split(",") if name]
    ours = [name for name in arguments.ours.split(",") if name]
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    settings = ingested_home(arguments.data)
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        task = load_task(graph, store, settings)
        if not arguments.table:
            write_inputs(task, out)

            def tune_peer(name: str) -> int:
                command = [arguments.peers_python.absolute(), "-m", "benchmarks.peers.tune", name, out]
                command += ["--trials", str(arguments.trials), "--seeds", arguments.seeds]
                environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
                # RecBole leaves logs where it runs.
                return subprocess.run(command, cwd=out, env=environment, check=False).returncode

            with ThreadPoolExecutor(arguments.jobs) as pool:
                for name, code in zip(peers, pool.map(tune_peer, peers), strict=True):
                    if code:
                        log(f"Warning: {name} ended with {code}, see above")
            tuned = out / "ours.json"
            for name in ours:
                tune.tune(graph, store, settings, model=name, trials=arguments.trials, out=tuned)
            if ours:
                experiment(
                    graph,
                    store,
                    settings,
                    out / "ours",
                    systems=ours,
                    seeds=seeds,
                    tuned=tuned,
                    modalities=False,
                )
        outcomes = {name: each for name in peers if (each := list(peer_outcomes(task, out, name, seeds)))}
        mine = {f"`{name}`": each for name in ours if (each := list(our_outcomes(task, out, name, seeds)))}
    table = make_table("Peers", "", {**outcomes, **mine}, set(outcomes), 10)
    show(table, arguments.data, task)


def write_inputs(task: Task, out: Path) -> None:
    """Write what the peers may see: all but the test clicks, users and films by their numbers."""
    problem = task.problem
    folder = out / "films"
    folder.mkdir(parents=True, exist_ok=True)
    pairs = {name: np.stack([task.clicks[name].users, task.clicks[name].items], 1) for name in SPLIT_FILES}
    films = np.arange(problem.items)
    everything = np.stack([films % problem.users, films], 1)
    for name, clicks in {**pairs, "films": everything}.items():  # the last one only names all the films
        lines = "".join(f"{user}\t{item}\n" for user, item in clicks)
        (folder / f"films.{name}.inter").write_text("user_id:token\titem_id:token\n" + lines)
    lines = "".join(f"{item}\ti{item}\n" for item in range(problem.items))
    (folder / "films.link").write_text("item_id:token\tentity_id:token\n" + lines)
    lines = "".join(f"{head}\t{relation}\t{tail}\n" for head, relation, tail in triples(problem))
    (folder / "films.kg").write_text("head_id:token\trelation_id:token\ttail_id:token\n" + lines)
    features = {name: film_features(problem, name) for name in PRESENT if name in problem.features}
    np.savez(out / "inputs.npz", users=problem.users, items=problem.items, **pairs, **features)


def triples(problem: Problem) -> Iterator[tuple[str, str, str]]:
    """Give each fact once, a film as `i` and an entity as `e` with its number."""
    facts = Facts.of(problem)
    for fact in facts.facts:
        for source, target, relation in zip(*(part.tolist() for part in fact.edges()), strict=True):
            name = facts.relation_names[relation]
            if name.endswith(" forth"):
                yield (
                    f"{fact.source[0]}{source}",
                    name.removesuffix(" forth").replace(" ", "."),
                    f"{fact.target[0]}{target}",
                )


def film_features(problem: Problem, modality: str) -> np.ndarray:
    """Average the features of each film's media, (films, width); zero for a film without any."""
    features = problem.features[modality]
    media, items = problem.encoded_edges(modality)
    total = torch.zeros(problem.items, features.shape[1]).index_add_(0, items, features[media])
    count = torch.bincount(items, minlength=problem.items)
    return (total / count.clamp(min=1)[:, None]).numpy()


def peer_outcomes(task: Task, out: Path, name: str, seeds: Sequence[int]) -> Iterator[Outcome]:
    """Measure the scores that a peer left, on the test clicks."""
    told = out / "scores" / f"{name}.json"
    if not told.exists():
        return
    settings = json.loads(told.read_text())
    for seed in seeds:
        path = out / "scores" / f"{name}-{seed}.npy"
        if path.exists():
            model = Scored(task.problem, torch.from_numpy(np.load(path)))
            yield _outcome(task, model, name, seed, {"valid": settings["valid"], **settings["settings"]})


def our_outcomes(task: Task, out: Path, name: str, seeds: Sequence[int]) -> Iterator[Outcome]:
    """Read what the experiment left of one of ours, with its best settings, or with the defaults."""
    tuned = out / "ours.json"
    settings = read_settings(tuned) if tuned.exists() else {}
    runs = {(run.system, run.seed, json.dumps(run.settings, sort_keys=True)): run for run in _runs(out)}
    options = choose_options([name], Budget(), {name: settings.get(name, {})})[name]
    for seed in seeds:
        if found := runs.get((name, seed, json.dumps(vars(options), sort_keys=True))):
            yield found


def _runs(out: Path) -> Iterator[Outcome]:
    for path in sorted((out / "ours" / "runs").glob("*.json")):
        if run := Outcome.read(path):
            yield run


def _outcome(task: Task, model: Recommender, name: str, seed: int, settings: dict[str, object]) -> Outcome:
    users = measured_users(task.clicks, "test")
    scores = measure_users(model, task.clicks, "test")
    names = np.array(task.problem.ripple.ids["user"])[users].tolist()
    columns = {metric: values.tolist() for metric, values in scores.columns().items()}
    return Outcome(name, seed, settings, 0, 0.0, scores.average().to_json(), [], {"user": names, **columns})


def show(table: Table, data: Path, task: Task) -> None:
    """Print the table, best last, p-values against the best peer."""
    users = len(measured_users(task.clicks, "test"))
    title = f"Test clicks of {data.name}, {users} users, full ranking; {platform.machine()}, {date.today()}"
    rows = sorted(table.rows(), key=lambda row: row[5])
    print_table(table.HEADINGS, rows, title=title)


if __name__ == "__main__":
    try:
        main()
    except MmkgError as error:
        sys.exit(f"{error}")
