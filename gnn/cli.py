"""The commands that learn from the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from mmkg import console
from mmkg.console import json_option, print_report, server_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmkg.settings import Settings

F = TypeVar("F", bound="Callable[..., Any]")


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


@click.command()
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


@click.command()
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


@click.command()
@click.option("--model", help="Id of a model; the one trained last unless told.")
@click.option("--split", type=click.Choice(["test", "valid"]), default="test", show_default=True)
@click.option("-k", "--k", default=10, show_default=True, help="Length of the lists.")
@json_option
@server_options
def evaluate(settings: Settings, as_json: bool, **options: Any) -> None:
    """Rank all films for every user with a held-out click, by a model and by popularity."""
    from gnn import command

    print_report(command.evaluate(settings, **options), as_json)


@click.command()
@click.option("--model", help="Id of a model; the one trained last unless told.")
@json_option
@server_options
def embed(settings: Settings, as_json: bool, **options: Any) -> None:
    """Write a model's vectors into the graph and let the procedures answer by them."""
    from gnn import command

    print_report(command.embed(settings, **options), as_json)


COMMANDS = (relate, train, evaluate, embed)
