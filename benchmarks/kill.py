"""`kill -9` at random moments of `mmkg ingest`, then the same command again: the same graph, or not.

    python benchmarks/kill.py DATA [--times 50] [--server 5] [--films 300]

DATA holds RecBole's `ml-100k` files, `films.csv` and `posters/`. Of these a catalogue is made: the first
films with plots, casts and directors, people, 40 posters, clicks and triples. The servers are the script's.

Each round empties the graph and the store, starts the command as a process of its own, kills its whole
process group after a random part of the time that it needs, sees in the graph how far it had come, and runs
the same command to its end. Where it had ended before, the round does not count, another one follows, and
the moments are drawn from the shorter time from then on. Then every node with its labels and properties,
every relation with its properties, and every object in the store with its checksum must be those of an import
that nobody disturbed; only the time of the import may differ. So many more rounds as `--server` says kill
Neo4j instead, and `mmkg up` follows.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from itertools import islice
from pathlib import Path
from time import perf_counter

from kg import Graph
from kg.model import BLOB_KEYS
from kg.server import GraphDatabaseServer
from mmkg import servers
from mmkg.console import log
from mmkg.settings import Settings
from storage import BlobStore

MMKG = Path(sys.executable).with_name("mmkg")
POSTERS = 40
CLICKS = 12_000
TRIPLES = 12_000

NODES = "MATCH (n) WHERE NOT n:Schema RETURN labels(n) AS labels, n {.*, at: null} AS properties"
RELATIONS = """
MATCH (a)-[r]->(b)
RETURN [labels(a), a.id] AS start, type(r) AS type, [labels(b), b.id] AS end, properties(r) AS properties
"""
KEYS = "MATCH (m:Media) UNWIND $names AS name WITH m[name] AS key WHERE key IS NOT NULL RETURN key"
PROGRESS = """
RETURN COUNT {(:Import)} AS begun, COUNT {(:Import {complete: true})} AS complete,
       COUNT {(n) WHERE n:Item OR n:Entity OR n:User} AS nodes, COUNT {(:Media)-->(:Item)} AS media
"""
EMPTY = "MATCH (n) WHERE NOT n:Schema CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
ENDED = "it had ended"
PHASES = ("before it wrote", "nodes", "media", "relations", ENDED)
VICTIMS = ("mmkg", "neo4j")


def main() -> None:
    """Make the catalogue, import it undisturbed, kill, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--server", type=int, default=0)
    parser.add_argument("--films", type=int, default=300)
    arguments = parser.parse_args()
    chance = random.Random(0)
    kills: Counter[tuple[str, str]] = Counter()
    same: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory(prefix="mmkg-kill-") as name, own_servers(Path(name)) as settings:
        folder = catalogue(Path(name) / "catalogue", arguments.data, arguments.films)
        with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
            rounds = Rounds(graph, store, folder)
            while (number := kills.total()) < arguments.times + arguments.server:
                victim = VICTIMS[number >= arguments.times]
                phase, differences = rounds.kill(victim, chance.uniform(0, rounds.seconds))
                log(f"{number + 1}: {victim}, {phase}; differences: {differences[:4] or 'none'}")
                if phase == ENDED and not differences:
                    continue
                kills[victim, phase] += 1
                same[victim, phase] += not differences
    print(f"{rounds.title}; {platform.machine()}, {os.cpu_count()} cores, {date.today()}\n")
    print("| killed | what was being written | times | the same afterwards |\n| --- | --- | --- | --- |")
    for victim, phase in ((victim, phase) for victim in VICTIMS for phase in PHASES):
        if kills[victim, phase]:
            print(f"| {victim} | {phase} | {kills[victim, phase]} | {same[victim, phase]} |")
    sys.exit(0 if same == kills else 1)


