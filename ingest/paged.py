"""Web pages as a source, wherever they come from: what they state of films, people and facts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.pages import Page
from ingest.source import Media, accepted
from kg.model import Node, Reject, Relation


class Paged(ABC):
    """The part of a source of pages that does not depend on where they are."""

    @abstractmethod
    def pages(self) -> Iterator[Page | Reject]:
        """Yield the pages, and what is none."""

    @abstractmethod
    def files(self) -> Iterable[Path]:
        """Yield every file that is read, media too."""

    @abstractmethod
    def media(self) -> Iterator[Media | Reject]:
        """Yield the plots, and the pictures that are at hand."""

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield the films, people and what else the pages state, and what cannot be used."""
        for page in self.pages():
            if isinstance(page, Reject):
                yield page
            else:
                yield from page.rejects
                yield from page.nodes

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the facts."""
        for page in accepted(self.pages()):
            yield from page.relations

    def warnings(self) -> Iterator[str]:
        """Yield nothing."""
        yield from ()
