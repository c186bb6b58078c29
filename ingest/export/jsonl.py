"""An export as JSON, one node or relation a line: nodes.jsonl and relations.jsonl.

JSON tells 5 from 5.0 and a list from a value, so the types of properties stay what they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from kg.dump import End, NodeRecord, RelationRecord

Things = Iterable[tuple[NodeRecord, list[RelationRecord]]]

NODES = "nodes.jsonl"
RELATIONS = "relations.jsonl"


def write(things: Things, folder: Path, _name: str = "") -> None:
    """Write both files into a folder."""
    with _open(folder / NODES) as nodes, _open(folder / RELATIONS) as relations:
        for node, leaving in things:
            nodes.write(_line({"kind": node.kind, "labels": node.labels, "properties": node.properties}))
            for relation in leaving:
                relations.write(
                    _line(
                        {
                            "type": relation.type,
                            "start": relation.start,
                            "end": relation.end,
                            "properties": relation.properties,
                        }
                    )
                )


def read_nodes(path: Path) -> Iterator[NodeRecord]:
    """Yield the nodes of a file."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            row = json.loads(line)
            yield NodeRecord(row["kind"], tuple(row["labels"]), row["properties"])


def read_relations(path: Path) -> Iterator[RelationRecord]:
    """Yield the relations of a file."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            row = json.loads(line)
            yield RelationRecord(row["type"], End(*row["start"]), End(*row["end"]), row["properties"])


def _open(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")


def _line(row: dict[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
