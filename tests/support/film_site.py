"""A web site on the loopback whose pages are functions, and which remembers what it was asked for."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Headers = Mapping[str, str]
Answer = tuple[int, Headers, bytes]
Page = Callable[["Handler"], "Answer | None"]
"""Makes the answer to a request, or writes it itself and returns None."""

HTML = "text/html; charset=utf-8"


def html(body: str, **headers: str) -> Answer:
    return 200, {"Content-Type": HTML, **headers}, f"<!doctype html><html><body>{body}</body></html>".encode()


def film(name: str, image: str = "", links: str = "") -> str:
    picture = f', "image": "{image}"' if image else ""
    statement = f'{{"@context": "https://schema.org", "@type": "Movie", "name": "{name}"{picture}}}'
    return f'<script type="application/ld+json">{statement}</script>{links}'


def links(*urls: str) -> str:
    return "".join(f'<a href="{url}">{url}</a>' for url in urls)


def redirect(location: str) -> Page:
    return lambda _: (302, {"Location": location}, b"")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        site = self.site
        with site.lock:
            site.hits[self.path] += 1
            site.times.append(time.monotonic())
            site.agents.add(self.headers["User-Agent"])
            site.active += 1
            site.most_active = max(site.most_active, site.active)
        try:
            answer = site.answer(self)
            if answer is not None:
                status, headers, body = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True
        finally:
            with site.lock:
                site.active -= 1

    def log_message(self, *_: object) -> None:
        pass


class Site:
    """Pages by path. What is not there is a 404; `rest` answers for paths that no page has."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.rest: Page = lambda _: (404, {"Content-Type": HTML}, b"nothing here")
        self.hits: Counter[str] = Counter()
        self.times: list[float] = []
        self.agents: set[str] = set()
        self.lock = threading.Lock()
        self.active = 0
        self.most_active = 0
        self.sent: Counter[str] = Counter()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"site": self}))
        self.server.daemon_threads = True
        self.authority = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.authority}"

    def answer(self, handler: Handler) -> Answer | None:
        return self.pages.get(handler.path, self.rest)(handler)


@contextmanager
def running() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()
