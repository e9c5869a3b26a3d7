"""The music maker: what it composes is decided by the seed, stays within the style, and no work is in two splits."""

import csv
import json
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from corpus import (
    bands,
    classical,
    device,
    drums,
    grooves,
    harmony,
    melody,
    real,
    render,
    rhythm,
    speech,
    studio,
    voice,
    voicing,
    works,
)
from corpus.score import Note, Part, Score, excerpt, read_midi
from corpus.synth import SAMPLE_RATE, event_list
from genre.labels import ACOUSTICSENSE16, CCMUSIC16

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MUTOPIA_FIELDS = ("file", "label", "licence", "style", "instrument", "composer", "title", "source_path", "seconds")
TICKS = 192


def midi(
    path: Path, tracks: dict[str, list[tuple[float, float, int]]], *, marks: Sequence[float] = (), program: int = 0
):
    """Write notes given as (start, end, pitch) in seconds at 120 quarter notes a minute; drums go to channel 10."""
    file = mido.MidiFile(ticks_per_beat=TICKS)
    meta = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    last = 0
    for number, at in enumerate(marks):
        name = "end" if number == len(marks) - 1 else str(number)
        meta.append(mido.MetaMessage("marker", text=name, time=round(at * 2 * TICKS) - last))
        last = round(at * 2 * TICKS)
    file.tracks.append(meta)
    for channel, (name, notes) in enumerate(tracks.items()):
        drums = name == "Drum"
        channel = 9 if drums else channel
        events = [(start, 1, pitch, 80) for start, _, pitch in notes] + [(end, 0, pitch, 0) for _, end, pitch in notes]
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        track.append(mido.Message("program_change", channel=channel, program=program))
        tick = 0
        for at, _, pitch, velocity in sorted(events):
            now = round(at * 2 * TICKS)
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=velocity, time=now - tick))
            tick = now
        file.tracks.append(track)
    file.save(path)


def piano_piece(path: Path, seconds: float = 60.0) -> None:
    """Write four-part chords, a melody on top and a bass below."""
    tune = [(t, t + 0.45, 72 + int(5 * np.sin(t))) for t in np.arange(0, seconds, 0.5)]
    chord = [(t, t + 0.95, pitch) for t in np.arange(0, seconds, 1.0) for pitch in (60, 64, 67)]
    low = [(t, t + 1.9, 40 + int(t) % 5) for t in np.arange(0, seconds, 2.0)]
    midi(path, {"up": tune + chord, "down": low})


# ── harmony and melody ─────────────────────────────────────────────────────────────────────────────────────────────


def test_chords_are_spelt_and_sound_as_named():
    assert harmony.Chord(2, "m7").name == "Dm7"
    assert harmony.Chord(2, "m7").tones == (2, 5, 9, 0)
    assert harmony.Chord(7, "").tones == (7, 11, 2)


@pytest.mark.parametrize("mood", harmony.PROGRESSIONS)
def test_every_progression_can_be_played_and_transposes(mood):
    for spelt in harmony.PROGRESSIONS[mood]:
        assert len(spelt.split()) in (4, 8, 12)
    in_c = harmony.progression(mood, 0, np.random.default_rng(3))
    in_e = harmony.progression(mood, 4, np.random.default_rng(3))
    assert [(chord.root + 4) % 12 for chord in in_c] == [chord.root for chord in in_e]
    assert all(chord.tones for chord in in_c)


def test_a_line_stays_in_its_compass_within_the_section_and_breathes():
    chords = [harmony.Chord(root, "") for root in (0, 5, 7, 0)] * 2
    scale = harmony.scale("bright", 0)
    notes = melody.line(chords, 10.0, 2.0, 4, scale, (60, 76), 2.0, np.random.default_rng(1))
    assert len(notes) > 12
    assert all(58 <= note.pitch <= 78 and 10.0 <= note.start < note.end <= 26.5 for note in notes)
    assert all(note.pitch % 12 in {*scale, *(tone for chord in chords for tone in chord.tones)} for note in notes)
    runs = melody.line(chords, 10.0, 2.0, 4, scale, (60, 76), 1.0, np.random.default_rng(1), melisma=1.0)
    assert len(runs) > len(melody.line(chords, 10.0, 2.0, 4, scale, (60, 76), 1.0, np.random.default_rng(1)))
    for phrase_end in (18.0, 26.0):  # the last beat of each four bars is silent
        assert not [note for note in notes if phrase_end - 0.5 <= note.start < phrase_end]


