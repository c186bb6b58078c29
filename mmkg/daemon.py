"""A local process that outlives the command that starts it: start, find again, stop."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from mmkg.errors import ServerError

LOOPBACK = "127.0.0.1"
ATTEMPTS = 3
LOG_LINES = 12
LOG_BYTES = 10 << 20
POLL_SECONDS = 0.1
KILL_SECONDS = 10
ASK_SECONDS = 2
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# The shell puts the server in the background and ends, so that the server is a child of nobody and no
# command has to wait for it. The log is appended to, so that an earlier crash stays readable.
LAUNCH = '"$@" </dev/null >>"$MMKG_LOG" 2>&1 & echo $!'


@dataclass(frozen=True)
class Daemon:
    """A process known by the pid file in its folder."""

    name: str
    """What the user calls it, for messages."""
    folder: Path
    """Holds `server.pid` and `server.log`; made when the process is first started."""
    patience: float = 60
    """How many seconds the process has to end by itself when it is stopped."""

    @property
    def pid_file(self) -> Path:
        """The file that says which process it is."""
        return self.folder / "server.pid"

    @property
    def log_file(self) -> Path:
        """The process's standard output and standard error."""
        return self.folder / "server.log"

    @property
    def state_file(self) -> Path:
        """What the server's owner remembers of it: ports, logins. Nobody else may read it."""
        return self.folder / "state.json"

    def state(self) -> dict[str, Any]:
        """Read what is remembered; nothing before the first start."""
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text())
        except FileNotFoundError:
            return {}
        return state

    def remember(self, state: Mapping[str, Any]) -> None:
        """Write what is to be remembered."""
        write_private(self.state_file, state)

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start the process in a session of its own, in its folder, and write the pid file.

        Args:
            command: the program and its arguments; they are visible to every user of the machine, so they
                must hold no secret.
            environment: variables to set on top of this process's own.

        Raises:
            ServerError: the program cannot be run at all.
        """
        arguments = [str(part) for part in command]
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if self.log_file.stat().st_size > LOG_BYTES:
                self.log_file.replace(self.log_file.with_suffix(".log.old"))
        variables = {**os.environ, **(environment or {}), "MMKG_LOG": str(self.log_file)}
        shell = subprocess.run(
            ["/bin/sh", "-c", LAUNCH, "sh", *arguments],
            cwd=self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
            check=True,
        )
        pid = int(shell.stdout)
        try:
            created = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            raise self.died() from None
        write_private(self.pid_file, {"pid": pid, "created": created, "command": arguments})

    def process(self) -> psutil.Process | None:
        """Find the process that was started last, or None where it runs no more.

        Another process may have the same number by now. It is ours if it was created at the noted time or,
        since a changed clock shifts that time, if it was started by the same command.
        """
        try:
            noted = json.loads(self.pid_file.read_text())
            process = psutil.Process(noted["pid"])
            ours = abs(process.create_time() - noted["created"]) < 1 or process.cmdline() == noted["command"]
            return process if ours and not _has_ended(process) else None
        except (FileNotFoundError, ValueError, KeyError, psutil.Error):
            return None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Ask `ready` until it is true.

        Raises:
            ServerError: the process ended, or `ready` is still false after `seconds`; the process is
                stopped then.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process() is None:
                raise self.died()
            if time.monotonic() > deadline:
                self.stop()
                raise ServerError(
                    f"{self.name} did not answer within {seconds:.0f} s", where=str(self.log_file)
                )
            time.sleep(POLL_SECONDS)

    def comes_up(self, ready: Callable[[], bool], *, seconds: float) -> bool:
        """Say whether the process answers, now or soon: another command may just have started it.

        One that ends meanwhile, or that is stopped since it never answers, does not come up.
        """
        if self.process() is None:
            return False
        try:
            self.wait_until(ready, seconds=seconds)
        except ServerError:
            if self.process() is not None:
                raise
            return False
        return True

    def stop(self) -> bool:
        """Ask the process to end, kill it if it has not ended in time, and say whether it ran.

        Raises:
            ServerError: it runs on nevertheless.
        """
        process = self.process()
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
                if not self._ended(self.patience):
                    process.kill()
            if not self._ended(KILL_SECONDS):
                raise ServerError(f"{self.name} cannot be stopped", where=f"process {process.pid}")
        self.pid_file.unlink(missing_ok=True)
        return process is not None

    def _ended(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.process() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def died(self) -> ServerError:
        """Make the error for a process that ended by itself, with the end of its log."""
        try:
            lines = self.log_file.read_text(errors="replace").splitlines()[-LOG_LINES:]
        except FileNotFoundError:
            lines = []
        return ServerError(
            "\n".join([f"{self.name} ended while it was starting. The end of its log:", *lines]),
            where=str(self.log_file),
        )


def _has_ended(process: psutil.Process) -> bool:
    """Say whether nothing of the process is left but its entry in the process table.

    Of a process that was killed, some threads may live on for a moment, and keep its ports and file locks.
    """
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one command at a time start and stop the processes of this folder; the others wait."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_private(path: Path, content: object) -> None:
    """Write the content as JSON to a file that nobody else may read, in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    temporary.replace(path)


def ask(port: int, path: str) -> bytes:
    """Get a page from a local server, past any proxy that the environment names.

    Raises:
        OSError: it does not answer, or with an error.
    """
    return get(f"http://{LOOPBACK}:{port}{path}")


def get(url: str) -> bytes:
    """Get a page, likewise, from wherever it is.

    Raises:
        OSError: the server does not answer, or with an error.
        ValueError: this is no URL.
    """
    with DIRECT.open(url, timeout=ASK_SECONDS) as reply:
        page: bytes = reply.read()
    return page


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback address."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(wishes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Choose a free port for each name: the first free one of its wishes, or any."""
    chosen: dict[str, int] = {}
    for name, ports in wishes.items():
        wish = next((port for port in ports if port not in chosen.values() and is_free(port)), None)
        chosen[name] = wish if wish is not None else _any_port(set(chosen.values()))
    return chosen


def on_free_ports(wishes: Mapping[str, Sequence[int]], launch: Callable[[dict[str, int]], None]) -> None:
    """Launch a server on free ports, and on others where another process takes one in between.

    Args:
        wishes: as of `free_ports`.
        launch: gets the ports by name, and returns when the server answers.

    Raises:
        ServerError: as of `launch`.
    """
    for attempt in range(1, ATTEMPTS + 1):
        ports = free_ports(wishes)
        try:
            launch(ports)
        except ServerError:
            if attempt < ATTEMPTS and not all(map(is_free, ports.values())):
                continue
            raise
        return


def _any_port(taken: set[int]) -> int:
    while True:
        with socket.socket() as listener:
            listener.bind((LOOPBACK, 0))
            port: int = listener.getsockname()[1]
        if port not in taken:
            return port
