"""Fit what tells music from everything else: `python -m corpus.musicality make …`, then `… fit …`.

`make` writes clips of music (rendered, stems of it, plain tunes, freely licensed recordings of `corpus.real`'s training
side) and of what is none (people talking, noises), through codecs, telephones and rooms, with a manifest.csv; clips
that are there are not made again. `fit` hears windows of 2 to 12 s of them, fits a small network over `genre.traits`,
and writes genre/embedded/musicality.json. `benchmarks/not_music.py` measures it on languages, voices, synthesisers and
music that are not in here.
"""

import argparse
import csv
import hashlib
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from corpus import device, noises, real, talk, tunes
from corpus.bands import STYLES
from corpus.classical import GENRES as CLASSICAL
from corpus.render import Job, clip_seed, record
from corpus.synth import SAMPLE_RATE
from genre import audio, settings
from genre.musicality import COEFFICIENTS, LIMIT
from genre.traits import traits

SECONDS = 13.0  # of a clip
LEVELS_DB = (-40.0, -14.0)  # RMS of a clip
# How many clips of each kind; of recordings, so many each. A few stems are silent, and left out.
SPEECH, NOISE, STEMS, TUNES, HOST, RECORDED_EACH = 1_120, 40, 320, 120, 200, 2
TAKEN = 2_000  # of these, in the order of their seeds
BARE: tuple[tuple[str, ...], ...] = (
    ("lead",), ("lead",), ("drums",), ("bass",), ("guitars",), ("backing",), ("lead", "backing"), ("drums", "bass"),
)  # fmt: skip
SPOKEN = ("hip_hop", "rap")  # whose lead alone is speech
NOISY, NOISY_DB = 0.35, (3.0, 40.0)  # share of clips with noise around, and how far below the sound it is
HOST_DB = (-2.0, 12.0)  # by which the music is louder than who talks over it
# What the classes and kinds weigh in the fit; clips of a kind share its weight.
WEIGHTS = {
    "rendered": 0.3, "stems": 0.2, "tune": 0.1, "recorded": 0.3, "host": 0.1, "speech": 0.6, "noise": 0.4,
}  # fmt: skip
LENGTHS = (2.0, 12.0)  # seconds of the windows
WINDOWS = 5  # of a clip
UNITS, PENALTY, ROUNDS = 16, 0.3, 400
FOLDS = 5
KEPT, KEPT_KINDS = 0.998, ("rendered", "stems", "tune", "recorded")  # share of their windows that ends above one half
KEPT_SECONDS = 3.0  # of such windows at least


@dataclass(frozen=True)
class Clip:
    """One clip to be made."""

    kind: str  # of WEIGHTS
    what: str  # file, genre and stems, language or noise
    number: int
    group: str  # never on both sides of a fold

    @property
    def name(self) -> str:
        """Return the clip's file."""
        digest = hashlib.sha256(f"{self.kind}/{self.what}/{self.number}".encode()).hexdigest()[:12]
        return f"{self.kind}/{digest}.flac"

    @property
    def seed(self) -> int:
        """Return the seed of everything random in it."""
        return int(Path(self.name).stem, 16)


def clips(renders: Path, recordings: Path) -> list[Clip]:
    """Return what there is to be made."""
    with (renders / "labels.csv").open(newline="", encoding="utf-8") as file:
        rendered = list(csv.DictReader(file))
    with (recordings / "labels.csv").open(newline="", encoding="utf-8") as file:
        recorded = list(csv.DictReader(file))
    out = [Clip("rendered", str(renders / row["path"]), 0, row["group"]) for row in rendered]
    for row, (group, held_out) in zip(recorded, real.groups(recorded), strict=True):
        if not held_out:
            out += [Clip("recorded", str(recordings / row["file"]), i, group) for i in range(RECORDED_EACH)]
    genres = [genre for genre in (*CLASSICAL, *STYLES) if genre not in SPOKEN]
    for i in range(STEMS):
        bare, genre = BARE[i % len(BARE)], genres[i % len(genres)]
        if genre in CLASSICAL:  # an orchestra's stems are the whole but for the soloist
            bare = ("lead",) if genre == "opera" else ("backing", "lead")
        out.append(Clip("stems", f"{genre}:{'+'.join(bare)}", i, f"stems-{i}"))
    out += [Clip("tune", "tune", i, f"tune-{i}") for i in range(TUNES)]
    # Somebody talks over what was rendered; the same music stays on one side of a fold.
    out += [Clip("host", str(renders / row["path"]), 1, row["group"]) for row in rendered[:HOST]]
    languages = list(talk.TRAIN_TEXTS)
    out += [Clip("speech", languages[i % len(languages)], i, languages[i % len(languages)]) for i in range(SPEECH)]
    out += [Clip("noise", kind, i, f"{kind}-{i}") for kind in noises.KINDS for i in range(NOISE)]
    return out


