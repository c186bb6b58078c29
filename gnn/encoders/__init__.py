"""Frozen pretrained encoders, one a modality: from the bytes of a medium to an array of fixed shape."""

from __future__ import annotations

from importlib import import_module

from gnn.encoders.base import Array, Encoder

ENCODERS = {"text": "TextEncoder", "image": "ImageEncoder", "audio": "AudioEncoder", "video": "VideoEncoder"}
"""By modality, which is also the name of the module, the class of its encoder."""

__all__ = ["ENCODERS", "Array", "Encoder", "make"]


def make(modality: str) -> Encoder:
    """Make the encoder of a modality; its weights are loaded when it first encodes."""
    # Imported here, because each brings libraries that take seconds to load.
    module = import_module(f"gnn.encoders.{modality}")
    encoder: Encoder = getattr(module, ENCODERS[modality])()
    return encoder
