"""What an alignment will do: which nodes become which identity, by the people as the sources state them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ingest.align import named, structure, witness
from ingest.align.names import key
from ingest.align.people import BY_NAME, Aligned, FilmKey, People, Person

MIN_SCORE = 0.7


@dataclass(slots=True)
class Plan:
    """Which aliases become which canonical node, and where their facts belong."""

    aliases: dict[str, Aligned] = field(default_factory=dict)
    """The canonical node of each alias, with the score and the method."""
    films: dict[FilmKey, FilmKey] | None = None
    """What the films of nameless people's credits really are; None where the links are to be trusted."""
    people: int = 0
    named: int = 0
    ambiguous: int = 0
    same_name: int = 0
    """Nodes left apart from another that has the same name, for want of any other evidence."""

    def canonical(self, person: str) -> str:
        """Return the node that stands for a person."""
        return self.aliases[person].canonical if person in self.aliases else person


def decide(
    people: People, min_score: float = MIN_SCORE, film_links: Mapping[FilmKey, FilmKey] | None = None
) -> Plan:
    """Decide which nodes are one person.

    Args:
        people: everybody in the graph.
        min_score: pairs below this stay apart.
        film_links: films as the nameless people's source links them, and what they really are. The search for
            further films starts there if the links of that source contradict the names of directors.
    """
    with_name, without = people.named(), people.nameless()
    groups = _Groups({person.id: person for person in with_name})
    found, ambiguous = named.pairs(with_name, min_score)
    groups.join(found)
    known = film_links or {}
    if trusted := structure.links_agree(without, groups.identities()):
        known = {film: film for person in without for film in person.films}
    matched = structure.match(without, groups.identities(), known, grow=not trusted)
    found, more = witness.pairs(groups.identities(), without, matched)
    groups.join(pair for pair in found if pair.score >= min_score)
    identities = groups.identities()
    matched = structure.match(without, identities, matched.films, grow=False)
    plan = Plan(
        aliases=groups.aliases(),
        films=None if trusted else matched.films,
        people=len(people.all),
        named=len(with_name),
        ambiguous=ambiguous + more,
    )
    for person, (identity, vote) in matched.people.items():
        if (score := structure.score(vote)) >= min_score:
            plan.aliases[person] = Aligned(identity, score, structure.METHOD)
    names = Counter(key(identity.name or "") for identity in identities)
    plan.same_name = sum(count - 1 for name, count in names.items() if name and count > 1)
    return plan


def _rank(person: Person) -> tuple[bool, int, str]:
    """Real ids before names, then who has most credits, then the id: a rule without chance."""
    return person.space == BY_NAME, -len(person.credits), person.id


class _Groups:
    """Sets of nodes that are one person; no set holds two ids of one source, except names."""

    def __init__(self, everybody: dict[str, Person]) -> None:
        self.everybody = everybody
        self.group: dict[str, list[str]] = {person: [person] for person in everybody}
        self.evidence: dict[str, list[named.Pair]] = defaultdict(list)

    def join(self, pairs: Iterable[named.Pair]) -> None:
        """Make the two of each pair one, best pairs first."""
        for pair in pairs:
            one, other = self.group[pair.one], self.group[pair.other]
            self.evidence[pair.one].append(pair)
            self.evidence[pair.other].append(pair)
            if one is other or self._are_two(one, other):
                continue
            one += other
            for person in other:
                self.group[person] = one

    def identities(self) -> list[Person]:
        """Return one person for each group: its canonical node with the credits of all."""
        return [
            Person(canonical.id, canonical.name, set().union(*(person.credits for person in members)))
            for canonical, members in self._members()
        ]

    def aliases(self) -> dict[str, Aligned]:
        """Return the canonical node of everybody else, with the best evidence for it."""
        return {
            person.id: Aligned(canonical.id, *self._why(person.id))
            for canonical, members in self._members()
            for person in members
            if person is not canonical
        }

    def _why(self, person: str) -> tuple[float, str]:
        mates = self.group[person]
        best = max(pair for pair in self.evidence[person] if pair.one in mates and pair.other in mates)
        return best.score, best.method

    def _members(self) -> Iterator[tuple[Person, list[Person]]]:
        for group in {id(group): group for group in self.group.values()}.values():
            members = [self.everybody[person] for person in group]
            yield min(members, key=_rank), members

    def _are_two(self, one: list[str], other: list[str]) -> bool:
        """Tell whether the groups have two ids of one source; names are no ids."""
        persons, others = ([self.everybody[person] for person in group] for group in (one, other))
        return any(
            a.space == b.space != BY_NAME and not named.may_be_one(a, b) for a in persons for b in others
        )
