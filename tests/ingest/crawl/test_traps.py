"""The crawler against a site full of traps: each costs a line in the report and nothing more."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

from crawled import archived, outcomes, png
from film_site import HTML, Handler, Site, film, html, links, redirect

GIGABYTES = 2 << 30
LIMIT = 200_000


def test_everything_on_the_loopback_is_refused_unless_allowed(site: Site, crawl) -> None:
    site.rest = lambda _: html(film("Secret"))
    port = site.url.rpartition(":")[2]
    hosts = (
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f.1",
    )
    urls = [f"http://{host}:{port}/{number}" for number, host in enumerate(hosts)]
    report = crawl(*urls, "--delay", "0")
    assert not site.hits
    assert report["films"] == 0
    assert sum(row["number"] for row in report["urls"] if row["outcome"] == "left") == len(hosts)
    assert all("is not public" in row["reason"] for row in report["urls"])


def huge(content_type: str, told: bool):
    """Answer with 2 GB, of which each piece is made when the client has taken the one before."""

    def page(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", content_type)
        handler.send_header(*(("Content-Length", str(GIGABYTES)) if told else ("Connection", "close")))
        handler.end_headers()
        handler.close_connection = True
        for _ in range(GIGABYTES >> 16):
            handler.wfile.write(bytes(1 << 16))
            handler.site.sent[handler.path] += 1 << 16

    return page


def drip(handler: Handler) -> None:
    """Answer for ever, a byte at a time."""
    handler.send_response(200)
    handler.send_header("Content-Type", HTML)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(100_000):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


def bomb(handler: Handler):
    body = gzip.compress(bytes(50_000_000))
    return 200, {"Content-Type": HTML, "Content-Encoding": "gzip"}, body


def test_traps(site: Site, inside: Site, crawl, out: Path) -> None:
    inside.rest = lambda _: html(film("Secret"))
    inner = inside.url.rpartition(":")[2]
    busy = iter([(429, {"Retry-After": "1"}, b""), html(film("Busy"))])
    site.pages = {
        "/robots.txt": lambda _: (
            200,
            {"Content-Type": "text/plain"},
            b"User-agent: *\nDisallow: /private\n",
        ),
        "/": lambda _: html(
            links(
                *(
                    "/loop/1",
                    "/calendar/1",
                    "/inward",
                    "/inward/mapped",
                    "/circle/1",
                    "/endless/1",
                    "/drip",
                    "/bomb",
                ),
                *(
                    "/huge.html",
                    "/pdf",
                    "/untyped",
                    "/private/1",
                    "/broken",
                    "/busy",
                    "/heat",
                    "/moved",
                    "/nofollow",
                ),
                *(f"http://localhost:{inner}/", f"http://2130706433:{inner}/", f"{inside.url}/direct"),
                *(
                    "mailto:a@example.com",
                    "javascript:alert(1)",
                    "http://",
                    "http://[::1",
                    "//",
                    "http://a:99999/",
                ),
            )
        ),
        "/loop/1": lambda _: html(
            links("/loop/2", "/loop/1?", "/loop/1#here", "/loop/2?b=1&a=2", "/loop/2?a=2&b=1")
        ),
        "/loop/2": lambda _: html(links("/loop/1", "/")),
        "/loop/2?b=1&a=2": lambda _: html(""),
        "/loop/2?a=2&b=1": lambda _: html(""),
        "/inward": redirect(f"{inside.url}/page"),
        "/inward/mapped": redirect(f"http://[::ffff:127.0.0.1]:{inner}/page"),
        "/inward.png": redirect(f"{inside.url}/poster.png"),
        "/circle/1": redirect("/circle/2"),
        "/circle/2": redirect("/circle/1"),
        "/moved": redirect("/moved/here"),
        "/moved/here": lambda _: html(film("Moved", "/moved.png")),
        "/moved.png": redirect("/good.png"),
        "/drip": drip,
        "/bomb": bomb,
        "/huge.html": huge(HTML, told=True),
        "/huge.png": huge("image/png", told=True),
        "/untold.png": huge("image/png", told=False),
        "/video.png": huge("video/mp4", told=False),
        "/pdf": lambda _: (200, {"Content-Type": "application/pdf"}, b"%PDF"),
        "/untyped": lambda _: (200, {}, b"<html>"),
        "/private/1": lambda _: html(film("Private")),
        "/broken": lambda _: (
            200,
            {"Content-Type": "text/html; charset=klingon"},
            b"\xff\xfe\x00\xd8<a href=/caf\xe9>\0",
        ),
        "/busy": lambda _: next(busy),
        "/good.png": lambda _: (200, {"Content-Type": "image/png"}, png()),
        "/heat": lambda _: html(
            film("Heat", "/huge.png")
            + film("Heat", "/untold.png")
            + film("Heat", "/video.png")
            + film("Heat", "/inward.png")
            + film("Heat", "/good.png")
        ),
    }

    def rest(handler: Handler):
        start, _, number = handler.path.rpartition("/")
        if start == "/calendar":
            return html(links(f"/calendar/{int(number) + 1}", f"/calendar/{int(number) + 2}"))
        if start == "/endless":
            return redirect(f"/endless/{int(number) + 1}")(handler)
        return 404, {"Content-Type": HTML}, b""

    site.rest = rest
    report = crawl(
        *(site.url, "--any-host", "--delay", "0", "--timeout", "2", "--max-media-bytes", str(LIMIT)),
        *("--allow-address", site.authority),
    )
    pages, media = outcomes(report), outcomes(report, "media")

    assert not inside.hits
    assert pages["the address 127.0.0.1 is not public"] >= 3
    assert media["the address 127.0.0.1 is not public"] == 1
    assert not site.hits["/private/1"]
    assert pages["robots.txt does not allow it"] == 1
    assert site.hits["/busy"] == 2
    assert {path: hits for path, hits in site.hits.items() if hits != 1} == {"/busy": 2}
    assert site.most_active <= 2  # the drip's thread does not notice at once that nobody listens
    assert "/loop/1?" not in site.hits
    assert site.hits["/loop/2?b=1&a=2"] + site.hits["/loop/2?a=2&b=1"] == 1

    calendar = sum(path.startswith("/calendar") for path in site.hits)
    assert 40 <= calendar <= 60
    assert pages["50 pages that look like it led to no film"] >= 1
    assert sum(path.startswith("/endless") for path in site.hits) == 11
    assert pages["more than 10 redirects"] == 1

    assert pages["the server takes too long"] == 1
    assert pages["larger than allowed"] == 2
    assert media["larger than allowed"] == 2
    assert all(sent < 30_000_000 for sent in site.sent.values()), site.sent
    assert media["the type video/mp4 is no media"] == 1
    assert pages["the type application/pdf is no page"] == 1
    assert pages["the type no type is no page"] == 1

    films = {url.removeprefix(site.url) for url, body in archived(out).items() if b"Movie" in body}
    assert films == {"/busy", "/heat", "/moved/here"}
    assert report["films"] == 3
    assert f"{site.url}/broken" in archived(out)
    assert len(list((out / "media").iterdir())) == 1
    assert len((out / "posters.jsonl").read_text().splitlines()) == 2


def test_a_host_that_cannot_tell_its_rules_is_left_alone(site: Site, crawl) -> None:
    site.rest = lambda _: html(film("Heat"))
    site.pages["/robots.txt"] = lambda _: (503, {}, b"")
    report = crawl(site.url, "--delay", "0", "--allow-address", site.authority)
    assert set(site.hits) == {"/robots.txt"}
    assert outcomes(report) == {"robots.txt: the server answers 503": 1}


def test_a_host_that_wants_a_long_pause_is_left_to_the_next_crawl(site: Site, crawl) -> None:
    site.pages["/"] = lambda _: (503, {"Retry-After": "100000"}, b"")
    site.pages["/robots.txt"] = lambda _: (200, {}, b"User-agent: *\nCrawl-delay: 0.01\n")
    options = (site.url, "--delay", "0", "--allow-address", site.authority)
    assert outcomes(crawl(*options)) == {"waiting": 1}
    assert outcomes(crawl(*options)) == {"waiting": 1}
    assert site.hits["/"] == 1
