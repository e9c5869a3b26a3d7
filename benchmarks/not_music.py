"""How often speech, noise and hum are told not to be music, and how often music is told so wrongly.

    python -m benchmarks.not_music [--music NAME=CSV …] [--clips 24]

Speech is spoken here by espeak-ng in languages and voices that the coefficients were not fitted on, and by another
synthesiser, flite, where it is installed; noises have seeds of their own. Music is the 16 examples, and the recordings
of any tables given: CSV with the column path (or file), relative to the table. Prints, for stretches of 3 to 30 s, the
share called "not music" with Wilson's 95 % interval; a stretch is drawn from each clip, so stretches are independent.
"""

import argparse
import csv
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import soundfile
import soxr

from benchmarks.machine import describe
from corpus import device, noises, talk
from corpus.synth import SAMPLE_RATE as STUDIO_RATE
from genre import audio, musicality
from genre.figures import wilson
from genre.settings import SAMPLE_RATE
from genre.web.examples import find_examples

SECONDS = (3.0, 6.0, 11.4, 30.0)
FLITE_VOICES = ("slt", "rms", "awb", "kal16")  # made from recordings of people
NOISY_DB = 10.0  # of noise under the speech
HOST_DB = (12.0, 6.0, 0.0, -6.0)  # by which the music is louder than who talks over it
OFFSET = 1_000_000  # of seeds; training's are another kind

Samples = np.ndarray
Maker = Callable[[np.random.Generator], Samples]


def speech(rng: np.random.Generator, language: str | None = None) -> Samples:
    """One talker of the held-out languages and voices."""
    return talk.speak(talk.talker(rng, held_out=True, language=language), SECONDS[-1], rng, float(rng.random()))


def noisy(rng: np.random.Generator) -> Samples:
    """One talker, pink noise below."""
    return speech(rng) + noises.noise("pink", SECONDS[-1], rng) * np.float32(10 ** (-NOISY_DB / 20))


def crowd(rng: np.random.Generator, count: int) -> Samples:
    """Several talkers at once."""
    return np.asarray(np.sum([speech(rng) for _ in range(count)], axis=0))


def over_music(rng: np.random.Generator, louder: float) -> Samples:
    """One talker over an example of music, the music louder by so many decibels."""
    examples = find_examples()
    music = soxr.resample(audio.load(examples[rng.integers(len(examples))].path).samples, SAMPLE_RATE, STUDIO_RATE)
    voice = speech(rng)[: len(music)]
    return np.asarray(voice + music[: len(voice)] * np.float32(0.1 / np.std(music) * 10 ** (louder / 20)))


def flite(rng: np.random.Generator, voice: str) -> Samples:
    """What flite says: numbers and the article, again and again, at a pace of its own."""
    sentences, total, parts = talk.TRAIN_TEXTS["en-us"].split(". "), 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        while total < SECONDS[-1]:
            words = f"{rng.choice(sentences)}. {rng.integers(2, 9_999)}."
            out = Path(folder) / "said.wav"
            pace = f"duration_stretch={rng.uniform(0.8, 1.25):.2f}"
            subprocess.run(["flite", "-voice", voice, "--setf", pace, "-t", words, "-o", out], check=True)
            said, rate = soundfile.read(out, dtype="float32")
            parts.append(soxr.resample(said, rate, STUDIO_RATE))
            total += len(said) / rate
    return np.concatenate(parts)


def made(name: str, make: Maker, clips: int) -> Iterator[Samples]:
    """Yield clips, float32 mono [n] at genre's rate."""
    for number in range(clips):
        rng = np.random.default_rng([OFFSET + number, *name.encode()])
        sound = soxr.resample(np.asarray(make(rng), np.float32), STUDIO_RATE, SAMPLE_RATE)
        yield np.asarray(sound / max(1.0, float(np.abs(sound).max())), np.float32)


