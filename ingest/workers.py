"""Worker processes for what may go wrong: a hostile file costs one reject and nothing more.

A decoder that hangs, eats the memory or crashes takes its process with it, and the next job gets another.
Each worker has a socket of its own, so that one that dies amid an answer harms no other, and what it answers
are plain values: unpickling them calls nothing. The usual pools of processes do neither.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import LifoQueue
from threading import Event, Lock, Timer
from types import TracebackType
from typing import Any, TypeVar

from ingest.worker import DONE, MAX_ANSWER, NO_MEMORY, Answer
from mmkg.errors import MediaError, MmkgError

MEGABYTE = 1 << 20
MEMORY = 2048 * MEGABYTE
"""Bytes that one worker may have. Linux keeps to it; macOS takes the limit and does not keep to it."""
SECONDS = 300.0
START_SECONDS = 60.0
JOBS = 1000
"""Jobs after which a worker is replaced, so that what decoders leak does not add up."""
ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "TMPDIR", "LD_LIBRARY_PATH")
"""The variables that a worker gets to see; among the others may be secrets."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
START = """
import sys
descriptor, memory, *sys.path = sys.argv[1:]
from ingest.worker import main
main(int(descriptor), int(memory))
"""

CLOSED = "the decoders were stopped"

T = TypeVar("T")


class Workers:
    """A pool of worker processes; safe to share between threads.

    A worker is started when it is first needed. All of them end with this process, even where it is killed.

    Args:
        count: how many jobs run at a time; a further one waits.
        memory: bytes that each worker may have.
        jobs: how many jobs a worker does before another takes its place.

    Example:
        >>> with Workers(2) as workers:
        ...     workers.run(probe, Path("poster.jpg"), "Poster", seconds=60)
    """

    def __init__(self, count: int, *, memory: int = MEMORY, jobs: int = JOBS) -> None:
        self._workers = [_Worker(memory, jobs) for _ in range(count)]
        self._idle: LifoQueue[_Worker] = LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def run(self, function: Callable[..., T], *arguments: object, seconds: float = SECONDS) -> T:
        """Call a function in a worker and return what it returns.

        Args:
            function: one of a module, which the worker imports. It returns plain values: numbers, texts,
                bytes, None, and lists, tuples, sets and dictionaries of them.
            arguments: anything that can be pickled.
            seconds: how long it may take.

        Raises:
            MediaError: it raised an error, took too long or too much memory, or crashed.
        """
        job = pickle.dumps((function.__module__, function.__qualname__, arguments))
        worker = self._idle.get()
        try:
            return worker.run(job, seconds)  # type: ignore[no-any-return]
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End the workers; jobs that run or wait in other threads end with an error."""
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """A place in the pool, and the process that has it at the moment."""

    def __init__(self, memory: int, jobs: int) -> None:
        self.memory = memory
        self.jobs = jobs
        self.done = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection[Any, Any] | None = None
        self.closed = False
        self.lock = Lock()
        """Held while a process is started or ended, so that none is started after the pool was closed."""

    def run(self, job: bytes, seconds: float) -> Any:
        """Do a job, in a new process where the old one has died or done its share."""
        if self.process is None or self.process.poll() is not None or self.done >= self.jobs:
            self._end()
            self._start()
        self.done += 1
        word, value, where, remedy = self._ask(job, seconds)
        if word == DONE:
            return value
        if word == NO_MEMORY:
            self._end()
            raise MediaError(f"it takes more than {self.memory // MEGABYTE} MB of memory to decode")
        raise MediaError(value, where=where, remedy=remedy)

    def close(self) -> None:
        """End the process, and start no other."""
        with self.lock:
            self.closed = True
            if self.process is not None:
                self.process.kill()
                self.process.wait()

    def _start(self) -> None:
        with self.lock:
            if self.closed:
                raise MediaError(CLOSED)
            self.connection, theirs = Pipe()
            with theirs:
                self.process = subprocess.Popen(
                    [sys.executable, "-I", "-c", START, str(theirs.fileno()), str(self.memory), *sys.path],
                    stdin=subprocess.PIPE,  # the worker's lifeline
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # decoders talk there, of every flaw of a file
                    pass_fds=[theirs.fileno()],
                    env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ} | ONE_THREAD,
                    start_new_session=True,  # Ctrl-C is for us, and we end the worker
                )
            self.done = 0
        try:
            self._ask(None, START_SECONDS)
        except MediaError as error:
            if self.closed:
                raise
            raise MmkgError(f"no process for decoding can be started ({error.what})") from None

    def _end(self) -> None:
        with self.lock:
            if self.process is not None and self.connection is not None and self.process.stdin is not None:
                self.process.kill()
                self.process.wait()
                self.process.stdin.close()
                self.connection.close()
            self.process = self.connection = None

    def _ask(self, job: bytes | None, seconds: float) -> Answer:
        """Send a job and return the answer; without a job, wait for the first word of a new process."""
        process, connection = self.process, self.connection
        assert process is not None
        assert connection is not None
        overdue = Event()

        def kill() -> None:
            overdue.set()
            process.kill()

        # A clock of its own: a process that stops amid a message would have a wait for its answer go on.
        clock = Timer(seconds, kill)
        clock.start()
        try:
            if job is not None:
                connection.send_bytes(job)
            word, value, where, remedy = _Plain(io.BytesIO(connection.recv_bytes(MAX_ANSWER))).load()
        except (OSError, EOFError):
            self._end()
            if self.closed:
                raise MediaError(CLOSED) from None
            if overdue.is_set():
                raise MediaError(f"it takes longer than {seconds:g} s to decode") from None
            raise MediaError(_cause_of_death(process)) from None
        except Exception as error:  # whatever unpickling makes of bytes that are no answer
            self._end()
            raise MediaError(f"the decoder gives an answer that cannot be used ({error})") from None
        except BaseException:
            self._end()  # an answer that comes later must not be taken for that of the next job
            raise
        finally:
            clock.cancel()
            clock.join()
        if overdue.is_set():
            self._end()  # the answer came in the very last moment, but the process is no more
        return word, value, where, remedy


class _Plain(pickle.Unpickler):
    """Reads plain values and nothing that would call code of ours."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


def _cause_of_death(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    if code >= 0:
        return f"it ends the decoder (exit code {code})"
    try:
        return f"it crashes the decoder ({signal.Signals(-code).name})"
    except ValueError:
        return f"it crashes the decoder (signal {-code})"
