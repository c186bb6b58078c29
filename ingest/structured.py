"""The structured data of a web page: what its JSON-LD and microdata say, in one form whatever the spelling.

A thing is a dictionary of schema.org's property names, each with the list of its values: texts, numbers and
other things. Its types are under `@type` and its address, where it has one, under `@id`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urljoin, urlsplit, urlunsplit

from extruct.jsonld import JsonLdExtractor
from extruct.utils import parse_html
from extruct.w3cmicrodata import MicrodataExtractor
from lxml.etree import LxmlError
from w3lib.encoding import html_to_unicode

Thing: TypeAlias = dict[str, list[Any]]

MAX_SCOPES = 2000
"""Microdata with more items is left out: finding out what belongs to what takes their square."""
MAX_THINGS = 20_000
MAX_DEPTH = 50
BARE = 2
"""A thing with `@type` and `@id` alone only points to another."""
CONTAINERS = frozenset({"@graph", "itemListElement", "item", "mainEntity"})
HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "text/plain", "application/octet-stream"})
JSON_TYPES = frozenset({"application/ld+json", "application/json"})
PREFIX = re.compile(r"(?:schema:|https?://(?:www\.)?schema\.org/|/)")
SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(\S+)\s*-->")
SCRIPTS = (
    "//script[starts-with(translate(normalize-space(@type), 'LDJSON', 'ldjson'), 'application/ld+json')]"
)
ADDRESSES = ("//link[@rel='canonical']/@href", "//meta[@property='og:url']/@content")
UNUSABLE = re.compile(r"[\0\ud800-\udfff]")


class Problem(NamedTuple):
    """A part of a page that cannot be used, and why."""

    field: str
    reason: str
    value: str = ""


class Found(NamedTuple):
    """A thing and where it stands: 0 for one that the page is about, more inside others."""

    thing: Thing
    depth: int


@dataclass
class Document:
    """What a page says.

    Attributes:
        url: its canonical address, or the one that it was read from; empty where neither is known.
        things: each thing of the page, outer ones before those inside.
        problems: the blocks that could not be read.
    """

    url: str
    things: list[Found] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_document(url: str, body: bytes, content_type: str = "") -> Document:
    """Read a page's JSON-LD and microdata. It never raises: what is broken becomes a problem.

    Args:
        url: where the page comes from; empty where that is not known, as with a saved file.
        body: its bytes, in any encoding.
        content_type: the header of that name, where there was one.
    """
    document = Document(clean_url(url))
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in HTML_TYPES | JSON_TYPES:
        document.problems.append(Problem("content-type", "no web page", kind))
        return document
    _, text = html_to_unicode(content_type or None, body, default_encoding="utf8")
    text = UNUSABLE.sub("\N{REPLACEMENT CHARACTER}", text.lstrip("\ufeff"))
    if kind in JSON_TYPES:
        _read_json(text, document)
        return document
    if not text.strip():
        document.problems.append(Problem("", "an empty page"))
        return document
    try:
        tree = parse_html(text.encode(), encoding="utf-8")
    except (LxmlError, ValueError, RecursionError, AssertionError) as error:
        document.problems.append(Problem("", f"no HTML ({error})"))
        return document
    document.url = _canonical(tree, text, document.url)
    for script in tree.xpath(SCRIPTS):
        _read_json(script.xpath("string()"), document)
    _read_microdata(tree, document)
    return document


def clean_url(url: str, base: str = "") -> str:
    """Return an http or https address without its fragment, made absolute; empty where it is none."""
    try:
        parts = urlsplit(urljoin(base, url.strip()))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return ""
        return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query, ""))
    except ValueError:
        return ""


def _canonical(tree: Any, text: str, url: str) -> str:
    candidates = [str(found) for path in ADDRESSES for found in tree.xpath(path)]
    if not url and (saved := SAVED_FROM.search(text[:4096])):
        candidates.append(saved[1])
    return next((good for each in candidates if (good := clean_url(each, url))), url)


def _read_json(text: str, document: Document) -> None:
    if not text.strip():
        return
    try:
        things = _things(_loads(text))
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        document.problems.append(Problem("json-ld", f"no JSON ({reason})", text.strip()[:200]))
        return
    _resolve(things)
    document.things += things


def _loads(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except ValueError:
        # Perhaps it only has comments, of HTML or of JavaScript, which extruct takes away.
        (script,) = parse_html(b"<script type='application/ld+json'></script>", "utf-8").xpath("//script")
        script.text = text + "\n"  # where the last line is a comment, it must end
        return JsonLdExtractor().extract_items(script)


def _read_microdata(tree: Any, document: Document) -> None:
    scopes = len(tree.xpath("//*[@itemscope]"))
    if not scopes:
        return
    if scopes > MAX_SCOPES:
        document.problems.append(Problem("microdata", f"more than {MAX_SCOPES} items", str(scopes)))
        return
    try:
        items = MicrodataExtractor().extract_items(tree, base_url=document.url)
        document.things += _things([_plain(item) for item in items])
    except (
        LxmlError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        AssertionError,
    ) as error:
        document.problems.append(Problem("microdata", f"cannot be read ({error})"))


def _plain(item: Any) -> Any:
    """Make extruct's form of an item that of JSON-LD."""
    if isinstance(item, list):
        return [_plain(each) for each in item]
    if not isinstance(item, dict):
        return item
    plain = {name: _plain(value) for name, value in item.get("properties", {}).items()}
    if not plain and "value" in item:
        plain["name"] = item["value"]
    return {**plain, "@type": item.get("type", []), **({"@id": item["id"]} if "id" in item else {})}


def _things(data: Any) -> list[Found]:
    """Find each thing in a JSON document, outer ones before those inside.

    Lists, `@graph` and lists of items hold things that the page is about, as the top does.

    Raises:
        ValueError: it is nested too deeply, or holds too much.
    """
    found: list[Found] = []

    def normal(data: Any, depth: int, level: int) -> Any:
        if level > MAX_DEPTH:
            raise ValueError("nested too deeply")
        if isinstance(data, list):
            return [normal(each, depth, level + 1) for each in data]
        if not isinstance(data, dict):
            return data
        if len(found) >= MAX_THINGS:
            raise ValueError(f"more than {MAX_THINGS} things")
        thing: Thing = {"@type": []}
        found.append(Found(thing, depth))
        for name, value in data.items():
            if name == "@context":
                continue
            key = {"id": "@id", "type": "@type"}.get(name, PREFIX.sub("", name, count=1))
            inside = normal(value, depth if key in CONTAINERS else depth + 1, level + 1)
            values = inside if isinstance(inside, list) else [inside]
            thing.setdefault(key, []).extend(_bare(each) for each in values if each is not None)
        thing["@type"] = [PREFIX.sub("", each, count=1) for each in thing["@type"] if isinstance(each, str)]
        return thing

    normal(data, 0, 0)
    return found


def _bare(value: Any) -> Any:
    """Take a text out of `{"@value": …, "@language": …}`."""
    return value["@value"][0] if isinstance(value, dict) and value.get("@value") else value


def _resolve(things: list[Found]) -> None:
    """Put in the place of a mere `{"@id": …}` the thing of that address that the block tells more about."""

    def address(thing: Any) -> str:
        found = thing.get("@id") if isinstance(thing, dict) else None
        return found[0] if found and isinstance(found[0], str) else ""

    told = {address(thing): thing for thing, _ in reversed(things) if len(thing) > BARE}
    for thing, _ in things:
        for values in thing.values():
            for position, value in enumerate(values):
                if isinstance(value, dict) and len(value) <= BARE and (key := address(value)):
                    values[position] = told.get(key, value)
