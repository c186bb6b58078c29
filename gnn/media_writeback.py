"""The vectors of the films' media into the slot of a model, all of one version or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gnn import slots
from gnn.film_media import MODALITIES, FilmMedia
from kg import Graph
from kg.schema import create_vector_index
from mmkg import progress

BATCH = 500

HAVE_THEM = """
MATCH (m:Item:Movie) WHERE m.id IN $ids AND m.embedding_{slot}_media = $version RETURN collect(m.id) AS ids
"""
WRITE_MEDIA = """
UNWIND $rows AS row
MATCH (n:Item:Movie {{id: row.id}})
SET n.embedding_{slot}_media = $version, n += row.missing
WITH n, row UNWIND keys(row.vectors) AS name
CALL db.create.setNodeVectorProperty(n, name, row.vectors[name])
"""
"""The stamp and the vectors of a film in one transaction: the stamp read after a vector tells whose it is."""


def write(
    graph: Graph,
    model: str,
    slot: str,
    *,
    ids: Sequence[str],
    media: FilmMedia,
    alive: Callable[[], None],
) -> int:
    """Write the vectors of the films that lack them, with an index for each modality that there is.

    Args:
        graph: the graph database.
        model: whose slot it is.
        slot: its name.
        ids: all films that the model knows; a film without media is stamped, too.
        media: the vectors.
        alive: called with each batch.

    Returns:
        How many films were written.
    """
    version = stamp(model, media)
    names = [modality.key for modality in MODALITIES if media.width(modality.key)]
    indexed = [(f"embedding_{slot}_{name}", media.width(name)) for name in names]
    for name, _ in indexed:
        slots.drop_stale_index(graph, "Movie", f"movie_{name}", stamp=f"embedding_{slot}_media", model=model)
    written = 0
    batches = list(_batches(ids))
    for batch in progress.track(batches, "vectors of media", total=len(batches)):
        alive()
        (row,) = graph.read(HAVE_THEM.format(slot=slot), ids=batch, version=version)
        rows = [_row(slot, film, media) for film in batch if film not in set(row["ids"])]
        if rows:
            graph.write(WRITE_MEDIA.format(slot=slot), rows=rows, version=version)
        written += len(rows)
    for name, width in indexed:
        create_vector_index(
            graph, "Movie", name, f"movie_{name}", width, seconds=slots.INDEX_SECONDS, meanwhile=alive
        )
    return written


def stamp(model: str, media: FilmMedia) -> str:
    """Return what a film's vectors of media are stamped with; other media give another stamp."""
    return f"{model}/{media.version}"


def properties(model: str, media: FilmMedia) -> dict[str, Any]:
    """Return what the Model node says of them; None takes a property away."""
    counts = {f"{key}_films": len(vectors) or None for key, vectors in media.vectors.items()}
    if not any(counts.values()):
        return {**counts, "media_version": None, "text_dimension": None, "text_encoder": None}
    return {
        **counts,
        "media_version": stamp(model, media),
        "text_dimension": media.width("text") or None,
        "text_encoder": media.text_encoder,
    }


def _row(slot: str, film: str, media: FilmMedia) -> dict[str, Any]:
    found = {key: vectors.get(film) for key, vectors in media.vectors.items()}
    return {
        "id": film,
        "vectors": {f"embedding_{slot}_{key}": v.tolist() for key, v in found.items() if v is not None},
        "missing": {f"embedding_{slot}_{key}": None for key, v in found.items() if v is None},
    }


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), BATCH):
        yield list(ids[start : start + BATCH])
