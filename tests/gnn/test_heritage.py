"""Continuing from an earlier model: known rows by name, new ones as the model makes them, others dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnn import heritage, registry
from gnn.evaluation import evaluate, measure
from gnn.models import MODELS, Problem, Recommender
from gnn.problem import load_task
from gnn.sampler import CLICK, Clicks, make_ripple
from gnn.training import TrainReport, train
from gnn.writeback import embed
from kg import Graph
from mmkg.errors import ModelError, UsageError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import FILMS

SMALL: dict[str, Any] = {"dimension": 8, "epochs": 20, "learning_rate": 0.05}
GROW = """
MATCH (g:Genre {id: 'taste 0'}) CREATE (m:Item:Movie {id: 'new', title: 'New'})-[:HAS_GENRE]->(g)
WITH m UNWIND ['0', '2', '4', '6', '8', '10', '12', '14'] AS user
MATCH (u:User {id: user}) CREATE (u)-[:CLICKED {rating: 5.0, at: 2000}]->(m)
"""
SHRINK = "MATCH (m:Movie {id: '39'}) DETACH DELETE m"
FEWER_CLICKS = "MATCH (:User {id: '1'})-[c:CLICKED {split: 'train'}]->() WITH c LIMIT 2 DELETE c"
ADD_CAST = """
MATCH (m:Movie) WHERE m.id IN ['0', '2', '4'] MERGE (p:Entity:Person {id: 'nm1'})
CREATE (p)-[:ACTED_IN]->(m)
"""


def problem_of(films: Sequence[str], users: Sequence[str]) -> Problem:
    """Films with a picture and a genre each and every third a person; each user clicks every other film."""
    ids = {"user": sorted(users), "item": sorted(films), "entity": ["drama", "nm1"]}
    ids["image"] = [f"picture {film}" for film in ids["item"]]
    clicks = [(u, f) for u in range(len(users)) for f in range(u % 2, len(films), 2)]
    numbers = np.array(clicks)
    edges = {
        CLICK: ([ids["user"][u] for u, _ in clicks], [ids["item"][f] for _, f in clicks]),
        ("item", "HAS_GENRE", "entity"): (ids["item"], ["drama"] * len(films)),
        ("entity", "ACTED_IN", "item"): (["nm1"] * len(ids["item"][::3]), ids["item"][::3]),
        ("image", "POSTER_OF", "item"): (ids["image"], ids["item"]),
    }
    pictures = torch.randn(len(films), 16, generator=torch.Generator().manual_seed(1))
    return Problem(
        make_ripple(ids, edges),
        Clicks(numbers[:, 0], numbers[:, 1], np.full(len(clicks), -1.0)),
        {"image": pictures},
    )


def make(name: str, problem: Problem, seed: int, dimension: int = 8) -> Recommender:
    torch.manual_seed(seed)
    kind = MODELS[name]
    return kind(problem, kind.defaults.with_changes({"dimension": dimension}))


def file_of(model: Recommender) -> dict[str, torch.Tensor]:
    return {**{k: v.clone() for k, v in model.state_dict().items()}, **heritage.name_tensors(model)}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_rows_are_carried_over_by_name(name: str) -> None:
    films, users = [f"{number:02}" for number in range(20)], [f"u{number}" for number in range(6)]
    old = make(name, problem_of(films, users), seed=1)
    # Two films go and one comes, so that the others get new numbers; and likewise the users.
    new_films, new_users = [*films[2:], "015"], [*users[1:], "u00"]
    new = make(name, problem_of(new_films, new_users), seed=2)
    fresh = {name: value.clone() for name, value in new.state_dict().items()}
    inherited = heritage.inherit(new, file_of(old), "old")
    assert inherited.to_json() == {"carried": 18, "new": 1, "dropped": 2}
    before, now = old.state_dict(), new.state_dict()
    axes = new.axes()
    row = {"item": new.problem.ripple.ids["item"], "user": new.problem.ripple.ids["user"]}
    checked = 0
    for key, value in now.items():
        if key in new.computed:
            assert torch.equal(value, fresh[key])
        elif key not in axes:
            assert torch.equal(value, before[key])
        elif (what := axes[key][1]) in row:
            of_old = old.problem.ripple.ids[what]
            for number, id_ in enumerate(row[what]):
                known = id_ in of_old
                assert torch.equal(
                    value[number], before[key][of_old.index(id_)] if known else fresh[key][number]
                )
                checked += 1
        elif what != "node":  # the genre, the person, and the relations are all still there
            assert torch.equal(value, before[key])
            checked += 1
    if name == "ripplenet":
        for number, id_ in enumerate(row["item"]):
            if id_ in films:
                assert torch.equal(now["nodes"][number], before["nodes"][films.index(id_)])
        assert torch.equal(now["nodes"][-2:], before["nodes"][-2:])
    else:
        assert checked


def test_a_model_of_other_dimensions_is_no_parent() -> None:
    problem = problem_of(["1", "2", "3"], ["u", "v"])
    with pytest.raises(ModelError, match=r"old: the model has other dimensions.*--continue-from"):
        heritage.inherit(make("mgnn", problem, 1), file_of(make("mgnn", problem, 1, dimension=12)), "old")


def test_the_head_of_another_encoder_starts_anew() -> None:
    problem = problem_of(["1", "2", "3"], ["u", "v"])
    old, new = make("mgnn", problem, 1), make("mgnn", problem, 2)
    fresh = {name: value.clone() for name, value in new.state_dict().items()}
    heritage.inherit(new, file_of(old), "old", without=["image"])
    heads = [name for name in fresh if name.startswith("media.")]
    assert heads
    assert all(torch.equal(new.state_dict()[name], fresh[name]) for name in heads)
    assert torch.equal(new.state_dict()["film"], old.state_dict()["film"])


@given(st.one_of(st.none(), st.binary(max_size=40)))
def test_spoiled_names_are_told(data: bytes | None) -> None:
    problem = problem_of(["1", "2", "3"], ["u", "v"])
    tensors = file_of(make("mgnn-paper", problem, 1))
    del tensors["names.item"]
    if data:
        tensors["names.item"] = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    with pytest.raises(ModelError, match="does not say which films"):
        heritage.inherit(make("mgnn-paper", problem, 1), tensors, "old")


@pytest.fixture
def parent(planted: Graph, store: BlobStore, at: Settings) -> TrainReport:
    return train(planted, store, at, seed=3, **SMALL)


def test_a_training_goes_on_when_the_graph_has_changed(
    planted: Graph, store: BlobStore, at: Settings, parent: TrainReport
) -> None:
    for change in (GROW, SHRINK, FEWER_CLICKS, ADD_CAST):
        planted.write(change)
    child = train(planted, store, at, from_last=True, epochs=4, evaluate_every=1)
    assert child.parent == parent.model
    assert child.inherited is not None
    assert child.inherited.to_json() == {"carried": FILMS - 1, "new": 1, "dropped": 1}
    header = registry.read_header(at, child.model)
    assert (header.parent, header.options["dimension"]) == (parent.model, 8)

    task = load_task(planted, store, at)
    kept = untrained(parent, task.problem, header.options)
    assert child.metrics["ndcg"] >= measure(kept, task.clicks, "valid").ndcg
    # As few epochs from nothing do not get there.
    scratch = train(planted, store, at, epochs=4, evaluate_every=1, dimension=8, learning_rate=0.05)
    assert child.metrics["ndcg"] > scratch.metrics["ndcg"]

    embed(planted, store, at, model=child.model)
    liked, disliked = planted.read(
        """
        MATCH (f:Movie {id: 'new'}) MATCH (u:User)
        WITH toInteger(u.id) % 2 AS taste, f.embedding_a AS film, u.embedding_a AS user
        RETURN taste, avg(reduce(s = 0.0, i IN range(0, 7) | s + film[i] * user[i])) AS score ORDER BY taste
        """
    )
    assert liked["score"] > disliked["score"] + 0.1


def untrained(parent: TrainReport, problem: Problem, options: Any) -> Recommender:
    """The parent's weights on another graph, not trained further."""
    torch.manual_seed(0)
    kind = MODELS["mgnn"]
    model = kind(problem, kind.defaults.with_changes(options))
    tensors, _ = registry.read_tensors(parent.folder / registry.MODEL_FILE)
    heritage.inherit(model, tensors, parent.model)
    return model