def handed(make: Maker, way: str) -> Maker:
    """Send what is made through a device."""
    if way == "telephone":
        return lambda rng: device.telephone_line(make(rng))
    return lambda rng: device.hand_over(np.asarray(make(rng), np.float32), way, float(rng.random()), rng)


def listed(table: Path) -> Iterator[Samples]:
    """Yield the recordings of a table."""
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield audio.load(table.parent / (row.get("path") or row["file"]), clip_seconds=60.0).samples


def judged(clips: Iterable[Samples]) -> list[list[bool | None]]:
    """Return for every clip whether a stretch of each length is called not music; None where it is too short."""
    rows: list[list[bool | None]] = []
    for number, samples in enumerate(clips):
        rng = np.random.default_rng(number)
        row: list[bool | None] = []
        for seconds in SECONDS:
            length = min(round(seconds * SAMPLE_RATE), len(samples))
            begin = int(rng.integers(0, len(samples) - length + 1))
            stretch = samples[begin : begin + length]
            short = length < 0.75 * seconds * SAMPLE_RATE or not np.abs(stretch).max() > 1e-4
            row.append(None if short else musicality.music_probability(stretch) < musicality.NOT_MUSIC_BELOW)
        rows.append(row)
    return rows


def tell(name: str, rows: Sequence[Sequence[bool | None]]) -> None:
    """Print a line of shares with their intervals."""
    cells = []
    for column in zip(*rows, strict=True):
        called = [value for value in column if value is not None]
        low, high = wilson(sum(called) / len(called), len(called)) if called else (0.0, 1.0)
        share = f"{100 * sum(called) / len(called):.1f} % ({100 * low:.0f}–{100 * high:.0f})" if called else "–"
        cells.append(f"{share:>18}")
    print(f"{name:34}{len(rows):6}" + "".join(cells), flush=True)


def section(title: str, kinds: dict[str, Callable[[], Iterable[Samples]]], together: str = "") -> None:
    """Measure kinds of sound, and all of them together."""
    print(f"\n{title:34}{'clips':>6}" + "".join(f"{seconds:16g} s" for seconds in SECONDS))
    everything = []
    for name, clips in kinds.items():
        rows = judged(clips())
        tell(name, rows)
        everything += rows
    if together:
        tell(together, everything)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", nargs="*", default=[], metavar="NAME=CSV", help="tables of music")
    parser.add_argument("--clips", type=int, default=24, help="of each kind that is made here")
    arguments = parser.parse_args()
    begun = perf_counter()
    print(f"{describe()}\nshare called not music (under {musicality.NOT_MUSIC_BELOW}), 95 % interval")

    def kinds(makers: dict[str, Maker]) -> dict[str, Callable[[], Iterable[Samples]]]:
        return {name: partial(made, name, make, arguments.clips) for name, make in makers.items()}

    languages = {f"{code}, unheard voices": partial(speech, language=code) for code in talk.HELD_OUT_TEXTS}
    section("speech by language", kinds(languages), "all of these")
    hard = {
        "noise 10 dB below": noisy,
        "three at once": partial(crowd, count=3),
        "ten at once": partial(crowd, count=10),
    }
    ways = {f"through {way}": handed(speech, way) for way in ("telephone", "phone", "room", "mp3", "opus")}
    others = {f"flite, {voice}": partial(flite, voice=voice) for voice in FLITE_VOICES} if shutil.which("flite") else {}
    section("speech, harder", kinds({**ways, **hard, **others}))
    section("no speech", kinds({kind: partial(noises.noise, kind, SECONDS[-1]) for kind in noises.KINDS}))
    hosts = {f"music {louder:+g} dB": partial(over_music, louder=louder) for louder in HOST_DB}
    section("speech over music (either will do)", kinds(hosts))
    tables = dict(text.split("=", 1) for text in arguments.music)
    music = {"the examples": lambda: (audio.load(example.path).samples for example in find_examples())}
    section("music (wrongly)", {**music, **{name: partial(listed, Path(table)) for name, table in tables.items()}})
    print(f"\n{perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
