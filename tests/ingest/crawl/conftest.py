from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import film_site
import pytest
from film_site import Site

ROOT = Path(__file__).parents[3]
MMKG = [sys.executable, "-c", "import cli; cli.main()", "crawl"]


@pytest.fixture
def site() -> Iterator[Site]:
    with film_site.running() as site:
        yield site


@pytest.fixture
def inside() -> Iterator[Site]:
    """Another site on the loopback, which the crawler may not connect to."""
    with film_site.running() as site:
        yield site


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "crawl"


@pytest.fixture
def start(out: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start `mmkg crawl` as a user does."""

    def run(*arguments: str, **more: Any) -> subprocess.Popen[str]:
        command = [*MMKG, "--out", str(out), "--json", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, **more)

    return run


@pytest.fixture
def crawl(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., dict[str, Any]]:
    """Crawl to the end and return the report."""

    def run(*arguments: str) -> dict[str, Any]:
        process = start(*arguments)
        report, messages = process.communicate(timeout=120)
        assert process.returncode == 0, messages
        assert messages == ""
        return json.loads(report)

    return run
