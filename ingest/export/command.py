"""`mmkg export`: the graph into a folder."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from ingest.export import media as blobs
from ingest.export.formats import FORMATS
from ingest.export.jsonl import Things
from ingest.export.manifest import NAME, Manifest
from kg import Graph
from kg.dump import DUMPED, NodeRecord, RelationRecord, Totals, count_models, dump, totals
from mmkg.errors import GraphError, InputError, UsageError
from mmkg.progress import track
from mmkg.settings import Settings
from mmkg.words import counted
from storage import BlobStore

WORK = ".mmkg-export"
"""The folder within the folder where the files are made; what a killed export leaves is overwritten."""


@dataclass
class Report:
    """What was exported."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "number")

    format: str
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    """By label, or kind where a node has no other, and by relation type; of recbole the rows by file."""
    media: int | None = None
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def title(self) -> str:
        """Say what was written where, and how long it took."""
        return f"Export as {self.format} to {self.folder}, {self.seconds:.1f} s"

    def rows(self) -> Iterator[tuple[str, int]]:
        """Yield the rows of a table under `HEADINGS`."""
        yield from sorted(self.counts.items())
        if self.media is not None:
            yield "media files", self.media

    def to_json(self) -> dict[str, Any]:
        """Make a JSON document of the report."""
        return {
            "format": self.format,
            "folder": str(self.folder),
            "counts": dict(sorted(self.counts.items())),
            "media": self.media,
            "warnings": self.warnings,
            "seconds": round(self.seconds, 3),
        }


def export(settings: Settings, format: str, folder: Path, *, media: bool = False) -> Report:
    """Write the graph into a folder, and with `media` the blobs too.

    The files appear when all are whole, the manifest last. An older export in the folder is replaced, but the
    blobs that it has are not fetched again.

    Args:
        settings: where the servers are.
        format: one of `FORMATS`.
        folder: made unless it is there; empty, or an older export.
        media: copy the blobs.

    Raises:
        InputError: the folder holds something else.
        UsageError: the format cannot hold media.
        GraphError: the graph changed meanwhile, or holds what mmkg never writes.
        ConnectError, StoreError: a server is away, or a blob is missing.
    """
    started = time.monotonic()
    chosen = FORMATS[format]
    if media and not chosen.lossless:
        raise UsageError(f"{format} has no place for media", remedy="Leave --media away, or export as jsonl")
    older = _prepared(folder)
    work = folder / WORK
    with Graph.connect(settings) as graph:
        before, models = totals(graph), count_models(graph)
        counted = _Counted(track(dump(graph), "Nodes", before.nodes))
        part = chosen.write(counted, work, folder.resolve().name)
        if totals(graph) != before:
            raise GraphError(
                "the graph changed while it was exported",
                where=graph.database,
                remedy="Export again when nothing writes to it",
            )
    written = Totals(counted.nodes, counted.relations)
    report = Report(format, folder, part.counts if part else counted.names)
    report.warnings = [*_left_out(before, written, models), *(part.left_out if part else ())]
    manifest = Manifest.of(work, format, *written)
    if media:
        nodes = track(chosen.nodes(manifest.paths(work, "nodes")), "Media", written.nodes)
        with BlobStore.connect(settings) as store:
            report.media = blobs.save(nodes, store, folder)
        manifest = replace(manifest, media=report.media)
    _publish(work, folder, manifest, older)
    report.seconds = time.monotonic() - started
    return report


class _Counted:
    """Counts what passes."""

    def __init__(self, things: Things) -> None:
        self.things = things
        self.nodes = self.relations = 0
        self.names: Counter[str] = Counter()
        """By label, or kind where a node has no other, and by relation type."""

    def __iter__(self) -> Iterator[tuple[NodeRecord, list[RelationRecord]]]:
        for node, leaving in self.things:
            self.nodes += 1
            self.relations += len(leaving)
            self.names[node.labels[0] if node.labels else node.kind] += 1
            self.names.update(relation.type for relation in leaving)
            yield node, leaving


def _prepared(folder: Path) -> Manifest | None:
    """Make the folder, and one within it to work in; return the manifest of an older export."""
    older = Manifest.read(folder) if (folder / NAME).exists() else None
    if older is None and folder.exists() and not (folder / WORK).exists() and any(folder.iterdir()):
        raise InputError(
            "the folder holds something that is no export",
            where=str(folder),
            remedy="Name a folder that is empty or not there yet",
        )
    shutil.rmtree(folder / WORK, ignore_errors=True)
    (folder / WORK).mkdir(parents=True)
    return older


def _publish(work: Path, folder: Path, manifest: Manifest, older: Manifest | None) -> None:
    """Move the files to their place.

    Until the manifest is new, it does not fit the files, so nobody takes them for a whole export.
    """
    for name in manifest.files:
        (work / name).replace(folder / name)
    manifest.write(folder)
    for name in older.files if older else ():
        if name not in manifest.files:
            (folder / name).unlink(missing_ok=True)
    shutil.rmtree(work)


def _left_out(there: Totals, written: Totals, models: int) -> Iterator[str]:
    if models:
        left_out = "was" if models == 1 else "were"
        yield (
            f"{counted(models, 'model')} {left_out} left out, as vectors are: "
            "`mmkg train` and `mmkg embed` make them again"
        )
    if there.nodes > written.nodes:
        yield f"{there.nodes - written.nodes} nodes whose id is no text were left out"
    if there.relations > written.relations:
        yield (
            f"{there.relations - written.relations} relations were left out: an end is of another kind "
            f"than {', '.join(DUMPED)}"
        )
