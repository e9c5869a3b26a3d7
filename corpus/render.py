"""Render the corpus: `python -m corpus.render --out DIR --split train --per-genre 160 --mutopia DIR`.

Deterministic by seed, parallel, resumable: a clip that is in the manifest is not made again; one that fails is
written to failures.jsonl and the run goes on. labels.csv lists the manifest when the run begins and when it ends.
"""

import argparse
import csv
import hashlib
import json
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from corpus import bands, classical, drums, rhythm, speech, studio, works
from corpus.bands import STYLES
from corpus.grooves import BRUSH, JAZZ_KIT, VOICE_HIGH, VOICE_SPOKEN
from corpus.score import Part, Score, excerpt
from corpus.synth import Synth
from corpus.voice import Singer, sing
from genre.labels import CCMUSIC16

log = logging.getLogger(__name__)

GENRES = (*classical.GENRES, *STYLES)  # of both taxonomies
CLIP_SECONDS = 30.0
LEAD_IN = 1.0  # seconds rendered before the clip so that it begins in the middle of sound
ATTEMPTS = 6
FONTS = {
    "FluidR3_GM": (Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"), "MIT"),
    "TimGM6mb": (Path("/usr/share/sounds/sf2/TimGM6mb.sf2"), "GPL-2"),
    "MuseScore_General": (Path("/usr/share/sounds/sf3/MuseScore_General_Full.sf3"), "MIT"),
}
SPLIT_FONTS = {
    "train": {"FluidR3_GM": 0.6, "TimGM6mb": 0.4},
    "validation": {"FluidR3_GM": 0.6, "TimGM6mb": 0.4},
    "test": {"MuseScore_General": 1.0},  # never heard in training
    "examples": {"FluidR3_GM": 1.0},
}


@dataclass(frozen=True)
class Job:
    """One clip to be made."""

    genre: str
    split: str
    index: int
    seed: int
    seconds: float
    out: Path
    mutopia: Path

    @property
    def name(self) -> str:
        """Return the clip's path in the corpus."""
        return f"{self.genre}/{self.split}_{self.seed}_{self.index:05d}.flac"


_synths: dict[str, Synth] = {}
_catalogues: dict[Path, list[works.Work]] = {}


def clip_seed(job: Job, attempt: int) -> int:
    """Return the seed of a clip; other splits, genres, indices and attempts have other seeds."""
    text = f"{job.seed}/{job.split}/{job.genre}/{job.index}/{attempt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def compose(job: Job, seed: int) -> tuple[Score, float, dict[str, object]]:
    """Write the music: the score around the clip, the moment in it where the clip begins, and what was chosen."""
    length = job.seconds + LEAD_IN
    if job.genre in classical.GENRES:
        if job.mutopia not in _catalogues:
            _catalogues[job.mutopia] = works.catalogue(job.mutopia)
        piece = classical.plan(job.genre, seed, _catalogues[job.mutopia], job.split)
        score, chosen = classical.arrange(piece, length)
        return score, LEAD_IN, {**piece.facts(), **chosen}
    song = bands.plan(job.genre, seed)
    with tempfile.TemporaryDirectory() as folder:
        score = bands.arrange(song, bands.accompany(song, Path(folder)))
    latest = max(0.0, dict(score.marks)["end"] - length)
    start = float(np.random.default_rng([seed, 3]).uniform(0, latest))
    facts = song.facts() | {"licence": "generated", "from": round(start, 1), "group": f"band-{seed}"}
    return excerpt(score, start, length), LEAD_IN, facts


def stems(score: Score, seconds: float, synth: Synth, genre: str, seed: int) -> dict[str, np.ndarray]:
    """Play and sing the score; one sound per stem."""
    rng = np.random.default_rng([seed, 4])
    out: dict[str, np.ndarray] = {}
    for stem in studio.STEMS:
        parts = [part for part in score.parts if part.stem == stem]
        played = [part for part in parts if part.program >= 0]
        sounds = [synth.render(played, seconds)] if played else []
        for part in parts:
            if part.program == VOICE_SPOKEN:
                sounds.append(speech.rap(part.notes, seconds, rng))
            elif part.program < 0:
                sounds.append(sing(part.notes, seconds, singer(part, genre, rng), rng))
            elif part.drums and part.program not in (BRUSH, JAZZ_KIT):
                shells = drums.play(part.notes, seconds, rng)
                gain = rng.uniform(0.2, 1.2) * float(sounds[0].std()) / max(1e-6, float(shells.std()))
                sounds.append(shells * np.float32(gain))
        if sounds:
            out[stem] = np.sum(sounds, axis=0)
    return out


def singer(part: Part, genre: str, rng: np.random.Generator) -> Singer:
    """Cast a voice for the genre."""
    female = part.program == VOICE_HIGH
    if genre in classical.GENRES:
        return Singer(
            female, vibrato_hz=float(rng.uniform(5, 6.8)), vibrato_cents=float(rng.uniform(55, 110)),
            vibrato_delay=float(rng.uniform(0.05, 0.2)), glide=float(rng.uniform(0.06, 0.12)), breath=0.02,
            effort=float(rng.uniform(0.7, 1.0)), ring=float(rng.uniform(8, 16)), consonants=0.3,
        )  # fmt: skip
    style = STYLES[genre]
    effort = float(rng.uniform(*style.effort))
    return Singer(
        female, vibrato_hz=float(rng.uniform(4.8, 6.2)), vibrato_cents=float(rng.uniform(*style.vibrato)),
        vibrato_delay=float(rng.uniform(0.25, 0.6)), glide=float(rng.uniform(0.03, 0.12)),
        breath=float(rng.uniform(0.02, 0.25) * (1.2 - effort)), effort=effort, ring=float(rng.uniform(0, 5)),
        consonants=float(rng.uniform(0.4, 0.9)),
    )  # fmt: skip


def production(genre: str, seed: int) -> studio.Session:
    """Draw the production of a clip."""
    rng = np.random.default_rng([seed, 5])
    if genre in classical.GENRES:
        return studio.session(rng, {"backing": 0.0, "lead": float(rng.uniform(1, 7))}, hall=True)
    style = STYLES[genre]
    levels = {
        "drums": float(rng.uniform(*style.drums_db) + 2.5), "bass": float(rng.uniform(-2, 4)),
        "guitars": float(rng.uniform(-3, 1) + style.drive[1] / 12), "backing": float(rng.uniform(-6, -1.5)),
        "lead": float(rng.uniform(*style.lead_db)),
    }  # fmt: skip
    pump = float(rng.uniform(3, 10)) if rng.random() < style.pump else 0.0
    swept = max(style.sweep, style.club / 2)
    sweep = float(rng.uniform(8, 40)) if swept and rng.random() < swept else 0.0
    return studio.session(rng, levels, drive=float(rng.uniform(*style.drive)), pump=pump, sweep=sweep)


def record(
    job: Job, seed: int, rate: int = studio.OUTPUT_RATE, keep: Collection[str] = studio.STEMS
) -> tuple[np.ndarray, dict[str, object]]:
    """Make the sound (float32 mono [n] at `rate`) and its row of the manifest; ValueError where it is mostly silent.

    `keep` says which stems are heard.
    """
    score, start, facts = compose(job, seed)
    score = replace(score, parts=tuple(part for part in score.parts if part.stem in keep))
    fonts = SPLIT_FONTS[job.split]
    font = str(np.random.default_rng([seed, 6]).choice(list(fonts), p=list(fonts.values())))
    if font not in _synths:
        _synths[font] = Synth(FONTS[font][0])
    sounds = stems(score, start + job.seconds, _synths[font], job.genre, seed)
    plan = production(job.genre, seed)
    kicks = [n.start for p in score.parts if p.stem == "drums" for n in p.notes if n.pitch in rhythm.KICKS]
    sound = studio.produce(sounds, plan, kicks, np.random.default_rng([seed, 8]), rate)
    sound = sound[round(start * rate) :]
    _check(sound, rate)
    row = {
        "path": job.name, "genre": job.genre, "split": job.split, "seed": seed, "seconds": round(len(sound) / rate, 2),
        "group": facts.pop("group"), "licence": facts.pop("licence"), "font": font, "font_licence": FONTS[font][1],
        "music": facts, "studio": plan.facts(), "parts": [f"{p.name}:{p.program}:{p.stem}" for p in score.parts],
    }  # fmt: skip
    return sound, row


def make(job: Job) -> dict[str, object]:
    """Write one clip and return its row of the manifest; raises what went wrong at the last attempt."""
    began = time.perf_counter()
    for attempt in range(ATTEMPTS):
        try:
            sound, row = record(job, clip_seed(job, attempt))
            break
        except (ValueError, RuntimeError, OSError, EOFError, KeyError, IndexError):
            if attempt == ATTEMPTS - 1:
                raise
    path = job.out / job.name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    soundfile.write(part, sound, studio.OUTPUT_RATE, format="FLAC", subtype="PCM_16")
    part.replace(path)
    return {**row, "attempt": attempt, "took": round(time.perf_counter() - began, 2)}


def _check(sound: np.ndarray, rate: int) -> None:
    """Refuse clips that are not finite or mostly silent."""
    if not np.isfinite(sound).all():
        raise ValueError("The mix is not finite.")
    tenth = rate // 10
    frames = sound[: len(sound) // tenth * tenth].reshape(-1, tenth)
    loud = np.sqrt(np.mean(frames**2, axis=1))
    if np.mean(loud > 0.003) < 0.75:
        raise ValueError("The clip is mostly silent.")


def _guarded(job: Job) -> tuple[Job, dict[str, object] | str]:
    try:
        return job, make(job)
    except Exception as error:  # one failing clip never stops the run
        return job, f"{type(error).__name__}: {error}"


def manifest_rows(out: Path) -> list[dict[str, Any]]:
    """Return the manifest's rows; a last line that a kill tore is cut off, so that its clip is made again."""
    manifest = out / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True) if manifest.exists() else []
    rows = [json.loads(line) for line in lines[:-1]]
    for line in lines[-1:]:
        try:
            if not line.endswith(b"\n"):
                raise ValueError("The line has no end.")
            rows.append(json.loads(line))
        except ValueError as error:
            log.warning("%s: its last line is cut off, and the clip made again: %s", manifest, error)
            os.truncate(manifest, manifest.stat().st_size - len(line))
    return rows


def write_labels(out: Path) -> None:
    """Write labels.csv anew, in one step, from the manifest."""
    part = out / "labels.part"
    with part.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("path", "label", "split", "group"))
        table.writerows((row["path"], row["genre"], row["split"], row["group"]) for row in manifest_rows(out))
    part.replace(out / "labels.csv")


