"""Readers of film catalogues, and the pipeline that brings them into the graph and the store."""

from ingest.command import run
from ingest.pipeline import Report, ingest

__all__ = ["Report", "ingest", "run"]
