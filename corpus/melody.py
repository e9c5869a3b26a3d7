"""Lead lines that phrase and breathe: a motif, repeated and varied, over the chords of a section."""

from collections.abc import Sequence

import numpy as np

from corpus.harmony import Chord
from corpus.score import Note

# Where notes may begin within a bar of four beats, in beats; shorter bars take what fits.
CELLS = (
    (0, 1, 2), (0, 1.5, 2, 3), (0, 0.5, 1, 2, 2.5, 3), (0.5, 1, 1.5, 2, 3), (0, 2), (1, 1.5, 2, 2.5, 3), (0, 1.5, 3),
    (0, 0.75, 1.5, 2, 2.75, 3.5), (0.5, 1.5, 2.5, 3), (0, 0.5, 1.5, 2, 3.5), (0, 0.25, 0.5, 1, 2, 2.25, 2.5, 3),
    (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5),
)  # fmt: skip


def line(
    bars: Sequence[Chord],
    start: float,
    bar_seconds: float,
    beats: int,
    scale: Sequence[int],
    register: tuple[int, int],
    density: float,
    rng: np.random.Generator,
    melisma: float = 0.0,
) -> list[Note]:
    """Write a lead over one chord a bar.

    `density` is notes a second while the line sounds; phrases are four bars: motif, motif varied, answer, rest.
    """
    beat = bar_seconds / beats
    motif = _motif(density * bar_seconds, beats, rng), _motif(density * bar_seconds, beats, rng)
    low, high = register
    pitch = (low + high) / 2 + rng.uniform(-3, 3)
    notes: list[Note] = []
    for index, chord in enumerate(bars):
        place = index % 4
        cell = motif[1] if place == 2 else motif[0]
        if place == 3:
            cell = cell[: max(1, len(cell) // 3)]  # breathe
        elif place == 1 and rng.random() < 0.5 and len(cell) > 2:
            cell = cell[:-1]
        for number, (at, step) in enumerate(cell):
            following = cell[number + 1][0] if number + 1 < len(cell) else (beats * (0.9 if place < 3 else 0.6))
            strong = at in (0, 2) or number == len(cell) - 1
            pitch = float(np.clip(pitch + step, low, high))
            pitch = _nearest(pitch, chord.tones if strong else scale)
            begin = start + index * bar_seconds + at * beat
            end = begin + max(0.1, (following - at) * beat * rng.uniform(0.8, 0.98))
            velocity = int(np.clip(rng.normal(88 + 8 * (at == 0), 7), 40, 120))
            if melisma and end - begin > 0.45 and rng.random() < melisma:
                notes.extend(_run(begin, end, int(pitch), scale, velocity, rng))
            else:
                notes.append(Note(begin, end, int(pitch), velocity))
    return notes


def _motif(count: float, beats: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return (beat, melodic step in semitones) of about `count` notes."""
    near = sorted(CELLS, key=lambda cell: abs(len([at for at in cell if at < beats]) - count))
    cell = near[int(rng.integers(3))]
    steps = rng.choice([-4, -2, -2, 0, 2, 2, 3, 5, -5], size=len(cell))
    return [(float(at), float(step)) for at, step in zip(cell, steps, strict=True) if at < beats]


def _nearest(pitch: float, classes: Sequence[int]) -> float:
    """Return the nearest pitch whose class is among `classes`."""
    centre = round(pitch)
    return float(min(range(centre - 6, centre + 7), key=lambda note: (note % 12 not in classes, abs(note - pitch))))


def _run(
    begin: float, end: float, pitch: int, scale: Sequence[int], velocity: int, rng: np.random.Generator
) -> list[Note]:
    """Decorate a long note with three quick neighbours before it settles."""
    length = min(0.13, (end - begin) / 5)
    offsets = [(2, 4, 2), (-2, 0, 2), (4, 2, 0), (0, -2, -4)][int(rng.integers(4))]
    quick = [
        Note(begin + k * length, begin + (k + 1) * length, int(_nearest(pitch + offset, scale)), velocity)
        for k, offset in enumerate(offsets)
    ]
    return [*quick, Note(begin + 3 * length, end, pitch, velocity)]


def third_below(notes: Sequence[Note], scale: Sequence[int]) -> list[Note]:
    """Return a second voice a third below, softer."""
    out = []
    for note in notes:
        below = [pitch for pitch in range(note.pitch - 12, note.pitch) if pitch % 12 in scale]
        out.append(Note(note.start, note.end, below[-2], max(1, note.velocity - 14)))
    return out
