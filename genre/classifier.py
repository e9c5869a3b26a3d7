"""From sound to a truthful answer: windows through a network, probabilities with their provenance.

`predict` is the public call. `Classifier` holds one loaded network and may be called from many threads.
"""

import logging
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genre import audio, spectrogram, store
from genre.errors import ModelError, SettingsError
from genre.labels import Taxonomy
from genre.settings import CLIP_SECONDS, DEFAULT_MODEL, UNSURE_BELOW, Device, Precision, Settings

log = logging.getLogger(__name__)

BATCH_SIZE = 8  # windows through the network at once; bounds memory for long recordings
MODELS_KEPT = 2  # loaded networks that stay in memory; the least recently used goes first

Source = audio.Source | audio.Audio


@dataclass(frozen=True)
class WindowProbabilities:
    """What one window of the recording sounds like; start and end are seconds into the source."""

    start: float
    end: float
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Prediction:
    """The answer for one recording, with everything needed to judge it."""

    source: str
    card: store.ModelCard
    ranked: tuple[tuple[str, float], ...]  # every genre id with its probability, most likely first
    windows: tuple[WindowProbabilities, ...]
    warnings: tuple[str, ...]  # codes: those of audio.WARNINGS, "short" and "unsure"
    seconds: dict[str, float]  # decode, spectrogram, network, total
    start: float  # seconds into the source at which the heard part begins
    decibels: NDArray[np.float32] = field(repr=False, compare=False)  # [bins, frames], for drawing

    def to_dict(self, top: int = 5) -> dict[str, Any]:
        """Return the JSON row that the command line, HTTP and files share."""
        taxonomy: Taxonomy = self.card.taxonomy
        return {
            "source": self.source,
            "model": self.card.name,
            "taxonomy": taxonomy.id,
            "weights": {
                "origin": self.card.origin,
                "trained_on": self.card.trained_on,
                "accuracy": self.card.accuracy,
                "measured_on": self.card.measured_on,
                "sha256": self.card.sha256,
            },
            "top": [
                {"id": genre_id, "en": taxonomy[genre_id].en, "zh": taxonomy[genre_id].zh, "probability": probability}
                for genre_id, probability in self.ranked[:top]
            ],
            "windows": [
                {"start": window.start, "end": window.end, "probabilities": window.probabilities}
                for window in self.windows
            ],
            "warnings": list(self.warnings),
            "seconds": self.seconds,
        }


