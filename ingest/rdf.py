"""Films of an RDF data set, such as DBpedia and Wikidata, by a table of what its predicates mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path

from ingest.films import named
from ingest.lines import SHOWN
from ingest.links import Links
from ingest.literals import Literals
from ingest.rdf_files import LINED, NESTED, Fact, is_rdf, read_facts
from ingest.rows import UNUSABLE, FieldError
from ingest.source import Media, MediaText, accepted, unrecognised
from ingest.vocabulary import FILM, Vocabulary
from kg.model import Node, Origin, Ref, Reject, Relation, Value
from mmkg.errors import InputError

NAMES = [f"*{extension}{packed}" for extension in (*LINED, *NESTED) for packed in ("", ".gz")]


@dataclass
class Known:
    """What is held of the data set while it is read: about 200 bytes for each IRI."""

    films: dict[str, str | None] = field(default_factory=dict)
    """Each film, and the item of the catalogue that it is, if any."""
    others: dict[str, str] = field(default_factory=dict)
    """Each thing that a fact ties to a film, and its label."""
    named: set[str] = field(default_factory=set)
    """Which of them a triple names."""


class Rdf:
    """A file or a folder of RDF as a source.

    The files may be larger than the memory: they are read from end to end several times. Three readings find
    out which films there are, what these are tied to and what has a name; then comes one for the nodes, one
    for the plots and one for the relations. `Known` is all that is held meanwhile: films and what is tied to
    them, however much else there is. All fills gaps only: a data set does not overrule the catalogue.

    Args:
        place: the file or folder; files in folders inside are not read.
        vocabulary: a table that adds to ours: `ingest/vocabulary.toml`.
        links: a table of which item is which film of IMDb or TMDB.
        language: of names and plots; those that tell no language are taken too.

    Raises:
        InputError: there is no file of RDF, or one of the tables cannot be used.
        UsageError: the language is none.
    """

    def __init__(
        self,
        place: Path,
        *,
        vocabulary: Path | None = None,
        links: Path | None = None,
        language: str = "en",
    ) -> None:
        self.paths = _paths(place)
        if not self.paths:
            if place.is_file():
                raise InputError(
                    "the file is no RDF by its name", where=str(place), remedy=f"Known: {', '.join(NAMES)}"
                )
            raise unrecognised(place, "RDF", NAMES)
        self.tables = [path for path in (vocabulary, links) if path is not None]
        self.vocabulary = Vocabulary.load(vocabulary)
        self.literals = Literals(self.vocabulary, language)
        self.links = Links(links) if links else None

    def files(self) -> Iterator[Path]:
        """Yield the files of RDF, and the tables."""
        yield from self.paths
        yield from self.tables

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield films and what they are tied to, each as often as a triple says something of it."""
        if self.links:
            yield from self.links.rejects
        begun: set[str] = set()
        for fact in self._facts():
            if isinstance(fact, Reject):
                yield fact
                continue
            for iri in (fact.subject,) if fact.literal else (fact.subject, fact.object):
                if iri not in begun and self._is_known(iri):
                    begun.add(iri)
                    yield self._node(iri, self._own(iri), fact.origin)
            try:
                yield from self._stated(fact)
            except FieldError as error:
                yield Reject(*fact.origin, error.field, error.reason, error.value[:SHOWN])

    def media(self) -> Iterator[Media | Reject]:
        """Yield the plots of the catalogue's films, one each."""
        plots = {
            iri: meaning for iri, meaning in self.vocabulary.properties.items() if meaning.name == "plot"
        }
        told: set[str] = set()
        for fact in self._facts_with(plots):
            item = self.known.films.get(fact.subject)
            meaning = plots.get(fact.predicate)
            if item and item not in told and meaning:
                try:
                    plot = self.literals.read(fact, meaning.read)
                except FieldError:
                    continue  # among the nodes' rejects
                if isinstance(plot, str):
                    told.add(item)
                    yield MediaText(Ref("Item", item), plot, fact.origin)

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield the facts of films."""
        for fact in self._facts_with(self.vocabulary.relations):
            meaning = self.vocabulary.relations.get(fact.predicate)
            if meaning is None or fact.subject not in self.known.films:
                continue
            film, other = self._ref(fact.subject), self._other(fact, meaning.label)
            if other is not None:
                start, end = (other, film) if meaning.to_film else (film, other)
                yield Relation(meaning.type, start, end, {}, fact.origin)

    def warnings(self) -> Iterator[str]:
        """Tell where the vocabulary does not fit, and of films that are not tied to the catalogue."""
        films = self.known.films
        if not films:
            yield "the vocabulary finds no film: --vocabulary can tell more predicates and classes"
        elif self.links and not any(films.values()):
            yield "none of the films is tied to the catalogue by the table of --links"

    @cached_property
    def known(self) -> Known:
        """The films, what they are tied to, and which of all these have a name."""
        films = self._films()
        known = Known(films)
        for fact in self._facts_with(self.vocabulary.relations):
            meaning = self.vocabulary.relations.get(fact.predicate)
            if meaning and not fact.literal and fact.subject in films and fact.object not in films:
                known.others.setdefault(fact.object, meaning.label)
        for fact in self._facts_with(self.vocabulary.types, self.vocabulary.names):
            iri = fact.subject
            if iri in known.others and fact.predicate in self.vocabulary.types:
                known.others[iri] = self.vocabulary.classes.get(fact.object) or known.others[iri]
            is_name = fact.predicate in self.vocabulary.names
            if is_name and (iri in films or iri in known.others) and self.literals.fits(fact):
                known.named.add(iri)
        return known

    def _films(self) -> dict[str, str | None]:
        """Find the films: by their class, by a predicate that only films have, or by an identifier."""
        films: dict[str, str | None] = {}
        linked: dict[str, str] = {}
        telling = self.vocabulary.types, self.vocabulary.identifiers, self.vocabulary.relations
        for fact in self._facts_with(*telling):
            if fact.predicate in self.vocabulary.types:
                if self.vocabulary.classes.get(fact.object) == FILM:
                    films.setdefault(fact.subject, None)
            elif (scheme := self.vocabulary.identifiers.get(fact.predicate)) and fact.literal:
                text = fact.object.strip()
                if scheme == "item":
                    if text and not UNUSABLE.search(text):
                        films[fact.subject] = films.get(fact.subject) or text
                elif self.links and (item := self.links.item(scheme, text)):
                    linked.setdefault(fact.subject, item)
                    if scheme == "tmdb" or text.startswith("tt"):  # a bare number may be a person's
                        films.setdefault(fact.subject, None)
            elif (meaning := self.vocabulary.relations.get(fact.predicate)) and meaning.films:
                films.setdefault(fact.subject, None)
        return {film: item or linked.get(film) for film, item in films.items()}

    def _facts(self) -> Iterator[Fact | Reject]:
        return chain.from_iterable(read_facts(path) for path in self.paths)

    def _facts_with(self, *predicates: Iterable[str]) -> Iterator[Fact]:
        """Yield the triples with these predicates, and perhaps others."""
        wanted = frozenset(chain(*predicates))
        return accepted(chain.from_iterable(read_facts(path, wanted) for path in self.paths))

    def _is_known(self, iri: str) -> bool:
        return iri in self.known.films or iri in self.known.others

    def _ref(self, iri: str) -> Ref:
        item = self.known.films.get(iri)
        return Ref("Item", item) if item else Ref("Entity", self.vocabulary.id(iri))

    def _node(self, iri: str, properties: dict[str, Value], origin: Origin) -> Node:
        ref = self._ref(iri)
        label = "Movie" if ref.kind == "Item" else self.known.others.get(iri, FILM)
        return Node(ref.kind, ref.id, label, properties, origin, fills=True)

    def _own(self, iri: str) -> dict[str, Value]:
        """Make the properties that the IRI itself tells."""
        properties: dict[str, Value] = {}
        prefix, local = self.vocabulary.split(iri)
        is_item = bool(self.known.films.get(iri))
        if is_item and prefix:
            properties[f"{prefix}_id"] = local
        if iri not in self.known.named and (name := self.vocabulary.name(iri)):
            properties["title" if is_item else "name"] = name
        return properties

    def _stated(self, fact: Fact) -> Iterator[Node]:
        """Yield what a triple states of nodes.

        Raises:
            FieldError: its value cannot be used.
        """
        if not self._is_known(fact.subject):
            return
        if fact.predicate in self.vocabulary.names:
            text = self.literals.text(fact)
            if text:
                property_name = "title" if self.known.films.get(fact.subject) else "name"
                name = self.vocabulary.name(fact.subject, text)
                yield self._node(fact.subject, {property_name: name}, fact.origin)
        elif (scheme := self.vocabulary.identifiers.get(fact.predicate)) and scheme != "item":
            text = self.literals.text(fact)
            if scheme == "imdb" and text.isdecimal():
                text = f"{'tt' if fact.subject in self.known.films else 'nm'}{text.zfill(7)}"
            if text:
                yield self._node(fact.subject, {f"{scheme}_id": text}, fact.origin)
        elif fact.subject not in self.known.films:
            return
        elif meaning := self.vocabulary.properties.get(fact.predicate):
            value = self.literals.read(fact, meaning.read)
            if value is not None:
                yield self._node(fact.subject, {meaning.name: value}, fact.origin)
        elif (relation := self.vocabulary.relations.get(fact.predicate)) and fact.literal:
            text = self.literals.text(fact)
            if text:
                yield named(relation.label, text, fact.origin)

    def _other(self, fact: Fact, label: str) -> Ref | None:
        """Return the other end of a fact, which may be known by its name alone."""
        if not fact.literal:
            return self._ref(fact.object)
        try:
            text = self.literals.text(fact)
        except FieldError:
            return None  # among the nodes' rejects
        return Ref("Entity", named(label, text, fact.origin).id) if text else None


def recognises(place: Path) -> bool:
    """Tell whether a file, or every file of a folder, is RDF by its name."""
    if place.is_file():
        return is_rdf(place)
    files = [path for path in place.iterdir() if path.is_file() and path.name[0] != "."]
    return bool(files) and all(map(is_rdf, files))


def _paths(place: Path) -> list[Path]:
    if place.is_file():
        return [place] if is_rdf(place) else []
    if not place.is_dir():
        return []
    return [path for path in sorted(place.iterdir()) if path.is_file() and is_rdf(path)]
