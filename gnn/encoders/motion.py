"""Videos as short bursts of small grey pictures, close enough in time to show what moves and how.

The frames of `gnn.encoders.video` lie seconds apart in a trailer: they show what there is, and no motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation

from gnn.encoders.base import Array, Encoder, fingerprint
from gnn.encoders.image import Pixels
from gnn.encoders.video import NO_OTHER_FILES, Timeline

REVISION = 1
"""To be raised whenever the code below gives other numbers than before."""
BURSTS = 4
FRAMES = 8
RATE = 12
"""Frames a second within a burst, which lasts 2/3 s."""
SIZE = 32


class MotionEncoder(Encoder):
    """A trailer or clip to (4, 8, 32, 32): grey levels from 0 to 1, of four bursts in order.

    The bursts begin in the middle of four equal parts. At the end of a video its last frame stays.
    """

    modality = "motion"
    shape = (BURSTS, FRAMES, SIZE, SIZE)
    batch = 32

    def __init__(self) -> None:
        self.version = fingerprint(REVISION, *self.shape, RATE)

    def encode(self, prepared: Sequence[Pixels]) -> Array:
        """Encode videos of (4, 8, 32, 32) bytes as (videos, 4, 8, 32, 32)."""
        levels: Array = np.stack(list(prepared)).astype(np.float32) / np.float32(255)
        return levels

    def _decode(self, data: bytes) -> Pixels:
        with av.open(BytesIO(data), options=NO_OTHER_FILES) as container:
            timeline = Timeline(container)
            last = max(0.0, timeline.seconds - FRAMES / RATE)
            starts = [min(timeline.seconds * (part + 0.5) / BURSTS, last) for part in range(BURSTS)]
            bursts = [
                [_grey(frame) for frame in timeline.frames([start + k / RATE for k in range(FRAMES)])]
                for start in starts
            ]
        return np.array(bursts, dtype=np.uint8)


def _grey(frame: VideoFrame) -> Pixels:
    small = frame.reformat(width=SIZE, height=SIZE, format="gray", interpolation=Interpolation.AREA)
    return np.asarray(small.to_ndarray(), dtype=np.uint8)
