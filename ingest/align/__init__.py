"""Entity alignment: one person in several sources becomes one identity."""

from ingest.align.command import run

__all__ = ["run"]
