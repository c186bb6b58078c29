"""The web archive that a crawl writes: one gzip member a page, copied without a look inside."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from scrapy.http import Response
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from ingest.crawl.state import State

ARCHIVE = "crawl.warc.gz"
POSTERS = "posters.jsonl"
MEDIA = "media"
STATE = Path("state", "crawl.sqlite")
CHANGED = frozenset(
    {"content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "set-cookie"}
)
"""Headers that do not describe the page as it is kept: decoded, in one piece and for nobody in particular."""
PHRASES = {200: "OK"}


def record(response: Response) -> bytes:
    """Make the record of a page, compressed."""
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
        if name.decode("latin-1").lower() not in CHANGED
    ]
    headers.append(("Content-Length", str(len(response.body))))
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    status = f"{response.status} {PHRASES.get(response.status, '')}".strip()
    writer.write_record(
        writer.create_warc_record(
            response.url,
            "response",
            payload=io.BytesIO(response.body),
            http_headers=StatusAndHeaders(status, headers, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-IP-Address": str(response.ip_address)} if response.ip_address else {},
        )
    )
    return buffer.getvalue()


def publish(state: State, folder: Path) -> None:
    """Write the archive and the list of posters, each whole or not at all, and note that it was done."""

    def archive(file: IO[bytes]) -> None:
        for member in state.records():
            file.write(member)

    def posters(file: IO[bytes]) -> None:
        for poster in state.posters():
            file.write(json.dumps(poster, ensure_ascii=False).encode() + b"\n")

    written: dict[str, Callable[[IO[bytes]], None]] = {ARCHIVE: archive, POSTERS: posters}
    for name, write in written.items():
        with replacing(folder / name) as file:
            write(file)
    state.remember("published", "yes")


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes its name when all is written and safe on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
