"""The documents say everything: each command and option, each setting, each link leads somewhere."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pytest

from cli import cli
from gnn.models import MODELS
from mmkg.console import SERVER_OPTIONS
from mmkg.settings import ENVIRONMENT

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = (ROOT / "docs" / "models.md").read_text()
COMMANDS = (ROOT / "docs" / "commands.md").read_text()


def commands(group: click.Group, path: str = "mmkg") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def section(name: str) -> str:
    found = re.search(rf"^#+ `{re.escape(name)}[ `].*?(?=^#+ |\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


@pytest.mark.parametrize(("name", "command"), list(commands(cli)), ids=str)
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    text = section(name)
    assert text, f"docs/commands.md has no section {name!r}"
    text += section(name.rpartition(" ")[0])  # what the commands of a group share is documented there
    shared = {"--json", *(f"--{option.replace('_', '-')}" for option in SERVER_OPTIONS)}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            missing = {option for option in parameter.opts if option.startswith("--")} - shared
            assert all(f"`{option}" in text for option in missing), f"{name}: {missing}"


def test_no_command_is_documented_that_does_not_exist() -> None:
    known = {name for name, _ in commands(cli)}
    headings = set(re.findall(r"^#+ `(mmkg(?: [a-z][a-z-]*)+)", COMMANDS, re.MULTILINE))
    assert headings <= known


def test_what_every_command_takes_is_documented() -> None:
    assert "`--json`" in COMMANDS
    assert all(f"`--{option.replace('_', '-')}`" in COMMANDS for option in SERVER_OPTIONS)
    assert all(f"`{variable}`" in COMMANDS for variable in ENVIRONMENT.values())


@pytest.mark.parametrize("name", MODELS)
def test_every_setting_of_a_model_is_documented_with_its_default(name: str) -> None:
    found = re.search(rf"^## `{re.escape(name)}`\n(.*?)(?=^## |\Z)", SETTINGS, re.MULTILINE | re.DOTALL)
    assert found, f"docs/models.md has no section {name!r}"
    told = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", found[1], re.MULTILINE))
    assert {setting: float(value) for setting, value in told.items()} == asdict(MODELS[name].defaults)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_dependency_is_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    block = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert block
    names = re.findall(r'^\s*"([A-Za-z0-9_-]+)', block[1], re.MULTILINE)
    assert len(names) > 15
    reasons = (ROOT / "docs" / "dependencies.md").read_text()
    assert not [name for name in names if f"`{name}`" not in reasons]
