from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gnn import heterograph
from gnn.learner import adam
from gnn.models import MODELS, Popularity, Problem, Recommender, model_class
from gnn.models.facts import Facts
from gnn.models.media import MediaEncoder, MediaOptions
from gnn.models.pairs import Negatives
from gnn.sampler import CLICK, Clicks, make_ripple
from mmkg.errors import GraphError, ModelError, UsageError
from tests.gnn.planted import FILMS, USERS, planted_problem

SHAPES = {"text": (384,), "image": (1280,), "audio": (1, 16, 24), "video": (4, 1280)}


def features(seed: int = 0, **counts: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: random.normal(size=(n, *SHAPES[name])).astype(np.float32) for name, n in counts.items()}


EMBEDDED = sorted(name for name, kind in MODELS.items() if kind.vectors is not Recommender.vectors)
"""The models whose scores are dot products of vectors."""


def make(name: str, problem: Problem, **changes: float) -> Recommender:
    torch.manual_seed(0)
    kind = model_class(name)
    return kind(problem, kind.defaults.with_changes({"dimension": 8, **changes}))


def test_a_weighted_sum_is_that_computed_by_hand() -> None:
    graph = heterograph.bipartite(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 2]), 2, 3)
    values = torch.tensor([[1.0, 2.0], [10.0, 20.0]])
    assert heterograph.weighted_sum(graph, values).tolist() == [[11, 22], [0, 0], [10, 20]]
    weighted = heterograph.weighted_sum(graph, values, torch.tensor([1.0, 0.5, 2.0]))
    assert weighted.tolist() == [[6, 12], [0, 0], [20, 40]]


def test_entities_with_one_fact_are_left_out() -> None:
    ids = {"user": ["u"], "item": ["a", "b"], "entity": ["lonely", "shared"]}
    edges = {
        CLICK: (["u"], ["a"]),
        ("item", "HAS_GENRE", "entity"): (["a", "a", "b"], ["lonely", "shared", "shared"]),
    }
    clicks = Clicks(np.array([0]), np.array([0]), np.array([-1.0]))
    facts = Facts.of(Problem(make_ripple(ids, edges), clicks))
    assert (facts.entities, facts.relations) == (1, 2)
    assert {(fact.source, fact.target): fact.share.tolist() for fact in facts.facts} == {
        ("entity", "item"): [1, 1],
        ("item", "entity"): [0.5, 0.5],
    }


@pytest.mark.parametrize("name", EMBEDDED)
def test_vectors_have_unit_length_and_the_chosen_width(name: str) -> None:
    problem = planted_problem(**features(text=FILMS, image=30, audio=3, video=2))
    model = make(name, problem)
    for batch in (torch.arange(4), torch.tensor([5])):
        loss = model.loss(batch)
        assert loss.shape == ()
        assert torch.isfinite(loss)
    loss.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        users, items = model.eval().vectors()
    assert (users.shape, items.shape) == ((USERS, 8), (FILMS, 8))
    for vectors in (users, items):
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(vectors)))
    torch.testing.assert_close(model.scorer()(torch.tensor([2, 3])), users[[2, 3]] @ items.T)


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_modality_reaches_the_vectors_and_text_alone_those_of_tgnn(name: str) -> None:
    given = features(text=FILMS, image=FILMS, audio=FILMS, video=FILMS)
    plain = make(name, planted_problem(**given)).eval()
    for modality in given:
        changed = make(
            name, planted_problem(**{**given, modality: features(9, **{modality: FILMS})[modality]})
        )
        with torch.no_grad():
            same = torch.allclose(plain.vectors()[1], changed.eval().vectors()[1])
        assert same == (name == "tgnn" and modality != "text"), modality


def test_a_film_without_media_gets_nothing_from_them() -> None:
    problem = planted_problem(**features(text=10, image=5))
    encoder = MediaEncoder(problem, 8, MediaOptions()).eval()
    with torch.no_grad():
        media = encoder()
    assert (media[:10] != 0).any(1).all()
    assert (media[10:] == 0).all()


def test_a_medium_that_could_not_be_encoded_adds_nothing() -> None:
    problem = planted_problem(**features(text=10))
    present = torch.ones(10, dtype=torch.bool)
    present[4] = False
    with torch.no_grad():
        media = MediaEncoder(replace(problem, present={"text": present}), 8, MediaOptions()).eval()()
    assert (media[4] == 0).all()
    assert (media[5] != 0).any()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_user_without_clicks_gets_scores(name: str) -> None:
    problem = planted_problem()
    kept = problem.clicks.users != 3
    clicks = Clicks(
        *(column[kept] for column in (problem.clicks.users, problem.clicks.items, problem.clicks.times))
    )
    scores = make(name, replace(problem, clicks=clicks)).scorer()(torch.arange(USERS))
    assert scores.shape == (USERS, FILMS)
    assert torch.isfinite(scores).all()


