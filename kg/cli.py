"""The commands that look into the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mmkg import console
from mmkg.console import json_option, server_options

if TYPE_CHECKING:
    from mmkg.settings import Settings


@click.command()
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


COMMANDS = (why,)
