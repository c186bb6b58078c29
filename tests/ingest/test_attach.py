"""Files attached to one film: an import like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest import undo
from ingest.attach import KINDS, Attachments, run
from ingest.catalogue import Catalogue
from ingest.cli import MEDIA_KINDS
from kg import Graph
from mmkg.errors import InputError
from mmkg.settings import Settings
from storage import BlobStore

from .conftest import picture

MEDIA = """
MATCH (m:Media)-[r]->(i:Item {id: $id})
RETURN type(r) AS type, m.mime AS mime, m.id AS id, r.origins AS origins ORDER BY type
"""


@pytest.fixture
def here(settings: Settings, store: BlobStore, catalogue: Path, bring) -> Settings:
    """The settings of a graph that holds the catalogue."""
    bring(Catalogue(catalogue))
    return settings.model_copy(update={"minio_bucket": store.bucket})


def test_files_become_media_of_the_film_and_again_change_nothing(
    here: Settings, graph: Graph, store: BlobStore, tmp_path: Path
) -> None:
    poster = picture(tmp_path / "ronin.jpg", seed=5)
    review = tmp_path / "review.md"
    review.write_text("Five men and a case.")
    for files, created in (([poster, review], 4), ([review, poster, review], 0)):
        report = run(here, "ronin", files)
        assert (report.total.created, report.total.updated, report.rejected) == (created, 0, 0)
    text, image = sorted(graph.read(MEDIA, id="2"), key=lambda row: row["mime"], reverse=True)
    assert (image["type"], image["mime"], image["origins"]) == ("POSTER_OF", "image/jpeg", ["ronin.jpg"])
    assert (text["type"], store.get(text["id"])) == ("TEXT_OF", b"Five men and a case.")
    (row,) = graph.read("MATCH (i:Import {source: 'attach'}) RETURN i.path AS path, i.complete AS complete")
    assert row == {"path": "review.md, ronin.jpg to Item:2 (Movie) Ronin", "complete": True}
    undo.run(here, report.import_id)
    assert graph.read(MEDIA, id="2") == []
    assert not store.exists(image["id"])


def test_a_file_that_is_refused_costs_itself_alone(here: Settings, graph: Graph, tmp_path: Path) -> None:
    good, broken, odd = picture(tmp_path / "a.png", seed=6), tmp_path / "b.mp4", tmp_path / "c.xyz"
    broken.write_bytes(b"no video")
    odd.write_bytes(b"?")
    rejects = tmp_path / "rejects.jsonl"
    report = run(here, "2", [good, broken, odd], rejects=rejects)
    assert (report.counts["Poster"].created, report.rejected) == (1, 2)
    told = {row["file"]: row["reason"] for row in map(json.loads, rejects.read_text().splitlines())}
    assert "no readable video" in told["b.mp4"]
    assert "--kind" in told["c.xyz"]


def test_the_kind_is_what_it_is_told_to_be_if_the_file_agrees(
    here: Settings, graph: Graph, tmp_path: Path
) -> None:
    shot = picture(tmp_path / "shot.png", seed=7)
    assert run(here, "1", [shot], kind="still").counts["STILL_OF"].created == 1
    # The graph has the picture by now, which does not make it a trailer.
    report = run(here, "1", [shot], kind="trailer", rejects=tmp_path / "rejects.jsonl")
    assert (report.rejected, report.total.created) == (1, 0)


def test_what_another_import_brought_stays_whole_when_that_is_undone(
    here: Settings, graph: Graph, catalogue: Path, store: BlobStore
) -> None:
    report = run(here, "2", [catalogue / "media" / "1.png"])
    assert report.counts["Poster"].created == 0
    (theirs,) = graph.read("MATCH (i:Import {source: 'test'}) RETURN i.id AS id")
    undo.run(here, theirs["id"])
    (row,) = graph.read("MATCH (m:Media)-[:POSTER_OF]->(i) RETURN m AS media, i AS item")
    assert (row["media"]["mime"], row["media"]["width"]) == ("image/png", 30)
    assert store.get(row["media"]["sha256"]) == (catalogue / "media" / "1.png").read_bytes()
    assert row["item"] == {"id": "2", "imports": [], "origins": []}


def test_the_film_must_be_one(here: Settings, graph: Graph, tmp_path: Path) -> None:
    poster = picture(tmp_path / "p.png")
    graph.write("CREATE (:Item:Movie {id: 'remake', title: 'Heat'})")
    for movie, message in (
        ("Heat", "more than one"),
        ("Nothing", "there is no item"),
        ("User:a", "there is no"),
    ):
        with pytest.raises(InputError, match=message):
            run(here, movie, [poster])
    assert graph.read("MATCH (i:Import {source: 'attach'}) RETURN count(i) AS n") == [{"n": 0}]


def test_from_the_command_line(here: Settings, tmp_path: Path) -> None:
    def mmkg(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli", *arguments]
        environment = {**os.environ, "MINIO_BUCKET": here.minio_bucket}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    good, bad = picture(tmp_path / "good.png", seed=8), tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    rejects = str(tmp_path / "rejects.jsonl")
    done = mmkg("attach", "Heat", str(good), str(bad), "--json", "--rejects", rejects)
    assert (done.returncode, json.loads(done.stdout)["rejected"]) == (3, 1)
    assert mmkg("attach", "Heat", str(tmp_path / "missing.png")).returncode == 2
    assert mmkg("attach", "Heat").returncode == 2
    why = mmkg("why", "heat")
    assert (why.returncode, why.stderr) == (0, "")
    assert "good.png" in why.stdout
    assert json.loads(mmkg("why", "Item:1", "--json", "--relations", "1").stdout)["id"] == "1"
    unclear = mmkg("why", "nobody at all")
    assert (unclear.returncode, unclear.stdout) == (1, "")


def test_every_kind_of_media_can_be_told() -> None:
    assert set(MEDIA_KINDS) == set(KINDS)
    assert [medium.kind for medium in Attachments("1", [Path("a.txt"), Path("b.WEBM")]).media()] == [
        "Text",
        "Trailer",
    ]
