"""Figures computed by hand on small tables, by scikit-learn on larger ones, and what cannot be said is None."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.stats import binomtest
from sklearn import metrics

from genre.classifier import classifier
from genre.datasets import Clip
from genre.errors import SettingsError
from genre.evaluation import Evaluation, Heard, Mapped, assess, evaluate
from genre.figures import confusion, figures, fine_truths
from genre.labels import ACOUSTICSENSE16, CCMUSIC16, Taxonomy
from genre.measurement import headline, lines
from genre.settings import SAMPLE_RATE

IDS = CCMUSIC16.ids
POP_DANCE = {"pop": ("teen_pop", "adult_contemporary"), "dance": ("dance_pop", "contemporary_dance_pop")}


def heard(label: str, group: str = "", **probabilities: float) -> Heard:
    """One window's answer; the group is the clip alone unless it is given."""
    clip = Clip(Path(f"{label}.wav"), label, group or f"{label} {probabilities}")
    return Heard(clip, np.array([[probabilities.get(genre_id, 0.0) for genre_id in IDS]]))


def assessed(*entries: Heard, mapping: Mapped | None = None) -> Evaluation:
    return assess(entries, CCMUSIC16, mapping)


SMALL = assessed(
    heard("solo", solo=0.7, opera=0.3),  # right
    heard("acoustic_pop", soft_rock=0.6, acoustic_pop=0.4),  # wrong genre, right group, second guess right
    heard("teen_pop", dance_pop=0.4, teen_pop=0.3, adult_contemporary=0.3),  # the pop group outweighs the top genre
    heard("chamber", solo=0.9, symphony=0.1),  # wrong, but classical
)


def test_balanced_accuracy_weighs_classes_alike_however_many_recordings_they_have():
    found = figures(
        assessed(
            heard("solo", dance_pop=1.0),  # the only classical one, wrong
            *(heard("teen_pop", teen_pop=1.0) for _ in range(3)),
        )
    )
    assert (found.top_level_accuracy.value, found.top_level_balanced.value) == (0.75, 0.5)


def test_top_k_levels_and_f1_by_hand():
    found = figures(SMALL)
    assert (found.clips, found.groups, found.failed) == (4, 4, 0)
    assert found.top1.value == found.compatible.value == 0.25
    assert found.top3.value == 0.75
    assert found.group_accuracy.value == 0.75
    assert found.top_level_accuracy.value == 1.0
    # solo: precision 1/2, recall 1 → F1 2/3; the other three genres 0.
    assert found.macro_f1.value == pytest.approx(2 / 3 / 4)
    solo = found.per_genre[IDS.index("solo")]
    assert (solo.support, solo.answered, solo.precision, solo.recall.value) == (1, 2, 0.5, 1.0)
    assert solo.f1 == pytest.approx(2 / 3)
    opera = found.per_genre[IDS.index("opera")]
    assert (opera.support, opera.answered, opera.precision, opera.recall, opera.f1) == (0, 0, None, None, None)
    assert found.chance == 1 / 16
    assert found.constant == 0.25
    assert found.confidence == pytest.approx((0.7 + 0.6 + 0.4 + 0.9) / 4)
    assert found.brier.value == pytest.approx((0.18 + 0.72 + 0.74 + 1.82) / 4)
    # Four bins of one clip each.
    assert found.calibration_error == pytest.approx((0.3 + 0.6 + 0.4 + 0.9) / 4)


@pytest.mark.parametrize("classes", [3, 4])
def test_being_among_the_first_three_says_nothing_of_three_genres(classes: int):
    taxonomy = Taxonomy("few", CCMUSIC16.genres[:classes])
    true = np.arange(8) % classes
    probabilities = np.tile(np.linspace(0.4, 0.1, classes), (8, 1))
    found = figures(Evaluation(taxonomy, probabilities, np.arange(8), np.eye(classes, dtype=bool)[true], np.arange(8)))
    assert (found.top3 is None) == (found.to_dict()["top3"] is None) == (classes == 3)
    assert ("top3" in [line.key for line in lines(found, "en")]) == (classes == 4)


