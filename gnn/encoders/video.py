"""Videos as the image features of evenly spaced frames; the model convolves over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation

from gnn.encoders import efficientnet
from gnn.encoders.base import Array, Encoder, fingerprint
from gnn.encoders.image import PixelNetwork, Pixels
from mmkg.errors import MediaError

REVISION = 1
"""To be raised whenever the code below gives other numbers than before."""
FRAMES = 16
NO_OTHER_FILES = {"protocol_whitelist": "none"}
"""A playlist in disguise opens nothing."""


class VideoEncoder(Encoder):
    """A trailer or clip to (16, 1280): features of the frames in the middle of 16 equal parts, in order."""

    modality = "video"
    shape = (FRAMES, efficientnet.FEATURES)
    batch = 2

    def __init__(self) -> None:
        self.version = fingerprint(REVISION, FRAMES, efficientnet.version())
        self._network = PixelNetwork()

    def encode(self, prepared: Sequence[Pixels]) -> Array:
        """Encode videos of (16, 224, 224, 3) as (videos, 16, 1280)."""
        return self._network(np.concatenate(list(prepared))).reshape(len(prepared), *self.shape)

    def _decode(self, data: bytes) -> Pixels:
        with av.open(BytesIO(data), options=NO_OTHER_FILES) as container:
            if not container.streams.video:
                raise MediaError("the file has no video track")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            tick = stream.time_base or Fraction(0)
            seconds = float((stream.duration or 0) * tick) or (container.duration or 0) / 1e6
            start = float((stream.start_time or 0) * tick)
            frames = [_pixels(frame) for frame in _frames(container, stream, start, seconds)]
        return np.stack(frames)


def _frames(
    container: av.container.InputContainer, stream: av.VideoStream, start: float, seconds: float
) -> Iterator[VideoFrame]:
    """Yield the frame that is shown in the middle of each of the equal parts."""
    shown = None
    for part in range(FRAMES):
        moment = start + seconds * (part + 0.5) / FRAMES
        # From the key frame before the moment: decoding all of a long trailer for 16 frames would be a waste.
        container.seek(int(moment / (stream.time_base or 1)), stream=stream)
        for frame in container.decode(stream):
            if shown is None or (frame.time or 0.0) <= moment:
                shown = frame
            if (frame.time or 0.0) >= moment:
                break
        if shown is None:
            raise MediaError("the video has no frames")
        yield shown


def _pixels(frame: VideoFrame) -> Pixels:
    size = efficientnet.SIZE
    small = frame.reformat(width=size, height=size, format="rgb24", interpolation=Interpolation.AREA)
    return np.asarray(small.to_ndarray(), dtype=np.uint8)
