"""Films by their media: similar in one modality, weights of modalities, and search by meaning."""

from __future__ import annotations

import numpy as np
import pytest

from kg import Graph
from kg.connection import Row
from mmkg.errors import GraphError

from .conftest import Catalogue

SIMILAR = """
MATCH (m:Movie {id: $film}) CALL mmkg.similar(m, $options) YIELD item, score, rank
RETURN item.id AS id, score ORDER BY rank
"""
RECOMMEND = """
MATCH (u:User {id: 'u'}) CALL mmkg.recommend(u, $options) YIELD item, score, rank, stages
RETURN item.id AS id, score, stages ORDER BY rank
"""
RECOMMEND_FOR = """
CALL mmkg.recommendFor($films, $options) YIELD item, score, rank, stages
RETURN item.id AS id, score, stages ORDER BY rank
"""
EXPLAIN = """
MATCH (u:User {id: 'u'}), (m:Movie {id: $film}) CALL mmkg.explain(u, m, $options)
YIELD film, share, kind, reason, media, score
RETURN film.id AS film, share, kind, reason, media, score
"""
SEARCH = """
CALL mmkg.search($text, $options) YIELD node, score, kind, textRank, vectorRank
RETURN node.id AS id, score, kind, textRank, vectorRank
"""
FILMS = 12
POSTERS = {"f00": [1.0, 0.0], "f09": [0.8, 0.6], "f01": [0.6, -0.8], "f02": [0.0, 1.0]}
TEXTS = {"f03": [1.0, 0.0, 0.0], "f07": [0.6, 0.8, 0.0], "f08": [0.0, 0.6, 0.8]}


@pytest.fixture
def world(catalogue: Catalogue) -> Catalogue:
    """Give a fan of twelve films, f00 the nearest to the user, some with posters and texts."""
    catalogue.model()
    scores = np.linspace(0.95, -0.95, FILMS)
    catalogue.films({f"f{i:02}": [s, float(np.sqrt(1 - s**2))] for i, s in enumerate(scores.tolist())})
    catalogue.films({"seen": [1.0, 0.0]})
    for number in range(FILMS):
        catalogue.film(f"f{number:02}", title=f"Film {number}")
    catalogue.media("poster", {**POSTERS, "seen": [1.0, 0.0]})
    catalogue.media("text", TEXTS)
    catalogue.user("u", [1.0, 0.0], clicks=["seen"])
    return catalogue


def similar(graph: Graph, film: str, **options: object) -> list[tuple[str, float]]:
    return [(row["id"], row["score"]) for row in graph.read(SIMILAR, film=film, options=options)]


def recommend(graph: Graph, **options: object) -> list[Row]:
    return graph.read(RECOMMEND, options=options)


def search(graph: Graph, text: str, **options: object) -> list[Row]:
    return graph.read(SEARCH, text=text, options=options)


def test_films_are_near_in_one_modality(world: Catalogue) -> None:
    found = similar(world.graph, "f00", by="poster", k=3)
    assert found == [("seen", pytest.approx(1.0)), ("f09", pytest.approx(0.8)), ("f01", pytest.approx(0.6))]
    assert [id for id, _ in similar(world.graph, "f03", by="text")] == ["f07", "f08"]
    assert similar(world.graph, "f00", by="all") == similar(world.graph, "f00")
    assert "f01" in [id for id, _ in similar(world.graph, "f00", k=2)]
    (first, *_) = world.graph.similar("f00", by="poster", k=1)
    assert (first.film.id, first.score) == ("seen", pytest.approx(1.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"by": "postr"},
            "option 'by' must be one of all, text, poster, sound, trailer, but it is 'postr': ",
        ),
        ({"by": "sound"}, "the film 'f00' has no sound that the model 'm1' knows: compare it by poster, or "),
        ({"by": "text"}, "the film 'f00' has no text that the model 'm1' knows"),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_said(world: Catalogue, options: dict[str, object], message: str) -> None:
    with pytest.raises(GraphError) as caught:
        similar(world.graph, "f00", **options)
    assert message in str(caught.value)


