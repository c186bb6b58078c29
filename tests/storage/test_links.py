"""A link is good for its blob and its time, and for nothing else."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from yarl import URL

from mmkg.errors import ConnectError, StoreError, UsageError
from mmkg.settings import Settings
from storage.links import Links

LINKS = Links("http://127.0.0.1:8334", SecretStr("key-of-the-tests"))
SHA256 = hashlib.sha256(b"a poster").hexdigest()
OTHER = hashlib.sha256(b"another").hexdigest()


def parts(link: str) -> tuple[str, str]:
    query = URL(link).query
    return query["expires"], query["signature"]


def test_a_link_is_valid_for_its_blob_and_as_long_as_was_asked_for() -> None:
    link = LINKS.link(SHA256, seconds=600)
    assert link.startswith(f"http://127.0.0.1:8334/media/{SHA256}?")
    assert 590 <= LINKS.seconds_left(SHA256, *parts(link)) <= 600
    assert LINKS.seconds_left(OTHER, *parts(link)) == 0


def test_no_other_key_and_no_other_time_will_do() -> None:
    expires, signature = parts(LINKS.link(SHA256))
    assert Links(LINKS.url, SecretStr("another key")).seconds_left(SHA256, expires, signature) == 0
    for changed in (str(int(expires) + 1), f"0{expires}", f"{expires} ", ""):
        assert LINKS.seconds_left(SHA256, changed, signature) == 0


def test_a_link_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000
    monkeypatch.setattr("storage.links.time.time", lambda: now)
    expires, signature = parts(LINKS.link(SHA256, seconds=60))
    assert int(expires) == now + 60
    now += 59
    assert LINKS.seconds_left(SHA256, expires, signature) == 1
    now += 1
    assert LINKS.seconds_left(SHA256, expires, signature) == 0


@given(expires=st.text(), signature=st.text())
def test_no_text_is_a_signature(expires: str, signature: str) -> None:
    assert LINKS.seconds_left(SHA256, expires, signature) == 0


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
def test_no_link_is_valid_for_ever(seconds: int) -> None:
    with pytest.raises(UsageError, match="cannot be valid"):
        LINKS.link(SHA256, seconds)


def test_only_a_blob_has_a_link() -> None:
    with pytest.raises(StoreError, match="SHA-256"):
        LINKS.link("../../etc/passwd")


def test_the_key_is_not_shown() -> None:
    assert "key-of-the-tests" not in repr(LINKS) + str(LINKS)


def test_without_a_gateway_there_are_no_links(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    for name in ("MMKG_GATEWAY_URL", "MMKG_GATEWAY_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MMKG_HOME", str(tmp_path))
    with pytest.raises(ConnectError, match="mmkg up"):
        Links.of(Settings.load())
