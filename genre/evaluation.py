"""Measure a model on labelled recordings, through the same path that answers a user."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genre.classifier import Classifier
from genre.errors import AudioError
from genre.labels import Taxonomy

log = logging.getLogger(__name__)

BOOTSTRAP_ROUNDS = 2_000


@dataclass(frozen=True)
class Evaluation:
    """Probabilities and truths of every recording that could be heard, and the figures that follow from them."""

    taxonomy: Taxonomy
    probabilities: NDArray[np.float64]  # [recordings, classes]
    truths: NDArray[np.int64]  # [recordings], index into the taxonomy
    failures: tuple[str, ...]  # one message for each recording that could not be heard

    def top(self, k: int) -> float:
        """Return the share of recordings whose truth is among the k most likely genres."""
        ranked = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :k]
        return float((ranked == self.truths[:, None]).any(axis=1).mean())

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """Return the 95 % interval of top-1 by the percentile bootstrap (Efron & Tibshirani 1993, ch. 13)."""
        hits = self.probabilities.argmax(axis=1) == self.truths
        return bootstrap_interval(hits, seed)

    def macro_f1(self) -> float:
        """Return F1 averaged over the genres that occur, each weighing the same."""
        confusion = self.confusion()
        true_positive = np.diag(confusion)
        support, answered = confusion.sum(axis=1), confusion.sum(axis=0)
        f1 = 2 * true_positive / np.maximum(support + answered, 1)
        return float(f1[support > 0].mean())

    def confusion(self) -> NDArray[np.int64]:
        """Return counts, int64 [true genre, answered genre]."""
        matrix = np.zeros((len(self.taxonomy), len(self.taxonomy)), dtype=np.int64)
        np.add.at(matrix, (self.truths, self.probabilities.argmax(axis=1)), 1)
        return matrix

    def group_accuracy(self) -> float:
        """Return the share of recordings whose group of genres is right (arg-max over summed probabilities)."""
        groups = self.taxonomy.groups
        of_genre = np.array([groups.index(genre.group) for genre in self.taxonomy.genres])
        summed = np.stack([self.probabilities[:, of_genre == i].sum(axis=1) for i in range(len(groups))], axis=1)
        return float((summed.argmax(axis=1) == of_genre[self.truths]).mean())


def bootstrap_interval(hits: NDArray[np.bool_], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a share of hits."""
    generator = np.random.default_rng(seed)
    shares = generator.binomial(len(hits), hits.mean(), BOOTSTRAP_ROUNDS) / len(hits)
    low, high = np.percentile(shares, (2.5, 97.5))
    return float(low), float(high)


def evaluate(
    classifier: Classifier,
    recordings: Sequence[tuple[Path, str]],
    *,
    clip_seconds: float = 30.0,
    report: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Classify every (path, genre id) and return the figures; unreadable recordings are counted too."""
    taxonomy = classifier.card.taxonomy
    rows, truths, failures = [], [], []
    for done, (path, label) in enumerate(recordings, 1):
        truth = taxonomy.ids.index(taxonomy[label].id)
        try:
            ranked = dict(classifier.predict(path, clip_seconds=clip_seconds).ranked)
        except AudioError as error:
            log.warning("%s", error)
            failures.append(str(error))
        else:
            rows.append([ranked[genre_id] for genre_id in taxonomy.ids])
            truths.append(truth)
        if report:
            report(done, len(recordings))
    return Evaluation(
        taxonomy, np.array(rows).reshape(-1, len(taxonomy)), np.array(truths, dtype=np.int64), tuple(failures)
    )


def coarse_hits(
    probabilities: NDArray[np.float64], labels: Sequence[str], taxonomy: Taxonomy, groups: Mapping[str, Sequence[str]]
) -> NDArray[np.bool_]:
    """Return for each recording whether the group with the largest summed probability is its coarse label.

    `groups` maps a coarse label to the genre ids it covers.
    """
    names = list(groups)
    sums = np.stack(
        [probabilities[:, [taxonomy.ids.index(genre_id) for genre_id in groups[name]]].sum(axis=1) for name in names],
        axis=1,
    )
    return np.array([names[i] == label for i, label in zip(sums.argmax(axis=1), labels, strict=True)])
