"""Measure a model on labelled recordings, through the same path that answers a user.

A label says which genres a recording may be: one, if it is a genre of the model's taxonomy; several, if it is a coarse
label that a mapping explains.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genre.calibration import Bools, Floats, soften
from genre.classifier import Classifier
from genre.datasets import Clip, compatible
from genre.errors import AudioError
from genre.labels import Taxonomy
from genre.settings import CLIP_SECONDS

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]
Mapped = Mapping[str, Sequence[str]]  # coarse label -> ids of the genres it may be


@dataclass(frozen=True)
class Heard:
    """What the model said of one recording, or why it could not be heard."""

    clip: Clip
    windows: Floats | None  # probabilities [windows, classes]
    error: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """What was answered and what is true, of every recording that could be heard.

    `truths` is True for the genres that a recording may be. `groups` numbers the works, albums or artists: recordings
    of one group are not independent of each other.
    """

    taxonomy: Taxonomy
    windows: Floats  # probabilities [windows, classes], a recording's windows one below the other
    starts: Ints  # [recordings], row of a recording's first window
    truths: Bools  # [recordings, classes]
    groups: Ints  # [recordings]
    mapping: Mapped = field(default_factory=dict)
    failures: tuple[str, ...] = ()  # a message for each recording that could not be heard

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def probabilities(self) -> Floats:
        """Means over the windows, [recordings, classes]."""
        return soften(self.windows, self.starts, 1.0)

    @cached_property
    def answered(self) -> Ints:
        """Index of the most likely genre, [recordings]."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @cached_property
    def fine(self) -> Bools:
        """Whether the label leaves one genre only, [recordings]."""
        return np.asarray(np.equal(self.truths.sum(axis=1), 1))

    @cached_property
    def compatible(self) -> Bools:
        """Whether the most likely genre is one of those that the label leaves, [recordings]."""
        return self.truths[np.arange(len(self)), self.answered]

    def among_top(self, k: int) -> Bools:
        """Return whether one of the k most likely genres is one of those that the label leaves, [recordings]."""
        ranked = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :k]
        return np.asarray(np.take_along_axis(self.truths, ranked, axis=1).any(axis=1))

    def level(self, ids: Sequence[str]) -> tuple[Ints, Ints]:
        """Return true and answered class at a coarser level of the taxonomy, whose class of each genre is `ids`.

        Both are [recordings] indices into the distinct ids in order; the truth is -1 where the label leaves several
        classes. Answered is the class with the largest summed probability.
        """
        names = list(dict.fromkeys(ids))
        members = np.array([[of == name for of in ids] for name in names])  # [names, classes]
        return _only_one(self.truths, members), (self.probabilities @ members.T).argmax(axis=1)

    @cached_property
    def members(self) -> Bools | None:
        """Genres of the mapping's labels, [labels, classes]; None where they overlap or there are not two."""
        ids = self.taxonomy.ids
        members = np.array([[genre_id in of for genre_id in ids] for of in self.mapping.values()])
        return members if len(self.mapping) > 1 and members.sum(axis=0).max() <= 1 else None

    @cached_property
    def coarse(self) -> tuple[Ints, Ints, Floats] | None:
        """True coarse label (-1: none of them), the one with the largest summed probability, and that sum."""
        if self.members is None:
            return None
        sums = self.probabilities @ self.members.T
        return _only_one(self.truths, self.members), sums.argmax(axis=1), sums.max(axis=1)

    @cached_property
    def judged(self) -> tuple[Bools, Floats, Bools]:
        """Which recordings have a confidence; of these, the confidence, and whether the answer was right.

        A recording is judged at the level of its label: the genre's probability, or the coarse label's sum.
        """
        confidences, hits, said = self.probabilities.max(axis=1), self.compatible.copy(), self.fine.copy()
        if self.coarse is not None:
            true, answered, sums = self.coarse
            by_label = ~self.fine & (true >= 0)
            confidences[by_label] = sums[by_label]
            hits[by_label] = (true == answered)[by_label]
            said |= by_label
        return said, confidences[said], hits[said]


def understood(mapping: Mapped, taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    """Return a mapping with the taxonomy's own ids; SettingsError where it names what is no genre of it."""
    members = compatible([Clip(Path(label), label, label) for label in mapping], taxonomy, mapping) if mapping else ()
    return {
        label: tuple(taxonomy.ids[index] for index in np.flatnonzero(row))
        for label, row in zip(mapping, members, strict=True)
    }


def hear(classifier: Classifier, clip: Clip, clip_seconds: float | None = CLIP_SECONDS) -> Heard:
    """Return what the model says of a clip, or why it cannot be heard; `clip_seconds` None hears it to its end."""
    try:
        prediction = classifier.predict(clip.path, clip_seconds=clip_seconds)
    except AudioError as error:
        return Heard(clip, None, str(error))
    ids = classifier.card.taxonomy.ids
    return Heard(
        clip, np.array([[window.probabilities[genre_id] for genre_id in ids] for window in prediction.windows])
    )


def assess(heard: Sequence[Heard], taxonomy: Taxonomy, mapping: Mapped | None = None) -> Evaluation:
    """Put what was heard beside what is true; SettingsError where a label or the mapping is not understood."""
    mapping = understood(mapping or {}, taxonomy)
    good = [(entry.clip, entry.windows) for entry in heard if entry.windows is not None]
    clips = [clip for clip, _ in good]
    lengths = np.array([len(windows) for _, windows in good], dtype=np.int64)
    _, groups = np.unique(np.array([clip.group for clip in clips], dtype=str), return_inverse=True)
    return Evaluation(
        taxonomy,
        np.concatenate([np.empty((0, len(taxonomy))), *(windows for _, windows in good)]),
        np.cumsum(lengths) - lengths,
        compatible(clips, taxonomy, mapping) if clips else np.empty((0, len(taxonomy)), dtype=bool),
        groups.astype(np.int64),
        mapping,
        tuple(entry.error for entry in heard if entry.error is not None),
    )


def evaluate(
    classifier: Classifier,
    clips: Sequence[Clip],
    mapping: Mapped | None = None,
    *,
    clip_seconds: float | None = CLIP_SECONDS,
    report: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Classify every clip and put the answers beside the truths; unreadable recordings are counted too."""
    taxonomy = classifier.card.taxonomy
    compatible(clips, taxonomy, mapping)  # refuses a label before hours of hearing
    heard = []
    for clip in clips:
        heard.append(hear(classifier, clip, clip_seconds))
        if heard[-1].error:
            log.warning("%s", heard[-1].error)
        if report:
            report(len(heard), len(clips))
    return assess(heard, taxonomy, mapping)


def _only_one(truths: Bools, members: Bools) -> Ints:
    """Return the index of the one class whose genres hold all that a recording may be, [recordings]; -1: none, many.

    `members` [classes, genres] do not overlap.
    """
    touched = (truths.astype(np.int64) @ members.T.astype(np.int64)) > 0  # [recordings, classes]
    outside = (truths & ~members.any(axis=0)).any(axis=1)
    single = (touched.sum(axis=1) == 1) & ~outside
    return np.where(single, touched.argmax(axis=1), -1)
