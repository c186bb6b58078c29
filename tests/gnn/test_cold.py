"""Films and users that are held out whole: nothing of them is learned, and content tells the films."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gnn import heritage, heterograph
from gnn.cold import evaluate_cold, measure_cold, questions
from gnn.models import Popularity, Problem
from gnn.models.mgnn import Mgnn
from gnn.problem import load_task
from gnn.sampler import CLICK, COLD_SPLITS, SPLITS, Clicks, RippleSampler, make_ripple
from gnn.split import cold_part, ensure_split, split
from gnn.training import train
from gnn.writeback import embed
from kg import Graph
from mmkg.errors import GraphError, ModelError, UsageError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import ADD_CLICK, FILMS, USERS, fill, planted_problem

MARKS = "MATCH (n:{label}) WHERE n.cold IS NOT NULL RETURN n.cold AS part, collect(n.id) AS ids ORDER BY part"
MARK = "MATCH (n {id: $id}) WHERE n:Item OR n:User SET n.cold = $part"
ALL, ALONE = "cold films, among all", "cold films, among themselves"


def marks(graph: Graph, label: str) -> dict[str, set[str]]:
    return {row["part"]: set(row["ids"]) for row in graph.read(MARKS.format(label=label))}


def test_what_is_held_out_is_the_same_for_the_same_seed_and_disjoint(graph: Graph) -> None:
    fill(graph)
    report = split(graph, cold_films=0.2, cold_users=0.2)
    films, users = marks(graph, "Item"), marks(graph, "User")
    assert set(films) == set(users) == {"valid", "test"}
    assert not films["valid"] & films["test"]
    assert {part: count for part, (count, _) in report.films.items()} == {
        part: len(ids) for part, ids in films.items()
    }
    split(graph, cold_films=0.2, cold_users=0.2)
    assert marks(graph, "Item") == films
    split(graph, cold_films=0.2, seed=1)
    assert marks(graph, "Item") != films
    assert marks(graph, "User") == users


def test_the_share_is_that_which_was_asked_for() -> None:
    parts = [cold_part("Item", str(number), 0.1, seed=0) for number in range(5000)]
    assert 0.08 < parts.count("valid") / 5000 < 0.12
    assert 0.08 < parts.count("test") / 5000 < 0.12


def test_without_marks_the_split_is_as_it_was(graph: Graph) -> None:
    fill(graph)
    ensure_split(graph)
    before = RippleSampler(graph).snapshot().fingerprint()
    split(graph, cold_films=0.2, cold_users=0.2)
    assert RippleSampler(graph).snapshot().fingerprint() != before
    split(graph, cold_films=0, cold_users=0)
    assert RippleSampler(graph).snapshot().fingerprint() == before


@pytest.mark.parametrize("share", [-0.1, 0.41, float("nan")])
def test_a_share_that_makes_no_sense_is_refused(graph: Graph, share: float) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        split(graph, cold_films=share)


def test_no_click_of_a_cold_film_or_user_is_seen_anywhere(
    graph: Graph, store: BlobStore, at: Settings
) -> None:
    fill(graph)
    ensure_split(graph)
    for node in ("4", "5"):  # both a film's and a user's id
        graph.write(MARK, id=node, part="test")
    before = load_task(graph, store, at)
    for number in range(USERS):  # a film that everybody clicks would be the plainest of leaks
        for kind in ("train", "valid", "test", None):
            graph.write(ADD_CLICK, user=str(number), film="5", split=kind)
        graph.write(ADD_CLICK, user="4", film=str(number), split="train")
    sampler = RippleSampler(graph, hops=3, fanout=1000)
    for ripple in (sampler.snapshot(), sampler.sample(["0", "1", "2"])):
        users, items = (column.tolist() for column in heterograph.edges(ripple.graph, CLICK))
        assert not {"4", "5"} & {ripple.ids["user"][user] for user in users}
        assert not {"4", "5"} & {ripple.ids["item"][item] for item in items}
    after = load_task(graph, store, at)
    assert after.problem.ripple.fingerprint() == before.problem.ripple.fingerprint()
    for name in SPLITS:  # neither to learn from nor to stop by
        np.testing.assert_array_equal(after.clicks[name].items, before.clicks[name].items)
        np.testing.assert_array_equal(after.clicks[name].users, before.clicks[name].users)
    cold = load_task(graph, store, at, splits=SPLITS + COLD_SPLITS).clicks
    ids = after.problem.ripple.ids
    assert {ids["item"][item] for item in cold["cold film test"].items} == {"4", "5"}
    assert {ids["user"][user] for user in cold["cold user test"].users} == {"4", "5"}
    assert not len(cold["cold film valid"])


def cold_task() -> tuple[Problem, dict[str, Clicks]]:
    """The planted graph, where a text tells a film's taste, and every fifth film and user are held out."""
    random = np.random.default_rng(3)
    text = random.normal(size=(FILMS, 16)).astype(np.float32)
    text[1::2, :8] += 4
    problem = planted_problem(text=text)
    clicks = problem.clicks
    film, user = clicks.items % 5 == 0, clicks.users % 5 == 0
    last = np.append(clicks.users[1:] != clicks.users[:-1], True)

    def taken(chosen: np.ndarray) -> Clicks:
        return Clicks(clicks.users[chosen], clicks.items[chosen], clicks.times[chosen])

    parts = {
        "train": taken(~film & ~user & ~last),
        "valid": taken(np.zeros_like(film)),
        "test": taken(~film & ~user & last),
        "cold film test": taken(film & ~user),
        "cold user test": taken(user & ~film),
    }
    return replace(problem, clicks=parts["train"]), parts


