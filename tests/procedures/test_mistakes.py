"""Each mistake gets its own message, which says what to do."""

import re

import pytest
from neo4j import Query
from neo4j.exceptions import ClientError

from kg import Graph
from mmkg.errors import GraphError

from .conftest import Catalogue

FILMS_OPTIONS = (
    "k, candidates, ripple, fresh, fine, includeSeen, model, "
    "exclude, include, weights, diversity, series, explore, seed"
)
RECOMMEND_OPTIONS = FILMS_OPTIONS.replace("includeSeen", "includeSeen, heldOut")
CALLS = {
    "recommend": "MATCH (n:User) CALL mmkg.recommend(n, $options) YIELD item RETURN item.id AS id",
    "recommendFor": "CALL mmkg.recommendFor(['1'], $options) YIELD item RETURN item.id AS id",
    "similar": "MATCH (n:Movie) CALL mmkg.similar(n, $options) YIELD item RETURN item.id AS id",
    "ripple": "MATCH (n:User) CALL mmkg.ripple(n, $options) YIELD node RETURN node.id AS id",
    "search": "CALL mmkg.search('x', $options) YIELD node RETURN node.id AS id",
    "path": "MATCH (n:Movie) CALL mmkg.path(n, n, $options) YIELD hops RETURN hops",
    "explain": "MATCH (n:Movie), (u:User) CALL mmkg.explain(u, n, $options) YIELD share RETURN share",
    "click": "MATCH (n:Movie) CALL mmkg.click('u', n, $options) YIELD created RETURN created",
}
TOO_MANY_RIPPLES = """
MATCH (n:User) UNWIND range(1, 1000000) AS i CALL mmkg.ripple(n) YIELD node RETURN count(*)
"""


@pytest.fixture
def small(catalogue: Catalogue) -> Graph:
    """Give a graph of one film and one user, on which every call succeeds."""
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0]})
    catalogue.user("u", [1.0, 0.0], clicks=[])
    return catalogue.graph


def fails(graph: Graph, message: str, cypher: str, **parameters: object) -> None:
    with pytest.raises(GraphError, match=re.escape(message)):
        graph.write(cypher, **parameters)


@pytest.mark.parametrize(
    ("procedure", "option", "nearest", "known"),
    [
        ("recommend", "candidate", "candidates", RECOMMEND_OPTIONS),
        ("recommend", "INCLUDESEEN", "includeSeen", RECOMMEND_OPTIONS),
        ("recommend", "heldout", "heldOut", RECOMMEND_OPTIONS),
        ("recommendFor", "top", "k", FILMS_OPTIONS),
        ("recommendFor", "heldOut", "seed", FILMS_OPTIONS),
        ("similar", "modell", "model", "k, candidates, by, model"),
        ("ripple", "hop", "hops", "hops, fanout, limit"),
        ("search", "kinds", "kind", "k, kind, vector, model"),
        ("path", "hops", "maxHops", "k, maxHops"),
        ("explain", "Model", "model", "k, model, weights"),
        ("click", "createuser", "createUser", "rating, threshold, at, createUser"),
    ],
)
def test_an_unknown_option(small: Graph, procedure: str, option: str, nearest: str, known: str) -> None:
    message = f"unknown option '{option}': did you mean '{nearest}'? The options are: {known}"
    fails(small, message, CALLS[procedure], options={option: 1})


