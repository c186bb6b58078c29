"""`mmkg derive`: clips, stills and sound tracks out of the graph's trailers, each an import of its own.

The id of such an import is a hash of the trailer, its films and the settings. Once it is complete and the
store has what it brought, the trailer is passed over without being decoded.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ingest import pipeline
from ingest.derive.trailer import Derived, Studio, Trailer
from ingest.digests import ID_DIGITS
from ingest.rejects import Rejects
from ingest.uploads import THREADS, WORKERS
from ingest.workers import Workers
from kg import Graph, imports
from kg.model import BLOB_KEYS, Reject
from kg.schema import migrate
from kg.writer import Counts, Writer
from mmkg.errors import MediaError, StoreError, UsageError
from mmkg.progress import track
from mmkg.settings import Settings
from storage import BlobStore
from storage.blobs import sha256_of

SOURCE = "derive"
DERIVATION = 1
"""Counts up when the same trailer gives other media than before, which is another import."""
HIGHLIGHTS, CLIP_SECONDS = 3, 5.0
MOST_SECONDS = 30.0
"""Of a clip: a worker's answer has a limit."""
PAGE = 500

COUNT = "MATCH (t:Trailer) WHERE t.key IS NOT NULL RETURN count(t) AS trailers"
TRAILERS = """
MATCH (t:Media) WHERE t.id > $after AND t:Trailer AND t.key IS NOT NULL WITH t ORDER BY t.id LIMIT $page
RETURN t.id AS sha256, t.key AS key,
       COLLECT { MATCH (t)-[:TRAILER_OF]->(m:Item) RETURN m.id ORDER BY m.id } AS films,
       COLLECT { MATCH (t)-[:TRAILER_OF]->(m:Item) RETURN toString(m.title) ORDER BY m.id } AS titles
"""
COMPLETE = f"""
UNWIND $ids AS id
MATCH (i:Import {{id: id[0]}}) WHERE i.complete
OPTIONAL MATCH (:Media {{id: id[1]}})<-[r:CUT_FROM|FRAME_OF|SOUNDTRACK_OF]-(m) WHERE i.id IN r.imports
WITH i, [{", ".join(f"m.{name}" for name in BLOB_KEYS)}] AS keys
UNWIND keys AS key
RETURN i.id AS id, collect(DISTINCT key) AS keys
"""
"""Which trailers have been dealt with, and what lies in the store because of that."""


@dataclass
class Report(pipeline.Report):
    """What became of the trailers."""

    import_id: str = ""
    source: str = SOURCE
    imports: list[str] = field(default_factory=list)
    """Of the trailers of which something was derived now."""
    skipped: int = 0
    """Trailers with which the same command has dealt before."""

    def title(self) -> str:
        """Say how many trailers there were and how long it took."""
        return f"{len(self.imports)} trailers, {self.skipped} dealt with before, {self.seconds:.1f} s"

    def to_json(self) -> dict[str, Any]:
        """Make a JSON document of the report."""
        document = super().to_json()
        del document["import"]
        return {"imports": self.imports, "skipped": self.skipped, **document}


class _Outcome(NamedTuple):
    trailer: Trailer
    derived: Derived | None = None
    """None where it was dealt with before, or cannot be decoded."""
    error: str = ""


def run(
    settings: Settings,
    *,
    highlights: int = HIGHLIGHTS,
    clip_seconds: float = CLIP_SECONDS,
    rejects: Path | None = None,
) -> Report:
    """Derive with the servers of the settings.

    Args:
        settings: where the servers are.
        highlights: clips and stills of a trailer, at most.
        clip_seconds: length of a clip, at most.
        rejects: the file for trailers that cannot be decoded.

    Raises:
        UsageError: a number makes no sense.
        ConnectError, StoreError: a server is away or refuses; what is written stays.
    """
    if highlights < 1 or not 0.5 <= clip_seconds <= MOST_SECONDS:
        raise UsageError(f"a trailer has one highlight or more, and a clip 0.5 to {MOST_SECONDS:g} seconds")
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        migrate(graph)
        return Derivation(graph, store, highlights, clip_seconds).write(rejects)


