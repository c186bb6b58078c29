"""The process on the other side of `ingest.workers`: it does one job after the other within its limits.

What a decoder can do if a file takes it over is bounded as well: it finds no secret in its environment,
writes no file, and its answer is read as data.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import pickle
import resource
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from mmkg.errors import MmkgError

Answer = tuple[str, Any, str, str]
"""One of the words below, the value or what went wrong, and the error's `where` and `remedy`."""
READY, DONE, FAILED, NO_MEMORY = "ready", "done", "failed", "no memory"
MAX_ANSWER = 64 << 20
"""Bytes."""
MAX_FILES = 64
LIFELINE = 0
"""Standard input: nothing is written to it, and it is closed when the parent is gone, however it ended."""


def main(descriptor: int, memory: int) -> None:
    """Do the jobs that arrive on a socket until it is closed.

    Args:
        descriptor: of the socket.
        memory: in bytes, how much this process may have.
    """
    _end_with_parent()
    _limit(memory)
    with Connection(descriptor) as connection:
        connection.send((READY, None, "", ""))
        while True:
            try:
                module, name, arguments = connection.recv()
            except EOFError:
                return
            connection.send_bytes(_answer(module, name, arguments))


def _answer(module: str, name: str, arguments: tuple[Any, ...]) -> bytes:
    answer: Answer
    try:
        value = getattr(importlib.import_module(module), name)(*arguments)
        data = pickle.dumps((DONE, value, "", ""))
        if len(data) <= MAX_ANSWER:
            return data
        answer = FAILED, f"the decoder's answer has {len(data)} bytes, {MAX_ANSWER} is the limit", "", ""
    except MemoryError:
        answer = NO_MEMORY, None, "", ""
    except MmkgError as error:
        answer = FAILED, error.what, error.where, error.remedy
    except Exception as error:  # whatever it is, it is this job's alone
        answer = FAILED, f"the decoder failed ({type(error).__name__}: {error})", "", ""
    return pickle.dumps(answer)


def _end_with_parent() -> None:
    """Have the kernel end this process when the lifeline is closed, even if a decoder never returns."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(LIFELINE, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(LIFELINE, fcntl.F_SETFL, fcntl.fcntl(LIFELINE, fcntl.F_GETFL) | os.O_ASYNC)


def _limit(memory: int) -> None:
    sys.dont_write_bytecode = True
    limits = {
        # Of the data, not of the address space: allocators and threads reserve far more than they use.
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: MAX_FILES,
    }
    for limit, wanted in limits.items():
        _, hard = resource.getrlimit(limit)
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(limit, (value, value))
