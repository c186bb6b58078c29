"""The pipeline: from a source into the graph and the store, so that doing it again changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ingest.digests import Digests
from ingest.doubts import doubts
from ingest.rejects import Rejects
from ingest.source import Source
from ingest.uploads import Uploads
from kg import Graph, imports
from kg.model import Reject
from kg.schema import migrate
from kg.writer import Counts, Writer
from mmkg.progress import track
from storage import BlobStore

T = TypeVar("T")


@dataclass
class Report:
    """What an import did."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "created", "updated", "unchanged", "rejected")

    import_id: str
    source: str
    counts: dict[str, Counts] = field(default_factory=dict)
    """By label and relation type, of what was stated; rows that could not be read are in `reasons` alone."""
    reasons: dict[str, int] = field(default_factory=dict)
    """How many rows, files and statements were rejected, by reason."""
    rejected: int = 0
    rejects_path: Path | None = None
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def total(self) -> Counts:
        """The sum of the counts."""
        total = Counts()
        for counts in self.counts.values():
            total += counts
        return total

    def title(self) -> str:
        """Say which import it was and how long it took."""
        return f"Import {self.import_id} of {self.source}, {self.seconds:.1f} s"

    def rows(self) -> Iterator[tuple[str, int, int, int, int]]:
        """Yield the rows of a table under `HEADINGS`, the sum last."""
        for name, counts in (*sorted(self.counts.items()), ("all", self.total)):
            yield name, counts.created, counts.updated, counts.unchanged, counts.rejected

    def to_json(self) -> dict[str, Any]:
        """Make a JSON document of the report."""
        return {
            "import": self.import_id,
            "source": self.source,
            "counts": {name: asdict(counts) for name, counts in sorted(self.counts.items())},
            "total": asdict(self.total),
            "rejected": self.rejected,
            "reasons": self.reasons,
            "rejects_path": None if self.rejects_path is None else str(self.rejects_path),
            "warnings": self.warnings,
            "seconds": round(self.seconds, 3),
        }


def ingest(
    source: Source,
    graph: Graph,
    store: BlobStore,
    rejects: Path | None = None,
    *,
    kind: str,
    path: Path | str,
    options: Mapping[str, object] | None = None,
) -> Report:
    """Bring a source into the graph and the store.

    The order is nodes, media, relations; every batch is a transaction and every blob is in the store before
    the graph mentions it. Whatever interrupts it, the same command again leads to the same graph.

    Args:
        source: the reader.
        graph: where the statements go.
        store: where the media go.
        rejects: the file for what is rejected, `mmkg-rejects-<import id>.jsonl` unless told.
        kind: of the source, for the import's node.
        path: of the source, or its address, for the import's node.
        options: what decides how the source is read; part of the import's id.

    Raises:
        InputError: the source cannot be read.
        ConnectError, GraphError, StoreError: a server is gone or refuses; what is written stays.
    """
    started = time.monotonic()
    migrate(graph)
    digests = Digests()
    import_id = digests.import_id(kind, options or {}, source.files())
    report = Report(import_id, f"{kind} {path}")
    imports.begin(graph, import_id, kind, str(path))
    with Rejects(rejects or Path(f"mmkg-rejects-{import_id}.jsonl")) as rejected:
        writer = Writer(graph, import_id, on_reject=rejected.add)
        uploads = Uploads(graph, store, digests, rejected.add)
        writer.nodes(track(_good(source.nodes(), rejected.add), "Nodes"))
        for statements in uploads.statements(track(source.media(), "Media")):
            writer.nodes(node for node, _ in statements)
            writer.relations(relation for _, relation in statements)
        writer.relations(track(_good(source.relations(), rejected.add), "Relations"))
        imports.finish(graph, import_id, rejected.count)
    report.counts = dict(writer.counts)
    report.reasons = dict(rejected.reasons.most_common())
    report.rejected = rejected.count
    report.rejects_path = rejected.path if rejected.count else None
    silences = (f"{name}: silence" for name in uploads.silent)
    report.warnings = [*source.warnings(), *silences, *doubts(graph, import_id)]
    report.seconds = time.monotonic() - started
    return report


def _good(things: Iterable[T | Reject], reject: Callable[[Reject], None]) -> Iterator[T]:
    for thing in things:
        if isinstance(thing, Reject):
            reject(thing)
        else:
            yield thing
