"""Alignment on the real database: what is moved when it is applied, stated again, undone or killed."""

from __future__ import annotations

import json

import pytest

from ingest.align import moves
from ingest.align.command import align
from ingest.align.people import FilmKey
from kg import Graph
from kg.model import Node, Origin, Ref, Relation
from kg.writer import Writer
from mmkg.errors import GraphError
from tests.ingest.align.cases import NAMED, acted, person, state, whole


def test_an_import_after_it_is_aligned_by_the_same_again(hanks: Graph) -> None:
    align(hanks, "apply")
    once = whole(hanks)
    relations = [*acted("person:Tom Hanks", "1", "3"), *acted("person:Tom Hanks", "4", type="DIRECTED")]
    state(hanks, [person("person:Tom Hanks", "Tom Hanks", born=1956)], relations, "table")
    assert len(hanks.read(NAMED, name="Tom Hanks")) == 2
    align(hanks, "apply")
    assert whole(hanks) == once


def test_what_was_stated_of_the_canonical_node_meanwhile_survives_undo(hanks: Graph) -> None:
    align(hanks, "apply")
    state(hanks, [], acted("dbpedia:Tom_Hanks", "3"), "later")
    align(hanks, "undo")
    (row,) = hanks.read("MATCH ({id: 'dbpedia:Tom_Hanks'})-[r]->({id: '3'}) RETURN r.imports AS imports")
    assert row["imports"] == ["later"]
    assert len(hanks.read(NAMED, name="Tom Hanks")) == 2


def test_joined_facts_and_people_keep_who_states_what(graph: Graph) -> None:
    """The canonical node's own statements stand, the alias's fill gaps, and nothing of either is lost."""

    def hanks(id: str, file: str, played: str, **properties: object) -> tuple[list[Node], list[Relation]]:
        node = Node("Entity", id, "Person", {"name": "Tom Hanks", **properties}, Origin(file, 2))
        ends = Ref("Entity", id), Ref("Item", "1")
        return [node], [Relation("ACTED_IN", *ends, {"character": played}, Origin(file, 3))]

    first = hanks("dbpedia:Tom_Hanks", "a.csv", "Woody", born=1957)
    state(graph, *first, "a")
    state(graph, *hanks("dbpedia:Tom_Hanks", "b.csv", "Sheriff Woody", born=1956), "b")
    state(graph, *hanks("person:Tom Hanks", "c.csv", "W.", born=1900, died=2100), "c")
    before = whole(graph)
    align(graph, "apply")
    person_ = "MATCH (n:Person {id: 'dbpedia:Tom_Hanks'})"
    for match, thing, expected in (
        (person_, "n", {"born": 1956, "died": 2100, "conflicts": ["born"]}),
        (f"{person_}-[r:ACTED_IN]->()", "r", {"character": "Sheriff Woody", "conflicts": ["character"]}),
    ):
        ((found),) = (row["found"] for row in graph.read(f"{match} RETURN properties({thing}) AS found"))
        assert expected.items() <= found.items()
        assert found["imports"] == ["a", "b", "c"]
        assert [origin.partition(":")[0] for origin in found["origins"]] == ["a.csv", "b.csv", "c.csv"]
        assert [json.loads(text)["import"] for text in found["statements"]] == ["a", "b", "c"]
    once = whole(graph)
    state(graph, *first, "a")
    assert whole(graph) == once
    align(graph, "apply")
    assert whole(graph) == once
    align(graph, "undo")
    assert whole(graph) == before


def test_an_alias_that_is_stated_again_is_no_news_of_labels(graph: Graph) -> None:
    people = [person("m.1", "Tom Hanks"), person("person:Tom Hanks", "Tom Hanks")]
    acts = [*acted("m.1", "1"), *acted("person:Tom Hanks", "1")]
    state(graph, people, acts, "a")
    align(graph, "apply")
    unlabelled = [Node("Entity", "person:Tom Hanks", None, {"born": 1956})]
    assert Writer(graph, "b").nodes(unlabelled).updated == 1
    assert Writer(graph, "b").nodes(unlabelled).updated == 0
    align(graph, "undo")
    assert Writer(graph, "a").nodes(people).updated == 0
    (row,) = graph.read(
        "MATCH (n {id: 'person:Tom Hanks'}) RETURN labels(n) AS labels, n.statements AS texts"
    )
    assert set(row["labels"]) == {"Entity", "Person"}
    assert not any("Alias" in text for text in row["texts"])


def test_another_score_takes_back_what_it_parts(hanks: Graph) -> None:
    before = whole(hanks)
    align(hanks, "apply")
    assert not align(hanks, "apply", 1.0).aliases
    assert whole(hanks) == before


def crossed(graph: Graph) -> dict[FilmKey, FilmKey]:
    """State films whose nameless facts are each one film off, and return what the first of them are."""
    people, relations = [], []
    for n in range(30):
        named, nameless = f"person:P{n} Q{n}", f"m.{n}"
        people += [person(named, f"P{n} Q{n}"), person(nameless)]
        films = [n, (n + 1) % 30, (n + 7) % 30]
        for position, film in enumerate(films):
            role = "DIRECTED" if position < 2 else "ACTED_IN"
            relations += acted(named, str(film), type=role)
            relations += acted(nameless, str(film * 7 % 30), type=role)
    state(graph, people, relations)
    return {FilmKey("Item", str(n * 7 % 30)): FilmKey("Item", str(n)) for n in range(2)}


def test_wrong_links_are_noticed_and_nobody_is_named_by_them(graph: Graph) -> None:
    crossed(graph)
    report = align(graph, "apply")
    assert not report.aliases
    assert report.notes


def test_known_films_lead_to_the_others_and_facts_move_to_the_right_film(graph: Graph) -> None:
    known = crossed(graph)
    before = whole(graph)
    report = align(graph, "apply", film_links=known)
    assert len(report.aliases) == 30
    assert all(why.canonical == f"person:P{a[2:]} Q{a[2:]}" for a, why in report.aliases.items())
    assert report.counts["films matched by structure"] == 30
    assert graph.read("MATCH (p:Person)-[r]->(m) RETURN count(r) AS n")[0]["n"] == 90
    assert align(graph, "apply", film_links=known).counts["identities changed"] == 0
    align(graph, "undo")
    assert whole(graph) == before


@pytest.mark.parametrize("killed_after", [0, 1, 3])
def test_killed_between_batches_then_the_same_again(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, killed_after: int
) -> None:
    known = crossed(graph)
    before = whole(graph)
    align(graph, "apply", film_links=known)
    wanted = {line for line in whole(graph) if "SAME_AS" not in line}
    monkeypatch.setattr(moves, "BATCH_SIZE", 5)

    def interrupt(mode: str) -> None:
        work, done = graph.in_transaction, iter(range(killed_after))

        def sometimes(task):
            if next(done, None) is None:
                raise GraphError("killed")
            return work(task)

        with monkeypatch.context() as patch:
            patch.setattr(graph, "in_transaction", sometimes)
            with pytest.raises(GraphError, match="killed"):
                align(graph, mode, film_links=known)

    interrupt("undo")
    align(graph, "undo")
    assert whole(graph) == before
    interrupt("apply")
    align(graph, "apply", film_links=known)
    assert {line for line in whole(graph) if "SAME_AS" not in line} == wanted
    align(graph, "undo")
    assert whole(graph) == before
