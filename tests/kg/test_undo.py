from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kg import Graph, Node, Ref, Relation, undo
from kg.imports import imports
from kg.model import Origin
from kg.undo import Undone
from kg.writer import Writer
from mmkg.errors import GraphError, InputError

NODES = """
MATCH (n) WHERE NOT n:Schema AND NOT n:Import
RETURN labels(n) AS labels, properties(n) AS properties
"""
RELATIONS = """
MATCH (a)-[r]->(b)
RETURN labels(a)[0] AS kind, a.id AS start, type(r) AS type, b.id AS end, properties(r) AS properties
"""
WIPE = "MATCH (n) WHERE NOT n:Schema DETACH DELETE n"


def contents(graph: Graph) -> list[str]:
    """Return all that the graph holds but the imports' nodes; the order of labels means nothing."""
    nodes = [{**row, "labels": sorted(row["labels"])} for row in graph.read(NODES)]
    return sorted(json.dumps(row, sort_keys=True) for row in [*nodes, *graph.read(RELATIONS)])


def state(graph: Graph, import_id: str, nodes=(), relations=()) -> None:
    graph.write("MERGE (:Import {id: $id, source: 'test', at: $id})", id=import_id)
    writer = Writer(graph, import_id)
    writer.nodes(nodes)
    assert not writer.relations(relations).rejected


def take_back(graph: Graph, import_id: str) -> tuple[Undone, list[str]]:
    """Undo an import; what that does is what the preview says."""
    deleted: list[str] = []
    expected = undo.preview(graph, import_id)
    done = undo.undo(graph, import_id, deleted.extend)
    assert done == expected
    return done, deleted


def film(id: str = "1", file: str = "a.csv", *, fills: bool = False, **properties) -> Node:
    return Node("Item", id, "Movie", properties, Origin(file, 2), fills)


def user(id: str = "u") -> Node:
    return Node("User", id, origin=Origin("clicks.csv", 2))


def click(item: str = "1", **properties) -> Relation:
    return Relation("CLICKED", Ref("User", "u"), Ref("Item", item), properties, Origin("clicks.csv", 2))


def test_what_it_alone_brought_goes_and_nothing_else(graph: Graph) -> None:
    state(graph, "b", [film("1", title="Heat"), user()], [click("1")])
    before = contents(graph)
    state(graph, "a", [film("2", title="Ronin"), user()], [click("2")])
    done, _ = take_back(graph, "a")
    assert contents(graph) == before
    assert done == Undone(relations_removed=1, nodes_removed=1, nodes_changed=1)
    assert [each.id for each in imports(graph).imports] == ["b"]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_properties_labels_and_places_return_to_what_the_others_say(graph: Graph, order: str) -> None:
    stated = {
        "a": ([film(title="HEAT", year=1996, plot="A thief"), user()], [click(rating=3)]),
        "b": ([Node("Item", "1", None, {"title": "Heat", "year": 1995}), user()], [click(rating=5)]),
    }
    state(graph, "b", *stated["b"])
    alone = contents(graph)
    graph.run_auto_commit(WIPE)
    for name in order:
        state(graph, name, *stated[name])
    done, _ = take_back(graph, "a")
    assert contents(graph) == alone
    assert done == Undone(relations_changed=1, nodes_changed=2)


def test_what_fills_gaps_comes_to_the_fore(graph: Graph) -> None:
    state(graph, "a", [film(title="Heat", year=1995)])
    state(graph, "b", [film(file="b.csv", fills=True, title="HEAT"), film(file="c.csv", title="heat")])
    state(graph, "c", [film(file="d.csv", fills=True, year=1996)])
    take_back(graph, "a")
    undone = contents(graph)
    graph.run_auto_commit(WIPE)
    state(graph, "b", [film(file="b.csv", fills=True, title="HEAT"), film(file="c.csv", title="heat")])
    state(graph, "c", [film(file="d.csv", fills=True, year=1996)])
    assert undone == contents(graph)


