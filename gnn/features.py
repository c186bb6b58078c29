"""Features of media, encoded once: cached by the SHA-256 of the bytes and the version of the encoder.

Each batch of new features becomes a shard, a safetensors file written under a temporary name and renamed, so
a process that is killed leaves whole shards and loses at most the batch it was at. Two processes may write at
once: they make the same features, and either will do.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import Tensor

from gnn import encoders
from gnn.encoders import Array, Encoder
from mmkg.errors import MediaError, StoreError
from mmkg.progress import bar
from storage import BlobStore

FETCHERS = 4
SHARD = 256
"""Media in a shard, at most: seconds of work, and few enough files for thousands of media."""


@dataclass(frozen=True)
class Features:
    """What an encoder makes of some media, in the order in which they were asked for."""

    values: Tensor
    """(media, *encoder.shape), float32; zero where a medium could not be encoded."""
    present: Tensor
    """(media,), bool: False where a medium could not be encoded."""
    failures: Mapping[str, str]
    """By SHA-256, why a medium could not be encoded."""
    version: str
    """Which encoder made them."""


def load(
    store: BlobStore, cache: Path, media: Mapping[str, Sequence[str]], *, shard: int = SHARD
) -> dict[str, Features]:
    """Read the features of media from the cache, after encoding those that it lacks.

    Args:
        store: where the bytes are.
        cache: the folder of the cache, `settings.cache`.
        media: by view (see `gnn.sampler.VIEWS`), the SHA-256 of each medium.
        shard: media in a file of the cache, at most.

    Raises:
        ConnectError: the store does not answer. A medium that is missing or damaged does not raise: it is
            named in `failures`.
    """
    found = {}
    for view, sha256s in media.items():
        encoder = encoders.make(view)
        found[view] = FeatureCache(cache, encoder, shard).load(sha256s, store.get)
    return found


@dataclass
class FeatureCache:
    """The features of one encoder in one folder."""

    root: Path
    encoder: Encoder
    shard: int = SHARD
    _known: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def folder(self) -> Path:
        """Where the shards are."""
        return self.root / "features" / f"{self.encoder.modality}-{self.encoder.version}"

    def load(self, sha256s: Sequence[str], fetch: Callable[[str], bytes]) -> Features:
        """Return the features of these media; `fetch` gives the bytes of those that the cache lacks."""
        self._read_shards()
        missing = [sha256 for sha256 in dict.fromkeys(sha256s) if sha256 not in self._known]
        failures = self._encode(missing, fetch) if missing else {}
        values = np.zeros((len(sha256s), *self.encoder.shape), dtype=np.float32)
        present = np.zeros(len(sha256s), dtype=bool)
        for row, sha256 in enumerate(sha256s):
            if (feature := self._known.get(sha256)) is not None:
                values[row], present[row] = feature, True
        return Features(torch.from_numpy(values), torch.from_numpy(present), failures, self.encoder.version)

    def _encode(self, missing: Sequence[str], fetch: Callable[[str], bytes]) -> dict[str, str]:
        """Encode and store what is missing, and return why some of it cannot be."""
        failures: dict[str, str] = {}

        def prepare(sha256: str) -> tuple[str, Any]:
            try:
                return sha256, self.encoder.prepare(fetch(sha256))
            except (MediaError, StoreError) as error:
                failures[sha256] = error.what
                return sha256, None

        new: dict[str, Array] = {}
        with ThreadPoolExecutor(FETCHERS) as pool, bar() as progress:
            task = progress.add_task(f"Encode {self.encoder.modality}", total=len(missing))
            for batch in _ahead(pool, prepare, missing, self.encoder.batch):
                good = [(sha256, prepared) for sha256, prepared in batch if prepared is not None]
                if good:
                    encoded = self.encoder.encode([prepared for _, prepared in good])
                    assert encoded.shape == (len(good), *self.encoder.shape)
                    for (sha256, _), feature in zip(good, encoded, strict=True):
                        if np.isfinite(feature).all():
                            new[sha256] = feature
                        else:
                            failures[sha256] = "its features hold a value that is no number"
                progress.advance(task, len(batch))
                if len(new) >= self.shard:
                    self._write_shard(new)
                    new = {}
        if new:
            self._write_shard(new)
        return failures

    def _read_shards(self) -> None:
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                shard = load_file(path)
                names = [bytes(name).hex() for name in shard["sha256"]]
                self._known.update(zip(names, shard["values"], strict=True))
            except (SafetensorError, KeyError, ValueError):
                path.unlink(missing_ok=True)  # damaged from outside; its features are made again

    def _write_shard(self, features: Mapping[str, Array]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        names = np.stack([np.frombuffer(bytes.fromhex(sha256), dtype=np.uint8) for sha256 in features])
        path = self.folder / f"{uuid.uuid4().hex}.safetensors"
        temporary = path.with_suffix(".tmp")
        save_file({"sha256": names, "values": np.stack(list(features.values()))}, temporary)
        temporary.replace(path)
        self._known.update(features)


def _ahead(
    pool: ThreadPoolExecutor, function: Callable[[str], Any], items: Iterable[str], size: int
) -> Iterator[list[Any]]:
    """Apply the function to items in threads, one batch ahead of the batch that is yielded."""
    rest = iter(items)
    ahead = [pool.submit(function, item) for item in islice(rest, size)]
    while ahead:
        batch, ahead = ahead, [pool.submit(function, item) for item in islice(rest, size)]
        yield [future.result() for future in batch]
