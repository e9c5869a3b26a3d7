"""The picture for people: its axes say where its pixels are."""

import librosa
import numpy as np
import pytest

from genre import preview
from genre.preview import INK, PAPER, draw
from genre.spectrogram import FLOOR_DB, SpectrogramSpec, decibels

RATE = 22_050


def spectrum(spec: SpectrogramSpec, frames: int = 1292) -> np.ndarray:
    return np.full((spec.bins, frames), FLOOR_DB, dtype=np.float32)


def plot(picture, width: int = 1_280) -> np.ndarray:
    """Return the brightness of the spectrogram's own area [height, width]."""
    text = round(width / 46)
    area = picture.crop((4 * text, text, picture.width - 5 * text, picture.height - 2 * text))
    return np.asarray(area).astype(int).sum(axis=2)


def test_a_tone_is_drawn_at_its_note_and_its_time():
    spec = SpectrogramSpec("cqt")
    values = spectrum(spec)
    values[45, 600:640] = 0  # A4, 14.4 s of 30 s
    bright = np.argwhere(plot(draw(values, spec)) > 600)
    height, width = plot(draw(values, spec)).shape
    assert bright[:, 0].mean() / height == pytest.approx((84 - 45 - 0.5) / 84, abs=0.01)
    assert bright[:, 1].mean() / width == pytest.approx(620 / 1292, abs=0.01)


def test_note_names_stand_at_their_rows():
    assert preview.row_ticks(SpectrogramSpec("cqt")) == [
        (pytest.approx(12 * index, abs=1e-6), f"C{index + 1}") for index in range(7)
    ]
    # Two rows a semitone, an octave up: C2 is the lowest.
    fine = SpectrogramSpec("cqt", bins_per_octave=24, n_bins=96, fmin=65.406)
    assert preview.row_ticks(fine)[1] == (pytest.approx(24, abs=1e-3), "C3")
    names = {label: row for row, label in preview.row_ticks(SpectrogramSpec("chroma"))}
    assert (names["C"], names["A"], len(names)) == (0, 9, 12)


@pytest.mark.parametrize(("label", "hertz"), [("500 Hz", 500), ("1 kHz", 1_000), ("4 kHz", 4_000), ("8 kHz", 8_000)])
def test_hertz_stand_at_the_rows_that_sound(label, hertz):
    spec = SpectrogramSpec("mel")
    sound = np.sin(2 * np.pi * hertz * np.arange(2 * RATE) / RATE).astype(np.float32)
    loudest = decibels(sound, spec)[:, 40].argmax()
    row = next(row for row, name in preview.row_ticks(spec) if name == label)
    assert row == pytest.approx(loudest, abs=0.75)


@pytest.mark.parametrize(
    ("transform", "hertz", "name"), [("cqt", 440, "A4"), ("mel", 1_000, "1 kHz"), ("chroma", 440, "A")]
)
def test_the_loudest_row_of_a_tone_has_its_name(transform, hertz, name):
    spec = SpectrogramSpec(transform)
    sound = np.sin(2 * np.pi * hertz * np.arange(2 * RATE) / RATE).astype(np.float32)
    loudest = decibels(sound, spec)[:, 40].argmax()
    assert preview.row_names(spec)[loudest] == name


def test_every_row_has_a_name_and_a_frequency():
    cqt = SpectrogramSpec("cqt")
    names, hertz = preview.row_names(cqt), preview.row_hertz(cqt)
    assert (names[0], names[12], names[19], names[83]) == ("C1", "C2", "G2", "B7")
    assert hertz[45] == pytest.approx(440, abs=0.01)
    # librosa's mel frequencies without the two at the ends, which are the outer feet of the first and last filter.
    mel = preview.row_hertz(SpectrogramSpec("mel"))
    assert mel == pytest.approx(librosa.mel_frequencies(130, fmax=RATE / 2)[1:-1], rel=1e-6)
    assert preview.row_names(SpectrogramSpec("mel"))[0] == "26 Hz"
    assert preview.row_hertz(SpectrogramSpec("chroma")) is None
    assert preview.row_names(SpectrogramSpec("chroma", n_chroma=24))[:3] == ["C", "C", "C#"]


