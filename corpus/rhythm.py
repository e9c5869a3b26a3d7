"""Parts that MMA does not write as records have them: power chords, strumming, arpeggios, club drums and basses."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.grooves import CLEAN
from corpus.harmony import Chord
from corpus.score import Note, Part

KICK, SIDE_STICK, SNARE, CLAP, CLOSED_HAT, OPEN_HAT, CRASH, TOM, SHAKER = 36, 37, 38, 39, 42, 46, 49, 45, 70
KICKS = (35, KICK)  # General MIDI has two bass drums
STRUMS = ("D...D.U.", "D.DU.UDU", "D.D.D.DU", "DU.UDU.U", "D...D...", "D..UD.DU")  # one bar of eighths


@dataclass(frozen=True)
class Span:
    """A section placed in time, one chord a bar."""

    name: str
    start: float
    stop: float
    chords: tuple[Chord, ...]

    @property
    def bar(self) -> float:
        """Seconds in a bar."""
        return (self.stop - self.start) / len(self.chords)

    def bars(self) -> list[tuple[float, Chord]]:
        """Return (start in seconds, chord) of each bar."""
        return [(self.start + index * self.bar, chord) for index, chord in enumerate(self.chords)]


def _steps(bar: float, tempo: int, per_beat: int) -> int:
    """Return how many steps of a quarter note's division fill a bar."""
    return max(1, round(bar * tempo / 60 * per_beat))


def voicing(chord: Chord, low: int, count: int) -> list[int]:
    """Stack `count` chord tones upwards from `low`."""
    tones = [pitch for pitch in range(low, low + 36) if pitch % 12 in chord.tones[:4]]
    return tones[:count]


def root(chord: Chord, low: int) -> int:
    """Return the chord's root at or above `low`."""
    return low + (chord.root - low) % 12


def pad(spans: Sequence[Span], program: int, only: Collection[str] | None) -> Part:
    """Hold each chord for its bar."""
    notes = [
        Note(start, start + span.bar * 0.99, pitch, 62)
        for span in spans
        if only is None or span.name in only
        for start, chord in span.bars()
        for pitch in voicing(chord, 52, 4)
    ]
    return Part("pad", program, tuple(notes), "backing", swell=0.25)


def arpeggio(spans: Sequence[Span], tempo: int, program: int, rng: np.random.Generator) -> Part:
    """Run through each chord in eighths or sixteenths."""
    per_beat = int(rng.choice([2, 4])) if tempo < 135 else 2
    low = int(rng.integers(50, 65))
    pattern = [(0, 1, 2, 3), (0, 2, 1, 2), (3, 2, 1, 0), (0, 1, 2, 1), (0, 2, 3, 2, 1, 2)][int(rng.integers(5))]
    notes = []
    for span in spans:
        for start, chord in span.bars():
            tones = voicing(chord, low, 4)
            steps = _steps(span.bar, tempo, per_beat)
            length = span.bar / steps
            for step in range(steps):
                pitch = tones[pattern[step % len(pattern)] % len(tones)]
                velocity = 80 if step % per_beat == 0 else int(rng.integers(58, 72))
                notes.append(Note(start + step * length, start + (step + 0.9) * length, pitch, velocity))
    return Part("arpeggio", program, tuple(notes), "backing")


def strum(spans: Sequence[Span], tempo: int, program: int, rng: np.random.Generator) -> Part:
    """Strum each chord in eighths, strings a few milliseconds apart, up-strokes lighter."""
    pattern = STRUMS[int(rng.integers(len(STRUMS)))]
    notes = []
    for span in spans:
        for start, chord in span.bars():
            strings = voicing(chord, 45, 6)
            steps = _steps(span.bar, tempo, 2)
            length = span.bar / steps
            strokes = [step for step in range(steps) if pattern[step % 8] != "."]
            for index, step in enumerate(strokes):
                stop = start + (strokes[index + 1] if index + 1 < len(strokes) else steps) * length
                up = pattern[step % 8] == "U"
                order = strings[::-1][:4] if up else strings
                jitter = rng.normal(0, 0.006)
                for place, pitch in enumerate(order):
                    begin = max(0.0, start + step * length + jitter + place * rng.uniform(0.006, 0.014))
                    velocity = int(rng.integers(50, 66) if up else rng.integers(64, 84))
                    notes.append(Note(begin, max(begin + 0.05, stop), pitch, velocity))
    return Part("strum", program, tuple(sorted(notes)), "backing")


