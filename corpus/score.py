"""A score as plain values: parts holding notes in seconds, read from MIDI files."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import mido

DRUM_CHANNEL = 9


class Note(NamedTuple):
    """One note: start and end in seconds, MIDI pitch, velocity 1-127."""

    start: float
    end: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Part:
    """One player: what it is called, which General MIDI program plays it, which stem of the mix it goes to."""

    name: str
    program: int
    notes: tuple[Note, ...]
    stem: str = "backing"
    drums: bool = False
    vibrato: int = 0  # modulation wheel, 0-127
    cents: float = 0.0  # detuning
    swell: float = 0.0  # depth of slow crescendo and diminuendo, 0-1
    sustain: bool = False  # held by the pedal


@dataclass(frozen=True)
class Score:
    """Parts that sound together and named moments (section starts)."""

    parts: tuple[Part, ...]
    marks: tuple[tuple[str, float], ...] = field(default=())

    @property
    def seconds(self) -> float:
        """Return when the last note ends."""
        return max((note.end for part in self.parts for note in part.notes), default=0.0)


def read_midi(path: Path) -> Score:
    """Read a MIDI file; one part per track and channel that has notes.

    Seconds follow the file's tempo changes. Raises OSError, EOFError or ValueError where the file is broken.
    """
    midi = mido.MidiFile(path, clip=True)
    clock = _clock(midi)
    parts: list[Part] = []
    marks: list[tuple[str, float]] = []
    for track in midi.tracks:
        tick = 0
        programs: dict[int, int] = {}
        sounding: dict[tuple[int, int], tuple[float, int]] = {}
        notes: dict[int, list[Note]] = {}
        for message in track:
            tick += message.time
            if message.type == "marker":
                marks.append((message.text, clock(tick)))
            elif message.type == "program_change":
                programs.setdefault(message.channel, message.program)
            elif message.type in ("note_on", "note_off"):
                key = message.channel, message.note
                begun = sounding.pop(key, None)  # a key struck again ends its own note
                if begun and clock(tick) > begun[0]:
                    notes.setdefault(message.channel, []).append(Note(begun[0], clock(tick), message.note, begun[1]))
                if message.type == "note_on" and message.velocity:
                    sounding[key] = clock(tick), message.velocity
        for channel, played in notes.items():
            parts.append(
                Part(
                    re.sub(r"\W+", " ", track.name).strip() or "part",
                    programs.get(channel, 0),
                    tuple(sorted(played)),
                    drums=channel == DRUM_CHANNEL and "Drum" in track.name,
                )
            )
    return Score(tuple(parts), tuple(marks))


def _clock(midi: mido.MidiFile) -> Callable[[int], float]:
    """Return the function from ticks to seconds."""
    changes: list[tuple[int, int]] = []
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                changes.append((tick, message.tempo))
    beat: int = midi.ticks_per_beat
    seconds, last, tempo = 0.0, 0, 500_000
    table = [(0, 0.0, tempo)]
    for tick, new in sorted(changes):
        seconds += (tick - last) * tempo / beat / 1e6
        last, tempo = tick, new
        table.append((tick, seconds, tempo))

    def clock(tick: int) -> float:
        begin, base, pace = next(row for row in reversed(table) if row[0] <= tick)
        return base + (tick - begin) * pace / beat / 1e6

    return clock


def excerpt(score: Score, start: float, seconds: float) -> Score:
    """Cut a window out of a score; notes that hang over its edges are shortened."""
    stop = start + seconds
    parts = []
    for part in score.parts:
        notes = tuple(
            Note(max(note.start, start) - start, min(note.end, stop) - start, note.pitch, note.velocity)
            for note in part.notes
            if note.end > start + 0.02 and note.start < stop - 0.02
        )
        if notes:
            parts.append(replace(part, notes=notes))
    return Score(tuple(parts), tuple((name, at - start) for name, at in score.marks))
