import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from media_files import RATE, poster, sound, trailer
from PIL import Image

from ingest import media
from ingest.media import probe
from mmkg.errors import MediaError

SHARED = Path(__file__).parents[3] / "shared" / "data"


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.mark.parametrize(
    ("extension", "mime"),
    [("jpg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp"), ("gif", "image/gif")],
)
def test_a_poster(tmp_path, extension, mime):
    found = probe(poster(tmp_path / f"poster.{extension}"), "Poster")
    assert (found["mime"], found["width"], found["height"]) == (mime, 120, 180)
    assert len(found["phash"]) == 16
    int(found["phash"], 16)


def test_the_perceptual_hash_survives_another_size_and_format_and_tells_pictures_apart(tmp_path):
    def distance(one, other):
        return (int(one["phash"], 16) ^ int(other["phash"], 16)).bit_count()

    original = probe(poster(tmp_path / "a.png"), "Poster")
    with Image.open(tmp_path / "a.png") as image:
        image.resize((240, 360)).save(tmp_path / "b.jpg", quality=50)
    Image.effect_mandelbrot((120, 180), (-2, -1.5, 1, 1.5), 50).save(tmp_path / "c.png")
    assert distance(original, probe(tmp_path / "b.jpg", "Still")) <= 6
    assert distance(original, probe(tmp_path / "c.png", "Still")) >= 16


def test_the_content_counts_and_not_the_extension(tmp_path):
    assert probe(poster(tmp_path / "poster.png", format="JPEG"), "Poster")["mime"] == "image/jpeg"


def test_a_photo_held_sideways_is_measured_as_displayed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    found = probe(poster(tmp_path / "poster.jpg", exif=exif), "Poster")
    assert (found["width"], found["height"]) == (180, 120)


def test_a_phones_picture_of_several_is_a_jpeg(tmp_path):
    pictures = [Image.new("RGB", (40, 60), colour) for colour in ("red", "blue")]
    pictures[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=pictures[1:])
    assert probe(tmp_path / "a.jpg", "Poster")["mime"] == "image/jpeg"


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path):
    bomb = tmp_path / "bomb.png"
    Image.new("1", (8000, 8000)).save(bomb)
    with pytest.raises(MediaError, match=r"8000 x 8000 pixels"):
        probe(bomb, "Poster")


@pytest.mark.parametrize(
    ("format", "mime", "codec"),
    [
        ("WAV", "wav", "pcm_16"),
        ("FLAC", "flac", "pcm_16"),
        ("OGG", "ogg", "vorbis"),
        ("MP3", "mpeg", "mpeg_layer_iii"),
    ],
)
def test_a_sound(tmp_path, format, mime, codec):
    found = probe(sound(tmp_path / "sound.bin", seconds=1.5, format=format), "Audio")
    assert found == {
        "mime": f"audio/{mime}",
        "seconds": 1.5,
        "sample_rate": RATE,
        "channels": 1,
        "codec": codec,
        "silent": False,
    }


def test_silence_is_told_and_no_error(tmp_path):
    assert probe(sound(tmp_path / "s.wav", loudness=0), "Audio")["silent"] is True
    assert probe(sound(tmp_path / "s.wav", loudness=0.0005), "Audio")["silent"] is True
    assert probe(sound(tmp_path / "s.wav", loudness=0.01), "Audio")["silent"] is False


@pytest.mark.parametrize("audio", [False, True])
def test_a_trailer(tmp_path, audio):
    path = trailer(tmp_path / "trailer.mp4", audio=audio)
    found = probe(path, "Trailer")
    assert found == {
        "mime": "video/mp4",
        "width": 160,
        "height": 96,
        "rotation": 0,
        "seconds": pytest.approx(2.0, abs=0.05),
        "fps": 24.0,
        "bit_rate": pytest.approx(4 * path.stat().st_size, rel=0.05),
        "codec": "mpeg4",
        "has_audio": audio,
    }


