"""From the graph and the store to what a model learns from and what the evaluator holds back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gnn import features
from gnn.models import Problem
from gnn.sampler import MODALITIES, Clicks, RippleSampler
from gnn.split import ensure_split
from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore


@dataclass(frozen=True)
class Task:
    """A problem and, apart from it, the clicks of each split; models see the problem alone."""

    problem: Problem
    clicks: Mapping[str, Clicks]
    encoders: Mapping[str, str]
    """By modality, the version of the encoder that made the features."""


def load_task(graph: Graph, store: BlobStore, settings: Settings) -> Task:
    """Read the graph once: split the clicks if none is, export the snapshot, encode the media.

    Raises:
        GraphError: there is no film or no click.
        ModelError: the features do not fit.
    """
    ensure_split(graph)
    sampler = RippleSampler(graph)
    ripple = sampler.snapshot()
    clicks = sampler.clicks(ripple)
    media = {modality: ripple.ids[modality] for modality in MODALITIES if ripple.count(modality)}
    found = features.load(store, settings.cache, media)
    problem = Problem(
        ripple,
        clicks["train"],
        {modality: feature.values for modality, feature in found.items()},
        {modality: feature.present for modality, feature in found.items()},
    )
    return Task(problem, clicks, {modality: feature.version for modality, feature in found.items()})
