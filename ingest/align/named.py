"""Which nodes with a name are one person: names that agree, and films or colleagues that do too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from ingest.align.names import key, similarity
from ingest.align.people import BY_NAME, FilmKey, Person, by_film

SAME_ROLE = 0.9
OTHER_ROLE = 0.8
COLLEAGUE = 0.5
MARGIN = 0.02
"""Where the second best is as close to the best as this, neither is taken."""
MAX_BLOCK = 200
"""A block larger than this is a name or a film that tells nothing."""
MAX_COLLEAGUES = 60
"""Films with more people than this say little about who knows whom."""
FILM_METHOD = "name+film"
COLLEAGUES_METHOD = "name+colleagues"


class Pair(NamedTuple):
    """Two nodes that may be one person."""

    score: float
    one: str
    other: str
    method: str


def pairs(people: list[Person], min_score: float) -> tuple[list[Pair], int]:
    """Return the pairs to merge, best first, and how many were too ambiguous to be taken.

    The score is the similarity of the names times the support, `1 - Π (1 - w)` over the films and colleagues
    that both have; without any the support is 0, so no name alone merges anybody.
    """
    everybody = {person.id: person for person in people}
    films = by_film(people)
    colleagues = _Colleagues(films)
    scored = []
    for a, b in _candidates(people, films):
        one, other = everybody[a], everybody[b]
        names = similarity(one.name or "", other.name or "")
        if names < min_score or not may_be_one(one, other):
            continue
        support, method = _support(one, other), FILM_METHOD
        if not support and key(one.name or "") == key(other.name or ""):
            support, method = 1 - (1 - COLLEAGUE) ** colleagues.shared(one, other), COLLEAGUES_METHOD
        if (score := names * support) >= min_score:
            scored.append(Pair(score, a, b, method))
    return unambiguous(scored, everybody)


def may_be_one(one: Person, other: Person) -> bool:
    """Two ids of one source are two people, unless they are made of names and spell the same one."""
    return one.space != other.space or _spelled_alike(one, other)


def _spelled_alike(one: Person, other: Person) -> bool:
    """Tell whether the ids differ in accents, capitals or punctuation at most, what is in brackets included.

    A source that tells namesakes apart by a word in brackets, as DBpedia does, means one person by both.
    """
    return one.space == other.space and _spelling(one.id) == _spelling(other.id)


def _spelling(id: str) -> str:
    return key(id.replace("(", " ").replace(")", " "))


def _are_two(one: Person, other: Person) -> bool:
    """Tell whether the two cannot both be somebody else: two real ids, or two names in one cast."""
    if _spelled_alike(one, other):
        return False
    return one.space != BY_NAME or bool(one.films & other.films)


def _candidates(people: list[Person], films: dict[FilmKey, list[Person]]) -> Iterator[tuple[str, str]]:
    """Block by the name's key, and by a film with the initial of any part of the name."""
    blocks: dict[object, set[str]] = defaultdict(set)
    for person in people:
        blocks[key(person.name or "")].add(person.id)
    for film, cast in films.items():
        for person in cast:
            for part in key(person.name or "").split():
                blocks[film, part].add(person.id)
    seen = set()
    for block in blocks.values():
        if len(block) > MAX_BLOCK:
            continue
        ordered = sorted(block)
        for place, a in enumerate(ordered):
            for b in ordered[place + 1 :]:
                if (a, b) not in seen:
                    seen.add((a, b))
                    yield a, b


def _support(one: Person, other: Person) -> float:
    doubt = 1.0
    roles: dict[FilmKey, set[str]] = defaultdict(set)
    for credit in other.credits:
        roles[credit.film].add(credit.role)
    for film in one.films & other.films:
        mine = {credit.role for credit in one.credits if credit.film == film}
        doubt *= 1 - (SAME_ROLE if mine & roles[film] else OTHER_ROLE)
    return 1 - doubt


class _Colleagues:
    """Who worked with whom, by the keys of their names."""

    def __init__(self, films: dict[FilmKey, list[Person]]) -> None:
        self.names = {
            film: {key(person.name or "") for person in cast} if len(cast) <= MAX_COLLEAGUES else set()
            for film, cast in films.items()
        }

    def shared(self, one: Person, other: Person) -> int:
        """Count the names that both worked with, in different films."""
        mine, others = (
            {name for film in person.films for name in self.names[film]} for person in (one, other)
        )
        return len((mine & others) - {"", key(one.name or "")})


def unambiguous(scored: list[Pair], everybody: dict[str, Person]) -> tuple[list[Pair], int]:
    """Leave out pairs of which an end has two partners in one source that are about as good."""
    best: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for pair in scored:
        for mine, partner in ((pair.one, pair.other), (pair.other, pair.one)):
            best[mine, everybody[partner].space][partner] = int(pair.score * 1e6)
    taken, ambiguous = [], 0
    for pair in sorted(scored, key=lambda pair: (-pair.score, pair.one, pair.other)):
        clear = True
        for mine, partner in ((pair.one, pair.other), (pair.other, pair.one)):
            rivals = [
                score
                for rival, score in best[mine, everybody[partner].space].items()
                if rival != partner and _are_two(everybody[rival], everybody[partner])
            ]
            if rivals and max(rivals) >= (pair.score - MARGIN) * 1e6:
                clear = False
        if clear:
            taken.append(pair)
        else:
            ambiguous += 1
    return taken, ambiguous