def test_the_second_voice_is_a_third_below():
    scale = harmony.scale("bright", 0)
    tune = [Note(0, 1, pitch, 90) for pitch in (60, 62, 64, 65, 67, 69, 71)]
    gaps = [high.pitch - low.pitch for high, low in zip(tune, melody.third_below(tune, scale), strict=True)]
    assert set(gaps) <= {3, 4}


# ── bands ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_genre_of_the_taxonomies_is_covered_once():
    assert sorted((*classical.GENRES, *grooves.STYLES)) == sorted(CCMUSIC16.ids)
    assert sorted(grooves.COMPATIBLE) == sorted(CCMUSIC16.ids)
    played = {genre for genres in grooves.COMPATIBLE.values() for genre in genres} | set(grooves.MORE_STYLES)
    assert played == set(ACOUSTICSENSE16.ids)
    assert len(bands.STYLES) == len(grooves.STYLES) + len(grooves.MORE_STYLES) + len(grooves.COARSE_STYLES)
    assert set(grooves.COARSE) == set(grooves.COARSE_STYLES)
    assert set(grooves.COARSE.values()) <= set(real.GROUPS) & set(ACOUSTICSENSE16.ids)


@pytest.mark.parametrize("genre", bands.STYLES)
def test_plans_follow_the_seed_and_stay_within_the_style(genre):
    style = bands.STYLES[genre]
    plans = [bands.plan(genre, seed) for seed in range(40)]
    assert plans == [bands.plan(genre, seed) for seed in range(40)]
    assert len({(plan.groove, plan.tempo, plan.key, plan.lead) for plan in plans}) > 30
    for plan in plans:
        assert style.tempo[0] <= plan.tempo <= style.tempo[1]
        assert plan.groove in style.grooves
        assert plan.lead in style.leads
        assert sum(len(section.chords) for section in plan.sections) >= 24


def test_ballads_are_slower_than_dance_and_acoustic_pop_often_has_no_drums():
    def tempo(genre: str) -> float:
        return float(np.mean([bands.plan(genre, seed).tempo for seed in range(60)]))

    def drums(genre: str) -> float:
        return float(np.mean([bands.plan(genre, seed).drums for seed in range(60)]))

    assert tempo("pop_vocal_ballad") + 35 < tempo("contemporary_dance_pop")
    assert drums("acoustic_pop") < 0.6 < drums("dance_pop")


def test_mma_text_has_a_marker_before_each_section_and_a_chord_a_bar():
    plan = bands.plan("soft_rock", 5)
    lines = bands.mma_text(plan).splitlines()
    assert lines[1:3] == [f"Tempo {plan.tempo}", f"Groove {plan.groove}"]
    marks = [line for line in lines if line.startswith("MidiMark")]
    assert marks == [f"MidiMark {number}" for number in range(len(plan.sections))] + ["MidiMark end"]
    assert len(lines) == 3 + len(marks) + sum(len(section.chords) for section in plan.sections)


@pytest.fixture
def backing(tmp_path):
    """Return what MMA would write for a plan: drums, bass and chords through marked sections."""

    def play(plan: bands.BandPlan) -> Score:
        bar = 240 / plan.tempo
        edges = np.cumsum([0, *(len(section.chords) * bar for section in plan.sections)])
        beats = np.arange(0, edges[-1] - 0.1, 60 / plan.tempo)
        tracks = {
            "Chord": [(t, t + 0.3, pitch) for t in beats for pitch in (60, 64, 67)],
            "Bass": [(t, t + 0.3, 36) for t in beats],
            "Drum": [(t, t + 0.1, pitch) for t in beats for pitch in (36, 42)],
        }
        midi(tmp_path / "song.mid", tracks, marks=[float(edge) for edge in edges])
        return read_midi(tmp_path / "song.mid")

    return play


def stem(score: Score, name: str) -> list[Note]:
    return [note for part in score.parts if part.stem == name for note in part.notes]


