"""Encoders that stay as they are, one a view of media: from the bytes of a medium to an array."""

from __future__ import annotations

from importlib import import_module

from gnn.encoders.base import Array, Encoder

ENCODERS = {
    "text": ("text", "TextEncoder"),
    "image": ("image", "ImageEncoder"),
    "image_grid": ("image", "ImageGridEncoder"),
    "audio": ("audio", "AudioEncoder"),
    "video": ("video", "VideoEncoder"),
    "video_grid": ("video", "VideoGridEncoder"),
    "motion": ("motion", "MotionEncoder"),
}
"""By view (`gnn.sampler.VIEWS`), the module and the class of its encoder."""

__all__ = ["ENCODERS", "Array", "Encoder", "make"]


def make(view: str) -> Encoder:
    """Make the encoder of a view; its weights are loaded when it first encodes."""
    # Imported here, because each brings libraries that take seconds to load.
    module, name = ENCODERS[view]
    encoder: Encoder = getattr(import_module(f"gnn.encoders.{module}"), name)()
    return encoder
