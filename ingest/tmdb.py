"""TMDB: the published tables of 5,000 films with JSON in their columns, and the films of its API in JSON.

Both are brought to one shape, a row a film, by the names of the API's fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ingest.films import MAX_PLOT, named
from ingest.folder import problem_with
from ingest.lines import DAMAGED, SHOWN, open_any, suffix_of
from ingest.links import Links
from ingest.rows import FieldError, Row, header, parsed, read_jsonl, read_table
from ingest.source import Media, MediaFile, MediaText, accepted, unrecognised
from kg.model import Node, Origin, Ref, Reject, Relation, Value
from mmkg.errors import InputError

FILMS = ("id", "title", "original_title", "overview", "release_date", "genres")
CREDITS = ("movie_id", "cast", "crew")
"""The columns by which the two tables are known, and by `FILMS` the objects of the API too."""
LOOKED_FOR = ("tmdb_5000_movies.csv", "tmdb_5000_credits.csv", "*.json", "*.jsonl")
MAX_JSON = 64 << 20
"""Bytes of a JSON file, unpacked, which is read as a whole; a JSONL file may be of any size."""

JOBS = {
    "Director": "DIRECTED",
    **dict.fromkeys(("Writer", "Screenplay", "Story", "Author"), "WROTE"),
    "Producer": "PRODUCED",
    "Director of Photography": "SHOT",
    "Original Music Composer": "COMPOSED",
    "Editor": "EDITED",
}
"""By job of the crew, the relation from the person to the film. Other jobs are left out."""
FACTS = {
    "genres": ("HAS_GENRE", "Genre"),
    "keywords": ("ABOUT", "Keyword"),
    "production_companies": ("MADE_BY", "Company"),
    "production_countries": ("FROM_COUNTRY", "Country"),
    "spoken_languages": ("IN_LANGUAGE", "Language"),
}
NAMES = ("english_name", "name")
"""What a thing is called: a language has its own name for itself as well."""
NUMBERS = {"runtime": "runtime", "budget": "budget", "revenue": "revenue", "tmdb_votes": "vote_count"}
"""Whole numbers, of which 0 stands for unknown."""

Rows = Iterator[Row | Reject]


class Film(NamedTuple):
    """What one row tells: of a film, of its credits, or of both."""

    id: str
    node: Node | None
    facts: list[tuple[Node, str]]
    """From the film to each."""
    people: list[tuple[Node, str, dict[str, Value]]]
    """From each to the film."""
    poster: str
    origin: Origin


class Tmdb:
    """Files of TMDB as a source.

    Args:
        place: a table, a JSON or JSONL file, or a folder of them.
        links: a table that says which item of the catalogue a film is. Only the films in it are taken, under
            the ids of their items. Without it, a film's id is `tmdb:862`.

    Raises:
        InputError: there is nothing of TMDB, or a file cannot be read.
    """

    def __init__(self, place: Path, *, links: Path | None = None) -> None:
        self.place = place
        found = list(_readers(place))
        if not any(sure for *_, sure in found):
            raise unrecognised(place if place.is_dir() else place.parent, "film of TMDB", LOOKED_FOR)
        self.readers = {path: read for path, read, _ in found}
        self.links = Links(links) if links else None

    def files(self) -> Iterable[Path]:
        """Yield the files, the table of links, and the posters that lie beside them."""
        yield from self.readers
        if self.links:
            yield self.links.path
        for medium in accepted(self.media()):
            if isinstance(medium, MediaFile):
                yield medium.path

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield films, what they have, and their people."""
        if self.links:
            yield from self.links.rejects
        for film in self._films():
            if isinstance(film, Reject):
                yield film
                continue
            if film.node:
                yield film.node
            yield from (node for node, _ in film.facts)
            yield from (node for node, _, _ in film.people)

    def media(self) -> Iterator[Media | Reject]:
        """Yield the plots, and each poster that lies in the folder."""
        for film in accepted(self._films()):
            here = Ref("Item", film.id)
            plot = film.node.properties.get("plot") if film.node else None
            if isinstance(plot, str):
                yield MediaText(here, plot, film.origin)
            if film.poster and self.place.is_dir():
                path = self.place / film.poster.lstrip("/")
                if problem_with(path, self.place) is None:
                    yield MediaFile("Poster", here, path, film.origin)

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield what ties each film to what it has and to its people."""
        for film in accepted(self._films()):
            here = Ref("Item", film.id)
            for node, relation in film.facts:
                yield Relation(relation, here, Ref("Entity", node.id), {}, film.origin)
            for node, relation, properties in film.people:
                yield Relation(relation, Ref("Entity", node.id), here, properties, film.origin)

    def warnings(self) -> Iterator[str]:
        """Yield nothing."""
        yield from ()

    def _films(self) -> Iterator[Film | Reject]:
        for path, read in self.readers.items():
            for film in parsed(read(path), self._film):
                if film:
                    yield film

    def _film(self, row: Row) -> Film | None:
        credits_alone = "movie_id" in row.values
        number = row.integer("movie_id" if credits_alone else "id")
        if number is None:
            raise FieldError("id", "empty")
        item = self.links.item("tmdb", str(number)) if self.links else f"tmdb:{number}"
        if item is None:
            return None
        node = None if credits_alone else Node("Item", item, "Movie", _properties(row, number), row.origin)
        facts = [
            (named(label, name.casefold() if label == "Keyword" else name, row.origin), relation)
            for field, (relation, label) in FACTS.items()
            for thing in _things(row, field)
            if (name := next(filter(None, map(thing.text, NAMES)), ""))
        ]
        return Film(item, node, facts, list(_people(row)), row.text("poster_path"), row.origin)


def recognises(place: Path) -> bool:
    """Tell whether there is a table of TMDB, or JSON with the fields of its API."""
    return any(sure for *_, sure in _readers(place))


def _readers(place: Path) -> Iterator[tuple[Path, Callable[[Path], Rows], bool]]:
    """Yield each file of TMDB with what reads it, and JSON that cannot be read with False: it may be one."""
    for path in sorted(place.iterdir()) if place.is_dir() else [place]:
        suffix = suffix_of(path)
        if path.name[0] == "." or not path.is_file():
            continue
        if suffix == ".csv":
            names = _columns(path)
            if _has(names, FILMS) or _has(names, CREDITS):
                yield path, read_table, True
        elif suffix in (".json", ".jsonl"):
            read = read_jsonl if suffix == ".jsonl" else _read_json
            first = next(read(path), None)
            if isinstance(first, Reject) or (first and _has(first.values, FILMS[:3])):
                yield path, _flat(read), isinstance(first, Row)


def _columns(path: Path) -> list[str]:
    """Read the header of a table; empty where it has none, as then it is no table of TMDB."""
    try:
        return header(path)
    except InputError:
        return []


def _has(names: Iterable[str], wanted: Iterable[str]) -> bool:
    return set(wanted) <= set(names)


def _read_json(path: Path) -> Rows:
    """Read a film, a list of films, or the results of a search."""
    origin = Origin(path.name)
    try:
        with open_any(path) as file:
            content = file.read(MAX_JSON + 1)
        if len(content) > MAX_JSON:
            yield Reject(*origin, "", f"larger than {MAX_JSON >> 20} MB: write one film a line, as JSONL")
            return
        found = json.loads(content)
    except DAMAGED as error:
        yield Reject(*origin, "", f"the file cannot be unpacked ({error})")
        return
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror})", where=str(path)) from None
    except (ValueError, RecursionError):
        yield Reject(*origin, "", "no JSON")
        return
    if isinstance(found, dict) and isinstance(found.get("results"), list):
        found = found["results"]
    for film in found if isinstance(found, list) else [found]:
        if isinstance(film, dict):
            yield Row(origin, film)
        else:
            yield Reject(*origin, "", "no JSON object", str(film)[:SHOWN])


def _flat(read: Callable[[Path], Rows]) -> Callable[[Path], Rows]:
    """Bring the credits that the API appends to a film to where the tables have them."""

    def rows(path: Path) -> Rows:
        for row in read(path):
            if isinstance(row, Row) and isinstance(row.values.get("credits"), dict):
                row.values = {**row.values["credits"], **row.values}
            yield row

    return rows


def _properties(row: Row, number: int) -> dict[str, Value]:
    properties: dict[str, Value] = {"title": row.required("title"), "tmdb_id": str(number)}
    texts = {
        "original_title": row.text("original_title"),
        "plot": row.text("overview"),
        "tagline": row.text("tagline"),
        "imdb_id": row.text("imdb_id"),
    }
    if texts["original_title"] == properties["title"]:
        del texts["original_title"]
    if len(texts["plot"]) > MAX_PLOT:
        raise FieldError("overview", f"longer than {MAX_PLOT} characters")
    properties |= {name: text for name, text in texts.items() if text}
    year = Row(row.origin, {"release_date": row.text("release_date")[:4]}).year("release_date")
    if year is not None:
        properties["year"] = year
    for ours, theirs in NUMBERS.items():
        if value := row.integer(theirs):
            properties[ours] = value
    if properties.get("tmdb_votes") and (rating := row.number("vote_average")) is not None:
        properties["tmdb_rating"] = rating
    if popularity := row.number("popularity"):
        properties["tmdb_popularity"] = popularity
    return properties


def _people(row: Row) -> Iterator[tuple[Node, str, dict[str, Value]]]:
    for actor in _things(row, "cast"):
        character = actor.text("character")
        yield _person(actor, "cast"), "ACTED_IN", {"characters": [character]} if character else {}
    for member in _things(row, "crew"):
        if relation := JOBS.get(member.text("job")):
            yield _person(member, "crew"), relation, {}


def _person(row: Row, field: str) -> Node:
    number = row.integer("id")
    if number is None:
        raise FieldError(field, "a person without an id", row.text("name"))
    return Node("Entity", f"tmdb:person/{number}", "Person", {"name": row.required("name")}, row.origin)


def _things(row: Row, field: str) -> Iterator[Row]:
    """Yield the objects of a list, which a table holds as JSON and the API perhaps once more by its name."""
    found: Any = row.values.get(field) or []
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            raise FieldError(field, "no JSON", found) from None
    if isinstance(found, dict):
        found = found.get(field)
    if not isinstance(found, list) or not all(isinstance(thing, dict) for thing in found):
        raise FieldError(field, "a list of objects is wanted here", found)
    return (Row(row.origin, thing) for thing in found)
