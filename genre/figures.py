"""The figures of an evaluation, each with its 95 % interval, as plain values and as JSON.

Clips of one work are not independent of each other, so every interval counts groups of recordings. That of a share is
Wilson's (1927, Journal of the American Statistical Association 22), with the effective number of clips in place of
their number; see `effective_clips`. Those of macro-F1, of balanced accuracy (the mean of the classes' recalls;
Brodersen et al. 2010, ICPR) and of Brier's score are percentile bootstraps (Efron & Tibshirani 1993, An Introduction to
the Bootstrap, ch. 13) that resample whole groups (Davison & Hinkley 1997, Bootstrap Methods and their Application,
sect. 3.8). Fewer than 5 groups give no interval.

What cannot be said is None, never 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from genre.calibration import Bin, Bools, Floats, brier_scores, calibration_error, log_loss, reliability_bins
from genre.evaluation import Evaluation, Ints

ROUNDS = 2_000
LEVEL = 0.95
GROUPS_MIN = 5  # fewer say too little of how groups differ, and give no interval
GROUPS_ENOUGH = 20  # fewer give a rough one
DRAWS_MAX = 4_000_000  # held in memory at once: 32 MB


@dataclass(frozen=True)
class Figure:
    """A share or a mean with its 95 % interval, and the number of recordings behind it."""

    value: float
    low: float | None
    high: float | None
    clips: int


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is told. `support` recordings are of it, `answered` were said to be."""

    id: str
    support: int
    answered: int
    precision: float | None
    recall: Figure | None
    f1: float | None


