"""The four stages of a recommendation: where films come from, what is left out, how they are arranged."""

import numpy as np
import pytest
from neo4j import Query
from neo4j.exceptions import ClientError

from kg import Graph
from kg.connection import Row

from .conftest import Catalogue

RECOMMEND = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, $options) YIELD item, score, rank, reason, because, stages
RETURN item.id AS id, score, reason, because, stages ORDER BY rank
"""
EXPLAIN = """
MATCH (u:User {id: 'u'}), (m:Movie {id: $film}) CALL mmkg.explain(u, m) YIELD share, score
RETURN sum(share) AS shares, max(score) AS score
"""
DIRECT = """
UNWIND $films AS film MATCH (m:Movie {id: film})
MERGE (p:Entity:Person {id: $person}) CREATE (p)-[:DIRECTED]->(m)
"""
SEQUELS = """
UNWIND range(1, size($films) - 1) AS i
MATCH (later:Movie {id: $films[i]}), (earlier:Movie {id: $films[i - 1]})
CREATE (later)-[:SEQUEL_OF]->(earlier)
"""
POSTERS = """
UNWIND $films AS film MATCH (m:Movie {id: film})
CREATE (:Media:Poster {id: 'poster of ' + film})-[:POSTER_OF]->(m)
"""
ALIKE = """
MATCH (a:Poster {id: 'poster of ' + $one}), (b:Poster {id: 'poster of ' + $other})
CREATE (a)-[:SIMILAR_TO {score: $score}]->(b)
"""
FILMS = 40
ENDLESS = (
    "MATCH (u:User) UNWIND range(1, 1000000) AS i CALL mmkg.recommend(u, $options) YIELD rank RETURN count(*)"
)


def recommend(graph: Graph, user: str = "u", **options: object) -> list[Row]:
    return graph.read(RECOMMEND, user=user, options=options)


def ids(graph: Graph, user: str = "u", **options: object) -> list[str]:
    return [row["id"] for row in recommend(graph, user, **options)]


@pytest.fixture
def fan(catalogue: Catalogue) -> Catalogue:
    """Give a user at [1, 0] and a fan of 40 films, f00 the nearest to him and f39 the farthest."""
    catalogue.model()
    # The index keeps a byte a number: scores that differ by less may change places in it.
    scores = np.linspace(0.98, -0.98, FILMS)
    catalogue.films(
        {f"f{i:02}": [score, float(np.sqrt(1 - score**2))] for i, score in enumerate(scores.tolist())}
    )
    catalogue.films({"seen": [1.0, 0.0]})
    catalogue.user("u", [1.0, 0.0], clicks=["seen"])
    return catalogue


def test_every_film_shows_its_way_through_the_stages(fan: Catalogue) -> None:
    fan.graph.write(DIRECT, person="p", films=["seen", "f01"])
    first, second, third = recommend(fan.graph, k=3, candidates=30, fine=20)
    assert first["stages"] == {"vector": 1, "coarse": 2, "fine": 1}
    assert second["stages"] == {"vector": 2, "ripple": 1, "coarse": 1, "fine": 2}  # two sources name it
    assert third["stages"] == {"vector": 3, "coarse": 3, "fine": 3}


def test_the_ripple_recalls_what_the_index_did_not_fetch(fan: Catalogue) -> None:
    fan.graph.write(DIRECT, person="p", films=["seen", "f35"])
    rows = {row["id"]: row["stages"] for row in recommend(fan.graph, k=12, candidates=13, fine=13)}
    assert "f35" not in rows  # twelve have a better score
    rows = {row["id"]: row["stages"] for row in recommend(fan.graph, k=12, candidates=13, fine=12)}
    assert rows["f35"] == {"ripple": 1, "coarse": 2, "fine": 12}


def test_the_coarse_sort_leaves_few_to_the_fine_sort(fan: Catalogue) -> None:
    fan.graph.write(DIRECT, person="p", films=["seen", "f38", "f39"])
    rows = recommend(fan.graph, k=10, candidates=20, fine=10)
    assert [row["id"] for row in rows] == [*(f"f{i:02}" for i in range(8)), "f38", "f39"]
    assert {row["stages"]["coarse"] for row in rows} == set(range(1, 11))
    without = recommend(fan.graph, k=10, candidates=20, fine=10, ripple=0)
    assert [row["id"] for row in without] == [f"f{i:02}" for i in range(10)]


def test_a_film_of_a_minute_ago_is_met_at_the_mean_of_its_relatives(fan: Catalogue) -> None:
    fan.film("new", title="New")
    assert "new" not in ids(fan.graph, k=50)  # nothing is known of it
    fan.graph.write(DIRECT, person="p", films=["new", "f00", "f20"])

    rows = {row["id"]: row for row in recommend(fan.graph, k=50)}

    assert rows["new"]["score"] == pytest.approx((rows["f00"]["score"] + rows["f20"]["score"]) / 2)
    assert rows["new"]["stages"]["fresh"] == 1
    assert rows["new"]["stages"]["estimated"] is True
    assert rows["new"]["reason"] == "like film seen, which you clicked"
    assert "estimated" not in rows["f00"]["stages"]
    explained = fan.graph.read(EXPLAIN, film="new")[0]
    assert explained["shares"] == pytest.approx(rows["new"]["score"])
    assert explained["score"] == pytest.approx(rows["new"]["score"])
    assert "new" not in ids(fan.graph, k=50, fresh=0)
    assert "new" not in ids(fan.graph, k=50, exclude=["new"])


def test_a_film_of_a_minute_ago_is_met_by_its_poster(fan: Catalogue) -> None:
    fan.film("new")
    fan.graph.write(POSTERS, films=["new", "f10", "f30"])
    fan.graph.write(ALIKE, one="new", other="f10", score=0.9)
    fan.graph.write(ALIKE, one="f30", other="new", score=0.3)

    rows = {row["id"]: row["score"] for row in recommend(fan.graph, k=50)}
    assert rows["new"] == pytest.approx(0.75 * rows["f10"] + 0.25 * rows["f30"])


def test_a_click_on_a_film_of_a_minute_ago_counts(fan: Catalogue) -> None:
    fan.film("new")
    fan.graph.write(DIRECT, person="p", films=["new", "f39"])
    fan.user("visitor", clicks=["new"])
    assert ids(fan.graph, "visitor", k=2) == ["f39", "f38"]


def test_who_saw_all_that_has_a_vector_gets_what_has_none(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0]})
    catalogue.film("bare")
    catalogue.user("u", [1.0, 0.0], clicks=["1"])
    assert [(row["id"], row["stages"]) for row in recommend(catalogue.graph)] == [("bare", {"popular": 1})]


def test_at_most_so_many_of_a_series_come(fan: Catalogue) -> None:
    fan.graph.write(SEQUELS, films=["f04", "f00", "f02"])
    fan.graph.write(SEQUELS, films=["f01", "f05"])
    assert ids(fan.graph, k=4, series=1) == ["f00", "f01", "f03", "f06"]
    assert ids(fan.graph, k=5, series=2) == ["f00", "f01", "f02", "f03", "f05"]
    assert ids(fan.graph, k=5) == [f"f{i:02}" for i in range(5)]
    assert ids(fan.graph, k=4, series=1, diversity=0.001) == ["f00", "f01", "f03", "f06"]


def test_a_circle_of_sequels_is_one_series(fan: Catalogue) -> None:
    fan.graph.write(SEQUELS, films=["f00", "f01", "f02", "f00"])
    assert ids(fan.graph, k=2, series=1) == ["f00", "f03"]


def test_a_share_is_drawn_and_the_same_seed_draws_the_same(fan: Catalogue) -> None:
    rows = recommend(fan.graph, k=10, explore=0.3, fine=20)
    assert [row["id"] for row in rows[:7]] == [f"f{i:02}" for i in range(7)]
    drawn = [row["id"] for row in rows[7:]]
    assert ["explored" in row["stages"] for row in rows] == [False] * 7 + [True] * 3
    assert set(drawn) <= {f"f{i:02}" for i in range(7, 20)}
    assert ids(fan.graph, k=10, explore=0.3, fine=20)[7:] == drawn
    assert {tuple(ids(fan.graph, k=10, explore=0.3, fine=20, seed=seed)[7:]) for seed in range(5)} != {
        tuple(drawn)
    }
    fan.user("other", [1.0, 0.0], clicks=["seen"])
    assert ids(fan.graph, "other", k=10, explore=0.3, fine=20)[7:] != drawn


def test_what_is_drawn_obeys_the_limit_of_a_series_too(fan: Catalogue) -> None:
    fan.graph.write(SEQUELS, films=[f"f{i:02}" for i in range(20)])
    found = ids(fan.graph, k=10, explore=0.5, series=1, fine=30)
    assert found[:5] == ["f00", "f20", "f21", "f22", "f23"]
    assert len(set(found)) == 10
    assert not set(found[5:]) & {f"f{i:02}" for i in range(20)}


def test_popular_films_are_arranged_as_well(fan: Catalogue) -> None:
    fan.graph.write(SEQUELS, films=["f00", "f01"])
    for user in ("1", "2"):
        fan.user(user, clicks=["f00", "f01", "f02"])
    fan.user("new")
    assert ids(fan.graph, "new", k=3, series=1) == ["f00", "f02", "seen"]


@pytest.mark.parametrize("options", [{}, {"diversity": 0.5}, {"fresh": 1000, "ripple": 10_000}], ids=str)
def test_a_call_that_takes_too_long_is_stopped(fan: Catalogue, options: dict[str, object]) -> None:
    graph = fan.graph
    with graph.driver.session(database=graph.database) as session, pytest.raises(ClientError) as caught:
        session.run(Query(ENDLESS, timeout=0.3), options=options).consume()
    assert str(caught.value.code).startswith("Neo.ClientError.Transaction.TransactionTimedOut")
