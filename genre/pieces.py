"""Where in a long recording there is music, where there is none, and where silence: the first pass of `timeline`.

Every second is asked whether it is music at all, and the answers are smoothed to pieces. What is kept of the sound is a
few numbers a second, the outline of its waveform among them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from genre import audio, musicality, segmentation
from genre.decoders import Samples
from genre.settings import SAMPLE_RATE, SECONDS_MIN

Kind = Literal["music", "not_music", "silence"]
KINDS: tuple[Kind, ...] = ("music", "not_music", "silence")
MUSIC, NOT_MUSIC, SILENCE = KINDS

CELL_SECONDS = 1.0  # how finely borders between music and what is none are told
SPAN_SECONDS = 4.0  # of sound, about the middle of each cell, that is asked whether it is music
PIECE_SECONDS_MIN, SILENCE_SECONDS_MIN = 5.0, 2.0  # a shorter one goes to its neighbour, but nothing to silence
DOUBT = 0.01  # no answer is believed to be surer than 1 - DOUBT: one odd second must not outweigh many
PEAKS_PER_CELL = 18
PEAKS_MAX = 1_500  # columns of the waveform

CELL, SPAN = round(CELL_SECONDS * SAMPLE_RATE), round(SPAN_SECONDS * SAMPLE_RATE)  # samples


@dataclass(frozen=True)
class Piece:
    """A stretch of one kind, in samples at SAMPLE_RATE."""

    begin: int
    end: int  # sample after the last
    kind: Kind
    probability: float  # of the kind: the mean over its seconds


class Outline:
    """What the first pass keeps of a recording: a few numbers a second."""

    def __init__(self) -> None:
        self.first: Samples = np.empty(0, np.float32)
        self.music: list[float] = []  # of each cell
        self.silent: list[bool] = []
        self._samples = 0
        self._peaks: list[Samples] = []

    @property
    def seconds(self) -> float:
        """How much was heard."""
        return self._samples / SAMPLE_RATE

    def add(self, cell: Samples, span: Samples) -> None:
        """Take in one cell and what is around it."""
        if not self._samples:
            self.first = cell.copy()
        self._samples += len(cell)
        silent = float(cell.std(dtype=np.float64)) < audio.SILENT_RMS
        self.silent.append(silent)
        enough = not silent and len(span) >= SECONDS_MIN * SAMPLE_RATE
        self.music.append(musicality.music_probability(span) if enough else 0.0)
        edges = np.linspace(0, len(cell), PEAKS_PER_CELL, endpoint=False).astype(int)
        if len(cell) >= PEAKS_PER_CELL:
            self._peaks.append(np.stack([np.minimum.reduceat(cell, edges), np.maximum.reduceat(cell, edges)], axis=1))

    def pieces(self, smoothing: float) -> list[Piece]:
        """Return the pieces in order, without a gap; one is expected to last `smoothing` seconds."""
        music, silent = np.array(self.music), np.array(self.silent)
        believed = np.clip(music, DOUBT, 1 - DOUBT)
        weight = CELL / SPAN  # each second is heard in several spans
        evidence = np.full((len(music), len(KINDS)), np.log(DOUBT))
        evidence[:, 0], evidence[:, 1] = weight * np.log(believed), weight * np.log(1 - believed)
        evidence[silent] = [np.log(DOUBT), np.log(DOUBT), 0.0]
        path = segmentation.likeliest(evidence, CELL_SECONDS, smoothing)
        seconds = (PIECE_SECONDS_MIN, PIECE_SECONDS_MIN, SILENCE_SECONDS_MIN)
        shortest = {state: round(least / CELL_SECONDS) for state, least in enumerate(seconds)}
        found = segmentation.absorbed(segmentation.runs(path), shortest, takers=(0, 1))
        ends = [run.end * CELL for run in found[:-1]] + [self._samples]
        sure = np.stack([music, 1 - music, silent], axis=1)  # silence is no music either
        return [
            Piece(run.begin * CELL, end, KINDS[run.state], float(sure[run.begin : run.end, run.state].mean()))
            for run, end in zip(found, ends, strict=True)
        ]

    def waveform(self) -> Samples:
        """Return the lowest and the highest sample of at most PEAKS_MAX columns, [columns, 2]."""
        peaks = np.concatenate(self._peaks)
        columns = min(len(peaks), PEAKS_MAX)
        edges = np.arange(columns) * len(peaks) // columns
        lowest, highest = np.minimum.reduceat(peaks[:, 0], edges), np.maximum.reduceat(peaks[:, 1], edges)
        return np.stack([lowest, highest], axis=1)


def cells(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, Samples]]:
    """Yield each second of a sound, and the SPAN_SECONDS about its middle as far as they exist.

    The last one has up to two seconds, so that none is shorter than one unless all is.
    """
    held, begin, at = np.empty(0, np.float32), 0, 0  # held[0] is sample `begin`; the next cell begins at `at`
    reach = CELL // 2 + SPAN // 2  # from a cell's begin to the end of its span
    before = SPAN // 2 - CELL // 2
    for block in blocks:
        held = np.concatenate([held, block])
        while at + reach <= begin + len(held):
            first = max(0, at - before)
            held, begin = held[first - begin :], first
            yield held[at - begin : at + CELL - begin], held[: at + reach - begin]
            at += CELL
    while (left := begin + len(held) - at) > 0:
        size = CELL if left >= 2 * CELL else left
        first = max(0, at - before)
        yield held[at - begin : at + size - begin], held[first - begin : at + reach - begin]
        at += size
