"""Make the bundled examples: `python -m corpus.examples --mutopia DIR` writes examples/*.mp3 and examples/SOURCES.md.

One clip per genre, from seeds and works that no other split uses, with a SoundFont under the MIT licence and works in
the public domain or under CC BY.
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile

from corpus.classroom import SOURCES
from corpus.render import CLIP_SECONDS, Job, clip_seed, record
from corpus.synth import SAMPLE_RATE
from genre.labels import CCMUSIC16

SECONDS = 24.0  # two windows
QUALITY = 0.5  # libsndfile's scale: 0 is best
PEAK = 0.65  # room for what MP3 adds to a loud master
SEED = 2026
# Which of a genre's seeds: the first, unless its music is no good picture of the genre (a chorus is not yet an opera).
NUMBER = dict.fromkeys(CCMUSIC16.ids, 0) | {"opera": 2, "chamber": 1}
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
HEADER = """# Where the examples come from

All clips were rendered by `python -m corpus.examples` (see `corpus/README.md`), from seeds and works that neither the
training nor the measuring music uses. They are ours to give away under the project's MIT licence, with these sources:

- **Sounds**: the SoundFont FluidR3 GM by Frank Wen (MIT licence; Debian package `fluid-soundfont-gm`) played by
  FluidSynth; singing voices are synthesised by `corpus/voice.py`.
- **Popular genres**: composed by `corpus/bands.py` over accompaniment patterns ("grooves") of MMA, Musical MIDI
  Accompaniment by Bob van der Poel (GPL-2; the program's output is not covered by its licence).
- **Classical genres**: works engraved by contributors of the Mutopia Project (mutopiaproject.org), re-instrumented by
  `corpus/classical.py`; the licence of each typeset piece stands in the table.

| File | Music | Licence of the source | Seed |
|---|---|---|---|
"""


def music(row: dict[str, object]) -> str:
    """Say in a few words what is heard."""
    facts = row["music"]
    assert isinstance(facts, dict)
    if "work" in facts:
        how = facts.get("ensemble") or facts.get("kind") or ("solo" if "instrument" in facts else "orchestra")
        return f"{facts['work']}, {how} (Mutopia: {facts['source']})"
    return f"generated song, groove {facts['groove']}, {facts['tempo']} beats a minute"


def main() -> None:
    """Parse the command line and write the examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutopia", type=Path, required=True, help="folder of MIDI files and labels.csv")
    parser.add_argument("--out", type=Path, default=EXAMPLES)
    parser.add_argument("--genres", nargs="+", choices=CCMUSIC16.ids, default=list(CCMUSIC16.ids))
    args = parser.parse_args()
    lines = []
    for genre in args.genres:
        job = Job(genre, "examples", NUMBER[genre], SEED, CLIP_SECONDS, args.out, args.mutopia)
        seed = clip_seed(job, 0)
        sound, row = record(job, seed, SAMPLE_RATE)
        path = args.out / f"{genre}.mp3"
        begin = round((CLIP_SECONDS - SECONDS) / 2 * SAMPLE_RATE)
        cut = sound[begin : begin + round(SECONDS * SAMPLE_RATE)]
        cut = cut * (PEAK / np.max(np.abs(cut)))
        soundfile.write(path, cut, SAMPLE_RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=QUALITY)
        licence = row["licence"] if "work" in str(row["music"]) else "none needed"
        lines.append(f"| `{path.name}` | {music(row)} | {licence} | {seed} |")
    (args.out / "SOURCES.md").write_text(HEADER + "\n".join(lines) + "\n" + SOURCES, encoding="utf-8")


if __name__ == "__main__":
    main()
