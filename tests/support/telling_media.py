"""Films of four kinds that nothing but their media tells apart, as files of a catalogue.

A user clicked all films of one kind, some of them before the split, others that nobody clicked before it. So
to find the latter a model must read off the media what kind a film is: from a picture its texture, from a
sound its rhythm, from a video the direction in which it moves, from a text its subject.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import soundfile
from PIL import Image
from scipy.ndimage import gaussian_filter

KINDS = 4
CLICKED, VALID, TEST = 12, 3, 7
"""Films of each kind by the split of their clicks."""
OF_KIND = CLICKED + VALID + TEST
USERS = 6
"""Of each kind."""
SUFFIXES = {"image": ".png", "audio": ".flac", "video": ".mp4"}

DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))
RHYTHMS = ("x.x.x.x.", "xx..xx..", "xxxx....", "xx.x..x.")
"""Four hits in a bar of eight: each sounds as much as the others."""
SUBJECTS = (
    ("detective", "murder", "police", "inspector", "killer", "evidence", "crime"),
    ("spaceship", "planet", "alien", "astronaut", "galaxy", "orbit", "rocket"),
    ("wedding", "love", "bride", "kiss", "romance", "marriage", "honeymoon"),
    ("football", "coach", "team", "championship", "stadium", "goal", "player"),
)

SIZE = 64
RATE = 16_000
FPS = 8
FRAMES = 8
Draw = np.random.Generator


def write(folder: Path, modality: str, seed: int = 0) -> Path:
    """Write a catalogue of `4 x 22` films, each with a medium of one modality, and the clicks on them."""
    draw = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    order = draw.permutation(KINDS * OF_KIND)  # so that an id tells nothing
    films = [(f"{place:03}", number % KINDS, number // KINDS) for number, place in enumerate(order)]
    plots = {}
    for film, kind, _ in sorted(films):
        if modality == "text":
            plots[film] = plot(draw, kind)
        else:
            path = folder / "media" / f"{film}{SUFFIXES[modality]}"
            path.parent.mkdir(exist_ok=True)
            MAKERS[modality](draw, kind, path)
    with (folder / "movies.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "title", "plot"])
        rows.writerows([film, f"Film {film}", plots.get(film, "")] for film, *_ in sorted(films))
    with (folder / "clicks.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["user", "item", "rating", "split"])
        for film, kind, number in films:
            split = "train" if number < CLICKED else "valid" if number < CLICKED + VALID else "test"
            rows.writerows([f"{kind}-{user}", film, 5, split] for user in range(USERS))
    return folder


def picture(draw: Draw, kind: int, path: Path) -> None:
    """Write a picture of two colours, half and half: upright, lying or leaning stripes, or checks."""
    down, along = np.mgrid[:SIZE, :SIZE]
    width, shift = draw.integers(3, 7), draw.integers(0, SIZE)
    stripes = ((along + shift) // width, (down + shift) // width, (along + down + shift) // width)
    bright = (stripes[kind] if kind < len(stripes) else stripes[0] + stripes[1]) % 2 == 1
    one, other = draw.integers(0, 256, (2, 3))
    Image.fromarray(np.where(bright[..., None], one, other).astype(np.uint8)).save(path)


def sound(draw: Draw, kind: int, path: Path) -> None:
    """Write two bars of hits of one noise, which begin anywhere in the bar."""
    slot = RATE // 8
    time = np.arange(slot) / RATE
    tone = np.sin(2 * np.pi * draw.uniform(200, 3000) * time) + draw.normal(0, 0.5, slot)
    hit = 0.2 * tone * np.exp(-time / 0.03)
    bar = np.concatenate([hit if mark == "x" else np.zeros(slot) for mark in RHYTHMS[kind]])
    soundfile.write(path, np.roll(np.tile(bar, 2), draw.integers(0, len(bar))), RATE)


def video(draw: Draw, kind: int, path: Path) -> None:
    """Write a pattern that moves round and round: each picture is the first one, shifted."""
    pattern = gaussian_filter(draw.normal(size=(SIZE, SIZE)), 3, mode="wrap")
    pixels = (128 + 50 * pattern / pattern.std()).clip(0, 255).astype(np.uint8)
    speed = draw.uniform(3, 6)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for number in range(FRAMES):
            shift = [round(number * speed) * step for step in DIRECTIONS[kind]]
            shown = np.roll(pixels, shift, (0, 1))
            frame = av.VideoFrame.from_ndarray(np.repeat(shown[..., None], 3, 2), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def plot(draw: Draw, kind: int) -> str:
    """Make words of one subject."""
    return " ".join(draw.choice(SUBJECTS[kind], 4, replace=False))


MAKERS: dict[str, Callable[[Draw, int, Path], None]] = {"image": picture, "audio": sound, "video": video}
