from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import full_graph
import pytest

from ingest.export.command import Report, export
from ingest.export.restore import restore
from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore

EMPTY = "MATCH (n) WHERE NOT n:Schema CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"


@pytest.fixture
def everything(graph: Graph, store: BlobStore) -> Graph:
    """A graph with every kind of thing."""
    return full_graph.write(graph, store)


@pytest.fixture
def emptied(graph: Graph) -> Callable[[], Graph]:
    """Empty the graph in the middle of a test."""

    def empty() -> Graph:
        graph.run_auto_commit(EMPTY)
        return graph

    return empty


@pytest.fixture
def exported(settings: Settings, store: BlobStore, tmp_path: Path) -> Callable[..., Report]:
    """Export the graph, with the store of the test."""

    def run(format: str, folder: Path | None = None, *, media: bool = False) -> Report:
        here = settings.model_copy(update={"minio_bucket": store.bucket})
        return export(here, format, folder or tmp_path / format, media=media)

    return run


@pytest.fixture
def restored(graph: Graph, store: BlobStore):
    """Restore an export into the graph and the store of the test."""
    return lambda folder: restore(folder, graph, store)
