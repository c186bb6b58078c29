"""Clients that ask a database at the same time, and what they waited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import neo4j
import numpy as np

from mmkg.settings import Settings

Answer = Callable[[neo4j.Session, int], Any]
"""Answers for a user by his number."""
WARM_SECONDS = 3.0


@dataclass(frozen=True)
class Waits:
    """What the clients waited."""

    clients: int
    answers: int
    rate: float
    """Answers a second, of all clients together."""
    p50: float
    """Milliseconds."""
    p99: float
    """Milliseconds."""


def driver(settings: Settings, clients: int) -> neo4j.Driver:
    """Open a connection pool for so many clients."""
    return neo4j.GraphDatabase.driver(
        str(settings.neo4j_uri),
        auth=(settings.neo4j_username, settings.neo4j_password.get_secret_value()),
        max_connection_pool_size=clients,
        notifications_min_severity="OFF",
    )


def measure(settings: Settings, answer: Answer, users: int, clients: int, seconds: float) -> Waits:
    """Let clients, each a thread with a session of its own, ask for random users for so many seconds.

    The first seconds warm the server up and do not count. An answer that began in time counts.
    """
    with driver(settings, clients) as pool, ThreadPoolExecutor(clients) as threads:

        def one(number: int) -> list[float]:
            chance = np.random.default_rng(number)
            waits = []
            with pool.session(database=settings.neo4j_database) as session:
                warm = perf_counter() + min(WARM_SECONDS, seconds / 2)
                while perf_counter() < warm:
                    answer(session, int(chance.integers(users)))
                end = perf_counter() + seconds
                while (start := perf_counter()) < end or not waits:
                    answer(session, int(chance.integers(users)))
                    waits.append(perf_counter() - start)
            return waits

        per_client = list(threads.map(one, range(clients)))
    waits = np.array([wait for some in per_client for wait in some])
    rate = sum(len(some) / sum(some) for some in per_client)
    p50, p99 = np.quantile(waits, [0.5, 0.99]) * 1000
    return Waits(clients, len(waits), float(rate), float(p50), float(p99))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table in Markdown."""
    for row in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(map(str, row))} |")