def sound(clip: Clip, mutopia: Path) -> np.ndarray:
    """Return the clip as a device hands it over: float32 mono [n] at genre's rate. ValueError: too quiet to tell."""
    rng = np.random.default_rng(clip.seed)
    if clip.kind in ("rendered", "recorded", "host"):
        made = _excerpt(Path(clip.what), rng)
        if clip.kind == "host":
            voice = talk.conversation(SECONDS, rng, held_out=False)[: len(made)]
            made[: len(voice)] += voice * np.float32(np.std(made) / 0.1 * 10 ** (-rng.uniform(*HOST_DB) / 20))
    elif clip.kind == "stems":
        made = _stems(clip, mutopia)
    elif clip.kind == "tune":
        made = tunes.tune(SECONDS, rng)
    elif clip.kind == "speech":
        made = talk.conversation(SECONDS, rng, held_out=False, language=clip.what)
    else:
        made = noises.noise(clip.what, SECONDS, rng)
    return handed_over(made, rng, keep_level=clip.what == "room")


def handed_over(made: np.ndarray, rng: np.random.Generator, *, keep_level: bool = False) -> np.ndarray:
    """Put a sound among noise sometimes, send it through a device, and set its level: [n] at 44 100 to 22 050 Hz."""
    level = float(np.std(made))
    if rng.random() < NOISY and not keep_level:
        kind = str(rng.choice([kind for kind in noises.KINDS if kind not in ("beeps", "room")]))
        around = noises.noise(kind, len(made) / SAMPLE_RATE, rng)[: len(made)]
        made = made.copy()
        made[: len(around)] += around * np.float32(level / 0.1 * 10 ** (-rng.uniform(*NOISY_DB) / 20))
    way = str(rng.choice([*device.WAYS, "telephone"]))
    quality = float(rng.random())
    made = device.telephone_line(made) if way == "telephone" else device.hand_over(made, way, quality, rng)
    out = soxr.resample(made, SAMPLE_RATE, settings.SAMPLE_RATE)
    if not keep_level:
        level = float(np.sqrt(np.mean(np.square(out))))
        if level < 1e-5:
            raise ValueError("Next to nothing is left of it.")
        out = out * (10 ** (rng.uniform(*LEVELS_DB) / 20) / level)
        out = out / max(1.0, float(np.abs(out).max()))
    return np.asarray(out, np.float32)


def _excerpt(path: Path, rng: np.random.Generator) -> np.ndarray:
    samples = audio.load(path, clip_seconds=None).samples
    begin = int(rng.integers(0, max(1, len(samples) - round(SECONDS * settings.SAMPLE_RATE))))
    part = samples[begin : begin + round(SECONDS * settings.SAMPLE_RATE)]
    return np.asarray(soxr.resample(part, settings.SAMPLE_RATE, SAMPLE_RATE), np.float32)


def _stems(clip: Clip, mutopia: Path) -> np.ndarray:
    genre, _, keep = clip.what.partition(":")
    job = Job(genre, "train", clip.number, clip.seed, SECONDS, Path(), mutopia)
    for attempt in range(20):  # most of a tune may be rests
        try:
            return record(job, clip_seed(job, attempt), SAMPLE_RATE, keep.split("+"))[0]
        except (ValueError, RuntimeError, OSError, EOFError, KeyError, IndexError) as error:
            reason = error
    raise ValueError(f"{clip.what} is silent: {reason}")


