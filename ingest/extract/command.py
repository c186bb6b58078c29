"""`mmkg extract`: from the texts of the graph's films to facts in the graph, as an import of its own."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ingest.digests import ID_DIGITS
from ingest.extract import graph as reading
from ingest.extract.extractor import METHOD, Extractor, Fact, Recogniser
from ingest.extract.names import Name, Names
from ingest.pipeline import Report
from ingest.rejects import Rejects
from kg import Graph, imports
from kg.model import Reject
from kg.schema import migrate
from kg.writer import Writer
from mmkg.errors import UsageError
from mmkg.progress import track
from mmkg.settings import Settings
from mmkg.words import counted
from storage import BlobStore

RULES = 1
"""Counts up when the patterns change: the same texts then give other facts, which is another import."""
SHOWN = 5
MIN_CONFIDENCE = 0.5


@dataclass
class Proposal:
    """What `--dry-run` would write."""

    HEADINGS: ClassVar[tuple[str, ...]] = (
        "film",
        "relation",
        "name",
        "new",
        "confidence",
        "pattern",
        "evidence",
    )

    facts: list[Fact] = field(default_factory=list)
    stated: int = 0
    """How many facts were found that sources state already."""
    rejected: int = 0
    warnings: list[str] = field(default_factory=list)
    rejects_path: Path | None = None

    def title(self) -> str:
        """Say how much there is."""
        facts = counted(len(self.facts), "fact")
        return f"{facts} would be written; {self.stated} more are stated by sources already"

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Yield the facts."""
        for fact in self.facts:
            new = "" if fact.known else "new"
            yield fact.film, fact.relation, fact.name, new, fact.confidence, fact.pattern, fact.evidence

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain values."""
        return {
            "facts": [
                {
                    "film": fact.film,
                    "relation": fact.relation,
                    "start": fact.ends[0].id,
                    "end": fact.ends[1].id,
                    "name": fact.name,
                    "label": fact.label,
                    "known": fact.known,
                    "character": fact.character,
                    "confidence": round(fact.confidence, 3),
                    "pattern": fact.pattern,
                    "evidence": fact.evidence,
                }
                for fact in self.facts
            ],
            "stated": self.stated,
            "rejected": self.rejected,
            "warnings": self.warnings,
        }


def run(
    settings: Settings,
    *,
    dry_run: bool = False,
    min_confidence: float = MIN_CONFIDENCE,
    spacy: str | None = None,
    rejects: Path | None = None,
) -> Report | Proposal:
    """Extract facts with the servers of the settings.

    Args:
        settings: where the servers are.
        dry_run: return the facts and write nothing.
        min_confidence: a fact below is left out.
        spacy: a spaCy model that recognises names which the graph does not know.
        rejects: the file for texts that could not be read.

    Raises:
        UsageError: the confidence is not between 0 and 1, or the model cannot be loaded.
        ConnectError: a server is away.
    """
    if not 0 <= min_confidence <= 1:
        raise UsageError("a confidence is between 0 and 1", where=f"--min-confidence {min_confidence}")
    recogniser, model = None, ""
    if spacy is not None:
        from ingest.extract.nlp import load  # noqa: PLC0415  # spaCy is an extra

        recogniser, model = load(spacy)
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        if not dry_run:
            migrate(graph)
        extraction = Extraction(graph, store, min_confidence, recogniser, model)
        return extraction.propose() if dry_run else extraction.write(rejects)


class Extraction:
    """One run over the texts of all films in the graph.

    Args:
        graph: where names and films come from and facts go.
        store: where the texts are.
        min_confidence: a fact below is left out.
        recogniser: finds names that the graph does not know.
        model: the name and version of what the recogniser uses.
    """

    def __init__(
        self,
        graph: Graph,
        store: BlobStore,
        min_confidence: float = MIN_CONFIDENCE,
        recogniser: Recogniser | None = None,
        model: str = "",
    ) -> None:
        self.graph = graph
        self.store = store
        self.options = {"min_confidence": float(min_confidence), "spacy": model, "rules": RULES}
        self.texts = reading.text_imports(graph)
        self.names = reading.names(graph, self.texts)
        awards = reading.builtin_awards(self.names)
        builtin = frozenset(award.id for award in awards)
        self.extractor = Extractor(Names([*self.names, *awards]), recogniser, float(min_confidence), builtin)
        self.stated = 0

    def propose(self) -> Proposal:
        """Return the facts that would be written."""
        rejected: list[Reject] = []
        facts = [fact for page in self._pages(rejected) for fact in page]
        warnings = [*self._warnings(), *(f"{reject.file}: {reject.reason}" for reject in rejected)]
        return Proposal(facts, self.stated, len(rejected), warnings)

    def write(self, rejects: Path | None = None) -> Report:
        """Write the facts, as an import whose id is made of the texts, the names and the options."""
        started = time.monotonic()
        import_id = self._import_id()
        imports.begin(self.graph, import_id, METHOD, "the texts of the films")
        self.texts = [*{*self.texts, import_id}]
        report = Report(import_id, "the films' texts")
        with Rejects(rejects or Path(f"mmkg-rejects-{import_id}.jsonl")) as rejected:
            writer = Writer(self.graph, import_id, on_reject=rejected.add)
            unread: list[Reject] = []
            for facts in self._pages(unread):
                writer.nodes(fact.entity() for fact in facts if not fact.known)
                writer.relations(fact.statement() for fact in facts)
            for reject in unread:
                rejected.add(reject)
            imports.finish(self.graph, import_id, rejected.count)
        report.counts = dict(writer.counts)
        report.reasons = dict(rejected.reasons.most_common())
        report.rejected = rejected.count
        report.rejects_path = rejected.path if rejected.count else None
        report.warnings = [*self._warnings(), f"{counted(self.stated, 'fact')} stated by sources already"]
        report.seconds = time.monotonic() - started
        return report

    def _pages(self, rejected: list[Reject]) -> Iterator[list[Fact]]:
        """Yield the facts that no source states, for a page of films at a time."""
        self.stated = 0
        for page in track(reading.films(self.graph), "Texts"):
            known = reading.known(self.graph, page, self.texts)
            facts = []
            for film in page:
                found = self._of_film(film, known.ties[film.id], rejected)
                new = [
                    fact
                    for fact in found
                    if (fact.relation, fact.ends[0].id, fact.ends[1].id) not in known.stated
                ]
                self.stated += len(found) - len(new)
                facts += new
            yield facts

    def _of_film(self, film: reading.Film, ties: set[str], rejected: list[Reject]) -> list[Fact]:
        """Return the facts of all texts of a film, each once, from the surest."""
        best: dict[tuple[object, ...], Fact] = {}
        for text in reading.texts_of(film, self.store):
            if isinstance(text, Reject):
                rejected.append(text)
                continue
            for fact in self.extractor.facts(film.id, text, ties):
                key = (fact.relation, *fact.ends)
                if key not in best or fact.confidence > best[key].confidence:
                    best[key] = fact
        return list(best.values())

    def _import_id(self) -> str:
        """Hash what is read and how: the same texts, names and options are the same import."""
        digest = hashlib.sha256(json.dumps([METHOD, self.options], sort_keys=True).encode())
        for line in _lines(self.names):
            digest.update(line)
        for page in reading.films(self.graph):
            for film in page:
                plot = hashlib.sha256((film.plot or "").encode()).hexdigest()
                digest.update(json.dumps([film.id, plot, film.texts]).encode() + b"\n")
        return digest.hexdigest()[:ID_DIGITS]

    def _warnings(self) -> Iterator[str]:
        for name, times in Counter(self.extractor.ambiguous).most_common(SHOWN):
            yield f"{name!r} names several things and was not linked ({times} times)"
        others = len(self.extractor.ambiguous) - SHOWN
        if others > 0:
            yield f"{others} more names name several things"


def _lines(names: Iterable[Name]) -> Iterator[bytes]:
    for name in names:
        yield (json.dumps(name) + "\n").encode()
