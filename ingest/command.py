"""`mmkg ingest`: from its arguments to a source, and through the pipeline."""

from __future__ import annotations

from pathlib import Path

from ingest.catalogue import Catalogue
from ingest.films import Films
from ingest.folder import MediaFolder
from ingest.movielens import MovieLens
from ingest.pipeline import Report, ingest
from ingest.recbole import RecBole
from ingest.source import MediaKind, Source, Together
from kg import Graph
from mmkg.errors import UsageError
from mmkg.settings import Settings
from storage import BlobStore


def run(
    kind: str,
    path: Path,
    settings: Settings,
    *,
    films: Path | None = None,
    posters: Path | None = None,
    trailers: Path | None = None,
    audio: Path | None = None,
    split: Path | None = None,
    min_rating: float = 4,
    rejects: Path | None = None,
) -> Report:
    """Ingest a folder with the servers of the settings.

    Args:
        kind: how the folder is laid out.
        path: the folder.
        settings: where the servers are.
        films: a table of films that adds titles, plots, casts and directors where the source states none.
        posters: a folder of images named by item id.
        trailers: a folder of videos named by item id.
        audio: a folder of sounds named by item id.
        split: RecBole's files of a split.
        min_rating: a rating from here on is a click.
        rejects: the file for what is rejected.

    Raises:
        InputError: a file or a column is missing; nothing was written.
        UsageError: the option makes no sense for this kind.
        ConnectError: a server is away.
    """
    source = open_source(kind, path, split=split, min_rating=min_rating)
    sources: list[Source] = [source]
    if films:
        sources.append(Films(films, fills=True))
    folders: dict[MediaKind, Path | None] = {"Poster": posters, "Trailer": trailers, "Audio": audio}
    sources += [MediaFolder(folder, label) for label, folder in folders.items() if folder]
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return ingest(
            Together(sources),
            graph,
            store,
            rejects,
            kind=kind,
            path=path,
            options={"min_rating": min_rating, "films": bool(films), "split": bool(split)},
        )


def open_source(kind: str, path: Path, *, split: Path | None = None, min_rating: float = 4) -> Source:
    """Open the reader of a folder.

    Raises:
        InputError: the folder does not hold what the reader looks for.
        UsageError: there is no such kind, or there is a split, and the kind has none.
    """
    if kind == "recbole":
        return RecBole(path, split=split, min_rating=min_rating)
    if split:
        raise UsageError(f"--split is for recbole, not for {kind}")
    if kind == "movielens":
        return MovieLens(path, min_rating=min_rating)
    if kind == "catalogue":
        return Catalogue(path, min_rating=min_rating)
    raise UsageError(f"there is no kind of source {kind!r}", remedy="Known: catalogue, recbole, movielens")
