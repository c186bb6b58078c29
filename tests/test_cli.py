"""The command line: exit codes, data on standard output, everything else on standard error."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmkg.settings import ENVIRONMENT

MMKG = [sys.executable, "-m", "cli"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """Return an environment that knows of no server."""
    clean = {key: value for key, value in os.environ.items() if key not in ENVIRONMENT.values()}
    return {**clean, "MMKG_HOME": str(tmp_path / "home")}


def mmkg(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MMKG, *arguments], env=env, capture_output=True, text=True, check=False)


def test_help_loads_neither_torch_nor_the_driver(elsewhere: dict[str, str]) -> None:
    code = "import sys, cli; cli.cli.main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=elsewhere, capture_output=True, text=True, check=True)
    loaded = result.stdout.splitlines()[-1]
    assert "'cli'" in loaded
    assert not {"'torch'", "'neo4j'", "'dgl'", "'av'"} & set(loaded.strip("[]").split(", "))


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("ingest", "no-such-kind", "."),
        ("ingest", "recbole", "no-such-folder"),
        ("status", "--no-such-option"),
    ],
)
def test_wrong_usage_exits_with_2(elsewhere: dict[str, str], arguments: tuple[str, ...]) -> None:
    result = mmkg(*arguments, env=elsewhere)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Usage:" in result.stderr or "Error:" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [("train",), ("evaluate",), ("embed",), ("ingest", "catalogue")])
def test_no_server_exits_with_4_and_tells_what_to_do(
    elsewhere: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "movies.csv").write_text("id,title\n1,Heat\n")
    result = mmkg(*command, *([str(tmp_path)] if command[0] == "ingest" else []), env=elsewhere)
    assert result.returncode == 4
    assert "mmkg up" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unreachable_server_exits_with_4(elsewhere: dict[str, str]) -> None:
    result = mmkg("train", env={**elsewhere, "NEO4J_URI": "bolt://127.0.0.1:1", "NEO4J_PASSWORD": "hunter22"})
    assert result.returncode == 4
    assert "bolt://127.0.0.1:1" in result.stderr
    assert "hunter22" not in result.stderr


def test_a_wrong_setting_exits_with_2(elsewhere: dict[str, str]) -> None:
    home = Path(elsewhere["MMKG_HOME"])
    home.mkdir()
    (home / "mmkg.toml").write_text('neo4j_url = "bolt://x"')
    result = mmkg("status", env=elsewhere)
    assert result.returncode == 2
    assert "neo4j_url" in result.stderr
    assert "neo4j_uri" in result.stderr


def test_status_of_nothing_is_data_on_standard_output(elsewhere: dict[str, str]) -> None:
    result = mmkg("status", "--json", env=elsewhere)
    assert result.returncode == 0
    servers = json.loads(result.stdout)["servers"]
    assert [server["running"] for server in servers] == [False, False, False]


def test_a_closed_pipe_is_no_error(elsewhere: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*MMKG, "status"], env=elsewhere, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.wait() == 0
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_an_interrupt_exits_with_130(elsewhere: dict[str, str], tmp_path: Path) -> None:
    """The command waits for a server that accepts a connection and never answers; then comes Ctrl-C."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = {**elsewhere, "NEO4J_URI": f"bolt://127.0.0.1:{silent.getsockname()[1]}"}
        process = subprocess.Popen([*MMKG, "train"], env=env, stderr=subprocess.PIPE, text=True)
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
        connection.close()
    assert process.returncode == 130
    assert "Traceback" not in messages
