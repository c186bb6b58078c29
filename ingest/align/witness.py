"""People of one name without a film in common, whom a source without names knows as one.

Somebody there, the witness, has a credit in a film of each. Two casts seldom have anybody in common by
chance, so the name and the witness together say what neither says alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

from ingest.align import named
from ingest.align.named import Pair
from ingest.align.names import key
from ingest.align.people import Credit, Person
from ingest.align.structure import Structure

METHOD = "name+witness"
SCORE = 0.8


def pairs(
    identities: Iterable[Person], nameless: Iterable[Person], matched: Structure
) -> tuple[list[Pair], int]:
    """Return the pairs of one name that have a witness, and how many were too ambiguous to be taken.

    Args:
        identities: people with names, one for each identity so far.
        nameless: those among whom a witness is looked for.
        matched: what the films of the nameless are, and who of them is known. Who is known as somebody else
            is no witness.
    """
    casts: dict[Credit, set[str]] = defaultdict(set)
    for person in nameless:
        for role, film in person.credits:
            if film in matched.films:
                casts[Credit(role, matched.films[film])].add(person.id)
    everybody = {person.id: person for person in identities}
    by_name = defaultdict(list)
    for person in everybody.values():
        if name := key(person.name or ""):
            by_name[name].append(person)
    scored = []
    for people in by_name.values():
        if len(people) > named.MAX_BLOCK:
            continue
        seen = {person.id: set().union(*(casts[credit] for credit in person.credits)) for person in people}
        for one, other in combinations(people, 2):
            if one.films & other.films or not named.may_be_one(one, other):
                continue
            ends = {one.id, other.id}
            known = (matched.people.get(x) for x in seen[one.id] & seen[other.id])
            if any(match is None or match.person in ends for match in known):
                scored.append(Pair(SCORE, one.id, other.id, METHOD))
    return named.unambiguous(scored, everybody)
