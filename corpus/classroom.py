"""Make the pair for the classroom: `python -m corpus.classroom` writes examples/classroom/c_major.mp3 and c_minor.mp3.

The same electric piano plays the same rhythm on I-IV-V-I. Only the third of every chord is a semitone lower in the
minor: the one difference to be seen in the spectrogram is the one that is heard.
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile

from corpus.render import FONTS
from corpus.score import Note, Part
from corpus.synth import SAMPLE_RATE, Synth

CLASSROOM = Path(__file__).resolve().parent.parent / "examples" / "classroom"
SOURCES = """
## For the classroom

`python -m corpus.classroom` renders `classroom/c_major.mp3` and `classroom/c_minor.mp3`: I-IV-V-I on the electric
piano of FluidR3 GM, in C major and in C minor, the same but for the third of every chord. Composed there; MIT licence.
"""

ELECTRIC_PIANO = 4  # of General MIDI; its notes are equally loud, those of the grand piano are not
TONIC = 60  # C4
ROOTS = (0, 5, 7, 0)  # semitones above the tonic, a bar each: I IV V I
FIFTH, OCTAVE = 7, 12
THIRDS = {"c_major": 4, "c_minor": 3}  # semitones above the root
SOFT, LOUD = 70, 104  # velocities
BAR = 2.0  # seconds
SECONDS = 9.0
FADE = 0.4  # seconds, at the end
PEAK = 0.65
QUALITY = 0.5  # libsndfile's scale: 0 is best


def score(third: int) -> tuple[Note, ...]:
    """Return the music: a bass note a bar, the chord twice over it, the last left to ring; the third is the tune."""
    notes = []
    for bar, root in enumerate(ROOTS):
        begin, end = bar * BAR, SECONDS if bar == len(ROOTS) - 1 else (bar + 1) * BAR
        notes.append(Note(begin, end, TONIC + root - OCTAVE, SOFT))
        for first, last in ((begin, begin + BAR / 2), (begin + BAR / 2, end)):
            notes += [Note(first, last, TONIC + root + step, SOFT) for step in (FIFTH - OCTAVE, 0)]
            notes.append(Note(first, last, TONIC + root + third, LOUD))  # on top, where no overtone lies
    return tuple(sorted(notes))


def render(synth: Synth, third: int) -> np.ndarray:
    """Play it; float32 mono [n] at SAMPLE_RATE."""
    sound = synth.render([Part("piano", ELECTRIC_PIANO, score(third))], SECONDS)
    fade = round(FADE * SAMPLE_RATE)
    sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    played: np.ndarray = sound * (PEAK / np.max(np.abs(sound)))
    return played


def main() -> None:
    """Parse the command line and write the pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=CLASSROOM)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    synth = Synth(FONTS["FluidR3_GM"][0])
    for name, third in THIRDS.items():
        sound = render(synth, third)
        path = args.out / f"{name}.mp3"
        soundfile.write(path, sound, SAMPLE_RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=QUALITY)


if __name__ == "__main__":
    main()
