"""Small real media files: a poster, a sound, a trailer."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from PIL import Image, ImageDraw

RATE = 22_050


def poster(path: Path, size: tuple[int, int] = (120, 180), *, shift: int = 0, **options: Any) -> Path:
    image = Image.new("RGB", size, "navy")
    draw = ImageDraw.Draw(image)
    draw.ellipse((20 + shift, 20, 90 + shift, 90), fill="gold")
    draw.rectangle((10, 120, 110, 160), fill="crimson")
    image.save(path, **options)
    return path


def sound(path: Path, *, seconds: float = 1.0, loudness: float = 0.5, **options: Any) -> Path:
    time = np.arange(int(seconds * RATE)) / RATE
    soundfile.write(path, (loudness * np.sin(2 * np.pi * 440 * time)).astype(np.float32), RATE, **options)
    return path


def trailer(path: Path, *, frames: int = 48, audio: bool = False, faststart: bool = True) -> Path:
    with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        if audio:
            track = container.add_stream("aac", rate=RATE)
        noise = np.random.default_rng(0)
        for _ in range(frames):
            picture = noise.integers(0, 255, (96, 160, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
        if audio:
            wave = av.AudioFrame.from_ndarray(np.zeros((1, RATE), np.float32), format="fltp", layout="mono")
            wave.sample_rate, wave.time_base = RATE, Fraction(1, RATE)
            container.mux(track.encode(wave))
            container.mux(track.encode())
    return path
