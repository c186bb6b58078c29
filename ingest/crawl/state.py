"""What a crawl knows, in one SQLite file: the frontier, what was fetched, and how politeness stands.

An answer, the links that it brought and the end of its place in the queue are one transaction. So a crawl
that is killed at any moment has every answer whole or not at all, and goes on from there.

A *generation* is one visit to everything. When it is through, the next crawl begins a new one: all that is
known stands in the queue again, with what the servers said to tell a change by.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ingest.crawl.urls import Address
from mmkg.errors import InputError

Kind = Literal["page", "media"]
Outcome = Literal["kept", "unchanged", "moved", "failed", "left"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS urls (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, url TEXT NOT NULL, key TEXT NOT NULL, host TEXT NOT NULL,
    shape TEXT NOT NULL, parent INTEGER, hops INTEGER NOT NULL DEFAULT 0,
    queued INTEGER NOT NULL DEFAULT 1, attempts INTEGER NOT NULL DEFAULT 0,
    outcome TEXT, reason TEXT, status INTEGER, etag TEXT, modified TEXT, target INTEGER,
    film INTEGER NOT NULL DEFAULT 0, sha256 TEXT, file TEXT, mime TEXT, bytes INTEGER,
    UNIQUE (kind, key)
);
CREATE INDEX IF NOT EXISTS queue ON urls (queued, host, kind, id);
CREATE TABLE IF NOT EXISTS records (url INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS posters (
    page INTEGER NOT NULL, image INTEGER NOT NULL, PRIMARY KEY (page, image)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shapes (
    shape TEXT PRIMARY KEY, pages INTEGER NOT NULL DEFAULT 0, films INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hosts (host TEXT PRIMARY KEY, not_before REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS robots (
    origin TEXT PRIMARY KEY, allowed INTEGER NOT NULL, body TEXT NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
"""
ADD = """
INSERT INTO urls (kind, url, key, host, shape, parent, hops) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, key) DO NOTHING
"""
NEXT = """
SELECT id, kind, url, host, shape, hops, attempts, etag, modified, film, sha256,
       EXISTS (SELECT 1 FROM records WHERE url = id) OR file IS NOT NULL AS held
FROM urls WHERE queued AND host = ? AND kind = ? ORDER BY id LIMIT 1
"""
ANSWERED = """
UPDATE urls SET queued = 0, attempts = 0, outcome = ?, reason = ?, status = ? WHERE id = ?
"""
CONTENT = """
UPDATE urls SET etag = ?, modified = ?, target = NULL, film = ?, sha256 = ?, file = ?, mime = ?, bytes = ?
WHERE id = ?
"""
FRUIT = """
INSERT INTO shapes (shape, pages, films) VALUES (?, ?, ?)
ON CONFLICT (shape) DO UPDATE SET pages = pages + excluded.pages, films = films + excluded.films
"""
POSTERS = """
WITH RECURSIVE led (page, named, image, step) AS (
    SELECT page, image, image, 0 FROM posters
    UNION ALL
    SELECT page, named, target, step + 1 FROM led JOIN urls ON urls.id = image
    WHERE target IS NOT NULL AND step < 10
)
SELECT p.url AS page, named.url AS image, m.sha256, m.file, m.mime, m.bytes
FROM led
JOIN urls p ON p.id = led.page AND p.film
JOIN urls named ON named.id = led.named
JOIN urls m ON m.id = led.image AND m.file IS NOT NULL
ORDER BY p.url, named.url
"""
BARREN = 50
"""So many pages of one shape without a film, and the rest of them is left out: a calendar, most likely."""


class Task(NamedTuple):
    """A URL whose turn it is."""

    id: int
    kind: Kind
    url: str
    host: str
    shape: str
    hops: int
    attempts: int
    etag: str | None
    modified: str | None
    film: bool
    sha256: str | None
    held: bool
    """True where an earlier answer is kept, so that the server may say that it still stands."""


class Content(NamedTuple):
    """What a server answered: a page with its record, or a medium with its file."""

    etag: str | None
    modified: str | None
    record: bytes | None = None
    film: bool = False
    sha256: str | None = None
    file: str | None = None
    mime: str | None = None
    bytes: int = 0


