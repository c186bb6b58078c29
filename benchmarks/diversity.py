"""What the option `diversity` of `mmkg.recommend` costs and gives, at eleven settings, on MovieLens 100K.

    MMKG_HOME=/tmp/ml100k python benchmarks/diversity.py DATA [--picture docs/images/diversity.png]

The home is one of `benchmarks/ml100k.py`, or one that this script fills likewise and trains with the
default settings. Every user with a test click gets ten films by his train clicks, where only the films of
his train and valid clicks may not come: as `mmkg evaluate` measures. **ndcg** is that of the test clicks,
**genres** how many different genres a list has, **likeness** the mean dot product of the vectors of its
films, two by two, and **coverage** the share of all films that are in some list. The eleven settings take
about five minutes on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from load_clients import driver, table
from matplotlib.figure import Figure
from ml100k_home import TrainedHome, trained_home

from gnn.metrics import score_lists
from kg import Graph
from mmkg.console import log

K = 10
SETTINGS = tuple(step / 10 for step in range(11))
RECOMMEND = """
MATCH (u:User {id: $user})
CALL mmkg.recommend(u, {k: $k, heldOut: false, includeSeen: true, exclude: $seen, diversity: $diversity})
YIELD item, rank
RETURN item.id AS id ORDER BY rank
"""
GENRES = "MATCH (m:Movie)-[:HAS_GENRE]->(g:Genre) RETURN m.id AS film, collect(g.id) AS genres"
HEADINGS = ("diversity", "ndcg@10", "recall@10", "genres", "likeness", "coverage")


def main() -> None:
    """Measure every setting, print the table, and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--picture", type=Path, help="where to write a PNG")
    arguments = parser.parse_args()
    home = trained_home(arguments.data)
    with Graph.connect(home.settings) as graph:
        genres = {row["film"]: set(row["genres"]) for row in graph.read(GENRES)}
    rows = []
    for diversity in SETTINGS:
        rows.append(measure(home, genres, diversity))
        log(f"diversity {diversity:.1f}: ndcg {rows[-1][1]:.4f}, genres {rows[-1][3]:.2f}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {date.today()}\n")
    table(HEADINGS, [[f"{row[0]:.1f}", *(f"{value:.4f}" for value in row[1:])] for row in rows])
    if arguments.picture:
        draw(rows, arguments.picture)


def measure(home: TrainedHome, genres: dict[str, set[str]], diversity: float) -> tuple[float, ...]:
    """Ask for every user, and return what `HEADINGS` says."""
    number = {film: place for place, film in enumerate(home.film_ids)}
    lists = []
    with driver(home.settings, 1) as pool, pool.session() as session:
        for user in home.test_users:
            seen = [home.film_ids[film] for split in ("train", "valid") for film in home.clicks[split][user]]
            query = session.run(RECOMMEND, user=home.user_ids[user], k=K, diversity=diversity, seen=seen)
            lists.append([number[row[0]] for row in query.values()])
    scores = score_lists(
        np.array(lists), [home.clicks["test"][user] for user in home.test_users], K, len(home.film_ids)
    )
    different = [
        len(set().union(*(genres.get(home.film_ids[film], ()) for film in films))) for films in lists
    ]
    pairs = np.triu_indices(K, 1)
    likeness = [(home.films[films] @ home.films[films].T)[pairs].mean() for films in lists]
    metrics = scores.average()
    return (
        diversity,
        metrics.ndcg,
        metrics.recall,
        float(np.mean(different)),
        float(np.mean(likeness)),
        metrics.coverage,
    )


def draw(rows: Sequence[tuple[float, ...]], path: Path) -> None:
    """Draw the ndcg and the number of genres over the setting."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    quality = figure.subplots()
    settings = [row[0] for row in rows]
    quality.plot(
        settings, [row[1] for row in rows], color="tab:red", marker=".", label="ndcg@10 on the test clicks"
    )
    quality.set(xlabel="diversity", ylabel="ndcg@10", ylim=(0, None))
    variety = quality.twinx()
    variety.plot(
        settings, [row[3] for row in rows], color="tab:blue", marker=".", label="genres in a list of ten"
    )
    variety.set(ylabel="genres", ylim=(0, None))
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
