"""Near things are found, all of them and no others: against all pairs, one by one."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnn.descriptors import ACOUSTIC, acoustic, visual
from gnn.encoders.audio import FRAMES, MELS, AudioEncoder
from gnn.nearness import near_hashes, nearest

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=12)


@given(HASHES, st.lists(st.tuples(st.integers(0, 11), st.integers(0, 63)), max_size=20), st.integers(0, 16))
def test_near_hashes_are_those_of_the_definition(hashes, flips, most):
    copies = [hashes[number % len(hashes)] ^ (1 << bit) for number, bit in flips] if hashes else []
    everything = [*hashes, *copies]
    expected = [
        (i, j, (one ^ other).bit_count())
        for (i, one), (j, other) in itertools.combinations(enumerate(everything), 2)
        if (one ^ other).bit_count() <= most
    ]
    assert [tuple(pair) for pair in near_hashes(everything, most)] == expected


@pytest.mark.parametrize("count", [0, 1, 2, 1500])
def test_the_nearest_vectors_are_those_of_all_pairs(count):
    vectors = torch.randn(count, 8, generator=torch.Generator().manual_seed(count))
    unit = torch.nn.functional.normalize(vectors, dim=1)
    cosines = unit @ unit.T
    expected = {
        (min(i, j), max(i, j))
        for i in range(count)
        for j in cosines[i].index_fill(0, torch.tensor(i), -2).topk(min(3, count)).indices.tolist()
        if i != j and cosines[i, j] >= 0.5
    }
    found = nearest(vectors, 3, 0.5)
    assert {(pair.first, pair.second) for pair in found} == expected
    assert found == sorted(found)
    for pair in found[:50]:
        assert pair.nearness == pytest.approx(float(cosines[pair.first, pair.second]), abs=1e-5)


def test_nothing_is_near_a_vector_of_zeros():
    assert nearest(torch.zeros(3, 4), 2, 0.1) == []


def sound(*tones: float, level: float = 0.3, seconds: int = 31) -> torch.Tensor:
    """Log-mel features of a chord."""
    time = torch.arange(seconds * 16_000) / 16_000
    wave = level * sum(torch.sin(2 * torch.pi * tone * time) for tone in tones) / len(tones)
    return torch.from_numpy(AudioEncoder().encode([wave[:491_520].float().numpy()]))[0]


def test_the_same_chord_is_near_itself_at_any_level_and_a_hiss_is_not():
    hiss = 0.1 * torch.randn(491_520, generator=torch.Generator().manual_seed(0))
    sounds = [sound(220, 440, 660), sound(220, 440, 660, level=0.1), sound(222, 444, 666)]
    described = acoustic(torch.stack([*sounds, torch.from_numpy(AudioEncoder().encode([hiss.numpy()]))[0]]))
    assert described.shape == (4, ACOUSTIC)
    scores = torch.nn.functional.cosine_similarity(described[:1], described)
    assert scores[1] > 0.99
    assert scores[2] > 0.9
    assert scores[3] < 0.5


def test_descriptors_of_nothing_and_of_silence():
    assert acoustic(torch.zeros(0, 1, MELS, FRAMES)).shape == (0, ACOUSTIC)
    assert torch.isfinite(acoustic(torch.full((1, 1, MELS, FRAMES), -100.0))).all()
    assert visual(torch.ones(2, 16, 5)).shape == visual(torch.ones(2, 5)).shape == (2, 5)
