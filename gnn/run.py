"""A training as it goes: epochs, looks at the valid clicks, and the checkpoint from which it goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from gnn import heritage, registry
from gnn.evaluation import measure
from gnn.heritage import Inherited
from gnn.learner import GraphLearner, Learner
from gnn.models import Recommender
from gnn.problem import Task
from gnn.ripples import RippleLearner
from mmkg import progress
from mmkg.errors import ModelError
from mmkg.settings import Settings

ADAM = ("step", "exp_avg", "exp_avg_sq")


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


def _plain(tensor: Tensor) -> Tensor | int:
    """Return a count as the number that the optimizer holds."""
    return tensor if tensor.is_floating_point() else int(tensor)


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
