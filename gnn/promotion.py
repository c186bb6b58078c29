"""Which model answers: `mmkg models promote`, `rollback`, and `delete` for the others."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from gnn import registry, slots
from gnn.writeback import embed
from kg import Graph
from kg.model import DERIVED
from mmkg.errors import ModelError
from mmkg.settings import Settings
from storage import BlobStore

COUNT_VECTORS = """
MATCH (n:Movie|User)
WITH n, coalesce(n.embedding_{slot}_model = $model, false) AS has
RETURN count(CASE WHEN has THEN 1 END) AS with_vector,
       count(CASE WHEN n:Movie AND NOT has THEN 1 END) AS films_without
"""
MARK = """
MATCH (m:Model {id: $model})
SET m.id = m.id
WITH m WHERE NOT coalesce(m.active, false)
REMOVE m.slot
RETURN m.sha256 AS sha256
"""
"""Locked before it is looked at. Without a slot no switch takes it while it goes."""
CLEAR_VECTORS = """
MATCH (n:{label}) WHERE n.embedding_{slot}_model = $model
REMOVE {names}
"""
DELETE = "MATCH (m:Model {id: $model}) DETACH DELETE m"


@dataclass(frozen=True)
class PromotionReport:
    """Which model answers now."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "value")

    model: str
    before: str | None
    """The model that was active until now, or the same where nothing changed."""
    slot: str
    written: int
    """Vectors that had to be written; 0 where they were still in the slot."""
    films_without: int
    """Films without a vector of this model, as they came after it: no list holds them."""

    def title(self) -> str:
        """Say what was done."""
        return f"The model {self.model} is active"

    def rows(self) -> list[tuple[str, str]]:
        """Return the table, without its headings."""
        return [(name.replace("_", " "), str(value)) for name, value in self.to_json().items()]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class DeletionReport:
    """What went with a model."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "value")

    model: str
    slot: str | None
    """The slot that its vectors were in."""

    def title(self) -> str:
        """Say what was done."""
        return f"The model {self.model} is deleted, in the graph, in the store and here"

    def rows(self) -> list[tuple[str, str]]:
        """Return the table, without its headings."""
        return [(name, str(value)) for name, value in self.to_json().items()]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def promote(graph: Graph, store: BlobStore, settings: Settings, model: str) -> PromotionReport:
    """Make a model the active one: at once where its vectors are still in a slot, else as `embed` does.

    Raises:
        ModelError: there is no such model, or it cannot be embedded; the active one stays.
    """
    if not registry.is_known(graph, settings, model):
        raise _unknown(model)
    return _switch(graph, store, settings, model, back=False)


def rollback(graph: Graph, store: BlobStore, settings: Settings) -> PromotionReport:
    """Make the model active that was it before; once more goes one further back.

    Raises:
        ModelError: none was, or it cannot be embedded; the active one stays.
    """
    found = slots.history(graph)
    if len(found) < 2:
        raise ModelError("no model was active before", remedy="Name one: `mmkg models promote ID`")
    return _switch(graph, store, settings, found[-2], back=True)


def delete(graph: Graph, store: BlobStore, settings: Settings, model: str) -> DeletionReport:
    """Delete a model that is not active: its vectors, its file in the store and here, and at last its node.

    Raises:
        ModelError: there is no such model, or it is the active one.
        ConnectError, StoreError: the store does not answer or refuses; the same again deletes the rest.
    """
    folder = registry.model_folder(settings, model)
    if not registry.is_known(graph, settings, model):
        raise _unknown(model)
    slot = slots.slot_of(graph, model)
    rows = graph.write(MARK, model=model)
    if not rows and slots.active_model(graph) == model:
        raise ModelError(
            "the active model cannot be deleted",
            where=model,
            remedy="Make another one active first: `mmkg models promote ID` or `mmkg models rollback`",
        )
    for each in slots.SLOTS:
        names = ", ".join(f"n.{name}" for name in DERIVED if name.startswith(f"embedding_{each}"))
        for label in ("Movie", "User"):
            graph.write(CLEAR_VECTORS.format(label=label, slot=each, names=names), model=model)
    if rows and (sha256 := rows[0]["sha256"]):
        registry.delete_file(graph, store, model, sha256)
    shutil.rmtree(folder, ignore_errors=True)
    graph.write(DELETE, model=model)
    return DeletionReport(model, slot)


def _switch(graph: Graph, store: BlobStore, settings: Settings, model: str, *, back: bool) -> PromotionReport:
    before = slots.active_model(graph)
    slot = slots.slot_of(graph, model)
    written = 0
    if slot and _count(graph, model, slot)["with_vector"]:
        slots.switch(graph, model, back=back)
    else:
        report = embed(graph, store, settings, model=model, back=back)
        slot, written = report.slot, report.films + report.users
    return PromotionReport(model, before, slot, written, _count(graph, model, slot)["films_without"])


def _count(graph: Graph, model: str, slot: str) -> dict[str, int]:
    (row,) = graph.read(COUNT_VECTORS.format(slot=slot), model=model)
    return row


def _unknown(model: str) -> ModelError:
    return ModelError(f"there is no model {model}", remedy="`mmkg models list` shows those that there are")
