"""The commands that learn, with the servers of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnn import cold, evaluation, listing, promotion, training, writeback
from gnn import experiment as experiments
from gnn import split as splitting
from gnn.cold import ColdReport
from gnn.evaluation import EvaluationReport, Split
from gnn.experiment import Budget, ExperimentReport
from gnn.listing import DiffReport, ListReport
from gnn.promotion import DeletionReport, PromotionReport
from gnn.split import SplitReport
from gnn.training import TrainReport
from gnn.writeback import EmbedReport
from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore

if TYPE_CHECKING:
    from gnn.tune import TuneReport


def train(
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
    """Train a model; see `gnn.training.train`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return training.train(
            graph,
            store,
            settings,
            model=model,
            seed=seed,
            force=force,
            continue_from=continue_from,
            from_last=from_last,
            sampler=sampler,
            fanouts=fanouts,
            **changes,
        )


def split(settings: Settings, **options: Any) -> SplitReport:
    """Split the clicks and hold out whole films and users; see `gnn.split.split`."""
    with Graph.connect(settings) as graph:
        return splitting.split(graph, **options)


def evaluate(
    settings: Settings, *, model: str | None = None, split: Split = "test", k: int = 10
) -> EvaluationReport:
    """Measure a model and popularity; see `gnn.evaluation.evaluate`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return evaluation.evaluate(graph, store, settings, model=model, split=split, k=k)


def evaluate_cold(
    settings: Settings, *, model: str | None = None, split: Split = "test", k: int = 10
) -> ColdReport:
    """Measure a model and popularity at the cold start; see `gnn.cold.evaluate_cold`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return cold.evaluate_cold(graph, store, settings, model=model, split=split, k=k)


def embed(settings: Settings, *, model: str | None = None) -> EmbedReport:
    """Write a model's vectors and make it the active one; see `gnn.writeback.embed`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return writeback.embed(graph, store, settings, model=model)


def list_models(settings: Settings) -> ListReport:
    """List the models; see `gnn.listing.models`."""
    with Graph.connect(settings) as graph:
        return ListReport(listing.models(graph))


def diff_models(settings: Settings, first: str, second: str) -> DiffReport:
    """Compare two models; see `gnn.listing.diff`."""
    with Graph.connect(settings) as graph:
        return listing.diff(graph, first, second)


def promote(settings: Settings, model: str) -> PromotionReport:
    """Make a model the active one; see `gnn.promotion.promote`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return promotion.promote(graph, store, settings, model)


def rollback(settings: Settings) -> PromotionReport:
    """Make the model active that was it before; see `gnn.promotion.rollback`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return promotion.rollback(graph, store, settings)


def delete_model(settings: Settings, model: str) -> DeletionReport:
    """Delete a model that is not active; see `gnn.promotion.delete`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return promotion.delete(graph, store, settings, model)


def experiment(
    settings: Settings, out: Path, *, epochs: int, evaluate_every: int, patience: int, **options: Any
) -> ExperimentReport:
    """Train and measure several systems; see `gnn.experiment.experiment`."""
    budget = Budget(epochs, evaluate_every, patience)
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return experiments.experiment(graph, store, settings, out, budget=budget, **options)


def tune(
    settings: Settings, *, epochs: int, evaluate_every: int, patience: int, **options: Any
) -> TuneReport:
    """Search the settings of a model; see `gnn.tune.tune`."""
    from gnn import tune as tuning  # noqa: PLC0415  # Optuna is for this command alone

    budget = Budget(epochs, evaluate_every, patience)
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return tuning.tune(graph, store, settings, budget=budget, **options)
