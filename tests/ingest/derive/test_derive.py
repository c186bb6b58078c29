"""The command on real servers: what of a trailer comes into the graph, and that again changes nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import trailers
from click.testing import CliRunner

from cli import cli
from gnn.sampler import RippleSampler
from ingest.catalogue import Catalogue
from ingest.derive.command import Derivation
from ingest.derive.trailer import Studio
from ingest.facts import fact
from ingest.pipeline import ingest
from ingest.rows import FieldError
from kg import Graph
from kg.model import Node, Ref, Relation
from kg.undo import undo
from kg.writer import Writer
from mmkg.settings import Settings
from storage import BlobStore
from storage.blobs import key_of

EVERYTHING = """
MATCH (n) WHERE NOT n:Schema OPTIONAL MATCH (n)-[r]->(m)
RETURN labels(n) AS labels, n {.*, at: null} AS node, type(r) AS type, properties(r) AS properties,
       m.id AS end
ORDER BY n.id, labels, type, end
"""
RELATIONS = """
MATCH (a:Media)-[r]->(b) WHERE NOT type(r) IN ['TRAILER_OF', 'TEXT_OF', 'POSTER_OF']
RETURN labels(a)[1] AS start, type(r) AS type, labels(b)[1] AS end, count(*) AS number
"""
OF_TRAILER = """
MATCH (m:Movie {id: $film})<-[:TRAILER_OF]-(t)<-[r:CUT_FROM|FRAME_OF]-(n)
RETURN n.id AS id, labels(n)[1] AS label, properties(r) AS r, n.thumbnail AS thumbnail, n.origins AS origins,
       t.key AS key, EXISTS { (n)-->(m) } AS of_film