def test_a_node_that_a_relation_of_another_import_needs_stays_bare_until_that_goes(graph: Graph) -> None:
    state(graph, "a", [film(title="Heat")])
    graph.write("MATCH (n:Item) SET n.embedding_a = [0.5], n.embedding_a_model = 'm'")
    state(graph, "b", [user()], [click()])
    done, _ = take_back(graph, "a")
    assert done == Undone(nodes_bare=1)
    assert graph.read("MATCH (n:Item) RETURN labels(n) AS labels, properties(n) AS properties") == [
        {"labels": ["Item"], "properties": {"id": "1", "imports": [], "origins": []}}
    ]
    done, _ = take_back(graph, "b")
    assert done == Undone(relations_removed=1, nodes_removed=2)
    assert contents(graph) == []


def test_a_bare_node_becomes_a_film_again_when_it_is_stated_again(graph: Graph) -> None:
    state(graph, "a", [film(title="Heat")])
    state(graph, "b", [user()], [click()])
    before = contents(graph)
    take_back(graph, "a")
    state(graph, "a", [film(title="Heat")])
    assert contents(graph) == before


def test_what_somebody_set_by_hand_stays_as_it_was(graph: Graph) -> None:
    graph.write("CREATE (:Item {id: '1', title: 'Mine'})-[:LIKED {much: true}]->(:Entity {id: 'e'})")
    before = contents(graph)
    liked = Relation("LIKED", Ref("Item", "1"), Ref("Entity", "e"), {"much": False})
    state(graph, "a", [film(title="Heat", year=1995), Node("Entity", "e", "Person")], [liked])
    done, _ = take_back(graph, "a")
    assert contents(graph) == before
    assert done == Undone(relations_changed=1, nodes_changed=2)


def test_a_relation_made_by_hand_needs_its_ends_and_one_that_was_computed_does_not(graph: Graph) -> None:
    state(graph, "a", [film(i) for i in "1234"])
    for pair, type in (("12", "LIKE"), ("34", "CO_CLICKED")):
        match = f"MATCH (a:Item {{id: $a}}), (b:Item {{id: $b}}) CREATE (a)-[:{type}]->(b)"
        graph.write(match, a=pair[0], b=pair[1])
    done, _ = take_back(graph, "a")
    assert done == Undone(nodes_removed=2, nodes_bare=2)
    assert [json.loads(row).get("type") for row in contents(graph)].count("LIKE") == 1


def test_blobs_go_when_no_medium_mentions_them(graph: Graph) -> None:
    def poster(id: str, **properties) -> Node:
        return Node("Media", id, "Poster", properties)

    state(graph, "a", [poster("1", key="k1", thumbnail="small"), poster("2", key="k2", thumbnail="tiny")])
    state(graph, "b", [poster("2", key="k2"), poster("3", key="k3", thumbnail="small")])
    deleted: list[str] = []
    undo.undo(graph, "a", deleted.extend)
    assert deleted == ["k1", "tiny"]


def test_the_store_fails_and_the_same_again_deletes_what_is_left(graph: Graph) -> None:
    def fail(keys) -> None:
        raise GraphError("killed")

    state(graph, "a", [Node("Media", "1", "Poster", {"key": "k1"}), film()])
    with pytest.raises(GraphError, match="killed"):
        undo.undo(graph, "a", fail)
    (row,) = imports(graph).imports
    assert not row.complete
    deleted: list[str] = []
    undo.undo(graph, "a", deleted.extend)
    assert deleted == ["k1"]
    assert contents(graph) == []
    assert imports(graph).imports == []


