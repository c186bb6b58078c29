"""Alignment on the real database: who is one, who stays two, and the command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ingest.align.command import align
from ingest.align.people import load
from ingest.align.plan import decide
from kg import Graph
from tests.ingest.align.cases import NAMED, acted, person, state, whole

CAST = "MATCH (p:Person)-[:ACTED_IN]->(m:Movie {id: $id}) RETURN p.id AS id ORDER BY id"
WHO = "MATCH (:Alias {id: $id})-[s:SAME_AS]->(p:Person) RETURN p.name AS name, s.method AS method"


def test_one_person_of_three_sources_becomes_one(hanks: Graph) -> None:
    report = align(hanks, "apply")
    assert report.aliases.keys() == {"person:Tom Hanks", "m.0bxtg"}
    assert hanks.read(NAMED, name="Tom Hanks") == [{"id": "dbpedia:Tom_Hanks"}]
    (row,) = hanks.read(WHO, id="m.0bxtg")
    assert (row["name"], row["method"]) == ("Tom Hanks", "structure")
    assert [row["id"] for row in hanks.read(CAST, id="3")] == ["dbpedia:Tom_Hanks"]
    assert "dbpedia:Tom_Hanks" in [row["id"] for row in hanks.read(CAST, id="1")]
    (node,) = hanks.read("MATCH (p {id: 'dbpedia:Tom_Hanks'}) RETURN p.born AS born, p.imports AS imports")
    assert node["born"] == 1956
    assert set(node["imports"]) == {"dbpedia", "table", "freebase"}
    (fact,) = hanks.read(
        "MATCH (:Person {id: 'dbpedia:Tom_Hanks'})-[r:ACTED_IN]->({id: '1'}) RETURN r.imports AS imports"
    )
    assert set(fact["imports"]) == {"dbpedia", "table", "freebase"}


def test_a_dry_run_changes_nothing(hanks: Graph) -> None:
    before = whole(hanks)
    assert align(hanks, "dry-run").aliases
    assert whole(hanks) == before


def test_undo_is_exact(hanks: Graph) -> None:
    before = whole(hanks)
    align(hanks, "apply")
    assert whole(hanks) != before
    assert len(align(hanks, "undo").aliases) == 2
    assert whole(hanks) == before
    assert not align(hanks, "undo").aliases


def test_the_same_again_changes_nothing(hanks: Graph) -> None:
    first = align(hanks, "apply")
    once = whole(hanks)
    again = align(hanks, "apply")
    assert again.aliases == first.aliases
    assert again.counts["identities changed"] == 0
    assert whole(hanks) == once


def test_two_people_of_one_name_stay_two(graph: Graph) -> None:
    state(
        graph,
        [
            person("dbpedia:Steve_McQueen", "Steve McQueen"),
            person("dbpedia:Steve_McQueen_(director)", "Steve McQueen"),
            person("person:Steve McQueen", "Steve McQueen"),
        ],
        [
            *acted("dbpedia:Steve_McQueen", "1"),
            *acted("dbpedia:Steve_McQueen_(director)", "2", type="DIRECTED"),
            *acted("person:Steve McQueen", "3"),
        ],
    )
    report = align(graph, "apply")
    assert not report.aliases
    assert report.counts["left apart: same name, no other evidence"] == 2


def test_a_name_that_means_two_people_joins_neither(graph: Graph) -> None:
    ids = ("dbpedia:Steve_McQueen", "dbpedia:Steve_McQueen_(director)")
    state(
        graph,
        [*(person(id, "Steve McQueen") for id in ids), person("person:Steve McQueen", "Steve McQueen")],
        [*acted(ids[0], "1"), *acted(ids[1], "2"), *acted("person:Steve McQueen", "1", "2")],
    )
    report = align(graph, "apply")
    assert not report.aliases
    assert report.counts["left apart: two partners as good"] == 2


def test_ids_of_one_source_that_differ_in_punctuation_are_one_where_a_film_says_so(graph: Graph) -> None:
    ids = ("dbpedia:Robert_Downey,_Jr.", "dbpedia:Robert_Downey_Jr.", "person:Robert Downey Jr.")
    alone = ("dbpedia:P.J._Hogan", "dbpedia:P._J._Hogan")
    state(
        graph,
        [*(person(id, "Robert Downey Jr.") for id in ids), *(person(id, "P.J. Hogan") for id in alone)],
        [
            *acted(ids[0], "1"),
            *acted(ids[1], "2"),
            *acted(ids[2], "1", "2"),
            *acted(alone[0], "3"),
            *acted(alone[1], "4"),
        ],
    )
    aliases = align(graph, "apply").aliases
    assert {alias: why.canonical for alias, why in aliases.items()} == {ids[1]: ids[0], ids[2]: ids[0]}


def test_father_and_son_stay_two(graph: Graph) -> None:
    state(
        graph,
        [
            person("dbpedia:Robert_Downey_Jr.", "Robert Downey Jr."),
            person("person:Robert Downey", "Robert Downey"),
        ],
        [*acted("dbpedia:Robert_Downey_Jr.", "1"), *acted("person:Robert Downey", "1", type="DIRECTED")],
    )
    assert not align(graph, "apply").aliases


def test_accents_and_initials_do_not_part_anybody(graph: Graph) -> None:
    state(
        graph,
        [
            person("dbpedia:Penélope_Cruz", "Penélope Cruz"),
            person("person:Penelope Cruz", "Penelope Cruz"),
            person("dbpedia:Samuel_L._Jackson", "Samuel L. Jackson"),
            person("person:Samuel Jackson", "Samuel Jackson"),
        ],
        [
            *acted("dbpedia:Penélope_Cruz", "1"),
            *acted("person:Penelope Cruz", "1"),
            *acted("dbpedia:Samuel_L._Jackson", "2"),
            *acted("person:Samuel Jackson", "2"),
        ],
    )
    assert align(graph, "apply").aliases.keys() == {"person:Penelope Cruz", "person:Samuel Jackson"}


def test_colleagues_are_evidence_where_no_film_is_shared(graph: Graph) -> None:
    names = ("Clint Howard", "Bill Paxton", "Ed Harris")
    state(
        graph,
        [
            person("dbpedia:Ron_Howard", "Ron Howard"),
            person("person:Ron Howard", "Ron Howard"),
            *(person(f"{space}:{name}", name) for name in names for space in ("dbpedia", "person")),
        ],
        [
            *acted("dbpedia:Ron_Howard", "1", type="PRODUCED"),
            *acted("person:Ron Howard", "2", type="DIRECTED"),
            *(relation for name in names for relation in acted(f"dbpedia:{name}", "1")),
            *(relation for name in names for relation in acted(f"person:{name}", "2")),
        ],
    )
    aliases = align(graph, "apply").aliases
    assert aliases["person:Ron Howard"].canonical == "dbpedia:Ron_Howard"
    assert aliases["person:Ron Howard"].method == "name+colleagues"


@pytest.fixture
def ann(graph: Graph) -> Graph:
    """One name in two sources without a film or a colleague in common."""
    state(graph, [person("dbpedia:Ann_Lee", "Ann Lee")], acted("dbpedia:Ann_Lee", "1"), "dbpedia")
    state(graph, [person("person:Ann Lee", "Ann Lee")], acted("person:Ann Lee", "2", "5"), "table")
    return graph


def test_a_node_without_a_name_is_a_witness_that_two_of_one_name_are_one(ann: Graph) -> None:
    before = whole(ann)
    assert not align(ann, "apply").aliases
    assert whole(ann) == before
    state(ann, [person("m.1")], acted("m.1", "1", "2", "5"), "freebase")
    before = whole(ann)
    aliases = align(ann, "apply").aliases
    assert {alias: (why.canonical, why.method) for alias, why in aliases.items()} == {
        "person:Ann Lee": ("dbpedia:Ann_Lee", "name+witness"),
        "m.1": ("dbpedia:Ann_Lee", "structure"),
    }
    assert align(ann, "apply").counts["identities changed"] == 0
    align(ann, "undo")
    assert whole(ann) == before


def test_who_is_known_as_somebody_else_is_no_witness(ann: Graph) -> None:
    state(ann, [person("dbpedia:Bo_Li", "Bo Li")], acted("dbpedia:Bo_Li", "1", "2", "3", "4", "5"), "dbpedia")
    state(ann, [person("m.1")], acted("m.1", "1", "2", "3", "4", "5"), "freebase")
    aliases = align(ann, "dry-run").aliases
    assert {alias: why.canonical for alias, why in aliases.items()} == {"m.1": "dbpedia:Bo_Li"}


def test_a_witness_in_another_role_or_of_another_name_proves_nothing(ann: Graph) -> None:
    state(ann, [person("person:Ann Ray", "Ann Ray")], acted("person:Ann Ray", "7"), "table")
    relations = [*acted("m.1", "1", "7"), *acted("m.1", "2", "5", type="DIRECTED")]
    state(ann, [person("m.1")], relations, "freebase")
    assert not {alias for alias in align(ann, "dry-run").aliases if alias.startswith("person:")}


def test_what_is_decided_does_not_depend_on_what_was_applied(hanks: Graph) -> None:
    first = decide(load(hanks)).aliases
    align(hanks, "apply")
    assert decide(load(hanks)).aliases == first


def test_the_command_reports_and_refuses(hanks: Graph, settings, tmp_path) -> None:
    def mmkg(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli", "align", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    found = mmkg("--json")
    assert found.returncode == 0, found.stderr
    data = json.loads(found.stdout)
    assert {pair["alias"] for pair in data["pairs"]} == {"person:Tom Hanks", "m.0bxtg"}
    assert mmkg("--apply").returncode == 0
    assert len(hanks.read(NAMED, name="Tom Hanks")) == 1
    assert mmkg("--undo").returncode == 0
    assert len(hanks.read(NAMED, name="Tom Hanks")) == 2
    assert mmkg("--min-score", "7").returncode == 2
    links = tmp_path / "links.csv"
    links.write_text("linked,film\n1,2\n")
    wrong = mmkg("--film-links", str(links))
    assert wrong.returncode == 1
    assert "item" in wrong.stderr
    assert "Traceback" not in wrong.stderr
