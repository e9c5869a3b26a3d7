"""The numbers that a sound is told by: known sound in, known numbers out, however loud it is."""

import numpy as np
import pytest

from genre.settings import SAMPLE_RATE
from genre.traits import traits

SECONDS = 6.0
TIME = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE


def heard(sound: np.ndarray) -> dict[str, float]:
    return traits(np.asarray(sound, np.float32))


def tones(frequencies: list[float]) -> np.ndarray:
    return np.sum([np.sin(2 * np.pi * f * TIME) for f in frequencies], axis=0)


def sweep(octaves_a_second: float) -> np.ndarray:
    return np.sin(2 * np.pi * np.cumsum(200 * 2 ** (octaves_a_second * (TIME % 1.5))) / SAMPLE_RATE)


@pytest.mark.parametrize("rate", [0.7, 1.4, 3.0, 5.0, 11.0])
def test_the_rate_of_a_swing_is_found(rng: np.random.Generator, rate: float):
    swinging = rng.standard_normal(len(TIME)) * (1 + 0.9 * np.sin(2 * np.pi * rate * TIME))
    numbers = heard(swinging)
    swings = {name: value for name, value in numbers.items() if name.startswith("level_swing")}
    low = max(edge for edge in (0.5, 1, 2, 4, 8) if edge <= rate)
    assert max(swings, key=lambda name: swings[name]) == f"level_swing_{low:g}hz"
    assert numbers["bands_together"] > 0.9


def test_a_held_chord_is_steady_and_a_siren_glides(rng: np.random.Generator):
    chord, siren, noise = heard(tones([220, 277.18, 329.63])), heard(sweep(0.8)), heard(rng.standard_normal(len(TIME)))
    assert min(chord[f"steady_{later}"] for later in (1, 2, 4, 8)) > 0.99
    assert chord["gliding"] < 0.01
    assert (chord["partials"], chord["tonal"]) == (pytest.approx(3, abs=0.1), pytest.approx(1, abs=0.05))
    assert siren["steady_2"] < 0.2
    assert siren["gliding"] > 0.5
    assert noise["tonal"] < 0.05
    assert noise["steady_4"] < 0.1


def test_a_tune_moves_and_a_hum_does_not():
    notes = 220 * 2 ** (np.array([0, 4, 7, 12, 5, 9])[(TIME // 1.0).astype(int)] / 12)
    tune, hum = heard(np.sin(2 * np.pi * np.cumsum(notes) / SAMPLE_RATE)), heard(tones([100, 150, 250]))
    assert tune["tones_move"] > 0.3
    assert tune["tones_vary"] > 0.4
    assert max(hum["tones_move"], hum["tones_vary"]) < 0.01


def test_tempered_notes_lie_on_one_grid_whatever_the_tuning():
    scale = [220 * 2 ** (step / 12) for step in (0, 3, 7, 10, 14)]
    between = [220 * 2 ** (step / 12) for step in (0, 3.5, 7.25, 10.75, 14.5)]
    assert heard(tones(scale))["on_grid"] > 0.95
    assert heard(tones([1.02 * tone for tone in scale]))["on_grid"] > 0.95
    assert heard(tones(between))["on_grid"] < 0.5


def test_a_beat_is_regular_and_knocks_are_not(rng: np.random.Generator):
    click = np.exp(-np.arange(2_000) / 200) * rng.standard_normal(2_000)

    def clicks(starts: np.ndarray) -> dict[str, float]:
        sound = 1e-3 * rng.standard_normal(len(TIME))
        for start in starts:
            sound[start : start + 2_000] += click
        return heard(sound)

    beat = clicks(np.arange(1_000, len(TIME) - 2_000, SAMPLE_RATE // 2))
    knocks = clicks(rng.integers(0, len(TIME) - 2_000, 12))
    assert beat["beat"] > 0.8
    assert knocks["beat"] < 0.6
    assert beat["attack"] > 20


def test_mains_and_what_is_low_are_known():
    hum, tune = heard(tones([100, 150, 250, 350])), heard(tones([104, 139, 233, 371]))
    assert hum["mains"] > 0.99
    assert tune["mains"] < 0.3
    assert heard(tones([60]))["share_0hz"] == pytest.approx(0, abs=0.1)
    assert heard(tones([2_000]))["share_1000hz"] == pytest.approx(0, abs=0.1)


def test_gaps_are_counted():
    numbers = heard(tones([300]) * ((TIME % 1.0) < 0.5))
    assert numbers["gaps"] == pytest.approx(0.5, abs=0.05)
    assert numbers["gap_rate"] == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("level", [1e-6, 1e-3, 30.0])
def test_loudness_says_nothing(rng: np.random.Generator, level: float):
    sound = tones([220, 330]) * (1 + np.sin(2 * np.pi * 3 * TIME)) + 0.1 * rng.standard_normal(len(TIME))
    assert heard(level * sound) == pytest.approx(heard(sound), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("seconds", [1.0, 12.0])
def test_every_sound_has_finite_numbers_of_the_same_names(rng: np.random.Generator, seconds: float):
    count = round(seconds * SAMPLE_RATE)
    sounds = [
        rng.standard_normal(count),
        np.ones(count),
        (np.arange(count) == count // 2).astype(float),
        (np.arange(count) == 5).astype(float),
        np.sin(np.arange(count) / 3),
        np.sign(np.sin(np.arange(count) / 50)),
    ]
    names = list(heard(sounds[0]))
    assert len(names) == len(set(names)) > 50
    for sound in sounds:
        numbers = heard(sound)
        assert list(numbers) == names
        assert np.isfinite(list(numbers.values())).all()
