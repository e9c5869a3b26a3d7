"""What following a long recording costs, and how well its borders are found.

    python -m benchmarks.timeline [--model NAME] [--minutes 60] [--programmes 6] [--music FOLDER]

The cost is that of an mp3 which is music from its start to its end, the dearest kind: processor seconds, and the
memory that the process takes on top of what one clip has taken. Borders are those of made-up programmes: speech by
espeak-ng in languages and voices that nothing was fitted on, music (the 16 examples, or the recordings of a folder,
25 to 60 s each), at times one song after another, and silence. A border counts as found if one lies within 6 s. The
genre of a song counts as right where it is the first answer for the song alone.
"""

import argparse
import resource
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import soundfile
import soxr

from benchmarks.machine import describe
from corpus import talk
from corpus.synth import SAMPLE_RATE as STUDIO_RATE
from genre import audio
from genre.classifier import Classifier, classifier
from genre.settings import DEFAULT_MODEL, SAMPLE_RATE
from genre.timeline import follow
from genre.web.examples import find_examples

TOLERANCE = 6.0  # seconds
SEED = 1_000_000
PARTS = 12  # of a programme

Sound = np.ndarray
Part = tuple[str, Sound]  # what it should be called: the kind, or the genre


def level(sound: Sound) -> Sound:
    """Return a sound at the peak of a broadcast."""
    return (0.6 * sound / np.abs(sound).max()).astype(np.float32)


def song(paths: list[Path], judge: Classifier, rng: np.random.Generator) -> Part:
    """Return 25 to 60 s of a recording, from its beginning again where it is too short, and its own first answer."""
    clip = audio.load(paths[rng.integers(len(paths))], clip_seconds=60).samples
    sound = level(np.resize(clip, round(rng.uniform(25, 60) * SAMPLE_RATE)))
    return judge.predict((SAMPLE_RATE, sound), clip_seconds=None).ranked[0][0], sound


def programme(paths: list[Path], judge: Classifier, rng: np.random.Generator) -> list[Part]:
    """Return the parts of one programme."""
    parts: list[Part] = []
    while len(parts) < PARTS:
        chance = rng.random()
        if chance < 0.3:
            said = talk.conversation(rng.uniform(12, 40), rng, held_out=True)
            parts.append(("not_music", level(soxr.resample(said, STUDIO_RATE, SAMPLE_RATE))))
        elif chance < 0.4:
            parts.append(("silence", np.zeros(round(rng.uniform(3, 8) * SAMPLE_RATE), np.float32)))
        else:
            parts.append(song(paths, judge, rng))
    return [part for index, part in enumerate(parts) if index == 0 or part[0] != parts[index - 1][0]]


def borders(judge: Classifier, paths: list[Path], count: int, smoothing: float) -> None:
    """Follow programmes and print how many borders are found, and how many seconds have the right name."""
    errors: list[float] = []
    missed = invented = 0
    seconds, right_kind, right_genre, music = 0.0, 0.0, 0.0, 0.0
    for number in range(count):
        parts = programme(paths, judge, np.random.default_rng([SEED, number]))
        found = follow((SAMPLE_RATE, np.concatenate([sound for _, sound in parts])), judge, smoothing=smoothing)
        true = np.cumsum([len(sound) for _, sound in parts]) / SAMPLE_RATE
        mine = np.array([segment.end for segment in found.segments])
        nearest = [float(np.abs(mine[:-1] - edge).min()) if len(mine) > 1 else np.inf for edge in true[:-1]]
        errors += [error for error in nearest if error <= TOLERANCE]
        missed += sum(error > TOLERANCE for error in nearest)
        invented += sum(bool((np.abs(true - edge) > TOLERANCE).all()) for edge in mine[:-1])
        for time in np.arange(0.5, true[-1], 1.0):
            name = parts[int(np.searchsorted(true, time))][0]
            segment = found.segments[min(int(np.searchsorted(mine, time)), len(mine) - 1)]
            kind = name if name in ("not_music", "silence") else "music"
            seconds += 1
            right_kind += segment.kind == kind
            music += kind == "music"
            right_genre += kind == "music" and segment.id == name
    total = len(errors) + missed
    print(
        f"borders: {len(errors)} of {total} found within {TOLERANCE:g} s, half of these within "
        f"{np.median(errors):.1f} s; {invented} where there is none"
    )
    print(
        f"seconds: {right_kind / seconds:.1%} told rightly as music, none or silence; "
        f"{right_genre / music:.1%} of music with the song's own first answer"
    )


def cost(judge: Classifier, minutes: float) -> None:
    """Follow music without an end and print what it took."""
    clips = [level(audio.load(example.path, clip_seconds=None).samples) for example in find_examples()]
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "music.mp3"
        left = round(minutes * 60 * SAMPLE_RATE)
        with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, format="MP3") as file:
            for clip in [clip for _ in range(1 + left // sum(map(len, clips))) for clip in clips]:
                file.write(clip[:left])
                left -= len(clip[:left])
        follow((SAMPLE_RATE, clips[0]), judge)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun, worked = perf_counter(), process_time()
        found = follow(path, judge)
        spent, waited = process_time() - worked, perf_counter() - begun
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    hours = found.seconds / 3_600
    print(
        f"{60 * hours:.0f} min of music: {spent / hours:.0f} s of processor time and {waited / hours:.0f} s an hour, "
        f"{grown:.0f} MiB more memory than one clip, {before / 1024 + grown:.0f} MiB in all"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--programmes", type=int, default=6)
    parser.add_argument("--music", type=Path, help="folder of recordings to use instead of the examples")
    parser.add_argument("--smoothing", type=float, default=30.0)
    arguments = parser.parse_args()
    judge = classifier(arguments.model).load()
    print(f"{describe()}; {judge.card.name}")
    if arguments.minutes:
        cost(judge, arguments.minutes)
    if arguments.programmes:
        examples = [example.path for example in find_examples()]
        paths = sorted(path for path in arguments.music.rglob("*") if path.is_file()) if arguments.music else examples
        borders(judge, paths, arguments.programmes, arguments.smoothing)


if __name__ == "__main__":
    main()
