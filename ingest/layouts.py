"""How folders of triples are laid out by those who publish them for KGAT, RippleNet, MKR and their heirs.

KGAT numbers everything anew and says in lists what each number was. RippleNet and MKR publish triples and a
table of items, and turn them into `kg_final.txt` and `ratings_final.txt`, in which items are numbered alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from ingest.lines import lines, shown
from ingest.ratings import Rating
from ingest.rows import FieldError, Row, parsed, read_split, read_table
from ingest.source import accepted, find
from kg.model import Origin, Reject

ITEMS = ("item_index2entity_id.txt", "item_index2entity_id_rehashed.txt")
TRIPLES = (
    *(("kg.txt",), ("kg_rehashed.txt",)),
    *(("kg_part1.txt", "kg_part2.txt"), ("kg_part1_rehashed.txt", "kg_part2_rehashed.txt")),
)
"""The names that RippleNet's triples go by, in one part or two."""
FINAL, KGAT_CLICKS, FINAL_CLICKS = "kg_final.txt", "train.txt", "ratings_final.txt"
LOOKED_FOR = (f"{FINAL} with {KGAT_CLICKS} or {FINAL_CLICKS}", f"kg.txt with {ITEMS[0]}")
LISTS = ("item_list.txt", "entity_list.txt", "relation_list.txt", "user_list.txt")
HEADER = ("org_id", "remap_id")
TRIPLE = ("head", "relation", "tail")
MOVIELENS = ("user", "item", "rating", "at")

Rows = Iterator[Row | Reject]


@dataclass
class Layout:
    """The files of a folder and what they say of each other."""

    triples: list[Path]
    others: list[Path] = field(default_factory=list)
    """What else is read."""
    items: Callable[[], Iterator[tuple[str, str] | Reject]] = lambda: iter(())
    """Yields an entity of the triples and the item that it is."""
    ratings: Callable[[], Iterator[Rating | Reject]] = lambda: iter(())
    entities: Mapping[str, str] = field(default_factory=dict)
    """What an entity was called before it was numbered."""
    relations: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """All files that are read."""
        return [*self.triples, *self.others]


def layout_of(place: Path) -> Layout | None:
    """Find out how a folder is laid out, or take a file for triples; None where it is neither."""
    if place.is_file():
        first = next(read_fields(place, *TRIPLE, rest="more"), None)
        return Layout([place]) if isinstance(first, Row) and not first.values["more"] else None
    for names in TRIPLES:
        # Two numberings of the entities are about, and a folder may hold the items in both.
        items = find(place, ITEMS if "rehashed" not in names[0] else ITEMS[::-1])
        if items and all((place / name).is_file() for name in names):
            return _ripplenet([place / name for name in names], items)
    if not (place / FINAL).is_file():
        return None
    if (place / KGAT_CLICKS).is_file():
        return _kgat(place)
    return _final(place) if (place / FINAL_CLICKS).is_file() else None


def read_fields(path: Path, *names: str, rest: str = "") -> Rows:
    """Read lines as rows: tabs separate the fields where there are any, and white space where there are none.

    Args:
        path: the file.
        names: what to call the first fields; a line with fewer is rejected.
        rest: what to call the list of all further fields; empty where they do not matter.
    """
    for line in lines(path):
        if isinstance(line, Reject):
            yield line
            continue
        origin, text = line
        fields = text.strip().split("\t") if "\t" in text.strip() else text.split()
        if not fields:
            continue
        if len(fields) < len(names):
            reason = f"{len(fields)} fields instead of {len(names)}"
            yield Reject(*origin, "", reason, shown(text.strip()))
            continue
        values: dict[str, Any] = dict(zip(names, fields, strict=False))
        yield Row(origin, {**values, rest: fields[len(names) :]} if rest else values)


def item_pairs(path: Path) -> Iterator[tuple[str, str] | Reject]:
    """Read a table of items and the entities that they are: yield the entity and its item."""
    return parsed(
        read_fields(path, "item", "entity"), lambda row: (row.required("entity"), row.required("item"))
    )


def _ripplenet(triples: list[Path], items: Path) -> Layout:
    clicks = find(items.parent, ("ratings.dat", "ratings.csv"))

    def ratings() -> Iterator[Rating | Reject]:
        if clicks:
            raw = clicks.suffix == ".dat"
            yield from parsed(read_split(clicks, "::", MOVIELENS) if raw else read_table(clicks), _rating)

    others = [items, clicks] if clicks else [items]
    return Layout(triples, others, partial(item_pairs, items), ratings)


