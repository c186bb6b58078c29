"""The paper's split of the clicks: per user 20 % for the test, the rest 8:2 for training and validation.

Beside it whole films and whole users can be held out, to measure a cold start: a film or a user with the
property `cold`, `valid` or `test`, has no click that anything may be learned from, whatever its clicks' own
split says and whenever they come. The marks lie on the nodes: without them the split is as it was.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from kg import Graph
from mmkg.errors import GraphError, UsageError

TEST_SHARE = 0.2
VALID_SHARE = 0.2
MOST_COLD = 0.4
"""Share of films or users that may be held out for each part; the rest is to learn from."""

COUNT_SPLITS = """
MATCH (:User)-[c:CLICKED]->(:Item)
RETURN coalesce(c.split, '') AS split, count(*) AS clicks
"""

UNSPLIT_CLICKS = """
MATCH (u:User)-[:CLICKED]->(m:Item)
WITH u.id AS user, m.id AS item ORDER BY user, item
RETURN user, collect(item) AS items ORDER BY user
"""

CLICKED_NODES = """
MATCH (n:{label}) WHERE EXISTS {{ (n)-[:CLICKED]-() }} OR n.cold IS NOT NULL
RETURN collect(n.id) AS ids
"""

WRITE_COLD = """
MATCH (n:{label}) WHERE $parts[n.id] IS NOT NULL OR n.cold IS NOT NULL
SET n.cold = $parts[n.id]
"""

COUNT_COLD = """
MATCH (n:{label}) WHERE n.cold IS NOT NULL
OPTIONAL MATCH (n)-[c:CLICKED]-()
RETURN n.cold AS part, count(DISTINCT n) AS nodes, count(c) AS clicks
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


@dataclass(frozen=True)
class SplitReport:
    """What is held out."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("part", "films", "users", "clicks")

    counts: SplitCounts
    """Of the clicks, those of cold films and users included."""
    films: Mapping[str, tuple[int, int]]
    """By part, `valid` and `test`, how many films are cold, and how many clicks they have."""
    users: Mapping[str, tuple[int, int]]
    """The same of users."""

    def title(self) -> str:
        """Say what the table shows."""
        return "How the clicks are split, and what is held out whole"

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the table, without its headings."""
        warm = [(name, "", "", str(count)) for name, count in self.counts.to_json().items()]
        films = [(f"cold films, {part}", str(n), "", str(clicks)) for part, (n, clicks) in self.films.items()]
        users = [(f"cold users, {part}", "", str(n), str(clicks)) for part, (n, clicks) in self.users.items()]
        return [*warm, *films, *users]

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        cold = {
            kind: {part: {"count": n, "clicks": clicks} for part, (n, clicks) in parts.items()}
            for kind, parts in (("films", self.films), ("users", self.users))
        }
        return {"clicks": self.counts.to_json(), "cold": cold}


def split(
    graph: Graph, *, cold_films: float | None = None, cold_users: float | None = None, seed: int = 0
) -> SplitReport:
    """Split the clicks if none is split yet, hold out whole films and users, and count.

    Args:
        graph: the graph database.
        cold_films: share of the films for `valid`, and as many others for `test`; 0 holds none out any more,
            None leaves them as they are.
        cold_users: the same of users.
        seed: of the split and of the choice; the choice depends on nothing but it, the share and the id.

    Raises:
        UsageError: a share makes no sense.
        GraphError: there is no click.
    """
    shares = {"Item": cold_films, "User": cold_users}
    for share in shares.values():
        if share is not None and not 0 <= share <= MOST_COLD:
            raise UsageError(f"a share of {share:g} makes no sense", remedy=f"Say 0 to {MOST_COLD}")
    counts = ensure_split(graph, seed)
    for label, share in shares.items():
        if share is not None:
            ids = graph.read(CLICKED_NODES.format(label=label))[0]["ids"]
            parts = {each: part for each in ids if (part := cold_part(label, each, share, seed))}
            graph.write(WRITE_COLD.format(label=label), parts=parts)
    films, users = (
        {row["part"]: (row["nodes"], row["clicks"]) for row in graph.read(COUNT_COLD.format(label=label))}
        for label in shares
    )
    return SplitReport(counts, dict(sorted(films.items())), dict(sorted(users.items())))


def cold_part(label: str, node: str, share: float, seed: int) -> str | None:
    """Draw whether a film or user is held out whole; it depends on nothing but the arguments."""
    drawn = random.Random(f"{seed}:cold {label}:{node}").random()
    return "valid" if drawn < share else "test" if drawn < 2 * share else None
