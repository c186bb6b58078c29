"""Vectors back into the graph, beside those of the active model, and then the switch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Any, ClassVar

import torch
from torch import Tensor

from gnn import media_writeback, sampled, slots
from gnn.film_media import COMPARED, film_media
from gnn.memory import guarded
from gnn.registry import fetch, restore
from kg import Graph
from kg.model import DERIVED
from kg.schema import LEAST_EFFORT, create_vector_index, effort_for
from mmkg import progress
from mmkg.errors import ModelError
from mmkg.settings import Settings
from storage import BlobStore

BATCH = 1000
ALIVE_SECONDS = 10

FOUND_BY = {"Movie": "Item:Movie", "User": "User"}
"""The labels that name a node: the first has the index of ids, without which each is searched among all."""

READ_VECTORS = """
MATCH (n:{labels}) WHERE n.id IN $ids AND n.embedding_{slot}_model = $model
RETURN n.id AS id, [n.embedding_{slot}, n.embedding_{slot}_cause] AS vectors
"""

WRITE_VECTORS = """
UNWIND $rows AS row
MATCH (n:{labels} {{id: row.id}})
SET n.embedding_{slot}_model = $model
WITH n, row CALL db.create.setNodeVectorProperty(n, 'embedding_{slot}', row.vectors[0])
"""
WRITE_CAUSES = "WITH n, row CALL db.create.setNodeVectorProperty(n, 'embedding_{slot}_cause', row.vectors[1])"

CLEAR_STRANGERS = "MATCH (n:{label}) WHERE n.embedding_{slot}_model <> $model REMOVE {names}"

BEGIN = """
MATCH (m:Model {id: $model}) SET m.writing_at = $at
WITH m MATCH (other:Model) WHERE other <> m AND other.writing_at IS NOT NULL REMOVE other.writing_at
"""
"""A write-back that was cut off leaves `writing_at`; the next one, of whatever model, takes its place."""
ALIVE = "MATCH (m:Model {id: $model}) SET m.writing_at = $at"
PREPARE = """
MATCH (m:Model {id: $model})
SET m.slot = $slot, m += $properties,
    m.embedded_at = CASE WHEN $written OR m.embedded_at IS NULL THEN $at ELSE m.embedded_at END
REMOVE m.writing_at
"""
"""With the slot comes all that tells how to read the vectors, in one transaction."""


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
    media: int
    """Films whose vectors of media were written."""

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
    header = fetch(graph, store, settings, model)
    task = sampled.load_trained(graph, store, settings, header, compared=COMPARED)
    restored, _ = restore(settings, header.id, task.problem, induct=True)
    restored.eval()
    with torch.no_grad():
        users, items, layers = sampled.vectors(graph, restored, task)
        films = [items] if layers is None else [items, layers.causes()]
    for vectors in (users, items):
        check_vectors(vectors, header.options["dimension"])
    media = film_media(task)
    slot = slots.take_slot(graph, header.id)
    graph.write(BEGIN, model=header.id, at=slots.now())

    last = monotonic()

    def alive() -> None:
        nonlocal last
        if monotonic() - last > ALIVE_SECONDS:
            graph.write(ALIVE, model=header.id, at=slots.now())
            last = monotonic()

    dimension = users.shape[1]
    written = {}
    for label, kind, of_kind in (("Movie", "item", films), ("User", "user", [users])):
        name = f"{label.lower()}_embedding_{slot}"
        slots.drop_stale_index(graph, label, name, stamp=f"embedding_{slot}_model", model=header.id)
        names = ", ".join(f"n.{name}" for name in DERIVED if name.startswith(f"embedding_{slot}"))
        graph.write(CLEAR_STRANGERS.format(label=label, slot=slot, names=names), model=header.id)
        written[label] = _write(
            graph, header.id, slot, label, ids=task.problem.ripple.ids[kind], vectors=of_kind, alive=alive
        )
        create_vector_index(
            graph,
            label,
            f"embedding_{slot}",
            name,
            dimension,
            effort=index_effort(label, len(of_kind[0])),
            seconds=slots.INDEX_SECONDS,
            meanwhile=alive,
        )
    of_media = media_writeback.write(
        graph, header.id, slot, ids=task.problem.ripple.ids["item"], media=media, alive=alive
    )
    properties = {
        **(layers.properties() if layers else {}),
        **media_writeback.properties(header.id, media),
        "films": len(items),
    }
    changed = bool(of_media or any(written.values()))
    graph.write(PREPARE, model=header.id, slot=slot, properties=properties, written=changed, at=slots.now())
    slots.switch(graph, header.id, back=back)
    total = len(users) + len(items)
    return EmbedReport(
        header.id,
        slot,
        dimension,
        written["Movie"],
        written["User"],
        total - sum(written.values()),
        of_media,
    )


def index_effort(label: str, nodes: int) -> int:
    """Return how hard an index is built: that of films has to find well, nothing rests on that of users."""
    return effort_for(nodes) if label == "Movie" else LEAST_EFFORT


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
    graph: Graph,
    model: str,
    slot: str,
    label: str,
    *,
    ids: Sequence[str],
    vectors: Sequence[Tensor],
    alive: Callable[[], None],
) -> int:
    """Write the vectors, and the causes if given, of the nodes that do not have them; return how many."""
    labels = FOUND_BY[label]
    statement = WRITE_VECTORS + (WRITE_CAUSES if len(vectors) > 1 else "")
    written = 0
    batches = list(_batches(ids))
    for start, batch in progress.track(batches, f"vectors of {label}", total=len(batches)):
        alive()
        found = graph.read(READ_VECTORS.format(labels=labels, slot=slot), ids=batch, model=model)
        known = {row["id"]: row["vectors"] for row in found}
        rows = [
            {"id": node, "vectors": [vector.tolist() for vector in of_node]}
            for node, *of_node in zip(batch, *(some[start : start + BATCH] for some in vectors), strict=True)
            if not all(map(_same, known.get(node, [None, None]), of_node))
        ]
        if rows:
            graph.write(statement.format(labels=labels, slot=slot), rows=rows, model=model)
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
