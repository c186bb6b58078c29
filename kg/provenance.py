"""Who states what: the statements behind a node or relation, and the rule that makes its properties of them.

Each node and relation has two parallel lists, `imports` and `origins`: which imports state it, and where each
first did, as `file:line`, `file` or an address. Where they do not all state the same, `statements` has a JSON
text for each statement, and `conflicts` names the properties in which they differ. Without `statements`, each
import states all that there is; most of a graph is like that, and stays small. Whether the first statement of
a thing fills gaps is then forgotten, for it makes no difference: it has nothing to yield to. A later one that
fills is remembered.

The rule: a statement that fills gaps yields to one that states outright. Of two outright, the later import
stands; of two that fill, the earlier. Imports are in the order in which they first stated the thing, so an
import that comes again changes nothing. One import has a statement a file, in the order of reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kg.model import ALIAS, DERIVED, KINDS, PROVENANCE, Origin, Value

OWN = {"id", *PROVENANCE, *DERIVED}
"""Properties that no source states."""
LINE = re.compile(r":\d+\Z")

Stated = dict[str, Value]


class Statement(NamedTuple):
    """What one import states of a thing, in one of its files."""

    import_id: str
    """Empty for what was in the graph without an import."""
    origin: str
    labels: frozenset[str]
    """The second labels; relations have none."""
    properties: Stated
    fills: bool = False

    def to_json(self) -> str:
        """Make the text that `statements` holds: the same for the same statement."""
        document: dict[str, object] = {"import": self.import_id, "origin": self.origin}
        if self.labels:
            document["labels"] = sorted(self.labels)
        if self.fills:
            document["fills"] = True
        return json.dumps(
            {**document, "properties": dict(sorted(self.properties.items()))}, ensure_ascii=False
        )

    @classmethod
    def from_json(cls, text: str) -> Statement:
        """Read what `to_json` wrote."""
        document = json.loads(text)
        return cls(
            document["import"],
            document["origin"],
            frozenset(document.get("labels", ())),
            document["properties"],
            document.get("fills", False),
        )


class Resolution(NamedTuple):
    """What the statements make together."""

    labels: frozenset[str]
    properties: Stated
    sources: dict[str, Statement]
    """By property, the statement whose value stands."""
    conflicts: list[str]
    """Properties that another statement gives another value."""


def place(origin: Origin) -> str:
    """Write a place as `origins` has it: `films.csv:2`, or the name alone where there are no lines."""
    return f"{origin.file}:{origin.line}" if origin.line else origin.file


def statements_of(labels: Iterable[str], stored: Mapping[str, Any]) -> list[Statement]:
    """Tell the statements behind a node or relation.

    Args:
        labels: of the node; none for a relation.
        stored: its properties, as the graph has them.
    """
    if stored.get("statements"):
        return [Statement.from_json(text) for text in stored["statements"]]
    second = frozenset("Person" if label == ALIAS else label for label in labels) - KINDS
    stated = {name: value for name, value in stored.items() if name not in OWN and value is not None}
    imports, origins = stored.get("imports") or [], stored.get("origins") or []
    if not imports:
        # What was there without an import stays when all imports are undone; what they left bare does not.
        left_bare = stored.get("origins") is not None and not second and not stated
        return [] if left_bare else [Statement("", "", second, stated)]
    places = [*origins, *[""] * len(imports)]
    return [Statement(i, where, second, stated) for i, where in zip(imports, places, strict=False)]


def stating(statements: Sequence[Statement], new: Statement) -> list[Statement]:
    """Add a statement; the same one again changes nothing.

    A row of a file adds to the statement that the import made in this file before. A second file counts only
    where it says more than the import's others.
    """
    last, known = len(statements), False
    for position, old in enumerate(statements):
        if old.import_id != new.import_id:
            continue
        if old.fills == new.fills and (not old.origin or _file(old.origin) == _file(new.origin)):
            first, second = (new, old) if new.fills else (old, new)
            merged = Statement(
                old.import_id,
                old.origin or new.origin,
                old.labels | new.labels,
                {**first.properties, **second.properties},
                old.fills,
            )
            return [*statements[:position], merged, *statements[position + 1 :]]
        last, known = position + 1, True
    if known and _says_nothing_new(statements, new):
        return list(statements)
    return [*statements[:last], new, *statements[last:]]


def merged(
    labels: Iterable[str], stored: Mapping[str, Any], other_labels: Iterable[str], other: Mapping[str, Any]
) -> dict[str, Any]:
    """Tell which properties have to be set where another graph holds the same thing too.

    What is there stays: what the other graph's imports state counts as earlier, and yields to it; where the
    two differ, `conflicts` says so. Of an import that both have, and of what no import states, the
    other graph only adds what is missing. The same once more changes nothing.
    """
    mine, theirs = statements_of(labels, stored), statements_of(other_labels, other)
    known: dict[str, set[str]] = {}
    for statement in mine:
        known.setdefault(statement.import_id, set()).update(statement.properties)
    new = [each for each in theirs if each.import_id and each.import_id not in known]
    statements = [
        *(each for each in new if not each.fills),
        *mine,
        *(each for each in new if each.fills),
    ]
    for each in theirs:
        if each.import_id in known:
            rest = {name: v for name, v in each.properties.items() if name not in known[each.import_id]}
            addition = each._replace(properties=rest)
            if not _says_nothing_new(statements, addition):
                statements = stating(statements, addition)
    wanted: dict[str, Any] = dict(resolve(statements).properties)
    if any(statement.import_id for statement in statements):
        wanted |= bookkeeping(statements)
    # What no statement tells, such as the split that training makes.
    wanted |= {n: v for n, v in other.items() if n not in {*wanted, *PROVENANCE} and stored.get(n) is None}
    return changed(stored, wanted)


def without(statements: Iterable[Statement], import_id: str) -> list[Statement]:
    """Leave out what an import states."""
    return [statement for statement in statements if statement.import_id != import_id]


def resolve(statements: Sequence[Statement]) -> Resolution:
    """Apply the rule."""
    sources: dict[str, Statement] = {}
    for statement in statements:
        for name in statement.properties:
            if not statement.fills or name not in sources:
                sources[name] = statement
    properties = {name: statement.properties[name] for name, statement in sources.items()}
    conflicts = {
        name
        for statement in statements
        for name, value in statement.properties.items()
        if not same(value, properties[name])
    }
    labels = frozenset[str]().union(*(statement.labels for statement in statements))
    return Resolution(labels, properties, sources, sorted(conflicts))


def bookkeeping(statements: Sequence[Statement]) -> dict[str, list[str] | None]:
    """Make the values of the properties in `PROVENANCE`; None where there shall be none."""
    places: dict[str, str] = {}
    for statement in statements:
        if statement.import_id:
            places.setdefault(statement.import_id, statement.origin)
    alike = len(places) == len(statements) and all(
        not statement.fills
        and statement.labels == statements[0].labels
        and same(statement.properties, statements[0].properties)
        for statement in statements[1:]
    )
    return {
        "imports": list(places),
        "origins": list(places.values()),
        "statements": None if alike else [statement.to_json() for statement in statements],
        "conflicts": (None if alike else resolve(statements).conflicts) or None,
    }


def retold(
    stored: Mapping[str, Any], before: Sequence[Statement], after: Sequence[Statement]
) -> dict[str, Any]:
    """Tell which properties have to be set, or with None removed, when the statements behind a thing change.

    Args:
        stored: the properties as the graph has them.
        before: the statements behind them.
        after: those that shall be. The result is as if there had never been others; what nobody states stays.
    """
    # Whether the first statement fills gaps makes no difference, so it is forgotten, as the writer does.
    after = [after[0]._replace(fills=False), *after[1:]] if after else []
    wanted, gone = resolve(after).properties, resolve(before).properties.keys()
    changes: dict[str, Any] = dict.fromkeys(gone - wanted.keys())
    by_hand = bool(after) and not any(statement.import_id for statement in after)
    told = dict.fromkeys(PROVENANCE) if by_hand else bookkeeping(after)
    return changes | changed(stored, wanted) | changed(stored, told)


def changed(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Tell which properties have to be set (or with None, removed) to have what is wanted."""
    return {name: value for name, value in wanted.items() if not same(stored.get(name), value)}


def same(one: object, other: object) -> bool:
    """Compare as the graph does, where no truth value is a number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _says_nothing_new(statements: Iterable[Statement], new: Statement) -> bool:
    mine = [statement for statement in statements if statement.import_id == new.import_id]
    labels = frozenset[str]().union(*(each.labels for each in mine))
    return new.labels <= labels and all(
        any(name in each.properties and same(each.properties[name], value) for each in mine)
        for name, value in new.properties.items()
    )


def _file(origin: str) -> str:
    return LINE.sub("", origin)
