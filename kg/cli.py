"""The commands that look into the graph."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmkg import console
from mmkg.console import json_option, print_report, server_options

if TYPE_CHECKING:
    from kg.explanation import Why
    from kg.show import Shown
    from mmkg.settings import Settings

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


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not given, so that the plugin's own defaults hold."""
    return {name: value for name, value in options.items() if value not in (None, ())}


k_option = click.option("-k", "--k", type=click.IntRange(1, 1000), default=10, show_default=True)
candidates_option = click.option(
    "--candidates", type=click.IntRange(1), help="Films to fetch from the vector index at first."
)
model_option = click.option("--model", metavar="ID", help="A model; the active one unless told.")
relations_option = click.option(
    "--relations", type=click.IntRange(0), default=5, show_default=True, help="How many of each type."
)


@click.command()
@click.argument("user")
@k_option
@click.option("--genre", multiple=True, help="Only films of this genre; may be repeated, as all of these.")
@click.option("--language", multiple=True, help="Only films in this language.")
@click.option("--country", multiple=True, help="Only films from this country.")
@click.option("--year", callback=_years, metavar="Y[-Y]", help="Only of this year: 1980, 1980-1989, 1980-.")
@click.option("--exclude", multiple=True, metavar="MOVIE", help="Not this film; may be repeated.")
@click.option("--include-seen", is_flag=True, help="Also films that the user clicked or rated.")
@click.option("--diversity", type=click.FloatRange(0, 1), help="0: the best; 1: the most different.")
@candidates_option
@model_option
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with posters too."
)
@json_option
@server_options
def recommend(settings: Settings, user: str, as_json: bool, html: Path | None, **options: Any) -> None:
    """Recommend films to a user, by the procedure in the database.

    USER is the id of a user; a film is named by its id or its whole title.
    """
    from kg import asking

    answer = asking.recommend(settings, user, **_given(options))
    if html:
        from mmkg import page

        page.write(settings, answer, html, console.log)
        console.log(f"Wrote {html}")
    print_report(answer, as_json)


@click.command()
@click.argument("movie")
@k_option
@candidates_option
@model_option
@json_option
@server_options
def similar(settings: Settings, movie: str, as_json: bool, **options: Any) -> None:
    """Find the films that are nearest to a film.

    MOVIE is the id or the whole title of a film.
    """
    from kg import asking

    print_report(asking.similar(settings, movie, **_given(options)), as_json)


@click.command()
@click.argument("user")
@click.argument("movie")
@k_option
@model_option
@json_option
@server_options
def explain(settings: Settings, user: str, movie: str, as_json: bool, **options: Any) -> None:
    """Divide the score of a film for a user among the films that he clicked.

    USER is the id of a user, MOVIE the id or the whole title of a film.
    """
    from kg import asking

    print_report(asking.explain(settings, user, movie, **_given(options)), as_json)


@click.command()
@click.argument("text", nargs=-1, required=True)
@k_option
@click.option(
    "--kind", multiple=True, help="Only nodes with this label, as Movie or Person; may be repeated."
)
@json_option
@server_options
def search(settings: Settings, text: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Find films, people, genres and other entities by words of their titles or names."""
    from kg import asking

    print_report(asking.search(settings, " ".join(text), **_given(options)), as_json)


@click.command()
@click.argument("node")
@relations_option
@json_option
@server_options
def show(settings: Settings, node: str, as_json: bool, relations: int) -> None:
    """Show the properties and relations of a node.

    NODE is an id, with its kind in front where several have it (Item:1), or a title or a name.
    """
    from kg import show

    _print_tables(show.run(settings, node, relations=relations), as_json)


@click.command()
@click.argument("node")
@relations_option
@json_option
@server_options
def why(settings: Settings, node: str, as_json: bool, relations: int) -> None:
    """Tell who states each property and relation of a node.

    NODE is an id, with its kind in front where several have it (Item:1), or a title or a name.
    """
    from kg import why

    _print_tables(why.run(settings, node, relations=relations), as_json)


def _print_tables(report: Why | Shown, as_json: bool) -> None:
    if as_json:
        console.print_json(report.to_json())
        return
    for title, headings, rows in report.tables():
        console.print_table(headings, rows, title=title)


@click.command()
@click.argument("node")
@click.option(
    "--seconds",
    type=click.IntRange(1, 604_800),
    default=3600,
    show_default=True,
    help="How long the links are valid.",
)
@json_option
@server_options
def link(settings: Settings, node: str, as_json: bool, seconds: int) -> None:
    """Print links to the posters, trailers and other media of a node, for a browser.

    NODE is named as for `mmkg why`: a film, a person, or a medium by its SHA-256.
    """
    from mmkg import link

    found = link.links(settings, node, seconds=seconds)
    if as_json:
        console.print_json(found.to_json())
        return
    console.print_lines(found.lines())
    if not found.media:
        console.log(f"{found.node} has no media")


COMMANDS = (recommend, similar, explain, search, show, why, link)
