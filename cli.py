"""The command line of mmkg. Each command calls one function and prints what it returns."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import gnn.cli
import ingest.cli
import kg.cli
import mmkg
from mmkg import console
from mmkg.console import json_option, print_report, server_options
from mmkg.settings import Settings

if TYPE_CHECKING:
    from mmkg.servers import Status

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(mmkg.__version__, prog_name="mmkg")
def cli() -> None:
    """Build a knowledge graph of films with their media, learn from it, and recommend inside the database."""


@cli.command()
@json_option
@server_options
def up(settings: Settings, as_json: bool) -> None:
    """Start the local graph database, object store and media gateway, as far as they do not run."""
    from mmkg import servers

    _print_status(servers.up(settings), as_json)


@cli.command()
@json_option
@server_options
def down(settings: Settings, as_json: bool) -> None:
    """Stop the local servers; their data stays."""
    from mmkg import servers

    _print_status(servers.down(settings), as_json)


@cli.command()
@json_option
@server_options
def status(settings: Settings, as_json: bool) -> None:
    """Tell which servers run, where they listen and where the login is."""
    from mmkg import servers

    _print_status(servers.status(settings), as_json)


@cli.command()
@click.option("--posters", type=FOLDER, help="Folder of posters named by MovieLens id, as 1.jpg.")
@click.option("--epochs", type=int, help="Passes over the clicks, at most.")
@json_option
@server_options
def demo(settings: Settings, as_json: bool, **options: Any) -> None:
    """Run the main job: servers, MovieLens 100K, training, write-back, recommendations."""
    from mmkg import demo

    report = demo.demo(settings, console.log, **options)
    print_report(report, as_json)
    if not as_json:
        print_report(report.evaluation, as_json=False)
        if report.status.browser:
            console.log(f"Neo4j Browser: {report.status.browser}, user {report.status.neo4j.username}")
            console.log(f"Its password is in {report.status.servers_file}")


def _print_status(status: Status, as_json: bool) -> None:
    servers = (status.neo4j, status.minio, status.gateway)
    if as_json:
        console.print_json({"servers": [asdict(server) for server in servers], "logins": status.servers_file})
        return
    rows = [
        (
            server.name,
            "up" if server.running else "down",
            "yours" if server.external else "local",
            "\n".join(f"{name} {address}" for name, address in server.addresses.items()),
            server.pid or "",
            server.note,
        )
        for server in servers
    ]
    console.print_table(("server", "state", "whose", "addresses", "pid", "note"), rows)
    if status.servers_file.exists():
        console.log(f"Logins: {status.servers_file}")


for _command in (*ingest.cli.COMMANDS, *kg.cli.COMMANDS, *gnn.cli.COMMANDS):
    cli.add_command(_command)


def main() -> None:
    """Run the command line."""
    console.run(cli)


if __name__ == "__main__":
    main()
