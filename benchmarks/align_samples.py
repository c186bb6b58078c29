"""Samples of an alignment for a verdict by hand, with the evidence, and what the verdicts come to.

`align_pairs.csv` judges pairs of an alias and its canonical node: right, wrong or cannot tell.
`align_people.csv` judges whether people have a second node: once, duplicate (with the ids) or cannot tell.
"""

from __future__ import annotations

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from math import sqrt
from pathlib import Path

from rapidfuzz import fuzz

from ingest.align.names import key
from ingest.align.people import Credit, FilmKey, People, Person
from ingest.align.plan import Plan
from kg import Graph

PAIRS = Path(__file__).with_name("align_pairs.csv")
PEOPLE = Path(__file__).with_name("align_people.csv")
PAIR_COLUMNS = ("alias", "canonical", "name", "method", "score", "verdict", "reason")
PEOPLE_COLUMNS = ("id", "name", "duplicates", "verdict", "reason")
PAIRS_OF_A_METHOD = 75
SAMPLE = 200
CLOSE_NAMES = 85
Z = 1.96
"""Standard errors of a 95 % interval."""
CREDITS = """
MATCH (p:Person)-[]->(f:Movie|Film) WHERE p.name IS NOT NULL
RETURN DISTINCT p.id AS person, p.name AS name, labels(f)[0] + f.id AS film
"""


class Samples:
    """What a plan makes of people, as a judge wants to see it."""

    def __init__(
        self, people: People, plan: Plan, titles: Mapping[FilmKey, str], true_films: Mapping[FilmKey, FilmKey]
    ) -> None:
        """Bring everybody's credits to films of the catalogue.

        Args:
            people: everybody.
            plan: what was decided.
            titles: the titles of films.
            true_films: what the films of nameless people are where that is known from elsewhere, matched or
                not. The judge sees such credits too.
        """
        self.people, self.plan, self.titles = people, plan, titles
        matched = plan.films or {}
        self.films = {**true_films, **matched, **{a: b for a, b in true_films.items() if b.kind == "Item"}}
        self.credits = {person.id: set(self._of(person)) for person in people.all.values()}
        self.members: dict[str, list[str]] = defaultdict(list)
        for person in people.all:
            self.members[plan.canonical(person)].append(person)
        self.merged = {
            canonical: set().union(*(self.credits[member] for member in members))
            for canonical, members in self.members.items()
        }

    def draw(self, folder: Path) -> None:
        """Write both samples without verdicts, and the evidence beside them."""
        self._draw_pairs(folder / PAIRS.name)
        self._draw_people(folder / PEOPLE.name)

    def _draw_pairs(self, path: Path) -> None:
        by_method = defaultdict(list)
        for alias, why in sorted(self.plan.aliases.items()):
            by_method[why.method].append((alias, why))
        with path.open("w", newline="") as file, path.with_suffix(".txt").open("w") as evidence:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(PAIR_COLUMNS)
            for method, pairs in sorted(by_method.items()):
                for alias, why in _sample(pairs, PAIRS_OF_A_METHOD, 0):
                    name = self.people.all[why.canonical].name
                    writer.writerow((alias, why.canonical, name, method, f"{why.score:.2f}", "", ""))
                    print(self._pair(alias, why.canonical), file=evidence)

    def _pair(self, alias: str, canonical: str) -> str:
        mine = self.credits[alias]
        rest = [member for member in self.members[canonical] if member != alias]
        theirs: set[Credit] = set().union(*(self.credits[member] for member in rest))
        why = self.plan.aliases[alias]
        unknown = len(self.people.all[alias].credits) - len(mine)
        lines = [
            f"{self._names([alias])} = {self._names(rest)}; {why.method} {why.score:.2f}",
            f"  both:      {self._list(mine & theirs)}",
            f"  alias:     {self._list(mine - theirs)}; {unknown} in unknown films",
            f"  canonical: {self._list(theirs - mine)}",
        ]
        return "\n".join(lines)

    def _draw_people(self, path: Path) -> None:
        with path.open("w", newline="") as file, path.with_suffix(".txt").open("w") as evidence:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(PEOPLE_COLUMNS)
            named = sorted(person for person in self.members if self.people.all[person].name)
            for person in _sample(named, SAMPLE, 1):
                name = self.people.all[person].name
                writer.writerow((person, name, "", "", ""))
                mine = self.merged[person]
                print(self._names(self.members[person]), file=evidence)
                print(f"  {self._list(mine)}", file=evidence)
                for other, reason in self._candidates(person):
                    credits = self.merged[other]
                    print(f"  ? {self._names(self.members[other])} [{reason}]", file=evidence)
                    print(f"      both:  {self._list(credits & mine)}", file=evidence)
                    print(f"      other: {self._list(credits - mine)}", file=evidence)

    def _candidates(self, person: str) -> Iterator[tuple[str, str]]:
        """Yield who might be the same: a name alike, two films in one role, or a role but one in a film."""
        name = key(self.people.all[person].name or "")
        for other, credits in self.merged.items():
            if other == person:
                continue
            other_name = key(self.people.all[other].name or "")
            shared = {credit for credit in credits & self.merged[person] if credit.film.kind == "Item"}
            if other_name and _alike(name, other_name):
                yield other, "name"
            elif len(shared) > 1:
                yield other, f"{len(shared)} films in one role"
            elif shared and not other_name and any(credit.role != "ACTED_IN" for credit in shared):
                yield other, "a film in one role"

    def _of(self, person: Person) -> Iterator[Credit]:
        for role, film in person.credits:
            if person.name or self.plan.films is None:
                yield Credit(role, film)
            elif film in self.films:
                yield Credit(role, self.films[film])

    def _names(self, ids: Iterable[str]) -> str:
        return ", ".join(f"{id} ({self.people.all[id].name})" for id in ids)

    def _list(self, credits: Iterable[Credit]) -> str:
        by_role = defaultdict(list)
        for role, film in sorted(credits):
            by_role[role.lower()].append(self.titles.get(film, film.id))
        return "; ".join(f"{role} {', '.join(films)}" for role, films in by_role.items())


