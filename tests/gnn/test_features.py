import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from gnn import features
from gnn.encoders.audio import AudioEncoder
from gnn.encoders.text import TextEncoder
from gnn.features import FeatureCache
from mmkg.errors import ConnectError

ROOT = Path(__file__).parents[2]


def wave(number):
    data = BytesIO()
    tone = 0.3 * np.sin(2 * np.pi * (200 + 40 * number) * np.arange(8000) / 16_000)
    soundfile.write(data, tone, 16_000, format="WAV")
    return data.getvalue()


def name(number):
    """A SHA-256 that tells the number of its sound."""
    return f"{number:064x}"


def fetch(sha256):
    return wave(int(sha256, 16))


def never(sha256):
    raise AssertionError(f"{sha256} was fetched again")


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path, AudioEncoder(), shard=4)


def test_features_come_in_the_order_asked_for(cache):
    encoder = cache.encoder
    expected = encoder.encode([encoder.prepare(wave(number)) for number in (3, 1, 2)])
    found = cache.load([name(3), name(1), name(2), name(1)], fetch)
    torch.testing.assert_close(found.values, torch.from_numpy(expected[[0, 1, 2, 1]]))
    assert found.values.dtype == torch.float32
    assert found.present.all()
    assert found.failures == {}
    assert found.version == encoder.version


def test_only_what_is_missing_is_fetched(cache, tmp_path):
    first = cache.load([name(number) for number in range(10)], fetch)
    again = FeatureCache(tmp_path, AudioEncoder()).load([name(9), name(0)], never)
    torch.testing.assert_close(again.values, first.values[[9, 0]])
    fetched = []
    FeatureCache(tmp_path, AudioEncoder()).load(
        [name(5), name(10), name(11)], lambda sha256: fetched.append(sha256) or fetch(sha256)
    )
    assert sorted(fetched) == [name(10), name(11)]


def test_nothing_asked_nothing_given(cache):
    found = cache.load([], never)
    assert found.values.shape == (0, *cache.encoder.shape)
    assert found.present.shape == (0,)


def test_another_version_shares_nothing(cache, tmp_path):
    cache.load([name(1)], fetch)
    changed = AudioEncoder()
    changed.version = "another"
    fetched = []
    FeatureCache(tmp_path, changed).load([name(1)], lambda sha256: fetched.append(sha256) or fetch(sha256))
    assert fetched == [name(1)]


def test_a_damaged_shard_is_made_again(cache, tmp_path):
    before = cache.load([name(number) for number in range(8)], fetch)
    shards = sorted(cache.folder.iterdir())
    shards[0].write_bytes(shards[0].read_bytes()[:100])
    after = FeatureCache(tmp_path, AudioEncoder()).load([name(number) for number in range(8)], fetch)
    torch.testing.assert_close(after.values, before.values)


def test_features_that_are_no_numbers_are_left_out(cache):
    data = BytesIO()
    soundfile.write(data, np.full(8000, np.inf), 16_000, format="WAV", subtype="FLOAT")
    found = cache.load(
        [name(1), name(2)], lambda sha256: data.getvalue() if sha256 == name(2) else fetch(sha256)
    )
    assert found.present.tolist() == [True, False]
    assert torch.isfinite(found.values).all()
    assert "no number" in found.failures[name(2)]
    assert not cache.load([name(2)], lambda sha256: data.getvalue()).present.any()


KILLED = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from gnn.encoders.audio import AudioEncoder
from gnn.features import FeatureCache
from test_features import fetch, name
AudioEncoder.batch = 2
print("ready", flush=True)
FeatureCache(Path({cache!r}), AudioEncoder(), shard=2).load([name(number) for number in range(5000)], fetch)
"""


def test_a_killed_process_leaves_whole_shards(tmp_path):
    script = KILLED.format(root=str(ROOT), tests=str(Path(__file__).parent), cache=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        while len(list(tmp_path.glob("features/*/*.safetensors"))) < 6:
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    cache = FeatureCache(tmp_path, AudioEncoder())
    fetched = []
    found = cache.load(
        [name(number) for number in range(20)], lambda sha256: fetched.append(sha256) or fetch(sha256)
    )
    assert found.present.all()
    assert len(fetched) <= 20 - 12
    expected = cache.encoder.encode([cache.encoder.prepare(wave(number)) for number in range(20)])
    torch.testing.assert_close(found.values, torch.from_numpy(expected))


def test_real_media_of_every_modality_through_the_store(store, tmp_path):
    poster = BytesIO()
    Image.effect_mandelbrot((120, 180), (-2, -1.5, 1, 1.5), 30).save(poster, "PNG")
    good_text = store.put_bytes(b"A thief and a policeman.", "text/plain").sha256
    blank = store.put_bytes(b" \n", "text/plain").sha256
    image = store.put_bytes(poster.getvalue(), "image/png").sha256
    truncated = store.put_bytes(poster.getvalue()[:500], "image/png").sha256
    noise = store.put_bytes(wave(5), "audio/wav").sha256
    gone = "0" * 64
    media = {"text": [blank, good_text], "image": [image, truncated, gone], "audio": [noise], "video": []}
    found = features.load(store, tmp_path, media)
    assert {modality: tuple(array.values.shape) for modality, array in found.items()} == {
        "text": (2, 384),
        "image": (3, 1280),
        "audio": (1, 1, 64, 480),
        "video": (0, 16, 1280),
    }
    assert found["text"].present.tolist() == [False, True]
    assert found["image"].present.tolist() == [True, False, False]
    assert not found["image"].values[1:].any()
    assert found["text"].failures == {blank: "the text is blank"}
    assert "cannot be decoded" in found["image"].failures[truncated]
    assert "not in the object store" in found["image"].failures[gone]
    again = features.load(store, tmp_path, media)
    for modality, array in found.items():
        torch.testing.assert_close(again[modality].values, array.values)


def test_a_store_that_is_away_is_no_matter_of_one_medium(tmp_path):
    def away(sha256):
        raise ConnectError("the object store does not answer", where=sha256)

    with pytest.raises(ConnectError):
        FeatureCache(tmp_path, TextEncoder()).load([name(1)], away)
