"""What a user meets who brings bad input: each fault has its message and exit code, and costs only itself."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from kg import Graph
from mmkg import downloads
from mmkg.settings import Settings

FILMS = """id,title,year,poster
1,Heat,1995,
2,Casino,1995,no-image.jpg
3,Ronin,1998,../../etc/passwd
4,Seven
5,Alien,last year 1,
"""
CLICKS = "user,item,rating\na,1,5\na,77,5\na,2,great\n"
EXPECTED = {
    ("movies.csv", 3): "no readable image",
    ("movies.csv", 4): "leaves the folder",
    ("movies.csv", 5): "2 fields instead of 4",
    ("movies.csv", 6): "no number",
    ("clicks.csv", 3): "unknown item",
    ("clicks.csv", 4): "no number",
    ("media/2.mp4", 0): "truncated",
}


@pytest.fixture
def faulty(tmp_path: Path, settings: Settings) -> Path:
    """A catalogue with a fault of each kind beside what is good."""
    folder = tmp_path / "films"
    media = folder / "media"
    media.mkdir(parents=True)
    (folder / "movies.csv").write_text(FILMS)
    (folder / "clicks.csv").write_text(CLICKS)
    (folder / "no-image.jpg").write_text("this is no image")
    picture = io.BytesIO()
    Image.fromarray(np.zeros((40, 30, 3), np.uint8)).save(picture, "PNG")
    (media / "1.png").write_bytes(picture.getvalue())
    clip = downloads.big_buck_bunny(settings.cache).read_bytes()
    (media / "2.mp4").write_bytes(clip[: len(clip) * 2 // 3])
    soundfile.write(media / "1.flac", np.zeros(8000), 8000)
    return folder


def ingest(folder: Path, settings: Settings, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "ingest", "catalogue", str(folder), "--json"]
    root = str(Path(__file__).parent.parent)
    return subprocess.run(
        command,
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": root, "MMKG_HOME": str(settings.home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_fault_is_rejected_by_itself(faulty: Path, graph: Graph, settings: Settings) -> None:
    done = ingest(faulty, settings)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    rejects = [
        json.loads(line) for line in Path(faulty.parent / report["rejects_path"]).read_text().splitlines()
    ]
    found = {(reject["file"], reject["line"]): reject["reason"] for reject in rejects}
    assert found.keys() == EXPECTED.keys()
    for place, words in EXPECTED.items():
        assert words in found[place], place
    assert report["rejected"] == len(rejects)
    assert "7 rows rejected" in done.stderr
    assert "1.flac: silence" in done.stderr
    kept = graph.read("MATCH (m:Movie) RETURN m.id AS id ORDER BY id")
    assert [row["id"] for row in kept] == ["1", "2", "3"]
    assert graph.read("MATCH ()-[c:CLICKED]->() RETURN count(c) AS clicks") == [{"clicks": 1}]
    shown = graph.read("MATCH (m:Media) RETURN labels(m)[1] AS label ORDER BY label")
    assert [row["label"] for row in shown] == ["Audio", "Poster"]


def test_a_missing_column_ends_the_command_before_anything_is_written(
    faulty: Path, graph: Graph, settings: Settings
) -> None:
    (faulty / "clicks.csv").write_text("user,film\na,1\n")
    done = ingest(faulty, settings)
    assert done.returncode == 1
    assert "clicks.csv, line 1" in done.stderr
    assert "item" in done.stderr
    assert "Traceback" not in done.stderr
    assert graph.read("MATCH (n) WHERE NOT n:Schema RETURN count(n) AS nodes") == [{"nodes": 0}]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"NEO4J_URI": "bolt://127.0.0.1:1", "NEO4J_PASSWORD": "x"}, "does not answer"),
        (
            {"MINIO_ENDPOINT": "127.0.0.1:1", "MINIO_ACCESS_KEY": "x", "MINIO_SECRET_KEY": "y"},
            "does not answer",
        ),
        ({"NEO4J_PASSWORD": "not-this-one"}, "refuses the login"),
        ({"MINIO_SECRET_KEY": "not-this-one"}, "refuses the login"),
    ],
)
def test_a_server_that_is_away_or_refuses_exits_with_4(
    faulty: Path, settings: Settings, environment: dict[str, str], words: str
) -> None:
    done = ingest(faulty, settings, **environment)
    assert done.returncode == 4, done.stderr
    assert words in done.stderr
    assert "not-this-one" not in done.stderr
    assert "Traceback" not in done.stderr
