"""The veil over the spectrogram: what counted stays, the rest goes dark, numbers stand where the regions are."""

import numpy as np
import pytest
from PIL import Image

from genre import heatmap, preview
from genre.spectrogram import SpectrogramSpec

SPEC = SpectrogramSpec("cqt")
FRAMES = 860
LEFT, TOP, RIGHT, BOTTOM = preview.plot_area()


@pytest.fixture
def decibels(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-60, 0, (SPEC.bins, FRAMES)).astype(np.float32)


@pytest.fixture
def relevance() -> np.ndarray:
    """What counted is the upper half of the second half."""
    made = np.zeros((SPEC.bins, FRAMES), np.float32)
    made[SPEC.bins // 2 :, FRAMES // 2 :] = 1
    return made


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB")).astype(int)


def quarters(picture: np.ndarray) -> dict[str, np.ndarray]:
    """Return the four quarters of the spectrogram's own area, a few pixels from their edges."""
    area = picture[TOP:BOTTOM, LEFT:RIGHT]
    down, across = area.shape[0] // 2, area.shape[1] // 2
    rows = {"high": slice(8, down - 8), "low": slice(down + 8, -8)}
    columns = {"first": slice(8, across - 8), "second": slice(across + 8, -8)}
    return {f"{r} {c}": area[rows[r], columns[c]] for r in rows for c in columns}


def test_what_counted_stays_and_the_rest_goes_dark(decibels: np.ndarray, relevance: np.ndarray):
    plain, shown = (
        quarters(pixels(picture))
        for picture in (preview.draw(decibels, SPEC), heatmap.draw(decibels, SPEC, relevance, strength=1.0))
    )
    np.testing.assert_array_equal(shown.pop("high second"), plain["high second"])
    assert len(shown) == 3
    for place, quarter in shown.items():
        assert plain[place].mean() > 60
        assert abs(quarter - np.array(heatmap.VEIL)).max() <= 1


def test_the_veil_is_as_strong_as_asked(decibels: np.ndarray, relevance: np.ndarray):
    plain = pixels(preview.draw(decibels, SPEC))
    np.testing.assert_array_equal(pixels(heatmap.draw(decibels, SPEC, relevance, strength=0.0)), plain)
    means = [
        quarters(pixels(heatmap.draw(decibels, SPEC, relevance, strength=s)))["low first"].mean() for s in (0.3, 0.9)
    ]
    before = quarters(plain)["low first"].mean()
    expected = [(1 - s) * before + s * np.mean(heatmap.VEIL) for s in (0.3, 0.9)]
    assert means == pytest.approx(expected, abs=1.5)


def test_axes_and_legend_are_never_veiled(decibels: np.ndarray, relevance: np.ndarray):
    alpha = np.asarray(heatmap.overlay(relevance))[..., 3].copy()
    alpha[TOP:BOTTOM, LEFT:RIGHT] = 0
    assert alpha.max() == 0
    assert heatmap.overlay(relevance, width=640, height=280).size == (640, 280)


def test_a_box_stands_where_its_region_is(relevance: np.ndarray):
    box = ((430, 645), (36, 47))  # the third quarter of the time, C4 to B4
    marked = (np.asarray(heatmap.overlay(relevance, [box]))[..., :3] == heatmap.MARK).all(axis=2)
    rows, columns = np.nonzero(marked)
    width, height = RIGHT - LEFT, BOTTOM - TOP
    assert [columns.min() - LEFT, columns.max() + 1 - LEFT] == pytest.approx([width / 2, width * 3 / 4], abs=2)
    assert [BOTTOM - rows.max() - 1, BOTTOM - rows.min()] == pytest.approx([height * 36 / 84, height * 48 / 84], abs=2)
    assert not marked[rows.min() + 60 : rows.max() - 10, columns.min() + 60 : columns.max() - 10].any()  # it is hollow
