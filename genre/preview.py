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
    larger: float = 1.0,
) -> Image.Image:
    """Draw a spectrogram [bins, frames] of 0 to -80 dB that begins `start` seconds into its recording, RGB.

    `larger`: how many times the usual type, for a picture that is shown narrow.
    """
    text = text_size(width, larger)
    left, top, right, bottom = plot_area(width, height, larger)
    picture = Image.new("RGB", (width, height), PAPER[dark])
    pen = ImageDraw.Draw(picture, "RGBA")
    font = ImageFont.load_default(text)
    ink = INK[dark]

    picture.paste(heat(decibels, right - left, bottom - top), (left, top))
    for row, label in row_ticks(spec):
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
    picture.paste(heat(legend, text // 2, bottom - top), (bar, top))
    for level in DECIBEL_TICKS:
        y = top + level / FLOOR_DB * (bottom - top)
        label = f"{level} dB" if level == 0 else str(level)
        pen.text((bar + text, y), label, fill=ink, font=font, anchor="lm")
    return picture


def text_size(width: int = WIDTH, larger: float = 1.0) -> int:
    """Return the pixels of the type in a picture of that width."""
    return max(9, round(larger * width * TEXT_PER_WIDTH))


def plot_area(width: int = WIDTH, height: int = HEIGHT, larger: float = 1.0) -> tuple[int, int, int, int]:
    """Return where in a picture the spectrogram itself lies: left, top, right, bottom, in pixels."""
    text = text_size(width, larger)
    return 4 * text, text, width - 5 * text, height - 2 * text


def heat(decibels: Floats, width: int, height: int) -> Image.Image:
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


def row_ticks(spec: SpectrogramSpec) -> list[Tick]:
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

        labels = [(hz, _hertz_name(hz)) for hz in MEL_TICKS_HZ]
    ticks = [(row(hertz), label) for hertz, label in labels]
    return [(place, label) for place, label in ticks if -0.5 <= place <= spec.bins - 0.5]


def row_hertz(spec: SpectrogramSpec) -> list[float] | None:
    """Return the frequency of each row, the lowest first; None for chroma, whose rows are every octave's."""
    rows = range(spec.bins)
    if spec.transform == "cqt":
        return [spec.fmin * 2 ** (row / spec.bins_per_octave) for row in rows]
    if spec.transform == "mel":
        step = _mel(spec.sample_rate / 2) / (spec.n_mels + 1)
        return [_mel_hertz(step * (row + 1)) for row in rows]
    return None


def row_names(spec: SpectrogramSpec) -> list[str]:
    """Return what each row is called, the lowest first: the nearest note, hertz, or pitch class."""
    hertz = row_hertz(spec)
    if hertz is None:
        return [PITCH_CLASSES[row * len(PITCH_CLASSES) // spec.n_chroma] for row in range(spec.bins)]
    return [_hertz_name(hz) if spec.transform == "mel" else _note_name(hz) for hz in hertz]


def _hertz_name(hertz: float) -> str:
    """Return a frequency to two digits: 250 Hz, 1.2 kHz."""
    rounded = float(f"{hertz:.2g}")
    return f"{rounded:g} Hz" if rounded < 1_000 else f"{rounded / 1_000:g} kHz"


def _note_name(hertz: float) -> str:
    """Return the nearest note in scientific pitch notation: A4 is 440 Hz."""
    midi = round(A4_MIDI + 12 * math.log2(hertz / A4_HZ))
    return f"{PITCH_CLASSES[midi % 12]}{midi // 12 - 1}"


def _c_hertz(octave: int) -> float:
    """Return the frequency of C in that octave, equal temperament on A4 = 440 Hz."""
    midi = 12 * (octave + 1)
    return A4_HZ * math.exp2((midi - A4_MIDI) / 12)


def _mel(hertz: float) -> float:
    """Return the place on Slaney's mel scale, librosa's default: linear to 1 kHz, then logarithmic."""
    linear = hertz * 3 / 200
    return linear if hertz < 1_000 else 15 + 27 * math.log(hertz / 1_000) / math.log(6.4)


def _mel_hertz(place: float) -> float:
    """Return the frequency at a place on Slaney's mel scale."""
    return place * 200 / 3 if place < 15 else 1_000 * 6.4 ** ((place - 15) / 27)


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
