"""The running gateway: what it serves, and what it never does whatever it is asked."""

from __future__ import annotations

import hashlib
import http.client
import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mmkg.settings import Settings
from storage import BlobStore
from storage.gateway_server import GatewayServer
from storage.links import Links

POSTER = bytes(range(256)) * 4
TRAILER = hashlib.sha256(b"seed").digest() * (5 << 15)  # 5 MiB, so several chunks
LARGE = bytes(48 << 20)
"""More than the buffers of two sockets hold."""
ABSENT = hashlib.sha256(b"never uploaded").hexdigest()
SIZE = len(POSTER)


class Gateway:
    """A gateway of this module's own, and how to ask it."""

    def __init__(self, server: GatewayServer, store: BlobStore) -> None:
        self.server = server
        self.store = store
        login = server.login()
        self.links = Links.of(Settings.load(**login))
        self.port = int(login["gateway_url"].rpartition(":")[2])
        self.poster = self.path(store.put_bytes(POSTER, "image/jpeg").sha256)
        self.trailer = self.path(store.put_bytes(TRAILER, "video/mp4").sha256)

    def path(self, sha256: str) -> str:
        """Return the signed path and query of a blob."""
        link = urlsplit(self.links.link(sha256))
        return f"{link.path}?{link.query}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in names.items():
                connection.putheader(name, value)
            connection.endheaders()
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """Send bytes that may be no HTTP at all, and return what comes back until the gateway hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(1 << 16):
                answer += chunk
        return answer


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


@pytest.fixture(scope="module")
def gateway(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    own = settings.model_copy(
        update={
            "home": tmp_path_factory.mktemp("gateway"),
            "minio_bucket": f"test-{uuid.uuid4().hex}",
            "external_minio": True,
        }
    )
    server = GatewayServer(own)
    with BlobStore.connect(own) as store:
        server.up()
        yield Gateway(server, store)
        server.down()
        store.delete_keys(f"sha256/{sha256[:2]}/{sha256}" for sha256 in list(store.list_sha256()))
        store.client.remove_bucket(store.bucket)


@pytest.fixture(autouse=True)
def quiet_log(gateway: Gateway) -> Iterator[None]:
    """No test makes the gateway stumble."""
    yield
    assert "Traceback" not in gateway.server.daemon.log_file.read_text()


def test_a_blob_comes_whole_with_its_type_and_may_be_kept(gateway: Gateway) -> None:
    answer = gateway.ask(gateway.poster)
    assert (answer.status, answer.body) == (200, POSTER)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(POSTER).hexdigest()}"'
    kept = answer.headers["Cache-Control"]
    assert kept.startswith("private, max-age=3")
    assert kept.endswith(", immutable")
    assert gateway.ask(gateway.trailer).body == TRAILER


def test_what_a_browser_has_already_is_not_sent_again(gateway: Gateway) -> None:
    tag = gateway.ask(gateway.poster).headers["ETag"]
    for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        answer = gateway.ask(gateway.poster, If_None_Match=known)
        assert (answer.status, answer.body) == (304, b"")
    assert gateway.ask(gateway.poster, If_None_Match='"x"').body == POSTER


def test_head_tells_the_same_without_the_bytes(gateway: Gateway) -> None:
    answer = gateway.ask(gateway.poster, "HEAD", Range="bytes=0-9")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(SIZE)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=1000-99999999", 1000, SIZE),
        ("bytes=-24", SIZE - 24, SIZE),
        ("bytes=-99999999", 0, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
    ],
)
def test_a_range_is_served(gateway: Gateway, asked: str, start: int, stop: int) -> None:
    answer = gateway.ask(gateway.poster, Range=asked)
    assert (answer.status, answer.body) == (206, POSTER[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=99999999-", "bytes=-0", f"bytes={SIZE}-{SIZE}"])
def test_a_range_that_the_blob_does_not_have_is_refused(gateway: Gateway, asked: str) -> None:
    answer = gateway.ask(gateway.poster, Range=asked)
    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked", ["bytes=", "bytes=-", "bytes=9-1", "bytes=a-b", "0-9", "items=0-9", "bytes=0-1,5-6", "bytes=--1"]
)
def test_what_is_no_single_range_gets_everything(gateway: Gateway, asked: str) -> None:
    answer = gateway.ask(gateway.poster, Range=asked)
    assert (answer.status, answer.body) == (200, POSTER)


def test_a_range_across_chunks_is_served(gateway: Gateway) -> None:
    start, stop = (1 << 20) - 7, (3 << 20) + 5
    assert gateway.ask(gateway.trailer, Range=f"bytes={start}-{stop - 1}").body == TRAILER[start:stop]


def test_a_range_of_something_else_than_the_browser_has_is_everything(gateway: Gateway) -> None:
    tag = gateway.ask(gateway.poster).headers["ETag"]
    for condition, status in (
        (tag, 206),
        ('"x"', 200),
        (f"W/{tag}", 200),
        ("Wed, 25 Nov 2026 10:00:00 GMT", 200),
    ):
        assert gateway.ask(gateway.poster, Range="bytes=0-9", If_Range=condition).status == status


def test_an_empty_blob_has_no_range(gateway: Gateway) -> None:
    path = gateway.path(gateway.store.put_bytes(b"", "text/plain; charset=utf-8").sha256)
    assert (gateway.ask(path).status, gateway.ask(path).body) == (200, b"")
    assert gateway.ask(path, Range="bytes=0-").status == 416


def test_a_page_is_saved_rather_than_shown_and_runs_nothing(gateway: Gateway) -> None:
    for mime, shown in (
        ("text/html", False),
        ("application/xhtml+xml", False),
        ("text/plain; charset=utf-8", True),
        ("image/svg+xml", True),
        ("video/webm", True),
    ):
        answer = gateway.ask(gateway.path(gateway.store.put_bytes(mime.encode(), mime).sha256))
        assert answer.headers["Content-Type"] == mime
        assert ("Content-Disposition" not in answer.headers) == shown
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "script-src" not in answer.headers["Content-Security-Policy"]


def test_only_the_signed_link_opens_a_blob(gateway: Gateway) -> None:
    path, _, query = gateway.poster.partition("?")
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    trailer = gateway.trailer.partition("?")[0]
    for wrong in (
        path,
        f"{path}?expires={expires}",
        f"{path}?expires={int(expires) + 1}&signature={signature}",
        f"{path}?expires={expires}&signature={signature[:-1]}",
        f"{path}?expires={expires}&signature={signature.upper()}",
        f"{path}?expires={expires}&signature=%ff%00",
        f"{path}?expires=&signature=",
        f"{trailer}?{query}",
        f"/media/{ABSENT}?{query}",
    ):
        answer = gateway.ask(wrong)
        assert answer.status == 403, wrong
        assert b"expired" in answer.body


def test_an_expired_link_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as past:
        past.setattr("storage.links.time.time", lambda: 1_700_000_000)
        path = gateway.path(hashlib.sha256(POSTER).hexdigest())
    assert gateway.ask(path).status == 403


def test_a_blob_that_the_store_does_not_have_is_not_found(gateway: Gateway) -> None:
    assert gateway.ask(gateway.path(ABSENT)).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/media",
        "/media/",
        "/media/..",
        "/media/../../etc/passwd",
        "/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/media/sha256/ab",
        "//media",
        "/film/1",
        "/favicon.ico",
        f"/media/{ABSENT.upper()}",
        f"/media/{ABSENT}/",
        f"/media/{ABSENT}%00",
        f"/media/{ABSENT}%0a",
    ],
)
def test_nothing_else_is_there(gateway: Gateway, path: str) -> None:
    _, _, query = gateway.poster.partition("?")
    assert gateway.ask(f"{path}?{query}").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_it_only_reads(gateway: Gateway, method: str) -> None:
    answer = gateway.ask(gateway.poster, method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET,HEAD"
    assert gateway.ask(gateway.poster).body == POSTER


def test_the_first_page_lists_nothing(gateway: Gateway) -> None:
    answer = gateway.ask("/")
    assert answer.status == 200
    assert hashlib.sha256(POSTER).hexdigest().encode() not in answer.body


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


def test_the_key_is_in_no_log_and_in_no_list_of_processes(gateway: Gateway) -> None:
    process = gateway.server.daemon.process()
    assert isinstance(process, psutil.Process)
    key = gateway.server.login()["gateway_key"]
    assert len(key) == 64
    told = [" ".join(process.cmdline()), gateway.server.daemon.log_file.read_text()]
    assert not any(key in text for text in told)
    folder = gateway.server.daemon.folder
    private = [path for path in folder.iterdir() if key in path.read_text()]
    assert [path.name for path in private] == ["state.json"]
    assert private[0].stat().st_mode & 0o077 == 0


def test_it_comes_back_at_the_same_address_with_the_same_key(gateway: Gateway) -> None:
    process = gateway.server.daemon.process()
    assert process is not None
    process.kill()
    login = gateway.server.login()
    assert gateway.server.up() == "started"
    assert gateway.server.login() == login
    assert gateway.ask(gateway.poster).body == POSTER
    assert gateway.server.up() == "already running"