def test_the_confusion_matrix_counts_true_rows_and_answered_columns():
    matrix = confusion(fine_truths(SMALL), SMALL.answered, 16)
    assert matrix[IDS.index("chamber"), IDS.index("solo")] == 1
    assert matrix.dtype == np.int64
    assert matrix.sum() == 4


def test_figures_are_those_of_scikit_learn(rng: np.random.Generator):
    true = rng.integers(0, 16, 300)
    probabilities = rng.dirichlet(np.full(16, 0.3), 300)
    probabilities[np.arange(300), true] += rng.random(300)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    e = Evaluation(CCMUSIC16, probabilities, np.arange(300), np.eye(16, dtype=bool)[true], np.arange(300))
    found = figures(e)
    answered = probabilities.argmax(axis=1)
    assert found.top1.value == pytest.approx(metrics.accuracy_score(true, answered))
    assert found.top3.value == pytest.approx(metrics.top_k_accuracy_score(true, probabilities, k=3))
    assert found.macro_f1.value == pytest.approx(metrics.f1_score(true, answered, average="macro"))
    assert found.log_loss == pytest.approx(metrics.log_loss(true, probabilities))
    assert found.brier.value == pytest.approx(((probabilities - np.eye(16)[true]) ** 2).sum(axis=1).mean())
    precision, recall, f1, support = metrics.precision_recall_fscore_support(true, answered)
    assert [entry.precision for entry in found.per_genre] == pytest.approx(precision)
    assert [entry.recall.value for entry in found.per_genre] == pytest.approx(recall)
    assert [entry.f1 for entry in found.per_genre] == pytest.approx(f1)
    assert [entry.support for entry in found.per_genre] == support.tolist()
    assert (confusion(true, answered, 16) == metrics.confusion_matrix(true, answered)).all()
    low, value, high = found.macro_f1.low, found.macro_f1.value, found.macro_f1.high
    assert low < value < high
    assert 0.05 < high - low < 0.2


def shares(hits: np.ndarray, groups: np.ndarray) -> Evaluation:
    """Return an evaluation of two genres whose top-1 is right where `hits`."""
    probabilities = np.zeros((len(hits), 16))
    probabilities[np.arange(len(hits)), np.where(hits, 0, 1)] = 1.0
    truths = np.zeros((len(hits), 16), dtype=bool)
    truths[:, 0] = True
    return Evaluation(CCMUSIC16, probabilities, np.arange(len(hits)), truths, groups)


def interval(hits: int, groups: int, clips_of_a_group: int = 1) -> tuple[float | None, float | None]:
    """Return the interval of top-1 where the first `hits` clips are told right."""
    count = groups * clips_of_a_group
    found = figures(shares(np.arange(count) < hits, np.arange(count) // clips_of_a_group)).top1
    assert found.value == hits / count
    return found.low, found.high


@pytest.mark.parametrize(("hits", "groups"), [(300, 400), (49, 50), (50, 50), (0, 50), (1, 5), (3, 17)])
def test_an_interval_of_independent_clips_is_wilsons(hits: int, groups: int):
    wilson = binomtest(hits, groups).proportion_ci(method="wilson")
    assert interval(hits, groups) == pytest.approx((wilson.low, wilson.high))


def test_clips_of_one_work_count_as_one_in_an_interval():
    groups = np.arange(400) // 10  # ten clips of each of forty works, told alike
    found = figures(shares(groups < 30, groups)).top1
    assert found.value == 0.75
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.75 * 0.25 / 40) ** 0.5, rel=0.1)
    assert figures(shares(groups < 30, groups)).groups == 40


def test_groups_of_clips_that_agree_in_nothing_count_nearly_in_full():
    hits = np.tile(np.arange(10) < 6, 40)  # six of ten of each work
    found = figures(shares(hits, np.arange(400) // 10)).top1
    wilson = binomtest(240, 400).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high))


