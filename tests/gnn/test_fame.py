"""What is known of a film before anybody clicked it, on a graph that is small enough to count by hand."""

from __future__ import annotations

import numpy as np
import torch

from gnn.models import Problem
from gnn.models.content import ContentMap
from gnn.models.fame import company, record
from gnn.sampler import CLICK, Clicks, make_ripple

FILMS = ["f0", "f1", "f2", "f3", "f4"]
CLICKS = {"f0": 6, "f1": 2, "f2": 2}  # f3 and f4 have none


def problem() -> Problem:
    """The star directs f0, f1 and f3, somebody else f2 and f4; f0 and f3 have a poster."""
    users = [f"u{n}" for n in range(6)]
    clicks = [(f"u{n}", film) for film, count in CLICKS.items() for n in range(count)]
    directed = [("star", film) for film in ("f0", "f1", "f3")] + [("other", film) for film in ("f2", "f4")]
    edges = {
        CLICK: ([user for user, _ in clicks], [film for _, film in clicks]),
        ("entity", "DIRECTED", "item"): ([who for who, _ in directed], [film for _, film in directed]),
        ("image", "POSTER_OF", "item"): (["p0", "p3"], ["f0", "f3"]),
    }
    ids = {"user": users, "item": FILMS, "entity": ["other", "star"], "image": ["p0", "p3"]}
    pairs = sorted((users.index(user), FILMS.index(film)) for user, film in clicks)
    columns = np.array(pairs).T
    return Problem(
        make_ripple(ids, edges),
        Clicks(columns[0], columns[1], np.full(len(pairs), -1.0)),
        {"image": torch.eye(2)},
    )


def test_company_is_the_mean_clicks_of_the_others_of_an_entity() -> None:
    fame = company(problem())[:, 0]
    # f0 is with f1 (2 clicks), f1 with f0 (6), f3 with both (4 on average), f4 with f2 (2), f2 with none.
    known = np.log1p([2, 6, 4, 2])
    expected = (known - known.mean()) / known.std()
    np.testing.assert_allclose(fame[[0, 1, 3, 4]], expected, rtol=1e-5)
    assert fame[2] == 0


def test_the_record_counts_facts_and_media_and_is_standardised_by_the_known_films() -> None:
    known = np.array([True, True, True, False, False])
    rows = record(problem(), known)
    # Each film has one director, which tells nothing; f2's has no other film with clicks; f0 has a poster.
    assert rows.shape == (5, 2)
    np.testing.assert_allclose(rows[known].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(rows[known].std(0), 1, rtol=1e-5)
    assert rows[3].tolist() == rows[0].tolist()
    assert (rows[4] > rows[2]).tolist() == [True, False]


def test_without_facts_and_media_nothing_is_told() -> None:
    bare = problem()
    ripple = make_ripple(
        {kind: bare.ripple.ids[kind] for kind in ("user", "item")},
        {CLICK: (["u0", "u1"], ["f0", "f1"])},
    )
    bare = Problem(ripple, Clicks(np.array([0, 1]), np.array([0, 1]), np.full(2, -1.0)), {})
    assert company(bare).shape == (5, 0)
    assert record(bare, np.array([True, True, False, False, False])).shape == (5, 0)


def test_films_on_record_move_towards_the_mean_user_and_known_films_stay() -> None:
    known = torch.tensor([True, True, True, False, False])
    content = ContentMap(problem(), known, 1.0, ["image"])
    users = torch.tensor([[1.0, 0.5], [1.0, -0.5]])
    films = torch.tensor([[0.9, 0.1], [0.3, 0.2], [0.2, -0.1], [0.0, 0.0], [0.0, 0.0]])  # f0 is liked most
    moved = content.notice_by(users, films)
    assert torch.equal(moved[:3], films[:3])
    assert moved[3, 0] > moved[4, 0]  # f3 has a poster as f0 has
    assert moved[3:, 1].abs().max() == 0  # users differ in this number, so it says nothing of fame
