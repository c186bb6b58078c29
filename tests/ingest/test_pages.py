import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.pages import Page, read_page
from ingest.structured import MAX_SCOPES
from kg.model import Ref
from kg.validation import check_node, check_relation

URL = "https://films.example/heat"
HEAT = {
    "@context": "https://schema.org",
    "@type": "Movie",
    "name": "Heat",
    "sameAs": ["https://en.wikipedia.org/wiki/Heat", "https://www.imdb.com/title/tt0113277/?ref=x"],
    "description": "A thief &amp; a policeman.",
    "genre": "Crime, Thriller",
    "datePublished": "1995-12-15",
    "duration": "PT2H50M",
    "director": {"@type": "Person", "name": "Michael Mann", "url": "/people/mann"},
    "author": [{"@type": "Person", "name": "Michael Mann", "url": "/people/mann"}],
    "actor": [
        {"@type": "Person", "name": "Al Pacino", "sameAs": "https://www.imdb.com/name/nm0000199/"},
        {"@type": "PerformanceRole", "actor": {"@type": "Person", "name": "Val Kilmer"}},
        "Robert De Niro",
    ],
    "productionCompany": {"@type": "Organization", "name": "Regency"},
    "image": {"@type": "ImageObject", "url": "/heat.jpg"},
    "trailer": {"@type": "VideoObject", "contentUrl": "https://videos.example/heat.mp4"},
    "aggregateRating": {"@type": "AggregateRating", "ratingValue": "8,3", "ratingCount": 700123},
}
MICRODATA = """<div itemscope itemtype="https://schema.org/Movie"><h1 itemprop="name">Heat</h1>
<time itemprop="datePublished" datetime="1995-12-15">1995</time><meta itemprop="duration" content="PT170M">
<a itemprop="sameAs" href="https://m.imdb.com/title/tt0113277">IMDb</a><span itemprop="genre">Crime</span>
<span itemprop="director" itemscope itemtype="http://schema.org/Person">
<span itemprop="name">Michael Mann</span></span>
<img itemprop="image" src="heat.jpg"></div>"""


def html(*blocks: object, head: str = "", body: str = "") -> bytes:
    scripts = "".join(
        f'<script type="application/ld+json">{b if isinstance(b, str) else json.dumps(b)}</script>'
        for b in blocks
    )
    return f"<html><head>{head}{scripts}</head><body>{body}</body></html>".encode()


def facts(page: Page) -> set[tuple[str, str, str]]:
    return {(r.start.id, r.type, r.end.id) for r in page.relations}


def items(page: Page) -> dict[str, dict]:
    return {node.id: dict(node.properties) for node in page.nodes if node.kind == "Item"}


def test_a_page_with_all_of_it() -> None:
    page = read_page(URL, html(HEAT))
    assert page.rejects == []
    assert items(page) == {
        "tt0113277": {
            "title": "Heat",
            "url": URL,
            "imdb_id": "tt0113277",
            "plot": "A thief & a policeman.",
            "released": "1995-12-15",
            "year": 1995,
            "runtime": 170.0,
            "rating": 8.3,
            "votes": 700123,
            "poster_url": "https://films.example/heat.jpg",
            "trailer_url": "https://videos.example/heat.mp4",
        }
    }
    assert facts(page) == {
        ("nm0000199", "ACTED_IN", "tt0113277"),
        ("person:Val Kilmer", "ACTED_IN", "tt0113277"),
        ("person:Robert De Niro", "ACTED_IN", "tt0113277"),
        ("https://films.example/people/mann", "DIRECTED", "tt0113277"),
        ("https://films.example/people/mann", "WROTE", "tt0113277"),
        ("tt0113277", "MADE_BY", "company:Regency"),
        ("tt0113277", "HAS_GENRE", "genre:Crime"),
        ("tt0113277", "HAS_GENRE", "genre:Thriller"),
    }
    assert [(text.of.id, text.text) for text in page.texts] == [("tt0113277", "A thief & a policeman.")]
    assert [(link.kind, link.url) for link in page.links] == [
        ("Poster", "https://films.example/heat.jpg"),
        ("Trailer", "https://videos.example/heat.mp4"),
    ]
    assert all(node.fills for node in page.nodes if node.kind == "Item")


