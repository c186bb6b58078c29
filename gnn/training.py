"""One trainer for all models: Adam, early stopping on the valid clicks, checkpoints, a curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from json import dumps
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import torch
from torch import Tensor

from gnn import curve, heritage, registry, sampled
from gnn.evaluation import measure
from gnn.heritage import Inherited
from gnn.learner import GraphLearner, Learner
from gnn.memory import guarded
from gnn.models import Options, Recommender, model_class
from gnn.problem import Task
from gnn.ripples import RippleLearner
from gnn.slots import now
from kg import Graph
from mmkg import progress
from mmkg.errors import ModelError, UsageError
from mmkg.settings import Settings
from storage import BlobStore

CHECKPOINT = "checkpoint.safetensors"
ADAM = ("step", "exp_avg", "exp_avg_sq")


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


@dataclass
class Run:
    """The state of a training, as far as a checkpoint keeps it."""

    model: Recommender
    task: Task
    checkpoint: Path
    curve: list[dict[str, float]] = field(default_factory=list)
    """One row an epoch: epoch, seconds, loss, and recall and ndcg where it was evaluated."""
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    kept: dict[str, Any] = field(default_factory=dict)
    """The metrics on the valid clicks of the epoch that was kept."""
    inherited: Inherited | None = None
    """What the weights have of an earlier model: worth a look before the first epoch."""

    def __post_init__(self) -> None:
        source = self.task.source
        self.learner: Learner = RippleLearner(self.model, source) if source else GraphLearner(self.model)
        self.optimizers = self.learner.optimizers()

    def until_the_end(self, model_id: str) -> None:
        """Run epochs until the valid clicks gain no more, or until there were enough."""
        options = self.model.options
        has_valid = len(self.task.clicks["valid"]) > 0
        if self.inherited and has_valid and not self.curve:
            self._look()
        with progress.bar() as bar:
            line = bar.add_task("training", total=options.epochs, completed=len(self.curve))
            while len(self.curve) < options.epochs and not self._stalled():
                row = self._epoch()
                self.curve.append(row)
                last = len(self.curve) == options.epochs
                if has_valid and (last or len(self.curve) % options.evaluate_every == 0):
                    row.update(self._look())
                    self._save(model_id)
                if not has_valid:
                    self._keep()
                shown = f"training, loss {row['loss']:.4f}, valid ndcg {self.kept.get('ndcg', 0.0):.4f}"
                bar.update(line, advance=1, description=shown)

    def result(self) -> dict[str, Any]:
        """Return what a header says of the epoch that was kept, with its metrics on the valid clicks."""
        return {"metrics": self.kept, "epoch": self.best_epoch, "epochs": len(self.curve)}

    def continue_from(self, settings: Settings, parent: registry.Header) -> None:
        """Take over the weights of an earlier model; see `gnn.heritage`."""
        tensors, _ = registry.read_tensors(registry.model_folder(settings, parent.id) / registry.MODEL_FILE)
        now, before = self.task.encoders, parent.encoders
        other = [modality for modality in now if before.get(modality) != now[modality]]
        self.inherited = heritage.inherit(self.model, tensors, parent.id, without=other)

    def resume(self, model_id: str) -> None:
        """Go on from the checkpoint, if there is one of this very training."""
        if not self.checkpoint.exists():
            return
        try:
            tensors, header = registry.read_tensors(self.checkpoint)
            registry.load_weights(self.model, _part(tensors, "model."), str(self.checkpoint))
            states = [optimizer.state_dict() for optimizer in self.optimizers]
            for which, (state, numbers) in enumerate(zip(states, header["adam"], strict=True)):
                state["state"] = {
                    number: {name: _plain(tensors[f"adam.{which}.{number}.{name}"]) for name in ADAM}
                    for number in numbers
                }
            self.kept = header["kept"]
        except (ModelError, KeyError, ValueError, TypeError):  # of another version, or cut off: start anew
            self.checkpoint.unlink()
            return
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)
        self.curve, self.best_epoch, self.best = (
            header["curve"],
            header["best_epoch"],
            _part(tensors, "best."),
        )
        torch.set_rng_state(tensors["random"])

    def _epoch(self) -> dict[str, float]:
        start = perf_counter()
        self.model.train()
        batches = torch.split(torch.randperm(self.learner.count), self.model.options.batch_size)
        total = 0.0
        for loss in self.learner.losses(batches):
            if not math.isfinite(value := loss.item()):
                self.checkpoint.unlink(missing_ok=True)
                raise ModelError(
                    f"the loss became {value} in epoch {len(self.curve) + 1}, and no model was replaced",
                    remedy="Train with a smaller --learning-rate",
                )
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for optimizer in self.optimizers:
                optimizer.step()
            total += value
        return {
            "epoch": len(self.curve) + 1,
            "seconds": round(perf_counter() - start, 3),
            "loss": total / len(batches),
        }

    def _look(self) -> dict[str, Any]:
        """Measure on the valid clicks, and keep the weights if they are the best so far."""
        metrics = measure(self.learner.judge(), self.task.clicks, "valid").to_json()
        if metrics["ndcg"] > self._best_ndcg():
            self._keep()
            self.kept = metrics
        return metrics

    def _keep(self) -> None:
        self.best_epoch = len(self.curve)
        self.best = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}

    def _best_ndcg(self) -> float:
        return float(self.kept.get("ndcg", -1.0))

    def _stalled(self) -> bool:
        options = self.model.options
        evaluated = "ndcg" in self.curve[-1] if self.curve else False
        return evaluated and len(self.curve) - self.best_epoch >= options.patience * options.evaluate_every

    def _save(self, model_id: str) -> None:
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        tensors["random"] = torch.get_rng_state()
        states = [optimizer.state_dict()["state"] for optimizer in self.optimizers]
        for which, state in enumerate(states):
            for number, values in state.items():
                tensors |= {f"adam.{which}.{number}.{name}": torch.as_tensor(values[name]) for name in ADAM}
        header = {"id": model_id, "curve": self.curve, "best_epoch": self.best_epoch}
        header |= {"kept": self.kept, "adam": [list(state) for state in states]}
        registry.write_tensors(self.checkpoint, tensors, header)


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


def _plain(tensor: Tensor) -> Tensor | int:
    """Return a count as the number that the optimizer holds."""
    return tensor if tensor.is_floating_point() else int(tensor)


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
