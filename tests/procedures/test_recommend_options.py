"""What may be recommended, how alike the films may be, and whom mmkg.recommendFor serves."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kg import Graph
from kg.connection import Row
from mmkg.errors import GraphError

from .conftest import Catalogue

RECOMMEND = """
MATCH (u:User {id: 'u'}) CALL mmkg.recommend(u, $options) YIELD item, score, rank
RETURN item.id AS id, score ORDER BY rank
"""
RECOMMEND_FOR = """
CALL mmkg.recommendFor($movies, $options) YIELD item, score, rank, reason, because
RETURN item.id AS id, score, reason, because ORDER BY rank
"""
EXCLUDE_NODES = """
MATCH (u:User {id: 'u'}), (m:Movie {id: '1'})
CALL mmkg.recommend(u, {exclude: [m, '3', 'gone']}) YIELD item RETURN item.id AS id ORDER BY id
"""
INCLUDE_ALL = """
MATCH (u:User {id: 'u'}), (m:Movie {id: '1'})
CALL mmkg.recommendFor([m, '4'], {k: 1}) YIELD item RETURN item.id AS id
"""
FACTS = """
UNWIND $facts AS fact
MERGE (e:Entity {id: fact.entity}) SET e:$(fact.label), e.name = fact.name
WITH e, fact MATCH (m:Movie {id: fact.film}) CREATE (m)-[:$(fact.type)]->(e)
"""
NO_FILMS = "option 'exclude' must be a list of Movie nodes or their ids, strings"
TYPES = {"Genre": "HAS_GENRE", "Language": "IN_LANGUAGE", "Country": "FROM_COUNTRY"}


def facts(catalogue: Catalogue, label: str, names: dict[str, str]) -> None:
    """Give each film the entity of this name."""
    rows = [
        {"film": film, "label": label, "type": TYPES[label], "entity": f"{label}:{name}", "name": name}
        for film, of_film in names.items()
        for name in of_film.split("|")
    ]
    catalogue.graph.write(FACTS, facts=rows)


@pytest.fixture
def four(catalogue: Catalogue) -> Graph:
    """Give four films, of which film 1 is nearest to the user and film 4 farthest from him."""
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6], "3": [0.6, 0.8], "4": [0.0, 1.0]})
    catalogue.film("1", year=1990)
    catalogue.film("2", year=1999)
    catalogue.film("3", year=2005)
    facts(catalogue, "Genre", {"1": "Comedy", "2": "Drama", "3": "Comedy|Drama", "4": "Film-Noir"})
    facts(catalogue, "Language", {"1": "English", "3": "French", "4": "French"})
    facts(catalogue, "Country", {"1": "USA", "2": "France", "3": "France", "4": "Italy"})
    catalogue.user("u", [1.0, 0.0])
    return catalogue.graph


def ids(graph: Graph, **options: object) -> list[str]:
    return [row["id"] for row in graph.read(RECOMMEND, options=options)]


def recommend_for(graph: Graph, *movies: object, **options: object) -> list[Row]:
    return graph.read(RECOMMEND_FOR, movies=list(movies), options=options)


def test_excluded_films_never_come(four: Graph) -> None:
    assert ids(four, exclude=["1", "3", "gone"]) == ["2", "4"]
    assert ids(four, exclude=["1"], k=1) == ["2"]
    assert ids(four, exclude=[]) == ["1", "2", "3", "4"]
    assert [row["id"] for row in four.read(EXCLUDE_NODES)] == ["2", "4"]


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"genre": None}, ["1", "2", "3", "4"]),
        ({"genre": "Comedy"}, ["1", "3"]),
        ({"genre": "comedy"}, ["1", "3"]),
        ({"genre": "Genre:Comedy"}, ["1", "3"]),  # the id
        ({"genre": ["Comedy", "Film-Noir"]}, ["1", "3", "4"]),
        ({"language": "French"}, ["3", "4"]),
        ({"country": ["France", "USA"]}, ["1", "2", "3"]),
        ({"year": 1999}, ["2"]),
        ({"year": [1990, 1999]}, ["1", "2"]),
        ({"year": [1999, None]}, ["2", "3"]),
        ({"year": [None, 1990.0]}, ["1"]),
        ({"genre": "Drama", "country": "France", "year": [2000, 2010]}, ["3"]),
        ({"genre": "Film-Noir", "country": "USA"}, []),
    ],
    ids=str,
)
def test_included_films_meet_every_condition(
    four: Graph, include: dict[str, object], expected: list[str]
) -> None:
    assert ids(four, include=include) == expected


def test_conditions_hold_for_popular_films_too(four: Graph) -> None:
    four.write("CREATE (:User {id: 'new'})")
    rows = four.read(
        "MATCH (u:User {id: 'new'}) CALL mmkg.recommend(u, $options) YIELD item RETURN item.id AS id",
        options={"include": {"genre": "Comedy"}, "exclude": ["1"]},
    )
    assert [row["id"] for row in rows] == ["3"]


def test_more_are_fetched_until_k_films_meet_the_conditions(catalogue: Catalogue) -> None:
    angles = np.linspace(0.0, 1.5, 300)
    films = {f"f{i:03}": [float(np.cos(a)), float(np.sin(a))] for i, a in enumerate(angles)}
    catalogue.model()
    catalogue.films(films)
    facts(catalogue, "Genre", {film: "Rare" if film > "f290" else "Common" for film in films})
    catalogue.user("u", [1.0, 0.0])

    options = {"include": {"genre": "Rare"}, "candidates": 5, "k": 5}
    assert ids(catalogue.graph, **options) == [f"f{i}" for i in range(291, 296)]
    assert ids(catalogue.graph, **options | {"k": 5, "exclude": ["f291"]})[0] == "f292"
    assert len(ids(catalogue.graph, **options | {"candidates": 100, "k": 100})) == 9
    assert len(ids(catalogue.graph, **options, diversity=0.5)) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"include": {"gener": "Comedy"}},
            "unknown condition 'gener': did you mean 'genre'? The conditions are: genre, year, language, ",
        ),
        ({"include": {"genre": "Comedi"}}, "no genre is called 'Comedi': did you mean 'Comedy'?"),
        (
            {"include": {"language": ["French", "Frensh"]}},
            "no language is called 'Frensh': did you mean 'French'",
        ),
        ({"include": {"genre": 7}}, "condition 'genre' must be a string or a list of strings, but it is 7"),
        ({"include": {"country": []}}, "condition 'country' must be a string or a list of strings"),
        (
            {"include": {"year": "1990"}},
            "condition 'year' must be an integer from 0 to 9999, or a list of two",
        ),
        ({"include": {"year": [1990]}}, "[from, to], but it is [1990]"),
        ({"include": {"year": [1999, 1990]}}, "[from, to], but it is [1999, 1990]"),
        ({"include": {"year": [1990, 1999.5]}}, "[from, to], but it is [1990, 1999.5]"),
        ({"include": "Comedy"}, "option 'include' must be a map, but it is the string 'Comedy'"),
        ({"exclude": "1"}, NO_FILMS + ", but it is the string '1'"),
        ({"exclude": [1]}, NO_FILMS + ", but it is [1]"),
        ({"exclude": [None]}, NO_FILMS),
        ({"diversity": 1.1}, "option 'diversity' must be a number from 0 to 1, but it is 1.1"),
        ({"diversity": -0.1}, "option 'diversity' must be a number from 0 to 1, but it is -0.1"),
        ({"diversity": True}, "option 'diversity' must be a number from 0 to 1, but it is true"),
        ({"diversty": 1}, "unknown option 'diversty': did you mean 'diversity'?"),
    ],
    ids=str,
)
def test_mistakes(four: Graph, options: dict[str, object], message: str) -> None:
    with pytest.raises(GraphError) as caught:
        ids(four, **options)
    assert message in str(caught.value)


def test_a_user_is_no_film_to_exclude(four: Graph) -> None:
    with pytest.raises(GraphError, match="must be a list of Movie nodes or their ids"):
        four.read("MATCH (u:User) CALL mmkg.recommend(u, {exclude: [u]}) YIELD item RETURN item")


def test_without_diversity_the_best_come(four: Graph) -> None:
    assert four.read(RECOMMEND, options={"diversity": 0}) == four.read(RECOMMEND, options={})
    assert four.read(RECOMMEND, options={"diversity": 0.0, "k": 2}) == four.read(RECOMMEND, options={"k": 2})


@pytest.mark.parametrize("weight", [0.01, 0.3, 0.7, 1.0])
def test_a_diverse_answer_is_that_of_brute_force(catalogue: Catalogue, weight: float) -> None:
    random = np.random.default_rng(5)
    vectors = random.normal(size=(60, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    genres = random.random((60, 6)) < 0.3
    catalogue.model(dimension=8)
    catalogue.films({f"f{i:02}": vector.tolist() for i, vector in enumerate(vectors)})
    named = {f"f{i:02}": "|".join(f"G{g}" for g in np.flatnonzero(row)) for i, row in enumerate(genres)}
    facts(catalogue, "Genre", {film: names for film, names in named.items() if names})
    catalogue.user("u", vectors[0].tolist())

    rows = catalogue.graph.read(RECOMMEND, options={"k": 12, "diversity": weight})

    scores = vectors @ vectors[0]
    expected = brute_force(scores, likenesses(vectors, genres), 12, weight)
    assert [row["id"] for row in rows] == [f"f{i:02}" for i in expected]
    assert [row["score"] for row in rows] == pytest.approx([scores[i] for i in expected], abs=1e-12)


def test_popular_films_can_be_diverse_too(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [1.0, 0.0], "3": [0.0, 1.0]})
    catalogue.film("bare")
    for i, clicks in enumerate([["1", "2", "3"], ["1", "2"], ["1"]]):
        catalogue.user(f"v{i}", clicks=clicks)
    catalogue.user("u")

    assert ids(catalogue.graph, k=2) == ["1", "2"]
    assert ids(catalogue.graph, k=2, diversity=0.6) == ["1", "3"]
    assert set(ids(catalogue.graph, diversity=0.6)) == {"1", "2", "3", "bare"}


def test_a_visitor_is_met_at_the_mean_of_his_films(four: Graph) -> None:
    rows = recommend_for(four, "1", "4")

    assert [row["id"] for row in rows] == ["2", "3"]
    assert [row["score"] for row in rows] == pytest.approx([1.4 / np.sqrt(2)] * 2)
    assert rows[0]["reason"] == "like film 1 (1990), which you chose"
    assert rows[1]["reason"] == "like film 4, which you chose: same language French"
    assert [click["id"] for click in rows[0]["because"]] == ["1", "4"]


def test_nodes_ids_and_repetitions_are_the_same_films(four: Graph) -> None:
    assert [row["id"] for row in recommend_for(four, "1", "1", "4")] == ["2", "3"]
    assert four.read(INCLUDE_ALL) == [{"id": "2"}]


def test_a_visitor_has_the_options_of_a_user(four: Graph) -> None:
    assert [row["id"] for row in recommend_for(four, "1", includeSeen=True, k=2)] == ["1", "2"]
    assert [row["id"] for row in recommend_for(four, "1", include={"language": "French"})] == ["3", "4"]
    assert [row["id"] for row in recommend_for(four, "1", exclude=["2"], k=1)] == ["3"]
    assert [row["id"] for row in recommend_for(four, "1", diversity=1, k=3)] == ["2", "4", "3"]


def test_a_visitor_of_whom_nothing_is_known_gets_the_popular_films(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [1.0, 0.0]})
    catalogue.film("bare")
    catalogue.user("v", clicks=["2"])

    assert [row["reason"] for row in recommend_for(catalogue.graph, k=1)] == ["popular: clicked by 1 user"]
    assert [row["id"] for row in recommend_for(catalogue.graph, "bare")] == ["2", "1"]


@pytest.mark.parametrize(
    ("movies", "message"),
    [
        (["1", "gone"], "no film has the id 'gone'"),
        ([1], "'movies' must be a Movie node or its id, a string, but it is 1"),
        ([None], "'movies' must be a Movie node or its id, a string, but it is null"),
        (["1"] * 1001, "'movies' must be a list of at most 1000 films, but it has 1001"),
        (None, "'movies' must be a list of at most 1000 films, but it is null"),
    ],
    ids=["unknown", "number", "null film", "too many", "null"],
)
def test_mistakes_in_the_films(four: Graph, movies: list[object] | None, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        four.read(RECOMMEND_FOR, movies=movies, options={})
    assert message in str(caught.value)


def likenesses(vectors: NDArray[np.float64], genres: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Half the dot product, half the Jaccard index of the genres, (films, films)."""
    shared = (genres[:, None] & genres).sum(axis=2)
    either = (genres[:, None] | genres).sum(axis=2)
    likeness: NDArray[np.float64] = (np.maximum(vectors @ vectors.T, 0) + shared / np.maximum(either, 1)) / 2
    return likeness


def brute_force(
    scores: NDArray[np.float64], likeness: NDArray[np.float64], k: int, weight: float
) -> list[int]:
    """Choose by maximal marginal relevance, the better of two that are equal."""
    left = sorted(range(len(scores)), key=lambda i: -scores[i])
    chosen: list[int] = []
    while len(chosen) < k:
        best = max(
            left, key=lambda i: (1 - weight) * scores[i] - weight * max(likeness[i, chosen], default=0.0)
        )
        left.remove(best)
        chosen.append(best)
    return chosen
