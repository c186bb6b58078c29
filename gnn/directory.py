"""The nodes of a graph without its relations: what each is called, and which number the database has for it.

The numbers are those of `id(n)`: they mean something for as long as the node lives, so a directory is read
anew by each command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.sampler import KINDS, NODE_TYPE, NODE_TYPES, TYPING
from kg import Graph
from mmkg.errors import GraphError

PAGE = 50_000

NODES = f"""
MATCH (m:{{kind}}) WHERE m.id > $after
WITH m ORDER BY m.id LIMIT $page
RETURN collect(m.id) AS ids, collect(id(m)) AS numbers, collect({NODE_TYPE}) AS types,
       collect({{flag}}) AS flags
"""
TRAINING = "coalesce(c.split, 'train') = 'train'"
FLAGS = {
    "Item": "m.cold IS NULL AND EXISTS { (m)<-[c:CLICKED]-(u) WHERE u.cold IS NULL AND " + TRAINING + " }",
    "User": "m.cold IS NULL AND EXISTS { (m)-[c:CLICKED]->(i) WHERE i.cold IS NULL AND " + TRAINING + " }",
    "Entity": "COUNT { MATCH (m)--(n) WHERE n:Item OR n:Entity RETURN 1 LIMIT 2 } = 2",
}
"""What is asked of each node."""


@dataclass(frozen=True)
class Directory:
    """The nodes by type, sorted by id, as in a snapshot of the same graph."""

    ids: Mapping[str, list[str]]
    numbers: Mapping[str, NDArray[np.int64]]
    """By type, the database's number of each node, (nodes,)."""
    flags: Mapping[str, NDArray[np.bool_]]
    """Whether a user or film has a training click, and an entity two facts, (nodes,)."""
    _rows: NDArray[np.int32]
    """(greatest number + 1,) the row of each node among those of its type; -1 where there is none."""

    @classmethod
    def read(cls, graph: Graph, page: int = PAGE) -> Directory:
        """Read all nodes, in pages.

        Raises:
            GraphError: there is no film or no user.
        """
        ids: dict[str, list[str]] = {kind: [] for kind in NODE_TYPES}
        numbers: dict[str, list[int]] = {kind: [] for kind in NODE_TYPES}
        flags: dict[str, list[bool]] = {kind: [] for kind in NODE_TYPES}
        for label in (*KINDS, "Media"):
            statement = NODES.format(kind=label, flag=FLAGS.get(label, "true"))
            after = ""
            while True:
                ((found, their_numbers, types, their_flags),) = graph.values(
                    statement, after=after, page=page, **TYPING
                )
                if not found:
                    break
                after = found[-1]
                for kind in {*types} - {""}:
                    chosen = [i for i, other in enumerate(types) if other == kind]
                    ids[kind] += [found[i] for i in chosen]
                    numbers[kind] += [their_numbers[i] for i in chosen]
                    flags[kind] += [their_flags[i] for i in chosen]
        if not ids["item"] or not ids["user"]:
            raise GraphError(
                "the graph holds no user or no film", remedy="Ingest clicks with `mmkg ingest` first"
            )
        return cls._sorted(ids, numbers, flags)

    @classmethod
    def _sorted(
        cls, ids: dict[str, list[str]], numbers: dict[str, list[int]], flags: dict[str, list[bool]]
    ) -> Directory:
        rows = np.full(max(max(found, default=0) for found in numbers.values()) + 1, -1, dtype=np.int32)
        in_order = {}
        for kind, names in ids.items():
            order = sorted(range(len(names)), key=names.__getitem__)
            ids[kind] = [names[i] for i in order]
            in_order[kind] = np.array(numbers.pop(kind), dtype=np.int64)[order]
            rows[in_order[kind]] = np.arange(len(order), dtype=np.int32)
            flags[kind] = np.array(flags[kind], dtype=bool)[order]  # type: ignore[assignment]
        return cls(ids, in_order, flags, rows)  # type: ignore[arg-type]

    def count(self, node_type: str) -> int:
        """How many nodes of a type there are."""
        return len(self.ids[node_type])

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each number among the nodes of its type; -1 for a node that is not known."""
        rows = np.full(len(numbers), -1, dtype=np.int64)
        known = numbers < len(self._rows)
        rows[known] = self._rows[numbers[known]]
        return rows
