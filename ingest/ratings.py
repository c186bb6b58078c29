"""Ratings of items by users: one relation a pair, the last by time, a click from a threshold on.

The pairs are sorted and made unique in a temporary SQLite file, so the memory stays flat however many there
are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ingest.source import FORGET_AFTER, accepted
from kg.model import Node, Origin, Ref, Reject, Relation, Value

CREATE = """
CREATE TABLE ratings (user TEXT, item TEXT, rating REAL, at INTEGER, split TEXT, file TEXT, line INTEGER,
                      PRIMARY KEY (user, item)) WITHOUT ROWID
"""
ADD = """
INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user, item) DO UPDATE
SET rating = excluded.rating, at = excluded.at, split = excluded.split,
    file = excluded.file, line = excluded.line
WHERE coalesce(excluded.at, 0) >= coalesce(at, 0)
"""
SET_SPLIT = """
INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user, item) DO UPDATE
SET split = excluded.split WHERE split IS NULL OR split = excluded.split
"""
READ = "SELECT user, item, rating, at, split, file, line FROM ratings ORDER BY user, item"
PARTS = ("train", "valid", "test")
"""Of a split."""


class Rating(NamedTuple):
    """One row of a file of ratings; a rating without a number is a click."""

    user: str
    item: str
    rating: float | None
    at: int | None
    """Seconds since 1970."""
    split: str | None
    origin: Origin


def user_nodes(ratings: Iterable[Rating | Reject]) -> Iterator[Node]:
    """Yield the users of the ratings, each once as far as remembered; stating one again is harmless."""
    seen: set[str] = set()
    for rating in accepted(ratings):
        if rating.user not in seen:
            if len(seen) >= FORGET_AFTER:
                seen.clear()
            seen.add(rating.user)
            yield Node("User", rating.user, origin=rating.origin)


class Ratings:
    """All ratings of a source.

    Args:
        min_rating: a rating from here on is CLICKED, one below RATED.
    """

    def __init__(self, min_rating: float) -> None:
        self.min_rating = min_rating

    def relations(
        self,
        ratings: Callable[[], Iterable[Rating | Reject]],
        splits: Callable[[], Iterable[Rating | Reject]] = lambda: (),
    ) -> Iterator[Relation | Reject]:
        """Yield one relation for every pair of user and item, sorted, and the rejects.

        Args:
            ratings: makes the rows; of a pair that occurs more than once, the last by time wins, and of those
                at the same time, the last by place.
            splits: makes the rows that say which pairs belong to which part of the split.
        """
        database = sqlite3.connect("")  # a temporary file, gone with the connection
        try:
            database.execute(CREATE)
            for row in ratings():
                if isinstance(row, Reject):
                    yield row
                else:
                    database.execute(ADD, (*row[:5], *row.origin))
            for row in splits():
                if isinstance(row, Reject):
                    yield row
                elif not database.execute(SET_SPLIT, (*row[:5], *row.origin)).rowcount:
                    yield Reject(*row.origin, "split", "the pair is in another part already", str(row.split))
            for user, item, rating, at, split, file, line in database.execute(READ):
                stated: dict[str, Value | None] = {"rating": rating, "at": at, "split": split}
                yield Relation(
                    "CLICKED" if rating is None or rating >= self.min_rating else "RATED",
                    Ref("User", user),
                    Ref("Item", item),
                    {name: value for name, value in stated.items() if value is not None},
                    Origin(file, line),
                )
        finally:
            database.close()
