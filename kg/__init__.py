"""The knowledge graph: its vocabulary, its schema, the connection, the writer and the local server."""

from typing import TYPE_CHECKING, Any

from kg.answers import Film
from kg.model import Node, Ref, Relation

if TYPE_CHECKING:
    from kg.connection import Graph

__all__ = ["Film", "Graph", "Node", "Ref", "Relation"]


def __getattr__(name: str) -> Any:
    """Load the driver when the connection is asked for: the command line alone needs none."""
    if name == "Graph":
        from kg.connection import Graph  # noqa: PLC0415

        return Graph
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
