"""What the stages of `mmkg.recommend` cost in quality and in time, against an exact ranking of all films.

    python benchmarks/recommend_quality.py --work FOLDER [--films 1700,100000,1000000] [--users 300]
    MMKG_HOME=/tmp/ml100k python benchmarks/recommend_quality.py --data DATA

With `--work`, on the generated graphs of `load_graph.py`, which are loaded unless `recommend_load.py` did
so in the same folder. With `--data`, on MovieLens 100K with its trained model: a home of
`benchmarks/ml100k.py`, or one that this script fills likewise and trains with the default settings. Both
may be given.

Every user with a click put aside gets ten films by his other clicks (`heldOut: false`), exactly (numpy, all
films) and by the procedure with options that leave stages out. **overlap** is the share of the exact ten
that the procedure names; **ndcg** counts the clicks put aside, as in `mmkg evaluate`; **lost** is the part
of the exact ndcg that is missing, below 0 where the approximation was lucky. **ms** is the median over one
connection. A generated graph takes about a minute after loading, MovieLens five, on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import neo4j
import numpy as np
from load_clients import driver, table
from load_graph import served
from ml100k_home import TrainedHome, trained_home
from numpy.typing import NDArray

from gnn.metrics import score_lists
from mmkg.console import log
from mmkg.settings import Settings

K = 10
PROCEDURE = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, $options) YIELD item, rank
RETURN item.id AS id ORDER BY rank
"""
HEADINGS = ("graph", "options", "overlap", "ndcg", "lost", "ms")
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "no ripple": {"ripple": 0},
    "no fresh films": {"fresh": 0},
    "index alone": {"ripple": 0, "fresh": 0},
    "50 to the fine sort": {"fine": 50},
    "200 to the fine sort": {"fine": 200},
    "400 to the fine sort": {"fine": 400},
    "50 candidates, seen or not": {"candidates": 50},
    "100 candidates": {"candidates": 100},
    "200 candidates": {"candidates": 200},
    "600 candidates": {"candidates": 600},
    "6,000 candidates": {"candidates": 6000, "fine": 4000},
}
"""By default the index gives 100 candidates on top of those that were seen."""
GOAL = 0.01


class Case:
    """One graph: its users, the films that may come for each, and what an exact ranking gives."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        users: Sequence[str],
        *,
        films: Sequence[str],
        exact: NDArray[np.int64],
        held_out: Sequence[NDArray[np.int64]],
        seen: Sequence[Sequence[str]] | None = None,
    ) -> None:
        """Take the lists of an exact ranking, (users, 10), and the clicks put aside, as numbers of films.

        Where `seen` is given, these films must not come, and all others may, as in `mmkg evaluate`: the
        procedure by itself leaves out, too, what a user rated too low for a click.
        """
        self.name = name
        self.settings = settings
        self.users = users
        self.number = {film: number for number, film in enumerate(films)}
        self.exact = exact
        self.held_out = list(held_out)
        self.given: list[dict[str, Any]] = [
            {"includeSeen": True, "exclude": list(some)} for some in seen or ()
        ] or [{} for _ in users]

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Measure all variants, and make the rows of the table."""
        best = self.ndcg(self.exact)
        yield self.name, "exact", "1.0000", f"{best:.4f}", "", ""
        with driver(self.settings, 1) as pool, pool.session() as session:
            self.lists(session, {})  # Java compiles what runs often, at the cost of who comes first
            self.lists(session, {})
            for variant, options in VARIANTS.items():
                lists, seconds = self.lists(session, options)
                overlap = np.mean(
                    [
                        len({*ours} & {*theirs}) / K
                        for ours, theirs in zip(lists, self.exact.tolist(), strict=True)
                    ]
                )
                ndcg = self.ndcg(np.array(lists))
                lost = 1 - ndcg / best
                reached = "" if variant != "default" else ", reached" if lost <= GOAL else ", **missed**"
                log(f"{self.name}, {variant}: overlap {overlap:.4f}, lost {lost:.2%}")
                yield (
                    self.name,
                    variant,
                    f"{overlap:.4f}",
                    f"{ndcg:.4f}",
                    f"{lost:.2%}{reached}",
                    f"{seconds * 1000:.1f}",
                )

    def lists(self, session: neo4j.Session, options: Mapping[str, Any]) -> tuple[list[list[int]], float]:
        """Ask for all users; return the lists and the median of the seconds."""
        lists, waits = [], []
        for user, own in zip(self.users, self.given, strict=True):
            given = {"k": K, "heldOut": False, **own, **options}
            start = perf_counter()
            found = session.run(PROCEDURE, user=user, options=given).values()
            waits.append(perf_counter() - start)
            lists.append([self.number[row[0]] for row in found])
        return lists, float(np.median(waits))

    def ndcg(self, lists: NDArray[np.int64]) -> float:
        """Return the ndcg@10 of lists on the clicks put aside."""
        return score_lists(lists, self.held_out, K, len(self.number)).average().ndcg


def main() -> None:
    """Measure on each graph and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--work", type=Path, help="the folder of the generated graphs")
    parser.add_argument("--films", default="1700,100000,1000000", help="the sizes, separated by commas")
    parser.add_argument("--users", type=int, default=300, help="users of a generated graph")
    parser.add_argument("--data", type=Path, help="MovieLens 100K as benchmarks/ml100k.py takes it")
    arguments = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    for films in map(int, arguments.films.split(",")) if arguments.work else ():
        with served(arguments.work, films) as loaded:
            made = loaded.made
            users = [user for user in range(made.users) if len(made.clicks_of(user, test=True))]
            users = users[: arguments.users]
            exact = ranked(
                (
                    made.targets @ made.vector(made.clicks_of(user, test=False)).astype(np.float32)
                    for user in users
                ),
                [made.clicks_of(user, test=False) for user in users],
            )
            case = Case(
                f"{films:,} films",
                loaded.settings,
                [str(user) for user in users],
                films=[str(film) for film in range(films)],
                exact=exact,
                held_out=[made.clicks_of(user, test=True) for user in users],
            )
            rows += case.rows()
    if arguments.data:
        rows += movielens(trained_home(arguments.data)).rows()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {date.today()}\n")
    table(HEADINGS, rows)


def movielens(home: TrainedHome) -> Case:
    """Rank as `mmkg evaluate` does: by the train clicks, without the films of the valid ones."""
    users = home.test_users
    seen = [np.concatenate([home.clicks[split][user] for split in ("train", "valid")]) for user in users]
    return Case(
        "MovieLens 100K",
        home.settings,
        [home.user_ids[user] for user in users],
        films=home.film_ids,
        exact=ranked((home.scores(user) for user in users), seen),
        held_out=[home.clicks["test"][user] for user in users],
        seen=[[home.film_ids[film] for film in films] for films in seen],
    )


def ranked(
    scores: Iterator[NDArray[np.float32]] | Any, seen: Sequence[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return the ten best films of each row of scores without those seen, (users, 10)."""
    lists = []
    for row, without in zip(scores, seen, strict=True):
        row[without] = -np.inf
        best = np.argpartition(-row, K)[:K]
        lists.append(best[np.argsort(-row[best], kind="stable")])
    return np.array(lists)


if __name__ == "__main__":
    main()
