"""`mmkg relate`: media that look or sound alike, tied to one another.

`NEAR_DUPLICATE_OF {distance}` joins pictures whose perceptual hashes differ in few bits, `SIMILAR_TO {score,
method}` media that the encoders find near, as IMGpedia does. Both lie between two media once, from the
smaller id to the larger.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from torch import Tensor

from gnn import descriptors, features
from gnn.features import Features
from gnn.nearness import near_hashes, nearest
from gnn.sampler import MEDIA
from kg import Graph, Ref, Relation, imports
from kg.model import Properties
from kg.schema import migrate
from kg.undo import undo
from kg.writer import Counts, Writer
from mmkg.errors import UsageError
from mmkg.settings import Settings
from storage import BlobStore

SOURCE = "relate"
SCORE_DIGITS = 4
"""Fewer than differ between machines."""

DESCRIPTORS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "image": descriptors.visual,
    "video": descriptors.visual,
    "audio": descriptors.acoustic,
}
"""The modalities whose media are compared, and by what."""

MEDIA_OF_LABELS = """
MATCH (m:Media) WHERE any(label IN labels(m) WHERE label IN $labels)
WITH m ORDER BY m.id
RETURN collect(m.id) AS ids, collect(coalesce(m.phash, '')) AS hashes
"""
EARLIER = """
MATCH (i:Import {source: $source}) WHERE i.id <> $id RETURN i.id AS id ORDER BY i.at, i.id
"""


@dataclass
class RelateReport:
    """What became of the pairs."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("relation", "created", "updated", "unchanged")

    import_id: str
    counts: dict[str, Counts] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)
    """How many media of each modality were compared."""
    failures: dict[str, str] = field(default_factory=dict)
    """By the id of a medium, why it could not be encoded."""
    seconds: float = 0.0

    def title(self) -> str:
        """Say what was compared."""
        compared = ", ".join(f"{count} {modality}" for modality, count in self.compared.items())
        return f"Import {self.import_id}: media compared: {compared or 'none'}, {self.seconds:.1f} s"

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Return the rows of a table under `HEADINGS`."""
        return [(name, c.created, c.updated, c.unchanged) for name, c in sorted(self.counts.items())]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "import": self.import_id,
            "counts": {name: asdict(counts) for name, counts in sorted(self.counts.items())},
            "compared": self.compared,
            "failures": self.failures,
            "seconds": round(self.seconds, 3),
        }


def run(
    settings: Settings, *, neighbours: int = 10, min_score: float = 0.6, max_distance: int = 8
) -> RelateReport:
    """Relate the media of the graph, and take back what an earlier run related and this one does not.

    Args:
        settings: where the servers are, and the cache of features.
        neighbours: how many others a medium may propose as similar.
        min_score: the smallest cosine of two similar media.
        max_distance: in how many of 64 bits the hashes of near-duplicates differ at most.

    Raises:
        UsageError: one of the numbers makes no sense.
        ConnectError, GraphError, StoreError: a server is gone or refuses.
    """
    if neighbours < 1 or not 0 < min_score <= 1 or not 0 <= max_distance <= 16:
        raise UsageError(
            "the numbers make no sense",
            remedy="--neighbours is 1 or more, --min-score above 0 and at most 1, --max-distance 0 to 16",
        )
    started = time.monotonic()
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        migrate(graph)
        media = {modality: _media(graph, modality) for modality in DESCRIPTORS}
        ids = {modality: found["ids"] for modality, found in media.items() if found["ids"]}
        encoded = features.load(store, settings.cache, ids)
        versions = {modality: found.version for modality, found in encoded.items()}
        options = {"neighbours": neighbours, "min_score": min_score, "max_distance": max_distance}
        report = RelateReport(_import_id(options, versions, media))
        report.compared = {modality: int(found.present.sum()) for modality, found in encoded.items()}
        for found in encoded.values():
            report.failures |= found.failures
        writer = Writer(graph, report.import_id)
        imports.begin(graph, report.import_id, SOURCE)
        writer.relations(_near_duplicates(media["image"], max_distance))
        for modality, found in encoded.items():
            writer.relations(_similar(modality, ids[modality], found, neighbours, min_score))
        imports.finish(graph, report.import_id, rejected=len(report.failures))
        for row in graph.read(EARLIER, source=SOURCE, id=report.import_id):
            undo(graph, row["id"], store.delete_keys)
        report.counts = dict(writer.counts)
    report.seconds = time.monotonic() - started
    return report


def _media(graph: Graph, modality: str) -> dict[str, list[str]]:
    labels = [label for label, of in MEDIA.items() if of == modality]
    return graph.read(MEDIA_OF_LABELS, labels=labels)[0]


def _import_id(
    options: Mapping[str, object], versions: Mapping[str, str], media: Mapping[str, Mapping[str, list[str]]]
) -> str:
    """Hash what decides the pairs: the same again is the same import."""
    told = json.dumps([SOURCE, options, versions, media], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _near_duplicates(media: Mapping[str, list[str]], most: int) -> Iterator[Relation]:
    hashed = [(i, int(digits, 16)) for i, digits in zip(media["ids"], media["hashes"], strict=True) if digits]
    for first, second, distance in near_hashes([digits for _, digits in hashed], most):
        yield _pair("NEAR_DUPLICATE_OF", hashed[first][0], hashed[second][0], {"distance": int(distance)})


def _similar(
    modality: str, ids: Sequence[str], found: Features, neighbours: int, least: float
) -> Iterator[Relation]:
    present = found.present.nonzero().flatten().tolist()
    vectors = DESCRIPTORS[modality](found.values[found.present])
    for first, second, score in nearest(vectors, neighbours, least):
        properties: Properties = {
            "score": round(score, SCORE_DIGITS),
            "method": f"{modality}-{found.version}",
        }
        yield _pair("SIMILAR_TO", ids[present[first]], ids[present[second]], properties)


def _pair(relation: str, first: str, second: str, properties: Properties) -> Relation:
    """Tie two media; their numbers are in the order of their ids, so each pair lies one way."""
    return Relation(relation, Ref("Media", first), Ref("Media", second), properties)
