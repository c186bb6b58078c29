"""A table of films, one a row: title, year, plot, genres, cast and directors, in CSV or JSONL.

It is the `movies` file of a catalogue of our own, and what `--films` adds to any other source.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ingest.folder import media_file
from ingest.lines import suffix_of
from ingest.rows import FieldError, Row, check_columns, header, parsed, property_name, read_any
from ingest.source import Media, MediaFile, MediaKind, MediaText, accepted
from kg.model import Node, Origin, Ref, Reject, Relation, Value

IDS = ("id", "item_id", "movie_id", "movieId")
PEOPLE = {"cast": "ACTED_IN", "directors": "DIRECTED", "writers": "WROTE", "producers": "PRODUCED"}
"""Columns that list people, and the relation from each person to the film."""
FACTS = {
    "genres": ("HAS_GENRE", "Genre"),
    "countries": ("FROM_COUNTRY", "Country"),
    "languages": ("IN_LANGUAGE", "Language"),
    "companies": ("MADE_BY", "Company"),
    "keywords": ("ABOUT", "Keyword"),
}
"""Columns that list what a film has, the relation to it and its label."""
MEDIA: dict[str, MediaKind] = {"poster": "Poster", "trailer": "Trailer", "audio": "Audio"}
"""Columns that hold the path of a file."""
OWN = frozenset({"title", "year", *IDS, *PEOPLE, *FACTS, *MEDIA})
MAX_PLOT = 100_000
MAX_ID = 1000
SPACES = re.compile(r"\s+")


class Film(NamedTuple):
    """One row."""

    id: str
    properties: Mapping[str, Value]
    entities: list[tuple[Node, str, bool]]
    """Each with its relation, and True where the relation leads from it to the film."""
    files: list[tuple[MediaKind, str]]
    origin: Origin


class Films:
    """A table of films as a source.

    Args:
        path: CSV, or JSONL by its extension. The first of the columns id, item_id, movie_id that is there is
            the id; columns that are not known by name become properties of the film.
        people: ids of people that are known already: a cast that names one means that person.
        fills: True where the table adds to another source and what that one states shall stand.
        media_root: the folder that the columns poster, trailer and audio are relative to; None where the
            table may name no files.

    Raises:
        InputError: the file cannot be read, or has no column for the id or the title.
    """

    def __init__(
        self,
        path: Path,
        *,
        people: frozenset[str] = frozenset(),
        fills: bool = False,
        media_root: Path | None = None,
    ) -> None:
        self.path = path
        self.people = people
        self.fills = fills
        self.media_root = media_root
        self.id = IDS[0]
        if suffix_of(path) != ".jsonl":
            names = header(path)
            self.id = next((name for name in IDS if name in names), IDS[0])
            check_columns(path, names, (self.id, "title"))

    def files(self) -> Iterable[Path]:
        """Yield the table, and the media that it names."""
        yield self.path
        for medium in accepted(self.media()):
            if isinstance(medium, MediaFile):
                yield medium.path

    def films(self) -> Iterator[Film | Reject]:
        """Yield the films; a second row with the id of an earlier one is rejected."""
        seen: set[str] = set()
        for film in parsed(read_any(self.path), self._film):
            if isinstance(film, Film):
                if film.id in seen:
                    yield Reject(*film.origin, self.id, "an earlier row has this id", film.id)
                    continue
                seen.add(film.id)
            yield film

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield each film, and what it names."""
        for film in self.films():
            if isinstance(film, Reject):
                yield film
                continue
            yield Node("Item", film.id, "Movie", film.properties, film.origin, self.fills)
            for node, _, _ in film.entities:
                if node.properties:
                    yield node

    def media(self) -> Iterator[Media | Reject]:
        """Yield each film's plot as a text, and the files that its row names."""
        for film in accepted(self.films()):
            here = Ref("Item", film.id)
            plot = film.properties.get("plot")
            if isinstance(plot, str):
                yield MediaText(here, plot, film.origin)
            for kind, name in film.files:
                if self.media_root is None:
                    continue
                yield media_file(self.media_root, name, kind, here, film.origin, field=kind.lower())

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield what ties each film to what it names."""
        for film in accepted(self.films()):
            here = Ref("Item", film.id)
            for node, relation, leads_to_film in film.entities:
                there = Ref("Entity", node.id)
                start, end = (there, here) if leads_to_film else (here, there)
                yield Relation(relation, start, end, {}, film.origin)

    def warnings(self) -> Iterator[str]:
        """Yield nothing."""
        yield from ()

    def _film(self, row: Row) -> Film:
        key = next((name for name in IDS if row.values.get(name) not in (None, "")), self.id)
        film_id = row.required(key)
        if len(film_id) > MAX_ID:
            raise FieldError(key, f"longer than {MAX_ID} characters", film_id)
        properties: dict[str, Value] = {"title": row.required("title")}
        year = row.year("year")
        if year is not None:
            properties["year"] = year
        for name in row.values:
            if name not in OWN and (value := row.value(name)) is not None:
                properties[property_name(name)] = value
        if len(str(properties.get("plot", ""))) > MAX_PLOT:
            raise FieldError("plot", f"longer than {MAX_PLOT} characters")
        entities = [
            (self._person(name, row.origin), relation, True)
            for column, relation in PEOPLE.items()
            for name in row.list(column)
        ] + [
            (named(label, name, row.origin), relation, False)
            for column, (relation, label) in FACTS.items()
            for name in row.list(column)
        ]
        files = [(kind, name) for column, kind in MEDIA.items() if (name := row.text(column))]
        return Film(film_id, properties, entities, files, row.origin)

    def _person(self, text: str, origin: Origin) -> Node:
        return (
            Node("Entity", text, "Person", origin=origin)
            if text in self.people
            else named("Person", text, origin)
        )


def named(label: str, name: str, origin: Origin) -> Node:
    """Make the node of something that a source knows by its name alone: `person:Tom Hanks`, `genre:Comedy`.

    Unicode is composed (NFC) and white space made single first, so spellings that look the same are the same.
    """
    name = SPACES.sub(" ", unicodedata.normalize("NFC", name)).strip()
    return Node("Entity", f"{label.lower()}:{name}", label, {"name": name}, origin)
