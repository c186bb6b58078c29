"""Highlights: the windows of a video in which most happens, and the picture that stands for each.

The salience of a window is `(motion + colour + sound) / 3`: the mean change of brightness between its
pictures, their mean colourfulness, and the root mean square of its sound, each divided by the largest that a
window of the video has.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import ceil, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.derive.decoding import sound
from ingest.derive.shots import Seen, Shot, look, shots

LOUDNESS_RATE = 8000
BLOCK = 0.1
"""Seconds of sound whose energy is one number."""
SHORT = 1.0
"""Seconds: a shorter window is chosen only where there are too few others."""

Highlight = tuple[float, float, float]
"""Start, end and the time of the picture that stands for it, in seconds."""


class Window(NamedTuple):
    """A shot, or an equal part of one that is longer than a clip may be."""

    shot: int
    start: float
    end: float
    motion: float
    colour: float
    sound: float
    still: float
    """The time of the picture that stands for it."""


def highlights(path: Path, count: int, seconds: float) -> list[Highlight]:
    """Return the most salient windows of a video, in order of time.

    Args:
        path: the video.
        count: how many, at most.
        seconds: how long each is, at most.

    Raises:
        MediaError: there are no pictures.
    """
    seen = look(path)
    chosen = choose(windows(seen, shots(seen), energies(path), seconds), count)
    return [(window.start, window.end, window.still) for window in chosen]


def windows(seen: Seen, found: list[Shot], energy: NDArray[np.float64], seconds: float) -> list[Window]:
    """Divide shots into windows of at most so many seconds, and measure each."""
    made = []
    for number, shot in enumerate(found):
        start = float(seen.times[shot.first])
        end = seen.seconds if shot.after == len(seen.times) else float(seen.times[shot.after])
        parts = max(1, ceil((end - start) / seconds - 1e-6))
        inner = np.linspace(start, end, parts + 1)[1:-1]
        edges = [shot.first, *np.searchsorted(seen.times, inner - 1e-6).tolist(), shot.after]
        for first, after in pairwise(edges):
            if first < after:
                begins = float(seen.times[first])
                ends = end if after == shot.after else float(seen.times[after])
                ends = min(ends, begins + seconds)
                still = float(seen.times[_best(seen, first, after)])
                # The change from the shot before is no motion.
                motion = _mean(seen.motion[max(first, shot.first + 1) : after])
                colour = _mean(seen.colourfulness[first:after])
                heard = energy[int(begins / BLOCK) : max(int(begins / BLOCK) + 1, round(ends / BLOCK))]
                made.append(Window(number, begins, ends, motion, colour, sqrt(_mean(heard)), still))
    return made


def choose(candidates: list[Window], count: int) -> list[Window]:
    """Choose the most salient windows, in order of time.

    Long ones come before those that are `SHORT`, and the best of each shot before the second best of any.
    """
    scores = salience(candidates)
    ranks: list[tuple[bool, int, int, int]] = []
    taken: Counter[int] = Counter()
    for number in sorted(range(len(candidates)), key=lambda each: (-scores[each], each)):
        window = candidates[number]
        ranks.append((window.end - window.start < SHORT, taken[window.shot], len(ranks), number))
        taken[window.shot] += 1
    return [candidates[number] for number in sorted(number for *_, number in sorted(ranks)[:count])]


def salience(candidates: list[Window]) -> list[float]:
    """Return the salience of each window, from 0 to 1."""
    measures = np.array([(each.motion, each.colour, each.sound) for each in candidates]).reshape(-1, 3)
    largest = measures.max(axis=0, initial=0.0)
    shares = np.divide(measures, largest, out=np.zeros_like(measures), where=largest > 0)
    mean: list[float] = shares.mean(axis=1).tolist()
    return mean


def energies(path: Path) -> NDArray[np.float64]:
    """Return the mean square of the sound for each tenth of a second; full scale is 1. None without sound."""
    size = int(BLOCK * LOUDNESS_RATE)
    rest = np.zeros(0)
    found: list[NDArray[np.float64]] = []
    for piece in sound(path, LOUDNESS_RATE, 1):
        rest = np.concatenate([rest, piece[:, 0] / 32768])
        whole = len(rest) // size * size
        found.append(np.square(rest[:whole]).reshape(-1, size).mean(axis=1))
        rest = rest[whole:]
    return np.concatenate(found) if found else np.zeros(0)


def _best(seen: Seen, first: int, after: int) -> int:
    """Find the picture that is sharp and has the colours that its window has on the whole.

    It has the largest `sharpness / largest sharpness * (1 - distance from the mean colour histogram)`.
    """
    histograms = seen.histograms[first:after]
    typical = 1 - np.abs(histograms - histograms.mean(axis=0)).sum(axis=1) / 2
    sharpness = seen.sharpness[first:after]
    return first + int(np.argmax(sharpness / max(float(sharpness.max()), 1e-12) * typical))


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else 0.0
