"""One clip as the images that a run learns from: overlapping windows, one channel of brightness from 0 to 255.

Without torch, so that processes which do nothing else start quickly and stay small.
"""

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from genre import audio, spectrogram
from genre.errors import AudioError
from genre.magma import MAGMA
from genre.spectrogram import GRAY_QUANTILES, SpectrogramSpec

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})  # clips that are spectrograms already
BITS = 6  # per channel, of the table that finds a colour's place in magma

Pixels = NDArray[np.uint8]
Job = tuple[Path, Path, SpectrogramSpec, float, float]  # clip, file to write, spec, seconds used, between windows


def cache_clip(job: Job) -> str:
    """Draw a recording, or read a picture, into a `.npy` file [windows, size, size]; return why it cannot be, or ""."""
    path, target, spec, seconds, hop_seconds = job
    try:
        made = (
            _picture(path, spec) if path.suffix.lower() in IMAGE_SUFFIXES else _drawn(path, spec, seconds, hop_seconds)
        )
    except AudioError as error:
        return str(error)
    temporary = target.with_suffix(".part.npy")
    np.save(temporary, made)
    temporary.replace(target)
    return ""


def _drawn(path: Path, spec: SpectrogramSpec, seconds: float, hop_seconds: float) -> Pixels:
    """Return the overlapping windows of a recording, [windows, size, size]."""
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
    return brightness(spectrogram.render(decibels, windows, spec))


def _picture(path: Path, spec: SpectrogramSpec) -> Pixels:
    """Return a spectrogram that is a picture already, [1, size, size]; AudioError where it cannot be read.

    A picture in magma runs over the window's whole range; for a model in gray it is cut at the same quantiles as
    `spectrogram.render` cuts. Gray pictures are taken as they are.
    """
    try:
        with Image.open(path) as file:
            colours = np.asarray(file.convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise AudioError(f"{path}: it is not a picture that can be read ({error}).") from error
    picture = brightness(colours)
    if spec.rendering == "gray" and not _is_gray(colours):
        low, high = np.quantile(picture, GRAY_QUANTILES)
        scaled = np.clip((picture - low) / max(high - low, 1.0), 0.0, 1.0)
        picture = np.rint(scaled * 255).astype(np.uint8)
    size = (spec.image_size, spec.image_size)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))[None]


def brightness(picture: Pixels) -> Pixels:
    """Return the place of each pixel, uint8 [..., 3], on the scale of magma, or its gray where the picture is gray."""
    if _is_gray(picture):
        return picture[..., 0]
    red, green, blue = np.moveaxis((picture >> (8 - BITS)).astype(np.intp), -1, 0)
    places: Pixels = np.take(_places(), (red << 2 * BITS) | (green << BITS) | blue)
    return places


def _is_gray(picture: Pixels) -> bool:
    return bool((picture[..., 0] == picture[..., 1]).all() and (picture[..., 1] == picture[..., 2]).all())


@functools.cache
def _places() -> Pixels:
    """Return the nearest entry of magma for every colour of BITS bits per channel, uint8 [2 ** (3 * BITS)]."""
    levels = (np.arange(1 << BITS, dtype=np.float32) + 0.5) * (1 << (8 - BITS))
    table = MAGMA.astype(np.float32)
    places = np.empty((len(levels),) * 3, dtype=np.uint8)
    across = (levels[:, None] - table[:, 1]) ** 2
    along = (levels[:, None] - table[:, 2]) ** 2
    for index, level in enumerate(levels):
        squared = (level - table[:, 0]) ** 2 + across[:, None] + along[None, :]
        places[index] = squared.argmin(axis=-1)
    return places.reshape(-1)
