"""The commands that bring films into the graph, take them out again and tell where things came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

import mmkg
from ingest.kinds import AUTO, KINDS, Option, Place, all_options
from mmkg import console
from mmkg.console import json_option, print_report, server_options
from mmkg.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ingest.extract.command import Proposal
    from ingest.pipeline import Report
    from mmkg.settings import Settings

F = TypeVar("F", bound="Callable[..., Any]")

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
OUT_FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PATH = click.Path(exists=True, path_type=Path)


def _place(text: str) -> Place:
    """Read an address such as https://…, which stays a text, or the path of what is there."""
    return text if "://" in text else cast("Place", PATH.convert(text, None, None))


PLACES: dict[str, Any] = {"folder": FOLDER, "path": PATH, "address": _place}
"""What a kind of source takes."""
TYPES = {
    "text": click.STRING,
    "number": click.FLOAT,
    "whole": click.INT,
    "flag": click.BOOL,
    **PLACES,
    "file": FILE,
}
"""The types of a kind's options."""
MEDIA_KINDS = ("poster", "still", "trailer", "clip", "audio", "text")
"""What `mmkg attach` can be told that files are."""


@click.group()
def ingest() -> None:
    """Bring films into the graph and their media into the store.

    Each kind of source has options of its own: mmkg ingest KIND --help.
    """


def _source_options(is_source: bool) -> Callable[[F], F]:
    """Add the options that every source takes; a whole graph takes none."""
    options = (
        click.option("--films", type=FILE, help="CSV of titles, plots, casts and directors by item_id."),
        click.option("--posters", type=FOLDER, help="Folder of posters named by item id, as 1.jpg."),
        click.option("--trailers", type=FOLDER, help="Folder of trailers named by item id, as 1.mp4."),
        click.option("--audio", type=FOLDER, help="Folder of sound files named by item id, as 1.flac."),
        click.option(
            "--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File for rejected rows."
        ),
    )

    def decorate(command: F) -> F:
        for option in reversed(options if is_source else ()):
            command = option(command)
        return command

    return decorate


def _ingest_command(
    kind: str, summary: str, takes: str, own: Iterable[Option], *, is_source: bool = True
) -> None:
    @ingest.command(kind, help=summary)
    @click.argument("path", type=PLACES[takes])
    @_own_options(own)
    @_source_options(is_source)
    @json_option
    @server_options
    def command(settings: Settings, path: Place, as_json: bool, **options: Any) -> None:
        from ingest.command import run

        report = run(kind, path, settings, log=console.log, **options)
        print_report(report, as_json)
        _tell_of_rejects(report, "row")


def _own_options(own: Iterable[Option]) -> Callable[[F], F]:
    """Add the options of a kind of source."""

    def decorate(command: F) -> F:
        for option in reversed(list(own)):
            command = click.option(
                option.flag,
                type=TYPES[option.type],
                is_flag=option.type == "flag",
                default=option.default,
                show_default=option.default not in (None, False),
                help=option.help,
            )(command)
        return command

    return decorate


for _kind in KINDS.values():
    _ingest_command(_kind.name, _kind.summary, _kind.takes, _kind.options, is_source=_kind.is_source)
_ingest_command(
    AUTO, "Find out the kind by the files and their headers, and say it.", "address", all_options()
)


