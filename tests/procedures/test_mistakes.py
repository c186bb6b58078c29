"""Each mistake gets its own message, which says what to do."""

import re

import pytest
from neo4j import Query
from neo4j.exceptions import ClientError

from kg import Graph
from mmkg.errors import GraphError

from .conftest import Catalogue

CALLS = {
    "recommend": "MATCH (n:User) CALL mmkg.recommend(n, $options) YIELD item RETURN item.id AS id",
    "similar": "MATCH (n:Movie) CALL mmkg.similar(n, $options) YIELD item RETURN item.id AS id",
    "ripple": "MATCH (n:User) CALL mmkg.ripple(n, $options) YIELD node RETURN node.id AS id",
}
TOO_MANY_RIPPLES = "MATCH (n:User) UNWIND range(1, 1000000) AS i CALL mmkg.ripple(n) YIELD node RETURN count(*)"


@pytest.fixture
def small(catalogue: Catalogue) -> Graph:
    """Give a graph of one film and one user, on which every call succeeds."""
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0]})
    catalogue.user("u", [1.0, 0.0], clicks=[])
    return catalogue.graph


def fails(graph: Graph, message: str, cypher: str, **parameters: object) -> None:
    with pytest.raises(GraphError, match=re.escape(message)):
        graph.read(cypher, **parameters)


@pytest.mark.parametrize(
    ("procedure", "options", "message"),
    [
        ("recommend", {"candidate": 5}, "unknown option 'candidate': did you mean 'candidates'? The options are: k, candidates, includeSeen, model"),
        ("recommend", {"INCLUDESEEN": True}, "unknown option 'INCLUDESEEN': did you mean 'includeSeen'?"),
        ("similar", {"modell": "m1"}, "unknown option 'modell': did you mean 'model'? The options are: k, candidates, model"),
        ("similar", {"includeSeen": True}, "unknown option 'includeSeen'"),
        ("ripple", {"hop": 1}, "unknown option 'hop': did you mean 'hops'? The options are: hops, fanout, limit"),
        ("recommend", {"k": 0}, "option 'k' must be an integer from 1 to 1000, but it is 0"),
        ("recommend", {"k": -1}, "option 'k' must be an integer from 1 to 1000, but it is -1"),
        ("recommend", {"k": 1_000_000}, "option 'k' must be an integer from 1 to 1000, but it is 1000000"),
        ("recommend", {"k": 2.5}, "option 'k' must be an integer from 1 to 1000, but it is 2.5"),
        ("recommend", {"k": float("nan")}, "option 'k' must be an integer from 1 to 1000, but it is NaN"),
        ("recommend", {"k": "ten"}, "option 'k' must be an integer from 1 to 1000, but it is the string 'ten'"),
        ("recommend", {"k": [10]}, "option 'k' must be an integer from 1 to 1000, but it is [10]"),
        ("recommend", {"k": 20, "candidates": 10}, "option 'candidates' must be an integer from 20 to 100000, but it is 10"),
        ("recommend", {"includeSeen": "yes"}, "option 'includeSeen' must be true or false, but it is the string 'yes'"),
        ("recommend", {"model": 7}, "option 'model' must be a string, but it is 7"),
        ("recommend", {"model": "gone"}, "no model has the id 'gone'"),
        ("similar", {"k": 1001}, "option 'k' must be an integer from 1 to 1000, but it is 1001"),
        ("similar", {"candidates": 0}, "option 'candidates' must be an integer from 10 to 100000, but it is 0"),
        ("similar", {"model": "gone"}, "no model has the id 'gone'"),
        ("ripple", {"hops": 0}, "option 'hops' must be an integer from 1 to 4, but it is 0"),
        ("ripple", {"hops": 5}, "option 'hops' must be an integer from 1 to 4, but it is 5"),
        ("ripple", {"fanout": 0}, "option 'fanout' must be an integer from 1 to 10000, but it is 0"),
        ("ripple", {"limit": 100_001}, "option 'limit' must be an integer from 1 to 100000, but it is 100001"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named(
    small: Graph, procedure: str, options: dict[str, object], message: str
) -> None:
    fails(small, message, CALLS[procedure], options=options)


@pytest.mark.parametrize("options", [{}, None, {"k": None}, {"k": 1.0}], ids=str)
def test_options_may_be_left_out_and_whole_floats_are_integers(
    small: Graph, options: dict[str, object] | None
) -> None:
    assert small.read(CALLS["recommend"], options=options) == [{"id": "1"}]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("CALL mmkg.recommend(null)", "'user' is null: MATCH the node first, and pass the variable"),
        ("CALL mmkg.similar(null)", "'movie' is null: MATCH the node first, and pass the variable"),
        ("CALL mmkg.ripple(null)", "'node' is null: MATCH the node first, and pass the variable"),
        ("MATCH (m:Movie) CALL mmkg.recommend(m) YIELD item RETURN item", "'user' must be a User node, but its labels are Item, Movie"),
        ("MATCH (u:User) CALL mmkg.similar(u) YIELD item RETURN item", "'movie' must be a Movie node, but its labels are User"),
        ("MATCH (n) WHERE labels(n) = [] CALL mmkg.recommend(n) YIELD item RETURN item", "'user' must be a User node, but it has no label"),
        ("CALL mmkg.recommend('1')", "expected Node but was String"),
        ("MATCH (u:User) CALL mmkg.recommend(u, 10) YIELD item RETURN item", "expected Map, Node or Relationship but was Integer"),
    ],
)  # fmt: skip
def test_a_wrong_node_is_named(small: Graph, call: str, message: str) -> None:
    small.write("CREATE ()")
    fails(small, message, call)


@pytest.mark.parametrize("procedure", ["recommend", "similar"])
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
    fails(catalogue.graph, "2 models are active (m1, m2): run `mmkg embed` to choose one", CALLS["recommend"], options={})


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


def test_a_call_that_takes_too_long_is_stopped(small: Graph) -> None:
    with small.driver.session(database=small.database) as session, pytest.raises(ClientError) as caught:
        session.run(Query(TOO_MANY_RIPPLES, timeout=0.3)).consume()
    assert str(caught.value.code).startswith("Neo.ClientError.Transaction.TransactionTimedOut")
