"""The running gateway: what it never does, whatever it is asked and whatever becomes of the store."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mmkg.settings import Settings
from storage.gateway_server import GatewayServer
from storage.links import Links
from tests.storage.gateway import ABSENT, LARGE, POSTER, SIZE, TRAILER, Gateway

pytestmark = pytest.mark.usefixtures("quiet_log")


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET http://elsewhere.example/ HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
    ],
    ids=["nothing", "empty", "nonsense", "tls", "long", "many", "path", "negative", "chunks", "proxy"],
)
def test_what_is_no_request_does_no_harm(gateway: Gateway, request_: bytes) -> None:
    try:
        answer = gateway.raw(request_)
    except ConnectionError:
        answer = b""  # it hung up while we were still talking
    assert not gateway.server.daemon.log_file.read_text()
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 200")), answer[:80]
    assert b"Traceback" not in answer
    assert gateway.ask(gateway.poster).body == POSTER


PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)
PATHS = st.one_of(
    PRINTABLE.map("/{}".format),
    PRINTABLE.map("/media/{}".format),
    st.from_regex(
        r"/media/[0-9a-fA-F%./]{60,70}(\?expires=[0-9]{0,25}&signature=[0-9a-f]{0,70})?", fullmatch=True
    ),
)
NUMBERS = st.one_of(
    st.just(""), st.integers(0, 2 * SIZE).map(str), st.integers(0, 10**40).map(str), PRINTABLE
)
RANGES = st.one_of(PRINTABLE, st.builds("bytes={}-{}".format, NUMBERS, NUMBERS))


@given(path=PATHS)
@hypothesis_settings(max_examples=150, deadline=None)
def test_no_path_is_answered_with_a_blob_or_an_error_of_ours(gateway: Gateway, path: str) -> None:
    answer = gateway.ask(path)
    assert answer.status in {400, 403, 404} or path.partition("?")[0].partition("#")[0] in {"/", "/."}
    assert POSTER not in answer.body


@given(asked=RANGES)
@hypothesis_settings(max_examples=150, deadline=None)
def test_every_range_is_answered_as_it_should(gateway: Gateway, asked: str) -> None:
    answer = gateway.ask(gateway.poster, Range=asked)
    if answer.status == 206:
        first, last = answer.headers["Content-Range"].split()[1].partition("/")[0].split("-")
        assert answer.body == POSTER[int(first) : int(last) + 1]
    else:
        assert (answer.status, answer.body) in ((200, POSTER), (416, b""))


def test_readers_who_do_not_read_hold_up_nobody_and_cost_no_memory(gateway: Gateway) -> None:
    path = gateway.path(gateway.store.put_bytes(LARGE, "video/mp4").sha256)
    process = gateway.server.daemon.process()
    assert process is not None
    gateway.ask(gateway.trailer)
    before = process.memory_info().rss
    waiting = [socket.create_connection(("127.0.0.1", gateway.port), timeout=60) for _ in range(40)]
    try:
        for connection in waiting:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        for connection in waiting:
            assert connection.recv(12) == b"HTTP/1.1 200"
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(gateway.ask, [gateway.poster] * 32))
        assert all(answer.body == POSTER for answer in answers)
        assert process.memory_info().rss - before < 40 * len(LARGE) / 8
    finally:
        for connection in waiting:
            connection.close()  # in the middle of the blob
    assert gateway.ask(gateway.trailer).body == TRAILER


def test_a_blob_that_vanishes_on_the_way_cuts_the_connection(gateway: Gateway) -> None:
    sha256 = gateway.store.put_bytes(LARGE[:-1], "video/mp4").sha256
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as connection:
        connection.sendall(f"GET {gateway.path(sha256)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = len(connection.recv(1 << 10))
        gateway.store.delete(sha256)
        try:
            while chunk := connection.recv(1 << 20):
                received += len(chunk)
        except ConnectionResetError:
            pass
    assert received < len(LARGE)
    assert "not in the object store" in gateway.server.daemon.log_file.read_text()


def test_a_store_that_is_away_is_said_so(gateway: Gateway, settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(
        update={"home": tmp_path, "minio_endpoint": "127.0.0.1:1", "external_minio": True}
    )
    server = GatewayServer(own)
    server.up()
    try:
        lost = Gateway.__new__(Gateway)
        lost.port = int(server.login()["gateway_url"].rpartition(":")[2])
        lost.links = Links.of(Settings.load(**server.login()))
        answer = lost.ask(lost.path(ABSENT))
        assert answer.status == 503
        assert b"does not answer" in answer.body
        log = server.daemon.log_file.read_text()
        assert "127.0.0.1:1" in log
        assert "Traceback" not in log
    finally:
        server.down()
