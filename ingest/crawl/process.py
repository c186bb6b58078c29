"""The process that crawls: Twisted's reactor starts once in a process, so each crawl gets one of its own.

It reads the options from its standard input and ends when that is closed, as it is when its parent is
killed: the state is whole at any moment, so there is nothing to tidy up.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from scrapy.crawler import CrawlerProcess

from ingest.crawl.archive import STATE
from ingest.crawl.context import SETTING, Context
from ingest.crawl.options import Options
from ingest.crawl.spider import FilmSpider
from ingest.crawl.state import State
from mmkg.progress import bar

MIDDLEWARES = {
    "ingest.crawl.robots.Robots": 100,
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,  # for robots.txt alone
}
"""All of them. No proxy, as the check of addresses would see the proxy's only; no cookies, no logins."""


def settings(options: Options) -> dict[str, Any]:
    """Return scrapy's settings for a crawl."""
    return {
        "BOT_NAME": "mmkg",
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DEFAULT_REQUEST_HEADERS": {"Accept-Language": "en"},
        "DOWNLOADER_MIDDLEWARES_BASE": MIDDLEWARES,
        "DOWNLOAD_DELAY": options.delay,
        "DOWNLOAD_DELAY_JITTER": 0,
        "DOWNLOAD_HANDLERS_BASE": {
            "http": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
            "https": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
        },
        "DOWNLOAD_TIMEOUT": options.timeout,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_WARNSIZE": 0,
        "EXTENSIONS_BASE": {},
        "LOG_LEVEL": "CRITICAL",
        "REDIRECT_MAX_TIMES": 5,
        "SCHEDULER": "ingest.crawl.frontier.Frontier",
        "SPIDER_MIDDLEWARES_BASE": {},
        "TELNETCONSOLE_ENABLED": False,
        "TWISTED_DNS_RESOLVER": "ingest.crawl.addresses.GuardedResolver",
        "USER_AGENT": options.user_agent,
    }


def main() -> None:
    """Crawl what standard input says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches our parent too, which ends us
    options = Options.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with State(options.folder / STATE) as state, bar() as progress:
        task = progress.add_task("Pages", total=options.max_pages)
        context = Context(options, state, lambda pages: progress.update(task, completed=pages))
        process = CrawlerProcess({**settings(options), SETTING: context})
        process.crawl(FilmSpider)
        process.start(install_signal_handlers=False)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