def test_pictures_of_people_are_of_them_and_not_of_the_film() -> None:
    cast = [
        {"@type": "Person", "name": "Al Pacino", "image": "/pacino.jpg"},
        {"@type": "Person", "name": "Amy", "image": {"@type": "ImageObject", "contentUrl": "amy.jpg"}},
        {"@type": "Person", "name": "Jon Voight", "image": "data:image/png;base64,xx"},
        {"@type": "Person", "name": "Tom Noonan"},
    ]
    page = read_page(URL, html({**HEAT, "actor": cast}))
    assert [(link.kind, link.of, link.url) for link in page.links if link.kind == "Still"] == [
        ("Still", Ref("Entity", "person:Al Pacino"), "https://films.example/pacino.jpg"),
        ("Still", Ref("Entity", "person:Amy"), "https://films.example/amy.jpg"),
    ]
    assert items(page)["tt0113277"]["poster_url"] == "https://films.example/heat.jpg"
    assert [(reject.field, reject.reason) for reject in page.rejects] == [("image", "no address of a file")]


def test_microdata_says_the_same() -> None:
    page = read_page(URL, html(body=MICRODATA))
    assert page.rejects == []
    assert items(page)["tt0113277"]["runtime"] == 170.0
    assert items(page)["tt0113277"]["poster_url"] == "https://films.example/heat.jpg"
    assert facts(page) == {
        ("person:Michael Mann", "DIRECTED", "tt0113277"),
        ("tt0113277", "HAS_GENRE", "genre:Crime"),
    }
    both = read_page(URL, html(HEAT, body=MICRODATA))
    assert len(items(both)) == 1
    assert items(both)["tt0113277"]["title"] == "Heat"


@pytest.mark.parametrize(
    ("head", "film", "expected"),
    [
        ('<link rel="canonical" href="/h?a=1#top">', {}, "https://films.example/h?a=1"),
        ('<meta property="og:url" content="https://x.example/h">', {}, "https://x.example/h"),
        ("", {}, URL),
        ("", {"url": "https://www.imdb.com/title/tt0113277/"}, "tt0113277"),
        ("", {"sameAs": "https://www.imdb.com/name/nm0000199/"}, URL),
        ("", {"sameAs": {"@id": "https://imdb.com/de/title/tt0113277"}}, "tt0113277"),
        ('<link rel="canonical" href="javascript:x">', {"sameAs": ["", None, 7, {}]}, URL),
    ],
)
def test_the_id(head: str, film: dict, expected: str) -> None:
    page = read_page(f"{URL}#part", html({"@type": "Movie", "name": "Heat", **film}, head=head))
    assert list(items(page)) == [expected]


def test_a_saved_page_tells_its_address_itself_or_is_rejected() -> None:
    film = {"@type": "Movie", "name": "Heat"}
    saved = b"<!-- saved from url=(0024)https://films.example/a -->" + html(film)
    assert list(items(read_page("", saved))) == ["https://films.example/a"]
    page = read_page("", html(film))
    assert items(page) == {}
    assert [reject.field for reject in page.rejects] == ["sameAs"]


def test_graphs_lists_and_references() -> None:
    graph = {
        "@context": {"@vocab": "https://schema.org/"},
        "@graph": [
            {"@type": "WebPage", "mainEntity": {"@id": "#film"}},
            {
                "@type": ["schema:Movie", "Product"],
                "@id": "#film",
                "schema:name": {"@value": "Heat", "@language": "en"},
                "director": {"@id": "#mann"},
            },
            {"@id": "#mann", "@type": "http://schema.org/Person", "name": ["Michael Mann", "M. Mann"]},
        ],
    }
    assert facts(read_page(URL, html([graph]))) == {("person:Michael Mann", "DIRECTED", URL)}


def test_several_films_on_a_page_need_addresses_of_their_own() -> None:
    entries = [
        {"@type": "ListItem", "item": {"@type": "Movie", "name": "Heat", "url": "/heat"}},
        {"@type": "ListItem", "item": {"@type": "Movie", "name": "Ronin", "url": "/ronin"}},
        {"@type": "ListItem", "item": {"@type": "Movie", "name": "Nowhere"}},
    ]
    page = read_page("https://films.example/list", html({"@type": "ItemList", "itemListElement": entries}))
    assert list(items(page)) == ["https://films.example/heat", "https://films.example/ronin"]
    assert [(reject.field, reject.value) for reject in page.rejects] == [("sameAs", "Nowhere")]


