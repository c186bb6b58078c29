"""Spellings made comparable: no case, no accents, one kind of quote and dash, single spaces."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

PLAIN = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i",
    "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u00b4": "'", "`": "'", "\u201c": '"', "\u201d": '"',
    "\u2010": "-", "\u2011": "-", "\u2013": "-",
}  # fmt: skip
"""Letters that Unicode does not decompose, and signs that are typed in several ways."""


def fold(text: str) -> tuple[str, Sequence[int]]:
    r"""Fold a text; the second value is, for each character of the folded text, its place in the original.

    Example:
        >>> fold("Gérard  D\u2019Or")[0]
        "gerard d'or"
    """
    if text.isascii() and text.isprintable() and "  " not in text and "`" not in text:
        return text.lower(), range(len(text))
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for sign in _folded(character):
            if sign != " " or (folded and folded[-1] != " "):
                folded.append(sign)
                places.append(place)
    return "".join(folded), places


def folded(text: str) -> str:
    """Fold a name, without the white space at its ends."""
    return fold(text)[0].strip()


def _folded(character: str) -> str:
    if character.isspace():
        return " "
    if character in PLAIN:
        return PLAIN[character]
    letters = (
        letter for letter in unicodedata.normalize("NFKD", character) if not unicodedata.combining(letter)
    )
    return "".join(PLAIN.get(small, small) for letter in letters for small in letter.casefold())
