"""One vector a medium, by which media are compared, out of the encoders' features."""

from __future__ import annotations

import torch
from scipy.fft import dct
from torch import Tensor

COEFFICIENTS = slice(1, 20)
"""Of the cepstrum; number 0 is the loudness, which the same sound may have at any level."""
ACOUSTIC = 3 * len(range(20)[COEFFICIENTS])
SOUNDING = 60.0
"""dB below the loudest moment of a sound, under which a moment is silence: it follows short sounds."""


def visual(features: Tensor) -> Tensor:
    """Describe pictures, or videos by the mean of their frames: (n, [frames,] channels) to (n, channels)."""
    return features if features.dim() == 2 else features.mean(1)


def acoustic(features: Tensor) -> Tensor:
    """Describe sounds by their timbre: (n, 1, mels, frames) log-mel power to (n, 57).

    Mean and spread over time of the mel-frequency cepstral coefficients 1 to 19 and the mean step from one
    moment to the next: Logan, "Mel frequency cepstral coefficients for music modeling", ISMIR 2000.
    """
    described = []
    for decibels in features.squeeze(1):
        level = decibels.amax(0)
        sounding = decibels[:, level >= level.max() - SOUNDING]
        cepstrum = torch.from_numpy(dct(sounding.double().numpy(), axis=0, norm="ortho"))[COEFFICIENTS]
        steps = cepstrum.diff(dim=1).abs()
        parts = (cepstrum.mean(1), cepstrum.std(1, correction=0), steps.sum(1) / max(1, steps.shape[1]))
        described.append(torch.cat(parts).float())
    return torch.stack(described) if described else torch.zeros(0, ACOUSTIC)
