"""A sentence with its names masked, so that a pattern sees `played by <name>` whatever the name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingest.extract.names import Mention
from ingest.extract.vocabulary import KNOWN, PROPER, TIME

WORD = re.compile(r"\w(?:[\w.-]|['\u2019](?!s\b))*")
PARTICLES = frozenset(
    (
        "de",
        "da",
        "di",
        "du",
        "del",
        "della",
        "van",
        "von",
        "der",
        "den",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "of",
        "y",
    )
)
NO_NAME = frozenset(
    re.findall(
        r"\w+",
        """
        a an the this that these those in on at by with from for and or but as when while where
        after before if his her their its it he she they we i you who what which there then now
        set based directed written produced starring director actor actress writer author
        filmmaker producer star winner january february march april may june july august
        september october november december monday tuesday wednesday thursday friday saturday
        sunday christmas mr mrs ms dr
        sir dame lord lady
        """,
    )
)
"""Words that stand before a name or are written with a capital, and are no part of a name."""
TIMES = re.compile(
    r"\b(?:1[0-9]|20)\d\d(?:['\u2019]?s)?\b(?!\s*(?:miles|feet|dollars|people|men|years))"
    r"|\b(?:[1-9]|1\d|2[01])(?:st|nd|rd|th)[- ]century\b",
    re.IGNORECASE,
)
SPACES = re.compile(r"\s+")
PRIVATE = re.compile(f"[{KNOWN}{PROPER}{TIME}]")


class Masked(NamedTuple):
    """A sentence in which each mention is one sign."""

    text: str
    mentions: tuple[Mention, ...]
    """In the order of their signs."""
    places: tuple[int, ...]
    """Where the signs stand in the masked text."""

    def within(self, start: int, end: int) -> Iterable[tuple[int, Mention]]:
        """Return the mentions whose signs stand between the two places, each with its place."""
        return (
            (place, mention)
            for place, mention in zip(self.places, self.mentions, strict=True)
            if start <= place < end
        )


def mask(sentence: str, named: Sequence[Mention]) -> Masked:
    """Mask the mentions, the words that look like names, and the times; where two overlap the first stands.

    A mention that is only a part of a longer name is not masked as known: `Robert James` is not
    `Robert James Waller`.
    """
    sentence = PRIVATE.sub(" ", sentence)
    taken: list[tuple[Mention, str]] = []
    used = bytearray(len(sentence))

    def take(mention: Mention, sign: str) -> None:
        if any(used[mention.start : mention.end]):
            return
        used[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
        taken.append((mention, sign))

    for mention in named:
        if not mention.names:
            take(mention, PROPER)
        elif not _goes_on(sentence, mention):
            take(mention, KNOWN)
    for time in TIMES.finditer(sentence):
        take(Mention(time.start(), time.end(), (), "Period"), TIME)
    for proper in _proper_names(sentence, used):
        take(proper, PROPER)
    taken.sort()
    pieces, places, last, length = [], [], 0, 0
    for mention, sign in taken:
        between = SPACES.sub(" ", sentence[last : mention.start])
        length += len(between)
        places.append(length)
        pieces += [between, sign]
        length += 1
        last = mention.end
    pieces.append(SPACES.sub(" ", sentence[last:]))
    return Masked("".join(pieces), tuple(mention for mention, _ in taken), tuple(places))


def _goes_on(sentence: str, mention: Mention) -> bool:
    """Tell whether a person's name continues with another capitalised word, and so is somebody else's."""
    if not all(name.label == "Person" for name in mention.names):
        return False
    following = re.match(r"[ -](\w+)", sentence[mention.end : mention.end + 40])
    return bool(following and following[1][0].isupper() and following[1].lower() not in NO_NAME)


def _proper_names(sentence: str, used: bytearray) -> list[Mention]:
    """Find runs of capitalised words, `Robert James Waller`, `Vincent van Gogh`."""
    runs: list[list[tuple[int, int]]] = []
    previous = -2
    for word in WORD.finditer(sentence):
        start, end = word.span()
        if not _keeps_dot(word[0]):
            end = start + len(word[0].rstrip(".-'\u2019"))
        if end <= start or any(used[start:end]):
            previous = -2
            continue
        text = sentence[start:end]
        adjacent = previous >= 0 and sentence[previous:start].isspace()
        if text[0].isupper() and text.lower() not in NO_NAME:
            if adjacent and runs:
                runs[-1].append((start, end))
            else:
                runs.append([(start, end)])
            previous = end
        elif adjacent and text in PARTICLES and runs:
            runs[-1].append((start, end))
            previous = end
        else:
            previous = -2
    found = []
    for run in runs:
        while run and sentence[slice(*run[-1])] in PARTICLES:
            run.pop()
        if not run or (len(run) == 1 and _begins_sentence(sentence, run[0][0])):
            continue
        found.append(Mention(run[0][0], run[-1][1]))
    return found


def _keeps_dot(word: str) -> bool:
    """Tell whether the dot at the end belongs to the name: `H.E.`, `J.`, `Jr.`."""
    return len(word.replace(".", "")) <= 2 and word[:1].isupper()


def _begins_sentence(sentence: str, start: int) -> bool:
    return not sentence[:start].strip(" \"'\u201c\u2018([")