def wall(spans: Sequence[Span], tempo: int, only: Collection[str] | None, rng: np.random.Generator) -> list[Part]:
    """Write power chords for two guitars, detuned against each other: held, pumped or palm-muted eighths."""
    manner = str(rng.choice(["held", "pumped", "chugged"]))
    takes: list[list[Note]] = [[], []]
    for span in spans:
        if (only is not None and span.name not in only) or span.name == "intro":
            continue
        for start, chord in span.bars():
            base = root(chord, 40)
            third = [] if manner == "chugged" else [base + 12 + (3 if 3 in _steps_of(chord) else 4)]
            steps = 1 if manner == "held" else _steps(span.bar, tempo, 2)
            length = span.bar / steps
            for step in range(steps):
                accent = step % 4 == 0
                short = manner == "chugged" and not accent
                for take, notes in enumerate(takes):
                    begin = max(0.0, start + step * length + rng.normal(0, 0.007))
                    end = begin + length * (0.45 if short else 0.97)
                    pitches = [base, base + 7] if short else [base, base + 7, base + 12, *(third if take else [])]
                    velocity = int(rng.integers(96, 112) if accent else rng.integers(82, 100))
                    notes.extend(Note(begin, end, pitch, velocity) for pitch in pitches)
    cents = rng.uniform(4, 12)
    return [
        Part("wall left", CLEAN, tuple(takes[0]), "guitars", cents=-cents),
        Part("wall right", CLEAN + int(rng.integers(0, 2)), tuple(takes[1]), "guitars", cents=cents),
    ]


def skank(spans: Sequence[Span], tempo: int, program: int) -> Part:
    """Play each chord short on the off-beats, as reggae's guitar and piano do."""
    notes = []
    for span in spans:
        for start, chord in span.bars():
            beats = _steps(span.bar, tempo, 1)
            beat = span.bar / beats
            for number in range(beats):
                begin = start + (number + 0.5) * beat
                notes.extend(Note(begin, begin + 0.28 * beat, pitch, 88) for pitch in voicing(chord, 57, 4))
    return Part("skank", program, tuple(sorted(notes)), "backing")


def _steps_of(chord: Chord) -> set[int]:
    return {(tone - chord.root) % 12 for tone in chord.tones}


def comp(spans: Sequence[Span], tempo: int, program: int, rng: np.random.Generator) -> Part:
    """Accompany in short chords: the same two-bar rhythm throughout."""
    hits = [sorted(rng.choice(8, size=int(rng.integers(2, 5)), replace=False)) for _ in range(2)]
    short = float(rng.uniform(0.4, 1.6))  # eighths
    low = int(rng.integers(50, 60))
    notes: list[Note] = []
    for span in spans:
        for index, (start, chord) in enumerate(span.bars()):
            eighth = span.bar / _steps(span.bar, tempo, 2)
            for hit in hits[index % 2]:
                begin = start + float(hit) * eighth
                if begin < start + span.bar - 0.01:
                    velocity = int(rng.integers(66, 88))
                    notes.extend(Note(begin, begin + short * eighth, p, velocity) for p in voicing(chord, low, 4))
    return Part("comp", program, tuple(sorted(notes)), "backing")


def octaves(spans: Sequence[Span], tempo: int, program: int, rng: np.random.Generator | None) -> Part:
    """Write a bass in eighths: root and octave in turn as in disco, or with `rng` a riff of roots, fifths and rests."""
    riff = [0, 12] * 8 if rng is None else [int(rng.choice([0, 0, 7, 12, -1])) if step else 0 for step in range(8)]
    notes = []
    for span in spans:
        for start, chord in span.bars():
            steps = _steps(span.bar, tempo, 2)
            length = span.bar / steps
            base = root(chord, 33)
            for step in range(steps):
                rise = riff[step % len(riff)]
                if rise >= 0:
                    begin = start + step * length
                    notes.append(Note(begin, begin + length * 0.8, base + rise, 100 if step % 2 == 0 else 88))
    return Part("bass line", program, tuple(notes), "bass")


def club(spans: Sequence[Span], tempo: int, kit: int | None, bass: int, rng: np.random.Generator) -> list[Part]:
    """Write four-on-the-floor drums (none where `kit` is None) and an off-beat or rolling bass."""
    rolling = bool(rng.random() < 0.4)
    clap = CLAP if rng.random() < 0.7 else SNARE
    shaker = bool(rng.random() < 0.5)
    drums: list[Note] = []
    low: list[Note] = []

    def hit(at: float, pitch: int, velocity: int) -> None:
        drums.append(Note(at, at + 0.1, pitch, velocity))

    for span in spans:
        build, quiet = span.name == "build", span.name in ("break", "intro")
        for index, (start, chord) in enumerate(span.bars()):
            beats = _steps(span.bar, tempo, 1)
            beat = span.bar / beats
            if index == 0 and not quiet:
                hit(start, CRASH, 90)
            for number in range(beats):
                at = start + number * beat
                if not quiet:
                    hit(at, KICK, 118)
                    hit(at + beat / 2, OPEN_HAT, 84)
                    if number % 2 and not build:
                        hit(at, clap, 100)
                if build:
                    division = 2 if index < len(span.chords) - 2 else 4
                    for step in range(division):
                        hit(at + step * beat / division, SNARE, 60 + 8 * min(7, index + step))
                if shaker:
                    for step in range(4):
                        hit(at + step * beat / 4, CLOSED_HAT, 70 if step == 2 else int(rng.integers(36, 56)))
                base = root(chord, 33)
                offsets = (0.25, 0.5, 0.75) if rolling else (0.5,)
                low.extend(Note(at + o * beat, at + (o + 0.22) * beat, base, 104) for o in offsets)
    parts = [Part("club bass", bass, tuple(low), "bass")]
    if kit is not None:
        parts.append(Part("club drums", kit, tuple(sorted(drums)), "drums", drums=True))
    return parts
