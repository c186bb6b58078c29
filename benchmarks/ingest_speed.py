"""How fast relations and nodes enter the graph: `mmkg ingest`, py2neo, single queries, the offline importer.

    python benchmarks/ingest_speed.py [--relations 1000000] [--nodes 100000] [--only mmkg,py2neo,one,offline]

The files are made by the script, with a fixed seed: a catalogue folder whose `movies.csv` holds a fifth of
the nodes, and whose `triples.csv` ties people to films by four relation types, in random order, some films
far more often than others. Each tool starts with a fresh database in a folder of its own, and ends with the
same graph, which is counted: every node and relation has the properties that mmkg notes, `imports` and
`origins`.

- **mmkg** is `ingest.command.run`, what `mmkg ingest catalogue` calls, in a process of its own, from the
  file's digest to the import's last property. It runs for a quarter, a half and all of the relations, and the
  most memory that each process held is compared.
- **py2neo** reads the same file with the `csv` module and sends batches of one relation type, of the best of
  three sizes tried on the first relations, to `merge_nodes` and `merge_relationships`, as mmkg's writer is
  idempotent, or to `create_nodes` and `create_relationships`, which are not. It has the same constraints.
- **one query a relation** merges both ends and the relation by the official driver, on the first relations.
- **the offline importer** is `neo4j-admin database import full`, which fills a database that nobody uses,
  without constraints: the limit. The time to write its files is not counted.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import py2neo
from py2neo.bulk import create_nodes, create_relationships, merge_nodes, merge_relationships

from ingest import pipeline, run
from kg import Graph
from kg.admin import run_admin
from kg.jars import class_path
from kg.schema import migrate
from kg.writer import Counts
from mmkg import servers
from mmkg.console import log
from mmkg.settings import Settings

TYPES = ("ACTED_IN", "DIRECTED", "WROTE", "PRODUCED")
LABELS = {"Movie": "Item", "Person": "Entity"}
BATCH_SIZES = (1_000, 5_000, 20_000)
TRIED = 40_000
"""Relations on which py2neo's batch size is chosen."""
ONE_BY_ONE = 5_000
IMPORT = "benchmark"
ONE_RELATION = """
MERGE (a:Entity {{id: $start}}) ON CREATE SET a:Person, a.imports = [$import], a.origins = [$origin]
MERGE (b:Item {{id: $end}}) ON CREATE SET b:Movie, b.imports = [$import], b.origins = [$origin]
MERGE (a)-[r:{type}]->(b) ON CREATE SET r.imports = [$import], r.origins = [$origin]
"""
COUNT = "MATCH (n) WHERE n:Item OR n:Entity RETURN count(n) AS nodes, sum(COUNT {(n)-->()}) AS relations"
EMPTY_NODES = "MATCH (n) WHERE n:Item OR n:Entity CALL (n) { DELETE n } IN TRANSACTIONS OF 10000 ROWS"
EMPTY = "MATCH (:Person)-[r]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS"
IMPORTED = re.compile(r"(\d+) nodes\s+(\d+) relationships")

Bulk = Callable[..., None]


@dataclass
class Result:
    """What one tool needed."""

    name: str
    seconds: float
    node_seconds: float | None = None
    """None where nodes and relations are written together."""
    relation_seconds: float | None = None
    scale: float = 1
    """By how much a sample was multiplied."""

    def row(self, nodes: int, relations: int) -> tuple[str, ...]:
        """Make the row of the table."""
        rate = relations / (self.relation_seconds or self.seconds)
        per_node = f"{nodes / self.node_seconds:,.0f}" if self.node_seconds else ""
        return self.name, f"{rate:,.0f}", per_node, f"{self.seconds:,.1f}"


def main() -> None:
    """Make the files, run every tool, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--relations", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--only", default="mmkg,py2neo,one,offline", help="the tools, separated by commas")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measured(arguments.child)))
        return
    nodes, relations, only = arguments.nodes, arguments.relations, arguments.only.split(",")
    results: list[Result] = []
    memory: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="mmkg-ingest-") as name:
        work = Path(name)
        full = catalogue(work / "files", nodes, relations)
        if "mmkg" in only:
            for part in (relations // 4, relations // 2, relations):
                result, peak = mmkg_ingest(work, catalogue(work / str(part), nodes, part), nodes, part)
                memory.append((f"{part:,}", f"{peak / 1e6:.0f}"))
            results.append(result)
        if "py2neo" in only:
            results.append(
                bulk(work, "py2neo, merge", full, nodes, relations, (merge_nodes_of, merge_relations))
            )
            results.append(bulk(work, "py2neo, create", full, nodes, relations, (new_nodes, new_relations)))
        if "one" in only:
            results.append(one_by_one(work, full, relations))
        if "offline" in only:
            results.append(offline(work, full, nodes, relations))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {date.today()}"
    print(f"{relations:,} relations, {nodes:,} nodes; {machine}\n")
    table(
        ("tool", "relations/s", "nodes/s", "seconds in all"),
        [result.row(nodes, relations) for result in results],
    )
    if memory:
        print()
        table(("relations", "most memory of mmkg's process, MB"), memory)


def catalogue(folder: Path, nodes: int, relations: int) -> Path:
    """Write a catalogue of so many films and people, each person and no pair of one type more than once."""
    folder.mkdir()
    films = nodes // 5
    people = nodes - films
    chance = random.Random(0)
    with (folder / "movies.csv").open("w") as file:
        file.write("id,title\n")
        file.writelines(f"{film},Film {film}\n" for film in range(films))
    seen: set[int] = set()
    with (folder / "triples.csv").open("w") as file:
        file.write("head,relation,tail,head_type,tail_type\n")
        while len(seen) < relations:
            person = len(seen) if len(seen) < people else chance.randrange(people)
            film = int(films * chance.random() ** 2)
            kind = chance.randrange(len(TYPES))
            key = (person * len(TYPES) + kind) * films + film
            if key not in seen:
                seen.add(key)
                file.write(f"p{person},{TYPES[kind].lower().replace('_', ' ')},{film},Person,Movie\n")
    return folder


def triples(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield start, relation type, end and place of each row, as the other tools read them."""
    with (folder / "triples.csv").open(newline="") as file:
        for line, row in enumerate(csv.reader(file), start=1):
            if line > 1:
                yield row[0], row[1].upper().replace(" ", "_"), row[2], f"triples.csv:{line}"