@pytest.mark.parametrize(
    ("start", "seconds", "times", "labels"),
    [
        (0.0, 30.0, [0, 5, 10, 15, 20, 25, 30], ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s"]),
        (2.5, 1.4, [2.5, 2.75, 3.0, 3.25, 3.5, 3.75], ["2.5 s", "2.75 s", "3 s", "3.25 s", "3.5 s", "3.75 s"]),
        (95.0, 30.0, [95, 100, 105, 110, 115, 120, 125], ["1:35", "1:40", "1:45", "1:50", "1:55", "2:00", "2:05"]),
        (0.0, 3600.0, [0, 600, 1200, 1800, 2400, 3000, 3600], [f"{minute}:00" for minute in range(0, 61, 10)]),
    ],
)
def test_time_labels_are_round_and_few(start, seconds, times, labels):
    ticks = preview._time_ticks(start, seconds)
    assert [time for time, _ in ticks] == pytest.approx(times)
    assert [label for _, label in ticks] == labels


def test_a_short_hit_survives_an_hour():
    spec = SpectrogramSpec("cqt")
    values = spectrum(spec, 155_040)
    values[:, 77_520] = 0
    shown = plot(draw(values, spec))
    columns = np.unique(np.argwhere(shown > 500)[:, 1])
    assert columns == pytest.approx(shown.shape[1] / 2, abs=2)


def test_legend_runs_from_bright_zero_to_black_floor():
    spec = SpectrogramSpec("cqt")
    picture = np.asarray(draw(spectrum(spec), spec)).astype(int)
    bar = picture[:, 1_280 - 4 * 28 + 4].sum(axis=1)[28 : 560 - 56]
    assert bar[0] > 650
    assert bar[-1] < 30
    assert bar[len(bar) // 2] == pytest.approx(sum((183, 55, 121)), abs=15)  # magma's middle: -40 dB


def luminance(color: tuple[int, int, int]) -> float:
    """WCAG's relative luminance."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
def test_labels_are_drawn_and_contrast_in_both_themes(dark):
    spec = SpectrogramSpec("cqt")
    picture = np.asarray(draw(spectrum(spec), spec, dark=dark, width=780, height=480))
    assert picture.shape == (480, 780, 3)
    assert tuple(picture[0, 0]) == PAPER[dark]
    light, shade = sorted((luminance(INK[dark]), luminance(PAPER[dark])), reverse=True)
    assert (light + 0.05) / (shade + 0.05) > 7
    names, times = picture[:, :60], picture[-30:, 60:-85]
    for area in (names, times):
        assert (np.abs(area.astype(int) - INK[dark]).max(axis=2) < 40).sum() > 100  # strokes, not only their edges


def test_a_picture_that_is_shown_narrow_has_larger_type_and_the_same_places():
    spec = SpectrogramSpec("cqt")
    values = spectrum(spec)
    values[45, 600:640] = 0
    usual, larger = (draw(values, spec, width=760, height=400, larger=times) for times in (1.0, 1.5))
    assert usual.size == larger.size
    assert preview.text_size(760, 1.5) == pytest.approx(1.5 * preview.text_size(760), abs=1)
    left, top, right, bottom = preview.plot_area(760, 400, 1.5)
    bright = np.asarray(larger.crop((left, top, right, bottom))).astype(int).sum(axis=2)
    row, column = np.argwhere(bright > 500).mean(axis=0)
    assert row == pytest.approx((1 - 45.5 / 84) * (bottom - top), abs=2)
    assert column == pytest.approx(620 / 1292 * (right - left), abs=2)


def test_sound_of_one_frame_can_be_drawn():
    spec = SpectrogramSpec("mel")
    assert draw(np.zeros((128, 1), np.float32), spec).size == (1_280, 560)
