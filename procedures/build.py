"""Builds the plugin, `CALL mmkg.*`, with the Eclipse compiler on the Java runtime that also runs Neo4j."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from mmkg.errors import ServerError

SOURCES = Path(__file__).with_name("src") / "main"
COMPILER_MAIN = "org.eclipse.jdt.internal.compiler.batch.Main"
OPTIONS = ("-17", "-encoding", "UTF-8", "-parameters", "-proc:none", "-nowarn")
EPOCH = (1980, 1, 1, 0, 0, 0)


def build(target: Path, jars: Sequence[Path], java: Path, sources: Path = SOURCES) -> Path:
    """Compile the Java sources and pack them with their resources, unless `target` was made of the same.

    Args:
        target: the plugin's jar; the same input gives the same bytes.
        jars: what to compile against; the Eclipse compiler is among them (`kg.jars.class_path`).
        java: the `java` program.
        sources: the folder that holds `java/` and `resources/`.

    Raises:
        ServerError: the sources do not compile; the message is the compiler's.
    """
    code = sorted((sources / "java").rglob("*.java"))
    resources = sorted(path for path in (sources / "resources").rglob("*") if path.is_file())
    digest = _digest(sources, [*code, *resources], jars)
    if _made_of(target) == digest:
        return target
    with tempfile.TemporaryDirectory() as folder:
        classes = Path(folder) / "classes"
        classes.mkdir()
        if code:
            _compile(code, classes, jars, java, Path(folder) / "arguments")
        entries = {path.relative_to(classes).as_posix(): path for path in _files(classes)}
        entries.update({path.relative_to(sources / "resources").as_posix(): path for path in resources})
        _pack(target, entries, digest)
    return target


def _compile(code: Sequence[Path], classes: Path, jars: Sequence[Path], java: Path, arguments: Path) -> None:
    class_path = os.pathsep.join(map(str, jars))
    words = [*OPTIONS, "-cp", class_path, "-d", str(classes), *map(str, code)]
    arguments.write_text("\n".join(f'"{word}"' for word in words), encoding="utf-8")
    done = subprocess.run(
        [str(java), "-XX:TieredStopAtLevel=1", "-cp", class_path, COMPILER_MAIN, f"@{arguments}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError(
            f"the plugin does not compile:\n{done.stdout}{done.stderr}", where=str(SOURCES / "java")
        )


def _pack(target: Path, entries: dict[str, Path], digest: str) -> None:
    """Write the archive with names in order and times at zero, so that equal content gives equal bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = digest.encode()
        # Neo4j finds the classes that answer by HTTP through the entry of their folder.
        folders = {f"{parent}/" for name in entries for parent in PurePosixPath(name).parents[:-1]}
        for name in sorted({*entries, *folders}):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, b"" if name in folders else entries[name].read_bytes())
    temporary.replace(target)


def _made_of(target: Path) -> str:
    """Return the digest of what an existing plugin was made of: it is the archive's comment."""
    try:
        with zipfile.ZipFile(target) as archive:
            return archive.comment.decode()
    except (FileNotFoundError, zipfile.BadZipFile):
        return ""


def _digest(sources: Path, files: Sequence[Path], jars: Sequence[Path]) -> str:
    digest = hashlib.sha256(repr((OPTIONS, [jar.name for jar in jars])).encode())
    for path in files:
        digest.update(f"{path.relative_to(sources)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
