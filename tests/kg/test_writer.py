import json
import math

import pytest

from kg import Graph, Node, Ref, Relation
from kg.model import Origin, Reject
from kg.writer import Counts, Writer

GET_NODE = "MATCH (n {id: $id}) RETURN labels(n) AS labels, properties(n) AS properties"
GET_RELATIONS = (
    "MATCH (a)-[r]->(b) RETURN a.id AS start, type(r) AS type, b.id AS end, properties(r) AS stated"
)

FROM_ONE = {"imports": ["one"], "origins": [""]}


def movie(item, **properties) -> Node:
    return Node("Item", str(item), "Movie", properties)


def click(user, item, **properties) -> Relation:
    return Relation("CLICKED", Ref("User", str(user)), Ref("Item", str(item)), properties)


def test_what_is_new_is_created_and_then_unchanged(graph: Graph) -> None:
    films = [movie(i, title=f"Film {i}", tags=["a", "b"], score=1.5) for i in range(25)]
    assert Writer(graph, "one", batch_size=10).nodes(films) == Counts(created=25)
    assert Writer(graph, "one", batch_size=7).nodes(films) == Counts(unchanged=25)
    (row,) = graph.read(GET_NODE, id="3")
    assert set(row["labels"]) == {"Item", "Movie"}
    expected = {
        "id": "3",
        "title": "Film 3",
        "tags": ["a", "b"],
        "score": 1.5,
        "imports": ["one"],
        "origins": [""],
    }
    assert row["properties"] == expected


def test_only_what_is_stated_changes(graph: Graph) -> None:
    writer = Writer(graph, "one")
    writer.nodes([movie(1, title="Heat", year=1995)])
    assert writer.nodes([movie(1, year=1996)]) == Counts(updated=1)
    assert writer.nodes([movie(1, plot="A thief")]) == Counts(updated=1)
    assert writer.nodes([movie(1)]) == Counts(unchanged=1)
    stated = graph.read(GET_NODE, id="1")[0]["properties"]
    assert stated == {
        "id": "1",
        "title": "Heat",
        "year": 1996,
        "plot": "A thief",
        "imports": ["one"],
        "origins": [""],
    }


def test_a_second_label_that_comes_later_is_added(graph: Graph) -> None:
    writer = Writer(graph, "one")
    writer.nodes([Node("Entity", "m.1")])
    assert writer.nodes([Node("Entity", "m.1", "Person")]) == Counts(updated=1)
    assert writer.nodes([Node("Entity", "m.1")]) == Counts(unchanged=1)
    assert set(graph.read(GET_NODE, id="m.1")[0]["labels"]) == {"Entity", "Person"}


def test_a_node_that_fills_gaps_overwrites_nothing(graph: Graph) -> None:
    writer = Writer(graph, "one")
    writer.nodes([movie(1, title="Heat")])
    filling = Node("Item", "1", "Movie", {"title": "Heat (1995)", "plot": "A thief"}, fills=True)
    assert writer.nodes([filling]) == Counts(updated=1)
    assert writer.nodes([filling]) == Counts(unchanged=1)
    stated = graph.read(GET_NODE, id="1")[0]["properties"]
    assert (stated["title"], stated["plot"], stated["conflicts"]) == ("Heat", "A thief", ["title"])


@pytest.mark.parametrize("batch_size", [1, 10])
def test_the_first_to_fill_a_gap_wins_and_the_last_to_state_outright(graph: Graph, batch_size: int) -> None:
    fills = [Node("Item", "1", "Movie", {"plot": text}, fills=True) for text in ("first", "second")]
    Writer(graph, "one", batch_size).nodes([*fills, movie(1, title="first"), movie(1, title="last")])
    stated = graph.read(GET_NODE, id="1")[0]["properties"]
    assert (stated["title"], stated["plot"], stated["conflicts"]) == ("last", "first", ["plot"])
    assert [json.loads(text)["properties"] for text in stated["statements"]] == [
        {"plot": "first", "title": "last"},
        {"plot": "second"},
    ]


def test_another_import_is_noted_and_is_no_update(graph: Graph) -> None:
    Writer(graph, "one").nodes([movie(1, title="Heat"), Node("User", "1")])
    Writer(graph, "one").relations([click(1, 1, rating=5.0)])
    second = Writer(graph, "two")
    assert second.nodes([movie(1, title="Heat")]) == Counts(unchanged=1)
    assert second.relations([click(1, 1, rating=5.0)]) == Counts(unchanged=1)
    assert graph.read(GET_NODE, id="1")[0]["properties"]["imports"] == ["one", "two"]
    assert graph.read(GET_RELATIONS)[0]["stated"]["imports"] == ["one", "two"]


