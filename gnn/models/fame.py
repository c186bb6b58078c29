"""What is known of a film before anybody clicked it: the fame of its company, and how much is on record.

A film of directors and actors whose other films are clicked will be clicked, too; and of a film that is
noticed the sources tell more facts and have a poster.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gnn import heterograph
from gnn.models.base import Problem

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


def entity_facts(problem: Problem) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield, for each relation of films to entities, the films and entities of its facts, (facts,) each."""
    graph = problem.ripple.graph
    for edge_type in heterograph.edge_types(graph):
        if {edge_type[0], edge_type[2]} == {"item", "entity"}:
            ends = [nodes.numpy() for nodes in heterograph.edges(graph, edge_type)]
            yield (ends[0], ends[1]) if edge_type[0] == "item" else (ends[1], ends[0])


def company(problem: Problem) -> Floats:
    """Tell how famous the company of each film is, (items, relations), in rows of length 1 on average.

    A relation's column is the mean, over the film's entities that have other films with clicks, of
    log(1 + the mean clicks of these); standardised, and 0 for a film without such an entity.
    """
    columns = []
    for items, others, count in _company(problem):
        fame = np.log1p(others / count)
        total = np.bincount(items, weights=fame, minlength=problem.items)
        number = np.bincount(items, minlength=problem.items)
        column, shown = total / np.maximum(number, 1), number > 0
        if shown.any() and (spread := column[shown].std()) > 0:
            columns.append(np.where(shown, (column - column[shown].mean()) / spread, 0.0))
    rows = _stacked(columns, problem.items)
    rows /= np.sqrt(max(1, len(columns)))
    return rows


def record(problem: Problem, known: NDArray[np.bool_]) -> Floats:
    """Tell how much is on record of each film, (items, columns), standardised by the known films.

    For each relation log(1 + facts) and log(1 + facts that lead to another film with clicks), and for each
    modality whether the film has such a medium.
    """
    counts = [np.bincount(items, minlength=problem.items) for items, _ in entity_facts(problem)]
    counts += [np.bincount(items, minlength=problem.items) for items, *_ in _company(problem)]
    columns = [np.log1p(count) for count in counts]
    for modality in problem.features:
        _, items = problem.encoded_edges(modality)
        columns.append(np.bincount(items.numpy(), minlength=problem.items) > 0)
    rows = _stacked(columns, problem.items)
    rows -= rows[known].mean(0)
    spread = rows[known].std(0)
    varied = spread > 1e-6  # beyond rounding
    standard: Floats = rows[:, varied] / spread[varied]
    return standard


def _company(problem: Problem) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Yield each relation's facts whose entity has other films with clicks.

    As three columns: film, how many clicks the entity's other films have, how many of them have some.
    """
    clicks = np.bincount(problem.clicks.items, minlength=problem.items)
    for items, entities in entity_facts(problem):
        own = clicks[items]
        others = np.bincount(entities, weights=own)[entities] - own
        count = np.bincount(entities, weights=own > 0)[entities] - (own > 0)
        some = count > 0
        yield items[some], others[some], count[some]


def _stacked(columns: list[NDArray[np.generic]], rows: int) -> Floats:
    return np.stack([np.zeros(rows), *columns], axis=1)[:, 1:].astype(np.float32)
