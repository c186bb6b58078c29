"""The pictures and the sound of a video, on one clock: seconds since its video track begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.media import MAX_SECONDS, SIDEWAYS, THREADS, VIDEO_OPTIONS
from mmkg.errors import MediaError

Samples = NDArray[np.int16]
"""(samples, channels), 16 bits."""
Picture = NDArray[np.uint8]
"""(height, width, 3), red, green and blue."""

EARLY = 1e-4
"""Seconds by which a picture may seem to lie before a time that was rounded."""
LAYOUTS = {1: "mono", 2: "stereo"}


class Track(NamedTuple):
    """A video that is open."""

    container: InputContainer
    pictures: VideoStream
    origin: float
    """Seconds of the container's clock at which the pictures begin."""
    rate: Fraction
    """Pictures a second, on the average."""


@contextmanager
def opened(path: Path) -> Iterator[Track]:
    """Open a video.

    Raises:
        MediaError: it has no pictures, or cannot be decoded.
    """
    try:
        with av.open(str(path), options=VIDEO_OPTIONS) as container:
            streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not streams:
                raise MediaError("the file has no video track")
            stream = streams[0]
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = THREADS
            origin = float((stream.start_time or 0) * (stream.time_base or 0))
            yield Track(container, stream, origin, stream.average_rate or stream.guessed_rate or Fraction(25))
    except MemoryError:
        raise  # FFmpeg's own as well; it says nothing about the file, and the worker tells its limit
    except av.FFmpegError as error:  # whose text names the file, which is a copy that is gone by then
        raise MediaError(f"the trailer cannot be decoded ({error.strerror})") from error


def frames(
    path: Path, start: float = 0.0, end: float = inf, *, seek: bool = True
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield the pictures from `start` until before `end`, each with its time; the times increase.

    Args:
        path: the video.
        start: in seconds.
        end: in seconds.
        seek: jump to the key picture before `start`. Where a file's index leads too far, all is decoded.
    """
    with opened(path) as (container, stream, origin, rate):
        jumped = seek and start > 0
        if jumped:
            container.seek(int((origin + start) / (stream.time_base or 1)), stream=stream)
        last = -inf
        for frame in container.decode(stream):
            time = last + float(1 / rate) if frame.time is None else frame.time - origin
            if jumped and last == -inf and time > start + EARLY:
                break
            if time >= end - EARLY:
                return
            if time > last and time >= start - EARLY:
                yield time, frame
            last = max(last, time)
        else:
            return
    yield from frames(path, start, end, seek=False)


def upright(frame: VideoFrame) -> VideoFrame:
    """Turn a picture as it is to be displayed; the camera of a telephone only notes how it was held."""
    rotation = -frame.rotation % 360
    if not rotation:
        return frame
    turned: Picture = np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), -rotation // 90))
    return VideoFrame.from_ndarray(turned, format="rgb24")


def fitted(frame: VideoFrame, side: int) -> tuple[int, int]:
    """Return the width and height, even and upright, that bring a picture's longer side to `side` at most."""
    width, height = frame.width, frame.height
    if -frame.rotation % 360 in SIDEWAYS:
        width, height = height, width
    longer = max(width, height, side)
    return tuple(max(2, round(each * side / longer / 2) * 2) for each in (width, height))  # type: ignore[return-value]


def sound_format(path: Path) -> tuple[int, int] | None:
    """Return the rate (Hz) and the channels, two at most, of the sound; None where there is none."""
    with opened(path) as (container, *_):
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        return stream.codec_context.sample_rate, min(2, stream.codec_context.channels)


def sound(path: Path, rate: int, channels: int, start: float = 0.0, end: float = inf) -> Iterator[Samples]:
    """Yield the sound from `start` until before `end`, piece by piece; nothing where there is none.

    Sound that begins after `start` has silence before it, so that it stays with its pictures. All is decoded
    from the beginning: it costs little beside the pictures, and no file's index is needed.
    """
    with opened(path) as (container, _, origin, _):
        if not container.streams.audio:
            return
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="s16", layout=LAYOUTS[channels], rate=rate)
        first = round(start * rate)
        after = inf if end == inf else round(end * rate)
        position: int | None = None
        for frame in container.decode(stream):
            if position is None:
                position = round(((frame.time or 0.0) - origin) * rate)
                if position > MAX_SECONDS * rate:
                    raise MediaError("the sound begins long after the pictures")
                if position > first:
                    yield np.zeros((int(min(position, after)) - first, channels), np.int16)
            for piece in resampler.resample(frame):
                samples = piece.to_ndarray().astype(np.int16, copy=False).reshape(-1, channels)
                skipped, kept = max(0, first - position), after - position
                position += len(samples)
                if kept <= 0:
                    return
                wanted = samples[skipped : int(min(kept, len(samples)))]
                if len(wanted):
                    yield wanted


def sound_part(path: Path, rate: int, channels: int, start: float, end: float) -> bytes:
    """Return a part of the sound as bytes, 16 bits a sample, the channels in turn."""
    return b"".join(piece.tobytes() for piece in sound(path, rate, channels, start, end))
