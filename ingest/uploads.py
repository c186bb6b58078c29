"""Media on their way: probed, uploaded, and only then stated in the graph."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice, repeat
from typing import Any, NamedTuple

from ingest.digests import Digests
from ingest.media import PROBERS, examine
from ingest.source import Media, MediaFile, MediaText
from ingest.thumbnails import MIME
from ingest.workers import Workers
from kg import Graph
from kg.model import BLOB_KEYS, Node, Ref, Reject, Relation, Value
from kg.provenance import OWN
from mmkg.errors import InputError, MediaError
from storage import Blob, BlobStore
from storage.blobs import sha256_of

BATCH = 256
THREADS = 4
WORKERS = min(THREADS, os.cpu_count() or 1)
IMAGE_OF = "IMAGE_OF"
"""From a picture to an entity that it shows; media of items have a relation for each kind."""
TEXT_TYPE = "text/plain; charset=utf-8"

KNOWN = """
MATCH (m:Media) WHERE m.id IN $ids AND coalesce(m.thumbnail, m.codec, m.characters) IS NOT NULL
RETURN m.id AS id, labels(m) AS labels, properties(m) AS properties
"""
"""What was probed, and by a version that made thumbnails and told codecs: of each kind one property tells."""
SUBJECTS = """
OPTIONAL MATCH (i:Item) WHERE i.id IN $items
WITH collect(i.id) AS items
OPTIONAL MATCH (e:Entity) WHERE e.id IN $entities
RETURN items, collect(e.id) AS entities
"""
"""What there is of the things that media are said to be of."""

Statement = tuple[Node, Relation]
Outcome = Node | Reject
"""The node of a medium, or why there is none."""


class _Known(NamedTuple):
    """A medium that the graph has."""

    labels: list[str]
    """What it was probed as, and `Media`."""
    properties: dict[str, Value]


class Uploads:
    """Brings media to the store.

    Args:
        graph: tells which items and media there are.
        store: where they go.
        digests: the hashes that were taken of the files already.
        reject: called with each medium that was not taken.
    """

    def __init__(
        self, graph: Graph, store: BlobStore, digests: Digests, reject: Callable[[Reject], None]
    ) -> None:
        self.graph = graph
        self.store = store
        self.digests = digests
        self.reject = reject
        self.workers = Workers(WORKERS)
        self.silent: list[str] = []
        """Where the sounds come from in which nothing is to be heard."""

    def statements(self, media: Iterable[Media | Reject]) -> Iterator[list[Statement]]:
        """Upload the media and yield, in batches, their nodes and what ties these to what they are of.

        What the graph and the store both have as a medium of that kind is not probed again. A medium of an
        unknown item or entity is rejected before it is uploaded.

        Raises:
            StoreError: the store refuses an upload. Nothing that was yielded before is without its blob.
        """
        iterator = iter(media)
        pool = ThreadPoolExecutor(THREADS)
        # The workers end before the threads that wait for them, so that Ctrl-C has nothing to wait for.
        with _cancelled_at_the_end(pool), self.workers:
            while batch := list(islice(iterator, BATCH)):
                good = self._of_known(batch)
                hashes = list(pool.map(self._hash, good))
                known = {
                    row["id"]: _Known(row["labels"], _stated(row["properties"]))
                    for row in self.graph.read(KNOWN, ids=hashes)
                }
                outcomes = pool.map(self._bring, good, hashes, repeat(known))
                yield list(self._statements(zip(good, outcomes, strict=True)))

    def _of_known(self, batch: list[Media | Reject]) -> list[Media]:
        subjects = [medium.of for medium in batch if not isinstance(medium, Reject)]
        (row,) = self.graph.read(
            SUBJECTS,
            items=[of.id for of in subjects if of.kind == "Item"],
            entities=[of.id for of in subjects if of.kind == "Entity"],
        )
        known = {Ref("Item", each) for each in row["items"]} | {Ref("Entity", e) for e in row["entities"]}
        good: list[Media] = []
        for medium in batch:
            if isinstance(medium, Reject):
                self.reject(medium)
            elif medium.of not in known:
                kind = medium.of.kind.lower()
                self.reject(Reject(*medium.origin, kind, f"unknown {kind}", medium.of.id))
            else:
                good.append(medium)
        return good

    def _hash(self, medium: Media) -> str:
        return (
            self.digests.of_text(medium.text)
            if isinstance(medium, MediaText)
            else self.digests.of_file(medium.path)
        )

    def _bring(self, medium: Media, sha256: str, known: Mapping[str, _Known]) -> Outcome:
        """Probe and upload one medium, as far as that is not done, and make its node."""
        kind = "Text" if isinstance(medium, MediaText) else medium.kind
        held = known.get(sha256)
        if held and kind in held.labels and self._are_stored(held.properties):
            # All is stated again, so that it stays when the import that stated it first is taken back.
            return Node("Media", sha256, kind, held.properties, medium.origin)
        try:
            properties, blob = self._upload(medium)
        except (MediaError, InputError) as error:
            return Reject(*medium.origin, kind.lower(), error.what, _name(medium))
        stored = {"sha256": blob.sha256, "key": blob.key, "bytes": blob.bytes, **properties}
        return Node("Media", blob.sha256, kind, stored, medium.origin)

    def _are_stored(self, properties: Mapping[str, Value]) -> bool:
        keys = [str(properties[name]) for name in BLOB_KEYS if name in properties]
        return all(self.store.exists(sha256_of(key)) for key in keys)

    def _upload(self, medium: Media) -> tuple[dict[str, Value], Blob]:
        if isinstance(medium, MediaText):
            blob = self.store.put_bytes(medium.text.encode(), TEXT_TYPE)
            return {"mime": TEXT_TYPE, "characters": len(medium.text)}, blob
        seconds = PROBERS[medium.kind].seconds
        found, thumbnail = self.workers.run(examine, medium.path, medium.kind, seconds=seconds)
        properties: dict[str, Value] = dict(found)
        blob = self.store.put_file(medium.path, str(properties["mime"]))
        if thumbnail:
            properties["thumbnail"] = self.store.put_bytes(thumbnail, MIME).key
        return properties, blob

    def _statements(self, outcomes: Iterable[tuple[Media, Outcome]]) -> Iterator[Statement]:
        for medium, node in outcomes:
            if isinstance(node, Reject):
                self.reject(node)
                continue
            if node.properties.get("silent") is True:
                self.silent.append(_name(medium))
            relation = f"{str(node.label).upper()}_OF" if medium.of.kind == "Item" else IMAGE_OF
            yield node, Relation(relation, Ref("Media", node.id), medium.of, {}, medium.origin)


def _stated(properties: dict[str, Any]) -> dict[str, Value]:
    """Leave out what is not stated, and what somebody set by hand that no source can state."""
    return {
        name: value
        for name, value in properties.items()
        if name not in OWN and isinstance(value, (str, int, float))
    }


@contextmanager
def _cancelled_at_the_end(pool: ThreadPoolExecutor) -> Iterator[None]:
    try:
        yield
    finally:
        pool.shutdown(cancel_futures=True)


def _name(medium: Media) -> str:
    return medium.path.name if isinstance(medium, MediaFile) else f"text of {medium.of.id}"
