"""Which model is active, which were before, and whose vectors are in the two slots.

A `Model` node has `slot` as long as its vectors are there: `embed` writes it after the last vector, and takes
it from the model whose slot it fills before the first. `promoted_at` lists when a model became active, and
`rolled_back_at` when that was taken back, so the nodes together are the history.
"""

from __future__ import annotations

from datetime import datetime, timezone

from kg import Graph
from kg.model import checked_label

SLOTS = ("a", "b")
INDEX_SECONDS = 6 * 3600
"""How long an index may take; over a million films it may be an hour."""

SLOT_OF = "MATCH (m:Model {id: $model}) RETURN m.slot AS slot"
ACTIVE = "MATCH (m:Model {active: true}) RETURN m.id AS id, m.slot AS slot"
RELEASE = "MATCH (m:Model {slot: $slot}) WHERE NOT coalesce(m.active, false) REMOVE m.slot"
"""A model without a slot answers no call, not even one that names it, while its vectors come or go."""

SWITCH = """
MATCH (new:Model {id: $model}) WHERE new.slot IS NOT NULL AND NOT coalesce(new.active, false)
OPTIONAL MATCH (old:Model {active: true})
WITH new, collect(old) AS olds
FOREACH (old IN olds |
  SET old.active = false
  FOREACH (_ IN CASE WHEN $back THEN [1] ELSE [] END |
    SET old.rolled_back_at = coalesce(old.rolled_back_at, []) + $at))
SET new.active = true
FOREACH (_ IN CASE WHEN $back THEN [] ELSE [1] END |
  SET new.promoted_at = coalesce(new.promoted_at, []) + $at)
"""
"""One transaction: a query sees one model or the other. The active model once more changes nothing."""

HAVE_SOME = "MATCH (n:{label}) WHERE n.{stamp} STARTS WITH $model RETURN true LIMIT 1"
DROP_INDEX = "DROP INDEX {index} IF EXISTS"

HISTORY = """
MATCH (m:Model)
RETURN m.id AS id, coalesce(m.active, false) AS active, coalesce(m.promoted_at, []) AS promoted,
       coalesce(m.rolled_back_at, []) AS rolled_back
"""


def active_model(graph: Graph) -> str | None:
    """Return the id of the active model, None where none is."""
    return next((str(row["id"]) for row in graph.read(ACTIVE)), None)


def slot_of(graph: Graph, model: str) -> str | None:
    """Return the slot that holds a model's vectors, None where they are gone or never were."""
    rows = graph.read(SLOT_OF, model=model)
    slot: str | None = rows[0]["slot"] if rows else None
    return slot


def take_slot(graph: Graph, model: str) -> str:
    """Return the slot for a model's vectors, which until they are there is nobody's but the active model's.

    It is the one that holds them already, or the one that the active model does not use.
    """
    taken = {row["slot"] for row in graph.read(ACTIVE) if row["id"] != model}
    own = slot_of(graph, model)
    slot = own if own and own not in taken else next(free for free in SLOTS if free not in taken)
    graph.write(RELEASE, slot=slot)
    return slot


def drop_stale_index(graph: Graph, label: str, index: str, *, stamp: str, model: str) -> None:
    """Drop a vector index without a vector of the model: made at the end, it gets all vectors at once.

    That of an active model stays, as it is asked meanwhile.

    Args:
        graph: the graph database.
        label: of the nodes in the index.
        index: its name.
        stamp: the property that tells whose vectors a node has; it begins with the id of a model.
        model: whose vectors will be in the index.
    """
    if not graph.read(HAVE_SOME.format(label=checked_label(label), stamp=stamp), model=model):
        graph.run_auto_commit(DROP_INDEX.format(index=index))


def switch(graph: Graph, model: str, *, back: bool = False) -> None:
    """Make a model whose vectors are in a slot the active one.

    Args:
        graph: the graph database.
        model: its id.
        back: note it as the end of the model that was active, and not as a promotion of this one.
    """
    graph.write(SWITCH, model=model, back=back, at=now())


def history(graph: Graph) -> list[str]:
    """Return the ids of the models that were active, the active one last, without what was rolled back."""
    rows = graph.read(HISTORY)
    events = [(at, 0, row["id"]) for row in rows for at in row["promoted"]]
    events += [(at, 1, row["id"]) for row in rows for at in row["rolled_back"]]
    found: list[str] = []
    for _, back, model in sorted(events):
        if not back and found[-1:] != [model]:
            found.append(model)
        elif back and found[-1:] == [model]:
            found.pop()
    # A model may be active from the time before there was a history.
    active = [row["id"] for row in rows if row["active"] and [row["id"]] != found[-1:]]
    return found + active


def now() -> str:
    """Return the time as the nodes have it: UTC, ISO 8601, so that texts sort like times."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")
