"""The shots of a video: where one picture differs from the one before by far more than its neighbours do.

The video is decoded once. Of each picture a few numbers are kept and not the picture, so memory stays small.
Hard cuts are found; a dissolve has none, and its two shots are told as one.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from ingest.derive.decoding import Picture, fitted, frames
from mmkg.errors import MediaError

Numbers = NDArray[np.float32]

SIDE = 160
"""Pixels of the longer side of what is compared: enough for shapes and colours, and little to compute."""
LEVELS, FINE = 4, 32
"""Of each colour in the histogram, which has their cube, and before it is made coarse."""
FLOOR = 0.2
"""A difference below this is no cut, however quiet its neighbours are."""
RATIO = 3.0
"""A cut differs by so many times the median of its neighbours: explosions and shaking differ all the time."""
NEIGHBOURS = 8
"""Pictures on each side."""
FLASH = 2
"""Pictures that a flash lasts, at most."""
SHORTEST = 0.2
"""Seconds between two cuts, at least."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class Seen(NamedTuple):
    """What is kept of the pictures, a row each."""

    times: NDArray[np.float64]
    """Seconds, increasing."""
    differences: Numbers
    """From the picture before: half the distance of the colour histograms, plus `motion`; from 0 to 2."""
    motion: Numbers
    """The mean change of brightness from the picture before, from 0 to 1."""
    colourfulness: Numbers
    """Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003."""
    sharpness: Numbers
    """The variance of the Laplacian of the brightness."""
    histograms: Numbers
    """(pictures, 64), the share of the pixels of each colour."""
    seconds: float
    """When the last picture ends."""


class Shot(NamedTuple):
    """A part of a video without a cut: the numbers of its first picture and of the one after its last."""

    first: int
    after: int


def look(path: Path) -> Seen:
    """Decode a video and keep a few numbers of each picture.

    Raises:
        MediaError: there are no pictures.
    """
    times: list[float] = []
    rows: list[tuple[float, float, float]] = []
    histograms: list[Numbers] = []
    before: Numbers | None = None
    for time, frame in frames(path):
        width, height = fitted(frame, SIDE)
        small = frame.reformat(width, height, format="rgb24", interpolation=Interpolation.AREA)
        picture = small.to_ndarray().astype(np.uint8, copy=False)
        luma = (picture @ LUMA / 255).astype(np.float32, copy=False)
        changed = before is not None and before.shape == luma.shape
        motion = float(np.abs(luma - before).mean()) if before is not None and changed else 0.0
        times.append(time)
        rows.append((motion, _colourfulness(picture), _sharpness(luma)))
        histograms.append(_histogram(picture))
        before = luma
    if not times:
        raise MediaError("the video has no frames")
    motion, colourfulness, sharpness = np.array(rows, np.float32).T
    shares = np.stack(histograms)
    differences = motion + np.concatenate([np.zeros(1, np.float32), _distances(shares[1:], shares[:-1])])
    last = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    end = times[-1] + last
    return Seen(np.array(times), differences, motion, colourfulness, sharpness, shares, end)


def shots(seen: Seen) -> list[Shot]:
    """Divide a video into its shots."""
    starts = [0, *cuts(seen)]
    return [Shot(*pair) for pair in zip(starts, [*starts[1:], len(seen.times)], strict=True)]


def cuts(seen: Seen) -> list[int]:
    """Return the numbers of the pictures that begin a new shot, the first of all apart."""
    differences = seen.differences
    strong = [
        number
        for number in np.flatnonzero(differences >= FLOOR).tolist()
        if differences[number] >= RATIO * _around(differences, number)
    ]
    strong = sorted({*strong} - _flashes(seen, strong), key=lambda number: (-differences[number], number))
    accepted: list[int] = []
    for number in strong:
        near = (abs(seen.times[number] - seen.times[other]) for other in (0, *accepted))
        if all(distance >= SHORTEST for distance in near):
            accepted.append(number)
    return sorted(accepted)


def _around(differences: Numbers, number: int) -> float:
    before = differences[max(1, number - NEIGHBOURS) : number]
    after = differences[number + 1 : number + 1 + NEIGHBOURS]
    around = np.concatenate([before, after])
    return float(np.median(around)) if len(around) else 0.0


def _flashes(seen: Seen, strong: list[int]) -> set[int]:
    """Find the pictures at which a flash begins or ends: what follows it looks as what came before."""
    # Of many differences, as of noise, all pairs would be too many.
    pairs = (pair for lag in range(1, FLASH + 1) for pair in zip(strong, strong[lag:], strict=False))
    return {
        number
        for begins, ends in pairs
        if ends - begins <= FLASH
        and float(_distances(seen.histograms[ends], seen.histograms[begins - 1])) < FLOOR / 2
        for number in (begins, ends)
    }


def _distances(some: Numbers, others: Numbers) -> Numbers:
    """Return half the L1 distance of histograms: 0 where they are alike, 1 where they share no colour."""
    half: Numbers = np.abs(some - others).sum(-1) / 2
    return half


def _histogram(picture: Picture) -> Numbers:
    levels = (picture // (256 // FINE)).astype(np.int64)
    colours = (levels[..., 0] * FINE + levels[..., 1]) * FINE + levels[..., 2]
    counts = np.bincount(colours.ravel(), minlength=FINE**3).reshape(FINE, FINE, FINE) / colours.size
    for _ in range(3):  # each time the first axis is made coarse and becomes the last
        counts = np.tensordot(counts, SHARES, axes=(0, 0))
    return counts.ravel().astype(np.float32)


def _shares() -> NDArray[np.float64]:
    """Tell how much of a fine level each coarse one gets: (FINE, LEVELS).

    Most lie between two and are shared, so that a picture that brightens slowly jumps from none to the next.
    """
    positions = (np.arange(FINE) + 0.5) / FINE * LEVELS - 0.5
    near = 1 - np.abs(positions[:, None] - np.arange(LEVELS))
    shares: NDArray[np.float64] = near.clip(0) / near.clip(0).sum(axis=1, keepdims=True)
    return shares


SHARES = _shares()


def _colourfulness(picture: Picture) -> float:
    red, green, blue = np.moveaxis(picture.astype(np.float32), -1, 0)
    one, other = red - green, (red + green) / 2 - blue
    return float(np.hypot(one.std(), other.std()) + 0.3 * np.hypot(one.mean(), other.mean()))


def _sharpness(luma: Numbers) -> float:
    inner = luma[1:-1, 1:-1]
    if not inner.size:
        return 0.0
    return float((luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner).var())
