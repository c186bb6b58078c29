"""`mmkg attach`: files of one film, through the same pipeline as every other source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from ingest.folder import EXTENSIONS
from ingest.pipeline import Report, ingest
from ingest.source import Media, MediaFile, MediaKind
from kg import Graph
from kg.lookup import find
from kg.model import Node, Origin, Ref, Reject, Relation
from mmkg.settings import Settings
from storage import BlobStore

SOURCE = "attach"
KINDS: dict[str, MediaKind] = {kind.lower(): kind for kind in get_args(MediaKind)}
"""By what the command line calls them."""
BY_EXTENSION: dict[str, MediaKind] = {**EXTENSIONS, **dict.fromkeys((".txt", ".md"), "Text")}


class Attachments:
    """Files as media of one film.

    Args:
        item_id: of the film, which the graph has.
        paths: the files; their order means nothing.
        kind: what they are; None to tell by the extension of each.
    """

    def __init__(self, item_id: str, paths: Iterable[Path], kind: MediaKind | None = None) -> None:
        self.item_id = item_id
        self.paths = sorted(set(paths), key=lambda path: (path.name, path))
        self.kind = kind

    def files(self) -> Iterable[Path]:
        """Yield the files."""
        return self.paths

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield nothing: the film is there."""
        yield from ()

    def media(self) -> Iterator[Media | Reject]:
        """Yield each file; whether it is what it is said to be, decoding it shows."""
        for path in self.paths:
            if kind := self.kind or BY_EXTENSION.get(path.suffix.lower()):
                yield MediaFile(kind, Ref("Item", self.item_id), path, Origin(path.name))
            else:
                yield Reject(
                    path.name, 0, "", "the extension tells no kind of media: give --kind", path.suffix
                )

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield nothing: the pipeline ties media to items."""
        yield from ()

    def warnings(self) -> Iterator[str]:
        """Yield nothing."""
        yield from ()


def run(
    settings: Settings,
    movie: str,
    files: Sequence[Path],
    *,
    kind: str | None = None,
    rejects: Path | None = None,
) -> Report:
    """Attach files to a film with the servers of the settings.

    Args:
        settings: where the servers are.
        movie: the id or the title of the film.
        files: what is attached.
        kind: a name of `KINDS`; by the extension of each file unless told.
        rejects: the file for what is rejected.

    Raises:
        InputError: there is no such film, or more than one, or a file cannot be read; nothing was written.
        ConnectError, StoreError: a server is away or refuses.
    """
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        film = find(graph, movie, ("Item",))
        source = Attachments(film.id, files, KINDS[kind] if kind else None)
        return ingest(
            source,
            graph,
            store,
            rejects,
            kind=SOURCE,
            path=f"{', '.join(path.name for path in source.paths)} to {film}",
            options={"item": film.id, **({"kind": kind} if kind else {})},
        )