class Derivation:
    """One run over the trailers of the graph.

    Args:
        graph: where the trailers come from and the statements go.
        store: where the media are.
        highlights: clips and stills of a trailer, at most.
        clip_seconds: length of a clip, at most.
    """

    def __init__(
        self,
        graph: Graph,
        store: BlobStore,
        highlights: int = HIGHLIGHTS,
        clip_seconds: float = CLIP_SECONDS,
    ) -> None:
        self.graph = graph
        self.store = store
        self.highlights = highlights
        self.clip_seconds = float(clip_seconds)

    def write(self, rejects: Path | None = None) -> Report:
        """Derive from every trailer what was not derived before, and state it, a trailer at a time."""
        started = time.monotonic()
        report = Report()
        with Rejects(rejects or Path(f"mmkg-rejects-{SOURCE}.jsonl")) as rejected:
            for trailer, derived, error in self._outcomes():
                if error:
                    rejected.add(Reject(trailer.key, 0, "trailer", error, trailer.name))
                elif derived is None:
                    report.skipped += 1
                else:
                    self._state(trailer, derived, report, rejected)
        report.reasons = dict(rejected.reasons.most_common())
        report.rejected = rejected.count
        report.rejects_path = rejected.path if rejected.count else None
        report.seconds = time.monotonic() - started
        return report

    def import_id(self, trailer: Trailer) -> str:
        """Hash what is derived of a trailer and how."""
        parts = [SOURCE, DERIVATION, self.highlights, self.clip_seconds, trailer.sha256, trailer.films]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:ID_DIGITS]

    def _state(self, trailer: Trailer, derived: Derived, report: Report, rejected: Rejects) -> None:
        import_id = self.import_id(trailer)
        imports.begin(self.graph, import_id, SOURCE, f"the trailer of {trailer.name}")
        writer = Writer(self.graph, import_id, on_reject=rejected.add)
        writer.nodes(derived.nodes)
        writer.relations(derived.relations)
        refused = sum(counts.rejected for counts in writer.counts.values())
        imports.finish(self.graph, import_id, refused)
        report.imports.append(import_id)
        for name, counts in writer.counts.items():
            report.counts.setdefault(name, Counts())
            report.counts[name] += counts

    def _outcomes(self) -> Iterator[_Outcome]:
        total = self.graph.read(COUNT)[0]["trailers"]
        pool = ThreadPoolExecutor(THREADS)
        try:
            # The workers end before the threads that wait for them, so that Ctrl-C has nothing to wait for.
            with Workers(WORKERS) as workers:
                studio = Studio(self.store, workers, self.highlights, self.clip_seconds)
                pages = (
                    each for page in self._pages() for each in pool.map(partial(self._one, studio), *page)
                )
                yield from track(pages, "Trailers", total=total)
        finally:
            pool.shutdown(cancel_futures=True)

    def _one(self, studio: Studio, trailer: Trailer, keys: list[str]) -> _Outcome:
        if keys and all(self.store.exists(sha256_of(key)) for key in keys):
            return _Outcome(trailer)
        try:
            return _Outcome(trailer, studio.derive(trailer))
        except MediaError as error:
            return _Outcome(trailer, error=error.what)
        except StoreError as error:
            if self.store.exists(trailer.sha256):
                raise
            return _Outcome(trailer, error=error.what)

    def _pages(self) -> Iterator[tuple[list[Trailer], list[list[str]]]]:
        """Yield the trailers, and of those that were dealt with the keys of what was derived."""
        after = ""
        while rows := self.graph.read(TRAILERS, after=after, page=PAGE):
            trailers = [
                Trailer(
                    row["sha256"], row["key"], row["films"], ([*row["titles"], *row["films"], "no film"])[0]
                )
                for row in rows
            ]
            ids = [[self.import_id(trailer), trailer.sha256] for trailer in trailers]
            complete = {row["id"]: row["keys"] for row in self.graph.read(COMPLETE, ids=ids)}
            yield trailers, [complete.get(import_id, []) for import_id, _ in ids]
            after = trailers[-1].sha256
