"""What a worker may be asked to do, and what goes wrong when a file takes its decoder over."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from ingest.media import examine
from mmkg.errors import InputError


def double(number: int) -> dict[str, object]:
    return {"double": 2 * number, "bytes": b"\0" * 100_000, "pid": os.getpid()}


def sleep(path: Path) -> None:
    path.touch()
    time.sleep(600)


def sleep_with_the_interpreter_locked(_marker: str) -> None:
    ctypes.PyDLL(None).sleep(600)


def allocate() -> int:
    return len(bytearray(8 << 30))


def allocate_outside_of_python() -> int:
    return len(mmap.mmap(-1, 8 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave() -> None:
    os._exit(7)


def refuse() -> None:
    raise InputError("it is not for us", where="here", remedy="Go away")


def fail() -> None:
    raise ZeroDivisionError("nothing to divide by")


def write(path: Path) -> int:
    return path.write_bytes(b"planted")


def open_many(path: Path) -> int:
    return len([path.open() for _ in range(1000)])


def environment() -> list[str]:
    return sorted(os.environ)


def answer_with_code() -> np.ndarray:
    return np.zeros(3)


def answer_too_much() -> bytes:
    return bytes(65 << 20)


def answer_with_what_cannot_be_sent() -> object:
    return lambda: None


class Armed:
    def __reduce__(self):
        return os.system, ("touch armed",)


def answer_with_a_trap() -> Armed:
    return Armed()


def answer_by_half(then: str) -> None:
    """Have half of this answer sent, and then nothing, or the end."""

    def send(connection: Connection, data: bytes) -> None:
        os.write(connection.fileno(), data[: len(data) // 2])
        crash() if then == "crash" else time.sleep(600)

    Connection._send = send


def loaded(names: list[str]) -> list[str]:
    import sys

    return [name for name in names if name in sys.modules]


def examine_unless_told_otherwise(path: Path, kind: str) -> tuple[dict[str, Any], bytes]:
    """Examine a file, unless it says what shall happen instead."""
    told = path.read_bytes()[:20]
    if told == b"please sleep":
        sleep(path.with_suffix(".asleep"))
    for name, function in {b"crash": crash, b"leave": leave, b"allocate": allocate}.items():
        if told == b"please " + name:
            function()
    return examine(path, kind)
