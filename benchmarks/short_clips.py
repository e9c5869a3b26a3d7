"""How a recording shorter than one window is best made to fill it: repeat, pad or stretch.

Cuts every labelled recording to 3, 5 and 8 seconds and prints top-1 for each way.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import describe
from genre import store
from genre.classifier import Classifier
from genre.datasets import read
from genre.evaluation import evaluate
from genre.settings import DEFAULT_MODEL, Settings

WAYS = ("repeat", "pad", "stretch")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=Path, help="CSV with the columns path and label")
    parser.add_argument("--split", help="only rows whose column split says so")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--seconds", type=float, nargs="+", default=[3.0, 5.0, 8.0, 30.0])
    arguments = parser.parse_args()
    recordings = read(arguments.labels, arguments.split)
    card = store.find(arguments.model, Settings.from_environment())
    print(f"{describe()}; {card.name}, {len(recordings)} recordings; top-1")
    print("seconds " + "".join(f"{way:>10}" for way in WAYS))
    for seconds in arguments.seconds:
        cells = []
        for way in WAYS:
            model = Classifier(replace(card, spectrogram=replace(card.spectrogram, short=way)))
            right = evaluate(model, recordings, clip_seconds=seconds).compatible.mean()
            cells.append(f"{100 * right:9.1f}%")
        print(f"{seconds:7.0f} " + "".join(cells))


if __name__ == "__main__":
    main()
