"""All systems on one split with one budget, several seeds and one evaluator: the paper's tables.

Nothing is written into the graph, and no model becomes active: a run is a file in the experiment's folder,
named by a hash of all that it depends on. So the same command skips what is finished, and a run that was
interrupted goes on by its checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from gnn import ablation, report
from gnn.ablation import ALL_MEDIA, ALL_PARTS, STUDIED, Variants
from gnn.evaluation import measure_users, measured_users
from gnn.models import MODELS, Options, Popularity, Recommender, did_you_mean
from gnn.problem import Task, load_task
from gnn.settings_file import read_settings
from gnn.tables import Outcome, Table, make_table
from gnn.training import fit
from kg import Graph
from mmkg.console import log
from mmkg.errors import ModelError, UsageError
from mmkg.settings import Settings
from storage import BlobStore

KINDS: dict[str, type[Recommender]] = {Popularity.name: Popularity, **MODELS}
BASELINES = (Popularity.name, "nfm", "ripplenet", "mmgcn")
"""What ours are compared with."""
SYSTEMS = (*BASELINES, "tgnn", "mgnn-paper", "mgnn")
"""In the order of the paper's Table 2."""


@dataclass(frozen=True)
class Budget:
    """What every system may spend; see `gnn.models.Options`."""

    epochs: int = 200
    evaluate_every: int = 5
    patience: int = 6


WHOLE = Budget()


@dataclass(frozen=True)
class Job:
    """One training to do, or to find done."""

    kind: type[Recommender]
    options: Options
    seed: int
    label: str = field(default="", compare=False)
    """What it is called in the table that it was made for."""

    def title(self) -> str:
        """Say which, for messages."""
        return f"{self.label}, seed {self.seed}"

    def key(self, task: Task, k: int) -> str:
        """Name the run by all that its numbers depend on."""
        held_out = sha256()
        for split in ("valid", "test"):
            held_out.update(task.clicks[split].users.tobytes() + b"/" + task.clicks[split].items.tobytes())
        told = {
            "options": asdict(self.options),
            "seed": self.seed,
            "graph": task.problem.ripple.fingerprint(),
            "encoders": {view: task.encoders[view] for view in self.options.views() if view in task.encoders},
            "held out": held_out.hexdigest(),
            "k": k,
        }
        return f"{self.kind.name}-{sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class _Plan:
    """The rows of one table: systems, or variants of the one that is studied."""

    name: str
    caption: str
    rows: Variants
    references: Collection[str]
    """The best of these is what the other rows are compared with."""

    def title(self, row: str) -> str:
        """Name a row wherever those of all tables stand together."""
        return row if row in SYSTEMS else f"{STUDIED}, {row}"

    def jobs(self, seeds: Sequence[int]) -> dict[str, list[Job]]:
        """One job a row and seed; popularity knows no chance, and is done once."""
        found = {}
        for row, options in self.rows.items():
            name = row if row in SYSTEMS else STUDIED
            found[row] = [
                Job(KINDS[name], options, seed, self.title(row))
                for seed in (seeds if name in MODELS else seeds[:1])
            ]
        return found


@dataclass(frozen=True)
class ExperimentReport:
    """What an experiment gave, all of which is in its folder too."""

    folder: Path
    facts: Mapping[str, str]
    """What was measured, on what, how."""
    tables: Sequence[Table]
    outcomes: Mapping[str, Sequence[Outcome]]
    """By label, as in the tables, one a seed."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """By run, why it gave no number."""

    def to_json(self) -> dict[str, Any]:
        """Return the tables as plain values; the numbers of each user are in the folder's results.json."""
        return {
            "folder": str(self.folder),
            "facts": dict(self.facts),
            "tables": [table.to_json() for table in self.tables],
            "failures": dict(self.failures),
        }


def experiment(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    folder: Path,
    *,
    systems: Sequence[str] = SYSTEMS,
    seeds: Sequence[int] = (0, 1, 2),
    budget: Budget = WHOLE,
    k: int = 10,
    tuned: Path | None = None,
    modalities: bool = True,
    parts: bool = False,
) -> ExperimentReport:
    """Train and measure the systems, and write tables, pictures and a report into a folder.

    Args:
        graph: the graph database; unless the clicks are split, they are.
        store: the object store with the media.
        settings: say where features are kept.
        folder: for the results; what is finished there is not done again.
        systems: names of `SYSTEMS`.
        seeds: each system is trained once with each.
        budget: the same for all systems.
        k: length of the lists.
        tuned: a file of settings that `gnn.tune` wrote; the other systems keep their defaults.
        modalities: whether to leave the modalities of `mgnn` out one by one, for Table 3.
        parts: whether to leave its other parts out one by one, for Table 4.

    Raises:
        UsageError: a system, a setting or the budget makes no sense.
        GraphError: there is no click to learn from, or none to measure on.
    """
    if k < 1 or not seeds or not systems:
        raise UsageError("an experiment needs a system, a seed and k above 0")
    options = choose_options(systems, budget, read_settings(tuned) if tuned else {})
    views = dict.fromkeys(view for each in options.values() for view in each.views())
    task = load_task(graph, store, settings, views=views)
    for split in ("valid", "test"):
        measured_users(task.clicks, split)
    plans = list(_plans(task, options, modalities, parts))
    jobs = [plan.jobs(seeds) for plan in plans]
    wanted = dict.fromkeys(job for listed in jobs for each in listed.values() for job in each)
    done, failures = _run_all(list(wanted), task, folder, k)
    tables: list[Table] = []
    labelled: dict[str, list[Outcome]] = {}
    for plan, listed in zip(plans, jobs, strict=True):
        found = {label: [done[job] for job in each if job in done] for label, each in listed.items()}
        if found := {label: each for label, each in found.items() if each}:
            tables.append(make_table(plan.name, plan.caption, found, plan.references, k))
            labelled |= {plan.title(label): each for label, each in found.items()}
    facts = report.facts(task, asdict(budget), seeds, k, str(tuned or "the defaults of each system"))
    result = ExperimentReport(folder, facts, tables, labelled, failures)
    report.write(result)
    return result


