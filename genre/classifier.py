"""From sound to a truthful answer: windows through a network, and what their probabilities say together.

`predict` is the public call. `Classifier` holds one loaded network and may be called from many threads.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from genre import audio, backbones, musicality, spectrogram, store
from genre.errors import ModelError, SettingsError
from genre.model_cache import ModelCache
from genre.prediction import Prediction, conclude
from genre.settings import CLIP_SECONDS, DEFAULT_MODEL, Device, Precision, Settings

log = logging.getLogger(__name__)

BATCH_SIZE = 8  # windows through the network at once; bounds memory for long recordings

Source = audio.Source | audio.Audio


class Classifier:
    """One model, loaded once on first use, safe to call from many threads."""

    def __init__(
        self,
        card: store.ModelCard,
        *,
        device: Device = "auto",
        precision: Precision = "auto",
        on_load: Callable[["Classifier"], None] = lambda _: None,
    ) -> None:
        self.card = card
        self.weights_time = card.weights.stat().st_mtime_ns  # tells whether the file has been replaced since
        self.nbytes = 0  # of the network's parameters and buffers; 0 until it is loaded
        self._on_load = on_load
        self._device = compute_device(device)
        self._dtype = compute_dtype(self._device, precision)
        self._network: torch.nn.Module | None = None
        self._lock = threading.Lock()

    def load(self) -> "Classifier":
        """Read the weights if they are not in memory yet; ModelError where they cannot be."""
        if self._network is None:  # else there is nothing to wait for
            with self._lock:
                self._load()
        return self

    def _load(self) -> torch.nn.Module:
        if self._network is None:
            begun = perf_counter()
            # channels_last lets oneDNN skip its own reordering of every activation.
            network = store.load(self.card)
            mapped = {tensor.data_ptr() for tensor in (*network.parameters(), *network.buffers())}
            network = network.to(self._device, self._dtype)
            for tensor in (*network.parameters(), *network.buffers()):
                if tensor.data_ptr() in mapped:  # who overwrites a file in place (`cp`) kills whoever has it mapped
                    tensor.data = tensor.clone()
            self._network = network.to(memory_format=torch.channels_last)
            self.nbytes = sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))
            self._on_load(self)
            log.info("%s loaded on %s in %.2f s", self.card.name, self._device, perf_counter() - begun)
        return self._network

    @contextmanager
    def network(self) -> Iterator[torch.nn.Module]:
        """Yield the loaded network, in eval mode and with frozen weights, to one caller at a time.

        The network already uses every core, and memory stays that of one batch.
        """
        with self._lock:
            yield self._load()

    def network_input(self, images: NDArray[np.uint8]) -> torch.Tensor:
        """Return images, uint8 [windows, height, width, 3], as the network takes them: [windows, 3, height, width]."""
        batch = torch.from_numpy(spectrogram.network_input(images, self.card.spectrogram))
        return batch.to(device=self._device, dtype=self._dtype, memory_format=torch.channels_last)

    def probabilities(self, images: NDArray[np.uint8], *, batch_size: int = BATCH_SIZE) -> NDArray[np.float32]:
        """Classify images, uint8 [windows, height, width, 3]; return probabilities, float32 [windows, classes].

        The network gets up to `batch_size` images at once: memory grows with it, and the last digit may change.
        """
        temperature = self.card.temperature or 1.0
        return self._answers(
            images, lambda network, batch: torch.softmax(network(batch).float() / temperature, dim=1), batch_size
        )

    def embeddings(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the head gets to see of images, averaged over the picture: float32 [windows, features]."""
        backbone = self.card.backbone
        return self._answers(images, lambda network, batch: backbones.embed(network, backbone, batch).float())

    def _answers(
        self,
        images: NDArray[np.uint8],
        ask: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor],
        batch_size: int = BATCH_SIZE,
    ) -> NDArray[np.float32]:
        """Ask the network about images, a batch at a time; ModelError where it answers with what are not numbers."""
        rows = []
        for begin in range(0, len(images), batch_size):
            batch = self.network_input(images[begin : begin + batch_size])
            with self.network() as network, torch.inference_mode():
                rows.append(ask(network, batch).cpu().numpy())
        answers = np.concatenate(rows)
        if not np.isfinite(answers).all():
            raise ModelError(
                f"{self.card.weights} answers with what are not numbers: it is damaged, or its training diverged."
            )
        return answers

    def predict(
        self,
        source: Source,
        *,
        clip_seconds: float | None = CLIP_SECONDS,
        start: float = 0.0,
        name: str | None = None,
        unsure_below: float | None = None,
    ) -> Prediction:
        """Return the genre of a recording.

        `clip_seconds` None hears the whole file; `unsure_below` None takes the card's. AudioError where there is
        nothing to hear, SettingsError for a number out of range, ModelError where the weights cannot be loaded.
        """
        begun = perf_counter()
        sound = audio.load(source, start=start, clip_seconds=clip_seconds, name=name)
        decoded = perf_counter()
        decibels = spectrogram.decibels(sound.samples, self.card.spectrogram)
        return self.answer(
            sound,
            decibels,
            decode=decoded - begun,
            transform=perf_counter() - decoded,
            unsure_below=unsure_below,
        )

    def answer(
        self,
        sound: audio.Audio,
        decibels: NDArray[np.float32],
        *,
        decode: float = 0.0,
        transform: float = 0.0,
        music: float | None = None,
        unsure_below: float | None = None,
    ) -> Prediction:
        """Return the genre of a sound whose spectrogram, [bins, frames], is there already.

        `decode` and `transform` are the seconds that these took, for `Prediction.seconds`; `music` is what
        `music_probability` says of the sound, where that is known already.
        """
        if unsure_below is None:
            unsure_below = self.card.unsure_below
        if not 0 <= unsure_below <= 1:  # NaN is not
            raise SettingsError(f"unsure_below={unsure_below!r} is out of range; give 0 to 1.")
        begun = perf_counter()
        if music is None:
            music = musicality.music_probability(sound.samples)
        judged = perf_counter()
        spec = self.card.spectrogram
        windows = spectrogram.windows(decibels.shape[1], sound.seconds, spec)
        images = spectrogram.render(decibels, windows, spec)
        drawn = perf_counter()
        was_loaded = self._network is not None
        self.load()
        loaded = perf_counter()
        per_window = self.probabilities(images)
        ended = perf_counter()

        return conclude(
            self.card,
            per_window,
            windows,
            source=sound.source,
            start=sound.start,
            sound_seconds=sound.seconds,
            noticed=sound.warnings,
            music=music,
            unsure_below=unsure_below,
            seconds={
                "decode": decode,
                "spectrogram": transform + drawn - judged,
                "music": judged - begun,
                "load": 0.0 if was_loaded else loaded - drawn,
                "network": ended - loaded,
            },
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


_kept: ModelCache[tuple[Path, Device, Precision], Classifier] = ModelCache()


def classifier(model: str | os.PathLike[str] = DEFAULT_MODEL, settings: Settings | None = None) -> Classifier:
    """Return the classifier for a model's name or folder, the same one for every caller while it is kept.

    A model whose weights or config.json changed since is read anew. ModelError lists the models that exist.
    """
    settings = settings or Settings.from_environment()
    card = store.find(model if isinstance(model, str) else Path(model), settings)
    key = (card.weights, settings.device, settings.precision)
    bound = settings.model_memory_mb << 20

    def is_current(kept: Classifier) -> bool:
        return kept.card == card and kept.weights_time == card.weights.stat().st_mtime_ns

    def make() -> Classifier:
        return Classifier(
            card,
            device=settings.device,
            precision=settings.precision,
            on_load=lambda loaded: _kept.has_loaded(key, loaded, bound),
        )

    return _kept.get(key, is_current, make, bound)


def predict(
    source: Source,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    clip_seconds: float | None = CLIP_SECONDS,
    start: float = 0.0,
    unsure_below: float | None = None,
) -> Prediction:
    """Return the genre of a recording: a path, a file's bytes or a (rate, array) pair.

    `model` is a name (or "hub:NAME") or a folder. `clip_seconds` are heard from `start` on, in seconds; None hears the
    whole file, up to an hour. A first probability under `unsure_below` is marked; None takes the model's threshold.
    AudioError: there is nothing to hear; ModelError: the model is not there or broken; SettingsError: a number is out
    of range. Each says what to do.
    """
    return classifier(model).predict(source, clip_seconds=clip_seconds, start=start, unsure_below=unsure_below)
