from __future__ import annotations

import pytest

from ingest.align.command import align
from kg import Graph, Node, Ref, Relation
from kg.explanation import Overruled, Place, Why
from kg.lookup import find
from kg.model import Origin
from kg.why import why
from kg.writer import Writer
from mmkg.errors import InputError

IMPORT = "MERGE (:Import {id: $id, source: 'catalogue', path: $path, at: '2024-01-01T00:00:00+00:00'})"
ONE, TWO, THREE = Place("one", "films.csv:2"), Place("two", "more.csv:9"), Place("three", "gaps.csv:4")


def film(place: Place, *, fills: bool = False, id: str = "1", **properties) -> Node:
    file, _, line = place.origin.partition(":")
    return Node("Item", id, "Movie", properties, Origin(file, int(line)), fills)


@pytest.fixture
def heat(graph: Graph) -> Graph:
    """One film of three sources that contradict each other."""
    graph.write(IMPORT, id="one", path="films")
    graph.write(IMPORT, id="nothing", path="elsewhere")
    people = [Node("Entity", f"p{n}", "Person", {"name": f"Actor {n}"}) for n in range(4)]
    Writer(graph, "one").nodes([film(ONE, title="Heat", year=1995, plot="A thief"), *people])
    Writer(graph, "two").nodes([film(TWO, title="HEAT", year=1995)])
    Writer(graph, "three").nodes([film(THREE, fills=True, title="H", plot="B", tagline="Crime")])
    acted = [
        Relation("ACTED_IN", Ref("Entity", f"p{n}"), Ref("Item", "1"), {}, Origin("films.csv", 2))
        for n in range(4)
    ]
    Writer(graph, "one").relations(acted)
    evidence = {"evidence": "He is a thief.", "confidence": 0.75}
    about = Relation("ABOUT", Ref("Item", "1"), Ref("Entity", "p0"), evidence, Origin("text of 1"))
    Writer(graph, "two").relations([about])
    return graph


def told(found: Why) -> str:
    """Return what the tables say, as one text."""
    return "\n".join(str(cell) for _, _, rows in found.tables() for row in rows for cell in row)


def test_each_property_names_who_states_it_and_who_another_value(heat: Graph) -> None:
    found = why(heat, find(heat, "Item:1"))
    properties = {stated.name: stated for stated in found.properties}
    assert properties["title"].value == "HEAT"
    assert properties["title"].places == [TWO]
    assert properties["title"].overruled == [
        Overruled("Heat", ONE, "the later statement stands"),
        Overruled("H", THREE, "it only fills gaps"),
    ]
    assert properties["year"].places == [TWO, ONE]
    assert properties["year"].overruled == []
    assert properties["plot"].overruled == [Overruled("B", THREE, "it only fills gaps")]
    assert properties["tagline"].places == [THREE]
    assert found.labels == {"Movie": [ONE, TWO, THREE]}
    assert set(found.imports) == {"one"}
    assert "not Heat: the later statement stands" in told(found)


def test_of_two_that_fill_gaps_the_earlier_stands(graph: Graph) -> None:
    Writer(graph, "one").nodes([film(ONE, year=1995)])
    for place, title in ((TWO, "Heat"), (THREE, "H")):
        Writer(graph, place.import_id).nodes([film(place, fills=True, title=title)])
    title = next(each for each in why(graph, find(graph, "1")).properties if each.name == "title")
    assert title.value == "Heat"
    assert title.overruled == [Overruled("H", THREE, "of two that fill gaps, the earlier stands")]


def test_relations_are_grouped_and_limited(heat: Graph) -> None:
    found = why(heat, find(heat, "1"), relations=3)
    about, acted = found.groups
    assert (about.type, about.outgoing, about.count) == ("ABOUT", True, 1)
    assert (acted.type, acted.outgoing, acted.count) == ("ACTED_IN", False, 4)
    assert [tie.id for tie in acted.ties] == ["p0", "p1", "p2"]
    assert acted.ties[0].places == [ONE]
    text = told(found)
    assert "and 1 more" in text
    assert "evidence: He is a thief." in text
    assert "confidence: 0.75" in text


