"""One trainer for all models: Adam, early stopping on the valid clicks, checkpoints, a curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import torch

from gnn import curve, heritage, registry, sampled
from gnn.heritage import Inherited
from gnn.memory import guarded
from gnn.models import Options, Recommender, model_class
from gnn.problem import Task
from gnn.run import Run
from gnn.slots import now
from kg import Graph
from mmkg.errors import UsageError
from mmkg.settings import Settings
from storage import BlobStore

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class TrainReport:
    """What training gave."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "value")

    model: str
    """The model's id."""
    metrics: Mapping[str, Any]
    """On the valid clicks, at the epoch that was kept; empty where no click is for validation."""
    epochs: int
    """Epochs run, those before an interruption included."""
    best_epoch: int
    seconds: float
    """Time of this command's epochs, evaluations included."""
    reused: bool
    """True where the very model was there already, so that nothing was trained."""
    folder: Path
    parent: str = ""
    """The id of the model that it continues from; empty for one that began from nothing."""
    inherited: Inherited | None = None
    """Films whose weights came from that model, where it was trained now."""
    warnings: Sequence[str] = ()
    """What the model can know little or nothing of."""

    def title(self) -> str:
        """Say what was done."""
        return "The model was trained before" if self.reused else "Trained"

    def rows(self) -> list[tuple[str, str]]:
        """Return the table, without its headings."""
        shown = {name: f"{value:.4f}" for name, value in self.metrics.items() if isinstance(value, float)}
        return [
            ("model", self.model),
            *((f"valid {name}", value) for name, value in shown.items()),
            ("epochs", f"{self.epochs}, the best {self.best_epoch}"),
            ("seconds", f"{self.seconds:.1f}"),
            *self._heritage(),
            ("folder", str(self.folder)),
        ]

    def _heritage(self) -> Iterator[tuple[str, str]]:
        if self.parent:
            yield "continued from", self.parent
        if films := self.inherited:
            yield "films", f"{films.carried} carried over, {films.new} new, {films.dropped} gone"

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {**asdict(self), "folder": str(self.folder)}


@guarded("Train with a smaller --batch-size or --dimension; no model was replaced")
def train(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    *,
    model: str = "mgnn",
    seed: int = 0,
    force: bool = False,
    continue_from: str | None = None,
    from_last: bool = False,
    sampler: str = "",
    fanouts: Mapping[str, int] | None = None,
    **changes: Any,
) -> TrainReport:
    """Train a model and save it; it is not active before `embed`.

    A model's id is its name and a hash of its settings, its seed and all that it may learn from. So the same
    command on the same graph finds the model, or goes on where it was killed.

    A training that continues from an earlier model has its settings, unless told, and its weights of all that
    is still in the graph: `gnn.heritage`. It is measured before the first epoch too, so it ends no worse than
    it began.

    Args:
        graph: the graph database.
        store: the object store with the media.
        settings: say where models and features are kept.
        model: a name in `gnn.models.MODELS`.
        seed: the same seed gives the same numbers on the CPU.
        force: train even if the very model is there.
        continue_from: the id of the model to continue from.
        from_last: continue from the model of this name that was trained last; one that was made of the graph
            as it is, with these settings, is the result.
        sampler: "" lets each step see the whole graph; "cypher" and "snapshot" let it see some users and what
            is drawn around them, by the database or from a snapshot in memory.
        fanouts: with a sampler, relations drawn at a node, by relation type as for `gnn.draw.Plan`; "" names
            all that are not named.
        changes: the model's settings, for instance `dimension=128`; None leaves a setting as it is.

    Raises:
        UsageError: there is no such model or setting, or it does not go with the model to continue from.
        GraphError: there is no film or no click.
        ModelError: the loss is no number, or the features are not; the model to continue from is missing, or
            has other dimensions; there is not enough memory.
    """
    kind = model_class(model)
    if from_last:
        if continue_from:
            raise UsageError("--from-last and --continue-from exclude each other")
        continue_from = registry.newest_model(graph, kind.name)
    parent = registry.fetch(graph, store, settings, continue_from) if continue_from else None
    if parent and parent.name != kind.name:
        raise UsageError(
            f"{parent.id} is no {kind.name}, so it cannot be continued as one",
            remedy=f"Add --model {parent.name}",
        )
    options = kind.defaults.with_changes(parent.options if parent else {})
    if sampler:
        options = options.with_changes(kind.on_ripples)
    options = options.with_changes(changes)
    task = sampled.load(graph, store, settings, sampler=sampler, fanouts=fanouts, kind=kind, options=options)
    header = _header(kind, options, seed, task, parent)
    if parent and from_last and not force and _learnt_of(parent) == _learnt_of(header):
        header = parent
    folder = registry.model_folder(settings, header.id)
    if not force and registry.is_known(graph, settings, header.id):
        return _reuse(registry.fetch(graph, store, settings, header.id), folder, task)
    workplace = registry.models_folder(settings) / ".training" / header.id
    workplace.mkdir(parents=True, exist_ok=True)

    def inherit(run: Run) -> None:
        if parent:
            run.continue_from(settings, parent)

    start = perf_counter()
    run = fit(kind, options, task, workplace / CHECKPOINT, seed=seed, run_id=header.id, prepare=inherit)
    header = registry.Header(**{**asdict(header), "created": now(), **run.result()})
    curve.save(run.curve, workplace, title=header.id)
    (workplace / CHECKPOINT).unlink(missing_ok=True)
    registry.save_model(settings, header, run.best | heritage.name_tensors(run.model), workplace)
    registry.register(graph, store, settings, header)
    return TrainReport(
        header.id,
        header.metrics,
        header.epochs,
        header.epoch,
        perf_counter() - start,
        reused=False,
        folder=folder,
        parent=header.parent,
        inherited=run.inherited,
        warnings=task.doubts,
    )


