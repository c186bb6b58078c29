"""A catalogue of our own: a folder of tables in CSV or JSONL, and a folder of media (docs/ingest.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from ingest.facts import fact
from ingest.films import IDS, Films
from ingest.folder import MediaFolder, media_file
from ingest.lines import suffix_of
from ingest.ratings import PARTS, Rating, Ratings, user_nodes
from ingest.rows import FieldError, Row, check_columns, header, parsed, property_name, read_any
from ingest.source import Media, MediaFile, accepted, each_once, find, unrecognised
from kg.model import LABEL, Node, Ref, Reject, Relation, Value

TABLES = {
    "movies": ("title",),
    "people": ("id", "name"),
    "clicks": ("user", "item"),
    "triples": ("head", "relation", "tail"),
}
"""The tables and the columns that they must have; all but the first may be missing."""
SUFFIXES = (".csv", ".jsonl", ".csv.gz", ".jsonl.gz")
MEDIA = "media"
IMAGE = "image"
"""The column of people that holds the path of a picture."""
MOVIE = "Movie"

T = TypeVar("T")
Triple = tuple[Relation, list[Node]]


class Catalogue:
    """A catalogue folder as a source.

    Raises:
        InputError: the folder is not there, has no table of films, or a table lacks a column.
    """

    def __init__(self, folder: Path, *, min_rating: float = 4) -> None:
        self.folder = folder
        self.ratings = Ratings(min_rating)
        self.tables = {
            name: path for name in TABLES if (path := find(folder, [name + suffix for suffix in SUFFIXES]))
        }
        if "movies" not in self.tables:
            raise unrecognised(folder, "catalogue", ("movies.csv", "movies.jsonl"))
        for name, path in self.tables.items():
            if suffix_of(path) == ".csv" and name != "movies":
                check_columns(path, header(path), TABLES[name])
        people = frozenset(person.id for person, _ in accepted(self._rows("people", _person)))
        self.films = Films(self.tables["movies"], people=people, media_root=folder)
        self.media_folder = MediaFolder(folder / MEDIA) if (folder / MEDIA).is_dir() else None

    def files(self) -> Iterable[Path]:
        """Yield the tables, the media that their rows name, and the media folder's."""
        yield from self.tables.values()
        yield from self._named_files()
        if self.media_folder:
            yield from self.media_folder.files()

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield films and what they name, people, users, and the entities of the triples."""
        for person in self._rows("people", _person):
            yield person if isinstance(person, Reject) else person[0]
        yield from self.films.nodes()
        yield from user_nodes(self._rows("clicks", _rating))
        yield from each_once(node for _, nodes in accepted(self._triples()) for node in nodes)

    def media(self) -> Iterator[Media | Reject]:
        """Yield the media that the films' and people's rows name, and those of the media folder."""
        yield from self.films.media()
        yield from self._pictures()
        if self.media_folder:
            yield from self._other_media(self.media_folder)

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the films' facts, the triples and the clicks."""
        yield from self.films.relations()
        for triple in self._triples():
            yield triple if isinstance(triple, Reject) else triple[0]
        yield from self.ratings.relations(lambda: self._rows("clicks", _rating))

    def warnings(self) -> Iterator[str]:
        """Yield nothing."""
        yield from ()

    def _rows(self, table: str, parse: Callable[[Row], T]) -> Iterator[T | Reject]:
        return parsed(read_any(self.tables[table]), parse) if table in self.tables else iter(())

    def _named_files(self) -> Iterator[Path]:
        """Yield the table of films, and the media that rows name."""
        yield from self.films.files()
        yield from (picture.path for picture in accepted(self._pictures()))

    def _other_media(self, folder: MediaFolder) -> Iterator[Media | Reject]:
        """Yield what the files' names tell; of a file that a row names, only where that is a film too."""
        named = {path.resolve() for path in self._named_files()}
        films = {film.id for film in accepted(self.films.films())}
        for path in folder.files():
            if path.stem in films or path.resolve() not in named:
                yield folder.medium(path)

    def _pictures(self) -> Iterator[MediaFile | Reject]:
        for person, image in accepted(self._rows("people", _person)):
            if image:
                of = Ref("Entity", person.id)
                yield media_file(self.folder, image, "Still", of, person.origin, field=IMAGE)

    def _triples(self) -> Iterator[Triple | Reject]:
        films = {film.id for film in accepted(self.films.films())} if "triples" in self.tables else set()

        def end(row: Row, field: str, meant: str | None) -> tuple[Ref, Node | None]:
            entity_id = row.required(field)
            label = row.text(f"{field}_type") or meant
            if label == MOVIE or (label is None and entity_id in films):
                return Ref("Item", entity_id), None
            if label is not None and not LABEL.fullmatch(label):
                raise FieldError(f"{field}_type", "no type: a capital, then letters and digits", label)
            return Ref("Entity", entity_id), Node("Entity", entity_id, label, origin=row.origin)

        def triple(row: Row) -> Triple:
            meaning = fact(row.required("relation"))
            ends = [end(row, "head", None), end(row, "tail", None)]
            if meaning.from_tail:
                ends.reverse()
            (start, start_node), (finish, end_node) = ends
            nodes = [node for node in (start_node, end_node) if node is not None]
            return Relation(meaning.type, start, finish, {}, row.origin), nodes

        return self._rows("triples", triple)


def recognises(folder: Path) -> bool:
    """Tell whether there is a table of films as ours; MovieLens calls its ids movieId."""
    path = find(folder, [f"movies{suffix}" for suffix in SUFFIXES])
    if path is None:
        return False
    if suffix_of(path) == ".csv":
        names: Iterable[str] = header(path)
    else:
        first = next(read_any(path), None)
        names = first.values if isinstance(first, Row) else ()
    return "title" in names and any(name in names for name in IDS if name != "movieId")


def _person(row: Row) -> tuple[Node, str]:
    """Return a person, and the path of the picture; empty where there is none."""
    properties: dict[str, Value] = {"name": row.required("name")}
    for column in row.values:
        if column not in {"id", "name", IMAGE} and (value := row.value(column)) is not None:
            properties[property_name(column)] = value
    return Node("Entity", row.required("id"), "Person", properties, row.origin), row.text(IMAGE)


def _rating(row: Row) -> Rating:
    split = row.text("split") or None
    if split not in (None, *PARTS):
        raise FieldError("split", f"none of {', '.join(PARTS)}", split)
    return Rating(
        row.required("user"),
        row.required("item"),
        row.number("rating"),
        row.timestamp("at"),
        split,
        row.origin,
    )
