"""IMDb's public files: title.basics, title.principals, name.basics and title.ratings, gzipped or not.

They hold eleven million titles and a hundred million credits, so each is read as a stream, as often as
needed. What stays in memory are the numbers of the films that are taken and of their people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ingest.films import named
from ingest.links import Links
from ingest.rows import FieldError, Row, header, parsed, read_table
from ingest.source import Media, accepted, find, unrecognised
from kg.model import Node, Origin, Ref, Reject, Relation, Value

COLUMNS = {
    "title.basics": ("tconst", "titleType", "primaryTitle", "startYear", "runtimeMinutes", "genres"),
    "title.principals": ("tconst", "nconst", "category"),
    "name.basics": ("nconst", "primaryName"),
    "title.ratings": ("tconst", "averageRating", "numVotes"),
}
"""By file, the columns that it must have; only the first file must be there."""
BASICS, PRINCIPALS, NAMES, RATINGS = COLUMNS
CREDITS = {
    **dict.fromkeys(("actor", "actress", "self"), "ACTED_IN"),
    "director": "DIRECTED",
    "writer": "WROTE",
    "producer": "PRODUCED",
    "cinematographer": "SHOT",
    "composer": "COMPOSED",
    "editor": "EDITED",
}
"""By category of a principal, the relation from the person to the film. Other categories are left out."""
ID = re.compile(r"(tt|nm)(\d{1,12})")
NULL = r"\N"
MAX_CHARACTERS = 20

Rows = Iterator[Row | Reject]


class Credit(NamedTuple):
    """One principal of a film that is taken."""

    film: int
    person: int
    relation: str
    characters: list[str]
    origin: Origin


class Imdb:
    """A folder of IMDb's files as a source.

    Args:
        folder: holds title.basics.tsv, and the others as far as they are there, each perhaps with .gz.
        links: a table that says which item of the catalogue a film is. Only the films in it are taken, under
            the ids of their items. Without it, a film's id is IMDb's.
        title_type: the types of titles that are films, separated by commas.
        min_votes: films with fewer votes are left out.

    Raises:
        InputError: the folder is not there, or a file or a column is missing.
    """

    def __init__(
        self, folder: Path, *, links: Path | None = None, title_type: str = "movie", min_votes: int = 0
    ) -> None:
        self.tables = {name: path for name in COLUMNS if (path := _table(folder, name))}
        if BASICS not in self.tables:
            raise unrecognised(folder, "film of IMDb", (f"{BASICS}.tsv", f"{BASICS}.tsv.gz"))
        for name, path in self.tables.items():
            header(path, COLUMNS[name], delimiter="\t")
        self.links = Links(links) if links else None
        self.types = frozenset(part.strip() for part in title_type.split(","))
        self.min_votes = min_votes
        self._films: set[int] | None = None

    def files(self) -> Iterable[Path]:
        """Yield the files, and the table of links."""
        yield from self.tables.values()
        if self.links:
            yield self.links.path

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield films with their genres, their ratings, and their people."""
        if self.links:
            yield from self.links.rejects
        for film in parsed(self._rows(BASICS), self._film):
            if isinstance(film, Reject):
                yield film
            elif film:
                yield film[0]
                yield from film[1]
        for node in parsed(self._rows(RATINGS), self._rating):
            if node:
                yield node
        people: set[int] = set()
        for credit in accepted(self._credits()):
            if credit.person not in people:
                people.add(credit.person)
                yield Node("Entity", _id("nm", credit.person), "Person", {}, credit.origin)
        for node in parsed(self._rows(NAMES), lambda row: _person(row, people)):
            if node:
                yield node

    def media(self) -> Iterator[Media | Reject]:
        """Yield nothing: the files name no media."""
        yield from ()

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the films' genres and people."""
        for film in accepted(parsed(self._rows(BASICS), self._film)):
            if film:
                for genre in film[1]:
                    here, there = Ref("Item", film[0].id), Ref("Entity", genre.id)
                    yield Relation("HAS_GENRE", here, there, {}, film[0].origin)
        for credit in self._credits():
            if isinstance(credit, Reject):
                yield credit
                continue
            start, end = Ref("Entity", _id("nm", credit.person)), Ref("Item", self._item(credit.film))
            told: dict[str, Value] = {"characters": credit.characters} if credit.characters else {}
            yield Relation(credit.relation, start, end, told, credit.origin)

    def warnings(self) -> Iterator[str]:
        """Say so where nothing was taken."""
        if not self._taken():
            yield "no film was taken: look at --links, --title-type and --min-votes"

    def _rows(self, name: str) -> Rows:
        if name not in self.tables:
            return
        for row in read_table(self.tables[name], delimiter="\t"):
            if isinstance(row, Row):
                row.values = {field: "" if text == NULL else text for field, text in row.values.items()}
            yield row

    def _taken(self) -> set[int]:
        """Return the numbers of the films that are taken: found out once."""
        if self._films is None:
            popular = set(self._numbers(RATINGS, self._popular)) if self.min_votes else set()
            self._films = set(self._numbers(BASICS, lambda row: self._chosen(row, popular)))
        return self._films

    def _numbers(self, name: str, number: Callable[[Row], int | None]) -> Iterator[int]:
        return (found for found in accepted(parsed(self._rows(name), number)) if found is not None)

    def _popular(self, row: Row) -> int | None:
        return _number(row, "tconst") if (row.integer("numVotes") or 0) >= self.min_votes else None

    def _chosen(self, row: Row, popular: set[int]) -> int | None:
        """Return the number of a film that is taken, None where a title is not."""
        if row.text("titleType") not in self.types:
            return None
        number = _number(row, "tconst")
        if self.links and self.links.item("imdb", str(number)) is None:
            return None
        return number if number in popular or not self.min_votes else None

    def _film(self, row: Row) -> tuple[Node, list[Node]] | None:
        number = _number(row, "tconst")
        if number not in self._taken():
            return None
        properties: dict[str, Value] = {"title": row.required("primaryTitle"), "imdb_id": _id("tt", number)}
        original = row.text("originalTitle")
        if original and original != properties["title"]:
            properties["original_title"] = original
        for name, value in (("year", row.year("startYear")), ("runtime", row.integer("runtimeMinutes"))):
            if value is not None:
                properties[name] = value
        genres = [named("Genre", genre, row.origin) for genre in row.list("genres", ",")]
        return Node("Item", self._item(number), "Movie", properties, row.origin), genres

    def _rating(self, row: Row) -> Node | None:
        number = _number(row, "tconst")
        if number not in self._taken():
            return None
        told = {"imdb_rating": row.number("averageRating"), "imdb_votes": row.integer("numVotes")}
        properties: dict[str, Value] = {name: value for name, value in told.items() if value is not None}
        return Node("Item", self._item(number), "Movie", properties, row.origin)

    def _credits(self) -> Iterator[Credit | Reject]:
        for credit in parsed(self._rows(PRINCIPALS), self._credit):
            if credit:
                yield credit

    def _credit(self, row: Row) -> Credit | None:
        number = _number(row, "tconst")
        relation = CREDITS.get(row.text("category"))
        if number not in self._taken() or relation is None:
            return None
        characters = _characters(row) if relation == "ACTED_IN" else []
        return Credit(number, _number(row, "nconst"), relation, characters, row.origin)

    def _item(self, number: int) -> str:
        return (self.links and self.links.item("imdb", str(number))) or _id("tt", number)


