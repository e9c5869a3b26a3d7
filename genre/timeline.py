"""A long recording as a few segments: where there is music, where there is none, and which genre each piece is of.

A room of its own because an answer for an hour is a sequence, not a mean. The recording is heard twice and never held.
First `pieces` tells music from what is none, second by second, so that borders are sharp. Then the network hears each
piece of music, in windows that lie within it, so that none mixes a song with the talk before it; `segmentation` smooths
its answers.

A window is drawn as the file path draws a clip of that length, so that `Classifier.predict(file, start=…,
clip_seconds=11.4)` gives what the curve says. 0 dB is therefore the loudest point of the window and not of the whole
recording; that makes a difference only to what lies 80 dB under the loudest moment of the whole.
"""

import itertools
import math
from bisect import bisect_left
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genre import audio, segmentation, spectrogram
from genre.cards import ModelCard
from genre.classifier import BATCH_SIZE, Classifier
from genre.decoders import Samples, is_number
from genre.errors import SettingsError
from genre.labels import Genre
from genre.pieces import CELL_SECONDS, DOUBT, KINDS, MUSIC, PIECE_SECONDS_MIN, Kind, Outline, Piece, cells
from genre.recording import cut, streamed
from genre.settings import (
    HOP_MAX,
    HOP_MIN,
    HOP_SECONDS,
    SAMPLE_RATE,
    SECONDS_MIN,
    SMOOTHING_MAX,
    SMOOTHING_SECONDS,
    STREAM_SECONDS_MAX,
)
from genre.spectrogram import SpectrogramSpec

NAMES = {  # of what has no genre
    kind: Genre(kind, en, zh, kind, kind)
    for kind, en, zh in zip(KINDS[1:], ("Not music", "Silence"), ("非音乐", "静音"), strict=True)
}

Probabilities = NDArray[np.float32]
Place = tuple[int, int]  # first sample at SAMPLE_RATE, sample after the last


@dataclass(frozen=True)
class Segment:
    """A stretch of one genre, or of what has none; `start` and `end` are seconds into the source."""

    start: float
    end: float
    kind: Kind
    id: str  # of the genre; the kind where there is none
    probability: float  # of the genre: the mean over the segment's windows, as for a file; else of the kind


@dataclass(frozen=True)
class Progress:
    """How far the work has come, in seconds of sound."""

    stage: Literal["hearing", "naming"]  # whether it is music; which
    done: float
    total: float | None  # None where the file does not say how long it is


@dataclass(frozen=True)
class Timeline:
    """The segments of one recording, in order and without a gap."""

    source: str
    card: ModelCard
    seconds: float
    hop: float
    smoothing: float
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...]  # of audio.WARNINGS, and "unsure" where a segment's genre is
    music: Probabilities = field(repr=False, compare=False)  # how much each second sounds like music, [cells]
    places: NDArray[np.float64] = field(repr=False, compare=False)  # start and end of each window, [windows, 2]
    curve: Probabilities = field(repr=False, compare=False)  # of each window, [windows, genres]
    peaks: Samples = field(repr=False, compare=False)  # lowest and highest sample of each column, [columns, 2]

    def genre(self, segment: Segment) -> Genre:
        """Return what a segment is called."""
        return self.card.taxonomy[segment.id] if segment.kind == MUSIC else NAMES[segment.kind]

    def to_dict(self, *, curve: bool = False) -> dict[str, Any]:
        """Return the JSON that command line and page share; with `curve`, what the segments were made of too."""
        card = self.card
        row: dict[str, Any] = {
            "source": self.source,
            "model": card.name,
            "taxonomy": card.taxonomy.id,
            "weights": card.weights_facts(),
            "seconds": round(self.seconds, 3),
            "hop": self.hop,
            "smoothing": self.smoothing,
            "segments": [
                {
                    "start": segment.start,
                    "end": segment.end,
                    "kind": segment.kind,
                    "id": segment.id,
                    "en": self.genre(segment).en,
                    "zh": self.genre(segment).zh,
                    "probability": segment.probability,
                }
                for segment in self.segments
            ],
            "warnings": list(self.warnings),
            "unsure_below": card.unsure_below,
        }
        if curve:
            row["music"] = {"every": CELL_SECONDS, "probabilities": self.music.tolist()}
            row["windows"] = [
                {"start": start, "end": end, "probabilities": dict(zip(card.taxonomy.ids, answer, strict=True))}
                for (start, end), answer in zip(self.places.round(3).tolist(), self.curve.tolist(), strict=True)
            ]
        return row


