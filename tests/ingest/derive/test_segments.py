"""Voice, music, noise and silence are told apart; the voice is that of a synthesiser."""

from pathlib import Path

import numpy as np
import pytest
import trailers
from speech import speech

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


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    samples, rate = speech("In a world where nobody trusts anybody, one man must find the truth.")
    times = np.arange(int(len(samples) / rate * RATE)) / RATE
    return np.interp(times, np.arange(len(samples)) / rate, samples)


def test_speech_is_voice(tmp_path: Path, spoken: np.ndarray) -> None:
    assert [kind for kind, _, _ in of(tmp_path, spoken)] == ["voice"]


def test_voice_is_told_from_the_music_under_it(tmp_path: Path, spoken: np.ndarray) -> None:
    both = trailers.chord(12, 0.1)
    both[4 * RATE : 4 * RATE + len(spoken)] += spoken
    found = of(tmp_path, both)
    assert [kind for kind, _, _ in found] == ["music", "voice", "music"]
    _, start, end = found[1]
    assert start == pytest.approx(4, abs=0.3)
    assert end == pytest.approx(4 + len(spoken) / RATE, abs=0.5)


def test_noise_in_the_rhythm_of_speech_is_no_voice(tmp_path: Path) -> None:
    rhythm = (1 + np.sin(2 * np.pi * 4 * np.arange(4 * RATE) / RATE)) / 2
    assert [kind for kind, _, _ in of(tmp_path, trailers.noise(4) * rhythm)] == ["noise"]


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
