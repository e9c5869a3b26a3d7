"""A source-filter singer: glottal saw, formants, vibrato, glides, breath and consonants.

It need not fool anyone; it puts voiced, gliding harmonics where voices put them. Vowel formants are the textbook
averages printed in the appendix of the Csound manual (soprano and tenor).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from corpus.score import Note
from corpus.synth import SAMPLE_RATE

CONTROL_RATE = 500  # Hz of pitch and loudness curves
FADE = SAMPLE_RATE // 80  # samples, half of the change from one vowel to the next
# vowel: (frequencies in Hz, levels in dB) of five formants
FEMALE = {
    "a": ((800, 1150, 2900, 3900, 4950), (0, -6, -22, -20, -35)),
    "e": ((450, 2000, 2800, 3600, 4950), (0, -16, -15, -30, -40)),
    "i": ((330, 2140, 2950, 3900, 4950), (0, -12, -20, -26, -40)),
    "o": ((480, 800, 2830, 3800, 4950), (0, -9, -20, -22, -40)),
    "u": ((350, 700, 2700, 3800, 4950), (0, -14, -28, -34, -50)),
}
MALE = {
    "a": ((650, 1080, 2650, 2900, 3250), (0, -6, -12, -14, -22)),
    "e": ((400, 1700, 2600, 3200, 3580), (0, -12, -14, -16, -22)),
    "i": ((290, 1870, 2800, 3250, 3540), (0, -15, -18, -20, -30)),
    "o": ((400, 800, 2600, 2800, 3000), (0, -10, -14, -15, -26)),
    "u": ((350, 600, 2700, 2900, 3300), (0, -16, -19, -18, -26)),
}
BANDWIDTHS = (80.0, 95.0, 130.0, 150.0, 180.0)


@dataclass(frozen=True)
class Singer:
    """How one voice sings."""

    female: bool
    vibrato_hz: float = 5.6
    vibrato_cents: float = 30.0
    vibrato_delay: float = 0.3  # seconds into a note
    glide: float = 0.07  # seconds to the next pitch
    breath: float = 0.05  # 0-1
    effort: float = 0.5  # 0 whispering and dark, 1 belting and bright
    ring: float = 0.0  # dB of the singer's formant near 3 kHz
    consonants: float = 0.6  # share of notes that begin with one


def sing(notes: Sequence[Note], seconds: float, singer: Singer, rng: np.random.Generator) -> np.ndarray:
    """Sing a line of notes one after another; float32 mono [n] at SAMPLE_RATE, about -20 dB RMS while sounding."""
    total = round(seconds * SAMPLE_RATE)
    if not notes:
        return np.zeros(total, np.float32)
    pitch, level = _curves(notes, seconds, singer, rng)
    ticks = np.arange(total) * (CONTROL_RATE / SAMPLE_RATE)
    grid = np.arange(len(pitch))
    frequency = 440.0 * 2 ** ((np.interp(ticks, grid, pitch) - 69) / 12)
    loudness = np.interp(ticks, grid, level)
    phase = np.cumsum(frequency / SAMPLE_RATE) % 1.0
    source = _saw(phase, frequency / SAMPLE_RATE)
    cutoff = 500 * 6 ** float(np.clip(singer.effort, 0, 1))  # spectral tilt of the glottis: 500 Hz to 3 kHz
    pole = float(np.exp(-2 * np.pi * cutoff / SAMPLE_RATE))
    source = lfilter([1 - pole], [1, -pole], source)
    hiss = rng.standard_normal(total)
    source = (source + hiss * singer.breath * 0.15) * loudness
    voiced = np.zeros(total)
    for begin, end, vowel in _syllables(notes, total, rng):
        voiced[begin:end] += _formants(source[begin:end] * _fade(end - begin), vowel, singer)
    voiced *= 0.1 / max(1e-6, float(np.sqrt(np.mean(voiced[loudness > 0.2] ** 2))))
    return np.asarray(voiced + _consonants(notes, total, singer, hiss, rng), np.float32)


def _saw(phase: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return a sawtooth whose jumps are smoothed over two samples (polynomial band-limited step)."""
    wave = 2 * phase - 1
    rising = phase < step
    ratio = phase[rising] / step[rising]
    wave[rising] -= 2 * ratio - ratio * ratio - 1
    falling = phase > 1 - step
    ratio = (phase[falling] - 1) / step[falling]
    wave[falling] -= ratio * ratio + 2 * ratio + 1
    return wave


