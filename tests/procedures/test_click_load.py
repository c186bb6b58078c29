"""Clients that click and ask at the same time: each answer knows every click of its user."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from kg import Graph

from .conftest import Catalogue

CLIENTS, ROUNDS, FILMS, DIMENSION, K = 10, 20, 60, 8, 5
RECOMMEND = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, {k: $k}) YIELD item, score, rank
RETURN item.id AS id, score ORDER BY rank
"""
CLICK = "CALL mmkg.click($user, $film) YIELD created RETURN created"
SET_LAYERS = """
MATCH (m:Model)
SET m.user_widths = [$dimension], m.user_powers = [0.5], m.user_activations = ['unit'], m.user_bias = $bias
WITH count(*) AS models
UNWIND range(0, size($causes) - 1) AS film
MATCH (m:Movie {id: toString(film)}) SET m.embedding_a_cause = $causes[film]
"""


def test_every_answer_knows_every_click_of_its_user(catalogue: Catalogue) -> None:
    random = np.random.default_rng(5)
    targets = random.standard_normal((FILMS, DIMENSION))
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    causes, bias = random.standard_normal((FILMS, DIMENSION)), random.standard_normal(DIMENSION)
    catalogue.model(dimension=DIMENSION)
    catalogue.films({str(film): vector.tolist() for film, vector in enumerate(targets)})
    catalogue.graph.write(SET_LAYERS, dimension=DIMENSION, bias=bias.tolist(), causes=causes.tolist())
    for client in range(CLIENTS):
        catalogue.user(str(client), clicks=[str(client)])

    def expected(clicks: list[int]) -> tuple[list[str], NDArray[np.float64]]:
        user = bias + causes[clicks].sum(axis=0) / np.sqrt(len(clicks))
        scores = targets @ (user / np.linalg.norm(user))
        scores[clicks] = -np.inf
        best = np.argsort(-scores)[:K]
        return [str(film) for film in best], scores[best]

    def one(client: int, graph: Graph) -> list[int]:
        clicks = [client]
        for _ in range(ROUNDS):
            rows = graph.read(RECOMMEND, user=str(client), k=K)
            films, scores = expected(clicks)
            assert [row["id"] for row in rows] == films
            np.testing.assert_allclose([row["score"] for row in rows], scores, atol=1e-9)
            film = int(rows[(client + len(clicks)) % K]["id"])
            assert graph.write(CLICK, user=str(client), film=str(film)) == [{"created": True}]
            clicks.append(film)
        return clicks

    with ThreadPoolExecutor(CLIENTS) as threads:
        histories = list(threads.map(lambda client: one(client, catalogue.graph), range(CLIENTS)))

    stored = catalogue.graph.read(
        "MATCH (u:User)-[:CLICKED]->(m) RETURN u.id AS user, collect(m.id) AS films"
    )
    assert {row["user"]: sorted(row["films"]) for row in stored} == {
        str(client): sorted(map(str, clicks)) for client, clicks in enumerate(histories)
    }
