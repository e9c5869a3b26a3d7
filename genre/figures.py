"""The figures of an evaluation, each with its 95 % interval, as plain values and as JSON.

The intervals come from the percentile bootstrap (Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13),
resampling whole groups of recordings (Davison & Hinkley 1997, Bootstrap Methods and their Application, sect. 3.8):
clips of one work are not independent of each other. A share of none or all has no spread to resample; its interval is
the exact one (Clopper & Pearson 1934, Biometrika 26), with a group counting once.

What cannot be said is None, never 0.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from genre.calibration import Bin, Bools, Floats, brier_scores, calibration_error, log_loss, reliability_bins
from genre.evaluation import Evaluation, Ints

ROUNDS = 2_000
LEVEL = 0.95
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
    compatible: Figure | None  # the answer is among the genres that the label leaves
    top1: Figure | None  # these four: recordings whose label is one genre
    top3: Figure | None
    macro_f1: Figure | None
    per_genre: tuple[ClassFigures, ...]
    group_accuracy: Figure | None
    top_level_accuracy: Figure | None
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
        "top3": (e.among_top(3).astype(float), e.fine),
        "judged": (judged, said),
        "brier": _brier(e),
    }
    genres = e.taxonomy.genres
    for name, ids in (
        ("group_accuracy", [genre.group for genre in genres]),
        ("top_level_accuracy", [genre.top for genre in genres]),
    ):
        if 1 < len(set(ids)) < len(ids):  # a level of its own
            true, answered = e.level(ids)
            means[name] = _hits(true, answered)
    tables = {"fine": (fine_truths(e), e.answered, e.taxonomy.ids)}
    if e.coarse is not None:
        true, answered, _ = e.coarse
        means["coarse_accuracy"] = _hits(true, answered)
        tables["coarse"] = true, answered, tuple(e.mapping)

    columns = {name: np.stack([values * over, over], axis=1) for name, (values, over) in means.items()}
    columns |= {name: _class_columns(true, answered, len(ids)) for name, (true, answered, ids) in tables.items()}
    resampled = dict(zip(columns, _resample(list(columns.values()), e.groups, seed), strict=True))

    def mean(name: str) -> Figure | None:
        if name not in means or not means[name][1].any():
            return None
        values, over = means[name]
        return _figure(
            values[over], e.groups[over], _ratio(resampled[name][:, 0], resampled[name][:, 1]), name != "brier"
        )

    def per_class(name: str) -> tuple[ClassFigures, ...]:
        return _per_class(*tables[name], columns[name], resampled[name], e.groups) if name in tables else ()

    def macro(name: str) -> Figure | None:
        if name not in tables or not (tables[name][0] >= 0).any():
            return None
        value = float(_macro_f1(columns[name].sum(axis=0)))
        return Figure(value, *_percentiles(_macro_f1(resampled[name])), int((tables[name][0] >= 0).sum()))

    return Figures(
        clips=count,
        groups=len(np.unique(e.groups)),
        failed=len(e.failures),
        chance=float(e.truths.sum(axis=1).mean() / len(e.taxonomy)) if count else None,
        compatible=mean("compatible"),
        top1=mean("top1"),
        top3=mean("top3"),
        macro_f1=macro("fine"),
        per_genre=per_class("fine") if e.fine.any() else (),
        group_accuracy=mean("group_accuracy"),
        top_level_accuracy=mean("top_level_accuracy"),
        coarse_accuracy=mean("coarse_accuracy"),
        coarse_macro_f1=macro("coarse"),
        per_coarse=per_class("coarse"),
        judged=mean("judged"),
        confidence=float(confidences.mean()) if said.any() else None,
        calibration_error=calibration_error(confidences, hits) if said.any() else None,
        brier=mean("brier"),
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
    known = (true >= 0)[:, None]
    is_true = np.equal(true[:, None], of)
    is_answered = np.equal(answered[:, None], of) & known
    return np.hstack([is_true & is_answered, is_true, is_answered]).astype(float)


def _macro_f1(counts: Floats) -> Floats:
    """Return F1 averaged over the classes that occur, each weighing the same, of counts [..., 3 × classes]."""
    right, support, answered = np.split(counts, 3, axis=-1)
    f1 = 2 * right / np.maximum(support + answered, 1)
    occurs = support > 0
    return _ratio((f1 * occurs).sum(axis=-1), occurs.sum(axis=-1))


def _per_class(
    true: Ints, answered: Ints, ids: Sequence[str], columns: Floats, resampled: Floats, groups: Ints
) -> tuple[ClassFigures, ...]:
    right, support, said = np.split(columns.sum(axis=0), 3)
    right_rounds, support_rounds, _ = np.split(resampled, 3, axis=-1)
    found = []
    for index, class_id in enumerate(ids):
        over = true == index
        rounds = _ratio(right_rounds[:, index], support_rounds[:, index])
        found.append(
            ClassFigures(
                class_id,
                int(support[index]),
                int(said[index]),
                float(right[index] / said[index]) if said[index] else None,
                _figure((answered[over] == index).astype(float), groups[over], rounds, True) if over.any() else None,
                float(2 * right[index] / (support[index] + said[index])) if support[index] else None,
            )
        )
    return tuple(found)


def _resample(columns: Sequence[Floats], groups: Ints, seed: int) -> list[Floats]:
    """Return the columns' sums [rounds, k] over groups drawn with replacement, as many as there are."""
    table = np.hstack(columns)
    names, index = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), table.shape[1]))
    np.add.at(sums, index, table)
    generator = np.random.default_rng(seed)
    step = max(1, DRAWS_MAX // max(1, len(names)))
    blocks = [np.empty((0, table.shape[1]))]
    for begin in range(0, ROUNDS if len(names) else 0, step):
        rounds = min(step, ROUNDS - begin)
        drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), rounds)
        blocks.append(drawn @ sums)
    borders = np.cumsum([block.shape[1] for block in columns])[:-1]
    return np.split(np.concatenate(blocks), borders, axis=1)


def _figure(values: Floats, groups: Ints, rounds: Floats, is_share: bool) -> Figure:
    value = float(values.mean())
    if is_share and value in (0.0, 1.0):
        edge = float(((1 - LEVEL) / 2) ** (1 / len(np.unique(groups))))  # Clopper & Pearson at none or all of n
        low, high = (edge, 1.0) if value else (0.0, 1 - edge)
        return Figure(value, low, high, len(values))
    return Figure(value, *_percentiles(rounds), len(values))


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
