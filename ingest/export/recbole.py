"""An export as RecBole's atomic files: films, users, clicks with their split, and facts as bare ids.

What these files cannot hold is left out: media, the names of entities, who states what. The names of
relations are those from which `mmkg ingest recbole` knows what their ends are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from ingest.export.formats import Part
from ingest.export.jsonl import Things
from ingest.facts import FREEBASE, RESERVED, Fact
from ingest.films import named
from ingest.ratings import PARTS
from ingest.recbole import GENRES, INTEGERS, NO_GENRE, TITLES, YEARS
from kg.dump import NodeRecord, RelationRecord
from kg.model import NOWHERE, PROVENANCE, Value

Labels = tuple[str, ...]

ITEM = ["item_id:token", "movie_title:token_seq", "release_year:token", "class:token_seq"]
USER = ["user_id:token"]
INTER = ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]
KG = ["head_id:token", "relation_id:token", "tail_id:token"]
LINK = ["item_id:token", "entity_id:token"]

OWN = frozenset({"id", *PROVENANCE})
ITEM_OWN = frozenset({*OWN, "item_id", "freebase_id", *TITLES, *YEARS, *GENRES})
"""Properties of films that have a column of their own, or whose name means something else to a reader."""
USER_OWN = frozenset({*OWN, "user_id"})
CLICKS = ("CLICKED", "RATED")
YEARS_READ = range(1800, 2201)
"""Years that a reader takes."""
SPACES = dict.fromkeys(map(ord, "\0\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
"""What would end a cell or a line, for some reader or other."""

NAMES: dict[str, list[tuple[str, Fact]]] = {}
"""By relation type, Freebase's names for it that lead the same way."""
for _name, _fact in FREEBASE.items():
    if not _fact.from_tail:
        NAMES.setdefault(_fact.type, []).append((_name, _fact))


def write(things: Things, folder: Path, name: str) -> Part:
    """Write NAME.item, .user, .inter, .kg and .link into a folder, and the split if there is one."""
    with TemporaryDirectory(dir=folder) as passage:
        return _Export(folder, name, Path(passage)).write(things)


