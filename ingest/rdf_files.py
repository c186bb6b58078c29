"""Files of RDF as triples, one at a time: N-Triples, N-Quads, Turtle and TriG, plain or gzipped.

RDF/XML is left out: its entities let a small file fill any memory.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from ingest.lines import ESCAPED, NUL, SHOWN, lines, open_any, shown
from kg.model import Origin, Reject
from mmkg.errors import InputError

LINED = {".nt": RdfFormat.N_TRIPLES, ".nq": RdfFormat.N_QUADS}
"""Formats with a statement a line, by the extension."""
NESTED = {".ttl": RdfFormat.TURTLE, ".trig": RdfFormat.TRIG}
"""Formats in which a statement means something only after those before it."""
PREDICATE = re.compile(r"\s*<[^>]*>\s*<([^>\\]*)>")
"""A predicate that is spelt without escapes."""
PLACE = re.compile(r"^Parser error (?:at|between) [^:]*: ")


class Fact(NamedTuple):
    """A triple of RDF about a thing that has an IRI."""

    origin: Origin
    subject: str
    predicate: str
    object: str
    """An IRI, or the text of a literal."""
    literal: bool
    language: str
    """Of a literal that tells one, in small letters; else empty."""


def is_rdf(path: Path) -> bool:
    """Tell by the name whether a file is one of the formats."""
    return _extension(path) in LINED | NESTED


def read_facts(path: Path, predicates: Collection[str] | None = None) -> Iterator[Fact | Reject]:
    """Yield the triples of a file, in whatever graph they stand.

    A line of N-Triples or N-Quads that is none costs itself. In Turtle and TriG, an error costs the rest of
    the file: what follows may be the inside of a text. A triple with a blank node is left out, for that is a
    thing without a name; so is one about another triple. Lines are told of N-Triples and N-Quads alone.

    Args:
        path: the file.
        predicates: those that are wanted, all unless told. Others may come too, but cost less.

    Raises:
        InputError: the file cannot be read.
    """
    extension = _extension(path)
    if extension in LINED:
        return _lined(path, LINED[extension], predicates)
    return _nested(path, NESTED[extension])


def _lined(path: Path, format: RdfFormat, predicates: Collection[str] | None) -> Iterator[Fact | Reject]:
    for line in lines(path):
        if isinstance(line, Reject):
            yield line
            continue
        origin, text = line
        if predicates is not None and (found := PREDICATE.match(text)) and found[1] not in predicates:
            continue
        if not text.isascii() and (escaped := ESCAPED.search(text)):
            reason = "a NUL character" if escaped[0] == NUL else "no valid UTF-8"
            yield Reject(*origin, "", reason, shown(text))
            continue
        try:
            for quad in parse(input=text, format=format):
                if (fact := _fact(quad, origin)) is not None:
                    yield fact
        except SyntaxError as error:
            yield Reject(*origin, "", f"no {format.name} ({_problem(error)})", shown(text.rstrip()))


def _nested(path: Path, format: RdfFormat) -> Iterator[Fact | Reject]:
    origin = Origin(path.name)
    try:
        with open_any(path) as file:
            for quad in parse(input=file, format=format):
                if (fact := _fact(quad, origin)) is not None:
                    yield fact
    except SyntaxError as error:
        reason = f"no {format.name} ({_problem(error)}): the rest of the file is left out"
        yield Reject(path.name, error.lineno or 0, "", reason)
    except MemoryError:  # what pyoxigraph says of a text of more than 16 MB
        yield Reject(*origin, "", "a text without an end: the rest of the file is left out")
    except (EOFError, zlib.error) as error:
        yield Reject(*origin, "", f"the rest of the file cannot be unpacked ({error})")
    except OSError as error:
        if error.strerror is None:  # gzip's own
            yield Reject(*origin, "", f"the rest of the file cannot be unpacked ({error})")
        else:
            raise InputError(f"the file cannot be read ({error.strerror})", where=str(path)) from None


def _fact(quad: Quad | Triple, origin: Origin) -> Fact | None:
    subject, value = quad.subject, quad.object
    if not isinstance(subject, NamedNode) or isinstance(value, (BlankNode, Triple)):
        return None
    language = (value.language or "").lower() if isinstance(value, Literal) else ""
    return Fact(
        origin, subject.value, quad.predicate.value, value.value, isinstance(value, Literal), language
    )


def _problem(error: SyntaxError) -> str:
    return PLACE.sub("", error.msg)[:SHOWN]


def _extension(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()
