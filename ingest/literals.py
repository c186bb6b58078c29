"""The values of RDF's literals: texts in one language, numbers and years."""

from __future__ import annotations

import math
import re

from ingest.films import MAX_PLOT
from ingest.rdf_files import Fact
from ingest.rows import UNUSABLE, FieldError
from ingest.vocabulary import Reading, Vocabulary
from kg.model import Value
from kg.validation import MAX_KEYED_TEXT
from mmkg.errors import UsageError

LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
ANY_LANGUAGE = frozenset({"", "mul"})
"""A text without a language, and Wikidata's mark for names that are the same in all."""
YEAR = re.compile(r"(\d{4})(?:-\d\d(?:-\d\d(?:T.*)?)?)?(?:Z|[+-]\d\d:\d\d)?")


class Literals:
    """Reads the values of triples.

    Args:
        vocabulary: tells which predicates hold long texts.
        language: of texts; `en` takes `en-GB` too, and those without a language are always taken.

    Raises:
        UsageError: the language is none.
    """

    def __init__(self, vocabulary: Vocabulary, language: str) -> None:
        if not LANGUAGE.fullmatch(language):
            raise UsageError(f"{language!r} is no language", remedy="As in: --language en")
        self.vocabulary = vocabulary
        self.language = language.lower()

    def read(self, fact: Fact, reading: Reading) -> Value | None:
        """Read a value; None where it is empty or in another language.

        Raises:
            FieldError: it cannot be used.
        """
        text = self.text(fact)
        if not text or reading == "text":
            return text or None
        field = self.vocabulary.id(fact.predicate)
        return _year(field, text) if reading == "year" else _number(field, text, reading)

    def text(self, fact: Fact) -> str:
        """Read a text, its white space made single; empty where it is so, or in another language.

        Raises:
            FieldError: it cannot be used.
        """
        field = self.vocabulary.id(fact.predicate)
        if not fact.literal:
            raise FieldError(field, "a text or number is wanted here", fact.object)
        if fact.language not in ANY_LANGUAGE and not f"{fact.language}-".startswith(f"{self.language}-"):
            return ""
        text = " ".join(fact.object.split())
        if UNUSABLE.search(text):
            raise FieldError(field, "no valid Unicode", ascii(text))
        longest = MAX_PLOT if fact.predicate in self.vocabulary.properties else MAX_KEYED_TEXT
        if len(text) > longest:
            raise FieldError(field, f"longer than {longest} characters", text)
        return text

    def fits(self, fact: Fact) -> bool:
        """Tell whether a value is a text that can be used."""
        try:
            return bool(self.text(fact))
        except FieldError:
            return False


def _year(field: str, text: str) -> int:
    found = YEAR.fullmatch(text)
    if found is None or not 1800 <= int(found[1]) <= 2200:
        raise FieldError(field, "no year", text)
    return int(found[1])


def _number(field: str, text: str, reading: Reading) -> float:
    try:
        number = float(text)
    except ValueError:
        raise FieldError(field, "no number", text) from None
    if not math.isfinite(number):
        raise FieldError(field, "not a finite number", text)
    return number / 60 if reading == "seconds" else number