def seeded(genre: str, **wanted: object) -> bands.BandPlan:
    """Return the first plan of the genre in which these choices fell."""
    for seed in range(2000):
        plan = bands.plan(genre, seed)
        if all(getattr(plan, name) == value for name, value in wanted.items()):
            return plan
    raise AssertionError(f"No seed gives {wanted}.")


def test_arranging_is_decided_by_the_plan(backing):
    plan = bands.plan("soul_or_r_and_b", 11)
    assert bands.arrange(plan, backing(plan)) == bands.arrange(plan, backing(plan))


def test_drums_rest_where_the_plan_says_and_everywhere_without_a_drummer(backing):
    plan = next(
        p for s in range(500) if (p := bands.plan("classic_indie_pop", s)).drums and p.silent == ("intro",)
        and p.sections[0].name == "intro"
    )  # fmt: skip
    score = bands.arrange(plan, backing(plan))
    verse = dict(score.marks)["1"]
    hits = stem(score, "drums")
    assert hits
    assert min(note.start for note in hits) >= verse - 0.01
    alone = replace(plan, drums=False)
    assert stem(bands.arrange(alone, backing(alone)), "drums") == []


def test_power_chords_go_to_the_amplifier_and_hold_the_fifth(backing):
    plan = seeded("uplifting_anthemic_rock", wall=True, wall_in_verse=True)
    score = bands.arrange(plan, backing(plan))
    walls = [part for part in score.parts if part.name.startswith("wall")]
    assert len(walls) == 2
    assert all(part.stem == "guitars" for part in walls)
    assert walls[0].cents == -walls[1].cents != 0
    first = min(note.start for note in walls[0].notes)
    pitches = sorted(note.pitch for note in walls[0].notes if note.start == first)
    assert pitches[1] - pitches[0] == 7


def test_a_skank_plays_short_chords_off_the_beat(backing):
    spans = [rhythm.Span("verse", 0.0, 4.0, harmony.progression("soft", 0, np.random.default_rng(0))[:2])]
    part = rhythm.skank(spans, 120, grooves.CLEAN)
    assert {round(note.start % 0.5, 3) for note in part.notes} == {0.25}
    assert all(note.end - note.start < 0.2 for note in part.notes)


def test_club_music_has_a_kick_on_every_beat_and_builds_without_claps():
    chords = (harmony.Chord(0, "m"),) * 4
    spans = [rhythm.Span("build", 0.0, 8.0, chords), rhythm.Span("chorus", 8.0, 16.0, chords)]
    parts = rhythm.club(spans, 120, grooves.ELECTRONIC, grooves.SYNTH_BASS, np.random.default_rng(0))
    drums = next(part for part in parts if part.drums).notes
    kicks = [note.start for note in drums if note.pitch == rhythm.KICK]
    assert kicks == pytest.approx(list(np.arange(0, 16, 0.5)))
    backbeat = [n for n in drums if n.pitch in (rhythm.CLAP, rhythm.SNARE)]
    assert not [n for n in backbeat if n.start < 8 and n.pitch == rhythm.CLAP]
    assert len(rhythm.club(spans, 120, None, grooves.SYNTH_BASS, np.random.default_rng(0))) == 1  # drumless


# ── scores ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_midi_seconds_follow_tempo_changes_and_a_key_struck_again_ends_its_note(tmp_path):
    file = mido.MidiFile(ticks_per_beat=100)
    file.tracks.append(
        mido.MidiTrack(
            [mido.MetaMessage("set_tempo", tempo=1_000_000), mido.MetaMessage("set_tempo", tempo=500_000, time=200)]
        )
    )
    file.tracks.append(
        mido.MidiTrack(
            [
                mido.Message("program_change", program=42),
                mido.Message("note_on", note=60, velocity=70, time=100),
                mido.Message("note_on", note=60, velocity=90, time=200),
                mido.Message("note_off", note=60, time=100),
            ]
        )
    )
    file.save(tmp_path / "t.mid")
    (part,) = read_midi(tmp_path / "t.mid").parts
    assert part.program == 42
    assert part.notes == (Note(1.0, 2.5, 60, 70), Note(2.5, 3.0, 60, 90))


