"""SHA-256 of what is read: the import's id is made of them, and media are stored by them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from mmkg.errors import InputError

CHUNK = 1 << 20
ID_DIGITS = 16


class Digests:
    """Hashes of files, each taken once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}

    def of_file(self, path: Path) -> str:
        """Return the SHA-256 of a file in hexadecimal.

        Raises:
            InputError: the file cannot be read.
        """
        if path not in self._known:
            digest = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    while chunk := file.read(CHUNK):
                        digest.update(chunk)
            except OSError as error:
                raise InputError(f"the file cannot be read ({error.strerror})", where=str(path)) from None
            self._known[path] = digest.hexdigest()
        return self._known[path]

    @staticmethod
    def of_text(text: str) -> str:
        """Return the SHA-256 of a text as UTF-8, in hexadecimal."""
        return hashlib.sha256(text.encode()).hexdigest()

    def import_id(self, kind: str, options: Mapping[str, object], files: Iterable[Path]) -> str:
        """Make the id of an import of what was read and how: where it lies is not part of it.

        The same command on the same contents has the same id, so it is the same import.
        """
        digest = hashlib.sha256(json.dumps([kind, options], sort_keys=True).encode())
        for path in files:
            digest.update(f"{path.name}\0{self.of_file(path)}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:ID_DIGITS]
