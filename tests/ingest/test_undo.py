"""Imports taken back, with their media: the graph and the store are as if they had never been."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.catalogue import Catalogue
from ingest.undo import run
from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore

from .conftest import picture

NODES = """
MATCH (n) WHERE NOT n:Schema AND NOT n:Import
RETURN labels(n) AS labels, properties(n) AS properties ORDER BY n.id, labels
"""
RELATIONS = """
MATCH (a)-[r]->(b) RETURN a.id AS start, type(r) AS type, b.id AS end, properties(r) AS properties
ORDER BY start, type, end
"""
WIPE = "MATCH (n) WHERE NOT n:Schema DETACH DELETE n"


@pytest.fixture
def other(catalogue: Path, tmp_path: Path) -> Path:
    """A second catalogue: of one film in common with the first, one poster, one user, and more of its own."""
    folder = tmp_path / "other"
    (folder / "media").mkdir(parents=True)
    (folder / "movies.csv").write_text(
        "id,title,year,plot,genres,cast\n"
        "1,HEAT,1996,Another plot.,Crime,Val Kilmer\n"
        "3,Alien,1979,Space.,Horror,\n"
    )
    (folder / "clicks.csv").write_text("user,item,rating,at\na,1,4,900\na,3,5,910\nz,3,1,5\n")
    picture(folder / "media" / "1.png")
    picture(folder / "media" / "3.png", seed=3)
    return folder


def contents(graph: Graph, store: BlobStore) -> tuple:
    rows = [{**row, "labels": sorted(row["labels"])} for row in graph.read(NODES)]
    return rows, graph.read(RELATIONS), list(store.list_sha256())


def wipe(graph: Graph, store: BlobStore) -> None:
    graph.run_auto_commit(WIPE)
    for sha256 in list(store.list_sha256()):
        store.delete(sha256)


@pytest.mark.parametrize("order", ["undone first", "undone last"])
def test_the_graph_and_the_store_are_as_if_it_had_never_been(
    catalogue: Path, other: Path, settings: Settings, graph: Graph, store: BlobStore, bring, order: str
) -> None:
    bring(Catalogue(catalogue))
    alone = contents(graph, store)
    wipe(graph, store)
    pair = [other, catalogue] if order == "undone first" else [catalogue, other]
    ids = {folder: bring(Catalogue(folder)).import_id for folder in pair}
    assert contents(graph, store) != alone
    here = settings.model_copy(update={"minio_bucket": store.bucket})
    expected = run(here, ids[other], dry_run=True)
    report = run(here, ids[other])
    assert contents(graph, store) == alone
    assert report.undone == expected.undone
    assert report.undone.blobs_deleted == 4  # two plots, a poster and its thumbnail
    assert report.undone.nodes_bare == 0


UNDO = """
import sys
from ingest.undo import run
from kg import undo
from mmkg.settings import Settings

undo.PAGE, undo.ROWS = 20, 30
settings = Settings.model_validate_json(sys.argv[1])
secrets = dict(neo4j_password=sys.argv[2], minio_secret_key=sys.argv[3])
settings = Settings(**{**settings.model_dump(), **secrets})
print("ready", flush=True)
run(settings, sys.argv[4])
"""


def test_kill_at_any_moment_and_the_same_command_again(
    catalogue: Path, other: Path, settings: Settings, graph: Graph, store: BlobStore, bring
) -> None:
    chance = random.Random(7)
    with (other / "movies.csv").open("a") as file:
        file.writelines(f"m{i},Film {i},1990,Plot {i},,Actor {i % 50}\n" for i in range(200))
    with (other / "clicks.csv").open("a") as file:
        file.writelines(f"u{i % 40},m{chance.randrange(200)},4,{i}\n" for i in range(1000))
    bring(Catalogue(catalogue))
    alone = contents(graph, store)
    import_id = bring(Catalogue(other)).import_id
    here = settings.model_copy(update={"minio_bucket": store.bucket})
    command = [
        *(sys.executable, "-c", UNDO, here.model_dump_json()),
        *(settings.neo4j_password.get_secret_value(), settings.minio_secret_key.get_secret_value()),
        import_id,
    ]
    for _ in range(3):
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2]
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.1, 1.0))
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    if graph.read("MATCH (i:Import {id: $id}) RETURN i.id", id=import_id):
        run(here, import_id)
    assert contents(graph, store) == alone


def test_from_the_command_line(
    catalogue: Path, settings: Settings, graph: Graph, store: BlobStore, bring
) -> None:
    environment = {**os.environ, "MINIO_BUCKET": store.bucket}

    def mmkg(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli", "imports", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    report = bring(Catalogue(catalogue))
    (listed,) = json.loads(mmkg("--json").stdout)["imports"]
    assert (listed["id"], listed["source"], listed["complete"]) == (report.import_id, "test", True)
    assert listed["nodes"] + listed["relations"] == listed["created"] == report.total.created
    assert report.import_id in mmkg().stdout
    before = contents(graph, store)
    tried = json.loads(mmkg("undo", report.import_id, "--dry-run", "--json").stdout)
    assert contents(graph, store) == before
    assert tried["nodes_removed"] == listed["nodes"]
    wrong = mmkg("--neo4j-database", "other", "undo", report.import_id)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    done = mmkg("undo", report.import_id)
    assert (done.returncode, contents(graph, store)) == (0, ([], [], []))
    assert "relations removed" in done.stdout
    again = mmkg("undo", report.import_id)
    assert (again.returncode, again.stdout) == (1, "")
    assert "`mmkg imports` lists them" in again.stderr