@contextmanager
def database(home: Path) -> Iterator[Settings]:
    """Start fresh servers, and stop them at the end."""
    os.environ["MMKG_HOME"] = str(home)
    try:
        servers.up(Settings.load())
        settings = Settings.load()
        with Graph.connect(settings) as graph:
            migrate(graph)
        yield settings
    finally:
        servers.down(Settings.load())


def check(settings: Settings, nodes: int, relations: int) -> None:
    """Stop where a tool made another graph."""
    with Graph.connect(settings) as graph:
        assert graph.read(COUNT) == [{"nodes": nodes, "relations": relations}], graph.read(COUNT)


def mmkg_ingest(work: Path, folder: Path, nodes: int, relations: int) -> tuple[Result, int]:
    """Let a process of its own ingest the folder; return how long it took, and the bytes it held at most."""
    log(f"mmkg: {relations:,} relations")
    with database(work / f"home-{relations}") as settings:
        command = [sys.executable, __file__, "--child", str(folder)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        check(settings, nodes, relations)
    return Result("mmkg ingest", found["seconds"], found["nodes"], found["relations"]), found["peak"]


def measured(folder: Path) -> dict[str, float]:
    """Ingest a folder, as `mmkg ingest catalogue` does, and tell the seconds and the memory."""
    seconds: dict[str, float] = defaultdict(float)

    class Timed(pipeline.Writer):
        def nodes(self, nodes: Iterable[Any]) -> Counts:
            start = perf_counter()
            counts = super().nodes(nodes)
            seconds["nodes"] += perf_counter() - start
            return counts

        def relations(self, relations: Iterable[Any]) -> Counts:
            start = perf_counter()
            counts = super().relations(relations)
            seconds["relations"] += perf_counter() - start
            return counts

    pipeline.Writer = Timed  # type: ignore[misc]
    start = perf_counter()
    report = run("catalogue", folder, Settings.load())
    seconds["seconds"] = perf_counter() - start
    assert not report.rejected, report.reasons
    unit = 1 if sys.platform == "darwin" else 1024
    return {**seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def bulk(
    work: Path, name: str, folder: Path, nodes: int, relations: int, functions: tuple[Bulk, Bulk]
) -> Result:
    """Write the graph by py2neo's bulk calls."""
    write_nodes, write_relations = functions
    with database(work / "home-trial") as settings:
        size = best_size(settings, folder, functions)
    log(f"{name}: batches of {size:,}")
    with database(work / f"home-{name[-6:]}") as settings:
        graph = py2neo_graph(settings)
        start = perf_counter()
        all_nodes(graph, folder, write_nodes)
        node_seconds = perf_counter() - start
        start = perf_counter()
        by_type(graph, triples(folder), size, write_relations)
        relation_seconds = perf_counter() - start
        check(settings, nodes, relations)
    return Result(
        f"{name}, batches of {size:,}", node_seconds + relation_seconds, node_seconds, relation_seconds
    )


def best_size(settings: Settings, folder: Path, functions: tuple[Bulk, Bulk]) -> int:
    """Try the batch sizes on the first relations, which are deleted again, in a database of their own."""
    write_nodes, write_relations = functions
    graph = py2neo_graph(settings)
    all_nodes(graph, folder, write_nodes)
    seconds = {}
    for size in (BATCH_SIZES[0], *BATCH_SIZES):  # the first time warms the server up
        start = perf_counter()
        by_type(graph, islice(triples(folder), TRIED), size, write_relations)
        seconds[size] = perf_counter() - start
        with Graph.connect(settings) as ours:
            ours.run_auto_commit(EMPTY)
    with Graph.connect(settings) as ours:
        ours.run_auto_commit(EMPTY_NODES)
    return min(seconds, key=lambda size: seconds[size])


def py2neo_graph(settings: Settings) -> py2neo.Graph:
    """Connect."""
    login = (settings.neo4j_username, settings.neo4j_password.get_secret_value())
    return py2neo.Graph(settings.neo4j_uri, auth=login)


def all_nodes(graph: py2neo.Graph, folder: Path, write: Bulk) -> None:
    """Send the nodes, one label a batch."""
    for label, things in distinct_nodes(folder).items():
        for batch in batches(things, 10_000):
            write(graph.auto(), label, batch)


def by_type(graph: py2neo.Graph, rows: Iterable[tuple[str, str, str, str]], size: int, write: Bulk) -> None:
    """Send the relations, one type a batch."""
    waiting: dict[str, list[tuple[str, list[Any], str]]] = defaultdict(list)
    for start, kind, end, origin in rows:
        batch = waiting[kind]
        batch.append((start, [[IMPORT], [origin]], end))
        if len(batch) == size:
            write(graph.auto(), kind, waiting.pop(kind))
    for kind, batch in waiting.items():
        write(graph.auto(), kind, batch)


KEYS = ["imports", "origins"]
ENDS = {"start_node_key": ("Entity", "id"), "end_node_key": ("Item", "id"), "keys": KEYS}


def merge_nodes_of(transaction: Any, label: str, rows: Sequence[list[Any]]) -> None:
    """Merge nodes of one label."""
    keys = ["id", *KEYS, *(["title"] if label == "Movie" else [])]
    merge_nodes(transaction, rows, (LABELS[label], "id"), labels={label}, keys=keys)


def new_nodes(transaction: Any, label: str, rows: Sequence[list[Any]]) -> None:
    """Create nodes of one label."""
    keys = ["id", *KEYS, *(["title"] if label == "Movie" else [])]
    create_nodes(transaction, rows, labels={LABELS[label], label}, keys=keys)


def merge_relations(transaction: Any, kind: str, rows: Sequence[tuple[str, list[Any], str]]) -> None:
    """Merge relations of one type."""
    merge_relationships(transaction, rows, kind, **ENDS)


def new_relations(transaction: Any, kind: str, rows: Sequence[tuple[str, list[Any], str]]) -> None:
    """Create relations of one type."""
    create_relationships(transaction, rows, kind, **ENDS)


def distinct_nodes(folder: Path) -> dict[str, list[list[Any]]]:
    """Read each node once, with the place where it is first stated."""
    with (folder / "movies.csv").open(newline="") as file:
        rows = enumerate(islice(csv.reader(file), 1, None), start=2)
        films = [[row[0], [IMPORT], [f"movies.csv:{line}"], row[1]] for line, row in rows]
    people: dict[str, list[Any]] = {}
    for start, _, _, origin in triples(folder):
        if start not in people:
            people[start] = [start, [IMPORT], [origin]]
    return {"Movie": films, "Person": list(people.values())}


def batches(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut a list."""
    return (things[start : start + size] for start in range(0, len(things), size))


def one_by_one(work: Path, folder: Path, relations: int) -> Result:
    """Merge some relations and their ends, one query each."""
    sample = min(ONE_BY_ONE, relations)
    log(f"one query a relation: {sample:,} relations")
    with database(work / "home-one") as settings, Graph.connect(settings) as graph:
        start = perf_counter()
        for first, kind, last, origin in islice(triples(folder), sample):
            cypher = ONE_RELATION.format(type=kind)
            graph.write(cypher, **{"start": first, "end": last, "import": IMPORT, "origin": origin})
        seconds = (perf_counter() - start) * relations / sample
    return Result(f"one query a relation, from {sample:,}", seconds)


def offline(work: Path, folder: Path, nodes: int, relations: int) -> Result:
    """Fill a database that nobody uses."""
    log("the offline importer")
    home = work / "home-offline"
    (home / "conf").mkdir(parents=True)
    (home / "conf" / "neo4j.conf").touch()
    arguments = ["database", "import", "full", "neo4j", "--array-delimiter=|"]
    properties = ["imports:string[]", "origins:string[]"]
    for label, things in distinct_nodes(folder).items():
        space = f"id:ID({LABELS[label]})"
        with (home / f"{label}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([space, *properties, *(["title"] if label == "Movie" else [])])
            writer.writerows([row[0], row[1][0], row[2][0], *row[3:]] for row in things)
        arguments.append(f"--nodes={LABELS[label]}:{label}={home / label}.csv")
    with (home / "relations.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([":START_ID(Entity)", ":TYPE", ":END_ID(Item)", *properties])
        writer.writerows((*row[:3], IMPORT, row[3]) for row in triples(folder))
    arguments.append(f"--relationships={home / 'relations.csv'}")
    jars = class_path(Settings.load().cache)
    start = perf_counter()
    said = run_admin(arguments, home, jars, folder=home)
    seconds = perf_counter() - start
    done = IMPORTED.search(said)
    assert done
    assert done.groups() == (str(nodes), str(relations)), said
    return Result("the offline importer", seconds)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    for row in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
