"""The pair for the classroom: major and minor differ in the third of every chord, to the ear and to the eye."""

import numpy as np
import pytest

from corpus import classroom
from genre import audio
from genre.settings import SAMPLE_RATE
from genre.spectrogram import SpectrogramSpec, decibels

MAJOR, MINOR = classroom.THIRDS["c_major"], classroom.THIRDS["c_minor"]
CLEARLY = 3.0  # dB


def test_only_the_thirds_differ():
    major, minor = sorted(classroom.score(MAJOR)), sorted(classroom.score(MINOR))
    roots = {classroom.TONIC + root for root in classroom.ROOTS}
    lowered = [
        note._replace(pitch=note.pitch - (note.pitch - MAJOR in roots and note.velocity > 100)) for note in major
    ]
    assert sorted(lowered) == minor
    assert len(set(major) ^ set(minor)) == 2 * 2 * len(classroom.ROOTS)  # twice a bar, in each of both


@pytest.fixture(scope="module")
def chromas() -> list[np.ndarray]:
    """Of the major and the minor clip, [12, frames]."""
    sounds = [audio.load(classroom.CLASSROOM / f"{name}.mp3") for name in classroom.THIRDS]
    assert all(8 <= sound.seconds <= 10 and not sound.warnings for sound in sounds)
    return [decibels(sound.samples, SpectrogramSpec("chroma")) for sound in sounds]


@pytest.mark.parametrize("bar", range(len(classroom.ROOTS)))
def test_the_thirds_can_be_seen(chromas: list[np.ndarray], bar: int):
    begin, end = ((bar + part) * classroom.BAR * SAMPLE_RATE / 512 for part in (0.1, 0.9))
    rows = [(classroom.ROOTS[bar] + third) % 12 for third in (MAJOR, MINOR)]
    levels = [[chroma[row, round(begin) : round(end)].mean() for row in rows] for chroma in chromas]
    assert levels[0][0] > levels[1][0] + CLEARLY  # the major third, in the major clip
    assert levels[1][1] > levels[0][1] + CLEARLY


def test_they_are_small_and_their_source_is_told():
    files = sorted(classroom.CLASSROOM.glob("*.mp3"))
    assert [path.stem for path in files] == sorted(classroom.THIRDS)
    assert sum(path.stat().st_size for path in files) < 200_000
    sources = (classroom.CLASSROOM.parent / "SOURCES.md").read_text(encoding="utf-8")
    assert classroom.SOURCES in sources
    assert all(f"classroom/{path.name}" in sources for path in files)
