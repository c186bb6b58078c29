"""Seconds an epoch of our models against RecBole's RippleNet and KGCN, on the same clicks and facts.

    python benchmarks/epoch_speed.py DATA --peers-python PEERS/bin/python [--epochs 3]

DATA holds RecBole's `ml-100k.inter`, `.kg` and `.link`; PEERS is an environment of
`benchmarks/peers/requirements.txt`. A click is a rating of 4 or 5, and the facts are those whose head or tail
is a film that a click knows. Both sides get all of them from files that the script writes, under another name
than ml-100k, of which RecBole would read a copy of its own. One click of each user, which RecBole's split
wants, is no training click of either side. No server runs.

All have vectors of 16 numbers, as RippleNet has in its paper (with the 64 of RecBole's defaults an epoch
takes minutes), and run on the same cores, one after the other, each in a process of its own. A batch is 2,048
clicks; for `mgnn`, whose batches are of users, as many users as have so many clicks. The first epoch is not
counted; the median of the others is. RippleNet and `ripplenet` have 2 hops and 16 facts in a set.

It takes about 5 minutes on two free cores.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch

from gnn.heterograph import EdgeType
from gnn.learner import GraphLearner
from gnn.models import MODELS, Problem
from gnn.sampler import CLICK, Clicks, make_ripple
from mmkg.console import log

DIMENSION, BATCH, HOPS, MEMORY = 16, 2048, 2, 16
OURS: dict[str, dict[str, Any]] = {
    "ripplenet": {"hops": HOPS, "memory": MEMORY},
    "mgnn": {},
    "mgnn-paper": {"hops": 2},
}
PEER = Path(__file__).parent / "peers" / "recbole_epochs.py"
LIKED = 4


def main() -> None:
    """Write the files, run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers-python", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--child", choices=OURS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(ours(arguments.child, arguments.data, arguments.epochs)))
        return
    with tempfile.TemporaryDirectory(prefix="mmkg-epochs-") as name:
        folder = Path(name)
        write(arguments.data, folder / "films")
        found = [run_child(model, folder, arguments.epochs) for model in OURS]
        log("RecBole …")
        sizes = [DIMENSION, BATCH, HOPS, MEMORY, arguments.epochs]
        command = [arguments.peers_python, PEER, folder, *sizes]
        done = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, cwd=folder)
        *peers, about = (json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{"))
    medians = {row["name"]: median(row["seconds"]) for row in peers}
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {date.today()}; torch {torch.__version__} with "
        f"{torch.get_num_threads()} threads here, {about['torch']} with {about['threads']} there\n"
    )
    rows = []
    for row in [*peers, *found]:
        mine = row["name"] in OURS
        rows.append(
            (
                f"`{row['name']}`" if mine else f"RecBole's {row['name']}",
                f"{median(row['seconds']):.2f}",
                f"{min(row['seconds']):.2f} to {max(row['seconds']):.2f}",
                *(f"{seconds / median(row['seconds']):.1f}" for seconds in medians.values()),
                f"{row['clicks']:,}",
                f"{row['facts']:,}",
            )
        )
    faster = (f"times as fast as {name}" for name in medians)
    table(("model", "s an epoch", "from, to", *faster, "clicks", "facts"), rows)


def run_child(model: str, folder: Path, epochs: int) -> dict[str, Any]:
    """Measure one of our models in a process of its own."""
    log(f"{model} …")
    command = [sys.executable, __file__, str(folder / "films"), "--peers-python", "", "--child", model]
    done = subprocess.run([*command, "--epochs", str(epochs)], check=True, stdout=subprocess.PIPE)
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def write(data: Path, folder: Path) -> None:
    """Write the clicks, and the facts of the films that they know, as RecBole's files."""
    folder.mkdir()
    clicks = [row for row in rows_of(data / "ml-100k.inter") if float(row[2]) >= LIKED]
    films = {row[1] for row in clicks}
    links = [row for row in rows_of(data / "ml-100k.link") if row[0] in films]
    known = {entity for _, entity in links}
    facts = [row for row in rows_of(data / "ml-100k.kg") if row[0] in known or row[2] in known]
    for ending, head, found in (
        ("inter", "user_id:token\titem_id:token\ttimestamp:float", [[r[0], r[1], r[3]] for r in clicks]),
        ("link", "item_id:token\tentity_id:token", links),
        ("kg", "head_id:token\trelation_id:token\ttail_id:token", facts),
    ):
        lines = [head, *("\t".join(row) for row in found)]
        (folder / f"films.{ending}").write_text("\n".join(lines) + "\n")


def rows_of(path: Path) -> Iterator[list[str]]:
    """Yield the rows below the heading."""
    with path.open(newline="") as file:
        rows = csv.reader(file, delimiter="\t")
        next(rows)
        yield from rows


def read(folder: Path) -> Problem:
    """Make the same problem for our models, without a database."""
    clicks: dict[str, list[str]] = {}
    for user, film, _ in rows_of(folder / "films.inter"):
        clicks.setdefault(user, []).append(film)
    pairs = [(user, film) for user, films in clicks.items() for film in films[:-1]]
    items = sorted({film for films in clicks.values() for film in films})
    film_of = {entity: film for film, entity in rows_of(folder / "films.link")}
    edges: dict[EdgeType, tuple[list[str], list[str]]] = {CLICK: tuple(map(list, zip(*pairs, strict=True)))}  # type: ignore[dict-item]
    entities = set()
    for head, relation, tail in rows_of(folder / "films.kg"):
        ends = [("item", film_of[end]) if end in film_of else ("entity", end) for end in (head, tail)]
        entities.update(name for kind, name in ends if kind == "entity")
        columns = edges.setdefault((ends[0][0], relation, ends[1][0]), ([], []))
        for column, (_, name) in zip(columns, ends, strict=True):
            column.append(name)
    users = sorted(clicks)
    ripple = make_ripple({"user": users, "item": items, "entity": sorted(entities)}, edges)
    number = {name: i for i, name in enumerate(users)}, {name: i for i, name in enumerate(items)}
    columns_ = np.array(sorted((number[0][user], number[1][film]) for user, film in pairs))
    return Problem(ripple, Clicks(columns_[:, 0], columns_[:, 1], np.full(len(pairs), -1.0)))


def ours(name: str, folder: Path, epochs: int) -> dict[str, Any]:
    """Train one of our models for some epochs and return their seconds."""
    problem = read(folder)
    kind = MODELS[name]
    clicks = len(problem.clicks)
    batch = BATCH if kind.batch_of == "clicks" else BATCH * problem.users // clicks
    options = kind.defaults.with_changes({"dimension": DIMENSION, "batch_size": batch, **OURS[name]})
    torch.manual_seed(0)
    model = kind(problem, options)
    learner = GraphLearner(model)
    (optimizer,) = learner.optimizers()
    seconds = []
    for _ in range(epochs + 1):
        start = perf_counter()
        model.train()
        for loss in learner.losses(torch.split(torch.randperm(learner.count), batch)):
            optimizer.zero_grad()
            assert np.isfinite(loss.item())
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        seconds.append(perf_counter() - start)
    facts = sum(
        problem.ripple.graph.num_edges(edge_type)
        for edge_type in problem.ripple.graph.canonical_etypes
        if edge_type != CLICK
    )
    return {"name": name, "seconds": seconds[1:], "clicks": clicks, "facts": facts}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    for row in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
