"""`mmkg crawl`: one crawl at a time in a folder, in a process of its own, and its report."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ingest.crawl.archive import ARCHIVE, STATE, publish
from ingest.crawl.options import Options
from ingest.crawl.state import State
from ingest.crawl.urls import address
from mmkg.errors import InputError, MmkgError
from mmkg.lock import held
from mmkg.words import counted

LOCK_WAIT = 5.0
"""Seconds for the process of a crawl that was killed to notice."""


@dataclass
class Report:
    """How a crawl ended."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "outcome", "reason", "number")

    folder: Path
    pages: int
    """Page requests of this visit."""
    films: int
    counts: list[tuple[str, str, str, int]] = field(default_factory=list)
    seconds: float = 0.0

    def title(self) -> str:
        """Say where it is and how many films there are."""
        return f"{self.folder / ARCHIVE}: {counted(self.films, 'film page')}, {self.seconds:.1f} s"

    def rows(self) -> list[tuple[str, str, str, int]]:
        """Return the rows of a table under `HEADINGS`."""
        return self.counts

    def to_json(self) -> dict[str, Any]:
        """Make a JSON document of the report."""
        return {
            "archive": str(self.folder / ARCHIVE),
            "pages": self.pages,
            "films": self.films,
            "urls": [dict(zip(self.HEADINGS, row, strict=True)) for row in self.counts],
            "seconds": round(self.seconds, 3),
        }


def crawl(urls: tuple[str, ...], out: Path, **options: Any) -> Report:
    """Crawl from some URLs into a folder, or go on with the crawl that is there.

    Args:
        urls: where to start.
        out: the folder, which is made where it is missing.
        options: see `Options`.

    Raises:
        UsageError: an option makes no sense.
        InputError: another crawl is at work in the folder, or its state cannot be read.
        MmkgError: the crawl broke off; the same command goes on with it.
    """
    told = Options(urls=tuple(urls), out=str(out.absolute()), **options)
    started = time.monotonic()
    busy = InputError(
        "another crawl is at work in the folder",
        where=str(told.folder),
        remedy="Wait for it, or crawl into another folder",
    )
    with held(told.folder / STATE.parent / "lock", busy, LOCK_WAIT):
        with State(told.folder / STATE) as state:
            seeds = [seed for seed in map(address, told.urls) if seed is not None]
            state.begin(seeds, told.max_pages)
        _run(told)
        with State(told.folder / STATE) as state:
            publish(state, told.folder)
            return Report(out, state.pages(), state.films(), list(state.counts()), time.monotonic() - started)


def _run(options: Options) -> None:
    command = [sys.executable, "-m", "ingest.crawl.process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(options.dumps() + "\n")
        process.stdin.flush()
        try:
            code = process.wait()
        except BaseException:
            process.kill()
            raise
    if code:
        raise MmkgError(
            f"the crawl broke off (exit code {code})",
            where=options.out,
            remedy="The same command goes on where it stopped",
        )
