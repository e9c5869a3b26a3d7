"""Fit a network to labelled recordings: a run in a folder that can be stopped and resumed.

The result of a run is a model folder (`export`) that every part of the product accepts. What it learns from are
`datasets.Clip`s and their `images.Images`; what it minimises is in `losses`.
"""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genre import backbones, checkpoints
from genre.classifier import compute_device, compute_dtype
from genre.datasets import Clip, compatible
from genre.errors import ModelError, SettingsError
from genre.images import Images, augment, coloured, resized
from genre.labels import Taxonomy
from genre.losses import set_loss
from genre.recipe import Progress, Recipe
from genre.run_folder import RunFolder
from genre.run_folder import export as export  # callers know it as training.export
from genre.settings import Device, Precision
from genre.splits import split_groups
from genre.transfer import start_from

log = logging.getLogger(__name__)

CLIP_NORM = 2.0  # of the gradients
RISING = 0.25  # of a stage, before the learning rate falls
LATER_PEAK = 0.4  # of the learning rate's peak, in every stage after the first

Indices = NDArray[np.int64]


class Run:
    """A run in a folder: fits, reports every epoch, survives being stopped, keeps the best epoch's weights.

    The folder's files are those of `run_folder`; the best epoch is that with the highest validation accuracy among
    those at the final image size.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        clips: Sequence[Clip],
        images: Images,
        taxonomy: Taxonomy,
        *,
        mapping: Mapping[str, Sequence[str]] | None = None,
        initial: Path | None = None,
        fresh_head: bool = False,
        device: Device = "auto",
        precision: Precision = "auto",
    ) -> None:
        """Start from random weights, or from the layers of the checkpoint `initial` that fit.

        `mapping` gives the compatible genres of coarse labels. The initial checkpoint may have another head or other
        classes: what differs is fresh, and `fresh_head` makes the last layer fresh in any case. ModelError: the
        checkpoint is of another backbone. SettingsError: labels not understood, nothing to learn or to validate on,
        or the folder holds a run of something else, or a damaged one.
        """
        self.folder, self.recipe, self.images, self.taxonomy = folder, recipe, images, taxonomy
        self._files = RunFolder(folder)
        self.device = compute_device(device)
        self._dtype = compute_dtype(self.device, precision)
        self._stage = (images.pixels.shape[1], images.pixels)
        self.history: list[Progress] = []
        self._split(clips, mapping)
        splits = dict.fromkeys(self.taught, "train") | dict.fromkeys(self.held, "validation")
        used = [(clips[index], splits[index]) for index in sorted(splits)]
        self._files.claim(
            {
                "recipe": asdict(recipe),
                "genres": taxonomy.ids,
                "clips": _digest([asdict(clip) | {"path": str(clip.path)} for clip in clips]),
                "images": _digest(self._count.tolist()),
                "labels": _digest(self.allowed.tolist()),
                # An earlier version may have held out others, which would be to check on what was learned from.
                "held_out": None if any(clip.split == "validation" for clip in clips) else _digest(self.held.tolist()),
                "initial": checkpoints.sha256(initial) if initial else None,
            },
            [(str(clip.path.absolute()), clip.label, clip.group, split) for clip, split in used],
        )

        torch.manual_seed(recipe.seed)
        network = backbones.build(recipe.backbone, recipe.head, len(taxonomy))
        if initial is not None:
            start_from(network, initial, recipe.backbone, fresh_head=fresh_head)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self._head = network.get_submodule(backbones.BACKBONES[recipe.backbone].place)
        self.network.requires_grad_(not recipe.frozen)
        self._head.requires_grad_(True)
        learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(learning, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        shown = [int(self._shows(epoch).sum()) for epoch in range(recipe.epochs)]
        if min(shown) < 2:
            raise SettingsError("The weights of the clips are so small that an epoch shows none of them; raise them.")
        steps = [_batches(count, recipe.batch_size) for count in shown]
        ends = np.cumsum([epochs for _, epochs in recipe.stages])[:-1]
        stages = [int(part.sum()) for part in np.split(np.array(steps), ends)]
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimiser, _cycles(stages))

    def _split(self, clips: Sequence[Clip], mapping: Mapping[str, Sequence[str]] | None) -> None:
        """Find what is known of each clip and which ones are learned from (`taught`) or validated on (`held`)."""
        if foreign := sorted({clip.split for clip in clips} - {"", "train", "validation"}):
            raise SettingsError(f"Clips of the split {', '.join(foreign)} are not to be trained on; leave them out.")
        self.allowed = compatible(clips, self.taxonomy, mapping)  # [clips, classes]
        self.domains = tuple(sorted({clip.domain for clip in clips} - {""}))
        self._domain = np.array([self.domains.index(c.domain) if c.domain else -1 for c in clips], dtype=np.int64)
        self._weights = np.array([clip.weight for clip in clips])
        self._first = np.searchsorted(self.images.clips, np.arange(len(clips)))
        self._count = np.bincount(self.images.clips, minlength=len(clips))
        held = split_groups(clips, self.recipe.validation, self.recipe.seed)
        self.held: Indices = np.flatnonzero(held & (self._count > 0))
        self.taught: Indices = np.flatnonzero(~held & (self._count > 0))
        if not len(self.held):
            raise SettingsError("No clip is left to validate on; a genre needs clips of at least two groups.")
        if not len(self.taught) or (self.allowed[self.taught] == self.allowed[self.taught[0]]).all():
            raise SettingsError("There is only one genre to learn; a model needs clips of at least two.")
        absent = [self.taxonomy.ids[index] for index in np.flatnonzero(~self.allowed[self.taught].any(axis=0))]
        if absent:
            log.warning("no clip teaches %s; the model will hardly ever answer them", ", ".join(absent))

    def fit(
        self, report: Callable[[Progress], None], batch_done: Callable[[int, int], None] = lambda done, of: None
    ) -> None:
        """Train to the last epoch; a stopped run goes on after its last whole epoch, to the weights of an unbroken one.

        `report` hears each epoch, `batch_done` (done, of how many in the epoch). ModelError: the training diverged.
        SettingsError: another process is at work in the folder.
        """
        with self._files.held():
            self.history = self._files.resume(self._stateful(), self.device) or self.history
            for epoch in range(len(self.history), self.recipe.epochs):
                begun = perf_counter()
                size = self.recipe.size(epoch)
                loss = self._train_epoch(epoch, size, batch_done)
                probabilities = self.clip_probabilities(self.held, size)
                compatible_share = (probabilities * self.allowed[self.held]).sum(axis=1)
                hits = self.hits(probabilities)
                progress = Progress(
                    epoch=epoch + 1,
                    epochs=self.recipe.epochs,
                    image_size=size,
                    loss=loss,
                    accuracy=float(hits.mean()),
                    validation_loss=float(-np.log(np.maximum(compatible_share, 1e-12)).mean()),
                    seconds=perf_counter() - begun,
                    by_domain={
                        name: float(hits[self._domain[self.held] == index].mean())
                        for index, name in enumerate(self.domains)
                        if (self._domain[self.held] == index).any()
                    },
                )
                # Only the last stage sees the images at their final size, so only its epochs can be the answer.
                final = self.recipe.stages[-1][0]
                earlier = [entry.merit for entry in self.history if entry.image_size == final]
                self.history.append(progress)
                if size == final and all(progress.merit >= merit for merit in earlier):
                    checkpoints.save(self.network.state_dict(), self._files.best)
                self._files.save(self._stateful(), self.history)
                report(progress)

    def hits(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return for each held clip whether its most likely genre is compatible with its label."""
        hits: NDArray[np.bool_] = self.allowed[self.held, probabilities.argmax(axis=1)]
        return hits

    def load_best(self) -> None:
        """Put the weights of the best epoch into the network; ModelError where there are none yet."""
        self.network.load_state_dict(checkpoints.read(self._files.best))

    def clip_probabilities(self, clips: Indices, size: int | None = None) -> NDArray[np.float32]:
        """Return the mean of the windows' probabilities, float32 [len(clips), classes], at an image size in pixels."""
        pixels = self._pixels(size or self.recipe.stages[-1][0])
        counts = self._count[clips]
        indices = np.concatenate(
            [np.arange(self._first[clip], self._first[clip] + self._count[clip]) for clip in clips]
        )
        network = self.network.eval()
        with torch.inference_mode():
            rows = [
                self._logits(network, self._loaded(pixels, batch)).softmax(1).cpu().numpy()
                for batch in np.array_split(indices, _batches(len(indices), self.recipe.batch_size))
            ]
        ends = np.cumsum(counts)
        sums = np.add.reduceat(np.concatenate(rows), ends - counts, axis=0)
        return np.asarray(sums / counts[:, None], dtype=np.float32)

    def _shows(self, epoch: int) -> Indices:
        """Return how many times an epoch shows each of the `taught` clips: its weight, a fraction by chance."""
        weights = self._weights[self.taught]
        chances = np.random.default_rng([self.recipe.seed, epoch, 2]).random(len(weights))
        return np.asarray(np.floor(weights) + (chances < weights % 1), dtype=np.int64)

    def _epoch_indices(self, epoch: int) -> Indices:
        """Return the images of an epoch, shuffled: a random window of a clip for each time that it is shown."""
        generator = np.random.default_rng([self.recipe.seed, epoch])
        drawn = [
            self._first[clip] + np.resize(generator.permutation(self._count[clip]), shows)
            for clip, shows in zip(self.taught, self._shows(epoch), strict=True)
        ]
        return generator.permutation(np.concatenate(drawn))

    def _train_epoch(self, epoch: int, size: int, batch_done: Callable[[int, int], None]) -> float:
        self.network.train(not self.recipe.frozen)  # frozen normalisation keeps its statistics
        self._head.train()
        # An epoch's randomness depends on nothing before it, so that a resumed run is the unbroken one.
        torch.manual_seed(self.recipe.seed * 1_000 + epoch)  # dropout
        generator = torch.Generator(self.device).manual_seed(self.recipe.seed * 1_000 + epoch)
        mixing = np.random.default_rng([self.recipe.seed, epoch, 1])
        spec = self.recipe.spectrogram
        octaves = size / spec.n_bins * spec.bins_per_octave if spec.transform == "cqt" else 0.0  # rows per octave
        pixels, indices = self._pixels(size), self._epoch_indices(epoch)
        total, batches = 0.0, _batches(len(indices), self.recipe.batch_size)
        for done, batch in enumerate(np.array_split(indices, batches), 1):
            varied = augment(self._loaded(pixels, batch), generator, octaves / 12)
            clips = self.images.clips[batch]
            if self.recipe.mixup:
                # The loss of a mixture is the mixture of the losses, which holds for sets of genres as for single ones.
                share = float(mixing.beta(self.recipe.mixup, self.recipe.mixup))
                order = torch.randperm(len(batch), generator=generator, device=self.device)
                varied = share * varied + (1 - share) * varied[order]
                parts = [(share, clips), (1 - share, clips[order.cpu().numpy()])]
            else:
                parts = [(1.0, clips)]
            logits = self._logits(self.network, varied)
            loss = torch.stack([share * self._loss(logits, clips) for share, clips in parts]).sum()
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
            self._optimiser.step()
            self._schedule.step()
            total += loss.item() * len(batch)
            if not math.isfinite(total):
                raise ModelError(
                    f"The training in {self.folder} diverged in epoch {epoch + 1}; start another run with a lower "
                    "learning rate."
                )
            batch_done(done, batches)
        return total / len(indices)

    def _loss(self, logits: Tensor, clips: Indices) -> Tensor:
        """Return the mean loss of a batch whose images show these clips."""
        allowed = torch.from_numpy(self.allowed[clips]).to(self.device)
        return set_loss(logits, allowed, self.recipe.label_smoothing).mean()

    def _pixels(self, size: int) -> NDArray[np.uint8]:
        """Return every image at a stage's size; the latest size is kept, so that a stage resizes once."""
        if self._stage[0] != size:
            self._stage = (size, resized(self.images.pixels, size))
        return self._stage[1]

    def _loaded(self, pixels: NDArray[np.uint8], indices: Indices) -> Tensor:
        """Return images in 0–1, float32 [n, size, size], on the device."""
        return torch.from_numpy(pixels[indices]).to(self.device).float() / 255

    def _logits(self, network: nn.Module, pixels: Tensor) -> Tensor:
        batch = coloured(pixels, self.recipe.spectrogram).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._dtype == torch.bfloat16):
            logits: Tensor = network(batch)
        return logits.float()

    def _stateful(self) -> dict[str, Any]:
        return {"network": self.network, "optimiser": self._optimiser, "schedule": self._schedule}


def _cycles(stages: Sequence[int]) -> Callable[[int], float]:
    """Return the learning rate at a step as a share of the recipe's: a cycle for each stage, of so many steps.

    A cycle rises over its first quarter and falls to nothing, as cosines do. Images of another size shift the
    statistics of every layer, which a rate that has already fallen cannot mend; later cycles are lower, with less left
    to learn.
    """
    ends = np.cumsum(stages)

    def share(step: int) -> float:
        stage = min(int(np.searchsorted(ends, step, side="right")), len(stages) - 1)
        done = (step - ends[stage] + stages[stage] + 1) / (stages[stage] + 1)  # within 0 and 1, so that no step is idle
        part = done / RISING if done < RISING else 1 - (done - RISING) / (1 - RISING)
        return float((1 - math.cos(math.pi * part)) / 2) * (1.0 if stage == 0 else LATER_PEAK)

    return share


def _batches(count: int, batch_size: int) -> int:
    """Return how many batches of nearly the same size there are: none is a single image, which BatchNorm refuses.

    Where that leaves no other way, as for three images two at a time, a batch has one image more.
    """
    return max(1, min(math.ceil(count / batch_size), count // 2))


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
