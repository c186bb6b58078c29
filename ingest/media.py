"""What a media file is, found out by decoding it: nothing that cannot be shown or heard enters the graph.

A file comes from strangers, so its name and extension prove nothing, and what it may cost is bounded: bytes,
pixels, seconds of play. `probe` and `examine` take and return plain values, so that they can run in a process
of `ingest.workers`, which bounds the memory and the time as well and outlives a decoder that crashes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import imagehash
import numpy as np
import soundfile
from av.stream import Disposition
from PIL import Image, ImageOps

from ingest.thumbnails import eight_bits, thumbnail
from kg.model import Scalar
from mmkg.errors import MediaError

Properties = dict[str, Scalar]
Examined = tuple[Properties, bytes]
"""What a file is, and its thumbnail; empty where it is no picture."""

MEGABYTE = 1 << 20
MAX_PIXELS = 50_000_000
MAX_CHANNELS = 32
MAX_SECONDS = 30 * 60
THREADS = min(4, os.cpu_count() or 1)
"""Of one video's decoder: each holds pictures, and several files are decoded at a time."""

COLOURS = {"1": "grey", "L": "grey", "LA": "grey", "I": "grey", "F": "grey", "P": "palette", "PA": "palette"}
"""Pillow's modes in plain words, where they are not: `RGB`, `RGBA`, `CMYK`, …"""
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
SOUND_TYPES = {
    "AIFF": "audio/aiff",
    "FLAC": "audio/flac",
    "MP3": "audio/mpeg",
    "OGG": "audio/ogg",
    "WAV": "audio/wav",
    "WAVEX": "audio/wav",
}
VIDEO_TYPES = {
    "asf": "video/x-ms-asf",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "matroska,webm": "video/webm",
    "mov,mp4,m4a,3gp,3g2,mj2": "video/mp4",
    "mpeg": "video/mpeg",
    "mpegts": "video/mp2t",
    "ogg": "video/ogg",
}
"""The names of FFmpeg's demuxers. Playlists are not among them: they would make it open other files."""
SIDEWAYS = (90, 270)
VIDEO_OPTIONS = {"format_whitelist": ",".join(VIDEO_TYPES), "protocol_whitelist": "file"}

SILENCE = 1e-3
"""A sound whose loudest sample stays below this (-60 dB of full scale) is silence."""
SOUND_BLOCK = 1 << 16


def probe(path: Path, kind: str) -> Properties:
    """Decode a media file from beginning to end and return its technical properties.

    Args:
        path: the file.
        kind: `Poster`, `Still`, `Trailer`, `Clip`, `Audio` or `Text`.

    Returns:
        `mime`, as the content shows it, and by kind:
        of images `width`, `height` (pixels, as displayed), `colour`, `animated`, `phash` (perceptual hash, 16
        hexadecimal digits), `thumbnail_width` and `thumbnail_height`;
        of videos `width`, `height`, `rotation` (degrees clockwise from how it is stored to how it is
        displayed), `seconds`, `fps`, `bit_rate` (bits a second, of all tracks), `codec`, `has_audio`;
        of sounds `seconds`, `sample_rate` (Hz), `channels`, `codec`, `silent`; of texts `characters`.

    Raises:
        MediaError: the file is missing, empty, too large, truncated, damaged, or not of that kind.
        MemoryError: decoding takes more memory than this process may have.
    """
    return examine(path, kind)[0]


def examine(path: Path, kind: str) -> Examined:
    """Do as `probe`, and return the thumbnail of a picture with it: the file is decoded once for both."""
    prober = PROBERS[kind]
    if not path.is_file():
        raise MediaError("there is no such file", where=str(path))
    size = path.stat().st_size
    if size == 0:
        raise MediaError("the file is empty", where=str(path))
    if size > prober.max_bytes:
        raise MediaError(
            f"the file has {size / MEGABYTE:.0f} MB, {prober.max_bytes // MEGABYTE} is the limit",
            where=str(path),
        )
    try:
        return prober.run(path)
    except MemoryError:
        raise  # says nothing about the file; the worker tells its limit
    except MediaError as error:
        raise MediaError(error.what, where=str(path)) from error.__cause__
    except Image.DecompressionBombError as error:  # Pillow's own limit, which is higher, comes first
        raise MediaError(
            f"the picture has more than {MAX_PIXELS} pixels, which is the limit", where=str(path)
        ) from error
    except Exception as error:  # decoders raise whatever a hostile file makes them trip over
        raise MediaError(
            f"the file is no readable {prober.what}, or it is truncated ({_first_line(error)})",
            where=str(path),
        ) from error


def _probe_image(path: Path) -> Examined:
    with Image.open(path, formats=IMAGE_FORMATS) as image:
        _check_pixels(image.width, image.height)
        # MPO is what phones make: a JPEG with further pictures behind the first.
        format = "JPEG" if image.format == "MPO" else str(image.format)
        animated = format != "JPEG" and getattr(image, "is_animated", False)
        upright = ImageOps.exif_transpose(image)  # decodes the pixels, so a truncated file fails here
        small, width, height = thumbnail(upright)
        mode = upright.mode.partition(";")[0]
        properties: Properties = {
            "mime": Image.MIME[format],
            "width": upright.width,
            "height": upright.height,
            "colour": COLOURS.get(mode, mode),
            "animated": animated,
            "phash": str(imagehash.phash(eight_bits(upright).convert("RGB"))),
            "thumbnail_width": width,
            "thumbnail_height": height,
        }
        return properties, small


