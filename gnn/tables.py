"""The tables of an experiment: mean and spread over the seeds, significance over the users."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gnn.significance import Comparison, compare
from mmkg.files import write_whole

METRICS = ("recall", "ndcg")


@dataclass(frozen=True)
class Outcome:
    """What one run gave, as it is kept in a file."""

    system: str
    seed: int
    settings: Mapping[str, Any]
    best_epoch: int
    seconds: float
    """Time of its epochs, before an interruption too, without the looks at the valid clicks."""
    test: Mapping[str, float]
    """The metrics on the test clicks."""
    curve: Sequence[Mapping[str, float]]
    """See `gnn.curve`; empty where nothing was trained."""
    users: Mapping[str, Sequence[Any]]
    """In columns: `user`, and the metrics of each."""

    def write(self, path: Path) -> None:
        """Write the run into a file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Outcome | None:
        """Read a run; None where there is none, or the file is damaged: the run is done again."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None


@dataclass(frozen=True)
class Cell:
    """One metric of one system."""

    mean: float
    spread: float | None
    """Standard deviation over the seeds; None where there is one."""
    comparison: Comparison | None
    """With the reference of this metric; None for the reference itself, and where there is none."""


@dataclass(frozen=True)
class Table:
    """One row a system."""

    HEADINGS: ClassVar[tuple[str, ...]] = (
        *("system", "seeds"),
        *("recall", "± seeds", "p recall"),
        *("ndcg", "± seeds", "p ndcg"),
    )

    name: str
    caption: str
    k: int
    references: Mapping[str, str]
    """By metric, the system that the others are compared with."""
    cells: Mapping[str, Mapping[str, Cell]]
    """By system and metric."""
    seeds: Mapping[str, int]
    """By system, how many runs it had."""

    def title(self) -> str:
        """Say what was measured."""
        return f"{self.name}: {self.caption}; test clicks, full ranking, lists of {self.k}"

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table, without its headings."""
        rows = []
        for system, cells in self.cells.items():
            shown = [part for metric in METRICS for part in self.show(system, metric, cells[metric])]
            rows.append((system, str(self.seeds[system]), *shown))
        return rows

    def show(self, system: str, metric: str, cell: Cell) -> tuple[str, str, str]:
        """Return the mean, the spread and the p-value as texts."""
        p = "reference" if self.references.get(metric) == system else ""
        if cell.comparison:
            p = "< 0.0001" if cell.comparison.p < 0.0001 else f"{cell.comparison.p:.4f}"
            if cell.comparison.significant:
                p += " better" if cell.comparison.difference > 0 else " worse"
        return f"{cell.mean:.4f}", "" if cell.spread is None else f"{cell.spread:.4f}", p

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain values."""
        return asdict(self)


def make_table(
    name: str,
    caption: str,
    outcomes: Mapping[str, Sequence[Outcome]],
    references: Collection[str],
    k: int,
) -> Table:
    """Average over the seeds, and compare over the users.

    Args:
        name: of the table.
        caption: what it shows.
        outcomes: by system, its runs, all measured on the same users.
        references: for each metric, the best of these is what the others are compared with.
        k: length of the lists.
    """
    cells: dict[str, dict[str, Cell]] = {system: {} for system in outcomes}
    chosen: dict[str, str] = {}
    for metric in METRICS:
        by_user = {system: _by_user(runs, metric) for system, runs in outcomes.items()}
        candidates = [system for system in outcomes if system in references]
        compared: dict[str, Comparison] = {}
        if candidates:
            best = max(candidates, key=lambda system: float(by_user[system].mean()))
            chosen[metric] = best
            others = {system: values for system, values in by_user.items() if system != best}
            compared = compare(others, by_user[best])
        for system, runs in outcomes.items():
            means = [run.test[metric] for run in runs]
            spread = float(np.std(means, ddof=1)) if len(means) > 1 else None
            cells[system][metric] = Cell(float(np.mean(means)), spread, compared.get(system))
    return Table(name, caption, k, chosen, cells, {system: len(runs) for system, runs in outcomes.items()})


def _by_user(runs: Sequence[Outcome], metric: str) -> NDArray[np.float64]:
    """Average a metric over the seeds, (users,)."""
    values: NDArray[np.float64] = np.mean([run.users[metric] for run in runs], axis=0, dtype=np.float64)
    return values
