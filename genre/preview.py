"""The spectrogram for people: seconds along the bottom, notes or hertz up the side, decibels in magma.

Drawn with Pillow alone, because matplotlib costs a second to import and 40 ms a picture. The network never sees it.
"""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genre.magma import MAGMA
from genre.spectrogram import FLOOR_DB, Floats, SpectrogramSpec

# Twice the pixels of the place it is meant for, for dense screens; large type, for narrow ones.
WIDTH, HEIGHT = 1_280, 560
TEXT_PER_WIDTH = 1 / 46

A4_HZ, A4_MIDI = 440.0, 69
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MEL_TICKS_HZ = (250, 500, 1_000, 2_000, 4_000, 8_000)
DECIBEL_TICKS = (0, -20, -40, -60, -80)
TIME_STEPS = (0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200)  # seconds between labels
TIME_LABELS_MAX = 9

Color = tuple[int, int, int]
PAPER: dict[bool, Color] = {False: (255, 255, 255), True: (17, 19, 26)}  # by "dark"
INK: dict[bool, Color] = {False: (45, 48, 56), True: (218, 221, 230)}
LINE = (255, 255, 255, 46)  # over the picture

Tick = tuple[float, str]  # (row or seconds, label)


def draw(
    decibels: Floats,
    spec: SpectrogramSpec,
    *,
    start: float = 0.0,
    width: int = WIDTH,
    height: int = HEIGHT,
    dark: bool = False,
) -> Image.Image:
    """Draw a spectrogram [bins, frames] of 0 to -80 dB that begins `start` seconds into its recording, RGB."""
    text = max(9, round(width * TEXT_PER_WIDTH))  # pixels
    left, right, top, bottom = 4 * text, width - 5 * text, text, height - 2 * text
    picture = Image.new("RGB", (width, height), PAPER[dark])
    pen = ImageDraw.Draw(picture, "RGBA")
    font = ImageFont.load_default(text)
    ink = INK[dark]

    picture.paste(_heat(decibels, right - left, bottom - top), (left, top))
    for row, label in _row_ticks(spec):
        y = bottom - (row + 0.5) / spec.bins * (bottom - top)
        if spec.transform != "chroma":  # there every row has its name
            pen.line((left, y, right - 1, y), fill=LINE, width=2)
        pen.text((left - text // 2, y), label, fill=ink, font=font, anchor="rm")

    seconds = decibels.shape[1] * spec.hop_length / spec.sample_rate
    for time, label in _time_ticks(start, seconds):
        x = left + (time - start) / seconds * (right - left)
        pen.line((x, bottom, x, bottom + text // 4), fill=ink, width=2)
        pen.text((x, bottom + text * 2 // 3), label, fill=ink, font=font, anchor="mt")

    bar = right + text
    legend = np.linspace(FLOOR_DB, 0, bottom - top, dtype=np.float32)[:, None]
    picture.paste(_heat(legend, text // 2, bottom - top), (bar, top))
    for level in DECIBEL_TICKS:
        y = top + level / FLOOR_DB * (bottom - top)
        label = f"{level} dB" if level == 0 else str(level)
        pen.text((bar + text, y), label, fill=ink, font=font, anchor="lm")
    return picture


def _heat(decibels: Floats, width: int, height: int) -> Image.Image:
    """Return the picture of 0 to -80 dB in that size, low rows at the bottom."""
    level = np.clip(255 * (1 - _pooled(decibels, width)[::-1] / FLOOR_DB), 0, 255)
    few_rows = height >= 20 * len(decibels)  # as in chroma: blended edges would say that neighbours sound too
    how = Image.Resampling.NEAREST if few_rows else Image.Resampling.BILINEAR
    sized = Image.fromarray(level.astype(np.uint8)).resize((width, height), how)
    return Image.fromarray(MAGMA[np.asarray(sized)])


def _pooled(decibels: Floats, columns: int) -> Floats:
    """Keep the loudest of neighbouring frames where there are more than columns: a drum hit must not vanish."""
    frames = decibels.shape[1]
    if frames <= columns:
        return decibels
    starts = np.arange(columns) * frames // columns
    pooled: Floats = np.maximum.reduceat(decibels, starts, axis=1)
    return pooled


def _row_ticks(spec: SpectrogramSpec) -> list[Tick]:
    """Return which rows, counted from the lowest, carry which labels."""
    if spec.transform == "chroma":
        per_class = spec.n_chroma / len(PITCH_CLASSES)
        return [(index * per_class, name) for index, name in enumerate(PITCH_CLASSES)]
    row: Callable[[float], float]
    if spec.transform == "cqt":

        def row(hertz: float) -> float:
            return spec.bins_per_octave * math.log2(hertz / spec.fmin)

        labels = [(_c_hertz(octave), f"C{octave}") for octave in range(11)]
    else:
        top = _mel(spec.sample_rate / 2)

        def row(hertz: float) -> float:
            return (spec.n_mels + 1) * _mel(hertz) / top - 1

        labels = [(hz, f"{hz} Hz" if hz < 1_000 else f"{hz // 1_000} kHz") for hz in MEL_TICKS_HZ]
    ticks = [(row(hertz), label) for hertz, label in labels]
    return [(place, label) for place, label in ticks if -0.5 <= place <= spec.bins - 0.5]


def _c_hertz(octave: int) -> float:
    """Return the frequency of C in that octave, equal temperament on A4 = 440 Hz."""
    midi = 12 * (octave + 1)
    return A4_HZ * math.exp2((midi - A4_MIDI) / 12)


def _mel(hertz: float) -> float:
    """Return the place on Slaney's mel scale, librosa's default: linear to 1 kHz, then logarithmic."""
    linear = hertz * 3 / 200
    return linear if hertz < 1_000 else 15 + 27 * math.log(hertz / 1_000) / math.log(6.4)


def _time_ticks(start: float, seconds: float) -> list[Tick]:
    """Return round times within the clip and their labels."""
    step = next((step for step in TIME_STEPS if seconds / step < TIME_LABELS_MAX), TIME_STEPS[-1])
    first = math.ceil(start / step - 1e-9)
    last = math.floor((start + seconds) / step + 1e-9)
    return [(step * index, _clock(step * index, start + seconds)) for index in range(first, last + 1)]


def _clock(time: float, last: float) -> str:
    """Return seconds, or minutes and seconds where the axis reaches past two minutes."""
    if last < 120:
        return f"{time:g} s"
    return f"{int(time) // 60}:{int(time) % 60:02d}"
