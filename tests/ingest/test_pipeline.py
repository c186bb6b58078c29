import json
import os
import random
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from ingest import Report, run
from ingest.catalogue import Catalogue
from ingest.films import Films
from ingest.folder import MediaFolder
from ingest.source import Together
from kg import Graph
from kg.model import Ref
from kg.writer import Counts
from mmkg.errors import ConnectError, InputError, UsageError
from mmkg.settings import Settings
from storage import BlobStore
from storage.blobs import key_of, sha256_of

from .conftest import picture

NODES = """
MATCH (n) WHERE NOT n:Schema
RETURN labels(n) AS labels, n {.*, at: null} AS properties ORDER BY n.id, labels
"""
RELATIONS = """
MATCH (a)-[r]->(b) RETURN a.id AS start, type(r) AS type, b.id AS end, properties(r) AS properties
ORDER BY start, type, end
"""
MEDIA = "MATCH (m:Media)-[r]->(i:Item) RETURN m AS media, type(r) AS type, i.id AS item ORDER BY type, item"
AS_OLDER_VERSIONS = """
MATCH (m:Media) WHERE m.codec IS NOT NULL OR m.thumbnail IS NOT NULL
REMOVE m.thumbnail, m.thumbnail_width, m.thumbnail_height, m.colour, m.codec
"""
IMPORT = "MATCH (i:Import) RETURN i AS import"


def contents(graph: Graph) -> tuple:
    return graph.read(NODES), graph.read(RELATIONS)


def test_the_second_run_changes_nothing(catalogue: Path, graph: Graph, bring) -> None:
    first = bring(Catalogue(catalogue))
    assert first.total.created == sum(map(len, contents(graph))) - 1  # the Import node is nobody's statement
    assert first.rejected == 0
    before = contents(graph)
    second = bring(Catalogue(catalogue))
    assert (second.total.created, second.total.updated) == (0, 0)
    assert second.import_id == first.import_id
    assert contents(graph) == before
    (row,) = graph.read(IMPORT)
    assert row["import"]["created"] == first.total.created
    assert row["import"]["complete"] is True


def test_media_are_in_the_store_and_say_what_they_are(
    catalogue: Path, graph: Graph, store: BlobStore, bring
) -> None:
    report = bring(Catalogue(catalogue))
    poster, text = graph.read(MEDIA)
    assert (poster["type"], poster["item"]) == ("POSTER_OF", "1")
    stated = poster["media"]
    assert (stated["mime"], stated["width"], stated["height"]) == ("image/png", 30, 40)
    assert store.get(stated["sha256"]) == (catalogue / "media" / "1.png").read_bytes()
    assert (text["type"], text["media"]["mime"]) == ("TEXT_OF", "text/plain; charset=utf-8")
    assert store.get(text["media"]["id"]) == b"A thief and a policeman."
    assert (report.counts["Poster"].created, report.counts["TEXT_OF"].created) == (1, 1)


def test_a_blob_that_was_lost_is_brought_again(
    catalogue: Path, store: BlobStore, graph: Graph, bring
) -> None:
    bring(Catalogue(catalogue))
    sha256 = graph.read(MEDIA)[0]["media"]["sha256"]
    store.delete(sha256)
    report = bring(Catalogue(catalogue))
    assert store.exists(sha256)
    assert (report.total.created, report.total.updated) == (0, 0)


def test_a_poster_has_a_thumbnail_in_the_store(
    catalogue: Path, graph: Graph, store: BlobStore, bring
) -> None:
    Image.new("RGB", (1000, 1500), "teal").save(catalogue / "media" / "1.png")
    bring(Catalogue(catalogue))
    stated = graph.read(MEDIA)[0]["media"]
    small = sha256_of(stated["thumbnail"])
    with Image.open(BytesIO(store.get(small))) as image:
        assert image.size == (stated["thumbnail_width"], stated["thumbnail_height"]) == (171, 256)
    store.delete(small)
    assert bring(Catalogue(catalogue)).total.updated == 0
    assert store.exists(small)


def test_what_an_older_version_brought_is_completed_once(catalogue: Path, graph: Graph, bring) -> None:
    soundfile.write(catalogue / "media" / "1.wav", np.ones(8000), 8000)
    bring(Catalogue(catalogue))
    before = graph.read(MEDIA)
    graph.write(AS_OLDER_VERSIONS)
    assert bring(Catalogue(catalogue)).total.updated == 2
    assert graph.read(MEDIA) == before
    assert bring(Catalogue(catalogue)).total.updated == 0