def test_a_trailer_held_sideways_is_measured_as_displayed(tmp_path):
    path = trailer(tmp_path / "trailer.mp4")
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44
    assert struct.unpack_from(">9i", data, matrix) == (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    struct.pack_into(">9i", data, matrix, 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)  # as phones write it
    path.write_bytes(data)
    found = probe(path, "Trailer")
    assert (found["rotation"], found["width"], found["height"]) == (90, 96, 160)


@pytest.mark.parametrize(
    ("mode", "extension", "colour"),
    [
        ("1", "png", "grey"),
        ("L", "jpg", "grey"),
        ("LA", "png", "grey"),
        ("P", "gif", "palette"),
        ("RGB", "webp", "RGB"),
        ("RGBA", "png", "RGBA"),
        ("CMYK", "jpg", "CMYK"),
    ],
)
def test_the_colours_of_a_picture(tmp_path, mode, extension, colour):
    path = tmp_path / f"a.{extension}"
    Image.effect_mandelbrot((90, 60), (-2, -1.5, 1, 1.5), 50).convert("RGB").convert(mode).save(path)
    found = probe(path, "Still")
    assert (found["colour"], found["animated"]) == (colour, False)


def test_a_moving_picture_is_told(tmp_path):
    pictures = [Image.new("RGB", (40, 60), colour) for colour in ("red", "blue")]
    for extension in ("gif", "webp", "png"):
        path = tmp_path / f"a.{extension}"
        pictures[0].save(path, save_all=True, append_images=pictures[1:])
        assert probe(path, "Still")["animated"] is True


def test_a_text(tmp_path):
    path = tmp_path / "plot.txt"
    path.write_text("\ufeffÉté à Paris", encoding="utf-8")
    assert probe(path, "Text") == {"mime": "text/plain; charset=utf-8", "characters": 11}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(
    ("kind", "name", "make"),
    [
        ("Poster", "a.jpg", poster),
        ("Poster", "a.png", poster),
        ("Audio", "a.wav", sound),
        ("Audio", "a.flac", sound),
        ("Audio", "a.mp3", sound),
        ("Trailer", "a.mp4", trailer),
        ("Trailer", "late.mp4", lambda path: trailer(path, faststart=False)),
    ],
)
def test_a_truncated_file_is_refused(tmp_path, kind, name, make, share):
    path = make(tmp_path / name)
    probe(path, kind)
    with pytest.raises(MediaError, match=r"truncated|no readable") as error:
        probe(cut(path, share), kind)
    assert error.value.where == str(path)


@pytest.mark.parametrize("kind", ["Poster", "Still", "Trailer", "Clip", "Audio", "Text"])
def test_what_is_no_medium_of_its_kind_is_refused(tmp_path, kind):
    media_of = {
        ("Poster", "Still"): poster(tmp_path / "a.jpg"),
        ("Trailer", "Clip"): trailer(tmp_path / "a.mp4"),
        ("Audio",): sound(tmp_path / "a.wav"),
    }
    others = [path for kinds, path in media_of.items() if kind not in kinds]
    garbage = tmp_path / "garbage"
    garbage.write_bytes(os.urandom(1000) + b"\xff\0")
    utf16 = tmp_path / "utf16.txt"
    utf16.write_text("A thief and a policeman. " * 40, encoding="utf-16-le")
    utf16.write_bytes(b"\xff\xfe" + utf16.read_bytes())  # as Windows writes it: the start of an MP3 too
    for path in [*others, garbage, utf16]:
        with pytest.raises(MediaError) as error:
            probe(path, kind)
        assert str(path) in str(error.value)


@pytest.mark.parametrize("kind", sorted(media.PROBERS))
def test_nothing_at_all_is_refused(tmp_path, kind):
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    for name, what in (
        ("empty", "empty"),
        ("missing", "no such file"),
        ("pipe", "no such"),
        (".", "no such"),
    ):
        with pytest.raises(MediaError, match=what):
            probe(tmp_path / name, kind)


def test_sounds_and_texts_of_nothing_are_refused(tmp_path):
    blank = tmp_path / "blank.txt"
    blank.write_text(" \n")
    with pytest.raises(MediaError, match="blank"):
        probe(blank, "Text")
    with pytest.raises(MediaError, match="no samples"):
        probe(sound(tmp_path / "s.wav", seconds=0), "Audio")


def test_sounds_that_no_player_plays_are_refused(tmp_path):
    wave = np.zeros(1000, dtype=np.float32)
    wave[500] = np.nan
    soundfile.write(tmp_path / "nan.wav", wave, RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match="no number"):
        probe(tmp_path / "nan.wav", "Audio")
    soundfile.write(tmp_path / "wide.wav", np.zeros((10, 100)), RATE)
    with pytest.raises(MediaError, match="100 channels"):
        probe(tmp_path / "wide.wav", "Audio")


def test_a_playlist_in_disguise_opens_no_other_file(tmp_path):
    inner = trailer(tmp_path / "inner.mp4")
    for text in (f"ffconcat version 1.0\nfile {inner.name}\n", f"#EXTM3U\n#EXTINF:2,\n{inner}\n"):
        path = tmp_path / "outer.mp4"
        path.write_text(text)
        with pytest.raises(MediaError, match="no readable video"):
            probe(path, "Trailer")


def test_what_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(media, "MAX_SECONDS", 1)
    for path, kind in (
        (trailer(tmp_path / "a.mp4"), "Trailer"),
        (sound(tmp_path / "a.wav", seconds=2), "Audio"),
    ):
        with pytest.raises(MediaError, match="plays for 2 s"):
            probe(path, kind)


def test_the_error_can_come_from_another_process(tmp_path):
    with pytest.raises(MediaError) as error:
        probe(tmp_path / "missing", "Poster")
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


@pytest.mark.skipif(not (SHARED / "media").is_dir(), reason="the shared data is not here")
def test_a_real_trailer_and_real_posters():
    found = probe(SHARED / "media" / "big-buck-bunny-30s.mp4", "Trailer")
    assert found == {
        "mime": "video/mp4",
        "width": 854,
        "height": 480,
        "rotation": 0,
        "seconds": 30.0,
        "fps": 24.0,
        "bit_rate": 1_103_953,
        "codec": "h264",
        "has_audio": True,
    }
    hashes = {
        probe(path, "Poster")["phash"] for path in sorted((SHARED / "ml-100k" / "posters").iterdir())[:30]
    }
    assert len(hashes) == 30