def _curves(
    notes: Sequence[Note], seconds: float, singer: Singer, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return pitch (MIDI, gliding and vibrating) and loudness (0-1) at CONTROL_RATE."""
    count = int(seconds * CONTROL_RATE) + 2
    pitch = np.full(count, float(notes[0].pitch))
    level = np.zeros(count)
    depth = np.zeros(count)
    for note in notes:
        begin, end = int(note.start * CONTROL_RATE), min(count, int(note.end * CONTROL_RATE))
        if end <= begin:
            continue
        pitch[begin:] = note.pitch - (rng.random() < 0.25) * rng.uniform(0.5, 2) * np.exp(
            -np.arange(count - begin) / (0.06 * CONTROL_RATE)
        )  # some notes are scooped into from below
        age = np.arange(end - begin) / CONTROL_RATE
        depth[begin:end] = np.clip((age - singer.vibrato_delay) / 0.25, 0, 1)
        attack = np.clip(age / rng.uniform(0.03, 0.09), 0, 1)
        release = np.clip((age[-1] - age) / 0.08, 0, 1)
        body = 0.8 + 0.2 * np.sin(np.pi * age / max(age[-1], 0.05))
        level[begin:end] = np.maximum(level[begin:end], attack * release * body * (note.velocity / 110))
    pole = np.exp(-1 / (max(singer.glide, 0.01) * 0.5 * CONTROL_RATE))
    pitch = lfilter([1 - pole], [1, -pole], pitch - notes[0].pitch) + notes[0].pitch
    time = np.arange(count) / CONTROL_RATE
    rate = singer.vibrato_hz * (1 + 0.05 * np.sin(2 * np.pi * 0.23 * time))
    drift = lfilter([0.01], [1, -0.99], rng.standard_normal(count)) * 1.2
    wobble = singer.vibrato_cents * depth * np.sin(2 * np.pi * np.cumsum(rate) / CONTROL_RATE)
    return pitch + (wobble + 8 * drift) / 100, level * (1 + 0.1 * depth * np.sin(2 * np.pi * rate * time + 1))


def _syllables(notes: Sequence[Note], total: int, rng: np.random.Generator) -> list[tuple[int, int, str]]:
    """Return (begin, end, vowel) of each note in samples; neighbours overlap by twice FADE and are silent at rests."""
    vowels = list(FEMALE)
    starts = [max(0, round(note.start * SAMPLE_RATE)) for note in notes]
    out = []
    for note, begin, following in zip(notes, starts, [*starts[1:], total], strict=True):
        end = min(following, round((note.end + 0.1) * SAMPLE_RATE))
        vowel = vowels[int(rng.choice(5, p=[0.3, 0.2, 0.15, 0.2, 0.15]))]
        begin, end = max(0, begin - FADE), min(total, end + FADE)
        if end - begin > 2 * FADE:
            out.append((begin, end, vowel))
    return out


def _fade(length: int) -> np.ndarray:
    """Return a window that rises and falls over twice FADE, so that overlapping neighbours add up to one."""
    ramp = np.linspace(0, 1, 2 * FADE, endpoint=False)
    window = np.ones(length)
    edge = min(len(ramp), length // 2)
    window[:edge] = ramp[:edge]
    window[length - edge :] = ramp[:edge][::-1]
    return window


def _formants(source: np.ndarray, vowel: str, singer: Singer) -> np.ndarray:
    """Pass the source through the vowel's resonances in parallel."""
    frequencies, levels = (FEMALE if singer.female else MALE)[vowel]
    out = source * 0.02
    for frequency, level, width in zip(frequencies, levels, BANDWIDTHS, strict=True):
        gain = 10 ** ((level + (singer.ring if 2500 <= frequency <= 3300 else 0)) / 20)
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        angle = 2 * np.pi * frequency / SAMPLE_RATE
        denominator = [1, -2 * radius * np.cos(angle), radius * radius]
        out += gain * (1 - radius) * 4 * lfilter([1, 0, -1], denominator, source)
    return out


def _consonants(
    notes: Sequence[Note], total: int, singer: Singer, hiss: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return short bursts of high noise where words begin."""
    gate = np.zeros(total)
    for note in notes:
        if rng.random() < singer.consonants:
            length = int(rng.uniform(0.03, 0.1) * SAMPLE_RATE)
            begin = max(0, round(note.start * SAMPLE_RATE) - length // 2)
            window = np.hanning(length)[: max(0, total - begin)]
            gate[begin : begin + len(window)] += window * rng.uniform(0.2, 1) * note.velocity / 110
    band = butter(2, [rng.uniform(2500, 4500), 10_000], "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(band, hiss * gate)) * 0.06
