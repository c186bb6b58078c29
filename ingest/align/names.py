"""How likely two names are two spellings of one: accents, initials, order of the parts, "Jr."."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz import fuzz

UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "\u0131": "i"}
)
"""Letters with a stroke or made of two, which Unicode does not take apart."""
IN_BRACKETS = re.compile(r"\([^)]*\)")
DROPPED = re.compile("['\u2019`.]")
WORD = re.compile(r"\w+")
SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "junior", "senior"})

EQUAL = 1.0
OTHER_ORDER = 0.95
WITHOUT_MIDDLE = 0.95
INITIAL = 0.85
SUFFIX_ON_ONE_SIDE = 0.75
"""A father and a son often differ in nothing else, so this needs more than one film in common."""
LEAST_RATIO = 90


class Name:
    """A name taken apart."""

    __slots__ = ("parts", "suffix")

    def __init__(self, text: str) -> None:
        folded = unicodedata.normalize("NFKD", IN_BRACKETS.sub(" ", text).casefold().translate(UNDECOMPOSED))
        plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
        words = WORD.findall(DROPPED.sub("", plain.replace(".", ". ")).replace("_", " "))
        suffixes = [word for word in words[1:] if word in SUFFIXES]
        self.suffix = suffixes[-1].replace("junior", "jr").replace("senior", "sr") if suffixes else ""
        self.parts = tuple(word for place, word in enumerate(words) if not place or word not in SUFFIXES)

    @property
    def key(self) -> str:
        """The same for names that differ in accents, capitals and punctuation; empty without a letter."""
        return " ".join((*self.parts, self.suffix)).strip()


@lru_cache(maxsize=200_000)
def taken_apart(text: str) -> Name:
    """Return the parts of a name."""
    return Name(text)


def key(text: str) -> str:
    """Return what names that differ only in accents, capitals and punctuation have in common."""
    return taken_apart(text).key


def similarity(one: str, other: str) -> float:
    """Return how likely the two are spellings of one name, from 0 to 1.

    Two given names that are both written out and differ are two people, whatever the family name.

    Example:
        >>> similarity("Penélope Cruz", "Penelope Cruz"), similarity("Joel Coen", "Ethan Coen")
        (1.0, 0.0)
    """
    a, b = taken_apart(one), taken_apart(other)
    if not a.parts or not b.parts or (a.suffix and b.suffix and a.suffix != b.suffix):
        return 0.0
    factor = EQUAL if a.suffix == b.suffix else SUFFIX_ON_ONE_SIDE
    return factor * _similarity(a.parts, b.parts)


def _similarity(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    if a == b or "".join(a) == "".join(b):
        return EQUAL
    if sorted(a) == sorted(b):
        return OTHER_ORDER
    if a[-1] == b[-1] and len(a) > 1 and len(b) > 1:
        if a[0] == b[0] and (_covers(a, b) or _covers(b, a)):
            return WITHOUT_MIDDLE
        if (len(a[0]) == 1 or len(b[0]) == 1) and a[0][0] == b[0][0]:
            return INITIAL
    if any(1 in (len(x), len(y)) and x[0] != y[0] for x, y in zip(a, b, strict=False)):
        return 0.0  # two initials that differ
    ratio = fuzz.ratio(" ".join(a), " ".join(b), score_cutoff=LEAST_RATIO)
    return OTHER_ORDER * ratio / 100 if ratio and a[0][0] == b[0][0] and len(a) == len(b) else 0.0


def _covers(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Tell whether each middle name of the shorter is one of the longer, or its initial, in this order."""
    rest = iter(longer[1:-1])
    return all(any(_agree(part, other) for other in rest) for part in shorter[1:-1])


def _agree(a: str, b: str) -> bool:
    return a == b or (1 in (len(a), len(b)) and a[0] == b[0])
