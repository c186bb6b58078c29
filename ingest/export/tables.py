"""An export as the CSV files that `neo4j-admin database import` takes, and `import.args` with its options.

A table holds the nodes of one kind, or the relations between two kinds. A column has one type; where a
property has several in the graph, the table is split: `nodes-Item.csv`, `nodes-Item-2.csv`.

Texts always stand in quotes, so an empty text differs from none. Neo4j splits a list at a delimiter and knows
no way to write that inside an entry: the delimiter is a character that no list holds. A list of one empty
text looks like an empty list then; it stands as JSON in a column that Neo4j ignores. Neo4j leaves both out.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TextIO, TypeAlias

from ingest.export import jsonl
from ingest.export.jsonl import Things
from kg.dump import End, NodeRecord, RelationRecord
from kg.model import Properties, Scalar, Value
from mmkg.errors import GraphError, InputError

ARGUMENTS = "import.args"
DELIMITERS = "\x1f\x1e\x1d\x1c;|\ue000\ue001\ue002"
"""Candidates for what separates the entries of a list: the first that occurs in none."""
EMPTY = "[]"
"""The type of an empty list, which fits every list."""
IGNORED = ":IGNORE"
TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "long", float: "double"}
READERS: dict[str, Callable[[str], Scalar]] = {
    "string": str,
    "boolean": lambda text: text == "true",
    "long": int,
    "double": float,
}
FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",]*))(,|$)')
DELIMITER_OPTION = re.compile(r"^--array-delimiter=U\+([0-9A-F]{4})$", re.MULTILINE)

Key: TypeAlias = tuple[str, ...]
"""What a table holds: the kind of its nodes, or the kinds of the start and the end of its relations."""
Record: TypeAlias = NodeRecord | RelationRecord


class _Table:
    """What the records of one key need: the types of each property, and whether something stands apart."""

    def __init__(self) -> None:
        self.types: dict[str, set[str]] = defaultdict(set)
        self.has_exact = False

    def observe(self, record: Record) -> None:
        for name, value in record.properties.items():
            if name == "id" and isinstance(record, NodeRecord):
                continue  # it has its own column
            self.types[name].add(_type_of(value))
            self.has_exact |= _is_exact(value)

    def columns(self, properties: Properties) -> Columns:
        """Return the columns of the part of the table in which these properties fit."""
        columns = {}
        for name, types in sorted(self.types.items()):
            fitting = sorted(types - {EMPTY}) or ["string[]"]
            if EMPTY in types and not any(type.endswith("[]") for type in fitting):
                fitting.append("string[]")
            if len(fitting) == 1:
                columns[name] = fitting[0]
            elif name in properties:
                mine = _type_of(properties[name])
                columns[name] = (
                    next(type for type in fitting if type.endswith("[]")) if mine == EMPTY else mine
                )
        return tuple(columns.items())


Columns: TypeAlias = tuple[tuple[str, str], ...]
"""The names and types of properties."""


def write(things: Things, folder: Path, _name: str = "") -> None:
    """Write the tables and `import.args` into a folder.

    The records pass through files of JSON beside the tables first, as only all of them tell the columns.

    Raises:
        GraphError: the lists of the graph hold every character that could separate them.
    """
    tables: dict[Key, _Table] = defaultdict(_Table)
    delimiters = dict.fromkeys(DELIMITERS)

    def observed() -> Iterator[tuple[NodeRecord, list[RelationRecord]]]:
        for node, leaving in things:
            records: list[Record] = [node, *leaving]
            for record in records:
                tables[_key(record)].observe(record)
                for delimiter in _in_lists(record.properties, delimiters):
                    del delimiters[delimiter]
            yield node, leaving

    with TemporaryDirectory(dir=folder) as passage:
        jsonl.write(observed(), Path(passage))
        if not delimiters:
            raise GraphError(
                "the lists of the graph hold every character that could separate them in a CSV file",
                remedy="Export as jsonl or rdf",
            )
        delimiter = next(iter(delimiters))
        names = _write_tables(
            jsonl.read_nodes(Path(passage) / jsonl.NODES), "nodes", folder, tables, delimiter
        )
        options = [f"--nodes={name}" for name in names]
        names = _write_tables(
            jsonl.read_relations(Path(passage) / jsonl.RELATIONS), "relations", folder, tables, delimiter
        )
        options += [f"--relationships={name}" for name in names]
    lines = [
        "# Run in this folder: neo4j-admin database import full neo4j @import.args",
        *options,
        f"--array-delimiter=U+{ord(delimiter):04X}",
        "--multiline-fields=true",
    ]
    (folder / ARGUMENTS).write_text("".join(f"{line}\n" for line in lines))


def read_nodes(path: Path) -> Iterator[NodeRecord]:
    """Yield the nodes of a table."""
    for row in _rows(path):
        kind = row.kinds["ID"]
        labels = set(str(row.fixed["LABEL"]).split(row.delimiter)) - {kind}
        yield NodeRecord(kind, tuple(sorted(labels)), {"id": row.fixed["ID"], **row.properties})


def read_relations(path: Path) -> Iterator[RelationRecord]:
    """Yield the relations of a table."""
    for row in _rows(path):
        start, end = (End(row.kinds[name], row.fixed[name]) for name in ("START_ID", "END_ID"))
        yield RelationRecord(row.fixed["TYPE"], start, end, row.properties)


def _write_tables(
    records: Iterable[Record], beginning: str, folder: Path, tables: Mapping[Key, _Table], delimiter: str
) -> list[str]:
    """Write all tables of nodes, or of relations; return the names of the files."""
    files: dict[tuple[Key, Columns], TextIO] = {}
    names: list[str] = []
    parts: dict[Key, int] = defaultdict(int)
    with ExitStack() as stack:
        for record in records:
            key = _key(record)
            table = tables[key]
            columns = table.columns(record.properties)
            file = files.get((key, columns))
            if file is None:
                parts[key] += 1
                number = f"-{parts[key]}" if parts[key] > 1 else ""
                names.append(f"{beginning}-{'-'.join(key)}{number}.csv")
                path = folder / names[-1]
                file = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
                files[key, columns] = file
                file.write(_header(key, columns, table.has_exact))
            file.write(_line(record, columns, table.has_exact, delimiter))
    return names


def _header(key: Key, columns: Columns, has_exact: bool) -> str:
    fixed = [f"id:ID({key[0]})", ":LABEL"]
    if len(key) > 1:
        fixed = [f":START_ID({key[0]})", f":END_ID({key[1]})", ":TYPE"]
    return ",".join([*fixed, *map(":".join, columns), *[IGNORED] * has_exact]) + "\n"


def _line(record: Record, columns: Columns, has_exact: bool, delimiter: str) -> str:
    if isinstance(record, NodeRecord):
        fixed = [_quoted(record.id), _quoted(delimiter.join((record.kind, *record.labels)))]
    else:
        fixed = [_quoted(record.start.id), _quoted(record.end.id), _quoted(record.type)]
    values = (record.properties.get(name) for name, _ in columns)
    cells = ["" if value is None else _cell(value, delimiter) for value in values]
    if has_exact:
        exact = {name: value for name, value in record.properties.items() if _is_exact(value)}
        cells.append(_quoted(json.dumps(exact)) if exact else "")
    return ",".join([*fixed, *cells]) + "\n"


def _cell(value: Value, delimiter: str) -> str:
    if isinstance(value, (list, tuple)):
        return _quoted(delimiter.join(map(_text, value)))
    return _quoted(value) if isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _key(record: Record) -> Key:
    return (record.kind,) if isinstance(record, NodeRecord) else (record.start.kind, record.end.kind)


def _type_of(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"{TYPES[type(value[0])]}[]" if value else EMPTY
    return TYPES[type(value)]


def _is_exact(value: object) -> bool:
    return isinstance(value, (list, tuple)) and list(value) == [""]


def _in_lists(properties: Properties, delimiters: Iterable[str]) -> list[str]:
    """Return which of the delimiters occur in the lists."""
    texts = [
        each
        for value in properties.values()
        if isinstance(value, (list, tuple))
        for each in value
        if isinstance(each, str)
    ]
    return [delimiter for delimiter in delimiters if any(delimiter in text for text in texts)]


class _Row(NamedTuple):
    """A row of a table."""

    kinds: Mapping[str, str]
    """By ID, START_ID and END_ID the kind of node."""
    fixed: Mapping[str, str]
    """By ID, LABEL, START_ID, END_ID and TYPE the text."""
    properties: dict[str, Value]
    delimiter: str


def _rows(path: Path) -> Iterator[_Row]:
    delimiter = _delimiter(path.with_name(ARGUMENTS))
    with path.open(encoding="utf-8", newline="\n") as file:
        columns = [column.rpartition(":") for column in file.readline().rstrip("\n").split(",")]
        kinds = {}
        names: list[tuple[str, str]] = []
        for name, _, type_name in columns:
            fixed, bracket, kind = type_name.partition("(")
            if bracket:
                kinds[fixed] = kind.rstrip(")")
            names.append(("", fixed) if bracket or not name else (name, type_name))
        for cells in _records(file):
            fixed_cells: dict[str, str] = {}
            properties: dict[str, Value] = {}
            exact = {}
            for (name, type_name), cell in zip(names, cells, strict=True):
                if cell is None:
                    continue
                if name:
                    properties[name] = _value(cell, type_name, delimiter)
                elif f":{type_name}" == IGNORED:
                    exact = json.loads(cell)
                else:
                    fixed_cells[type_name] = cell
            yield _Row(kinds, fixed_cells, {**properties, **exact}, delimiter)


def _records(lines: Iterable[str]) -> Iterator[list[str | None]]:
    """Yield the cells of each record, None where one is empty; a record ends where all quotes are closed."""
    parts: list[str] = []
    is_open = False
    for line in lines:
        parts.append(line)
        is_open ^= line.count('"') % 2 == 1
        if not is_open:
            yield list(_cells("".join(parts).removesuffix("\n")))
            parts.clear()


def _cells(record: str) -> Iterator[str | None]:
    for cell in FIELD.finditer(record):
        yield cell[2] or None if cell[1] is None else cell[1].replace('""', '"')
        if not cell[3]:
            return


def _value(cell: str, type_name: str, delimiter: str) -> Value:
    read = READERS[type_name.removesuffix("[]")]
    if type_name.endswith("[]"):
        return [read(part) for part in cell.split(delimiter)] if cell else []
    return read(cell)


def _delimiter(path: Path) -> str:
    """Read the delimiter of lists out of import.args."""
    found = DELIMITER_OPTION.search(path.read_text())
    if found is None:
        raise InputError("the option --array-delimiter is missing", where=str(path))
    return chr(int(found[1], 16))