@pytest.mark.parametrize("clips_of_a_group", [1, 10])
def test_one_more_told_right_never_widens_what_is_promised(clips_of_a_group: int):
    count = 40 * clips_of_a_group
    bounds = [interval(hits, 40, clips_of_a_group) for hits in range(count - 5, count + 1)]
    lows, highs = zip(*bounds, strict=True)
    assert list(lows) == sorted(lows)
    assert list(highs) == sorted(highs)
    mirrored = [interval(hits, 40, clips_of_a_group) for hits in range(5, -1, -1)]
    assert np.array(mirrored) == pytest.approx(1 - np.array(bounds)[:, ::-1])


def test_few_groups_have_no_interval():
    albums = np.arange(100) // 50
    found = figures(shares(np.arange(100) < 60, albums))  # all of one album of 50, a fifth of the other
    assert (found.top1.value, found.top1.low, found.top1.high) == (0.6, None, None)
    for figure in (found.macro_f1, found.brier):
        assert (figure.low, figure.high) == (None, None)
    assert interval(4, 4) == interval(0, 1) == (None, None)
    low, high = interval(5, 5)
    assert (low, high) == (pytest.approx(0.566, abs=1e-3), 1.0)


def test_of_nothing_heard_nothing_is_said():
    failed = Heard(Clip(Path("a.wav"), "solo", "a"), None, "a.wav: nothing to hear.")
    found = figures(assessed(failed, mapping=POP_DANCE))
    assert (found.clips, found.groups, found.failed) == (0, 0, 1)
    for name in ("chance", "constant", "compatible", "top1", "top3", "macro_f1", "group_accuracy", "coarse_accuracy"):
        assert getattr(found, name) is None
    assert found.brier is None
    assert (found.judged, found.confidence, found.calibration_error, found.log_loss) == (None, None, None, None)
    assert found.to_dict()["top1"] is None


def test_a_taxonomy_without_levels_has_no_accuracy_of_them():
    e = Evaluation(ACOUSTICSENSE16, np.eye(16), np.arange(16), np.eye(16, dtype=bool), np.arange(16))
    found = figures(e)
    assert found.top1.value == 1.0
    assert (found.group_accuracy, found.top_level_accuracy, found.coarse_accuracy) == (None, None, None)
    assert found.top_level_balanced is None


def test_windows_of_a_clip_are_averaged():
    windows = np.zeros((3, 16))
    windows[0, 0] = windows[1, 1] = windows[2, 1] = 1.0
    e = Evaluation(CCMUSIC16, windows, np.array([0, 1]), np.eye(16, dtype=bool)[[0, 1]], np.arange(2))
    assert e.probabilities[:, :2].tolist() == pytest.approx(np.array([[1.0, 0.0], [0.0, 1.0]]))
    whole = replace(e, starts=np.array([0]), truths=e.truths[1:], groups=np.arange(1))
    assert whole.probabilities[0, :2] == pytest.approx([1 / 3, 2 / 3])


COARSE = assessed(
    heard("pop", dance_pop=0.4, teen_pop=0.3, adult_contemporary=0.3),  # pop by its sum, though dance pop comes first
    heard("dance", dance_pop=0.9, teen_pop=0.1),  # right in both ways
    heard("dance", teen_pop=0.6, dance_pop=0.2, solo=0.2),  # wrong in both ways
    mapping=POP_DANCE,
)


def test_coarse_labels_by_hand():
    found = figures(COARSE)
    assert found.compatible.value == pytest.approx(1 / 3)
    assert found.coarse_accuracy.value == pytest.approx(2 / 3)
    assert [(c.id, c.support, c.answered) for c in found.per_coarse] == [("pop", 1, 2), ("dance", 2, 1)]
    assert [c.recall.value for c in found.per_coarse] == [1.0, 0.5]
    assert [c.precision for c in found.per_coarse] == [0.5, 1.0]
    assert found.coarse_macro_f1.value == pytest.approx(2 / 3)
    assert found.chance == 2 / 16
    assert found.constant == pytest.approx(2 / 3)  # two of three are dance
    assert headline(found) == ("coarse_accuracy", 0.5, pytest.approx(2 / 3))
    # The confidence is the winning label's sum; Brier's third class is what no label covers.
    assert found.confidence == pytest.approx((0.6 + 0.9 + 0.6) / 3)
    assert found.judged.value == pytest.approx(2 / 3)
    assert found.brier.value == pytest.approx((0.32 + 0.02 + 0.36 + 0.64 + 0.04) / 3)
    assert found.log_loss == pytest.approx(-np.log([0.6, 0.9, 0.2]).mean(), rel=1e-6)


