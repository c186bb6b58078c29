"""Fourteen films with people, media, clicks and hand-made vectors, for clients that are not ours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from kg import Graph

FILMS = [
    "Metropolis", "Nosferatu", "Faust", "M", "Sunrise", "The General", "Sherlock Jr.",
    "Safety Last!", "City Lights", "Modern Times", "The Kid", "The Gold Rush", "The Circus", "Safety First",
]  # fmt: skip
CLICKED = ["1", "2", "3"]
"""The ids of the films that user 1 clicked: neighbours on the circle of the films' vectors."""
POSTER, TRAILER = "a" * 64, "b" * 64
"""The ids of media; the store has no blobs of these names."""

WRITE = """
CREATE (import:Import {
  id: 'import-1', source: 'catalogue', path: 'films.csv', at: '2026-01-01T00:00:00Z',
  created: 14, updated: 0, rejected: 0, complete: true})
CREATE (:Model {
  id: 'model-1', name: 'mgnn', created: '2026-01-01T00:00:00Z', slot: 'a', dimension: 2, active: true,
  metrics: '{"recall@10": 0.5}'})
WITH import
UNWIND $films AS film
CREATE (m:Item:Movie {id: film.id, title: film.title, imports: [import.id]})
SET m.embedding_a = film.vector, m.embedding_a_model = 'model-1'
WITH count(m) AS films
MATCH (metropolis:Movie {id: '1'}), (m:Movie {id: '4'})
CREATE (lang:Entity:Person {id: 'lang', name: 'Fritz Lang'})
CREATE (helm:Entity:Person {id: 'helm', name: 'Brigitte Helm'})
CREATE (drama:Entity:Genre {id: 'drama', name: 'Drama'})
CREATE (lang)-[:DIRECTED]->(metropolis), (lang)-[:DIRECTED]->(m), (helm)-[:ACTED_IN]->(metropolis)
CREATE (metropolis)-[:HAS_GENRE]->(drama), (m)-[:HAS_GENRE]->(drama)
CREATE (:Media:Poster {id: $poster, key: 'sha256/aa/' + $poster, mime: 'image/jpeg', width: 400, height: 600})
       -[:POSTER_OF]->(metropolis)
CREATE (:Media:Trailer {id: $trailer, key: 'sha256/bb/' + $trailer, mime: 'video/mp4', seconds: 61.5})
       -[:TRAILER_OF]->(metropolis)
CREATE (u:User {id: '1', embedding_a: $user, embedding_a_model: 'model-1'})
WITH u
MATCH (m:Movie) WHERE m.id IN $clicked
CREATE (u)-[:CLICKED {rating: 5.0, at: toInteger(m.id)}]->(m)
"""
DROP_INDEX = "DROP INDEX movie_embedding_a IF EXISTS"
CREATE_INDEX = """
CREATE VECTOR INDEX movie_embedding_a FOR (m:Movie) ON (m.embedding_a)
OPTIONS {indexConfig: {`vector.dimensions`: 2, `vector.similarity_function`: 'cosine'}}
"""
AWAIT_INDEXES = "CALL db.awaitIndexes(60)"


@contextmanager
def written(graph: Graph) -> Iterator[Graph]:
    """Write the films to an empty database, and remove the index of their dimension at the end."""
    films = [
        {"id": str(number), "title": title, "vector": direction(number)}
        for number, title in enumerate(FILMS, start=1)
    ]
    graph.write(DROP_INDEX)
    graph.write(CREATE_INDEX)
    media = {"poster": POSTER, "trailer": TRAILER}
    graph.write(WRITE, films=films, user=direction(2), clicked=CLICKED, **media)
    graph.read(AWAIT_INDEXES)
    yield graph
    graph.write(DROP_INDEX)


def direction(number: int) -> list[float]:
    """Return a unit vector, a tenth of a right angle further for each number."""
    angle = number * math.pi / 20
    return [math.cos(angle), math.sin(angle)]
