"""What an alignment moved, exactly, so that it can be put back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Move:
    """A relation that was taken off the alias and stated of the canonical node."""

    type: str
    outgoing: bool
    """True where the relation leads from the person."""
    kind: str
    """The base label of the other end."""
    before: str
    """The id of the other end that the alias had."""
    after: str
    """The id of the other end that the canonical node has; another film where the link was wrong."""
    properties: dict[str, Any]
    created: bool
    """True where the canonical node had no such relation."""
    filled: list[str] = field(default_factory=list)
    """Properties that a relation lacked that was there."""
    added: list[list[str]] = field(default_factory=list)
    """The statements that joined those of a relation that was there: of each its import and its origin."""


@dataclass(slots=True)
class Record:
    """All that one alias gave away."""

    moves: list[Move] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    """Properties that the canonical node got from the alias."""
    added: list[list[str]] = field(default_factory=list)
    """The statements that joined those of the canonical node: of each its import and its origin."""

    def to_json(self) -> str:
        """Return the record as one text, as a property can hold no map."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        return cls([Move(**move) for move in data["moves"]], data["filled"], data["added"])
