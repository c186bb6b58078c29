"""One command at a time where two would spoil each other's work."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmkg.errors import MmkgError

PAUSE = 0.1


@contextmanager
def held(path: Path, busy: MmkgError, wait: float = 0) -> Iterator[None]:
    """Hold a lock file, which the system lets go of whatever happens to us.

    Args:
        path: the file, made if need be; it stays.
        busy: what to raise where another process holds it.
        wait: the seconds after which `busy` is raised.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise busy from None
                time.sleep(PAUSE)
        yield
