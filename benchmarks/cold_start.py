"""Films that nobody clicked and users who clicked little: `mgnn` against peers on MovieLens 100K, in one run.

    MMKG_HOME=/tmp/cold python benchmarks/cold_start.py DATA --peers-python PATH [--trials 10] [--seeds 0,1,2]

DATA is as for `ml100k.py`. PATH is the Python of the peers' environment (`peers/requirements.txt`), which
runs VBPR; without it VBPR is left out. Every system has as many trials on the valid films and users that are
held out whole, and the test is read once, for the best. An offset lifts cold films at the price of the
others, so `mgnn` is also shown at the price that the best calibrated peer pays on valid. Trainings are kept
in the folder `cold-start` of MMKG_HOME, so the same command goes on where it was interrupted; delete it to
begin anew.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cold_peers import FOLDING, RANKING, Linear, Scores, clicks_matrix, film_features
from ml100k_home import ingested_home
from numpy.typing import NDArray

from gnn.cold import Question, ask, given, questions, rows_of
from gnn.evaluation import Split
from gnn.metrics import UserScores, top_k
from gnn.models.mgnn import Mgnn
from gnn.problem import Task, load_task
from gnn.sampler import COLD_SPLITS, SPLITS
from gnn.significance import Comparison, compare
from gnn.split import split as split_clicks
from gnn.training import fit
from kg import Graph
from mmkg.console import log, print_table
from mmkg.settings import Settings
from storage import BlobStore

SHARE = 0.1
K = 10
ALL, ALONE, OTHERS = "cold films, among all", "cold films, among themselves", "other films, among all"
OFFSETS = np.arange(0, 4.01, 0.1)
"""Tried for each peer: what films without clicks get on top, in standard deviations of a user's scores."""
OURS = {"content_penalty": (1.0, 3.0, 10.0, 30.0), "linear_weight": (0.06, 0.085, 0.12)}
OUR_OFFSETS = np.arange(0.02, 1.0, 0.02)
PRICED_OFFSETS = (np.arange(2, 400, 2) / 100).tolist()
ROOM = {"cold_offset": 0.2}
"""Makes room for an offset; how much is told later."""
NEW_USERS = {"few_share": 0.3, "linear_prior": 2.0}
"""Settings for users who are new, chosen on the valid users."""
VBPR = {
    "k": (10, 32, 64),
    "k2": (10, 32, 64),
    "n_epochs": (15, 30),
    "learning_rate": (0.002, 0.005, 0.01),
    "lambda_w": (1e-3, 1e-2, 1e-1),
    "lambda_e": (0.0, 1e-4, 1e-2),
}


@dataclass(frozen=True)
class System:
    """One side of the comparison."""

    name: str
    scores: Scores
    """(users, items)."""
    fold: Callable[[Question], Scores] | None = None
    """Scores all films for new users, (n, items)."""


