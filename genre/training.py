"""Fit a network to labelled recordings: cached images, augmentation, a run that can be stopped and resumed.

The result of a run is a model folder (`export`) that every part of the product accepts.
"""

import csv
import hashlib
import json
import logging
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from genre import audio, backbones, checkpoints, spectrogram
from genre.errors import AudioError, ModelError, SettingsError
from genre.labels import Taxonomy
from genre.spectrogram import SpectrogramSpec

log = logging.getLogger(__name__)

Split = Literal["train", "validation"]


@dataclass(frozen=True)
class Clip:
    """One labelled recording. Clips of one group (a work, an album, an artist) never fall into two splits."""

    path: Path
    label: str
    group: str


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a run, besides the clips."""

    backbone: str
    head: str
    spectrogram: SpectrogramSpec
    stages: tuple[tuple[int, int], ...] = ((112, 12), (224, 3))  # (image size in pixels, epochs), in order
    batch_size: int = 32
    learning_rate: float = 1e-3  # peak of the one-cycle schedule (Smith & Topin, arXiv:1708.07120)
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    mixup: float = 0.3  # alpha of the Beta distribution (Zhang et al., arXiv:1710.09412); 0 switches it off
    validation: float = 0.1  # share of the groups kept for choosing the epoch
    seed: int = 0

    @property
    def epochs(self) -> int:
        """Epochs over all stages."""
        return sum(count for _, count in self.stages)

    def size(self, epoch: int) -> int:
        """Return the image size, in pixels, of an epoch counted from 0."""
        for size, count in self.stages:
            if epoch < count:
                return size
            epoch -= count
        raise IndexError(epoch)


@dataclass
class Progress:
    """What a run tells while it works, once an epoch; the list of these is its history."""

    epoch: int
    epochs: int
    image_size: int
    loss: float
    accuracy: float  # on the validation split
    seconds: float


def read_clips(table: Path, split: str | None = None) -> list[Clip]:
    """Read a CSV with the columns path, label and optionally group and split; relative paths start at the table.

    SettingsError names a missing column or file.
    """
    with table.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"path", "label"} - set(reader.fieldnames or ())
        if missing:
            raise SettingsError(f"{table}: the column {' and '.join(sorted(missing))} is missing.")
        rows = [row for row in reader if split is None or row.get("split") == split]
    clips = [Clip(table.parent / row["path"], row["label"], row.get("group") or row["path"]) for row in rows]
    for clip in clips:
        if not clip.path.is_file():
            raise SettingsError(f"{table}: {clip.path} does not exist.")
    return clips


@dataclass(frozen=True)
class Images:
    """Cached images of a set of clips, one grey channel; the other two are equal to it."""

    pixels: NDArray[np.uint8]  # [images, size, size]
    labels: NDArray[np.int64]  # [images], index into the taxonomy
    clips: NDArray[np.int64]  # [images], which clip an image shows


def cache_images(
    clips: list[Clip],
    taxonomy: Taxonomy,
    spec: SpectrogramSpec,
    cache: Path,
    *,
    seconds: float = 30.0,
    hop_seconds: float = 6.2,
    processes: int = 2,
) -> Images:
    """Compute, or read from `cache`, the overlapping windows of every clip; an unreadable clip is logged and left out.

    One file per clip, named by path, size and spectrogram, so that a stopped run goes on where it was.
    """
    if spec.rendering != "gray":
        raise SettingsError(f"Training caches one grey channel; rendering {spec.rendering!r} has three.")
    cache.mkdir(parents=True, exist_ok=True)
    facts = json.dumps([spec.to_dict(), seconds, hop_seconds], sort_keys=True)
    targets = [_cache_file(clip.path, facts, cache) for clip in clips]
    todo = [(clip.path, target) for clip, target in zip(clips, targets, strict=True) if not target.exists()]
    with ProcessPoolExecutor(processes) as pool:
        jobs = [pool.submit(_cache_clip, path, target, spec, seconds, hop_seconds) for path, target in todo]
        for done, job in enumerate(jobs, 1):
            try:
                job.result()
            except AudioError as error:
                log.warning("left out: %s", error)
            if done % 100 == 0:
                log.info("images of %d of %d clips", done, len(todo))
    blocks = [(index, np.load(target)) for index, target in enumerate(targets) if target.exists()]
    if not blocks:
        raise SettingsError("None of the clips could be read; see the log for the reasons.")
    indices = [taxonomy.ids.index(taxonomy[clip.label].id) for clip in clips]
    return Images(
        np.concatenate([block for _, block in blocks]),
        np.concatenate([np.full(len(block), indices[index]) for index, block in blocks]),
        np.concatenate([np.full(len(block), index) for index, block in blocks]),
    )


def _cache_file(path: Path, facts: str, cache: Path) -> Path:
    identity = f"{path.resolve()} {path.stat().st_size} {facts}"
    return cache / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.npy"


def _cache_clip(path: Path, target: Path, spec: SpectrogramSpec, seconds: float, hop_seconds: float) -> None:
    sound = audio.load(path, clip_seconds=seconds)
    decibels = spectrogram.decibels(sound.samples, spec)
    frames = decibels.shape[1]
    windows = spectrogram.windows(frames, sound.seconds, spec)
    length = windows[0].end - windows[0].begin
    per_second = frames / sound.seconds
    if frames > length:
        begins = range(0, frames - length + 1, max(1, round(hop_seconds * per_second)))
        windows = [
            spectrogram.Window(begin, begin + length, begin / per_second, (begin + length) / per_second)
            for begin in begins
        ]
    temporary = target.with_suffix(".part.npy")
    np.save(temporary, spectrogram.render(decibels, windows, spec)[..., 0])
    temporary.replace(target)


def split_groups(clips: list[Clip], share: float, seed: int) -> NDArray[np.bool_]:
    """Return True for the clips kept for validation: about `share` of the groups of every label, none of them torn."""
    generator = np.random.default_rng(seed)
    chosen: set[str] = set()
    for label in sorted({clip.label for clip in clips}):
        groups = sorted({clip.group for clip in clips if clip.label == label} - chosen)
        chosen.update(generator.permutation(groups)[: max(1, round(share * len(groups)))])
    return np.array([clip.group in chosen for clip in clips])


def augment(pixels: Tensor, generator: torch.Generator, rows_per_semitone: float) -> Tensor:
    """Vary a batch of grey images, float32 [n, size, size] in 0–1, in ways that leave the genre alone.

    Transposition (rows of a CQT shift), tempo and time shift, spectral tilt, contrast, noise, and masked bands and
    times (SpecAugment, Park et al., arXiv:1904.08779).
    """
    count, height, width = pixels.shape

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    # One affine map per image: x is stretched by the tempo and shifted, y shifted by up to four semitones.
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = uniform(0.75, 1.05)
    theta[:, 0, 2] = uniform(-0.25, 0.25)
    theta[:, 1, 1] = 1.0
    theta[:, 1, 2] = uniform(-4.0, 4.0) * rows_per_semitone * 2 / height
    grid = functional.affine_grid(theta, [count, 1, height, width], align_corners=False)
    pixels = functional.grid_sample(pixels[:, None], grid, padding_mode="reflection", align_corners=False)[:, 0]

    tilt = torch.linspace(-1, 1, height)[None, :, None] * uniform(-0.2, 0.2)[:, None, None]
    pixels = pixels * uniform(0.75, 1.25)[:, None, None] + uniform(-0.1, 0.1)[:, None, None] + tilt
    noise = torch.randn(pixels.shape, generator=generator) * uniform(0.0, 0.06)[:, None, None]
    pixels = (pixels + noise).clamp(0, 1)
    for axis, longest in ((1, 0.12), (2, 0.15)):
        for _ in range(2):
            size = pixels.shape[axis]
            begin, length = uniform(0, 1) * size, uniform(0, longest) * size
            position = torch.arange(size)[None, :]
            masked = (position >= begin[:, None]) & (position < (begin + length)[:, None])
            pixels = pixels.masked_fill(masked.unsqueeze(3 - axis), 0.0)
    return pixels


class Run:
    """A run in a folder: fits, reports every epoch, survives being stopped, keeps the best epoch's weights."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        clips: list[Clip],
        images: Images,
        taxonomy: Taxonomy,
        initial: Path | None = None,
    ) -> None:
        """Start from the checkpoint `initial`, or from random weights; ModelError where it does not fit."""
        self.folder, self.recipe, self.images, self.taxonomy = folder, recipe, images, taxonomy
        folder.mkdir(parents=True, exist_ok=True)
        held = split_groups(clips, recipe.validation, recipe.seed)[images.clips]
        self.train, self.held = np.flatnonzero(~held), np.flatnonzero(held)
        self.history: list[Progress] = []
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.seed)
        network = backbones.build(recipe.backbone, recipe.head, len(taxonomy)).to(self.device)
        self.network = network.to(memory_format=torch.channels_last)
        if initial is not None:
            loaded = checkpoints.load(initial, recipe.backbone, recipe.head, len(taxonomy))
            self.network.load_state_dict(loaded.state_dict())
        per_epoch = math.ceil(len(self._epoch_indices(0)) / recipe.batch_size)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, max_lr=recipe.learning_rate, total_steps=per_epoch * recipe.epochs + 1, pct_start=0.25
        )
        (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2))

    def _epoch_indices(self, epoch: int) -> NDArray[np.int64]:
        """One random window of every training clip, shuffled: an epoch costs what the clips cost, not the windows."""
        generator = np.random.default_rng([self.recipe.seed, epoch])
        shuffled = generator.permutation(self.train)
        _, first = np.unique(self.images.clips[shuffled], return_index=True)
        return generator.permutation(shuffled[first])

    def fit(self, report: Callable[[Progress], None]) -> None:
        """Train to the last epoch; a stopped run goes on after its last whole epoch."""
        last = self.folder / "last.pt"
        if last.exists():
            state = torch.load(last, weights_only=True, map_location=self.device)
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.schedule.load_state_dict(state["schedule"])
            self.history = [Progress(**entry) for entry in state["history"]]
        for epoch in range(len(self.history), self.recipe.epochs):
            begun = perf_counter()
            loss = self._train_epoch(epoch)
            accuracy = float((self.probabilities(self.held).argmax(1) == self.images.labels[self.held]).mean())
            progress = Progress(
                epoch + 1, self.recipe.epochs, self.recipe.size(epoch), loss, accuracy, perf_counter() - begun
            )
            # Only the last stage sees the images at their final size, so only its epochs can be the answer.
            finals = [p.accuracy for p in self.history if p.image_size == self.recipe.stages[-1][0]]
            self.history.append(progress)
            if progress.image_size == self.recipe.stages[-1][0] and accuracy >= max(finals, default=0.0):
                checkpoints.save(self.network.state_dict(), self.folder / "best.safetensors")
            _save_atomically(
                {
                    "network": self.network.state_dict(),
                    "optimiser": self.optimiser.state_dict(),
                    "schedule": self.schedule.state_dict(),
                    "history": [asdict(entry) for entry in self.history],
                },
                last,
            )
            report(progress)

    def _train_epoch(self, epoch: int) -> float:
        self.network.train()
        # An epoch's randomness depends on nothing before it, so that a resumed run is the unbroken one.
        torch.manual_seed(self.recipe.seed * 1_000 + epoch)  # dropout
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000 + epoch)
        mixing = np.random.default_rng([self.recipe.seed, epoch, 1])
        total, indices = 0.0, self._epoch_indices(epoch)
        for batch in self._batches(indices):
            pixels = self._scaled(batch, self.recipe.size(epoch))
            rows_per_semitone = pixels.shape[1] / 84 if self.recipe.spectrogram.transform == "cqt" else 0.0
            pixels = augment(pixels, generator, rows_per_semitone)
            target = functional.one_hot(torch.from_numpy(self.images.labels[batch]), len(self.taxonomy)).float()
            if self.recipe.mixup:
                share = float(mixing.beta(self.recipe.mixup, self.recipe.mixup))
                order = torch.randperm(len(batch), generator=generator)
                pixels = share * pixels + (1 - share) * pixels[order]
                target = share * target + (1 - share) * target[order]
            logits = self._forward(pixels)
            loss = functional.cross_entropy(logits, target.to(self.device), label_smoothing=self.recipe.label_smoothing)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
            self.optimiser.step()
            self.schedule.step()
            total += loss.item() * len(batch)
        return total / len(indices)

    def probabilities(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the network's probabilities, float32 [len(indices), classes], at the size of the current stage."""
        self.network.eval()
        size = self.recipe.size(min(len(self.history), self.recipe.epochs - 1))
        with torch.inference_mode():
            return np.concatenate(
                [self._forward(self._scaled(batch, size)).softmax(1).cpu().numpy() for batch in self._batches(indices)]
            )

    def _batches(self, indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        for begin in range(0, len(indices), self.recipe.batch_size):
            yield indices[begin : begin + self.recipe.batch_size]

    def _scaled(self, indices: NDArray[np.int64], size: int) -> Tensor:
        """Return the images in 0–1, float32 [n, size, size]."""
        pixels = torch.from_numpy(self.images.pixels[indices]).float()[:, None] / 255
        if size != pixels.shape[-1]:
            pixels = functional.interpolate(pixels, (size, size), mode="bilinear", antialias=True)
        return pixels[:, 0]

    def _forward(self, pixels: Tensor) -> Tensor:
        mean, std = self.recipe.spectrogram.mean, self.recipe.spectrogram.std
        batch = torch.stack([(pixels - m) / s for m, s in zip(mean, std, strict=True)], dim=1)
        batch = batch.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            logits: Tensor = self.network(batch)
        return logits.float()


def _save_atomically(state: dict[str, Any], path: Path) -> None:
    temporary = path.with_suffix(".part")
    torch.save(state, temporary)
    temporary.replace(path)


def export(run_folder: Path, model_folder: Path, recipe: Recipe, taxonomy: Taxonomy, facts: dict[str, Any]) -> None:
    """Store the best epoch of a run, 8 bits per weight, as a model folder.

    `facts` are the entries of config.json's "weights" that only the caller knows: trained_on, accuracy, measured_on,
    licence. ModelError where the run has no finished epoch at its final image size.
    """
    best = run_folder / "best.safetensors"
    if not best.exists():
        raise ModelError(f"{run_folder} has no best.safetensors yet: the run has not finished an epoch at full size.")
    model_folder.mkdir(parents=True, exist_ok=True)
    weights = model_folder / "model.safetensors"
    digest = checkpoints.save(checkpoints.quantise(checkpoints.read(best)), weights)
    config = {
        "format": 1,
        "name": model_folder.name,
        "backbone": recipe.backbone,
        "head": recipe.head,
        "taxonomy": taxonomy.id,
        "spectrogram": recipe.spectrogram.to_dict(),
        "weights": {"file": weights.name, "sha256": digest, **facts},
        "temperature": None,
    }
    (model_folder / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
