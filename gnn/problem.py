"""From the graph and the store to what a model learns from and what the evaluator holds back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn import features, heterograph
from gnn.features import Features
from gnn.models import Problem
from gnn.ripples import Source
from gnn.sampler import FROZEN, MODALITIES, SPLITS, VIEWS, Clicks, RippleSampler
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
    """By view, the version of the encoder that made the features."""
    doubts: Sequence[str] = ()
    """What a model can learn little or nothing of, in words."""
    source: Source | None = None
    """Where ripples come from; None where each step sees the whole graph."""
    fingerprint: str = ""
    """Of the graph, where the problem does not hold all of it."""


def load_task(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    *,
    views: Collection[str] = FROZEN,
    splits: Sequence[str] = SPLITS,
) -> Task:
    """Read the graph once: split the clicks if none is, export the snapshot, encode the media.

    Args:
        graph: the graph database.
        store: the object store with the media.
        settings: say where features are kept.
        views: what is to be seen of the media, see `gnn.sampler.VIEWS`; nothing else is encoded.
        splits: whose clicks are read; who leaves `test` out cannot look at it, even by mistake.

    Raises:
        GraphError: there is no film or no click.
        ModelError: the features do not fit.
    """
    ensure_split(graph)
    sampler = RippleSampler(graph)
    ripple = sampler.snapshot()
    clicks = sampler.clicks(ripple, splits)
    media = {view: ripple.ids[VIEWS[view]] for view in views if ripple.count(VIEWS[view])}
    found = features.load(store, settings.cache, media)
    problem = Problem(
        ripple,
        clicks["train"],
        {modality: feature.values for modality, feature in found.items()},
        {modality: feature.present for modality, feature in found.items()},
    )
    versions = {modality: feature.version for modality, feature in found.items()}
    return Task(problem, clicks, versions, [*_failed(found), *doubts(problem)])


def doubts(problem: Problem) -> Iterator[str]:
    """Say which users and films a model knows little or nothing of; none of them is an error."""
    ripple = problem.ripple
    clicked = np.bincount(problem.clicks.items, minlength=problem.items) > 0
    active = np.bincount(problem.clicks.users, minlength=problem.users) > 0
    shown, told = np.zeros((2, problem.items), dtype=bool)
    for edge_type in heterograph.edge_types(ripple.graph):
        for kind, other, films in zip(
            edge_type[::2], edge_type[::-2], heterograph.edges(ripple.graph, edge_type), strict=True
        ):
            if kind == "item" and other != "user":
                (shown if other in MODALITIES else told)[films.numpy()] = True
    if shown.any() and not shown.all():
        without = _some(~shown, ripple.ids["item"], "film")
        yield f"{without} no text, picture, sound or trailer: clicks and facts speak for them alone"
    unknown = ~(clicked | shown | told)
    if unknown.any():
        nothing = _some(unknown, ripple.ids["item"], "film")
        yield f"{nothing} neither click nor fact nor medium to learn from: chance ranks such a film"
    if not active.all():
        idle = _some(~active, ripple.ids["user"], "user")
        yield f"{idle} no click to learn from: such a user gets what a model has for somebody unknown"


def _failed(found: Mapping[str, Features]) -> Iterator[str]:
    for modality, feature in found.items():
        for sha256, reason in list(feature.failures.items())[:1]:
            count = len(feature.failures)
            yield f"{count} media of {modality} add nothing, for instance {sha256}: {reason}"


def _some(chosen: NDArray[np.bool_], ids: Sequence[str], what: str) -> str:
    count = int(chosen.sum())
    example = f"(for instance {ids[int(chosen.argmax())]})"
    return f"1 {what} {example} has" if count == 1 else f"{count} {what}s {example} have"
