"""`mmkg recommend --html`: one page with the posters inside, which needs no server and loads nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from pathlib import Path

from jinja2 import Environment, PackageLoader

from ingest.thumbnails import MIME
from kg import Graph
from kg.asking import Recommendations
from mmkg.errors import InputError, StoreError
from mmkg.files import write_whole
from mmkg.settings import Settings
from storage import BlobStore
from storage.blobs import sha256_of

TEMPLATE = "recommendations.html"

POSTERS = """
UNWIND $films AS id
MATCH (:Item {id: id})<-[:POSTER_OF]-(p:Poster) WHERE p.thumbnail IS NOT NULL
WITH id, p ORDER BY p.id
RETURN id, head(collect(p.thumbnail)) AS thumbnail
"""


def write(settings: Settings, answer: Recommendations, path: Path, log: Callable[[str], None]) -> None:
    """Write recommendations as a page; the file appears only when it is whole.

    A film without a poster has a blank place, and so has one whose poster the store has lost, of which `log`
    is told.

    Raises:
        ConnectError: the graph or the store is away.
        InputError: the file cannot be written.
    """
    pictures = thumbnails(settings, (row.film.id for row in answer.recommendations), log)
    text = render(answer, pictures)
    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError(f"the page cannot be written ({error.strerror})", where=str(path)) from None


def render(answer: Recommendations, pictures: dict[str, bytes]) -> str:
    """Return the page. What the graph says is escaped, and the page forbids itself to load or run anything.

    Args:
        answer: what to show.
        pictures: the bytes of a thumbnail for each film that has one.
    """
    environment = Environment(loader=PackageLoader("mmkg", "templates"), autoescape=True)
    sources = {film: data_uri(picture) for film, picture in pictures.items()}
    return environment.get_template(TEMPLATE).render(answer=answer, sources=sources)


def thumbnails(settings: Settings, films: Iterable[str], log: Callable[[str], None]) -> dict[str, bytes]:
    """Read the thumbnail of one poster for each film that has any."""
    with Graph.connect(settings) as graph:
        rows = graph.read(POSTERS, films=list(films))
    if not rows:
        return {}
    found = {}
    with BlobStore.connect(settings) as store:
        for row in rows:
            try:
                found[row["id"]] = store.get(sha256_of(row["thumbnail"]))
            except StoreError as error:
                log(f"Warning: the poster of film {row['id']} is left out: {error}")
    return found


def data_uri(picture: bytes) -> str:
    """Return a thumbnail as an address that holds it."""
    return f"data:{MIME};base64,{base64.b64encode(picture).decode()}"
