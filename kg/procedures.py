"""The procedures of the plugin as methods with typed answers; `kg.Graph` has them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from kg.answers import (
    Because,
    EmbedStatus,
    Explanation,
    Film,
    Hit,
    Path,
    PathNode,
    PathRelation,
    Recommendation,
    Share,
    Shared,
    SimilarFilm,
)
from kg.lookup import find
from kg.model import KINDS, Kind
from mmkg.errors import InputError

if TYPE_CHECKING:
    from typing_extensions import Unpack

Modality = Literal["text", "poster", "sound", "trailer"]
"""A kind of media by which films are compared."""
Movie = str | Film
"""The id of a film, or a film out of another answer."""

RECOMMEND = """
MATCH (u:User {id: $user})
CALL mmkg.recommend(u, $options) YIELD item, score, rank, reason, because, stages
RETURN item {.id, .title, .year} AS film, score, rank, reason, because, stages ORDER BY rank
"""
RECOMMEND_FOR = """
CALL mmkg.recommendFor($movies, $options) YIELD item, score, rank, reason, because, stages
RETURN item {.id, .title, .year} AS film, score, rank, reason, because, stages ORDER BY rank
"""
SIMILAR = """
MATCH (m:Item {id: $movie})
CALL mmkg.similar(m, $options) YIELD item, score, rank
RETURN item {.id, .title, .year} AS film, score, rank ORDER BY rank
"""
SHOWN_PATH = """
[n IN nodes(path) | {
  kind: coalesce(head([label IN labels(n) WHERE NOT label IN $bases]), head(labels(n))),
  id: n.id, name: coalesce(n.title, n.name)
}] AS nodes,
[i IN range(0, coalesce(length(path), 0) - 1) | {
  type: type(relationships(path)[i]), forward: startNode(relationships(path)[i]) = nodes(path)[i]
}] AS relations
"""
EXPLAIN = f"""
MATCH (u:User {{id: $user}}), (m:Item {{id: $movie}})
CALL mmkg.explain(u, m, $options) YIELD path, film, share, kind, reason, media, score
RETURN film {{.id, .title, .year}} AS film, share, kind, reason, media, score, {SHOWN_PATH}
"""
ENDS = "MATCH (a:{from_kind} {{id: $from_id}}), (b:{to_kind} {{id: $to_id}})"
PATH = f"""
CALL mmkg.path(a, b, $options) YIELD path, rank
WITH path, rank ORDER BY rank
RETURN {SHOWN_PATH}
"""
SEARCH = """
CALL mmkg.search($text, $options) YIELD node, score, kind, textRank, vectorRank
RETURN kind, node.id AS id, coalesce(node.title, node.name) AS name, score,
       textRank AS text_rank, vectorRank AS vector_rank
"""
EMBED_STATUS = """
CALL mmkg.embed.status() YIELD model, written, films, filmsWithout, users, usersWithout, index, indexState,
  indexPercent, writing, writeBack, next
RETURN model, written, films, filmsWithout AS films_without, users, usersWithout AS users_without, index,
  indexState AS index_state, indexPercent AS index_percent, writing, writeBack AS write_back, next
