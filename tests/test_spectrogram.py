"""Known sound in, known rows, windows and pictures out."""

import json
import threading
import tracemalloc

import numpy as np
import pytest
from published import music, published_decibels

from genre.errors import AudioError, ModelError
from genre.spectrogram import FLOOR_DB, SpectrogramSpec, Window, decibels, images, network_input, render, windows

RATE = 22_050
A4_ROW = 45  # semitones above C1


def tone(hertz: float, seconds: float = 3.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


# The record


@pytest.mark.parametrize(
    "spec",
    [
        SpectrogramSpec(),
        SpectrogramSpec.published("mel", 299),
        SpectrogramSpec("chroma", "gray", short="stretch", mean=(0.4, 0.5, 0.6)),
    ],
)
def test_spec_survives_json(spec):
    assert SpectrogramSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_published_spec_is_librosas_defaults_in_magma():
    spec = SpectrogramSpec.published("cqt")
    assert (spec.rendering, spec.hop_length, spec.n_bins, spec.bins_per_octave) == ("magma", 512, 84, 12)
    assert spec.fmin == pytest.approx(32.703, abs=1e-3)
    assert (spec.window_seconds, spec.image_size, spec.mean, spec.std) == (11.4, 224, (0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"transform": "stft"}, "cqt, mel, chroma"),
        ({"rendering": "jet"}, "magma, gray"),
        ({"short": "loop"}, "repeat, pad, stretch"),
        ({"hop": 512}, "Unknown spectrogram keys: hop"),
        ({"n_bins": 0}, "n_bins"),
        ({"n_bins": 84.0}, "n_bins"),
        ({"n_bins": True}, "n_bins"),
        ({"n_bins": 120}, "half the sample rate"),
        ({"fmin": float("nan")}, "fmin"),
        ({"window_seconds": "11.4"}, "window_seconds"),
        ({"mean": [0.5, 0.5]}, "mean"),
        ({"std": [0.5, 0.0, 0.5]}, "std"),
        ([], "must be an object"),
    ],
)
def test_bad_specs_are_refused_with_the_reason(values, said):
    with pytest.raises(ModelError, match=said):
        SpectrogramSpec.from_dict(values)


# Decibels


@pytest.mark.parametrize(
    ("transform", "hertz", "row"),
    [
        ("cqt", 440.0, A4_ROW),
        ("cqt", 32.703, 0),
        ("cqt", 3951.07, 83),  # B7
        ("mel", 440.0, 16),  # 129 * mel(440 Hz) / mel(11 025 Hz) - 1 = 16.06
        ("chroma", 440.0, 9),
        ("chroma", 261.63, 0),
    ],
)
def test_a_pitch_lights_its_row(transform, hertz, row):
    spec = SpectrogramSpec(transform)
    spectrum = decibels(tone(hertz), spec)
    assert spectrum.dtype == np.float32
    assert spectrum.shape == (spec.bins, 1 + 3 * RATE // 512)
    assert (spectrum[:, 30:100].argmax(axis=0) == row).all()


def test_loudest_is_zero_and_the_floor_is_eighty_below():
    sound = np.concatenate([tone(440), np.zeros(3 * RATE, np.float32)])
    for transform in ("cqt", "mel"):
        spectrum = decibels(sound, SpectrogramSpec(transform))
        assert spectrum.max() == 0
        assert spectrum.min() == FLOOR_DB
        assert (spectrum[:, -20:] == FLOOR_DB).all()


@pytest.fixture(scope="module")
def long_music():
    return music(125.3)  # three chunks


@pytest.mark.parametrize("transform", ["cqt", "mel", "chroma"])
def test_chunks_leave_no_seam(transform, long_music):
    ours = decibels(long_music, SpectrogramSpec(transform))
    whole = published_decibels(long_music, transform)
    assert ours.shape == whole.shape
    assert np.abs(ours - whole).max() < 0.1  # dB


def test_chroma_follows_the_recordings_tuning_as_librosa_does():
    sound = tone(440 * 2 ** (0.4 / 12), 70)  # 40 cents sharp: C to B would blur without the estimate
    assert np.abs(decibels(sound, SpectrogramSpec("chroma")) - published_decibels(sound, "chroma")).max() < 0.1


@pytest.mark.parametrize(("transform", "megabytes"), [("cqt", 40), ("mel", 80), ("chroma", 200)])
def test_memory_stays_bounded_on_long_sound(transform, megabytes):
    spec = SpectrogramSpec(transform)
    sound = np.random.default_rng(0).standard_normal(300 * RATE, dtype=np.float32)
    decibels(sound[:RATE], spec)
    tracemalloc.start()
    decibels(sound, spec)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < megabytes * 1e6  # measured 18, 47, 126; in one go 96, 331, 874


@pytest.mark.parametrize(
    "samples", [np.zeros(0), np.zeros((2, 9)), np.array([0.0, np.nan]), np.array([np.inf])], ids=str
)
def test_what_is_no_sound_is_refused(samples):
    with pytest.raises(AudioError, match="finite samples"):
        decibels(samples, SpectrogramSpec())


def test_input_is_not_changed():
    sound = tone(440)
    sound.flags.writeable = False
    spectrum = decibels(sound, SpectrogramSpec())
    spectrum.flags.writeable = False
    for spec in (SpectrogramSpec(), SpectrogramSpec.published("cqt")):
        pictures = render(spectrum, windows(spectrum.shape[1], 3.0, spec), spec)
        pictures.flags.writeable = False
        network_input(pictures, spec)


def test_threads_get_their_own_answer():
    spec = SpectrogramSpec.published("cqt")
    sounds = [tone(110 * 2 ** (index / 12)) for index in range(12)]
    alone = [images(sound, spec) for sound in sounds]
    together: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda index=index: together.update({index: images(sounds[index], spec)}))
        for index in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(alone[index], together[index]) for index in range(12))