def test_a_picture_shows_a_person(catalogue: Path, graph: Graph, store: BlobStore, bring) -> None:
    (catalogue / "people.csv").write_text("id,name,image\np1,Al Pacino,portraits/p1.png\n")
    (catalogue / "portraits").mkdir()
    picture(catalogue / "portraits" / "p1.png", seed=5)
    report = bring(Catalogue(catalogue))
    assert (report.counts["Still"].created, report.counts["IMAGE_OF"].created) == (1, 1)
    (row,) = graph.read(
        "MATCH (s:Media:Still)-[:IMAGE_OF]->(p:Person) RETURN s.thumbnail AS small, p.id AS id"
    )
    assert row["id"] == "p1"
    assert store.exists(sha256_of(row["small"]))
    again = bring(Catalogue(catalogue))
    assert (again.total.created, again.total.updated) == (0, 0)
    picture(catalogue / "portraits" / "p1.png", seed=6)
    assert bring(Catalogue(catalogue)).import_id != report.import_id


def test_every_fault_has_its_own_reason_and_the_good_is_kept(
    catalogue: Path, graph: Graph, store: BlobStore, tmp_path: Path, bring
) -> None:
    media = catalogue / "media"
    (media / "2.png").write_bytes(b"this is no image")
    picture(media / "99.png", seed=9)
    (media / "notes.txt").write_text("not media")
    soundfile.write(media / "1.wav", np.zeros(8000), 8000)
    with (catalogue / "clicks.csv").open("a") as file:
        file.write("a,77,5,1\nb,2,nan,1\n")
    report = bring(Catalogue(catalogue))
    rejects = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    by_place = {(reject["file"], reject["line"]): reject["reason"] for reject in rejects}
    assert by_place.pop(("media/2.png", 0)).startswith("the file is no readable image")
    assert by_place == {
        ("media/99.png", 0): "unknown item",
        ("media/notes.txt", 0): "the extension is none of a poster, trailer or sound",
        ("clicks.csv", 5): "unknown item",
        ("clicks.csv", 6): "not a finite number",
    }
    assert report.rejected == 5 == sum(report.reasons.values())
    assert report.reasons["unknown item"] == 2
    assert report.rejects_path == tmp_path / "rejects.jsonl"
    assert report.warnings == ["1.wav: silence"]
    assert report.counts["CLICKED"] == Counts(created=2, rejected=1)
    stated = [row["media"] for row in graph.read(MEDIA)]
    assert set(store.list_sha256()) == {
        sha256_of(key) for media in stated for key in (media["key"], media.get("thumbnail")) if key
    }
    assert bring(Catalogue(catalogue)).warnings == ["1.wav: silence"]


def test_without_rejects_there_is_no_file(catalogue: Path, tmp_path: Path, bring) -> None:
    report = bring(Catalogue(catalogue))
    assert report.rejects_path is None
    assert not list(tmp_path.glob("rejects*"))


def test_a_table_of_films_fills_the_gaps_of_another_source(
    catalogue: Path, tmp_path: Path, graph: Graph, bring
) -> None:
    films = tmp_path / "films.csv"
    films.write_text("item_id,title,year,plot,cast\n2,Ronin (1998),1999,Five men.,Jean Reno\n")
    for expected in (True, False):
        report = bring(Together([Catalogue(catalogue), Films(films, fills=True)]))
        assert (report.total.created > 0) == expected
    (row,) = graph.read("MATCH (m:Movie {id: '2'}) RETURN m.title AS title, m.year AS year, m.plot AS plot")
    assert row == {"title": "Ronin", "year": 1998, "plot": "Five men."}


def test_the_import_is_named_by_what_is_read_and_how(catalogue: Path, tmp_path: Path, bring) -> None:
    first = bring(Catalogue(catalogue)).import_id
    assert bring(Catalogue(catalogue), options={"min_rating": 3}).import_id != first
    moved = catalogue.rename(tmp_path / "elsewhere")
    assert bring(Catalogue(moved)).import_id == first
    picture(moved / "media" / "2.png", seed=2)
    assert bring(Catalogue(moved)).import_id != first


def test_two_posters_of_the_same_bytes_are_one_node(catalogue: Path, graph: Graph, bring) -> None:
    picture(catalogue / "media" / "2.png")
    report = bring(Catalogue(catalogue))
    assert report.counts["Poster"] == Counts(created=1, unchanged=1)
    assert report.counts["POSTER_OF"] == Counts(created=2)


def test_an_interruption_leaves_what_the_next_run_completes(catalogue: Path, graph: Graph, bring) -> None:
    class Interrupted(Catalogue):
        def relations(self):
            yield next(super().relations())
            raise KeyboardInterrupt

    bring(Catalogue(catalogue))
    expected = contents(graph)
    graph.write("MATCH (n) WHERE NOT n:Schema DETACH DELETE n")
    with pytest.raises(KeyboardInterrupt):
        bring(Interrupted(catalogue))
    assert contents(graph) != expected
    bring(Catalogue(catalogue))
    assert contents(graph) == expected