def fit(
    kind: type[Recommender],
    options: Options,
    task: Task,
    checkpoint: Path,
    *,
    seed: int,
    run_id: str,
    prepare: Callable[[Run], None] = lambda run: None,
) -> Run:
    """Train a model to its end, or go on from its checkpoint; nothing but the checkpoint is written.

    Args:
        kind: the model.
        options: its settings.
        task: what it learns from; only the train and valid clicks are looked at.
        checkpoint: the file by which a killed training goes on.
        seed: the same seed gives the same numbers on the CPU.
        run_id: is noted in the checkpoint.
        prepare: what is done to the model before its first epoch.

    Raises:
        ModelError: the loss is no number.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        run = Run(kind(task.problem, options), task, checkpoint)
        prepare(run)
        run.resume(run_id)
        run.until_the_end(run_id)
    return run


def _header(
    kind: type[Recommender], options: Options, seed: int, task: Task, parent: registry.Header | None
) -> registry.Header:
    ripple = task.problem.ripple
    told: dict[str, Any] = {
        "options": asdict(options),
        "seed": seed,
        "graph": task.fingerprint or ripple.fingerprint(),
        "encoders": dict(task.encoders),
    }
    if parent:
        told["parent"] = parent.id
    model_id = f"{kind.name}-{sha256(dumps(told, sort_keys=True).encode()).hexdigest()[:16]}"
    return registry.Header(
        id=model_id,
        name=kind.name,
        created="",
        metrics={},
        epoch=0,
        epochs=0,
        vocabulary=registry.vocabulary(task.problem, kind, whole=not (task.source and task.source.partial)),
        **told,
    )


def _learnt_of(header: registry.Header) -> tuple[object, ...]:
    """Return what makes a model, but for the one that it continues from."""
    return dict(header.options), header.seed, header.graph, dict(header.encoders)


def _reuse(header: registry.Header, folder: Path, task: Task) -> TrainReport:
    """Say what the model that is there reaches."""
    return TrainReport(
        header.id,
        header.metrics,
        header.epochs,
        header.epoch,
        0.0,
        reused=True,
        folder=folder,
        parent=header.parent,
        warnings=task.doubts,
    )