def test_a_film_without_media_and_a_model_without(world: Catalogue) -> None:
    with pytest.raises(GraphError, match=r"the film 'f04' has no poster .*: attach one with `mmkg attach`"):
        similar(world.graph, "f04", by="poster")
    world.graph.write("MATCH (m:Model) REMOVE m.media_version")
    for call in (
        lambda: similar(world.graph, "f00", by="poster"),
        lambda: recommend(world.graph, weights={"poster": 2}),
        lambda: search(world.graph, "film", vector=[1.0, 0.0, 0.0]),
    ):
        with pytest.raises(GraphError, match="the model 'm1' wrote no vectors of texts, posters"):
            call()


def test_vectors_of_another_write_back_are_never_mixed_in(world: Catalogue) -> None:
    world.graph.write("MATCH (m:Movie {id: 'f09'}) SET m.embedding_a_media = 'm1/v2'")
    assert [id for id, _ in similar(world.graph, "f00", by="poster")] == ["seen", "f01", "f02"]
    assert recommend(world.graph, weights={"poster": 2}, k=12)[0]["id"] != "f09"


def test_weights_of_one_change_nothing(world: Catalogue) -> None:
    plain = recommend(world.graph, k=12)
    for weights in ({}, None, {"poster": 1}, {"poster": 1.0, "text": 1, "sound": 1, "trailer": 1}):
        assert recommend(world.graph, k=12, weights=weights) == plain
    assert all("shares" not in row["stages"] for row in plain)


@pytest.mark.parametrize("weight", [0, 0.5, 2, 10])
def test_the_score_is_the_models_and_the_weighted_share(world: Catalogue, weight: float) -> None:
    plain = {row["id"]: row["score"] for row in recommend(world.graph, k=12)}
    rows = recommend(world.graph, k=12, weights={"poster": weight})
    assert {row["id"] for row in rows} == set(plain)
    for row in rows:
        share = np.dot(POSTERS.get(row["id"], [0.0, 0.0]), [1.0, 0.0])  # of the film that was clicked
        assert row["stages"]["shares"] == {"poster": pytest.approx(share)}
        assert row["stages"]["model"] == pytest.approx(plain[row["id"]])
        assert row["score"] == pytest.approx(plain[row["id"]] + (weight - 1) * share)
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)


def test_a_greater_weight_recalls_films_by_their_media(world: Catalogue) -> None:
    few = {"k": 3, "candidates": 4, "fine": 4, "ripple": 0, "fresh": 0}
    assert "f09" not in [row["id"] for row in recommend(world.graph, **few)]
    rows = {row["id"]: row for row in recommend(world.graph, **few, weights={"poster": 3})}
    assert "poster" in rows["f09"]["stages"]
    visitor = world.graph.read(
        RECOMMEND_FOR, films=["seen"], options={**few, "k": 4, "weights": {"poster": 3}}
    )
    assert "f09" in [row["id"] for row in visitor]


def test_diversity_sees_posters(world: Catalogue) -> None:
    world.films({id: [0.98, 0.2] for id in ("f01", "f02", "f03")})
    options = {"k": 2, "diversity": 0.5, "exclude": ["f00"]}
    assert [row["id"] for row in recommend(world.graph, **options)] == ["f01", "f02"]  # not alike by posters
    world.media("poster", {"f01": [1.0, 0.0], "f02": [1.0, 0.0], "f03": [0.0, 1.0]})
    assert [row["id"] for row in recommend(world.graph, **options)] == ["f01", "f03"]


