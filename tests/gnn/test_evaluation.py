from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from gnn.evaluation import evaluate, measure
from gnn.models import Popularity, Problem
from gnn.sampler import CLICK, Clicks, make_ripple
from gnn.training import train
from kg import Graph
from mmkg.errors import GraphError, ModelError, UsageError
from mmkg.settings import Settings
from storage import BlobStore
from tests.gnn.planted import fill

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "ml-100k" / "split"


def clicks(*pairs: tuple[int, int]) -> Clicks:
    users, items = zip(*pairs, strict=True) if pairs else ((), ())
    return Clicks(np.array(users, np.int64), np.array(items, np.int64), np.full(len(pairs), -1.0))


def popularity(train_clicks: Clicks, users: int, items: int) -> Popularity:
    ids = {"user": [f"{n:04}" for n in range(users)], "item": [f"{n:04}" for n in range(items)]}
    edges = {
        CLICK: ([ids["user"][u] for u in train_clicks.users], [ids["item"][i] for i in train_clicks.items])
    }
    return Popularity(Problem(make_ripple(ids, edges), train_clicks), Popularity.defaults)


def test_seen_films_are_left_out_and_users_without_a_held_out_click_do_not_count() -> None:
    # Clicks of films 0, 1, 2 in training: 3, 2, 1; films 3 and 4 have none.
    train_clicks = clicks((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 2))
    splits = {"train": train_clicks, "valid": clicks((0, 2)), "test": clicks((1, 2), (2, 1))}
    model = popularity(train_clicks, users=3, items=5)
    valid = measure(model, splits, "valid", k=1)
    assert (valid.users, valid.recall, valid.ndcg) == (1, 1, 1)
    test = measure(model, splits, "test", k=1)
    assert (test.users, test.recall) == (2, 1)  # the best unseen film of user 1 is film 2, of user 2 film 1
    both = {**splits, "test": clicks((0, 3), (1, 2))}
    assert measure(model, both, "test", k=2).recall == pytest.approx(
        1
    )  # user 0 has seen 0, 1 and, in valid, 2


def test_measure_needs_held_out_clicks() -> None:
    train_clicks = clicks((0, 0), (1, 1))
    with pytest.raises(GraphError, match="no test click"):
        measure(popularity(train_clicks, 2, 2), {"train": train_clicks, "test": clicks()}, "test")


def test_the_table_holds_popularity_and_the_model(
    graph: Graph, store: BlobStore, settings: Settings, tmp_path: Path
) -> None:
    at = settings.model_copy(update={"home": tmp_path, "cache": tmp_path / "cache"})
    fill(graph)
    with pytest.raises(ModelError, match="knows no model"):
        evaluate(graph, store, at)
    report = train(graph, store, at, dimension=8, epochs=20, learning_rate=0.05)
    table = evaluate(graph, store, at, k=5)
    assert list(table.results) == ["popularity", report.model]
    assert table.results[report.model].recall > table.results["popularity"].recall
    assert [row[0] for row in table.rows()] == list(table.results)
    assert {len(row) for row in table.rows()} == {len(table.HEADINGS)}
    assert table.to_json()["results"][report.model]["users"] == 24
    valid = evaluate(graph, store, at, model=report.model, split="valid")
    assert valid.results[report.model].ndcg == pytest.approx(report.metrics["ndcg"])
    with pytest.raises(UsageError, match="k = 0"):
        evaluate(graph, store, at, k=0)
    with pytest.raises(ModelError, match="no such model"):
        evaluate(graph, store, at, model="mgnn-unknown")
    with pytest.raises(ModelError, match="no model id"):
        evaluate(graph, store, at, model="../mgnn")


@pytest.mark.skipif(not SHARED.exists(), reason="the fixed split of MovieLens 100K is not here")
def test_popularity_on_movielens() -> None:
    """The numbers were made by another program, a dozen lines of numpy over dense matrices."""
    splits = {}
    for split in ("train", "valid", "test"):
        with (SHARED / f"ml-100k.{split}.inter").open() as file:
            rows = list(csv.reader(file, delimiter="\t"))[1:]
        splits[split] = clicks(*sorted((int(user) - 1, int(item) - 1) for user, item, *_ in rows))
    metrics = measure(popularity(splits["train"], 943, 1682), splits, "test")
    assert metrics.users == 942
    assert metrics.recall == pytest.approx(0.1035, abs=0.0005)
    assert metrics.ndcg == pytest.approx(0.1484, abs=0.0005)