def main() -> None:
    """Ingest, hold out, tune, train, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers-python", type=Path)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seeds", default="0,1,2")
    arguments = parser.parse_args()
    settings, task = prepare(arguments.data)
    folder = settings.home / "cold-start"
    folder.mkdir(exist_ok=True)
    trials, seeds = arguments.trials, [int(seed) for seed in arguments.seeds.split(",")]
    peers = [best_of(task, name, kind, space, trials) for name, (kind, space) in RANKING.items()]
    folding = [best_folding(task, name, kind, space, trials) for name, (kind, space) in FOLDING.items()]
    if arguments.peers_python:
        peers.append(best_vbpr(task, folder, arguments.peers_python, trials))
    models = [trained(task, folder, seed) for seed in seeds]
    for_new = [trained(task, folder, seed, NEW_USERS) for seed in seeds]
    chosen = tune(task, models[0], trials)
    log(f"mgnn: {chosen}")
    lifted = [measure(task, ours(model, chosen, "mgnn"), "test") for model in models]
    rival = max((lifted.scores for _, lifted in peers), key=lambda scores: valid_recall(task, scores, ALL))
    dear = at_price(task, models[0], chosen, valid_recall(task, rival, OTHERS))
    matched = [measure(task, ours(model, dear, "mgnn"), "test") for model in models]
    flat = {**chosen, "cold_offset": 0.0}
    plain = [measure(task, ours(model, flat, "mgnn"), "test") for model in models]
    learned = {**flat, "content_penalty": 0.0}
    unmapped = [measure(task, ours(model, learned, "mgnn"), "test") for model in models]
    popular = System("popularity", *popularity(task))
    films = {one.name: [measure(task, one, "test")] for pair in ([popular], *peers) for one in pair}
    films |= {"mgnn without the content map": unmapped, "mgnn without an offset": plain}
    films |= {"mgnn at the best peer's price": matched, "mgnn": lifted}
    show("Films that are held out whole", [ALL, ALONE, OTHERS], films, "mgnn")
    # Of two peers of one name the one that makes a user of his clicks answers for users.
    users = {one.name: [measure(task, one, "test")] for one in (popular, *(p[0] for p in peers), *folding)}
    users["mgnn for new users"] = [
        measure(task, ours(model, {}, "mgnn for new users"), "test") for model in for_new
    ]
    users["mgnn"] = plain
    show("Users with few clicks", [name for name in plain[0] if "users" in name], users, "mgnn")


def prepare(data: Path) -> tuple[Settings, Task]:
    """Fill the graph, hold out films and users, and read all clicks."""
    settings = ingested_home(data)
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        log(json.dumps(split_clicks(graph, cold_films=SHARE, cold_users=SHARE).to_json()))
        return settings, load_task(graph, store, settings, splits=SPLITS + COLD_SPLITS)


def popularity(task: Task) -> tuple[Scores, Callable[[Question], Scores]]:
    """Return the scores of popularity, the same for everybody, for those who are there and for new users."""
    clicks = np.bincount(task.problem.clicks.items, minlength=task.problem.items).astype(np.float32)[None]
    return (
        clicks.repeat(task.problem.users, axis=0),
        lambda question: clicks.repeat(len(question.users), axis=0),
    )


def measure(task: Task, system: System, split: Split) -> dict[str, UserScores]:
    """Ask a system all questions that it can answer."""
    found = {}
    for name, question in questions(task.clicks, task.problem.items, split):
        if question.first is None:
            found[name] = ask(question, lambda users: system.scores[users], task.problem.items)
        elif system.fold:
            scores, known = system.fold(question), question.users
            found[name] = ask(
                question,
                lambda users, s=scores, k=known: s[np.searchsorted(k, users)],
                task.problem.items,
            )
    return found


def valid_recall(task: Task, scores: Scores, name: str) -> float:
    """Return the recall@10 of scores, (users, items), on one of the valid questions."""
    question = dict(questions(task.clicks, task.problem.items, "valid"))[name]
    return ask(question, lambda users: scores[users], task.problem.items).average().recall


def qualities(task: Task, scores: Scores, offsets: Iterable[float], split: Split = "valid") -> list[float]:
    """Return, for each offset that lifts the films without clicks, how good the lists are.

    That is the harmonic mean of recall@10 on the cold and on the other films, among all. An offset moves
    neither kind of film among its own, so the first k of each are enough to know the lists.
    """
    asked = dict(questions(task.clicks, task.problem.items, split))
    sides = [_halves(task, scores, asked[name]) for name in (ALL, OTHERS)]
    found = []
    for offset in offsets:
        recalls = []
        for values, hits, wanted in sides:
            lifted = values.copy()
            lifted[:, K:] += offset
            first = np.argsort(-lifted, axis=1, kind="stable")[:, :K]
            recalls.append(float((np.take_along_axis(hits, first, axis=1).sum(1) / wanted).mean()))
        found.append(2 * recalls[0] * recalls[1] / sum(recalls) if all(recalls) else 0.0)
    return found


def _halves(
    task: Task, scores: Scores, question: Question
) -> tuple[Scores, NDArray[np.bool_], NDArray[np.int64]]:
    """Return scores of each user's first k other and first k cold films, which are wanted, how many."""
    asked = scores[question.users].copy()
    asked[rows_of(question.known, question.users)] = -np.inf
    wanted = np.zeros(asked.shape, dtype=bool)
    wanted[rows_of(question.wanted, question.users)] = True
    cold = unclicked(task)
    parts = [top_k(np.where(chosen, asked, -np.inf), K) for chosen in (~cold, cold)]
    films = np.concatenate(parts, axis=1)
    values = np.take_along_axis(asked, films, axis=1)
    return values, np.take_along_axis(wanted, films, axis=1), wanted.sum(1)


def unclicked(task: Task) -> NDArray[np.bool_]:
    """Tell which films have no click to learn from, (items,)."""
    clicks: NDArray[np.int64] = np.bincount(task.problem.clicks.items, minlength=task.problem.items)
    return clicks == 0


