"""Web pages that were saved: an HTML file, a folder of them, or a web archive; and a page by its URL."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin

from ingest.crawl.fetched import Fetched
from ingest.crawl.options import MAX_PAGE_BYTES
from ingest.crawl.urls import problem_with_url
from ingest.folder import EXTENSIONS, media_file, problem_with
from ingest.kinds import Place
from ingest.lines import open_any
from ingest.paged import Paged
from ingest.pages import MediaLink, Page, read_page
from ingest.source import Media, MediaFile, Source, accepted, unrecognised
from ingest.warc import read_archive
from kg.model import Origin, Reject
from mmkg.errors import InputError, UsageError

PAGES = frozenset({".html", ".htm", ".xhtml"})
ARCHIVE = ".warc"
NAMES = ("*.html", "*.htm", "*.xhtml", "*.warc", "the same with .gz")


def open_web(place: Place, *, allow_private: bool = False) -> Source:
    """Open saved pages, or fetch one.

    Raises:
        UsageError: the URL is none, or the option makes no sense.
        InputError: there is no page.
    """
    if isinstance(place, str):
        return Fetched(place, allow_private=allow_private)
    if allow_private:
        raise UsageError("--allow-private is for a URL")
    return SavedPages(place)


class SavedPages(Paged):
    """A file or folder of pages as a source.

    Args:
        place: a page, an archive, or a folder of them with folders inside. What a browser saved for a page
            beside it, in NAME_files, is no page of its own.

    Raises:
        InputError: there is no page and no archive.
    """

    def __init__(self, place: Path) -> None:
        self.root = place if place.is_dir() else place.parent
        self.paths = list(_paths(place))
        if not self.paths:
            if place.is_file():
                remedy = f"Known: {', '.join(NAMES)}"
                raise InputError("the file is no web page by its name", where=str(place), remedy=remedy)
            raise unrecognised(place, "web page", NAMES)

    def files(self) -> Iterator[Path]:
        """Yield the pages and archives, and the pictures beside them."""
        yield from self.paths
        for medium in accepted(self.media()):
            if isinstance(medium, MediaFile):
                yield medium.path

    def pages(self) -> Iterator[Page | Reject]:
        """Yield the pages, and what is none."""
        return (page for _, page in self._pages())

    def media(self) -> Iterator[Media | Reject]:
        """Yield the plots, and the pictures that a page names by a path inside of the folder."""
        for path, page in self._pages():
            if isinstance(page, Reject):
                continue
            yield from page.texts
            if _extension(path) in PAGES:
                for link in page.links:
                    if (medium := self._medium(path, page, link)) is not None:
                        yield medium

    def _pages(self) -> Iterator[tuple[Path, Page | Reject]]:
        for path in self.paths:
            if _extension(path) == ARCHIVE:
                yield from ((path, page) for page in read_archive(path))
            else:
                yield path, self._page(path)

    def _page(self, path: Path) -> Page | Reject:
        origin = Origin(path.relative_to(self.root).as_posix())
        if (problem := problem_with(path, self.root)) is not None:
            return Reject(*origin, "", problem)
        try:
            with open_any(path) as file:
                body = file.read(MAX_PAGE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            return Reject(*origin, "", f"the file cannot be read ({error})")
        if len(body) > MAX_PAGE_BYTES:
            return Reject(*origin, "", f"the page is larger than {MAX_PAGE_BYTES} bytes")
        return read_page("", body, origin=origin)

    def _medium(self, path: Path, page: Page, link: MediaLink) -> Media | Reject | None:
        """Find the file that a link means; where a page tells its own address, it may well be elsewhere."""
        here = urljoin(page.url, ".") if page.url else ""
        name = unquote(link.url.removeprefix(here).partition("?")[0])
        if not link.url.startswith(here) or "://" in name or not name:
            return None
        name = (path.parent.relative_to(self.root) / name).as_posix()
        medium = media_file(self.root, name, link.kind, link.of, link.origin, field=link.kind.lower())
        return None if page.url and isinstance(medium, Reject) else medium


def recognises(place: Place) -> bool:
    """Tell whether a place is the URL of a page, a page, an archive, or a folder of nothing but these."""
    if isinstance(place, str):
        return problem_with_url(place) is None
    if place.is_file():
        return _is_page(place)
    files = [path for path in place.iterdir() if path.is_file() and path.name[0] != "."]
    pictures = {extension for extension, kind in EXTENSIONS.items() if kind == "Poster"}
    return any(map(_is_page, files)) and all(
        _is_page(path) or path.suffix.lower() in pictures for path in files
    )


def _paths(place: Path) -> Iterator[Path]:
    if place.is_file():
        if _is_page(place):
            yield place
        return
    for path in sorted(place.rglob("*")):
        inside = path.relative_to(place)
        hidden = any(part.startswith(".") for part in inside.parts)
        if _is_page(path) and not hidden and path.is_file() and not _belongs_to_a_page(place, inside):
            yield path


def _belongs_to_a_page(root: Path, path: Path) -> bool:
    """Tell whether a file lies in a folder NAME_files beside NAME.html."""
    folders = [parent for parent in path.parents if parent.name.endswith("_files")]
    names = [(folder.parent, folder.name.removesuffix("_files")) for folder in folders]
    return any((root / parent / f"{name}{suffix}").is_file() for parent, name in names for suffix in PAGES)


def _is_page(path: Path) -> bool:
    return _extension(path) in PAGES | {ARCHIVE}


def _extension(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()
