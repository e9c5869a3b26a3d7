"""A drum kit from tone and noise, laid over the SoundFont's: wide-band shells and cymbals that ring, as in a room.

General MIDI kits are dry and thin; records are not. Drums of tuned decaying tones and filtered noise are the recipe of
the analogue drum machines (Roland TR-808 service notes, 1981).
"""

from collections.abc import Iterable
from functools import partial

import numpy as np
from scipy.signal import butter, sosfilt

from corpus.score import Note
from corpus.synth import SAMPLE_RATE

KICKS, SNARES, CLAPS, TOMS = (35, 36), (38, 40), (39,), (41, 43, 45, 47, 48, 50)
CLOSED, OPEN, RIDES, CRASHES = (42, 44), (46,), (51, 53, 59), (49, 52, 55, 57)


def play(notes: Iterable[Note], seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Play the drum notes on a kit drawn from `rng`; float32 mono [n] at SAMPLE_RATE. Other percussion stays silent."""
    out = np.zeros(round(seconds * SAMPLE_RATE) + 3 * SAMPLE_RATE, np.float32)
    kit = _kit(rng)
    for note in notes:
        if note.pitch in kit:
            begin = round(note.start * SAMPLE_RATE)
            sample = kit[note.pitch]
            length = max(0, min(len(sample), len(out) - begin))
            out[begin : begin + length] += sample[:length] * np.float32((note.velocity / 127) ** 1.5)
    return out[: round(seconds * SAMPLE_RATE)]


def _kit(rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Draw one sample for each drum."""
    u = rng.uniform
    noise = partial(_noise, rng)
    kick = _drum(u(90, 190), u(42, 62), u(0.015, 0.04), u(0.1, 0.35)) + 0.25 * noise(1500, 9000, 0.006, 0.5)
    body = _drum(u(240, 330), u(165, 230), 0.02, u(0.05, 0.13), 0.6)
    ring = u(0.06, 0.24)
    snare = u(0.3, 0.8) * body + u(0.5, 1.0) * noise(u(250, 900), u(7000, 15000), ring, 0.6)
    clap = sum((np.roll(noise(700, 6000, 0.01, 0.5), round(at * SAMPLE_RATE)) for at in (0, 0.012, 0.023)),
               0.8 * noise(700, 6000, u(0.06, 0.15), 0.5))  # fmt: skip
    metal = u(2500, 5500)
    closed, opened = u(0.02, 0.07), u(0.2, 0.6)
    samples = {
        KICKS: 1.2 * kick, SNARES: 0.8 * snare, CLAPS: 0.6 * clap,
        CLOSED: 0.25 * noise(metal * 1.6, 16000, closed, 0.4), OPEN: 0.3 * noise(metal * 1.5, 16000, opened, 1.5),
        RIDES: 0.18 * noise(metal, 15000, u(0.4, 1.1), 2.0),
        CRASHES: 0.45 * noise(metal * 0.6, 16000, u(0.7, 1.6), 3.0),
    }  # fmt: skip
    kit = {pitch: sample for pitches, sample in samples.items() for pitch in pitches}
    tuning, sustain = u(0.8, 1.2), u(0.1, 0.3)
    for step, pitch in enumerate(TOMS):
        low = 75 * tuning * 1.22**step
        kit[pitch] = _drum(low * 1.5, low, 0.04, sustain)
    return {pitch: np.asarray(sample, np.float32) for pitch, sample in kit.items()}


def _drum(high: float, low: float, bend: float, decay: float, seconds: float = 1.0) -> np.ndarray:
    """Return a tone that falls from `high` to `low` Hz with time constant `bend` and dies away with `decay`."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * (low * time + (high - low) * bend * (1 - np.exp(-time / bend)))
    tone = np.asarray(np.sin(phase) * np.exp(-time / decay))
    return np.pad(tone, (0, SAMPLE_RATE - len(tone)))


def _noise(rng: np.random.Generator, low: float, high: float, decay: float, seconds: float) -> np.ndarray:
    """Return band-limited noise that dies away; at least a second long, silence after `seconds`."""
    count = round(seconds * SAMPLE_RATE)
    band = butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
    sound = sosfilt(band, rng.standard_normal(count)) * np.exp(-np.arange(count) / (decay * SAMPLE_RATE))
    sound = sound / max(1e-9, float(np.abs(sound).max()))
    return np.pad(sound, (0, max(0, SAMPLE_RATE - count)))
