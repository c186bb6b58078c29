"""How fast `mmkg.recommend` answers under load, from 1,700 to 1,000,000 films, against four other ways.

    pip install -r benchmarks/requirements.txt
    python benchmarks/recommend_load.py --work FOLDER [--films 1700,100000,1000000] [--seconds 20]

The graphs are generated (`load_graph.py`), each in a server of its own, which is kept in FOLDER with what
was measured: the same command again goes on where it was interrupted and prints the table of all. The
clients are threads of this process, which on two cores takes its share of them. Every way is asked for half
a minute before it counts, as Java compiles what runs often. Per size that and the answers take 9 minutes
with the default, and less than 30 minutes with all that is built before on a quiet machine; a million films
may take hours.

Every way gives ten films that the user has not clicked, by the vector that his clicks make at this moment:

- **`mmkg.recommend`**: with its four stages, ids and scores being returned; reasons are computed also.
- **plain Cypher, same answer**: the user's vector by the model's layers, the same number of candidates from
  the vector index and the ripple around his five latest clicks, the exact score of what he has not seen. No
  reasons, no fresh films, no coarse sort.
- **plain Cypher, stored vector**: the vector index alone at the vector that `mmkg embed` stored. Blind to
  clicks since, and approximate.
- **GDS**: similar films by `gds.knn.write` on the films' vectors, ten each, and Cypher that sums over the
  user's clicks. Up to `--gds` films, since the time to build them is all of it.
- **FAISS and a round trip**: the limit: vectors and clicks in the memory of a Python process, HNSW with the
  least effort that finds 99 % of the exact ten, and one `RETURN 1` over Bolt.

`found` is the share of the ten best films of an exact ranking of all that the way names, over 200 users.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import faiss
import neo4j
import numpy as np
from load_clients import driver, measure, table
from load_gds import ServerWithGds
from load_graph import DIMENSION, Generated, Loaded, served
from numpy.typing import NDArray

from kg import Graph
from kg.server import GraphDatabaseServer
from mmkg.console import log
from mmkg.files import write_whole

CLIENTS = (1, 8, 64)
K = 10
CANDIDATES = 100
"""Films that the index gives on top of those that the user has clicked, as by the procedure's default."""
SAMPLE = 200
"""Users whose answers are compared with an exact ranking."""
COMPILING = 30.0
"""Seconds in which a way answers before it is measured."""
EFFORTS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

PROCEDURE = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, {k: $k}) YIELD item, score, rank
RETURN item.id AS id, score ORDER BY rank
"""
CYPHER = """
MATCH (model:Model {active: true}), (u:User {id: $user})
CALL (u) {
  MATCH (u)-[click:CLICKED]->(m:Movie) WITH m ORDER BY click.at DESC
  RETURN collect(m) AS clicked
}
WITH u, clicked, model.user_bias AS bias, [m IN clicked | m.embedding_a_cause] AS causes
WITH u, clicked, [i IN range(0, size(bias) - 1) |
  bias[i] + reduce(sum = 0.0, cause IN causes | sum + cause[i]) / sqrt(size(causes))] AS hidden
WITH u, clicked, hidden, sqrt(reduce(sum = 0.0, x IN hidden | sum + x * x)) AS length
WITH u, clicked, [x IN hidden | x / length] + [0.0] AS vector
CALL (clicked, vector) {
  CALL db.index.vector.queryNodes('movie_embedding_a', $candidates + size(clicked), vector) YIELD node
  RETURN node AS film
  UNION
  UNWIND clicked[..5] AS click
  MATCH (click)-[:HAS_GENRE|DIRECTED|ACTED_IN|SEQUEL_OF]-(fact)
  WITH click, fact, COUNT {(fact)--()} AS degree ORDER BY degree LIMIT 25
  MATCH (fact)-[:HAS_GENRE|DIRECTED|ACTED_IN|SEQUEL_OF]-(film:Movie)
  WITH film, sum(1.0 / degree) AS weight ORDER BY weight DESC LIMIT 100
  RETURN film
}
WITH DISTINCT u, film, vector WHERE NOT EXISTS {(u)-[:CLICKED|RATED]->(film)}
RETURN film.id AS id, vector.similarity.cosine(film.embedding_a, vector) AS score
ORDER BY score DESC LIMIT $k
"""
STORED = """
MATCH (u:User {id: $user})
CALL db.index.vector.queryNodes(
  'movie_embedding_a', $candidates + COUNT {(u)-[:CLICKED|RATED]->()}, u.embedding_a)
YIELD node AS film, score
WHERE NOT EXISTS {(u)-[:CLICKED|RATED]->(film)}
RETURN film.id AS id, score ORDER BY score DESC LIMIT $k
"""
SIMILAR = """
MATCH (u:User {id: $user})-[:CLICKED]->(m:Movie)-[near:NEAR]->(film)
WHERE NOT EXISTS {(u)-[:CLICKED|RATED]->(film)}
RETURN film.id AS id, sum(near.score) AS score ORDER BY score DESC LIMIT $k
"""
PROJECT = "CALL gds.graph.project('films', {Movie: {properties: 'embedding_a'}}, '*')"
KNN = """
CALL gds.knn.write('films', {nodeProperties: 'embedding_a', topK: 10, writeRelationshipType: 'NEAR',
  writeProperty: 'score', concurrency: 2}) YIELD relationshipsWritten RETURN relationshipsWritten
