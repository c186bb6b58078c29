"""Where networks run and in what precision.

The encoders and the networks over media run on the GPU where there is one. The graph stays on the CPU: the
wheels of DGL that we use know no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from mmkg.errors import UsageError

NAMES = ("auto", "cpu", "cuda")
_chosen = "auto"


def use(name: str) -> None:
    """Choose where networks run from now on: `auto` takes the GPU where there is one.

    Raises:
        UsageError: there is no such device.
    """
    global _chosen  # noqa: PLW0603  # as torch itself has it: a choice of the process
    if name not in NAMES:
        raise UsageError(f"there is no device {name!r}", remedy=f"Known: {', '.join(NAMES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("torch finds no GPU", remedy="Use --device cpu, or auto")
    _chosen = name


def device() -> torch.device:
    """Return where networks run."""
    on_gpu = _chosen == "cuda" or (_chosen == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if on_gpu else "cpu")


@contextmanager
def mixed_precision(enabled: bool) -> Iterator[None]:
    """Compute in bfloat16 what torch holds to be safe in it, on the CPU and the GPU; weights stay float32."""
    with ExitStack() as stack:
        for place in {"cpu", device().type} if enabled else ():
            stack.enter_context(torch.autocast(place, torch.bfloat16))
        yield
