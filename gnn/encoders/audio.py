"""Sounds as log-mel spectrograms; the model has a trainable CNN over them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from io import BytesIO

import av
import numpy as np
import soundfile
import torch
from scipy.signal import resample_poly
from torch import Tensor

from gnn.encoders.base import Array, Encoder, fingerprint
from gnn.encoders.video import NO_OTHER_FILES
from mmkg.errors import MediaError

REVISION = 1
"""To be raised whenever the code below gives other numbers than before."""
RATE = 16_000
"""Samples a second: speech and most of music lie below 8 kHz."""
WINDOW = 1024
HOP = 1024
MELS = 64
FRAMES = 480
SAMPLES = FRAMES * HOP
"""30.72 s."""
LOWEST, HIGHEST = 20.0, RATE / 2
FLOOR = 1e-10
"""Power of silence: -100 dB."""


class AudioEncoder(Encoder):
    """A sound, or the sound track of a video, to (1, 64, 480): power in dB by mel band and time.

    Of a longer sound the middle 30.72 s count; a shorter one is followed by silence.
    """

    modality = "audio"
    shape = (1, MELS, FRAMES)
    batch = 64

    def __init__(self) -> None:
        self.version = fingerprint(REVISION, RATE, WINDOW, HOP, MELS, FRAMES, LOWEST, HIGHEST, FLOOR)

    def encode(self, prepared: Sequence[Array]) -> Array:
        """Encode waveforms of (491520,) as (sounds, 1, 64, 480)."""
        waves = torch.from_numpy(np.stack(list(prepared)))
        spectrum = torch.stft(
            waves, WINDOW, HOP, window=torch.hann_window(WINDOW), center=True, return_complex=True
        )
        power = spectrum.abs().square()[:, :, :FRAMES] / WINDOW  # (sounds, WINDOW / 2 + 1, FRAMES)
        decibels: Array = (10 * (self._filters @ power).clamp(min=FLOOR).log10()).unsqueeze(1).numpy()
        return decibels

    def _decode(self, data: bytes) -> Array:
        try:
            wave, rate = _read_sound(data)
        except soundfile.LibsndfileError:
            wave, rate = _read_sound_track(data)
        if not len(wave):
            raise MediaError("the sound has no samples")
        ratio = Fraction(RATE, rate)
        wave = resample_poly(wave, ratio.numerator, ratio.denominator).astype(np.float32)[:SAMPLES]
        return np.pad(wave, (0, SAMPLES - len(wave)))

    @cached_property
    def _filters(self) -> Tensor:
        return mel_filters()


def mel_filters() -> Tensor:
    """Make the triangles that sum a power spectrum by mel band: (64, 513).

    A mel is `2595 log10(1 + f / 700)`: O'Shaughnessy, "Speech Communication", 1987.
    """
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (LOWEST, HIGHEST))
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2595) - 1)
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.from_numpy(np.maximum(0, np.minimum(rising, falling)).astype(np.float32))


def _read_sound(data: bytes) -> tuple[Array, int]:
    """Read the middle of a sound file as one channel, and its rate."""
    with soundfile.SoundFile(BytesIO(data)) as sound:
        wanted = _needed(sound.samplerate)
        sound.seek(max(0, (sound.frames - wanted) // 2))
        samples: Array = sound.read(wanted, dtype="float32", always_2d=True)
        return samples.mean(1), sound.samplerate


def _read_sound_track(data: bytes) -> tuple[Array, int]:
    """Read the middle of a video's sound track as one channel, at our rate."""
    with av.open(BytesIO(data), options=NO_OTHER_FILES) as container:
        if not container.streams.audio:
            raise MediaError("the file has no sound track")
        stream = container.streams.audio[0]
        skip = max(0.0, (container.duration or 0) / 1e6 - SAMPLES / RATE) / 2
        if skip:
            container.seek(int(skip * 1e6))
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        pieces: list[Array] = []
        for frame in container.decode(stream):
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            if sum(map(len, pieces)) >= SAMPLES:
                break
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32), RATE


def _needed(rate: int) -> int:
    return -(-SAMPLES * rate // RATE)