def _sample(population: list, size: int, seed: int) -> list:  # type: ignore[type-arg]
    return sorted(random.Random(seed).sample(population, min(size, len(population))))


def _alike(one: str, other: str) -> bool:
    last, others_last = one.rpartition(" ")[2], other.rpartition(" ")[2]
    return (last == others_last and one[0] == other[0]) or fuzz.token_sort_ratio(one, other) >= CLOSE_NAMES


def judged_pairs(plan: Plan) -> Iterator[tuple[str, object]]:
    """Yield the precision by method, of the judged pairs that the plan still makes."""
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in _judged(PAIRS):
        same = row["alias"] in plan.aliases and plan.canonical(row["alias"]) == plan.canonical(
            row["canonical"]
        )
        for method in (row["method"], "any method"):
            verdicts[method][row["verdict"] if same else "no longer made"] += 1
    for method, counts in sorted(verdicts.items(), key=lambda item: (item[0] == "any method", item[0])):
        yield f"judged pairs by {method}: right", share(counts["right"], counts["right"] + counts["wrong"])
        yield f"judged pairs by {method}: cannot tell", counts["cannot tell"]
        yield f"judged pairs by {method}: no longer made", counts["no longer made"]


def judged_people(plan: Plan, people: People) -> Iterator[tuple[str, object]]:
    """Yield how many of the judged people still have another node, with a name or without one."""
    counts: Counter[str] = Counter()
    for row in _judged(PEOPLE):
        others = {plan.canonical(id) for id in row["duplicates"].split("|") if id} - {
            plan.canonical(row["id"])
        }
        kinds = {"a name" if people.all[id].name else "no name" for id in others}
        counts[row["verdict"] if row["verdict"] != "duplicate" or others else "once"] += 1
        counts.update(kinds)
    told = counts["once"] + counts["duplicate"]
    yield "judged people: with another node left", share(counts["duplicate"], told)
    yield "judged people: with another node that has a name", share(counts["a name"], told)
    yield "judged people: with another node that has no name", share(counts["no name"], told)
    yield "judged people: cannot tell", counts["cannot tell"]


def duplicates_left(graph: Graph) -> int:
    """Count the pairs of people whose names have the same key and who share a film, in the aligned graph."""
    alike: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in graph.read(CREDITS):
        alike[row["film"], key(row["name"])].add(row["person"])
    return len({pair for ids in alike.values() for pair in combinations(sorted(ids), 2)})


def share(count: int, total: int) -> str:
    """Return a count of a total, with the 95 % interval of the share by Wilson.

    Example:
        >>> share(9, 10)
        '9 of 10 (.596 to .982)'
    """
    if not total:
        return "0 of 0"
    middle, spread = count + Z * Z / 2, Z * sqrt(count * (total - count) / total + Z * Z / 4)
    low, high = ((middle + sign * spread) / (total + Z * Z) for sign in (-1, 1))
    return f"{count} of {total} ({_decimals(low)} to {_decimals(high)})"


def _decimals(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")


def _judged(path: Path) -> Iterator[dict[str, str]]:
    if path.exists():
        with path.open(newline="") as file:
            yield from (row for row in csv.DictReader(file) if row["verdict"])
