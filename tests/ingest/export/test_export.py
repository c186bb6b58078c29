"""Exports on the real servers: what comes back is what was there, in whatever format."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from full_graph import whole
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from cli import cli
from ingest.export.command import WORK
from ingest.export.formats import FORMATS as FORMATS_OF
from ingest.export.manifest import NAME
from kg import Graph
from kg.dump import DUMPED, End, NodeRecord, RelationRecord
from kg.model import Node, Ref, Relation
from kg.writer import Writer
from mmkg.errors import GraphError, InputError, UsageError
from mmkg.settings import Settings
from storage import BlobStore

ROOT = Path(__file__).parents[3]
FORMATS = ["jsonl", "csv", "rdf"]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", "\x1f", "\x1f\x1e;|", '"', "\r\n", "null", "true", "1.0"]
)
SCALARS = [
    TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
]
VALUES = st.one_of(*SCALARS, *(st.lists(scalar, max_size=3) for scalar in SCALARS))
NAMES = st.sampled_from(["title", "year", "name", "x1", "LIKE", "label", "imports"])
PROPERTIES = st.dictionaries(NAMES, VALUES, max_size=4)
IDS = TEXTS.filter(bool)
ENDS = st.builds(End, st.sampled_from(DUMPED), IDS)


@st.composite
def things(draw) -> tuple[NodeRecord, list[RelationRecord]]:
    kind, node_id = draw(ENDS)
    labels = tuple(sorted(draw(st.sets(st.sampled_from(["Movie", "Person", "X"])))))
    leaving = draw(
        st.lists(
            st.builds(
                RelationRecord,
                st.sampled_from(["LIKE", "ACTED_IN"]),
                st.just(End(kind, node_id)),
                ENDS,
                PROPERTIES,
                st.just(()),
            ),
            max_size=2,
        )
    )
    return NodeRecord(kind, labels, {**draw(PROPERTIES), "id": node_id}), leaving


THINGS = things()


def in_order(records: Iterable[NodeRecord | RelationRecord]) -> list[str]:
    """Return the records as texts, which tell 1 from 1.0, in an order."""
    return sorted(json.dumps(record, sort_keys=True) for record in records)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_graph_comes_back_and_again_changes_nothing(
    format, everything, store, exported, emptied, restored
) -> None:
    before = whole(everything)
    report = exported(format, media=True)
    assert report.media == 3
    assert [warning.partition(",")[0] for warning in report.warnings] == ["1 model was left out"]
    graph = emptied()
    for sha256 in list(store.list_sha256()):
        store.delete(sha256)
    first = restored(report.folder)
    assert whole(graph) == before
    assert first.total.created == len(before) - 1  # the schema's node is not of the export
    assert (first.total.updated, first.total.unchanged, first.media) == (0, 0, 3)
    assert len(list(store.list_sha256())) == 3
    again = restored(report.folder)
    assert whole(graph) == before
    assert (again.total.created, again.total.updated) == (0, 0)


@pytest.mark.parametrize("format", [*FORMATS, "recbole"])
def test_two_exports_of_one_graph_are_alike_to_the_byte(format, everything, exported, tmp_path: Path) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    one = exported(format, tmp_path / "one" / "same")
    two = exported(format, tmp_path / "two" / "same")
    assert contents(one.folder) == contents(two.folder)


@pytest.mark.parametrize("format", FORMATS)
def test_any_value_comes_back(format: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    chosen = FORMATS_OF[format]

    @given(st.lists(THINGS, max_size=4, unique_by=lambda thing: (thing[0].kind, thing[0].id)))
    @settings_of_hypothesis(max_examples=60, deadline=None)
    def check(things: list[tuple[NodeRecord, list[RelationRecord]]]) -> None:
        folder = tmp_path_factory.mktemp("export")
        chosen.write(things, folder, "x")
        nodes = chosen.nodes(sorted(folder.glob("nodes*")))
        relations = chosen.relations(sorted(folder.glob("relations*")))
        assert in_order(nodes) == in_order(node for node, _ in things)
        assert in_order(relations) == in_order(relation for _, leaving in things for relation in leaving)

    check()


@pytest.mark.parametrize("format", FORMATS)
@given(content=st.binary(max_size=300))
@settings_of_hypothesis(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_strange_file_is_an_error_and_no_crash(format: str, content: bytes, tmp_path: Path) -> None:
    names = {"jsonl": "nodes.jsonl", "csv": "nodes-Item.csv", "rdf": "nodes.nt.gz"}
    (tmp_path / "import.args").write_text("--array-delimiter=U+001F\n")
    path = tmp_path / names[format]
    path.write_bytes(gzip.compress(content) if format == "rdf" and content[:1] < b"\x80" else content)
    for read in (FORMATS_OF[format].nodes, FORMATS_OF[format].relations):
        with suppress(InputError):
            list(read([path]))


def test_a_graph_that_holds_other_things_keeps_them_and_shows_conflicts(
    everything: Graph, exported, emptied, restored
) -> None:
    folder = exported("jsonl").folder
    graph = emptied()
    writer = Writer(graph, "mine")
    writer.nodes(
        [
            Node("Item", "1", "Movie", {"title": "Heat!", "runtime": 170}),
            Node("Item", "9", "Movie", {"title": "Nine"}),
        ]
    )
    writer.nodes([Node("User", "u 1")])
    writer.relations([Relation("CLICKED", Ref("User", "u 1"), Ref("Item", "1"), {"rating": 2.0})])
    report = restored(folder)
    assert report.total.updated == 3
    (film,) = graph.read("MATCH (m:Movie {id: '1'}) RETURN m {.*} AS properties")
    stored = film["properties"]
    assert (stored["title"], stored["runtime"], stored["year"]) == ("Heat!", 170, 1996)
    assert stored["imports"] == ["first", "second", "mine"]
    assert stored["conflicts"] == ["title", "year"]
    (click,) = graph.read("MATCH (:User)-[c:CLICKED]->(:Movie {id: '1'}) RETURN c {.*} AS properties")
    assert click["properties"]["rating"] == 2.0
    assert "rating" in click["properties"]["conflicts"]
    assert graph.read("MATCH (m:Movie {id: '9'}) RETURN m.title AS title") == [{"title": "Nine"}]
    after = whole(graph)
    again = restored(folder)
    assert (again.total.created, again.total.updated) == (0, 0)
    assert whole(graph) == after


def test_graphs_that_are_aligned_in_different_ways_are_not_mixed(
    everything: Graph, exported, emptied, restored
) -> None:
    folder = exported("jsonl").folder
    graph = emptied()
    (alias,) = (
        node.id for node in FORMATS_OF["jsonl"].nodes([folder / "nodes.jsonl"]) if "Alias" in node.labels
    )
    Writer(graph, "mine").nodes([Node("Entity", alias, "Person", {"name": "Al Pacino"})])
    before = whole(graph)
    with pytest.raises(GraphError, match="align --undo"):
        restored(folder)
    assert whole(graph) == before


def test_a_killed_restore_is_completed_by_the_same_again(
    everything: Graph, store: BlobStore, exported, emptied, restored, settings: Settings
) -> None:
    before = whole(everything)
    folder = exported("jsonl", media=True).folder
    graph = emptied()
    # One thing a transaction, so that there is a middle.
    code = "import kg.restore; kg.restore.BATCH_SIZE = 1\nfrom cli import main; main()"
    environment = {**os.environ, "MINIO_BUCKET": store.bucket}
    with subprocess.Popen(
        [sys.executable, "-c", code, "ingest", "export", str(folder)], env=environment, cwd=ROOT
    ) as process:
        while graph.read("MATCH (n:Entity|Item) RETURN count(n) > 3 AS there") == [{"there": False}]:
            assert process.poll() is None
        process.kill()
    middle = whole(graph)
    assert set(middle) < set(before)
    restored(folder)
    assert whole(graph) == before


def test_an_export_replaces_an_older_one_and_fetches_no_blob_twice(
    everything: Graph, store: BlobStore, exported, restored
) -> None:
    folder = exported("csv", media=True).folder
    paths = [path for path in (folder / "media").rglob("*") if path.is_file()]
    times = [path.stat().st_mtime_ns for path in paths]
    damaged, kept, _ = paths
    damaged.write_bytes(b"damaged")
    report = exported("jsonl", folder, media=True)
    assert report.media == len(paths) == 3
    assert kept.stat().st_mtime_ns == times[1]
    assert sorted(path.name for path in folder.iterdir()) == ["media", NAME, "nodes.jsonl", "relations.jsonl"]
    assert restored(folder).total.unchanged == report.counts.total()


def test_what_an_interrupted_export_left_is_overwritten(everything: Graph, exported, tmp_path: Path) -> None:
    (tmp_path / "jsonl" / WORK).mkdir(parents=True)
    (tmp_path / "jsonl" / WORK / "nodes.jsonl").write_text("half")
    (tmp_path / "jsonl" / "relations.jsonl").write_text("half")
    folder = exported("jsonl").folder
    assert sorted(path.name for path in folder.iterdir()) == [NAME, "nodes.jsonl", "relations.jsonl"]


def test_a_folder_with_something_else_is_left_alone(graph: Graph, exported, tmp_path: Path) -> None:
    (tmp_path / "jsonl").mkdir()
    (tmp_path / "jsonl" / "diary.txt").write_text("Dear diary")
    with pytest.raises(InputError, match="no export"):
        exported("jsonl")
    assert [path.name for path in (tmp_path / "jsonl").iterdir()] == ["diary.txt"]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / NAME).unlink(), "is no export"),
        (lambda folder: (folder / NAME).write_text("{"), "no manifest"),
        (lambda folder: (folder / NAME).write_text('{"version": 99}'), "version 99"),
        (lambda folder: (folder / NAME).write_text('{"version": 1, "files": {}}'), "no manifest"),
        (lambda folder: (folder / "nodes.jsonl").write_text(""), "not what was exported"),
        (lambda folder: (folder / "nodes.jsonl").unlink(), "missing"),
        (lambda folder: next((folder / "media").glob("*/*")).write_text(""), "not what was exported"),
        (lambda folder: next((folder / "media").glob("*/*")).unlink(), "missing"),
    ],
)
def test_a_damaged_export_is_an_error_and_nothing_is_written(
    damage, says: str, everything: Graph, exported, emptied, restored
) -> None:
    folder = exported("jsonl", media=True).folder
    graph = emptied()
    damage(folder)
    before = whole(graph)
    with pytest.raises(InputError, match=says) as error:
        restored(folder)
    assert error.value.remedy
    assert whole(graph) == before


@pytest.mark.parametrize(
    ("cypher", "says"),
    [
        ("CREATE (:Item:Movie {id: '1', released: date()})", "released"),
        ("CREATE (:Item:`a label` {id: '1'})", "a label"),
        ("CREATE (a:Item {id: '1'}) CREATE (a)-[:LIKE]->(a) CREATE (a)-[:LIKE]->(a)", "two such relations"),
    ],
)
def test_what_mmkg_never_writes_is_named(cypher: str, says: str, graph: Graph, exported) -> None:
    graph.write(cypher)
    with pytest.raises(GraphError, match=says):
        exported("jsonl")


def test_what_is_left_out_is_told(graph: Graph, exported) -> None:
    graph.write("CREATE (a:Item {id: '1'}), (:Item {name: 'no id'}), (a)-[:SEEN_IN]->(:Cinema {id: '1'})")
    report = exported("jsonl")
    assert report.counts == {"Item": 1}
    assert len(report.warnings) == 2


def test_the_commands_print_what_they_did(everything: Graph, settings: Settings, tmp_path: Path) -> None:
    runner = CliRunner()
    folder = str(tmp_path / "out")
    done = runner.invoke(cli, ["export", "rdf", folder, "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["counts"]["Movie"] == 5
    done = runner.invoke(cli, ["ingest", "auto", folder, "--json"])
    assert done.exit_code == 0
    assert "taken for export" in done.stderr
    assert "without --media" in done.stderr
    assert json.loads(done.stdout)["total"]["created"] == 0
    done = runner.invoke(cli, ["ingest", "auto", folder, "--posters", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