def calibrated(task: Task, scores: Scores) -> tuple[Scores, float, float]:
    """Lift films without clicks by the offset that is best on valid; return scores, offset, quality."""
    spread = np.maximum(scores.std(1, keepdims=True), 1e-12)
    found = qualities(task, scores / spread, OFFSETS)
    best = int(np.argmax(found))
    return scores / spread + unclicked(task) * np.float32(OFFSETS[best]), float(OFFSETS[best]), found[best]


def draws(space: Mapping[str, tuple[Any, ...]], trials: int) -> Iterator[dict[str, Any]]:
    """Draw different settings at random, the same in each run; all there are if these are fewer."""
    random = np.random.default_rng(0)
    seen: list[dict[str, Any]] = []
    most = int(np.prod([len(values) for values in space.values()]))
    while len(seen) < min(trials, most):
        drawn = {name: values[random.integers(len(values))] for name, values in space.items()}
        if drawn not in seen:
            seen.append(drawn)
            yield drawn


def pick(task: Task, name: str, tried: Iterator[tuple[dict[str, Any], Scores]]) -> tuple[System, System]:
    """Return a peer as it is, by its cold recall on valid, and calibrated, each with its best settings."""
    plain: tuple[float, Scores] = (-1.0, np.zeros((0, 0), dtype=np.float32))
    lifted = plain
    for settings, scores in tried:
        recall = valid_recall(task, scores, ALL)
        moved, offset, found = calibrated(task, scores)
        log(f"{name} {settings}: recall {recall:.4f}; with {offset:.1f} on top, both {found:.4f}")
        plain = max(plain, (recall, scores), key=lambda pair: pair[0])
        lifted = max(lifted, (found, moved), key=lambda pair: pair[0])
    return System(name, plain[1]), System(f"{name}, calibrated", lifted[1])


def best_of(
    task: Task, name: str, kind: Callable[..., Scores], space: Mapping[str, tuple[Any, ...]], trials: int
) -> tuple[System, System]:
    """Tune a peer that ranks by content."""
    return pick(task, name, ((drawn, kind(task.problem, **drawn)) for drawn in draws(space, trials)))


def best_folding(
    task: Task, name: str, kind: Callable[..., Linear], space: Mapping[str, tuple[Any, ...]], trials: int
) -> System:
    """Tune a peer that makes a user of his clicks on new users, with all numbers of clicks alike."""

    def system(settings: Mapping[str, Any]) -> System:
        model = kind(task.problem, **settings)
        items = task.problem.items

        def fold(question: Question) -> Scores:
            first = question.first
            assert first is not None
            rows = np.searchsorted(question.users, first.users)
            return model.scores(clicks_matrix(rows, first.items, len(question.users), items))

        trained = model.scores(clicks_matrix(*pairs(task), task.problem.users, items))
        return System(name, trained, fold)

    def worth(candidate: System) -> float:
        found = measure(task, candidate, "valid")
        return float(np.mean([s.average().recall for n, s in found.items() if n.startswith("new users")]))

    best = max((system(drawn) for drawn in draws(space, trials)), key=worth)
    log(f"{name}: recall of new users {worth(best):.4f} on valid")
    return best