@pytest.mark.parametrize("name", ["mgnn", "mmgcn", "nfm"])
def test_the_same_seed_continues_to_the_same_numbers(
    planted: Graph, store: BlobStore, at: Settings, name: str
) -> None:
    options = {**SMALL, "model": name, "epochs": 2}
    first = train(planted, store, at, **options)
    planted.write(GROW)
    found = []
    for force in (False, True):
        report = train(planted, store, at, continue_from=first.model, force=force, **options)
        assert not report.reused
        found.append(registry.read_tensors(report.folder / registry.MODEL_FILE)[0])
    assert found[0].keys() == found[1].keys()
    for key, tensor in found[0].items():
        assert torch.equal(tensor, found[1][key]), key


def test_the_same_command_again_trains_nothing(
    planted: Graph, store: BlobStore, at: Settings, parent: TrainReport
) -> None:
    planted.write(GROW)
    child = train(planted, store, at, from_last=True, epochs=3)
    again = train(planted, store, at, from_last=True, epochs=3)
    assert (again.reused, again.model, again.parent) == (True, child.model, parent.model)
    # Said by its id, the parent of the same graph is trained further.
    further = train(planted, store, at, continue_from=child.model, epochs=3)
    assert (further.reused, further.parent) == (False, child.model)
    assert evaluate(planted, store, at, model=further.model).results.keys() == {"popularity", further.model}


def test_what_cannot_be_continued(
    planted: Graph, store: BlobStore, at: Settings, parent: TrainReport
) -> None:
    with pytest.raises(ModelError, match="knows no model tgnn"):
        train(planted, store, at, model="tgnn", from_last=True)
    with pytest.raises(UsageError, match=f"{parent.model} is no tgnn.*--model mgnn"):
        train(planted, store, at, model="tgnn", continue_from=parent.model)
    with pytest.raises(ModelError, match="no such model"):
        train(planted, store, at, continue_from="mgnn-0")
    with pytest.raises(ModelError, match="other dimensions"):
        train(planted, store, at, continue_from=parent.model, dimension=12)
    with pytest.raises(UsageError, match="exclude each other"):
        train(planted, store, at, continue_from=parent.model, from_last=True)
    assert [row["id"] for row in planted.read("MATCH (m:Model) RETURN m.id AS id")] == [parent.model]
