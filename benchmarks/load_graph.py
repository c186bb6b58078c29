"""Generated graphs of films, users and clicks of any size, with a model's vectors, in servers of their own.

Everything follows from the number of films and a fixed seed. Films have one to three genres, a director,
three actors and, some of them, a film that they continue; few of them get most of the clicks (a power law).
A film's hidden taste is made of its genres, its director and chance, and users click what is popular and
near to a taste of their own, about 60 films each; a fifth of the clicks of each is put aside (`split` of
`test`).

The vectors are planted rather than learned, since a million films cannot be trained on two cores, in the
layout that `mgnn` has beyond 10,000 films: 127 numbers of a learned space and one for lengths, users made
of what clicks add (`embedding_a_cause`), a bias for popularity. `mmkg embed` writes a Model node,
properties and indexes, and its own statements write them here; only the films' and users' vectors enter by
the offline importer. Their index is made after them, as `mmkg embed` makes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from gnn import slots
from gnn.models.layers import UserBlock, UserLayers
from gnn.models.lengths import unit_vectors
from gnn.registry import REGISTER_MODEL
from gnn.writeback import PREPARE, index_effort
from kg import Graph
from kg.admin import run_admin
from kg.jars import class_path
from kg.schema import create_vector_index, migrate
from kg.server import HEAP_VARIABLE, PAGE_CACHE_VARIABLE, GraphDatabaseServer
from mmkg.console import log
from mmkg.settings import Settings

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

USERS = {1_700: 1_000, 100_000: 20_000, 1_000_000: 50_000}
CLICKS = 60
"""Clicks of a user, about."""
DIMENSION = 128
GENRES = 24
MODEL = "mgnn-generated"
DIGITS = 5
"""Decimals of a number of a vector; what Python computes with is rounded alike."""
INDEX_SECONDS = 3 * 3600
CHUNK = 200

POPULATED = (
    "SHOW INDEXES YIELD state, populationPercent WHERE populationPercent < 100 RETURN count(*) AS left"
)
COUNT = """
RETURN COUNT {(:Movie)} AS films, COUNT {(:User)} AS users, COUNT {(:User)-[:CLICKED]->()} AS clicks
"""


def users_of(films: int) -> int:
    """How many users a graph of so many films has."""
    return USERS.get(films, max(100, min(50_000, films // 5)))


@dataclass(frozen=True)
class Generated:
    """A graph and the vectors of its model, in memory; the id of film or user number n is `str(n)`."""

    targets: Floats
    """(films, 128), of unit length."""
    causes: Floats
    """(films, 127): what a click on each film adds."""
    bias: Floats
    """(127,): what users have without a click."""
    genres: Numbers
    """(films, 3); the same genre may come twice."""
    directors: Numbers
    """(films,)."""
    actors: Numbers
    """(films, 3)."""
    clickers: Numbers
    """(clicks,): sorted user numbers."""
    clicked: Numbers
    """(clicks,): film numbers."""
    test: NDArray[np.bool_]
    """(clicks,): those that are put aside."""

    @property
    def films(self) -> int:
        """How many films there are."""
        return len(self.targets)

    @property
    def users(self) -> int:
        """How many users there are."""
        return int(self.clickers[-1]) + 1

    @cached_property
    def starts(self) -> Numbers:
        """Where each user's clicks begin, (users + 1,)."""
        return np.searchsorted(self.clickers, np.arange(self.users + 1))

    def clicks_of(self, user: int, *, test: bool | None = None) -> Numbers:
        """Return the films of a user: all, those put aside, or the others."""
        part = slice(self.starts[user], self.starts[user + 1])
        films = self.clicked[part]
        return films if test is None else films[self.test[part] == test]

    def vector(self, clicks: Sequence[int] | Numbers) -> NDArray[np.float64]:
        """Make a user of his clicks as `mgnn` does, (128,): `unit(bias + Σ causes / √n)`, and a zero."""
        films = np.asarray(clicks, dtype=np.int64)
        hidden = self.bias + self.causes[films].sum(axis=0, dtype=np.float64) / np.sqrt(max(1, len(films)))
        return np.append(hidden / np.linalg.norm(hidden), 0)

    def layers(self) -> UserLayers:
        """Return the user side of the model; its linear block is empty, as beyond 10,000 films."""
        empty = torch.zeros(self.films, 0)
        return UserLayers(
            (
                UserBlock(torch.from_numpy(self.causes), torch.from_numpy(self.bias), 0.5, "unit"),
                UserBlock(empty, torch.zeros(0), 0.0, "unit"),
            )
        )