def learned(problem: Problem, **changes: float) -> Mgnn:
    torch.manual_seed(0)
    model = Mgnn(problem, Mgnn.defaults.with_changes({"dimension": 16, "hops": 0, **changes}))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        model.loss(torch.arange(problem.users)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return model


BLIND = {"hops": 0, "text": 0, "content_penalty": 0}


def test_content_ranks_cold_films_and_a_model_without_content_cannot() -> None:
    problem, clicks = cold_task()
    told, blind = (measure_cold(learned(problem, **changes), clicks, "test", 4) for changes in ({}, BLIND))
    assert told[ALONE].average().recall > 0.9
    assert blind[ALONE].average().recall < 0.8  # half of the films are listed, so half of the clicks


def test_an_offset_lifts_cold_films_among_all() -> None:
    problem, clicks = cold_task()
    flat, lifted = (
        measure_cold(learned(problem, cold_offset=offset), clicks, "test", 4) for offset in (0.0, 1.0)
    )
    assert lifted[ALL].average().recall > flat[ALL].average().recall
    assert lifted[ALONE].average().recall == pytest.approx(flat[ALONE].average().recall)


def test_the_layers_of_the_database_score_as_the_vectors_do() -> None:
    problem, _ = cold_task()
    model = learned(problem, cold_offset=0.3)
    clicks = heterograph.bipartite(
        torch.from_numpy(problem.clicks.items),
        torch.from_numpy(problem.clicks.users),
        problem.items,
        problem.users,
    )
    scores = model.new_users(clicks)
    assert scores is not None
    torch.testing.assert_close(scores, model.scorer()(torch.arange(problem.users)))


def test_new_users_are_given_their_first_clicks_and_asked_for_the_others() -> None:
    _, clicks = cold_task()
    new = clicks["cold user test"]
    times = np.arange(len(new))[::-1].astype(float)  # the last in the table came first
    clicks["cold user test"] = Clicks(new.users, new.items, times)
    asked = {name: question for name, question in questions(clicks, FILMS, "test") if question.first}
    assert list(asked) == ["new users, 1 click", *(f"new users, {count} clicks" for count in range(2, 6))]
    for count, question in enumerate(asked.values(), start=1):
        for user in question.users:
            of_user = new.items[new.users == user]
            first = question.first.items[question.first.users == user]  # type: ignore[union-attr]
            assert set(first) == set(of_user[::-1][:count])
            assert set(question.wanted.items[question.wanted.users == user]) == set(of_user) - set(first)


def test_popularity_puts_cold_films_last() -> None:
    problem, clicks = cold_task()
    found = measure_cold(Popularity(problem, Popularity.defaults), clicks, "test", 4)
    assert found[ALL].average().recall == 0
    assert found["new users, 3 clicks"].average().recall > 0


def without(problem: Problem, film: str) -> Problem:
    """The problem as it was before a film came, with its text and its picture."""
    gone = {film, *(f"{modality} {film}" for modality in problem.features)}
    ids = {kind: [name for name in names if name not in gone] for kind, names in problem.ripple.ids.items()}
    edges = {}
    for edge_type in heterograph.edge_types(problem.ripple.graph):
        ends = zip(edge_type[::2], heterograph.edges(problem.ripple.graph, edge_type), strict=True)
        sources, targets = ([problem.ripple.ids[kind][i] for i in nodes] for kind, nodes in ends)
        pairs = [pair for pair in zip(sources, targets, strict=True) if not gone & set(pair)]
        edges[edge_type] = ([source for source, _ in pairs], [target for _, target in pairs])
    kept = {
        modality: features[[name not in gone for name in problem.ripple.ids[modality]]]
        for modality, features in problem.features.items()
    }
    return replace(problem, ripple=make_ripple(ids, edges), features=kept)


def test_a_film_with_plot_poster_and_facts_is_told_by_them_without_training() -> None:
    problem, _ = cold_task()
    name = problem.ripple.ids["item"][-1]  # of the taste of users of odd number
    clicks = problem.clicks
    kept = clicks.items != FILMS - 1
    problem = replace(problem, clicks=Clicks(clicks.users[kept], clicks.items[kept], clicks.times[kept]))
    before = learned(without(problem, name), hops=1)
    tensors = {name: weight.clone() for name, weight in before.state_dict().items()}
    tensors |= heritage.name_tensors(before)
    posters = np.random.default_rng(5).normal(size=(FILMS, 8)).astype(np.float32)
    shown = planted_problem(text=problem.features["text"].numpy(), image=posters)
    now = Mgnn(replace(shown, clicks=problem.clicks), before.options)
    heritage.induct(now, tensors, "before")
    with torch.no_grad():
        (users, films), (_, old) = now.eval().vectors(), before.eval().vectors()
    # What is new, a film and a kind of medium, changes nothing of the films that were there.
    torch.testing.assert_close(films[:-1][now._known()[:-1]], old[now._known()[:-1]])
    rank = (users @ films.T).argsort(1, descending=True).argsort(1)[:, -1]
    odd = torch.arange(USERS) % 2 == 1
    assert rank[odd].float().mean() + 5 < rank[~odd].float().mean()


NEW = """
CREATE (m:Item:Movie {id: 'new', title: 'New'})
WITH m MATCH (g:Genre {id: 'taste 1'})
CREATE (m)-[:HAS_GENRE]->(g), (m)-[:MADE_IN]->(:Entity:Place {id: 'there'})
"""
CLICKED = """
MATCH (m:Movie) WHERE EXISTS { (m)<-[:CLICKED {split: 'train'}]-() }
RETURN m.id AS id, m.embedding_a AS vector ORDER BY id
"""
RECOMMEND = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, {k: 40}) YIELD item, rank
WITH item ORDER BY rank RETURN collect(item.id) AS ids
"""


def test_a_film_that_came_after_the_training_is_embedded_by_its_content(
    planted: Graph, store: BlobStore, at: Settings
) -> None:
    model = train(planted, store, at, dimension=16, epochs=30, cold_offset=0.5).model
    embed(planted, store, at)
    before = planted.read(CLICKED)
    planted.write(NEW)
    report = embed(planted, store, at)
    assert (report.model, planted.read(CLICKED)) == (model, before)
    assert report.films == 1  # its facts say nothing new of the others that nobody clicked
    of_its_taste, of_the_other = (planted.read(RECOMMEND, user=user)[0]["ids"] for user in ("1", "2"))
    assert "new" in of_its_taste[:10]
    assert "new" not in of_the_other[: of_its_taste.index("new") + 1]
    assert embed(planted, store, at).films == 0


def test_the_report_of_the_cold_start(planted: Graph, store: BlobStore, at: Settings) -> None:
    train(planted, store, at, dimension=8, epochs=2)
    with pytest.raises(GraphError, match="held out whole"):
        evaluate_cold(planted, store, at)
    split(planted, cold_films=0.2, cold_users=0.2)
    with pytest.raises(ModelError, match="may know clicks"):  # it was trained before they were held out
        evaluate_cold(planted, store, at)
    model = train(planted, store, at, dimension=8, epochs=2).model
    report = evaluate_cold(planted, store, at)
    assert set(report.results[ALL]) == {"popularity", model}
    assert report.results[ALL]["popularity"].recall == 0
    assert len(report.rows()) == sum(map(len, report.results.values()))