def test_fresh_clicks_move_a_user_without_training() -> None:
    problem = planted_problem()
    model = make("mgnn", problem).eval()
    clicks = Clicks(
        np.append(problem.clicks.users, 0),
        np.append(problem.clicks.items, 1),
        np.append(problem.clicks.times, -1.0),
    )
    fresh = make("mgnn", replace(problem, clicks=clicks)).eval()
    fresh.load_state_dict(model.state_dict())
    with torch.no_grad():
        before, after = model.vectors()[0], fresh.vectors()[0]
    assert not torch.allclose(before[0], after[0])
    torch.testing.assert_close(before[1:], after[1:])


def test_a_planted_text_tells_films_that_nobody_clicked() -> None:
    """The texts decide the clicks; films without a click can be told apart by their text, and only by it."""
    random = np.random.default_rng(3)
    text = random.normal(size=(FILMS, 16)).astype(np.float32)
    text[1::2, :8] += 4
    unseen = np.arange(30, FILMS)

    def accuracy(problem: Problem) -> float:
        kept = ~np.isin(problem.clicks.items, unseen)
        clicks = Clicks(
            *(c[kept] for c in (problem.clicks.users, problem.clicks.items, problem.clicks.times))
        )
        model = make("mgnn", replace(problem, clicks=clicks), hops=0, film_dropout=0.5, content_penalty=0)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(150):
            optimizer.zero_grad()
            model.loss(torch.arange(USERS)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        scores = model.scorer()(torch.arange(USERS))[:, unseen]
        liked = torch.tensor([[u % 2 == i % 2 for i in unseen] for u in range(USERS)])
        # The chance that a user's liked unseen film is above one of the other taste.
        better = [
            (s[mine][:, None] > s[~mine][None]).float().mean() for s, mine in zip(scores, liked, strict=True)
        ]
        return float(torch.stack(better).mean())

    assert accuracy(planted_problem(text=text)) > 0.9
    assert accuracy(planted_problem()) < 0.7


def test_a_click_is_ranked_among_all_films_or_those_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Negatives, "draw", lambda _self, users: (users + 1) % 2)
    problem = planted_problem()
    users, clicked = torch.from_numpy(problem.clicks.users), torch.from_numpy(problem.clicks.items)
    whole = dict.fromkeys(("click_dropout", "film_dropout", "fact_dropout", "linear_share"), 0.0)

    def found_and_scores(negatives: int) -> tuple[torch.Tensor, torch.Tensor]:
        model = make("mgnn", problem, negatives=negatives, **whole)
        scores = model.scorer()(users) / 0.3  # the temperature
        return model.train().loss(torch.arange(USERS)).detach(), scores

    found, scores = found_and_scores(0)
    chosen = scores[torch.arange(len(users)), clicked]
    torch.testing.assert_close(found, (scores.logsumexp(1) - chosen).mean())
    found, scores = found_and_scores(1)
    drawn = scores[torch.arange(len(users)), (users + 1) % 2]
    torch.testing.assert_close(found, torch.log1p((drawn - chosen).exp()).mean())
    with pytest.raises(UsageError, match="negatives must be 0 or more"):
        make("mgnn", problem, negatives=-1)


def test_some_users_show_a_training_step_few_clicks() -> None:
    torch.manual_seed(0)
    problem = planted_problem()
    position = torch.tensor([0] * 40 + [1] * 2 + [3] * 500)[torch.randperm(542)]
    whole = make("mgnn", problem, click_dropout=0.0, few_share=0.0)
    assert whole._kept(position, 4).all()
    model = make("mgnn", problem, click_dropout=0.0, few_share=0.5, few_clicks=3)
    shown = torch.stack([torch.bincount(position[model._kept(position, 4)], minlength=4) for _ in range(400)])
    for user, clicks in ((0, 40), (3, 500)):
        counts = torch.bincount(shown[:, user], minlength=501)
        assert counts.nonzero().flatten().tolist() == [0, 1, 2, 3, clicks]
        assert 0.4 < counts[clicks] / 400 < 0.6
        assert (counts[:4] > 25).all()
    assert set(shown[:, 1].tolist()) == {0, 1, 2}
    assert not shown[:, 2].any()