INGEST = """
import sys
from pathlib import Path
from ingest.catalogue import Catalogue
from ingest.pipeline import ingest
from kg import Graph, writer
from mmkg.settings import Settings
from storage import BlobStore

writer.Writer.__init__.__defaults__ = (50, *writer.Writer.__init__.__defaults__[1:])
settings = Settings.model_validate_json(sys.argv[1])
secrets = dict(neo4j_password=sys.argv[2], minio_secret_key=sys.argv[3])
settings = Settings(**{**settings.model_dump(), **secrets})
with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
    print("ready", flush=True)
    catalogue, rejects = map(Path, sys.argv[4:])
    ingest(Catalogue(catalogue), graph, store, rejects, kind="test", path=rejects.parent)
"""


def test_kill_at_any_moment_and_the_same_command_again(
    catalogue: Path, settings: Settings, graph: Graph, store: BlobStore, tmp_path: Path, bring
) -> None:
    chance = random.Random(4)
    with (catalogue / "movies.csv").open("a") as file:
        file.writelines(f"m{i},Film {i},1990,Plot {i},,Actor {i % 50},\n" for i in range(300))
    with (catalogue / "clicks.csv").open("a") as file:
        file.writelines(f"u{i % 40},m{chance.randrange(300)},4,{i}\n" for i in range(2000))
    bring(Catalogue(catalogue))
    expected, blobs = contents(graph), set(store.list_sha256())
    bucket = settings.model_copy(update={"minio_bucket": store.bucket})
    command = [
        *(sys.executable, "-c", INGEST, bucket.model_dump_json()),
        *(settings.neo4j_password.get_secret_value(), settings.minio_secret_key.get_secret_value()),
        *(str(catalogue), str(tmp_path / "rejects.jsonl")),
    ]
    for _ in range(3):
        graph.run_auto_commit("MATCH (n) WHERE NOT n:Schema DETACH DELETE n")
        store.delete_keys(map(key_of, blobs))
        child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.1, 1.5))
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        bring(Catalogue(catalogue))
        assert contents(graph) == expected
        assert set(store.list_sha256()) == blobs


@pytest.mark.parametrize("shift", [0, 1])
def test_links_that_belong_to_another_catalogue_are_doubted(
    tmp_path: Path, settings: Settings, graph: Graph, store: BlobStore, shift: int
) -> None:
    numbers = range(60)
    tables = {
        "toy.item": ("item_id:token\ttitle:token_seq", (f"{i}\tFilm {i}" for i in numbers)),
        "toy.inter": ("user_id:token\titem_id:token", ()),
        "toy.link": ("item_id:token\tentity_id:token", (f"{(i + shift) % 60}\tm.{i}" for i in numbers)),
        "toy.kg": (
            "head_id:token\trelation_id:token\ttail_id:token",
            (f"m.{i}\tfilm.film.directed_by\tm.d{i // 2}" for i in numbers),
        ),
        "films.csv": ("id,title,directors", (f"{i},Film {i},Director {i // 2}" for i in numbers)),
    }
    for name, (heading, rows) in tables.items():
        (tmp_path / name).write_text("\n".join([heading, *rows, ""]))
    here = settings.model_copy(update={"minio_bucket": store.bucket})
    warnings = run("recbole", tmp_path, here, films=tmp_path / "films.csv").warnings
    assert ["another catalogue" in warning for warning in warnings] == [True] * shift


def test_run_with_options(catalogue: Path, settings: Settings, graph: Graph, store: BlobStore) -> None:
    posters = catalogue / "posters"
    posters.mkdir()
    picture(posters / "2.jpg", seed=3)
    report = run(
        "catalogue",
        catalogue,
        settings.model_copy(update={"minio_bucket": store.bucket}),
        posters=posters,
        min_rating=5,
        rejects=catalogue / "rejects.jsonl",
    )
    assert isinstance(report, Report)
    assert report.counts["Poster"].created == 2
    assert (report.counts["CLICKED"].created, report.counts["RATED"].created) == (1, 2)
    assert json.loads(json.dumps(report.to_json()))["total"]["created"] == report.total.created
    assert list(report.rows())[-1][0] == "all"
    assert report.import_id in report.title()


def test_nothing_is_written_for_a_source_that_cannot_be_read(
    catalogue: Path, settings: Settings, graph: Graph
) -> None:
    with pytest.raises(InputError, match="no such folder"):
        run("catalogue", catalogue, settings, posters=catalogue / "none")
    with pytest.raises(InputError, match=r"Looked for u.data"):
        run("movielens", catalogue, settings)
    with pytest.raises(UsageError, match="--split"):
        run("catalogue", catalogue, settings, split=catalogue)
    with pytest.raises(ConnectError):
        run("catalogue", catalogue, settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:9"}))
    assert graph.read("MATCH (n:Import) RETURN count(n) AS imports") == [{"imports": 0}]


def test_a_folder_of_media_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    picture(tmp_path / "1.jpg")
    (tmp_path / "2.mp4").write_bytes(b"")
    (tmp_path / ".hidden").write_bytes(b"")
    poster, reject = MediaFolder(tmp_path, "Poster").media()
    assert (poster.kind, poster.of) == ("Poster", Ref("Item", "1"))
    assert (reject.reason, reject.value) == ("the extension is none of a poster", ".mp4")