def test_an_explanation_says_in_what_the_films_are_alike(world: Catalogue) -> None:
    world.media("text", {"f09": [0.0, 1.0, 0.0], "seen": [0.0, 0.8, 0.6]})
    media = {film: world.graph.read(EXPLAIN, film=film, options={})[0]["media"] for film in ("f09", "f03")}
    # f03 has a text, but no poster; f09 has both.
    assert media == {
        "f09": {"text": pytest.approx(0.8), "poster": pytest.approx(0.8)},
        "f03": {"text": pytest.approx(0.0)},
    }


@pytest.mark.parametrize("weights", [{"poster": 3}, {"poster": 0.0, "text": 2}])
def test_what_weights_add_are_shares_of_the_weighted_score(
    world: Catalogue, weights: dict[str, float]
) -> None:
    scores = {row["id"]: row["score"] for row in recommend(world.graph, k=12, weights=weights)}
    rows = world.graph.read(EXPLAIN, film="f09", options={"weights": weights})
    kinds = [row["kind"] for row in rows if not row["film"]]
    assert kinds == ["model", *sorted(weights, key=["text", "poster"].index)]
    assert sum(row["share"] for row in rows) == pytest.approx(scores["f09"])
    assert [row["score"] for row in rows] == pytest.approx([scores["f09"]] * len(rows))
    added = next(row for row in rows if row["kind"] == "poster")
    assert added["share"] == pytest.approx((weights["poster"] - 1) * 0.8)
    assert added["media"] == {}
    assert f"a weight of {float(weights['poster'])} for how near its poster" in added["reason"]


def test_wrong_weights_are_named(world: Catalogue) -> None:
    for weights, message in (
        ({"postr": 2}, r"unknown weight 'postr': did you mean 'poster'\? The weights are: text, poster"),
        ({"poster": -1}, "weight 'poster' must be a number from 0 to 10, but it is -1"),
        ({"poster": 11}, "weight 'poster' must be a number from 0 to 10, but it is 11"),
        ({"text": "much"}, "weight 'text' must be a number from 0 to 10, but it is the string 'much'"),
    ):
        with pytest.raises(GraphError, match=message):
            recommend(world.graph, weights=weights)


def test_both_rankings_are_fused(world: Catalogue) -> None:
    rows = search(world.graph, "film 7", vector=[2.0, 0.0, 0.0], kind="Movie")
    places = {row["id"]: (row["textRank"], row["vectorRank"]) for row in rows}
    assert places["f07"] == (1, 2)
    assert places["f03"][1] == 1
    assert places["f00"][1] is None
    for row in rows:
        ranks = [rank for rank in (row["textRank"], row["vectorRank"]) if rank]
        assert row["score"] == pytest.approx(sum(1 / (60 + rank) for rank in ranks))
    assert rows[0]["id"] == "f07"


def test_a_film_is_found_by_meaning_alone(world: Catalogue) -> None:
    rows = search(world.graph, "xyzzy", vector=[0.0, 0.6, 0.8], k=1)
    assert [(row["id"], row["textRank"], row["vectorRank"]) for row in rows] == [("f08", None, 1)]
    assert search(world.graph, "xyzzy", vector=[0.0, 0.6, 0.8], kind="Person") == []
    assert search(world.graph, "xyzzy") == []


def test_without_a_vector_it_is_as_it_was(world: Catalogue) -> None:
    rows = search(world.graph, "film 7")
    assert [row["textRank"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["vectorRank"] for row in rows} == {None}
    world.graph.write("MATCH (m:Model) DELETE m")
    assert search(world.graph, "film 7") == rows


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (
            [1.0, 0.0],
            "option 'vector' must have 3 numbers, as the texts of the model 'm1' have, but it has 2",
        ),
        ([0, 0, 0], "option 'vector' must not be zero everywhere"),
    ],
    ids=str,
)
def test_a_vector_that_does_not_compare(world: Catalogue, vector: list[float], message: str) -> None:
    with pytest.raises(GraphError) as caught:
        search(world.graph, "film", vector=vector)
    assert message in str(caught.value)
