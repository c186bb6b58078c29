"""Failures of the object store, turned into errors that say what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from xml.etree.ElementTree import ParseError

import urllib3
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from mmkg.errors import ConnectError, MmkgError, StoreError

REFUSED = {
    "AccessDenied",
    "AuthorizationHeaderMalformed",
    "InvalidAccessKeyId",
    "InvalidTokenId",
    "SignatureDoesNotMatch",
}
FULL = {"EntityTooLargeForStorage", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"}
NO_SPACE = "no space left on device"
"""MinIO's InternalError names the cause in its message."""


@contextmanager
def translated(where: str, *, writing: bool = False) -> Iterator[None]:
    """Turn exceptions of the S3 client into ours.

    Args:
        where: the address or the key concerned.
        writing: bytes are being stored, so that a failure inside the server may mean a full disk.
    """
    try:
        yield
    except MinioException as error:
        raise _ours(error, where, writing) from error
    except (ParseError, UnicodeDecodeError) as error:
        raise _no_s3("no XML", where) from error
    except urllib3.exceptions.HTTPError as error:
        raise ConnectError(
            f"the object store does not answer ({_reason(error)})",
            where=where,
            remedy="Check MINIO_ENDPOINT, or start the local servers with `mmkg up`",
        ) from error


def _ours(error: MinioException, where: str, writing: bool) -> MmkgError:
    code, status, message = _facts(error)
    if code in REFUSED or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ConnectError(
            f"the object store refuses the login ({code or status})",
            where=where,
            remedy="Check MINIO_ACCESS_KEY and MINIO_SECRET_KEY, and what they may do with the bucket",
        )
    if code in FULL or status == HTTPStatus.INSUFFICIENT_STORAGE or NO_SPACE in message:
        return _full("the disk of the object store is full", message, where)
    if writing and (status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == "IncompleteBody"):
        # SeaweedFS says no more than InternalError when it finds no volume with free space, and MinIO claims
        # at first that the body was too short, which it was not.
        return _full("the object store cannot write, most likely because its disk is full", message, where)
    if isinstance(error, InvalidResponseError):
        return _no_s3(message, where)
    if code == "NoSuchKey":
        return StoreError(
            "the blob is not in the object store", where=where, remedy="Ingest its source again"
        )
    return StoreError(f"the object store refuses the request ({message})", where=where)


def _facts(error: MinioException) -> tuple[str, int, str]:
    """Read the S3 error code, the HTTP status and a short message, as far as the answer tells."""
    if isinstance(error, S3Error):
        return error.code or "", error.response.status, f"{error.code}: {error.message}"
    if isinstance(error, ServerError):
        return "", error.status_code, str(error)
    if isinstance(error, InvalidResponseError):
        return "", int(error._code), f"status {error._code}"
    return "", 0, str(error)


def _no_s3(message: str, where: str) -> ConnectError:
    return ConnectError(
        f"the answer is not that of an S3 server ({message})", where=where, remedy="Check MINIO_ENDPOINT"
    )


def _full(what: str, message: str, where: str) -> StoreError:
    return StoreError(
        f"{what} ({message})",
        where=where,
        remedy="Free space on the store's disk or give it more, then run the same command again",
    )


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    """Give the cause in a few words: the outer message repeats the address and the number of tries."""
    cause = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    return str(cause).rpartition("): ")[2] or type(cause).__name__
