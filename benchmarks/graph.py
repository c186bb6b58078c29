"""All of MovieLens 100K in one graph: every source, every modality, and what is made of them.

    MMKG_HOME=/tmp/graph-home python benchmarks/graph.py DATA [--trailer FILE]

DATA holds RecBole's `ml-100k` files, `films.csv`, `dbpedia.nt`, `posters/` and `split/`. The trailer becomes
a catalogue of one film more. The servers that run on MMKG_HOME are used, or started; it should be a folder of
its own. Every step runs twice, and the second time must change nothing.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from gnn.relate import run as relate
from ingest import run
from ingest.align import run as align
from ingest.derive.command import run as derive
from ingest.extract.command import run as extract
from kg import Graph
from mmkg import servers
from mmkg.console import log, print_table
from mmkg.settings import Settings

FILM_LINKS = Path(__file__).parent / "align_film_links.csv"
LABELS = """
MATCH (n) UNWIND labels(n) AS label RETURN label AS what, count(*) AS count ORDER BY what
"""
TYPES = "MATCH ()-[r]->() RETURN type(r) AS what, count(*) AS count ORDER BY what"
SHARED = """
MATCH (n) WHERE size(n.imports) > 1 WITH count(*) AS nodes, count(n.conflicts) AS conflicting
MATCH ()-[r]->() WHERE size(r.imports) > 1
RETURN nodes, conflicting, count(r) AS relations
"""


def main() -> None:
    """Run every step twice and count what the graph holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--trailer", type=Path)
    arguments = parser.parse_args()
    servers.up(Settings.load())
    settings = Settings.load()
    machine = f"{platform.machine()}, {date.today()}"
    with tempfile.TemporaryDirectory() as temporary, Graph.connect(settings) as graph:
        steps = _steps(arguments.data, arguments.trailer, Path(temporary), settings)
        rows = [_twice(name, step, graph) for name, step in steps.items()]
        print_table(
            ("step", "seconds", "nodes", "relations", "seconds again"), rows, title=f"Steps; {machine}"
        )
        for title, cypher in (("Nodes by label", LABELS), ("Relations by type", TYPES)):
            found = [tuple(row.values()) for row in graph.read(cypher)]
            print_table(("what", "count"), found, title=title)
        (shared,) = graph.read(SHARED)
        print_table(("stated by several imports", "count"), list(shared.items()))


def _steps(
    data: Path, trailer: Path | None, temporary: Path, settings: Settings
) -> dict[str, Callable[[], Any]]:
    rejects = temporary / "rejects.jsonl"
    steps: dict[str, Callable[[], Any]] = {
        "ingest recbole --films --posters --split": lambda: run(
            "recbole",
            data,
            settings,
            films=data / "films.csv",
            posters=data / "posters",
            split=data / "split",
            rejects=rejects,
        ),
        "ingest rdf": lambda: run("rdf", data / "dbpedia.nt", settings, rejects=rejects),
        "extract": lambda: extract(settings, rejects=rejects),
        "align --apply": lambda: align(settings, mode="apply", film_links=FILM_LINKS),
    }
    if trailer:
        catalogue = temporary / "catalogue"
        catalogue.mkdir()
        shutil.copy(trailer, catalogue)
        (catalogue / "movies.csv").write_text(f"id,title,trailer\nshort,{trailer.stem},{trailer.name}\n")
        steps["ingest catalogue"] = lambda: run("catalogue", catalogue, settings, rejects=rejects)
        steps["derive"] = lambda: derive(settings, rejects=rejects)
    return {**steps, "relate": lambda: relate(settings)}


def _twice(name: str, step: Callable[[], Any], graph: Graph) -> tuple[object, ...]:
    log(f"{name} …")
    before, seconds = _counts(graph), []
    for _ in range(2):
        start = perf_counter()
        step()
        seconds.append(perf_counter() - start)
        log(f"{seconds[-1]:.1f} s")
        after = _counts(graph)
        if len(seconds) == 1:
            once = after
    if after != once:
        raise SystemExit(f"{name} changed the graph the second time: {once} became {after}")
    grown = (once[0] - before[0], once[1] - before[1])
    return (name, f"{seconds[0]:.1f}", *grown, f"{seconds[1]:.1f}")


def _counts(graph: Graph) -> tuple[int, int]:
    (nodes,) = graph.read("MATCH (n) RETURN count(*) AS count")
    (relations,) = graph.read("MATCH ()-[r]->() RETURN count(*) AS count")
    return nodes["count"], relations["count"]


if __name__ == "__main__":
    main()