# Windows


@pytest.mark.parametrize(
    ("seconds", "edges"),
    [
        (30.0, [(156, 646), (646, 1136)]),
        (11.4, [(0, 491)]),
        (12.0, [(13, 504)]),
        (22.9, [(2, 493), (493, 984)]),
        (11.3, [(0, 487)]),
        (5.0, [(0, 216)]),
    ],
)
def test_windows_lie_as_published(seconds, edges):
    frames = 1 + int(seconds * RATE) // 512
    cut = windows(frames, seconds, SpectrogramSpec())
    assert [(window.begin, window.end) for window in cut] == edges


def test_window_seconds_follow_its_frames():
    first, second = windows(1292, 30.0, SpectrogramSpec())
    assert first.start == pytest.approx(156 * 30 / 1292)
    assert first.stop == second.start == pytest.approx(15.0)
    assert second.stop - second.start == pytest.approx(11.4, abs=0.03)
    assert windows(216, 5.0, SpectrogramSpec()) == [Window(0, 216, 0.0, 5.0)]


# Pictures


def test_low_tones_are_at_the_bottom_of_the_picture():
    expected = (84 - A4_ROW - 0.5) / 84 * 224  # pixels from the top
    for spec in (SpectrogramSpec(), SpectrogramSpec.published("cqt")):
        picture = images(tone(440, 12), spec)[0].astype(int)
        assert picture.shape == (224, 224, 3)
        assert abs(picture[:, 100].sum(axis=1).argmax() - expected) < 2


def gray(spectrum: np.ndarray, **changes) -> np.ndarray:
    spec = SpectrogramSpec(**changes)
    seconds = spectrum.shape[1] * spec.hop_length / spec.sample_rate
    return render(spectrum.astype(np.float32), [Window(0, spectrum.shape[1], 0.0, seconds)], spec)[0]


def test_gray_runs_from_the_first_to_the_last_percentile():
    # 200 x 500 cells of 0..1: the picture of a ramp is the ramp, stretched so that 0.01 is black and 0.99 white.
    ramp = np.tile(np.linspace(0, 1, 500), (200, 1))
    picture = gray(ramp, image_size=500)
    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture[..., 0] == picture[..., 2]).all()
    row = picture[100, :, 0].astype(int)
    assert (row[:5] == 0).all()
    assert (row[-5:] == 255).all()
    expected = (np.linspace(0, 1, 500) - 0.01) / 0.98 * 255
    assert np.abs(row - np.clip(expected, 0, 255)).max() <= 1


def test_gray_of_a_window_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(4)
    part = rng.uniform(-60, -30, (84, 490)).astype(np.float32)
    spec = SpectrogramSpec()
    cut = [Window(0, 490, 0, 11.4), Window(490, 980, 11.4, 22.8)]
    one, other = render(np.concatenate([part, part / 2], axis=1), cut, spec)
    assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("rendering", ["gray", "magma"])
def test_a_flat_window_is_one_colour(rendering):
    picture = gray(np.full((84, 490), -30.0), rendering=rendering)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 1


def test_a_short_clip_fills_its_window():
    ramp = np.tile(np.linspace(-80, 0, 245), (84, 1))  # half a window, rising
    repeated, padded, stretched = (
        gray(ramp, short=short)[112, :, 0].astype(int) for short in ("repeat", "pad", "stretch")
    )
    assert np.abs(repeated[2:110] - repeated[114:222]).max() <= 1
    assert repeated[110] > 240
    assert padded[108] > 240
    assert (padded[114:] == 0).all()
    assert (np.diff(stretched) >= 0).all()
    assert stretched[112] == pytest.approx(127, abs=2)


def test_network_input_is_normalised_and_channels_first():
    pictures = np.zeros((2, 4, 4, 3), np.uint8)
    pictures[1, 0, 3] = (255, 51, 0)
    spec = SpectrogramSpec(mean=(0.5, 0.2, 0.4), std=(0.5, 0.5, 0.25))
    values = network_input(pictures, spec)
    assert values.dtype == np.float32
    assert values.shape == (2, 3, 4, 4)
    assert values[1, :, 0, 3] == pytest.approx([1.0, 0.0, -1.6], abs=1e-6)
    assert values[0, :, 0, 0] == pytest.approx([-1.0, -0.4, -1.6], abs=1e-6)
