"""The vocabularies of RDF in the terms of our graph: a table that users can edit."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.facts import RESERVED as NOT_FOR_TRIPLES
from ingest.rows import UNUSABLE
from kg.model import checked_label, checked_relation_type
from kg.validation import PROPERTY, RESERVED
from mmkg.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BUILT_IN = Path(__file__).with_name("vocabulary.toml")
FILM = "Film"
IN_BRACKETS = re.compile(r" \([^()]*\)$")

Scheme = Literal["item", "imdb", "tmdb"]
Reading = Literal["text", "number", "year", "minutes", "seconds"]


class Property(NamedTuple):
    """What a predicate says of a film."""

    name: str
    read: Reading


class Relation(NamedTuple):
    """What a predicate ties a film to."""

    type: str
    label: str
    """Of the other end."""
    to_film: bool
    """True where the relation leads from the other end to the film."""
    films: bool
    """True where only films have it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _PropertyEntry(_Strict):
    name: str
    read: Reading = "text"


class _RelationEntry(_Strict):
    type: str
    start: str | None = Field(None, alias="from")
    to: str | None = None
    films: bool = False


class _Table(_Strict):
    """A table as its file has it."""

    replaces: bool = False
    readable: list[str] = []
    types: list[str] = []
    names: list[str] = []
    prefixes: dict[str, str] = {}
    classes: dict[str, str] = {}
    identifiers: dict[str, Scheme] = {}
    properties: dict[str, str | _PropertyEntry] = {}
    relations: dict[str, _RelationEntry] = {}


@dataclass(frozen=True)
class Vocabulary:
    """What the predicates and classes mean, by their IRIs."""

    prefixes: Mapping[str, str]
    readable: frozenset[str]
    types: frozenset[str]
    names: frozenset[str]
    classes: Mapping[str, str]
    identifiers: Mapping[str, Scheme]
    properties: Mapping[str, Property]
    relations: Mapping[str, Relation]

    @classmethod
    def load(cls, path: Path | None = None) -> Vocabulary:
        """Read the table of this package, and one that adds to it or stands in its place.

        Raises:
            InputError: the file cannot be read, or an entry of it makes no sense.
        """
        tables = [_read(BUILT_IN)]
        if path is not None:
            tables.append(_read(path))
            if tables[1].replaces:
                del tables[0]
        try:
            return _resolved(tables)
        except InputError as error:
            raise InputError(error.what, where=str(path or BUILT_IN), remedy=error.remedy) from None

    def split(self, iri: str) -> tuple[str, str]:
        """Return the prefix and the name of an IRI, decoded; where it has none, no prefix and the IRI."""
        for prefix, start in self.prefixes.items():
            if iri.startswith(start) and len(iri) > len(start):
                name = unquote(iri[len(start) :])
                if not UNUSABLE.search(name):
                    return prefix, name
        return "", iri

    def id(self, iri: str) -> str:
        """Return the id of a thing: `dbpedia:Tom_Hanks`, or its IRI where no prefix fits."""
        prefix, name = self.split(iri)
        return f"{prefix}:{name}" if prefix else iri

    def name(self, iri: str, label: str = "") -> str:
        """Return what a thing is called, by its label or else its IRI; empty where neither tells."""
        prefix, local = self.split(iri)
        if prefix not in self.readable:
            return label
        text = label or local.replace("_", " ")
        return IN_BRACKETS.sub("", text).strip() or text


def _read(path: Path) -> _Table:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return _Table.model_validate(values)
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror})", where=str(path)) from None
    except ValidationError as error:
        first = error.errors()[0]
        entry = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].partition(" or instance of")[0]
        raise InputError(f"the vocabulary cannot be used: {entry}: {problem}", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"the file is no TOML: {error}", where=str(path)) from None


def _resolved(tables: list[_Table]) -> Vocabulary:
    def merged(section: str) -> dict[str, Any]:
        found: dict[str, Any] = reduce(lambda old, table: {**old, **getattr(table, section)}, tables, {})
        return found

    prefixes: dict[str, str] = merged("prefixes")
    for prefix in prefixes:
        if not PROPERTY.fullmatch(prefix):
            raise InputError(f"{prefix!r} is no prefix", remedy="A prefix is letters, digits and underscores")

    def iri(name: str) -> str:
        prefix, colon, local = name.partition(":")
        if prefix in prefixes:
            return prefixes[prefix] + local
        if not colon or not local.startswith("//"):
            remedy = "Names are PREFIX:NAME, or whole IRIs"
            raise InputError(f"{name!r} has no prefix of the table", remedy=remedy)
        return name

    def by_iri(section: str) -> dict[str, Any]:
        return {iri(name): value for name, value in merged(section).items()}

    def iris(section: str) -> frozenset[str]:
        return frozenset(iri(name) for table in tables for name in getattr(table, section))

    return Vocabulary(
        # The longest first, so that the closest fits.
        prefixes=dict(sorted(prefixes.items(), key=lambda pair: -len(pair[1]))),
        readable=frozenset(prefix for table in tables for prefix in table.readable),
        types=iris("types"),
        names=iris("names"),
        classes={name: checked_label(label) for name, label in by_iri("classes").items()},
        identifiers=by_iri("identifiers"),
        properties={name: _property(entry) for name, entry in by_iri("properties").items()},
        relations={name: _relation(name, entry) for name, entry in by_iri("relations").items()},
    )


def _property(entry: str | _PropertyEntry) -> Property:
    found = Property(entry, "text") if isinstance(entry, str) else Property(entry.name, entry.read)
    if not PROPERTY.fullmatch(found.name) or found.name in RESERVED:
        raise InputError(f"{found.name!r} is no property that a source can state")
    return found


def _relation(name: str, entry: _RelationEntry) -> Relation:
    if checked_relation_type(entry.type) in NOT_FOR_TRIPLES:
        raise InputError(f"{entry.type} is not for triples")
    if (entry.start is None) == (entry.to is None):
        raise InputError(f"{name} needs the label of its other end, by `from` or by `to`")
    return Relation(entry.type, checked_label(entry.start or entry.to or ""), bool(entry.start), entry.films)
