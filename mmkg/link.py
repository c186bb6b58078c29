"""Links to the media of a film, or of another node: `mmkg link`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from kg.connection import Graph
from kg.lookup import Found, find
from mmkg.settings import Settings
from storage.blobs import sha256_of
from storage.links import DEFAULT_SECONDS, Links

MEDIUM = "MATCH (m:Media {id: $id})"
MEDIA_OF = "MATCH (:%s {id: $id})<--(m:Media) WITH DISTINCT m"
LISTED = """
RETURN head([label IN labels(m) WHERE label <> 'Media']) AS kind, m.id AS id, m.mime AS mime,
       m.bytes AS bytes, m.thumbnail AS thumbnail
ORDER BY kind, id
"""


@dataclass(frozen=True)
class Medium:
    """One medium of a node, and how a browser reaches it."""

    kind: str
    """`Poster`, `Trailer` and so on."""
    id: str
    mime: str
    bytes: int
    link: str
    thumbnail: str | None
    """A link to the small picture, where there is one."""


@dataclass(frozen=True)
class Reachable:
    """The media of a node, with links that are valid for so many seconds."""

    node: str
    seconds: int
    media: list[Medium]

    def lines(self) -> list[str]:
        """Return a line a medium; no table, which would break the links."""
        return [f"{medium.kind}\t{medium.link}" for medium in self.media]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


def links(settings: Settings, node: str, *, seconds: int = DEFAULT_SECONDS) -> Reachable:
    """Make links to the media of a node: a medium's own, those of a film, the pictures of a person.

    Raises:
        InputError: no node or several are meant by the text.
        ConnectError: no database answers, or no media gateway is known.
        UsageError: no link is valid that long.
    """
    signer = Links.of(settings)
    with Graph.connect(settings) as graph:
        found = find(graph, node)
        rows = graph.read(_media_of(found), id=found.id)
    return Reachable(found.key, seconds, [_medium(signer, row, seconds) for row in rows])


def _media_of(found: Found) -> str:
    return (MEDIUM if found.kind == "Media" else MEDIA_OF % found.kind) + LISTED


def _medium(signer: Links, row: dict[str, Any], seconds: int) -> Medium:
    thumbnail = row["thumbnail"]
    small = signer.link(sha256_of(thumbnail), seconds) if thumbnail else None
    return Medium(**row | {"link": signer.link(row["id"], seconds), "thumbnail": small})