def test_the_linear_prior_is_so_many_clicks_of_an_average_user() -> None:
    problem = planted_problem()
    plain, moved = (make("mgnn", problem, linear_prior=prior) for prior in (0.0, 3.0))
    average = moved.linear_causes[torch.from_numpy(problem.clicks.items)].mean(0)
    torch.testing.assert_close(moved.user_layers().blocks[1].bias, 3 * average)
    assert not plain.user_layers().blocks[1].bias.any()
    # With nothing but the linear model, a new user of one click is the sum of that click and of the prior.
    clicks = heterograph.bipartite(torch.tensor([4]), torch.tensor([0]), problem.items, 1)
    expected = torch.nn.functional.normalize(moved.linear_causes[4] + 3 * average, dim=0)
    torch.testing.assert_close(moved.user_layers().users(clicks)[0, -len(expected) :], expected)


def test_attention_is_learned_unless_switched_off() -> None:
    problem = planted_problem(**features(text=FILMS))
    learned: dict[int, set[str]] = {}
    for attention in (0, 1):
        model = make("mgnn", problem, attention=attention)
        before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        optimizer = adam(model, model.parameters())
        model.loss(torch.arange(USERS)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        learned[attention] = {
            name for name, weight in model.named_parameters() if not torch.equal(weight, before[name])
        }
    assert learned[1] - learned[0] == {"facts.attention", "media.weights.text"}
    with pytest.raises(UsageError, match="attention must be 1 or 0"):
        make("mgnn", problem, attention=2)


def test_popularity_counts_training_clicks() -> None:
    problem = planted_problem()
    scores = Popularity(problem, Popularity.defaults).scorer()(torch.tensor([0, 5]))
    expected = np.bincount(problem.clicks.items, minlength=FILMS)
    assert scores.tolist() == [expected.tolist()] * 2


def test_features_that_are_no_numbers_are_named() -> None:
    broken = features(text=FILMS)
    broken["text"][7, 3] = np.nan
    with pytest.raises(ModelError, match="text 07"):
        planted_problem(**broken)


def test_features_for_other_media_are_refused() -> None:
    problem = planted_problem(**features(text=FILMS))
    with pytest.raises(ModelError, match="3 text features for 40"):
        replace(problem, features={"text": torch.zeros(3, 384)})


def test_a_problem_needs_films_and_clicks() -> None:
    problem = planted_problem()
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(GraphError, match="no click"):
        replace(problem, clicks=Clicks(nothing, nothing, nothing.astype(float)))


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="no setting width"):
        model_class("mgnn").defaults.with_changes({"width": 3})
    with pytest.raises(UsageError, match="dimension must be above 0"):
        model_class("mgnn").defaults.with_changes({"dimension": 0})
    with pytest.raises(UsageError, match="Known models: mgnn, mgnn-paper"):
        model_class("gpt")


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_user_layers_give_the_users_unless_the_model_numbers_them(name: str) -> None:
    problem = planted_problem(**features(text=FILMS))
    model = make(name, problem).eval()
    with torch.no_grad():
        layers = model.user_layers()
        users = model.vectors()[0]
    assert (layers is None) == model.numbers_users
    if layers is None:
        return
    causes, properties = layers.causes().detach(), layers.properties()
    clicked = problem.clicks.items[problem.clicks.users == 3]
    blocks, start = [], 0
    for width, power, activation in zip(
        properties["user_widths"], properties["user_powers"], properties["user_activations"], strict=True
    ):
        part = slice(start, start := start + width)
        block = causes[clicked, part].sum(0) / len(clicked) ** power
        block = block + torch.tensor(properties["user_bias"][part])
        blocks.append(block / block.norm() if activation == "unit" else block.tanh())
    user = torch.cat(blocks)
    if properties["user_conversion"] is not None:
        user = torch.tensor(properties["user_conversion"]).view(-1, len(user)) @ user
    user = torch.nn.functional.pad(user, (0, 8 - len(user)))
    torch.testing.assert_close(user / user.norm(), users[3])


@pytest.mark.parametrize("name", ["mgnn", "mgnn-paper", "mmgcn"])
def test_a_modality_that_is_switched_off_is_as_if_the_graph_had_none(name: str) -> None:
    model = make(name, planted_problem(**features(text=FILMS, image=FILMS)), image=0)
    text_alone = make(name, planted_problem(**features(text=FILMS)))
    assert {key: value.shape for key, value in model.state_dict().items()} == {
        key: value.shape for key, value in text_alone.state_dict().items()
    }
    with pytest.raises(UsageError, match="image must be 1 or 0, and is 2"):
        MODELS[name].defaults.with_changes({"image": 2})


def test_a_wrong_setting_is_answered_by_the_nearest_right_one() -> None:
    with pytest.raises(UsageError, match="Did you mean temperature"):
        MODELS["mgnn"].defaults.with_changes({"temprature": 0.2})
    with pytest.raises(UsageError, match="epochs must be a whole number"):
        MODELS["mgnn"].defaults.with_changes({"epochs": 2.5})
    with pytest.raises(UsageError, match="Did you mean mgnn"):
        model_class("mgn")
