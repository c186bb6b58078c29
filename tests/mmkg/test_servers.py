"""The local servers: started, killed, stopped and found again, on loopback ports, with private logins."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from minio import Minio

from kg import Graph
from mmkg import servers
from mmkg.daemon import LOOPBACK, Daemon, ask, free_ports, get, locked, write_private
from mmkg.errors import ServerError
from mmkg.servers import ServerStatus, Status
from mmkg.settings import ENVIRONMENT, SERVERS_FILE, Settings
from storage import BlobStore

DEFAULT_PORTS = (7687, 7474, 8333, 8334)


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    """The environment of this module's commands, which names no server of anybody's."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ENVIRONMENT.values():
            environment.delenv(name, raising=False)
        yield environment


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory of this module's own, made the environment's, while others hold the default ports."""
    with contextlib.ExitStack() as holders:
        home = tmp_path_factory.mktemp("servers") / "a home with spaces"
        environment.setenv("MMKG_HOME", str(home))
        for port in DEFAULT_PORTS:
            holder = holders.enter_context(socket.socket())
            # As servers do: a port whose last connections have not faded yet can be had.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):  # somebody holds it already
                holder.bind((LOOPBACK, port))
                holder.listen()
        try:
            yield home
        finally:
            servers.down(Settings.load())


@pytest.fixture
def running(home: Path) -> Status:
    """The servers of that directory, up."""
    return servers.up(Settings.load())


def s3(settings: Settings) -> Minio:
    secret_key = settings.minio_secret_key.get_secret_value()
    return Minio(str(settings.minio_endpoint), settings.minio_access_key, secret_key, secure=False)


def processes(status: Status) -> list[psutil.Process]:
    return [psutil.Process(server.pid) for server in (status.neo4j, status.minio, status.gateway)]


def write(settings: Settings, text: str) -> None:
    with Graph.connect(settings) as graph:
        graph.write("MERGE (n:Kept {text: $text})", text=text)
    client = s3(settings)
    if not client.bucket_exists("kept"):
        client.make_bucket("kept")
    client.put_object("kept", text, io.BytesIO(text.encode()), len(text))


def holds(settings: Settings, text: str) -> bool:
    with Graph.connect(settings) as graph:
        rows = graph.read("MATCH (n:Kept {text: $text}) RETURN count(n) AS nodes", text=text)
    return rows == [{"nodes": 1}] and s3(settings).get_object("kept", text).data == text.encode()


def test_other_ports_are_chosen_and_announced_where_the_default_ones_are_taken(running: Status) -> None:
    settings = Settings.load()
    ports = {
        int(address.strip("/").removesuffix("/browser").rpartition(":")[2])
        for server in (running.neo4j, running.minio, running.gateway)
        for address in server.addresses.values()
    }
    assert len(ports) == 4
    assert not ports & set(DEFAULT_PORTS)
    assert running.browser is not None
    port = int(running.browser.removesuffix("/browser/").rpartition(":")[2])
    announced = json.loads(ask(port, "/"))
    assert announced["bolt_direct"] == settings.neo4j_uri == running.neo4j.addresses["Bolt"]
    assert b"<title>Neo4j Browser</title>" in ask(port, "/browser/")
    with Graph.connect(settings) as graph:
        assert graph.read("RETURN 1 AS one") == [{"one": 1}]


def test_the_servers_listen_on_loopback_only(running: Status) -> None:
    for process in processes(running):
        listening = [c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
        assert listening
        assert {ip.removeprefix("::ffff:") for ip in listening} == {LOOPBACK}


def test_logins_are_private(running: Status, home: Path) -> None:
    settings = Settings.load()
    hidden = (settings.neo4j_password, settings.minio_secret_key, settings.gateway_key)
    secrets = [secret.get_secret_value() for secret in hidden]
    assert all(len(secret) >= 32 for secret in secrets)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / SERVERS_FILE).stat().st_mode) == 0o600
    told = [repr(running), *(" ".join(process.cmdline()) for process in processes(running))]
    files = [path for path in home.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert any(path.name == "neo4j.conf" for path in files)
    told += [path.read_bytes().decode(errors="replace") for path in files]
    assert not [text for text in told for secret in secrets if secret in text]


def test_up_twice_is_harmless_and_says_so(running: Status) -> None:
    again = servers.up(Settings.load())
    assert [server.note for server in (again.neo4j, again.minio, again.gateway)] == ["already running"] * 3
    assert processes(again) == processes(running)
    assert servers.status(Settings.load()).running


def test_the_servers_are_children_of_nobody(running: Status) -> None:
    for process in processes(running):
        assert os.getpid() not in [parent.pid for parent in process.parents()]
        assert os.getsid(process.pid) != os.getsid(0)


def test_up_after_a_crash_finds_the_data_at_the_same_address(running: Status) -> None:
    settings = Settings.load()
    write(settings, "before-the-crash")
    for process in processes(running):
        process.kill()
    again = servers.up(settings)
    assert [server.note for server in (again.neo4j, again.minio, again.gateway)] == ["started"] * 3
    assert Settings.load() == settings
    assert holds(settings, "before-the-crash")


def test_up_restarts_a_server_whose_configuration_changed(
    running: Status, environment: pytest.MonkeyPatch
) -> None:
    settings = Settings.load()
    write(settings, "before-the-restart")
    environment.setenv("MMKG_NEO4J_PAGE_CACHE", "100m")
    again = servers.up(settings)
    assert again.neo4j.note == "restarted, because its plugin or its configuration changed"
    assert [again.minio.note, again.gateway.note] == ["already running"] * 2
    with Graph.connect(settings) as graph:
        value = graph.read("SHOW SETTINGS 'server.memory.pagecache.size' YIELD value")
    assert value == [{"value": "100.00MiB"}]
    assert holds(settings, "before-the-restart")


def test_up_restarts_the_gateway_where_it_has_another_store_to_serve(
    running: Status, environment: pytest.MonkeyPatch
) -> None:
    with environment.context() as other:
        other.setenv("MINIO_BUCKET", "another-bucket")
        again = servers.up(Settings.load())
    assert again.gateway.note == "restarted, because its program or its store changed"
    assert again.gateway.addresses == running.gateway.addresses
    assert [again.neo4j.note, again.minio.note] == ["already running"] * 2


def test_the_database_signs_links_that_the_gateway_takes(running: Status) -> None:
    settings = Settings.load()
    with BlobStore.connect(settings) as store, Graph.connect(settings) as graph:
        sha256 = store.put_bytes(b"a poster", "image/jpeg").sha256
        graph.write("MERGE (:Media {id: $id})", id=sha256)
        (row,) = graph.read("MATCH (m:Media {id: $id}) RETURN mmkg.link(m) AS link", id=sha256)
    assert get(row["link"]) == b"a poster"


def test_servers_that_the_user_names_are_neither_started_nor_stopped(
    running: Status, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Settings.load()
    monkeypatch.setenv("MMKG_HOME", str(tmp_path))
    monkeypatch.setenv("NEO4J_URI", str(own.neo4j_uri))
    monkeypatch.setenv("NEO4J_PASSWORD", own.neo4j_password.get_secret_value())
    monkeypatch.setenv("MINIO_ENDPOINT", str(own.minio_endpoint))
    monkeypatch.setenv("MINIO_ACCESS_KEY", own.minio_access_key)
    monkeypatch.setenv("MINIO_SECRET_KEY", own.minio_secret_key.get_secret_value())
    monkeypatch.setenv("MMKG_GATEWAY_URL", str(own.gateway_url))
    monkeypatch.setenv("MMKG_GATEWAY_KEY", own.gateway_key.get_secret_value())
    for status in (servers.up(Settings.load()), servers.down(Settings.load())):
        assert status.running
        named = (status.neo4j, status.minio, status.gateway)
        assert all(server.external and server.running for server in named)
        assert status.neo4j.version == running.neo4j.version
    assert not (tmp_path / "neo4j").exists()
    assert not (tmp_path / "seaweedfs").exists()
    assert not (tmp_path / "gateway").exists()
    monkeypatch.setenv("NEO4J_PASSWORD", "wrong")
    monkeypatch.setenv("MINIO_SECRET_KEY", "wrong")
    monkeypatch.setenv("MMKG_GATEWAY_URL", "http://127.0.0.1:1")
    refused = servers.status(Settings.load())
    assert not any(server.running for server in (refused.neo4j, refused.minio, refused.gateway))
    assert "refuses the login" in refused.neo4j.note
    assert refused.minio.note


def test_down_ends_all_and_again_is_harmless(running: Status, home: Path) -> None:
    ended = processes(running)
    first, second = servers.down(Settings.load()), servers.down(Settings.load())
    assert [server.note for server in (first.neo4j, first.minio, first.gateway)] == ["stopped"] * 3
    assert [server.note for server in (second.neo4j, second.minio, second.gateway)] == ["was not running"] * 3
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in ended)
    assert not (home / SERVERS_FILE).exists()
    assert Settings.load().neo4j_uri is None
    assert servers.status(Settings.load()).neo4j == ServerStatus(
        "neo4j", "Neo4j", False, False, "", version=first.neo4j.version, log=home / "neo4j" / "server.log"
    )


def test_a_process_with_the_number_of_a_dead_one_is_not_ours(tmp_path: Path) -> None:
    daemon = Daemon("sleeper", tmp_path)
    daemon.start(["sleep", "60"])
    first = daemon.process()
    assert first is not None
    note = json.loads(daemon.pid_file.read_text())
    assert daemon.stop()
    stranger = Daemon("stranger", tmp_path / "stranger")
    stranger.start(["sleep", "61"])
    other = stranger.process()
    assert other is not None
    try:
        write_private(daemon.pid_file, note | {"pid": other.pid, "created": note["created"] - 3600})
        assert daemon.process() is None
        assert not daemon.stop()
        assert stranger.process() == other
    finally:
        stranger.stop()
    assert daemon.process() is None


def test_a_process_that_will_not_end_is_killed(tmp_path: Path) -> None:
    daemon = Daemon("stubborn", tmp_path, patience=0.5)
    daemon.start(["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done"])
    daemon.wait_until(lambda: "ready" in daemon.log_file.read_text(), seconds=10)
    assert daemon.stop()
    assert daemon.process() is None


def test_a_process_that_dies_while_starting_shows_its_log(tmp_path: Path) -> None:
    daemon = Daemon("doomed", tmp_path)
    daemon.start(["sh", "-c", "echo no space left on device; sleep 0.5; exit 3"])
    with pytest.raises(ServerError, match=r"doomed ended.*\nno space left on device") as error:
        daemon.wait_until(lambda: False, seconds=10)
    assert str(daemon.log_file) in str(error.value)


def test_a_process_that_never_answers_is_stopped(tmp_path: Path) -> None:
    daemon = Daemon("mute", tmp_path)
    daemon.start(["sleep", "60"])
    with pytest.raises(ServerError, match="did not answer"):
        daemon.wait_until(lambda: False, seconds=0.2)
    assert daemon.process() is None


def test_wishes_for_ports_are_met_where_possible() -> None:
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        taken = holder.getsockname()[1]
        ports = free_ports({"first": [taken], "second": [taken], "third": []})
        assert len({*ports.values(), taken}) == 4
    assert free_ports({"first": [taken], "second": [taken]})["first"] == taken


def test_one_command_at_a_time_holds_the_directory(tmp_path: Path) -> None:
    with locked(tmp_path), (tmp_path / "lock").open("w") as second, pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
