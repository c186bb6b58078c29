"""The commands that ask the procedures, `recommend`, `similar`, `explain`, `search`, and how they answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from kg.answers import Explanation, Film, Hit, Recommendation, SimilarFilm
from kg.connection import Graph
from kg.lookup import find
from kg.model import MODALITIES
from mmkg.settings import Settings

Rows = Iterator[Sequence[object]]

STAGES = (
    *("vector", "ripple", "fresh", *MODALITIES, "popular", "coarse", "fine"),
    *("explored", "estimated", "model", "shares"),
)
"""What `stages` of a recommendation may name, in the order in which a film comes through; a map has none."""


@dataclass(frozen=True)
class Recommendations:
    """Films for a user."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("rank", "id", "film", "score", "reason")

    user: str
    recommendations: list[Recommendation]

    def title(self) -> str:
        """Say what was asked."""
        return f"For user {self.user}"

    def rows(self) -> Rows:
        """Yield the rows of the table."""
        for row in self.recommendations:
            yield row.rank, row.film.id, row.film, row.score, row.reason

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return asdict(self)


class StagedRecommendations(Recommendations):
    """Films for a user, with the way of each through the stages in the table, too."""

    HEADINGS: ClassVar[tuple[str, ...]] = (*Recommendations.HEADINGS, "stages")

    def rows(self) -> Rows:
        """Yield the rows of the table."""
        for row, film in zip(super().rows(), self.recommendations, strict=True):
            yield *row, _stages(film)


@dataclass(frozen=True)
class SimilarFilms:
    """Films that are near to one."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("rank", "id", "film", "score")

    movie: Film
    similar: list[SimilarFilm]
    by: str

    def title(self) -> str:
        """Say what was asked."""
        return f"Similar to {self.movie}" + ("" if self.by == "all" else f" by {self.by}")

    def rows(self) -> Rows:
        """Yield the rows of the table."""
        for row in self.similar:
            yield row.rank, row.film.id, row.film, row.score

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Explained:
    """What the score of a film for a user is due to."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("share", "because of", "reason", "alike in", "path")

    user: str
    movie: Film
    explanation: Explanation

    def title(self) -> str:
        """Say what was asked, and the score."""
        return f"{self.movie} for user {self.user}: a score of {self.explanation.score:.4f}"

    def rows(self) -> Rows:
        """Yield the rows of the table."""
        for row in self.explanation.shares:
            alike = ", ".join(f"{modality} {cosine:.2f}" for modality, cosine in row.media.items())
            yield row.share, row.film or row.kind, row.reason, alike, row.path or ""

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return {"user": self.user, "movie": asdict(self.movie), **asdict(self.explanation)}


@dataclass(frozen=True)
class Hits:
    """Nodes that words were found in."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("kind", "id", "name", "score", "by words", "by meaning")

    text: str
    hits: list[Hit]

    def title(self) -> str:
        """Say what was asked."""
        return f"Found for {self.text!r}" if self.hits else f"Nothing found for {self.text!r}"

    def rows(self) -> Rows:
        """Yield the rows of the table."""
        for row in self.hits:
            yield row.kind, row.id, row.name or "", row.score, row.text_rank or "", row.vector_rank or ""

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return asdict(self)


def _stages(row: Recommendation) -> str:
    """Write a film's way through the stages, as `vector 2, coarse 1, fine 1, explored`."""
    order = sorted(row.stages, key=STAGES.index)
    told: list[str] = []
    for name in order:
        value = row.stages[name]
        if name == "shares":
            told += (f"share of {modality} {share:.3f}" for modality, share in value.items())
        elif name == "model":
            told.append(f"model {value:.3f}")
        else:
            told.append(name if value is True else f"{name} {value}")
    return ", ".join(told)


def recommend(
    settings: Settings, user: str, *, exclude: Iterable[str] = (), stages: bool = False, **options: Any
) -> Recommendations:
    """Recommend films to a user of the graph that the settings name.

    Args:
        settings: where the graph is.
        user: an id, as `kg.lookup.find` takes it.
        exclude: films that must not come, by ids or titles, as `kg.lookup.find` takes them.
        stages: show in the table how each film came through the stages.
        options: as of `kg.Graph.recommend`.

    Raises:
        InputError: there is no such user or film, or more than one.
        ConnectError, GraphError: the database is away or refuses.
    """
    with Graph.connect(settings) as graph:
        found = find(graph, user, ["User"]).id
        options["exclude"] = [graph.film(movie) for movie in exclude]
        answer = StagedRecommendations if stages else Recommendations
        return answer(found, graph.recommend(found, **options))


def similar(settings: Settings, movie: str, **options: Any) -> SimilarFilms:
    """Find the films that are nearest to one; arguments and errors as of `recommend`."""
    with Graph.connect(settings) as graph:
        film = graph.film(movie)
        return SimilarFilms(film, graph.similar(film, **options), options.get("by", "all"))


def explain(settings: Settings, user: str, movie: str, **options: Any) -> Explained:
    """Divide the score of a film for a user among his clicks; arguments and errors as of `recommend`."""
    with Graph.connect(settings) as graph:
        found, film = find(graph, user, ["User"]).id, graph.film(movie)
        return Explained(found, film, graph.explain(found, film, **options))


def search(settings: Settings, text: str, **options: Any) -> Hits:
    """Find films and entities by words.

    Raises:
        ConnectError, GraphError: the database is away or refuses.
    """
    with Graph.connect(settings) as graph:
        return Hits(text, graph.search(text, **options))
