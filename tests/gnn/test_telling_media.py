"""Nothing but the media decide the clicks: a model that sees them finds what to show, and no other does.

The files are real, and so are the ingest, the store, the encoders and the trainer.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import telling_media

from gnn.evaluation import evaluate
from gnn.training import train
from ingest.catalogue import Catalogue
from ingest.pipeline import ingest
from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore

OPTIONS = {"dimension": 32, "epochs": 60, "evaluate_every": 10, "frames": 0}
"""Single frames are left out, because encoding them takes longest: all of them look alike anyway."""
CHANCE = 10 / (telling_media.KINDS * telling_media.TEST)
"""The recall of whoever lists films that nobody clicked, in any order."""


@pytest.mark.parametrize("modality", ["text", "image", "audio", "video"])
def test_films_without_clicks_are_found_by_what_their_media_show(
    graph: Graph, store: BlobStore, at: Settings, tmp_path: Path, modality: str
) -> None:
    folder = telling_media.write(tmp_path / "films", modality)
    report = ingest(Catalogue(folder), graph, store, kind="catalogue", path=folder)
    assert report.rejected == 0

    def recall(**options: int) -> float:
        model = train(graph, store, at, **{**OPTIONS, **options}).model
        return evaluate(graph, store, at, model=model).results[model].recall

    seeing, blind = recall(), recall(**{modality: 0})
    popularity = evaluate(graph, store, at).results["popularity"].recall
    assert blind < 1.2 * CHANCE
    assert popularity < 1.2 * CHANCE
    assert seeing > 2 * max(blind, popularity, CHANCE)
