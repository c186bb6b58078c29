"""A small graph with a planted taste: users of even number like films of even number, the others the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnn.models import Problem
from gnn.sampler import CLICK, Clicks, make_ripple
from kg import Graph

USERS, FILMS, CLICKS = 24, 40, 10

FILL = """
UNWIND $films AS film
MERGE (m:Item:Movie {id: film}) SET m.title = 'Film ' + film
MERGE (g:Entity:Genre {id: 'taste ' + toString(toInteger(film) % 2)})
MERGE (m)-[:HAS_GENRE]->(g)
WITH count(*) AS films
UNWIND $clicks AS click
MATCH (m:Movie {id: click[1]})
MERGE (u:User {id: click[0]})
MERGE (u)-[c:CLICKED]->(m) SET c.rating = 5.0, c.at = 1000 + toInteger(click[1])
"""

ADD_CLICK = (
    "MATCH (u:User {id: $user}), (m:Movie {id: $film}) MERGE (u)-[c:CLICKED]->(m) SET c.split = $split"
)


def planted_pairs() -> list[tuple[int, int]]:
    """Pairs of user and film numbers of the same parity."""
    random = np.random.default_rng(7)
    return [
        (user, int(film))
        for user in range(USERS)
        for film in sorted(random.choice(np.arange(user % 2, FILMS, 2), CLICKS, replace=False))
    ]


def fill(graph: Graph) -> None:
    """Write the planted graph into the database, without a split."""
    clicks = [[str(user), str(film)] for user, film in planted_pairs()]
    graph.write(FILL, films=[str(film) for film in range(FILMS)], clicks=clicks)


def planted_problem(**features: NDArray[np.float32]) -> Problem:
    """The planted graph without a database; media node i of each modality belongs to film i."""
    import torch

    names = [f"{number:02}" for number in range(FILMS)]
    users, films = (np.array(column) for column in zip(*planted_pairs(), strict=True))
    ids = {"user": names[:USERS], "item": names, "entity": ["taste 0", "taste 1"]}
    edges = {
        CLICK: ([names[u] for u in users], [names[f] for f in films]),
        ("item", "HAS_GENRE", "entity"): (names, [f"taste {film % 2}" for film in range(FILMS)]),
    }
    for modality, matrix in features.items():
        ids[modality] = [f"{modality} {number:02}" for number in range(len(matrix))]
        edges[modality, f"{modality.upper()}_OF", "item"] = (ids[modality], names[: len(matrix)])
    clicks = Clicks(users, films, np.full(len(users), -1.0))
    tensors = {modality: torch.from_numpy(matrix) for modality, matrix in features.items()}
    return Problem(make_ripple(ids, edges), clicks, tensors)
