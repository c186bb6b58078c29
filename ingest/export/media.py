"""The blobs of an export: `media/ab/<SHA-256>`, as the store has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from ingest.digests import Digests
from ingest.thumbnails import MIME
from kg.dump import NodeRecord
from kg.model import BLOB_KEYS
from mmkg.errors import InputError
from storage import BlobStore
from storage.blobs import SHA256, sha256_of

FOLDER = "media"
THREADS = 8
BATCH_SIZE = 1000
OTHER = "application/octet-stream"

T = TypeVar("T")


def save(nodes: Iterable[NodeRecord], store: BlobStore, folder: Path) -> int:
    """Copy the blobs of the media among the nodes into a folder, unless they are there; return how many.

    Raises:
        StoreError: a blob is missing or damaged, or the file cannot be written.
    """

    def one(blob: tuple[str, str]) -> None:
        path = _path(folder, blob[0])
        if not _is_whole(path, blob[0]):
            path.parent.mkdir(parents=True, exist_ok=True)
            store.get_file(blob[0], path)

    return _each(_blobs(nodes), one)


def check(nodes: Iterable[NodeRecord], folder: Path) -> int:
    """Check that the blobs of the media among the nodes are there as they were; return how many.

    Raises:
        InputError: one is missing or differs.
    """

    def one(blob: tuple[str, str]) -> None:
        path = _path(folder, blob[0])
        if not _is_whole(path, blob[0]):
            raise InputError(
                "the file is not what was exported: its name is not its SHA-256"
                if path.is_file()
                else "the file is missing",
                where=str(path),
                remedy="Copy the folder anew, or export again; nothing was written",
            )

    return _each(_blobs(nodes), one)


def load(nodes: Iterable[NodeRecord], store: BlobStore, folder: Path) -> int:
    """Upload the blobs of the media among the nodes, unless the store has them; return how many there are.

    Raises:
        StoreError: the store refuses one.
    """

    def one(blob: tuple[str, str]) -> None:
        store.put_file(_path(folder, blob[0]), blob[1])

    return _each(_blobs(nodes), one)


def _blobs(nodes: Iterable[NodeRecord]) -> Iterator[tuple[str, str]]:
    """Yield SHA-256 and type of each medium and of its thumbnail."""
    for node in nodes:
        if node.kind == "Media":
            for name in BLOB_KEYS:
                sha256 = sha256_of(str(node.properties.get(name)))
                if SHA256.fullmatch(sha256):
                    yield sha256, MIME if name == "thumbnail" else str(node.properties.get("mime", OTHER))


def _each(things: Iterator[T], do: Callable[[T], None]) -> int:
    done = 0
    with ThreadPoolExecutor(THREADS) as pool:
        while batch := list(islice(things, BATCH_SIZE)):
            for _ in pool.map(do, batch):
                done += 1
    return done


def _path(folder: Path, sha256: str) -> Path:
    return folder / FOLDER / sha256[:2] / sha256


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and Digests().of_file(path) == sha256