def test_a_broken_block_costs_itself_alone() -> None:
    page = read_page(URL, html('{"@type": "Movie", "name": "Broken', HEAT, "[" * 3000))
    assert list(items(page)) == ["tt0113277"]
    assert [(reject.file, reject.field) for reject in page.rejects] == [(URL, "json-ld")] * 2
    commented = "/* ours */ " + json.dumps(HEAT) + " // end"
    assert list(items(read_page(URL, html(commented)))) == ["tt0113277"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("datePublished", "soon"),
        ("datePublished", "0995-01-01"),
        ("duration", "long"),
        ("duration", "PT"),
        ("image", "data:image/png;base64,xx"),
        ("trailer", {"@type": "VideoObject", "name": "no address"}),
    ],
)
def test_a_value_that_cannot_be_used_costs_itself_alone(field: str, value: object) -> None:
    page = read_page(URL, html({**HEAT, field: value}))
    assert [reject.field for reject in page.rejects] == [field]
    assert items(page)["tt0113277"]["title"] == "Heat"


def test_ratings_that_are_no_numbers() -> None:
    rating = {"ratingValue": float("inf"), "ratingCount": "many"}
    page = read_page(URL, html({**HEAT, "aggregateRating": rating}))
    assert [reject.field for reject in page.rejects] == ["ratingValue", "ratingCount"]


@pytest.mark.parametrize(
    ("declared", "meta", "encoding"),
    [
        ("text/html; charset=iso-8859-1", "", "latin-1"),
        ("text/html", '<meta charset="windows-1252">', "cp1252"),
        ("", "", "utf-8-sig"),
        ("", "", "utf-16"),
        ("text/html; charset=no-such-thing", "", "utf-8"),
    ],
)
def test_encodings(declared: str, meta: str, encoding: str) -> None:
    text = html(
        head=meta, body='<p itemscope itemtype="http://schema.org/Movie"><b itemprop="name">Amélie</b>'
    )
    page = read_page(URL, text.decode().encode(encoding), declared)
    assert items(page)[URL]["title"] == "Amélie"


def test_broken_encodings_keep_the_rest() -> None:
    page = read_page(URL, html(HEAT).replace(b"Al Pacino", b"Al \xff\x00Pacino"))
    assert list(items(page)) == ["tt0113277"]


def test_json_alone_and_what_is_no_page() -> None:
    page = read_page(URL, json.dumps(HEAT).encode(), "application/ld+json")
    assert list(items(page)) == ["tt0113277"]
    assert [r.reason for r in read_page(URL, b"\x89PNG", "image/png").rejects] == ["no web page"]
    assert [r.reason for r in read_page(URL, b"").rejects] == ["an empty page"]
    assert read_page(URL, b"<p>No film here.").rejects == []


def test_microdata_that_would_take_forever_is_left_out() -> None:
    body = "<p itemscope itemprop=x>" * (MAX_SCOPES + 1)
    page = read_page(URL, html(HEAT, body=body))
    assert list(items(page)) == ["tt0113277"]
    assert [reject.field for reject in page.rejects] == ["microdata"]


def check(page: Page) -> None:
    """Everything that a page states could be written, but for texts that are too long for an index."""
    known = {node.id for node in page.nodes}
    for node in page.nodes:
        check_node(node)
    for relation in page.relations:
        check_relation(relation)
        assert {relation.start.id, relation.end.id} <= known
    for reject in page.rejects:
        assert reject.reason


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([URL, "PT5M"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*HEAT, "@id", "@graph", "item", "ratingValue", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)
FILMS = st.dictionaries(st.sampled_from([*HEAT, "@id", "url", "award"]), VALUES, max_size=8)


@settings(max_examples=150, deadline=None)
@given(film=FILMS)
def test_any_json_is_accepted_or_rejected(film: dict) -> None:
    check(read_page(URL, html({**film, "@type": "Movie"}, film)))


@settings(max_examples=150, deadline=None)
@given(
    junk=st.binary(max_size=60),
    at=st.integers(0, 3000),
    url=st.sampled_from(["", URL]),
    kind=st.sampled_from(["", "text/html; charset=utf-7", "application/json"]),
)
def test_any_bytes_are_accepted_or_rejected(junk: bytes, at: int, url: str, kind: str) -> None:
    whole = html(HEAT, body=MICRODATA)
    check(read_page(url, whole[:at] + junk + whole[at + len(junk) :], kind))
    check(read_page(url, junk, kind))
