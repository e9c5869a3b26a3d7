"""Whole libraries on one machine: processes prepare recordings, one network answers for many of them at once.

The stages are plain calls, so that another engine can put them together: `library_features.prepare` on any machine,
`answered` where the network is. The rows are the same to the last digit, however the recordings are gathered: the
network always gets full batches, because the order of its sums may depend on their size.
"""

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from genre.cards import ModelCard
from genre.classifier import Classifier
from genre.library_features import Features, Prepared, Recipe
from genre.library_pool import WINDOWS_WAITING, Pool
from genre.prediction import Prediction, conclude
from genre.rows import Row
from genre.settings import LIBRARY_BATCH, LIBRARY_FILE_SECONDS
from genre.spectrogram import Bytes, Floats


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def hear(
    judge: Classifier,
    sources: Sequence[str],
    recipe: Recipe,
    *,
    workers: int | None = None,
    batch_size: int = LIBRARY_BATCH,
    file_seconds: float = LIBRARY_FILE_SECONDS,
    top: int = 5,
) -> Generator[Row]:
    """Yield a row for every recording, in the order in which they are done.

    A recording that cannot be heard, takes its process down or takes longer than `file_seconds` has a row with its
    error. Memory is that of `workers` recordings and some batches. SettingsError: no process can be started;
    ModelError: the network cannot be loaded.
    """
    waiting = max(WINDOWS_WAITING, 2 * batch_size)
    pool = Pool(sources, recipe, workers=workers or cores(), file_seconds=file_seconds, windows_waiting=waiting)
    with pool, closing(answered(judge, pool, batch_size=batch_size, top=top)) as rows:
        judge.load()  # while the processes start
        yield from rows


def answered(
    judge: Classifier, prepared: Iterable[Prepared], *, batch_size: int = LIBRARY_BATCH, top: int = 5
) -> Generator[Row]:
    """Yield the rows of prepared recordings: `Prediction.to_dict`, or source and error; and size, mtime and tag.

    One that waits for its batch to fill comes later than its successors that have failed.
    """
    waiting: deque[_Waiting] = deque()  # recordings, the first of which still lack windows
    shape = (batch_size, *[judge.card.spectrogram.image_size] * 2, 3)
    batch, filled = np.zeros(shape, np.uint8), 0
    for one in prepared:
        if one.features is None:
            yield {"source": one.source, "error": one.error, **_file_facts(one)}
            continue
        waiting.append(_Waiting(one, one.features))
        images = one.features.images
        while len(images):
            count = min(len(images), batch_size - filled)
            batch[filled : filled + count] = images[:count]
            images, filled = images[count:], filled + count
            if filled == batch_size:
                yield from _ask(judge, batch, filled, waiting, top)
                filled = 0
    if filled:
        batch[filled:] = 0
        yield from _ask(judge, batch, filled, waiting, top)


@dataclass
class _Waiting:
    """A recording and what the network has said of its windows so far."""

    prepared: Prepared
    features: Features
    said: list[Floats] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def lacking(self) -> int:
        return len(self.features.windows) - len(self.said)


def _ask(judge: Classifier, batch: Bytes, filled: int, waiting: "deque[_Waiting]", top: int) -> Iterator[Row]:
    """Ask about one batch and yield the rows of the recordings that are complete with it."""
    begun = perf_counter()
    answers = deque(judge.probabilities(batch, batch_size=len(batch))[:filled])
    each = (perf_counter() - begun) / filled
    while answers:
        first = waiting[0]
        while answers and first.lacking:
            first.said.append(answers.popleft())
            first.seconds += each
        if first.lacking:
            return
        waiting.popleft()
        prediction = _prediction(judge.card, first.features, np.stack(first.said), first.seconds)
        yield {**prediction.to_dict(top), "source": first.prepared.source, **_file_facts(first.prepared)}


def _prediction(card: ModelCard, seen: Features, per_window: Floats, network_seconds: float) -> Prediction:
    return conclude(
        card,
        per_window,
        seen.windows,
        source=seen.source,
        start=seen.start,
        sound_seconds=seen.sound_seconds,
        noticed=seen.warnings,
        music=seen.music,
        unsure_below=card.unsure_below,
        seconds={**seen.seconds, "load": 0.0, "network": network_seconds},
        decibels=np.empty((0, 0), np.float32),  # nobody draws it
    )


def _file_facts(prepared: Prepared) -> Row:
    facts = {"size": prepared.size, "mtime": prepared.mtime, "tag": prepared.tag}
    return {name: value for name, value in facts.items() if value is not None}
