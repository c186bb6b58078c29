"""Clients that click and ask at the same time: every answer must know every click of its user.

    python benchmarks/clicking.py --work FOLDER [--requests 100000] [--clients 10] [--seconds 3600]

On a generated graph (`load_graph.py`), which is loaded unless it was before. Each client, a thread with a
session of its own, has users of its own. In turn it asks for ten films and clicks one of them by
`mmkg.click`, for another user each time. Of every answer it checks

- that it came, without an error, and has ten films;
- that no film is in it that the user clicked, before or during the run;
- that each score is that of a user made of exactly his clicks until now, the last one included: computed in
  Python from the clicks that this client noted and the vectors that were loaded, to 1e-6. The scores
  without the last click are farther off than that, which is checked likewise, so that the check cannot pass
  blindly.

The end is after so many requests, or seconds: the requests that were made are told. On a quiet machine
100,000 take about a quarter of an hour. What the run clicked is taken away at its end.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import perf_counter

import neo4j
import numpy as np
from load_clients import driver, table
from load_graph import Generated, served
from neo4j.exceptions import DriverError, Neo4jError

from mmkg.console import log

K = 10
CLOSE = 1e-6
MOST_CLICKS = 300
"""A user with so many more is left alone, so that films remain for him."""
USERS = 20
"""Of one client; each comes again after so many turns."""
RECOMMEND = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, {k: $k}) YIELD item, score, rank
RETURN item.id AS id, score ORDER BY rank
"""
CLICK = "CALL mmkg.click($user, $film) YIELD created RETURN created"
UNDO = (
    "MATCH (:User)-[c:CLICKED]->() WHERE c.split IS NULL CALL (c) { DELETE c } IN TRANSACTIONS OF 10000 ROWS"
)
FAULTS = (
    "errors",
    "answers without ten films",
    "seen films in an answer",
    "answers that lack a click",
    "clicks that were there",
)


@dataclass
class Client:
    """One client and what it noted of its users."""

    made: Generated
    users: list[int]
    requests: int
    end: float
    seen: Counter[str] = field(default_factory=Counter)
    """What was done, and what was wrong."""
    example: str = ""

    def run(self, session: neo4j.Session, number: int) -> None:
        """Ask and click until the requests or the time are over."""
        chance = np.random.default_rng(number)
        clicks = {user: self.made.clicks_of(user).tolist() for user in self.users}
        begun = {user: len(films) for user, films in clicks.items()}
        turn = 0
        while (
            self.seen["answers"] + self.seen["clicks"] < self.requests
            and self.users
            and perf_counter() < self.end
        ):
            user = self.users[turn % len(self.users)]
            turn += 1
            if len(clicks[user]) - begun[user] >= MOST_CLICKS:
                clicks.pop(user)
                self.users.remove(user)
                continue
            try:
                self.seen["answers"] += 1
                rows = session.run(RECOMMEND, user=str(user), k=K).values()
                answer = [(int(film), float(score)) for film, score in rows]
                self.check(user, clicks[user], begun[user], answer)
                film = answer[int(chance.integers(len(answer)))][0]
                self.seen["clicks"] += 1
                [[created]] = session.run(CLICK, user=str(user), film=str(film)).values()
            except (DriverError, Neo4jError, IndexError) as error:
                self.fault("errors", repr(error))
                continue
            if not created:
                self.fault("clicks that were there", f"user {user}, film {film}")
            clicks[user].append(film)

    def check(self, user: int, clicks: list[int], begun: int, answer: list[tuple[int, float]]) -> None:
        """Compare an answer with the clicks that it must know."""
        if len(answer) != K:
            self.fault("answers without ten films", f"user {user}: {len(answer)}")
        films = np.array([film for film, _ in answer])
        scores = np.array([score for _, score in answer])
        if twice := set(films.tolist()) & set(clicks):
            self.fault("seen films in an answer", f"user {user}: {twice}")
        if not self.agrees(clicks, films, scores):
            self.fault("answers that lack a click", f"user {user} after {len(clicks)} clicks")
        if len(clicks) > begun:
            self.seen["checks that would have noticed"] += not self.agrees(clicks[:-1], films, scores)
            self.seen["answers after a click"] += 1

    def agrees(
        self, clicks: list[int], films: np.typing.NDArray[np.int64], scores: np.typing.NDArray[np.float64]
    ) -> bool:
        """Tell whether the scores are those of a user with these clicks."""
        expected = self.made.targets[films].astype(np.float64) @ self.made.vector(clicks)
        return bool(np.abs(expected - scores).max(initial=0) < CLOSE)

    def fault(self, what: str, detail: str) -> None:
        """Note what is wrong, and the first example of it."""
        if not self.example:
            self.example = f"{what}: {detail}"
        self.seen[what] += 1


def main() -> int:
    """Let the clients click, print the table, and return 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder of the generated graphs")
    parser.add_argument("--requests", type=int, default=100_000, help="answers and clicks together")
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--films", type=int, default=1_700)
    parser.add_argument("--seconds", type=float, default=3_600, help="the time after which no request begins")
    arguments = parser.parse_args()
    count = arguments.clients
    with served(arguments.work, arguments.films) as loaded, driver(loaded.settings, count) as pool:
        with pool.session() as session:
            session.run(UNDO).consume()
        start = perf_counter()
        end = start + arguments.seconds
        each = arguments.requests // count
        clients = [
            Client(loaded.made, list(range(n, loaded.made.users, count))[:USERS], each, end)
            for n in range(count)
        ]

        def one(number: int) -> None:
            with pool.session() as session:
                clients[number].run(session, number)

        with ThreadPoolExecutor(count) as threads:
            list(threads.map(one, range(count)))
        seconds = perf_counter() - start
        with pool.session() as session:
            session.run(UNDO).consume()
    total: Counter[str] = sum((client.seen for client in clients), Counter())
    for example in filter(None, (client.example for client in clients)):
        log(example)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {date.today()}; {count} clients, {seconds:.0f} s\n")
    done = ("answers", "clicks", "answers after a click", "checks that would have noticed")
    table(("what", "count"), [(what, f"{total[what]:,}") for what in (*done, *FAULTS)])
    blind = total["answers after a click"] - total["checks that would have noticed"]
    return 1 if any(total[fault] for fault in FAULTS) or blind or not total["answers after a click"] else 0


if __name__ == "__main__":
    sys.exit(main())
