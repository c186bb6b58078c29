"""The encoders on real media made here: their features must carry meaning, not only have a shape."""

from io import BytesIO
from pathlib import Path

import av
import matplotlib
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image, ImageOps

from gnn import encoders
from gnn.encoders import audio, efficientnet
from mmkg.errors import MediaError

SAMPLES = Path(matplotlib.get_data_path()) / "sample_data"
MILITARY_UNIFORM = 652
RATE = 16_000


@pytest.fixture(scope="module")
def encoder():
    made = {}

    def get(modality):
        if modality not in made:
            made[modality] = encoders.make(modality)
        return made[modality]

    return get


def encode(encoder, *media):
    features = encoder.encode([encoder.prepare(data) for data in media])
    assert features.shape == (len(media), *encoder.shape)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    return features


def cosine(one, other):
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def picture(image, format="PNG"):
    data = BytesIO()
    image.save(data, format)
    return data.getvalue()


def sound(wave, rate=RATE):
    data = BytesIO()
    soundfile.write(data, wave, rate, format="WAV")
    return data.getvalue()


def tone(hertz, seconds=2.0, rate=RATE):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def video(pictures, rate=8, wave=None):
    data = BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = pictures[0].width, pictures[0].height, "yuv420p"
        stream.bit_rate = 4_000_000
        if wave is not None:
            track = container.add_stream("aac", rate=RATE)
        for image in pictures:
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
        if wave is not None:
            frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate = RATE
            container.mux(track.encode(frame))
            container.mux(track.encode())
    return data.getvalue()


def photo():
    return Image.open(SAMPLES / "grace_hopper.jpg").convert("RGB")


def fractal():
    return Image.effect_mandelbrot((400, 400), (-2, -1.5, 1, 1.5), 80).convert("RGB")


def test_each_text_is_nearest_to_its_paraphrase(encoder):
    pairs = [
        ("A toy cowboy is jealous of his owner's new doll.", "A child's plaything envies another plaything."),
        ("A detective hunts a serial killer.", "The police are searching for a murderer."),
        ("Two strangers fall in love on a train.", "A romance begins between passengers."),
        ("Astronauts are stranded in orbit.", "A spaceship's crew cannot return to Earth."),
    ]
    texts = encode(encoder("text"), *(text.encode() for pair in pairs for text in pair))
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, rtol=1e-5)
    likeness = texts @ texts.T - 2 * np.eye(len(texts))  # nobody is his own neighbour
    assert likeness.argmax(1).tolist() == [1, 0, 3, 2, 5, 4, 7, 6]


def test_text_does_not_depend_on_its_batch(encoder):
    texts = [b"Heat", b"A thief and a policeman. " * 40, "Amélie".encode()]
    together = encode(encoder("text"), *texts)
    alone = np.concatenate([encode(encoder("text"), text) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_image_network_recognises_a_photo(encoder):
    # Rear Admiral Grace Hopper in uniform, a sample picture of matplotlib.
    features = torch.from_numpy(encode(encoder("image"), (SAMPLES / "grace_hopper.jpg").read_bytes()))
    network = efficientnet.EfficientNetLite0.pretrained()
    share = network.classify(features).softmax(1)[0]
    assert share.argmax() == MILITARY_UNIFORM
    assert share.max() > 0.3


def test_every_weight_is_loaded_and_folding_changes_nothing():
    network = efficientnet.EfficientNetLite0().eval()
    weights = torch.load(efficientnet.WEIGHTS, weights_only=True)
    assert network.load_state_dict(weights, strict=True).missing_keys == []
    assert sum(p.numel() for p in network.parameters()) == 4_652_008
    pixels = torch.from_numpy(np.array(photo().resize((224, 224)))).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        folded = efficientnet.EfficientNetLite0.pretrained()(pixels)
        torch.testing.assert_close(folded, network(pixels), atol=1e-3, rtol=1e-3)


def test_two_crops_of_a_picture_are_nearer_than_another_picture(encoder):
    image = photo()
    width, height = image.size
    left = picture(image.crop((0, 0, int(width * 0.85), int(height * 0.85))))
    right = picture(image.crop((int(width * 0.15), int(height * 0.15), width, height)), "JPEG")
    one, two, other = encode(encoder("image"), left, right, picture(fractal()))
    assert cosine(one, two) > cosine(one, other) + 0.2


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "I;16"])
def test_pictures_of_every_mode_are_encoded(encoder, mode):
    image = photo().convert("L") if mode == "I;16" else photo().convert(mode)
    image = image.convert("I").point(lambda value: value * 256).convert("I;16") if mode == "I;16" else image
    encode(encoder("image"), picture(image, "TIFF" if mode == "CMYK" else "PNG"))


def test_the_direction_of_motion_changes_the_order_of_the_frames(encoder):
    zoom = [ImageOps.fit(photo(), (128, 128), centering=(0.5, 0.1 + 0.05 * step)) for step in range(8)]
    scenes = [*zoom, *[fractal().resize((128, 128))] * 8]
    forward, backward = encode(encoder("video"), video(scenes), video(scenes[::-1]))
    same_time = np.mean([cosine(one, two) for one, two in zip(forward, backward, strict=True)])
    reversed_time = np.mean([cosine(one, two) for one, two in zip(forward, backward[::-1], strict=True)])
    assert reversed_time > 0.85
    assert same_time < reversed_time - 0.1


