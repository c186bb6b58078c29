"""Videos as the image features of evenly spaced frames; the model convolves over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from typing import ClassVar, Literal

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
    shape: ClassVar[tuple[int, ...]] = (FRAMES, efficientnet.FEATURES)
    batch = 2
    part: ClassVar[Literal["forward", "grid"]] = "forward"
    told: ClassVar[tuple[str, ...]] = ()
    """What else the version tells."""

    def __init__(self) -> None:
        self.version = fingerprint(REVISION, FRAMES, efficientnet.version(), *self.told)
        self._network = PixelNetwork(self.part)

    def encode(self, prepared: Sequence[Pixels]) -> Array:
        """Encode videos of (16, 224, 224, 3) as (videos, *shape); a frame that stays is encoded once."""
        frames = np.concatenate(list(prepared))
        other = np.append(True, (frames[1:] != frames[:-1]).any((1, 2, 3)))
        features = self._network(frames[other])[other.cumsum() - 1]
        encoded: Array = features.reshape(len(prepared), *self.shape)
        return encoded

    def _decode(self, data: bytes) -> Pixels:
        with av.open(BytesIO(data), options=NO_OTHER_FILES) as container:
            timeline = Timeline(container)
            moments = [timeline.seconds * (part + 0.5) / FRAMES for part in range(FRAMES)]
            # From the key frame before each: decoding all of a long trailer for 16 frames would be a waste.
            frames = [_pixels(frame) for moment in moments for frame in timeline.frames([moment])]
        return np.stack(frames)


class VideoGridEncoder(VideoEncoder):
    """A trailer or clip to (16, 192, 7, 7): before the last blocks of the network."""

    modality = "video_grid"
    shape = (FRAMES, *efficientnet.GRID)
    part = "grid"
    told = ("grid",)


class Timeline:
    """The video track of an open file, whose frames are found by the time at which they are shown.

    Raises:
        MediaError: the file has no video track.
    """

    def __init__(self, container: av.container.InputContainer) -> None:
        if not container.streams.video:
            raise MediaError("the file has no video track")
        self._container = container
        self._stream = stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        self._tick = stream.time_base or Fraction(1)
        self._start = float((stream.start_time or 0) * self._tick)
        self.seconds = float((stream.duration or 0) * self._tick) or (container.duration or 0) / 1e6
        """How long the video is."""
        self._shown: VideoFrame | None = None

    def frames(self, moments: Sequence[float]) -> Iterator[VideoFrame]:
        """Yield the frame shown at each of some moments, in seconds and rising; beyond the end, the last.

        Raises:
            MediaError: there is no frame.
        """
        self._container.seek(int((self._start + moments[0]) / self._tick), stream=self._stream)
        frames = self._container.decode(self._stream)
        following = next(frames, None)
        for moment in moments:
            while following and (self._shown is None or (following.time or 0.0) <= self._start + moment):
                self._shown, following = following, next(frames, None)
            if self._shown is None:
                raise MediaError("the video has no frames")
            yield self._shown


def _pixels(frame: VideoFrame) -> Pixels:
    size = efficientnet.SIZE
    small = frame.reformat(width=size, height=size, format="rgb24", interpolation=Interpolation.AREA)
    return np.asarray(small.to_ndarray(), dtype=np.uint8)