def jobs(args: argparse.Namespace) -> Iterator[Job]:
    """Return the clips that are not in the manifest yet, genre after genre within each index."""
    done = {row["path"] for row in manifest_rows(args.out)}
    for index in range(args.per_genre):
        for genre in args.genres:
            job = Job(genre, args.split, index, args.seed, args.seconds, args.out, args.mutopia)
            if job.name not in done:
                yield job


def main() -> None:
    """Parse the command line and render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for clips and manifest")
    parser.add_argument("--mutopia", type=Path, required=True, help="folder of MIDI files and labels.csv")
    parser.add_argument("--split", choices=list(SPLIT_FONTS), default="train")
    parser.add_argument("--per-genre", type=int, default=160)
    parser.add_argument("--seconds", type=float, default=CLIP_SECONDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--genres", nargs="+", choices=GENRES, default=list(CCMUSIC16.ids))
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    args.out.mkdir(parents=True, exist_ok=True)
    write_labels(args.out)
    todo = list(jobs(args))
    log.info("%d clips to make in %s", len(todo), args.out)
    try:
        _make_all(todo, args)
    finally:
        write_labels(args.out)


def _make_all(todo: list[Job], args: argparse.Namespace) -> None:
    context = multiprocessing.get_context("spawn")
    with (
        context.Pool(args.jobs) as pool,
        (args.out / "manifest.jsonl").open("a", encoding="utf-8", buffering=1) as manifest,
        (args.out / "failures.jsonl").open("a", encoding="utf-8", buffering=1) as failures,
    ):
        for number, (job, result) in enumerate(pool.imap(_guarded, todo), 1):
            if isinstance(result, str):
                failures.write(json.dumps({"path": job.name, "error": result}) + "\n")
                log.warning("%s failed: %s", job.name, result)
                continue
            manifest.write(json.dumps(result, ensure_ascii=False) + "\n")
            if number % 32 == 0:
                log.info("%d of %d clips", number, len(todo))


if __name__ == "__main__":
    main()
