"""Saved pages, web archives and pages by URL: films, the pictures beside them, and what is damaged."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import film_site
import pytest
from crawled import png
from film_site import Site, html
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from ingest.crawl.archive import ARCHIVE, POSTERS
from ingest.kinds import KINDS, recognise
from ingest.pages import Page
from ingest.source import MediaFile
from ingest.warc import read_archive
from ingest.web import SavedPages, open_web
from kg import Graph
from kg.model import Node, Reject, Relation
from mmkg.errors import InputError, UsageError

BOMB = gzip.compress(b" " * 20_000_000)


def film(name: str, url: str = "", **more: object) -> str:
    statement = {"@type": "Movie", "name": name, "director": {"@type": "Person", "name": "Mann"}, **more}
    canonical = f'<link rel="canonical" href="{url}">' if url else ""
    script = f'<script type="application/ld+json">{json.dumps(statement)}</script>'
    return f"<html><head>{canonical}{script}</head></html>"


def imdb(number: int, **more: object) -> str:
    return film(f"Film {number}", sameAs=f"https://www.imdb.com/title/tt{number:07}/", **more)


def warc(
    *answers: tuple[str, dict[str, str], bytes], status: str = "200 OK", packed: bool = True
) -> list[bytes]:
    """Make the records of an archive."""
    records = []
    for path, headers, body in answers:
        buffer = io.BytesIO()
        writer = WARCWriter(buffer, gzip=packed)
        http = StatusAndHeaders(
            status, [*{"Content-Type": "text/html", **headers}.items()], protocol="HTTP/1.1"
        )
        url = f"https://films.example/{path}"
        writer.write_record(writer.create_warc_record(url, "response", io.BytesIO(body), http_headers=http))
        records.append(buffer.getvalue())
    return records


def titles(source: SavedPages) -> list[str]:
    return [
        str(node.properties["title"])
        for node in source.nodes()
        if isinstance(node, Node) and node.kind == "Item"
    ]


def rejects(source: SavedPages) -> list[tuple[str, str]]:
    return [(each.file, each.reason) for each in source.nodes() if isinstance(each, Reject)]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder of three pages: a browser's with a picture beside it, one of a mirror, and one packed."""
    folder = tmp_path / "saved"
    (folder / "Heat_files").mkdir(parents=True)
    (folder / "mirror" / "img").mkdir(parents=True)
    (folder / "Heat.html").write_text(imdb(113277, image="./Heat_files/a%20poster.png"))
    (folder / "Heat_files" / "a poster.png").write_bytes(png())
    (folder / "Heat_files" / "frame.html").write_text("")
    (folder / "mirror" / "ronin.html").write_text(
        film("Ronin", "https://films.example/mirror/ronin.html", image="img/1.png")
    )
    (folder / "mirror" / "img" / "1.png").write_bytes(png(1))
    (folder / "thief.htm.gz").write_bytes(gzip.compress(imdb(83190).encode()))
    return folder


def test_saved_pages_and_their_pictures_reach_the_graph(saved: Path, bring, graph: Graph) -> None:
    assert recognise(saved).name == "web"
    report = bring(open_web(saved))
    assert report.rejected == 0
    found = graph.read(
        "MATCH (m:Movie) OPTIONAL MATCH (p:Poster)-[:POSTER_OF]->(m) "
        "RETURN m.id AS id, m.title AS title, count(p) AS posters ORDER BY title DESC"
    )
    assert [tuple(row.values()) for row in found] == [
        ("https://films.example/mirror/ronin.html", "Ronin", 1),
        ("tt0083190", "Film 83190", 0),
        ("tt0113277", "Film 113277", 1),
    ]
    again = bring(open_web(saved))
    assert again.import_id == report.import_id
    assert again.total.created == again.total.updated == 0


