"""Neo4j's Graph Data Science, community edition, as a plugin of a benchmark's server.

Its parts are on Maven Central (`org.neo4j.gds:proc` and what it needs), not the plugin in one piece; jgo
fetches them as it fetches Neo4j itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from kg import server
from kg.jars import TIMEOUT, read_lock

VERSION = "2.13.9"
PARTS = ("proc", "open-write-services", "opengds-extension")
UNRESTRICTED = "dbms.security.procedures.unrestricted"


def gds_jars(cache: Path) -> list[Path]:
    """Return the archives of GDS that the server does not have already, fetched if need be."""
    folder = cache / "benchmark-jars"
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"gds-{VERSION}.txt"
    if note.exists():
        return [folder / line for line in note.read_text().splitlines()]
    context = MavenContext(repo_cache=folder, remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=TIMEOUT)
    wanted = [context.create_dependency(f"org.neo4j.gds:{part}:{VERSION}") for part in PARTS]
    direct, indirect = context.resolver.resolve(wanted)
    there = {(jar.group, jar.artifact) for jar in read_lock()}
    needed = {
        found.artifact.key: found.artifact
        for found in (*direct, *indirect)
        if found in direct or found.scope in ("compile", "runtime")
        if (found.artifact.groupId, found.artifact.artifactId) not in there
    }
    jars = [artifact.resolve() for artifact in needed.values()]
    note.write_text("\n".join(str(jar.relative_to(folder)) for jar in jars))
    return jars


class ServerWithGds(server.GraphDatabaseServer):
    """Neo4j with our plugin and GDS, in a folder of plugins of its own: it is there for this class alone."""

    def __init__(self, home: Path, cache: Path) -> None:
        super().__init__(home, cache)
        self.parts = gds_jars(cache)

    def _launch(self, state: dict[str, Any], jars: Sequence[Path], plugin: Path) -> None:
        """Put GDS among the plugins, and on the class path, where the database finds its extensions."""
        folder = self.folder / "plugins-with-gds"
        folder.mkdir(exist_ok=True)
        for jar in (plugin, *self.parts):
            shutil.copy(jar, folder)
        settings = {
            "server.directories.plugins": folder.name,
            "dbms.security.procedures.unrestricted": "gds.*",
        }
        with patch.dict(server.CONFIGURATION, settings):
            super()._launch(state, [*jars, *self.parts], plugin)
