import numpy as np
import pytest
from numpy.typing import NDArray

from kg import Graph
from kg.connection import Row

from .conftest import Catalogue

RECOMMEND = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, $options) YIELD item, score, rank, reason, because
RETURN item.id AS id, score, rank, reason, because ORDER BY rank
"""
FACT = """
MERGE (e:Entity {id: $entity}) SET e += $properties
WITH e MATCH (m:Movie {id: $film}) CREATE (e)-[:$($type)]->(m)
"""


def recommend(graph: Graph, user: str, **options: object) -> list[Row]:
    return graph.read(RECOMMEND, user=user, options=options)


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / lengths


@pytest.mark.parametrize("floats", [False, True], ids=["double[]", "float[]"])
def test_the_answer_is_that_of_brute_force(catalogue: Catalogue, floats: bool) -> None:
    random = np.random.default_rng(7)
    films = unit(random.normal(size=(400, 16)))
    if floats:
        films = films.astype(np.float32).astype(np.float64)
    taste = unit(random.normal(size=16))
    seen = {f"f{i}" for i in random.choice(400, 30, replace=False)}
    catalogue.model(dimension=16)
    catalogue.films({f"f{i}": vector.tolist() for i, vector in enumerate(films)}, floats=floats)
    catalogue.user("u", taste.tolist(), clicks=sorted(seen))

    rows = recommend(catalogue.graph, "u", k=25, candidates=400)

    scores = {f"f{i}": float(score) for i, score in enumerate(films @ taste)}
    expected = sorted(scores.keys() - seen, key=lambda id: -scores[id])[:25]
    assert ids(rows) == expected
    assert [row["rank"] for row in rows] == list(range(1, 26))
    assert [row["score"] for row in rows] == pytest.approx([scores[id] for id in expected], abs=1e-12)


def test_a_plain_call_gives_ten_films_that_the_user_has_not_clicked(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({str(i): [1.0, 0.0] for i in range(20)})
    catalogue.user("1", [1.0, 0.0], clicks=["0", "1"])

    rows = catalogue.graph.read(
        "MATCH (u:User {id:'1'}) CALL mmkg.recommend(u, {k: 10}) YIELD item, score, rank "
        "RETURN item.id AS id, score"
    )
    without_options = catalogue.graph.read(
        "MATCH (u:User {id:'1'}) CALL mmkg.recommend(u) YIELD item RETURN item.id AS id"
    )

    assert len(rows) == 10
    assert not {"0", "1"} & {row["id"] for row in rows}
    assert ids(without_options) == ids(rows)


def test_an_unknown_user_gives_no_rows(catalogue: Catalogue) -> None:
    catalogue.model()
    assert recommend(catalogue.graph, "nobody") == []


def test_films_clicked_or_rated_are_left_out_unless_asked_for(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6], "3": [0.6, 0.8], "4": [0.0, 1.0]})
    catalogue.user("u", [1.0, 0.0], clicks=["1"])
    catalogue.rated("u", "3")

    assert ids(recommend(catalogue.graph, "u")) == ["2", "4"]
    assert ids(recommend(catalogue.graph, "u", includeSeen=True)) == ["1", "2", "3", "4"]


def test_more_are_fetched_until_k_unseen_films_are_found(catalogue: Catalogue) -> None:
    angles = np.linspace(0.0, 1.5, 300)
    catalogue.model()
    catalogue.films({f"f{i:03}": [float(np.cos(a)), float(np.sin(a))] for i, a in enumerate(angles)})
    catalogue.user("u", [1.0, 0.0], clicks=[f"f{i:03}" for i in range(280)])

    expected = [f"f{i}" for i in range(280, 285)]
    assert ids(recommend(catalogue.graph, "u", k=5, candidates=5)) == expected
    assert ids(recommend(catalogue.graph, "u", k=5, candidates=141)) == expected  # 282 hold two of them
    assert len(recommend(catalogue.graph, "u", k=1000)) == 20


def test_ties_are_broken_by_id(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({id: [1.0, 0.0] for id in ["c", "a", "d", "b"]})
    catalogue.user("u", [1.0, 0.0])

    assert ids(recommend(catalogue.graph, "u", k=3)) == ["a", "b", "c"]


def test_vectors_of_another_model_count_for_nothing(catalogue: Catalogue) -> None:
    catalogue.model("new")
    catalogue.films({"old1": [1.0, 0.0], "old2": [1.0, 0.0]}, model="old")
    catalogue.films({"1": [0.6, 0.8], "2": [0.8, 0.6]}, model="new")
    catalogue.user("u", [0.0, 1.0], model="new")
    catalogue.user("stale", [1.0, 0.0], model="old", clicks=["1"])

    assert ids(recommend(catalogue.graph, "u")) == ["1", "2"]
    [row] = recommend(catalogue.graph, "stale")
    assert row["id"] == "2"
    assert row["score"] == pytest.approx(0.6 * 0.8 + 0.8 * 0.6)  # by his click, not by his old vector


def test_vectors_of_another_dimension_count_for_nothing(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [0.6, 0.8], "long": [1.0, 0.0, 0.0]})
    catalogue.user("u", [0.0, 1.0])

    assert ids(recommend(catalogue.graph, "u")) == ["1"]


def test_each_model_answers_from_its_own_slot(catalogue: Catalogue) -> None:
    vectors = {"1": [1.0, 0.0], "2": [0.0, 1.0]}
    catalogue.model("old", slot="a", active=False)
    catalogue.model("new", slot="b")
    catalogue.films(vectors, model="old", slot="a")
    catalogue.films({"1": vectors["2"], "2": vectors["1"]}, model="new", slot="b")
    catalogue.user("u", [1.0, 0.0], model="old", slot="a")
    catalogue.graph.write("MATCH (u:User) SET u.embedding_b = [1.0, 0.0], u.embedding_b_model = 'new'")

    assert ids(recommend(catalogue.graph, "u")) == ["2", "1"]
    assert ids(recommend(catalogue.graph, "u", model="old")) == ["1", "2"]


def test_a_user_without_a_vector_is_met_at_the_mean_of_his_clicks(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"x": [1.0, 0.0], "y": [0.0, 1.0], "between": [0.6, 0.8], "far": [-1.0, 0.0]})
    catalogue.user("u", clicks=["x", "y"])

    rows = recommend(catalogue.graph, "u")

    assert ids(rows) == ["between", "far"]
    assert rows[0]["score"] == pytest.approx(1.4 / np.sqrt(2))


def test_a_user_without_clicks_gets_the_popular_films(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({id: [1.0, 0.0] for id in ["a", "b", "c", "d"]})
    catalogue.user("new")
    catalogue.rated("new", "d")
    for id, clicks in {"1": ["b", "d"], "2": ["b", "d", "c"], "3": ["d"]}.items():
        catalogue.user(id, clicks=clicks)

    rows = recommend(catalogue.graph, "new")

    assert [(row["id"], row["score"]) for row in rows] == [("b", 2.0), ("c", 1.0), ("a", 0.0)]
    assert rows[0]["reason"] == "popular: clicked by 2 users"
    assert rows[1]["reason"] == "popular: clicked by 1 user"
    assert rows[0]["because"] == []
    assert ids(recommend(catalogue.graph, "new", includeSeen=True, k=2)) == ["d", "b"]


def test_clicks_whose_vectors_cancel_out_count_as_none(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"left": [-1.0, 0.0], "right": [1.0, 0.0], "new": [0.0, 1.0]})
    catalogue.user("u", clicks=["left", "right"])

    [row] = recommend(catalogue.graph, "u")
    assert row["id"] == "new"
    assert str(row["reason"]).startswith("popular")


@pytest.mark.parametrize("broken", [[0.0, 0.0], [float("nan"), 1.0]], ids=["zero", "NaN"])
def test_a_vector_without_a_direction_counts_as_none(catalogue: Catalogue, broken: list[float]) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6], "broken": broken})
    catalogue.user("u", broken, clicks=["1"])

    assert ids(recommend(catalogue.graph, "u")) == ["2"]


def test_the_reason_names_the_nearest_click_and_what_is_shared(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"sw": [1.0, 0.0], "far": [0.0, 1.0], "ag": [0.8, 0.6]})
    catalogue.film("sw", title="Star Wars", year=1977)
    catalogue.film("far", title="Far Away")
    catalogue.user("u", clicks=["far", "sw"])
    for film in ["sw", "ag"]:
        add_fact(catalogue, film, "DIRECTED", "gl", name="George Lucas")
        add_fact(catalogue, film, "ACTED_IN", "m.unnamed")
        add_fact(catalogue, film, "ACTED_IN", "hf", name="Harrison Ford")

    [row] = recommend(catalogue.graph, "u")

    assert row["reason"] == (
        "like Star Wars (1977), which you clicked: same director George Lucas, same actor Harrison Ford"
    )
    nearest, farther = row["because"]
    assert (nearest["id"], nearest["title"]) == ("sw", "Star Wars (1977)")
    assert nearest["similarity"] == pytest.approx(0.8)
    assert [(shared["relation"], shared["id"], shared["name"]) for shared in nearest["shared"]] == [
        ("DIRECTED", "gl", "George Lucas"),
        ("ACTED_IN", "hf", "Harrison Ford"),
        ("ACTED_IN", "m.unnamed", ""),
    ]
    assert (farther["id"], farther["title"], farther["shared"]) == ("far", "Far Away", [])
    assert farther["similarity"] == pytest.approx(0.6)


def test_what_has_a_name_is_the_reason_before_what_has_none(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6]})
    catalogue.user("u", clicks=["1"])
    for film in ["1", "2"]:
        add_fact(catalogue, film, "DIRECTED", "m.05k")
        add_fact(catalogue, film, "HAS_GENRE", "drama", name="Drama")

    [row] = recommend(catalogue.graph, "u")
    assert row["reason"] == "like film 1, which you clicked: same genre Drama"
    shared = [connection["words"] for connection in row["because"][0]["shared"]]
    assert shared == ["same genre Drama", "same director"]


def test_entities_and_films_without_names_are_described(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6]})
    catalogue.user("u", clicks=["1"])
    for film in ["1", "2"]:
        add_fact(catalogue, film, "DIRECTED", "m.05k", name="m.05k")  # some sources repeat the id as the name

    [row] = recommend(catalogue.graph, "u")
    assert row["reason"] == "like film 1, which you clicked: same director"


def test_the_rarer_of_two_shared_entities_comes_first(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6], "3": [0.0, 1.0]})
    catalogue.user("u", clicks=["1"])
    for film in ["1", "2", "3"]:
        add_fact(catalogue, film, "HAS_GENRE", "drama", name="Drama")
    for film in ["1", "2"]:
        add_fact(catalogue, film, "HAS_GENRE", "noir", name="Film-Noir")

    rows = recommend(catalogue.graph, "u")
    assert [row["reason"] for row in rows] == [
        "like film 1, which you clicked: same genre Film-Noir",
        "like film 1, which you clicked: same genre Drama",
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "words"),
    [("seen", "new", "its sequel"), ("new", "seen", "the film before it")],
)
def test_a_sequel_is_the_first_reason(catalogue: Catalogue, earlier: str, later: str, words: str) -> None:
    catalogue.model()
    catalogue.films({"seen": [1.0, 0.0], "new": [0.8, 0.6]})
    catalogue.film("seen", title="One")
    catalogue.user("u", clicks=["seen"])
    for film in ["seen", "new"]:
        add_fact(catalogue, film, "DIRECTED", "d", name="D")
    catalogue.graph.write(
        "MATCH (l:Movie {id: $later}), (e:Movie {id: $earlier}) CREATE (l)-[:SEQUEL_OF]->(e)",
        later=later,
        earlier=earlier,
    )

    [row] = recommend(catalogue.graph, "u")
    assert row["reason"] == f"like One, which you clicked: {words}, same director D"


def test_a_relation_of_an_unknown_type_is_named_after_it(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6]})
    catalogue.user("u", clicks=["1"])
    for film in ["1", "2"]:
        add_fact(catalogue, film, "FILMED_AT", "t", name="Tunis")

    [row] = recommend(catalogue.graph, "u")
    assert row["reason"] == "like film 1, which you clicked: same filmed at Tunis"


def test_other_users_are_no_connection(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6]})
    catalogue.user("u", clicks=["1"])
    catalogue.user("other", clicks=["1", "2"])

    [row] = recommend(catalogue.graph, "u")
    assert row["reason"] == "like film 1, which you clicked"


def test_a_vector_without_clicks_has_a_reason_too(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0]})
    catalogue.user("u", [1.0, 0.0])

    [row] = recommend(catalogue.graph, "u")
    assert (row["reason"], row["because"]) == ("close to your taste", [])


def test_a_seen_film_is_not_its_own_reason(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6]})
    catalogue.user("u", clicks=["1", "2"])

    rows = recommend(catalogue.graph, "u", includeSeen=True)
    assert {(row["id"], row["because"][0]["id"]) for row in rows} == {("1", "2"), ("2", "1")}


def test_a_film_deleted_by_another_client_is_gone(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6]})
    catalogue.user("u", [1.0, 0.0])
    catalogue.graph.write("MATCH (m:Movie {id: '1'}) DETACH DELETE m")

    assert ids(recommend(catalogue.graph, "u")) == ["2"]


def test_a_click_counts_in_the_very_next_answer(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6]})
    catalogue.user("u", [1.0, 0.0])
    assert ids(recommend(catalogue.graph, "u", k=1)) == ["1"]
    catalogue.graph.write("MATCH (u:User), (m:Movie {id: '1'}) CREATE (u)-[:CLICKED]->(m)")

    assert ids(recommend(catalogue.graph, "u", k=1)) == ["2"]


def add_fact(catalogue: Catalogue, film: str, type: str, entity: str, **properties: object) -> None:
    catalogue.graph.write(FACT, film=film, type=type, entity=entity, properties=properties)
