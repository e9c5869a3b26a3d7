"""The pictures a run learns from: made once per recording, kept in files, resized once per stage, varied per batch.

One channel each, as brightness from 0 to 255. A model drawn in colours sees them through `coloured`.
"""

import hashlib
import json
import logging
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from genre import drawing
from genre.datasets import Clip, stamp
from genre.drawing import Pixels
from genre.errors import SettingsError
from genre.magma import MAGMA
from genre.spectrogram import SpectrogramSpec

log = logging.getLogger(__name__)

RESIZED_AT_ONCE = 256  # images
EQUALISER_BANDS, EQUALISER_DEPTH = 7, 0.07  # bands over the picture's height; standard deviation, of 1
SMEAR = 40  # of a picture's width is how far sound is smeared over time
POOL_FROM = 64  # recordings; fewer are done before other processes have started


@dataclass(frozen=True)
class Images:
    """Cached images of a list of clips."""

    pixels: Pixels  # [images, size, size], in the order of the clips
    clips: NDArray[np.int64]  # [images], index of the clip that an image shows; ascending


def cache_images(
    clips: Sequence[Clip],
    spec: SpectrogramSpec,
    cache: Path,
    *,
    seconds: float = 30.0,
    hop_seconds: float = 6.2,
    processes: int = 1,
    report: Callable[[int, int], None] | None = None,
) -> Images:
    """Compute, or read from `cache`, the overlapping windows of every clip; an unreadable clip is logged and left out.

    `seconds` of each recording are used, a window every `hop_seconds`. A clip that is a picture (a spectrogram of one
    window without axes, in magma or gray) is one image. One file per clip, named by path, size, time of change and
    spectrogram, so that a stopped run goes on where it was. `report` hears (done, of how many to compute). With more
    `processes` a script must be importable: what it does goes under `if __name__ == "__main__":`.
    """
    facts = json.dumps([spec.to_dict(), seconds, hop_seconds], sort_keys=True)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        targets = [_cache_file(clip.path, facts, cache) for clip in clips]
        # By target: two clips of one file are computed once, and never by two processes at a time.
        paths = {target: clip.path for clip, target in zip(clips, targets, strict=True) if target}
        todo = [(path, target, spec, seconds, hop_seconds) for target, path in paths.items() if not _count(target)]
        for done, problem in enumerate(_worked(todo, processes), 1):
            if problem:
                log.warning("left out: %s", problem)
            if report:
                report(done, len(todo))
        found = [(index, target, count) for index, target in enumerate(targets) if target and (count := _count(target))]
        if not found:
            raise SettingsError("None of the clips could be read; the log has the reasons.")
        # Filled in place: to concatenate the files would take the memory twice.
        indices, _, counts = zip(*found, strict=True)
        pixels = np.empty((sum(counts), spec.image_size, spec.image_size), dtype=np.uint8)
        for (_, target, count), end in zip(found, np.cumsum(counts), strict=True):
            pixels[end - count : end] = np.load(target)
    except OSError as error:
        raise SettingsError(f"The images cannot be kept in {cache}: {error}. Make room there.") from error
    return Images(pixels, np.repeat(np.array(indices, dtype=np.int64), counts))


def resized(pixels: Pixels, size: int) -> Pixels:
    """Return the images [n, size, size], antialiased."""
    if pixels.shape[1:] == (size, size):
        return pixels
    small = np.empty((len(pixels), size, size), dtype=np.uint8)
    for begin in range(0, len(pixels), RESIZED_AT_ONCE):
        part = torch.from_numpy(pixels[begin : begin + RESIZED_AT_ONCE])[:, None]
        scaled = functional.interpolate(part, (size, size), mode="bilinear", antialias=True)
        small[begin : begin + RESIZED_AT_ONCE] = scaled[:, 0].numpy()
    return small


def coloured(pixels: Tensor, spec: SpectrogramSpec) -> Tensor:
    """Return what a network sees of images in 0–1, float32 [n, height, width]: normalised, [n, 3, height, width]."""
    if spec.rendering == "magma":
        table = pixels.new_tensor(MAGMA) / 255  # [256, 3]
        place = pixels * (len(table) - 1)
        below = place.floor().long().clamp(max=len(table) - 2)
        channels = torch.lerp(table[below], table[below + 1], (place - below)[..., None]).permute(0, 3, 1, 2)
    else:
        channels = pixels[:, None].expand(-1, 3, -1, -1)
    mean, std = (pixels.new_tensor(values)[:, None, None] for values in (spec.mean, spec.std))
    return (channels - mean) / std


