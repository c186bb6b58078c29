"""A catalogue written by hand: films, users and a model, as `mmkg ingest` and `mmkg embed` write them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from kg import Graph
from kg.model import MODALITIES
from kg.schema import create_vector_index
from mmkg.settings import Settings

ADD_MODEL = "CREATE (m:Model {id: $id, slot: $slot, dimension: $dimension, active: $active})"
ADD_FILMS = """
UNWIND $films AS film
MERGE (m:Item:Movie {id: film.id}) SET m += film.properties
"""
SET_DOUBLES = """
UNWIND $films AS film
MATCH (m:Movie {id: film.id}) SET m[$property] = film.vector, m[$property + '_model'] = $model
"""
SET_FLOATS = """
UNWIND $films AS film
MATCH (m:Movie {id: film.id}) SET m[$property + '_model'] = $model
WITH m, film CALL db.create.setNodeVectorProperty(m, $property, film.vector)
"""
SET_MEDIA = """
UNWIND $films AS film
MATCH (m:Movie {id: film.id}) SET m[$property] = film.vector, m[$stamp] = $version
"""
SET_MODEL = "MATCH (m:Model {id: $id}) SET m += $says"
ADD_USER = """
CREATE (u:User {id: $id}) SET u += $properties
WITH u UNWIND $clicks AS click
MATCH (m:Movie {id: click}) CREATE (u)-[:CLICKED {rating: 5.0}]->(m)
"""
ADD_RATED = "MATCH (u:User {id: $user}), (m:Movie {id: $film}) CREATE (u)-[:RATED {rating: 1.0}]->(m)"
DROP_INDEX = "DROP INDEX movie_embedding_{slot} IF EXISTS"


class Catalogue:
    """Writes what a test needs, with ids such as '1' and vectors such as [1.0, 0.0]."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def model(self, id: str = "m1", *, slot: str = "a", dimension: int = 2, active: bool = True) -> None:
        """Add a model, and make the vector index of its slot unless there is one of this dimension."""
        self.graph.write(ADD_MODEL, id=id, slot=slot, dimension=dimension, active=active)
        create_vector_index(self.graph, "Movie", f"embedding_{slot}", f"movie_embedding_{slot}", dimension)

    def films(
        self,
        vectors: Mapping[str, Sequence[float]],
        *,
        model: str = "m1",
        slot: str = "a",
        floats: bool = False,
    ) -> None:
        """Add films with vectors: as double[], as a driver's SET stores them, or as float[]."""
        films = [{"id": id, "properties": {}, "vector": list(vector)} for id, vector in vectors.items()]
        self.graph.write(ADD_FILMS, films=films)
        statement = SET_FLOATS if floats else SET_DOUBLES
        self.graph.write(statement, films=films, property=f"embedding_{slot}", model=model)

    def media(
        self,
        modality: str,
        vectors: Mapping[str, Sequence[float]],
        *,
        model: str = "m1",
        slot: str = "a",
        version: str = "m1/v1",
    ) -> None:
        """Give films vectors of a modality, stamped with a version, which the model says that it wrote."""
        name = f"embedding_{slot}_{modality}"
        width = len(next(iter(vectors.values())))
        create_vector_index(self.graph, "Movie", name, f"movie_{name}", width)
        films = [{"id": id, "vector": list(vector)} for id, vector in vectors.items()]
        self.graph.write(
            SET_MEDIA, films=films, property=name, stamp=f"embedding_{slot}_media", version=version
        )
        says = {"media_version": version, f"{modality}_films": len(films)}
        self.graph.write(
            SET_MODEL, id=model, says=says | ({"text_dimension": width} if modality == "text" else {})
        )

    def film(self, id: str, **properties: Any) -> None:
        """Add a film without a vector, or set properties of one."""
        self.graph.write(ADD_FILMS, films=[{"id": id, "properties": properties}])

    def user(
        self,
        id: str,
        vector: Sequence[float] | None = None,
        *,
        clicks: Sequence[str] = (),
        model: str = "m1",
        slot: str = "a",
    ) -> None:
        """Add a user with a vector, or clicks, or both."""
        name = f"embedding_{slot}"
        properties = {} if vector is None else {name: list(vector), f"{name}_model": model}
        self.graph.write(ADD_USER, id=id, properties=properties, clicks=list(clicks))

    def rated(self, user: str, film: str) -> None:
        """Let a user rate a film too low for a click."""
        self.graph.write(ADD_RATED, user=user, film=film)

    def drop_index(self, slot: str = "a") -> None:
        """Remove the vector index of a slot."""
        self.graph.write(DROP_INDEX.format(slot=slot))


@pytest.fixture(scope="module")
def _indexes(settings: Settings) -> Iterator[None]:
    """Leave no vector index behind. The tests of a module share them, since making one takes time."""
    yield
    with Graph.connect(settings) as graph:
        for slot in "ab":
            Catalogue(graph).drop_index(slot)
            for modality in MODALITIES:
                Catalogue(graph).drop_index(f"{slot}_{modality}")


@pytest.fixture
def catalogue(graph: Graph, _indexes: None) -> Catalogue:
    """Give an empty catalogue."""
    return Catalogue(graph)
