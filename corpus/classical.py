"""Classical clips: an excerpt of a Mutopia work, re-instrumented and played with some freedom of time and touch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from corpus import grooves, voicing
from corpus.score import Note, Part, Score, excerpt, read_midi
from corpus.works import Work

GENRES = ("symphony", "opera", "solo", "chamber")
VIOLA, CONTRABASS, TIMPANI, ENGLISH_HORN, BASSOON, HORN, TUBA, RECORDER = 41, 43, 47, 69, 70, 60, 58, 74
KEYS = {"Piano", "Harpsichord", "Organ", "Clavier", "Guitar", "Harp", "Lute", "Clavichord"}
SOLOISTS = (  # program, weight, lowest and highest pitch
    (grooves.VIOLIN, 5, 55, 93), (grooves.CELLO, 4, 36, 72), (VIOLA, 1, 48, 81), (grooves.FLUTE, 3, 60, 93),
    (grooves.OBOE, 1, 58, 88), (grooves.CLARINET, 2, 50, 88), (RECORDER, 1, 60, 90), (BASSOON, 1, 36, 68),
    (grooves.TRUMPET, 1, 55, 80), (HORN, 0.5, 41, 74), (grooves.SOPRANO_SAX, 0.3, 56, 84),
)  # fmt: skip
KEYBOARDS = {grooves.PIANO: 11, grooves.NYLON: 4, grooves.HARPSICHORD: 1.5, grooves.CHURCH_ORGAN: 1.5, grooves.HARP: 1,
             grooves.STEEL: 0.5, grooves.BRIGHT_PIANO: 1}  # fmt: skip
V, CE, P = grooves.VIOLIN, grooves.CELLO, grooves.PIANO
ENSEMBLES: dict[str, tuple[int, ...]] = {  # high to low; a keyboard, harp or guitar last plays everything that is left
    "string quartet": (V, V, VIOLA, CE), "string trio": (V, VIOLA, CE), "string quintet": (V, V, VIOLA, VIOLA, CE),
    "piano trio": (V, CE, P), "violin sonata": (V, P), "cello sonata": (CE, P), "piano quartet": (V, VIOLA, CE, P),
    "wind quintet": (grooves.FLUTE, grooves.OBOE, grooves.CLARINET, HORN, BASSOON),
    "flute sonata": (grooves.FLUTE, P), "clarinet sonata": (grooves.CLARINET, P),
    "wind trio": (grooves.OBOE, grooves.CLARINET, BASSOON),
    "trio sonata": (RECORDER, V, CE, grooves.HARPSICHORD), "flute and guitar": (grooves.FLUTE, grooves.NYLON),
    "string duo": (V, CE), "flute quartet": (grooves.FLUTE, V, VIOLA, CE),
    "flute and harp": (grooves.FLUTE, grooves.HARP),
    "brass quintet": (grooves.TRUMPET, grooves.TRUMPET, HORN, grooves.TROMBONE, TUBA), "horn trio": (V, HORN, P),
    "clarinet quintet": (grooves.CLARINET, V, V, VIOLA, CE), "guitar duo": (grooves.NYLON, grooves.NYLON),
}  # fmt: skip
ACCOMPANISTS = frozenset({P, grooves.HARPSICHORD, grooves.NYLON, grooves.HARP})
BOWED = frozenset({V, VIOLA, CE, CONTRABASS, grooves.STRINGS, grooves.SLOW_STRINGS})
SOURCES = {
    "solo": {"Solo": 1.0, "Chamber": 0.12},
    "chamber": {"Chamber": 1.0, "Solo": 0.12, "Vocal/choral": 0.08},
    "symphony": {"Symphony": 6.0, "Chamber": 0.6, "Solo": 0.3, "Opera?": 1.0, "Vocal/choral": 0.2},
    "opera": {"Opera?": 2.0, "Vocal/choral": 0.6, "Symphony": 0.3},
}
VOICES = {"soprano": (grooves.VOICE_HIGH, 60, 84), "mezzo": (grooves.VOICE_HIGH, 56, 78),
          "tenor": (grooves.VOICE_LOW, 48, 71), "bass": (grooves.VOICE_LOW, 41, 64)}  # fmt: skip


@dataclass(frozen=True)
class ClassicalPlan:
    """What decides a classical clip."""

    genre: str
    seed: int
    work: Work
    transpose: int
    pace: float  # factor on the tempo

    def facts(self) -> dict[str, object]:
        """Return what the manifest says about the plan."""
        work = self.work
        return {
            "work": f"{work.composer}: {work.title}", "file": work.path.name, "source": work.source,
            "licence": work.licence, "group": work.group, "transpose": self.transpose, "pace": round(self.pace, 3),
        }  # fmt: skip


def plan(genre: str, seed: int, works: Sequence[Work], split: str) -> ClassicalPlan:
    """Draw a work of the split that can serve the genre; `examples` takes shippable works only."""
    rng = np.random.default_rng(seed)
    weights = SOURCES[genre]
    usable = [
        work for work in works
        if work.label in weights and work.split == split and work.seconds > 25
        and (split != "examples" or work.shippable)
    ]  # fmt: skip
    if not usable:
        raise ValueError(f"No work for {genre} in split {split}.")
    chances = np.array([weights[work.label] for work in usable])
    work = usable[int(rng.choice(len(usable), p=chances / chances.sum()))]
    return ClassicalPlan(genre, seed, work, int(rng.integers(-3, 4)), float(rng.uniform(0.7, 1.1)))


def arrange(clip: ClassicalPlan, seconds: float) -> tuple[Score, dict[str, object]]:
    """Cut, re-instrument and phrase; returns the score (from 0 to `seconds`) and what was chosen."""
    rng = np.random.default_rng([clip.seed, 2])
    whole = _prepared(clip)
    latest = max(0.0, whole.seconds - seconds)
    for _ in range(8):
        start = float(rng.uniform(0, latest))
        cut = excerpt(whole, start, seconds)
        if sum(len(part.notes) for part in cut.parts) > seconds and cut.seconds > 0.8 * min(seconds, whole.seconds):
            break
    else:
        raise ValueError(f"{clip.work.path.name} has too few notes for a clip.")
    parts, chosen = _INSTRUMENTATION[clip.genre](cut.parts, clip.work, rng)
    time = _rubato(rng, 0.35 if clip.genre in ("solo", "opera") else 0.2)
    touch = 0.014 if clip.genre != "symphony" else 0.02
    tide = _tide(rng)
    return Score(tuple(_perform(part, time, tide, touch, rng) for part in parts)), {"from": round(start, 1), **chosen}


def _prepared(clip: ClassicalPlan) -> Score:
    """Read the work with tempo and key changed and every part's velocities centred on 78."""
    parts = []
    for part in read_midi(clip.work.path).parts:
        mean = np.mean([note.velocity for note in part.notes])
        notes = tuple(
            Note(n.start / clip.pace, n.end / clip.pace, n.pitch + clip.transpose,
                 int(np.clip(78 + (n.velocity - mean) * 0.8, 35, 115)))
            for n in part.notes
        )  # fmt: skip
        parts.append(Part(part.name, part.program, notes))
    if not parts:
        raise ValueError(f"{clip.work.path.name} has no notes.")
    return Score(tuple(parts))