def test_an_excerpt_shortens_what_hangs_over_its_edges():
    score = Score((Part("a", 0, (Note(0, 3, 60, 80), Note(4, 9, 62, 80), Note(9.5, 10, 64, 80))),), (("0", 4.0),))
    cut = excerpt(score, 2.0, 5.0)
    assert cut.parts[0].notes == (Note(0, 1, 60, 80), Note(2, 5, 62, 80))
    assert cut.marks == (("0", 2.0),)


def test_events_end_notes_before_they_begin_others_and_drums_have_their_channel():
    parts = [Part("a", 5, (Note(0, 1, 60, 80), Note(1, 2, 60, 80))), Part("d", 16, (Note(0, 1, 36, 99),), drums=True)]
    events = event_list(parts)
    at_one = [name for time, _, name, _ in events if time == 1.0]
    assert at_one == ["fluid_synth_noteoff", "fluid_synth_noteoff", "fluid_synth_noteon"]
    assert (9, 36, 99) in [arguments for *_, arguments in events]


# ── classical works ────────────────────────────────────────────────────────────────────────────────────────────────


def test_top_and_bottom_lines_of_chords():
    notes = [Note(0, 2, 60, 80), Note(0, 2, 72, 80), Note(0, 2, 48, 80), Note(1, 2, 74, 80)]
    assert [(n.start, n.end, n.pitch) for n in voicing.skyline(notes)] == [(0, 1, 72), (1, 2, 74)]
    assert voicing.bass(notes)[0].pitch == 48
    assert voicing.polyphony(notes) == pytest.approx(3.5, abs=0.1)


def test_voices_share_out_every_note_from_high_to_low():
    chord = [Note(0, 1, pitch, 80) for pitch in (48, 55, 60, 64, 72)]
    voices = voicing.lines([Part("p", 0, tuple(chord))], 4)
    assert sorted({note for line in voices for note in line}) == sorted(chord)
    assert voices[0][0].pitch == 72
    assert voices[3][0].pitch == 48


def test_fitting_keeps_pitch_classes_and_the_compass():
    line = [Note(i, i + 1, 20 + 7 * i, 80) for i in range(12)]
    fitted = voicing.fit(line, 55, 80)
    assert all(55 <= note.pitch <= 80 for note in fitted)
    assert [note.pitch % 12 for note in fitted] == [note.pitch % 12 for note in line]


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Write a small collection with the real one's columns; every file holds the same piece."""
    folder = tmp_path_factory.mktemp("collection")
    piano_piece(folder / "piece.mid")
    rows = []
    labels = ["Solo"] * 30 + ["Chamber"] * 20 + ["Vocal/choral"] * 20 + ["Opera?"] * 10 + ["Symphony"] * 8
    for number, label in enumerate(labels):
        licence = "Public Domain" if number % 3 else "Creative Commons Attribution-ShareAlike 3.0"
        opus = number // 2 * 2  # two movements to each opus folder
        rows.append(
            (f"{number}.mid", label, licence, "", "Piano", f"Composer{number % 7}", f"Piece {opus}, no. {number % 2}",
             f"ftp/Composer{number % 7}/O{number}/x.ly", "60.0")
        )  # fmt: skip
        shutil.copy(folder / "piece.mid", folder / f"{number}.mid")
    rows.append(("none.mid", "Solo", works.NO_LICENCE, "", "Piano", "A", "B", "ftp/A/B/b.ly", "60.0"))
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([MUTOPIA_FIELDS, *rows])
    return folder


def test_no_work_is_in_two_splits_and_every_kind_is_in_each(collection):
    listed = works.catalogue(collection)
    assert len(listed) == 88  # the file without a licence is left out
    seen: dict[str, set[str]] = {}
    for work in listed:
        seen.setdefault(work.group, set()).add(work.split)
    assert all(len(splits) == 1 for splits in seen.values())
    for label in works.LABELS:
        assert {w.split for w in listed if w.label == label} == {"train", "validation", "test", "examples"}
    assert all(work.shippable for work in listed if work.split == "examples")
    assert [work.split for work in works.catalogue(collection)] == [work.split for work in listed]


