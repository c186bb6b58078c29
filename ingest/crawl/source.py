"""What a crawl has fetched as a source: the films of its archive, with the posters that it found for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.crawl.archive import ARCHIVE, POSTERS
from ingest.crawl.urls import address
from ingest.folder import media_file, problem_with
from ingest.paged import Paged
from ingest.pages import Page
from ingest.source import Media, accepted, unrecognised
from ingest.warc import read_archive
from kg.model import Origin, Reject
from mmkg.errors import InputError


class Crawled(Paged):
    """The folder of a crawl.

    Raises:
        InputError: there is no archive, or no list of posters.
    """

    def __init__(self, folder: Path) -> None:
        if not recognises(folder):
            raise unrecognised(folder, "crawl", (ARCHIVE, POSTERS))
        self.folder = folder
        self.files_by_url = dict(_posters(folder))

    def files(self) -> Iterable[Path]:
        """Yield the archive, and the posters."""
        yield self.folder / ARCHIVE
        yield self.folder / POSTERS
        yield from self.pictures()

    def pictures(self) -> Iterator[Path]:
        """Yield the files of the pictures, as far as they are there."""
        names = sorted(set(self.files_by_url.values()))
        yield from (path for name in names if problem_with(path := self.folder / name, self.folder) is None)

    def pages(self) -> Iterator[Page | Reject]:
        """Yield the pages of the archive."""
        return read_archive(self.folder / ARCHIVE)

    def media(self) -> Iterator[Media | Reject]:
        """Yield the plots, and the pictures that were fetched."""
        for page in accepted(self.pages()):
            yield from page.texts
            for link in page.links:
                found = address(link.url)
                name = self.files_by_url.get(found.key) if found else None
                if name is None:
                    continue  # not an image, or it could not be fetched: the crawl's report tells
                medium = media_file(self.folder, name, link.kind, link.of, Origin(link.url))
                yield medium._replace(file=POSTERS, field="file") if isinstance(medium, Reject) else medium


def recognises(folder: Path) -> bool:
    """Tell whether a folder is that of a crawl."""
    return (folder / ARCHIVE).is_file() and (folder / POSTERS).is_file()


def _posters(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the key of each picture's URL with the name of its file."""
    path = folder / POSTERS
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            values = json.loads(line)
            found, name = address(values["image"]), values["file"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"no poster of a crawl ({error!r})", where=f"{path}, line {number}") from None
        if found is not None:
            yield found.key, str(name)
