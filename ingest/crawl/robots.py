"""robots.txt as RFC 9309 has it: none is leave to crawl, a server that cannot tell is none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from ingest.crawl.context import Context

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

MAX_AGE = 24 * 3600.0
MAX_BYTES = 500 * 1024
MAX_DELAY = 300.0


class NotAllowedError(IgnoreRequest):
    """The host does not want this URL to be crawled."""


class UnknownRulesError(Exception):
    """The host cannot tell now what it allows."""


class Robots:
    """The downloader middleware that asks each origin for its robots.txt first, once a day."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        context = Context.of(crawler.settings)
        self.state = context.state
        self.delay = context.options.delay
        self.agent = context.options.user_agent.partition("/")[0].strip()
        self.rules: dict[str, Protego] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Robots:
        """Make the middleware of a crawl."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let a request pass, or raise what keeps it back."""
        if "task" not in request.meta:
            return  # the request for robots.txt itself, or where it was redirected to
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.rules:
            self.rules[origin] = await self._fetch(origin)
        rules = self.rules[origin]
        if not rules.can_fetch(request.url, self.agent):
            raise NotAllowedError("robots.txt does not allow it")
        delay = max(self.delay, rules.crawl_delay(self.agent) or 0.0)
        if delay > MAX_DELAY:
            raise NotAllowedError(f"robots.txt wants {delay:.0f} seconds between two requests")
        self._slow_down(parts.hostname or "", delay)

    def _slow_down(self, host: str, delay: float) -> None:
        downloader = self.crawler.engine.downloader
        downloader.per_slot_settings.setdefault(host, {})["delay"] = delay
        if (slot := downloader.slots.get(host)) is not None:
            slot.delay = max(slot.delay, delay)

    async def _fetch(self, origin: str) -> Protego:
        known = self.state.robots(origin, MAX_AGE)
        if known is None:
            request = Request(
                f"{origin}/robots.txt",
                callback=NO_CALLBACK,
                meta={"download_maxsize": MAX_BYTES, "handle_httpstatus_list": [304, 404]},
            )
            response = await self.crawler.engine.download_async(request)
            if response.status >= 500 or response.status == 429:
                raise UnknownRulesError(f"robots.txt: the server answers {response.status}")
            text = response.body.decode("utf-8", "replace") if 200 <= response.status < 300 else ""
            self.state.remember_robots(origin, True, text)
            known = (True, text)
        return Protego.parse(known[1])
