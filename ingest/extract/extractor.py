"""From the text of one film to facts, each with its sentence and a confidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.extract.masking import Masked, mask
from ingest.extract.names import Mention, Name, Names
from ingest.extract.patterns import PATTERNS, Pattern
from ingest.extract.sentences import sentences, without_signature
from ingest.extract.vocabulary import KNOWN, PROPER, TIME
from ingest.films import named
from kg.model import NOWHERE, Node, Origin, Ref, Relation, Value

METHOD = "text"
TEXTS = Origin("texts of films")
"""Where a new entity comes from: one place, however many films name it."""
UNKNOWN = 0.8
"""How much of a pattern's confidence remains where the graph does not know the name."""
MAX_EVIDENCE = 1000
CHARACTER = re.compile(r"\bas\s+(?:(?:an?|the|his|her)\s+)?(?:[a-z]+\s+){0,3}\Z")
"""Before a name in a list of actors: `Kim Novak as Madeleine`."""
ENDING = re.compile(r"['\u2019]s?\Z")
BEFORE_BRACKET = re.compile(r"[\s\d]*[(\[]\s*(?:played by\s*|portrayed by\s*|voiced by\s*)?\Z")

Recogniser = Callable[[str], Sequence[Mention]]
"""Finds names that the graph does not know, as spaCy does."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A relation between a film and something else, with the sentence that says so."""

    relation: str
    film: str
    other: Ref
    label: str
    name: str
    confidence: float
    evidence: str
    pattern: str
    to_film: bool
    """True where the relation leads from the other thing to the film."""
    known: bool
    """True where the graph has the other thing."""
    character: str = ""

    @property
    def ends(self) -> tuple[Ref, Ref]:
        """The start and the end of the relation."""
        film = Ref("Item", self.film)
        return (self.other, film) if self.to_film else (film, self.other)

    def statement(self) -> Relation:
        """Return the relation as the graph shall have it."""
        properties: dict[str, Value] = {
            "method": METHOD,
            "confidence": round(self.confidence, 3),
            "evidence": self.evidence,
            "pattern": self.pattern,
        }
        if self.character:
            properties["character"] = self.character
        return Relation(self.relation, *self.ends, properties, Origin(f"text of {self.film}"))

    def entity(self) -> Node:
        """Return the node of the other thing, for where the graph does not know it."""
        return Node("Entity", self.other.id, self.label, {"name": self.name}, TEXTS, True)


