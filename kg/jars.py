"""The Java archives of the local Neo4j and of the compiler for its plugin, exactly as `jars.lock` names them.

`jgo` fetches them from the Maven repositories that its own configuration names (Maven Central unless told),
and each is checked against the SHA-256 sum in the lock file before it is used. A line of the lock file is
the sum and `group:artifact:version[:classifier]`; `python -m kg.jars` writes it anew after a change of
`SERVER` or `COMPILER`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from mmkg.errors import ServerError
from mmkg.progress import track

NEO4J_VERSION = "5.26.30"
SERVER = (
    f"org.neo4j:neo4j:{NEO4J_VERSION}",
    f"org.neo4j.app:neo4j-server:{NEO4J_VERSION}",
    f"org.neo4j:neo4j-import-tool:{NEO4J_VERSION}",  # neo4j-admin database import, dump, load, check
    "org.neo4j.client:neo4j-browser:5.24.0",
)
COMPILER = "org.eclipse.jdt:ecj:3.40.0"
LOCK = Path(__file__).with_name("jars.lock")

THREADS = 8
ATTEMPTS = 3
TIMEOUT = 60


@dataclass(frozen=True)
class Jar:
    """One archive of the lock file."""

    sha256: str
    group: str
    artifact: str
    version: str
    classifier: str = ""

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`, and `:classifier` where there is one."""
        return ":".join(part for part in (self.group, self.artifact, self.version, self.classifier) if part)

    @property
    def path(self) -> Path:
        """Where it lies in a Maven repository."""
        name = "-".join(part for part in (self.artifact, self.version, self.classifier) if part)
        return Path(*self.group.split("."), self.artifact, self.version, f"{name}.jar")


def class_path(cache: Path, lock: Path = LOCK) -> list[Path]:
    """Return the archives of the server and of the plugin's compiler, fetched and checked.

    Args:
        cache: the archives lie in its folder `jars`, laid out as a Maven repository.
        lock: the lock file.

    Raises:
        ServerError: an archive cannot be fetched, or what arrives is not what the lock file names.
    """
    jars = read_lock(lock)
    repository = cache / "jars"
    with ThreadPoolExecutor(THREADS) as pool:
        good = pool.map(lambda jar: sha256_of(repository / jar.path) == jar.sha256, jars)
        missing = [jar for jar, is_good in zip(jars, good, strict=True) if not is_good]
        if missing:
            repository.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=repository, prefix=".incoming-") as incoming:
                context = _context(Path(incoming))
                fetched = pool.map(lambda jar: _fetch(jar, context, repository), missing)
                for _ in track(fetched, "Fetching Neo4j", len(missing)):
                    pass
    return [repository / jar.path for jar in jars]


def read_lock(path: Path = LOCK) -> list[Jar]:
    """Read the lock file."""
    lines = (line.split() for line in path.read_text().splitlines())
    return [Jar(sha256, *coordinate.split(":")) for sha256, coordinate in lines]


def write_lock(path: Path = LOCK) -> None:
    """Resolve `SERVER` and `COMPILER` with all they need, fetch everything, and write the lock file."""
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder))
        artifacts = {}
        for wanted in (SERVER, (COMPILER,)):
            direct, indirect = context.resolver.resolve([context.create_dependency(c) for c in wanted])
            needed = [*direct, *(d for d in indirect if d.scope in ("compile", "runtime"))]
            artifacts.update({d.artifact.key: d.artifact for d in needed})
        with ThreadPoolExecutor(THREADS) as pool:
            files = list(pool.map(lambda artifact: artifact.resolve(), artifacts.values()))
        jars = [
            Jar(sha256_of(file), a.groupId, a.artifactId, a.version, a.classifier)
            for file, a in zip(files, artifacts.values(), strict=True)
        ]
    _write_lines(
        path, (f"{jar.sha256}  {jar.coordinate}" for jar in sorted(jars, key=lambda j: j.coordinate))
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 sum of a file in hexadecimal, or nothing where there is no file."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()


def _context(folder: Path) -> MavenContext:
    repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    return MavenContext(repo_cache=folder, remote_repos=repositories, timeout=TIMEOUT)


def _fetch(jar: Jar, context: MavenContext, repository: Path) -> None:
    """Fetch one archive to the context's folder, check it there, and move it into the repository."""
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    artifact = component.artifact(jar.classifier, "jar")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            file = artifact.resolve()
        except (OSError, RuntimeError) as error:  # no network, no such file on any repository
            if attempt < ATTEMPTS:
                continue
            raise ServerError(
                f"the archive cannot be fetched ({error})",
                where=jar.coordinate,
                remedy="Check the network, or name a mirror as `central` in jgo's configuration file",
            ) from None
        found = sha256_of(file)
        if found == jar.sha256:
            target = repository / jar.path
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
            return
        file.unlink()
    raise ServerError(
        f"the archive is not what the lock file names: its SHA-256 sum is {found}, not {jar.sha256}",
        where=jar.coordinate,
        remedy="Ask whoever runs the Maven repository or mirror; the archive was not kept",
    )


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("".join(f"{line}\n" for line in lines))
    temporary.replace(path)


if __name__ == "__main__":
    write_lock()
