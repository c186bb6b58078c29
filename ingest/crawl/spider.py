"""The spider: takes every answer into the state, and decides what becomes of it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from scrapy import Request, Spider, signals
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http import HtmlResponse, Response

from ingest.crawl.archive import MEDIA, record, replacing
from ingest.crawl.context import Context
from ingest.crawl.frontier import MAX_WAIT, Frontier
from ingest.crawl.options import Options
from ingest.crawl.pages import look_at
from ingest.crawl.robots import NotAllowedError, UnknownRulesError
from ingest.crawl.state import Content, State, Task
from ingest.crawl.urls import Address, address
from mmkg.console import log

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Headers
    from twisted.python.failure import Failure


PAGES = frozenset({"text/html", "application/xhtml+xml"})
IMAGES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
}
"""The types of posters, and the extension that each gets."""
MOVED = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({404, 410})
LATER = frozenset({429, 503})
AGAIN = frozenset({500, 502, 504})
MAX_HOPS = 10
MAX_ATTEMPTS = 3
WAIT = 30.0
"""Seconds to leave a host alone that wants it and does not say how long."""

TOO_LARGE = "larger than allowed"
TOO_SLOW = "the server takes too long"
FINAL = frozenset({TOO_LARGE, TOO_SLOW})
"""Reasons to leave it at one attempt."""


class FilmSpider(Spider):
    """Fetches what the frontier hands out."""

    name = "films"
    frontier: Frontier
    context: Context
    state: State
    options: Options

    @classmethod
    def from_crawler(cls, crawler: Crawler, *arguments: Any, **named: Any) -> FilmSpider:
        """Make the spider of a crawl."""
        spider = super().from_crawler(crawler, *arguments, **named)
        spider.context = Context.of(crawler.settings)
        spider.state = spider.context.state
        spider.options = spider.context.options
        crawler.signals.connect(spider.check_type, signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Yield nothing: the frontier holds the URLs to start at."""
        return
        yield

    def check_type(self, headers: Headers, request: Request) -> None:
        """End a download at its headers where it is nothing that we want."""
        task: Task | None = request.meta.get("task")
        if task is None or not (mime := mime_type(headers)):
            return
        if mime not in (PAGES if task.kind == "page" else IMAGES):
            raise StopDownload(fail=False)

    def answered(self, response: Response) -> None:
        """Take an answer in."""
        task: Task = response.meta["task"]
        try:
            self._answered(task, response)
        except (OSError, sqlite3.Error) as error:
            break_off(error)
        except Exception as error:  # a page that nobody thought of; left in the queue, it would come for ever
            self.state.fail(task, f"the answer cannot be used ({type(error).__name__})", response.status)
        finally:
            self._done(task)

    def failed(self, failure: Failure) -> None:
        """Take in that there was no answer."""
        task: Task = failure.request.meta["task"]  # type: ignore[attr-defined]
        error = failure.value
        try:
            if task.host in self.context.refused:
                self.state.leave(task, self.context.refused[task.host])
            elif isinstance(error, NotAllowedError):
                self.state.leave(task, str(error))
            elif isinstance(error, IgnoreRequest):  # what scrapy says of a page that grows when unpacked
                self.state.fail(task, TOO_LARGE)
            else:
                self._try_again(task, describe(error), None)
        except (OSError, sqlite3.Error) as broken:
            break_off(broken)
        finally:
            self._done(task)

    def _done(self, task: Task) -> None:
        self.frontier.done(task)
        self.context.progress(self.state.pages())

    def _answered(self, task: Task, response: Response) -> None:
        status = response.status
        if status == 304 and task.held:
            self.state.unchanged(task, status)
        elif status in MOVED:
            self._moved(task, response)
        elif status in LATER:
            self._later(task, response)
        elif status in AGAIN:
            self._try_again(task, f"the server answers {status}", status)
        elif status != 200:
            self.state.fail(task, f"the server answers {status}", status, gone=status in GONE)
        elif "download_stopped" in response.flags or not mime_type(response.headers):
            found = mime_type(response.headers) or "no type"
            self.state.fail(task, f"the type {found} is no {task.kind}", status)
        elif task.kind == "page":
            self._page(task, response)
        else:
            self._medium(task, response)

    def _page(self, task: Task, response: Response) -> None:
        if not isinstance(response, HtmlResponse):
            response = HtmlResponse(response.url, body=response.body, headers=response.headers)
        sha256 = hashlib.sha256(response.body).hexdigest()
        if sha256 == task.sha256:
            # Even servers that cannot tell what has changed shall not make us write the archive anew.
            self.state.unchanged(task, response.status)
            return
        page = look_at(response)
        named = page.links if self.options.follow else []
        links = [link for link in map(address, named) if link is not None and self._in_scope(link)]
        posters = [poster for poster in map(address, page.posters) if poster is not None]
        content = Content(
            *validators(response.headers), record=record(response), film=page.film, sha256=sha256
        )
        self.state.keep(task, response.status, content, links, posters)
        for found in (*links, *posters):
            self.frontier.found(found.host)

    def _medium(self, task: Task, response: Response) -> None:
        sha256 = hashlib.sha256(response.body).hexdigest()
        mime = mime_type(response.headers)
        name = f"{MEDIA}/{sha256}{IMAGES[mime]}"
        path = Path(self.options.out, name)
        if not path.exists():
            with replacing(path) as file:
                file.write(response.body)
        content = Content(
            *validators(response.headers), sha256=sha256, file=name, mime=mime, bytes=len(response.body)
        )
        self.state.keep(task, response.status, content, (), ())

    def _moved(self, task: Task, response: Response) -> None:
        location = (response.headers.get("Location") or b"").decode("latin-1")
        target = address(response.urljoin(location)) if location else None
        if target is None:
            self.state.fail(task, "the redirect leads to no URL of the web", response.status)
        elif task.hops >= MAX_HOPS:
            self.state.fail(task, f"more than {MAX_HOPS} redirects", response.status)
        elif task.kind == "page" and not self._in_scope(target):
            self.state.fail(task, "the redirect leads to another host", response.status)
        else:
            self.state.move(task, response.status, target)
            self.frontier.found(target.host)

    def _later(self, task: Task, response: Response) -> None:
        seconds = retry_after(response.headers)
        self.state.wait(task.host, seconds)
        if seconds > MAX_WAIT or task.attempts + 1 < MAX_ATTEMPTS:
            self.state.again(task)
        else:
            self.state.fail(task, f"the server answers {response.status}", response.status)

    def _try_again(self, task: Task, reason: str, status: int | None) -> None:
        if task.attempts + 1 >= MAX_ATTEMPTS or reason in FINAL:
            self.state.fail(task, reason, status)
        else:
            self.state.wait(task.host, self.options.delay * 2**task.attempts)
            self.state.again(task)

    def _in_scope(self, found: Address) -> bool:
        if not self.options.same_host:
            return True
        return found.url.partition("://")[2].partition("/")[0].partition("?")[0].lower() in self.options.hosts


