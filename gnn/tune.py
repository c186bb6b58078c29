"""Search a model's settings with Optuna, on the valid clicks alone: the test clicks are not even read.

The study is an SQLite file in the data directory, named by all that its numbers depend on. A trial that was
interrupted is tried again with the same settings and goes on by its checkpoint. The sampler of a trial is
seeded by the trial's number, so a search that was interrupted finds what an uninterrupted one would.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from gnn.evaluation import measured_users
from gnn.experiment import WHOLE, Budget
from gnn.models import Options, Recommender, model_class
from gnn.models.spaces import SPACES, Between, OneOf, Space
from gnn.problem import Task, load_task
from gnn.settings_file import add_settings
from gnn.training import fit
from kg import Graph
from mmkg.console import log
from mmkg.errors import ModelError, UsageError
from mmkg.lock import held
from mmkg.settings import Settings
from storage import BlobStore

SEEN = ("train", "valid")
RANDOM_TRIALS = 5
"""Trials before the sampler (TPE) learns from the earlier ones."""
FLAGS = ("dimension", "hops", "batch_size", "learning_rate")
"""Settings that are options of `mmkg train`; the others go by `--set`."""
SETTINGS_FILE = "settings.json"


@dataclass(frozen=True)
class TuneReport:
    """What the search found."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("setting", "default", "best")

    model: str
    trials: int
    """All trials of the study, those of earlier commands included."""
    ndcg: float
    """On the valid clicks, of the best trial."""
    default_ndcg: float
    """On the valid clicks, of the defaults."""
    settings: Mapping[str, float]
    """Those fixed and those searched, as in the best trial."""
    file: Path
    """Where the settings are, for `mmkg experiment --settings`."""
    seed: int

    def title(self) -> str:
        """Say what was done."""
        return (
            f"{self.model} after {self.trials} trials: ndcg {self.ndcg:.4f} on the valid clicks, "
            f"{self.default_ndcg:.4f} with the defaults"
        )

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the table, without its headings."""
        defaults = asdict(model_class(self.model).defaults)
        return [(name, f"{defaults[name]:g}", f"{value:.4g}") for name, value in self.settings.items()]

    def train_command(self) -> str:
        """Return the command that trains with the best settings."""
        words = ["mmkg", "train", "--model", self.model, "--seed", str(self.seed)]
        for name, value in self.settings.items():
            words += (
                [f"--{name.replace('_', '-')}", repr(value)]
                if name in FLAGS
                else ["--set", f"{name}={value!r}"]
            )
        return shlex.join(words)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {**asdict(self), "file": str(self.file), "command": self.train_command()}


def tune(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    *,
    model: str = "mgnn",
    trials: int = 10,
    seed: int = 0,
    budget: Budget = WHOLE,
    fixed: Mapping[str, float] | None = None,
    out: Path | None = None,
) -> TuneReport:
    """Search the settings of a model; with as many trials there already, only say what they found.

    Args:
        graph: the graph database; unless the clicks are split, they are.
        store: the object store with the media.
        settings: say where the study and the features are kept.
        model: a name in `gnn.models.MODELS`.
        trials: of the study in all, earlier ones included.
        seed: of the search and of every training.
        budget: of each trial.
        fixed: settings that all trials have, and that are not searched.
        out: the file that takes the best settings, `tuning/settings.json` in the data directory unless told.

    Raises:
        UsageError: the model, the budget, a fixed setting or the number of trials makes no sense.
        GraphError: there is no click to learn from, or no valid click.
        ModelError: no trial gave a number, or another process is at work on this very search.
    """
    kind = model_class(model)
    fixed = dict(fixed or {})
    defaults = kind.defaults.with_changes({**asdict(budget), **fixed})
    space = {name: one for name, one in SPACES[model].items() if name not in fixed}
    if not space:
        raise UsageError("all settings are fixed, and none is left to search")
    if trials < 1:
        raise UsageError(f"trials must be above 0, and is {trials}")
    task = load_task(graph, store, settings, views=defaults.views(), splits=SEEN)
    measured_users(task.clicks, "valid")
    folder = settings.home / "tuning"
    name = _study_name(kind, defaults, space, task, seed)
    busy = ModelError(f"another `mmkg tune` is at work on this search for {model}", remedy="Wait for it")
    with held(folder / f"{name}.lock", busy):
        study = _open(folder / f"{name}.db", name)
        if not study.get_trials(deepcopy=False):
            study.enqueue_trial({each: getattr(defaults, each) for each in space}, skip_if_exists=True)
        _search(study, kind, defaults, space, task=task, folder=folder, trials=trials, seed=seed)
    if not any(trial.value for trial in study.get_trials(deepcopy=False)):
        raise ModelError(
            f"none of {trials} trials of {model} gave a number",
            remedy="See the reasons above, or try more trials",
        )
    best, first = study.best_trial, _finished(study)[0]
    file = out or folder / SETTINGS_FILE
    chosen = {**fixed, **best.params}
    add_settings(file, model, chosen)
    found = len(_finished(study))
    return TuneReport(model, found, best.value or 0.0, first.value or 0.0, chosen, file, seed)


def _search(
    study: optuna.Study,
    kind: type[Recommender],
    defaults: Options,
    space: Space,
    *,
    task: Task,
    folder: Path,
    trials: int,
    seed: int,
) -> None:
    """Run the trials that are missing; one whose training goes wrong counts as the worst."""
    distributions = {name: _distribution(getattr(defaults, name), one) for name, one in space.items()}
    for number in range(len(_finished(study)), trials):
        study.sampler = optuna.samplers.TPESampler(
            seed=seed * 100_003 + number, n_startup_trials=RANDOM_TRIALS
        )
        trial = study.ask(distributions)
        checkpoint = folder / f"{study.study_name}-{_hash(trial.params)}.checkpoint"
        try:
            options = defaults.with_changes(trial.params)
            run = fit(kind, options, task, checkpoint, seed=seed, run_id=checkpoint.stem)
        except (ModelError, UsageError) as error:
            study.tell(trial, 0.0)
            log(f"Warning: trial {number + 1} gave no number: {error}")
        else:
            ndcg = run.result()["metrics"]["ndcg"]
            study.tell(trial, ndcg)
            log(f"[{number + 1}/{trials}] valid ndcg {ndcg:.4f}, the best {study.best_value:.4f}")
        checkpoint.unlink(missing_ok=True)


def _open(path: Path, name: str) -> optuna.Study:
    """Open or make the study; what an interrupted command left unfinished is put first in the queue."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name=name, direction="maximize", load_if_exists=True
    )
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return study


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])


def _distribution(default: float, space: Between | OneOf) -> BaseDistribution:
    """Say a space in Optuna's words."""
    if isinstance(space, OneOf):
        return CategoricalDistribution(space.values)
    if isinstance(default, int):
        return IntDistribution(int(space.low), int(space.high), log=space.log)
    return FloatDistribution(space.low, space.high, log=space.log)


def _study_name(kind: type[Recommender], defaults: Options, space: Space, task: Task, seed: int) -> str:
    valid = task.clicks["valid"]
    told = {
        "defaults": asdict(defaults),
        "space": {name: asdict(one) for name, one in space.items()},
        "seed": seed,
        "graph": task.problem.ripple.fingerprint(),
        "encoders": dict(task.encoders),
        "valid": sha256(valid.users.tobytes() + valid.items.tobytes()).hexdigest(),
    }
    return f"{kind.name}-{_hash(told)}"


def _hash(told: Mapping[str, Any]) -> str:
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
