"""A running gateway to ask, with blobs to ask for."""

from __future__ import annotations

import hashlib
import http.client
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from mmkg.settings import Settings
from storage import BlobStore
from storage.gateway_server import GatewayServer
from storage.links import Links

POSTER = bytes(range(256)) * 4
TRAILER = hashlib.sha256(b"seed").digest() * (5 << 15)  # 5 MiB, so several chunks
LARGE = bytes(48 << 20)
"""More than the buffers of two sockets hold."""
ABSENT = hashlib.sha256(b"never uploaded").hexdigest()
SIZE = len(POSTER)


class Gateway:
    """A gateway of this module's own, and how to ask it."""

    def __init__(self, server: GatewayServer, store: BlobStore) -> None:
        self.server = server
        self.store = store
        login = server.login()
        self.links = Links.of(Settings.load(**login))
        self.port = int(login["gateway_url"].rpartition(":")[2])
        self.poster = self.path(store.put_bytes(POSTER, "image/jpeg").sha256)
        self.trailer = self.path(store.put_bytes(TRAILER, "video/mp4").sha256)

    def path(self, sha256: str) -> str:
        """Return the signed path and query of a blob."""
        link = urlsplit(self.links.link(sha256))
        return f"{link.path}?{link.query}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in names.items():
                connection.putheader(name, value)
            connection.endheaders()
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """Send bytes that may be no HTTP at all, and return what comes back until the gateway hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request)
            with suppress(OSError):  # it may have answered and hung up before it read all
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(1 << 16):
                answer += chunk
        return answer


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
