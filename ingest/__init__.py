"""Readers of film catalogues, and the pipeline that brings them into the graph and the store."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.command import run
    from ingest.pipeline import Report, ingest

__all__ = ["Report", "ingest", "run"]


def __getattr__(name: str) -> Any:
    """Load what is asked for: the command line reads the table of kinds, and needs no driver for that."""
    if name == "run":
        from ingest.command import run  # noqa: PLC0415

        return run
    if name in __all__:
        from ingest import pipeline  # noqa: PLC0415

        return getattr(pipeline, name)
    raise AttributeError(f"module 'ingest' has no attribute {name!r}")
