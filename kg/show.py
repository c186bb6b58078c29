"""What the graph holds of a node, without who states it: properties, and how many relations lead where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kg.connection import Graph
from kg.explanation import Group, Tie, Why, short
from kg.lookup import find
from kg.why import why
from mmkg.settings import Settings

RELATIONS_SHOWN = 5


@dataclass(frozen=True)
class Shown:
    """A node for somebody who wants to know what it is, not where it comes from."""

    why: Why

    def tables(self) -> Iterator[tuple[str, tuple[str, ...], list[Sequence[object]]]]:
        """Yield the title, the headings and the rows of each table."""
        properties: list[Sequence[object]] = [
            (stated.name, short(stated.value)) for stated in self.why.properties
        ]
        properties += [("vector", f"of model {model}") for model in self.why.models]
        yield str(self.why.node), ("property", "value"), properties
        if self.why.groups:
            rows = [(str(group), group.count, ", ".join(_names(group))) for group in self.why.groups]
            yield "Relations", ("relation", "count", "other ends"), list(rows)

    def to_json(self) -> dict[str, Any]:
        """Return all as plain values."""
        return {
            "kind": self.why.node.kind,
            "id": self.why.node.id,
            "labels": self.why.node.labels,
            "properties": {stated.name: stated.value for stated in self.why.properties},
            "models": self.why.models,
            "relations": [
                {
                    "type": group.type,
                    "outgoing": group.outgoing,
                    "count": group.count,
                    "shown": [_end(tie) for tie in group.ties],
                }
                for group in self.why.groups
            ],
        }


def run(settings: Settings, text: str, *, relations: int = RELATIONS_SHOWN) -> Shown:
    """Show a node of the graph that the settings name.

    Args:
        settings: where the graph is.
        text: the node, as `kg.lookup.find` takes it.
        relations: how many of each type and direction are told, at most.

    Raises:
        InputError: there is no such node, or more than one.
        ConnectError, GraphError: the database is away or refuses.
    """
    with Graph.connect(settings) as graph:
        return Shown(why(graph, find(graph, text), relations))


def _names(group: Group) -> Iterator[str]:
    for tie in group.ties:
        yield tie.name or tie.id
    if group.count > len(group.ties):
        yield "…"


def _end(tie: Tie) -> dict[str, Any]:
    properties = {stated.name: stated.value for stated in tie.properties}
    return {"id": tie.id, "name": tie.name, "labels": tie.labels, "properties": properties}
