"""What the procedures of the plugin answer, as Python values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Film:
    """A film, as far as it takes to name it."""

    id: str
    title: str | None = None
    year: int | None = None

    def __str__(self) -> str:
        title = self.title or self.id
        return f"{title} ({self.year})" if self.year else title


@dataclass(frozen=True, slots=True)
class Shared:
    """What two films have in common: a person, a genre or another entity, by the same relation."""

    relation: str
    """Its type, such as `DIRECTED`."""
    id: str
    name: str
    """Empty where the graph knows none."""
    words: str
    """Such as `same director George Lucas`."""


@dataclass(frozen=True, slots=True)
class Because:
    """A film of the user's that speaks for a recommended one."""

    id: str
    title: str
    similarity: float
    """Dot product of the two films' vectors, in [-1, 1]."""
    shared: tuple[Shared, ...]
    """The most telling connection first."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A row of `mmkg.recommend` or `mmkg.recommendFor`."""

    film: Film
    score: float
    """In [-1, 1]; of popular films, for somebody of whom nothing is known, the number of clicks."""
    rank: int
    """From 1."""
    reason: str
    """Why, in words."""
    because: tuple[Because, ...]
    """Why, as data; the nearest film first."""
    stages: Mapping[str, Any]
    """The film's place, from 1, in each stage that it came through; `explored`, `estimated` where so.

    With `weights` also `model`, the score before them, and `shares`, by modality."""


@dataclass(frozen=True, slots=True)
class SimilarFilm:
    """A row of `mmkg.similar`."""

    film: Film
    score: float
    """Dot product of the two films' vectors, in [-1, 1]."""
    rank: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class PathNode:
    """A node on a path."""

    kind: str
    """Its second label, such as `Movie` or `Person`; `User`, or `Entity` where the graph does not tell."""
    id: str
    name: str | None
    """The title of a film."""

    def __str__(self) -> str:
        return self.name or f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class PathRelation:
    """A relation on a path."""

    type: str
    forward: bool
    """Whether it points along the path."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path through the graph; a relation leads from each node to the next."""

    nodes: tuple[PathNode, ...]
    relations: tuple[PathRelation, ...]

    def __str__(self) -> str:
        text = str(self.nodes[0])
        for relation, node in zip(self.relations, self.nodes[1:], strict=True):
            arrow = f"-[{relation.type}]->" if relation.forward else f"<-[{relation.type}]-"
            text += f" {arrow} {node}"
        return text


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a score that a click carries, or all other clicks, the model itself or a weight."""

    share: float
    kind: str
    """`click`, `other clicks`, `model`, or the modality of a weight."""
    film: Film | None
    """The clicked film; None where the share is of no single click."""
    reason: str
    """What the clicked film shares with the other, in words."""
    media: Mapping[str, float]
    """How near the clicked film's media are to the other's, -1 to 1, by modality as far as both have it."""
    path: Path | None
    """From the user over the clicked film to the other; None where the share is of no single click."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `mmkg.explain` answers."""

    score: float
    shares: tuple[Share, ...]
    """They add up to the score."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A row of `mmkg.search`."""

    kind: str
    """Its second label, such as `Movie` or `Person`, or `Entity` where the graph does not tell."""
    id: str
    name: str | None
    """The title of a film."""
    score: float
    """By Lucene, or with a vector by both ranks; greater is better."""
    text_rank: int | None
    """Its place by words, from 1; None where no word fits."""
    vector_rank: int | None
    """The film's place by the meaning of its texts; None without a vector, and where it is far."""


@dataclass(frozen=True, slots=True)
class EmbedStatus:
    """What `mmkg.embed.status` answers."""

    model: str | None
    """The active model; None where none is, or more than one."""
    written: str | None
    """When its vectors were written last: UTC, ISO 8601."""
    films: int
    """Films that have a vector of it."""
    films_without: int
    users: int
    users_without: int
    index: str | None
    """The vector index over the films."""
    index_state: str | None
    index_percent: float | None
    writing: str | None
    """The model whose write-back has not come to its end."""
    write_back: str
    """`none`, `running` or `cut off`."""
    next: str
    """What to do."""
