"""The media gateway: a small web server that lets a browser read blobs by signed links, and nothing else.

    python -m storage.gateway --port 8334

One thread answers all connections, and a few threads read from the store, a chunk at a time: a player that is
paused, or a reader that never reads, costs one chunk of memory and holds up nobody.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

import click
from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.log import server_logger

import mmkg
from mmkg.daemon import LOOPBACK
from mmkg.errors import ConnectError, MmkgError
from mmkg.settings import Settings
from storage.blobs import CHUNK, CONNECTIONS, SHA256, Blob, BlobStore
from storage.links import Links

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PATTERN = f"/media/{{sha256:{SHA256.pattern}}}"
SHOWN_TYPES = re.compile(r"(?:image|audio|video)/[\w.+-]+|text/plain(?:;.*)?")
"""What a browser shows. Everything else, such as a page with scripts, it only offers to save."""
NO_BYTES = re.compile(r"bytes=-0+")
"""The last 0 bytes, which aiohttp takes for all of them."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # What is opened by itself may show itself. No script runs, not even in a drawing.
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    # A link lets its reader in, so it is told to no other site.
    "Referrer-Policy": "no-referrer",
    "Server": f"mmkg/{mmkg.__version__}",
}
LOG = logging.getLogger("mmkg.gateway")


class Shelf:
    """The object store as the gateway needs it: connected when it is needed, and again where it has moved."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._store: BlobStore | None = None
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="store")

    async def find(self, sha256: str) -> Blob | None:
        """Ask for the size and type of a blob, None where the store does not have it."""
        return await self._in_thread(lambda store: store.find(sha256))

    async def read(self, sha256: str, start: int, length: int) -> bytes:
        """Read a part of a blob."""
        return await self._in_thread(lambda store: store.read_range(sha256, start, length))

    async def _in_thread(self, question: Callable[[BlobStore], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, question)

    def _ask(self, question: Callable[[BlobStore], T]) -> T:
        store = self._connected()
        try:
            return question(store)
        except ConnectError:
            # The store may have started again at another address, which the settings tell by now.
            return question(self._connected(instead_of=store))

    def _connected(self, instead_of: BlobStore | None = None) -> BlobStore:
        with self._lock:
            if self._store is None or self._store is instead_of:
                self._store = BlobStore.connect(self._settings())
            return self._store


def application(links: Links, shelf: Shelf) -> web.Application:
    """Make the web application that answers GET and HEAD of `/media/<sha256>`."""

    async def media(request: web.Request) -> web.StreamResponse:
        sha256 = request.match_info["sha256"]
        left = links.seconds_left(
            sha256, request.query.get("expires", ""), request.query.get("signature", "")
        )
        if not left:  # before the store is asked, so that nobody learns what it holds
            raise web.HTTPForbidden(text="This link has expired, or it was changed. Ask for a new one.\n")
        blob = await shelf.find(sha256)
        if blob is None:
            raise web.HTTPNotFound(text="The object store does not have this.\n")
        return await _answer(request, shelf, blob, left)

    app = web.Application(middlewares=[_without_store])
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/", _alive)
    app.router.add_get(PATTERN, media)
    return app


async def _answer(request: web.Request, shelf: Shelf, blob: Blob, left: int) -> web.StreamResponse:
    """Answer with the blob, the part of it that is asked for, or that the browser has it already."""
    response = web.StreamResponse()
    response.etag = blob.sha256
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = f"private, max-age={left}, immutable"
    known = {tag.value for tag in request.if_none_match or ()}
    if known & {blob.sha256, "*"}:
        response.set_status(304)
        await response.prepare(request)
        return response
    part = _part(request, blob)
    if part is not None:
        response.set_status(206 if part else 416)
        shown = f"{part.start}-{part.stop - 1}" if part else "*"
        response.headers["Content-Range"] = f"bytes {shown}/{blob.bytes}"
    sent = range(blob.bytes) if part is None else part
    response.content_length = len(sent)
    response.headers["Content-Type"] = blob.mime
    if not SHOWN_TYPES.fullmatch(blob.mime):
        response.headers["Content-Disposition"] = "attachment"
    await response.prepare(request)
    if request.method == "GET":
        await _send(request, response, shelf, blob.sha256, sent)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, shelf: Shelf, sha256: str, sent: range
) -> None:
    """Send these bytes of the blob, the next chunk when the browser has taken the one before."""
    try:
        for start in sent[::CHUNK]:
            await response.write(await shelf.read(sha256, start, min(CHUNK, sent.stop - start)))
    except ConnectionError:
        return  # the browser has seen enough, as always when somebody seeks in a video
    except MmkgError as error:
        # The status is sent already. A connection cut short tells the browser that the rest is missing.
        LOG.warning("%s", error)
        if request.transport is not None:
            request.transport.abort()


def _part(request: web.Request, blob: Blob) -> range | None:
    """Read which bytes are asked for: None for all, an empty range for some that the blob does not have.

    What is no range of bytes, or several, is answered with everything, as RFC 9110 (14.2) wants or allows.
    """
    if request.method != "GET" or "Range" not in request.headers:
        return None
    if request.headers.get("If-Range", f'"{blob.sha256}"') != f'"{blob.sha256}"':
        return None
    if NO_BYTES.fullmatch(request.headers["Range"]):
        return range(0)
    try:
        return range(blob.bytes)[request.http_range]
    except ValueError:
        return None


async def _alive(request: web.Request) -> web.StreamResponse:
    """Say that the gateway runs, and nothing of what it serves."""
    return web.Response(text="The media gateway of mmkg. It answers signed links alone.\n")


@web.middleware
async def _without_store(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 503 where the store cannot be read."""
    try:
        return await handler(request)
    except MmkgError as error:
        LOG.warning("%s", error)
        raise web.HTTPServiceUnavailable(text="The object store does not answer.\n") from None


def _no_mistake_of_the_client(record: logging.LogRecord) -> bool:
    """Keep requests that are no HTTP out of the log: they are answered with 400, and may hold half a link."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), required=True)
def main(host: str, port: int) -> None:
    """Serve the blobs of the store that the settings name, until the process is told to end."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    server_logger.addFilter(_no_mistake_of_the_client)
    links = Links.of(Settings.load())
    app = application(links, Shelf(Settings.load))
    web.run_app(app, host=host, port=port, access_log=None, print=None, shutdown_timeout=1)


if __name__ == "__main__":
    main()
