"""A stream says what the file says: the same samples as a clip, past damage and past an hour, in little memory."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre import audio
from genre.errors import AudioError, SettingsError
from genre.recording import cut, streamed
from genre.settings import SAMPLE_RATE

Write = Callable[..., Path]


def gathered(source: audio.Source, **options: object) -> np.ndarray:
    with streamed(source, **options) as recording:
        return np.concatenate([*recording.blocks(), np.empty(0, np.float32)])


def centred(samples: np.ndarray) -> np.ndarray:
    return samples - np.float32(samples.mean(dtype=np.float64))


@pytest.mark.parametrize(
    ("kind", "rate", "channels"),
    [("wav16", 22_050, 1), ("flac", 44_100, 2), ("mp3", 44_100, 2), ("opus", 48_000, 1), ("m4a", 44_100, 1)],
)
def test_a_stream_is_the_clip(tmp_path: Path, rng, noise, write: Write, kind: str, rate: int, channels: int):
    samples = np.stack([noise(rng, 9, rate) for _ in range(channels)], axis=1)
    path = write(tmp_path / "a", samples, rate, kind)
    np.testing.assert_array_equal(centred(gathered(path)), audio.load(path).samples)
    part = centred(gathered(path, start=4.5, seconds=2.25))
    np.testing.assert_array_equal(part, audio.load(path, start=4.5, clip_seconds=2.25).samples)


def test_what_is_known_of_it(tmp_path: Path, tone, write: Write):
    path = write(tmp_path / "a", tone(440, 5, 44_100), 44_100)
    with streamed(path, start=1) as recording:
        assert (recording.source, recording.start, recording.promised) == (str(path), 1.0, 4.0)
        assert sum(map(len, recording.blocks())) == 4 * SAMPLE_RATE
        assert recording.warnings == ()
    with streamed(path, seconds=2, name="a song") as recording:
        assert (recording.source, recording.promised) == ("a song", 2.0)


def test_bytes_and_arrays_are_streamed_too(tone, tmp_path: Path, write: Write):
    samples = tone(440, 3)
    np.testing.assert_array_equal(gathered((SAMPLE_RATE, samples)), samples)
    content = write(tmp_path / "a", samples, kind="wavfloat").read_bytes()
    np.testing.assert_array_equal(gathered(content), samples)


def test_silence_and_an_offset_stay():
    assert not gathered((SAMPLE_RATE, np.zeros(50_000))).any()
    np.testing.assert_allclose(gathered((SAMPLE_RATE, np.full(50_000, 0.5))), 0.5)


def test_no_numbers_and_clipping_are_told(rng, noise):
    samples = noise(rng, 3)
    samples[20_000:20_100] = np.nan
    with streamed((SAMPLE_RATE, samples)) as recording:
        sound = np.concatenate(list(recording.blocks()))
        assert recording.warnings == ("nonfinite",)
    assert not sound[20_000:20_100].any()
    with streamed((SAMPLE_RATE, np.clip(12 * noise(rng, 3), -1, 1))) as recording:
        assert len(list(recording.blocks())) > 1
        assert recording.warnings == ("clipped",)


def test_channels_wired_against_each_other_are_heard_for_as_long_as_they_are(rng, noise):
    music, talk = noise(rng, 10, SAMPLE_RATE), noise(rng, 10, SAMPLE_RATE)
    stereo = np.concatenate([np.stack([music, 0.5 * music], 1), np.stack([talk, -talk], 1), np.zeros((30_000, 2))])
    sound = gathered((SAMPLE_RATE, stereo))
    assert len(sound) == len(stereo)
    np.testing.assert_allclose(sound[: 9 * SAMPLE_RATE], 0.75 * music[: 9 * SAMPLE_RATE], atol=1e-6)
    inside = slice(12 * SAMPLE_RATE, 19 * SAMPLE_RATE)  # the change is told by blocks
    np.testing.assert_allclose(np.abs(sound[inside]), np.abs(stereo[inside, 0]), atol=1e-6)
    assert not sound[-20_000:].any()


@pytest.mark.parametrize(("kind", "options"), [("flac", None), ("m4a", {"movflags": "faststart"})])
def test_damage_costs_only_itself(tmp_path: Path, rng, noise, write: Write, kind: str, options: dict[str, str] | None):
    samples = noise(rng, 60, 44_100)
    path = write(tmp_path / "a", samples, 44_100, kind, options=options)
    content = bytearray(path.read_bytes())
    whole = gathered(bytes(content))
    middle = len(content) // 2
    content[middle : middle + len(content) // 20] = bytes(len(content) // 20)  # three seconds
    with streamed(bytes(content)) as recording:
        sound = np.concatenate(list(recording.blocks()))
        assert recording.warnings == ("truncated",)
    assert len(sound) == pytest.approx(len(whole), abs=SAMPLE_RATE / 10)
    for begin in (0, 45 * SAMPLE_RATE):  # before and behind, where it was
        part = slice(begin + 5_000, begin + 10 * SAMPLE_RATE)
        assert np.corrcoef(sound[part], whole[part])[0, 1] > 0.99  # AAC draws some of its noise anew
    assert not sound[round(30.5 * SAMPLE_RATE) : 31 * SAMPLE_RATE].any()


@pytest.mark.parametrize("kind", ["wav16", "flac", "mp3", "opus"])
def test_what_is_left_of_a_broken_file_is_heard(tmp_path: Path, rng, noise, write: Write, kind: str):
    content = write(tmp_path / "a", noise(rng, 20, 48_000), 48_000, kind).read_bytes()
    with streamed(content[: len(content) // 2]) as recording:
        assert sum(map(len, recording.blocks())) / SAMPLE_RATE == pytest.approx(10, abs=1.5)
        assert recording.truncated is (kind != "opus")  # which does not say how long it should be


@pytest.mark.parametrize("content", [b"", b"what is this?" * 99])
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.mp3: "):
        gathered(path)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path):
    for path, reason in ((tmp_path, "folder"), (tmp_path / "b.wav", "no such file")):
        with pytest.raises(AudioError, match=reason):
            gathered(path)


@pytest.mark.parametrize(
    "options", [{"start": -1}, {"start": "1"}, {"seconds": 0}, {"seconds": 1e9}, {"seconds": True}]
)
def test_a_part_out_of_range_is_a_settings_error(tone, options: dict[str, object]):
    with pytest.raises(SettingsError, match="out of range"):
        gathered((SAMPLE_RATE, tone()), **options)


def test_more_than_may_be_is_refused_at_once_or_when_it_shows(tmp_path: Path, tone, write: Write):
    for source in ((SAMPLE_RATE, tone(seconds=8)), write(tmp_path / "a", tone(seconds=8), kind="ogg")):
        with pytest.raises(AudioError, match=r"longer than the 0\.002 hours"):
            gathered(source, seconds_max=7.2)
    hours = np.broadcast_to(np.float32(0), 25 * 3_600 * 8_000)
    with pytest.raises(AudioError, match="longer than the 24 hours"):
        gathered((8_000, hours))


def test_an_hour_is_held_in_little_memory(tmp_path: Path, tone):
    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16") as file:
        for _ in range(60):
            file.write(tone(440, 60, SAMPLE_RATE, 2))
    code = f"""
import resource
from genre.recording import streamed
def heard(seconds):
    with streamed({str(path)!r}, seconds=seconds) as recording:
        return sum(map(len, recording.blocks())) / {SAMPLE_RATE}
heard(10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(heard(None), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8").stdout
    seconds, mebibytes = map(float, out.split())
    assert seconds == 3_600
    assert mebibytes < 20


def test_stretches_are_cut_out_of_a_stream(rng):
    sound = rng.standard_normal(10_000).astype(np.float32)
    blocks = [sound[begin : begin + 700] for begin in range(0, len(sound), 700)]
    places = [(0, 500), (100, 2_000), (1_900, 2_100), (8_000, 9_999), (9_990, 10_000)]
    found = list(cut(blocks, places))
    assert len(found) == len(blocks)
    for (begin, end), stretch in zip(places, [stretch for ready in found for stretch in ready], strict=True):
        np.testing.assert_array_equal(stretch, sound[begin:end])
