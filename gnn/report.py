"""The folder of an experiment: tables, the numbers of each user, pictures, and one page that holds it all."""

from __future__ import annotations

import csv
import io
import json
import platform
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import torch
from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure

import mmkg
from gnn.problem import Task
from gnn.significance import NAME
from gnn.tables import METRICS, Outcome, Table
from mmkg.files import write_whole

if TYPE_CHECKING:
    from gnn.experiment import ExperimentReport

TEMPLATE = "report.html"
CURVES = "curves.png"


def facts(
    task: Task, budget: Mapping[str, Any], seeds: Sequence[int], k: int, settings: str
) -> dict[str, str]:
    """Say what is measured, on what and how."""
    problem = task.problem
    media = {name: len(matrix) for name, matrix in problem.features.items()}
    return {
        "users": str(problem.users),
        "films": str(problem.items),
        "clicks": ", ".join(f"{len(clicks)} {split}" for split, clicks in task.clicks.items()),
        "media": ", ".join(f"{count} {name}" for name, count in media.items()) or "none",
        "budget of each system": ", ".join(f"{name} {value}" for name, value in budget.items()),
        "settings": settings,
        "seeds": ", ".join(map(str, seeds)),
        "ranking": f"of all films, those clicked in training and validation left out, lists of {k}",
        "spread": "standard deviation over the seeds",
        "significance": NAME,
        "graph": problem.ripple.fingerprint(),
        "made by": f"mmkg {mmkg.__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"{platform.machine()}, {date.today()}",
    }


def write(report: ExperimentReport) -> None:
    """Write all files; those of an earlier report are replaced."""
    folder = report.folder
    folder.mkdir(parents=True, exist_ok=True)
    runs = [
        {"label": label, **asdict(outcome)}
        for label, outcomes in report.outcomes.items()
        for outcome in outcomes
    ]
    write_whole(folder / "results.json", json.dumps({**report.to_json(), "runs": runs}, indent=1) + "\n")
    write_whole(folder / "results.csv", _csv(_user_rows(report.outcomes)))
    pictures = {}
    for table in report.tables:
        file = folder / _picture(table)
        write_whole(file.with_suffix(".csv"), _csv([table.HEADINGS, *table.rows()]))
        pictures[file.name] = draw_table(table)
    if trained := {label: each for label, each in report.outcomes.items() if each[0].curve}:
        pictures[CURVES] = draw_curves(trained)
    for name, picture in pictures.items():
        write_whole(folder / name, picture)
    write_whole(folder / "report.html", page(report, pictures))


def draw_curves(outcomes: Mapping[str, Sequence[Outcome]]) -> bytes:
    """Draw loss and ndcg on the valid clicks by epoch, one color a system, one line a seed, as a PNG."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    quality, loss = figure.subplots(1, 2)
    for number, (label, runs) in enumerate(outcomes.items()):
        for run in runs:
            style = {"color": f"C{number % 10}", "linestyle": "-" if number < 10 else "--"}
            named = {**style, "label": label if run is runs[0] else None}
            measured = [row for row in run.curve if "ndcg" in row]
            quality.plot([row["epoch"] for row in measured], [row["ndcg"] for row in measured], **named)
            first = run.curve[0]["loss"] or 1.0
            loss.plot(
                [row["epoch"] for row in run.curve], [row["loss"] / first for row in run.curve], **style
            )
    quality.set(xlabel="epoch", ylabel="ndcg on the valid clicks")
    loss.set(xlabel="epoch", ylabel="training loss, the first epoch's = 1")
    figure.legend(loc="outside lower center", ncols=4)
    return _png(figure)


def draw_table(table: Table) -> bytes:
    """Draw a table's means as bars, with the spread over the seeds, as a PNG."""
    figure = Figure(figsize=(10, 0.9 + 0.35 * len(table.cells)), layout="constrained")
    for axes, metric in zip(figure.subplots(1, 2, sharey=True), METRICS, strict=True):
        cells = [cells[metric] for cells in table.cells.values()]
        means, spreads = [cell.mean for cell in cells], [cell.spread or 0.0 for cell in cells]
        axes.barh([*table.cells], means, xerr=spreads, color="tab:blue" if metric == "recall" else "tab:red")
        axes.set_xlabel(f"{metric}@{table.k}")
    axes.invert_yaxis()
    return _png(figure)


def page(report: ExperimentReport, pictures: Mapping[str, bytes]) -> str:
    """Write the page, which refers to nothing outside itself."""
    shown = {name: b64encode(picture).decode() for name, picture in pictures.items()}
    sections = [
        {
            "table": table,
            "best": max(table.cells, key=lambda system: table.cells[system]["ndcg"].mean),
            "references": ", ".join(f"{name} for {metric}" for metric, name in table.references.items()),
            "differences": _differences(table),
            "bars": shown[_picture(table)],
        }
        for table in report.tables
    ]
    environment = Environment(loader=PackageLoader("gnn", "templates"), autoescape=True)
    return environment.get_template(TEMPLATE).render(
        report=report,
        sections=sections,
        curves=shown.get(CURVES),
        runs=_runs(report.outcomes),
        test=NAME,
    )


def _picture(table: Table) -> str:
    """Name the file of a table's picture; its CSV file is named likewise."""
    return f"{table.name.lower().replace(' ', '')}.png"


def _differences(table: Table) -> list[tuple[str, ...]]:
    """Say how far each system is from the reference, with the 95 % interval over the users."""
    rows = []
    for system, cells in table.cells.items():
        found = [cells[metric].comparison for metric in METRICS]
        if any(found):
            shown = [f"{c.difference:+.4f} ({c.low:+.4f} to {c.high:+.4f})" if c else "" for c in found]
            rows.append((system, *shown))
    return rows


def _runs(outcomes: Mapping[str, Sequence[Outcome]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    headings = ("run", "seed", "epochs", "best", "seconds", "recall", "ndcg", "coverage", "settings")
    rows = [
        (
            label,
            str(run.seed),
            str(len(run.curve)),
            str(run.best_epoch),
            f"{run.seconds:.0f}",
            *(f"{run.test[metric]:.4f}" for metric in ("recall", "ndcg", "coverage")),
            ", ".join(f"{name} {value:g}" for name, value in run.settings.items()) if run.curve else "",
        )
        for label, runs in outcomes.items()
        for run in runs
    ]
    return headings, rows


def _user_rows(outcomes: Mapping[str, Sequence[Outcome]]) -> list[Sequence[Any]]:
    """One row a run and user."""
    rows: list[Sequence[Any]] = [("run", "seed", "user", "recall", "ndcg", "hit", "mrr")]
    for label, runs in outcomes.items():
        for run in runs:
            columns = (run.users[name] for name in ("user", "recall", "ndcg", "hit", "mrr"))
            rows += [(label, run.seed, *values) for values in zip(*columns, strict=True)]
    return rows


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, dpi=120, format="png")
    return out.getvalue()
