"""Views of films weigh as much as they tell of the clicks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gnn.models.alignment import alignment

FILMS, USERS, TASTES = 60, 80, 4


def view(labels: np.ndarray) -> csr_matrix:
    return csr_matrix(np.eye(int(labels.max()) + 1, dtype=np.float32)[labels])


def planted() -> tuple[np.ndarray, csr_matrix]:
    """Films of four tastes, each user of one, who clicks most of its films."""
    random = np.random.default_rng(0)
    taste = np.arange(FILMS) % TASTES
    clicked = (taste[:, None] == np.arange(USERS)[None] % TASTES) & (random.random((FILMS, USERS)) < 0.7)
    return taste, csr_matrix(clicked.astype(np.float32))


def test_a_view_that_tells_the_clicks_gets_the_weight_and_one_of_chance_nothing() -> None:
    taste, clicks = planted()
    chance = np.random.default_rng(1).integers(0, TASTES, FILMS)
    told, noise, empty = alignment([view(taste), view(chance), csr_matrix((FILMS, 3))], clicks)
    assert told > 0.9
    assert noise < 0.1
    assert empty == 0


def test_two_views_share_what_both_tell_in_part() -> None:
    taste, clicks = planted()
    weights = alignment([view(taste // 2), view(taste % 2)], clicks)
    assert weights.sum() == pytest.approx(1)  # each film is wholly like itself in both
    assert weights.min() > 0.3


def test_a_view_of_a_single_pair_does_not_drown_the_others() -> None:
    taste, clicks = planted()
    pair = np.zeros((FILMS, 1), dtype=np.float32)
    pair[[0, TASTES]] = 1  # two films of one taste
    told, rare = alignment([view(taste), csr_matrix(pair)], clicks)
    assert told > 0.9
    assert rare < 0.5


def test_where_nothing_tells_of_the_clicks_all_views_count_alike() -> None:
    _, clicks = planted()
    nothing = csr_matrix((FILMS, 2))
    assert alignment([nothing, nothing], clicks).tolist() == [0.5, 0.5]
    assert alignment([nothing], csr_matrix((FILMS, USERS))).tolist() == [1]
    assert alignment([], clicks).shape == (0,)
