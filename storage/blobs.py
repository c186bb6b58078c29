"""Content-addressed blobs in an S3 bucket: the key is made of the SHA-256 of the bytes.

Nothing here goes beyond S3, so MinIO, SeaweedFS and Amazon serve alike.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from urllib.parse import urlsplit

import certifi
import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from mmkg.errors import ConnectError, InputError, StoreError, UsageError
from mmkg.settings import Settings
from storage.errors import translated

PREFIX = "sha256/"
SHA256 = re.compile(r"[0-9a-f]{64}")
CHUNK = 1 << 20
PART = 16 << 20
"""Files larger than this travel in parts of this size, so an upload holds at most one part in memory."""
CONNECTIONS = 16
UNKNOWN_TYPE = "application/octet-stream"
LONGEST_LINK = timedelta(days=7)
"""S3 signs no link for longer."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What the store holds under a key: `bytes` of them, of type `mime`."""

    sha256: str
    key: str
    bytes: int
    mime: str


class BlobStore:
    """A bucket of blobs; safe to share between threads.

    Example:
        >>> with BlobStore.connect(Settings.load()) as store:
        ...     blob = store.put_file(Path("poster.jpg"), "image/jpeg")
        ...     store.get(blob.sha256)
    """

    def __init__(self, client: Minio, pool: urllib3.PoolManager, bucket: str) -> None:
        self.client = client
        self.bucket = bucket
        self._pool = pool

    @classmethod
    def connect(cls, settings: Settings) -> BlobStore:
        """Open the connection, check that it works, and create the bucket if it is missing.

        Raises:
            ConnectError: no server answers, the login is refused, or the address or bucket is malformed.
        """
        if settings.minio_endpoint is None:
            raise ConnectError(
                "no object store is known", remedy="Run `mmkg up`, or set MINIO_ENDPOINT and its two keys"
            )
        # A server that is away is found out in seconds; one that is slow has a minute for each read.
        pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(connect=5, read=60),
            retries=urllib3.Retry(
                total=3,
                connect=1,
                backoff_factor=0.2,
                status_forcelist=[502, 503, 504],  # a full disk is 500: it does not pass by waiting
                raise_on_status=False,  # the last answer says what is wrong; an exception would hide it
            ),
            cert_reqs="CERT_REQUIRED",
            ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        )
        host, secure = _host(settings.minio_endpoint)
        with translated(settings.minio_endpoint):
            try:
                client = Minio(
                    host,
                    access_key=settings.minio_access_key,
                    secret_key=settings.minio_secret_key.get_secret_value(),
                    secure=secure,
                    http_client=pool,
                )
                _make_bucket(client, settings.minio_bucket)
            except ValueError as error:
                raise ConnectError(
                    f"the address or bucket name cannot be used ({error})",
                    where=settings.minio_endpoint,
                    remedy="Give MINIO_ENDPOINT as host:port or https://host:port, and check MINIO_BUCKET",
                ) from None
        return cls(client, pool, settings.minio_bucket)

    def put_file(self, path: Path, mime: str) -> Blob:
        """Upload a file, unless the store has it already; it is read in chunks.

        Raises:
            InputError: the file cannot be read.
            StoreError: the store refuses it, for instance because its disk is full.
        """
        try:
            with path.open("rb") as file:
                sha256 = hashlib.sha256()
                while chunk := file.read(CHUNK):
                    sha256.update(chunk)
                size = file.tell()
                file.seek(0)
                return self._put(file, sha256.hexdigest(), size, mime)
        except OSError as error:
            raise InputError(f"the file cannot be read ({error})", where=str(path)) from error

    def put_bytes(self, data: bytes, mime: str) -> Blob:
        """Upload bytes, unless the store has them already.

        Raises:
            StoreError: the store refuses them, for instance because its disk is full.
        """
        return self._put(BytesIO(data), hashlib.sha256(data).hexdigest(), len(data), mime)

    def get(self, sha256: str) -> bytes:
        """Read a blob and check that it is what its name says.

        Raises:
            StoreError: the blob is missing or damaged.
        """
        data = b"".join(self._chunks(sha256))
        _check(sha256, hashlib.sha256(data).hexdigest())
        return data

    def get_file(self, sha256: str, path: Path) -> None:
        """Write a blob to a file, chunk by chunk; the file appears only when it is whole and checked.

        Raises:
            StoreError: the blob is missing or damaged, or the file cannot be written.
        """
        digest = hashlib.sha256()
        try:
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
                try:
                    for chunk in self._chunks(sha256):
                        digest.update(chunk)
                        file.write(chunk)
                    file.close()
                    _check(sha256, digest.hexdigest())
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise StoreError(f"the file cannot be written ({error})", where=str(path)) from error

    def read_range(self, sha256: str, start: int, length: int) -> bytes:
        """Read `length` bytes from offset `start`, fewer at the end of the blob. A part cannot be checked.

        Raises:
            StoreError: the blob is missing, or ends before `start`.
        """
        if start < 0 or length < 1:
            raise ValueError(f"no such range: {length} bytes from {start}")
        return b"".join(self._chunks(sha256, start, length))

    def exists(self, sha256: str) -> bool:
        """Tell whether the store has the blob."""
        return self.find(sha256) is not None

    def find(self, sha256: str) -> Blob | None:
        """Ask for the size and type of a blob, None where the store does not have it."""
        key = key_of(sha256)
        with translated(sha256):
            try:
                stat = self.client.stat_object(self.bucket, key)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    return None
                raise
        return Blob(sha256, key, stat.size or 0, stat.content_type or UNKNOWN_TYPE)

    def presign(self, sha256: str, seconds: int = 3600) -> str:
        """Make a link that lets anyone read the blob for so many seconds, seven days at most.

        Raises:
            UsageError: S3 has no links that are valid that long.
        """
        expires = timedelta(seconds=seconds)
        if not timedelta(0) < expires <= LONGEST_LINK:
            raise UsageError(f"a link cannot be valid for {seconds} seconds", remedy="Ask for 1 to 604800")
        with translated(sha256):
            return self.client.presigned_get_object(self.bucket, key_of(sha256), expires=expires)

    def delete(self, sha256: str) -> None:
        """Remove the blob; one that is not there is no error."""
        with translated(sha256):
            self.client.remove_object(self.bucket, key_of(sha256))

    def delete_keys(self, keys: Iterable[str]) -> None:
        """Remove what lies under these keys; one that is not there is no error.

        Raises:
            StoreError: the store refuses.
        """
        with translated(self.bucket):
            for error in self.client.remove_objects(self.bucket, map(DeleteObject, keys)):
                raise StoreError(f"the object cannot be deleted ({error.message})", where=str(error.name))

    def list_sha256(self) -> Iterator[str]:
        """Yield the SHA-256 of every blob, in order."""
        with translated(self.bucket):
            for entry in self.client.list_objects(self.bucket, prefix=PREFIX, recursive=True):
                yield sha256_of(str(entry.object_name))

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def __enter__(self) -> BlobStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, data: BinaryIO, sha256: str, size: int, mime: str) -> Blob:
        key = key_of(sha256)
        found = self.find(sha256)
        if found is None or found.bytes != size:
            with translated(key, writing=True):
                # One part at a time: the ingest uploads several files at once already.
                self.client.put_object(
                    self.bucket,
                    key,
                    data,
                    size,
                    content_type=mime,
                    part_size=PART if size > PART else 0,
                    num_parallel_uploads=1,
                )
        return Blob(sha256=sha256, key=key, bytes=size, mime=mime)

    def _chunks(self, sha256: str, start: int = 0, length: int = 0) -> Iterator[bytes]:
        with translated(sha256):
            response = self.client.get_object(self.bucket, key_of(sha256), offset=start, length=length)
            try:
                yield from response.stream(CHUNK)
            finally:
                response.close()
                response.release_conn()