def _probe_sound(path: Path) -> Examined:
    with soundfile.SoundFile(path) as sound:
        mime = SOUND_TYPES.get(sound.format)
        if mime is None:
            raise MediaError(f"sounds of the format {sound.format} are not supported")
        if sound.channels > MAX_CHANNELS:
            raise MediaError(f"the sound has {sound.channels} channels, {MAX_CHANNELS} is the limit")
        if sound.format == "MP3" and sound.subtype != "MPEG_LAYER_III":
            raise MediaError("the file is no MP3")  # any two bytes 0xFF 0xFE look like a sound of layer I
        seconds = sound.frames / sound.samplerate
        _check_seconds(seconds)
        decoded, peak = 0, 0.0
        # Not sound.blocks(): where the decoder comes up short, that hands out what is left in its buffer.
        while len(block := sound.read(SOUND_BLOCK, dtype="float32")):
            if not np.isfinite(block).all():
                raise MediaError("the sound holds a value that is no number")
            decoded += len(block)
            peak = max(peak, float(np.abs(block).max()))
        if decoded < sound.frames or "should be" in sound.extra_info:
            # libsndfile shortens a WAV file whose header promises more, and says so in its log alone.
            raise MediaError(f"the sound is truncated after {decoded / sound.samplerate:.1f} s")
        if decoded == 0:
            raise MediaError("the sound has no samples")
        properties: Properties = {
            "mime": mime,
            "seconds": round(seconds, 3),
            "sample_rate": sound.samplerate,
            "channels": sound.channels,
            "codec": sound.subtype.lower(),
            "silent": peak < SILENCE,
        }
        return properties, b""


def _probe_video(path: Path) -> Examined:
    with av.open(str(path), options=VIDEO_OPTIONS) as container:
        pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not pictures:
            raise MediaError("the file has no video track")
        stream = pictures[0]
        _check_pixels(stream.codec_context.width, stream.codec_context.height)
        tick = stream.time_base or Fraction(0)
        claimed = float((stream.duration or 0) * tick) or (container.duration or 0) / 1e6
        # A container's duration is that of its longest track.
        slack = (0.1 if stream.duration else 1.0) + 0.01 * claimed
        _check_seconds(claimed)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = THREADS
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        first, last, rotation = None, 0.0, 0
        for frame in container.decode(stream):
            _check_pixels(frame.width, frame.height)  # they may change on the way
            last = frame.time or 0.0
            if first is None:
                first, rotation = last, -frame.rotation % 360
            _check_seconds(last - first)
        if first is None:
            raise MediaError("the video has no frames")
        seconds = last - first + float(1 / rate)
        if seconds < claimed - slack:
            raise MediaError(f"the video is truncated: it ends after {seconds:.1f} of {claimed:.1f} s")
        width, height = stream.codec_context.width, stream.codec_context.height
        properties: Properties = {
            "mime": VIDEO_TYPES[container.format.name],
            "width": height if rotation in SIDEWAYS else width,
            "height": width if rotation in SIDEWAYS else height,
            "rotation": rotation,
            "seconds": round(seconds, 3),
            "fps": round(float(rate), 3),
            "bit_rate": round(8 * path.stat().st_size / seconds),
            "codec": stream.codec_context.codec.canonical_name,
            "has_audio": bool(container.streams.audio),
        }
        return properties, b""


def _probe_text(path: Path) -> Examined:
    text = path.read_text(encoding="utf-8-sig")
    if not text.strip():
        raise MediaError("the text is blank")
    if "\0" in text:
        raise MediaError("the file is no text: it holds null characters")
    return {"mime": "text/plain; charset=utf-8", "characters": len(text)}, b""


@dataclass(frozen=True)
class _Prober:
    what: str
    max_bytes: int
    seconds: float
    """How long a worker may take; real trailers decode many times faster than they play."""
    run: Callable[[Path], Examined]


_IMAGE = _Prober("image", 64 * MEGABYTE, 60, _probe_image)
_VIDEO = _Prober("video", 4096 * MEGABYTE, 300, _probe_video)
PROBERS = {
    "Poster": _IMAGE,
    "Still": _IMAGE,
    "Trailer": _VIDEO,
    "Clip": _VIDEO,
    "Audio": _Prober("sound", 1024 * MEGABYTE, 120, _probe_sound),
    "Text": _Prober("text", 16 * MEGABYTE, 30, _probe_text),
}
"""How each kind of media node is probed."""


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise MediaError(f"the picture has {width} x {height} pixels, {MAX_PIXELS} is the limit")


def _check_seconds(seconds: float) -> None:
    if seconds > MAX_SECONDS:
        raise MediaError(f"it plays for {seconds:.0f} s, {MAX_SECONDS} is the limit")


def _first_line(error: Exception) -> str:
    """Say what a decoder complains of; an OSError's whole text would repeat the path."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return next(iter(text.splitlines()), type(error).__name__)
