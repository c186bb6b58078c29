"""Vectors back into the graph, beside those of the active model, and then the switch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from gnn import slots
from gnn.memory import guarded
from gnn.problem import load_task
from gnn.registry import fetch, newest_model, restore
from kg import Graph
from kg.schema import create_vector_index
from mmkg import progress
from mmkg.errors import ModelError
from mmkg.settings import Settings
from storage import BlobStore

BATCH = 1000

READ_VECTORS = """
MATCH (n:{label}) WHERE n.id IN $ids AND n.embedding_{slot}_model = $model
RETURN n.id AS id, [n.embedding_{slot}, n.embedding_{slot}_cause] AS vectors
"""

WRITE_VECTORS = """
UNWIND $rows AS row
MATCH (n:{label} {{id: row.id}})
SET n.embedding_{slot}_model = $model
WITH n, row CALL db.create.setNodeVectorProperty(n, 'embedding_{slot}', row.vectors[0])
"""
WRITE_CAUSES = "WITH n, row CALL db.create.setNodeVectorProperty(n, 'embedding_{slot}_cause', row.vectors[1])"

CLEAR_STRANGERS = """
MATCH (n:{label}) WHERE n.embedding_{slot}_model <> $model
REMOVE n.embedding_{slot}, n.embedding_{slot}_cause, n.embedding_{slot}_model
"""

PREPARE = "MATCH (m:Model {id: $model}) SET m.slot = $slot, m += $layers"


@dataclass(frozen=True)
class EmbedReport:
    """What writing the vectors changed."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "value")

    model: str
    slot: str
    dimension: int
    films: int
    """Films whose vector was written."""
    users: int
    """Users whose vector was written."""
    unchanged: int
    """Films and users that had this model's vector."""

    def title(self) -> str:
        """Say what was done."""
        return f"The model {self.model} is active"

    def rows(self) -> list[tuple[str, str]]:
        """Return the table, without its headings."""
        return [(name, str(value)) for name, value in self.to_json().items()]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


@guarded("Free some, or train a model of a smaller --dimension; the active model was not changed")
def embed(
    graph: Graph, store: BlobStore, settings: Settings, *, model: str | None = None, back: bool = False
) -> EmbedReport:
    """Write the vectors of a model, the one trained last unless told, and make it the active one.

    Nodes that have this very vector are left alone, so the same command again changes nothing. Films that
    came after the training get a vector by their facts and media, if the model can tell films by these.

    Args:
        graph: the graph database.
        store: the object store with media and models.
        settings: say where models and features are kept.
        model: its id.
        back: see `gnn.slots.switch`.

    Raises:
        ModelError: there is no such model, it was made for another graph, or its vectors are no unit vectors.
        GraphError: an index does not come online.
    """
    chosen = model or newest_model(graph)
    views = fetch(graph, store, settings, chosen).model_options().views()
    task = load_task(graph, store, settings, views=views)
    restored, header = restore(settings, chosen, task.problem, induct=True)
    restored.eval()
    with torch.no_grad():
        users, items = restored.vectors()
        layers = restored.user_layers()
        films = [items] if layers is None else [items, layers.causes()]
    for vectors in (users, items):
        check_vectors(vectors, header.options["dimension"])
    slot = slots.take_slot(graph, header.id)
    dimension = users.shape[1]
    written = {}
    for label, kind, of_kind in (("Movie", "item", films), ("User", "user", [users])):
        name = f"{label.lower()}_embedding_{slot}"
        create_vector_index(graph, label, f"embedding_{slot}", name, dimension)
        graph.write(CLEAR_STRANGERS.format(label=label, slot=slot), model=header.id)
        written[label] = _write(
            graph, header.id, slot, label=label, ids=task.problem.ripple.ids[kind], vectors=of_kind
        )
    graph.write(PREPARE, model=header.id, slot=slot, layers=layers.properties() if layers else {})
    slots.switch(graph, header.id, back=back)
    total = len(users) + len(items)
    return EmbedReport(
        header.id, slot, dimension, written["Movie"], written["User"], total - sum(written.values())
    )


def check_vectors(vectors: Tensor, dimension: int) -> None:
    """See that vectors may enter an index: the database would leave others out of it without a word.

    Raises:
        ModelError: the width is wrong, or a vector is not of unit length.
    """
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        raise ModelError(
            f"the model gives vectors of shape {tuple(vectors.shape)}, and not of width {dimension}"
        )
    length = torch.linalg.vector_norm(vectors, dim=1)
    # The comparison is false for what is no number, too.
    if not torch.allclose(length, torch.ones_like(length), atol=1e-3):
        raise ModelError(
            "the model gives vectors that are not of unit length", remedy="Run `mmkg train` again"
        )


def _write(
    graph: Graph, model: str, slot: str, *, label: str, ids: Sequence[str], vectors: Sequence[Tensor]
) -> int:
    """Write the vectors, and the causes if given, of the nodes that do not have them; return how many."""
    statement = WRITE_VECTORS + (WRITE_CAUSES if len(vectors) > 1 else "")
    written = 0
    batches = list(_batches(ids))
    for start, batch in progress.track(batches, f"vectors of {label}", total=len(batches)):
        found = graph.read(READ_VECTORS.format(label=label, slot=slot), ids=batch, model=model)
        known = {row["id"]: row["vectors"] for row in found}
        rows = [
            {"id": node, "vectors": [vector.tolist() for vector in of_node]}
            for node, *of_node in zip(batch, *(some[start : start + BATCH] for some in vectors), strict=True)
            if not all(map(_same, known.get(node, [None, None]), of_node))
        ]
        if rows:
            graph.write(statement.format(label=label, slot=slot), rows=rows, model=model)
        written += len(rows)
    return written


def _same(stored: list[float] | None, vector: Tensor) -> bool:
    return (
        stored is not None
        and len(stored) == len(vector)
        and torch.allclose(torch.tensor(stored), vector, atol=1e-6)
    )


def _batches(ids: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    for start in range(0, len(ids), BATCH):
        yield start, list(ids[start : start + BATCH])
