"""The frontier as scrapy's scheduler: one request at a time to each host, the queue on disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.core.scheduler import BaseScheduler

from ingest.crawl.context import Context
from ingest.crawl.options import MAX_PAGE_BYTES

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from ingest.crawl.options import Options
    from ingest.crawl.spider import FilmSpider
    from ingest.crawl.state import Kind, State, Task

MAX_WAIT = 300.0
"""A host that wants to be left alone for longer is left to the next crawl."""
ACCEPT = {"page": "text/html,application/xhtml+xml;q=0.9", "media": "image/*"}


class Frontier(BaseScheduler):
    """Hands out the URLs of the state's queue, host by host in turn.

    The state keeps a URL in its queue until its answer is in, so a crawl that is killed asks again for
    what was under way and for nothing else.
    """

    def __init__(self, state: State, options: Options) -> None:
        self.state = state
        self.options = options
        self.busy: dict[str, Kind] = {}
        """Hosts with a request under way, and of which kind."""
        self.turns: list[str] = state.hosts()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Frontier:
        """Make the frontier of a crawl."""
        context = Context.of(crawler.settings)
        return cls(context.state, context.options)

    def open(self, spider: FilmSpider) -> None:  # type: ignore[override]
        """Make the frontier known to the spider."""
        spider.frontier = self
        self.spider = spider

    def enqueue_request(self, request: Request) -> bool:
        """Refuse: what is found goes into the state, together with the answer that it was found in."""
        raise NotImplementedError(f"{request} came past the state")

    def found(self, host: str) -> None:
        """Take note of a host of which something is in the queue."""
        if host not in self.turns:
            self.turns.append(host)

    def done(self, task: Task) -> None:
        """Let the next request to a host go out."""
        self.busy.pop(task.host, None)

    def has_pending_requests(self) -> bool:
        """Tell whether the crawl will ask for anything more."""
        return any(
            self.state.not_before(host) - time.time() <= MAX_WAIT and self._next(host) is not None
            for host in list(self.turns)
        )

    def next_request(self) -> Request | None:
        """Return the next request to a host that is free, None where none is."""
        for host in list(self.turns):
            if host in self.busy or self.state.not_before(host) > time.time():
                continue
            self.turns.remove(host)
            if (task := self._next(host)) is not None:
                self.turns.append(host)
                self.busy[host] = task.kind
                return self._request(task)
        return None

    def _next(self, host: str) -> Task | None:
        """Return the URL of a host whose turn it is: first the posters, then pages as far as they may."""
        task = self.state.next(host, "media")
        under_way = sum(kind == "page" for kind in self.busy.values())
        if task is None and self.state.pages() + under_way < self.options.max_pages:
            task = self.state.next(host, "page")
        return task

    def _request(self, task: Task) -> Request:
        headers = {"Accept": ACCEPT[task.kind]}
        if task.held and task.etag:
            headers["If-None-Match"] = task.etag
        if task.held and task.modified:
            headers["If-Modified-Since"] = task.modified
        limit = MAX_PAGE_BYTES if task.kind == "page" else self.options.max_media_bytes
        return Request(
            task.url,
            headers=headers,
            callback=self.spider.answered,
            errback=self.spider.failed,
            dont_filter=True,
            meta={
                "task": task,
                "download_maxsize": limit,
                "dont_redirect": True,
                "handle_httpstatus_all": True,
            },
        )
