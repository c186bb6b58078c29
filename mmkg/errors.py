"""The errors a user can meet. Each says what happened, where, and what to do next."""

from __future__ import annotations


class MmkgError(Exception):
    """The root of all errors that mmkg raises on purpose; the command line prints it without a traceback.

    Args:
        what: what happened, as one sentence without a full stop.
        where: the file, line and field, the address or the node concerned.
        remedy: what the user can do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.remedy}" if self.remedy else text


class UsageError(MmkgError):
    """The command, an option or a setting makes no sense as given."""

    exit_code = 2


class ConnectError(MmkgError):
    """A server cannot be reached, or it refuses the login."""

    exit_code = 4


class ServerError(MmkgError):
    """A local server cannot be installed, started or stopped."""


class InputError(MmkgError):
    """A source as a whole cannot be read: a missing file, a missing column."""


class GraphError(MmkgError):
    """The graph refuses a statement, or does not hold what the command needs."""


class StoreError(MmkgError):
    """The object store refuses a request, or a blob is missing or damaged."""


class MediaError(MmkgError):
    """A poster, trailer or sound cannot be decoded."""


class ModelError(MmkgError):
    """A model is missing, does not fit the graph, or its training went wrong."""
