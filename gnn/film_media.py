"""One vector a film and modality: what it reads, looks and sounds like, for the procedures to compare.

The vectors lie beside those of the model, in the same slot. A text keeps its encoder's 384 numbers, so that
a query can be encoded by itself. The others' features are reduced to the 128 directions in which the films
of the graph differ most (principal components, Hotelling 1933), after the mean of all is taken away.
With the media x of a film, the mean m over the films that have such media and the components C:

    film = unit(C (mean(unit(x)) - m))        of a text: film = unit(mean(unit(x)))
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gnn import descriptors
from gnn.models import Problem
from gnn.problem import Task

REVISION = 1
"""To be raised whenever the code below gives other numbers than before."""
WIDTH = 128
"""Numbers that a picture, a sound or a trailer is reduced to, at most."""
LEAST = 1e-6
"""The length of what is nothing but rounding."""


@dataclass(frozen=True)
class Modality:
    """A kind of media by the name that the procedures have for it."""

    key: str
    source: str
    """Its name among the encoders."""
    describe: Callable[[Tensor], Tensor]
    """Features, (media, ...), to one vector each, (media, width)."""
    reduced: bool = True


MODALITIES = (
    Modality("text", "text", descriptors.visual, reduced=False),
    Modality("poster", "image", descriptors.visual),
    Modality("sound", "audio", descriptors.acoustic),
    Modality("trailer", "video", descriptors.visual),
)
"""In the order of `org.mmkg.model.Modality`. A still counts as a poster, and a clip as a trailer."""
COMPARED = tuple(modality.source for modality in MODALITIES)
"""The views of media that `film_media` asks for, whatever the model sees."""


@dataclass(frozen=True)
class FilmMedia:
    """The vectors of all films by modality, those without such a medium left out."""

    version: str
    """Hashes what decides the numbers: two write-backs of one version wrote the same."""
    vectors: Mapping[str, Mapping[str, Tensor]]
    """By modality and id of the film, (width,) of unit length."""
    text_encoder: str | None
    """The version of the encoder of texts."""

    def width(self, key: str) -> int:
        """How many numbers the vectors of a modality have; 0 where no film has one."""
        return next((len(vector) for vector in self.vectors[key].values()), 0)


def film_media(task: Task) -> FilmMedia:
    """Compute the vectors of the films' media, as far as a medium could be encoded."""
    vectors = {modality.key: _of_modality(task, modality) for modality in MODALITIES}
    return FilmMedia(_version(task), vectors, task.encoders.get("text"))


def _of_modality(task: Task, modality: Modality) -> dict[str, Tensor]:
    problem = task.problem
    media, films = _edges(problem, modality)
    if not len(media):
        return {}
    described = functional.normalize(modality.describe(problem.features[modality.source]).float(), dim=1)
    total = torch.zeros(problem.items, described.shape[1]).index_add_(0, films, described[media])
    count = torch.bincount(films, minlength=problem.items)
    having = count.nonzero().flatten()
    means = total[having] / count[having].unsqueeze(1)
    if modality.reduced:
        means = reduce(means, WIDTH)
    kept = torch.linalg.vector_norm(means, dim=1) > LEAST
    unit = functional.normalize(means, dim=1)
    ids = problem.ripple.ids["item"]
    return {ids[film]: unit[row] for row, film in enumerate(having.tolist()) if kept[row]}


def reduce(rows: Tensor, width: int) -> Tensor:
    """Centre rows, (n, numbers), and turn them to their principal components, (n, at most width).

    A component's largest number is positive, so that the same rows give the same answer.
    """
    centred = rows.double() - rows.double().mean(0)
    few = len(centred) <= centred.shape[1]
    # The covariance has the same directions, and does not grow with the rows.
    directions = torch.linalg.svd(centred if few else centred.T @ centred, full_matrices=False).Vh[:width]
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    reduced: Tensor = (centred @ (directions * largest.sign()).T).float()
    return reduced


def _edges(problem: Problem, modality: Modality) -> tuple[Tensor, Tensor]:
    """Return which encoded medium belongs to which film, none where nothing was encoded, (edges,) each."""
    if modality.source in problem.features:
        return problem.encoded_edges(modality.source)
    return (torch.zeros(0, dtype=torch.int64),) * 2


def _version(task: Task) -> str:
    ids = task.problem.ripple.ids
    links = {
        modality.key: [
            (ids[modality.source][medium], ids["item"][film])
            for medium, film in zip(*(part.tolist() for part in _edges(task.problem, modality)), strict=True)
        ]
        for modality in MODALITIES
    }
    told = json.dumps([REVISION, dict(task.encoders), links], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
