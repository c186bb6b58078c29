"""Sampling by Cypher against DGL in memory and against one query a seed: seconds a batch, and memory.

    python benchmarks/sampling.py [--sizes 100000x1000000,1000000x10000000] [--batches 30]

For each size, NODESxEDGES, the script makes a graph with a fixed seed, half of the nodes users, three tenths
films and the rest entities, seven tenths of the edges clicks, with popularities by a power law; the offline
importer fills a fresh database with it. The server has a heap of 2 GB and a page cache of 2 GB, on the same
cores as the trainer. Then, each in a process of its own, the same `mgnn` is trained on the same batches of
users, with the same fan-outs and as many films drawn at random:

- **cypher**: `mmkg train --sampler cypher`, ripples by `CALL mmkg.sample`, drawn ahead in threads.
- **snapshot**: `mmkg train --sampler snapshot`, the graph exported into DGL, ripples by
  `dgl.sampling.sample_neighbors`, drawn ahead in a thread.

`draw` is a batch's draw alone, with nothing else to do; `batch` is a training step with its draw. `peak` is
the most memory that the process held, its loading included; `start` what it held with torch and DGL alone.
`load` is the time from the command to the first batch. Last come the same draws with one call of
`mmkg.sample` a seed, and with one statement of plain Cypher a seed that returns rows.

The small size takes about 2 minutes on two free cores, the large one about 5.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from gnn import sampled
from gnn.draw import Request
from gnn.models.mgnn import Mgnn
from gnn.ripples import RippleLearner, plan_of
from kg import Graph
from kg.admin import run_admin
from kg.jars import class_path
from kg.schema import migrate
from mmkg import servers
from mmkg.console import log
from mmkg.settings import Settings
from storage import BlobStore

FACTS = ("HAS_GENRE", "ACTED_IN", "HAS_KEYWORD")
FANOUT = 10
BATCH = 256
WARM = 20
"""Batches that do not count: the database compiles what it runs often."""
SEEDS = 256
"""Users asked for one by one."""
MEMORY = {"MMKG_NEO4J_HEAP": "2g", "MMKG_NEO4J_PAGE_CACHE": "2g"}
CONSTRAINTS = "CALL db.awaitIndexes(600)"
ONE_SEED = f"""
MATCH (u:User) WHERE id(u) = $user
CALL (u) {{
  MATCH (u)-[c:CLICKED]->(m:Item) WHERE coalesce(c.split, 'train') = 'train'
  RETURN m ORDER BY rand() LIMIT 50
}}
CALL (m) {{
  MATCH (m)-[f]-(n) WHERE NOT type(f) IN ['CLICKED', 'RATED', 'CO_CLICKED']
  WITH f, n ORDER BY rand()
  WITH type(f) AS relation, collect(n)[..{FANOUT}] AS near
  UNWIND near AS n RETURN relation, n
}}
RETURN u.id AS user, m.id AS film, relation, n.id AS near
"""


def main() -> None:
    """Make each graph, run each child, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", default="100000x1000000,1000000x10000000")
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--child", choices=["cypher", "snapshot", "seeds"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child = seeds if arguments.child == "seeds" else trained
        print(json.dumps(child(arguments.child, arguments.batches)))
        return
    os.environ.update(MEMORY)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {date.today()}; batches of {BATCH} users\n")
    for size in arguments.sizes.split(","):
        nodes, edges = (int(part) for part in size.split("x"))
        with tempfile.TemporaryDirectory(prefix="mmkg-sampling-") as home:
            os.environ["MMKG_HOME"] = home
            try:
                seconds = fill(Path(home), nodes, edges)
                print(f"{nodes:,} nodes, {edges:,} edges, imported in {seconds:.0f} s\n", flush=True)
                report(arguments.batches)
            finally:
                servers.down(Settings.load())


def report(batches: int) -> None:
    """Run the children on the graph that is there and print two tables."""
    found = {name: run_child(name, batches) for name in ("snapshot", "cypher")}
    rows = [
        (
            name,
            f"{row['draw'] * 1e3:.0f}",
            f"{row['batch'] * 1e3:.0f}",
            f"{row['batch'] / found['snapshot']['batch']:.2f}",
            f"{row['load']:.0f}",
            f"{row['start'] / 1e6:.0f}",
            f"{row['peak'] / 1e6:.0f}",
            f"{row['edges']:,.0f}",
        )
        for name, row in found.items()
    ]
    headings = ("sampler", "draw, ms", "batch, ms", "times the snapshot", "load, s", "start, MB", "peak, MB")
    table((*headings, "edges drawn a batch"), rows)
    print()
    one = run_child("seeds", batches)
    rows = [
        (name, f"{value * 1e3:.3f}", f"{value / one['one trip for the batch']:.1f}")
        for name, value in one.items()
    ]
    table(("draws", "ms a seed", "times one trip"), rows)
    print(flush=True)


