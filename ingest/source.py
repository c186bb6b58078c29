"""What a source is: a reader that yields statements, one row of its files at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from kg.model import NOWHERE, Node, Origin, Ref, Reject, Relation
from mmkg.errors import InputError

FORGET_AFTER = 1_000_000
"""How many nodes are remembered, so that the memory stays flat."""
MediaKind = Literal["Poster", "Still", "Trailer", "Clip", "Audio", "Text"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A poster, trailer, sound or text of an item, or a picture of an entity: a person, a place.

    `kind` becomes the second label of its node.
    """

    kind: MediaKind
    of: Ref
    path: Path
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class MediaText:
    """A text of an item that stands in a row, not in a file of its own."""

    of: Ref
    text: str
    origin: Origin = NOWHERE


Media = MediaFile | MediaText


class Source(Protocol):
    """A reader. Its constructor raises InputError where the source as a whole cannot be read.

    Each method starts from the beginning and yields a bad row as a `Reject`, in one of them only.
    """

    def files(self) -> Iterable[Path]:
        """Yield every file that the source reads, media too: their contents decide the import's id."""
        ...

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield the nodes; all of them are in the graph before the first relation."""
        ...

    def media(self) -> Iterator[Media | Reject]:
        """Yield the media of items, and pictures of entities."""
        ...

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the relations."""
        ...

    def warnings(self) -> Iterator[str]:
        """Yield what the user should know, when all has been read."""
        ...


class Together:
    """Several sources as one: what the first states of a node stands, where the others only fill gaps."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources

    def files(self) -> Iterable[Path]:
        """Yield the files of each in turn."""
        return chain.from_iterable(source.files() for source in self.sources)

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield the nodes of each in turn."""
        return chain.from_iterable(source.nodes() for source in self.sources)

    def media(self) -> Iterator[Media | Reject]:
        """Yield the media of each in turn."""
        return chain.from_iterable(source.media() for source in self.sources)

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the relations of each in turn."""
        return chain.from_iterable(source.relations() for source in self.sources)

    def warnings(self) -> Iterator[str]:
        """Yield the warnings of each in turn."""
        return chain.from_iterable(source.warnings() for source in self.sources)


def accepted(things: Iterable[T | Reject]) -> Iterator[T]:
    """Leave the rejects out, where an earlier reading of the same rows has told of them."""
    return (thing for thing in things if not isinstance(thing, Reject))


def each_once(nodes: Iterable[Node]) -> Iterator[Node]:
    """Leave out what was yielded before, as far as remembered; stating it again is harmless, but costs time.

    Args:
        nodes: without properties, so that one node of an id and a label says what the next does.
    """
    seen: set[tuple[str, str, str | None]] = set()
    for node in nodes:
        if (key := (node.kind, node.id, node.label)) not in seen:
            if len(seen) >= FORGET_AFTER:
                seen.clear()
            seen.add(key)
            yield node


def find(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the first of the files that the folder has."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


def unrecognised(folder: Path, what: str, names: Iterable[str]) -> InputError:
    """Make the error for a folder that has not got what the reader looks for."""
    if not folder.is_dir():
        return InputError("there is no such folder", where=str(folder))
    return InputError(
        f"the folder holds no {what}", where=str(folder), remedy=f"Looked for {', '.join(names)}"
    )