def recognises(folder: Path) -> bool:
    """Tell whether there is IMDb's table of titles."""
    table = _table(folder, BASICS)
    return table is not None and set(COLUMNS[BASICS]) <= set(header(table, delimiter="\t"))


def _table(folder: Path, name: str) -> Path | None:
    return find(folder, (f"{name}.tsv", f"{name}.tsv.gz"))


def _number(row: Row, field: str) -> int:
    found = ID.fullmatch(row.required(field))
    if found is None:
        raise FieldError(field, "no id of IMDb", row.text(field))
    return int(found[2])


def _id(prefix: str, number: int) -> str:
    return f"{prefix}{number:07d}"


def _person(row: Row, people: set[int]) -> Node | None:
    number = _number(row, "nconst")
    if number not in people:
        return None
    properties: dict[str, Value] = {"name": row.required("primaryName")}
    for ours, theirs in (("birth_year", "birthYear"), ("death_year", "deathYear")):
        if (year := row.integer(theirs)) is not None:  # of antiquity too: Homer has credits
            properties[ours] = year
    return Node("Entity", _id("nm", number), "Person", properties, row.origin)


def _characters(row: Row) -> list[str]:
    """Read a JSON list of names."""
    text = row.text("characters")
    if not text:
        return []
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FieldError("characters", "no JSON list of texts", text)
    return Row(row.origin, {"characters": names}).list("characters")[:MAX_CHARACTERS]
