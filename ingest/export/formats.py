"""The formats of an export, one entry each."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ingest.export.jsonl import Things
from kg.dump import NodeRecord, RelationRecord, problem_with
from mmkg.errors import InputError

READING_ERRORS = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    SyntaxError,
    RecursionError,
    EOFError,
    OSError,
    zlib.error,
)
"""What a file that is not as we write it makes the readers trip over."""


class Part(NamedTuple):
    """What a format that cannot hold everything did hold."""

    counts: Counter[str]
    """Rows, by file."""
    left_out: list[str]
    """A sentence each."""


@dataclass(frozen=True)
class Format:
    """A format: a module with `write`, and where it holds all there is, `read_nodes` and `read_relations`."""

    name: str
    module: str
    lossless: bool = True

    def write(self, things: Things, folder: Path, name: str) -> Part | None:
        """Write the files into a folder, for an export of this name; None where they hold everything."""
        part: Part | None = self._of_module("write")(things, folder, name)
        return part

    def nodes(self, paths: Iterable[Path]) -> Iterator[NodeRecord]:
        """Yield the nodes of files whose names begin with `nodes`.

        Raises:
            InputError: a file does not hold what `write` writes.
        """
        return self._checked("read_nodes", paths)

    def relations(self, paths: Iterable[Path]) -> Iterator[RelationRecord]:
        """Yield the relations of files whose names begin with `relations`.

        Raises:
            InputError: a file does not hold what `write` writes.
        """
        return self._checked("read_relations", paths)

    def _checked(self, reader: str, paths: Iterable[Path]) -> Iterator[Any]:
        for path in paths:
            number = 0
            try:
                for record in self._of_module(reader)(path):
                    number += 1
                    if problem := problem_with(record):
                        raise ValueError(problem)
                    yield record
            except READING_ERRORS as error:
                raise InputError(
                    f"the file cannot be read after {number} records ({error})",
                    where=str(path),
                    remedy="Export again",
                ) from None

    def _of_module(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(import_module(self.module), name)
        return function


FORMATS = {
    format.name: format
    for format in (
        Format("jsonl", "ingest.export.jsonl"),
        Format("csv", "ingest.export.tables"),
        Format("rdf", "ingest.export.rdf"),
        Format("recbole", "ingest.export.recbole", lossless=False),
    )
}
