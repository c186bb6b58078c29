"""Tables that say which film of the catalogue is which of IMDb and TMDB, as MovieLens' links.csv does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from ingest.rows import FieldError, Row, header, parsed, read_table
from kg.model import Reject
from mmkg.errors import InputError

Site = Literal["imdb", "tmdb"]
ITEM = ("item_id", "movieId", "id", "movie_id")
COLUMNS: Mapping[Site, tuple[str, ...]] = {"imdb": ("imdb_id", "imdbId"), "tmdb": ("tmdb_id", "tmdbId")}
DIGITS = re.compile(r"(?:tt)?(\d{1,12})(?:\.0)?")


class Links:
    """Which item each film of IMDb or TMDB is; all ids are held in memory, a hundred bytes a film.

    Args:
        path: CSV with a column for the item (`item_id`, `movieId` or `id`) and for one site or both
            (`imdb_id`, `imdbId`, `tmdb_id`, `tmdbId`), numbers with or without `tt` and leading zeros.

    Raises:
        InputError: the file cannot be read, or lacks the columns.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        names = header(path)
        self._item = _one_of(ITEM, names)
        self._columns = {site: column for site, known in COLUMNS.items() if (column := _one_of(known, names))}
        if not (self._item and self._columns):
            raise InputError(
                "the table does not say which item is which film",
                where=f"{path}, line 1",
                remedy=f"It needs a column {' or '.join(ITEM)}, and imdb_id or tmdb_id; "
                f"the columns found are: {', '.join(names) or 'none'}",
            )
        self.rejects: list[Reject] = []
        """The rows that cannot be used."""
        self._items: dict[tuple[Site, int], str] = {}
        for row in parsed(read_table(path), self._row):
            if isinstance(row, Reject):
                self.rejects.append(row)
            else:
                self._items.update(row)

    def item(self, site: Site, film: str) -> str | None:
        """Return the id of the item that a film is, None where the table has not got it."""
        found = DIGITS.fullmatch(film)
        return self._items.get((site, int(found[1]))) if found else None

    def _row(self, row: Row) -> dict[tuple[Site, int], str]:
        item = row.required(self._item)
        found = {}
        for site, column in self._columns.items():
            text = row.text(column)
            if not text:
                continue
            digits = DIGITS.fullmatch(text)
            if digits is None:
                raise FieldError(column, f"no id of {site.upper()}", text)
            found[site, int(digits[1])] = item
        return found


def _one_of(known: Sequence[str], names: Sequence[str]) -> str:
    return next((name for name in known if name in names), "")