def _everything(parts: Sequence[Part]) -> list[Note]:
    return sorted(note for part in parts for note in part.notes)


def _solo(parts: Sequence[Part], work: Work, rng: np.random.Generator) -> tuple[list[Part], dict[str, object]]:
    notes = _everything(parts)
    alone = work.label != "Solo" or voicing.polyphony(notes) < 1.25 or rng.random() < 0.15
    if not alone:
        program = int(rng.choice(list(KEYBOARDS), p=np.array(list(KEYBOARDS.values())) / sum(KEYBOARDS.values())))
        if any(word in work.instrument for word in ("Guitar", "Lute")) and rng.random() < 0.75:
            program = grooves.NYLON
        pedal = program in (grooves.PIANO, grooves.BRIGHT_PIANO, grooves.HARP) and rng.random() < 0.7
        return [Part("solo", program, tuple(notes), sustain=bool(pedal))], {"instrument": program}
    line = max(parts, key=lambda part: len(part.notes)).notes if work.label != "Solo" else tuple(notes)
    line = tuple(voicing.skyline(line))
    weights = np.array([row[1] for row in SOLOISTS])
    program, _, low, high = SOLOISTS[int(rng.choice(len(SOLOISTS), p=weights / weights.sum()))]
    part = Part("solo", program, tuple(voicing.fit(line, low, high)), vibrato=int(rng.integers(10, 70)), swell=0.4)
    return [part], {"instrument": program}


