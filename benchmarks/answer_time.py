"""From a 30 s mp3 to the top 5, warm, with the published VGG19_BN head: this product against the published app's steps.

Prints the median of each step for both, their ratio, and the share of our time spent outside the network.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks import published_app
from benchmarks.machine import describe
from genre import backbones, spectrogram
from genre.classifier import classifier


def write_clip(path: Path, seconds: float = 30.0, rate: int = 44_100) -> None:
    """Write a stereo mp3 of chords over noise bursts: real work for the decoder, no file needed from outside."""
    time = np.arange(int(seconds * rate)) / rate
    generator = np.random.default_rng(0)
    chords = sum(np.sin(2 * np.pi * f * time) for f in (110.0, 220.0, 277.2, 329.6))
    bursts = generator.standard_normal(len(time)) * np.exp(-8 * (time % 0.5))
    soundfile.write(path, 0.1 * np.stack([chords + bursts, chords - bursts], axis=1), rate)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as temporary:
        clip = Path(temporary) / "clip.mp3"
        write_clip(clip)
        folder = Path(temporary) / "vgg19_bn_cqt"
        folder.mkdir()
        torch.manual_seed(0)
        torch.save(backbones.build("vgg19_bn", "published", 16).state_dict(), folder / "save.pt")

        ours = classifier(folder)
        ours.predict(clip)
        published_app.classify(clip, folder / "save.pt")
        # Alternating, so that a busy moment of the machine falls on both.
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(ours.predict(clip).seconds)
            theirs.append(published_app.classify(clip, folder / "save.pt")[1])

    print(f"{describe()}; 30 s stereo mp3, VGG19_BN with the published head, median of {rounds} rounds\n")
    for title, rows in (("the published app's steps", theirs), ("genre, warm", mine)):
        print(f"{title}: " + ", ".join(f"{key} {1000 * median(rows, key):.0f} ms" for key in rows[0]))
    total = median(mine, "total")
    print(f"\nratio: {median(theirs, 'total') / total:.1f} × faster")
    print(f"share outside the network: {100 * (total - median(mine, 'network')) / total:.0f} %")


def median(rows: list[dict[str, float]], key: str) -> float:
    """Return the median of one column."""
    return statistics.median(row[key] for row in rows)


if __name__ == "__main__":
    spectrogram.warm_up(spectrogram.SpectrogramSpec.published("cqt"))
    main()
