"""A flag beats the environment, which beats the file; the local logins stay with the local servers."""

import json
from pathlib import Path

import pytest

from mmkg.errors import UsageError
from mmkg.settings import CONFIG_FILE, ENVIRONMENT, SERVERS_FILE, Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ENVIRONMENT.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MMKG_HOME", str(tmp_path))
    return tmp_path


def test_flag_beats_environment_beats_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / CONFIG_FILE).write_text(
        'neo4j_uri = "bolt://file"\nneo4j_username = "file"\nneo4j_database = "file"\n'
    )
    monkeypatch.setenv("NEO4J_USERNAME", "environment")
    monkeypatch.setenv("NEO4J_DATABASE", "environment")
    settings = Settings.load(neo4j_database="flag")
    assert (settings.neo4j_uri, settings.neo4j_username, settings.neo4j_database) == (
        "bolt://file",
        "environment",
        "flag",
    )
    assert settings.external_neo4j
    assert not settings.external_minio


def test_local_login_never_travels_to_a_named_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = {"neo4j": {"neo4j_uri": "bolt://127.0.0.1:7687", "neo4j_password": "local-secret"}}
    (home / SERVERS_FILE).write_text(json.dumps(local))
    assert Settings.load().neo4j_password.get_secret_value() == "local-secret"
    assert Settings.load(neo4j_password="wrong").neo4j_password.get_secret_value() == "wrong"
    monkeypatch.setenv("NEO4J_URI", "bolt://elsewhere.example:7687")
    assert Settings.load().neo4j_password.get_secret_value() == ""


def test_secrets_are_not_printed(home: Path) -> None:
    settings = Settings.load(neo4j_password="hunter22", minio_secret_key="hunter33")
    assert "hunter" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("text", "named"), [("neo4j_uri = ", "no TOML"), ('neo4j_url = "bolt://x"', "neo4j_url")]
)
def test_a_wrong_file_is_named(home: Path, text: str, named: str) -> None:
    (home / CONFIG_FILE).write_text(text)
    with pytest.raises(UsageError, match=named) as caught:
        Settings.load()
    assert str(home / CONFIG_FILE) in str(caught.value)
    assert caught.value.exit_code == 2
