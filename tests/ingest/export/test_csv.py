"""The CSV files are what Neo4j's own importer takes, and what it makes of them is the same graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from full_graph import whole
from pydantic import SecretStr

from ingest.export.command import Report
from ingest.export.restore import restore
from ingest.export.tables import ARGUMENTS, _records
from kg import Graph
from kg.admin import run_admin
from kg.jars import class_path
from kg.server import GraphDatabaseServer
from mmkg.settings import Settings
from storage import BlobStore


@pytest.fixture
def imported(settings: Settings, tmp_path: Path):
    """Import an export into a new database with neo4j-admin, start a server on it, and connect."""
    home = tmp_path / "other"
    server = GraphDatabaseServer(home, settings.cache)

    def run(folder: Path) -> Graph:
        (home / "neo4j" / "conf").mkdir(parents=True)
        words = ["database", "import", "full", "neo4j", f"@{ARGUMENTS}"]
        run_admin(words, home / "neo4j", class_path(settings.cache), folder=folder)
        server.up()
        login = server.login()
        password = SecretStr(login.pop("neo4j_password"))
        return Graph.connect(settings.model_copy(update={**login, "neo4j_password": password}))

    yield run
    server.down()


def without_schema(graph: Graph) -> list[str]:
    return [text for text in whole(graph) if '"Schema"' not in text]


def without_blank_lists(text: str) -> str:
    thing = json.loads(text)
    thing["properties"] = {n: v for n, v in thing["properties"].items() if v not in ([], [""])}
    return json.dumps(thing, sort_keys=True)


def test_the_importer_makes_the_same_graph(
    everything: Graph, store: BlobStore, exported: Callable[..., Report], imported: Callable[[Path], Graph]
) -> None:
    before = without_schema(everything)
    folder = exported("csv", media=True).folder
    with imported(folder) as other:
        # The importer leaves lists out that hold nothing or one empty text; that is all that it gets wrong,
        assert without_schema(other) == sorted(map(without_blank_lists, before))
        # and bringing the export in once more puts it right.
        report = restore(folder, other, store)
        assert report.total.created == 0
        assert without_schema(other) == before


@pytest.mark.parametrize(
    ("cells", "record"),
    [
        ('"a","b"\n', ["a", "b"]),
        (',"",1.5,\n', [None, "", "1.5", None]),
        ('"say ""a"", b",""""\n', ['say "a", b', '"']),
        ('"one\ntwo\n","\r\n"\n', ["one\ntwo\n", "\r\n"]),
    ],
)
def test_a_record_is_read_as_it_was_written(cells: str, record: list[str | None]) -> None:
    assert list(_records(StringIO(cells, newline="\n"))) == [record]