def augment(pixels: Tensor, generator: torch.Generator, rows_per_semitone: float) -> Tensor:
    """Vary a batch of images, float32 [n, height, width] in 0–1, in ways that leave the genre alone.

    Transposition (rows of a CQT shift), tempo and time shift, an equaliser's curve and tilt, reverberation (a smear
    over time), contrast, noise, and masked bands and times (SpecAugment, Park et al., arXiv:1904.08779). The generator
    is of the images' device.
    """
    count, height, width = pixels.shape
    device = pixels.device

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, generator=generator, device=device)

    # One affine map per image: x is stretched by the tempo and shifted, y shifted by up to four semitones.
    theta = torch.zeros(count, 2, 3, device=device)
    theta[:, 0, 0] = uniform(0.75, 1.05)[:, 0, 0]
    theta[:, 0, 2] = uniform(-0.25, 0.25)[:, 0, 0]
    theta[:, 1, 1] = 1.0
    theta[:, 1, 2] = uniform(-4.0, 4.0)[:, 0, 0] * rows_per_semitone * 2 / height
    grid = functional.affine_grid(theta, [count, 1, height, width], align_corners=False)
    pixels = functional.grid_sample(pixels[:, None], grid, padding_mode="reflection", align_corners=False)[:, 0]

    bands = torch.randn(count, 1, EQUALISER_BANDS, generator=generator, device=device) * EQUALISER_DEPTH
    curve = functional.interpolate(bands, height, mode="linear", align_corners=True)[:, 0, :, None]
    reach = width // SMEAR | 1
    smeared = functional.avg_pool1d(pixels, reach, 1, reach // 2, count_include_pad=False)
    pixels = torch.lerp(pixels, smeared, uniform(-0.5, 0.8).clamp_min(0)) + curve
    tilt = torch.linspace(-1, 1, height, device=device)[None, :, None] * uniform(-0.2, 0.2)
    pixels = pixels * uniform(0.75, 1.25) + (uniform(-0.1, 0.1) + tilt)
    noise = torch.randn(pixels.shape, generator=generator, device=device)
    pixels = torch.addcmul(pixels, noise, uniform(0.0, 0.06)).clamp_(0, 1)
    for axis, longest in ((1, 0.12), (2, 0.15)):
        for _ in range(2):
            size = pixels.shape[axis]
            begin, length = uniform(0, 1) * size, uniform(0, longest) * size
            position = torch.arange(size, device=device).view(-1, 1) if axis == 1 else torch.arange(size, device=device)
            pixels = pixels.masked_fill((position >= begin) & (position < begin + length), 0.0)
    return pixels


def _worked(todo: Sequence[drawing.Job], processes: int) -> Iterator[str]:
    """Do the jobs, in other processes where there are many, and yield for each what was wrong, or ""."""
    if processes == 1 or len(todo) < POOL_FROM:
        yield from map(drawing.cache_clip, todo)
        return
    # Spawned: to fork a process in which torch has started its threads can hang.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        # The workers inherit the mask: Ctrl-C is this process's to answer.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            problems = pool.map(drawing.cache_clip, todo, chunksize=4)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        yield from problems
    except BrokenProcessPool as error:
        raise SettingsError(
            "A process that computed images died, for want of memory, or because the script that started it does its "
            'work outside of `if __name__ == "__main__":`. Start again: it goes on from here.'
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _cache_file(path: Path, facts: str, cache: Path) -> Path | None:
    """Return where the images of a clip are kept; None where there is no such clip, which is logged."""
    if (known := stamp(path)) is None:
        log.warning("left out: %s: it does not exist, or may not be read", path)
        return None
    identity = f"{path.resolve()} {known} {facts}"
    return cache / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.npy"


def _count(file: Path) -> int:
    """Return how many images a file of the cache holds; 0: it is not there, or damaged."""
    try:
        return len(np.load(file, mmap_mode="r"))
    except (FileNotFoundError, EOFError, ValueError):  # what NumPy raises for empty and for cut files
        return 0
