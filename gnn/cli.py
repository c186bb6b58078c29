"""The commands that learn from the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mmkg import console
from mmkg.console import json_option, print_report, server_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mmkg.settings import Settings

F = TypeVar("F", bound="Callable[..., Any]")


def _numbers(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    """Read NAME=NUMBER; a whole number stays whole."""
    numbers = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            whole = number.removeprefix("-").isdigit()
            numbers[name.replace("-", "_")] = int(number) if whole else float(number)
        except ValueError:
            raise click.BadParameter(f"{text!r} is not NAME=NUMBER") from None
    return numbers


def _refuse_twice(by_set: Mapping[str, float], by_option: Mapping[str, Any]) -> None:
    """Complain of a setting that has an option of its own."""
    if twice := sorted(set(by_set) & set(by_option)):
        raise click.UsageError(f"--{twice[0].replace('_', '-')} says this, and not --set {twice[0]}")


def _use(_context: click.Context, _option: click.Parameter, name: str) -> None:
    from gnn import device

    device.use(name)


device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    envvar="MMKG_DEVICE",
    show_envvar=True,
    expose_value=False,
    callback=_use,
    help="Where networks run; auto takes the GPU where there is one.",
)


def _fanouts(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, int]:
    """Read N or TYPE=N; N alone is for all types that are not named."""
    fanouts = {}
    for text in texts:
        relation, _, number = text.rpartition("=")
        if not number.isdigit():
            raise click.BadParameter(f"{text!r} is neither N nor TYPE=N")
        fanouts[relation] = int(number)
    return fanouts


def set_option(name: str, text: str) -> Callable[[F], F]:
    """Make the option that names any setting of a model."""
    return click.option("--set", name, multiple=True, callback=_numbers, metavar="NAME=NUMBER", help=text)


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
        set_option("others", "Any other setting of the model."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def budget_options(command: F) -> F:
    """Add the options that say what each system or trial may spend."""
    options = (
        click.option("--epochs", default=200, show_default=True, help="Passes over the clicks, at most."),
        click.option(
            "--evaluate-every",
            default=5,
            show_default=True,
            help="Epochs between two looks at the valid clicks.",
        ),
        click.option("--patience", default=6, show_default=True, help="Looks without a gain before the end."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.option("--neighbours", default=10, show_default=True, help="Others that a medium may propose.")
@click.option("--min-score", default=0.6, show_default=True, help="Cosine of two similar media, at least.")
@click.option("--max-distance", default=8, show_default=True, help="Bits of 64 in which duplicates differ.")
@device_option
@json_option
@server_options
def relate(settings: Settings, as_json: bool, **options: Any) -> None:
    """Tie the media that look or sound alike to one another, and the near-duplicates among the pictures."""
    from gnn.relate import run

    report = run(settings, **options)
    print_report(report, as_json)
    for medium, reason in report.failures.items():
        console.log(f"Warning: {medium} is left out: {reason}")


@click.command()
@click.option("--cold-films", type=float, metavar="SHARE", help="Of films held out whole; 0 ends it.")
@click.option("--cold-users", type=float, metavar="SHARE", help="Of users held out whole; 0 ends it.")
@click.option("--seed", default=0, show_default=True, help="The same seed holds out the same.")
@json_option
@server_options
def split(settings: Settings, as_json: bool, **options: Any) -> None:
    """Split the clicks unless they are, hold out whole films and users, and count.

    Each share is held out twice, once to choose settings and once for the test.
    """
    from gnn import command

    print_report(command.split(settings, **options), as_json)


@click.command()
@model_settings
@click.option("--force", is_flag=True, help="Train even if this very model is there.")
@click.option("--from-last", is_flag=True, help="Continue from the model of this kind trained last.")
@click.option("--continue-from", metavar="ID", help="Continue from this model.")
@click.option(
    "--sampler",
    type=click.Choice(["cypher", "snapshot"]),
    help="Show a step some users and what is drawn around them, and not the whole graph.",
)
@click.option(
    "--fanout",
    "fanouts",
    multiple=True,
    callback=_fanouts,
    metavar="[TYPE=]N",
    help="With --sampler: relations drawn at a node.",
)
@device_option
@json_option
@server_options
def train(
    settings: Settings, as_json: bool, others: dict[str, float], sampler: str | None, **options: Any
) -> None:
    """Train a model on the clicks, facts and media of the graph.

    The clicks are split first, unless they are. The same command goes on where it was interrupted.
    """
    from gnn import command

    given = {name: value for name, value in options.items() if value is not None}
    _refuse_twice(others, given)
    report = command.train(settings, sampler=sampler or "", **{**others, **given})
    print_report(report, as_json)
    for warning in report.warnings:
        console.log(f"Warning: {warning}")


@click.command()
@click.option("--model", help="Id of a model; the one trained last unless told.")
@click.option("--split", type=click.Choice(["test", "valid"]), default="test", show_default=True)
@click.option("-k", "--k", default=10, show_default=True, help="Length of the lists.")
@device_option
@click.option("--cold", is_flag=True, help="Measure on films and users that are new to the model.")
@json_option
@server_options
def evaluate(settings: Settings, as_json: bool, cold: bool, **options: Any) -> None:
    """Rank all films for every user with a held-out click, by a model and by popularity."""
    from gnn import command

    evaluated = command.evaluate_cold if cold else command.evaluate
    print_report(evaluated(settings, **options), as_json)


@click.command()
@click.option("--model", help="Id of a model; the one trained last unless told.")
@device_option
@json_option
@server_options
def embed(settings: Settings, as_json: bool, **options: Any) -> None:
    """Write a model's vectors into the graph and let the procedures answer by them."""
    from gnn import command

    print_report(command.embed(settings, **options), as_json)


