"""The running gateway: what it serves, to whom, and how it comes back."""

from __future__ import annotations

import hashlib

import psutil
import pytest

from tests.storage.gateway import ABSENT, POSTER, SIZE, TRAILER, Gateway

pytestmark = pytest.mark.usefixtures("quiet_log")


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
