"""mmkg.click: the one procedure that writes."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from neo4j import READ_ACCESS
from neo4j.exceptions import ClientError

from kg import Graph
from kg.provenance import statements_of
from mmkg.errors import GraphError

from .conftest import Catalogue

CLICK = """
CALL mmkg.click($user, $movie, $options) YIELD relation, created
RETURN type(relation) AS type, properties(relation) AS properties, created
"""
RELATIONS = """
MATCH (u:User)-[r]->(m:Movie) RETURN u.id AS user, type(r) AS type, m.id AS film, properties(r) AS properties
ORDER BY type, film
"""
IMPORTED = """
MATCH (u:User {id: 'u'}), (m:Movie {id: '1'})
CREATE (u)-[:CLICKED {rating: 5.0, at: 100, imports: ['i'], origins: ['u.data:1']}]->(m)
"""
BY_NODES = """
MATCH (u:User {id: 'u'}), (m:Movie {id: '1'}) CALL mmkg.click(u, m) YIELD relation RETURN type(relation) AS t
"""


@pytest.fixture
def two(catalogue: Catalogue) -> Graph:
    """Give a graph of one user and two films."""
    catalogue.film("1")
    catalogue.film("2")
    catalogue.user("u")
    return catalogue.graph


def click(graph: Graph, user: str, movie: str, **options: object) -> dict[str, object]:
    [row] = graph.write(CLICK, user=user, movie=movie, options=options)
    return row


def relations(graph: Graph) -> list[tuple[str, dict[str, object]]]:
    return [(row["type"], row["properties"]) for row in graph.read(RELATIONS)]


def test_a_click_is_written_without_an_import(two: Graph) -> None:
    before = int(time.time())
    row = click(two, "u", "1")

    assert (row["type"], row["created"]) == ("CLICKED", True)
    [(type, properties)] = relations(two)
    assert type == "CLICKED"
    assert properties.keys() == {"at"}
    assert before <= int(str(properties["at"])) <= time.time()
    [statement] = statements_of((), properties)
    assert (statement.import_id, statement.properties) == ("", properties)


@pytest.mark.parametrize(
    ("options", "type"),
    [
        ({"rating": 4}, "CLICKED"),
        ({"rating": 3.5}, "RATED"),
        ({"rating": 3.5, "threshold": 3}, "CLICKED"),
        ({"rating": 7, "threshold": 8}, "RATED"),
    ],
    ids=str,
)
def test_a_rating_below_the_threshold_is_no_click(two: Graph, options: dict[str, float], type: str) -> None:
    click(two, "u", "1", at=7, **options)
    assert relations(two) == [(type, {"rating": float(options["rating"]), "at": 7})]


def test_the_same_click_again_changes_nothing(two: Graph) -> None:
    assert click(two, "u", "1", rating=5, at=7)["created"]
    assert not click(two, "u", "1", rating=5, at=7)["created"]
    assert relations(two) == [("CLICKED", {"rating": 5.0, "at": 7})]


def test_a_later_click_is_the_time_and_keeps_the_rating(two: Graph) -> None:
    click(two, "u", "1", rating=5, at=7)
    click(two, "u", "1", at=4_000_000_000)
    assert relations(two) == [("CLICKED", {"rating": 5.0, "at": 4_000_000_000})]


def test_who_changes_his_mind_is_believed(two: Graph) -> None:
    click(two, "u", "1", rating=5, at=7)
    assert click(two, "u", "1", rating=2, at=8)["created"]
    assert relations(two) == [("RATED", {"rating": 2.0, "at": 8})]
    click(two, "u", "1", at=9)
    assert relations(two) == [("CLICKED", {"at": 9})]


def test_what_an_import_states_stays(two: Graph) -> None:
    two.write(IMPORTED)
    stated = {"rating": 5.0, "at": 100, "imports": ["i"], "origins": ["u.data:1"]}

    assert not click(two, "u", "1")["created"]
    assert not click(two, "u", "1", rating=5.0, at=100)["created"]
    assert relations(two) == [("CLICKED", stated)]
    for options in [{"rating": 4.5}, {"at": 101}]:
        with pytest.raises(GraphError, match="an import states how the user 'u' clicked the film '1'"):
            click(two, "u", "1", **options)
    click(two, "u", "1", rating=1, at=8)
    assert relations(two) == [("CLICKED", stated), ("RATED", {"rating": 1.0, "at": 8})]


def test_a_user_is_created_only_if_asked_for(two: Graph) -> None:
    with pytest.raises(GraphError, match=r"no user has the id 'new': pass \{createUser: true\}"):
        click(two, "new", "1")
    click(two, "new", "1", createUser=True)
    click(two, "new", "2", createUser=True)

    assert [(row["user"], row["film"]) for row in two.read(RELATIONS)] == [("new", "1"), ("new", "2")]
    assert two.read("MATCH (u:User {id: 'new'}) RETURN properties(u) AS p") == [{"p": {"id": "new"}}]


def test_nodes_are_taken_too(two: Graph) -> None:
    assert two.write(BY_NODES) == [{"t": "CLICKED"}]


def test_the_next_recommendation_knows_it(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6]})
    click(catalogue.graph, "new", "1", createUser=True)
    rows = catalogue.graph.read(
        "MATCH (u:User {id: 'new'}) CALL mmkg.recommend(u) YIELD item, reason RETURN item.id AS id, reason"
    )
    assert rows == [{"id": "2", "reason": "like film 1, which you clicked"}]


@pytest.mark.parametrize(
    ("user", "movie", "message"),
    [
        ("u", "gone", "no film has the id 'gone'"),
        ("u", 1, "'movie' must be a Movie node or its id, a string, but it is 1"),
        ("u", None, "'movie' must be a Movie node or its id, a string, but it is null"),
        (1, "1", "'user' must be a User node or its id, a string, but it is 1"),
        (None, "1", "'user' must be a User node or its id, a string, but it is null"),
        (" ", "1", "'user' must be a User node or its id, a string, but it is  "),
        (["u"], "1", "'user' must be a User node or its id, a string, but it is [u]"),
    ],
    ids=str,
)
def test_who_and_what_must_be_there(two: Graph, user: object, movie: object, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        two.write(CLICK, user=user, movie=movie, options={"createUser": True})
    assert message in str(caught.value)
    assert relations(two) == []


def test_a_person_is_no_film(two: Graph) -> None:
    two.write("CREATE (:Item {id: 'song'}), (:Entity:Person {id: 'p'})")
    with pytest.raises(GraphError, match="no film has the id 'song'"):
        click(two, "u", "song")
    with pytest.raises(GraphError, match="'movie' must be a Movie node, but its labels are Entity, Person"):
        two.write("MATCH (p:Person) CALL mmkg.click('u', p) YIELD created RETURN created")


def test_a_reader_may_not_click(two: Graph) -> None:
    reader = two.driver.session(database=two.database, default_access_mode=READ_ACCESS)
    with reader as session, pytest.raises(ClientError):
        session.run(CLICK, user="u", movie="1", options={}).consume()
    assert relations(two) == []


def test_clicks_at_once_make_one_relation(two: Graph) -> None:
    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(lambda at: click(two, "u", "1", at=at)["created"], range(16)))
    assert sorted(done) == [False] * 15 + [True]
    assert len(relations(two)) == 1
