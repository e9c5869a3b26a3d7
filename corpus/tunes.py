"""The plainest music: a tune or chords of plain waves, as a toy, a telephone's ringing or a pupil's first notes.

What tells it from a tone that only sounds is that it goes from note to note of a scale, in time.
"""

import numpy as np

from corpus.synth import SAMPLE_RATE

SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), tuple(range(12)))  # semitones over the tonic
LENGTHS = (0.5, 1, 1, 1, 2, 2, 4)  # of notes, in beats
OVERTONES = {"sine": 1, "triangle": 7, "square": 9, "saw": 12}


def tune(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return a tune, float32 mono [n] at SAMPLE_RATE, RMS 0.1: steps and leaps of a scale, alone or over chords."""
    scale, tonic = SCALES[rng.integers(len(SCALES))], rng.uniform(45, 72)
    beat, wave = rng.uniform(0.2, 1.0), str(rng.choice(list(OVERTONES)))
    out = np.zeros(round(seconds * SAMPLE_RATE))
    steady, degree, at = rng.random() < 0.4, int(rng.integers(8)), 0.0
    while at < seconds:
        length = beat * (1 if steady else float(rng.choice(LENGTHS)))
        if rng.random() > 0.08:  # else a rest
            _add(out, at, length, tonic + _semitones(scale, degree), wave, rng)
        degree = int(np.clip(degree + rng.integers(-2, 3) + (rng.random() < 0.15) * rng.integers(-4, 5), -4, 14))
        at += length
    if rng.random() < 0.5:
        for bar in np.arange(0, seconds, 4 * beat):
            root = int(rng.integers(7)) - 7
            for step in (0, 2, 4):
                _add(out, float(bar), 4 * beat, tonic + _semitones(scale, root + step), wave, rng, 0.4)
    return np.asarray(out * (0.1 / max(1e-9, float(np.std(out)))), np.float32)


def _semitones(scale: tuple[int, ...], degree: int) -> int:
    return 12 * (degree // len(scale)) + scale[degree % len(scale)]


def _add(
    out: np.ndarray, at: float, length: float, pitch: float, wave: str, rng: np.random.Generator, level: float = 1.0
) -> None:
    """Add one note, plucked or held."""
    begin = round(at * SAMPLE_RATE)
    time = np.arange(min(round(length * SAMPLE_RATE), len(out) - begin)) / SAMPLE_RATE
    if not len(time):
        return
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    sound = np.zeros(len(time))
    for k in range(1, OVERTONES[wave] + 1):
        if k * frequency < SAMPLE_RATE / 2 and not (wave in ("triangle", "square") and k % 2 == 0):
            sound += np.sin(2 * np.pi * k * frequency * time) / (k**2 if wave == "triangle" else k)
    decay = np.exp(-time / (length * rng.uniform(0.2, 0.6))) if rng.random() < 0.5 else 1.0
    edges = np.clip(np.minimum(time, time[-1] - time) / 0.01, 0, 1)
    out[begin : begin + len(time)] += level * sound * decay * edges
