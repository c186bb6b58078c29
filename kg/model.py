"""The vocabulary of the graph: nodes and relations as values, before they reach the database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias, get_args

from mmkg.errors import InputError

Kind = Literal["Item", "Entity", "Media", "User"]
"""The base labels. Each has a unique `id`; a second label says more."""
KINDS: frozenset[str] = frozenset(get_args(Kind))

PROVENANCE = ("imports", "origins", "statements", "conflicts")
"""The properties that tell who states a node or relation: kg.provenance."""
MODALITIES = ("text", "poster", "sound", "trailer")
"""The kinds of media by which the procedures compare films."""
DERIVED = tuple(
    f"embedding_{slot}{suffix}"
    for slot in "ab"
    for suffix in ("", "_cause", "_model", "_media", *(f"_{modality}" for modality in MODALITIES))
)
"""The properties that the platform computes and no source states."""
DERIVED_RELATIONS = ("CO_CLICKED", "NEAR_DUPLICATE_OF", "NEXT_TO", "SAME_AS", "SIMILAR_TO")
"""The relations that the platform computes of what there is; none keeps one of its ends in the graph."""
BLOB_KEYS = ("key", "thumbnail")
"""The properties of a Media node that each name an object in the store."""
ALIAS = "Alias"
"""The label that an alignment gives a person's node in the place of `Person`."""

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | Sequence[Scalar]

Properties: TypeAlias = Mapping[str, Value]

LABEL = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
RELATION_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


class Origin(NamedTuple):
    """Where a statement was read: the file's name, and its line counted from 1, or 0 where it has none."""

    file: str
    line: int = 0


NOWHERE = Origin("")


class Reject(NamedTuple):
    """A row, a file or a statement that was not taken, and why."""

    file: str
    line: int
    field: str
    reason: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node as a source states it: what it does not state stays as it is in the graph."""

    kind: Kind
    id: str
    label: str | None = None
    """The second label, for instance `Movie` or `Person`; None where the source does not tell."""
    properties: Properties = field(default_factory=dict)
    origin: Origin = field(default=NOWHERE, compare=False)
    fills: bool = False
    """True where a property that the graph already has shall stay: the source only fills gaps."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The end of a relation."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation `(start)-[type]->(end)`, at most one of a type between two nodes."""

    type: str
    start: Ref
    end: Ref
    properties: Properties = field(default_factory=dict)
    origin: Origin = field(default=NOWHERE, compare=False)


def checked_label(text: str) -> str:
    """Return the label unchanged if it may stand in a Cypher statement.

    Raises:
        InputError: it holds anything but letters and digits, or does not start with a capital.
    """
    if not LABEL.fullmatch(text):
        raise InputError(
            f"{text!r} is no label", remedy="A label is a capital followed by letters and digits"
        )
    return text


def checked_relation_type(text: str) -> str:
    """Return the relation type unchanged if it may stand in a Cypher statement.

    Raises:
        InputError: it holds anything but capitals, digits and underscores.
    """
    if not RELATION_TYPE.fullmatch(text):
        raise InputError(
            f"{text!r} is no relation type",
            remedy="A type is capitals, digits and underscores, like HAS_GENRE",
        )
    return text
