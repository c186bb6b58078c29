"""The paper's other systems: what each computes, against the formula in its module, and that each learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gnn.evaluation import measure
from gnn.models import MODELS, Problem, Recommender, model_class
from gnn.models.facts import Facts
from gnn.models.lengths import unit_vectors
from gnn.models.mmgcn import Mmgcn
from gnn.models.nfm import Nfm
from gnn.models.pairs import PAIRS, Negatives
from gnn.models.ripplenet import RippleNet, ripple_sets
from gnn.problem import Task, load_task
from gnn.registry import restore
from gnn.run import Run
from gnn.sampler import CLICK, Clicks, make_ripple
from gnn.training import CHECKPOINT, train
from gnn.writeback import embed
from kg import Graph
from mmkg.errors import ModelError, UsageError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import FILMS, USERS, fill, planted_problem

SYSTEMS = ("mmgcn", "nfm", "ripplenet", "tgnn")
LEARNING = {"dimension": 16, "epochs": 30, "batch_size": 64, "learning_rate": 0.02, "evaluate_every": 5}


def task_of(problem: Problem, seed: int = 0) -> Task:
    """Hold out two clicks of each user, drawn by a seed, for valid; the ripple holds the others alone."""
    random = np.random.default_rng(seed)
    held = np.concatenate(
        [random.choice(np.flatnonzero(problem.clicks.users == user), 2, False) for user in range(USERS)]
    )
    kept = np.ones(len(problem.clicks), dtype=bool)
    kept[held] = False
    splits = {"train": _some(problem.clicks, kept), "valid": _some(problem.clicks, ~kept)}
    return Task(replace(problem, clicks=splits["train"]), splits, {})


def _some(clicks: Clicks, chosen: np.ndarray) -> Clicks:
    return Clicks(clicks.users[chosen], clicks.items[chosen], clicks.times[chosen])


def trained(name: str, task: Task, folder: Path, **changes: float) -> Recommender:
    torch.manual_seed(1)
    kind = model_class(name)
    run = Run(
        kind(task.problem, kind.defaults.with_changes({**LEARNING, **changes})), task, folder / CHECKPOINT
    )
    run.until_the_end(name)
    run.model.load_state_dict(run.best)
    return run.model


def make(name: str, problem: Problem, **changes: float) -> Recommender:
    torch.manual_seed(0)
    kind = model_class(name)
    return kind(problem, kind.defaults.with_changes({"dimension": 6, **changes}))


def film_and_entity() -> Problem:
    """Two films that share a genre and a country; the user clicked the first."""
    ids = {"user": ["u", "v"], "item": ["a", "b"], "entity": ["drama", "france"]}
    edges = {
        CLICK: (["u"], ["a"]),
        ("item", "HAS_GENRE", "entity"): (["a", "b"], ["drama", "drama"]),
        ("item", "FROM_COUNTRY", "entity"): (["a", "b"], ["france", "france"]),
    }
    return Problem(make_ripple(ids, edges), Clicks(np.array([0]), np.array([0]), np.array([-1.0])))


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_finds_the_planted_taste(name: str, tmp_path: Path) -> None:
    task = task_of(planted_problem())
    metrics = measure(trained(name, task, tmp_path), task.clicks, "valid")
    # A user has 32 films left to list, 12 of them of his taste and 2 of these wanted: chance is at .31.
    assert metrics.recall > 0.5


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_held_out_click_reaches_a_system(name: str, tmp_path: Path) -> None:
    task = task_of(planted_problem())
    other = task_of(planted_problem(), seed=5).clicks["valid"]
    # Neither is the last look at the valid clicks: what was learned until then must not know them.
    options = {"epochs": 2, "evaluate_every": 2}
    one = trained(name, task, tmp_path, **options).state_dict()
    same = trained(name, replace(task, clicks={**task.clicks, "valid": other}), tmp_path, **options)
    assert all(torch.equal(one[key], tensor) for key, tensor in same.state_dict().items())


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_is_saved_and_restored(
    graph: Graph, store: BlobStore, settings: Settings, tmp_path: Path, name: str
) -> None:
    at = settings.model_copy(update={"home": tmp_path, "cache": tmp_path / "cache"})
    fill(graph)
    report = train(graph, store, at, model=name, dimension=8, epochs=4, evaluate_every=1)
    task = load_task(graph, store, at)
    model, header = restore(at, report.model, task.problem)
    assert header.name == name
    assert measure(model, task.clicks, "valid").to_json() == report.metrics
    if name in ("nfm", "ripplenet"):
        with pytest.raises(ModelError, match=f"the model {name} has no vectors") as failure:
            embed(graph, store, at)
        assert "mgnn" in str(failure.value.remedy)
        assert graph.read("MATCH (m:Model {active: true}) RETURN m.id") == []
    else:
        assert embed(graph, store, at).films == FILMS
    graph.write("CREATE (:User {id: 'new'})")
    problem = load_task(graph, store, at).problem
    if MODELS[name].numbers_users:
        with pytest.raises(ModelError, match="other users, films or facts"):
            restore(at, report.model, problem)
    else:
        assert restore(at, report.model, problem)[1] == header


def test_nfm_pools_all_pairs_of_features() -> None:
    problem = film_and_entity()
    model = make("nfm", problem, hops=1, layers=0).eval()
    assert isinstance(model, Nfm)
    with torch.no_grad():
        value = 0.5**0.5
        features = [model.user[0], model.film[1], value * model.entity[0], value * model.entity[1]]
        pooled = sum(f[:-1] * g[:-1] for n, f in enumerate(features) for g in features[n + 1 :])
        expected = model.network(pooled[None]).squeeze() + model.bias + sum(f[-1] for f in features)
    torch.testing.assert_close(model.scorer()(torch.tensor([0]))[0, 1], expected)
    with pytest.raises(UsageError, match="hops must be 0 or 1"):
        make("nfm", problem, hops=2)


def test_nfm_scores_alike_however_the_users_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make("nfm", planted_problem())
    whole = model.scorer()(torch.arange(USERS))
    assert USERS * FILMS < PAIRS
    monkeypatch.setattr("gnn.models.pairs.PAIRS", 5 * FILMS)
    torch.testing.assert_close(model.scorer()(torch.arange(USERS)), whole)


def test_negatives_are_films_that_the_user_did_not_click() -> None:
    clicks = planted_problem().clicks
    negatives = Negatives(clicks, FILMS)
    users = torch.arange(USERS).repeat(200)
    drawn = set(zip(users.tolist(), negatives.draw(users).tolist(), strict=True))
    clicked = set(zip(clicks.users.tolist(), clicks.items.tolist(), strict=True))
    assert not drawn & clicked
    assert len(drawn) > 0.9 * (USERS * FILMS - len(clicked))


def test_a_user_of_all_films_gets_some_negative() -> None:
    clicks = Clicks(np.zeros(3, np.int64), np.arange(3), np.full(3, -1.0))
    assert set(Negatives(clicks, 3).draw(torch.zeros(20, dtype=torch.int64)).tolist()) <= {0, 1, 2}


def test_ripple_sets_hold_facts_that_go_on_from_one_another() -> None:
    problem = planted_problem()
    facts = Facts.of(problem)
    heads, relations, tails, known = ripple_sets(problem, facts, hops=2, memory=7)
    assert heads.shape == relations.shape == tails.shape == (USERS, 2, 7)
    assert known.all()
    for user in range(USERS):
        clicked = set(problem.clicks.items[problem.clicks.users == user].tolist())
        assert set(heads[user, 0].tolist()) <= clicked
        # The planted facts: film n has the genre of its parity, and the genre has the film.
        assert set(tails[user, 0].tolist()) == {FILMS + user % 2}
        assert set(heads[user, 1].tolist()) == {FILMS + user % 2}
        assert {film % 2 for film in tails[user, 1].tolist()} == {user % 2}
    assert len(set(relations[:, 0].flatten().tolist())) == 1
    assert not set(relations[:, 0].flatten().tolist()) & set(relations[:, 1].flatten().tolist())
    again = ripple_sets(problem, facts, hops=2, memory=7)
    assert torch.equal(tails, again[2])


def test_ripplenet_is_the_formula_computed_by_hand() -> None:
    problem = film_and_entity()
    model = make("ripplenet", problem, hops=2, memory=3)
    assert isinstance(model, RippleNet)
    heads, relations, tails, known = ripple_sets(problem, Facts.of(problem), hops=2, memory=3)
    assert known.tolist() == [True, False]
    with torch.no_grad():
        film, heard = model.nodes[1], torch.zeros(6)
        for hop in range(2):
            facts = list(zip(heads[0, hop], relations[0, hop], tails[0, hop], strict=True))
            attention = torch.stack(
                [film @ model.relations[r] @ model.nodes[h] for h, r, _ in facts]
            ).softmax(0)
            response = sum(p * model.nodes[t] for p, (_, _, t) in zip(attention, facts, strict=True))
            film, heard = model.transform.weight @ (film + response), heard + response
    scores = model.scorer()(torch.tensor([0, 1]))
    torch.testing.assert_close(scores[0, 1], film @ heard)
    assert scores[1].tolist() == [0, 0]  # of whom no fact is known
    plain = make("ripplenet", problem, hops=2, memory=3, kge_weight=0, l2_weight=0)
    torch.manual_seed(4)
    loss = model.loss(torch.tensor([0]))
    torch.manual_seed(4)
    triples = list(zip(heads[0].flatten(), relations[0].flatten(), tails[0].flatten(), strict=True))
    nodes, matrices = plain.nodes, plain.relations
    likely = sum((nodes[h] @ matrices[r] @ nodes[t]).sigmoid() / 3 for h, r, t in triples)
    squares = sum(
        nodes[h] @ nodes[h] + nodes[t] @ nodes[t] + matrices[r].square().sum() for h, r, t in triples
    )
    torch.testing.assert_close(loss, plain.loss(torch.tensor([0])) - 0.01 * likely + 1e-7 * squares)


def test_ripplenet_knows_nobody_where_there_are_no_facts() -> None:
    ids = {"user": ["u"], "item": ["a", "b"], "entity": []}
    problem = Problem(
        make_ripple(ids, {CLICK: (["u"], ["a"])}), Clicks(np.array([0]), np.array([0]), np.array([-1.0]))
    )
    model = make("ripplenet", problem)
    assert torch.isfinite(model.loss(torch.tensor([0])))
    assert model.scorer()(torch.tensor([0])).tolist() == [[0, 0]]


def test_mmgcn_is_the_formula_computed_by_hand() -> None:
    problem = planted_problem(text=np.random.default_rng(0).normal(size=(FILMS, 5)).astype(np.float32))
    model = make("mmgcn", problem, hops=1).eval()
    assert isinstance(model, Mmgcn)
    layer, leaky = model.layers["text"][0], torch.nn.functional.leaky_relu
    clicked = problem.clicks.items[problem.clicks.users == 3]
    with torch.no_grad():
        films = torch.nn.functional.normalize(model.media.by_view()["text"], dim=1)
        taste = torch.nn.functional.normalize(model.taste["text"][3], dim=0)
        heard = leaky(layer.heard(films[clicked].mean(0)))
        user = leaky(layer.next(heard) + leaky(layer.own(taste)) + model.user[3])
        given = model.vectors()[0][3]
    torch.testing.assert_close(given[:-1], user / user.norm())


def test_unit_vectors_rank_as_the_vectors_did() -> None:
    users, films = torch.randn(5, 4), torch.randn(9, 4) * torch.rand(9, 1)
    one, other = unit_vectors(users, films)
    for vectors in (one, other):
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(vectors)))
    assert torch.equal((one @ other.T).argsort(1), (users @ films.T).argsort(1))


def test_the_facts_of_one_kind_come_with_their_relations() -> None:
    facts = Facts.of(film_and_entity()).facts
    edges = {
        (fact.source, fact.target): sorted(zip(*(c.tolist() for c in fact.edges()), strict=True))
        for fact in facts
    }
    # FROM_COUNTRY is relation 0 and, backwards, 1; HAS_GENRE is 2 and 3.
    assert edges["item", "entity"] == [(0, 0, 2), (0, 1, 0), (1, 0, 2), (1, 1, 0)]
    assert edges["entity", "item"] == [(0, 0, 3), (0, 1, 3), (1, 0, 1), (1, 1, 1)]