def test_without_a_fine_label_nothing_fine_is_said():
    found = figures(COARSE)
    assert (found.top1, found.top3, found.macro_f1, found.per_genre) == (None, None, None, ())
    # Adult contemporary and teen pop are of one group, the two kinds of dance pop too: the group can be said.
    assert (found.group_accuracy.value, found.group_accuracy.clips) == (pytest.approx(2 / 3), 3)


def test_fine_and_coarse_labels_mix():
    mixed = assessed(
        heard("pop", teen_pop=0.6, dance_pop=0.4),
        heard("dance_pop", dance_pop=0.3, contemporary_dance_pop=0.3, teen_pop=0.4),
        heard("solo", solo=1.0),
        mapping=POP_DANCE,
    )
    found = figures(mixed)
    assert (found.compatible.clips, found.compatible.value) == (3, pytest.approx(2 / 3))
    assert (found.top1.clips, found.top1.value) == (2, 0.5)
    # A fine label is of the coarse label that holds it; solo is of none.
    assert (found.coarse_accuracy.clips, found.coarse_accuracy.value) == (2, 1.0)
    # Each is judged at the level of its label.
    assert found.confidence == pytest.approx((0.6 + 0.4 + 1.0) / 3)
    assert found.judged.value == pytest.approx(2 / 3)


def test_overlapping_coarse_labels_have_no_coarse_accuracy():
    mapping = {"pop": ("teen_pop", "dance_pop"), "dance": ("dance_pop", "contemporary_dance_pop")}
    found = figures(assessed(heard("pop", teen_pop=1.0), heard("dance", solo=1.0), mapping=mapping))
    assert found.compatible.value == 0.5
    assert (found.coarse_accuracy, found.coarse_macro_f1, found.per_coarse) == (None, None, ())
    assert (found.confidence, found.calibration_error, found.judged, found.brier) == (None, None, None, None)
    assert found.log_loss is not None  # needs only the genres that each label leaves


def test_a_label_of_one_genre_is_fine_and_a_mapping_comes_first():
    mapping = {"Klavier": ("Solo",), "opera": ("opera", "solo")}
    found = assessed(heard("Klavier"), heard("opera"), heard("Chamber"), mapping=mapping)
    truths = [[IDS[i] for i in np.flatnonzero(row)] for row in found.truths]
    assert truths == [["solo"], ["opera", "solo"], ["chamber"]]
    assert found.fine.tolist() == [True, False, True]
    assert found.mapping == {"Klavier": ("solo",), "opera": ("opera", "solo")}  # by the ids of the taxonomy


def test_unknown_labels_and_genres_are_refused_with_their_names():
    with pytest.raises(SettingsError, match="polka"):
        assessed(heard("polka"))
    with pytest.raises(SettingsError, match="ländler"):  # even where no clip has that label
        assessed(heard("solo"), mapping={"polka": ("solo", "ländler")})


def test_evaluate_counts_the_unreadable_and_refuses_an_unknown_label(tmp_path: Path):
    good, broken = tmp_path / "good.wav", tmp_path / "broken.wav"
    time = np.arange(12 * SAMPLE_RATE) / SAMPLE_RATE
    soundfile.write(good, 0.3 * np.sin(2 * np.pi * 220 * time), SAMPLE_RATE)
    broken.write_text("no sound")
    seen: list[tuple[int, int]] = []
    model = classifier()
    clips = [Clip(good, "solo", "a"), Clip(broken, "solo", "b")]
    found = evaluate(model, clips, report=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]
    assert len(found) == 1
    assert "broken.wav" in found.failures[0]
    expected = dict(model.predict(good).ranked)
    assert found.probabilities[0] == pytest.approx([expected[genre_id] for genre_id in IDS], abs=1e-6)
    with pytest.raises(SettingsError, match="polka"):
        evaluate(model, [Clip(tmp_path / "absent.wav", "polka", "a")])
