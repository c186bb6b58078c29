"""Media files in a folder, each named by the id of its item: 1.jpg, tt0114709.mp4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.source import Media, MediaFile, MediaKind
from kg.model import Node, Origin, Ref, Reject, Relation
from mmkg.errors import InputError

EXTENSIONS: dict[str, MediaKind] = {
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"), "Poster"),
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv"), "Trailer"),
    **dict.fromkeys((".flac", ".wav", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff"), "Audio"),
}


class MediaFolder:
    """The files of a folder as media of the items that they are named by.

    Args:
        folder: where they are; hidden files and folders inside are not looked at.
        kind: what they are; None to tell by the extension of each.
    """

    def __init__(self, folder: Path, kind: MediaKind | None = None) -> None:
        if not folder.is_dir():
            raise InputError("there is no such folder", where=str(folder))
        self.folder = folder
        self.kind = kind

    def files(self) -> Iterable[Path]:
        """Yield the files in the order of their names."""
        return (path for path in sorted(self.folder.iterdir()) if path.is_file() and path.name[0] != ".")

    def nodes(self) -> Iterator[Node | Reject]:
        """Yield nothing: the items come from elsewhere."""
        yield from ()

    def media(self) -> Iterator[Media | Reject]:
        """Yield each file with the item that its name tells."""
        return map(self.medium, self.files())

    def medium(self, path: Path) -> Media | Reject:
        """Make a medium of one of the files, or the reject that says why it is none."""
        origin = Origin(f"{self.folder.name}/{path.name}")
        kind = EXTENSIONS.get(path.suffix.lower())
        if kind is None or kind != (self.kind or kind):
            wanted = f"a {self.kind.lower()}" if self.kind else "a poster, trailer or sound"
            return Reject(*origin, "", f"the extension is none of {wanted}", path.suffix)
        return media_file(self.folder, path.name, kind, Ref("Item", path.stem), origin)

    def relations(self) -> Iterator[Relation | Reject]:
        """Yield nothing: the pipeline ties media to items."""
        yield from ()

    def warnings(self) -> Iterator[str]:
        """Yield nothing."""
        yield from ()


def media_file(
    root: Path, name: str, kind: MediaKind, of: Ref, origin: Origin, *, field: str = ""
) -> MediaFile | Reject:
    """Make a medium of a file that is named relative to a folder, or the reject that says why it is none."""
    if (problem := problem_with(root / name, root)) is not None:
        return Reject(*origin, field, problem, name)
    return MediaFile(kind, of, root / name, origin)


def problem_with(path: Path, root: Path) -> str | None:
    """Tell why a file may not be read as part of a folder, None where it may.

    Links are followed first, so neither `../` nor a symbolic link leads out of the folder.
    """
    try:
        resolved = path.resolve()
        exists = resolved.exists()  # raises of a name that is too long for any file
    except (OSError, RuntimeError, ValueError):
        return "no such file"
    if not resolved.is_relative_to(root.resolve()):
        return "the path leaves the folder"
    if not exists:
        return "no such file"
    return None if resolved.is_file() else "no file"
