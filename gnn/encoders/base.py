"""What every encoder is."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmkg.errors import MediaError

Array = NDArray[np.float32]


class Encoder(ABC):
    """Encodes media of one modality in two steps: `prepare` decodes one medium and may run in many threads,
    `encode` runs the network on a batch of prepared media.
    """  # noqa: D205

    modality: ClassVar[str]
    shape: ClassVar[tuple[int, ...]]
    """Shape of one medium's features."""
    batch: ClassVar[int]
    """How many media to encode at once."""
    version: str
    """Names the weights and the preprocessing; features of another version are not to be mixed with these."""

    def prepare(self, data: bytes) -> Any:
        """Decode one medium into what `encode` takes.

        Raises:
            MediaError: the bytes are no medium of this modality.
        """
        try:
            return self._decode(data)
        except MediaError:
            raise
        except Exception as error:  # decoders raise whatever a damaged file makes them trip over
            raise MediaError(f"the {self.modality} cannot be decoded ({error})") from error

    @abstractmethod
    def encode(self, prepared: Sequence[Any]) -> Array:
        """Encode a batch of prepared media.

        Returns:
            Features, (len(prepared), *shape), float32.
        """

    @abstractmethod
    def _decode(self, data: bytes) -> Any: ...


def fingerprint(*parts: object) -> str:
    """Hash what decides an encoder's output, the content of files included, to 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]
