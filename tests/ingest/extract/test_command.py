"""The command on the real database: what is read, what is written, and that again changes nothing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import cli
from ingest.catalogue import Catalogue
from ingest.extract.command import Extraction, run
from ingest.pipeline import ingest
from kg import Graph
from kg.model import Node, Ref, Relation
from kg.writer import Writer
from mmkg.errors import ConnectError, UsageError
from mmkg.settings import Settings
from storage import BlobStore

PLOTS = {
    "1": "James Bond (Pierce Brosnan) meets Xenia Onatopp (Famke Janssen). Set in 1995. —Jo <jo@example.org>",
    "2": "A maid (Famke Janssen) runs a hotel. The film is directed by Martin Campbell.",
    "3": "In this sequel to 'Hotel' a maid, played by Nobody Known, is set free. Set in rural Ireland.",
    "4": "A nun, played by Ann Lee, prays.",
}
MOVIES = f"""id,title,year,plot,cast,directors
1,GoldenEye,1995,"{PLOTS["1"]}",Pierce Brosnan,
2,Hotel,1990,"{PLOTS["2"]}",,
3,Hotel II,1992,"{PLOTS["3"]}",,Martin Campbell
4,Names,1999,"{PLOTS["4"]}",,
"""
TWO_LEES = [Node("Entity", key, "Person", {"name": "Ann Lee"}) for key in ("lee-1", "lee-2")]
PEOPLE = [Node("Entity", "person:Famke Janssen", "Person", {"name": "Famke Janssen"}), *TWO_LEES]
EXTRACTED = """
MATCH (a)-[r {method: 'text'}]->(b)
RETURN a.id AS start, type(r) AS type, b.id AS end, r.evidence AS evidence, r.confidence AS confidence,
       r.character AS character, r.imports AS imports ORDER BY type, start, end
"""
EVERYTHING = """
MATCH (n) WHERE NOT n:Schema OPTIONAL MATCH (n)-[r]->(m)
RETURN labels(n) AS labels, n {.*, at: null} AS node, type(r) AS type, properties(r) AS properties,
       m.id AS end