def _chamber(parts: Sequence[Part], work: Work, rng: np.random.Generator) -> tuple[list[Part], dict[str, object]]:
    name = str(rng.choice(list(ENSEMBLES)))
    programs = ENSEMBLES[name]
    accompanied = programs[-1] in ACCOMPANISTS and len(set(programs)) > 1
    count = len(programs) - accompanied
    lines = voicing.lines(parts, count + accompanied)
    vibrato = int(rng.integers(10, 60))
    out = []
    for number, program in enumerate(programs):
        last = accompanied and number == len(programs) - 1
        notes = [note for line in lines[number:] for note in line] if last else list(lines[number])
        if last:  # the accompanist plays the inner voices and supports the bass
            notes = sorted({*notes, *voicing.bass(_everything(parts))})
        bowed = program not in ACCOMPANISTS
        out.append(
            Part(f"{name} {number}", program, tuple(notes), vibrato=vibrato if bowed else 0,
                 swell=0.35 if bowed else 0.0, cents=float(rng.normal(0, 4)) if bowed else 0.0)
        )  # fmt: skip
    return out, {"ensemble": name}


def _symphony(parts: Sequence[Part], work: Work, rng: np.random.Generator) -> tuple[list[Part], dict[str, object]]:
    lines = voicing.lines(parts, 5)
    end = max(note.end for line in lines for note in line)
    edges = [0.0]
    while edges[-1] < end:
        edges.append(edges[-1] + float(rng.uniform(4, 10)))
    colours = [str(rng.choice(["tutti", "tutti", "strings", "winds", "strings and winds", "brass"])) for _ in edges]

    def colour(note: Note) -> str:
        return colours[int(np.searchsorted(edges, note.start, "right")) - 1]

    desks: dict[str, tuple[int, int, int, frozenset[str]]] = {  # program, line, octave shift, when it plays
        "violins 1": (grooves.STRINGS, 0, 0, frozenset({"tutti", "strings", "strings and winds"})),
        "violins 8va": (grooves.STRINGS, 0, 12, frozenset({"tutti"})),
        "violins 2": (grooves.STRINGS, 1, 0, frozenset({"tutti", "strings", "strings and winds", "winds"})),
        "violas": (grooves.SLOW_STRINGS, 2, 0, frozenset({"tutti", "strings", "strings and winds"})),
        "cellos": (grooves.STRINGS, 3, 0, frozenset({"tutti", "strings", "strings and winds", "brass"})),
        "low cellos": (CE, 4, 0, frozenset({"tutti", "strings", "strings and winds", "winds"})),
        "basses": (CONTRABASS, 4, -12, frozenset({"tutti", "strings", "brass"})),
        "flutes": (grooves.FLUTE, 0, 12, frozenset({"winds", "tutti"})),
        "oboes": (grooves.OBOE, 0, 0, frozenset({"winds", "strings and winds"})),
        "clarinets": (grooves.CLARINET, 1, 0, frozenset({"winds", "strings and winds", "tutti"})),
        "bassoons": (BASSOON, 3, 0, frozenset({"winds", "tutti"})),
        "horns": (HORN, 2, 0, frozenset({"brass", "tutti", "winds"})),
        "trumpets": (grooves.TRUMPET, 0, 0, frozenset({"brass"})),
        "trombones": (grooves.TROMBONE, 3, 0, frozenset({"brass", "tutti"})),
    }
    out = []
    for name, (program, line, shift, when) in desks.items():
        notes = [
            note._replace(pitch=note.pitch + shift)
            for note in voicing.fit(lines[line], *_RANGES.get(name, (28, 96)))
            if colour(note) in when
        ]
        vibrato, swell = int(rng.integers(0, 40)), float(rng.uniform(0.2, 0.6))
        out.append(Part(name, program, tuple(notes), vibrato=vibrato, swell=swell))
    if rng.random() < 0.7:
        loud = [note for note in voicing.bass(lines[4]) if colour(note) == "tutti"]
        struck = [n for n in loud if rng.random() < 0.35]
        out.append(Part("timpani", TIMPANI, tuple(_roll(voicing.fit(struck, 38, 55), rng))))
    return [part for part in out if part.notes], {"colours": " | ".join(dict.fromkeys(colours))}


_RANGES = {  # compass of each desk, MIDI
    "violins 1": (55, 96), "violins 8va": (55, 84), "violins 2": (53, 86), "violas": (48, 76), "cellos": (38, 67),
    "low cellos": (36, 60), "basses": (40, 60), "flutes": (60, 84), "oboes": (58, 86), "clarinets": (52, 84),
    "bassoons": (36, 64), "horns": (43, 70), "trumpets": (55, 79), "trombones": (40, 65),
}  # fmt: skip


def _roll(notes: Sequence[Note], rng: np.random.Generator) -> list[Note]:
    """Strike short notes once and roll long ones."""
    out: list[Note] = []
    for note in notes:
        if note.end - note.start > 0.7 and rng.random() < 0.5:
            times = [float(time) for time in np.arange(note.start, note.end, 0.075)]
            growth = 40 / len(times)
            out.extend(Note(t, t + 0.07, note.pitch, int(60 + growth * i)) for i, t in enumerate(times))
        else:
            out.append(note._replace(velocity=min(120, note.velocity + 18)))
    return out


