"""Files made to harm: each costs one reject, and what is not harmful is taken."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from pathlib import Path

import av
import decoders
import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_files import poster, sound, trailer

from ingest import uploads
from ingest.catalogue import Catalogue
from ingest.media import PROBERS, examine
from ingest.workers import Workers
from kg import Graph
from mmkg.errors import MediaError
from storage import BlobStore
from storage.blobs import sha256_of

REAL = Path(__file__).parents[3] / "shared" / "data" / "media" / "big-buck-bunny-30s.mp4"
FORMATS = {
    "Poster": ("jpg", "png", "webp", "gif", "bmp", "tiff"),
    "Audio": ("wav", "flac", "ogg", "mp3", "aiff"),
    "Trailer": ("mp4", "mkv", "avi", "mov"),
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """Of each kind, files of several formats."""
    folder = tmp_path_factory.mktemp("originals")
    makers = {
        "Poster": poster,
        "Audio": lambda path: sound(path, seconds=0.2),
        "Trailer": lambda path: trailer(path, frames=6, audio=True, faststart=path.suffix == ".mp4"),
    }
    paths = {
        kind: [makers[kind](folder / f"a.{extension}") for extension in FORMATS[kind]] for kind in FORMATS
    }
    if REAL.is_file():
        with REAL.open("rb") as file:
            (folder / "real.mp4").write_bytes(file.read(200_000))
        paths["Trailer"].append(folder / "real.mp4")
    return {kind: [path.read_bytes() for path in made] for kind, made in paths.items()}


@pytest.fixture(scope="module")
def workers():
    with Workers(1, memory=1 << 30) as workers:
        yield workers


@st.composite
def harmed(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """Draw a file with bytes changed, or cut off, or with the end or the middle of another."""
    data = bytearray(draw(st.sampled_from(files)))
    if draw(st.booleans()):
        other = draw(st.sampled_from(files))
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(other))] * 2)))
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.sampled_from((0, end - start)))] = other[start:end]
    # Headers are where sizes and offsets stand.
    places = st.one_of(st.integers(0, min(200, max(0, len(data) - 1))), st.integers(0, max(0, len(data) - 1)))
    for _ in range(draw(st.integers(0, 20)) if data else 0):
        data[draw(places)] = draw(st.one_of(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)), st.integers(0, 255)))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data)


@pytest.mark.parametrize("kind", sorted(FORMATS))
@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_harmed_file_is_examined_or_refused_and_the_next_one_is_taken(
    originals, workers: Workers, tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    path = tmp_path / "harmed"
    path.write_bytes(data.draw(harmed(originals[kind])))
    try:
        properties, thumbnail = workers.run(examine, path, kind, seconds=30)
    except MediaError as error:
        assert error.what  # noqa: PT017  # both ends are right
    else:
        assert properties["mime"]
        assert bool(thumbnail) == (kind == "Poster")
    path.write_bytes(originals[kind][0])
    assert workers.run(examine, path, kind)[0]["mime"]


def test_a_video_that_starts_over_and_over_is_ended(workers: Workers, tmp_path: Path) -> None:
    """It claims one second, and its clock never goes past it."""
    path = tmp_path / "endless.ts"
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=24)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for _ in range(24):
            black = np.zeros((480, 640, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
        container.mux(stream.encode())
    assert workers.run(examine, path, "Trailer")[0]["seconds"] == 1.0
    path.write_bytes(path.read_bytes() * 2000)
    with pytest.raises(MediaError, match=r"longer than 0\.1 s"):
        workers.run(examine, path, "Trailer", seconds=0.1)


def bomb(path: Path, side: int) -> None:
    """Write a PNG of side x side black pixels, in a file that is many times smaller."""
    deflate = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    data = b"".join(deflate.compress(row) for _ in range(side)) + deflate.flush()
    chunks = {b"IHDR": struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0), b"IDAT": data, b"IEND": b""}
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, content in chunks.items():
            file.write(struct.pack(">I", len(content)) + name + content)
            file.write(struct.pack(">I", zlib.crc32(name + content)))


HOSTILE = {
    "sleep": "it takes longer than 3 s to decode",
    "crash": "it crashes the decoder (SIGSEGV)",
    "leave": "it ends the decoder (exit code 7)",
    "allocate": "it takes more than 2048 MB of memory to decode",
    "bomb": "the picture has more than 50000000 pixels, which is the limit",
}
"""What a file does, and the reason that its reject has."""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")
def test_each_hostile_file_costs_one_reject_and_the_others_are_taken(
    catalogue: Path, graph: Graph, store: BlobStore, tmp_path: Path, bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = {kind: replace(prober, seconds=3) for kind, prober in PROBERS.items()}
    monkeypatch.setattr(uploads, "PROBERS", limited)
    monkeypatch.setattr(uploads, "examine", decoders.examine_unless_told_otherwise)
    pictures = catalogue / "pictures"
    pictures.mkdir()
    films = ["id,title,poster"]
    for number, name in enumerate(HOSTILE):
        path = pictures / f"{name}.png"
        bomb(path, 50_000) if name == "bomb" else path.write_bytes(f"please {name}".encode())
        poster(pictures / f"good{number}.png", shift=number)
        films += [f"bad{number},Bad,pictures/{name}.png", f"good{number},Good,pictures/good{number}.png"]
    (catalogue / "movies.csv").write_text("\n".join([*films, ""]))
    (catalogue / "clicks.csv").unlink()
    (catalogue / "media" / "1.png").unlink()
    report = bring(Catalogue(catalogue))
    rejects = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert {reject["value"]: reject["reason"] for reject in rejects} == {
        f"{name}.png": reason for name, reason in HOSTILE.items()
    }
    assert report.rejected == len(rejects) == 5
    taken = graph.read("MATCH (p:Poster)-[:POSTER_OF]->(m) RETURN m.id AS id, p.thumbnail AS small")
    assert {row["id"] for row in taken} == {f"good{number}" for number in range(5)}
    assert all(store.exists(sha256_of(row["small"])) for row in taken)


INGEST = """
import decoders
from ingest import uploads

uploads.examine = decoders.examine_unless_told_otherwise
import cli
cli.main()
"""


def test_ctrl_c_waits_for_no_decoder(catalogue: Path, graph: Graph, tmp_path: Path) -> None:
    media = catalogue / "media"
    (media / "2.png").write_bytes(b"please sleep")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", INGEST, "ingest", "catalogue", str(catalogue)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (media / "2.asleep").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        workers = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in messages
    assert workers
    assert not any(worker.is_running() for worker in workers)
    assert graph.read("MATCH (m:Movie) RETURN count(m) AS films") == [{"films": 2}]