"""
DROP = "CALL gds.graph.drop('films', false) YIELD graphName RETURN graphName"
FORGET = "MATCH (:Movie)-[near:NEAR]->() CALL (near) { DELETE near } IN TRANSACTIONS OF 10000 ROWS"
ROUND_TRIP = "RETURN 1"

NAMES = {
    "mmkg": "`mmkg.recommend`",
    "cypher": "plain Cypher, same answer",
    "stored": "plain Cypher, stored vector",
    "gds": "GDS kNN and Cypher",
    "faiss": "FAISS and a round trip",
}
HEADINGS = ("films", "what", "clients", "p50 ms", "p99 ms", "answers/s", "failed", "found", "built before, s")

Ids = Callable[[neo4j.Session, int], list[str]]
"""Answers with the ids of films."""


def main() -> None:
    """Load each graph, measure every way, and print the table and the goals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--work", type=Path, required=True, help="a folder for the servers and what was measured"
    )
    parser.add_argument("--films", default="1700,100000,1000000", help="the sizes, separated by commas")
    parser.add_argument("--seconds", type=float, default=20, help="how long the clients of a row ask")
    parser.add_argument("--gds", type=int, default=100_000, help="the most films for GDS; 0 goes without it")
    parser.add_argument("--only", default=",".join(NAMES), help="the ways, separated by commas")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    results = Results(arguments.work / "recommend_load.json")
    for films in map(int, arguments.films.split(",")):
        with_gds = films <= arguments.gds
        ways = [way for way in arguments.only.split(",") if way != "gds" or with_gds]
        left = [(way, clients) for way in ways for clients in CLIENTS if not results.has(films, way, clients)]
        if left:
            server = ServerWithGds if any(way == "gds" for way, _ in left) else GraphDatabaseServer
            with served(arguments.work, films, server) as loaded:
                results.loading[str(films)] = loaded.seconds
                measure_size(loaded, results, left, arguments.seconds)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {date.today()}\n")
    table(HEADINGS, results.table())
    print()
    for films, seconds in results.loading.items():
        print(
            f"- {int(films):,} films: " + ", ".join(f"{what} {took:.0f} s" for what, took in seconds.items())
        )
    print()
    for goal in results.goals():
        print(f"- {goal}")


