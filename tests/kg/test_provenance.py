import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kg import Graph, Node, Ref, Relation
from kg.model import Origin
from kg.provenance import Statement, bookkeeping, merged, resolve, stating
from kg.writer import Counts, Writer

NODE = "MATCH (n:Item {id: '1'}) RETURN labels(n) AS labels, properties(n) AS properties"
ALL = "MATCH (n) WHERE NOT n:Schema RETURN labels(n) AS labels, properties(n) AS properties ORDER BY n.id"
CLICK = "MATCH (:User)-[r:CLICKED]->(:Item) RETURN properties(r) AS properties"


def film(file: str, line: int, *, fills: bool = False, **properties) -> Node:
    return Node("Item", "1", "Movie", properties, Origin(file, line), fills)


def properties(graph: Graph) -> dict:
    (row,) = graph.read(NODE)
    return row["properties"]


def test_everything_knows_the_file_and_line_it_was_read_from(graph: Graph) -> None:
    writer = Writer(graph, "one")
    writer.nodes([film("films.csv", 7, title="Heat"), Node("User", "a", origin=Origin("https://a.b/u"))])
    click = Relation("CLICKED", Ref("User", "a"), Ref("Item", "1"), {"at": 1}, Origin("clicks.csv", 3))
    writer.relations([click])
    assert properties(graph) == {
        "id": "1",
        "title": "Heat",
        "imports": ["one"],
        "origins": ["films.csv:7"],
    }
    assert graph.read("MATCH (u:User) RETURN u.origins AS origins") == [{"origins": ["https://a.b/u"]}]
    assert graph.read(CLICK)[0]["properties"]["origins"] == ["clicks.csv:3"]


def test_two_imports_that_agree_need_no_statements(graph: Graph) -> None:
    for name in ("one", "two"):
        Writer(graph, name).nodes([film(f"{name}.csv", 2, title="Heat", tags=("a", "b"))])
    assert properties(graph) == {
        "id": "1",
        "title": "Heat",
        "tags": ["a", "b"],
        "imports": ["one", "two"],
        "origins": ["one.csv:2", "two.csv:2"],
    }


def test_that_a_later_import_only_fills_gaps_is_remembered(graph: Graph) -> None:
    Writer(graph, "one").nodes([film("one.csv", 2, title="Heat")])
    Writer(graph, "two").nodes([film("two.csv", 2, fills=True, title="Heat")])
    Writer(graph, "one").nodes([film("one.csv", 3, title="HEAT")])
    assert properties(graph)["title"] == "HEAT"


def test_the_later_import_stands_and_the_overruled_value_is_kept(graph: Graph) -> None:
    Writer(graph, "one").nodes([film("one.csv", 2, title="Heat", year=1995)])
    assert Writer(graph, "two").nodes([film("two.csv", 9, title="HEAT", plot="A thief")]) == Counts(updated=1)
    found = properties(graph)
    assert (found["title"], found["year"], found["plot"]) == ("HEAT", 1995, "A thief")
    assert found["conflicts"] == ["title"]
    assert [json.loads(text) for text in found["statements"]] == [
        {
            "import": "one",
            "origin": "one.csv:2",
            "labels": ["Movie"],
            "properties": {"title": "Heat", "year": 1995},
        },
        {
            "import": "two",
            "origin": "two.csv:9",
            "labels": ["Movie"],
            "properties": {"title": "HEAT", "plot": "A thief"},
        },
    ]


def test_an_import_that_comes_again_after_another_changes_nothing(graph: Graph) -> None:
    one = [film("one.csv", 2, title="Heat"), film("more.csv", 4, fills=True, title="H", plot="A thief")]
    two = [film("two.csv", 9, title="HEAT")]
    Writer(graph, "one").nodes(one)
    Writer(graph, "two").nodes(two)
    before = graph.read(ALL)
    assert Writer(graph, "one", batch_size=1).nodes(one) == Counts(unchanged=2)
    assert Writer(graph, "two").nodes(two) == Counts(unchanged=1)
    assert graph.read(ALL) == before
    assert properties(graph)["title"] == "HEAT"


@pytest.mark.parametrize("batch_size", [1, 2, 10])
def test_what_an_import_states_does_not_depend_on_its_batches(graph: Graph, batch_size: int) -> None:
    nodes = [
        film("a.csv", 2, fills=True, plot="A thief"),
        film("b.csv", 2, title="Heat", year=1995),
        film("a.csv", 3, fills=True, title="H"),
        film("b.csv", 3, year=1996),
        film("c.csv", 3, year=1996),
    ]
    Writer(graph, "one", batch_size).nodes(nodes)
    found = properties(graph)
    assert (found["title"], found["year"], found["plot"]) == ("Heat", 1996, "A thief")
    assert (found["imports"], found["origins"]) == (["one"], ["a.csv:2"])
    assert [json.loads(text)["origin"] for text in found["statements"]] == ["a.csv:2", "b.csv:2", "a.csv:3"]


