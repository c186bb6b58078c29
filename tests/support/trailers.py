"""Trailers made for a test: scenes of moving colours with known cuts, and any sound."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 24
SOUND_RATE = 16_000
WIDTH, HEIGHT = 160, 96


def scene(seed: int, frame: int) -> NDArray[np.uint8]:
    """Draw a picture of a scene: two colours in bands that move a pixel a frame."""
    random = np.random.default_rng(seed)
    one, other = random.integers(0, 256, (2, 3))
    down, along = np.mgrid[:HEIGHT, :WIDTH]
    share = (1 + np.sin((along + frame + seed * down / 7) / 9))[..., None] / 2
    return (one * share + other * (1 - share)).astype(np.uint8)


def trailer(
    path: Path,
    lengths: Sequence[int] = (24, 36, 48),
    *,
    sound: NDArray[np.float64] | None = None,
    seed: int = 0,
    codec: str = "libx264",
) -> Path:
    """Write a video of one scene for each length, in pictures, with a sound of 16 kHz."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        track = None if sound is None else container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for number, length in enumerate(lengths):
            for frame in range(length):
                picture = av.VideoFrame.from_ndarray(scene(100 * seed + number, frame), format="rgb24")
                container.mux(stream.encode(picture))
        container.mux(stream.encode())
        if sound is not None and track is not None:
            wave = (32767 * sound).clip(-32768, 32767).astype(np.int16).reshape(1, -1)
            heard = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
            heard.sample_rate, heard.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
            container.mux(track.encode(heard))
            container.mux(track.encode())
    return path


def chord(seconds: float, loudness: float = 0.3) -> NDArray[np.float64]:
    """Make a chord of three tones with overtones."""
    time = np.arange(int(seconds * SOUND_RATE)) / SOUND_RATE
    tones = [np.sin(2 * np.pi * hertz * n * time) / n for hertz in (220, 277.2, 329.6) for n in (1, 2, 3)]
    return loudness * np.sum(tones, axis=0) / len(tones)


def noise(seconds: float, loudness: float = 0.1, *, dark: bool = False) -> NDArray[np.float64]:
    """Make white noise, or brown noise, which is as dark as a distant rumble."""
    wave = np.random.default_rng(0).standard_normal(int(seconds * SOUND_RATE))
    if dark:
        wave = np.cumsum(wave)
        wave -= np.convolve(wave, np.ones(801) / 801, "same")
    return loudness * wave / wave.std()


def silence(seconds: float) -> NDArray[np.float64]:
    """Make silence."""
    return np.zeros(int(seconds * SOUND_RATE))
