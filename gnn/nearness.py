"""Which of many things are near: exact nearest neighbours by cosine, and hashes that differ in few bits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

CHUNK = 1024
BITS = 64


class Pair(NamedTuple):
    """Two things by their numbers, the smaller first."""

    first: int
    second: int
    nearness: float
    """Of vectors their cosine, of hashes the number of bits in which they differ."""


def nearest(vectors: Tensor, k: int, least: float) -> list[Pair]:
    """Pair each vector with its k nearest, as far as their cosine is at least `least`.

    All are compared with all, a thousand rows at a time: exact, and memory grows with the number of vectors.

    Args:
        vectors: (things, dimension); a vector of zeros is near nothing.
        k: neighbours that a vector proposes; others may propose it besides.
        least: the smallest cosine that counts.

    Returns:
        Each pair once, sorted.
    """
    unit = functional.normalize(vectors.float(), dim=1)
    found: dict[tuple[int, int], float] = {}
    for start in range(0, len(unit), CHUNK):
        cosines = unit[start : start + CHUNK] @ unit.T
        rows = torch.arange(len(cosines))
        cosines[rows, rows + start] = -torch.inf
        best = cosines.topk(min(k, len(unit)), dim=1)
        for row, column in (best.values >= least).nonzero().tolist():
            one, other = start + row, int(best.indices[row, column])
            found[min(one, other), max(one, other)] = float(best.values[row, column])
    return [Pair(*pair, cosine) for pair, cosine in sorted(found.items())]


def near_hashes(hashes: Sequence[int], most: int) -> list[Pair]:
    """Find the pairs of 64-bit hashes that differ in at most `most` bits.

    Cut into `most + 1` bands, two such hashes have a band in common, so only those that share one are
    compared: Norouzi, Punjani and Fleet, "Fast search in Hamming space with multi-index hashing", CVPR 2012.

    Returns:
        Each pair once, sorted.
    """
    words = np.array(hashes, dtype=np.uint64)
    found = {
        (min(one, other), max(one, other)): distance
        for group in _sharing_a_band(words, most + 1)
        for one, other, distance in _within(words, group, most)
    }
    return [Pair(*pair, distance) for pair, distance in sorted(found.items())]


def _sharing_a_band(words: NDArray[np.uint64], bands: int) -> Iterator[NDArray[np.int64]]:
    edges = np.linspace(0, BITS, bands + 1).astype(int).tolist()
    for low, high in pairwise(edges):
        mask = np.uint64((1 << (high - low)) - 1)
        groups: dict[int, list[int]] = defaultdict(list)
        for number, band in enumerate(((words >> np.uint64(low)) & mask).tolist()):
            groups[band].append(number)
        yield from (np.array(group, dtype=np.int64) for group in groups.values() if len(group) > 1)


def _within(words: NDArray[np.uint64], group: NDArray[np.int64], most: int) -> Iterator[tuple[int, int, int]]:
    for position, one in enumerate(group[:-1].tolist()):
        others = group[position + 1 :]
        distances = np.bitwise_count(words[others] ^ words[one])
        near = distances <= most
        for other, distance in zip(others[near].tolist(), distances[near].tolist(), strict=True):
            yield one, other, distance
