"""Pictures are whole, say what they were given, and survive every name."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from genre import plots
from genre.labels import CCMUSIC16

NAMES = [genre.en for genre in CCMUSIC16.genres]
MATRIX = np.random.default_rng(0).integers(0, 40, (16, 16))


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])


def count(png: bytes, color: str) -> int:
    """Return how many pixels have about this colour."""
    return int((abs(pixels(png) - rgb(color)).max(axis=2) < 12).sum())


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "draw",
    [
        lambda dark: plots.confusion(MATRIX, NAMES, title="A title", dark=dark),
        lambda dark: plots.reliability(np.linspace(0.1, 0.9, 50), np.arange(50) % 2 == 0, title="A title", dark=dark),
        lambda dark: plots.curves([{"epoch": 1, "loss": 2.0, "accuracy": 0.1, "image_size": 80}], dark=dark),
    ],
    ids=["confusion", "reliability", "curves"],
)
def test_nothing_is_cut_off(draw, dark: bool):
    picture = pixels(draw(dark))
    paper = rgb((plots.DARK if dark else plots.LIGHT).paper)
    for edge in (picture[:8], picture[-8:], picture[:, :8], picture[:, -8:]):
        assert (edge == paper).all()
    assert (picture != paper).any(axis=2).mean() > 0.02


def test_the_colour_of_a_cell_is_its_share_of_the_row():
    full, none = plots.LIGHT.heat[-1], plots.LIGHT.heat[0]
    right = plots.confusion(np.diag([1, 50, 3]), ["a", "b", "c"], title="")
    spread = plots.confusion(np.full((3, 3), 7), ["a", "b", "c"], title="")
    empty = plots.confusion(np.zeros((3, 3), dtype=int), ["a", "b", "c"], title="")
    bar = count(spread, full)  # the legend has that colour too
    assert count(right, full) > bar + 10_000
    assert count(empty, none) > count(right, none) > count(spread, none)


def test_counts_are_written_in_the_cells():
    one = plots.confusion(np.array([[1, 0], [0, 1]]), ["a", "b"], title="")
    two = plots.confusion(np.array([[2, 0], [0, 2]]), ["a", "b"], title="")
    assert (pixels(one) != pixels(two)).any()


def test_the_reliability_diagram_shows_the_gap():
    confidences = np.full(100, 0.9)
    honest = plots.reliability(confidences, np.arange(100) < 90, title="")
    boasting = plots.reliability(confidences, np.arange(100) < 30, title="")
    accent = plots.LIGHT.accent
    assert count(honest, accent) > 2.5 * count(boasting, accent) > 0
    assert plots.reliability(np.array([1.0]), np.array([True]), title="")  # of one clip


def test_changes_of_the_image_size_are_marked():
    history = [{"epoch": e, "loss": 1 / e, "accuracy": e / 10, "image_size": 112} for e in range(1, 7)]
    changed = [{**entry, "image_size": 80 if entry["epoch"] < 4 else 112} for entry in history]
    assert (pixels(plots.curves(history))[:, :400] != pixels(plots.curves(changed))[:, :400]).any()
    diverged = [*history, {"epoch": 7, "loss": float("nan"), "accuracy": 0.0, "image_size": 112}]
    assert plots.curves(diverged)
    with pytest.raises(ValueError, match="no curves"):
        plots.curves([])


def test_any_name_is_drawn_without_a_warning():
    names = ["$\\frac{1}{0}$", "a\nb\x00\u202e", "", "\U0001f600" * 60, "长" * 60, "\udcff"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = pixels(plots.confusion(np.eye(6, dtype=int), names, title="$x^$ \x1b[2J " * 30))
    assert picture.shape[1] < 1_600


@pytest.mark.skipif(plots.drawn_language("zh") == "en", reason="no Chinese font here")
def test_chinese_is_drawn_and_not_boxes():
    one = plots.confusion(np.eye(2, dtype=int), ["歌剧", "独奏"], title="", language="zh")
    two = plots.confusion(np.eye(2, dtype=int), ["摇滚", "流行"], title="", language="zh")
    assert (pixels(one) != pixels(two)).any()


def test_without_a_chinese_font_pictures_are_english(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plots, "CJK_FONT", "No Such Font")
    assert plots.drawn_language("zh") == "en"
    assert plots.drawn_language("en") == "en"
    assert plots.confusion(np.eye(2, dtype=int), ["歌剧", "独奏"], title="")  # a folder's name may be Chinese


def test_many_classes_fit():
    picture = pixels(plots.confusion(np.eye(60, dtype=int), [f"genre {i}" for i in range(60)], title="x"))
    assert max(picture.shape) < 3_500