def choose_options(
    systems: Sequence[str], budget: Budget, tuned: Mapping[str, Mapping[str, Any]]
) -> dict[str, Options]:
    """Return the settings of each system: its defaults, those that were tuned, and the budget of all.

    Raises:
        UsageError: a system or setting does not exist or makes no sense.
    """
    for name in (*systems, *tuned):
        if name not in KINDS:
            raise UsageError(f"there is no system {name!r}", remedy=did_you_mean(name, SYSTEMS, "systems"))
    for name, changes in tuned.items():
        if spent := sorted(set(changes) & set(asdict(budget))):
            raise UsageError(
                f"the settings give {name} {spent[0]} of its own, but the budget is the same for all",
                remedy=f"Leave {spent[0]} out of the file; --epochs and --patience hold for all systems",
            )
    return {
        name: KINDS[name].defaults.with_changes({**tuned.get(name, {}), **asdict(budget)})
        for name in SYSTEMS
        if name in systems
    }


def _plans(task: Task, options: Mapping[str, Options], modalities: bool, parts: bool) -> Iterator[_Plan]:
    yield _Plan("Table 2", "the systems, against the best baseline", options, BASELINES)
    if STUDIED not in options:
        return
    if modalities and (variants := ablation.modalities(task, options[STUDIED])):
        yield _Plan("Table 3", f"the modalities of {STUDIED}, against {ALL_MEDIA}", variants, [ALL_MEDIA])
    if parts:
        variants = ablation.parts(options[STUDIED])
        yield _Plan("Table 4", f"the parts of {STUDIED}, against {ALL_PARTS}", variants, [ALL_PARTS])


def _run_all(jobs: list[Job], task: Task, folder: Path, k: int) -> tuple[dict[Job, Outcome], dict[str, str]]:
    """Do what is not done; a training that goes wrong costs its own numbers and no other's."""
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    keys = {job: job.key(task, k) for job in jobs}
    found = {job: Outcome.read(runs / f"{key}.json") for job, key in keys.items()}
    done = {job: outcome for job, outcome in found.items() if outcome}
    waiting = [job for job in jobs if job not in done]
    if done:
        log(f"{len(done)} of {len(jobs)} runs are there already")
    failures: dict[str, str] = {}
    for number, job in enumerate(waiting):
        left = time_left(waiting[number:], done)
        log(f"[{len(jobs) - len(waiting) + number + 1}/{len(jobs)}] {job.title()}{left}")
        try:
            done[job] = _run(job, task, runs, keys[job], k)
        except ModelError as error:
            failures[job.title()] = str(error)
            log(f"Warning: {job.title()}: {error}")
        else:
            done[job].write(runs / f"{keys[job]}.json")
            (runs / f"{keys[job]}.checkpoint").unlink(missing_ok=True)
    return done, failures


def _run(job: Job, task: Task, runs: Path, key: str, k: int) -> Outcome:
    if job.kind is Popularity:
        model: Recommender = Popularity(task.problem, job.options)
        curve: list[dict[str, float]] = []
        best = 0
    else:
        run = fit(job.kind, job.options, task, runs / f"{key}.checkpoint", seed=job.seed, run_id=key)
        model, curve, best = run.model, run.curve, run.best_epoch
        model.load_state_dict(run.best)
    users = measured_users(task.clicks, "test")
    scores = measure_users(model, task.clicks, "test", k)
    names = np.array(task.problem.ripple.ids["user"])[users].tolist()
    return Outcome(
        system=job.kind.name,
        seed=job.seed,
        settings=asdict(job.options),
        best_epoch=best,
        seconds=sum(row["seconds"] for row in curve),
        test=scores.average().to_json(),
        curve=curve,
        users={"user": names, **{name: values.tolist() for name, values in scores.columns().items()}},
    )


def time_left(jobs: Sequence[Job], done: Mapping[Job, Outcome]) -> str:
    """Say how long some jobs will take, by the trainings of the same system, or of any, so far."""
    trained = [outcome for outcome in done.values() if outcome.curve]
    if not trained:
        return ""
    total = 0.0
    for job in jobs:
        alike = [outcome.seconds for outcome in trained if outcome.system == job.kind.name]
        if job.kind is not Popularity:
            total += float(np.mean(alike or [outcome.seconds for outcome in trained]))
    return f", about {total / 60:.0f} min left" if total >= 60 else f", about {total:.0f} s left"
