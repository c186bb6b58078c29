"""The options of the commands that ask the procedures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

YEARS = re.compile(r"(?P<from>\d{1,4})?(?P<dash>-)?(?P<to>\d{1,4})?")


def _years(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> tuple[int | None, int | None] | None:
    """Read 1980, 1980-1989, 1980- or -1989."""
    if text is None:
        return None
    found = YEARS.fullmatch(text)
    if not found or not (found["from"] or found["to"]) or (found["to"] and not found["dash"]):
        raise click.BadParameter(f"{text!r} is no year, and not two with a dash, as 1980-1989")
    first = int(found["from"]) if found["from"] else None
    last = int(found["to"]) if found["to"] else None
    return first, last if found["dash"] else first


def _weights(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    """Read poster=2; which names there are is the procedure's to say."""
    weights = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            weights[name] = float(number)
        except ValueError:
            raise click.BadParameter(f"{text!r} is not like poster=2") from None
    return weights


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not given, so that the plugin's own defaults hold."""
    return {name: value for name, value in options.items() if value not in (None, (), {})}


k_option = click.option("-k", "--k", type=click.IntRange(1, 1000), default=10, show_default=True)
candidates_option = click.option(
    "--candidates", type=click.IntRange(1), help="Films to fetch from the vector index at first."
)
model_option = click.option("--model", metavar="ID", help="A model; the active one unless told.")

WANTED = (
    click.option("--genre", multiple=True, help="Only films of this genre; may be repeated."),
    click.option("--language", multiple=True, help="Only films in this language."),
    click.option("--country", multiple=True, help="Only films from this country."),
    click.option("--year", callback=_years, metavar="Y[-Y]", help="Only of: 1980, 1980-1989, 1980-."),
    click.option("--exclude", multiple=True, metavar="MOVIE", help="Not this film; may be repeated."),
    click.option("--include-seen", is_flag=True, help="Also films that the user clicked or rated."),
)
"""Which films may come."""
STAGES = (
    candidates_option,
    click.option("--ripple", type=click.IntRange(0), help="Films around the latest clicks to add."),
    click.option("--fresh", type=click.IntRange(0), help="Newest films to look at for unknown ones."),
    click.option("--fine", type=click.IntRange(1), help="Films that the coarse sort leaves."),
    click.option(
        "--held-out/--no-held-out",
        default=None,
        help="Count the clicks that the training put aside, as unless told, or do not.",
    ),
)
"""How films are found and sorted."""
WEIGHTS = click.option(
    "--weight",
    "weights",
    multiple=True,
    callback=_weights,
    metavar="MODALITY=N",
    help="How much it counts, 0 to 10, that text, poster, sound or trailer are near; may be repeated.",
)
ARRANGED = (
    WEIGHTS,
    click.option("--diversity", type=click.FloatRange(0, 1), help="0: the best; 1: the most different."),
    click.option("--series", type=click.IntRange(1), help="Films of one series at most."),
    click.option("--explore", type=click.FloatRange(0, 1), help="Share of films that are drawn."),
    click.option("--seed", type=click.IntRange(0), help="Another one draws other films."),
)
"""How the best of them are arranged."""


def recommend_options(command: F) -> F:
    """Add what `mmkg.recommend` takes."""
    for option in reversed((k_option, *WANTED, *ARRANGED, *STAGES, model_option)):
        command = option(command)
    return command