def pairs(task: Task) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return users and items of the train clicks."""
    return task.problem.clicks.users, task.problem.clicks.items


def best_vbpr(task: Task, folder: Path, python: Path, trials: int) -> tuple[System, System]:
    """Tune VBPR in its own environment, on text and image features."""
    inputs = folder / "vbpr.npz"
    features = np.concatenate([film_features(task.problem, name) for name in ("text", "image")], axis=1)
    sizes = {"users": task.problem.users, "items": task.problem.items}
    np.savez(inputs, clicks=np.stack(pairs(task), axis=1), features=features, **sizes)

    def tried() -> Iterator[tuple[dict[str, Any], Scores]]:
        for number, drawn in enumerate(draws(VBPR, trials)):
            told, scores = folder / f"vbpr-{number}.json", folder / f"vbpr-{number}.npy"
            text = json.dumps({**drawn, "batch_size": 1000, "seed": 0})
            if not (scores.exists() and told.read_text() == text):
                told.write_text(text)
                script = Path(__file__).parent / "peers" / "cold_vbpr.py"
                command = [str(python), str(script), str(inputs), str(told), str(scores)]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            yield drawn, np.load(scores)

    return pick(task, "VBPR", tried())


def trained(task: Task, folder: Path, seed: int, settings: Mapping[str, Any] = ROOM) -> Mgnn:
    """Train `mgnn` with some settings besides its defaults, or load what was trained."""
    options = Mgnn.defaults.with_changes(settings)
    name = "-".join(("mgnn", *settings, str(seed)))
    weights = folder / f"{name}.pt"
    if not weights.exists():
        done = fit(Mgnn, options, task, folder / f"{name}.checkpoint", seed=seed, run_id=name)
        torch.save(done.best, weights)
        log(f"{name}: {done.result()}")
    model = Mgnn(task.problem, options)
    model.load_state_dict(torch.load(weights))
    return model.eval()


def tune(task: Task, model: Mgnn, trials: int) -> dict[str, Any]:
    """Choose on valid what acts on trained weights: content map, weight of the linear model, offset."""
    cold = unclicked(task)
    best: tuple[float, dict[str, Any]] = (-1.0, {})
    for drawn in draws(OURS, trials):
        flat = ours(model, {**drawn, "cold_offset": 0.0}, "").scores
        lifted = ours(model, {**drawn, "cold_offset": 1.0}, "").scores
        # All vectors are brought to unit length, so an offset of 1 is worth less, the same for all films.
        scale = (lifted[:, ~cold] * flat[:, ~cold]).sum() / (flat[:, ~cold] ** 2).sum()
        worth = float((lifted[:, cold] / scale - flat[:, cold]).mean())
        found = qualities(task, flat, OUR_OFFSETS * worth)
        place = int(np.argmax(found))
        log(f"mgnn {drawn}: with {OUR_OFFSETS[place]:.2f} on top, both {found[place]:.4f}")
        settings = {**drawn, "cold_offset": float(OUR_OFFSETS[place])}
        best = max(best, (found[place], settings), key=lambda pair: pair[0])
    return best[1]


def at_price(task: Task, model: Mgnn, chosen: Mapping[str, Any], price: float) -> dict[str, Any]:
    """Return settings with the greatest offset that leaves other films a recall of `price` on valid."""

    def too_dear(offset: float) -> bool:
        lifted = ours(model, {**chosen, "cold_offset": offset}, "")
        return valid_recall(task, lifted.scores, OTHERS) < price

    first = bisect_left(PRICED_OFFSETS, True, key=too_dear)
    settings = {**chosen, "cold_offset": PRICED_OFFSETS[max(first - 1, 0)]}
    log(f"mgnn at a recall of {price:.4f} for other films on valid: {settings}")
    return settings


def ours(model: Mgnn, settings: Mapping[str, Any], name: str) -> System:
    """Return a trained model with settings that act on trained weights."""
    options = replace(model.options, **settings)
    model.options = options

    def fold(question: Question) -> Scores:
        model.options = options
        scores = model.new_users(given(question, model.problem.items))
        assert scores is not None
        return scores.numpy()

    with torch.no_grad():
        users, films = model.vectors()
        return System(name, (users @ films.T).numpy(), fold)


def show(
    title: str, names: list[str], rows: Mapping[str, list[dict[str, UserScores]]], reference: str
) -> None:
    """Print recall@10 and ndcg@10, means over the seeds, and whether they differ from the reference."""
    shown: list[tuple[object, ...]] = []
    for metric in ("recall", "ndcg"):
        values = {
            (system, name): np.mean([getattr(scores[name], metric) for scores in seeds], axis=0)
            for system, seeds in rows.items()
            for name in names
            if name in seeds[0]
        }
        better = {
            name: compare(
                {s: values[s, name] for s in rows if s != reference and (s, name) in values},
                values[reference, name],
            )
            for name in names
        }
        for system in rows:
            cells = [
                f"{values[system, name].mean():.4f}{'' if _same(better[name].get(system)) else ' *'}"
                if (system, name) in values
                else ""
                for name in names
            ]
            shown.append((system, f"{metric}@10", *cells))
    counts = ", ".join(f"{name}: {len(next(iter(rows.values()))[0][name].recall)} users" for name in names)
    machine = f"{platform.machine()}, {date.today()}"
    print_table(
        ("system", "metric", *names), shown, title=f"{title}; {machine}; * differs from {reference}; {counts}"
    )


def _same(comparison: Comparison | None) -> bool:
    return comparison is None or not comparison.significant


if __name__ == "__main__":
    main()
