"""The commands that look into the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.options import WEIGHTS, candidates_option, given, k_option, model_option, recommend_options
from mmkg import console
from mmkg.console import json_option, print_report, server_options

if TYPE_CHECKING:
    from kg.explanation import Why
    from kg.show import Shown
    from mmkg.settings import Settings

relations_option = click.option(
    "--relations", type=click.IntRange(0), default=5, show_default=True, help="How many of each type."
)


@click.command()
@click.argument("user")
@recommend_options
@click.option("--stages", is_flag=True, help="Show how each film came through the stages.")
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

    answer = asking.recommend(settings, user, **given(options))
    if html:
        from mmkg import page

        page.write(settings, answer, html, console.log)
        console.log(f"Wrote {html}")
    print_report(answer, as_json)


@click.command()
@click.argument("movie")
@k_option
@click.option("--by", metavar="MODALITY", help="text, poster, sound or trailer; all unless told.")
@candidates_option
@model_option
@json_option
@server_options
def similar(settings: Settings, movie: str, as_json: bool, **options: Any) -> None:
    """Find the films that are nearest to a film.

    MOVIE is the id or the whole title of a film.
    """
    from kg import asking

    print_report(asking.similar(settings, movie, **given(options)), as_json)


@click.command()
@click.argument("user")
@click.argument("movie")
@k_option
@WEIGHTS
@model_option
@json_option
@server_options
def explain(settings: Settings, user: str, movie: str, as_json: bool, **options: Any) -> None:
    """Divide the score of a film for a user among the films that he clicked.

    USER is the id of a user, MOVIE the id or the whole title of a film.
    """
    from kg import asking

    print_report(asking.explain(settings, user, movie, **given(options)), as_json)


@click.command()
@click.argument("text", nargs=-1, required=True)
@k_option
@click.option(
    "--kind", multiple=True, help="Only nodes with this label, as Movie or Person; may be repeated."
)
@click.option("--meaning", is_flag=True, help="Find films by the meaning of their texts, too.")
@model_option
@json_option
@server_options
def search(settings: Settings, text: tuple[str, ...], as_json: bool, meaning: bool, **options: Any) -> None:
    """Find films, people, genres and other entities by words of their titles or names."""
    from kg import asking

    if meaning:
        from mmkg.meaning import encode

        options["vector"] = encode(settings, " ".join(text), model=options["model"])
    print_report(asking.search(settings, " ".join(text), **given(options)), as_json)


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