@dataclass(frozen=True)
class Figures:
    """Everything that can be said of an evaluation."""

    clips: int
    groups: int
    failed: int
    chance: float | None  # compatible share of a model that answers at random
    constant: float | None  # compatible share of the one answer that fits most recordings, given every time
    compatible: Figure | None  # the answer is among the genres that the label leaves
    top1: Figure | None  # these four: recordings whose label is one genre
    top3: Figure | None  # of three classes or fewer it would be 1 whatever is answered
    macro_f1: Figure | None
    per_genre: tuple[ClassFigures, ...]
    group_accuracy: Figure | None
    top_level_accuracy: Figure | None
    top_level_balanced: Figure | None  # each class weighs the same
    coarse_accuracy: Figure | None
    coarse_macro_f1: Figure | None
    per_coarse: tuple[ClassFigures, ...]
    judged: Figure | None  # right at the level of the label; this and the rest: recordings that have a confidence
    confidence: float | None  # mean
    calibration_error: float | None
    brier: Figure | None
    log_loss: float | None
    reliability: tuple[Bin, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def confusion(true: Ints, answered: Ints, classes: int) -> Ints:
    """Return counts, int64 [true class, answered class]; recordings whose truth is -1 do not count."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    known = true >= 0
    np.add.at(matrix, (true[known], answered[known]), 1)
    return matrix


def figures(evaluation: Evaluation, seed: int = 0) -> Figures:
    """Return the figures of an evaluation; the seed is that of the bootstrap."""
    e = evaluation
    count = len(e)
    everything = np.ones(count, dtype=bool)
    said, confidences, hits = e.judged
    judged = np.zeros(count)
    judged[said] = hits
    # What is averaged, and over which recordings.
    means: dict[str, tuple[Floats, Bools]] = {
        "compatible": (e.compatible.astype(float), everything),
        "top1": (e.compatible.astype(float), e.fine),
        "judged": (judged, said),
    }
    if len(e.taxonomy) > 3:
        means["top3"] = e.among_top(3).astype(float), e.fine
    tables = {"fine": (fine_truths(e), e.answered, e.taxonomy.ids)}
    genres = e.taxonomy.genres
    for name, ids in (
        ("group_accuracy", [genre.group for genre in genres]),
        ("top_level_accuracy", [genre.top for genre in genres]),
    ):
        if 1 < len(set(ids)) < len(ids):  # a level of its own
            true, answered = e.level(ids)
            means[name] = _hits(true, answered)
            tables[name] = true, answered, tuple(dict.fromkeys(ids))
    if e.coarse is not None:
        true, answered, _ = e.coarse
        means["coarse_accuracy"] = _hits(true, answered)
        tables["coarse"] = true, answered, tuple(e.mapping)

    def mean(name: str) -> Figure | None:
        if name not in means or not means[name][1].any():
            return None
        values, over = means[name]
        return _share(values[over], e.groups[over])

    def brier() -> Figure | None:
        scores, over = _brier(e)
        if not over.any():
            return None
        columns = np.stack([scores[over], np.ones(over.sum())], axis=1)
        rounds = _resample(columns, e.groups[over], seed)
        between = _percentiles(_ratio(rounds[:, 0], rounds[:, 1]))
        return Figure(float(scores[over].mean()), *between, int(over.sum()))

    def per_class(name: str) -> tuple[ClassFigures, ...]:
        return _per_class(*tables[name], e.groups) if name in tables else ()

    def macro(name: str, average: Callable[[Floats], Floats]) -> Figure | None:
        if name not in tables or not (tables[name][0] >= 0).any():
            return None
        true, answered, ids = tables[name]
        known = true >= 0
        columns = _class_columns(true[known], answered[known], len(ids))
        between = _percentiles(average(_resample(columns, e.groups[known], seed)))
        return Figure(float(average(columns.sum(axis=0))), *between, int(known.sum()))

    return Figures(
        clips=count,
        groups=len(np.unique(e.groups)),
        failed=len(e.failures),
        chance=float(e.truths.sum(axis=1).mean() / len(e.taxonomy)) if count else None,
        constant=float(e.truths.mean(axis=0).max()) if count else None,
        compatible=mean("compatible"),
        top1=mean("top1"),
        top3=mean("top3"),
        macro_f1=macro("fine", _macro_f1),
        per_genre=per_class("fine") if e.fine.any() else (),
        group_accuracy=mean("group_accuracy"),
        top_level_accuracy=mean("top_level_accuracy"),
        top_level_balanced=macro("top_level_accuracy", _macro_recall),
        coarse_accuracy=mean("coarse_accuracy"),
        coarse_macro_f1=macro("coarse", _macro_f1),
        per_coarse=per_class("coarse"),
        judged=mean("judged"),
        confidence=float(confidences.mean()) if said.any() else None,
        calibration_error=calibration_error(confidences, hits) if said.any() else None,
        brier=brier(),
        log_loss=log_loss(e.probabilities, e.truths) if count else None,
        reliability=tuple(reliability_bins(confidences, hits)),
    )


def fine_truths(evaluation: Evaluation) -> Ints:
    """Return the true genre's index of every recording, -1 where the label leaves several."""
    return np.where(evaluation.fine, evaluation.truths.argmax(axis=1), -1)


def _hits(true: Ints, answered: Ints) -> tuple[Floats, Bools]:
    """Return where the answer is right, as 0.0 and 1.0, and where the truth is known."""
    return np.equal(true, answered).astype(float), np.greater_equal(true, 0)


def _brier(e: Evaluation) -> tuple[Floats, Bools]:
    """Brier's score at the level of each label: over genres, or over coarse labels and what is in none of them."""
    scores = np.zeros(len(e))
    fine = e.fine
    scores[fine] = brier_scores(e.probabilities[fine], fine_truths(e)[fine])
    said = fine.copy()
    if e.coarse is not None and e.members is not None:
        by_label = ~fine & (e.coarse[0] >= 0)
        outside = ~np.logical_or.reduce(e.members)
        sums = e.probabilities @ np.vstack([e.members, outside]).T
        scores[by_label] = brier_scores(sums[by_label], e.coarse[0][by_label])
        said |= by_label
    return scores, said


def _class_columns(true: Ints, answered: Ints, classes: int) -> Floats:
    """Return [recordings, 3 × classes]: right answers, recordings of the class, answers of the class."""
    of = np.arange(classes)
    is_true = np.equal(true[:, None], of)
    is_answered = np.equal(answered[:, None], of)
    return np.hstack([is_true & is_answered, is_true, is_answered]).astype(float)


def _macro_f1(counts: Floats) -> Floats:
    """Return F1 averaged over the classes that occur, each weighing the same, of counts [..., 3 × classes]."""
    right, support, answered = np.split(counts, 3, axis=-1)
    f1 = 2 * right / np.maximum(support + answered, 1)
    occurs = support > 0
    return _ratio((f1 * occurs).sum(axis=-1), occurs.sum(axis=-1))


def _macro_recall(counts: Floats) -> Floats:
    """Return recall averaged over the classes that occur, each weighing the same, of counts [..., 3 × classes]."""
    right, support, _ = np.split(counts, 3, axis=-1)
    return _ratio((right / np.maximum(support, 1)).sum(axis=-1), (support > 0).sum(axis=-1))


def _per_class(true: Ints, answered: Ints, ids: Sequence[str], groups: Ints) -> tuple[ClassFigures, ...]:
    matrix = confusion(true, answered, len(ids))
    right, support, said = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    found = []
    for index, class_id in enumerate(ids):
        over = true == index
        found.append(
            ClassFigures(
                class_id,
                int(support[index]),
                int(said[index]),
                float(right[index] / said[index]) if said[index] else None,
                _share((answered[over] == index).astype(float), groups[over]) if over.any() else None,
                float(2 * right[index] / (support[index] + said[index])) if support[index] else None,
            )
        )
    return tuple(found)


def effective_clips(values: Floats, groups: Ints) -> tuple[float, float]:
    """Return how many independent clips are worth as much as these 0s and 1s, and the least that could be.

    Kish (1965, Survey Sampling): the number of clips by the design effect, which is the variance of the share over
    groups (a ratio estimator's: Cochran 1977, Sampling Techniques, ch. 6) by that of as many independent clips. Korn &
    Graubard (1998, Survey Methodology 24): less by the square of two quantiles of Student's t, because few groups leave
    the design effect uncertain. Never more than there are, and never less than if the clips of every group were one and
    the same; shares of none and all, which show no variance, get that least.
    """
    _, index = np.unique(groups, return_inverse=True)
    hits, sizes = np.bincount(index, values), np.bincount(index)
    clips, count, share = len(values), len(sizes), float(values.mean())
    least = clips**2 / float((sizes**2).sum())
    if count < 2 or share in (0.0, 1.0):
        return least, least
    variance = count / (count - 1) * float(((hits - share * sizes) ** 2).sum()) / clips**2
    independent = share * (1 - share) / (clips - 1)
    quantile = (1 + LEVEL) / 2
    known = float(stdtrit(clips - 1, quantile) / stdtrit(count - 1, quantile)) ** 2
    effective = clips * known * independent / variance if variance else clips
    return min(max(effective, least), clips), least


def _share(values: Floats, groups: Ints) -> Figure:
    """Return a share of 0s and 1s with Wilson's interval; none for fewer than GROUPS_MIN groups."""
    share = float(values.mean())
    if len(np.unique(groups)) < GROUPS_MIN:
        return Figure(share, None, None, len(values))
    effective, least = effective_clips(values, groups)
    low, high = wilson(share, effective)
    # One clip told wrong may not promise more than none, nor one told right less than none.
    return Figure(share, min(low, wilson(1.0, least)[0]), max(high, wilson(0.0, least)[1]), len(values))


def wilson(share: float, clips: float) -> tuple[float, float]:
    """Return the interval of Wilson (1927) around a share of so many independent clips."""
    z2 = float(ndtri((1 + LEVEL) / 2)) ** 2
    centre = (share + z2 / (2 * clips)) / (1 + z2 / clips)
    half = np.sqrt(z2 * (share * (1 - share) / clips + z2 / (4 * clips**2))) / (1 + z2 / clips)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def _resample(columns: Floats, groups: Ints, seed: int) -> Floats:
    """Return the columns' sums [rounds, k] over groups drawn with replacement; no rounds of too few groups."""
    names, index = np.unique(groups, return_inverse=True)
    count = len(names)
    if count < GROUPS_MIN:
        return np.empty((0, columns.shape[1]))
    sums = np.zeros((count, columns.shape[1]))
    np.add.at(sums, index, columns)
    generator = np.random.default_rng(seed)
    step = max(1, DRAWS_MAX // count)
    sizes = (min(step, ROUNDS - begin) for begin in range(0, ROUNDS, step))
    return np.concatenate([generator.multinomial(count, np.full(count, 1 / count), size) @ sums for size in sizes])


def _percentiles(rounds: Floats) -> tuple[float | None, float | None]:
    """Return the middle 95 % of the rounds' values; None where they are all the same or there are none."""
    known = rounds[np.isfinite(rounds)]
    if not len(known) or known.min() == known.max():
        return None, None
    low, high = np.percentile(known, (50 * (1 - LEVEL), 50 * (1 + LEVEL)))
    return float(low), float(high)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator, dtype=float)
