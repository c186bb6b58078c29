"""A web page as statements: its films by schema.org, in JSON-LD or microdata, with people, facts and media.

The reader of saved pages and the crawler both call `read_page`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from ingest.films import MAX_PLOT, named
from ingest.lines import SHOWN
from ingest.rows import FieldError
from ingest.source import MediaKind, MediaText
from ingest.structured import UNUSABLE, Found, Thing, clean_url, read_document
from kg.model import Node, Origin, Ref, Reject, Relation, Value

IMDB = re.compile(r"https?://(?:\w+\.)?imdb\.com/(?:\w\w/)?(title/(?=tt)|name/(?=nm))((?:tt|nm)\d{5,12})\b")
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?", re.IGNORECASE)
DATE = re.compile(r"(\d{4})(?:-\d\d(?:-\d\d)?)?(?:T.*)?")
FILMS = frozenset({"Movie", "TVMovie"})
PEOPLE = {
    "actor": "ACTED_IN",
    "actors": "ACTED_IN",
    "director": "DIRECTED",
    "directors": "DIRECTED",
    "author": "WROTE",
    "creator": "WROTE",
    "producer": "PRODUCED",
    "musicBy": "COMPOSED",
    "editor": "EDITED",
}
"""Properties whose values are people, and the relation from each person to the film."""
ORGANISATIONS = frozenset({"Organization", "Corporation", "MusicGroup"})
FACTS = {
    "genre": ("HAS_GENRE", "Genre"),
    "countryOfOrigin": ("FROM_COUNTRY", "Country"),
    "inLanguage": ("IN_LANGUAGE", "Language"),
    "productionCompany": ("MADE_BY", "Company"),
    "contentRating": ("HAS_RATING", "Rating"),
    "award": ("WON", "Award"),
    "keywords": ("ABOUT", "Keyword"),
}
"""Properties whose values are things of a film, the relation to each and its label."""
SPLIT = frozenset({"genre", "keywords"})
"""Properties that many pages write as one text with commas."""
IMAGE_ADDRESSES = ("contentUrl", "url", "@id")
MAX_VALUES = 1000
"""Values of one property that are looked at."""


@dataclass(frozen=True, slots=True)
class MediaLink:
    """Where a poster or trailer of a film, or a picture of a person, can be fetched."""

    kind: MediaKind
    of: Ref
    url: str
    """Absolute; a path only where the page does not tell its own address."""
    origin: Origin


@dataclass
class Page:
    """What a page states. Every node fills gaps only: a page does not overrule the catalogue."""

    url: str
    """The canonical address; empty where none is known."""
    nodes: list[Node] = field(default_factory=list)
    texts: list[MediaText] = field(default_factory=list)
    links: list[MediaLink] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def read_page(url: str, body: bytes, content_type: str = "", origin: Origin | None = None) -> Page:
    """Turn a web page into statements. It never raises: what cannot be used becomes a reject.

    The id of a film is that of IMDb (`tt0114709`), where the page links to it by sameAs; else the canonical
    address of the page, or for one film of several its own address. The id of a person is likewise that of
    IMDb, the person's own address, or made of the name.

    Args:
        url: where the page comes from; empty for a saved file of unknown origin.
        body: the bytes as received, after any content encoding was taken off.
        content_type: the header, with its charset if it tells one.
        origin: what the statements name as their origin, the address unless told.
    """
    document = read_document(url, body, content_type)
    origin = origin or Origin(document.url or url)
    page = Page(document.url)
    page.rejects = [Reject(*origin, *problem) for problem in document.problems]
    _Reader(page, origin).read(document.things)
    return page


class _Reader:
    """Collects the statements of one page; what is said twice, in JSON-LD and microdata, is taken once."""

    def __init__(self, page: Page, origin: Origin) -> None:
        self.page = page
        self.origin = origin
        self.films: dict[str, dict[str, Value]] = {}
        self.entities: dict[str, Node] = {}
        self.facts: dict[tuple[str, str, str], Relation] = {}
        self.texts: dict[str, MediaText] = {}
        self.links: dict[tuple[Ref, str], MediaLink] = {}

    def read(self, things: list[Found]) -> None:
        films = [(thing, depth) for thing, depth in things if FILMS.intersection(thing["@type"])]
        subjects = {_address(thing, self.page.url) or _name(thing) for thing, depth in films if depth == 0}
        for thing, depth in films:
            film_id = self._film_id(thing, is_subject=depth == 0 and len(subjects) == 1)
            if not film_id and depth == 0:
                reason = "a film without an address or a link to IMDb: it gets no id"
                self._reject("sameAs", reason, _name(thing))
            elif film_id and _name(thing):
                self._film(film_id, thing)
            elif depth == 0:
                self._reject("name", "a film without a name", film_id)
        self.page.nodes = [
            Node("Item", film_id, "Movie", properties, self.origin, fills=True)
            for film_id, properties in self.films.items()
        ]
        self.page.nodes += self.entities.values()
        self.page.relations = list(self.facts.values())
        self.page.texts = list(self.texts.values())
        self.page.links = list(self.links.values())

    def _film_id(self, thing: Thing, is_subject: bool) -> str:
        own = _address(thing, self.page.url)
        for address in (*_addresses(thing, "sameAs"), own, *([self.page.url] if is_subject else [])):
            if (found := IMDB.match(address)) and found[2].startswith("tt"):
                return found[2]
        return (self.page.url or own) if is_subject else own

    def _film(self, film_id: str, thing: Thing) -> None:
        properties = self.films.setdefault(film_id, {})
        for name, value in self._properties(thing):
            properties.setdefault(name, value)
        if film_id.startswith("tt"):
            properties.setdefault("imdb_id", film_id)
        plot = properties.get("plot")
        if isinstance(plot, str):
            self.texts.setdefault(film_id, MediaText(Ref("Item", film_id), plot, self.origin))
        for field_name, relation in PEOPLE.items():
            for value in thing.get(field_name, [])[:MAX_VALUES]:
                self._credit(film_id, relation, value)
        for field_name, (relation, label) in FACTS.items():
            for name in _names(thing, field_name):
                entity = named(label, name, self.origin)
                self.entities.setdefault(entity.id, entity)
                self._fact(relation, Ref("Item", film_id), Ref("Entity", entity.id))
        self._media(film_id, thing)

    def _properties(self, thing: Thing) -> Iterator[tuple[str, Value]]:
        """Yield the film's own properties; each that cannot be used is rejected by itself."""
        yield "title", _name(thing)
        if self.page.url:
            yield "url", self.page.url
        readers: tuple[tuple[str, str, Callable[[Any], Value | None]], ...] = (
            ("description", "plot", _plot),
            ("datePublished", "released", _date),
            ("datePublished", "year", _year),
            ("dateCreated", "year", _year),
            ("duration", "runtime", _minutes),
            ("alternateName", "original_title", lambda value: _text(value) or None),
        )
        for field_name, name, read in readers:
            if values := thing.get(field_name):
                try:
                    if (value := read(values[0])) is not None:
                        yield name, value
                except FieldError as error:
                    if name != "released":  # its year tells already
                        self._reject(field_name, error.reason, error.value)
        for rating in thing.get("aggregateRating", [])[:1]:
            if isinstance(rating, dict):
                for field_name, name in (("ratingValue", "rating"), ("ratingCount", "votes")):
                    try:
                        if values := rating.get(field_name):
                            number = _number(values[0])
                            yield name, int(number) if name == "votes" else number
                    except FieldError as error:
                        self._reject(field_name, error.reason, error.value)

    def _credit(self, film_id: str, relation: str, value: Any) -> None:
        if isinstance(value, dict) and "PerformanceRole" in value["@type"]:
            value = next((each for name in ("actor", "name") for each in value.get(name, [])), None)
        organisation = isinstance(value, dict) and bool(ORGANISATIONS.intersection(value["@type"]))
        label = "Company" if organisation else "Person"
        name = _name(value) if isinstance(value, dict) else _text(value)
        if not name:
            return
        entity = named(label, name, self.origin)
        if isinstance(value, dict):
            if own := self._own_id(value):
                entity = Node("Entity", own, label, entity.properties, self.origin, fills=True)
            self._links(value, "image", IMAGE_ADDRESSES, "Still", Ref("Entity", entity.id))
        self.entities.setdefault(entity.id, entity)
        self._fact(relation, Ref("Entity", entity.id), Ref("Item", film_id))

    def _own_id(self, thing: Thing) -> str:
        """Return IMDb's id of a person or company, else the address of its page; not that of this page."""
        own = _address(thing, self.page.url)
        for address in (*_addresses(thing, "sameAs"), own):
            if (found := IMDB.match(address)) and found[2].startswith("nm"):
                return found[2]
        return own if own != self.page.url else ""

    def _fact(self, relation: str, start: Ref, end: Ref) -> None:
        self.facts.setdefault((start.id, relation, end.id), Relation(relation, start, end, {}, self.origin))

    def _media(self, film_id: str, thing: Thing) -> None:
        kinds: tuple[tuple[str, MediaKind, tuple[str, ...]], ...] = (
            ("image", "Poster", IMAGE_ADDRESSES),
            ("thumbnailUrl", "Poster", ("url",)),
            ("trailer", "Trailer", ("contentUrl", "embedUrl", "url")),
        )
        for field_name, kind, inside in kinds:
            for address in self._links(thing, field_name, inside, kind, Ref("Item", film_id)):
                self.films[film_id].setdefault(f"{kind.lower()}_url", address)

    def _links(
        self, thing: Thing, field_name: str, inside: tuple[str, ...], kind: MediaKind, of: Ref
    ) -> list[str]:
        """Take the media of a property in, and return their addresses."""
        addresses = []
        for value in thing.get(field_name, [])[:MAX_VALUES]:
            texts = [value]
            if isinstance(value, dict):
                texts = [each for name in inside for each in value.get(name, [])]
            written = [_text(text) for text in texts]
            address = next((a for text in written if (a := clean_url(text, self.page.url))), "")
            path = "" if self.page.url else next((text for text in written if _is_path(text)), "")
            if address:
                addresses.append(address)
            elif not path:
                self._reject(field_name, "no address of a file", written[0] if written else "")
                continue
            link = MediaLink(kind, of, address or path, self.origin)
            self.links.setdefault((of, link.url), link)
        return addresses

    def _reject(self, field_name: str, reason: str, value: str) -> None:
        self.page.rejects.append(Reject(*self.origin, field_name, reason, value[:SHOWN]))


