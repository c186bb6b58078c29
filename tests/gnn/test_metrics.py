from __future__ import annotations

import numpy as np
import pytest

from gnn.metrics import score_lists, top_k


def test_metrics_are_those_computed_by_hand() -> None:
    lists = np.array([[3, 1, 2], [0, 4, 1], [2, 3, 4]])
    relevant = [np.array([1, 5]), np.array([0]), np.array([0, 1])]
    metrics = score_lists(lists, relevant, k=3, items=10).average()
    assert metrics.recall == pytest.approx((1 / 2 + 1 + 0) / 3)
    # One hit at rank 2 of two wanted: (1 / log2(3)) / (1 + 1 / log2(3)); one hit at rank 1 of one wanted: 1.
    at_rank_2 = 1 / np.log2(3)
    assert metrics.ndcg == pytest.approx((at_rank_2 / (1 + at_rank_2) + 1 + 0) / 3)
    assert metrics.hit == pytest.approx(2 / 3)
    assert metrics.mrr == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert metrics.coverage == pytest.approx(5 / 10)
    assert metrics.users == 3


def test_the_best_possible_gain_is_that_of_a_list_of_k() -> None:
    metrics = score_lists(np.array([[0, 1]]), [np.array([0, 1, 2, 3])], k=2, items=4).average()
    assert metrics.ndcg == pytest.approx(1)
    assert metrics.recall == pytest.approx(1 / 2)


def test_best_scores_come_first_and_masked_films_last() -> None:
    scores = np.array([[0.1, 0.9, -np.inf, 0.5]], dtype=np.float32)
    assert top_k(scores, 3).tolist() == [[1, 3, 0]]


def test_ties_are_not_broken_by_position() -> None:
    """A model that says nothing hits a wanted film as rarely as chance does, wherever the film is stored."""
    items, k = 1000, 10
    lists = top_k(np.zeros((1, items), dtype=np.float32), k)
    assert lists.tolist() != [list(range(k))]
    assert len(set(lists[0].tolist())) == k
    assert np.array_equal(lists, top_k(np.ones((1, items), dtype=np.float32), k))


def test_fewer_films_than_k() -> None:
    lists = top_k(np.array([[0.2, 0.1]], dtype=np.float32), 10)
    assert lists.tolist() == [[0, 1]]
    assert score_lists(lists, [np.array([0])], k=10, items=2).ndcg == pytest.approx([1])
