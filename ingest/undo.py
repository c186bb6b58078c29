"""`mmkg imports undo`: take an import back, out of the graph and the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from kg import Graph
from kg.schema import migrate
from kg.undo import Undone, depending, preview, undo
from mmkg.settings import Settings
from storage import BlobStore


@dataclass
class Report:
    """What was taken back, or would be."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "count")

    import_id: str
    dry_run: bool
    undone: Undone
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def title(self) -> str:
        """Say which import it was and how long it took."""
        done = "would be" if self.dry_run else "is"
        return f"Import {self.import_id} {done} undone, {self.seconds:.1f} s"

    def rows(self) -> Iterator[tuple[str, int]]:
        """Yield the rows of a table under `HEADINGS`."""
        yield "relations removed", self.undone.relations_removed
        yield "relations that others state too", self.undone.relations_changed
        yield "nodes removed", self.undone.nodes_removed
        yield "nodes that others state too", self.undone.nodes_changed
        yield "nodes left bare, as relations of others need them", self.undone.nodes_bare
        yield "blobs deleted", self.undone.blobs_deleted

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "import": self.import_id,
            "dry_run": self.dry_run,
            **self.undone.to_json(),
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


def run(settings: Settings, import_id: str, *, dry_run: bool = False) -> Report:
    """Take an import back with the servers of the settings.

    Args:
        settings: where the servers are.
        import_id: of the import; kg.imports lists them.
        dry_run: count only.

    Raises:
        InputError: the graph has no such import.
        GraphError: an alignment stands in the way.
        ConnectError, StoreError: a server is gone or refuses; the same again takes back the rest.
    """
    started = time.monotonic()
    with Graph.connect(settings) as graph:
        migrate(graph)
        if dry_run:
            undone = preview(graph, import_id)
        else:
            with BlobStore.connect(settings) as store:
                undone = undo(graph, import_id, store.delete_keys)
        notes = depending(graph, import_id)
    return Report(import_id, dry_run, undone, notes, time.monotonic() - started)
