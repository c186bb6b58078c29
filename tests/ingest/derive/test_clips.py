"""What is cut and encoded: the right part of the video, and the same bytes each time."""

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
import trailers
from PIL import Image

from ingest.derive.clips import clip, still
from ingest.derive.decoding import frames, sound, sound_format
from ingest.media import probe
from mmkg.errors import MediaError


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes of 1, 1.5 and 2 seconds; a chord sounds in the second."""
    sound = np.concatenate([trailers.silence(1), trailers.chord(1.5), trailers.silence(2)])
    return trailers.trailer(tmp_path_factory.mktemp("trailer") / "a.mp4", [24, 36, 48], sound=sound)


def test_a_clip_holds_its_part_of_pictures_and_sound(path: Path, tmp_path: Path) -> None:
    cut = tmp_path / "clip.mp4"
    cut.write_bytes(clip(path, 1.0, 2.5))
    found = probe(cut, "Clip")
    assert found["codec"] == "h264"
    assert found["has_audio"] is True
    assert found["seconds"] == pytest.approx(1.5, abs=0.05)
    for (_, ours), (_, theirs) in zip(frames(cut), frames(path, 1.0, 2.5), strict=True):
        difference = np.abs(ours.to_ndarray(format="gray").astype(int) - theirs.to_ndarray(format="gray"))
        assert difference.mean() < 12
    heard = np.concatenate(list(sound(cut, 16_000, 1))) / 32768
    assert np.sqrt(np.square(heard[1000:-3000]).mean()) > 0.03
    with av.open(str(cut)) as container:
        assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"]


def test_the_same_part_has_the_same_bytes(path: Path) -> None:
    assert clip(path, 1.0, 2.5) == clip(path, 1.0, 2.5)
    assert still(path, 1.5) == still(path, 1.5)


def test_a_clip_of_a_silent_film_has_no_sound(tmp_path: Path) -> None:
    cut = tmp_path / "clip.mp4"
    cut.write_bytes(clip(trailers.trailer(tmp_path / "a.mp4", [24]), 0.0, 0.5))
    assert probe(cut, "Clip")["has_audio"] is False


def test_a_still_is_the_picture_of_its_time(path: Path) -> None:
    image = np.asarray(Image.open(BytesIO(still(path, 30 / trailers.RATE))).convert("RGB")).astype(int)
    assert np.abs(image - trailers.scene(1, 6)).mean() < 8


def test_where_there_is_no_picture_there_is_nothing_to_cut(path: Path) -> None:
    with pytest.raises(MediaError, match="no picture"):
        still(path, 100.0)
    with pytest.raises(MediaError, match="no picture"):
        clip(path, 100.0, 101.0)


def test_jumping_leads_to_the_same_pictures(path: Path) -> None:
    jumped = [time for time, _ in frames(path, 2.0, 3.0)]
    assert jumped == [time for time, _ in frames(path, 2.0, 3.0, seek=False)]
    assert len(jumped) == trailers.RATE


def test_sound_is_on_the_clock_of_the_pictures(path: Path) -> None:
    assert sound_format(path) == (trailers.SOUND_RATE, 1)
    whole = np.concatenate(list(sound(path, 16_000, 1)))
    part = np.concatenate(list(sound(path, 16_000, 1, 0.9, 1.1)))
    assert len(part) == 3200
    assert (part == whole[14_400:17_600]).all()
    assert np.abs(part[:1000]).max() < 1000 < np.abs(part[-1000:]).max()
