import numpy as np
import pytest

from kg import Graph

from .conftest import Catalogue

SIMILAR = """
MATCH (m:Movie {id: $film}) CALL mmkg.similar(m, $options) YIELD item, score, rank
RETURN item.id AS id, score, rank ORDER BY rank
"""


def similar(graph: Graph, film: str, **options: object) -> list[dict[str, object]]:
    return graph.read(SIMILAR, film=film, options=options)


@pytest.mark.parametrize("floats", [False, True], ids=["double[]", "float[]"])
def test_the_answer_is_that_of_brute_force(catalogue: Catalogue, floats: bool) -> None:
    random = np.random.default_rng(11)
    films = random.normal(size=(300, 8)).astype(np.float32).astype(np.float64)
    films /= np.linalg.norm(films, axis=1, keepdims=True)
    films = films.astype(np.float32).astype(np.float64)
    catalogue.model(dimension=8)
    catalogue.films({f"f{i}": vector.tolist() for i, vector in enumerate(films)}, floats=floats)

    rows = similar(catalogue.graph, "f0", k=20, candidates=300)

    scores = films @ films[0]
    order = [int(i) for i in np.argsort(-scores) if i != 0][:20]
    assert [row["id"] for row in rows] == [f"f{i}" for i in order]
    assert [row["rank"] for row in rows] == list(range(1, 21))
    assert [row["score"] for row in rows] == pytest.approx(scores[order].tolist(), abs=1e-12)


def test_the_film_itself_is_left_out_and_its_double_is_not(catalogue: Catalogue) -> None:
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "double": [1.0, 0.0], "2": [0.0, 1.0]})

    rows = similar(catalogue.graph, "1", k=1, candidates=1)
    assert [(row["id"], row["score"]) for row in rows] == [("double", 1.0)]


def test_a_named_model_answers_instead_of_the_active_one(catalogue: Catalogue) -> None:
    catalogue.model("old", slot="b", active=False)
    catalogue.model("new", slot="a")
    catalogue.films({"1": [1.0, 0.0], "2": [0.8, 0.6], "3": [0.6, 0.8]}, model="new", slot="a")
    catalogue.films({"1": [1.0, 0.0], "2": [0.6, 0.8], "3": [0.8, 0.6]}, model="old", slot="b")

    assert [row["id"] for row in similar(catalogue.graph, "1")] == ["2", "3"]
    assert [row["id"] for row in similar(catalogue.graph, "1", model="old")] == ["3", "2"]
