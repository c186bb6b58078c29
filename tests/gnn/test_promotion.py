"""Which model answers: promoted, rolled back, deleted, listed and compared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cli import cli
from gnn import slots
from gnn.listing import diff, models
from gnn.promotion import delete, promote, rollback
from gnn.training import train
from gnn.writeback import embed
from kg import Graph
from mmkg.errors import ModelError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import FILMS, USERS

OPTIONS: dict[str, Any] = {"dimension": 8, "epochs": 2, "learning_rate": 0.05}
VECTORS = "MATCH (n:Movie|User) WHERE n[$name] = $model RETURN count(n) AS number"


@pytest.fixture
def three(planted: Graph, store: BlobStore, at: Settings) -> list[str]:
    """Three models, the first of another dimension than the others."""
    first = train(planted, store, at, **{**OPTIONS, "dimension": 12}).model
    return [first, *(train(planted, store, at, seed=seed, **OPTIONS).model for seed in (1, 2))]


def active(graph: Graph) -> list[str]:
    return [model.id for model in models(graph) if model.active]


def test_models_become_active_and_go_back(
    planted: Graph, store: BlobStore, at: Settings, three: list[str]
) -> None:
    a, b, c = three
    report = promote(planted, store, at, a)
    assert (report.model, report.before, report.written) == (a, None, FILMS + USERS)
    embed(planted, store, at, model=b)
    # Both slots are full: going back and forth between the two writes no vector.
    assert promote(planted, store, at, a).written == 0
    assert rollback(planted, store, at).to_json() == {
        "model": b,
        "before": a,
        "slot": "b",
        "written": 0,
        "films_without": 0,
    }
    assert active(planted) == [b]
    promote(planted, store, at, c)
    assert {model.id: model.slot for model in models(planted)} == {a: None, b: "b", c: "a"}
    assert rollback(planted, store, at).model == b
    # The vectors of the model before that are gone: they are written again, beside the active model's.
    report = rollback(planted, store, at)
    assert (report.model, report.slot, report.written) == (a, "a", FILMS + USERS)
    assert active(planted) == [a]
    with pytest.raises(ModelError, match="no model was active before"):
        rollback(planted, store, at)


def test_the_active_model_once_more_changes_nothing(
    planted: Graph, store: BlobStore, at: Settings, three: list[str]
) -> None:
    promote(planted, store, at, three[0])
    everything = "MATCH (n) RETURN properties(n) AS p ORDER BY labels(n)[0], n.id"
    before = planted.read(everything)
    assert promote(planted, store, at, three[0]).written == 0
    embed(planted, store, at, model=three[0])
    assert planted.read(everything) == before


def test_a_model_goes_back_without_the_film_that_came_after_it(
    planted: Graph, store: BlobStore, at: Settings, three: list[str]
) -> None:
    a, b, c = three
    for model in (a, b):
        promote(planted, store, at, model)
    planted.write("CREATE (:Item:Movie {id: 'new'})")
    assert rollback(planted, store, at).films_without == 1
    assert active(planted) == [a]
    assert slots.slot_of(planted, a) == "a"
    # A model whose vectors are written anew knows the film by its content.
    assert promote(planted, store, at, c).films_without == 0
    assert active(planted) == [c]


def test_a_deleted_model_leaves_nothing(
    planted: Graph, store: BlobStore, at: Settings, three: list[str]
) -> None:
    a, b, _ = three
    for model in (a, b):
        promote(planted, store, at, model)
    with pytest.raises(ModelError, match="the active model cannot be deleted"):
        delete(planted, store, at, b)
    assert delete(planted, store, at, a).slot == "a"
    assert planted.read(VECTORS, name="embedding_a_model", model=a) == [{"number": 0}]
    assert planted.read(VECTORS, name="embedding_b_model", model=b) == [{"number": FILMS + USERS}]
    assert len(list(store.list_sha256())) == 2
    assert not (at.home / "models" / a).exists()
    assert [model.id for model in models(planted)] == [three[2], b]
    with pytest.raises(ModelError, match="no model was active before"):
        rollback(planted, store, at)
    for command in (delete, promote):
        with pytest.raises(ModelError, match=f"there is no model {a}"):
            command(planted, store, at, a)


def test_models_are_compared(planted: Graph, three: list[str]) -> None:
    a, b, c = three
    found = diff(planted, a, b).differences
    assert found["dimension"] == (12, 8)
    assert found["seed"] == (0, 1)
    assert "setting hops" not in found
    assert "graph" not in found
    assert "dimension" not in diff(planted, b, c).differences
    assert diff(planted, b, b).differences == {}
    with pytest.raises(ModelError, match="knows no model mgnn-0"):
        diff(planted, a, "mgnn-0")


def test_the_command_line_lists_compares_and_switches(
    planted: Graph, store: BlobStore, at: Settings, three: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, _ = three
    monkeypatch.setenv("MINIO_BUCKET", store.bucket)
    for model in (a, b):
        promote(planted, store, at, model)

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, ["models", *arguments, "--json"], catch_exceptions=False)
        assert result.exit_code == 0
        return json.loads(result.stdout)

    listed = {row["id"]: row for row in run("list")}
    assert set(listed) == set(three)
    assert [listed[model]["active"] for model in three] == [False, True, False]
    assert [listed[model]["slot"] for model in three] == ["a", "b", None]
    assert all(row["bytes"] > 0 and row["graph"] and row["created"] for row in listed.values())
    assert run("diff", a, b)["differences"]["dimension"] == [12, 8]
    assert run("rollback")["model"] == a
    assert run("promote", b)["written"] == 0
    assert run("delete", a)["slot"] == "a"
    assert b in CliRunner().invoke(cli, ["models", "list"], catch_exceptions=False).output


ACTS = st.lists(st.sampled_from(["promote a", "promote b", "promote c", "back"]), max_size=12)


class Recorded:
    """A graph that answers with the nodes that some acts leave."""

    def __init__(self) -> None:
        self.rows = {name: {"id": name, "active": False, "promoted": [], "rolled_back": []} for name in "abc"}

    def read(self, _query: str) -> list[dict[str, Any]]:
        return [*self.rows.values()]


@given(ACTS)
def test_going_back_undoes_the_last_promotion(acts: list[str]) -> None:
    graph, stack = Recorded(), []
    for at, act in enumerate(acts):
        if act != "back" and stack[-1:] != [act[-1]]:
            stack.append(act[-1])
            graph.rows[act[-1]]["promoted"].append(f"{at:02}")
        elif act == "back" and len(stack) > 1:
            graph.rows[stack.pop()]["rolled_back"].append(f"{at:02}")
        for name, row in graph.rows.items():
            row["active"] = stack[-1:] == [name]
    assert slots.history(graph) == stack  # type: ignore[arg-type]
