"""`make` sets itself up on a machine with Python 3.11 or 3.10 and nothing else, or says what is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "dirname", "cksum", "cat", "rm", "make")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Make a copy of the set-up files, and a `bin` folder with only what every Unix has."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "scripts").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (tmp_path / "bin" / tool).symlink_to(found)
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "scripts/setup.sh"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make(folder: Path, target: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(folder / "bin")}
    environment.pop("MAKEFLAGS", None)
    return subprocess.run(
        ["make", "--silent", target], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("shim", [None, "exit 1", "echo 3.12; exit 1"])
def test_no_usable_python_is_said_in_one_line(bare: Path, shim: str | None) -> None:
    if shim:  # pyenv, for one, leaves names on PATH behind which there is no Python
        python = bare / "bin" / "python3.11"
        python.write_text(f"#!/bin/sh\n{shim}\n")
        python.chmod(0o755)
    result = make(bare, "setup")
    assert result.returncode != 0
    message = result.stderr.splitlines()[0]
    assert "Python 3.11 or 3.10, or uv" in message
    assert not (bare / ".venv").exists()


def test_a_second_setup_does_nothing(bare: Path) -> None:
    (bare / ".venv").mkdir()
    installed = b"".join((bare / name).read_bytes() for name in ("requirements.lock", "pyproject.toml"))
    stamp = subprocess.run(["cksum"], input=installed, capture_output=True, check=True).stdout
    (bare / ".venv" / ".installed").write_bytes(stamp)
    assert make(bare, "setup").returncode == 0


def test_the_lock_is_hashed_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = [line for line in lock.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    assert len(pinned) > 50
    assert all(line.endswith("\\") for line in pinned), "every pin is followed by its hashes"
    assert "://" not in lock
