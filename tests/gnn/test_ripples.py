"""A model learns from ripples as from the graph: by Cypher, with no graph in memory, and from a snapshot."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from cli import main
from gnn import heterograph, registry, sampled
from gnn.evaluation import evaluate
from gnn.models import MODELS
from gnn.models.base import Options, Recommender
from gnn.problem import Task
from gnn.ripples import RippleLearner
from gnn.run import Run
from gnn.sampler import CLICK
from gnn.training import CHECKPOINT, train
from gnn.writeback import embed
from kg import Graph
from mmkg.errors import UsageError
from mmkg.settings import Settings
from storage import BlobStore

SMALL = {"dimension": 8, "epochs": 10, "learning_rate": 0.05, "batch_size": 8}
FACTS = """
MATCH (m:Movie) WITH m, 'maker ' + toString(toInteger(m.id) % 7) AS maker
MERGE (p:Entity:Person {id: maker}) MERGE (p)-[:DIRECTED]->(m)
WITH count(*) AS films
MATCH (a:Movie {id: '3'}) CREATE (a)-[:HAS_KEYWORD]->(:Entity:Keyword {id: 'once only'})
"""
LEAK = """
MATCH (u:User), (m:Movie) WHERE NOT EXISTS { (u)-[:CLICKED]->(m) }
WITH u, collect(m)[..4] AS films
FOREACH (m IN films[..2] | CREATE (u)-[:CLICKED {split: 'test'}]->(m))
FOREACH (m IN films[2..] | CREATE (u)-[:RATED {rating: 1}]->(m))
FOREACH (m IN films[1..] | CREATE (m)-[:CO_CLICKED {weight: 9}]->(:Item:Movie {id: u.id + ' ' + m.id}))
"""
both = pytest.mark.parametrize("sampler", ["cypher", "snapshot"])
learners = pytest.mark.parametrize("name", ["mgnn", "mgnn-paper"])


@pytest.fixture
def facts(planted: Graph) -> Graph:
    planted.write(FACTS)
    return planted


def options_of(name: str, **changes: Any) -> tuple[type[Recommender], Options]:
    kind = MODELS[name]
    return kind, kind.defaults.with_changes({**SMALL, **kind.on_ripples, **changes})


def task_of(
    graph: Graph, store: BlobStore, at: Settings, sampler: str, name: str, fanout: int, **changes: Any
) -> tuple[Task, Recommender]:
    kind, options = options_of(name, **changes)
    task = sampled.load(
        graph,
        store,
        at,
        sampler=sampler,
        fanouts={"": fanout, "CLICKED>": fanout},
        kind=kind,
        options=options,
    )
    torch.manual_seed(0)
    return task, kind(task.problem, options)


@both
@learners
@pytest.mark.parametrize("hops", [1, 2])
def test_without_limits_ripples_give_the_vectors_of_the_whole_graph(
    facts: Graph, store: BlobStore, at: Settings, sampler: str, name: str, hops: int
) -> None:
    kind, options = options_of(name, hops=hops)
    whole_task = sampled.load(facts, store, at, sampler="", fanouts=None, kind=kind, options=options)
    whole = kind(whole_task.problem, options)
    task, model = task_of(facts, store, at, sampler, name, 10_000, hops=hops)
    model.load_state_dict(whole.state_dict())
    assert task.source
    learner = RippleLearner(model, task.source)
    whole.eval()
    model.eval()
    with torch.no_grad():
        films, layers = learner.vectors(np.arange(model.problem.items))
        wanted = whole.vectors()[1]
    assert torch.allclose(films, wanted, atol=1e-5)
    expected = whole.user_layers()
    assert expected
    assert torch.allclose(layers.causes(), expected.causes(), atol=1e-5)
    scores = learner.judge().scorer()(torch.arange(5))
    assert torch.allclose(scores, whole.scorer()(torch.arange(5)), atol=1e-5)


def test_by_cypher_no_relation_is_in_memory(facts: Graph, store: BlobStore, at: Settings) -> None:
    task, _ = task_of(facts, store, at, "cypher", "mgnn", 5)
    graph = task.problem.ripple.graph
    kinds = heterograph.edge_types(graph)
    assert {relation for _, relation, _ in kinds} == {"CLICKED", "HAS_GENRE", "DIRECTED", "HAS_KEYWORD"}
    assert all(graph.num_edges(kind) == 1 for kind in kinds)
    assert graph.num_edges(CLICK) == 1


@both
def test_training_finds_the_planted_taste_by_ripples(
    facts: Graph, store: BlobStore, at: Settings, sampler: str
) -> None:
    report = train(facts, store, at, sampler=sampler, fanouts={"": 5}, **SMALL)
    assert report.metrics["recall"] > 0.5  # chance is at .29: tests/gnn/test_training.py
    options = registry.read_header(at, report.model).options
    assert options["linear_share"] == 0
    found = evaluate(facts, store, at, model=report.model).results[report.model]
    assert found.recall > 0.45
    assert embed(facts, store, at, model=report.model).films == 40


@both
@learners
def test_the_same_seed_gives_the_same_numbers(
    facts: Graph, store: BlobStore, at: Settings, sampler: str, name: str
) -> None:
    options: dict[str, Any] = {**SMALL, "epochs": 2, "model": name, "sampler": sampler, "fanouts": {"": 3}}
    first = train(facts, store, at, **options)
    tensors = registry.read_tensors(first.folder / registry.MODEL_FILE)[0]
    assert train(facts, store, at, **options).reused
    again = train(facts, store, at, force=True, **options)
    for key, tensor in registry.read_tensors(again.folder / registry.MODEL_FILE)[0].items():
        assert torch.equal(tensors[key], tensor), key


@both
def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(
    facts: Graph, store: BlobStore, at: Settings, sampler: str
) -> None:
    def run(epochs: int, file: str) -> Run:
        task, model = task_of(facts, store, at, sampler, "mgnn", 3, epochs=epochs, evaluate_every=1)
        torch.manual_seed(1)
        found = Run(model, task, at.home / file)
        found.resume("mgnn-0")
        found.until_the_end("mgnn-0")
        return found

    straight = run(4, "straight")
    run(2, CHECKPOINT)
    resumed = run(4, CHECKPOINT)
    assert len(resumed.curve) == 4
    for name, tensor in straight.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], tensor), name


@both
def test_a_step_moves_only_the_rows_that_were_drawn(
    facts: Graph, store: BlobStore, at: Settings, sampler: str
) -> None:
    task, model = task_of(facts, store, at, sampler, "mgnn", 2, batch_size=1)
    assert task.source
    learner = RippleLearner(model, task.source)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    (loss,) = learner.losses([torch.tensor([0])])
    for optimizer in learner.optimizers():
        loss.backward(retain_graph=True)  # type: ignore[no-untyped-call]
        optimizer.step()
    moved = (before["film"] != dict(model.named_parameters())["film"]).any(1)
    assert 0 < moved.sum() < model.problem.items / 2


@both
def test_what_is_held_out_changes_nothing(facts: Graph, store: BlobStore, at: Settings, sampler: str) -> None:
    def losses() -> list[float]:
        task, model = task_of(facts, store, at, sampler, "mgnn", 10_000, click_dropout=0)
        torch.manual_seed(5)
        assert task.source
        learner = RippleLearner(model, task.source)
        learner.model.eval()  # dropout would take other films away
        return [loss.item() for loss in learner.losses(torch.split(torch.arange(learner.count), 8))]

    facts.write("MATCH (u:User)-[c:CLICKED]->() SET c.split = 'train'")
    names = facts.read("MATCH (m:Movie), (u:User) RETURN count(DISTINCT m) AS films")
    before = losses()
    facts.write(LEAK.replace("(:Item:Movie {id: u.id + ' ' + m.id})", "(m)"))
    assert facts.read("MATCH (m:Movie), (u:User) RETURN count(DISTINCT m) AS films") == names
    assert losses() == pytest.approx(before, rel=1e-5)


def test_wrong_wishes_are_answered(facts: Graph, store: BlobStore, at: Settings) -> None:
    with pytest.raises(UsageError, match="ripplenet learns from the whole graph alone"):
        train(facts, store, at, model="ripplenet", sampler="cypher")
    with pytest.raises(UsageError, match="mgnn learns from the whole graph alone"):
        train(facts, store, at, sampler="cypher", linear_share=0.5)
    with pytest.raises(UsageError, match="there is no sampler 'gremlin'"):
        train(facts, store, at, sampler="gremlin")
    with pytest.raises(UsageError, match="says nothing without --sampler"):
        train(facts, store, at, fanouts={"": 3})


def test_the_command_line_draws_by_cypher(
    facts: Graph,
    store: BlobStore,
    at: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MMKG_CACHE", str(at.cache))
    monkeypatch.setenv("MINIO_BUCKET", store.bucket)
    command = ["mmkg", "train", "--json", "--dimension", "8", "--epochs", "2", "--sampler", "cypher"]
    monkeypatch.setattr("sys.argv", [*command, "--fanout", "3", "--fanout", "<HAS_GENRE=2"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 0
    assert json.loads(capfd.readouterr().out)["epochs"] == 2
    monkeypatch.setattr("sys.argv", [*command, "--fanout", "HAS_GENRE"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert "neither N nor TYPE=N" in capfd.readouterr().err
