"""Images as the 1,280 pooled features of EfficientNet-Lite0."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from io import BytesIO
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gnn.device import device
from gnn.encoders import efficientnet
from gnn.encoders.base import Array, Encoder, fingerprint
from mmkg.errors import MediaError

Pixels = NDArray[np.uint8]

REVISION = 1
"""To be raised whenever the code below gives other numbers than before."""
MAX_PIXELS = 50_000_000


class PixelNetwork:
    """The network behind images and video frames.

    Args:
        part: `forward` for the pooled features, (n, 1280);
            `grid` to stop before its last blocks, (n, 192, 7, 7).
    """

    def __init__(self, part: Literal["forward", "grid"] = "forward") -> None:
        self.part = part

    def __call__(self, pixels: Sequence[Pixels] | Pixels) -> Array:
        """Run the network on pixels of (n, 224, 224, 3) with values from 0 to 255."""
        batch = torch.from_numpy(np.stack(list(pixels))).to(self._device)
        with torch.inference_mode():
            # Moving the axes of height x width x channel gives channels_last without a copy.
            run = getattr(self._network, self.part)
            features: Array = run(batch.permute(0, 3, 1, 2).float()).contiguous().cpu().numpy()
        return features

    @cached_property
    def _device(self) -> torch.device:
        return device()

    @cached_property
    def _network(self) -> efficientnet.EfficientNetLite0:
        return efficientnet.EfficientNetLite0.pretrained().to(self._device)


class ImageEncoder(Encoder):
    """A poster or still to (1280,). The whole picture is scaled to a square: a crop would lose the title."""

    modality = "image"
    shape: ClassVar[tuple[int, ...]] = (efficientnet.FEATURES,)
    batch = 32
    part: ClassVar[Literal["forward", "grid"]] = "forward"
    told: ClassVar[tuple[str, ...]] = ()
    """What else the version tells."""

    def __init__(self) -> None:
        self.version = fingerprint(REVISION, efficientnet.version(), *self.told)
        self._network = PixelNetwork(self.part)

    def encode(self, prepared: Sequence[Pixels]) -> Array:
        """Encode pictures of (224, 224, 3) as (pictures, *shape)."""
        return self._network(prepared)

    def _decode(self, data: bytes) -> Pixels:
        with Image.open(BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(f"the picture has {image.width} x {image.height} pixels")
            image.draft("RGB", (2 * efficientnet.SIZE, 2 * efficientnet.SIZE))  # a JPEG is decoded no larger
            upright = ImageOps.exif_transpose(image).convert("RGB")
            square = upright.resize((efficientnet.SIZE, efficientnet.SIZE), Image.Resampling.BICUBIC)
        return np.asarray(square)


class ImageGridEncoder(ImageEncoder):
    """A poster or still to (192, 7, 7): before the last blocks of the network, which a model trains."""

    modality = "image_grid"
    shape = efficientnet.GRID
    part = "grid"
    told = ("grid",)
