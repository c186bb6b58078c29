"""The knowledge graph: its vocabulary, its schema, the connection, the writer and the local server."""

from kg.connection import Graph
from kg.model import Node, Ref, Relation

__all__ = ["Graph", "Node", "Ref", "Relation"]
