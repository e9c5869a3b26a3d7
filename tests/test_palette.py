"""Colours are told apart on either paper, letters are read on them, and both say the same."""

import itertools

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from genre.labels import CCMUSIC16
from genre.palette import COLOURS, INKS, QUIET, contrast, ink, marks

PAPERS = ("#ffffff", "#161b22")  # of the page, light and dark
SHAPE_CONTRAST, TEXT_CONTRAST = 3.0, 4.5  # WCAG 2.2, 1.4.11 and 1.4.3
DIFFERENCE = 15.0  # CIEDE2000; about 2 is just noticeable


def test_contrast_is_what_is_known():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


def test_every_colour_shows_on_either_paper_and_carries_its_letter():
    for paper in (*COLOURS, QUIET):
        assert min(contrast(paper, page) for page in PAPERS) >= SHAPE_CONTRAST
        assert ink(paper) in INKS
        assert contrast(ink(paper), paper) >= TEXT_CONTRAST


def test_no_two_colours_are_alike():
    rgb = np.array([[int(value[place : place + 2], 16) for place in (1, 3, 5)] for value in (*COLOURS, QUIET)]) / 255
    lab = rgb2lab(rgb[np.newaxis])[0]
    assert len(COLOURS) == 16
    assert min(float(deltaE_ciede2000(one, other)) for one, other in itertools.combinations(lab, 2)) > DIFFERENCE


def test_a_genre_has_one_letter_and_one_colour():
    ids = CCMUSIC16.ids
    found = marks(
        [("music", "solo"), ("not_music", "not_music"), ("music", "opera"), ("silence", "silence"), ("music", "solo")],
        ids,
    )
    assert [mark.letter for mark in found] == ["A", "·", "B", " ", "A"]
    assert found[0] == found[4]
    assert [mark.paper for mark in found[:4]] == [COLOURS[ids.index("solo")], QUIET, COLOURS[ids.index("opera")], ""]


def test_more_genres_than_colours_and_letters_are_marked_too():
    ids = [f"genre{number}" for number in range(60)]
    found = marks([("music", name) for name in ids], ids)
    assert found[16].paper == found[0].paper
    assert found[16].letter != found[0].letter
    assert all(len(mark.letter) == 1 for mark in found)
