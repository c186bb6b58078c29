"""Thumbnails: small pictures for lists and graphs, made of nothing but the pixels that are seen."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

SIDE = 256
"""Pixels of the longer side, at most."""
QUALITY = 85
MIME = "image/jpeg"
DEEP = 256
"""What 16 bits of grey are divided by to be seen as 8."""


def thumbnail(image: Image.Image) -> tuple[bytes, int, int]:
    """Make the thumbnail of a picture: JPEG, as bytes, with its width and height in pixels.

    The same pixels make the same bytes, as long as the libraries are the same. What is transparent becomes
    white. A picture that is small already keeps its size.

    Args:
        image: the picture, upright.
    """
    small = image.convert("RGBA") if image.has_transparency_data else eight_bits(image).convert("RGB")
    size = fitted(small.width, small.height)
    if size != small.size:
        small = small.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    if small.mode == "RGBA":
        colours, small = small, Image.new("RGB", size, "white")
        small.paste(colours, mask=colours)
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY, exif=b"", icc_profile=None, comment=b"")
    return buffer.getvalue(), *size


def fitted(width: int, height: int) -> tuple[int, int]:
    """Return the size that a picture has as a thumbnail."""
    longer = max(width, height, SIDE)
    return max(1, round(width * SIDE / longer)), max(1, round(height * SIDE / longer))


def eight_bits(image: Image.Image) -> Image.Image:
    """Bring a grey picture of 16 bits to 8, where Pillow would cut off all that is brighter than black."""
    return image.point(lambda value: value / DEEP).convert("L") if image.mode.startswith("I;16") else image
