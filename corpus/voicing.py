"""Taking music apart: top lines, bass lines, a given number of voices, and fitting them into a compass."""

from collections.abc import Sequence

import numpy as np

from corpus.score import Note, Part

TOGETHER = 0.03  # seconds within which notes count as one chord


def polyphony(notes: Sequence[Note]) -> float:
    """Return how many notes sound at once, on average, while any does."""
    if not notes:
        return 0.0
    grid = np.arange(0, max(note.end for note in notes), 0.05)
    sounding = np.zeros(len(grid))
    for note in notes:
        sounding[(grid >= note.start) & (grid < note.end - 0.02)] += 1
    return float(sounding[sounding > 0].mean()) if sounding.any() else 0.0


def chords(notes: Sequence[Note]) -> list[list[Note]]:
    """Group notes that begin together, each group from high to low."""
    groups: list[list[Note]] = []
    for note in sorted(notes):
        if groups and note.start - groups[-1][0].start < TOGETHER:
            groups[-1].append(note)
        else:
            groups.append([note])
    return [sorted(group, key=lambda note: -note.pitch) for group in groups]


def skyline(notes: Sequence[Note]) -> list[Note]:
    """Return the top line: the highest note of every moment, cut where the next begins."""
    line: list[Note] = []
    for chord in chords(notes):
        top = chord[0]
        if line and top.start < line[-1].end - TOGETHER:
            if top.pitch < line[-1].pitch - 4:
                continue  # an inner note under a held one
            line[-1] = line[-1]._replace(end=top.start)
        line.append(top)
    return line


def bass(notes: Sequence[Note]) -> list[Note]:
    """Return the bottom line."""
    mirrored = [note._replace(pitch=-note.pitch) for note in notes]
    return [note._replace(pitch=-note.pitch) for note in skyline(mirrored)]


def lines(parts: Sequence[Part], count: int) -> list[list[Note]]:
    """Distribute the music over `count` voices from high to low; every note goes to one voice, none is empty.

    Where there are enough parts they stay whole (neighbours are joined); otherwise chords are dealt out from the top,
    the lowest note to the last voice. A voice that would be empty borrows its neighbour's notes.
    """
    ordered = sorted(parts, key=lambda part: -float(np.mean([note.pitch for note in part.notes])))
    voices: list[list[Note]] = [[] for _ in range(count)]
    if len(ordered) >= count:
        for number, part in enumerate(ordered):
            voices[number * count // len(ordered)].extend(part.notes)
    else:
        for chord in chords([note for part in parts for note in part.notes]):
            for place, note in enumerate(chord):
                if place == 0 and (len(chord) > 1 or note.pitch >= 60):
                    voice = 0
                elif place == len(chord) - 1:
                    voice = count - 1
                else:
                    voice = min(count - 1, max(0, 1 + (place - 1) * max(1, count - 2) // max(1, len(chord) - 2)))
                voices[voice].append(note)
    full = [number for number, voice in enumerate(voices) if voice]
    return [sorted(voices[min(full, key=lambda f: abs(f - number))]) for number in range(count)]


def fit(notes: Sequence[Note], low: int, high: int) -> list[Note]:
    """Move a line by octaves as a whole, then single notes, into a compass (MIDI) of at least an octave."""
    if not notes:
        return []
    middle = float(np.mean([note.pitch for note in notes]))
    shift = 12 * round(((low + high) / 2 - middle) / 12)
    out = []
    for note in notes:
        pitch = note.pitch + shift
        while pitch < low:
            pitch += 12
        while pitch > high:
            pitch -= 12
        out.append(note._replace(pitch=pitch))
    return out


def slower(notes: Sequence[Note], shortest: float) -> list[Note]:
    """Drop notes that follow the one before within `shortest` seconds, and let that one last."""
    out: list[Note] = []
    for note in notes:
        if out and note.start - out[-1].start < shortest:
            out[-1] = out[-1]._replace(end=max(out[-1].end, note.end))
        else:
            if out:
                out[-1] = out[-1]._replace(end=min(out[-1].end, note.start))
            out.append(note)
    return [note for note in out if note.end - note.start > 0.05]


def breathe(notes: Sequence[Note], rng: np.random.Generator) -> list[Note]:
    """Leave out a second or two after every phrase of five to ten seconds."""
    out = []
    stop = rng.uniform(5, 10)
    resume = stop + rng.uniform(0.6, 2.2)
    for note in notes:
        if note.start >= resume:
            stop = note.start + rng.uniform(5, 10)
            resume = stop + rng.uniform(0.6, 2.2)
        if note.start < stop:
            out.append(note)
    return out