class _Export:
    """Films and users wait in files of JSON until all their columns are known, facts until all films are."""

    def __init__(self, folder: Path, name: str, passage: Path) -> None:
        self.folder = folder
        self.name = name
        self.passage = passage
        self.counts: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.columns: dict[str, dict[str, str]] = {"item": {}, "user": {}}
        """Of films and users, the type of each column that not every data set has."""
        self.entities: dict[str, str] = {}
        """By film, the id under which facts know it."""
        self.has_split = False

    def write(self, things: Things) -> Part:
        splits = [f"{part}.inter" for part in PARTS]
        with ExitStack() as stack:
            waiting = {
                name: stack.enter_context((self.passage / name).open("w", encoding="utf-8"))
                for name in ("item", "user", "kg")
            }
            inter = {name: stack.enter_context(self._table(name, INTER)) for name in ("inter", *splits)}
            for node, leaving in things:
                self._node(node, leaving, waiting)
                for relation in leaving:
                    self._relation(node, relation, waiting["kg"], inter)
        if not self.has_split:
            for name in splits:
                self._path(name).unlink()
                del self.counts[name]
        self._write_waiting("item", ITEM)
        self._write_waiting("user", USER)
        self._write_facts()
        missing = ", ".join(f"{number} {name}" for name, number in sorted(self.left_out.items()))
        return Part(self.counts, [f"RecBole's files have no place for {missing}"] if missing else [])

    def _node(
        self, node: NodeRecord, leaving: Iterable[RelationRecord], waiting: Mapping[str, TextIO]
    ) -> None:
        if node.kind == "Entity":
            return  # it is in the files as far as there are facts about it
        if _is_film(node.kind, node.labels) and _fits(node.id):
            row = {"item_id": node.id, **_film(node, leaving), **self._others("item", node, ITEM_OWN)}
            waiting["item"].write(json.dumps(row) + "\n")
            entity = node.properties.get("freebase_id")
            if isinstance(entity, str) and _fits(entity):
                self.entities[node.id] = entity
        elif node.kind == "User" and _fits(node.id):
            row = {"user_id": node.id, **self._others("user", node, USER_OWN)}
            waiting["user"].write(json.dumps(row) + "\n")
        else:
            self.left_out[node.labels[0] if node.labels else node.kind] += 1

    def _others(self, table: str, node: NodeRecord, own: frozenset[str]) -> dict[str, str]:
        """Return the properties without a column of their own, and note what columns they need."""
        row = {}
        for name, value in node.properties.items():
            if name in own:
                continue
            if isinstance(value, (list, tuple)) or (name in INTEGERS and not isinstance(value, int)):
                self.left_out[f"values of {name}"] += 1
                continue
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            type_name = "float" if is_number and name not in INTEGERS else "token"
            if self.columns[table].setdefault(name, type_name) != type_name:
                self.columns[table][name] = "token"
            row[name] = _text(value)
        return row

    def _relation(
        self, node: NodeRecord, relation: RelationRecord, facts: TextIO, inter: Mapping[str, TextIO]
    ) -> None:
        if not (_fits(relation.start.id) and _fits(relation.end.id)):
            self.left_out[relation.type] += 1
        elif relation.type in CLICKS and _is_film(relation.end.kind, relation.end_labels):
            split = relation.properties.get("split")
            self.has_split |= split in PARTS
            if split not in PARTS and relation.type == "CLICKED":
                split = PARTS[0]
            values = (relation.properties.get(name) for name in ("rating", "at"))
            cells = ["" if value is None else _text(value) for value in values]
            for name in ("inter", f"{split}.inter"):
                if name in inter:
                    self._add(inter[name], name, [relation.start.id, relation.end.id, *cells])
        elif relation.type in RESERVED or not (
            _is_known(node.kind, node.labels) and _is_known(relation.end.kind, relation.end_labels)
        ):
            self.left_out[relation.type] += 1
        elif not _genre(relation):
            name = _freebase_name(relation, node.labels)
            facts.write(json.dumps([relation.start, name, relation.end]) + "\n")

    def _write_waiting(self, suffix: str, columns: Iterable[str]) -> None:
        headings = [*columns, *(f"{name}:{type}" for name, type in sorted(self.columns[suffix].items()))]
        names = [heading.partition(":")[0] for heading in headings]
        with self._table(suffix, headings) as file:
            for row in self._waiting(suffix):
                self._add(file, suffix, [row.get(name, "") for name in names])

    def _write_facts(self) -> None:
        with self._table("kg", KG) as file:
            for start, name, end in self._waiting("kg"):
                self._add(file, "kg", [self._entity(*start), name, self._entity(*end)])
        with self._table("link", LINK) as file:
            for item, entity in sorted(self.entities.items()):
                self._add(file, "link", [item, entity])

    def _entity(self, kind: str, node_id: str) -> str:
        return self.entities.setdefault(node_id, f"item:{node_id}") if kind == "Item" else node_id

    def _path(self, suffix: str) -> Path:
        return self.folder / f"{self.name}.{suffix}"

    @contextmanager
    def _table(self, suffix: str, headings: Iterable[str]) -> Iterator[TextIO]:
        with self._path(suffix).open("w", encoding="utf-8", newline="\n") as file:
            file.write("\t".join(headings) + "\n")
            self.counts[suffix] = 0
            yield file

    def _add(self, file: TextIO, suffix: str, cells: Iterable[str]) -> None:
        file.write("\t".join(cells) + "\n")
        self.counts[suffix] += 1

    def _waiting(self, name: str) -> Iterator[Any]:
        with (self.passage / name).open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def _film(node: NodeRecord, leaving: Iterable[RelationRecord]) -> dict[str, str]:
    """Return the columns that every film has, as far as it has them."""
    genres = (genre for relation in leaving if (genre := _genre(relation)))
    row = {"movie_title": _text(node.properties.get("title", "")), "class": " ".join(genres)}
    year = node.properties.get("year")
    return {**row, "release_year": str(year)} if isinstance(year, int) and year in YEARS_READ else row


def _genre(relation: RelationRecord) -> str:
    """Return the genre that the column `class` can tell, as one word; else nothing."""
    word = relation.end.id.partition(":")[2]
    can = (
        relation.type == "HAS_GENRE"
        and _is_film(relation.start.kind, ("Movie",))
        and relation.end_labels == ("Genre",)
        and word
        and " " not in word
        and _fits(word)
        and word != NO_GENRE
        and named("Genre", word, NOWHERE).id == relation.end.id
    )
    return word if can else ""


def _freebase_name(relation: RelationRecord, start_labels: Labels) -> str:
    """Name a relation so that a reader knows what its ends are, where there is such a name."""
    for name, meaning in NAMES.get(relation.type, ()):
        fits = (
            labels == (label,) or (label == "Film" and end.kind == "Item")
            for end, labels, label in (
                (relation.start, start_labels, meaning.start),
                (relation.end, relation.end_labels, meaning.end),
            )
        )
        if all(fits):
            return name
    return relation.type


def _is_film(kind: str, labels: Iterable[str]) -> bool:
    return kind == "Item" and "Movie" in labels


def _is_known(kind: str, labels: Iterable[str]) -> bool:
    """Tell whether facts may be about the node."""
    return kind == "Entity" or _is_film(kind, labels)


def _fits(text: str) -> bool:
    """Tell whether an id stays what it is in a cell."""
    return text == _text(text).strip()


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).translate(SPACES)
