"""Rows of text files, one at a time: a bad row becomes a reject with its place, and the next row is read."""

from __future__ import annotations

import csv
import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ingest.lines import ESCAPED, NUL, SHOWN, lines, shown, suffix_of
from kg.model import Origin, Reject
from mmkg.errors import InputError

MAX_FIELD = 131_072
"""The limit of Python's csv module too, so that a quote that is never closed ends somewhere."""

UNUSABLE = re.compile(r"[\0\ud800-\udfff]")
"""JSON can spell a NUL or half a character as an escape, which no check of the bytes sees."""
NO_NAME = re.compile(r"[^A-Za-z0-9_]+")
LATEST = 1e11
"""The year 5138; larger numbers are mostly milliseconds."""

T = TypeVar("T")


class FieldError(Exception):
    """A field of a row cannot be used."""

    def __init__(self, field: str, reason: str, value: object = "") -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason
        self.value = str(value)


@dataclass(slots=True)
class Row:
    """One row, its fields by the name of their column."""

    origin: Origin
    values: Mapping[str, Any]

    def text(self, field: str) -> str:
        """Return the field without surrounding white space; empty where the row has none."""
        value = self.values.get(field)
        if value is None:
            return ""
        if isinstance(value, (list, dict)):
            raise FieldError(field, "a text is wanted here", value)
        return _clean(field, str(value).strip())

    def required(self, field: str) -> str:
        """Return the field, which must not be empty."""
        text = self.text(field)
        if not text:
            raise FieldError(field, "empty")
        return text

    def value(self, field: str) -> str | int | float | None:
        """Return the field as JSON typed it, or as a text; None where it is empty."""
        value = self.values.get(field)
        if isinstance(value, (int, float)):
            return value
        return self.text(field) or None

    def number(self, field: str) -> float | None:
        """Return the field as a finite number, None where it is empty."""
        text = self.text(field)
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            raise FieldError(field, "no number", text) from None
        if not math.isfinite(number):
            raise FieldError(field, "not a finite number", text)
        return number

    def integer(self, field: str) -> int | None:
        """Return the field as an integer, None where it is empty."""
        number = self.number(field)
        if number is None:
            return None
        if number != int(number):
            raise FieldError(field, "no integer", self.text(field))
        return int(number)

    def year(self, field: str) -> int | None:
        """Return the field as a year from 1800 to 2200, None where it has no digit: empty, `unknown`, `V`."""
        if not any(character.isdigit() for character in self.text(field)):
            return None
        year = self.integer(field)
        if year is not None and not 1800 <= year <= 2200:
            raise FieldError(field, "no year", year)
        return year

    def list(self, field: str, separator: str = "|") -> list[str]:
        """Return the field's parts without repetition: a JSON list, or a text with separators."""
        value = self.values.get(field) or ""
        if isinstance(value, str):
            value = value.split(separator)
        if not isinstance(value, list) or not all(isinstance(part, (str, int, float)) for part in value):
            raise FieldError(field, "a list of texts is wanted here", value)
        parts = (_clean(field, str(part).strip()) for part in value)
        return list(dict.fromkeys(part for part in parts if part))

    def timestamp(self, field: str) -> int | None:
        """Return the field as whole seconds since 1970, None where it is empty."""
        number = self.number(field)
        if number is not None and not 0 <= number < LATEST:
            raise FieldError(field, "no time in seconds since 1970", self.text(field))
        return None if number is None else int(number)


def parsed(rows: Iterable[Row | Reject], parse: Callable[[Row], T]) -> Iterator[T | Reject]:
    """Parse each row; one that raises FieldError becomes a reject, whole."""
    for row in rows:
        if isinstance(row, Reject):
            yield row
            continue
        try:
            thing = parse(row)
        except FieldError as error:
            yield Reject(*row.origin, error.field, error.reason, error.value[:SHOWN])
        else:
            yield thing


def property_name(column: str) -> str:
    """Make a property's name of a column's: `Release Date` becomes `release_date`."""
    return NO_NAME.sub("_", column.strip()).strip("_").lower()


def header(path: Path, required: Sequence[str] = (), *, delimiter: str = ",") -> list[str]:
    """Read the names of a table's columns; of RecBole's `name:type` both.

    Raises:
        InputError: the file cannot be read, is empty, or lacks a required column.
    """
    first = next(iter(lines(path, "utf-8")), None)
    if first is None or isinstance(first, Reject):
        raise InputError("there is no header", where=f"{path}, line 1")
    try:
        fields = next(csv.reader([first[1]], delimiter=delimiter, **_quoting(delimiter)))
    except csv.Error as error:
        raise InputError(f"the header cannot be read ({error})", where=f"{path}, line 1") from None
    names = [name.strip() for name in fields]
    check_columns(path, [name.partition(":")[0] for name in names], required)
    return names