ORDER BY n.id, labels, type, end
"""
STATED = "MATCH (a {id: $start})-[r]->(b {id: $end}) RETURN type(r) AS type, properties(r) AS properties"
IMPORTS = "MATCH (i:Import {source: 'text'}) RETURN i {.*} AS import"
DROP_PLOTS = "MATCH (m:Movie) REMOVE m.plot"
DROP_TEXTS = "MATCH (t:Text) DETACH DELETE t"
DROP_FACTS = "MATCH ()-[r {method: 'text'}]->() DELETE r"
DROP_EXTRACTED = """
MATCH (n) WHERE n:Import AND n.source = 'text' OR n:Entity AND NOT (n)--() AND n.imports <> ['people']
DELETE n
"""
SAME = "MATCH (a {id: 'lee-1'}), (b {id: 'lee-2'}) CREATE (a)-[:SAME_AS {score: 1.0, method: 'test'}]->(b)"


@pytest.fixture
def films(graph: Graph, store: BlobStore, tmp_path: Path) -> Graph:
    """A graph of four films with plots, ingested from a catalogue."""
    (tmp_path / "movies.csv").write_text(MOVIES)
    ingest(Catalogue(tmp_path), graph, store, tmp_path / "rejects.jsonl", kind="catalogue", path=tmp_path)
    Writer(graph, "people").nodes(PEOPLE)
    return graph


def facts(graph: Graph) -> set[tuple[str, str, str]]:
    return {(row["start"], row["type"], row["end"]) for row in graph.read(EXTRACTED)}


EXPECTED = {
    ("person:Famke Janssen", "ACTED_IN", "1"),
    ("person:Famke Janssen", "ACTED_IN", "2"),
    ("person:Martin Campbell", "DIRECTED", "2"),
    ("person:Nobody Known", "ACTED_IN", "3"),
    ("3", "SEQUEL_OF", "2"),
    ("3", "SET_IN", "place:Ireland"),
    ("1", "SET_IN", "period:1995"),
}


def test_facts_are_written_with_their_sentences(films: Graph, store: BlobStore, tmp_path: Path) -> None:
    report = Extraction(films, store).write(tmp_path / "text-rejects.jsonl")
    assert facts(films) == EXPECTED
    (row,) = [
        row for row in films.read(EXTRACTED) if row["start"] == "person:Famke Janssen" and row["end"] == "1"
    ]
    assert row["evidence"] == "James Bond (Pierce Brosnan) meets Xenia Onatopp (Famke Janssen)."
    assert (row["confidence"], row["character"]) == (0.9, "Xenia Onatopp")
    assert row["imports"] == [report.import_id]
    assert not (tmp_path / "text-rejects.jsonl").exists()
    (imported,) = films.read(IMPORTS)
    assert imported["import"]["complete"] is True
    assert imported["import"]["created"] == report.total.created == len(EXPECTED) + 3


def test_what_a_source_states_stays_as_it_is(films: Graph, store: BlobStore) -> None:
    before = films.read(STATED, start="person:Pierce Brosnan", end="1")
    extraction = Extraction(films, store)
    extraction.write()
    assert films.read(STATED, start="person:Pierce Brosnan", end="1") == before
    assert len(before) == 1
    assert "confidence" not in before[0]["properties"]
    assert extraction.stated == 1


def test_the_same_again_changes_nothing(films: Graph, store: BlobStore) -> None:
    first = Extraction(films, store).write()
    before = films.read(EVERYTHING)
    second = Extraction(films, store).write()
    assert second.import_id == first.import_id
    assert (second.total.created, second.total.updated) == (0, 0)
    assert second.total.unchanged == first.total.created
    assert films.read(EVERYTHING) == before


def test_what_a_source_states_later_is_its_own(films: Graph, store: BlobStore) -> None:
    Extraction(films, store).write()
    later = Relation("DIRECTED", Ref("Entity", "person:Martin Campbell"), Ref("Item", "2"))
    Writer(films, "later").relations([later])
    before = films.read(EVERYTHING)
    report = Extraction(films, store).write()
    assert (report.total.created, report.total.updated) == (0, 0)
    assert films.read(EVERYTHING) == before


def test_two_people_of_one_name_are_not_linked_and_the_user_is_told(films: Graph, store: BlobStore) -> None:
    report = Extraction(films, store).write()
    assert any("'Ann Lee'" in warning for warning in report.warnings)
    films.write(SAME)
    Extraction(films, store).write()
    assert ("lee-1", "ACTED_IN", "4") in facts(films)


def test_of_two_people_of_one_name_the_one_is_meant_whom_a_source_ties_to_the_film(
    films: Graph, store: BlobStore
) -> None:
    Writer(films, "test").relations([Relation("WROTE", Ref("Entity", "lee-2"), Ref("Item", "4"))])
    Extraction(films, store).write()
    assert ("lee-2", "ACTED_IN", "4") in facts(films)
    assert ("lee-1", "ACTED_IN", "4") not in facts(films)


def test_a_dry_run_writes_nothing(films: Graph, store: BlobStore) -> None:
    before = films.read(EVERYTHING)
    proposal = Extraction(films, store).propose()
    assert films.read(EVERYTHING) == before
    assert {(fact.ends[0].id, fact.relation, fact.ends[1].id) for fact in proposal.facts} == EXPECTED
    assert proposal.stated == 1
    assert len(list(proposal.rows())) == len(EXPECTED)


@pytest.mark.parametrize("drop", [DROP_PLOTS, DROP_TEXTS])
def test_a_plot_is_read_from_its_blob_or_from_the_property(films: Graph, store: BlobStore, drop: str) -> None:
    films.write(drop)
    Extraction(films, store).write()
    assert facts(films) == EXPECTED


def test_a_text_that_cannot_be_read_is_rejected_and_the_others_are_read(
    films: Graph, store: BlobStore, tmp_path: Path
) -> None:
    films.write(DROP_PLOTS)
    text = "MATCH (t:Text)-[:TEXT_OF]->(:Movie {id: $id}) RETURN t.id AS id"
    store.delete(films.read(text, id="2")[0]["id"])
    wrong = store.put_bytes("Né (Famke Janssen)".encode("latin-1"), "text/plain")
    writer = Writer(films, "test")
    writer.nodes([Node("Media", wrong.sha256, "Text")])
    writer.relations([Relation("TEXT_OF", Ref("Media", wrong.sha256), Ref("Item", "4"))])
    report = Extraction(films, store).write(tmp_path / "text-rejects.jsonl")
    assert report.rejected == 2
    lines = [json.loads(line) for line in (tmp_path / "text-rejects.jsonl").read_text().splitlines()]
    assert {line["file"] for line in lines} == {"text of 2", "text of 4"}
    assert facts(films) == {
        fact for fact in EXPECTED if "2" not in (fact[0], fact[2]) or fact[1] == "SEQUEL_OF"
    }


def test_only_sure_facts_where_only_these_are_wanted(films: Graph, store: BlobStore) -> None:
    Extraction(films, store, min_confidence=0.9).write()
    assert all(row["confidence"] >= 0.9 for row in films.read(EXTRACTED))
    assert ("person:Famke Janssen", "ACTED_IN", "1") in facts(films)
    assert ("3", "SET_IN", "place:Ireland") not in facts(films)


def test_a_graph_without_films(graph: Graph, store: BlobStore) -> None:
    assert Extraction(graph, store).propose().facts == []
    assert Extraction(graph, store).write().total.created == 0


def test_a_kill_and_the_same_command_give_the_same_graph(films: Graph, store: BlobStore) -> None:
    Extraction(films, store).write()
    expected = films.read(EVERYTHING)
    films.write(DROP_FACTS)
    films.write(DROP_EXTRACTED)
    code = "from ingest.extract.command import run; from mmkg.settings import Settings; run(Settings.load())"
    environment = {**os.environ, "MINIO_BUCKET": store.bucket}
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code], env=environment)
        time.sleep(random.uniform(0.3, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    Extraction(films, store).write()
    assert films.read(EVERYTHING) == expected


def test_the_command_prints_facts_as_json(films: Graph, store: BlobStore, settings: Settings) -> None:
    environment = {"MINIO_BUCKET": store.bucket}
    result = CliRunner().invoke(
        cli, ["extract", "--dry-run", "--json"], env=environment, catch_exceptions=False
    )
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert {(fact["start"], fact["relation"], fact["end"]) for fact in found["facts"]} == EXPECTED
    written = CliRunner().invoke(cli, ["extract", "--json"], env=environment, catch_exceptions=False)
    assert json.loads(written.stdout)["total"]["created"] == len(EXPECTED) + 3


def test_wrong_usage() -> None:
    assert CliRunner().invoke(cli, ["extract", "--min-confidence", "2"]).exit_code == 2
    with pytest.raises(UsageError, match="between 0 and 1"):
        run(Settings.load(), min_confidence=-1)
    with pytest.raises(ConnectError):
        run(Settings.load(neo4j_uri="bolt://127.0.0.1:1", neo4j_password="none"))
