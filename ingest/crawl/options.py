"""What a crawl is told: the options of `mmkg crawl`, as they travel to the process that crawls."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mmkg
from ingest.crawl.addresses import Guard
from ingest.crawl.urls import problem_with_url
from mmkg.errors import UsageError

MAX_PAGE_BYTES = 10_000_000
"""No page of a film is larger; one that is costs an entry in the report."""


@dataclass(frozen=True)
class Options:
    """The options of a crawl.

    Raises:
        UsageError: one of them makes no sense.
    """

    urls: tuple[str, ...]
    out: str
    max_pages: int = 1000
    """How many page requests a crawl makes at most, whatever is answered."""
    delay: float = 1.0
    """Seconds between two requests to one host."""
    max_media_bytes: int = 20_000_000
    timeout: float = 60.0
    """Seconds that one answer may take, from the first byte to the last."""
    allow_private: bool = False
    allow_address: tuple[str, ...] = ()
    same_host: bool = True
    follow: bool = True
    """False where the pages of the URLs are wanted alone, with their pictures."""
    user_agent: str = f"mmkg/{mmkg.__version__}"

    def __post_init__(self) -> None:
        if not self.urls:
            raise UsageError("there is no URL to start at")
        for url in self.urls:
            if (problem := problem_with_url(url)) is not None:
                raise UsageError(problem, where=url, remedy="A URL starts with http:// or https://")
        if not 0 <= self.delay <= 3600:
            raise UsageError("--delay is from 0 to 3600 seconds")
        if min(self.max_pages, self.max_media_bytes, self.timeout) <= 0:
            raise UsageError("--max-pages, --max-media-bytes and --timeout are larger than 0")
        if not self.user_agent.strip().isprintable() or not self.user_agent.strip():
            raise UsageError("--user-agent is empty or holds control characters")
        Guard(self.allow_private, self.allow_address)

    @property
    def folder(self) -> Path:
        """Where everything goes."""
        return Path(self.out)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of the URLs to start at."""
        return frozenset(urlsplit(url).netloc.lower() for url in self.urls)

    def dumps(self) -> str:
        """Write the options as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Options:
        """Read what `dumps` wrote."""
        values: dict[str, Any] = json.loads(text)
        for name, value in values.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)
