"""Known sound in, known sound out: every format, rate and channel count, crops to the sample, what is odd is said."""

import threading
from pathlib import Path

import numpy as np
import pytest

from genre import audio
from genre.audio import Audio
from genre.errors import AudioError, SettingsError
from genre.settings import CHANNELS_MAX, SAMPLE_RATE

LOSSLESS = ("wav8", "wav16", "wav24", "wav32", "wavfloat", "wavdouble", "flac", "flac24", "mkv")
LOSSY = ("mp3", "ogg", "opus", "m4a", "mp4", "aac", "webm", "wma")
RATES = {
    "mp3": (8_000, 22_050, 44_100, 48_000),
    "m4a": (8_000, 44_100, 96_000),
    "mp4": (48_000,),
    "aac": (44_100,),
    "wma": (44_100,),
    "ogg": (8_000, 44_100, 192_000),
    "opus": (16_000, 48_000),
    "webm": (16_000, 48_000),
    "wav16": (8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000),
    "flac": (8_000, 22_050, 44_100, 192_000),
}


def frequency(samples: np.ndarray) -> float:
    """The strongest frequency in Hz, to a fraction of one."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 4 * len(samples)))
    return float(spectrum.argmax()) * SAMPLE_RATE / (4 * len(samples))


def amplitude(samples: np.ndarray) -> float:
    """The amplitude of a sine, away from the edges that lossy codecs smear."""
    middle = samples[len(samples) // 8 : -len(samples) // 8]
    return float(np.sqrt(2 * np.mean(np.square(middle, dtype=np.float64))))


def shift(whole: np.ndarray, part: np.ndarray, at: int) -> int:
    """How many samples later than `at` the part really begins in the whole."""
    reach, length = 2_000, 8_192
    seen = whole[at : at + length + 2 * reach]
    sought = part[reach : reach + length]
    size = len(seen) + length
    match = np.fft.irfft(np.fft.rfft(seen, size) * np.conj(np.fft.rfft(sought, size)), size)[: 2 * reach + 1]
    return int(match.argmax()) - reach


# --- formats -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("kind", "rate"), [(kind, rate) for kind in LOSSLESS + LOSSY for rate in RATES.get(kind, (44_100,))]
)
def test_a_tone_keeps_its_pitch_level_and_length(tmp_path, tone, write, kind, rate, channels):
    sound = audio.load(write(tmp_path / "a", tone(1_000, 2, rate, channels), rate, kind))
    assert sound.samples.dtype == np.float32
    assert sound.samples.ndim == 1
    assert sound.sample_rate == SAMPLE_RATE
    assert frequency(sound.samples) == pytest.approx(1_000, abs=1)
    assert amplitude(sound.samples) == pytest.approx(0.3, rel=0.03 if kind in LOSSY else 0.005)
    assert sound.seconds == pytest.approx(2, abs=0.2 if kind in LOSSY else 1e-4)
    assert sound.warnings == ()
    assert not sound.truncated


@pytest.mark.parametrize(
    ("kind", "channels"), [("wav16", 6), ("wav24", CHANNELS_MAX), ("flac", 8), ("webm", 8), ("mkv", 8)]
)
def test_many_channels_are_averaged(tmp_path, tone, write, kind, channels):
    samples = tone(1_000, 2, 48_000, channels)
    samples[:, channels // 2 :] *= 0.5
    if kind == "webm":  # the low-frequency channel of Opus would not carry this tone
        samples[:, 3] = 0
    sound = audio.load(write(tmp_path / "a", samples, 48_000, kind))
    assert frequency(sound.samples) == pytest.approx(1_000, abs=1)
    assert amplitude(sound.samples) == pytest.approx(np.abs(samples).mean(axis=1).max(), rel=0.02)


def test_an_mp3_has_no_drop_outs_between_blocks(tmp_path, tone, write):
    sound = audio.load(write(tmp_path / "a", tone(440, 8, 22_050), 22_050, "mp3"))
    levels = [amplitude(part) for part in np.array_split(sound.samples[2_205:-2_205], 100)]
    assert min(levels) > 0.28
    assert max(levels) < 0.32


@pytest.mark.parametrize("name", ["a.txt", "a.raw", "a.mp3", "a.wav", "a.jpg", "a"])
@pytest.mark.parametrize("kind", ["wav16", "flac", "mp3", "opus", "m4a", "webm"])
def test_the_name_of_a_file_does_not_matter(tmp_path, tone, write, kind, name):
    content = write(tmp_path / "written", tone(440), kind=kind).read_bytes()
    (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(audio.load(tmp_path / name).samples, audio.load(content).samples)


def test_path_bytes_and_array_agree(tmp_path, tone, write):
    samples = tone(440, 2, 44_100, 2)
    path = write(tmp_path / "a", samples, 44_100, "wavfloat")
    expected = audio.load(path)
    for source in (str(path), path.read_bytes(), bytearray(path.read_bytes()), memoryview(path.read_bytes())):
        np.testing.assert_array_equal(audio.load(source).samples, expected.samples)
    np.testing.assert_array_equal(audio.load((44_100, samples)).samples, expected.samples)


def test_the_source_is_named(tmp_path, tone, write):
    path = write(tmp_path / "a", tone())
    assert audio.load(path).source == str(path)
    assert audio.load(path.read_bytes()).source == "bytes"
    assert audio.load((22_050, tone())).source == "array"
    assert audio.load(path, name="my song").source == "my song"


def test_audio_is_returned_as_it_is(tone):
    sound = audio.load((22_050, tone()))
    assert audio.load(sound, clip_seconds=1) is sound


def test_a_video_gives_its_sound(tmp_path, tone, video):
    sound = audio.load(video(tmp_path / "a.mp4", tone(1_000)))
    assert frequency(sound.samples) == pytest.approx(1_000, abs=1)


def test_threads_do_not_disturb_each_other(tmp_path, tone, write):
    kinds = ("wav16", "flac", "mp3", "ogg", "opus", "m4a", "webm", "mp3")
    paths = [write(tmp_path / str(i), tone(500 + 100 * i, 3), kind=kind) for i, kind in enumerate(kinds)]
    heard: dict[int, set[int]] = {index: set() for index in range(len(paths))}

    def listen(index: int) -> None:
        for _ in range(3):
            heard[index].add(round(frequency(audio.load(paths[index]).samples)))

    threads = [threading.Thread(target=listen, args=(index,)) for index in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {index: {500 + 100 * index} for index in heard}


# --- arrays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">i2", ">f4"])
def test_every_number_type_is_scaled(tone, dtype):
    samples = tone(1_000, 2, SAMPLE_RATE).astype(np.float64)
    if np.dtype(dtype).kind != "f":
        full_scale = 2.0 ** (8 * np.dtype(dtype).itemsize - 1)
        samples = np.round(samples * full_scale) + (full_scale if np.dtype(dtype).kind == "u" else 0)
    sound = audio.load((SAMPLE_RATE, samples.astype(dtype)))
    np.testing.assert_allclose(sound.samples, tone(1_000, 2, SAMPLE_RATE), atol=0.006 if dtype[-1] == "1" else 3e-4)


def test_either_axis_may_be_the_channels(tone):
    samples = tone(440, 2, SAMPLE_RATE, 2) * np.float32([1.0, 0.5])
    expected = samples.mean(axis=1)
    np.testing.assert_allclose(audio.load((SAMPLE_RATE, samples)).samples, expected, atol=1e-6)
    np.testing.assert_allclose(audio.load((SAMPLE_RATE, samples.T)).samples, expected, atol=1e-6)


def test_an_array_is_not_changed(tone):
    samples = tone() + np.float32(0.1)
    before = samples.copy()
    audio.load((SAMPLE_RATE, samples))
    np.testing.assert_array_equal(samples, before)


# --- crops -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wav16", "wavfloat", "flac"])
@pytest.mark.parametrize("start", [0.0, 0.4, 3.00001, 7.9])
def test_lossless_crops_are_exact_to_the_sample(tmp_path, rng, noise, write, kind, start):
    samples = noise(rng, 10)
    sound = audio.load(write(tmp_path / "a", samples, kind=kind), start=start, clip_seconds=1.5)
    begin = round(start * SAMPLE_RATE)
    expected = samples[begin : begin + round(1.5 * SAMPLE_RATE)]
    assert sound.start == start
    np.testing.assert_allclose(sound.samples, expected - expected.mean(), atol=1e-4)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 192_000])
def test_a_click_stays_where_it_is_when_resampled(rate):
    samples = np.zeros(4 * rate, np.float32)
    samples[round(2.5 * rate)] = 1
    for start in (0.0, 1.0, 2.125):
        sound = audio.load((rate, samples), start=start, clip_seconds=1.75 if start else 4)
        assert abs(int(np.abs(sound.samples).argmax()) - round((2.5 - start) * SAMPLE_RATE)) <= 1


@pytest.mark.parametrize(
    ("kind", "samples_off"), [("mp3", 0), ("ogg", 0), ("opus", 1), ("m4a", 1), ("aac", 1), ("webm", 23), ("wma", 2_048)]
)
def test_lossy_files_start_where_they_are_told(tmp_path, rng, noise, write, kind, samples_off):
    path = write(tmp_path / "a", noise(rng, 20, 44_100), 44_100, kind)
    whole = audio.load(path, clip_seconds=None).samples
    for start in (0.3, 4.0, 15.7):
        part = audio.load(path, start=start, clip_seconds=3)
        assert part.seconds == pytest.approx(3, abs=1e-3)
        assert abs(shift(whole, part.samples, round(start * SAMPLE_RATE))) <= samples_off


def test_a_webm_without_an_index_can_be_started_late(tmp_path, rng, noise, write):
    path = write(tmp_path / "a", noise(rng, 20, 48_000), 48_000, "webm", options={"live": "1"})
    whole = audio.load(path, clip_seconds=None).samples
    part = audio.load(path, start=15, clip_seconds=3).samples
    assert abs(shift(whole, part, 15 * SAMPLE_RATE)) <= 23


@pytest.mark.parametrize(("clip_seconds", "seconds"), [(30.0, 30), (1, 1), (12.345, 12.345), (600, 31), (None, 31)])
@pytest.mark.parametrize("kind", ["wav16", "mp3"])
def test_the_crop_has_the_length_asked_for(tmp_path, rng, noise, write, kind, clip_seconds, seconds):
    sound = audio.load(write(tmp_path / "a", noise(rng, 31, 16_000), 16_000, kind), clip_seconds=clip_seconds)
    assert len(sound.samples) == round(seconds * SAMPLE_RATE)
    assert sound.warnings == ()


def test_thirty_seconds_are_read_by_default(rng, noise):
    assert audio.load((SAMPLE_RATE, noise(rng, 31))).seconds == 30


@pytest.mark.parametrize("hours", [1.001, 24])
def test_a_whole_file_of_more_than_an_hour_is_refused(hours):
    silence = np.broadcast_to(np.float32(0), round(hours * 3_600 * 8_000))
    with pytest.raises(AudioError, match="longer than the 60 minutes"):
        audio.load((8_000, silence), clip_seconds=None)


@pytest.mark.parametrize("start", [-1, -0.001, float("nan"), float("inf"), 1e9, "3", None, True])
def test_a_start_out_of_range_is_a_settings_error(tone, start):
    with pytest.raises(SettingsError, match="start"):
        audio.load((SAMPLE_RATE, tone()), start=start)


@pytest.mark.parametrize("clip_seconds", [0, 0.99, 600.5, -5, float("nan"), float("inf"), "30", False])
def test_a_length_out_of_range_is_a_settings_error(tone, clip_seconds):
    with pytest.raises(SettingsError, match="clip_seconds"):
        audio.load((SAMPLE_RATE, tone()), clip_seconds=clip_seconds)


@pytest.mark.parametrize("kind", ["wav16", "flac", "mp3", "ogg", "opus", "m4a", "webm"])
@pytest.mark.parametrize("start", [2.5, 100, 1e6])
def test_a_start_after_the_end_is_an_audio_error(tmp_path, tone, write, kind, start):
    path = write(tmp_path / "a", tone(), kind=kind)
    with pytest.raises(AudioError, match=r"a\.\w+: .*ends before start"):
        audio.load(path, start=start)


@pytest.mark.parametrize("rate", [8_000, 192_000])
def test_the_rates_at_the_bounds_are_read(tone, rate):
    assert frequency(audio.load((rate, tone(1_000, 2, rate))).samples) == pytest.approx(1_000, abs=1)


@pytest.mark.parametrize("rate", [0, -44_100, 7_999, 192_001, 4_000_000_000])
def test_other_rates_are_refused(tone, rate):
    with pytest.raises(AudioError, match="sampling rate"):
        audio.load((rate, tone()))


# --- what is odd about the sound ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.1, 0.5, 0.999])
def test_less_than_a_second_is_refused(tone, seconds):
    with pytest.raises(AudioError, match=f"only {seconds:.2f} s"):
        audio.load((44_100, tone(440, seconds, 44_100)))


def test_what_is_left_after_the_start_may_be_too_short(tone):
    with pytest.raises(AudioError, match=r"only 0\.50 s .* after start=1\.5 s.*earlier start"):
        audio.load((SAMPLE_RATE, tone()), start=1.5)


@pytest.mark.parametrize("level", [0, 0.4, 3e-5])
def test_silence_is_refused_with_or_without_an_offset(tone, level):
    with pytest.raises(AudioError, match="silence"):
        audio.load((SAMPLE_RATE, level + np.zeros(50_000)))
    with pytest.raises(AudioError, match="silence"):
        audio.load((SAMPLE_RATE, level + tone(level=3e-5)))


def test_quiet_sound_is_heard_and_said_to_be_quiet(tone):
    sound = audio.load((SAMPLE_RATE, tone(level=0.001)))
    assert sound.warnings == ("quiet",)
    assert frequency(sound.samples) == pytest.approx(440, abs=1)
    assert audio.load((SAMPLE_RATE, tone(level=0.01))).warnings == ()


def test_an_offset_is_taken_out(tone):
    sound = audio.load((SAMPLE_RATE, tone(level=0.3) + np.float32(0.2)))
    assert sound.warnings == ("dc",)
    np.testing.assert_allclose(sound.samples, tone(level=0.3), atol=1e-3)


@pytest.mark.parametrize("kind", ["wav16", "wavfloat", "flac", "mp3", "ogg", "opus", "m4a", "webm"])
def test_clipping_is_noticed(tmp_path, rng, noise, write, kind):
    music = noise(rng, 3)
    assert audio.load(write(tmp_path / "clean", music / np.abs(music).max(), kind=kind)).warnings == ()
    assert audio.load(write(tmp_path / "hot", np.clip(12 * music, -1, 1), kind=kind)).warnings == ("clipped",)


def test_floats_on_a_scale_of_their_own_are_not_clipped(rng, noise):
    assert audio.load((SAMPLE_RATE, 32_768 * noise(rng, 3))).warnings == ()


def test_a_sine_of_full_scale_is_not_clipped(tone):
    for pitch in (55, 440, 3_000):
        assert audio.load((44_100, tone(pitch, 2, 44_100, level=1.0))).warnings == ()


def test_some_samples_that_are_no_numbers_are_taken_out(tmp_path, tone, write):
    samples = tone(440, 2)
    samples[1_000:1_100] = np.nan
    samples[5_000], samples[6_000], samples[7_000] = np.inf, -np.inf, 1e30
    for source in (write(tmp_path / "a", samples, kind="wavfloat"), (SAMPLE_RATE, samples)):
        sound = audio.load(source)
        assert sound.warnings == ("nonfinite",)
        assert np.isfinite(sound.samples).all()
        assert np.abs(sound.samples).max() < 0.31
        assert frequency(sound.samples) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_mostly_no_numbers_is_refused(tone, value):
    samples = tone(440, 2)
    samples[: len(samples) * 2 // 3] = value
    with pytest.raises(AudioError, match="not numbers"):
        audio.load((SAMPLE_RATE, samples))


def test_channels_wired_against_each_other_are_heard(tmp_path, tone, write):
    samples = tone(440, 2, 44_100, 2) * np.float32([1, -1])
    sound = audio.load(write(tmp_path / "a", samples, 44_100))
    assert frequency(sound.samples) == pytest.approx(440, abs=1)
    assert amplitude(sound.samples) == pytest.approx(0.3, rel=0.01)


# --- files that break off ----------------------------------------------------------------------------------------

BREAKABLE = [("wav16", None), ("flac", None), ("mp3", None), ("m4a", {"movflags": "faststart"}), ("webm", None)]


@pytest.mark.parametrize(("kind", "options"), BREAKABLE)
def test_what_is_left_of_a_broken_file_is_heard(tmp_path, rng, noise, write, kind, options):
    path = write(tmp_path / "a", noise(rng, 12, 44_100), 44_100, kind, options=options)
    content = path.read_bytes()
    whole = audio.load(content)
    broken = audio.load(content[: len(content) // 2])
    assert whole.warnings == ()
    assert broken.warnings == ("truncated",)
    assert broken.truncated
    assert broken.seconds == pytest.approx(6, abs=1.5)
    heard = len(broken.samples) - 3_000
    np.testing.assert_allclose(broken.samples[3_000:heard], whole.samples[3_000:heard], atol=0.01)
    assert audio.load(content[: len(content) // 2], clip_seconds=3).warnings == ()  # all that was asked for is there


def test_damage_inside_an_mp3_is_passed_over(tmp_path, rng, noise, write):
    content = bytearray(write(tmp_path / "a", noise(rng, 12, 44_100), 44_100, "mp3").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2_000] = bytes(2_000)
    assert audio.load(bytes(content)).seconds > 11


def test_a_written_source_is_a_plain_record(tone):
    sound = audio.load((SAMPLE_RATE, tone()))
    assert isinstance(sound, Audio)
    assert set(sound.warnings) <= audio.WARNINGS
    assert sound.seconds == 2
    assert Path(sound.source).name == "array"