def _text(value: Any) -> str:
    """Return a text or number as a text without surrounding or double white space, anything else as empty."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = unescape(str(value))  # many pages escape for HTML inside of JSON too
    return " ".join(UNUSABLE.sub("\N{REPLACEMENT CHARACTER}", text).split())


def _name(thing: Thing) -> str:
    return next((text for value in thing.get("name", []) if (text := _text(value))), "")


def _names(thing: Thing, field_name: str) -> Iterator[str]:
    for value in thing.get(field_name, [])[:MAX_VALUES]:
        text = _name(value) if isinstance(value, dict) else _text(value)
        for part in text.split(",") if field_name in SPLIT else [text]:
            if part.strip():
                yield part.strip()


def _addresses(thing: Thing, field_name: str, base: str = "") -> Iterator[str]:
    for value in thing.get(field_name, [])[:MAX_VALUES]:
        inner = (value.get("@id") or value.get("url") or [""])[0] if isinstance(value, dict) else value
        if address := clean_url(_text(inner), base):
            yield address


def _address(thing: Thing, base: str) -> str:
    """Return the address of a thing's own page."""
    fields = ("url", "@id", "mainEntityOfPage")
    return next((address for name in fields for address in _addresses(thing, name, base)), "")


def _is_path(text: str) -> bool:
    """Tell whether an address is a path from where its page lies."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.path) and not (parts.scheme or parts.netloc or parts.path.startswith("/"))


def _plot(value: Any) -> str | None:
    text = _text(value)
    if len(text) > MAX_PLOT:
        raise FieldError("plot", f"longer than {MAX_PLOT} characters")
    return text or None


def _date(value: Any) -> str | None:
    text = _text(value)
    if text and not DATE.fullmatch(text):
        raise FieldError("date", "no date as 1995-12-15", text)
    return text[:10] or None


def _year(value: Any) -> int | None:
    text = _date(value)
    if text is None:
        return None
    year = int(text[:4])
    if not 1800 <= year <= 2200:
        raise FieldError("date", "no year", text)
    return year


def _minutes(value: Any) -> float | None:
    """Read a duration of ISO 8601, as PT2H50M, in minutes."""
    text = _text(value)
    if not text:
        return None
    found = DURATION.fullmatch(text)
    parts = [int(part or 0) for part in found.groups()] if found and len(text) <= 40 else []
    if not any(parts):
        raise FieldError("duration", "no duration as PT2H50M", text)
    days, hours, minutes, seconds = parts
    return float(days * 1440 + hours * 60 + minutes + seconds / 60)


def _number(value: Any) -> float:
    text = _text(value).replace(",", ".") if str(value).count(",") == 1 else _text(value)
    try:
        number = float(text)
    except ValueError:
        raise FieldError("number", "no number", text) from None
    if not math.isfinite(number) or abs(number) > 1e15:
        raise FieldError("number", "not a finite number", text)
    return number
