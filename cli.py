"""The command line of mmkg. Each command calls one function and prints what it returns."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

import mmkg
from ingest.kinds import AUTO, KINDS, Option, Place, all_options
from mmkg import console
from mmkg.console import json_option, print_report, server_options
from mmkg.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ingest.extract.command import Proposal
    from ingest.pipeline import Report
    from mmkg.servers import Status

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


def _numbers(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    """Read NAME=NUMBER; a whole number stays whole."""
    numbers = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            numbers[name.replace("-", "_")] = int(number) if number.isdigit() else float(number)
        except ValueError:
            raise click.BadParameter(f"{text!r} is not NAME=NUMBER") from None
    return numbers


def model_settings(command: F) -> F:
    """Add the options that change how a model is trained."""
    options = (
        click.option(
            "--model",
            default="mgnn",
            show_default=True,
            help="Which: mgnn, mgnn-paper, tgnn, mmgcn, ripplenet, nfm.",
        ),
        click.option("--seed", default=0, show_default=True, help="The same seed gives the same numbers."),
        click.option("--dimension", type=int, help="Width of the vectors."),
        click.option("--hops", type=int, help="How far information travels along the facts."),
        click.option("--epochs", type=int, help="Passes over the clicks, at most."),
        click.option("--batch-size", type=int, help="Users or clicks in a batch."),
        click.option("--learning-rate", type=float, help="Step size of Adam."),
        click.option("--patience", type=int, help="Looks at the valid clicks without a gain before the end."),
        click.option(
            "--set",
            "others",
            multiple=True,
            callback=_numbers,
            metavar="NAME=NUMBER",
            help="Any other setting of the model.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


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


@cli.group()
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
        _tell_of_rejects(report, "rows")


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


@cli.command()
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
    _tell_of_rejects(report, "files")


@cli.command()
@click.argument("node")
@click.option(
    "--relations", type=click.IntRange(0), default=5, show_default=True, help="How many of each type."
)
@json_option
@server_options
def why(settings: Settings, node: str, as_json: bool, relations: int) -> None:
    """Tell who states each property and relation of a node.

    NODE is an id, with its kind in front where several have it (Item:1), or a title or a name.
    """
    from kg import why

    found = why.run(settings, node, relations=relations)
    if as_json:
        console.print_json(found.to_json())
        return
    for title, headings, rows in found.tables():
        console.print_table(headings, rows, title=title)


@cli.group(invoke_without_command=True)
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


@cli.command()
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


@cli.command()
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


@cli.command()
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


@cli.command()
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
    _tell_of_rejects(report, "texts")


@cli.command()
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
    _tell_of_rejects(report, "trailers")


@cli.command()
@click.option("--neighbours", default=10, show_default=True, help="Others that a medium may propose.")
@click.option("--min-score", default=0.6, show_default=True, help="Cosine of two similar media, at least.")
@click.option("--max-distance", default=8, show_default=True, help="Bits of 64 in which duplicates differ.")
@json_option
@server_options
def relate(settings: Settings, as_json: bool, **options: Any) -> None:
    """Tie the media that look or sound alike to one another, and the near-duplicates among the pictures."""
    from gnn.relate import run

    report = run(settings, **options)
    print_report(report, as_json)
    for medium, reason in report.failures.items():
        console.log(f"Warning: {medium} is left out: {reason}")


@cli.command()
@model_settings
@click.option("--force", is_flag=True, help="Train even if this very model is there.")
@json_option
@server_options
def train(settings: Settings, as_json: bool, others: dict[str, float], **options: Any) -> None:
    """Train a model on the clicks, facts and media of the graph.

    The clicks are split first, unless they are. The same command goes on where it was interrupted.
    """
    from gnn import command

    print_report(command.train(settings, **{**others, **options}), as_json)


@cli.command()
@click.option("--model", help="Id of a model; the one trained last unless told.")
@click.option("--split", type=click.Choice(["test", "valid"]), default="test", show_default=True)
@click.option("-k", "--k", default=10, show_default=True, help="Length of the lists.")
@json_option
@server_options
def evaluate(settings: Settings, as_json: bool, **options: Any) -> None:
    """Rank all films for every user with a held-out click, by a model and by popularity."""
    from gnn import command

    print_report(command.evaluate(settings, **options), as_json)


@cli.command()
@click.option("--model", help="Id of a model; the one trained last unless told.")
@json_option
@server_options
def embed(settings: Settings, as_json: bool, **options: Any) -> None:
    """Write a model's vectors into the graph and let the procedures answer by them."""
    from gnn import command

    print_report(command.embed(settings, **options), as_json)


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


def _tell_of_rejects(report: Report | Proposal, what: str) -> None:
    """Pass on the warnings, and end with the exit code that tells of rejects where there are any."""
    for warning in report.warnings:
        console.log(f"Warning: {warning}")
    if report.rejected:
        if report.rejects_path:
            console.log(f"{report.rejected} {what} rejected, see {report.rejects_path}")
        raise click.exceptions.Exit(console.REJECTED)


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