def test_what_is_of_no_import_is_said_to_be(heat: Graph) -> None:
    heat.write("MATCH (n:Item) SET n.title = 'Mine', n.embedding_a = [0.1], n.embedding_a_model = 'mgnn-1'")
    heat.write("MATCH (n:Item) CREATE (:Entity {id: 'hand', name: 'Hand'})-[:`likes it` {much: true}]->(n)")
    found = why(heat, find(heat, "1"))
    assert ("title", "Mine", "no import", "") in next(found.tables())[2]
    assert found.models == ["mgnn-1"]
    (tie,) = next(group for group in found.groups if group.type == "likes it").ties
    assert (tie.id, tie.places) == ("hand", [])
    assert not any("embedding" in stated.name for stated in found.properties)
    assert why(heat, find(heat, "hand")).properties[0].places == []


def test_an_alignment_tells_what_moved(graph: Graph) -> None:
    writer = Writer(graph, "one")
    writer.nodes([film(ONE, id=id, title=f"Film {id}") for id in "123"])
    writer.nodes([Node("Entity", id, "Person", {"name": "Tom Hanks"}) for id in ("m:1", "person:Tom Hanks")])
    writer.relations(
        Relation("ACTED_IN", Ref("Entity", person), Ref("Item", item))
        for person, items in (("m:1", "12"), ("person:Tom Hanks", "13"))
        for item in items
    )
    assert len(align(graph, "apply").aliases) == 1
    canonical = why(graph, find(graph, "tom hanks"))
    assert canonical.node.id == "m:1"
    (alignment,) = canonical.alignments
    assert (alignment.is_alias, alignment.other, alignment.facts) == (False, "person:Tom Hanks", 2)
    acted = next(group for group in canonical.groups if group.type == "ACTED_IN")
    assert {tie.id: tie.aliases for tie in acted.ties} == {
        "1": ["person:Tom Hanks"],
        "2": [],
        "3": ["person:Tom Hanks"],
    }
    assert "moved from person:Tom Hanks by mmkg align" in told(canonical)
    (alignment,) = why(graph, find(graph, "Entity:person:Tom Hanks")).alignments
    assert (alignment.is_alias, alignment.other) == (True, "m:1")


def test_a_node_is_found_by_id_by_kind_and_by_name(heat: Graph) -> None:
    heat.write("CREATE (:User {id: 'p1'}), (:Item {id: 'User:p1'}), (:Entity:Person {id: 'x', name: 'heat'})")
    assert find(heat, "Item:1").key == find(heat, "1").key == "Item:1"
    assert find(heat, "actor 3").key == "Entity:p3"
    assert find(heat, "User:p1").key == "User:p1"
    assert find(heat, "Item:User:p1").key == "Item:User:p1"
    assert find(heat, "heat", ["Item"]).key == "Item:1"
    with pytest.raises(InputError, match=r"(?s)more than one.*Entity:p1 \(Person\) Actor 1.*User:p1"):
        find(heat, "p1")
    with pytest.raises(InputError, match=r"(?s)Item:1 \(Movie\) HEAT.*Entity:x \(Person\) heat"):
        find(heat, "Heat")
    for nothing in ("", "Item:", "no such thing", "Item:p1"):
        with pytest.raises(InputError, match="there is no"):
            find(heat, nothing)


def test_everything_it_prints_is_in_the_json(heat: Graph) -> None:
    document = why(heat, find(heat, "1"), relations=0).to_json()
    title = next(each for each in document["properties"] if each["name"] == "title")
    assert title["stated_by"] == [{"import": "two", "origin": "more.csv:9"}]
    assert title["overruled"][0] == {
        "value": "Heat",
        "import": "one",
        "origin": "films.csv:2",
        "rule": "the later statement stands",
    }
    assert [group["count"] for group in document["relations"]] == [1, 4]
    assert all(group["shown"] == [] for group in document["relations"])
    assert [each["id"] for each in document["imports"]] == ["one"]
