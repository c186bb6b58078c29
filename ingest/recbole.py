"""RecBole's atomic files: NAME.inter, .item, .user, .kg and .link, tab-separated with typed headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ingest.facts import fact
from ingest.films import named
from ingest.ratings import PARTS, Rating, Ratings, user_nodes
from ingest.rows import Row, check_columns, header, parsed, property_name, read_table
from ingest.source import Media, accepted, each_once, unrecognised
from kg.model import Kind, Node, Ref, Reject, Relation, Value
from mmkg.errors import InputError

TITLES = ("movie_title", "title", "name")
YEARS = ("release_year", "year")
GENRES = ("class", "genre", "genres")
NO_GENRE = "unknown"
INTEGERS = frozenset({"age"})
"""Columns that are numbers although RecBole calls them tokens."""

read_rows = partial(read_table, delimiter="\t")
Triple = tuple[Node | None, Node | None, Relation]


class RecBole:
    """A folder of atomic files as a source.

    A film of .item is a `Movie`; where .link ties it to an entity, the facts of .kg about that entity are the
    film's, and the entity's id is its `freebase_id`. All other entities become `Entity` nodes.

    Args:
        folder: holds NAME.inter and NAME.item; NAME.user, NAME.kg and NAME.link as far as they are there.
        split: holds NAME.train.inter, NAME.valid.inter and NAME.test.inter, which set the property `split`.
        min_rating: a rating from here on is a click.

    Raises:
        InputError: the folder is not there, or a file or a column is missing.
    """

    def __init__(self, folder: Path, *, split: Path | None = None, min_rating: float = 4) -> None:
        self.folder = folder
        self.ratings = Ratings(min_rating)
        inters = sorted(path for path in folder.glob("*.inter") if path.stem.partition(".")[2] not in PARTS)
        if not inters:
            raise unrecognised(folder, "RecBole data set", ["NAME.inter"])
        if len(inters) > 1:
            raise InputError(
                f"the folder holds several data sets: {', '.join(path.stem for path in inters)}",
                where=str(folder),
                remedy="Give each a folder of its own",
            )
        self.name = inters[0].stem
        self.inter = inters[0]
        self.item = self._file("item", "item_id")
        self.user = self._file("user", "user_id")
        self.kg = self._file("kg", "head_id", "relation_id", "tail_id")
        self.link = self._file("link", "item_id", "entity_id")
        if self.item is None:
            raise unrecognised(folder, f"table of the items of {self.name}", [f"{self.name}.item"])
        self.splits = self._splits(split) if split else {}
        for path in (self.inter, *self.splits.values()):
            self._columns(path, "user_id", "item_id")
        self.unknown_links = 0
        self.films = dict(self._linked_films())

    def files(self) -> Iterable[Path]:
        """Yield the files of the data set, and of the split."""
        found = (self.inter, self.item, self.user, self.kg, self.link, *self.splits.values())
        return [path for path in found if path is not None]

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield films, genres, users and the entities of the facts."""
        if self.item:
            freebase_ids = {item: entity for entity, item in self.films.items()}
            for film in parsed(read_rows(self.item), self._film):
                if isinstance(film, Reject):
                    yield film
                    continue
                node, genres = film
                linked = {"freebase_id": freebase_ids[node.id]} if node.id in freebase_ids else {}
                yield replace(node, properties={**node.properties, **linked})
                yield from genres
        if self.user:
            yield from parsed(read_rows(self.user), _user)
        yield from user_nodes(self._rows(self.inter))
        for path in self.splits.values():
            yield from user_nodes(self._rows(path))
        entities = (entity for triple in accepted(self._triples()) for entity in triple[:2])
        yield from each_once(entity for entity in entities if entity is not None)

    def media(self) -> Iterator[Media | Reject]:
        """Yield nothing: atomic files hold no media."""
        yield from ()

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the films' genres, the facts, and the clicks."""
        if self.item:
            for node, genres in accepted(parsed(read_rows(self.item), self._film)):
                for genre in genres:
                    yield Relation(
                        "HAS_GENRE", Ref("Item", node.id), Ref("Entity", genre.id), {}, node.origin
                    )
        if self.link:
            yield from (row for row in parsed(read_rows(self.link), _link) if isinstance(row, Reject))
        for triple in self._triples():
            yield triple if isinstance(triple, Reject) else triple[2]
        yield from self.ratings.relations(lambda: self._rows(self.inter), self._split_rows)

    def warnings(self) -> Iterator[str]:
        """Tell of links to items that the catalogue does not have; RecBole's larger data sets have many."""
        if self.unknown_links:
            yield f"{self.unknown_links} links are to items that {self.name}.item does not have"

    def _file(self, suffix: str, *columns: str) -> Path | None:
        path = self.folder / f"{self.name}.{suffix}"
        if not path.is_file():
            return None
        self._columns(path, *columns)
        return path

    def _columns(self, path: Path, *required: str) -> None:
        names = [name.partition(":")[0] for name in header(path, delimiter="\t")]
        check_columns(path, names, required)

    def _splits(self, folder: Path) -> dict[str, Path]:
        found = {part: folder / f"{self.name}.{part}.inter" for part in PARTS}
        if missing := [path.name for path in found.values() if not path.is_file()]:
            raise unrecognised(folder, f"split of {self.name}", missing)
        return found

    def _linked_films(self) -> Iterator[tuple[str, str]]:
        """Yield the entity and the id of each film that has a link and a row of its own."""
        if self.link and self.item:
            films = {node.id for node, _ in accepted(parsed(read_rows(self.item), self._film))}
            for entity, item in accepted(parsed(read_rows(self.link), _link)):
                if item in films:
                    yield entity, item
                else:
                    self.unknown_links += 1

    def _film(self, row: Row) -> tuple[Node, list[Node]]:
        properties: dict[str, Value] = {}
        genres: list[Node] = []
        for name in row.values:
            if name in TITLES:
                properties["title"] = row.required(name)
            elif name in YEARS:
                if (year := row.year(name)) is not None:
                    properties["year"] = year
            elif name in GENRES:
                genres = [named("Genre", g, row.origin) for g in row.list(name, " ") if g != NO_GENRE]
            elif name != "item_id" and (text := row.text(name)):
                properties[property_name(name)] = text
        return Node("Item", row.required("item_id"), "Movie", properties, row.origin), genres

    def _triples(self) -> Iterator[Triple | Reject]:
        return parsed(read_rows(self.kg), self._triple) if self.kg else iter(())

    def _triple(self, row: Row) -> Triple:
        """Make the relation of a triple, and the nodes of those ends that are no films of the catalogue."""
        meaning = fact(row.required("relation_id"))
        start, end = row.required("head_id"), row.required("tail_id")
        if meaning.from_tail:
            start, end = end, start
        if meaning.start == "Person" and start in self.films and end not in self.films:
            # Some rows have their ends the wrong way round: what is linked to an item is a film, no person.
            start, end = end, start
        start_ref, end_ref = self._ref(start), self._ref(end)
        return (
            None if start_ref.kind == "Item" else Node("Entity", start, meaning.start, origin=row.origin),
            None if end_ref.kind == "Item" else Node("Entity", end, meaning.end, origin=row.origin),
            Relation(meaning.type, start_ref, end_ref, {}, row.origin),
        )

    def _ref(self, entity: str) -> Ref:
        kind: Kind = "Item" if entity in self.films else "Entity"
        return Ref(kind, self.films.get(entity, entity))

    def _split_rows(self) -> Iterator[Rating | Reject]:
        for part, path in self.splits.items():
            yield from self._rows(path, part)

    def _rows(self, path: Path, split: str | None = None) -> Iterator[Rating | Reject]:
        return parsed(read_rows(path), _rating(split))


def recognises(folder: Path) -> bool:
    """Tell whether there is a data set's NAME.inter with its NAME.item."""
    return any(path.with_suffix(".item").is_file() for path in folder.glob("*.inter"))


def _rating(split: str | None) -> Callable[[Row], Rating]:
    return lambda row: Rating(
        row.required("user_id"),
        row.required("item_id"),
        row.number("rating"),
        row.timestamp("timestamp"),
        split,
        row.origin,
    )


def _user(row: Row) -> Node:
    properties: dict[str, Value] = {}
    for name in row.values:
        value = row.integer(name) if name in INTEGERS else row.text(name)
        if name != "user_id" and value not in ("", None):
            properties[property_name(name)] = value
    return Node("User", row.required("user_id"), None, properties, row.origin)


def _link(row: Row) -> tuple[str, str]:
    return row.required("entity_id"), row.required("item_id")
