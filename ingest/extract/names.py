"""The names that the graph knows, found in a text in one pass however many there are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import ahocorasick

from ingest.extract.folding import fold, folded
from kg.model import Kind

SHORTEST = 2
ARTICLE_LAST = re.compile(r"(.+), (The|A|An|Le|La|Les|L'|Il|El|Los|Las|Der|Die|Das|Un|Une)", re.IGNORECASE)
PARENTHESIS = re.compile(r"\(([^()]*)\)\s*\Z")
YEAR = re.compile(r"\d{4}")


class Name(NamedTuple):
    """Something that has a name."""

    kind: Kind
    id: str
    label: str
    name: str
    identity: str = ""
    """What several nodes of one thing have in common (`SAME_AS`); the id unless told."""

    @property
    def known_as(self) -> str:
        """The identity, or the id of what stands alone."""
        return self.identity or self.id


class Mention(NamedTuple):
    """A stretch of a text that names something."""

    start: int
    end: int
    names: tuple[Name, ...] = ()
    """All that have this name; nothing where the graph knows none."""
    label: str | None = None
    """What it seems to be, where another recogniser than the names themselves has told."""


class Names:
    """Finds names in texts: at word boundaries, the longest that fits, whatever the accents and the quotes.

    Example:
        >>> names = Names([Name("Entity", "p1", "Person", "Gérard Depardieu")])
        >>> [mention.names[0].id for mention in names.mentions("It stars Gerard Depardieu.")]
        ['p1']
    """

    def __init__(self, names: Iterable[Name]) -> None:
        by_spelling: dict[str, list[Name]] = defaultdict(list)
        for name in names:
            for spelling in spellings(name):
                if len(key := folded(spelling)) >= SHORTEST and name not in by_spelling[key]:
                    by_spelling[key].append(name)
        self._named = {key: tuple(found) for key, found in by_spelling.items() if found}
        self._automaton = ahocorasick.Automaton()
        for key in self._named:
            self._automaton.add_word(key, key)
        if self._named:
            self._automaton.make_automaton()

    def __len__(self) -> int:
        return len(self._named)

    def mentions(self, text: str) -> list[Mention]:
        """Return what is named, in the order of the text; no two overlap, and the longer one wins."""
        if not self._named:
            return []
        plain, places = fold(text)
        found: list[tuple[int, int, str]] = []
        for last, key in self._automaton.iter(plain):
            start, end = last + 1 - len(key), last + 1
            if not _inside_word(plain, start) and not _inside_word(plain, end):
                found.append((start, end, key))
        found.sort(key=lambda match: (match[0] - match[1], match[0]))
        taken = bytearray(len(plain))
        mentions = []
        for start, end, key in found:
            if any(taken[start:end]):
                continue
            first = places[start]
            if text[first].islower():  # a name begins with a capital: `heat` is not the film `Heat`
                continue
            taken[start:end] = b"\1" * (end - start)
            stop = places[end] if end < len(plain) else len(text)
            stop = first + len(text[first:stop].rstrip())
            mentions.append(Mention(first, stop, self._named[key]))
        return sorted(mentions)


def spellings(name: Name) -> Iterator[str]:
    """Yield how a thing is written: a film also without the year, and with its article in front.

    Example:
        >>> list(spellings(Name("Item", "1", "Movie", "Third Man, The (1949)")))
        ['Third Man, The', 'The Third Man']
    """
    if name.label not in {"Movie", "Film"}:
        yield name.name
        return
    titles = [name.name.strip()]
    if found := PARENTHESIS.search(titles[0]):
        main = titles[0][: found.start()].strip()
        titles = [main] if YEAR.fullmatch(found[1]) else [main, found[1].strip()]
    for title in titles:
        yield title
        if article := ARTICLE_LAST.fullmatch(title):
            yield f"{article[2]} {article[1]}"


def _inside_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()
