"""What every command shares: the options for the servers, data on standard output, one exit code an error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ClassVar, Protocol, TypeVar

import click
from rich.console import Console
from rich.table import Table

from mmkg.errors import MmkgError
from mmkg.settings import ENVIRONMENT, Settings

F = TypeVar("F", bound=Callable[..., Any])


class Report(Protocol):
    """What a command returns: a table for people, and plain values for programs."""

    HEADINGS: ClassVar[tuple[str, ...]]

    def title(self) -> str:
        """Say what was done."""
        ...

    def rows(self) -> Iterable[Sequence[object]]:
        """Return the rows of the table."""
        ...

    def to_json(self) -> Any:
        """Return the report as plain values."""
        ...


REJECTED = 3
INTERRUPTED = 130

SERVER_OPTIONS = {
    "neo4j_uri": "Bolt address of the graph database.",
    "neo4j_username": "User of the graph database.",
    "neo4j_password": "Its password; the environment hides it from the process list, a flag does not.",
    "neo4j_database": "Name of the database.",
    "minio_endpoint": "host:port of the S3 store, https://host:port for TLS.",
    "minio_access_key": "Access key of the S3 store.",
    "minio_secret_key": "Its secret key; the environment hides it from the process list, a flag does not.",
    "minio_bucket": "Bucket of the S3 store.",
}


def server_options(command: F) -> F:
    """Add the options that say where the servers are, and pass the command `settings` in their place."""

    @wraps(command)
    def with_settings(**arguments: Any) -> Any:
        flags = {name: arguments.pop(name) for name in SERVER_OPTIONS}
        return command(settings=Settings.load(**flags), **arguments)

    decorated: Any = with_settings
    for name, text in reversed(SERVER_OPTIONS.items()):
        flag = f"--{name.replace('_', '-')}"
        decorated = click.option(flag, metavar="TEXT", help=f"{text} [env: {ENVIRONMENT[name]}]")(decorated)
    return decorated  # type: ignore[no-any-return]


json_option = click.option("--json", "as_json", is_flag=True, help="Print the data as JSON.")


def print_json(data: object) -> None:
    """Print one JSON document on standard output."""
    _print(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> None:
    """Print a table for people on standard output, as wide as the terminal allows."""
    rows = [list(row) for row in rows]
    table = Table(header_style="bold")
    for position, heading in enumerate(headings):
        numeric = bool(rows) and all(isinstance(row[position], (int, float)) for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in row))
    width = None if sys.stdout.isatty() else 160
    console = Console(width=width, highlight=False, markup=False)
    with console.capture() as captured:  # to a closed pipe rich would not write, but end the process
        if title:  # not the table's own title, which rich breaks to the width of the table
            console.print(title, style="bold")
        console.print(table)
    _print(captured.get())


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are on standard output, however wide."""
    _print("".join(f"{line}\n" for line in lines))


def print_report(report: Report, as_json: bool) -> None:
    """Print what a command returns, as a table or as JSON."""
    if as_json:
        print_json(report.to_json())
    else:
        print_table(report.HEADINGS, report.rows(), title=report.title())


def log(message: str) -> None:
    """Say on standard error what is going on."""
    click.echo(message, err=True)


def _print(text: str) -> None:
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        # Whoever read our output has seen enough; without this, Python complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(command: click.Command) -> None:
    """Run the command line and exit with the code that tells how it ended."""
    try:
        code = command.main(standalone_mode=False)
    except MmkgError as error:
        click.echo(f"Error: {error}", err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. The same command goes on where it stopped.", err=True)
        code = INTERRUPTED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {where}{error.strerror or error}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