class Rounds:
    """One catalogue, and what an undisturbed import makes of it."""

    def __init__(self, graph: Graph, store: BlobStore, folder: Path) -> None:
        self.graph = graph
        self.store = store
        self.folder = folder
        self.ingest()  # the server is warm from now on
        self.empty()
        start = perf_counter()
        self.ingest()
        self.seconds = perf_counter() - start
        self.expected = self.contents()
        self.whole = graph.read(PROGRESS)[0]
        objects = {json.loads(line)[1] for line in self.expected if json.loads(line)[0] == "objects"}
        stated = {row["key"] for row in graph.read(KEYS, names=list(BLOB_KEYS))}
        assert objects == stated, f"orphans: {objects ^ stated}"
        counts = Counter(json.loads(line)[0] for line in self.expected)
        told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        self.title = f"{told}; undisturbed in {self.seconds:.1f} s"

    def kill(self, victim: str, seconds: float) -> tuple[str, list[str]]:
        """Kill after so many seconds, ingest again; return what was being written, and all that differs."""
        self.empty()
        start = perf_counter()
        child = self.start()
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
            self.seconds = perf_counter() - start
        alive = child.poll() is None
        if victim == "neo4j":
            kill_server()
        elif alive:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        phase = self.phase() if alive else ENDED
        child.wait()
        self.ingest()
        found = self.contents()
        return phase, sorted(set(found) ^ set(self.expected)) or ["repeated"] * (
            len(found) != len(self.expected)
        )

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command in a process group of its own."""
        command = [str(MMKG), "ingest", "catalogue", str(self.folder)]
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def ingest(self) -> None:
        """Run the command to its end."""
        assert self.start().wait() == 0

    def phase(self) -> str:
        """See in the graph what was to be written next."""
        found = self.graph.read(PROGRESS)[0]
        if found["complete"]:
            return ENDED
        if not found["begun"]:
            return PHASES[0]
        if found["nodes"] < self.whole["nodes"]:
            return PHASES[1]
        return PHASES[2] if found["media"] < self.whole["media"] else PHASES[3]

    def contents(self) -> list[str]:
        """Tell all that there is, a line each."""
        nodes = (["nodes", sorted(row["labels"]), row["properties"]] for row in self.graph.read(NODES))
        relations = (["relations", *row.values()] for row in self.graph.read(RELATIONS))
        objects = (
            ["objects", item.object_name, item.etag]
            for item in self.store.client.list_objects(self.store.bucket, recursive=True)
        )
        rows: Iterable[Sequence[object]] = (*nodes, *relations, *objects)
        return [json.dumps(row, sort_keys=True) for row in rows]

    def empty(self) -> None:
        """Remove all that there is."""
        self.graph.run_auto_commit(EMPTY)
        names = [
            str(item.object_name)
            for item in self.store.client.list_objects(self.store.bucket, recursive=True)
        ]
        self.store.delete_keys(names)


def kill_server() -> None:
    """Kill Neo4j, and bring it up again, as `mmkg up` does."""
    settings = Settings.load()
    process = GraphDatabaseServer(settings.home, settings.cache).daemon.process()
    assert process is not None
    process.kill()
    servers.up(settings)


@contextmanager
def own_servers(home: Path) -> Iterator[Settings]:
    """Start servers for this run, and stop them at the end."""
    os.environ["MMKG_HOME"] = str(home / "home")
    try:
        servers.up(Settings.load())
        yield Settings.load()
    finally:
        servers.down(Settings.load())


def catalogue(folder: Path, data: Path, films: int) -> Path:
    """Make a small catalogue of the first films."""
    (folder / "media").mkdir(parents=True)
    with (data / "films.csv").open(newline="") as file:
        rows = list(islice(csv.DictReader(file), films))
    ids = {row["item_id"] for row in rows}
    directors = sorted({name for row in rows for name in row["directors"].split("|") if name})
    write(folder / "movies.csv", list(rows[0]), (row.values() for row in rows))
    write(folder / "people.csv", ["id", "name"], ((name, name) for name in directors))
    clicks = (row for row in atomic(data / "ml-100k.inter") if row[1] in ids)
    write(folder / "clicks.csv", ["user", "item", "rating", "at"], islice(clicks, CLICKS))
    write(folder / "triples.csv", ["head", "relation", "tail"], islice(atomic(data / "ml-100k.kg"), TRIPLES))
    for poster in sorted((data / "posters").iterdir()):
        if poster.stem in ids and len(list((folder / "media").iterdir())) < POSTERS:
            shutil.copy(poster, folder / "media")
    return folder


def atomic(path: Path) -> Iterator[list[str]]:
    """Yield the rows of one of RecBole's files."""
    with path.open() as file:
        next(file)
        for line in file:
            yield line.rstrip("\n").split("\t")


def write(path: Path, header: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    """Write a table."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