def break_off(error: Exception) -> NoReturn:
    """End the process where nothing can be written: what cannot be remembered would be fetched for ever."""
    log(f"Error: the crawl cannot be written down ({error})")
    os._exit(1)


def mime_type(headers: Headers) -> str:
    """Return the content type without its parameters; empty where there is none."""
    return (headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip().lower()


def validators(headers: Headers) -> tuple[str | None, str | None]:
    """Return what the server would tell a change by: ETag and Last-Modified."""
    etag, modified = (
        None if (value := headers.get(name)) is None else value.decode("latin-1")
        for name in ("ETag", "Last-Modified")
    )
    return etag, modified


def retry_after(headers: Headers) -> float:
    """Return for how many seconds the server wants no request: a number or a date."""
    text = (headers.get("Retry-After") or b"").decode("latin-1").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        seconds = (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds()
    except (TypeError, ValueError, IndexError):
        return WAIT
    return max(0.0, seconds)


def describe(error: BaseException | None) -> str:
    """Say in the user's words why there was no answer."""
    if isinstance(error, UnknownRulesError):
        return str(error)
    name = type(error).__name__
    return {
        "CannotResolveHostError": "the host has no address",
        "DownloadTimeoutError": TOO_SLOW,
        "DownloadConnectionRefusedError": "the server refuses the connection",
        "DownloadCancelledError": TOO_LARGE,
        "ResponseDataLossError": "the answer ends too early",
        "DownloadFailedError": "the connection broke",
    }.get(name, f"{name}: {error}"[:200])