class State:
    """The state of a crawl. One process has it open at a time.

    Raises:
        InputError: the file is there, and no state of a crawl.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            # SQLite's own transactions, so that several statements can be one.
            self.connection = sqlite3.connect(path, isolation_level=None)
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self.connection.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"the state of the crawl cannot be read ({error})",
                where=str(path),
                remedy="Crawl into another folder, or delete the file to begin anew",
            ) from None
        self.connection.row_factory = sqlite3.Row

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def meta(self, name: str, default: str = "") -> str:
        """Return what is remembered under a name."""
        row = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row["value"])

    def remember(self, name: str, value: str) -> None:
        """Remember a value under a name."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # The frontier

    def begin(self, seeds: Iterable[Address], max_pages: int) -> bool:
        """Put the URLs to start at into the queue. Tell whether a new generation began.

        One begins where the last is through: nothing waits that this crawl might fetch, and what was fetched
        has been published.
        """
        with self._transaction():
            for seed in seeds:
                self._add("page", seed, None)
            waiting = self.waits("media") or (self.waits("page") and self.pages() < max_pages)
            if waiting or self.meta("published") != "yes":
                self.remember("published", "no")
                return False
            self.connection.execute("UPDATE urls SET queued = 1, attempts = 0")
            self.connection.execute("DELETE FROM shapes")
            self.remember("published", "no")
            self.remember("pages", "0")
            return True

    def waits(self, kind: Kind) -> bool:
        """Tell whether any URL of a kind is in the queue."""
        return bool(self._value("SELECT EXISTS (SELECT 1 FROM urls WHERE queued AND kind = ?)", kind))

    def pages(self) -> int:
        """Return how many pages were asked for in this generation, whatever was answered."""
        return int(self.meta("pages", "0"))

    def hosts(self) -> list[str]:
        """Return the hosts of which something is in the queue."""
        return [row["host"] for row in self.connection.execute("SELECT DISTINCT host FROM urls WHERE queued")]

    def next(self, host: str, kind: Kind) -> Task | None:
        """Return the URL of a host whose turn it is; pages of a barren shape are left out on the way."""
        while (row := self.connection.execute(NEXT, (host, kind)).fetchone()) is not None:
            task = Task(*row)
            if kind == "media" or not self._barren(task.shape):
                return task
            self.leave(task, f"{BARREN} pages that look like it led to no film")
        return None

    def _barren(self, shape: str) -> bool:
        row = self.connection.execute("SELECT pages, films FROM shapes WHERE shape = ?", (shape,)).fetchone()
        return row is not None and row["pages"] >= BARREN * (row["films"] + 1)

    # Answers

    def keep(
        self, task: Task, status: int, content: Content, links: Iterable[Address], posters: Iterable[Address]
    ) -> None:
        """Take a page or a medium in, with the links and posters that it names."""
        with self._transaction():
            self._answered(task, "kept", None, status)
            etag, modified, record, *others = content
            self.connection.execute(CONTENT, (etag, modified, *others, task.id))
            if record is not None:
                statement = "INSERT OR REPLACE INTO records VALUES (?, ?)"
                self.connection.execute(statement, (task.id, record))
                self._harvest(task, content.film)
            for link in links:
                self._add("page", link, task.id)
            self.connection.execute("DELETE FROM posters WHERE page = ?", (task.id,))
            for poster in posters:
                pair = (task.id, self._add("media", poster, task.id))
                self.connection.execute("INSERT OR IGNORE INTO posters VALUES (?, ?)", pair)

    def unchanged(self, task: Task, status: int) -> None:
        """Keep what an earlier crawl fetched, since it still stands."""
        with self._transaction():
            self._answered(task, "unchanged", None, status)
            if task.kind == "page":
                self._harvest(task, task.film)

    def move(self, task: Task, status: int, target: Address) -> None:
        """Note where a URL leads; what an earlier crawl found in its place is gone."""
        with self._transaction():
            self._answered(task, "moved", None, status)
            self._forget(task)
            found = self._add(task.kind, target, task.id, task.hops + 1)
            self.connection.execute("UPDATE urls SET target = ? WHERE id = ?", (found, task.id))

    def fail(self, task: Task, reason: str, status: int | None = None, *, gone: bool = False) -> None:
        """Note that a URL gave nothing; what an earlier crawl fetched stays, unless it is said to be gone."""
        with self._transaction():
            self._answered(task, "failed", reason, status)
            if task.kind == "page":
                self._harvest(task, film=False)
            if gone:
                self._forget(task)

    def leave(self, task: Task, reason: str) -> None:
        """Note that a URL is not asked for, and why."""
        with self._transaction():
            self._answered(task, "left", reason, None)

    def again(self, task: Task) -> None:
        """Leave a URL in the queue after an answer that may be better next time."""
        with self._transaction():
            self.connection.execute("UPDATE urls SET attempts = attempts + 1 WHERE id = ?", (task.id,))
            self._count(task)

    def _answered(self, task: Task, outcome: Outcome, reason: str | None, status: int | None) -> None:
        self.connection.execute(ANSWERED, (outcome, reason, status, task.id))
        if outcome != "left":
            self._count(task)

    def _count(self, task: Task) -> None:
        if task.kind == "page":
            self.remember("pages", str(self.pages() + 1))

    def _harvest(self, task: Task, film: bool) -> None:
        """Count a page for its shape; a film counts for the page that led to it too."""
        self.connection.execute(FRUIT, (task.shape, 1, film))
        if film:
            parent = "SELECT shape FROM urls WHERE id = (SELECT parent FROM urls WHERE id = ?)"
            if (shape := self._value(parent, task.id)) is not None and shape != task.shape:
                self.connection.execute(FRUIT, (shape, 0, 1))

    def _forget(self, task: Task) -> None:
        self.connection.execute(CONTENT, (None, None, False, None, None, None, None, task.id))
        self.connection.execute("DELETE FROM records WHERE url = ?", (task.id,))
        self.connection.execute("DELETE FROM posters WHERE page = ?", (task.id,))

    def _add(self, kind: Kind, address: Address, parent: int | None, hops: int = 0) -> int:
        self.connection.execute(ADD, (kind, *address, parent, hops))
        return int(self._value("SELECT id FROM urls WHERE kind = ? AND key = ?", kind, address.key))

    # Politeness

    def not_before(self, host: str) -> float:
        """Return the time, in seconds since 1970, before which a host wants no request."""
        value = self._value("SELECT not_before FROM hosts WHERE host = ?", host)
        return 0.0 if value is None else float(value)

    def wait(self, host: str, seconds: float) -> None:
        """Note that a host wants no request for some time."""
        values = (host, time.time() + seconds)
        self.connection.execute("INSERT OR REPLACE INTO hosts VALUES (?, ?)", values)

    def robots(self, origin: str, max_age: float) -> tuple[bool, str] | None:
        """Return whether an origin can be crawled at all and its robots.txt, None where it must be asked."""
        statement = "SELECT allowed, body FROM robots WHERE origin = ? AND at > ?"
        row = self.connection.execute(statement, (origin, time.time() - max_age)).fetchone()
        return None if row is None else (bool(row["allowed"]), row["body"])

    def remember_robots(self, origin: str, allowed: bool, body: str) -> None:
        """Remember an origin's robots.txt."""
        values = (origin, allowed, body, time.time())
        self.connection.execute("INSERT OR REPLACE INTO robots VALUES (?, ?, ?, ?)", values)

    # What comes of it

    def records(self) -> Iterator[bytes]:
        """Yield the records of all pages that are held, in the order in which their URLs were found."""
        return (row["record"] for row in self.connection.execute("SELECT record FROM records ORDER BY url"))

    def posters(self) -> Iterator[dict[str, str | int]]:
        """Yield which medium is the poster of the film on which page."""
        return (dict(row) for row in self.connection.execute(POSTERS))

    def counts(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield how many URLs ended how: kind, outcome, reason and number."""
        statement = """
        SELECT kind, iif(queued, 'waiting', outcome) AS outcome,
               iif(queued, '', ifnull(reason, '')) AS reason,
               count(*) AS number
        FROM urls GROUP BY 1, 2, 3 ORDER BY kind DESC, outcome, reason
        """
        return (tuple(row) for row in self.connection.execute(statement))

    def films(self) -> int:
        """Return how many pages state a film."""
        return int(self._value("SELECT count(*) FROM urls WHERE film"))

    def _value(self, statement: str, *values: object) -> Any:
        row = self.connection.execute(statement, values).fetchone()
        return None if row is None else row[0]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