class Results:
    """What was measured, in a file that is written after every row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        kept = json.loads(path.read_text()) if path.exists() else {}
        self.rows: list[dict[str, Any]] = kept.get("rows", [])
        self.loading: dict[str, dict[str, float]] = kept.get("loading", {})

    def add(self, row: dict[str, Any]) -> None:
        """Keep a row."""
        self.rows.append(row)
        write_whole(self.path, json.dumps({"rows": self.rows, "loading": self.loading}))

    def find(self, films: int, way: str, clients: int) -> dict[str, Any] | None:
        """Return the row of a measurement."""
        wanted = {"films": films, "way": way, "clients": clients}
        return next((row for row in self.rows if wanted.items() <= row.items()), None)

    def has(self, films: int, way: str, clients: int) -> bool:
        """Whether that was measured."""
        return self.find(films, way, clients) is not None

    def table(self) -> Iterator[tuple[str, ...]]:
        """Make the rows of the table."""
        order = list(NAMES)
        for row in sorted(self.rows, key=lambda row: (row["films"], order.index(row["way"]), row["clients"])):
            yield (
                f"{row['films']:,}",
                NAMES[row["way"]],
                str(row["clients"]),
                f"{row['p50']:.1f}",
                f"{row['p99']:.1f}",
                f"{row['rate']:.0f}",
                str(row["failed"] or ""),
                f"{row['found']:.3f}",
                f"{row['built']:.0f}" if row["built"] else "",
            )

    def goals(self) -> Iterator[str]:
        """Say which goals were reached."""

        def say(goal: str, value: float, limit: float, unit: str) -> str:
            reached = value >= limit if goal.startswith("at least") else value < limit
            return f"{goal}: {value:,.2f}{unit}, {'reached' if reached else 'missed'}"

        films = 100_000
        ours, eight = self.find(films, "mmkg", 1), self.find(films, "mmkg", 8)
        if ours and eight:
            yield say("p99 below 25 ms with one client at 100,000 films", ours["p99"], 25, " ms")
            yield say("at least 500 answers/s with 8 clients at 100,000 films", eight["rate"], 500, "/s")
        for other, goal, limit in (
            ("cypher", "at least ten times as many answers as plain Cypher with 8 clients", 10),
            ("faiss", "less than twice the time (p50, one client) of FAISS and a round trip", 2),
        ):
            for row in self.rows:
                if row["way"] != other or row["clients"] != 8 or not row["answers"]:
                    continue
                size = row["films"]
                one, those = self.find(size, "mmkg", 1), self.find(size, other, 1)
                many = self.find(size, "mmkg", 8)
                if one and those and many:
                    factor = many["rate"] / row["rate"] if other == "cypher" else one["p50"] / those["p50"]
                    yield say(f"{goal}, {size:,} films", factor, limit, " times")
        ones = {row["films"]: row["p50"] for row in self.rows if row["way"] == "mmkg" and row["clients"] == 1}
        if len(ones) > 1:
            small, large = min(ones), max(ones)
            limit = (large / small) ** 0.5
            text = (
                f"the cost from {small:,} to {large:,} films grows below its square root, {limit:.1f} times"
            )
            yield say(text, ones[large] / ones[small], limit, " times")


def measure_size(loaded: Loaded, results: Results, left: list[tuple[str, int]], seconds: float) -> None:
    """Measure at one size what is left."""
    exact = exact_lists(loaded.made)
    for way in dict.fromkeys(way for way, _ in left):
        start = perf_counter()
        answer = WAYS[way](loaded)
        built = perf_counter() - start if way in ("gds", "faiss") else 0.0
        found = share_found(loaded, answer, exact)
        measure(loaded.settings, answer, loaded.made.users, 8, COMPILING)
        for clients in [clients for of_way, clients in left if of_way == way]:
            waits = measure(loaded.settings, answer, loaded.made.users, clients, seconds)
            log(f"{loaded.made.films:,} films, {way}, {waits}, found {found:.3f}, built in {built:.0f} s")
            row = {"films": loaded.made.films, "way": way, "found": found, "built": built}
            results.add({**row, **asdict(waits)})
    if any(way == "gds" for way, _ in left):
        with Graph.connect(loaded.settings) as graph:
            graph.run_auto_commit(FORGET)


def exact_lists(made: Generated, *, test: bool | None = None, users: int = SAMPLE) -> NDArray[np.int64]:
    """Rank all films for the first users, (users, 10), without those they clicked.

    Args:
        made: the graph.
        test: False to go without the clicks that were put aside.
        users: how many.
    """
    lists = []
    for user in range(min(users, made.users)):
        clicks = made.clicks_of(user, test=test)
        scores = made.targets @ made.vector(clicks).astype(np.float32)
        scores[clicks] = -np.inf
        best = np.argpartition(-scores, K)[:K]
        lists.append(best[np.argsort(-scores[best])])
    return np.array(lists)


def share_found(loaded: Loaded, answer: Ids, exact: NDArray[np.int64]) -> float:
    """Return the share of the exact lists' films that the answers name."""
    with driver(loaded.settings, 1) as pool, pool.session() as session:
        return float(
            np.mean(
                [len({*map(str, best)} & {*answer(session, user)}) / K for user, best in enumerate(exact)]
            )
        )


def by_query(cypher: str, **parameters: Any) -> Ids:
    """Answer by one query."""

    def answer(session: neo4j.Session, user: int) -> list[str]:
        return [row[0] for row in session.run(cypher, user=str(user), k=K, **parameters).values()]

    return answer


def by_gds(loaded: Loaded) -> Ids:
    """Build the relations of similar films, and answer by them."""
    with Graph.connect(loaded.settings) as graph:
        graph.run_auto_commit(FORGET)
        graph.run_auto_commit(DROP)
        graph.run_auto_commit(PROJECT)
        log(f"GDS: {graph.run_auto_commit(KNN)}")
        graph.run_auto_commit(DROP)
    return by_query(SIMILAR)


def by_faiss(loaded: Loaded) -> Ids:
    """Build an HNSW graph in this process, and answer by it after one round trip."""
    made = loaded.made
    index = faiss.IndexHNSWFlat(DIMENSION, 32, faiss.METRIC_INNER_PRODUCT)
    index.add(made.targets)
    faiss.omp_set_num_threads(1)  # the clients are threads

    def search(user: int, effort: int) -> list[str]:
        clicks = made.clicks_of(user)
        query = made.vector(clicks).astype(np.float32)[None]
        options = faiss.SearchParametersHNSW(efSearch=max(effort, K + len(clicks)))
        _, films = index.search(query, K + len(clicks), params=options)
        seen = set(clicks.tolist())
        return [str(film) for film in films[0].tolist() if film not in seen][:K]

    exact = exact_lists(made)

    def found(effort: int) -> float:
        return (
            float(np.mean([len({*map(str, best)} & {*search(u, effort)}) for u, best in enumerate(exact)]))
            / K
        )

    effort = next((effort for effort in EFFORTS if found(effort) >= 0.99), EFFORTS[-1])
    log(f"FAISS: efSearch = {effort}")

    def answer(session: neo4j.Session, user: int) -> list[str]:
        session.run(ROUND_TRIP).consume()
        return search(user, effort)

    return answer


WAYS: Mapping[str, Callable[[Loaded], Ids]] = {
    "mmkg": lambda loaded: by_query(PROCEDURE),
    "cypher": lambda loaded: by_query(CYPHER, candidates=CANDIDATES),
    "stored": lambda loaded: by_query(STORED, candidates=CANDIDATES),
    "gds": by_gds,
    "faiss": by_faiss,
}


if __name__ == "__main__":
    sys.exit(main())
