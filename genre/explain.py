"""What decided an answer: a map over the spectrogram of a recording, and in words the seconds and the register.

A room of its own because a network sees windows, resized and sometimes repeated, and people hear a recording: here the
maps of `genre.relevance` are laid back onto its seconds and rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from genre import audio, heatmap, preview, relevance, spectrogram
from genre.classifier import BATCH_SIZE, Classifier, Source
from genre.errors import SettingsError
from genre.prediction import Prediction
from genre.settings import CLIP_SECONDS, EXPLAINED_MAX
from genre.spectrogram import Bytes, Floats, SpectrogramSpec, Window

LOOKS_MAX = 64  # pictures per genre, so that a long recording costs no more than a minute's; at least one a window
REGION_AREA = 0.1  # of what was heard: its most telling tenth, piece by piece
REGIONS_MAX = 3
REGION_SHARE = 0.1  # of what all pieces weigh; smaller ones are not named
TINY = 1e-12  # on a map, where nothing spoke for a genre


@dataclass(frozen=True)
class Region:
    """One piece of the spectrogram that spoke for a genre: when, and in which register."""

    start: float  # seconds into the recording
    end: float
    box: heatmap.Box  # the same in frames and rows of the spectrogram
    low: str  # their names: notes of a CQT, hertz of mel, pitch classes of chroma
    high: str
    hertz: tuple[float, float] | None  # their frequencies; None for chroma, whose rows are every octave's
    share: float  # of everything on the map, 0 to 1

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        low_hz, high_hz = self.hertz or (None, None)
        return {
            "start": self.start,
            "end": self.end,
            "low": self.low,
            "high": self.high,
            "low_hz": low_hz,
            "high_hz": high_hz,
            "share": self.share,
        }


@dataclass(frozen=True)
class Explanation:
    """What spoke for one genre in one recording."""

    genre_id: str
    probability: float
    method: str  # "grad-cam" or "attention-rollout"
    regions: tuple[Region, ...]  # the weightiest first; none where nothing spoke for the genre
    relevance: Floats = field(repr=False, compare=False)  # [bins, frames], 0 to 1, as Prediction.decibels

    def to_dict(self) -> dict[str, Any]:
        """Return the row that the command line prints; the map itself is a picture."""
        return {
            "id": self.genre_id,
            "probability": self.probability,
            "method": self.method,
            "regions": [region.to_dict() for region in self.regions],
        }


def explain(
    judge: Classifier,
    source: Source,
    *,
    genre_ids: Sequence[str] = (),
    top: int = 1,
    clip_seconds: float | None = CLIP_SECONDS,
    start: float = 0.0,
    name: str | None = None,
) -> tuple[Prediction, tuple[Explanation, ...]]:
    """Return the answer for a recording and what spoke for these genres, or for the `top` most likely ones.

    Errors as of `Classifier.predict`; SettingsError lists the genres where one is not the model's.
    """
    known = judge.card.taxonomy.ids
    if strange := [genre_id for genre_id in genre_ids if genre_id not in known]:
        raise SettingsError(f"{judge.card.name} knows no genre {strange[0]!r}; it knows: {', '.join(known)}.")
    if not 1 <= top <= EXPLAINED_MAX:
        raise SettingsError(f"top={top!r} is out of range; give 1 to {EXPLAINED_MAX}.")
    spec = judge.card.spectrogram
    begun = perf_counter()
    sound = audio.load(source, start=start, clip_seconds=clip_seconds, name=name)
    decoded = perf_counter()
    decibels = spectrogram.decibels(sound.samples, spec)
    prediction = judge.answer(sound, decibels, decode=decoded - begun, transform=perf_counter() - decoded)
    windows = spectrogram.windows(decibels.shape[1], sound.seconds, spec)
    images = spectrogram.render(decibels, windows, spec)
    wanted = genre_ids or [genre_id for genre_id, _ in prediction.ranked[:top]]
    return prediction, tuple(_explained(judge, prediction, windows, images, genre_id) for genre_id in wanted)


def _explained(
    judge: Classifier, prediction: Prediction, windows: list[Window], images: Bytes, genre_id: str
) -> Explanation:
    spec = judge.card.spectrogram
    place = judge.card.taxonomy.ids.index(genre_id)
    looks = max(1, min(relevance.LOOKS, LOOKS_MAX // len(images)))
    maps = []
    for begin in range(0, len(images), BATCH_SIZE):
        batch = judge.network_input(images[begin : begin + BATCH_SIZE])
        with judge.network() as network:
            maps.append(relevance.maps(network, judge.card.backbone, batch, place, looks))
    # A map says where in its window; how much the windows said compares by their probabilities.
    weights = [window.probabilities[genre_id] for window in prediction.windows]
    shown = on_recording(np.concatenate(maps), windows, weights, prediction.decibels.shape, spec)
    return Explanation(
        genre_id=genre_id,
        probability=dict(prediction.ranked)[genre_id],
        method="attention-rollout" if judge.card.backbone in relevance.ATTENTION else "grad-cam",
        regions=regions(shown, spec, prediction.start),
        relevance=shown,
    )


def on_recording(
    maps: Floats, windows: list[Window], weights: Sequence[float], shape: tuple[int, ...], spec: SpectrogramSpec
) -> Floats:
    """Lay the maps of windows, [windows, size, size] with the lowest tones in the last row, onto a spectrogram.

    Returns float32 of `shape` [bins, frames]; its most is 1, or 0 where all maps are empty. Where a short recording was
    repeated to fill a window, a frame has the mean of what its repetitions have. Frames in no window have 0.
    """
    shown = np.zeros(shape, np.float32)
    for picture, window, weight in zip(maps, windows, weights, strict=True):
        frames = window.end - window.begin
        seen = spectrogram.columns(frames, spec)
        sized = Image.fromarray(picture[::-1]).resize((len(seen), len(shown)), Image.Resampling.BILINEAR)
        heard = seen >= 0
        total = np.zeros((frames, len(shown)), np.float32)
        np.add.at(total, seen[heard], np.asarray(sized).T[heard])
        shown[:, window.begin : window.end] = weight * total.T / np.bincount(seen[heard], minlength=frames)
    return shown / np.float32(max(float(shown.max()), TINY))


def regions(relevance: Floats, spec: SpectrogramSpec, start: float = 0.0) -> tuple[Region, ...]:
    """Return the weightiest pieces of a map [bins, frames] that begins `start` seconds into its recording."""
    level = float(np.quantile(relevance, 1 - REGION_AREA))
    pieces, count = ndimage.label(relevance >= max(level, TINY))
    masses = ndimage.sum_labels(relevance, pieces, range(1, count + 1))
    boxes = ndimage.find_objects(pieces)
    weightiest = sorted(zip(masses, boxes, strict=True), key=lambda piece: -float(piece[0]))[:REGIONS_MAX]
    names, hertz = preview.row_names(spec), preview.row_hertz(spec)
    per_frame = spec.hop_length / spec.sample_rate  # seconds
    return tuple(
        Region(
            start=round(start + columns.start * per_frame, 2),
            end=round(start + columns.stop * per_frame, 2),
            box=((columns.start, columns.stop), (rows.start, rows.stop - 1)),
            low=names[rows.start],
            high=names[rows.stop - 1],
            hertz=(round(hertz[rows.start], 1), round(hertz[rows.stop - 1], 1)) if hertz else None,
            share=float(mass / relevance.sum()),
        )
        for mass, (rows, columns) in weightiest
        if mass >= REGION_SHARE * masses.sum()
    )