def test_a_picture_outside_or_missing_is_not_brought(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png())
    (saved / "link.png").symlink_to(tmp_path / "secret.png")
    for number, image in enumerate(("../secret.png", "link.png", "no.png", "/etc/passwd", "a\0.png")):
        (saved / f"{number}.html").write_text(imdb(number, image=image))
        page = film("F", f"https://films.example/{number}", image=image)
        (saved / f"known-{number}.html").write_text(page)
    source = SavedPages(saved)
    media = [*source.media()]
    assert [medium.path.name for medium in media if isinstance(medium, MediaFile)] == [
        "a poster.png",
        "1.png",
    ]
    assert [(each.file, each.reason) for each in media if isinstance(each, Reject)] == [
        ("0.html", "the path leaves the folder"),
        ("1.html", "the path leaves the folder"),
        ("2.html", "no such file"),
        ("4.html", "no such file"),
    ]
    assert rejects(source) == [("3.html", "no address of a file")]


def test_a_page_that_cannot_be_read_costs_itself(saved: Path, tmp_path: Path) -> None:
    (saved / "a.html").write_bytes(b"")
    (saved / "b.html").write_bytes(b"\xff\xfe\0junk")
    (saved / "c.html.gz").write_bytes(gzip.compress(b"<p>" * 999)[:-9])
    (saved / "d.html.gz").write_bytes(BOMB)
    (saved / "e.html").symlink_to(tmp_path / "nowhere.html")
    (tmp_path / "outside.html").write_text(imdb(1))
    (saved / "f.html").symlink_to(tmp_path / "outside.html")
    (saved / ".hidden.html").write_text("")
    found = rejects(SavedPages(saved))
    assert [name for name, _ in found] == ["a.html", "c.html.gz", "d.html.gz", "f.html"]
    assert "larger than" in found[2][1]
    assert titles(SavedPages(saved)) == ["Film 113277", "Ronin", "Film 83190"]


def test_an_archive(tmp_path: Path) -> None:
    page = imdb(1).encode()
    deflated = gzip.zlib.compress(page)[2:-4]
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page)
    good = warc(
        ("plain", {}, imdb(2).encode()),
        ("gzip", {"Content-Encoding": "gzip"}, gzip.compress(imdb(3).encode())),
        ("unpacked", {"Content-Encoding": "gzip"}, imdb(4).encode()),
        ("deflate", {"Content-Encoding": "deflate"}, deflated),
        ("chunks", {"Transfer-Encoding": "chunked"}, chunked),
    )
    passed_over = warc(
        ("picture", {"Content-Type": "image/png"}, png()), ("style", {"Content-Type": "text/css"}, b"p {}")
    ) + warc(("gone", {}, imdb(5).encode()), status="404 Not Found")
    bad = warc(
        ("document", {"Content-Type": "application/pdf"}, b"%PDF"),
        ("packed", {"Content-Encoding": "gzip"}, gzip.compress(page)[:-9]),
        ("bomb", {"Content-Encoding": "gzip"}, BOMB),
        ("strange", {"Content-Encoding": "sdch"}, page),
        ("large", {}, b" " * 11_000_000),
    )
    (tmp_path / "a.warc.gz").write_bytes(b"".join([*passed_over, *bad, *good]))
    source = SavedPages(tmp_path / "a.warc.gz")
    assert titles(source) == ["Film 2", "Film 3", "Film 4", "Film 1", "Film 1"]
    found = [each for each in source.nodes() if isinstance(each, Reject)]
    assert [each.reason.partition(":")[0][:30] for each in found] == [
        "no web page",
        "the page cannot be unpacked, o",
        "the page cannot be unpacked, o",
        "the content encoding sdch is n",
        "the page is larger than 100000",
    ]
    assert found[1].value == "https://films.example/packed"


@pytest.mark.parametrize("packed", [True, False])
def test_a_damaged_record_costs_itself(tmp_path: Path, packed: bool) -> None:
    records = warc(*((str(n), {}, imdb(n).encode()) for n in range(5)), packed=packed)
    path = tmp_path / "a.warc"
    middle = len(records[1]) // 2
    broken = {
        "cut": records[1][:middle],
        "changed": records[1][:middle] + b"\0\0\0\0\0\0\0\0" + records[1][middle + 8 :],
        "headless": b"\n" + records[1][20:],
    }
    for name, record in broken.items():
        path.write_bytes(b"".join([records[0], record, *records[2:]]))
        source = SavedPages(path)
        found = titles(source)
        assert found[0] == "Film 0", name
        assert found[-2:] == ["Film 3", "Film 4"], name
        if packed:
            assert found[-3] == "Film 2", name
            assert len(rejects(source)) == 1, name
    path.write_bytes(b"".join(records)[:-100])
    assert titles(SavedPages(path))[:4] == [f"Film {n}" for n in range(4)]
    assert len(rejects(SavedPages(path))) == 1
    path.write_bytes(gzip.compress(b"".join(warc(*((str(n), {}, b"x") for n in range(3)), packed=False))))
    assert any("warcio recompress" in reason for _, reason in rejects(SavedPages(path)))