@click.command()
@click.argument("movie")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--kind", type=click.Choice(MEDIA_KINDS), help="What the files are, unless their names tell.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File for refused files.")
@json_option
@server_options
def attach(settings: Settings, movie: str, files: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Attach posters, trailers, sounds or texts to one film, which is named by its id or title."""
    from ingest import attach

    report = attach.run(settings, movie, files, **options)
    print_report(report, as_json)
    _tell_of_rejects(report, "file")


@click.group(invoke_without_command=True)
@json_option
@server_options
@click.pass_context
def imports(context: click.Context, settings: Settings, as_json: bool) -> None:
    """List the imports and how much each states, or take one back."""
    if context.invoked_subcommand is None:
        from kg import imports as listing

        print_report(listing.run(settings), as_json)
    elif any(
        context.get_parameter_source(str(option.name)) == ParameterSource.COMMANDLINE
        for option in context.command.params
    ):
        raise click.UsageError(f"Options belong behind {context.invoked_subcommand!r}.")


@imports.command("undo")
@click.argument("import_id", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Count what would go and change nothing.")
@json_option
@server_options
def undo_import(settings: Settings, import_id: str, as_json: bool, dry_run: bool) -> None:
    """Take back what an import alone brought, and its statements about the rest.

    The same command goes on where it was interrupted.
    """
    from ingest import undo

    report = undo.run(settings, import_id, dry_run=dry_run)
    print_report(report, as_json)
    for note in report.notes:
        console.log(f"Note: {note}")


@click.command()
@click.argument("format", type=click.Choice(["jsonl", "csv", "rdf", "recbole"]))
@click.argument("folder", metavar="DIR", type=OUT_FOLDER)
@click.option("--media", is_flag=True, help="Copy the bytes of the media too.")
@json_option
@server_options
def export(settings: Settings, as_json: bool, **options: Any) -> None:
    """Write the graph into a folder, from which mmkg ingest export makes the same graph again.

    recbole is for other recommenders, and holds films, users, clicks and facts alone.
    """
    from ingest.export import command

    report = command.export(settings, **options)
    print_report(report, as_json)
    for warning in report.warnings:
        console.log(f"Warning: {warning}")


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option("--out", type=OUT_FOLDER, required=True, help="Folder for the archive and the posters.")
@click.option("--max-pages", default=1000, show_default=True, help="Page requests of a crawl, at most.")
@click.option("--delay", default=1.0, show_default=True, help="Seconds between two requests to one host.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds that one answer may take.")
@click.option("--max-media-bytes", default=20_000_000, show_default=True, help="Size of a poster, at most.")
@click.option("--allow-private", is_flag=True, help="Allow private, loopback and reserved addresses.")
@click.option("--allow-address", multiple=True, metavar="IP[:PORT]", help="Allow just this private address.")
@click.option(
    "--same-host/--any-host", default=True, show_default=True, help="Stay on the hosts of the URLs."
)
@click.option(
    "--user-agent", default=f"mmkg/{mmkg.__version__}", show_default=True, help="Who we say we are."
)
@json_option
def crawl(urls: tuple[str, ...], out: Path, as_json: bool, **options: Any) -> None:
    """Fetch the film pages that can be reached from the URLs, and their posters.

    The same command goes on where it was interrupted; after its end, it looks for what has changed.
    """
    from ingest.crawl import command

    print_report(command.crawl(urls, out, **options), as_json)


@click.command()
@click.option(
    "--dry-run", "mode", flag_value="dry-run", default=True, help="Decide only; what happens unless told."
)
@click.option("--apply", "mode", flag_value="apply", help="Make one node of each person.")
@click.option("--undo", "mode", flag_value="undo", help="Put back all that was ever applied.")
@click.option("--min-score", default=0.7, show_default=True, help="Pairs below this stay apart.")
@click.option("--film-links", type=FILE, help="CSV of films as a source links them, and what they are.")
@json_option
@server_options
def align(settings: Settings, as_json: bool, **options: Any) -> None:
    """Find the nodes that are one person, and make one of them or many again."""
    from ingest import align

    report = align.run(settings, **options)
    print_report(report, as_json)
    for note in report.notes:
        console.log(f"Note: {note}")


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the facts with their sentences and write nothing.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Leave out what is less sure.",
)
@click.option("--spacy", metavar="MODEL", help="A spaCy model, to find names that the graph does not know.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File for unreadable texts.")
@json_option
@server_options
def extract(settings: Settings, as_json: bool, **options: Any) -> None:
    """Find facts in the plots of the graph's films, each with its sentence and a confidence."""
    from ingest.extract.command import run

    report = run(settings, **options)
    print_report(report, as_json)
    _tell_of_rejects(report, "text")


@click.command()
@click.option(
    "--highlights", type=click.IntRange(1), default=3, show_default=True, help="Of a trailer, at most."
)
@click.option(
    "--clip-seconds",
    type=click.FloatRange(0.5, 30),
    default=5.0,
    show_default=True,
    help="Length of a clip, at most.",
)
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="File for refused trailers.")
@json_option
@server_options
def derive(settings: Settings, as_json: bool, **options: Any) -> None:
    """Make clips and stills of the highlights of the graph's trailers, and sounds of their sound tracks.

    A trailer with which the same command has dealt is passed over.
    """
    from ingest.derive.command import run

    report = run(settings, **options)
    print_report(report, as_json)
    _tell_of_rejects(report, "trailer")


def _tell_of_rejects(report: Report | Proposal, what: str) -> None:
    """Pass on the warnings, and end with the exit code that tells of rejects where there are any."""
    for warning in report.warnings:
        console.log(f"Warning: {warning}")
    if report.rejected:
        if report.rejects_path:
            console.log(f"{counted(report.rejected, what)} rejected, see {report.rejects_path}")
        raise click.exceptions.Exit(console.REJECTED)


COMMANDS = (ingest, attach, imports, export, crawl, align, extract, derive)
