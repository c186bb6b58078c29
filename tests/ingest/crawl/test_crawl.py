"""The crawler against a site that means no harm: what it takes and asks again, and what survives kill -9."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from pathlib import Path

import pytest
from crawled import archived, outcomes, png
from film_site import Handler, Site, film, html, links

from ingest.crawl.archive import STATE
from ingest.crawl.source import Crawled
from ingest.crawl.state import State
from ingest.kinds import recognise
from kg import Graph

DELAY = 0.15


@pytest.fixture
def cinema(site: Site) -> Site:
    """Ten films, each on a page with a poster, and a page that leads to all of them."""
    site.pages["/"] = lambda _: html(links(*(f"/film/{number}" for number in range(10))))
    for number in range(10):
        page = html(film(f"Film {number}", f"/poster/{number}.png", links("/", "/film/0#cast")))
        site.pages[f"/film/{number}"] = lambda _, page=page: page
        poster = 200, {"Content-Type": "image/png"}, png(number % 5)
        site.pages[f"/poster/{number}.png"] = lambda _, poster=poster: poster
    return site


def test_films_and_posters_reach_the_graph(cinema: Site, crawl, out: Path, bring, graph: Graph) -> None:
    report = crawl(cinema.url, "--delay", str(DELAY), "--allow-address", cinema.authority)
    assert report["films"] == 10
    assert outcomes(report) == {"kept": 11}
    assert outcomes(report, "media") == {"kept": 10}
    assert set(cinema.hits.values()) == {1}
    assert cinema.most_active == 1
    assert cinema.times[-1] - cinema.times[0] >= DELAY * (len(cinema.times) - 1) * 0.9
    assert len(archived(out)) == 11

    assert recognise(out).name == "crawl"
    imported = bring(Crawled(out))
    assert imported.rejected == 0
    posters = graph.read("MATCH (p:Media:Poster)-[:POSTER_OF]->(m:Movie) RETURN m.title AS film, p.id AS id")
    assert len(posters) == 10
    assert len({poster["id"] for poster in posters}) == 5
    again = bring(Crawled(out))
    assert again.total.created == again.total.updated == 0


def test_pictures_of_people_reach_the_graph(site: Site, crawl, out: Path, bring, graph: Graph) -> None:
    actor = ', "actor": {"@type": "Person", "name": "Al Pacino", "image": "/pacino.png"}}</script>'
    page = html(film("Heat", "/heat.png").replace("}</script>", actor))
    site.pages["/heat"] = lambda _: page
    for seed, name in enumerate(("heat", "pacino")):
        picture = 200, {"Content-Type": "image/png"}, png(seed)
        site.pages[f"/{name}.png"] = lambda _, picture=picture: picture
    crawl(f"{site.url}/heat", "--delay", "0", "--allow-address", site.authority)
    assert bring(Crawled(out)).rejected == 0
    shown = graph.read("MATCH (m:Media)-[r]->(of) RETURN type(r) AS type, of.id AS id ORDER BY type")
    assert shown == [
        {"type": "IMAGE_OF", "id": "person:Al Pacino"},
        {"type": "POSTER_OF", "id": f"{site.url}/heat"},
    ]


def test_a_second_crawl_asks_whether_anything_has_changed(cinema: Site, crawl, out: Path) -> None:
    """Film 1 is told apart by its ETag, its poster by its date, film 2 has changed, film 3 is gone."""
    conditions: list[tuple[str, str | None]] = []

    def conditional(path: str, header: str, name: str, value: str) -> None:
        old = cinema.pages[path]

        def page(handler: Handler):
            told = handler.headers[header]
            conditions.append((path, told))
            if told == value:
                return 304, {name: value}, b""
            status, headers, body = old(handler)
            return status, {**headers, name: value}, body

        cinema.pages[path] = page

    date = "Sat, 01 Jan 2000 00:00:00 GMT"
    conditional("/film/1", "If-None-Match", "ETag", '"v1"')
    conditional("/poster/1.png", "If-Modified-Since", "Last-Modified", date)
    options = (cinema.url, "--delay", "0", "--allow-address", cinema.authority)
    crawl(*options)
    before = {path.name: path.read_bytes() for path in (out / "crawl.warc.gz", out / "posters.jsonl")}
    report = crawl(*options)
    told = [("/film/1", None), ("/poster/1.png", None), ("/film/1", '"v1"'), ("/poster/1.png", date)]
    assert sorted(conditions, key=str) == sorted(told, key=str)
    assert {path: count for path, count in cinema.hits.items() if count != 2} == {"/robots.txt": 1}
    assert outcomes(report) == {"unchanged": 11}
    assert {path.name: path.read_bytes() for path in (out / "crawl.warc.gz", out / "posters.jsonl")} == before

    cinema.pages["/film/2"] = lambda _: html(film("Another title", "/poster/2.png"))
    del cinema.pages["/film/3"]
    cinema.pages["/film/4"] = lambda _: (500, {}, b"")
    report = crawl(*options)
    pages = archived(out)
    assert b"Another title" in pages[f"{cinema.url}/film/2"]
    assert f"{cinema.url}/film/3" not in pages
    assert b"Film 4" in pages[f"{cinema.url}/film/4"]
    assert outcomes(report)["the server answers 404"] == 1
    assert outcomes(report)["the server answers 500"] == 1
    assert report["films"] == 9


def test_a_crawl_that_is_killed_goes_on_and_fetches_nothing_twice(
    cinema: Site, start, crawl, out: Path
) -> None:
    options = (cinema.url, "--delay", "0.05", "--allow-address", cinema.authority)
    kills = 0
    for stop_at in (4, 9, 15):
        process = start(*options)
        deadline = time.monotonic() + 60
        while sum(cinema.hits.values()) < stop_at and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        kills += 1
        assert not (out / "crawl.warc.gz").exists()
    report = crawl(*options)
    assert report["films"] == 10
    assert outcomes(report, "media") == {"kept": 10}
    assert set(cinema.hits) == set(cinema.pages) | {"/robots.txt"}
    # One request at a time is under way, and only what was under way is asked for again.
    assert sum(cinema.hits.values()) <= len(cinema.hits) + kills
    assert len(archived(out)) == 11
    assert not list(out.rglob("*.part"))


def test_no_two_crawls_work_in_one_folder(cinema: Site, start, crawl) -> None:
    options = (cinema.url, "--delay", "10", "--allow-address", cinema.authority)
    first = start(*options, start_new_session=True)
    deadline = time.monotonic() + 60
    while not cinema.hits and time.monotonic() < deadline:
        time.sleep(0.01)
    second = start(*options)
    _, messages = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "another crawl" in messages
    assert "Traceback" not in messages
    os.killpg(first.pid, signal.SIGINT)  # as a terminal does: the process that crawls gets it too
    _, messages = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "Traceback" not in messages


def test_a_larger_number_of_pages_goes_on_where_a_smaller_ended(cinema: Site, crawl) -> None:
    options = (cinema.url, "--delay", "0", "--allow-address", cinema.authority)
    report = crawl(*options, "--max-pages", "3", "--user-agent", "tester/1.0 (+mailto:a@example.com)")
    assert report["pages"] == 3
    assert outcomes(report)["waiting"] == 8
    assert cinema.agents == {"tester/1.0 (+mailto:a@example.com)"}
    report = crawl(*options)
    assert report["pages"] == 11
    assert set(cinema.hits.values()) == {1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ftp://example.com/",), "ftp://example.com/"),
        (("http://user:secret@example.com/",), "login"),
        (("http://example.com/", "--delay", "-1"), "--delay"),
        (("http://example.com/", "--allow-address", "localhost"), "no address"),
        (("http://example.com/", "--user-agent", " "), "--user-agent"),
        ((), "URL"),
    ],
)
def test_wrong_usage_exits_with_2(start, out: Path, arguments: tuple[str, ...], message: str) -> None:
    process = start(*arguments)
    output, messages = process.communicate(timeout=60)
    assert process.returncode == 2
    assert output == ""
    assert message in messages
    assert "Traceback" not in messages
    assert not out.exists()


def test_a_disk_that_takes_no_more_ends_the_crawl(cinema: Site, start) -> None:
    """Rather than to fetch again and again what cannot be kept."""

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    cinema.pages["/poster/0.png"] = lambda _: (200, {"Content-Type": "image/png"}, bytes(1_000_000))
    options = (f"{cinema.url}/film/0", "--delay", "0", "--allow-address", cinema.authority)
    process = start(*options, preexec_fn=small_files)
    output, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == ""
    assert "cannot be written down" in messages
    assert "The same command goes on" in messages
    assert "Traceback" not in messages
    assert cinema.hits["/poster/0.png"] == 1


def test_a_state_that_is_none_is_told(start, out: Path) -> None:
    (out / STATE).parent.mkdir(parents=True)
    (out / STATE).write_bytes(b"no database, but long enough to be taken for one" * 100)
    process = start("http://example.com/")
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert str(STATE) in messages
    assert "Traceback" not in messages


def test_a_folder_of_a_crawl_holds_a_state_that_can_be_read(cinema: Site, crawl, out: Path) -> None:
    crawl(f"{cinema.url}/film/1", "--delay", "0", "--max-pages", "1", "--allow-address", cinema.authority)
    posters = [json.loads(line) for line in (out / "posters.jsonl").read_text().splitlines()]
    assert [poster["page"] for poster in posters] == [f"{cinema.url}/film/1"]
    assert (out / posters[0]["file"]).read_bytes() == png(1)
    with State(out / STATE) as state:
        assert state.films() == 1
