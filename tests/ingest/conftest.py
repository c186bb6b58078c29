from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest.pipeline import Report, ingest
from kg import Graph
from storage import BlobStore

MOVIES = """id,title,year,plot,genres,cast,directors
1,Heat,1995,A thief and a policeman.,Crime|Thriller,Al Pacino|Robert De Niro,Michael Mann
2,Ronin,1998,,Thriller,Robert De Niro,John Frankenheimer
"""
CLICKS = """user,item,rating,at
a,1,5,100
a,2,2,110
b,1,4,120
"""


def picture(path: Path, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A small catalogue without a fault."""
    folder = tmp_path / "catalogue"
    (folder / "media").mkdir(parents=True)
    (folder / "movies.csv").write_text(MOVIES)
    (folder / "clicks.csv").write_text(CLICKS)
    picture(folder / "media" / "1.png")
    return folder


@pytest.fixture
def bring(graph: Graph, store: BlobStore, tmp_path: Path):
    """Ingest a source into the graph and the store of the test."""

    def run(source, **options) -> Report:
        return ingest(source, graph, store, tmp_path / "rejects.jsonl", kind="test", path=tmp_path, **options)

    return run