@pytest.mark.parametrize("fills", list(itertools.product([False, True], repeat=3)))
def test_the_rule(graph: Graph, fills: tuple[bool, ...]) -> None:
    for name, gentle in zip("abc", fills, strict=True):
        Writer(graph, name).nodes([film(f"{name}.csv", 1, fills=gentle, title=name)])
    outright = [name for name, gentle in zip("abc", fills, strict=True) if not gentle]
    # The first fills nothing that anybody stated before, so it counts as stating outright.
    assert properties(graph)["title"] == (outright[-1] if outright else "a")
    assert properties(graph)["conflicts"] == ["title"]


def test_true_and_one_are_a_conflict_and_1_and_1_0_are_none(graph: Graph) -> None:
    Writer(graph, "one").nodes([film("a.csv", 1, seen=True, score=1)])
    Writer(graph, "two").nodes([film("b.csv", 1, seen=1, score=1.0)])
    assert properties(graph)["conflicts"] == ["seen"]


def test_a_graph_from_before_origins_learns_them_from_the_same_import(graph: Graph) -> None:
    graph.write("CREATE (:Item:Movie {id: '1', title: 'Heat', imports: ['one', 'two']})")
    assert Writer(graph, "two").nodes([film("two.csv", 2, title="Heat")]) == Counts(unchanged=1)
    assert properties(graph)["origins"] == ["", "two.csv:2"]


def test_what_somebody_set_by_hand_is_nobodys_statement_and_a_gap_is_not(graph: Graph) -> None:
    graph.write("CREATE (:Item:Movie {id: '1', title: 'Mine'})")
    Writer(graph, "one").nodes([film("a.csv", 1, fills=True, title="Heat", plot="A thief")])
    found = properties(graph)
    assert (found["title"], found["plot"], found["imports"]) == ("Mine", "A thief", ["one"])


def test_vectors_are_nobodys_statement(graph: Graph) -> None:
    Writer(graph, "one").nodes([film("a.csv", 1, title="Heat")])
    graph.write("MATCH (n:Item) SET n.embedding_a = [0.1, 0.2], n.embedding_a_model = 'm'")
    Writer(graph, "two").nodes([film("b.csv", 1, year=1995)])
    found = properties(graph)
    assert found["embedding_a"] == [0.1, 0.2]
    assert not any("embedding" in text for text in found["statements"])


STATEMENTS = st.lists(
    st.builds(
        Statement,
        st.sampled_from(["one", "two", "three"]),
        st.sampled_from(["", "a.csv:1", "b.csv:2"]),
        st.just(frozenset({"Movie"})),
        st.dictionaries(st.sampled_from(["title", "year"]), st.sampled_from([1, 2]), max_size=2),
        st.booleans(),
    ),
    max_size=4,
)
SPLITS = st.sampled_from([{}, {"split": "train"}, {"split": "test"}])


def stored(statements: list[Statement], more: dict) -> dict:
    made: list[Statement] = []
    for statement in statements:
        made = stating(made, statement)
    told = bookkeeping(made) if made else {}
    return {**more, **resolve(made).properties, **{n: v for n, v in told.items() if v is not None}}


MOVIE = frozenset({"Movie"})


@example(
    mine=[Statement("two", "", MOVIE, {})],
    split={},
    theirs=[Statement("two", "a.csv:1", MOVIE, {}, True), Statement("two", "", MOVIE, {"title": 1}, True)],
    other={},
)
@given(STATEMENTS, SPLITS, STATEMENTS, SPLITS)
def test_merging_the_same_once_more_changes_nothing(
    mine: list, split: dict, theirs: list, other: dict
) -> None:
    before, coming = stored(mine, split), stored(theirs, other)
    changes = merged(["Item", "Movie"], before, ["Movie"], coming)
    after = {n: v for n, v in {**before, **changes}.items() if v is not None}
    assert merged(["Item", "Movie"], after, ["Movie"], coming) == {}
    assert after.keys() >= before.keys() - {"conflicts", "statements"}
    assert after.keys() >= coming.keys() - {"conflicts", "statements"}
    outright = [each for each in mine if not each.fills]
    if len({each.import_id for each in outright}) == len(mine) == 1:
        # A lone import that states outright is not overruled by whatever comes.
        assert {n: after[n] for n in before if n in ("title", "year")} == resolve(mine).properties
