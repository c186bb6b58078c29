"""The commands `mmkg train`, `mmkg evaluate` and `mmkg embed`, with the servers of the settings."""

from __future__ import annotations

from typing import Any

from gnn import evaluation, training, writeback
from gnn.evaluation import EvaluationReport, Split
from gnn.training import TrainReport
from gnn.writeback import EmbedReport
from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore


def train(
    settings: Settings, *, model: str = "mgnn", seed: int = 0, force: bool = False, **changes: Any
) -> TrainReport:
    """Train a model; see `gnn.training.train`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return training.train(graph, store, settings, model=model, seed=seed, force=force, **changes)


def evaluate(
    settings: Settings, *, model: str | None = None, split: Split = "test", k: int = 10
) -> EvaluationReport:
    """Measure a model and popularity; see `gnn.evaluation.evaluate`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return evaluation.evaluate(graph, store, settings, model=model, split=split, k=k)


def embed(settings: Settings, *, model: str | None = None) -> EmbedReport:
    """Write a model's vectors and make it the active one; see `gnn.writeback.embed`."""
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return writeback.embed(graph, store, settings, model=model)
