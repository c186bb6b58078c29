"""The curve of a training: a CSV with one row an epoch, and a picture of it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

CSV_FILE = "curve.csv"
PICTURE_FILE = "curve.png"
COLUMNS = ("epoch", "seconds", "loss", "recall", "ndcg", "hit", "mrr", "coverage", "users")


def save(rows: Sequence[Mapping[str, float]], folder: Path, *, title: str) -> None:
    """Write the curve as CSV and PNG into a folder."""
    with (folder / CSV_FILE).open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    figure = Figure(figsize=(8, 4), layout="constrained")
    loss = figure.subplots()
    loss.plot([row["epoch"] for row in rows], [row["loss"] for row in rows], color="tab:gray", label="loss")
    loss.set(xlabel="epoch", ylabel="training loss", title=title)
    quality = loss.twinx()
    quality.set_ylabel("on the valid clicks")
    measured = [row for row in rows if "ndcg" in row]
    for name, color in (("recall", "tab:blue"), ("ndcg", "tab:red")):
        quality.plot(
            [row["epoch"] for row in measured],
            [row[name] for row in measured],
            color=color,
            marker=".",
            label=name,
        )
    figure.legend(loc="outside lower center", ncols=3)
    figure.savefig(folder / PICTURE_FILE, dpi=120)


def load(folder: Path) -> list[dict[str, float]]:
    """Read the curve back; what was not measured in an epoch is not in its row."""
    with (folder / CSV_FILE).open(newline="") as file:
        return [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
