"""How fast media are decoded: ours in worker processes, against Pillow and ffmpeg in one thread, in one run.

    MMKG_HOME=/tmp/media python benchmarks/media.py DATA [--video FILE] [--repeats 3]

DATA holds a folder `posters`. Ours decodes from end to end, hashes and makes thumbnails; Pillow opens,
decodes and makes a thumbnail; ffmpeg decodes the pictures to nowhere. ffmpeg is that of the package
imageio-ffmpeg (`pip install imageio-ffmpeg`) or else the one on PATH; without either its row is missing. The
servers that run on MMKG_HOME are used, or started; the blobs go into buckets of their own, which are removed.
`mmkg derive` finds the shots and makes clips, stills and a sound track, and uploads them.
The repeats take turns, and the median stands in the table.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

from PIL import Image

from ingest.derive.command import CLIP_SECONDS, HIGHLIGHTS
from ingest.derive.trailer import Studio, Trailer
from ingest.digests import Digests
from ingest.media import PROBERS, examine, probe
from ingest.source import MediaKind
from ingest.thumbnails import MIME, SIDE
from ingest.uploads import THREADS, WORKERS
from ingest.workers import Workers
from mmkg import servers
from mmkg.console import log, print_table
from mmkg.settings import Settings
from storage import BlobStore

HEADINGS = ("what", "images/s", "seconds of video/s")
Job = Callable[[Sequence[Path], MediaKind, BlobStore], None]
"""Deals with some files of a kind; the store is empty."""


def main() -> None:
    """Take the times and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--video", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    posters = sorted((arguments.data / "posters").iterdir())
    videos = [arguments.video] if arguments.video else []
    seconds = sum(float(probe(video, "Trailer")["seconds"]) for video in videos)
    servers.up(Settings.load())
    settings = Settings.load()
    with Workers(WORKERS) as workers:
        ours: dict[str, Job] = {
            "mmkg: decode, hash, thumbnail": partial(decode, workers),
            "mmkg: and upload": partial(upload, workers),
        }
        jobs: list[tuple[str, Job, list[Path], MediaKind]]
        jobs = [(name, job, posters, "Poster") for name, job in ours.items()]
        jobs.append(("Pillow, one thread: decode, thumbnail", pillow, posters, "Poster"))
        if videos:
            jobs += [(name, job, videos, "Trailer") for name, job in ours.items()]
            jobs.append(("mmkg derive", partial(derive, workers), videos, "Trailer"))
            if ffmpeg() is not None:
                jobs.append(("ffmpeg, one thread: decode", by_ffmpeg, videos, "Trailer"))
        in_threads(lambda path: workers.run(examine, path, "Poster"), posters[: 8 * WORKERS])  # they start
        times: dict[tuple[str, MediaKind], list[float]] = {}
        for repeat in range(arguments.repeats):
            log(f"Repeat {repeat + 1} of {arguments.repeats}")
            for name, job, files, kind in jobs:
                with bucket(settings) as store:
                    start = perf_counter()
                    job(files, kind, store)
                    times.setdefault((name, kind), []).append(perf_counter() - start)
    amounts: dict[MediaKind, float] = {"Poster": len(posters), "Trailer": seconds}
    rates = {key: amounts[key[1]] / median(taken) for key, taken in times.items()}
    rows = [
        (name, *(f"{rates[name, kind]:.0f}" if (name, kind) in rates else "" for kind in amounts))
        for name in dict.fromkeys(name for name, _ in rates)
    ]
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs, {WORKERS} workers, {date.today()}"
    print_table(HEADINGS, rows, title=f"{len(posters)} posters, {seconds:g} s of video; {machine}")


def decode(workers: Workers, files: Sequence[Path], kind: MediaKind, _store: BlobStore) -> None:
    """Hash and examine, as the ingest does before it uploads."""
    digests = Digests()

    def one(path: Path) -> None:
        digests.of_file(path)
        workers.run(examine, path, kind, seconds=PROBERS[kind].seconds)

    in_threads(one, files)


def upload(workers: Workers, files: Sequence[Path], kind: MediaKind, store: BlobStore) -> None:
    """Hash, examine and upload, as the ingest does."""
    digests = Digests()

    def one(path: Path) -> None:
        digests.of_file(path)
        properties, thumbnail = workers.run(examine, path, kind, seconds=PROBERS[kind].seconds)
        store.put_file(path, str(properties["mime"]))
        if thumbnail:
            store.put_bytes(thumbnail, MIME)

    in_threads(one, files)


def derive(workers: Workers, files: Sequence[Path], _kind: MediaKind, store: BlobStore) -> None:
    """Upload trailers, and derive and upload clips, stills and sound tracks, as `mmkg derive` does."""
    studio = Studio(store, workers, HIGHLIGHTS, CLIP_SECONDS)

    def one(path: Path) -> None:
        blob = store.put_file(path, "video/mp4")
        studio.derive(Trailer(blob.sha256, blob.key, [], path.name))

    in_threads(one, files)


def pillow(files: Sequence[Path], _kind: MediaKind, _store: BlobStore) -> None:
    """Decode each image and make a thumbnail of it."""
    for path in files:
        with Image.open(path) as image:
            image.load()
            image.thumbnail((SIDE, SIDE))


def by_ffmpeg(files: Sequence[Path], _kind: MediaKind, _store: BlobStore) -> None:
    """Decode each video's pictures to nowhere."""
    for path in files:
        command = [str(ffmpeg()), "-v", "error", "-threads", "1", "-i", str(path), "-an", "-f", "null", "-"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def ffmpeg() -> str | None:
    """Return the program, None where there is none."""
    if find_spec("imageio_ffmpeg"):
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    return shutil.which("ffmpeg")


def in_threads(function: Callable[[Path], object], files: Sequence[Path]) -> None:
    """Call the function for each file in as many threads as the ingest has."""
    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(function, files):
            pass


@contextmanager
def bucket(settings: Settings) -> Iterator[BlobStore]:
    """Open a new bucket, and remove it at the end."""
    name = f"benchmark-{uuid.uuid4().hex}"
    with BlobStore.connect(settings.model_copy(update={"minio_bucket": name})) as store:
        try:
            yield store
        finally:
            for sha256 in list(store.list_sha256()):
                store.delete(sha256)
            store.client.remove_bucket(name)


if __name__ == "__main__":
    main()
