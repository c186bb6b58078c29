"""URLs: which can be crawled, which are the same, and which look alike."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urldefrag, urlsplit

from w3lib.url import canonicalize_url, safe_url_string

MAX_URL = 2000
VARIES = re.compile(r"[^/]*\d[^/]*")


class Address(NamedTuple):
    """A URL as it is asked for, and what tells it from others."""

    url: str
    key: str
    """The same for URLs that differ in the order of their arguments only."""
    host: str
    """The host, without its port: what the rate limit counts by."""
    shape: str
    """The URL without what numbers its pages: pages of one shape come from one script."""


def problem_with_url(url: str) -> str | None:
    """Tell why a URL cannot be crawled, None where it can."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "no URL"
    if parts.scheme not in {"http", "https"}:
        return "no URL of http or https"
    if not parts.hostname or port == 0:
        return "the URL names no host"
    if parts.username is not None or parts.password is not None:
        return "the URL holds a login"
    return f"the URL is longer than {MAX_URL} characters" if len(url) > MAX_URL else None


def address(url: str) -> Address | None:
    """Take a URL apart, without its fragment; None where it cannot be crawled."""
    try:
        url = safe_url_string(urldefrag(url.strip())[0])
        if problem_with_url(url) is not None:
            return None
        parts = urlsplit(url)
        key = canonicalize_url(url)
    except (ValueError, UnicodeError):
        return None
    names = sorted({part.partition("=")[0] for part in parts.query.split("&") if part})
    path = VARIES.sub("#", parts.path)
    return Address(url, key, parts.hostname or "", f"{parts.netloc.lower()}{path}?{'&'.join(names)}")
