"""`mmkg ingest`: from its arguments to a source, and through the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ingest.films import Films
from ingest.folder import MediaFolder
from ingest.kinds import AUTO, KINDS, Kind, Place, kind_named, recognise
from ingest.pipeline import Report, ingest
from ingest.source import MediaKind, Source, Together
from kg import Graph
from mmkg.errors import UsageError
from mmkg.settings import Settings
from storage import BlobStore


def run(
    kind: str,
    place: Place,
    settings: Settings,
    *,
    films: Path | None = None,
    posters: Path | None = None,
    trailers: Path | None = None,
    audio: Path | None = None,
    rejects: Path | None = None,
    log: Callable[[str], None] = lambda _message: None,
    **own: object,
) -> Report:
    """Ingest a source with the servers of the settings.

    Args:
        kind: the name of an entry of `ingest.kinds.KINDS`, or `auto`.
        place: the file, folder or address.
        settings: where the servers are.
        films: a table of films that adds titles, plots, casts and directors where the source states none.
        posters: a folder of images named by item id.
        trailers: a folder of videos named by item id.
        audio: a folder of sounds named by item id.
        rejects: the file for what is rejected.
        log: told what `auto` took the place for.
        own: the options of the kind.

    Raises:
        InputError: a file or a column is missing, or `auto` recognises nothing; nothing was written.
        UsageError: there is no such kind, or an option makes no sense for it.
        ConnectError: a server is away.
    """
    if kind == AUTO:
        chosen = recognise(place)
        log(f"{place} is taken for {chosen.name}: {chosen.summary}")
    else:
        chosen = kind_named(kind)
    options = own_options(chosen, own)
    if not chosen.is_source:
        if films or posters or trailers or audio or rejects:
            raise UsageError(
                "an export is a whole graph, to which nothing is added on the way",
                where=str(place),
                remedy="Ingest it alone, then what --films, --posters, --trailers or --audio name",
            )
        with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
            return chosen.restore(place, graph, store)
    sources: list[Source] = [chosen.open(place, **options)]
    if films:
        sources.append(Films(films, fills=True))
    folders: dict[MediaKind, Path | None] = {"Poster": posters, "Trailer": trailers, "Audio": audio}
    sources += [MediaFolder(folder, label) for label, folder in folders.items() if folder]
    told = {name: True if isinstance(value, Path) else value for name, value in options.items()}
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        return ingest(
            Together(sources),
            graph,
            store,
            rejects,
            kind=chosen.name,
            path=place,
            options={"films": bool(films), **told},
        )


def own_options(kind: Kind, given: Mapping[str, object]) -> dict[str, object]:
    """Return the options that differ from what the kind does unless told.

    Only these are part of an import's id, so that a new option leaves the ids of older imports as they are.

    Raises:
        UsageError: one of them is not an option of this kind.
    """
    defaults = {option.name: option.default for option in kind.options}
    told = {name: value for name, value in given.items() if value not in (None, False, defaults.get(name))}
    for name in told:
        if name not in defaults:
            theirs = [other.name for other in KINDS.values() if name in (o.name for o in other.options)]
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag} is for {', '.join(theirs) or 'no kind'}, not for {kind.name}")
    return told