def key_of(sha256: str) -> str:
    """Make the key of a blob: `sha256/ab/<64 hexadecimal digits>`, the two letters being its first.

    Raises:
        StoreError: the text is no SHA-256 in lower-case hexadecimal digits.
    """
    if not SHA256.fullmatch(sha256):
        raise StoreError("the name of a blob is a SHA-256 in 64 hexadecimal digits", where=repr(sha256))
    return f"{PREFIX}{sha256[:2]}/{sha256}"


def sha256_of(key: str) -> str:
    """Return the SHA-256 that a key was made of."""
    return key.rpartition("/")[2]


def _host(endpoint: str) -> tuple[str, bool]:
    """Split `host:port` or `https://host:port` into the host with its port, and whether to use TLS."""
    if "://" not in endpoint:
        return endpoint, False
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or parts.path.strip("/"):
        raise ConnectError(
            "the address is no S3 endpoint",
            where=endpoint,
            remedy="Give MINIO_ENDPOINT as host:port or https://host:port",
        )
    return parts.netloc, parts.scheme == "https"


def _make_bucket(client: Minio, bucket: str) -> None:
    if client.bucket_exists(bucket):
        return
    try:
        client.make_bucket(bucket)
    except S3Error as error:
        # Another process was quicker.
        if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise


def _check(sha256: str, found: str) -> None:
    if found != sha256:
        raise StoreError(
            f"the blob is damaged: its bytes have the SHA-256 {found}",
            where=sha256,
            remedy="Delete it and ingest its source again",
        )
