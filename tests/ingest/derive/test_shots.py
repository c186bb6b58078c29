"""Cuts are found exactly, and nothing else is taken for one."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import trailers

from ingest.derive.highlights import choose, energies, highlights, windows
from ingest.derive.shots import cuts, look, shots
from mmkg.errors import MediaError

BUNNY = Path(__file__).parents[3].parent / "shared" / "data" / "media" / "big-buck-bunny-30s.mp4"


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_cuts_are_found_exactly(tmp_path: Path, codec: str) -> None:
    lengths = [24, 7, 36, 48, 10, 60]
    seen = look(trailers.trailer(tmp_path / "a.mp4", lengths, codec=codec))
    assert len(seen.times) == sum(lengths)
    assert cuts(seen) == np.cumsum(lengths)[:-1].tolist()
    assert seen.seconds == pytest.approx(sum(lengths) / trailers.RATE, abs=0.01)


def test_a_fade_and_a_flash_are_no_cuts(tmp_path: Path) -> None:
    path = tmp_path / "fade.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = trailers.WIDTH, trailers.HEIGHT, "yuv420p"
        for frame in range(96):
            light = min(1.0, frame / 48)
            picture = (trailers.scene(3, frame) * light).astype(np.uint8)
            if frame == 72:
                picture = np.full_like(picture, 255)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    assert cuts(look(path)) == []


@pytest.mark.skipif(not BUNNY.exists(), reason="the film is not here")
def test_cuts_of_a_real_film() -> None:
    seen = look(BUNNY)
    assert [round(float(seen.times[number]), 2) for number in cuts(seen)] == [11.88, 15.75, 23.04]


def test_highlights_are_the_loudest_where_all_else_is_alike(tmp_path: Path) -> None:
    sound = np.concatenate([trailers.chord(2, loudness) for loudness in (0.01, 0.02, 0.5, 0.01)])
    path = trailers.trailer(tmp_path / "a.mp4", [48, 48, 48, 48], sound=sound)
    ((start, end, still),) = highlights(path, 1, 5.0)
    assert (start, end) == (pytest.approx(4.0, abs=0.01), pytest.approx(6.0, abs=0.01))
    assert start <= still < end


def test_clips_are_bounded_and_do_not_overlap(tmp_path: Path) -> None:
    path = trailers.trailer(tmp_path / "a.mp4", [120, 5, 24, 5])
    chosen = highlights(path, 9, 1.5)
    assert len(chosen) == 7  # four parts of the first shot, and each of the others
    assert all(0 < end - start <= 1.5 + 1e-6 and start <= still < end for start, end, still in chosen)
    assert all(one[1] <= other[0] + 1e-6 for one, other in pairwise(chosen))


def test_every_shot_comes_before_a_second_part_of_one_and_long_before_short(tmp_path: Path) -> None:
    path = trailers.trailer(tmp_path / "a.mp4", [120, 8, 36])
    seen = look(path)
    found = windows(seen, shots(seen), energies(path), 1.5)
    assert {window.shot for window in choose(found, 2)} == {0, 2}
    assert 1 not in {window.shot for window in choose(found, 4)}


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        wave = np.zeros((1, 16_000), np.int16)
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(MediaError, match="no video track"):
        look(sound)


def test_what_is_no_video_is_refused_without_naming_the_copy(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(MediaError, match="cannot be decoded") as refused:
        look(tmp_path / "text.mp4")
    assert str(tmp_path) not in refused.value.what