def test_movements_and_numbers_of_one_opus_are_one_group():
    rows = [
        ("HaydnFJ", "String Quartet in B-flat: 1. Presto", "ftp/HaydnFJ/O1/op1_1/a.ly"),
        ("HaydnFJ", "Something else", "ftp/HaydnFJ/O1/op1_2/b.ly"),
        ("HaydnFJ", "Something else (2nd edition)", "ftp/HaydnFJ/new/c.ly"),
        ("MozartWA", "String Quartet in B-flat", "ftp/MozartWA/KV1/d.ly"),
    ]
    first, second, third, other = works.group_names(rows)
    assert first == second == third != other


@pytest.mark.parametrize("genre", classical.GENRES)
def test_classical_clips_are_orchestrated_as_their_genre(genre, collection):
    listed = works.catalogue(collection)
    for seed in range(6):
        plan = classical.plan(genre, seed, listed, "test")
        assert plan.work.split == "test"
        score, chosen = classical.arrange(plan, 20.0)
        assert (score, chosen) == classical.arrange(plan, 20.0)
        assert all(0 <= note.start < note.end <= 21.0 for part in score.parts for note in part.notes)
        programs = [part.program for part in score.parts]
        if genre == "solo":
            assert len(programs) == 1
        elif genre == "chamber":
            assert sorted(programs) == sorted(classical.ENSEMBLES[str(chosen["ensemble"])])
        elif genre == "symphony":
            assert len(set(programs)) >= 5
        else:
            assert [part for part in score.parts if part.stem == "lead" and part.program < 0]


