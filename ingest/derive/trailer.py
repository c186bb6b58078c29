"""One trailer: what is derived of it lies in the store before the graph hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

import soundfile

from ingest.derive.clips import clip, still
from ingest.derive.decoding import sound_format, sound_part
from ingest.derive.highlights import highlights
from ingest.derive.segments import MUSIC, VOICE, Segment, segments
from ingest.media import PROBERS, examine
from ingest.source import MediaKind
from ingest.thumbnails import MIME
from ingest.workers import Workers
from kg.model import Node, Origin, Properties, Ref, Relation, Value
from mmkg.errors import MediaError
from storage import BlobStore

NEXT_TO = "NEXT_TO"
PART = 60.0
"""Seconds of sound that a worker decodes at a time: an answer is held in memory."""
SECONDS = 600.0
"""How long one look at a trailer may take."""
DIGITS = 3
"""Of seconds, behind the point."""

T = TypeVar("T")


class Trailer(NamedTuple):
    """A trailer of the graph."""

    sha256: str
    key: str
    films: list[str]
    """The ids of the items that it belongs to."""
    name: str
    """Of one of them."""


class Derived(NamedTuple):
    """What came of a trailer."""

    nodes: list[Node]
    relations: list[Relation]


class Studio:
    """Derives clips, stills and the sound track of a trailer.

    Args:
        store: where trailers are and what is derived goes.
        workers: decode.
        count: highlights of a trailer, at most.
        seconds: length of a clip, at most.
    """

    def __init__(self, store: BlobStore, workers: Workers, count: int, seconds: float) -> None:
        self.store = store
        self.workers = workers
        self.count = count
        self.seconds = seconds

    def derive(self, trailer: Trailer) -> Derived:
        """Derive all that there is of a trailer.

        Raises:
            MediaError: it cannot be decoded; nothing of it shall be stated.
            StoreError: its blob is missing or damaged, or the store refuses an upload.
        """
        with TemporaryDirectory(prefix="mmkg-derive-") as folder:
            path = Path(folder) / "trailer"
            self.store.get_file(trailer.sha256, path)
            origin, whole = Origin(trailer.key), Ref("Media", trailer.sha256)
            derived = Derived([], [])
            stills: list[Node] = []
            clips: list[Node] = []
            for start, end, moment in self._run(highlights, path, self.count, self.seconds):
                data = self._run(clip, path, start, end)
                clips.append(self._kept("Clip", data, Path(folder) / "clip", origin))
                times = {"start": round(start, DIGITS), "end": round(end, DIGITS)}
                derived.relations.append(_relation("CUT_FROM", clips[-1], whole, times))
                data = self._run(still, path, moment)
                stills.append(self._kept("Still", data, Path(folder) / "still", origin))
                time = {"seconds": round(moment, DIGITS)}
                derived.relations.append(_relation("FRAME_OF", stills[-1], whole, time))
            track = self._sound_track(path, Path(folder) / "sound.flac", origin)
            if track:
                derived.relations.append(_relation("SOUNDTRACK_OF", track, whole))
            for some in (clips, stills):
                derived.relations.extend(_next_to(some))
            derived.nodes.extend([*clips, *stills, *([track] if track else [])])
            derived.relations.extend(
                _relation(f"{str(node.label).upper()}_OF", node, Ref("Item", film))
                for node in derived.nodes
                for film in trailer.films
            )
            return derived

    def _sound_track(self, path: Path, flac: Path, origin: Origin) -> Node | None:
        """Keep the sound with what is heard in it; None where the trailer has none."""
        form = self._run(sound_format, path)
        if form is None:
            return None
        rate, channels = form
        start = 0.0
        try:
            with soundfile.SoundFile(flac, "w", rate, channels, "PCM_16", format="FLAC") as file:
                while samples := self._run(sound_part, path, rate, channels, start, start + PART):
                    file.buffer_write(samples, "int16")
                    start += PART
        except soundfile.LibsndfileError as error:
            raise MediaError(f"the sound track cannot be kept ({error})") from None
        if not start:
            return None
        return self._kept_file("Audio", flac, origin, heard(self._run(segments, path)))

    def _kept(self, kind: MediaKind, data: bytes, path: Path, origin: Origin) -> Node:
        path.write_bytes(data)
        return self._kept_file(kind, path, origin)

    def _kept_file(
        self, kind: MediaKind, path: Path, origin: Origin, more: Mapping[str, Value] | None = None
    ) -> Node:
        """Probe and upload what was derived, as if a source had brought it, and make its node."""
        found, thumbnail = self.workers.run(examine, path, kind, seconds=PROBERS[kind].seconds)
        blob = self.store.put_file(path, str(found["mime"]))
        stored: dict[str, Value] = {"sha256": blob.sha256, "key": blob.key, "bytes": blob.bytes}
        stored |= {**found, **(more or {})}
        if thumbnail:
            stored["thumbnail"] = self.store.put_bytes(thumbnail, MIME).key
        return Node("Media", blob.sha256, kind, stored, origin)

    def _run(self, function: Callable[..., T], *arguments: object) -> T:
        return self.workers.run(function, *arguments, seconds=SECONDS)


def heard(found: list[Segment]) -> dict[str, Value]:
    """Make the properties that tell what is heard in a sound: three parallel lists, and two sums."""
    sums = {kind: sum(end - start for what, start, end in found if what == kind) for kind in (VOICE, MUSIC)}
    return {
        "segment_kinds": [kind for kind, _, _ in found],
        "segment_starts": [start for _, start, _ in found],
        "segment_ends": [end for _, _, end in found],
        **{f"{kind}_seconds": round(float(seconds), 2) for kind, seconds in sums.items()},
    }


def _next_to(nodes: list[Node]) -> Iterator[Relation]:
    """Tie what follows each other in time; two pictures that are the same have nothing between them."""
    for one, other in pairwise(nodes):
        if one.id != other.id:
            yield _relation(NEXT_TO, one, Ref("Media", other.id))


def _relation(kind: str, start: Node, end: Ref, properties: Properties | None = None) -> Relation:
    return Relation(kind, Ref("Media", start.id), end, properties or {}, start.origin)
