"""The kinds of sources, one entry each: its name, how it is recognised and opened, and its own options.

A new kind is a module with a `Source` and a recogniser, and an entry in `KINDS`: the command line, its help
and `mmkg ingest auto` follow. The entry names both as `module:name`, so that no reader is loaded before it is
used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from mmkg.errors import InputError, UsageError

if TYPE_CHECKING:
    from ingest.export.restore import Report
    from ingest.source import Source
    from kg import Graph
    from storage import BlobStore

Place: TypeAlias = Path | str
"""Where a source lies: a file or a folder, or an address such as https://… as a text."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a kind: the keyword of its constructor, and `--name` on the command line."""

    name: str
    help: str
    type: Literal["text", "number", "whole", "flag", "file", "folder"] = "text"
    default: Any = None

    @property
    def flag(self) -> str:
        """The option as the command line spells it."""
        return f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source."""

    name: str
    summary: str
    """One line for the help."""
    looks_for: str
    """What its recogniser wants to see, as `mmkg ingest auto` tells it."""
    opens: str
    """Its constructor, `module:name`, called with the place and the options by name."""
    recognises: str
    """A function of the place, `module:name`: True where the files and their headers are of this kind. It may
    raise InputError, which means no."""
    options: tuple[Option, ...] = ()
    takes: Literal["folder", "path", "address"] = "folder"
    """A folder; a file or a folder; or those and addresses."""
    is_source: bool = True
    """False where it is a whole graph: `opens` then names what restores it, a function of the folder."""

    def open(self, place: Place, **options: object) -> Source:
        """Open the reader.

        Raises:
            InputError: the place does not hold what the reader looks for.
        """
        return cast("Source", _load(self.opens)(place, **options))

    def restore(self, place: Place, graph: Graph, store: BlobStore) -> Report:
        """Write a whole graph, of a kind that is no source.

        Raises:
            InputError: the place holds none, or a damaged one; nothing was written.
        """
        return cast("Report", _load(self.opens)(place, graph, store))

    def fits(self, place: Place) -> bool:
        """Tell whether the place looks like this kind."""
        if isinstance(place, str):
            if self.takes != "address":
                return False
        elif not (place.is_dir() or (place.is_file() and self.takes != "folder")):
            return False
        try:
            return bool(_load(self.recognises)(place))
        except InputError:
            return False


MIN_RATING = Option("min_rating", "A rating from here on is a click.", "number", 4.0)
SPLIT = Option("split", "Folder of NAME.train.inter, NAME.valid.inter, NAME.test.inter.", "folder")
LINKS = Option("links", "CSV of item ids with imdb_id and tmdb_id, as MovieLens' links.csv.", "file")

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "catalogue",
            "A folder of our own tables in CSV or JSONL, and media.",
            "movies.csv or movies.jsonl with the columns id and title",
            opens="ingest.catalogue:Catalogue",
            recognises="ingest.catalogue:recognises",
            options=(MIN_RATING,),
        ),
        Kind(
            "recbole",
            "RecBole's atomic files.",
            "NAME.inter and NAME.item",
            opens="ingest.recbole:RecBole",
            recognises="ingest.recbole:recognises",
            options=(MIN_RATING, SPLIT),
        ),
        Kind(
            "movielens",
            "MovieLens as GroupLens publishes it: 100K, 1M, 10M and the CSV editions.",
            "u.data and u.item, ratings.dat and movies.dat, or ratings.csv and movies.csv",
            opens="ingest.movielens:MovieLens",
            recognises="ingest.movielens:recognises",
            options=(MIN_RATING,),
        ),
        Kind(
            "imdb",
            "IMDb's public files, gzipped or not.",
            "title.basics.tsv or title.basics.tsv.gz",
            opens="ingest.imdb:Imdb",
            recognises="ingest.imdb:recognises",
            options=(
                LINKS,
                Option("title_type", "Types of titles that are films, separated by commas.", default="movie"),
                Option("min_votes", "Films with fewer votes are left out.", "whole", 0),
            ),
        ),
        Kind(
            "tmdb",
            "TMDB's tables of 5,000 films, and the films of its API in JSON or JSONL.",
            "tmdb_5000_movies.csv, or JSON with the fields of the API",
            opens="ingest.tmdb:Tmdb",
            recognises="ingest.tmdb:recognises",
            options=(LINKS,),
            takes="path",
        ),
        Kind(
            "triples",
            "Triples as KGAT, RippleNet and MKR publish them, or in a file of their own.",
            "kg_final.txt with train.txt or ratings_final.txt, kg.txt with item_index2entity_id.txt, "
            "or a file of head, relation and tail",
            opens="ingest.triple_files:TripleFiles",
            recognises="ingest.triple_files:recognises",
            options=(
                Option("items", "Table of items and the entities that they are, a pair a line.", "file"),
                Option("prefix", "Goes before ids that are mere numbers.", default="entity"),
                MIN_RATING,
            ),
            takes="path",
        ),
        Kind(
            "crawl",
            "The folder of mmkg crawl: film pages and their posters.",
            "crawl.warc.gz and posters.jsonl",
            opens="ingest.crawl.source:Crawled",
            recognises="ingest.crawl.source:recognises",
        ),
        Kind(
            "rdf",
            "RDF by a table of its vocabulary, as of DBpedia and Wikidata: N-Triples, N-Quads, Turtle, TriG.",
            "files that are all *.nt, *.nq, *.ttl or *.trig, plain or gzipped",
            opens="ingest.rdf:Rdf",
            recognises="ingest.rdf:recognises",
            options=(
                Option("vocabulary", "TOML that adds to what predicates and classes mean.", "file"),
                LINKS,
                Option("language", "Language of names and plots.", default="en"),
            ),
            takes="path",
        ),
        Kind(
            "web",
            "A film page by its URL, or saved pages: an HTML file, a folder of them, or a web archive.",
            "a URL of http or https, or files that are all *.html or *.warc, plain or gzipped, with pictures",
            opens="ingest.web:open_web",
            recognises="ingest.web:recognises",
            options=(
                Option("allow_private", "Allow a URL at a private or loopback address.", "flag", False),
            ),
            takes="address",
        ),
        Kind(
            "export",
            "What mmkg export wrote: the same graph again.",
            "mmkg-export.json",
            opens="ingest.export.restore:restore",
            recognises="ingest.export.manifest:recognises",
            is_source=False,
        ),
    )
}
AUTO = "auto"


def kind_named(name: str) -> Kind:
    """Return the kind of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in KINDS:
        raise UsageError(f"there is no kind of source {name!r}", remedy=f"Known: {', '.join((AUTO, *KINDS))}")
    return KINDS[name]


def recognise(place: Place) -> Kind:
    """Find the kind of a place by the files there and their headers.

    Raises:
        InputError: no kind fits, or more than one does.
    """
    if isinstance(place, Path) and not place.exists():
        raise InputError("there is no such file or folder", where=str(place))
    fitting = [kind for kind in KINDS.values() if kind.fits(place)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(kind.name for kind in fitting)
        raise InputError(
            f"more than one kind of source fits: {names}",
            where=str(place),
            remedy=f"Say which, as in: mmkg ingest {fitting[0].name} {place}",
        )
    looked = "; ".join(f"{kind.looks_for} ({kind.name})" for kind in KINDS.values())
    raise InputError("no kind of source fits", where=str(place), remedy=f"Looked for {looked}")


def all_options() -> Iterator[Option]:
    """Yield each option that any kind has, once and without a default: those that `auto` can pass on."""
    names = set()
    for kind in KINDS.values():
        for option in kind.options:
            if option.name not in names:
                names.add(option.name)
                yield replace(option, default=False if option.type == "flag" else None)


def _load(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)
