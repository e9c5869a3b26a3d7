"""A band song: seed → plan → MMA's accompaniment → our own lead, guitars and club parts → score."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from corpus import grooves, harmony, melody, rhythm
from corpus.grooves import Style
from corpus.harmony import Chord
from corpus.score import Note, Part, Score, read_midi

STYLES = grooves.STYLES | grooves.MORE_STYLES | grooves.COARSE_STYLES
FORMS = (
    "intro:4 verse:8 chorus:8 verse:8 chorus:8",
    "verse:8 chorus:8 break:4 chorus:8",
    "intro:4 verse:8 build:4 chorus:8 break:4 chorus:8",
    "verse:8 verse:8 chorus:8 solo:8 chorus:8",
    "chorus:4 verse:8 chorus:8 break:8 chorus:8",
)
QUIET = frozenset({"intro", "break"})
LOUD = frozenset({"chorus", "solo"})


@dataclass(frozen=True)
class Section:
    """A part of the form: one chord a bar."""

    name: str
    chords: tuple[Chord, ...]


@dataclass(frozen=True)
class BandPlan:
    """Everything that decides what the band plays; the same plan is the same music."""

    genre: str
    seed: int
    groove: str
    tempo: int
    mood: str
    key: int
    sections: tuple[Section, ...]
    lead: int
    kit: int
    drums: bool  # somebody drums
    silent: tuple[str, ...]  # sections in which the drums rest
    pad: int | None
    wall: bool
    wall_in_verse: bool
    club: bool
    arpeggio: int | None  # program of the running figure
    octave_bass: bool
    strum: int | None
    skank: bool
    harmonised: bool
    doubled: bool  # the lead is sung or played twice
    replay: bool  # our choice of instruments instead of MMA's
    density: float

    def facts(self) -> dict[str, object]:
        """Return what the manifest says about the plan."""
        keep = ("groove", "tempo", "mood", "key", "lead", "kit", "drums", "pad", "wall", "club", "arpeggio", "strum")
        return {name: getattr(self, name) for name in keep} | {"form": " ".join(s.name for s in self.sections)}


def plan(genre: str, seed: int) -> BandPlan:
    """Draw a song in that genre."""
    style = STYLES[genre]
    rng = np.random.default_rng(seed)
    key = int(rng.integers(12))
    mood = str(rng.choice(style.moods))
    material = {name: harmony.progression(mood, key, rng) for name in ("verse", "chorus", "break")}
    form = [item.split(":") for item in str(rng.choice(FORMS)).split()]
    sections = tuple(Section(name, tuple(_cycle(material[_material(name)], int(bars)))) for name, bars in form)
    drums = rng.random() >= style.drumless
    leads = list(style.leads)
    weights = np.array([style.leads[lead] for lead in leads])
    return BandPlan(
        genre=genre,
        seed=seed,
        groove=str(rng.choice(style.grooves)),
        tempo=int(rng.integers(style.tempo[0], style.tempo[1] + 1)),
        mood=mood,
        key=key,
        sections=sections,
        lead=int(rng.choice(leads, p=weights / weights.sum())),
        kit=int(rng.choice(style.kits)),
        drums=bool(drums),
        silent=tuple(name for name in ("intro", "break") if rng.random() < 0.5),
        pad=int(rng.choice(style.pads)) if rng.random() < style.pad else None,
        wall=bool(rng.random() < style.wall[0]),
        wall_in_verse=bool(rng.random() < style.wall[1]),
        club=bool(rng.random() < style.club),
        arpeggio=int(rng.choice([*style.guitars, *style.keyboards])) if rng.random() < style.arpeggio else None,
        octave_bass=bool(rng.random() < style.octave_bass),
        strum=int(rng.choice(style.guitars)) if rng.random() < style.strum else None,
        skank=bool(rng.random() < style.skank),
        harmonised=bool(rng.random() < style.harmony),
        doubled=bool(rng.random() < 0.35),
        replay=bool(rng.random() < 0.75),
        density=float(rng.uniform(*style.density)),
    )


def _material(section: str) -> str:
    return section if section in ("verse", "break") else "verse" if section in ("intro", "build") else "chorus"


def _cycle(chords: Sequence[Chord], bars: int) -> list[Chord]:
    return [chords[bar % len(chords)] for bar in range(bars)]


def mma_text(song: BandPlan) -> str:
    """Write the song for MMA: a marker before each section and at the end."""
    lines = [f"RndSeed {song.seed % 100_000}", f"Tempo {song.tempo}", f"Groove {song.groove}"]
    for number, section in enumerate(song.sections):
        lines.append(f"MidiMark {number}")
        lines.extend(chord.name for chord in section.chords)
    lines.append("MidiMark end")
    return "\n".join(lines) + "\n"


def accompany(song: BandPlan, folder: Path) -> Score:
    """Let MMA write the accompaniment; RuntimeError with its words where it refuses."""
    source, target = folder / "song.mma", folder / "song.mid"
    source.write_text(mma_text(song))
    done = subprocess.run(["mma", "-w", str(source), "-f", str(target)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"MMA refused groove {song.groove}: {done.stdout.strip()[-300:]}")
    return read_midi(target)


def arrange(song: BandPlan, backing: Score) -> Score:
    """Turn MMA's tracks into the song's parts and add what the style asks for."""
    style = STYLES[song.genre]
    rng = np.random.default_rng([song.seed, 1])
    times = dict(backing.marks)
    bounds = [times[str(number)] for number in range(len(song.sections))] + [times["end"]]
    spans = [
        rhythm.Span(section.name, start, stop, section.chords)
        for section, start, stop in zip(song.sections, bounds, bounds[1:], strict=False)
    ]
    beats = max(2, round(spans[0].bar * song.tempo / 60))
    parts = _recast(song, style, backing.parts, rng)
    if song.club:
        parts = [part for part in parts if part.stem not in ("drums", "bass")]
        parts.extend(rhythm.club(spans, song.tempo, song.kit if song.drums else None, style.basses[0], rng))
    elif song.octave_bass:
        parts = [part for part in parts if part.stem != "bass"]
        parts.append(rhythm.octaves(spans, song.tempo, int(rng.choice(style.basses)), None))
    if not any(part.stem in ("backing", "guitars") for part in parts):  # some grooves are drums alone
        parts.append(rhythm.comp(spans, song.tempo, int(rng.choice([*style.keyboards, *style.guitars])), rng))
        if not any(part.stem == "bass" for part in parts):
            parts.append(rhythm.octaves(spans, song.tempo, int(rng.choice(style.basses)), rng))
    if not song.drums:
        parts = [part for part in parts if part.stem != "drums"]
    if song.pad is not None:
        parts.append(rhythm.pad(spans, song.pad, LOUD if rng.random() < 0.5 else None))
    if song.arpeggio is not None:
        parts.append(rhythm.arpeggio(spans, song.tempo, song.arpeggio, rng))
    if song.strum is not None:
        parts.append(rhythm.strum(spans, song.tempo, song.strum, rng))
    if song.skank:
        parts.append(rhythm.skank(spans, song.tempo, int(rng.choice([*style.guitars, *style.keyboards]))))
    if song.wall:
        parts.extend(rhythm.wall(spans, song.tempo, None if song.wall_in_verse else LOUD, rng))
    parts.extend(_leads(song, style, spans, beats, rng))
    parts = [_dynamics(part, spans, song.silent) for part in parts]
    return Score(tuple(part for part in parts if part.notes), backing.marks)


def _recast(song: BandPlan, style: Style, parts: Sequence[Part], rng: np.random.Generator) -> list[Part]:
    """Give MMA's tracks to stems, and to the style's instruments where the plan says so."""
    families = {
        0: style.keyboards, 1: style.keyboards, 2: style.keyboards, 3: style.guitars, 4: style.basses, 6: style.pads,
        11: style.pads,
    }  # fmt: skip
    chosen = {family: int(rng.choice(programs)) for family, programs in families.items()}
    out = []
    for part in parts:
        if part.drums:
            out.append(replace(part, stem="drums", program=song.kit))
            continue
        family = part.program // 8
        bass = family == 4 or part.name.startswith(("Bass", "Walk"))
        program = part.program
        if bass:
            program = chosen[4] if song.replay or family != 4 else program
        elif song.replay and family in chosen:
            program = chosen[family]
        amplified = program in (grooves.OVERDRIVE, grooves.DISTORTION) and not bass
        stem = "bass" if bass else "guitars" if amplified else "backing"
        out.append(replace(part, stem=stem, program=grooves.CLEAN if amplified else program))
    return out


def _leads(
    song: BandPlan, style: Style, spans: Sequence[rhythm.Span], beats: int, rng: np.random.Generator
) -> list[Part]:
    """Write the lead: same tune in every verse, higher in the chorus, another instrument for the solo."""
    scale = harmony.scale(song.mood, song.key)
    low, high = style.register
    if song.lead == grooves.VOICE_LOW:
        low, high = low - 7, high - 7
    elif song.lead >= 0:
        low, high = max(55, low), high + 5
    lead: list[Note] = []
    second: list[Note] = []
    solo: list[Note] = []
    lag = rng.uniform(0.02, 0.05) if rng.random() < style.swing else 0.0
    for span in spans:
        if span.name == "intro" or (span.name in ("break", "build") and rng.random() < 0.5):
            continue
        loud = span.name in LOUD
        middle = (low + high) // 2
        register = (middle - 2, high) if loud else (low, middle + 5)
        tune = np.random.default_rng([song.seed, 7, loud, span.name == "solo"])  # verses share their tune
        notes = melody.line(
            span.chords, span.start + lag, span.bar, beats, scale, register, song.density * (1.1 if loud else 1.0),
            tune, style.melisma,
        )  # fmt: skip
        if span.name == "solo":
            solo.extend(notes)
            continue
        lead.extend(notes)
        if loud and song.harmonised:
            second.extend(melody.third_below(notes, scale))
    parts = [Part("lead", song.lead, tuple(lead), "lead", vibrato=40)]
    if song.doubled:
        shifted = tuple(replace_time(note, rng.normal(0.012, 0.008)) for note in lead)
        parts.append(Part("double", song.lead, shifted, "lead", cents=float(rng.uniform(5, 14))))
    if second:
        parts.append(Part("harmony", song.lead, tuple(second), "lead"))
    if solo:
        program = next((p for p in rng.permutation(list(style.leads)) if p >= 0), grooves.CLEAN)
        amplified = program in (grooves.OVERDRIVE, grooves.DISTORTION)
        parts.append(
            Part("solo", grooves.CLEAN if amplified else int(program), tuple(solo),
                 "guitars" if amplified else "lead", vibrato=50)
        )  # fmt: skip
    return [
        replace(part, stem="guitars", program=grooves.CLEAN)
        if part.program in (grooves.OVERDRIVE, grooves.DISTORTION) else part
        for part in parts
    ]  # fmt: skip


def replace_time(note: Note, shift: float) -> Note:
    """Move a note in time, not before the beginning."""
    return Note(max(0.0, note.start + shift), max(0.05, note.end + shift), note.pitch, note.velocity)


def _dynamics(part: Part, spans: Sequence[rhythm.Span], silent: Sequence[str]) -> Part:
    """Play softer in intros and breaks, louder in choruses; drums rest where the plan says."""
    notes = []
    for note in part.notes:
        name = next((span.name for span in reversed(spans) if span.start <= note.start + 1e-3), "intro")
        if part.stem == "drums" and name in silent:
            continue
        factor = 0.6 if name in QUIET else 1.1 if name in LOUD else 0.85
        notes.append(note._replace(velocity=int(np.clip(note.velocity * factor, 1, 127))))
    return replace(part, notes=tuple(notes))
