"""The local servers together: `mmkg up`, `mmkg down` and `mmkg status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from minio.error import MinioException
from urllib3.exceptions import HTTPError

from kg.connection import Graph
from kg.server import GraphDatabaseServer
from mmkg.daemon import get, locked, write_private
from mmkg.errors import ConnectError, GraphError, ServerError
from mmkg.settings import ENVIRONMENT, SERVERS_FILE, Settings, read_servers
from storage.gateway_server import GatewayServer
from storage.server import ObjectStoreServer, list_buckets

LocalServer = GraphDatabaseServer | ObjectStoreServer | GatewayServer

VERSION = "CALL dbms.components() YIELD name, versions RETURN name, versions[0] AS version"


@dataclass(frozen=True)
class ServerStatus:
    """One server, local or external, without its password."""

    key: str
    """`neo4j`, `minio` or `gateway`, as in `Settings`."""
    name: str
    running: bool
    """A local server's process is alive; an external server answered just now."""
    external: bool
    """The user named it, so it is not ours to start or stop."""
    username: str
    addresses: Mapping[str, str] = field(default_factory=dict)
    """What to open or connect to: `{"Browser": "http://…", "Bolt": "bolt://…"}`."""
    pid: int | None = None
    version: str = ""
    log: Path | None = None
    note: str = ""
    """What was done just now, or why the server does not answer."""


@dataclass(frozen=True)
class Status:
    """The servers, and the file that holds the logins of the local ones."""

    neo4j: ServerStatus
    minio: ServerStatus
    gateway: ServerStatus
    servers_file: Path

    @property
    def browser(self) -> str | None:
        """The address of Neo4j Browser, where a local one runs."""
        return self.neo4j.addresses.get("Browser")

    @property
    def running(self) -> bool:
        """True where graph database and object store can be used; the gateway only shows what they hold."""
        return self.neo4j.running and self.minio.running


def up(settings: Settings) -> Status:
    """Start the servers that the user did not name, at the same time, and write down their logins.

    `Settings.load()` finds the logins from then on. A server that runs already is left as it is, except
    where its plugin or configuration changed: then it is restarted.

    Raises:
        ServerError: a server cannot be installed or started. The others are up nevertheless.
    """
    with locked(settings.home):
        # The gateway is up in a second. It comes first, since the database signs links to it.
        starts = _start(settings, [server for server in _local(settings) if server.key == "gateway"])
        settings = settings.with_local_servers()
        starts |= _start(settings, [server for server in _local(settings) if server.key != "gateway"])
        notes = {key: start.result() for key, start in starts.items()}
        return _status(settings, notes)


def _start(settings: Settings, servers: Sequence[LocalServer]) -> dict[str, Future[str]]:
    """Start these servers, at the same time, and write down the logins of those that are up."""
    with ThreadPoolExecutor() as pool:
        starts = {server.key: pool.submit(server.up) for server in servers}
    logins = read_servers(settings.home)
    logins |= {server.key: server.login() for server in servers if not starts[server.key].exception()}
    write_private(settings.home / SERVERS_FILE, logins)
    return starts


def down(settings: Settings) -> Status:
    """Stop the local servers, at the same time; a server that the user named goes on running.

    Raises:
        ServerError: a process cannot be stopped.
    """
    with locked(settings.home):
        servers: list[LocalServer] = [
            GraphDatabaseServer(settings.home, settings.cache),
            ObjectStoreServer(settings.home),
            GatewayServer(settings),
        ]
        with ThreadPoolExecutor() as pool:
            stops = {server.key: pool.submit(server.down) for server in servers}
        (settings.home / SERVERS_FILE).unlink(missing_ok=True)
        return _status(
            settings, {key: "stopped" if stop.result() else "was not running" for key, stop in stops.items()}
        )


def status(settings: Settings) -> Status:
    """Say which servers run and where, and of each that runs whether it answers."""
    notes = {server.key: _note(server) for server in _local(settings) if server.daemon.process()}
    return _status(settings, notes)


def _note(server: LocalServer) -> str:
    try:
        return "" if server.answers() else "does not answer, or not yet"
    except ServerError as error:
        return str(error)


def _local(settings: Settings) -> list[LocalServer]:
    """Return the servers that the user did not name."""
    servers: list[LocalServer] = []
    if not settings.external_neo4j:
        servers.append(GraphDatabaseServer(settings.home, settings.cache, _link_variables(settings)))
    if not settings.external_minio:
        servers.append(ObjectStoreServer(settings.home))
    if not settings.external_gateway:
        servers.append(GatewayServer(settings))
    return servers


def _link_variables(settings: Settings) -> dict[str, str]:
    """Return the variables by which the database knows the gateway and signs links to it."""
    if settings.gateway_url is None:
        return {}
    key = settings.gateway_key.get_secret_value()
    return {ENVIRONMENT["gateway_url"]: settings.gateway_url, ENVIRONMENT["gateway_key"]: key}


def _status(settings: Settings, notes: Mapping[str, str]) -> Status:
    local = {server.key: _local_status(server, notes.get(server.key, "")) for server in _local(settings)}
    return Status(
        neo4j=local.get("neo4j") or _external_neo4j(settings),
        minio=local.get("minio") or _external_minio(settings),
        gateway=local.get("gateway") or _external_gateway(settings),
        servers_file=settings.home / SERVERS_FILE,
    )


def _local_status(server: LocalServer, note: str) -> ServerStatus:
    process = server.daemon.process()
    return ServerStatus(
        key=server.key,
        name=server.name,
        running=process is not None,
        external=False,
        username=server.username if process else "",
        addresses=server.addresses() if process else {},
        pid=process.pid if process else None,
        version=server.version,
        log=server.daemon.log_file,
        note=note,
    )


def _external_neo4j(settings: Settings) -> ServerStatus:
    uri = str(settings.neo4j_uri)
    version, note = "", ""
    try:
        with Graph.connect(settings) as graph:
            version = next(row["version"] for row in graph.read(VERSION) if row["name"] == "Neo4j Kernel")
    except (ConnectError, GraphError) as error:
        note = str(error)
    return ServerStatus(
        "neo4j", "Neo4j", not note, True, settings.neo4j_username, {"Bolt": uri}, version=version, note=note
    )


def _external_gateway(settings: Settings) -> ServerStatus:
    url = str(settings.gateway_url)
    note = ""
    try:
        get(f"{url.rstrip('/')}/")
    except (OSError, ValueError) as error:
        note = str(error)
    return ServerStatus("gateway", "Media gateway", not note, True, "", {"Media": url}, note=note)


def _external_minio(settings: Settings) -> ServerStatus:
    login = {
        "minio_endpoint": str(settings.minio_endpoint),
        "minio_access_key": settings.minio_access_key,
        "minio_secret_key": settings.minio_secret_key.get_secret_value(),
    }
    note = ""
    try:
        list_buckets(login)
    except (OSError, ValueError, HTTPError, MinioException) as error:
        note = str(error)
    return ServerStatus(
        "minio", "S3", not note, True, settings.minio_access_key, {"S3": login["minio_endpoint"]}, note=note
    )
