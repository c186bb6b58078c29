"""The procedures as methods of a graph, on the plugin in a real database."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
import small_graph

from kg import Film, Graph
from kg.answers import PathRelation
from mmkg.errors import GraphError, InputError
from mmkg.settings import Settings

GENRES = """
MATCH (m:Movie) SET m.year = 1900 + toInteger(m.id)
WITH m WHERE m.id IN ['5', '6'] MERGE (g:Entity:Genre {id: 'comedy', name: 'Comedy'})
MERGE (m)-[:HAS_GENRE]->(g)
"""


def ids(rows) -> list[str]:
    return [row.film.id for row in rows]


def test_a_recommendation_says_what_why_and_how_sure(films: Graph) -> None:
    rows = films.recommend("1", k=3)
    assert [(row.rank, row.film) for row in rows] == [
        (1, Film("4", "M")),
        (2, Film("5", "Sunrise")),
        (3, Film("6", "The General")),
    ]
    assert rows[0].score == pytest.approx(0.951, abs=1e-3)  # a fifth of a right angle away
    assert rows[0].reason == "like Faust, which you clicked"
    metropolis = next(each for each in rows[0].because if each.title == "Metropolis")
    assert ("DIRECTED", "lang", "Fritz Lang") in [
        (one.relation, one.id, one.name) for one in metropolis.shared
    ]
    with pytest.raises(FrozenInstanceError):
        rows[0].rank = 7  # type: ignore[misc]


def test_options_narrow_the_answer(films: Graph) -> None:
    films.write(GENRES)
    assert ids(films.recommend("1", genre="comedy", k=5)) == ["5", "6"]
    assert ids(films.recommend("1", genre=["Comedy", "Drama"])) == ["4", "5", "6"]
    assert ids(films.recommend("1", year=(1908, None), k=2)) == ["8", "9"]
    assert ids(films.recommend("1", year=1907)) == ["7"]
    assert ids(films.recommend("1", exclude=["4", Film("5")], k=2)) == ["6", "7"]
    assert set(ids(films.recommend("1", include_seen=True, k=3))) == set(small_graph.CLICKED)
    most_different = ids(films.recommend("1", diversity=0.9, k=3, model="model-1"))
    assert most_different[0] == "4"
    assert most_different != ["4", "5", "6"]


def test_the_stages_are_seen_and_set(films: Graph) -> None:
    first, second = films.recommend("1", k=2, ripple=0, fresh=0, fine=9, candidates=9)
    assert (first.stages, second.stages) == (
        {"vector": 1, "coarse": 1, "fine": 1},
        {"vector": 2, "coarse": 2, "fine": 2},
    )
    films.write("MATCH (a:Movie {id: '5'}), (b:Movie {id: '4'}) CREATE (a)-[:SEQUEL_OF]->(b)")
    assert ids(films.recommend("1", k=2, series=1)) == ["4", "6"]
    assert ids(films.recommend_for(["3"], k=2, series=1, exclude=["1", "2"])) == ["4", "6"]
    drawn = films.recommend("1", k=2, explore=0.5, seed=3)
    assert [row.stages.get("explored", False) for row in drawn] == [False, True]
    assert drawn == films.recommend("1", k=2, explore=0.5, seed=3)
    films.write("MATCH (:User)-[c:CLICKED]->(:Movie {id: '3'}) SET c.split = 'test'")
    assert ids(films.recommend("1", k=1, held_out=False)) == ["3"]
    assert ids(films.recommend("1", k=1)) == ["4"]


def test_a_visitor_is_known_by_his_films(films: Graph) -> None:
    rows = films.recommend_for(["9", films.film("city lights"), films.film("Item:10")], k=2)
    assert set(ids(rows)) == {"8", "11"}
    with pytest.raises(GraphError, match="no film has the id 'nothing'"):
        films.recommend_for(["nothing"])


def test_similar_films_chain(films: Graph) -> None:
    first = films.recommend("1", k=1)[0].film
    assert set(ids(films.similar(first, k=2))) == {"3", "5"}
    assert len(films.similar("4", candidates=12)) == 10


def test_an_explanation_adds_up_and_has_paths(films: Graph) -> None:
    found = films.explain("1", "4", k=1)
    assert sum(each.share for each in found.shares) == pytest.approx(found.score)
    assert [each.kind for each in found.shares] == ["click", "other clicks", "model"]
    assert found.shares[1].film is found.shares[1].path is None
    assert found.shares[0].media == {}  # no model wrote vectors of media here
    with pytest.raises(GraphError, match="wrote no vectors of texts, posters"):
        films.explain("1", "4", weights={"poster": 2})
    by_film = {each.film.id: each for each in films.explain("1", "4").shares if each.film}
    path = by_film["1"].path
    assert path
    assert [node.id for node in path.nodes] == ["1", "1", "lang", "4"]
    assert [node.kind for node in path.nodes] == ["User", "Movie", "Person", "Movie"]
    assert str(path) == "User:1 -[CLICKED]-> Metropolis <-[DIRECTED]- Fritz Lang -[DIRECTED]-> M"


def test_paths_lead_between_films_and_people(films: Graph) -> None:
    (first, *_) = films.path("Metropolis", "M", k=1)
    assert [node.id for node in first.nodes] == ["1", "lang", "4"]
    assert first.relations == (
        PathRelation("DIRECTED", forward=False),
        PathRelation("DIRECTED", forward=True),
    )
    assert len(films.path(Film("4"), "Brigitte Helm", max_hops=3)) == 2
    assert films.path("M", "Sunrise") == []
    with pytest.raises(InputError, match="there is no item or entity"):
        films.path("M", "User:1")


def test_search_finds_films_and_people(films: Graph) -> None:
    assert [(hit.kind, hit.id, hit.name) for hit in films.search("lang fritz")] == [
        ("Person", "lang", "Fritz Lang")
    ]
    assert {hit.name for hit in films.search("safety", k=5, kind="Movie")} == {"Safety Last!", "Safety First"}
    assert films.search("safety", kind=["Person", "Genre"]) == []


def test_a_click_counts_in_the_next_answer(films: Graph) -> None:
    (before,) = films.recommend("1", k=1)
    assert films.click("1", before.film, rating=5)
    assert not films.click("1", before.film)
    assert before.film not in [row.film for row in films.recommend("1")]
    assert films.click("visitor", "12", create_user=True)
    assert films.recommend("visitor", k=1)[0].film.id in {"11", "13"}


def test_a_node_that_is_not_there_is_named(films: Graph) -> None:
    for ask, message in (
        (lambda: films.recommend("nobody"), "nobody: there is no user"),
        (lambda: films.similar("nothing"), "nothing: there is no film"),
        (lambda: films.explain("nobody", "1"), "nobody: there is no user"),
        (lambda: films.explain("1", "nothing"), "nothing: there is no film"),
        (lambda: films.film("nothing"), "nothing: there is no item"),
    ):
        with pytest.raises(InputError, match=message):
            ask()
    assert films.recommend("1", year=1800) == films.recommend("1", exclude=films_all(films)) == []


def films_all(graph: Graph) -> list[str]:
    return [row["id"] for row in graph.read("MATCH (m:Movie) RETURN m.id AS id")]


def test_the_plugins_own_words_tell_what_is_wrong(films: Graph) -> None:
    with pytest.raises(GraphError) as wrong:
        films.recommend("1", genre="Dramma")
    assert str(wrong.value) == "no genre is called 'Dramma': did you mean 'Drama'?"
    with pytest.raises(GraphError, match="unknown option 'kk': did you mean 'k'"):
        films.recommend("1", kk=3)  # type: ignore[call-arg]
    films.write("MATCH (m:Model) REMOVE m.active")
    with pytest.raises(GraphError) as inactive:
        films.recommend("1")
    assert str(inactive.value) == "no model is active: run `mmkg train`, then `mmkg embed`"


def test_a_database_without_the_plugin_is_told_apart(films: Graph) -> None:
    with pytest.raises(GraphError, match=r"no procedure `mmkg\.unknown`.*mmkg up.*pom\.xml"):
        films.read("CALL mmkg.unknown()")
    with pytest.raises(GraphError, match="ProcedureNotFound"):
        films.read("CALL other.procedure()")


def test_connect_finds_the_servers_by_itself(films: Graph, settings: Settings) -> None:
    with Graph.connect() as graph:
        assert graph.film("metropolis").title == "Metropolis"