def check_columns(path: Path, names: Sequence[str], required: Sequence[str]) -> None:
    """Raise an InputError that names the required columns that are missing, and those that are there."""
    missing = [name for name in required if name not in names]
    if missing:
        columns = "column " + missing[0] if len(missing) == 1 else "columns " + ", ".join(missing)
        raise InputError(
            f"the {columns} is missing" if len(missing) == 1 else f"the {columns} are missing",
            where=f"{path}, line 1",
            remedy=f"The columns found are: {', '.join(names) or 'none'}",
        )


def read_table(path: Path, *, delimiter: str = ",") -> Iterator[Row | Reject]:
    """Read a table with a header: CSV with quotes, or tab-separated text without."""
    names = [name.partition(":")[0] for name in header(path, delimiter=delimiter)]
    rows = _csv_rows(path, delimiter)
    next(rows)
    for row in rows:
        yield row if isinstance(row, Reject) else _named(row, names)


def read_split(
    path: Path, separator: str, names: Sequence[str], *, encoding: str = "latin-1"
) -> Iterator[Row | Reject]:
    """Read lines without header or quotes, whose fields are in the order of `names`."""
    for line in lines(path, encoding):
        if isinstance(line, Reject):
            yield line
        elif line[1].strip():
            yield _named((line[0], line[1].rstrip("\r\n").split(separator)), names)


def read_jsonl(path: Path) -> Iterator[Row | Reject]:
    """Read a file with one JSON object a line."""
    for line in lines(path, "utf-8"):
        if isinstance(line, Reject):
            yield line
            continue
        origin, text = line
        if not text.strip():
            continue
        problem = _unreadable(text)
        try:
            values = None if problem else json.loads(text)
        except (ValueError, RecursionError):
            problem = "no JSON"
        if problem is None and not isinstance(values, dict):
            problem = "no JSON object"
        if problem is not None:
            yield Reject(*origin, "", problem, shown(text))
        elif isinstance(values, dict):
            yield Row(origin, values)


def read_any(path: Path) -> Iterator[Row | Reject]:
    """Read a CSV or JSONL file, by its extension."""
    return read_jsonl(path) if suffix_of(path) == ".jsonl" else read_table(path)


def _csv_rows(path: Path, delimiter: str) -> Iterator[tuple[Origin, list[str]] | Reject]:
    """Yield the rows of a CSV file; the place of a row that spans lines is its first line."""
    taking = _Lines(path)
    reader = csv.reader(taking, delimiter=delimiter, **_quoting(delimiter))
    while True:
        taking.taken.clear()
        try:
            fields = next(reader, None)
        except csv.Error as error:
            # Perhaps a quote that nobody closed has swallowed good rows: they get another chance.
            (origin, text), *rest = taking.taken
            taking.again.extendleft(reversed(rest))
            yield Reject(*origin, "", f"the row cannot be read ({error})", shown(text.rstrip()))
            continue
        yield from taking.rejects
        taking.rejects.clear()
        if fields is None:
            return
        if fields:
            yield taking.taken[0][0], fields


class _Lines:
    """The lines of a file for the csv module, which remembers those that the present row is made of."""

    def __init__(self, path: Path) -> None:
        self.lines = lines(path, "utf-8")
        self.taken: list[tuple[Origin, str]] = []
        self.again: deque[tuple[Origin, str]] = deque()
        self.rejects: list[Reject] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while True:
            line = self.again.popleft() if self.again else next(self.lines)
            if not isinstance(line, Reject):
                self.taken.append(line)
                return line[1]
            self.rejects.append(line)


def _quoting(delimiter: str) -> dict[str, Any]:
    return {"quoting": csv.QUOTE_NONE} if delimiter == "\t" else {"strict": True}


def _named(row: tuple[Origin, list[str]], names: Sequence[str]) -> Row | Reject:
    origin, fields = row
    if len(fields) != len(names):
        reason = f"{len(fields)} fields instead of {len(names)}"
        return Reject(*origin, "", reason, shown("|".join(fields)))
    whole = "".join(fields)
    if whole.isascii() and len(whole) <= MAX_FIELD:  # nearly all are, and need no closer look
        return Row(origin, dict(zip(names, fields, strict=True)))
    for name, text in zip(names, fields, strict=True):
        if (problem := _unreadable(text)) is not None:
            return Reject(*origin, name, problem, shown(text))
    return Row(origin, dict(zip(names, fields, strict=True)))


def _unreadable(text: str) -> str | None:
    """Tell why a text cannot be used, None where it can."""
    if len(text) > MAX_FIELD:
        return f"longer than {MAX_FIELD} characters"
    if text.isascii() or not (found := ESCAPED.search(text)):
        return None
    return "a NUL character" if found[0] == NUL else "no valid UTF-8"


def _clean(field: str, text: str) -> str:
    if not (text.isascii() and "\0" not in text) and UNUSABLE.search(text):
        raise FieldError(field, "no valid Unicode", ascii(text))
    return text
