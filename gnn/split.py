"""The paper's split of the clicks: per user 20 % for the test, the rest 8:2 for training and validation."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any

from kg import Graph
from mmkg.errors import GraphError

TEST_SHARE = 0.2
VALID_SHARE = 0.2

COUNT_SPLITS = """
MATCH (:User)-[c:CLICKED]->(:Item)
RETURN coalesce(c.split, '') AS split, count(*) AS clicks
"""

UNSPLIT_CLICKS = """
MATCH (u:User)-[:CLICKED]->(m:Item)
WITH u.id AS user, m.id AS item ORDER BY user, item
RETURN user, collect(item) AS items ORDER BY user
"""

WRITE_SPLIT = """
UNWIND range(0, size($users) - 1) AS i
MATCH (u:User {id: $users[i]})-[c:CLICKED]->(m:Item {id: $items[i]})
SET c.split = $splits[i]
"""


@dataclass(frozen=True)
class SplitCounts:
    """Clicks by split; `fresh` ones have none and count as training clicks."""

    train: int = 0
    valid: int = 0
    test: int = 0
    fresh: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return asdict(self)


def count_splits(graph: Graph) -> SplitCounts:
    """Count the clicks of each split."""
    found = {row["split"] or "fresh": row["clicks"] for row in graph.read(COUNT_SPLITS)}
    return SplitCounts(**{name: found.get(name, 0) for name in ("train", "valid", "test", "fresh")})


def ensure_split(graph: Graph, seed: int = 0) -> SplitCounts:
    """Split the clicks if none is split yet, else leave them as they are; then count.

    All marks are written in one transaction: a split is there as a whole or not at all.

    Raises:
        GraphError: there is no click.
    """
    counts = count_splits(graph)
    if not sum(counts.to_json().values()):
        raise GraphError(
            "the graph holds no click to learn from",
            remedy="Ingest clicks with `mmkg ingest`; ratings below --min-rating are no clicks",
        )
    if counts.train or counts.valid or counts.test:
        return counts
    users: list[str] = []
    items: list[str] = []
    splits: list[str] = []
    for row in graph.read(UNSPLIT_CLICKS):
        users += [row["user"]] * len(row["items"])
        items += row["items"]
        splits += split_user(row["user"], len(row["items"]), seed)
    graph.write(WRITE_SPLIT, users=users, items=items, splits=splits)
    return count_splits(graph)


def split_user(user: str, clicks: int, seed: int) -> list[str]:
    """Draw the split of one user's clicks; it depends on nothing but the arguments.

    Shares are rounded to the nearest, and at least one click stays for training.
    """
    test = min(round(clicks * TEST_SHARE), clicks - 1)
    valid = min(round((clicks - test) * VALID_SHARE), clicks - test - 1)
    splits = ["test"] * test + ["valid"] * valid + ["train"] * (clicks - test - valid)
    random.Random(f"{seed}:{user}").shuffle(splits)
    return splits
