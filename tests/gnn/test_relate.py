"""Media that look or sound alike, related in the real graph by the real encoders."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from PIL import Image, ImageDraw

from cli import cli
from gnn.relate import run
from ingest.folder import MediaFolder
from ingest.pipeline import ingest
from kg import Graph, Node
from kg.writer import Writer
from mmkg.errors import UsageError
from mmkg.settings import Settings
from storage import BlobStore

PAIRS = """
MATCH (a:Media)-[r:SIMILAR_TO|NEAR_DUPLICATE_OF]->(b:Media)
MATCH (a)-[:POSTER_OF|AUDIO_OF]->(one:Movie), (b)-[:POSTER_OF|AUDIO_OF]->(other:Movie)
RETURN type(r) AS type, properties(r) AS properties,
       CASE WHEN one.id < other.id THEN one.id + other.id ELSE other.id + one.id END AS films
"""
RELATIONS = """
MATCH ()-[r:SIMILAR_TO|NEAR_DUPLICATE_OF]->()
RETURN type(r) AS type, properties(r) AS p ORDER BY type, p.score
"""


def scene(seed: int) -> Image.Image:
    """A picture of coloured discs, as unlike another as two posters are."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (240, 360), tuple(random.integers(0, 256, 3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, radius = random.integers(0, 240), random.integers(0, 360), random.integers(15, 90)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), tuple(random.integers(0, 256, 3)))
    return picture


def chord(path: Path, *tones: float, level: float = 0.3) -> None:
    time = np.arange(5 * 16_000) / 16_000
    soundfile.write(
        path, level * np.mean([np.sin(2 * np.pi * tone * time) for tone in tones], axis=0), 16_000
    )


@pytest.fixture
def at(settings: Settings, store: BlobStore, tmp_path: Path) -> Settings:
    """The test's own bucket and cache."""
    return settings.model_copy(update={"minio_bucket": store.bucket, "cache": tmp_path / "cache"})


@pytest.fixture
def media(graph: Graph, store: BlobStore, tmp_path: Path) -> Graph:
    """Films a, b and c: b's poster is a's, scaled and compressed; a and b sound alike, c hisses."""
    posters, sounds = tmp_path / "posters", tmp_path / "sounds"
    posters.mkdir()
    sounds.mkdir()
    scene(1).save(posters / "a.png")
    scene(1).resize((200, 300)).save(posters / "b.jpg", quality=70)
    scene(2).save(posters / "c.png")
    chord(sounds / "a.flac", 220, 440, 660)
    chord(sounds / "b.wav", 220, 440, 660, level=0.1)
    soundfile.write(sounds / "c.flac", 0.1 * np.random.default_rng(0).standard_normal(80_000), 16_000)
    Writer(graph, "test").nodes([Node("Item", film, "Movie", {"title": film}) for film in "abc"])
    for folder in (posters, sounds):
        ingest(MediaFolder(folder), graph, store, tmp_path / "rejects.jsonl", kind="test", path=folder)
    return graph


def pairs(graph: Graph) -> dict[tuple[str, str], dict]:
    return {(row["type"], row["films"]): row["properties"] for row in graph.read(PAIRS)}


def test_what_looks_or_sounds_alike_is_related(media: Graph, at: Settings) -> None:
    report = run(at, min_score=0.85)
    found = pairs(media)
    assert found.keys() == {("NEAR_DUPLICATE_OF", "ab"), ("SIMILAR_TO", "ab")}
    assert found["NEAR_DUPLICATE_OF", "ab"]["distance"] <= 8
    similar = [row["p"] for row in media.read(RELATIONS) if row["type"] == "SIMILAR_TO"]
    assert sorted(each["method"].partition("-")[0] for each in similar) == ["audio", "image"]
    assert all(0.85 <= each["score"] <= 1 and each["imports"] == [report.import_id] for each in similar)
    assert report.compared == {"image": 3, "audio": 3}
    assert {name: counts.created for name, counts in report.counts.items()} == {
        "NEAR_DUPLICATE_OF": 1,
        "SIMILAR_TO": 2,
    }


def test_the_same_again_changes_nothing(media: Graph, at: Settings) -> None:
    first = run(at)
    before = media.read(RELATIONS)
    again = run(at)
    assert again.import_id == first.import_id
    assert all(counts.created == counts.updated == 0 for counts in again.counts.values())
    assert media.read(RELATIONS) == before


def test_a_run_takes_back_what_it_no_longer_finds(media: Graph, at: Settings) -> None:
    run(at, min_score=0.05)
    loose = pairs(media)
    strict = run(at, min_score=0.85)
    assert pairs(media).keys() < loose.keys()
    rows = media.read("MATCH (i:Import {source: 'relate'}) RETURN i.id AS id, i.complete AS complete")
    assert rows == [{"id": strict.import_id, "complete": True}]
    assert all(row["p"]["imports"] == [strict.import_id] for row in media.read(RELATIONS))


def test_without_media_there_is_nothing_to_do(graph: Graph, at: Settings) -> None:
    report = run(at)
    assert (report.counts, report.compared) == ({}, {})


def test_numbers_that_make_no_sense(at: Settings) -> None:
    for wrong in ({"neighbours": 0}, {"min_score": 0.0}, {"min_score": 1.1}, {"max_distance": 17}):
        with pytest.raises(UsageError, match="--min-score"):
            run(at, **wrong)


def test_the_command_prints_json(media: Graph, at: Settings) -> None:
    result = CliRunner().invoke(cli, ["relate", "--json", "--minio-bucket", at.minio_bucket])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["counts"]["NEAR_DUPLICATE_OF"]["created"] == 1
