"""`mmkg align`: decide who is who, and apply it or take it back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from ingest.align import moves
from ingest.align.people import Aligned, FilmKey, load
from ingest.align.plan import MIN_SCORE, decide
from ingest.rows import check_columns, header, parsed, read_table
from ingest.source import accepted
from kg import Graph
from kg.schema import migrate
from mmkg.errors import UsageError
from mmkg.settings import Settings
from mmkg.words import counted

Mode = Literal["dry-run", "apply", "undo"]
DONE = {"dry-run": "would become", "apply": "became", "undo": "taken back from"}


@dataclass
class Report:
    """What an alignment found, and what it did."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "count")

    mode: Mode
    counts: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, Aligned] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def title(self) -> str:
        """Say what was done and how long it took."""
        identities = len({aligned.canonical for aligned in self.aliases.values()})
        aliases = counted(len(self.aliases), "alias", "aliases")
        done = counted(identities, "identity", "identities")
        return f"{aliases} {DONE[self.mode]} {done}, {self.seconds:.1f} s"

    def rows(self) -> Iterator[tuple[str, int]]:
        """Yield the rows of a table under `HEADINGS`."""
        yield from self.counts.items()

    def to_json(self) -> dict[str, Any]:
        """Make a JSON document of the report, with every pair."""
        return {
            "mode": self.mode,
            "counts": self.counts,
            "pairs": [
                {"alias": alias, **aligned._asdict()} for alias, aligned in sorted(self.aliases.items())
            ],
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


def run(
    settings: Settings,
    *,
    mode: Mode = "dry-run",
    min_score: float = MIN_SCORE,
    film_links: Path | None = None,
) -> Report:
    """Align the people of the graph.

    Args:
        settings: where the graph is.
        mode: decide only, decide and apply, or take back what was applied.
        min_score: pairs below this stay apart.
        film_links: a table of films as a source links them (`linked`) and what they are (`item`).

    Raises:
        InputError: the table cannot be read; nothing was changed.
        UsageError: the score is not between 0 and 1.
        ConnectError, GraphError: the database is gone or refuses.
    """
    if not 0 < min_score <= 1:
        raise UsageError(f"--min-score {min_score} is not above 0 and at most 1")
    known = read_film_links(film_links) if film_links else {}
    with Graph.connect(settings) as graph:
        return align(graph, mode, min_score, known)


def align(
    graph: Graph, mode: Mode, min_score: float = MIN_SCORE, film_links: dict[FilmKey, FilmKey] | None = None
) -> Report:
    """Align the people of a graph; `run` says how."""
    started = time.monotonic()
    migrate(graph)
    people = load(graph)
    report = Report(mode)
    if mode == "undo":
        report.aliases = people.aligned
        undone = moves.undo(graph, {aligned.canonical for aligned in people.aligned.values()})
        report.counts = {"aliases taken back": undone.taken_back}
    else:
        plan = decide(people, min_score, film_links)
        report.aliases = plan.aliases
        methods = Counter(aligned.method for aligned in plan.aliases.values())
        report.counts = {
            "nodes of people": plan.people,
            "of them with a name": plan.named,
            **{f"aliases by {method}": count for method, count in sorted(methods.items())},
            "people afterwards": plan.people - len(plan.aliases),
            "left apart: same name, no other evidence": plan.same_name,
            "left apart: two partners as good": plan.ambiguous,
        }
        if plan.films is not None:
            report.counts["films matched by structure"] = len(plan.films)
            rest = (
                "films were matched anew" if plan.films else "--film-links would align people without names"
            )
            report.notes.append(f"links of films contradict the names of directors; {rest}")
        if mode == "apply":
            changes = moves.apply(graph, people, plan)
            report.counts["identities changed"] = changes.identities
            report.counts["facts moved"] = changes.facts
            report.counts["facts left, of unknown films"] = changes.left
    report.seconds = time.monotonic() - started
    return report


def read_film_links(path: Path) -> dict[FilmKey, FilmKey]:
    """Read pairs of films: as a source links them, and what they are.

    Raises:
        InputError: the file or a column is missing.
    """
    check_columns(path, header(path), ("linked", "item"))
    rows = parsed(read_table(path), lambda row: (row.required("linked"), row.required("item")))
    return {FilmKey("Item", linked): FilmKey("Item", item) for linked, item in accepted(rows)}
