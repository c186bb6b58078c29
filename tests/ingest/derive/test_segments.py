"""Music, noise and silence are told apart. Speech is not tested: nothing here can make any."""

from pathlib import Path

import numpy as np
import pytest
import trailers

from ingest.derive.segments import RATE, flatness, segments
from ingest.derive.trailer import heard


def of(path: Path, *sounds: np.ndarray) -> list[tuple[str, float, float]]:
    sound = np.concatenate(sounds)
    frames = int(trailers.RATE * len(sound) / trailers.SOUND_RATE) + 1
    return segments(trailers.trailer(path / "a.mp4", [frames], sound=sound))


def test_music_silence_and_noise_are_told_apart(tmp_path: Path) -> None:
    found = of(tmp_path, trailers.chord(3), trailers.silence(3), trailers.noise(3))
    assert [kind for kind, _, _ in found] == ["music", "silence", "noise"]
    assert [start for _, start, _ in found] == pytest.approx([0, 3, 6], abs=0.3)
    assert [end for _, _, end in found][:-1] == [start for _, start, _ in found][1:]
    told = heard(found)
    assert told["segment_kinds"] == ["music", "silence", "noise"]
    assert told["music_seconds"] == pytest.approx(3, abs=0.3)
    assert told["voice_seconds"] == 0


def test_a_rumble_is_noise_as_well(tmp_path: Path) -> None:
    assert [kind for kind, _, _ in of(tmp_path, trailers.noise(3, dark=True))] == ["noise"]


def test_a_moment_makes_no_segment(tmp_path: Path) -> None:
    found = of(tmp_path, trailers.chord(2), trailers.noise(0.1), trailers.chord(2))
    assert [kind for kind, _, _ in found] == ["music"]


def test_without_sound_there_is_no_segment(tmp_path: Path) -> None:
    assert segments(trailers.trailer(tmp_path / "a.mp4", [24])) == []


@pytest.mark.parametrize("loudness", [0.001, 0.3])
def test_flatness_tells_tones_from_noise_however_loud(loudness: float) -> None:
    assert flatness(trailers.chord(1, loudness)[:4096]) < 0.1
    assert flatness(trailers.noise(1, loudness)[:4096]) > 0.45
    assert trailers.SOUND_RATE == RATE