def test_killed_after_any_step_and_the_same_again(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "PAGE", 2)
    monkeypatch.setattr(undo, "ROWS", 1)
    films = [film(str(i), title=f"Film {i}") for i in range(5)]
    renamed = [film(str(i), title=f"FILM {i}") for i in range(1, 7)]
    state(graph, "b", [*films, user()], [click(str(i), rating=4) for i in range(5)])
    before = contents(graph)
    state(graph, "a", [*renamed, user()], [click(str(i), rating=5) for i in range(2, 7)])
    work, write = graph.in_transaction, graph.write
    for steps in (0, 1, 4, 9):
        left = iter(range(steps))

        def sometimes(do, *arguments, left=left, **parameters):
            if next(left, None) is None:
                raise GraphError("killed")
            return do(*arguments, **parameters)

        with monkeypatch.context() as patch:
            patch.setattr(graph, "in_transaction", lambda task, f=sometimes: f(work, task))
            patch.setattr(graph, "write", lambda *a, f=sometimes, **p: f(write, *a, **p))
            with pytest.raises(GraphError, match="killed"):
                undo.undo(graph, "a", lambda keys: None)
        assert contents(graph) != before
    undo.undo(graph, "a", lambda keys: None)
    assert contents(graph) == before


def test_an_alignment_stands_in_the_way_until_it_is_undone(graph: Graph) -> None:
    people = [Node("Entity", name, "Person", {"name": "Tom Hanks"}) for name in ("m.1", "person:Tom Hanks")]
    state(graph, "a", people[:1])
    state(graph, "b", people[1:])
    state(graph, "c", [film()])
    graph.write(
        "MATCH (a {id: 'm.1'}), (c {id: 'person:Tom Hanks'}) CREATE (a)-[:SAME_AS {record: '{}'}]->(c)"
    )
    before = contents(graph)
    for name in "ab":
        for attempt in (undo.preview, lambda graph, name: undo.undo(graph, name, lambda keys: None)):
            with pytest.raises(GraphError, match="mmkg align --undo"):
                attempt(graph, name)
    assert contents(graph) == before
    take_back(graph, "c")


def test_an_unknown_import_is_refused_with_the_nearest(graph: Graph) -> None:
    state(graph, "abcdef0123456789")
    for wrong in ("abcdef", "abcdef0123456780"):
        with pytest.raises(InputError, match=r"Did you mean abcdef0123456789\? `mmkg imports`"):
            undo.preview(graph, wrong)
    with pytest.raises(InputError, match=r"no such import. `mmkg imports`"):
        undo.preview(graph, "")


IDS = st.sampled_from("12")
PROPERTIES = st.dictionaries(st.sampled_from(["p", "q"]), st.sampled_from(["x", "y", True, 7]), max_size=2)
LABELS = st.sampled_from([None, "Movie", "Short"])
OUTRIGHT = st.builds(
    lambda id, label, stated, file: Node("Item", id, label, stated, Origin(file, 1)),
    *(IDS, LABELS, PROPERTIES, st.sampled_from(["a.csv", "b.csv"])),
)
FILLING = st.builds(
    lambda id, label, stated: Node("Item", id, label, stated, Origin("films.csv", 1), fills=True),
    *(IDS, LABELS, PROPERTIES),
)
TIES = st.builds(
    lambda start, end, stated: Relation("LIKE", Ref("Item", start), Ref("Item", end), stated),
    *(IDS, IDS, PROPERTIES),
)
SOURCES = st.tuples(
    st.lists(OUTRIGHT, max_size=4), st.lists(FILLING, unique_by=lambda n: n.id), st.lists(TIES, max_size=3)
)


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sources=st.lists(SOURCES, min_size=2, max_size=3), data=st.data())
def test_the_graph_is_what_it_would_be_without_the_import(graph: Graph, sources, data) -> None:
    gone = data.draw(st.integers(0, len(sources) - 1))

    def bring(position: int) -> None:
        outright, filling, ties = sources[position]
        nodes = [*outright, *filling]
        there = {node.id for node in nodes}
        own = [tie for tie in ties if {tie.start.id, tie.end.id} <= there]
        state(graph, f"import {position}", nodes, own)

    graph.run_auto_commit(WIPE)
    for position in range(len(sources)):
        if position != gone:
            bring(position)
    expected = contents(graph)
    graph.run_auto_commit(WIPE)
    for position in range(len(sources)):
        bring(position)
    take_back(graph, f"import {gone}")
    assert contents(graph) == expected