def _final(folder: Path) -> Layout:
    clicks = folder / FINAL_CLICKS
    return Layout(
        [folder / FINAL],
        [clicks],
        lambda: ((each.item, each.item) for each in accepted(_positive(clicks))),
        partial(_positive, clicks),
    )


def _kgat(folder: Path) -> Layout:
    lists = {name: path for name in LISTS if (path := folder / name).is_file()}
    clicks = {part: path for part in ("train", "test") if (path := folder / f"{part}.txt").is_file()}
    rejects: list[Reject] = []
    items, entities, relations, users = (_former(lists.get(name), rejects) for name in LISTS)

    def ratings() -> Iterator[Rating | Reject]:
        for each in chain.from_iterable(_adjacent(path, part) for part, path in clicks.items()):
            if isinstance(each, Reject):
                yield each
            else:
                yield each._replace(
                    user=users.get(each.user, each.user), item=items.get(each.item, each.item)
                )

    def pairs() -> Iterator[tuple[str, str] | Reject]:
        yield from rejects
        yield from items.items()
        if not items:
            for each in accepted(ratings()):
                yield each.item, each.item

    others = [*lists.values(), *clicks.values()]
    return Layout([folder / FINAL], others, pairs, ratings, entities, relations)


def _former(path: Path | None, rejects: list[Reject]) -> dict[str, str]:
    """Read a list of KGAT: what each number was."""
    former: dict[str, str] = {}
    if path is None:
        return former
    meant = _numbered_item if path.name == LISTS[0] else _numbered
    for pair in parsed(read_fields(path, "was", "number", rest="more"), meant):
        if isinstance(pair, Reject):
            rejects.append(pair)
        elif pair:
            former[pair[0]] = pair[1]
    return former


def _numbered(row: Row) -> tuple[str, str] | None:
    """Return the number at a line's end and what stands before it, spaces too; None of a header."""
    words: list[str] = [row.values["was"], row.values["number"], *row.values["more"]]
    number = words.pop()
    return _pair(Row(row.origin, {"was": " ".join(words), "number": number}))


def _numbered_item(row: Row) -> tuple[str, str] | None:
    """Return an item's number, after which an entity may be named; in Yelp's list they are not kept apart."""
    was, number = row.values["was"], row.values["number"]
    return _pair(
        Row(row.origin, {"was": was, "number": number if _plain(number) else number.removesuffix(was)})
    )


def _pair(row: Row) -> tuple[str, str] | None:
    was, number = row.required("was"), row.required("number")
    if (was, number) == HEADER:
        return None
    if not _plain(number):
        raise FieldError("number", "no whole number", number)
    return number, was


def _plain(number: str) -> bool:
    return number.isascii() and number.isdecimal()


def _adjacent(path: Path, part: str) -> Iterator[Rating | Reject]:
    """Read lines of a user and the items that he clicked."""
    for row in parsed(read_fields(path, "user", rest="items"), _clicks):
        if isinstance(row, Reject):
            yield row
        else:
            user, items, origin = row
            yield from (Rating(user, item, None, None, part, origin) for item in items)


def _clicks(row: Row) -> tuple[str, list[str], Origin]:
    return row.required("user"), row.list("items"), row.origin


def _positive(path: Path) -> Iterator[Rating | Reject]:
    """Read users, items and 1; 0 is left out, as those are pairs drawn at random and no clicks."""
    for rating in parsed(read_fields(path, "user", "item", "label"), _labelled):
        if rating:
            yield rating


def _labelled(row: Row) -> Rating | None:
    label = row.required("label")
    if label not in ("0", "1"):
        raise FieldError("label", "neither 0 nor 1", label)
    user, item = row.required("user"), row.required("item")
    return Rating(user, item, None, None, None, row.origin) if label == "1" else None


def _rating(row: Row) -> Rating:
    user, item, at = (("user", "item", "at"), ("userId", "movieId", "timestamp"))["userId" in row.values]
    return Rating(
        row.required(user), row.required(item), row.number("rating"), row.timestamp(at), None, row.origin
    )
