"""The web pages of a web archive (WARC), one at a time: a damaged record costs itself."""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader, DecompressingBufferedReader

from ingest.crawl.options import MAX_PAGE_BYTES
from ingest.lines import GZIP, MAX_LINE, SHOWN
from ingest.pages import Page, read_page
from kg.model import Origin, Reject
from mmkg.errors import InputError

CHUNK = 1 << 16
PARTS = ("image/", "video/", "audio/", "font/", "text/css", "text/javascript", "application/javascript")
"""Types of what a browser fetches for a page, which an archive holds too."""
RECORDS = frozenset({"response", "resource"})
PLAIN = {"", "identity", "none"}
WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""How zlib is told each content encoding; some servers leave the frame of `deflate` out."""


class Saved(NamedTuple):
    """A page as it is kept."""

    url: str
    content_type: str
    body: bytes
    """Without any encoding of the transfer."""


class _DamagedError(Exception):
    """A record cannot be used, for this reason."""


class _Reader(DecompressingBufferedReader):  # type: ignore[misc]
    """Warcio's reader, but what cannot be unpacked is an error, and no line fills the memory."""

    def readline(self, length: int | None = None) -> bytes:
        return bytes(super().readline(length or MAX_LINE))

    def _decompress(self, data: bytes) -> bytes:
        if self.decompressor and data and self.num_read:
            return bytes(self.decompressor.decompress(data))
        return bytes(super()._decompress(data))


class _Records(ArchiveIterator):  # type: ignore[misc]
    """Warcio's iterator, which says nothing on standard error."""

    INC_RECORD = ""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.source = self.reader = _Reader(file)

    def is_at_end(self) -> bool:
        """Tell whether all of the file was read: warcio takes an empty line for its end."""
        return not self.source.rem_length() and not self.fh.read(1)


def read_archive(path: Path) -> Iterator[Page | Reject]:
    """Yield what each page of an archive states, and what is no page.

    Raises:
        InputError: the file cannot be read.
    """
    for saved in saved_pages(path):
        if isinstance(saved, Reject):
            yield saved
        else:
            origin = None if saved.url.startswith("http") else Origin(path.name)
            yield read_page(saved.url, saved.body, saved.content_type, origin)


def saved_pages(path: Path) -> Iterator[Saved | Reject]:
    """Yield the pages of an archive; a run of damaged records costs one reject, and those after it are read.

    Answers other than 200, redirects and requests are left out, and so is what browsers fetch for a page.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _saved_pages(file, path.name)
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror})", where=str(path)) from None


def _saved_pages(file: IO[bytes], name: str) -> Iterator[Saved | Reject]:
    start, told = 0, False
    while start >= 0:
        file.seek(start)
        records = _Records(file)
        try:
            for record in records:
                try:
                    saved = _page(record)
                except _DamagedError as error:
                    yield Reject(name, 0, "record", str(error), _url(record)[:SHOWN])
                    continue
                finally:
                    told = False
                if saved is not None:
                    yield saved
            if records.is_at_end():
                return
            raise _DamagedError("no record where one should begin")  # noqa: TRY301
        except OSError:
            raise
        except Exception as error:  # whatever a damaged archive does to warcio
            if not told:
                yield Reject(
                    name, 0, "record", f"a damaged record ({_said(error)})", f"at byte {records.offset}"
                )
            told = True
        start = _next_record(file, max(start, records.offset) + 1)


def _page(record: Any) -> Saved | None:
    """Return the page that a record holds, None where it holds something else.

    Raises:
        _DamagedError: it cannot be read.
    """
    http = record.http_headers
    if record.rec_type not in RECORDS or (http is not None and http.get_statuscode() != "200"):
        return None
    if http is None and record.rec_type == "response":
        return None  # of the DNS, for instance
    headers = http or record.rec_headers
    content_type = headers.get_header("Content-Type") or ""
    if content_type.strip().lower().startswith(PARTS):
        return None
    chunked = http is not None and (http.get_header("Transfer-Encoding") or "").strip().lower() == "chunked"
    body = _all_of(ChunkedDataReader(record.raw_stream) if chunked else record.raw_stream)
    if getattr(record.raw_stream, "limit", 0) > 0 and not chunked:
        raise _DamagedError("the record ends too early")
    encoding = "" if http is None else (http.get_header("Content-Encoding") or "").strip().lower()
    return Saved(_url(record), content_type, _unpacked(body, encoding))


def _all_of(stream: Any) -> bytes:
    body = bytearray()
    while chunk := stream.read(CHUNK):
        body += chunk
        if len(body) > MAX_PAGE_BYTES:
            raise _DamagedError(f"the page is larger than {MAX_PAGE_BYTES} bytes")
    return bytes(body)


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in PLAIN or (encoding.endswith("gzip") and not body.startswith(GZIP)):
        return body  # many tools keep the header of what they have unpacked
    if encoding not in WINDOWS:
        raise _DamagedError(f"the content encoding {encoding[:SHOWN]} is not known here")
    for window in WINDOWS[encoding]:
        decoder = zlib.decompressobj(window)
        try:
            unpacked = decoder.decompress(body, MAX_PAGE_BYTES)
        except zlib.error:
            continue
        if decoder.eof:
            return unpacked
    raise _DamagedError("the page cannot be unpacked, or is too large")


def _url(record: Any) -> str:
    return str(record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ")


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    if "non-chunked gzip" in text:
        return "gzipped as a whole, not record by record: `warcio recompress` mends it"
    return text[:SHOWN] or type(error).__name__


def _next_record(file: IO[bytes], position: int) -> int:
    """Return where the next record may start, -1 where there is none."""
    if position >= file.seek(0, os.SEEK_END):
        return -1
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content[: len(GZIP)] == GZIP:
            return content.find(GZIP + b"\x08", position)
        found = content.find(b"\nWARC/", position)
        return found + 1 if found >= 0 else -1
