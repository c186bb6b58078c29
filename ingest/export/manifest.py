"""`mmkg-export.json`: what an export holds, and the SHA-256 of each of its files.

It is written last, so a folder with a manifest that fits its files is a whole export. It names no time: two
exports of one graph are alike to the byte.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.digests import Digests
from mmkg.errors import InputError
from mmkg.progress import track

NAME = "mmkg-export.json"
VERSION = 1
AGAIN = "Export again"


@dataclass(frozen=True)
class Manifest:
    """What an export holds."""

    format: str
    nodes: int
    relations: int
    media: int | None
    """Blobs in the folder `media`; None where they were not exported."""
    files: dict[str, str]
    """By name, the SHA-256 in hexadecimal."""

    @classmethod
    def of(cls, folder: Path, format: str, nodes: int, relations: int) -> Manifest:
        """Describe the files of a folder."""
        digests = Digests()
        files = {path.name: digests.of_file(path) for path in sorted(folder.iterdir()) if path.is_file()}
        return cls(format, nodes, relations, None, files)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder.

        Raises:
            InputError: there is none, or it is none of this version.
        """
        path = folder / NAME
        try:
            document = json.loads(path.read_bytes())
            version = document.pop("version")
            if version == VERSION:
                manifest = cls(**document)
                if manifest._is_sound():
                    return manifest
        except FileNotFoundError:
            raise InputError(
                "the folder is no export", where=str(folder), remedy=f"Looked for {NAME}, of `mmkg export`"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            version = VERSION
        if version != VERSION:
            raise InputError(
                f"the export has version {version!r:.20}, this mmkg reads version {VERSION}",
                where=str(path),
                remedy="Use the mmkg that wrote it, or export again with this one",
            )
        raise InputError("the file is no manifest of an export", where=str(path), remedy=AGAIN)

    def check(self, folder: Path) -> None:
        """Check that each file is there as it was written.

        Raises:
            InputError: one is missing or differs.
        """
        digests = Digests()
        for name, sha256 in track(self.files.items(), "Checking", len(self.files)):
            path = folder / name
            if not path.is_file():
                raise InputError("the file is missing", where=str(path), remedy=AGAIN)
            if digests.of_file(path) != sha256:
                raise InputError(
                    f"the file is not what was exported: its SHA-256 is not that of {NAME}",
                    where=str(path),
                    remedy="Copy the folder anew, or export again; no part of it was read",
                )

    def paths(self, folder: Path, beginning: str) -> Iterable[Path]:
        """Yield the files whose name begins so, in order."""
        return (folder / name for name in sorted(self.files) if name.startswith(beginning))

    def write(self, folder: Path) -> None:
        """Put the manifest in place of an older one."""
        temporary = folder / f".{NAME}.{os.getpid()}"
        temporary.write_text(json.dumps({"version": VERSION, **asdict(self)}, indent=2) + "\n")
        temporary.replace(folder / NAME)

    def _is_sound(self) -> bool:
        """Tell whether the fields are of their types, and all files are named as of this folder."""
        counts = [self.nodes, self.relations, *([] if self.media is None else [self.media])]
        return (
            isinstance(self.format, str)
            and all(isinstance(count, int) for count in counts)
            and all(isinstance(text, str) for pair in self.files.items() for text in pair)
            and all(name == Path(name).name and name not in ("", "..") for name in self.files)
        )


def recognises(place: Path) -> bool:
    """Tell whether the folder is an export that can be restored."""
    return (place / NAME).is_file() and Manifest.read(place).format != "recbole"
