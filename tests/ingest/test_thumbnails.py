from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ingest.media import examine, probe
from ingest.thumbnails import SIDE, fitted, thumbnail


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    assert image.format == "JPEG"
    return image


def test_it_is_small_upright_and_tells_nothing_of_the_photo(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    exif[0x010E] = "taken at home"
    photo = Image.new("RGB", (900, 600), "navy")
    photo.paste("red", (0, 0, 450, 600))
    photo.save(tmp_path / "a.jpg", exif=exif, comment=b"secret", icc_profile=b"profile")
    found, data = examine(tmp_path / "a.jpg", "Poster")
    image = opened(data)
    assert image.size == (found["thumbnail_width"], found["thumbnail_height"]) == (171, SIDE)
    assert not image.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(image.info)
    above, below = (image.getpixel((85, y)) for y in (20, 235))
    assert above[0] > 200 > 100 > below[0]
    assert found == probe(tmp_path / "a.jpg", "Poster")
    assert examine(tmp_path / "a.jpg", "Poster")[1] == data


def test_what_is_transparent_becomes_white_and_bleeds_no_colour() -> None:
    picture = Image.new("RGBA", (1000, 1000), (255, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 500, 1000))
    pixels = np.asarray(opened(thumbnail(picture)[0])).astype(int)
    assert pixels[:, 140:].min() > 240
    assert pixels[:, :116].max() < 15
    assert np.ptp(pixels, axis=2).max() < 20  # no red


def test_sixteen_bits_of_grey_are_not_all_white() -> None:
    ramp = np.tile(np.linspace(0, 65535, 300), (200, 1)).astype(np.uint16)
    pixels = np.asarray(opened(thumbnail(Image.fromarray(ramp))[0]))
    assert pixels[:, 5].mean() < 20
    assert 110 < pixels[:, 128].mean() < 145
    assert pixels[:, -5].mean() > 235


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F"])
def test_every_kind_of_picture_has_one(mode: str) -> None:
    picture = Image.effect_mandelbrot((500, 300), (-2, -1.5, 1, 1.5), 50).convert("RGB").convert(mode)
    assert opened(thumbnail(picture)[0]).size == (256, 154)


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_it_never_grows_and_keeps_its_shape(width: int, height: int) -> None:
    small = fitted(width, height)
    assert max(small) == min(SIDE, max(width, height))
    assert min(small) >= 1
    if max(width, height) <= SIDE:
        assert small == (width, height)
    else:
        assert abs(small[0] * height - small[1] * width) <= max(width, height)