def test_video_frames_are_evenly_spaced(encoder):
    # Frame i is filled with the grey level 8 i, so each of the frames says which it is.
    levels = [Image.new("RGB", (64, 64), (8 * step,) * 3) for step in range(32)]
    frames = encoder("video").prepare(video(levels))
    assert frames.shape == (16, 224, 224, 3)
    np.testing.assert_allclose(frames.mean((1, 2, 3)), [8 * (2 * part + 1) for part in range(16)], atol=6)


def test_a_video_of_one_frame_is_encoded(encoder):
    features = encode(encoder("video"), video([photo().resize((128, 160))]))
    np.testing.assert_allclose(features[0], np.repeat(features[0, :1], 16, axis=0), atol=1e-4)


def test_motion_is_seen_in_bursts_of_consecutive_pictures(encoder):
    # Frame i, of 24 a second, is filled with the grey level 2 i: a burst has every second one of 16.
    levels = [Image.new("RGB", (64, 64), (2 * step,) * 3) for step in range(96)]
    bursts = encode(encoder("motion"), video(levels, rate=24))[0]
    assert bursts.shape == (4, 8, 32, 32)
    expected = [[2 * (start + 2 * step) for step in range(8)] for start in (12, 36, 60, 80)]
    np.testing.assert_allclose(255 * bursts.mean((2, 3)), expected, atol=5)


def test_the_last_frame_stays_where_a_video_ends_early(encoder):
    bursts = encode(encoder("motion"), video([photo().resize((128, 160))]))[0]
    np.testing.assert_allclose(bursts, np.broadcast_to(bursts[0, 0], bursts.shape), atol=1e-6)


def test_a_tone_shows_in_its_mel_band_and_only_while_it_sounds(encoder):
    spectrum = encode(encoder("audio"), sound(tone(1000)))[0, 0]
    low, high, wanted = (2595 * np.log10(1 + hertz / 700) for hertz in (audio.LOWEST, audio.HIGHEST, 1000))
    centres = np.linspace(low, high, audio.MELS + 2)[1:-1]
    band = np.abs(centres - wanted).argmin()
    sounding = int(2.0 * RATE / audio.HOP)
    assert (spectrum[:, 1 : sounding - 1].argmax(0) == band).all()
    np.testing.assert_allclose(spectrum[:, sounding + 2 :], -100, atol=0.01)


def test_two_tones_differ_more_than_one_tone_twice(encoder):
    low, again, high = encode(
        encoder("audio"), sound(tone(440)), sound(0.9 * tone(440, rate=44_100), 44_100), sound(tone(880))
    )
    assert np.abs(low - high).mean() > 2 * np.abs(low - again).mean()


def test_the_middle_of_a_long_sound_counts(encoder):
    long = np.concatenate([tone(300, 20), tone(3000, 30.72), tone(300, 20)])
    spectrum = encode(encoder("audio"), sound(long), sound(tone(3000, 30.72)))[:, 0]
    np.testing.assert_array_equal(spectrum[0, :, 2:-2].argmax(0), spectrum[1, :, 2:-2].argmax(0))


def test_silence_and_stereo_are_encoded(encoder):
    silent, stereo, mono = encode(
        encoder("audio"), sound(np.zeros(RATE)), sound(np.stack([tone(440)] * 2, 1)), sound(tone(440))
    )
    assert (silent == -100).all()
    np.testing.assert_allclose(stereo, mono, atol=0.01)


def test_the_sound_track_of_a_trailer_is_encoded(encoder):
    clip = video([photo().resize((64, 64))] * 16, wave=tone(1000))
    track, alone = encode(encoder("audio"), clip, sound(tone(1000)))
    np.testing.assert_array_equal(track[0, :, 2:25].argmax(0), alone[0, :, 2:25].argmax(0))
    with pytest.raises(MediaError, match="no sound track"):
        encoder("audio").prepare(video([photo().resize((64, 64))]))


@pytest.mark.parametrize("modality", list(encoders.ENCODERS))
def test_what_is_no_medium_is_refused(encoder, modality):
    for data in (b"", b"\xff\x00\xfegarbage" * 100):
        with pytest.raises(MediaError):
            encoder(modality).prepare(data)


def test_versions_differ_between_encoders_and_change_with_the_preprocessing(monkeypatch):
    versions = [encoders.make(modality).version for modality in encoders.ENCODERS]
    assert len(set(versions)) == len(versions)
    assert versions == [encoders.make(modality).version for modality in encoders.ENCODERS]
    monkeypatch.setattr(audio, "MELS", 32)
    assert encoders.make("audio").version not in versions
    monkeypatch.setattr(efficientnet, "PIXEL_MEAN", 0.0)
    assert encoders.make("image").version not in versions


def test_other_weights_are_another_version(monkeypatch, tmp_path):
    before = {modality: encoders.make(modality).version for modality in ("image", "video")}
    other = tmp_path / "weights.pth"
    other.write_bytes(b"other weights")
    monkeypatch.setattr(efficientnet, "WEIGHTS", other)
    for modality, version in before.items():
        assert encoders.make(modality).version != version