"""
CLICK = "CALL mmkg.click($user, $movie, $options) YIELD created RETURN created"
FILM = "MATCH (m:Item {id: $id}) RETURN m {.id, .title, .year} AS film"
EXISTS = "MATCH (n:{kind} {{id: $id}}) RETURN count(n) AS found"

CONDITIONS = ("genre", "year", "language", "country")
"""What the procedures take in the map `include`."""

Row = Mapping[str, Any]


class RecommendOptions(TypedDict, total=False):
    """What `recommend` and `recommend_for` take besides; None counts as not given."""

    k: int | None
    """How many films, 1 to 1,000; 10 unless told."""
    candidates: int | None
    """How many films to fetch from the vector index at first."""
    ripple: int | None
    """How many films around the latest clicks, or around the first films given, to add."""
    fresh: int | None
    """How many of the newest films to look at for such without a vector, and to estimate at most."""
    fine: int | None
    """How many films the coarse sort leaves to the fine sort."""
    include_seen: bool | None
    """Also films that the user clicked or rated, or that were given."""
    model: str | None
    """The id of a model; the active one unless told."""
    exclude: Sequence[Movie] | None
    """Films that must not come."""
    genre: str | Sequence[str] | None
    """A name or id, or several, any of which will do; likewise `language` and `country`."""
    language: str | Sequence[str] | None
    country: str | Sequence[str] | None
    year: int | tuple[int | None, int | None] | None
    """One year, or the first and the last, of which None leaves that side open."""
    weights: Mapping[Modality, float] | None
    """How much it counts, 0 to 10, that media of the kind are near to those of the clicks; 1 each."""
    diversity: float | None
    """From 0, the best films, to 1, the most different ones."""
    series: int | None
    """How many films of one series at most; any number unless told."""
    explore: float | None
    """The share of films that are drawn among the others, 0 to 1."""
    seed: int | None
    """Another one draws other films."""


class UserOptions(RecommendOptions, total=False):
    """What `recommend` takes besides."""

    held_out: bool | None
    """Whether the clicks count, too, that the training put aside for its tests; they do unless told."""


class Procedures(ABC):
    """Calls the procedures. A mistake in an option is a `GraphError` with the plugin's own message."""

    @abstractmethod
    def read(self, cypher: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run a reading statement and return its rows."""

    @abstractmethod
    def write(self, cypher: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run a writing statement and return its rows."""

    def film(self, text: str) -> Film:
        """Find a film by its id, by `Item:` and its id, or by its whole title in any capitals.

        Raises:
            InputError: there is no such film, or more than one; the message lists them.
        """
        found = find(self, text, ["Item"])
        return Film(**self.read(FILM, id=found.id)[0]["film"])

    def recommend(self, user: str, **options: Unpack[UserOptions]) -> list[Recommendation]:
        """Recommend films to a user, the best first.

        Args:
            user: the id of a user.
            options: see `RecommendOptions` and `UserOptions`.

        Raises:
            InputError: there is no such user.
            GraphError: an option is wrong, no model is active, or the database lacks the plugin.

        Example:
            >>> for row in graph.recommend("1", k=5, genre="Comedy", year=(1980, 1989)):
            ...     print(row.rank, row.film, row.reason)
        """
        rows = self.read(RECOMMEND, user=user, options=_map(options))
        if not rows:
            self._require("User", user)
        return [_recommendation(row) for row in rows]

    def recommend_for(
        self, movies: Iterable[Movie], **options: Unpack[RecommendOptions]
    ) -> list[Recommendation]:
        """Recommend films to somebody who is no user, by some films that he likes.

        Args:
            movies: films or their ids, at most 1,000.
            options: see `RecommendOptions`.

        Raises:
            GraphError: there is no such film, or as of `recommend`.
        """
        rows = self.read(RECOMMEND_FOR, movies=[_id(movie) for movie in movies], options=_map(options))
        return [_recommendation(row) for row in rows]

    def similar(
        self,
        movie: Movie,
        *,
        k: int | None = None,
        candidates: int | None = None,
        by: Modality | Literal["all"] | None = None,
        model: str | None = None,
    ) -> list[SimilarFilm]:
        """Find the films that are nearest to a film by the vectors of a model, or by their media alone.

        Args:
            movie: a film or its id.
            k: how many films; 10 unless told.
            candidates: how many films to fetch from the vector index at first.
            by: what they shall have in common: `text`, `poster`, `sound`, `trailer`, or `all` that is known.
            model: the id of a model; the active one unless told.

        Raises:
            InputError: there is no such film.
            GraphError: the film has no vector of the model or no such medium, or as of `recommend`.
        """
        options = _map({"k": k, "candidates": candidates, "by": by, "model": model})
        rows = self.read(SIMILAR, movie=_id(movie), options=options)
        if not rows:
            self._require("Item", _id(movie))
        return [SimilarFilm(Film(**row["film"]), row["score"], row["rank"]) for row in rows]

    def explain(
        self,
        user: str,
        movie: Movie,
        *,
        k: int | None = None,
        weights: Mapping[Modality, float] | None = None,
        model: str | None = None,
    ) -> Explanation:
        """Divide the score of a film for a user among the films that he clicked.

        Args:
            user: the id of a user.
            movie: a film or its id, clicked or not.
            k: how many clicks to name; 10 unless told. The others come as one share.
            weights: those of `recommend`; what each adds is a share.
            model: the id of a model; the active one unless told.

        Raises:
            InputError: there is no such user or film.
            GraphError: there is no score to explain, or as of `recommend`.
        """
        options = _map({"k": k, "weights": weights, "model": model})
        rows = self.read(EXPLAIN, user=user, movie=_id(movie), options=options, bases=sorted(KINDS))
        if not rows:  # of a user and a film that are there, there is a row or an error
            self._require("User", user)
            self._require("Item", _id(movie))
        return Explanation(rows[0]["score"], tuple(_share(row) for row in rows))

    def path(
        self, start: Movie, end: Movie, *, k: int | None = None, max_hops: int | None = None
    ) -> list[Path]:
        """Find the shortest connections of two films, people or other entities, the most telling first.

        Args:
            start: a film, or the id, title or name of a film or an entity, with `Item:` or `Entity:` before
                an id that both kinds have.
            end: another one.
            k: how many paths; 10 unless told.
            max_hops: how many relations a path may have; 4 unless told.

        Raises:
            InputError: there is no such node, or more than one.
            GraphError: both are the same node, or as of `recommend`.
        """
        (from_kind, from_id), (to_kind, to_id) = self._end(start), self._end(end)
        statement = ENDS.format(from_kind=from_kind, to_kind=to_kind) + PATH
        options = _map({"k": k, "max_hops": max_hops})
        rows = self.read(statement, from_id=from_id, to_id=to_id, options=options, bases=sorted(KINDS))
        return [_path(row) for row in rows]

    def search(
        self,
        text: str,
        *,
        k: int | None = None,
        kind: str | Sequence[str] | None = None,
        vector: Sequence[float] | None = None,
        model: str | None = None,
    ) -> list[Hit]:
        """Find films by words of their titles, and entities by words of their names, the best first.

        Args:
            text: words in any order and any capitals.
            k: how many nodes; 10 unless told.
            kind: a label such as `Movie` or `Person`, or several, one of which a node must have.
            vector: what the text means, by `mmkg.meaning.encode`, to find films by their texts, too.
            model: the id of the model whose vectors of texts are meant; the active one unless told.

        Raises:
            GraphError: the text is empty, the vector of another dimension, or as of `recommend`.
        """
        options = _map({"k": k, "kind": kind, "vector": vector, "model": model})
        return [Hit(**row) for row in self.read(SEARCH, text=text, options=options)]

    def embed_status(self) -> EmbedStatus:
        """Tell which model answers, whom it knows, whether a write-back goes on, and what to do next."""
        (row,) = self.read(EMBED_STATUS)
        return EmbedStatus(**row)

    def click(
        self, user: str, movie: Movie, *, rating: float | None = None, create_user: bool = False
    ) -> bool:
        """Note that a user clicked or rated a film, for the next `recommend` to know; True where it is new.

        Args:
            user: the id of a user.
            movie: a film or its id.
            rating: what the user gave.
            create_user: make the user where there is none.

        Raises:
            GraphError: there is no such user or film, or an import states another rating.
        """
        options = _map({"rating": rating, "create_user": create_user})
        (row,) = self.write(CLICK, user=user, movie=_id(movie), options=options)
        return bool(row["created"])

    def _end(self, node: Movie) -> tuple[str, str]:
        if isinstance(node, Film):
            return "Item", node.id
        found = find(self, node, ["Item", "Entity"])
        return found.kind, found.id

    def _require(self, kind: Kind, id: str) -> None:
        """Tell a node that does not exist from one for which there is no answer."""
        if not self.read(EXISTS.format(kind=kind), id=id)[0]["found"]:
            noun = "user" if kind == "User" else "film"
            raise InputError(f"there is no {noun} of this id", where=id, remedy=f"Give the id of a {noun}")


def _id(movie: Movie) -> str:
    return movie.id if isinstance(movie, Film) else movie


def _map(options: Mapping[str, Any]) -> dict[str, Any]:
    """Make the map of options that a procedure takes, of those that are given."""
    given = {name: _plain(value) for name, value in options.items() if value is not None}
    include = {name: given.pop(name) for name in CONDITIONS if name in given}
    named = {_camel_case(name): value for name, value in given.items()}
    return named | ({"include": include} if include else {})


def _plain(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value.id if isinstance(value, Film) else value


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _recommendation(row: Row) -> Recommendation:
    because = tuple(
        Because(
            each["id"],
            each["title"],
            each["similarity"],
            tuple(Shared(one["relation"], one["id"], one["name"], one["words"]) for one in each["shared"]),
        )
        for each in row["because"]
    )
    return Recommendation(
        Film(**row["film"]), row["score"], row["rank"], row["reason"], because, row["stages"]
    )


def _share(row: Row) -> Share:
    film = Film(**row["film"]) if row["film"] else None
    path = _path(row) if row["nodes"] else None
    return Share(row["share"], row["kind"], film, row["reason"], row["media"], path)


def _path(row: Row) -> Path:
    nodes = tuple(PathNode(**node) for node in row["nodes"])
    return Path(nodes, tuple(PathRelation(**relation) for relation in row["relations"]))
