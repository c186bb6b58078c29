"""Clips and stills out of a video, as bytes: the same video and times make the same bytes.

The store names blobs by their content, so an encoder may use one thread alone and write neither times nor
versions. Other versions of FFmpeg's libraries, and for the sound other kinds of CPU, may make other bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from itertools import chain
from pathlib import Path
from platform import machine

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from PIL import Image

from ingest.derive.decoding import LAYOUTS, fitted, frames, opened, sound, sound_format, upright
from mmkg.errors import MediaError

CLIP_SIDE = 1280
"""Pixels of the longer side, at most."""
CLOCK = 90_000
"""Ticks a second: fine enough for every rate of pictures, also one that varies."""
SOUND_RATE = 48_000
BIT_RATE = 128_000
EXACT = {"flags": "+bitexact"}
PARAMETERS = ["mbtree=0"]
"""Without the macroblock tree: with it, x264 was seen to make other bytes of the same pictures."""
if machine() in {"x86_64", "AMD64"}:
    PARAMETERS.append("asm=sse2")  # what x264 has for newer processors gives other bytes than its C code
X264 = {"preset": "veryfast", "crf": "23", "x264-params": ":".join(PARAMETERS), **EXACT}
MP4 = {"fflags": "+bitexact"}
QUALITY = 92


def clip(path: Path, start: float, end: float) -> bytes:
    """Cut a part of a video: MP4 with H.264 and, where there is sound, AAC.

    Args:
        path: the video.
        start: seconds of its first picture.
        end: seconds before which its last picture begins, and at which its sound ends.

    Raises:
        MediaError: there are no pictures there.
    """
    pictures = frames(path, start, end)
    first = next(pictures, None)
    if first is None:
        raise MediaError(f"there is no picture at {start:.2f} s")
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4", options=MP4) as container:
        video = _video_stream(container, path, first[1])
        audio = None
        if heard := sound_format(path):
            audio = container.add_stream("aac", rate=SOUND_RATE, layout=LAYOUTS[heard[1]], options=EXACT)
            audio.bit_rate = BIT_RATE
            audio.codec_context.thread_count = 1
            samples = _sound_frames(path, heard[1], start, end)
        for time, picture in chain([first], pictures):
            frame = upright(picture).reformat(
                video.width, video.height, format="yuv420p", interpolation=Interpolation.AREA
            )
            frame.pts, frame.time_base = round((time - start) * CLOCK), Fraction(1, CLOCK)
            frame.pict_type = PictureType.NONE  # the encoder decides, not what the picture was in the trailer
            container.mux(video.encode(frame))
            if audio:  # a player reads both in turn
                for position, piece in samples:
                    container.mux(audio.encode(piece))
                    if position >= time - start:
                        break
        container.mux(video.encode())
        if audio:
            for _, piece in samples:
                container.mux(audio.encode(piece))
            container.mux(audio.encode())
    return buffer.getvalue()


def _video_stream(container: OutputContainer, path: Path, picture: VideoFrame) -> VideoStream:
    with opened(path) as track:
        stream = container.add_stream("libx264", rate=track.rate, options=X264)
        if -picture.rotation % 180 == 0 and track.pictures.sample_aspect_ratio:
            stream.codec_context.sample_aspect_ratio = track.pictures.sample_aspect_ratio
    stream.width, stream.height = fitted(picture, CLIP_SIDE)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = Fraction(1, CLOCK)
    return stream


def _sound_frames(path: Path, channels: int, start: float, end: float) -> Iterator[tuple[float, AudioFrame]]:
    """Yield the sound with the seconds since `start`."""
    position = 0
    for samples in sound(path, SOUND_RATE, channels, start, end):
        packed = np.ascontiguousarray(samples).reshape(1, -1)
        frame = AudioFrame.from_ndarray(packed, format="s16", layout=LAYOUTS[channels])
        frame.sample_rate, frame.time_base, frame.pts = SOUND_RATE, Fraction(1, SOUND_RATE), position
        yield position / SOUND_RATE, frame
        position += len(samples)


def still(path: Path, time: float) -> bytes:
    """Make a JPEG of the picture that is shown at a time, as large as the video.

    Raises:
        MediaError: there is no picture then.
    """
    for _, frame in frames(path, time):
        image = Image.fromarray(upright(frame).to_ndarray(format="rgb24"))
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=QUALITY, exif=b"", icc_profile=None, comment=b"")
        return buffer.getvalue()
    raise MediaError(f"there is no picture at {time:.2f} s")
