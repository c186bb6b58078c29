"""A text cut into sentences, without the signature of who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_SENTENCE = 2000
"""Characters; what is longer is no sentence, and is cut at a space."""
ABBREVIATIONS = frozenset(
    re.findall(
        r"\w+",
        "mr mrs ms dr st jr sr vs lt col gen capt sgt prof rev hon no inc ltd co mt ft sen rep gov cpl maj",
    )
)
SIGNATURE = re.compile(
    r"""
      \s*(?:[\u2014\u2013]|--)-?\s*[^\u2014\n]{0,200}?[<{(\[]?[\w.+-]+@[\w.-]+[>})\]]?[^\u2014\n]{0,40}\Z
    | (?:\A|(?<=[.!?"'\u201d\u2019)\]\u2026\s]))\s*\u2014(?=\S)[^\u2014\n]{1,120}\Z
    """,
    re.VERBOSE,
)
"""A dash and a name at the end: `—Robert Lynch <lynch@example.org>`, `—Larry B.`"""
END = re.compile(r"""[.!?\u2026]+["'\u201d\u2019)\]]*\s+(?=["'\u201c\u2018(\[]*\w)|\n\s*\n""")
LAST_WORD = re.compile(r"""(\w+)\.["'\u201d\u2019)\]]*\s+\Z""")


def without_signature(text: str) -> str:
    """Cut the signature of its author off a plot: whoever wrote it has no part in the film.

    Example:
        >>> without_signature("Bond saves the world. —Robert Lynch <lynch@example.org>")
        'Bond saves the world.'
    """
    tail = max(0, len(text) - 400)  # what is looked at stays short however long the text is
    return text[:tail] + SIGNATURE.sub("", text[tail:].rstrip())


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences in their order; neither `Dr. No` nor `J. Edgar` ends one.

    Example:
        >>> list(sentences("Dr. No waits. Bond comes."))
        ['Dr. No waits.', 'Bond comes.']
    """
    start = 0
    for end in END.finditer(text):
        following = text[end.end() : end.end() + 2].lstrip("\"'\u201c\u2018([")
        if end[0].startswith("\n") or (not _abbreviated(text, end) and not following[:1].islower()):
            yield from _pieces(text[start : end.end()])
            start = end.end()
    yield from _pieces(text[start:])


def _abbreviated(text: str, end: re.Match[str]) -> bool:
    word = LAST_WORD.search(text[max(0, end.start() - 20) : end.end()])
    if not word:
        return False
    return word[1].lower() in ABBREVIATIONS or (len(word[1]) == 1 and word[1].isupper() and word[1] != "I")


def _pieces(sentence: str) -> Iterator[str]:
    sentence = sentence.strip()
    while len(sentence) > MAX_SENTENCE:
        cut = sentence.rfind(" ", 1, MAX_SENTENCE) + 1 or MAX_SENTENCE
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    if sentence:
        yield sentence
