"""docker-compose.yml, checked as far as possible without a daemon."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kg import Graph
from kg.browser import configuration
from kg.server import CONFIGURATION

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


def test_every_port_is_on_the_loopback(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 5
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_are_pinned_and_volumes_declared(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert ("image" in service) != ("build" in service), name
        assert not service.get("image", ":").endswith(":latest"), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in compose["volumes"], volume


def test_no_password_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    uses = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET_KEY|GATEWAY_KEY))(.*?)\}", text)
    assert len(uses) >= 5
    assert all(rest.startswith(":?") for _, rest in uses)


def test_build_targets_and_copied_paths_exist(compose: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", dockerfile, re.MULTILINE))
    targets = {s["build"]["target"] for s in compose["services"].values() if "build" in s}
    assert targets == stages
    for line in re.findall(r"^COPY (.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_the_plugin_jar_has_the_name_that_maven_gives_it() -> None:
    jar = re.search(r'"target/([\w-]+)\.jar"', (ROOT / "Dockerfile").read_text())
    assert jar
    assert f"<finalName>{jar[1]}</finalName>" in (ROOT / "procedures" / "pom.xml").read_text()


def test_neo4j_knows_every_setting(compose: dict[str, Any], graph: Graph) -> None:
    """A name that it does not know would keep the server from starting, as it would the local one."""
    listed = {row["name"] for row in graph.read("SHOW SETTINGS YIELD name")}
    internal = {name for name in CONFIGURATION if name.startswith("internal.")}  # these are not listed
    assert settings_of(compose).keys() <= listed | internal


def test_vector_indexes_are_populated_as_by_the_local_server(compose: dict[str, Any]) -> None:
    name = "internal.dbms.index.vector.population_merge_factor"
    assert settings_of(compose)[name] == CONFIGURATION[name]


def test_browser_is_set_up_as_by_the_local_server(compose: dict[str, Any]) -> None:
    assert configuration("localhost", 7474).items() <= settings_of(compose).items()


def settings_of(compose: dict[str, Any]) -> dict[str, str]:
    """Turn the variables of Neo4j's image into settings, as its entry point does."""
    environment = compose["services"]["neo4j"]["environment"]
    return {
        name.removeprefix("NEO4J_").replace("__", " ").replace("_", ".").replace(" ", "_"): value
        for name, value in environment.items()
        if name.startswith("NEO4J_") and name != "NEO4J_AUTH"
    }


def test_docker_itself_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if (
        not docker
        or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("there is no `docker compose` here")
    command = [docker, "compose", "--file", str(ROOT / "docker-compose.yml"), "config", "--quiet"]
    names = ("NEO4J_PASSWORD", "MINIO_SECRET_KEY", "MMKG_GATEWAY_KEY")
    passwords = dict.fromkeys(names, "x" * 12)
    without = {k: v for k, v in os.environ.items() if k not in passwords}
    assert subprocess.run(command, env={**without, **passwords}, check=False).returncode == 0
    refused = subprocess.run(command, env=without, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "set NEO4J_PASSWORD in .env" in refused.stderr