@click.group()
def models() -> None:
    """List, compare, switch and delete the models that were trained."""


@models.command("list")
@json_option
@server_options
def list_models(settings: Settings, as_json: bool) -> None:
    """List the models, the newest first, with what they reach and which is active."""
    from gnn import command

    print_report(command.list_models(settings), as_json)


@models.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@json_option
@server_options
def diff_models(settings: Settings, first: str, second: str, as_json: bool) -> None:
    """Tell in what two models differ: settings, encoders, graph, metrics."""
    from gnn import command

    print_report(command.diff_models(settings, first, second), as_json)


@models.command()
@click.argument("model", metavar="ID")
@json_option
@server_options
def promote(settings: Settings, model: str, as_json: bool) -> None:
    """Make a model the active one, by the vectors that are there or by writing them."""
    from gnn import command

    print_report(command.promote(settings, model), as_json)


@models.command()
@json_option
@server_options
def rollback(settings: Settings, as_json: bool) -> None:
    """Make the model active again that was it before."""
    from gnn import command

    print_report(command.rollback(settings), as_json)


@models.command("delete")
@click.argument("model", metavar="ID")
@json_option
@server_options
def delete_model(settings: Settings, model: str, as_json: bool) -> None:
    """Delete a model that is not active, with its vectors and its file."""
    from gnn import command

    print_report(command.delete_model(settings, model), as_json)


def _names(_context: click.Context, _option: click.Parameter, text: str) -> list[str]:
    """Read names with commas between them; one that is there twice counts once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _seeds(_context: click.Context, _option: click.Parameter, text: str) -> list[int]:
    """Read whole numbers with commas between them."""
    try:
        return list(dict.fromkeys(int(number) for number in text.split(",")))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not like 0,1,2") from None


@click.command()
@click.option(
    "--systems",
    default="popularity,nfm,ripplenet,mmgcn,tgnn,mgnn-paper,mgnn",
    show_default=True,
    callback=_names,
    help="Which to compare.",
)
@click.option("--seeds", default="0,1,2", show_default=True, callback=_seeds, help="One training each.")
@budget_options
@click.option("-k", "--k", default=10, show_default=True, help="Length of the lists.")
@click.option(
    "--settings",
    "tuned",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of settings by system, as mmkg tune writes it.",
)
@click.option("--modalities/--no-modalities", default=True, show_default=True, help="Make Table 3 too.")
@click.option("--parts", is_flag=True, help="Leave the other parts of mgnn out one by one, for Table 4.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("experiment"),
    show_default=True,
    help="Folder for tables, pictures and the report.",
)
@device_option
@json_option
@server_options
def experiment(settings: Settings, as_json: bool, out: Path, **options: Any) -> None:
    """Train all systems with one budget on one split, and compare them: tables, pictures, a report.

    What is finished is kept: the same command goes on where it was interrupted. The graph stays as it is.
    """
    from gnn import command

    report = command.experiment(settings, out, **options)
    if as_json:
        console.print_json(report.to_json())
    else:
        for table in report.tables:
            print_report(table, as_json=False)
    console.log(f"Report: {report.folder / 'report.html'}")
    if report.failures:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--model", default="mgnn", show_default=True, help="Whose settings.")
@click.option("--trials", default=10, show_default=True, help="Of the search in all, earlier ones included.")
@click.option("--seed", default=0, show_default=True, help="Of the search and of every training.")
@set_option("fixed", "A setting that every trial has, instead of a search for it.")
@budget_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that takes the best settings; tuning/settings.json in the data directory unless told.",
)
@device_option
@json_option
@server_options
def tune(settings: Settings, as_json: bool, fixed: dict[str, float], **options: Any) -> None:
    """Search the settings of a model on the valid clicks; the test clicks are not read.

    The same command goes on where it was interrupted.
    """
    from gnn import command

    _refuse_twice(fixed, options)
    report = command.tune(settings, fixed=fixed, **options)
    print_report(report, as_json)
    console.log(f"Train with them: {report.train_command()}")
    console.log(f"Compare with them: mmkg experiment --settings {report.file}")


COMMANDS = (relate, split, train, evaluate, embed, models, experiment, tune)
