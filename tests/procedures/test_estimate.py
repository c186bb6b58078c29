"""The estimates bound what the calls read, and no more than so much above it."""

import re
from itertools import product

import pytest

from kg import Graph
from kg.connection import Row
from mmkg.errors import GraphError

from .conftest import Catalogue

FILMS, USERS = 60, 20
EVERYTHING = FILMS + 3 + 12 + USERS + 2
"""Films, genres, directors, users, the model, and the node of the schema."""
FACTOR = 6
"""How much larger than the truth the estimate of a ripple may be here."""
WORLD = """
UNWIND range(0, $films - 1) AS i
MATCH (m:Movie {id: 'f' + i})
MERGE (g:Entity:Genre {id: 'g' + (i % 3), name: 'Genre ' + (i % 3)}) MERGE (m)-[:HAS_GENRE]->(g)
MERGE (d:Entity:Person {id: 'd' + (i % 12), name: 'Director ' + (i % 12)}) MERGE (d)-[:DIRECTED]->(m)
WITH count(*) AS films
UNWIND range(0, $users - 1) AS u
CREATE (user:User {id: 'u' + u})
WITH user, u UNWIND range(0, 4) AS c
MATCH (m:Movie {id: 'f' + ((u * 7 + c * 5) % $films)}) MERGE (user)-[:CLICKED {rating: 5.0}]->(m)
"""
RIPPLE = """
MATCH (n:{kind} {{id: $id}})
CALL (n) {{ CALL mmkg.ripple(n, $options) YIELD node RETURN count(node) AS real }}
CALL mmkg.ripple.estimate(n, $options) YIELD nodes, relations, bytes, dominates
RETURN real, nodes, relations, bytes, dominates
"""
PATH = """
MATCH (a:Movie {id: $from}), (b:Movie {id: $to})
CALL mmkg.path.estimate(a, b, $options) YIELD nodes, relations, bytes, dominates
RETURN nodes, relations, bytes, dominates
"""
RECOMMEND = """
MATCH (u:User {id: $user})
CALL mmkg.recommend.estimate(u, $options) YIELD nodes, relations, bytes, dominates
RETURN nodes, relations, bytes, dominates
"""
REALLY = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, $options) YIELD stages RETURN stages
"""
RECOMMEND_FOR = """
CALL mmkg.recommendFor.estimate($films, $options) YIELD nodes, relations, bytes, dominates
RETURN nodes, relations, bytes, dominates
"""
SIMILAR = """
MATCH (m:Movie {id: 'f0'})
CALL mmkg.similar.estimate(m, $options) YIELD nodes, relations, bytes, dominates
RETURN nodes, relations, bytes, dominates
"""
DEGREES = """
MATCH (n) WHERE n.id IN $ids
RETURN sum(COUNT { (n)-[:HAS_GENRE|DIRECTED]-() }) AS facts
"""


@pytest.fixture
def world(catalogue: Catalogue) -> Catalogue:
    """Give sixty films of three genres and twelve directors, and twenty users with five clicks each."""
    catalogue.model()
    catalogue.films({f"f{i}": [1.0, i / FILMS] for i in range(FILMS)})
    catalogue.graph.write(WORLD, films=FILMS, users=USERS)
    return catalogue


def one(graph: Graph, statement: str, **parameters: object) -> Row:
    (row,) = graph.read(statement, **parameters)
    return row


@pytest.mark.parametrize(("kind", "id"), [("User", "u1"), ("Movie", "f5"), ("Genre", "g0")])
def test_a_ripple_is_never_larger_than_its_estimate(world: Catalogue, kind: str, id: str) -> None:
    for hops, fanout in product((1, 2, 3, 4), (1, 4, 100)):
        options = {"hops": hops, "fanout": fanout}
        row = one(world.graph, RIPPLE.format(kind=kind), id=id, options=options)
        assert row["real"] <= row["nodes"] <= row["real"] * FACTOR, options
        assert row["nodes"] <= row["relations"] * FACTOR, options
        if hops == 1:
            assert row["nodes"] == row["real"]


def test_the_limit_of_a_ripple_bounds_it_too(world: Catalogue) -> None:
    row = one(world.graph, RIPPLE.format(kind="Genre"), id="g0", options={"hops": 4, "limit": 7})
    assert (row["real"], row["nodes"]) == (7, 7)
    assert re.fullmatch(r"hop \d: at most \d+ relations, \d+ of them \w+", row["dominates"])
    world.user("lonely")
    row = one(world.graph, RIPPLE.format(kind="User"), id="lonely", options={})
    assert (row["nodes"], row["relations"], row["bytes"]) == (0, 0, 0)
    assert row["dominates"] == "nothing: the node has no relation"


def test_a_path_reads_the_facts_of_its_ends_or_all(world: Catalogue) -> None:
    graph = world.graph
    first = one(graph, DEGREES, ids=["f0"])["facts"]
    both = one(graph, DEGREES, ids=["f0", "f1"])["facts"]
    ends = {"from": "f0", "to": "f1"}
    assert one(graph, PATH, **ends, options={"maxHops": 1})["relations"] == first
    assert one(graph, PATH, **ends, options={"maxHops": 2})["relations"] == both
    far = one(graph, PATH, **ends, options={"maxHops": 6})
    assert far["relations"] == 2 * 2 * 2 * FILMS  # two facts a film, seen from both ends by both sides
    assert far["nodes"] == FILMS + 3 + 12  # every film, genre and director
    assert far["dominates"].startswith(f"all {2 * FILMS} facts")


def test_a_path_by_the_only_neighbour_reads_its_facts(world: Catalogue) -> None:
    world.film("only")
    world.graph.write("MATCH (m:Movie {id: 'only'}), (g:Genre {id: 'g1'}) CREATE (m)-[:HAS_GENRE]->(g)")
    row = one(world.graph, PATH, **{"from": "only", "to": "f1"}, options={"maxHops": 2})
    assert row["relations"] == 1 + (FILMS / 3 + 1)


def test_a_recommendation_looks_at_no_more_films_than_estimated(world: Catalogue) -> None:
    for options in (
        {"k": 5, "candidates": 20, "ripple": 0, "fresh": 0, "fine": 20},
        {"k": 5, "candidates": 30, "ripple": 10, "fresh": 5, "fine": 40},
        {"k": 60},
        {"k": 5, "include": {"genre": "Genre 1"}},
        {"k": 60, "includeSeen": True},
    ):
        estimated = one(world.graph, RECOMMEND, user="u1", options=options)
        # With as many films in the answer as are sorted, it shows every film that was scored.
        most = {**options, "k": options.get("candidates", options["k"])}
        rows = world.graph.read(REALLY, user="u1", options=most)
        seen = 0 if options.get("includeSeen") else 5
        assert len(rows) + seen <= estimated["nodes"] <= EVERYTHING, options


def test_few_candidates_make_a_small_estimate(world: Catalogue) -> None:
    small = {"k": 2, "candidates": 10, "ripple": 0, "fresh": 0}
    row = one(world.graph, RECOMMEND, user="u1", options=small)
    assert (row["nodes"], row["relations"]) == (5 + 10, 5)
    assert row["dominates"] == "10 films, recalled and scored"
    narrowed = one(world.graph, RECOMMEND, user="u1", options={**small, "include": {"year": 1980}})
    assert narrowed["dominates"].startswith(f"every film, all {FILMS}")
    assert narrowed["nodes"] > row["nodes"]
    assert one(world.graph, RECOMMEND, user="u1", options={**small, "diversity": 0.5})["bytes"] > row["bytes"]


def test_what_was_seen_or_excluded_is_fetched_on_top(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({f"f{i}": [1.0, i / 500] for i in range(500)})
    catalogue.user("u", [1.0, 0.0], clicks=[f"f{i}" for i in range(20)])
    for options, films in (
        ({}, 100 + 20),
        ({"includeSeen": True}, 100),
        ({"exclude": ["f30", "f40"]}, 100 + 20 + 2),
        ({"k": 30}, 300 + 20),
        ({"k": 30, "candidates": 200}, 200),
        ({"diversity": 0.5}, 400 + 20),
    ):
        row = one(catalogue.graph, RECOMMEND, user="u", options={**options, "ripple": 0, "fresh": 0})
        assert row["dominates"] == f"{films} films, recalled and scored", options


def test_popular_films_are_estimated_by_the_clicks(world: Catalogue) -> None:
    world.user("new")
    row = one(world.graph, RECOMMEND, user="new", options={})
    assert row["relations"] == USERS * 5
    assert row["nodes"] == FILMS
    assert row["dominates"] == "100 clicks, among which the most popular films are found"


def test_a_visitor_and_a_film_are_estimated_likewise(world: Catalogue) -> None:
    options = {"k": 2, "candidates": 10, "ripple": 0, "fresh": 0}
    row = one(world.graph, RECOMMEND_FOR, films=["f1", "f2"], options=options)
    assert (row["nodes"], row["relations"]) == (2 + 10, 2)
    assert one(world.graph, SIMILAR, options={"k": 2, "candidates": 10})["nodes"] == 11
    every = one(world.graph, SIMILAR, options={"k": 60})
    assert every["nodes"] == FILMS + 1
    assert every["dominates"] == "every film, all 60, since only 60 have a vector"


def test_an_estimate_names_the_same_mistakes_as_the_call(world: Catalogue) -> None:
    for call, message in (
        ("MATCH (n:User {id: 'u1'}) CALL mmkg.recommend.estimate(n, {kk: 1})", "did you mean 'k'"),
        ("CALL mmkg.recommendFor.estimate(['nothing'])", "no film has the id 'nothing'"),
        ("MATCH (n:Movie {id: 'f1'}) CALL mmkg.path.estimate(n, n)", "are the same node"),
        ("CALL mmkg.ripple.estimate(null)", "'node' is null"),
        ("CALL mmkg.similar.estimate(null)", "'movie' is null"),
    ):
        with pytest.raises(GraphError, match=message):
            world.graph.read(f"{call} YIELD nodes RETURN nodes")