def _make(clip: Clip, out: Path, mutopia: Path) -> str:
    """Write one clip; return what went wrong, or nothing."""
    path = out / clip.name
    if path.exists():
        return ""
    try:
        made = sound(clip, mutopia)
    except Exception as error:  # one failing clip never stops the run
        return f"{clip.kind} {clip.what}: {type(error).__name__}: {error}"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    soundfile.write(part, made, settings.SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    part.replace(path)
    return ""


def make(arguments: argparse.Namespace) -> None:
    """Write the clips and manifest.csv."""
    todo = sorted(clips(arguments.renders, arguments.recordings), key=lambda clip: clip.seed)[:TAKEN]
    work = partial(_make, out=arguments.out, mutopia=arguments.mutopia)
    with multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool:
        for number, problem in enumerate(pool.imap(work, todo, chunksize=4), 1):
            if problem or number % 100 == 0:
                print(f"{number} of {len(todo)} clips {problem}", flush=True)
    with (arguments.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("path", "kind", "what", "group"))
        there = [clip for clip in todo if (arguments.out / clip.name).exists()]
        table.writerows((clip.name, clip.kind, clip.what, clip.group) for clip in there)


def windows(path: Path) -> list[dict[str, float]]:
    """Return the traits of a clip's windows, the same ones each time."""
    rng = np.random.default_rng(int(path.stem, 16))
    samples = audio.load(path, clip_seconds=None).samples
    out = []
    for _ in range(WINDOWS):
        length = min(len(samples), round(np.exp(rng.uniform(*np.log(LENGTHS))) * settings.SAMPLE_RATE))
        begin = int(rng.integers(0, len(samples) - length + 1))
        part = samples[begin : begin + length]
        if np.abs(part).max() > 1e-4:  # a pause is silence
            out.append({"seconds": length / settings.SAMPLE_RATE, **traits(part)})
    return out


def fit(arguments: argparse.Namespace) -> None:
    """Fit the network, judge it on folds it has not seen, and write its numbers."""
    with (arguments.sounds / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool:
        heard = pool.map(windows, [arguments.sounds / row["path"] for row in rows], chunksize=16)
    table = [(row, window) for row, found in zip(rows, heard, strict=True) for window in found]
    names = [name for name in table[0][1] if name != "seconds"]
    values = np.array([[window[name] for name in names] for _, window in table])
    kinds = np.array([row["kind"] for row, _ in table])
    groups = np.array([row["group"] for row, _ in table])
    music = ~np.isin(kinds, ("speech", "noise"))
    plain = np.isin(kinds, KEPT_KINDS) & (np.array([window["seconds"] for _, window in table]) >= KEPT_SECONDS)

    logits = np.zeros(len(values))
    for held in folds(groups):
        logits[held] = _logits(learn(values[~held], music[~held], kinds[~held]), values[held])
    threshold = float(np.quantile(logits[plain], 1 - KEPT))
    told = logits > threshold
    figures = {kind: round(float(np.mean(told[kinds == kind])), 4) for kind in WEIGHTS}
    network = learn(values, music, kinds)
    network["output_bias"] -= threshold
    print(f"{len(rows)} clips, {len(table)} windows; called music in folds not learned from: {figures}")
    facts = {
        "about": "Coefficients of genre.musicality, fitted by corpus/musicality.py. MIT licence.",
        "fitted_on": {kind: sum(row["kind"] == kind for row in rows) for kind in WEIGHTS},
        "called_music_in_unseen_folds": figures,
        "network": {"traits": names, **{key: rounded(value) for key, value in network.items()}},
    }
    COEFFICIENTS.write_text(json.dumps(facts, separators=(",", ":")).replace("],[", "],\n[") + "\n", encoding="utf-8")


def folds(groups: np.ndarray) -> Iterator[np.ndarray]:
    """Yield FOLDS masks; a group is in one of them."""
    fold = np.array([hashlib.sha256(group.encode()).digest()[0] % FOLDS for group in groups])
    for number in range(FOLDS):
        yield fold == number


def learn(values: np.ndarray, music: np.ndarray, kinds: np.ndarray) -> dict[str, Any]:
    """Fit the network on windows [n, traits] of music or not, weighed by their kinds."""
    from sklearn.neural_network import MLPClassifier

    mean, scale = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    standard = np.clip((values - mean) / scale, -LIMIT, LIMIT)
    weight = np.zeros(len(values))
    for kind, share in WEIGHTS.items():
        weight[kinds == kind] = share / max(1, np.count_nonzero(kinds == kind))
    found = MLPClassifier((UNITS,), alpha=PENALTY, max_iter=ROUNDS, random_state=0)
    found.fit(standard, music, sample_weight=weight / weight.mean())
    (hidden, output), (hidden_bias, output_bias) = found.coefs_, found.intercepts_
    return {
        "mean": mean, "scale": scale, "hidden": hidden, "hidden_bias": hidden_bias, "output": output[:, 0],
        "output_bias": float(output_bias[0]),
    }  # fmt: skip


def _logits(network: dict[str, Any], values: np.ndarray) -> np.ndarray:
    standard = np.clip((values - network["mean"]) / network["scale"], -LIMIT, LIMIT)
    units = np.maximum(standard @ network["hidden"] + network["hidden_bias"], 0)
    return np.asarray(units @ network["output"] + network["output_bias"])


def rounded(value: Any) -> Any:
    """Return numbers as JSON holds them, five digits of each."""
    if isinstance(value, np.ndarray) and value.ndim == 2:
        return [rounded(row) for row in value]
    return [float(f"{v:.5g}") for v in value] if isinstance(value, np.ndarray) else float(f"{value:.5g}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and make or fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("make")
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--renders", type=Path, required=True, help="what corpus.render made of the split train")
    command.add_argument("--recordings", type=Path, required=True, help="what corpus.real takes for --source")
    command.add_argument("--mutopia", type=Path, required=True, help="folder of MIDI files and labels.csv")
    command.add_argument("--jobs", type=int, default=1)
    command.set_defaults(work=make)
    command = commands.add_parser("fit")
    command.add_argument("--sounds", type=Path, required=True, help="what `make` wrote")
    command.add_argument("--jobs", type=int, default=1)
    command.set_defaults(work=fit)
    found = parser.parse_args(arguments)
    found.work(found)


if __name__ == "__main__":
    main()
