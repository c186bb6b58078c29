"""mmkg.embed.status: which model answers, whom it knows, and what to do next."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kg import Graph

from .conftest import Catalogue

SIGN = "MATCH (m:Model {id: $id}) SET m.writing_at = $at"


def status(graph: Graph) -> dict[str, Any]:
    (row,) = graph.read("CALL mmkg.embed.status()")
    return row


def ago(**spans: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(**spans)).isoformat(timespec="microseconds")


@pytest.fixture
def known(catalogue: Catalogue) -> Catalogue:
    """Give a model that knows two films and one of two users."""
    catalogue.model()
    catalogue.films({"1": [1.0, 0.0], "2": [0.0, 1.0]})
    catalogue.user("u", [1.0, 0.0])
    catalogue.user("new")
    catalogue.graph.write("MATCH (m:Model) SET m.embedded_at = '2026-01-01T00:00:00.000000+00:00'")
    return catalogue


def test_all_is_well(known: Catalogue) -> None:
    assert status(known.graph) == {
        "model": "m1",
        "written": "2026-01-01T00:00:00.000000+00:00",
        "films": 2,
        "filmsWithout": 0,
        "users": 1,
        "usersWithout": 1,
        "index": "movie_embedding_a",
        "indexState": "ONLINE",
        "indexPercent": 100.0,
        "writing": None,
        "writeBack": "none",
        "next": "nothing: every film has a vector of the model",
    }
    typed = known.graph.embed_status()
    assert (typed.model, typed.films, typed.users_without, typed.index_state) == ("m1", 2, 1, "ONLINE")


def test_films_that_came_after_the_model_are_counted(known: Catalogue) -> None:
    known.film("new")
    known.films({"of another": [1.0, 0.0]}, model="m0")
    row = status(known.graph)
    assert (row["films"], row["filmsWithout"]) == (2, 2)
    assert row["next"] == "run `mmkg train`, then `mmkg embed`: 2 films came after the model"


def test_a_write_back_runs_or_was_cut_off(known: Catalogue) -> None:
    known.model("m2", slot="b", active=False)
    sign = ago(seconds=30)
    known.graph.write(SIGN, id="m2", at=sign)
    row = status(known.graph)
    assert (row["writing"], row["writeBack"]) == ("m2", "running")
    assert row["next"] == f"wait: the vectors of 'm2' are being written; the last sign of it came at {sign}"
    sign = ago(minutes=11)
    known.graph.write(SIGN, id="m2", at=sign)
    row = status(known.graph)
    assert (row["model"], row["writing"], row["writeBack"]) == ("m1", "m2", "cut off")
    assert row["next"] == f"run `mmkg embed --model m2` again: it was cut off after {sign}"
    known.graph.write(SIGN, id="m2", at="yesterday")
    assert status(known.graph)["writeBack"] == "cut off"


def test_an_index_that_is_gone(known: Catalogue) -> None:
    known.drop_index()
    row = status(known.graph)
    assert (row["indexState"], row["indexPercent"]) == ("MISSING", None)
    assert row["next"] == "run `mmkg embed`: the vector index is MISSING"


def test_no_model_or_too_many(catalogue: Catalogue) -> None:
    assert status(catalogue.graph)["next"] == "run `mmkg train`, then `mmkg embed`: there is no model"
    catalogue.graph.write("CREATE (:Model {id: 'm1'})")
    assert status(catalogue.graph)["next"] == "run `mmkg embed`: no model is active"
    catalogue.graph.write(SIGN, id="m1", at=ago(seconds=1))
    row = status(catalogue.graph)
    assert (row["model"], row["films"], row["index"], row["writing"]) == (None, 0, None, "m1")
    assert row["next"].startswith("wait: the vectors of 'm1'")
    catalogue.model("m2")
    catalogue.model("m3")
    assert status(catalogue.graph)["next"] == "run `mmkg embed` to choose one: 2 models are active (m2, m3)"


def test_a_model_without_vectors(catalogue: Catalogue) -> None:
    catalogue.model()
    assert status(catalogue.graph)["next"] == "run `mmkg embed`: no film has a vector of the model"
