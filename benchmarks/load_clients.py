"""Clients that ask a database at the same time, and what they waited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import neo4j
import numpy as np
from neo4j.exceptions import Neo4jError

from mmkg.console import log
from mmkg.settings import Settings

Answer = Callable[[neo4j.Session, int], Any]
"""Answers for a user by his number."""
WARM_SECONDS = 3.0


@dataclass(frozen=True)
class Waits:
    """What the clients waited."""

    clients: int
    answers: int
    failed: int
    """Questions that the database did not answer, for want of memory for example."""
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

    The first seconds warm the server up and do not count. An answer that began in time counts; a question
    that the database refuses counts as failed, and its time against the rate.
    """
    with driver(settings, clients) as pool, ThreadPoolExecutor(clients) as threads:

        def one(number: int) -> tuple[list[float], list[float]]:
            chance = np.random.default_rng(number)
            with pool.session(database=settings.neo4j_database) as session:

                def ask(seconds: float) -> tuple[list[float], list[float]]:
                    waits: list[float] = []
                    failures: list[float] = []
                    end = perf_counter() + seconds
                    while (start := perf_counter()) < end or not (waits or failures):
                        try:
                            answer(session, int(chance.integers(users)))
                        except Neo4jError as error:
                            if not failures:
                                log(f"client {number}: {error}")
                            failures.append(perf_counter() - start)
                        else:
                            waits.append(perf_counter() - start)
                    return waits, failures

                ask(min(WARM_SECONDS, seconds / 2))
                return ask(seconds)

        per_client = list(threads.map(one, range(clients)))
    waits = np.array([wait for answered, _ in per_client for wait in answered])
    failed = sum(len(failures) for _, failures in per_client)
    rate = sum(len(answered) / (sum(answered) + sum(failures)) for answered, failures in per_client)
    p50, p99 = np.quantile(waits, [0.5, 0.99]) * 1000 if len(waits) else (np.inf, np.inf)
    return Waits(clients, len(waits), failed, float(rate), float(p50), float(p99))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table in Markdown."""
    for row in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(map(str, row))} |")
