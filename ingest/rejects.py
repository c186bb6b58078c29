"""The file of rejects: one JSON object a line, so that a user can mend the rows and ingest them again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import TextIO

from kg.model import Reject


class Rejects:
    """Collects rejects in a file; without any, there is no file.

    It is written under a temporary name beside the final one and gets that name at the end, also after an
    interruption: what was rejected until then is worth knowing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reasons: Counter[str] = Counter()
        self._part = path.with_name(f"{path.name}.part")
        self._file: TextIO | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return self.reasons.total()

    def add(self, reject: Reject) -> None:
        """Write one down at once."""
        if self._file is None:
            self._file = self._part.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)
        self.reasons[reject.reason] += 1
        self._file.write(json.dumps(reject._asdict(), ensure_ascii=False) + "\n")

    def __enter__(self) -> Rejects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._part.replace(self.path)
