"""Does the content map gain by weighing its views? Every film held out once, in folds, on MovieLens 100K.

    MMKG_HOME=/tmp/ml100k python benchmarks/cold_folds.py DATA [--folds 5]

DATA is as for `ml100k.py`. One cut of the films decides little, as a handful of famous ones decide it; so the
films are dealt into folds, `mgnn` is trained without any click on a fold's films, and asked for these. Each
side has the offset that is best for it (`cold_start.qualities`). Trainings are kept in the folder
`cold-folds` of MMKG_HOME.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import patch

import numpy as np
from cold_start import ALL, ALONE, OTHERS, System, measure, ours, qualities, trained, unclicked
from ml100k_home import ingested_home
from numpy.typing import NDArray

from gnn.models import content
from gnn.models.mgnn import Mgnn
from gnn.problem import Task, load_task
from gnn.sampler import COLD_SPLITS, Clicks
from kg import Graph
from mmkg.console import log, print_table
from storage import BlobStore

HEADINGS = ("fold", "views", "harmonic mean", *(f"recall@10, {name}" for name in (ALONE, ALL, OTHERS)))
OFFSETS = np.arange(0.04, 0.4, 0.02)
EQUAL, ALIGNED = "equal", "by alignment"


def main() -> None:
    """Ingest, train a model a fold, and print what each fold says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    arguments = parser.parse_args()
    settings = ingested_home(arguments.data)
    folder = settings.home / "cold-folds"
    folder.mkdir(exist_ok=True)
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        whole = load_task(graph, store, settings)
    fold_of = np.random.default_rng(0).permutation(whole.problem.items) % arguments.folds
    rows = []
    for fold in range(arguments.folds):
        task = held_out(whole, fold_of == fold)
        model = trained(task, folder, fold)
        for views in (EQUAL, ALIGNED):
            with weights(views):
                rows.append((fold, views, *answers(task, model)))
            log(f"fold {fold}, {views}: {', '.join(f'{value:.4f}' for value in rows[-1][2:])}")
    for views in (EQUAL, ALIGNED):
        rows.append(("mean", views, *np.mean([row[2:] for row in rows if row[1] == views], axis=0)))
    shown = [(fold, views, *(f"{value:.4f}" for value in values)) for fold, views, *values in rows]
    print_table(HEADINGS, shown, title=f"Films in folds; {platform.machine()}, {date.today()}")


def held_out(task: Task, films: NDArray[np.bool_]) -> Task:
    """Return the task without any click on some films, which become those that are asked for."""
    nobody = Clicks(*np.zeros((2, 0), dtype=np.int64), np.zeros(0))
    kept = {name: clicks.taken(~films[clicks.items]) for name, clicks in task.clicks.items()}
    asked = Clicks.joined([clicks.taken(films[clicks.items]) for clicks in task.clicks.values()])
    cold = {**dict.fromkeys(COLD_SPLITS, nobody), "cold film test": asked}
    return replace(task, problem=replace(task.problem, clicks=kept["train"]), clicks={**kept, **cold})


@contextmanager
def weights(views: str) -> Iterator[None]:
    """Let the content map weigh its views, or take them as equals."""
    if views == ALIGNED:
        yield
        return
    with patch.object(content, "alignment", lambda views, _clicks: np.full(len(views), 1 / len(views))):
        yield


def answers(task: Task, model: Mgnn) -> tuple[float, ...]:
    """Return the harmonic mean at the best offset, and the recalls there; among themselves there is none."""
    model._content = None  # made with other weights
    flat = ours(model, {"cold_offset": 0.0}, "mgnn").scores
    found = qualities(task, flat, OFFSETS, "test")
    best = int(np.argmax(found))
    cold = unclicked(task)
    asked = measure(task, System("mgnn", flat + OFFSETS[best].astype(np.float32) * cold), "test")
    return found[best], *(asked[name].average().recall for name in (ALONE, ALL, OTHERS))


if __name__ == "__main__":
    main()
