"""One page of the web as a source: fetched once with its pictures, under the rules of the crawler."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from ingest.crawl.archive import ARCHIVE
from ingest.crawl.command import Report, crawl
from ingest.crawl.source import Crawled
from ingest.crawl.spider import MAX_HOPS
from ingest.source import accepted
from ingest.warc import saved_pages
from mmkg.errors import InputError


class Fetched(Crawled):
    """A page that is fetched when the source is made, and gone with it.

    Args:
        url: of the page; redirects are followed, links are not.
        allow_private: True where private and loopback addresses may be asked.

    Raises:
        UsageError: the URL is none.
        InputError: the page cannot be fetched.
    """

    def __init__(self, url: str, *, allow_private: bool = False) -> None:
        folder = Path(tempfile.mkdtemp(prefix="mmkg-web-"))
        self._gone = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        report = crawl(
            (url,),
            folder,
            max_pages=MAX_HOPS + 1,
            same_host=False,
            follow=False,
            allow_private=allow_private,
        )
        if (problem := _problem(report)) is not None:
            remedy = "--allow-private allows it" if "not public" in problem else ""
            raise InputError(f"the page cannot be fetched: {problem}", where=url, remedy=remedy)
        super().__init__(folder)
        self.bodies = [folder / f"{number}.html" for number, _ in enumerate(self._bodies(folder))]
        for path, body in zip(self.bodies, self._bodies(folder), strict=True):
            path.write_bytes(body)

    def files(self) -> Iterator[Path]:
        """Yield the page and its pictures: the archive tells the time, and so is never the same."""
        yield from self.bodies
        yield from self.pictures()

    @staticmethod
    def _bodies(folder: Path) -> Iterator[bytes]:
        return (saved.body for saved in accepted(saved_pages(folder / ARCHIVE)))


def _problem(report: Report) -> str | None:
    """Tell why there is no page, None where there is one."""
    pages = [(outcome, reason) for kind, outcome, reason, _ in report.counts if kind == "page"]
    if any(outcome == "kept" for outcome, _ in pages):
        return None
    return next((reason for _, reason in pages if reason), "there is no answer")
