"""mmkg.search: words of titles and names."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import Graph

SEARCH = """
CALL mmkg.search($text, $options) YIELD node, score, kind RETURN node.id AS id, score, kind
"""
NODES = """
CREATE (:Item:Movie {id: '1', title: 'Star Wars: A New Hope'}), (:Item:Movie {id: '2', title: 'Star'}),
       (:Item:Movie {id: '3', title: 'WarGames'}), (:Item:Movie {id: '4', title: 'What? Not Me! (AND You)'}),
       (:Entity:Person {id: 'p', name: 'Ringo Starr'}), (:Entity:Person {id: 'q', name: 'Amélie Star'}),
       (:Entity:Alias {id: 'a', name: 'Star, A.'}), (:Entity {id: 'e', name: 'star'})
"""
OPERATORS = [
    '"star',
    "star AND",
    "NOT",
    "(star",
    "star^",
    "[a TO",
    "title:star",
    "star*",
    "/st/",
    "\\",
    "&&",
    "~2",
]


@pytest.fixture
def named(graph: Graph) -> Graph:
    graph.write(NODES)
    return graph


def search(graph: Graph, text: str, **options: object) -> list[dict[str, object]]:
    return graph.read(SEARCH, text=text, options=options)


def ids(graph: Graph, text: str, **options: object) -> set[object]:
    return {row["id"] for row in search(graph, text, **options)}


def test_films_and_entities_are_found_the_best_first(named: Graph) -> None:
    rows = search(named, "STAR")

    assert {(row["id"], row["kind"]) for row in rows} == {
        ("1", "Movie"),
        ("2", "Movie"),
        ("q", "Person"),
        ("e", "Entity"),
    }
    scores = [float(str(row["score"])) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0
    films = [row["id"] for row in rows if row["kind"] == "Movie"]
    assert films == ["2", "1"]  # the shorter title is the closer one


def test_kinds_and_k_narrow_it_down(named: Graph) -> None:
    assert ids(named, "star", kind="Movie") == {"1", "2"}
    assert ids(named, "star", kind=["Person", "Movie"]) == {"1", "2", "q"}
    assert ids(named, "star", kind="Company") == set()
    assert ids(named, "star", kind="Movie", k=1) == {"2"}


def test_any_of_the_words_will_do_and_more_are_better(named: Graph) -> None:
    rows = search(named, "hope star", kind="Movie")
    assert [row["id"] for row in rows] == ["1", "2"]


def test_operators_are_words(named: Graph) -> None:
    assert ids(named, "what NOT") == {"4"}
    assert ids(named, "star AND wargames", kind="Movie") == {"1", "2", "3", "4"}
    assert ids(named, "title: wargames") == {"3"}


@pytest.mark.parametrize("text", OPERATORS)
def test_the_syntax_of_lucene_means_nothing(named: Graph, text: str) -> None:
    assert ids(named, text + " wargames") >= {"3"}
    search(named, text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_no_text_is_an_error(named: Graph, text: str) -> None:
    search(named, f"x{text}")


def test_a_long_text_is_taken(named: Graph) -> None:
    assert ids(named, "a b " * 250, kind="Movie") == {"1"}