@pytest.mark.parametrize(
    ("procedure", "options", "wanted", "shown"),
    [
        ("recommend", {"k": 0}, "an integer from 1 to 1000", "0"),
        ("recommend", {"k": -1}, "an integer from 1 to 1000", "-1"),
        ("recommend", {"k": 1_000_000}, "an integer from 1 to 1000", "1000000"),
        ("recommend", {"k": 2.5}, "an integer from 1 to 1000", "2.5"),
        ("recommend", {"k": float("nan")}, "an integer from 1 to 1000", "NaN"),
        ("recommend", {"k": "ten"}, "an integer from 1 to 1000", "the string 'ten'"),
        ("recommend", {"k": [10]}, "an integer from 1 to 1000", "[10]"),
        ("recommend", {"candidates": 10, "k": 20}, "an integer from 20 to 100000", "10"),
        ("recommend", {"ripple": -1}, "an integer from 0 to 10000", "-1"),
        ("recommend", {"ripple": 10_001}, "an integer from 0 to 10000", "10001"),
        ("recommend", {"fresh": 1_001}, "an integer from 0 to 1000", "1001"),
        ("recommend", {"fine": 10, "k": 20}, "an integer from 20 to 100000", "10"),
        ("recommend", {"fine": 1_000_000}, "an integer from 10 to 100000", "1000000"),
        ("recommend", {"heldOut": 1}, "true or false", "1"),
        ("recommend", {"series": 0}, "an integer from 1 to 1000", "0"),
        ("recommend", {"explore": 1.5}, "a number from 0 to 1", "1.5"),
        ("recommend", {"explore": "all"}, "a number from 0 to 1", "the string 'all'"),
        ("recommend", {"seed": -1}, "an integer from 0 to 4294967295", "-1"),
        ("recommend", {"includeSeen": "yes"}, "true or false", "the string 'yes'"),
        ("recommend", {"model": 7}, "a string", "7"),
        ("recommendFor", {"k": 0}, "an integer from 1 to 1000", "0"),
        ("similar", {"k": 1001}, "an integer from 1 to 1000", "1001"),
        ("similar", {"candidates": 0}, "an integer from 10 to 100000", "0"),
        ("similar", {"model": True}, "a string", "true"),
        ("similar", {"by": 7}, "a string", "7"),
        ("recommend", {"weights": "poster"}, "a map", "the string 'poster'"),
        ("search", {"vector": []}, "a list of 1 to 4096 finite numbers", "a list of 0 values"),
        ("search", {"vector": ["a"]}, "a list of 1 to 4096 finite numbers", "a list of 1 values"),
        ("search", {"vector": [float("nan")]}, "a list of 1 to 4096 finite numbers", "a list of 1 values"),
        ("search", {"vector": [0.5] * 4097}, "a list of 1 to 4096 finite numbers", "a list of 4097 values"),
        ("search", {"vector": 0.5}, "a list of 1 to 4096 finite numbers", "no list"),
        ("ripple", {"hops": 0}, "an integer from 1 to 4", "0"),
        ("ripple", {"hops": 5}, "an integer from 1 to 4", "5"),
        ("ripple", {"fanout": 0}, "an integer from 1 to 10000", "0"),
        ("ripple", {"limit": 100_001}, "an integer from 1 to 100000", "100001"),
        ("path", {"k": -1}, "an integer from 1 to 1000", "-1"),
        ("path", {"maxHops": 0}, "an integer from 1 to 6", "0"),
        ("path", {"maxHops": 7}, "an integer from 1 to 6", "7"),
        ("path", {"maxHops": "far"}, "an integer from 1 to 6", "the string 'far'"),
        ("explain", {"k": 0}, "an integer from 1 to 1000", "0"),
        ("explain", {"k": 1_000_001}, "an integer from 1 to 1000", "1000001"),
        ("explain", {"model": 7}, "a string", "7"),
        ("explain", {"weights": "poster"}, "a map", "the string 'poster'"),
        ("search", {"k": 0}, "an integer from 1 to 1000", "0"),
        ("search", {"k": 1_000_001}, "an integer from 1 to 1000", "1000001"),
        ("search", {"kind": []}, "a string or a list of strings", "[]"),
        ("search", {"kind": 7}, "a string or a list of strings", "7"),
        ("search", {"kind": ["Movie", 7]}, "a string or a list of strings", "[Movie, 7]"),
        ("click", {"rating": "good"}, "a number from 0 to 100", "the string 'good'"),
        ("click", {"rating": -1}, "a number from 0 to 100", "-1"),
        ("click", {"rating": float("nan")}, "a number from 0 to 100", "NaN"),
        ("click", {"threshold": True}, "a number from 0 to 100", "true"),
        ("click", {"at": -1}, "an integer from 0 to 253402300800", "-1"),
        ("click", {"at": 1.5}, "an integer from 0 to 253402300800", "1.5"),
        ("click", {"createUser": 1}, "true or false", "1"),
    ],
)
def test_an_option_with_a_wrong_value(
    small: Graph, procedure: str, options: dict[str, object], wanted: str, shown: str
) -> None:
    message = f"option '{next(iter(options))}' must be {wanted}, but it is {shown}"
    fails(small, message, CALLS[procedure], options=options)


@pytest.mark.parametrize("procedure", ["recommend", "recommendFor", "explain", "similar"])
def test_an_unknown_model(small: Graph, procedure: str) -> None:
    message = "no model has the id 'gone'; MATCH (m:Model) RETURN m.id lists them"
    fails(small, message, CALLS[procedure], options={"model": "gone"})


@pytest.mark.parametrize("options", [{}, None, {"k": None}, {"k": 1.0}], ids=str)
def test_options_may_be_left_out_and_whole_floats_are_integers(
    small: Graph, options: dict[str, object] | None
) -> None:
    assert small.read(CALLS["recommend"], options=options) == [{"id": "1"}]


@pytest.mark.parametrize(
    ("procedure", "argument"), [("recommend", "user"), ("similar", "movie"), ("ripple", "node")]
)
def test_null_instead_of_a_node(small: Graph, procedure: str, argument: str) -> None:
    message = f"'{argument}' is null: MATCH the node first, and pass the variable"
    fails(small, message, f"CALL mmkg.{procedure}(null)")


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        ("MATCH (m:Movie) CALL mmkg.path(null, m)", "from"),
        ("MATCH (m:Movie) CALL mmkg.path(m, null)", "to"),
        ("MATCH (m:Movie) CALL mmkg.explain(null, m)", "user"),
        ("MATCH (u:User) CALL mmkg.explain(u, null)", "movie"),
    ],
)
def test_null_instead_of_one_of_two_nodes(small: Graph, call: str, argument: str) -> None:
    message = f"'{argument}' is null: MATCH the node first, and pass the variable"
    fails(small, message, f"{call} YIELD path RETURN path")