def test_relations_are_one_of_a_type_between_two_nodes(graph: Graph) -> None:
    writer = Writer(graph, "one")
    writer.nodes([movie(1), movie(2), Node("User", "1")])
    clicks = [click(1, 2, rating=3.0), click(1, 1, rating=5.0), click(1, 2, rating=4.0)]
    assert writer.relations(clicks) == Counts(created=2, unchanged=1)
    assert writer.relations([click(1, 2, rating=4.0)]) == Counts(unchanged=1)
    assert writer.relations([click(1, 2, at=7)]) == Counts(updated=1)
    stated = {row["end"]: row["stated"] for row in graph.read(GET_RELATIONS)}
    assert stated["2"] == {"rating": 4.0, "at": 7, **FROM_ONE}


def test_a_relation_without_an_end_is_rejected_with_its_place(graph: Graph) -> None:
    rejects: list[Reject] = []
    writer = Writer(graph, "one", on_reject=rejects.append)
    writer.nodes([movie(1), Node("User", "1")])
    clicks = [
        Relation("CLICKED", Ref("User", user), Ref("Item", item), {}, Origin("clicks.csv", line))
        for line, (user, item) in enumerate([("1", "1"), ("1", "99"), ("8", "1")], start=2)
    ]
    assert writer.relations(clicks) == Counts(created=1, rejected=2)
    assert sorted(rejects) == [
        Reject("clicks.csv", 3, "end", "unknown item", "99"),
        Reject("clicks.csv", 4, "start", "unknown user", "8"),
    ]
    assert writer.counts["CLICKED"] == Counts(created=1, rejected=2)


@pytest.mark.parametrize(
    ("node", "field"),
    [
        (movie(1, score=math.nan), "score"),
        (movie(1, score=math.inf), "score"),
        (movie(1, tags=["a", 1]), "tags"),
        (movie(1, tags=[1, 1.0]), "tags"),
        (movie(1, tags=[["a"]]), "tags"),
        (movie(1, data=b"bytes"), "data"),
        (movie(1, nested={"a": 1}), "nested"),
        (movie(1, nothing=None), "nothing"),
        (movie(1, number=2**63), "number"),
        (movie(1, title="x" * 1001), "title"),
        (movie(1, plot="x" * 100_001), "plot"),
        (movie(1, plot="\ud800"), "plot"),
        (movie(1, imports=["fake"]), "imports"),
        (movie(1, **{"a`b": 1}), "a`b"),
        (movie(1, **{"": 1}), ""),
        (Node("Item", ""), "id"),
        (Node("Item", "x" * 1001), "id"),
        (Node("Item", 1), "id"),
        (Node("Item", "1", "Movie) DETACH DELETE n //"), "label"),
        (Node("Item:Schema", "1"), "kind"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_stored_is_rejected_and_the_rest_is_kept(graph: Graph, node: Node, field: str) -> None:
    rejects: list[Reject] = []
    writer = Writer(graph, "one", on_reject=rejects.append)
    assert writer.nodes([node, movie("good")]) == Counts(created=1, rejected=1)
    assert [reject.field for reject in rejects] == [field]
    assert all(reject.reason and len(reject.value) <= 200 for reject in rejects)


def test_a_relation_type_is_checked(graph: Graph) -> None:
    rejects: list[Reject] = []
    hostile = Relation("X]->() DETACH DELETE a //", Ref("Item", "1"), Ref("Item", "1"))
    assert Writer(graph, "one", on_reject=rejects.append).relations([hostile]) == Counts(rejected=1)
    assert rejects[0].field == "type"


def test_the_import_counts_with_the_graph(graph: Graph) -> None:
    graph.write("CREATE (:Import {id: 'one'})")

    def interrupted():
        yield from (movie(i) for i in range(15))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Writer(graph, "one", batch_size=5).nodes(interrupted())
    Writer(graph, "one", batch_size=5).nodes(movie(i) for i in range(20))
    assert graph.read("MATCH (i:Import) RETURN i.created AS created, i.updated AS updated") == [
        {"created": 20, "updated": 0}
    ]


def test_relations_find_their_ends_by_the_unique_indexes(graph: Graph) -> None:
    from kg.writer import MERGE_RELATIONS

    statement = MERGE_RELATIONS.format(start="User", end="Item", type="CLICKED")
    parameters = {"rows": [[["1", "1"], {}]], "import": "one"}

    def plan(transaction):
        return transaction.run("EXPLAIN " + statement, parameters).consume().plan

    operators = []

    def collect(node):
        operators.append(node["operatorType"].partition("@")[0])
        for child in node.get("children", []):
            collect(child)

    collect(graph.in_transaction(plan))
    assert sum(operator.startswith("NodeUniqueIndexSeek") for operator in operators) == 2
    assert "Eager" not in operators
    assert not any("Scan" in operator for operator in operators)
