"""Figures computed by hand on a small table come out of the room."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre.classifier import classifier
from genre.errors import ModelError
from genre.evaluation import Evaluation, bootstrap_interval, coarse_hits, evaluate
from genre.labels import CCMUSIC16
from genre.settings import SAMPLE_RATE

IDS = CCMUSIC16.ids


def answers(*rows: dict[str, float]) -> np.ndarray:
    return np.array([[row.get(genre_id, 0.0) for genre_id in IDS] for row in rows])


SMALL = Evaluation(
    CCMUSIC16,
    answers(
        {"solo": 0.7, "opera": 0.3},  # right
        {"soft_rock": 0.6, "acoustic_pop": 0.4},  # wrong genre, right group, second guess right
        {"dance_pop": 0.4, "teen_pop": 0.3, "adult_contemporary": 0.3},  # the pop group outweighs the top genre
        {"solo": 0.9, "symphony": 0.1},  # wrong
    ),
    np.array([IDS.index(g) for g in ("solo", "acoustic_pop", "teen_pop", "chamber")]),
    (),
)


def test_top_k_groups_f1_and_confusion() -> None:
    assert SMALL.top(1) == 0.25
    assert SMALL.top(3) == 0.75
    assert SMALL.group_accuracy() == 0.75
    # solo: precision 1/2, recall 1 → F1 2/3; the other three genres 0.
    assert SMALL.macro_f1() == pytest.approx(2 / 3 / 4)
    assert SMALL.confusion()[IDS.index("chamber"), IDS.index("solo")] == 1
    assert SMALL.confusion().sum() == 4


def test_interval_covers_the_share_and_narrows_with_more_recordings() -> None:
    low, high = bootstrap_interval(np.arange(400) < 300)
    assert low < 0.75 < high
    assert (high - low) == pytest.approx(2 * 1.96 * (0.75 * 0.25 / 400) ** 0.5, rel=0.1)  # normal approximation
    assert bootstrap_interval(np.ones(50, dtype=bool)) == (1.0, 1.0)


def test_coarse_labels_compare_sums_of_probabilities() -> None:
    groups = {"pop": ["teen_pop", "adult_contemporary"], "dance": ["dance_pop"]}
    assert coarse_hits(SMALL.probabilities[2:3], ["pop"], CCMUSIC16, groups).tolist() == [True]
    assert coarse_hits(SMALL.probabilities[2:3], ["dance"], CCMUSIC16, groups).tolist() == [False]


def test_evaluate_counts_the_unreadable_and_refuses_an_unknown_label(tmp_path: Path) -> None:
    good, broken = tmp_path / "good.wav", tmp_path / "broken.wav"
    time = np.arange(12 * SAMPLE_RATE) / SAMPLE_RATE
    soundfile.write(good, 0.3 * np.sin(2 * np.pi * 220 * time), SAMPLE_RATE)
    broken.write_text("no sound")
    seen: list[tuple[int, int]] = []
    model = classifier()
    found = evaluate(model, [(good, "solo"), (broken, "solo")], report=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]
    assert len(found.truths) == 1
    assert "broken.wav" in found.failures[0]
    expected = dict(model.predict(good).ranked)
    assert found.probabilities[0].tolist() == [expected[genre_id] for genre_id in IDS]
    with pytest.raises(ModelError, match="no genre 'polka'"):
        evaluate(model, [(good, "polka")])
