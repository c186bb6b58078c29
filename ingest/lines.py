"""Lines of text files, plain or gzipped, one at a time and bounded in length.

A file without line ends cannot fill the memory, and neither can one that unpacks to far more than it is.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from kg.model import Origin, Reject
from mmkg.errors import InputError

MAX_LINE = 1 << 20
SHOWN = 200
NUL = "\udc00"
"""Stands for a NUL character until the row is checked: the csv module of Python 3.10 refuses the real one."""
ESCAPED = re.compile(r"[\udc00-\udcff]")
GZIP = b"\x1f\x8b"
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a gzipped file raises where it is damaged or cut off."""


def open_any(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked where its first bytes are those of gzip.

    Raises:
        OSError: it cannot be opened; reading may raise `DAMAGED` too.
    """
    with path.open("rb") as file:
        packed = file.read(len(GZIP)) == GZIP
    # A GzipFile around an open file would leave that one open when it is closed itself.
    return cast("BinaryIO", gzip.open(path)) if packed else path.open("rb")


def suffix_of(path: Path) -> str:
    """Return the extension that tells what a file holds, whether it is gzipped or not."""
    return Path(path.name.removesuffix(".gz")).suffix


def lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[Origin, str] | Reject]:
    """Yield each line with its place. Bytes that are no UTF-8 come as lone surrogates, NUL as `NUL`.

    Of a gzipped file that is damaged or cut off, what could be unpacked is read, and a reject tells where
    that ends.

    Raises:
        InputError: the file cannot be read.
    """
    number = 0
    try:
        with open_any(path) as file:
            while line := file.readline(MAX_LINE):
                number += 1
                origin = Origin(path.name, number)
                if len(line) == MAX_LINE and not line.endswith(b"\n"):
                    while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                        pass
                    yield Reject(*origin, "", f"the line is longer than {MAX_LINE} bytes", shown(repr(line)))
                    continue
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                yield origin, line.decode(encoding, "surrogateescape").replace("\0", NUL)
    except DAMAGED as error:
        yield Reject(path.name, number + 1, "", f"the rest of the file cannot be unpacked ({error})")
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror})", where=str(path)) from None


def shown(text: str) -> str:
    """Cut a text to what a reject shows of it."""
    return ascii(text[:SHOWN])[1:-1] if ESCAPED.search(text[:SHOWN]) else text[:SHOWN]
