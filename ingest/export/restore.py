"""`mmkg ingest export`: an export into the graph and the store, as it was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest import pipeline
from ingest.export import media as blobs
from ingest.export.formats import FORMATS
from ingest.export.manifest import AGAIN, NAME, Manifest
from kg import Graph
from kg.dump import NodeRecord, totals
from kg.restore import check_alignment, restore_nodes, restore_relations
from kg.schema import migrate
from mmkg.errors import InputError
from mmkg.progress import track
from storage import BlobStore


@dataclass
class Report(pipeline.Report):
    """What a restore did; nothing is rejected, for an export is whole or an error."""

    media: int | None = None
    """Blobs that are in the store now; None where the export has none."""

    def title(self) -> str:
        """Say what was restored and how long it took."""
        return f"Restore of {self.source}, {self.seconds:.1f} s"

    def to_json(self) -> dict[str, Any]:
        """Make a JSON document of the report."""
        return {**super().to_json(), "import": None, "media": self.media}


def restore(folder: Path, graph: Graph, store: BlobStore) -> Report:
    """Write an export into the graph and the store.

    The order is blobs, nodes, relations, and all files are checked before anything is written. Into an empty
    graph this gives the graph that was exported. What another graph holds already stays, and where the two
    differ, `conflicts` of the node or relation says so.

    Raises:
        InputError: the folder is no export that can be restored, or is damaged.
        GraphError: the two graphs are aligned in different ways, or the database refuses something.
        ConnectError, StoreError: a server is gone or refuses; the same again completes what is written.
    """
    started = time.monotonic()
    manifest = Manifest.read(folder)
    chosen = FORMATS.get(manifest.format)
    if chosen is None:
        raise InputError(f"{manifest.format!r} is no format", where=str(folder / NAME), remedy=AGAIN)
    if not chosen.lossless:
        raise InputError(
            f"an export as {chosen.name} does not hold the whole graph",
            where=str(folder),
            remedy=f"Bring in what it holds by: mmkg ingest {chosen.name} {folder}",
        )
    manifest.check(folder)

    def nodes() -> Iterator[NodeRecord]:
        return chosen.nodes(manifest.paths(folder, "nodes"))

    report = Report("", f"{chosen.name} export {folder}")
    if manifest.media is not None:
        blobs.check(track(nodes(), "Checking media", manifest.nodes), folder)
    migrate(graph)
    if totals(graph).nodes:
        check_alignment(graph, nodes())
    if manifest.media is not None:
        report.media = blobs.load(track(nodes(), "Media", manifest.nodes), store, folder)
    report.counts = restore_nodes(graph, track(nodes(), "Nodes", manifest.nodes))
    relations = chosen.relations(manifest.paths(folder, "relations"))
    report.counts |= restore_relations(graph, track(relations, "Relations", manifest.relations))
    if manifest.media is None and any(node.kind == "Media" for node in nodes()):
        report.warnings.append(
            "the export was made without --media: the store may lack the bytes of its media"
        )
    report.seconds = time.monotonic() - started
    return report
