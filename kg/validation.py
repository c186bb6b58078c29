"""What may enter the graph: checked before the write, because one bad value would fail its whole batch.

The community edition of Neo4j has no constraints but unique ones: types and required fields are checked here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from kg.model import DERIVED, KINDS, LABEL, PROVENANCE, RELATION_TYPE, Node, Properties, Relation

MAX_KEYED_TEXT = 1000
"""Characters of `id`, `name` and `title`: an index entry of Neo4j ends at 8 KB."""
MAX_TEXT = 100_000
MAX_LIST = 10_000
MAX_PROPERTIES = 200
INDEXED = frozenset({"id", "name", "title"})
RESERVED = frozenset({"id", *PROVENANCE, *DERIVED})
PROPERTY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
INT64 = range(-(2**63), 2**63)


class Refused(Exception):  # noqa: N818  # what the writer says to itself; it never reaches a user
    """Something cannot be stored, for this reason."""

    def __init__(self, field: str, reason: str, value: object) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason
        self.value = str(value)[:200]


def check_node(node: Node) -> None:
    """Refuse a node that Neo4j cannot store as it is stated."""
    _check_kind("kind", node.kind)
    _check_id("id", node.id)
    if node.label is not None and not LABEL.fullmatch(node.label):
        raise Refused("label", "no label: a capital followed by letters and digits", node.label)
    _check_properties(node.properties)


def check_relation(relation: Relation) -> None:
    """Refuse a relation that Neo4j cannot store as it is stated."""
    if not RELATION_TYPE.fullmatch(relation.type):
        raise Refused("type", "no relation type: capitals, digits and underscores", relation.type)
    for field, ref in (("start", relation.start), ("end", relation.end)):
        _check_kind(field, ref.kind)
        _check_id(field, ref.id)
    _check_properties(relation.properties)


def _check_kind(field: str, kind: str) -> None:
    if kind not in KINDS:
        raise Refused(field, f"no kind: one of {', '.join(sorted(KINDS))}", kind)


def _check_id(field: str, text: str) -> None:
    if not isinstance(text, str):
        raise Refused(field, "an id is a text", text)
    if not text:
        raise Refused(field, "empty", text)
    _check_text(field, text, MAX_KEYED_TEXT)


def _check_properties(properties: Properties) -> None:
    if len(properties) > MAX_PROPERTIES:
        raise Refused("properties", f"more than {MAX_PROPERTIES} properties", len(properties))
    for name, value in properties.items():
        if not PROPERTY.fullmatch(name):
            raise Refused(
                name[:MAX_KEYED_TEXT], "no property name: letters, digits and underscores, 64 at most", name
            )
        if name in RESERVED:
            raise Refused(name, "this property is the platform's own", value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            if isinstance(value, bytes) or len(value) > MAX_LIST:
                raise Refused(name, f"no list of at most {MAX_LIST} values", value[:10])
            if len({type(each) for each in value}) > 1:
                raise Refused(name, "a list of mixed types", list(value))
            for each in value:
                _check_scalar(name, each)
        else:
            _check_scalar(name, value)


def _check_scalar(name: str, value: object) -> None:
    if isinstance(value, str):
        _check_text(name, value, MAX_KEYED_TEXT if name in INDEXED else MAX_TEXT)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Refused(name, "not a finite number", value)
    elif isinstance(value, int):
        if value not in INT64:
            raise Refused(name, "an integer of more than 64 bits", value)
    else:
        raise Refused(name, f"a value of type {type(value).__name__} cannot be stored", value)


def _check_text(field: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise Refused(field, f"longer than {longest} characters", text)
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused(field, "no valid Unicode", ascii(text)) from None