@dataclass
class Extractor:
    """Reads texts.

    Args:
        names: the names that the graph knows.
        recogniser: finds names that it does not know.
        min_confidence: a fact below is left out.
        builtin: ids of entities in `names` that the graph may lack.
        patterns: what to look for.

    Example:
        >>> names = Names([Name("Entity", "p1", "Person", "Pierce Brosnan")])
        >>> [fact.relation for fact in Extractor(names).facts("2", "Agent James Bond (Pierce Brosnan) wins.")]
        ['ACTED_IN']
    """

    names: Names
    recogniser: Recogniser | None = None
    min_confidence: float = 0.5
    builtin: Collection[str] = ()
    patterns: Sequence[Pattern] = PATTERNS
    ambiguous: Counter[str] = field(default_factory=Counter)
    """Names that a pattern found, and that several things have."""

    def facts(self, film: str, text: str, ties: Collection[str] = ()) -> list[Fact]:
        """Return what the text says of the film, each fact once, with the surest sentence.

        Args:
            film: the id of the film.
            text: its plot.
            ties: ids that the graph ties to the film: of several things of one name, the one among them is
                meant. The name alone decides nothing between them.
        """
        best: dict[tuple[str, Ref, Ref], Fact] = {}
        for number, sentence in enumerate(sentences(without_signature(text))):
            masked = mask(sentence, self._mentions(sentence))
            if not masked.mentions:
                continue
            for pattern in self.patterns:
                if (pattern.opening and number) or not _possible(pattern, masked.text):
                    continue
                for fact in self._found(pattern, masked, sentence, film, ties):
                    key = (fact.relation, *fact.ends)
                    if key not in best or fact.confidence > best[key].confidence:
                        best[key] = fact
        return [fact for fact in best.values() if fact.confidence >= self.min_confidence]

    def _mentions(self, sentence: str) -> list[Mention]:
        mentions = self.names.mentions(sentence)
        if self.recogniser is not None:
            mentions += self.recogniser(sentence)
        return mentions

    def _found(
        self, pattern: Pattern, masked: Masked, sentence: str, film: str, ties: Collection[str]
    ) -> Iterator[Fact]:
        for match in pattern.expression.finditer(masked.text):
            start, end = match.span("x")
            for place, mention in masked.within(start, end):
                if CHARACTER.search(masked.text[start:place]):
                    continue
                target = self._target(pattern, mention, sentence, ties)
                if target is None or target.id == film:
                    continue
                known = target.id not in self.builtin and bool(mention.names)
                sure = mention.names or mention.label in {pattern.creates, "Period"}
                yield Fact(
                    relation=pattern.relation,
                    film=film,
                    other=Ref(target.kind, target.id),
                    label=target.label,
                    name=target.name,
                    confidence=pattern.confidence * (1 if sure else UNKNOWN),
                    evidence=_shortened(sentence, mention),
                    pattern=pattern.name,
                    to_film=pattern.to_film,
                    known=known,
                    character=_character(masked, place, sentence) if pattern.relation == "ACTED_IN" else "",
                )

    def _target(
        self, pattern: Pattern, mention: Mention, sentence: str, ties: Collection[str]
    ) -> Name | None:
        candidates = [name for name in mention.names if name.label in pattern.labels]
        things = {name.known_as for name in candidates}
        if len(things) > 1:
            candidates = [name for name in candidates if name.id in ties or name.known_as in ties]
            if len({name.known_as for name in candidates}) != 1:
                self.ambiguous[
                    candidates[0].name if candidates else sentence[mention.start : mention.end]
                ] += 1
                return None
        if candidates:
            tied = [name for name in candidates if name.id in ties]
            found = min(tied or candidates)
            return found._replace(name=found.id.partition(":")[2]) if found.id in self.builtin else found
        return self._new(pattern, mention, sentence)

    def _new(self, pattern: Pattern, mention: Mention, sentence: str) -> Name | None:
        """Make up an entity for a name that the graph does not know, where the pattern is sure enough."""
        label = pattern.creates
        text = sentence[mention.start : mention.end]
        if label != "Period":
            text = ENDING.sub("", text)
        if label is None or mention.names:
            return None
        if mention.label is None:
            if pattern.hinted or label not in {"Person", "Place"}:
                return None
        elif mention.label != label:
            return None
        if label == "Person" and len(text.split()) < 2:  # a surname alone could be anybody
            return None
        node = named(label, _period(text) if label == "Period" else text, NOWHERE)
        return Name("Entity", node.id, label, str(node.properties["name"]))


def _possible(pattern: Pattern, masked: str) -> bool:
    """Tell quickly whether the sentence has the kind of name that the pattern looks for."""
    if pattern.creates == "Period":
        return TIME in masked
    return KNOWN in masked or (pattern.creates is not None and PROPER in masked)


def _period(text: str) -> str:
    """Write a time in one way: `1930's` and `1930s` are one."""
    return text.lower().replace("'", "").replace("\u2019", "").replace("-", " ")


def _character(masked: Masked, place: int, sentence: str) -> str:
    """Return the name before the bracket that an actor stands in: `Xenia Onatopp (Famke Janssen)`."""
    bracket = BEFORE_BRACKET.search(masked.text[max(0, place - 40) : place])
    if not bracket:
        return ""
    before = place - len(bracket[0]) - 1
    for where, mention in masked.within(before, before + 1):
        if masked.text[where] != TIME:
            return sentence[mention.start : mention.end]
    return ""


def _shortened(sentence: str, mention: Mention) -> str:
    """Return the sentence, or of a very long one the part around the name."""
    if len(sentence) > MAX_EVIDENCE:
        start = max(0, min(mention.start - MAX_EVIDENCE // 2, len(sentence) - MAX_EVIDENCE))
        sentence = sentence[start : start + MAX_EVIDENCE]
    return " ".join(sentence.split())