def follow(
    source: audio.Source,
    judge: Classifier,
    *,
    hop: float = HOP_SECONDS,
    smoothing: float = SMOOTHING_SECONDS,
    seconds_max: float = STREAM_SECONDS_MAX,
    name: str | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Timeline:
    """Return the segments of a recording of any length up to `seconds_max`; what `progress` raises ends the work.

    hop: HOP_MIN to HOP_MAX seconds from window to window; smoothing: 0 to SMOOTHING_MAX seconds that a segment is
    expected to last. AudioError for what cannot be read, is too long or too short, or is nothing but silence;
    SettingsError for a number out of range; ModelError where the weights cannot be loaded.
    """
    steps = walk(source, judge, hop=hop, smoothing=smoothing, seconds_max=seconds_max, name=name)
    while True:
        try:
            step = next(steps)
        except StopIteration as stopped:
            found: Timeline = stopped.value
            return found
        progress(step)


def walk(
    source: audio.Source,
    judge: Classifier,
    *,
    hop: float = HOP_SECONDS,
    smoothing: float = SMOOTHING_SECONDS,
    seconds_max: float = STREAM_SECONDS_MAX,
    name: str | None = None,
) -> Generator[Progress, None, Timeline]:
    """Do what `follow` does in steps of a batch of windows or less, yielding between them; may be closed at any."""
    for value, what, low, high in ((hop, "hop", HOP_MIN, HOP_MAX), (smoothing, "smoothing", 0.0, SMOOTHING_MAX)):
        if not is_number(value) or not low <= value <= high:
            raise SettingsError(f"{what}={value!r} is out of range; give {low:g} to {high:g} seconds.")
    judge.load()
    card, spec = judge.card, judge.card.spectrogram
    outline = Outline()
    with streamed(source, seconds_max=seconds_max, name=name) as recording:
        for cell, span in cells(recording.blocks()):
            outline.add(cell, span)
            yield Progress("hearing", outline.seconds, recording.promised)
        shown, warnings = recording.source, list(recording.warnings)
    if all(outline.silent) or outline.seconds < SECONDS_MIN:
        audio.checked(outline.first, shown, 0.0)  # says which of the two, and what to do

    found = outline.pieces(smoothing)
    window, step = round(spec.window_seconds * SAMPLE_RATE), round(hop * SAMPLE_RATE)
    places = [place for piece in found if piece.kind == MUSIC for place in placed(piece.begin, piece.end, window, step)]
    music = sum(piece.end - piece.begin for piece in found if piece.kind == MUSIC) / SAMPLE_RATE
    # Windows that are not there any more, because the file changes meanwhile, say nothing.
    curve = np.full((len(places), len(card.taxonomy)), 1 / len(card.taxonomy), np.float32)
    done, waiting = 0, list[Samples]()
    with streamed(source, seconds_max=seconds_max, name=name) as recording:
        for ready in cut(recording.blocks(), places):
            waiting += ready
            while waiting and (len(waiting) >= BATCH_SIZE or done + len(waiting) == len(places)):
                batch, waiting = waiting[:BATCH_SIZE], waiting[BATCH_SIZE:]
                curve[done : done + len(batch)] = judge.probabilities(_drawn(batch, spec))
                done += len(batch)
            if done == len(places):
                break
            yield Progress("naming", music * done / len(places), music)

    segments = _segments(found, places, curve, card.taxonomy.ids, smoothing)
    if any(segment.kind == MUSIC and segment.probability < card.unsure_below for segment in segments):
        warnings.append("unsure")
    return Timeline(
        source=shown,
        card=card,
        seconds=outline.seconds,
        hop=float(hop),
        smoothing=float(smoothing),
        segments=tuple(segments),
        warnings=tuple(warnings),
        music=np.array(outline.music, np.float32),
        places=np.array(places, np.float64).reshape(-1, 2) / SAMPLE_RATE,
        curve=curve,
        peaks=outline.waveform(),
    )


def placed(begin: int, end: int, window: int, hop: int) -> list[Place]:
    """Return where windows lie in a piece of music: evenly, from its beginning to its end, about a hop apart.

    A piece shorter than a window is heard as it is; one that is hardly longer has one window, in its middle.
    """
    room = end - begin - window
    if room <= 0:
        return [(begin, end)]
    count = 1 + round(room / hop)
    starts = np.linspace(begin, begin + room, count) if count > 1 else np.array([begin + room / 2])
    return [(start, start + window) for start in starts.round().astype(int).tolist()]


def named(
    curve: Probabilities, middles: Sequence[float], start: float, end: float, ids: Sequence[str], smoothing: float
) -> list[Segment]:
    """Return the segments of one piece of music that lasts from `start` to `end`, in seconds.

    curve: the probabilities of its windows, [windows, genres], which lie about `middles`. A segment has the genre that
    is likeliest in the mean of its windows, as a file has.
    """
    step = (middles[-1] - middles[0]) / max(1, len(middles) - 1)
    path = segmentation.likeliest(np.log(np.maximum(curve, DOUBT)).astype(np.float64), step, smoothing)
    shortest = math.ceil(PIECE_SECONDS_MIN / step) if step else 0
    states = range(len(ids))
    for run in segmentation.absorbed(segmentation.runs(path), dict.fromkeys(states, shortest), states):
        path[run.begin : run.end] = curve[run.begin : run.end].mean(axis=0).argmax()
    found = segmentation.runs(path)
    edges = [start, *((middles[run.begin - 1] + middles[run.begin]) / 2 for run in found[1:]), end]
    return [
        Segment(
            round(first, 3),
            round(last, 3),
            MUSIC,
            ids[run.state],
            float(curve[run.begin : run.end, run.state].mean()),
        )
        for run, (first, last) in zip(found, itertools.pairwise(edges), strict=True)
    ]


def _segments(
    found: Sequence[Piece], places: Sequence[Place], curve: Probabilities, ids: Sequence[str], smoothing: float
) -> list[Segment]:
    segments: list[Segment] = []
    begins = [place[0] for place in places]
    for piece in found:
        start, end = piece.begin / SAMPLE_RATE, piece.end / SAMPLE_RATE
        if piece.kind == MUSIC:
            mine = slice(bisect_left(begins, piece.begin), bisect_left(begins, piece.end))
            middles = [sum(place) / 2 / SAMPLE_RATE for place in places[mine]]
            segments += named(curve[mine], middles, start, end, ids, smoothing)
        else:
            segments.append(Segment(round(start, 3), round(end, 3), piece.kind, piece.kind, piece.probability))
    return segments


def _drawn(sounds: Sequence[Samples], spec: SpectrogramSpec) -> spectrogram.Bytes:
    """Return what the network sees of windows, uint8 [windows, height, width, 3]; their offsets are taken out."""
    centred = [sound - np.float32(sound.mean(dtype=np.float64)) for sound in sounds]
    return np.concatenate([spectrogram.images(sound, spec) for sound in centred])