class Classifier:
    """One model, loaded once on first use, safe to call from many threads."""

    def __init__(self, card: store.ModelCard, *, device: Device = "auto", precision: Precision = "auto") -> None:
        self.card = card
        self._device = compute_device(device)
        self._dtype = compute_dtype(self._device, precision)
        self._network: torch.nn.Module | None = None
        self._lock = threading.Lock()

    def load(self) -> "Classifier":
        """Read the weights if they are not in memory yet; ModelError where they cannot be."""
        with self._lock:
            self._load()
        return self

    def _load(self) -> torch.nn.Module:
        if self._network is None:
            begun = perf_counter()
            # channels_last lets oneDNN skip its own reordering of every activation.
            network = store.load(self.card).to(self._device, self._dtype)
            self._network = network.to(memory_format=torch.channels_last)
            log.info("%s loaded on %s in %.2f s", self.card.name, self._device, perf_counter() - begun)
        return self._network

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify images, uint8 [windows, height, width, 3]; return probabilities, float32 [windows, classes]."""
        rows = []
        # One caller at a time: the network already uses every core, and memory stays that of one batch.
        with self._lock, torch.inference_mode():
            network = self._load()
            for begin in range(0, len(images), BATCH_SIZE):
                batch = spectrogram.network_input(images[begin : begin + BATCH_SIZE], self.card.spectrogram)
                logits = network(
                    torch.from_numpy(batch).to(
                        device=self._device, dtype=self._dtype, memory_format=torch.channels_last
                    )
                ).float()
                rows.append(torch.softmax(logits / (self.card.temperature or 1.0), dim=1).cpu().numpy())
        probabilities = np.concatenate(rows)
        if not np.isfinite(probabilities).all():
            raise ModelError(
                f"{self.card.weights} answers with what are not numbers: it is damaged, or its training diverged."
            )
        return probabilities

    def predict(
        self, source: Source, *, clip_seconds: float | None = CLIP_SECONDS, start: float = 0.0, name: str | None = None
    ) -> Prediction:
        """Return the genre of a recording.

        `clip_seconds` None hears the whole file. AudioError where there is nothing to hear, SettingsError for a
        length or start out of range, ModelError where the weights cannot be loaded.
        """
        begun = perf_counter()
        sound = audio.load(source, start=start, clip_seconds=clip_seconds, name=name)
        decoded = perf_counter()
        spec = self.card.spectrogram
        decibels = spectrogram.decibels(sound.samples, spec)
        windows = spectrogram.windows(decibels.shape[1], sound.seconds, spec)
        images = spectrogram.render(decibels, windows, spec)
        drawn = perf_counter()
        self.load()
        loaded = perf_counter()
        per_window = self.probabilities(images)
        ended = perf_counter()

        ids = self.card.taxonomy.ids
        mean = per_window.mean(axis=0)
        ranked = tuple((ids[index], float(mean[index])) for index in np.argsort(-mean, kind="stable"))
        warnings = list(sound.warnings)
        if sound.seconds < spec.window_seconds:
            warnings.append("short")
        if ranked[0][1] < UNSURE_BELOW:
            warnings.append("unsure")
        return Prediction(
            source=sound.source,
            card=self.card,
            ranked=ranked,
            windows=tuple(
                WindowProbabilities(
                    round(sound.start + window.start, 3),
                    round(sound.start + window.stop, 3),
                    {genre_id: float(p) for genre_id, p in zip(ids, row, strict=True)},
                )
                for window, row in zip(windows, per_window, strict=True)
            ),
            warnings=tuple(warnings),
            seconds={
                "decode": decoded - begun,
                "spectrogram": drawn - decoded,
                "network": ended - loaded,
                "total": ended - begun,
            },
            start=sound.start,
            decibels=decibels,
        )


def compute_device(device: Device) -> torch.device:
    """Return what to compute on; SettingsError where CUDA is asked for and not there."""
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("GENRE_DEVICE=cuda, but torch finds no CUDA device here; use auto or cpu.")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")


def compute_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """Return bfloat16 where the processor multiplies it natively (5× faster than float32 there), else float32."""
    if precision != "auto":
        return torch.float32 if precision == "float32" else torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16")
    return torch.bfloat16 if native else torch.float32


_kept: OrderedDict[tuple[Path, int, Device, Precision], Classifier] = OrderedDict()
_kept_lock = threading.Lock()


def classifier(model: str | os.PathLike[str] = DEFAULT_MODEL, settings: Settings | None = None) -> Classifier:
    """Return the classifier for a model's name or folder, the same one for every caller while it is kept.

    A model whose weights or config.json changed since is read anew. ModelError lists the models that exist.
    """
    settings = settings or Settings.from_environment()
    card = store.find(model if isinstance(model, str) else Path(model), settings)
    key = (card.weights, card.weights.stat().st_mtime_ns, settings.device, settings.precision)
    with _kept_lock:
        if key not in _kept or _kept[key].card != card:
            _kept[key] = Classifier(card, device=settings.device, precision=settings.precision)
        _kept.move_to_end(key)
        while len(_kept) > MODELS_KEPT:
            _kept.popitem(last=False)
        return _kept[key]


def predict(
    source: Source,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    clip_seconds: float | None = CLIP_SECONDS,
    start: float = 0.0,
) -> Prediction:
    """Return the genre of a recording: a path, a file's bytes or a (rate, array) pair.

    `model` is a name (or "hub:NAME") or a folder; `clip_seconds` None hears the whole file. AudioError, ModelError and
    SettingsError say what to do.
    """
    return classifier(model).predict(source, clip_seconds=clip_seconds, start=start)
