"""Our picture of a sound against the one that the published program draws with matplotlib."""

import numpy as np
import pytest
from published import SOUNDS, published_images, published_picture

from genre.spectrogram import SpectrogramSpec, images, render, windows

TRANSFORMS = ("cqt", "mel", "chroma")
LIMIT = 0.01  # levels of 255, mean; measured 0. Without the JPEG step it is about 5, with careless pixel edges about 2.


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("sound", SOUNDS)
def test_images_are_the_published_ones(sound, transform):
    samples = SOUNDS[sound]()
    theirs = published_images(samples, transform).astype(int)
    ours = images(samples, SpectrogramSpec.published(transform)).astype(int)
    assert ours.shape == theirs.shape == (2, 224, 224, 3)
    assert theirs.std() > 10  # there is something to compare
    assert np.abs(ours - theirs).mean() <= LIMIT


@pytest.mark.parametrize("seconds", [11.4, 12.0, 23.7])
def test_odd_lengths_are_cut_and_drawn_the_published_way(seconds):
    samples = SOUNDS["music"](seconds)
    theirs = published_images(samples, "mel", 299).astype(int)
    ours = images(samples, SpectrogramSpec.published("mel", 299)).astype(int)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).mean() <= LIMIT


def test_random_pixels_fall_where_matplotlib_puts_them():
    """Every cell differs from its neighbours, so half a pixel's shift would show."""
    spec = SpectrogramSpec.published("mel", 369)
    decibels = np.random.default_rng(3).uniform(-80, 0, (128, 491)).astype(np.float32)
    ours = render(decibels, windows(491, 11.4, spec), spec)[0].astype(int)
    theirs = np.asarray(published_picture(decibels[:, :491]).resize((369, 369), 2)).astype(int)
    assert np.abs(ours - theirs).mean() <= LIMIT
