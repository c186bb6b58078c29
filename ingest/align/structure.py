"""Who the people without a name are: by the films they share with people who have one.

Films and people are matched in turns, from pairs of films that are known. People of matched films vote for
each other, role by role; a pair stands where each is the other's best by a margin. Matched people vote for
pairs of films in the same way. Every turn keeps only the known films and judges all others again, so a wrong
pair does not stay because it came early.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from math import sqrt
from typing import NamedTuple, TypeVar

from ingest.align.people import FilmKey, Person, by_film
from ingest.doubts import FEWEST_PAIRS, LEAST_AGREEMENT

METHOD = "structure"
DIRECTED = "DIRECTED"
ROUNDS = 40

MISSING_IN_NAMELESS = 0.8
"""What a credit costs that the named person has in a matched film and the nameless one lacks."""
MISSING_IN_NAMED = 0.35
"""The other way round it costs less: casts by name are cut after the leading parts."""
DEGREE = 0.02
LEAST_VOTE = 0.5
PERSON_MARGIN = 0.3
LEAST_FILM_VOTE = 1.0
FILM_MARGIN = 0.75
"""The second best pair of a film must stay below this share of the best."""
MOST_VOTE = 3.0
FILM_WEIGHTS = {DIRECTED: 2.0, "WROTE": 1.2, "SHOT": 1.2}

X = TypeVar("X")
Y = TypeVar("Y")


class Match(NamedTuple):
    """A nameless person and who it is."""

    person: str
    score: float


class Structure(NamedTuple):
    """Which films are one, and which people."""

    films: dict[FilmKey, FilmKey]
    people: dict[str, Match]


def links_agree(nameless: Iterable[Person], named: Iterable[Person]) -> bool:
    """Tell whether films that share a director by name share one without a name too, often enough."""
    nameless_directors = _directors(nameless)
    films_of: dict[str, set[FilmKey]] = defaultdict(set)
    for film, directors in _directors(named).items():
        if film in nameless_directors:
            for director in directors:
                films_of[director].add(film)
    total = agreeing = 0
    for films in films_of.values():
        ordered = sorted(films)
        for place, film in enumerate(ordered):
            for other in ordered[place + 1 :]:
                total += 1
                agreeing += bool(nameless_directors[film] & nameless_directors[other])
    return total < FEWEST_PAIRS or agreeing >= LEAST_AGREEMENT * total


def match(
    nameless: list[Person], named: list[Person], known: Mapping[FilmKey, FilmKey], *, grow: bool
) -> Structure:
    """Match people without a name to people with one.

    Args:
        nameless: people of a source without names.
        named: people with names, one for each identity.
        known: films of the credits of the nameless, and the films of the named that they are.
        grow: True where more films shall be matched, starting from those that are known.
    """
    left = {person.id: person for person in nameless}
    right = {person.id: person for person in named}
    films_left, films_right = by_film(nameless), by_film(named)
    films = dict(known)
    people: dict[str, Match] = {}
    for _ in range(ROUNDS if grow else 1):
        people = _people(left, right, films_left, films_right, films)
        if not grow:
            break
        before, films = films, _films(left, right, people, known)
        if films == before:
            break
    return Structure(films, people)


def _people(
    left: dict[str, Person],
    right: dict[str, Person],
    films_left: dict[FilmKey, list[Person]],
    films_right: dict[FilmKey, list[Person]],
    films: Mapping[FilmKey, FilmKey],
) -> dict[str, Match]:
    shared: Counter[tuple[str, str]] = Counter()
    for film, other in films.items():
        cast, other_cast = (
            _by_role(cast.get(key, ()), key) for cast, key in ((films_left, film), (films_right, other))
        )
        for role in cast.keys() & other_cast.keys():
            shared.update((x, y) for x in cast[role] for y in other_cast[role])
    matched_right = set(films.values())
    seen_left = {x: sum(credit.film in films for credit in left[x].credits) for x in {x for x, _ in shared}}
    seen_right = {
        y: sum(credit.film in matched_right for credit in right[y].credits) for y in {y for _, y in shared}
    }
    votes = {
        (x, y): count
        - MISSING_IN_NAMELESS * (seen_right[y] - count)
        - MISSING_IN_NAMED * (seen_left[x] - count)
        - DEGREE * abs(len(left[x].credits) - len(right[y].credits))
        for (x, y), count in shared.items()
    }
    best = _mutual(votes, LEAST_VOTE, lambda vote: vote - PERSON_MARGIN)
    return {x: Match(y, vote) for x, (y, vote) in best.items()}


def score(vote: float) -> float:
    """Bring a vote to the scale of the other scores: .72 for the least, .8 for one film, .9 for two."""
    return 1 - 0.4 * float(2.0**-vote)


def _films(
    left: dict[str, Person],
    right: dict[str, Person],
    people: dict[str, Match],
    known: Mapping[FilmKey, FilmKey],
) -> dict[FilmKey, FilmKey]:
    taken = set(known.values())
    votes: Counter[tuple[FilmKey, FilmKey]] = Counter()
    for x, (y, vote) in people.items():
        mine = _films_by_role(left[x], known.keys())
        others = _films_by_role(right[y], taken)
        for role in mine.keys() & others.keys():
            rarity = sqrt(len(mine[role]) * len(others[role]))
            weight = min(vote, MOST_VOTE) * FILM_WEIGHTS.get(role, 1.0) / rarity
            for film in mine[role]:
                for other in others[role]:
                    votes[film, other] += weight  # type: ignore[assignment]
    best = _mutual(votes, LEAST_FILM_VOTE, lambda vote: vote * FILM_MARGIN)
    return {**known, **{film: other for film, (other, _) in best.items()}}


def _mutual(
    votes: Mapping[tuple[X, Y], float], least: float, below: Callable[[float], float]
) -> dict[X, tuple[Y, float]]:
    """Return the pairs of which each end is the other's best, the second best being below a limit."""
    firsts: dict[tuple[int, X | Y], tuple[float, Y | X | None]] = {}
    seconds: dict[tuple[int, X | Y], float] = {}
    for (x, y), vote in votes.items():
        for end, partner in (((0, x), y), ((1, y), x)):
            first = firsts.get(end, (float("-inf"), None))
            if vote > first[0]:
                seconds[end] = first[0]
                firsts[end] = vote, partner
            else:
                seconds[end] = max(seconds.get(end, float("-inf")), vote)
    found: dict[X, tuple[Y, float]] = {}
    for (x, y), vote in votes.items():
        if vote < least or firsts[0, x][1] != y or firsts[1, y][1] != x:
            continue
        if max(seconds[0, x], seconds[1, y]) <= below(vote):
            found[x] = y, vote
    return found


def _by_role(cast: Iterable[Person], film: FilmKey) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for person in cast:
        for credit in person.credits:
            if credit.film == film:
                found[credit.role].append(person.id)
    return found


def _films_by_role(person: Person, but: Collection[FilmKey]) -> dict[str, list[FilmKey]]:
    found: dict[str, list[FilmKey]] = defaultdict(list)
    for role, film in person.credits:
        if film not in but:
            found[role].append(film)
    return found


def _directors(people: Iterable[Person]) -> dict[FilmKey, set[str]]:
    found: dict[FilmKey, set[str]] = defaultdict(set)
    for person in people:
        for role, film in person.credits:
            if role == DIRECTED:
                found[film].add(person.id)
    return found