ORDER BY label, coalesce(r.start, r.seconds)
"""
ORDER = "MATCH (a:Media {id: $id})-[:NEXT_TO]->(b) RETURN b.id AS next"
AUDIO = (
    "MATCH (a:Audio)-[:SOUNDTRACK_OF]->(t) MATCH (a)-[:AUDIO_OF]->(m) RETURN a {.*} AS audio, m.id AS film"
)
MEDIA = "MATCH (m:Media) RETURN m.key AS key, m.thumbnail AS thumbnail"
IMPORTS = "MATCH (i:Import {source: 'derive'}) RETURN i.id AS id, i.complete AS complete"
LOSE = "MATCH (t:Trailer)-[:TRAILER_OF]->(:Movie {id: '2'}) RETURN t.id AS id"
FORGET = "MATCH (i:Import {source: 'derive'}) REMOVE i.complete"


@pytest.fixture
def films(graph: Graph, store: BlobStore, tmp_path: Path) -> Graph:
    """Two films: the trailer of the first has three scenes and a sound, that of the second two and none."""
    folder = tmp_path / "films"
    (folder / "media").mkdir(parents=True)
    (folder / "movies.csv").write_text("id,title\n1,Heat\n2,Ronin\n")
    (folder / "clicks.csv").write_text("user,item\na,1\na,2\n")
    sound = np.concatenate([trailers.chord(2), trailers.noise(2.5)])
    trailers.trailer(folder / "media" / "1.mp4", [24, 36, 48], sound=sound)
    trailers.trailer(folder / "media" / "2.mp4", [30, 30], seed=1)
    report = ingest(Catalogue(folder), graph, store, tmp_path / "r.jsonl", kind="catalogue", path=folder)
    assert not report.rejected
    return graph


def test_clips_stills_and_sound_of_each_trailer(films: Graph, store: BlobStore, tmp_path: Path) -> None:
    report = Derivation(films, store).write(tmp_path / "rejects.jsonl")
    assert (len(report.imports), report.skipped, report.rejected) == (2, 0, 0)
    assert not (tmp_path / "rejects.jsonl").exists()
    found = {(row["start"], row["type"], row["end"]): row["number"] for row in films.read(RELATIONS)}
    assert found == {
        ("Clip", "CUT_FROM", "Trailer"): 5,
        ("Clip", "CLIP_OF", "Movie"): 5,
        ("Clip", "NEXT_TO", "Clip"): 3,
        ("Still", "FRAME_OF", "Trailer"): 5,
        ("Still", "STILL_OF", "Movie"): 5,
        ("Still", "NEXT_TO", "Still"): 3,
        ("Audio", "SOUNDTRACK_OF", "Trailer"): 1,
        ("Audio", "AUDIO_OF", "Movie"): 1,
    }
    rows = films.read(OF_TRAILER, film="1")
    clips, stills = ([row for row in rows if row["label"] == label] for label in ("Clip", "Still"))
    assert [(row["r"]["start"], row["r"]["end"]) for row in clips] == [(0, 1), (1, 2.5), (2.5, 4.5)]
    for clip, still in zip(clips, stills, strict=True):
        assert clip["r"]["start"] <= still["r"]["seconds"] < clip["r"]["end"]
    for some in (clips, stills):
        for one, other in zip(some, [*some[1:], None], strict=True):
            assert [row["next"] for row in films.read(ORDER, id=one["id"])] == (
                [other["id"]] if other else []
            )
    assert all(row["of_film"] and row["origins"] == [row["key"]] for row in rows)
    assert all(still["thumbnail"] for still in stills)
    for row in films.read(MEDIA):
        assert all(store.exists(key.rpartition("/")[2]) for key in row.values() if key)


def test_the_sound_track_tells_what_is_heard(films: Graph, store: BlobStore) -> None:
    Derivation(films, store).write()
    ((audio, film),) = [(row["audio"], row["film"]) for row in films.read(AUDIO)]
    assert film == "1"
    assert audio["mime"] == "audio/flac"
    assert audio["segment_kinds"] == ["music", "noise"]
    assert len(audio["segment_starts"]) == len(audio["segment_ends"]) == 2
    assert audio["music_seconds"] == pytest.approx(2, abs=0.3)
    assert audio["voice_seconds"] == 0
    wave, rate = soundfile.read(BytesIO(store.get(audio["id"])))
    assert rate == trailers.SOUND_RATE
    assert len(wave) / rate == pytest.approx(4.5, abs=0.15)


def test_the_same_again_decodes_and_changes_nothing(
    films: Graph, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Derivation(films, store).write()
    before = films.read(EVERYTHING)
    with monkeypatch.context() as patch:
        patch.delattr(Studio, "derive")
        report = Derivation(films, store).write()
    assert (report.skipped, report.imports, report.total.created) == (2, [], 0)
    assert films.read(EVERYTHING) == before
    films.write(FORGET)  # as if it had been interrupted just before the end
    report = Derivation(films, store).write()
    assert (len(report.imports), report.total.created, report.total.updated) == (2, 0, 0)
    assert films.read(EVERYTHING) == before


def test_what_the_store_has_lost_is_derived_again(films: Graph, store: BlobStore) -> None:
    Derivation(films, store).write()
    lost = films.read(OF_TRAILER, film="1")[0]["id"]
    store.delete(lost)
    report = Derivation(films, store).write()
    assert (len(report.imports), report.skipped, report.total.created) == (1, 1, 0)
    assert store.exists(lost)


def test_a_kill_and_the_same_command_give_the_same_graph(films: Graph, store: BlobStore) -> None:
    derivation = Derivation(films, store)
    derivation.write()
    expected = films.read(EVERYTHING)
    for row in films.read(IMPORTS):
        undo(films, row["id"], store.delete_keys)
    code = "from ingest.derive.command import run; from mmkg.settings import Settings; run(Settings.load())"
    environment = {**os.environ, "MINIO_BUCKET": store.bucket}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while process.poll() is None and not films.read(IMPORTS):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert films.read(EVERYTHING) != expected
    Derivation(films, store).write()
    assert films.read(EVERYTHING) == expected


def test_an_import_of_it_can_be_taken_back(films: Graph, store: BlobStore) -> None:
    before = films.read(EVERYTHING)
    Derivation(films, store).write()
    blobs = [row["key"] for row in films.read(MEDIA)]
    for row in films.read(IMPORTS):
        undo(films, row["id"], store.delete_keys)
    assert films.read(EVERYTHING) == before
    kept = {row["key"] for row in films.read(MEDIA)}
    assert {key_of(sha256) for sha256 in store.list_sha256()} & {*blobs} == kept


def test_a_trailer_that_cannot_be_decoded_costs_one_reject(
    films: Graph, store: BlobStore, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((lost,),) = [row.values() for row in films.read(LOSE)]
    store.delete(lost)
    monkeypatch.setenv("MINIO_BUCKET", store.bucket)
    rejects = tmp_path / "rejects.jsonl"
    result = CliRunner().invoke(cli, ["derive", "--highlights", "1", "--json", "--rejects", str(rejects)])
    assert result.exit_code == 3, result.stderr
    document = json.loads(result.stdout)
    assert (len(document["imports"]), document["skipped"], document["rejected"]) == (1, 0, 1)
    assert document["counts"]["Clip"]["created"] == 1
    (line,) = rejects.read_text().splitlines()
    assert json.loads(line)["file"] == key_of(lost)
    assert json.loads(line)["value"] == "Ronin"


def test_the_models_see_what_was_derived(films: Graph, store: BlobStore) -> None:
    Derivation(films, store).write()
    whole = RippleSampler(films).snapshot()
    assert whole.graph.num_edges(("video", "CUT_FROM", "video")) == 5
    assert whole.graph.num_edges(("image", "FRAME_OF", "video")) == 5
    assert whole.graph.num_edges(("image", "NEXT_TO", "image")) == 3
    assert whole.graph.num_edges(("audio", "SOUNDTRACK_OF", "video")) == 1
    ripple = RippleSampler(films, hops=3).sample(["a"])
    assert {kind: ripple.count(kind) for kind in ("video", "image", "audio")} == {
        "video": 7,
        "image": 5,
        "audio": 1,
    }


@pytest.mark.parametrize("relation", ["cut from", "frame of", "next to", "soundtrack of"])
def test_no_table_of_triples_states_such_relations(relation: str) -> None:
    with pytest.raises(FieldError):
        fact(relation)


def test_a_blob_that_is_no_video_states_nothing(graph: Graph, store: BlobStore, tmp_path: Path) -> None:
    blob = store.put_bytes(b"no video at all" * 1000, "video/mp4")
    writer = Writer(graph, "test")
    writer.nodes([Node("Item", "1", "Movie"), Node("Media", blob.sha256, "Trailer", {"key": blob.key})])
    writer.relations([Relation("TRAILER_OF", Ref("Media", blob.sha256), Ref("Item", "1"))])
    before = graph.read(EVERYTHING)
    report = Derivation(graph, store).write(tmp_path / "rejects.jsonl")
    assert (report.rejected, report.imports) == (1, [])
    assert graph.read(EVERYTHING) == before
