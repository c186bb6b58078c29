"""The command line of mmkg. Each command calls one function and prints what it returns."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import mmkg
from mmkg import console
from mmkg.console import json_option, server_options
from mmkg.settings import Settings

if TYPE_CHECKING:
    from mmkg.servers import Status

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(mmkg.__version__, prog_name="mmkg")
def cli() -> None:
    """Build a knowledge graph of films with their media, learn from it, and recommend inside the database."""


@cli.command()
@json_option
@server_options
def up(settings: Settings, as_json: bool) -> None:
    """Start the local graph database and object store, as far as they do not run."""
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
@click.argument("kind", type=click.Choice(["catalogue", "recbole", "movielens"]))
@click.argument("path", type=FOLDER)
@click.option("--films", type=FILE, help="CSV of titles, plots, casts and directors by item_id.")
@click.option("--posters", type=FOLDER, help="Folder of posters named by item id, as 1.jpg.")
@click.option("--trailers", type=FOLDER, help="Folder of trailers named by item id, as 1.mp4.")
@click.option("--audio", type=FOLDER, help="Folder of sound files named by item id, as 1.flac.")
@click.option("--split", type=FOLDER, help="Folder of NAME.train.inter, NAME.valid.inter, NAME.test.inter.")
@click.option("--min-rating", default=4.0, show_default=True, help="A rating from here on is a click.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File for rejected rows.")
@json_option
@server_options
def ingest(settings: Settings, kind: str, path: Path, as_json: bool, **options: Any) -> None:
    """Bring the films of PATH into the graph and their media into the store.

    KIND says how PATH is laid out: a catalogue folder of our own, RecBole's atomic files, or MovieLens.
    """
    from ingest import run

    report = run(kind, path, settings, **options)
    if as_json:
        console.print_json(report.to_json())
    else:
        console.print_table(report.HEADINGS, report.rows(), title=report.title())
    for warning in report.warnings:
        console.log(f"Warning: {warning}")
    if report.rejected:
        console.log(f"{report.rejected} rows rejected, see {report.rejects_path}")
        raise click.exceptions.Exit(console.REJECTED)


@cli.command()
def demo() -> None:
    """Run the main job end to end."""


def _print_status(status: Status, as_json: bool) -> None:
    servers = (status.neo4j, status.minio)
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


def main() -> None:
    """Run the command line."""
    console.run(cli)


if __name__ == "__main__":
    main()
