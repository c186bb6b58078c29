from __future__ import annotations

from collections import Counter

import pytest

from gnn.split import SplitCounts, count_splits, ensure_split, split_user
from kg import Graph
from mmkg.errors import GraphError
from tests.gnn.planted import ADD_CLICK, USERS, fill

SPLITS = "MATCH (u:User)-[c:CLICKED]->(m) RETURN u.id AS user, m.id AS film, c.split AS split"
CLEAR = "MATCH ()-[c:CLICKED]->() REMOVE c.split"


def test_shares_are_those_of_the_paper() -> None:
    counts = Counter(split_user("1", 100, seed=0))
    assert counts == {"test": 20, "valid": 16, "train": 64}


@pytest.mark.parametrize("clicks", [1, 2, 3, 4, 5])
def test_a_user_with_few_clicks_keeps_one_for_training(clicks: int) -> None:
    splits = split_user("1", clicks, seed=0)
    assert len(splits) == clicks
    assert "train" in splits


def test_the_split_is_written_once_and_the_same_for_the_same_seed(graph: Graph) -> None:
    fill(graph)
    counts = ensure_split(graph, seed=1)
    assert counts == SplitCounts(train=USERS * 6, valid=USERS * 2, test=USERS * 2)
    first = sorted(map(repr, graph.read(SPLITS)))
    assert ensure_split(graph, seed=2) == counts
    assert sorted(map(repr, graph.read(SPLITS))) == first
    graph.write(CLEAR)
    ensure_split(graph, seed=1)
    assert sorted(map(repr, graph.read(SPLITS))) == first
    graph.write(CLEAR)
    ensure_split(graph, seed=2)
    assert sorted(map(repr, graph.read(SPLITS))) != first


def test_fresh_clicks_stay_without_a_split(graph: Graph) -> None:
    fill(graph)
    ensure_split(graph)
    graph.write(ADD_CLICK, user="0", film="1", split=None)
    counts = ensure_split(graph)
    assert counts.fresh == 1
    assert count_splits(graph) == counts


def test_no_click_is_an_error(graph: Graph) -> None:
    with pytest.raises(GraphError, match="no click"):
        ensure_split(graph)
