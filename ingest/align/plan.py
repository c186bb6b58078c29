"""What an alignment will do: which nodes become which identity, by the people as the sources state them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.align import named, structure
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
    for pair in found:
        groups.join(pair)
    plan = Plan(people=len(people.all), named=len(with_name), ambiguous=ambiguous)
    identities = []
    for members in groups.members():
        canonical = min(members, key=_rank)
        for person in members:
            if person is not canonical:
                score, method = groups.why(person.id)
                plan.aliases[person.id] = Aligned(canonical.id, score, method)
        identities.append(
            Person(canonical.id, canonical.name, set().union(*(person.credits for person in members)))
        )
    _align_nameless(plan, without, identities, film_links or {}, min_score)
    names = Counter(key(identity.name or "") for identity in identities)
    plan.same_name = sum(count - 1 for name, count in names.items() if name and count > 1)
    return plan


def _align_nameless(
    plan: Plan,
    without: list[Person],
    identities: list[Person],
    film_links: Mapping[FilmKey, FilmKey],
    min_score: float,
) -> None:
    trusted = structure.links_agree(without, identities)
    known = {film: film for person in without for film in person.films} if trusted else film_links
    found = structure.match(without, identities, known, grow=not trusted)
    plan.films = None if trusted else found.films
    for person, (identity, vote) in found.people.items():
        if (score := structure.score(vote)) >= min_score:
            plan.aliases[person] = Aligned(identity, score, structure.METHOD)


def _rank(person: Person) -> tuple[bool, int, str]:
    """Real ids before names, then who has most credits, then the id: a rule without chance."""
    return person.space == BY_NAME, -len(person.credits), person.id


class _Groups:
    """Sets of nodes that are one person; no set holds two ids of one source, except names."""

    def __init__(self, everybody: dict[str, Person]) -> None:
        self.everybody = everybody
        self.group: dict[str, list[str]] = {person: [person] for person in everybody}
        self.evidence: dict[str, list[named.Pair]] = defaultdict(list)

    def join(self, pair: named.Pair) -> None:
        one, other = self.group[pair.one], self.group[pair.other]
        self.evidence[pair.one].append(pair)
        self.evidence[pair.other].append(pair)
        if one is other or self._ids(one) & self._ids(other):
            return
        one += other
        for person in other:
            self.group[person] = one

    def why(self, person: str) -> tuple[float, str]:
        """Return the best evidence that the node belongs to its group."""
        mates = self.group[person]
        best = max(pair for pair in self.evidence[person] if pair.one in mates and pair.other in mates)
        return best.score, best.method

    def members(self) -> list[list[Person]]:
        """Return the groups, those of one included."""
        distinct = {id(group): group for group in self.group.values()}
        return [[self.everybody[person] for person in group] for group in distinct.values()]

    def _ids(self, group: list[str]) -> set[str]:
        return {self.everybody[person].space for person in group} - {BY_NAME}