def test_all_players_of_a_classical_clip_grow_loud_and_soft_together(collection):
    """Each plays arcs of their own, too: without what is common the parts' loudness is unrelated."""
    listed, related = works.catalogue(collection), []
    for seed in range(8):
        score, _ = classical.arrange(classical.plan("symphony", seed, listed, "test"), 20.0)
        parts = [p for p in score.parts if {int(n.start) // 2 for n in p.notes} >= set(range(10))]
        swells = [
            [np.mean([n.velocity for n in part.notes if int(n.start) // 2 == at]) for at in range(10)] for part in parts
        ]
        if len(swells) > 1:
            pairs = np.corrcoef(swells)[np.triu_indices(len(swells), 1)]
            related.append(np.nanmean(pairs))
    assert len(related) >= 4
    assert np.mean(related) > 0.4


# ── the singer ─────────────────────────────────────────────────────────────────────────────────────────────────────


def spectrum_peak(sound: np.ndarray, low: float, high: float) -> float:
    """Return the strongest frequency in Hz between two."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    inside = (frequencies > low) & (frequencies < high)
    return float(frequencies[inside][np.argmax(power[inside])])


@pytest.mark.parametrize(("female", "pitch"), [(True, 69), (True, 60), (False, 50)])
def test_the_singer_hits_the_note_and_is_silent_in_rests(female, pitch):
    singer = voice.Singer(female, vibrato_cents=0.0, consonants=0.0, breath=0.01)
    sound = voice.sing([Note(0.5, 2.5, pitch, 100)], 4.0, singer, np.random.default_rng(2))
    expected = 440 * 2 ** ((pitch - 69) / 12)
    middle = sound[SAMPLE_RATE : 2 * SAMPLE_RATE]
    assert spectrum_peak(middle, expected * 0.8, expected * 1.2) == pytest.approx(expected, rel=0.02)
    assert np.abs(sound[: int(0.45 * SAMPLE_RATE)]).max() < 0.01 * np.abs(middle).max()
    assert np.abs(sound[3 * SAMPLE_RATE :]).max() < 0.01 * np.abs(middle).max()


def test_an_opera_singer_swings_wider_and_rings_near_three_kilohertz():
    plain = voice.Singer(False, vibrato_cents=0.0, consonants=0.0, breath=0.0, effort=0.9)
    opera = replace(plain, vibrato_cents=100.0, vibrato_delay=0.0, ring=14.0)
    notes = [Note(0, 3, 57, 100)]
    sounds = [voice.sing(notes, 3.0, singer, np.random.default_rng(4)) for singer in (plain, opera)]

    def band(sound: np.ndarray, low: float, high: float) -> float:
        power = np.abs(np.fft.rfft(sound)) ** 2
        frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
        return float(power[(frequencies > low) & (frequencies < high)].sum())

    assert band(sounds[1], 2400, 3400) / band(sounds[1], 100, 1000) > 4 * band(sounds[0], 2400, 3400) / band(
        sounds[0], 100, 1000
    )

    def width(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound)) ** 2
        frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
        near = (frequencies > 190) & (frequencies < 255)  # A3 is 220 Hz
        mean = np.average(frequencies[near], weights=power[near])
        return float(np.sqrt(np.average((frequencies[near] - mean) ** 2, weights=power[near])))

    assert width(sounds[1]) > 2 * width(sounds[0])


# ── the studio and the run ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_studio_keeps_length_and_peak_ducks_to_the_kick_and_distorts_guitars_only():
    rng = np.random.default_rng(0)
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.2 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
    dry = replace(
        studio.session(rng, {}, drive=35.0), wet=0.0, lead_wet=0.0, saturation=-30.0, threshold=0.0, ratio=1.0,
        noise=-120.0, way="none", tilt=0.0, low=0.0, peak=-6.0,
        mastering=0.0, doubling=0.0, echo=0.0,
    )  # fmt: skip

    def produce(name: str, plan: studio.Session, kicks: Sequence[float] = ()) -> np.ndarray:
        return studio.produce({name: tone}, plan, kicks, np.random.default_rng(1))

    clean, amplified = produce("backing", dry), produce("guitars", dry)
    assert len(clean) == 4 * studio.OUTPUT_RATE
    assert np.abs(clean).max() == pytest.approx(10 ** (-6 / 20), rel=1e-3)
    np.testing.assert_array_equal(clean, produce("backing", dry))

    def third_harmonic(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        return float(power[660 * 4] / power[220 * 4])

    assert third_harmonic(amplified) > 0.1 > third_harmonic(clean)
    pumped = produce("backing", replace(dry, pump=10.0), kicks=[2.0])

    def level(sound: np.ndarray, at: float) -> float:
        return float(np.sqrt(np.mean(sound[int(at * studio.OUTPUT_RATE) :][:500] ** 2)))

    assert level(pumped, 2.02) < 0.6 * level(pumped, 1.9)
    assert level(clean, 2.02) == pytest.approx(level(clean, 1.9), rel=0.05)


def octaves(sound: np.ndarray) -> np.ndarray:
    """Return the mean power in dB of the octaves from 125 Hz to 8 kHz."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    bands_ = [(f / 2**0.5 <= frequencies) & (frequencies < f * 2**0.5) for f in 125 * 2.0 ** np.arange(7)]
    return np.array([10 * np.log10(power[band].mean()) for band in bands_])


def test_mastering_brings_white_noise_to_the_slope_of_records():
    white = np.random.default_rng(0).standard_normal(4 * SAMPLE_RATE).astype(np.float32)
    np.testing.assert_allclose(np.diff(octaves(studio._mastered(white, 5.0, 1.0)))[:2], -5.0, atol=1.0)
    np.testing.assert_allclose(np.diff(octaves(studio._mastered(white, 2.0, 1.0))), -2.0, atol=0.7)
    np.testing.assert_allclose(studio._mastered(white, 5.0, 0.0), white, atol=1e-4)


def test_a_sweep_darkens_and_brightens_the_mix():
    white = np.random.default_rng(0).standard_normal(8 * SAMPLE_RATE).astype(np.float32)
    swept = studio._swept(white, 8.0, 0.0)  # open after 2 s, closed after 6 s
    bright = [octaves(swept[second * SAMPLE_RATE : (second + 1) * SAMPLE_RATE])[-1] for second in (2, 6)]
    assert bright[0] > bright[1] + 20


@pytest.mark.parametrize("way", device.WAYS)
def test_every_way_to_a_device_keeps_the_length_and_is_the_same_twice(way):
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 12_000 * time)).astype(np.float32)
    sounds = [device.hand_over(tone, way, 0.3, np.random.default_rng(2)) for _ in range(2)]
    np.testing.assert_array_equal(*sounds)
    assert sounds[0].dtype == np.float32
    assert len(sounds[0]) == len(tone)
    power = np.abs(np.fft.rfft(sounds[0]))
    kept = power[12_000 * 2] / power[440 * 2] * 3  # of the high tone, against the low one
    assert kept == pytest.approx(1.0, rel=0.01) if way == "none" else kept < (1.3 if way == "mp3" else 0.5)
    assert power[440 * 2] == power.max()


def test_a_room_reverberates():
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[1000] = 0.9
    heard = device.rerecord(click, 1.0, np.random.default_rng(0)) ** 2
    assert heard[1000:1500].sum() > heard[3000:8000].sum() > 3 * heard[30_000:35_000].sum()


def test_the_kit_sounds_where_the_notes_are_kicks_low_and_cymbals_high():
    def centroid(pitch: int) -> float:
        sound = drums.play([Note(0.5, 0.6, pitch, 100)], 2.0, np.random.default_rng(0))
        assert len(sound) == 2 * SAMPLE_RATE
        assert not sound[: SAMPLE_RATE // 2].any()
        assert np.abs(sound).max() > 0.05
        power = np.abs(np.fft.rfft(sound)) ** 2
        return float(np.average(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), weights=power))

    kick, snare, hat, crash = (centroid(pitch) for pitch in (36, 38, 42, 49))
    assert kick < 300 < snare < min(hat, crash)
    assert not drums.play([Note(0.0, 0.1, 70, 100)], 1.0, np.random.default_rng(0)).any()  # a shaker is not in the kit


def test_a_rapper_speaks_where_the_part_has_notes():
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    sound = speech.rap([Note(1.0, 2.0, 60, 100)], 4.0, np.random.default_rng(0))
    again = speech.rap([Note(1.0, 2.0, 60, 100)], 4.0, np.random.default_rng(0))
    np.testing.assert_array_equal(sound, again)
    level = np.sqrt(np.mean(sound.reshape(4, -1) ** 2, axis=1))
    assert level[1] > 0.02
    assert level[0] == level[3] == 0.0


def test_real_recordings_are_split_by_prompt_and_album_and_their_labels_are_sets():
    def row(file: str, text: str, ccmusic: str = "", acousticsense: str = "", origin: str = "ai-generated"):
        return {"file": file, "text": text, "ccmusic16": ccmusic, "acousticsense16": acousticsense, "origin": origin}

    letters = np.random.default_rng(0).choice(list("abcdefghijklmnopqrstuvwxyz"), (40, 12))
    prompts = ["".join(word) for word in letters]
    rows = [row(f"ai/{a}{n}.opus", prompt, acousticsense="Rock") for n, prompt in enumerate(prompts) for a in "ab"]
    rows += [row(f"album{n % 8}/{n}.opus", "", "Dance pop", origin="recorded or produced") for n in range(40)]
    rows += [row(f"twin/{n}.opus", f"Dance music from the 70's {comma} with female vocals", "Dance pop")
             for n, comma in enumerate((" ,", ",", ", and"))]  # fmt: skip
    rows += [row("x/1.opus", "nothing that is known"), row("x/2.opus", "A funk song with horns.")]
    train, held, mapping = real.tables(rows, Path("/music"), CCMUSIC16)
    assert len(train) + len(held) == len(rows) - 1
    assert not {r["group"] for r in train} & {r["group"] for r in held}
    assert len({r["group"] for r in train + held if "twin/" in r["path"]}) == 1
    assert 0.1 < len(held) / len(rows) < 0.45
    rock, funk = "+".join(real.ROCK), "soul_or_r_and_b+dance_pop"
    assert mapping == {rock: real.ROCK, "dance_pop": ("dance_pop",), funk: ("soul_or_r_and_b", "dance_pop")}
    assert all(float(r["weight"]) > 0 for r in train + held)
    sums = {label: sum(float(r["weight"]) for r in train if r["label"] == label) for label in mapping}
    assert sums[rock] == pytest.approx(real.PER_GROUP, rel=0.01)  # each group teaches as much as another
    assert sums["dance_pop"] == pytest.approx(real.PER_GROUP, rel=0.01)
    assert all(float(r["weight"]) <= real.WEIGHT_MAX for r in train + held if r["label"] == funk)
    train, held, mapping = real.tables(rows, Path("/music"), ACOUSTICSENSE16)
    assert mapping == {"rock": ("rock",), "disco": ("disco",), "r_and_b+disco": ("r_and_b", "disco")}
    assert all(0 < float(r["weight"]) <= real.WEIGHT_MAX for r in train + held)  # where no groups are balanced
    assert {genre for ids in real.GROUPS.values() for genre in ids} == set(CCMUSIC16.ids)


def test_a_run_makes_only_what_the_manifest_lacks_and_splits_have_other_seeds(tmp_path):
    args = Namespace(
        out=tmp_path, mutopia=tmp_path, split="train", per_genre=2, seconds=30.0, seed=1, genres=["solo", "teen_pop"]
    )
    everything = list(render.jobs(args))
    assert [(job.genre, job.index) for job in everything] == [
        ("solo", 0), ("teen_pop", 0), ("solo", 1), ("teen_pop", 1)
    ]  # fmt: skip
    (tmp_path / "manifest.jsonl").write_text(json.dumps({"path": everything[1].name}) + "\n")
    assert [job.name for job in render.jobs(args)] == [job.name for i, job in enumerate(everything) if i != 1]
    seeds = {render.clip_seed(replace(job, split=split), attempt)
             for job in everything for split in render.SPLIT_FONTS for attempt in range(2)}  # fmt: skip
    assert len(seeds) == 4 * 4 * 2
    heard = set(render.SPLIT_FONTS["train"]) | set(render.SPLIT_FONTS["validation"])
    assert not heard & set(render.SPLIT_FONTS["test"])


@pytest.mark.parametrize("torn", [b'{"path": "solo/torn.fla', b'{"path": "solo/torn.flac"}', b'{"pa\xe6\n', b""])
def test_a_run_that_was_killed_goes_on_with_a_whole_manifest_and_table(tmp_path, torn):
    row = {"path": "solo/train_1_00000.flac", "genre": "solo", "split": "train", "group": "Bach:音乐"}
    whole = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    (tmp_path / "manifest.jsonl").write_bytes(whole + torn)
    (tmp_path / "labels.csv").write_text("path,label,split,group\n")  # the kill came before the clip's line
    command = [sys.executable, "-m", "corpus.render", "--out", tmp_path, "--mutopia", tmp_path, "--per-genre", "0"]
    done = subprocess.run(command, cwd=EXAMPLES.parent, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "manifest.jsonl").read_bytes() == whole
    assert (tmp_path / "labels.csv").read_text(encoding="utf-8").splitlines() == [
        "path,label,split,group", "solo/train_1_00000.flac,solo,train,Bach:音乐"
    ]  # fmt: skip
    assert ("its last line is cut off" in done.stderr) == bool(torn)


def test_a_clip_is_the_same_twice_and_its_row_says_how_it_was_made(tmp_path):
    if shutil.which("mma") is None or not render.FONTS["FluidR3_GM"][0].exists():
        pytest.skip("MMA, FluidSynth or its SoundFont is not installed")
    job = render.Job("soft_rock", "examples", 3, 9, 4.0, tmp_path, tmp_path)
    row = render.make(job)
    first, rate = soundfile.read(tmp_path / job.name)
    assert rate == 22_050
    assert len(first) == 4 * rate
    assert 0.05 < np.abs(first).max() <= 1.0
    render.make(replace(job, out=tmp_path / "again"))
    np.testing.assert_array_equal(first, soundfile.read(tmp_path / "again" / job.name)[0])
    assert row["font_licence"] == "MIT"
    assert row["music"]["groove"] in grooves.STYLES["soft_rock"].grooves


# ── the bundled examples ───────────────────────────────────────────────────────────────────────────────────────────


def test_there_is_one_short_example_for_each_genre_and_its_source_is_told():
    files = sorted(EXAMPLES.glob("*.mp3"))
    assert [path.stem for path in files] == sorted(CCMUSIC16.ids)
    assert sum(path.stat().st_size for path in files) < 4_000_000
    sources = (EXAMPLES / "SOURCES.md").read_text(encoding="utf-8")
    for path in files:
        sound, rate = soundfile.read(path)
        assert 20 <= len(sound) / rate <= 28
        assert 0.02 < np.sqrt(np.mean(sound**2)) < 0.5
        assert np.abs(sound).max() < 1.0
        assert f"`{path.name}`" in sources
    assert "ShareAlike" not in sources
