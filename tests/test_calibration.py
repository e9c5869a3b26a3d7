"""Calibration on numbers made by hand, and a known temperature found again in logits that were divided by it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genre.calibration import (
    BINS,
    brier_scores,
    calibration_error,
    cross_fit,
    fit_temperature,
    log_loss,
    reliability_bins,
    soften,
)
from genre.classifier import Classifier, classifier

CLASSES = 16


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def overconfident(rng: np.random.Generator, temperature: float, clips: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities whose logits are `temperature` times too large, and truths drawn from the honest ones."""
    logits = rng.normal(0, 1.5, (clips, CLASSES))
    honest = softmax(logits)
    drawn = (rng.random((clips, 1)) > honest.cumsum(axis=1)).sum(axis=1).clip(0, CLASSES - 1)
    return softmax(logits * temperature), np.eye(CLASSES, dtype=bool)[drawn]


def test_bins_by_hand():
    bins = reliability_bins(np.array([0.05, 1 / 15, 0.9, 0.95, 1.0]), np.array([True, False, True, True, False]))
    assert len(bins) == BINS == 15
    assert [(i, b.clips) for i, b in enumerate(bins) if b.clips] == [(0, 2), (13, 1), (14, 2)]  # (low, high]
    assert bins[0].confidence == pytest.approx((0.05 + 1 / 15) / 2)
    assert bins[0].accuracy == 0.5
    assert (bins[14].low, bins[14].high, bins[14].accuracy) == (pytest.approx(14 / 15), 1.0, 0.5)
    assert reliability_bins(np.array([0.0]), np.array([False]))[0].clips == 1


def test_calibration_error_by_hand():
    # Bin of 0.62 and 0.64: right in half; bin of 0.9: wrong.
    error = calibration_error(np.array([0.62, 0.64, 0.9]), np.array([True, False, False]))
    assert error == pytest.approx((2 * abs(0.5 - 0.63) + 0.9) / 3)
    assert calibration_error(np.ones(5), np.ones(5, dtype=bool)) == 0.0


def test_brier_scores_run_from_0_to_2():
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]])
    assert brier_scores(probabilities, np.array([0, 1, 1])).tolist() == [0.0, 2.0, 0.5]


def test_log_loss_takes_any_of_the_truths():
    probabilities = np.array([[0.5, 0.25, 0.25]])
    assert log_loss(probabilities, np.array([[False, True, True]])) == pytest.approx(np.log(2))
    assert np.isfinite(log_loss(np.array([[1.0, 0.0]]), np.array([[False, True]])))


def test_a_temperature_softens_every_window_before_the_mean():
    windows = np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2]])
    softened = soften(windows, np.array([0, 2]), 2.0)
    assert softened[0] == pytest.approx([0.5, 0.5])
    assert softened[1] == pytest.approx(np.sqrt([0.8, 0.2]) / np.sqrt([0.8, 0.2]).sum())
    assert soften(windows, np.array([0, 1, 2]), 1.0) == pytest.approx(windows)
    assert np.isfinite(soften(np.array([[1.0, 0.0]]), np.array([0]), 0.05)).all()


def test_softening_is_what_the_classifier_does(tmp_path: Path, write: Callable[..., Path], noise, rng):
    """A temperature in a model's card gives the probabilities that `soften` says it would."""
    path = write(tmp_path / "noise.wav", noise(rng, 30.0))
    card = classifier().card
    plain, warm = (Classifier(replace(card, temperature=degrees)) for degrees in (None, 2.5))
    ids = card.taxonomy.ids
    windows = np.array([[w.probabilities[genre_id] for genre_id in ids] for w in plain.predict(path).windows])
    assert len(windows) > 1
    expected = dict(warm.predict(path).ranked)
    softened = soften(windows, np.array([0]), 2.5)[0]
    assert softened == pytest.approx([expected[genre_id] for genre_id in ids], abs=1e-5)
    assert abs(softened - windows.mean(axis=0)).max() > 0.01


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_a_known_temperature_is_found_again(rng: np.random.Generator, temperature: float):
    probabilities, truths = overconfident(rng, temperature)
    starts = np.arange(len(truths))
    assert fit_temperature(probabilities, starts, truths) == pytest.approx(temperature, rel=0.06)
    crossed = cross_fit(probabilities, starts, truths, starts)
    assert crossed.temperatures == pytest.approx((temperature, temperature), rel=0.1)
    hits = truths[starts, probabilities.argmax(axis=1)]
    after = calibration_error(crossed.probabilities.max(axis=1), hits)
    assert after < 0.03
    if temperature != 1.0:
        assert calibration_error(probabilities.max(axis=1), hits) > 0.1


def test_a_temperature_is_found_from_coarse_truths_too(rng: np.random.Generator):
    probabilities, truths = overconfident(rng, 3.0)
    coarse = np.repeat(truths.reshape(-1, 4, 4).any(axis=2), 4, axis=1)
    assert fit_temperature(probabilities, np.arange(len(truths)), coarse) == pytest.approx(3.0, rel=0.1)


def test_what_is_judged_was_not_fitted_on(rng: np.random.Generator):
    probabilities, truths = overconfident(rng, 2.0, 400)
    starts, groups = np.arange(400), np.arange(400) // 4
    crossed = cross_fit(probabilities, starts, truths, groups, seed=3)
    assert all(len(set(crossed.halves[groups == group])) == 1 for group in range(100))  # no group is torn
    assert crossed.halves.mean() == 0.5
    one = crossed.halves == 1
    changed = truths.copy()
    some = np.flatnonzero(one)[:40]
    changed[some] = changed[some][:, ::-1]  # other truths in one half
    again = cross_fit(probabilities, starts, changed, groups, seed=3)
    assert again.temperatures[0] == crossed.temperatures[0]
    assert again.temperatures[1] != crossed.temperatures[1]
    assert (again.probabilities[one] == crossed.probabilities[one]).all()
    assert (again.probabilities[~one] != crossed.probabilities[~one]).any()
    assert crossed.probabilities[one] == pytest.approx(soften(probabilities, starts, crossed.temperatures[0])[one])


def test_clips_that_determine_no_temperature_give_none(rng: np.random.Generator):
    probabilities, truths = overconfident(rng, 2.0, 40)
    starts = np.arange(40)
    all_right = np.eye(CLASSES, dtype=bool)[probabilities.argmax(axis=1)]
    assert fit_temperature(probabilities, starts, all_right) is None
    assert cross_fit(probabilities, starts, all_right, starts) is None
    all_wrong = np.eye(CLASSES, dtype=bool)[probabilities.argmin(axis=1)]
    assert fit_temperature(probabilities, starts, all_wrong) is None
    assert cross_fit(probabilities, starts, truths, np.zeros(40, dtype=int)) is None
