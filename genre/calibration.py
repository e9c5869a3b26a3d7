"""Whether a model's probabilities can be believed: reliability, calibration error, and the temperature that mends them.

A clip is heard in windows, and its probabilities are the mean over them; a temperature divides the logits of every
window, as `Classifier` does. Windows lie one below the other, [windows, classes]; `starts` [clips] says at which row a
clip begins. Logarithms of probabilities serve as logits, because a softmax forgets what is added to all of a row.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BINS = 15  # as in Guo et al. 2017
TEMPERATURE_MIN, TEMPERATURE_MAX = 0.05, 20.0
SMALLEST = float(np.finfo(np.float32).tiny)  # probabilities are float32 softmaxes: less is 0, whose logarithm is not


@dataclass(frozen=True)
class Bin:
    """Answers whose confidence lies in (low, high]; the means are 0 where there is none."""

    low: float
    high: float
    clips: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class CrossFit:
    """Every clip judged by a temperature that was fitted on other clips."""

    temperatures: tuple[float, float]  # fitted on the half 0 and on the half 1
    halves: NDArray[np.int64]  # [clips], the half a clip is of; clips of a group are of one half
    probabilities: Floats  # [clips, classes], by the temperature of the other half


def reliability_bins(confidences: Floats, hits: Bools) -> list[Bin]:
    """Sort answers into 15 bins of equal width by confidence [clips] in 0-1 (Guo et al. 2017, arXiv:1706.04599)."""
    index = np.clip(np.ceil(confidences * BINS).astype(np.int64) - 1, 0, BINS - 1)
    counts = np.bincount(index, minlength=BINS)
    divisor = np.maximum(counts, 1)
    confidence = np.bincount(index, confidences, BINS) / divisor
    accuracy = np.bincount(index, hits, BINS) / divisor
    return [
        Bin(i / BINS, (i + 1) / BINS, int(counts[i]), float(confidence[i]), float(accuracy[i])) for i in range(BINS)
    ]


def calibration_error(confidences: Floats, hits: Bools) -> float:
    """Return the expected calibration error: |accuracy - confidence| over the bins, weighed by their clips.

    Naeini, Cooper & Hauskrecht (2015), Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI.
    """
    return sum(
        entry.clips * abs(entry.accuracy - entry.confidence) for entry in reliability_bins(confidences, hits)
    ) / len(confidences)


def brier_scores(probabilities: Floats, truths: NDArray[np.int64]) -> Floats:
    """Return Brier's score of every clip: the squared distance to the truth summed over classes, 0 to 2.

    Brier (1950), Verification of Forecasts Expressed in Terms of Probability, Monthly Weather Review 78.
    """
    target = np.zeros_like(probabilities)
    target[np.arange(len(truths)), truths] = 1.0
    scores: Floats = ((probabilities - target) ** 2).sum(axis=1)
    return scores


def soften(windows: Floats, starts: NDArray[np.int64], temperature: float) -> Floats:
    """Return the probabilities [clips, classes] of window probabilities whose logits are divided by a temperature."""
    logits = np.log(np.maximum(windows, SMALLEST)) / temperature
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    softened = exponentials / exponentials.sum(axis=1, keepdims=True)
    lengths = np.diff(starts, append=len(windows))
    means: Floats = np.add.reduceat(softened, starts, axis=0) / lengths[:, None]
    return means


def log_loss(probabilities: Floats, truths: Bools) -> float:
    """Return the mean negative log-likelihood of the truths, bool [clips, classes]: any of a clip's may be the one."""
    likelihood = (probabilities * truths).sum(axis=1)
    return float(-np.log(np.maximum(likelihood, SMALLEST)).mean())


def fit_temperature(windows: Floats, starts: NDArray[np.int64], truths: Bools) -> float | None:
    """Return the temperature with the smallest log loss (Guo et al. 2017, section 4.2).

    None where it lies at the edge of 0.05 to 20: the clips do not determine it, for example because all are right.
    """
    found = minimize_scalar(
        lambda exponent: log_loss(soften(windows, starts, np.exp(exponent)), truths),
        bounds=np.log((TEMPERATURE_MIN, TEMPERATURE_MAX)),
        method="bounded",
    )
    temperature = float(np.exp(found.x))
    inside = TEMPERATURE_MIN * 1.01 < temperature < TEMPERATURE_MAX / 1.01
    return temperature if inside else None


def cross_fit(
    windows: Floats, starts: NDArray[np.int64], truths: Bools, groups: NDArray[np.int64], seed: int = 0
) -> CrossFit | None:
    """Fit a temperature on either half of the groups [clips] and judge the other half by it.

    None where a half determines none, or there is only one group.
    """
    order = np.random.default_rng(seed).permutation(np.unique(groups))
    halves = np.isin(groups, order[: len(order) // 2]).astype(np.int64)
    if len(order) < 2:
        return None
    lengths = np.diff(starts, append=len(windows))
    probabilities = np.empty(truths.shape)
    temperatures = []
    for half in (0, 1):
        fitted = halves == half
        temperature = fit_temperature(windows[np.repeat(fitted, lengths)], _starts(lengths[fitted]), truths[fitted])
        if temperature is None:
            return None
        temperatures.append(temperature)
        judged = ~fitted
        probabilities[judged] = soften(windows[np.repeat(judged, lengths)], _starts(lengths[judged]), temperature)
    return CrossFit((temperatures[0], temperatures[1]), halves, probabilities)


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    starts: NDArray[np.int64] = np.cumsum(lengths) - lengths
    return starts
