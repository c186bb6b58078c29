"""What a page is to the crawler: whether it states a film, the posters that it names, and where it leads."""

from __future__ import annotations

from typing import NamedTuple

from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor

from ingest.pages import read_page

PICTURES = ("Poster", "Still")
"""Where a page names more than are fetched, the films' come first."""
MAX_POSTERS = 50
MAX_LINKS = 2000
LINKS = LinkExtractor(tags=("a", "area"), attrs=("href",), canonicalize=False)


class Found(NamedTuple):
    """What was found on a page."""

    film: bool
    posters: list[str]
    """The URLs of the images of its films, then of its people, absolute."""
    links: list[str]


def look_at(response: HtmlResponse) -> Found:
    """Look at a page with the eyes of the reader that will bring it into the graph."""
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    page = read_page(response.url, response.body, content_type)
    posters = [link.url for kind in PICTURES for link in page.links if link.kind == kind]
    try:
        links = [link.url for link in LINKS.extract_links(response)[:MAX_LINKS] if not link.nofollow]
    except (ValueError, LookupError, AttributeError, TypeError):  # what broken pages do to the extractor
        links = []
    return Found(any(node.kind == "Item" for node in page.nodes), posters[:MAX_POSTERS], links)