def test_what_is_a_page_and_what_is_a_crawl(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the file is no web page.*\*\.warc"):
        open_web(saved / "Heat_files" / "a poster.png")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no web page"):
        open_web(empty)
    with pytest.raises(UsageError, match="--allow-private is for a URL"):
        open_web(saved, allow_private=True)
    (empty / ARCHIVE).write_bytes(b"")
    assert recognise(empty).name == "web"
    (empty / POSTERS).write_text("")
    assert recognise(empty).name == "crawl"
    assert recognise("https://films.example/heat").name == "web"
    assert not KINDS["web"].fits("https://user:secret@films.example/")


@pytest.fixture
def site() -> Iterator[Site]:
    with film_site.running() as site:
        yield site


def test_a_url_is_fetched_once_with_its_picture(site: Site, bring, graph: Graph) -> None:
    page = html(film_site.film("Heat", "/poster.png", film_site.links("/other")))
    site.pages["/old"] = film_site.redirect("/heat")
    site.pages["/heat"] = lambda _: page
    site.pages["/poster.png"] = lambda _: (200, {"Content-Type": "image/png"}, png())
    source = open_web(f"{site.url}/old", allow_private=True)
    assert site.hits == {"/robots.txt": 1, "/old": 1, "/heat": 1, "/poster.png": 1}
    report = bring(source)
    assert report.rejected == 0
    (row,) = graph.read("MATCH (:Poster)-[:POSTER_OF]->(m:Movie) RETURN m.id AS id, m.title AS title")
    assert row == {"id": f"{site.url}/heat", "title": "Heat"}
    again = bring(open_web(f"{site.url}/old", allow_private=True))
    assert again.import_id == report.import_id
    assert again.total.created == again.total.updated == 0


def test_a_url_that_may_not_be_fetched(site: Site) -> None:
    with pytest.raises(InputError, match=r"127\.0\.0\.1 is not public.*--allow-private"):
        open_web(f"{site.url}/heat")
    assert not site.hits
    with pytest.raises(UsageError, match="names no host"):
        open_web("https:///heat")
    site.pages["/robots.txt"] = lambda _: (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /")
    with pytest.raises(InputError, match=r"cannot be fetched: .*robots\.txt"):
        open_web(f"{site.url}/heat", allow_private=True)
    assert site.hits == {"/robots.txt": 1}


RECORDS = [
    *warc(("a", {}, imdb(1).encode()), ("b", {"Content-Encoding": "gzip"}, gzip.compress(imdb(2).encode()))),
    *warc(("c", {"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n0\r\n\r\n"), packed=False),
    *warc(("d", {}, imdb(3).encode()), packed=False),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Good records in any order, with bytes changed and the end cut off."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(RECORDS), max_size=5))))
    for position, byte in draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=6)):
        if data:
            data[position % len(data)] = byte
    return bytes(data[: draw(st.integers(0, 5000))])


@settings(deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=300), mutated(), mutated().map(gzip.compress)))
def test_whatever_the_bytes_each_statement_is_whole(
    tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str], content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("web")
    for name in ("a.warc", "b.html", "c.html.gz"):
        (folder / name).write_bytes(content)
    source = SavedPages(folder)
    nodes = {each.id for each in source.nodes() if isinstance(each, Node)}
    for relation in source.relations():
        assert isinstance(relation, Relation)
        assert {relation.start.id, relation.end.id} <= nodes
    assert all(isinstance(each, Page | Reject) for each in read_archive(folder / "a.warc"))
    assert capfd.readouterr().err == ""