@pytest.mark.parametrize(
    ("node", "procedure", "message"),
    [
        ("(n:Movie)", "recommend", "'user' must be a User node, but its labels are Item, Movie"),
        ("(n:User)", "similar", "'movie' must be a Movie node, but its labels are User"),
        ("(n WHERE labels(n) = [])", "recommend", "'user' must be a User node, but it has no label"),
    ],
)
def test_a_node_of_another_kind(small: Graph, node: str, procedure: str, message: str) -> None:
    small.write("CREATE ()")
    fails(small, message, f"MATCH {node} CALL mmkg.{procedure}(n) YIELD item RETURN item")


def test_a_value_that_is_no_node(small: Graph) -> None:
    fails(small, "expected Node but was String", "CALL mmkg.recommend('1')")


def test_options_that_are_no_map(small: Graph) -> None:
    call = "MATCH (u:User) CALL mmkg.recommend(u, 10) YIELD item RETURN item"
    fails(small, "expected Map, Node or Relationship but was Integer", call)


@pytest.mark.parametrize("procedure", ["recommend", "recommendFor", "explain", "similar"])
def test_no_model_yet(catalogue: Catalogue, procedure: str) -> None:
    catalogue.films({"1": [1.0, 0.0]})
    catalogue.user("u")
    message = "no model is active: run `mmkg train`, then `mmkg embed`"
    fails(catalogue.graph, message, CALLS[procedure], options={})


def test_a_model_that_was_trained_but_wrote_no_vectors(small: Graph) -> None:
    small.write("CREATE (:Model {id: 'trained', dimension: 2})")
    message = "the model 'trained' has no vectors in the graph: run `mmkg embed` with it"
    fails(small, message, CALLS["recommend"], options={"model": "trained"})


@pytest.mark.parametrize("vector", [[1.0, 0.0], None], ids=["user with a vector", "user without"])
def test_a_model_whose_vectors_another_one_replaced(catalogue: Catalogue, vector: list[float] | None) -> None:
    catalogue.model("old", active=False)
    catalogue.model("new")
    catalogue.films({"1": [1.0, 0.0], "2": [0.0, 1.0]}, model="new")
    catalogue.user("u", vector, model="old", clicks=["1"])
    message = "the model 'old' has no vectors in the graph: run `mmkg embed` with it"
    fails(catalogue.graph, message, CALLS["recommend"], options={"model": "old"})


def test_two_active_models(catalogue: Catalogue) -> None:
    catalogue.model("m1")
    catalogue.model("m2")
    catalogue.user("u")
    message = "2 models are active (m1, m2): run `mmkg embed` to choose one"
    fails(catalogue.graph, message, CALLS["recommend"], options={})


def test_a_missing_index(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0]})
    catalogue.user("u", [1.0, 0.0])
    catalogue.drop_index()
    message = "the vector index 'movie_embedding_a' does not exist: run `mmkg embed`"
    fails(catalogue.graph, message, CALLS["recommend"], options={})


def test_a_film_without_a_vector(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.film("new")
    message = "the film 'new' has no vector of the model 'm1': run `mmkg embed`"
    fails(catalogue.graph, message, CALLS["similar"], options={})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "'text' is empty: pass at least one word"),
        (" \n", "'text' is empty: pass at least one word"),
        ("x" * 1001, "'text' must have at most 1000 characters, but it has 1001"),
    ],
    ids=["null", "blank", "long"],
)
def test_a_text_without_words_or_with_too_many(small: Graph, text: str | None, message: str) -> None:
    fails(small, message, "CALL mmkg.search($text) YIELD node RETURN node", text=text)


def test_a_missing_full_text_index(small: Graph) -> None:
    small.run_auto_commit("DROP INDEX movie_title")
    remedy = "run CREATE FULLTEXT INDEX movie_title IF NOT EXISTS FOR (n:Movie) ON EACH [n.title]"
    try:
        fails(
            small, f"the full-text index 'movie_title' does not exist: {remedy}", CALLS["search"], options={}
        )
    finally:
        small.run_auto_commit(remedy.removeprefix("run "))
        small.run_auto_commit("CALL db.awaitIndexes()")
    assert small.read(CALLS["search"], options={}) == []


def test_a_call_that_takes_too_long_is_stopped(small: Graph) -> None:
    with small.driver.session(database=small.database) as session, pytest.raises(ClientError) as caught:
        session.run(Query(TOO_MANY_RIPPLES, timeout=0.3)).consume()
    assert str(caught.value.code).startswith("Neo.ClientError.Transaction.TransactionTimedOut")
