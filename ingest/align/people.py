"""The people of the graph as the sources state them, with what an alignment moved put back in thought.

What is decided depends on this alone, so the same command decides the same before and after it was applied,
and after it was killed in between.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.align.record import Record
from kg import Graph

BY_NAME = "person"
"""The prefix of the ids that are made of a name."""
PREFIX = re.compile(r"([A-Za-z]+)[:._]?")

PEOPLE = "MATCH (p:Entity) WHERE p:Person OR p:Alias RETURN p.id AS id, p.name AS name"
CREDITS = """
MATCH (p:Entity)-[r]->(f:Movie|Film) WHERE p:Person OR p:Alias
RETURN p.id AS person, type(r) AS role, CASE WHEN f:Item THEN 'Item' ELSE 'Entity' END AS kind, f.id AS film
"""
ALIGNED = """
MATCH (a:Entity)-[s:SAME_AS]->(c:Entity) WHERE s.record IS NOT NULL
RETURN a.id AS alias, c.id AS canonical, s.score AS score, s.method AS method, s.record AS record
"""


class FilmKey(NamedTuple):
    """A film of the catalogue, or one that is only known as an entity."""

    kind: str
    id: str


class Credit(NamedTuple):
    """What somebody did in a film."""

    role: str
    film: FilmKey


@dataclass(slots=True)
class Person:
    """A node of a person as the sources state it."""

    id: str
    name: str | None
    credits: set[Credit] = field(default_factory=set)

    @property
    def space(self) -> str:
        """Which source the id is of: `m` for Freebase, `dbpedia`, `nm` for IMDb, `person` for a name."""
        found = PREFIX.match(self.id)
        return found[1] if found else ""

    @property
    def films(self) -> set[FilmKey]:
        """The films of the credits."""
        return {credit.film for credit in self.credits}


class Aligned(NamedTuple):
    """A `SAME_AS` that the graph has."""

    canonical: str
    score: float
    method: str


@dataclass(slots=True)
class People:
    """Everybody in the graph, and what an alignment has made of them so far."""

    all: dict[str, Person]
    aligned: dict[str, Aligned]
    """By the id of the alias."""

    def named(self) -> list[Person]:
        """Return those with a name."""
        return [person for person in self.all.values() if person.name]

    def nameless(self) -> list[Person]:
        """Return those without a name."""
        return [person for person in self.all.values() if not person.name]


def load(graph: Graph) -> People:
    """Read the people and their credits."""
    everybody = {row["id"]: Person(row["id"], row["name"]) for row in graph.read(PEOPLE)}
    for row in graph.read(CREDITS):
        everybody[row["person"]].credits.add(Credit(row["role"], FilmKey(row["kind"], row["film"])))
    aligned = {}
    for row in graph.read(ALIGNED):
        aligned[row["alias"]] = Aligned(row["canonical"], row["score"], row["method"])
        for move in Record.from_json(row["record"]).moves:
            if move.outgoing:
                alias, canonical = everybody[row["alias"]], everybody[row["canonical"]]
                alias.credits.add(Credit(move.type, FilmKey(move.kind, move.before)))
                if move.created:
                    canonical.credits.discard(Credit(move.type, FilmKey(move.kind, move.after)))
    return People(dict(sorted(everybody.items())), aligned)


def by_film(people: Iterable[Person]) -> dict[FilmKey, list[Person]]:
    """Return who has a credit in each film."""
    found: dict[FilmKey, list[Person]] = defaultdict(list)
    for person in people:
        for film in person.films:
            found[film].append(person)
    return found