def _opera(parts: Sequence[Part], work: Work, rng: np.random.Generator) -> tuple[list[Part], dict[str, object]]:
    kind = str(rng.choice(["aria", "aria", "aria", "duet", "chorus", "recitative"]))
    sung = [part for part in parts if 52 <= part.program <= 54 or "voice" in part.name.lower()]
    tune = max(sung, key=lambda part: len(part.notes)).notes if sung else _everything(parts)
    name = str(rng.choice(list(VOICES)))
    program, low, high = VOICES[name]
    line = voicing.breathe(voicing.slower(voicing.skyline(tune), 0.14), rng)
    out = [Part(name, program, tuple(voicing.fit(line, low, high)), "lead")] if kind != "chorus" else []
    lines = voicing.lines(parts, 4)
    if kind == "duet":
        other = "tenor" if program == grooves.VOICE_HIGH else "soprano"
        second = voicing.breathe(voicing.slower(voicing.skyline(lines[1]), 0.18), rng)
        out.append(Part(other, VOICES[other][0], tuple(voicing.fit(second, *VOICES[other][1:])), "lead"))
    if kind == "chorus":
        out.extend(Part(f"choir {i}", grooves.CHOIR, tuple(line), "lead", swell=0.4) for i, line in enumerate(lines))
        singers = (("soprano", 0), ("tenor", 2))
        out.extend(
            Part(v, VOICES[v][0], tuple(voicing.fit(voicing.skyline(lines[i]), *VOICES[v][1:])), "lead")
            for v, i in singers
        )
    if kind == "recitative":
        chords = tuple(_everything(parts))
        continuo = Part("harpsichord", grooves.HARPSICHORD, chords), Part("continuo", CE, tuple(lines[3]))
        return [*out, *continuo], {"kind": kind, "voice": name}
    strings = grooves.PIZZICATO if rng.random() < 0.12 else grooves.STRINGS
    for number, notes in enumerate(lines):
        if number == 0 and kind == "aria" and rng.random() < 0.5:
            continue  # the voice has the tune alone
        out.append(Part(f"strings {number}", strings, tuple(notes), swell=0.4, vibrato=20))
    out.append(Part("basses", CONTRABASS, tuple(n._replace(pitch=max(28, n.pitch - 12)) for n in lines[3]), swell=0.3))
    if rng.random() < 0.6:
        wind = int(rng.choice([grooves.FLUTE, grooves.OBOE, grooves.CLARINET, HORN]))
        out.append(Part("wind", wind, tuple(voicing.fit(lines[1], 55, 86)), swell=0.5))
    return [part for part in out if part.notes], {"kind": kind, "voice": name}


def _rubato(rng: np.random.Generator, depth: float) -> Callable[[float], float]:
    """Return a map of time that breathes: slow waves that shift moments by up to `depth` seconds, never backwards."""
    waves = [(float(rng.uniform(3.5, 11)), float(rng.uniform(0, 2 * np.pi))) for _ in range(3)]

    def warp(time: float) -> float:
        bend = sum(np.sin(2 * np.pi * time / period + phase) for period, phase in waves) / len(waves)
        return max(0.0, time + depth * float(bend))

    return warp


def _tide(rng: np.random.Generator) -> Callable[[float], float]:
    """Return what all players add to their velocities: they grow loud and soft together, by up to 30."""
    depth, period, phase = rng.uniform(8, 30), rng.uniform(9, 36), rng.uniform(0, 2 * np.pi)
    return lambda moment: float(depth * np.sin(2 * np.pi * moment / period + phase))


def _perform(
    part: Part,
    time: Callable[[float], float],
    tide: Callable[[float], float],
    touch: float,
    rng: np.random.Generator,
) -> Part:
    """Move every note by the common breath and the player's own imprecision; shape loudness in arcs and by the tide."""
    arc, phase = rng.uniform(5, 9), rng.uniform(0, 2 * np.pi)
    notes = []
    for note in part.notes:
        start = max(0.0, time(note.start) + float(rng.normal(0, touch)))
        end = max(start + 0.05, time(note.end) + float(rng.normal(0, touch)))
        shape = tide(note.start) + 9 * np.sin(2 * np.pi * note.start / arc + phase) + rng.normal(0, 4)
        notes.append(Note(start, end, int(np.clip(note.pitch, 12, 115)), int(np.clip(note.velocity + shape, 20, 124))))
    return replace(part, notes=tuple(sorted(notes)))


_INSTRUMENTATION = {"solo": _solo, "chamber": _chamber, "symphony": _symphony, "opera": _opera}
