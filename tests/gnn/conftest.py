from __future__ import annotations

from pathlib import Path

import pytest

from kg import Graph
from mmkg.settings import Settings
from tests.gnn.planted import fill


@pytest.fixture
def at(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a data directory of this test's own."""
    return settings.model_copy(update={"home": tmp_path, "cache": tmp_path / "cache"})


@pytest.fixture
def planted(graph: Graph) -> Graph:
    """The database with the planted graph."""
    fill(graph)
    return graph
