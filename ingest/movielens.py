"""MovieLens as GroupLens publishes it: 100K (u.data), 1M and 10M (ratings.dat), and the CSV editions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from ingest.films import named
from ingest.ratings import Rating, Ratings, user_nodes
from ingest.rows import Row, check_columns, header, parsed, read_split, read_table
from ingest.source import Media, accepted, unrecognised
from kg.model import Node, Ref, Reject, Relation, Value

GENRES_100K = [
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War"),
    "Western",
]
"""The order of the flags in u.item."""
NO_GENRE = frozenset({"unknown", "(no genres listed)"})
RATING = ("user", "item", "rating", "at")
TITLE_AND_YEAR = re.compile(r"(.*\S)\s*\((\d{4})\)\s*")

Rows = Iterator[Row | Reject]


@dataclass(frozen=True)
class Table:
    """One file of an edition: how to read it, and the names that we give its columns."""

    read: Callable[[Path], Rows]
    columns: dict[str, str] = field(default_factory=dict)
    """Of a file with a header: its name for each of ours."""


def _split(separator: str, *names: str) -> Table:
    return Table(partial(read_split, separator=separator, names=names))


EDITIONS: dict[str, dict[str, Table]] = {
    "u.data": {
        "u.data": _split("\t", *RATING),
        "u.item": _split("|", "item", "title", "released", "video_released", "imdb_url", *GENRES_100K),
        "u.user": _split("|", "user", "age", "gender", "occupation", "zip_code"),
    },
    "ratings.dat": {
        "ratings.dat": _split("::", *RATING),
        "movies.dat": _split("::", "item", "title", "genres"),
        "users.dat": _split("::", "user", "gender", "age", "occupation", "zip_code"),
        "tags.dat": _split("::", "user", "item", "tag", "at"),
    },
    "ratings.csv": {
        "ratings.csv": Table(
            read_table, {"user": "userId", "item": "movieId", "rating": "rating", "at": "timestamp"}
        ),
        "movies.csv": Table(read_table, {"item": "movieId", "title": "title", "genres": "genres"}),
        "links.csv": Table(read_table, {"item": "movieId", "imdb": "imdbId", "tmdb": "tmdbId"}),
        "tags.csv": Table(read_table, {"user": "userId", "item": "movieId", "tag": "tag", "at": "timestamp"}),
    },
}
"""By the file that tells the edition: its ratings, films, users or links, and tags."""
NEEDED = 2
"""The first two files of each edition must be there."""


class MovieLens:
    """A folder of MovieLens files as a source.

    Args:
        folder: as GroupLens' archive unpacks.
        min_rating: a rating from here on is a click.

    Raises:
        InputError: the folder is not there, or a file or a column is missing.
    """

    def __init__(self, folder: Path, *, min_rating: float = 4) -> None:
        self.folder = folder
        self.ratings = Ratings(min_rating)
        edition = next((name for name in EDITIONS if (folder / name).is_file()), None)
        if edition is None:
            raise unrecognised(folder, "edition of MovieLens", EDITIONS)
        self.tables = EDITIONS[edition]
        self.ratings_name, self.films_name = list(self.tables)[:NEEDED]
        if not (folder / self.films_name).is_file():
            raise unrecognised(folder, f"films for its {edition}", [self.films_name])
        for name, table in self.tables.items():
            if table.columns and (folder / name).is_file():
                check_columns(folder / name, header(folder / name), list(table.columns.values()))

    def files(self) -> Iterable[Path]:
        """Yield the files of the edition that are there."""
        return [self.folder / name for name in self.tables if (self.folder / name).is_file()]

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield films, their genres and tags, and users."""
        for film in parsed(self._rows(self.films_name), _film):
            if isinstance(film, Reject):
                yield film
            else:
                yield film[0]
                yield from film[1]
        yield from parsed(self._rows("links.csv"), _link)
        yield from parsed(chain(self._rows("u.user"), self._rows("users.dat")), _user)
        yield from user_nodes(self._ratings())
        for tag in self._tags():
            yield tag if isinstance(tag, Reject) else tag[1]

    def media(self) -> Iterator[Media | Reject]:
        """Yield nothing: MovieLens has no media."""
        yield from ()

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the films' genres and tags, and the clicks."""
        for film, genres in accepted(parsed(self._rows(self.films_name), _film)):
            for genre in genres:
                yield Relation("HAS_GENRE", Ref("Item", film.id), Ref("Entity", genre.id), {}, film.origin)
        for item, keyword in accepted(self._tags()):
            yield Relation("ABOUT", Ref("Item", item), Ref("Entity", keyword.id), {}, keyword.origin)
        yield from self.ratings.relations(self._ratings)

    def warnings(self) -> Iterator[str]:
        """Yield nothing."""
        yield from ()

    def _rows(self, name: str) -> Rows:
        path = self.folder / name
        if name not in self.tables or not path.is_file():
            return
        table = self.tables[name]
        for row in table.read(path):
            if isinstance(row, Row) and table.columns:
                yield Row(row.origin, {ours: row.values[theirs] for ours, theirs in table.columns.items()})
            else:
                yield row

    def _ratings(self) -> Iterator[Rating | Reject]:
        return parsed(self._rows(self.ratings_name), _rating)

    def _tags(self) -> Iterator[tuple[str, Node] | Reject]:
        return parsed(chain(self._rows("tags.dat"), self._rows("tags.csv")), _tag)


def recognises(folder: Path) -> bool:
    """Tell whether there is an edition's file of ratings with its file of films."""
    for tables in EDITIONS.values():
        if all((folder / name).is_file() for name in list(tables)[:NEEDED]):
            films = list(tables)[1]
            names = list(tables[films].columns.values())
            return not names or set(names) <= set(header(folder / films))
    return False


def _film(row: Row) -> tuple[Node, list[Node]]:
    title = row.required("title")
    properties: dict[str, Value] = {"title": title}
    if found := TITLE_AND_YEAR.fullmatch(title):
        properties = {"title": found[1], "year": int(found[2])}
    if url := row.text("imdb_url"):
        properties["imdb_url"] = url
    if "genres" in row.values:
        genres = row.list("genres")
    else:
        genres = [genre for genre in GENRES_100K if row.text(genre) == "1"]
    nodes = [named("Genre", genre, row.origin) for genre in genres if genre not in NO_GENRE]
    return Node("Item", row.required("item"), "Movie", properties, row.origin), nodes


def _link(row: Row) -> Node:
    imdb, tmdb = row.integer("imdb"), row.text("tmdb")
    stated = {"imdb_id": "" if imdb is None else f"tt{imdb:07d}", "tmdb_id": tmdb}
    properties = {name: text for name, text in stated.items() if text}
    return Node("Item", row.required("item"), "Movie", properties, row.origin)


def _user(row: Row) -> Node:
    properties: dict[str, Value] = {}
    if (age := row.integer("age")) is not None:
        properties["age"] = age
    for name in ("gender", "occupation", "zip_code"):
        if text := row.text(name):
            properties[name] = text
    return Node("User", row.required("user"), None, properties, row.origin)


def _rating(row: Row) -> Rating:
    rating, at = row.number("rating"), row.timestamp("at")
    return Rating(row.required("user"), row.required("item"), rating, at, None, row.origin)


def _tag(row: Row) -> tuple[str, Node]:
    return row.required("item"), named("Keyword", row.required("tag").casefold(), row.origin)
