"""Plain triples of head, relation and tail, as KGAT, RippleNet and MKR publish them, or in a single file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ingest.facts import fact
from ingest.layouts import LOOKED_FOR, TRIPLE, item_pairs, layout_of, read_fields
from ingest.lines import lines, suffix_of
from ingest.ratings import Ratings, user_nodes
from ingest.rows import Row, parsed
from ingest.source import Media, accepted, each_once, unrecognised
from kg.model import Node, Origin, Ref, Reject, Relation

FREEBASE = "http://rdf.freebase.com/ns/"
NAME_IN_ADDRESS = re.compile(r"[/#]")


class Triple(NamedTuple):
    """The relation of a line, and its ends as far as they are no films."""

    entities: list[Node]
    relation: Relation


class TripleFiles:
    """A folder of triples with its items and clicks, or a file of triples, as a source.

    The items of a folder are films of which nothing but the id is known; an entity that is an item is that
    film. What the folder says of items, entities and relations is held in memory, the triples are not.

    Args:
        place: the folder or the file.
        items: a table of two columns, item and entity, that says which entities are which films.
        prefix: goes before an entity's id that is a mere number, so that two numberings stay apart.
        min_rating: a rating from here on is a click.

    Raises:
        InputError: the folder or the file holds no triples.
    """

    def __init__(
        self, place: Path, *, items: Path | None = None, prefix: str = "entity", min_rating: float = 4
    ) -> None:
        layout = layout_of(place)
        if layout is None:
            raise unrecognised(place if place.is_dir() else place.parent, "file of triples", LOOKED_FOR)
        self.layout = layout
        self.table = items
        self.prefix = prefix
        self.ratings = Ratings(min_rating)
        self._films: dict[str, str] | None = None

    def files(self) -> Iterable[Path]:
        """Yield the files of the folder, and the table of items."""
        yield from self.layout.files
        if self.table:
            yield self.table

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield films, users, and the entities of the triples."""
        for pair in self._pairs():
            if isinstance(pair, Reject):
                yield pair
        for item in dict.fromkeys(self.films.values()):
            yield self._film(item)
        yield from user_nodes(self.layout.ratings())
        known = set(self.films.values())
        for rating in accepted(self.layout.ratings()):
            if rating.item not in known:
                known.add(rating.item)
                yield self._film(rating.item, rating.origin)
        yield from each_once(entity for triple in accepted(self._triples()) for entity in triple.entities)

    def media(self) -> Iterator[Media | Reject]:
        """Yield nothing: triples name no media."""
        yield from ()

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the facts and the clicks."""
        for triple in self._triples():
            yield triple if isinstance(triple, Reject) else triple.relation
        yield from self.ratings.relations(self.layout.ratings)

    def warnings(self) -> Iterator[str]:
        """Say so where no entity is a film."""
        if not self.films:
            yield "no entity is a film: --items names a table of items and entities"

    @property
    def films(self) -> dict[str, str]:
        """By entity of the triples, the item that it is: found out once."""
        if self._films is None:
            self._films = dict(accepted(self._pairs()))
        return self._films

    def _pairs(self) -> Iterator[tuple[str, str] | Reject]:
        yield from self.layout.items()
        if self.table:
            yield from item_pairs(self.table)

    def _film(self, item: str, origin: Origin | None = None) -> Node:
        return Node("Item", item, "Movie", origin=origin or Origin(self.layout.files[-1].name))

    def _triples(self) -> Iterator[Triple | Reject]:
        for path in self.layout.triples:
            yield from parsed(read_fields(path, *TRIPLE), self._triple)

    def _triple(self, row: Row) -> Triple:
        head, relation, tail = map(row.required, TRIPLE)
        relation = self.layout.relations.get(relation, relation)
        meaning = fact(_spoken(relation))
        if meaning.from_tail:
            head, tail = tail, head
        if meaning.start == "Person" and head in self.films and tail not in self.films:
            head, tail = tail, head  # as in RecBole's files, some rows have their ends the wrong way round
        start, end = self._end(head), self._end(tail)
        entities = [
            Node("Entity", ref.id, label, origin=row.origin)
            for ref, label in ((start, meaning.start), (end, meaning.end))
            if ref.kind == "Entity"
        ]
        return Triple(entities, Relation(meaning.type, start, end, {}, row.origin))

    def _end(self, entity: str) -> Ref:
        if entity in self.films:
            return Ref("Item", self.films[entity])
        former = self.layout.entities.get(entity, entity).removeprefix(FREEBASE)
        return Ref("Entity", f"{self.prefix}:{former}" if former.isdecimal() else former)


def recognises(place: Path) -> bool:
    """Tell whether a folder is laid out in one of the known ways, or a file holds triples apart by tabs."""
    if place.is_dir():
        return layout_of(place) is not None
    if suffix_of(place) not in (".txt", ".tsv") or layout_of(place) is None:
        return False
    first = next(lines(place))
    return not isinstance(first, Reject) and "\t" in first[1]


def _spoken(relation: str) -> str:
    """Return a relation without the address before its name; a mere number says that it is one."""
    if relation.isdecimal():
        return f"relation {relation}"
    return NAME_IN_ADDRESS.split(relation)[-1] if "://" in relation else relation
