"""Running out of memory, told as an error that says what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mmkg.errors import ModelError

TOLD_BY_TORCH = ("can't allocate memory", "not enough memory", "out of memory")
"""On the CPU, torch says so by a plain RuntimeError."""


@contextmanager
def guarded(remedy: str) -> Iterator[None]:
    """Turn what Python, numpy and torch raise when there is no memory left into a `ModelError`.

    Args:
        remedy: what the user can do.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _ours(error, remedy) from None
    except RuntimeError as error:
        if any(text in str(error) for text in TOLD_BY_TORCH):
            raise _ours(error, remedy) from None
        raise


def _ours(error: Exception, remedy: str) -> ModelError:
    detail = str(error).strip().partition("\n")[0]
    return ModelError(f"there is not enough memory{f' ({detail})' if detail else ''}", remedy=remedy)