def run_child(name: str, batches: int) -> dict[str, float]:
    """Measure in a process of its own."""
    log(f"{name} …")
    command = [sys.executable, __file__, "--child", name, "--batches", str(batches)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def trained(name: str, batches: int) -> dict[str, float]:
    """Train for some batches, and tell seconds and memory."""
    began, peak_before = perf_counter(), peak()
    settings = Settings.load()
    options = Mgnn.defaults.with_changes(
        {"dimension": 32, "linear_share": 0.0, "batch_size": BATCH, "learning_rate": 0.01}
    )
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        task = sampled.load(
            graph, store, settings, sampler=name, fanouts={"": FANOUT}, kind=Mgnn, options=options
        )
        assert task.source
        torch.manual_seed(0)
        learner = RippleLearner(Mgnn(task.problem, options), task.source)
        optimizers = learner.optimizers()
        load = perf_counter() - began
        seconds = []
        order = torch.split(torch.randperm(learner.count)[: BATCH * (batches + WARM)], BATCH)
        start = perf_counter()
        for loss in learner.losses(order):
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for optimizer in optimizers:
                optimizer.step()
            seconds.append(perf_counter() - start)
            start = perf_counter()
        draws, drawn = [], 0
        for number, batch in enumerate(order[: 2 * WARM]):
            chance = np.random.default_rng(number)
            films = np.unique(chance.integers(task.problem.items, size=len(batch)))
            start = perf_counter()
            draw = task.source.sampler.draw(Request(learner.users[batch.numpy()], films, number))
            draws.append(perf_counter() - start)
            drawn = sum(len(ends[0]) for ends in draw.edges.values())
    return {
        "batch": float(np.mean(seconds[WARM:])),
        "draw": float(np.mean(draws[WARM:])),
        "load": load,
        "start": peak_before,
        "peak": peak(),
        "edges": drawn,
    }


def seeds(_name: str, _batches: int) -> dict[str, float]:
    """Draw the ripples of some users in one trip and one by one, without other films; seconds a seed."""
    plan = plan_of(Mgnn, Mgnn.defaults.with_changes({"linear_share": 0.0}), FANOUT, {})
    with Graph.connect(Settings.load()) as graph:
        (row,) = graph.read("MATCH (u:User) WITH u LIMIT 100000 RETURN collect(id(u)) AS users")
        chosen = np.random.default_rng(0).choice(row["users"], BATCH * 20, replace=False).tolist()
        call = "CALL mmkg.sample($users, [], $options) YIELD nodes, edges RETURN nodes, edges"

        def timed(cypher: str, groups: Sequence[Any]) -> float:
            seconds = []
            for users in groups:
                start = perf_counter()
                parameters = {"users": users, "user": users[0], "options": plan.options(0)}
                graph.driver.execute_query(cypher, parameters_=parameters, database_=graph.database)
                seconds.append(perf_counter() - start)
            tail = seconds[len(seconds) // 2 :]
            return float(np.mean(tail)) / len(groups[0])

        return {
            "one trip for the batch": timed(
                call, [chosen[i : i + BATCH] for i in range(0, len(chosen), BATCH)]
            ),
            "one call a seed": timed(call, [[user] for user in chosen[:SEEDS]]),
            "one plain statement a seed": timed(ONE_SEED, [[user] for user in chosen[-SEEDS:]]),
        }


def fill(home: Path, nodes: int, edges: int) -> float:
    """Write the files, import them into the database of the data directory, and start it."""
    counts = {"User": nodes // 2, "Movie": nodes * 3 // 10, "Keyword": nodes - nodes // 2 - nodes * 3 // 10}
    servers.up(Settings.load())  # makes the data directory
    servers.down(Settings.load())
    base = {"User": "User", "Movie": "Item", "Keyword": "Entity"}
    arguments = ["database", "import", "full", "neo4j", "--overwrite-destination"]
    for label, count in counts.items():
        file = home / f"{label}.csv"
        with file.open("w") as out:
            out.write(f"id:ID({base[label]})\n")
            out.writelines(f"{label[0].lower()}{number}\n" for number in range(count))
        labels = base[label] if label == "User" else f"{base[label]}:{label}"
        arguments.append(f"--nodes={labels}={file}")
    clicks = edges * 7 // 10
    chance = np.random.default_rng(0)
    users, films = popular(chance, counts["User"], clicks, 0.5), popular(chance, counts["Movie"], clicks, 0.8)
    with (home / "clicks.csv").open("w") as out:
        out.write(":START_ID(User),:END_ID(Item),split\n")
        splits = chance.choice(["train", "train", "train", "valid", "test"], clicks)
        out.writelines(
            f"u{user},m{film},{split}\n"
            for user, film, split in zip(users.tolist(), films.tolist(), splits.tolist(), strict=True)
        )
    arguments.append(f"--relationships=CLICKED={home / 'clicks.csv'}")
    for number, relation in enumerate(FACTS):
        count = (edges - clicks) // len(FACTS) + (number == 0) * ((edges - clicks) % len(FACTS))
        films = chance.integers(counts["Movie"], size=count)
        entities = popular(chance, counts["Keyword"], count, 0.7)
        with (home / f"{relation}.csv").open("w") as out:
            out.write(":START_ID(Item),:END_ID(Entity)\n")
            out.writelines(f"m{f},k{e}\n" for f, e in zip(films.tolist(), entities.tolist(), strict=True))
        arguments.append(f"--relationships={relation}={home / f'{relation}.csv'}")
    log("import …")
    start = perf_counter()
    run_admin(arguments, home / "neo4j", class_path(Settings.load().cache), folder=home)
    seconds = perf_counter() - start
    servers.up(Settings.load())
    with Graph.connect(Settings.load()) as graph:
        migrate(graph)
        graph.run_auto_commit(CONSTRAINTS)
    return seconds


def popular(chance: np.random.Generator, count: int, draws: int, power: float) -> np.ndarray[Any, Any]:
    """Draw numbers below count, of which number n has a chance that falls as (n + 1) to the power."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -power
    edges = np.cumsum(weights)
    return np.searchsorted(edges / edges[-1], chance.random(draws), side="right").clip(max=count - 1)


def peak() -> float:
    """Return the most bytes that this process held so far."""
    if sys.platform == "linux":  # where the figure of `getrusage` begins with what the parent held
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return float(status["VmHWM"].split()[0]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    for row in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