ARRAYS = tuple(field.name for field in fields(Generated))


def generate(films: int, seed: int = 0) -> Generated:
    """Make a graph of so many films, always the same one."""
    random = np.random.default_rng([seed, films])
    width = DIMENSION - 1

    def directions(count: int) -> Floats:
        return _unit(random.standard_normal((count, width), dtype=np.float32))

    people = max(10, films // 4)
    genres = np.minimum(GENRES - 1, random.exponential(6, (films, 3)).astype(np.int64))
    directors = np.minimum(people - 1, people * random.random(films) ** 2).astype(np.int64)
    actors = (people + people * random.random((films, 3)) ** 3).astype(np.int64)
    taste = 1.2 * directions(GENRES)[genres].mean(axis=1) + 0.8 * directions(people)[directors]
    taste = _unit(taste + 0.7 * directions(films))

    rank = random.permutation(films)
    chance = (rank + 20.0) ** -1.0
    chance /= chance.sum()
    fame = np.log(chance) - np.log(chance).mean()
    fame = (fame / fame.std()).astype(np.float32)[:, None]
    popular = directions(1)
    learned = _unit(taste + 0.15 * fame * popular)
    causes = 0.3 * _unit(taste + 0.3 * directions(films))
    bias = 0.5 * popular[0]
    clickers, clicked = _clicks(random, taste, chance, users_of(films))
    order = random.random(len(clickers))
    place = np.lexsort((order, clickers))  # a user's clicks in random order: the first fifth is put aside
    starts = np.searchsorted(clickers, np.arange(clickers[-1] + 2))
    within = np.arange(len(place)) - starts[clickers[place]]
    test = np.zeros(len(place), dtype=bool)
    test[place] = within < np.diff(starts)[clickers[place]] // 5
    nobody = torch.zeros(1, width)
    targets = unit_vectors(nobody + 1, torch.from_numpy(learned))[1].numpy()
    return Generated(
        _rounded(targets), _rounded(causes), bias, genres, directors, actors, clickers, clicked, test
    )


def _clicks(
    random: np.random.Generator, taste: Floats, chance: NDArray[np.float64], users: int
) -> tuple[Numbers, Numbers]:
    """Let each user click what is popular and near to the taste of three films."""
    cumulated = np.cumsum(chance)
    cumulated /= cumulated[-1]
    looks = min(800, len(taste))

    def by_fame(*shape: int) -> Numbers:
        return np.searchsorted(cumulated, random.random(shape)).clip(max=len(taste) - 1)

    counts = np.clip(random.lognormal(np.log(CLICKS * 0.85), 0.6, users), 5, looks // 4).astype(np.int64)
    clickers, clicked = [], []
    for start in range(0, users, CHUNK):
        many = min(CHUNK, users - start)
        wants = _unit(taste[by_fame(many, 3)].sum(axis=1))
        offered = np.sort(by_fame(many, looks), axis=1)
        likes = np.einsum("uod,ud->uo", taste[offered], wants) / 0.08 + random.gumbel(size=offered.shape)
        likes[:, 1:][offered[:, 1:] == offered[:, :-1]] = -np.inf  # no film twice
        best = np.argsort(-likes, axis=1)
        for row in range(many):
            chosen = best[row, : counts[start + row]]
            films = offered[row, chosen[np.isfinite(likes[row, chosen])]]
            clicked.append(films)
            clickers.append(np.full(len(films), start + row))
    return np.concatenate(clickers), np.concatenate(clicked)


@dataclass(frozen=True)
class Loaded:
    """A server with a generated graph."""

    settings: Settings
    made: Generated
    seconds: dict[str, float]
    """How long the steps of loading took when it was loaded."""


@contextmanager
def served(
    work: Path, films: int, server_class: type[GraphDatabaseServer] = GraphDatabaseServer
) -> Iterator[Loaded]:
    """Start the server of so many films, which is loaded unless it was before; stop it at the end.

    Its memory follows from its size, unless the environment says otherwise.
    """
    home = work / f"films-{films}"
    note = home / "loaded.json"
    start = perf_counter()
    made = _kept(home / "generated.npz", films)
    seconds = {"generate": perf_counter() - start}
    cache = Settings.load().cache
    server = server_class(home, cache)
    if not note.exists():
        log(f"{films:,} films, {made.users:,} users, {len(made.clicked):,} clicks: loading")
        seconds |= _import(made, home / "neo4j", cache)
    try:
        start = perf_counter()
        with patch.dict(os.environ, {**_memory(films), **os.environ}):
            server.up()
        seconds["start"] = perf_counter() - start
        settings = Settings(home=home, cache=cache, **server.login())
        if not note.exists():
            with Graph.connect(settings) as graph:
                seconds |= _finish(graph, made)
            note.write_text(json.dumps(seconds))
        yield Loaded(settings, made, json.loads(note.read_text()))
    finally:
        server.down()


def _memory(films: int) -> dict[str, str]:
    """Return the variables that tell a server of so many films its memory."""
    heap, pages = ("1g", "512m") if films <= 10_000 else ("4g", "2g" if films <= 200_000 else "6g")
    return {HEAP_VARIABLE: heap, PAGE_CACHE_VARIABLE: pages}


def _kept(file: Path, films: int) -> Generated:
    """Read the graph that was made before, or make it."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = generate(films)
        new = file.with_name("new.npz")
        np.savez(new, **{name: getattr(made, name) for name in ARRAYS})
        new.replace(file)
    with np.load(file) as kept:
        return Generated(**{name: kept[name] for name in ARRAYS})


def _import(made: Generated, folder: Path, cache: Path) -> dict[str, float]:
    """Write the files and let the offline importer make a database of them."""
    (folder / "conf").mkdir(parents=True, exist_ok=True)
    (folder / "conf" / "neo4j.conf").touch()
    files = folder / "files"
    files.mkdir(exist_ok=True)
    start = perf_counter()
    arguments = _write_files(made, files)
    written = perf_counter()
    jars = class_path(cache)
    options = ["--overwrite-destination=true", "--array-delimiter=|", "--high-parallel-io=on"]
    run_admin(["database", "import", "full", "neo4j", *options, *arguments], folder, jars, folder=folder)
    done = perf_counter()
    for file in files.iterdir():
        file.unlink()
    return {"write files": written - start, "offline import": done - written}


def _finish(graph: Graph, made: Generated) -> dict[str, float]:
    """Do what `mmkg ingest` and `mmkg embed` do beside writing nodes, and wait for the indexes."""
    seconds = {}
    start = perf_counter()
    migrate(graph, seconds=INDEX_SECONDS)
    seconds["constraints and indexes"] = perf_counter() - start
    for label in ("User", "Movie"):
        start = perf_counter()
        name = f"{label.lower()}_embedding_a"
        effort = index_effort(label, made.films)
        create_vector_index(
            graph, label, "embedding_a", name, DIMENSION, effort=effort, seconds=INDEX_SECONDS
        )
        seconds[f"vector index of {label}"] = perf_counter() - start
        log(f"the vector index of {label}: {seconds[f'vector index of {label}']:.0f} s")
    assert graph.read(POPULATED) == [{"left": 0}]
    properties: dict[str, Any] = {"name": "mgnn", "dimension": DIMENSION, "created": slots.now()}
    graph.write(REGISTER_MODEL, id=MODEL, properties=properties)
    told = {**made.layers().properties(), "films": made.films}
    graph.write(PREPARE, model=MODEL, slot="a", properties=told, written=True, at=slots.now())
    slots.switch(graph, MODEL)
    expected = {"films": made.films, "users": made.users, "clicks": len(made.clicked)}
    assert graph.read(COUNT) == [expected], graph.read(COUNT)
    return seconds


def _write_files(made: Generated, folder: Path) -> list[str]:
    """Write the importer's files, and return the arguments that name them."""
    films = np.arange(made.films)
    vectors = "embedding_a_model,embedding_a:float[]"
    with (folder / "movies.csv").open("wb") as file:
        file.write(f"id:ID(Item),title,year:int,{vectors},embedding_a_cause:float[]\n".encode())
        for targets, causes, number in zip(_texts(made.targets), _texts(made.causes), films, strict=True):
            start = f"{number},Film {number},{1920 + number % 105},{MODEL},"
            file.write(b"%b%b,%b\n" % (start.encode(), targets, causes))
    with (folder / "users.csv").open("wb") as file:
        file.write(f"id:ID(User),{vectors}\n".encode())
        users = np.array([made.vector(made.clicks_of(user, test=False)) for user in range(made.users)])
        for user, text in enumerate(_texts(users.astype(np.float32))):
            file.write(b"%d,%b,%b\n" % (user, MODEL.encode(), text))
    people = int(made.actors.max()) + 1
    _lines(folder / "people.csv", "id:ID(Entity),name", ((f"p{n}", f"Person {n}") for n in range(people)))
    _lines(folder / "genres.csv", "id:ID(Entity),name", ((f"g{n}", f"Genre {n}") for n in range(GENRES)))
    ends = ":START_ID(Item),:END_ID(Entity)"
    rows = {(film, genre) for film, three in enumerate(made.genres.tolist()) for genre in three}
    _lines(folder / "has_genre.csv", ends, ((film, f"g{genre}") for film, genre in sorted(rows)))
    ends = ":START_ID(Entity),:END_ID(Item)"
    _lines(folder / "directed.csv", ends, ((f"p{p}", n) for n, p in enumerate(made.directors.tolist())))
    rows = {(person, film) for film, three in enumerate(made.actors.tolist()) for person in three}
    _lines(folder / "acted_in.csv", ends, ((f"p{person}", film) for person, film in sorted(rows)))
    ends = ":START_ID(Item),:END_ID(Item)"
    _lines(folder / "sequel_of.csv", ends, ((n, n - 1) for n in range(30, made.films, 30)))
    ends = ":START_ID(User),:END_ID(Item),at:long,rating:float,split"
    clicks = zip(made.clickers.tolist(), made.clicked.tolist(), made.test.tolist(), strict=True)
    rows_of = (
        (user, film, 1_000_000 + n, 5.0, "test" if test else "train")
        for n, (user, film, test) in enumerate(clicks)
    )
    _lines(folder / "clicked.csv", ends, rows_of)
    nodes = {
        "Item:Movie": "movies",
        "User": "users",
        "Entity:Person": "people",
        "Entity:Genre": "genres",
    }
    types = ("has_genre", "directed", "acted_in", "sequel_of", "clicked")
    return [
        *(f"--nodes={labels}={folder / name}.csv" for labels, name in nodes.items()),
        *(f"--relationships={name.upper()}={folder / name}.csv" for name in types),
    ]


def _lines(path: Path, heading: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with path.open("w") as file:
        file.write(f"{heading}\n")
        file.writelines(",".join(map(str, row)) + "\n" for row in rows)


def _texts(vectors: Floats) -> Iterator[bytes]:
    """Write vectors as the importer reads them, row by row; a table of all numbers makes it fast."""
    most = 10**DIGITS
    names = [f"{'-' if n < 0 else ''}{abs(n) / most:.{DIGITS}f}|" for n in range(-most, most + 1)]
    table = np.array([name.rjust(DIGITS + 4, "0") if name[0] != "-" else name for name in names], dtype="S")
    for start in range(0, len(vectors), 10_000):
        whole = np.rint(vectors[start : start + 10_000] * most).astype(np.int64) + most
        for row in table[whole]:
            yield row.tobytes()[:-1]


def _rounded(vectors: Floats) -> Floats:
    return (np.rint(vectors * 10**DIGITS) / 10**DIGITS).astype(np.float32)


def _unit(vectors: Floats) -> Floats:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
