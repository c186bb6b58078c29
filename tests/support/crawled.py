"""What a crawl came to, for its tests: the report by reason, the archive by URL, and pictures to serve."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scrapy.http import HtmlResponse
from warcio.archiveiterator import ArchiveIterator

from ingest.crawl.archive import ARCHIVE, POSTERS, record


def outcomes(report: dict[str, Any], kind: str = "page") -> dict[str, int]:
    """Return how many URLs of a kind ended how, by their reason or else their outcome."""
    return {row["reason"] or row["outcome"]: row["number"] for row in report["urls"] if row["what"] == kind}


def archived(out: Path) -> dict[str, bytes]:
    """Return the pages of the archive by their URL."""
    with (out / "crawl.warc.gz").open("rb") as file:
        return {
            record.rec_headers.get_header("WARC-Target-URI"): record.content_stream().read()
            for record in ArchiveIterator(file)
        }


FILM = """<html><head><script type="application/ld+json">
{"@type": "Movie", "name": "Heat", "image": "https://films.example/heat.png", "actor": {"name": "Al Pacino"}}
</script></head></html>"""


def lay_crawl(folder: Path) -> None:
    """Write the folder of a crawl that found one film and its poster."""
    (folder / "media").mkdir(parents=True, exist_ok=True)
    (folder / "media" / "heat.png").write_bytes(png())
    page = HtmlResponse(
        "https://films.example/heat", body=FILM.encode(), headers={"Content-Type": "text/html"}
    )
    (folder / ARCHIVE).write_bytes(record(page))
    poster = {"page": page.url, "image": "https://films.example/heat.png", "file": "media/heat.png"}
    (folder / POSTERS).write_text(json.dumps(poster) + "\n")


def png(seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()
