"""How well `genre explain` points at what decided an answer: facts of clips whose deciding part is known.

Three puzzles of examples, each one window long, and for each the share of the map that falls where it should:
 1. a quiet hiss, then music: for the music's genre, on the second half; clips where both halves alone say so;
 2. two genres, a half each: for each of them, on its half;
 3. 2.85 s of one genre somewhere in another: on that quarter (that is where the brightest moment is, too: "hit").
Beside it stands plain Grad-CAM of the last feature map, one look. And the time that explaining takes.
"""

import argparse
import itertools
from collections.abc import Iterator
from time import perf_counter
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe
from genre import audio, relevance, spectrogram
from genre.classifier import Classifier, classifier
from genre.explain import explain, on_recording
from genre.settings import SAMPLE_RATE
from genre.web.examples import find_examples

Samples = NDArray[np.float32]

MODELS = ("vgg19_bn_cqt", "densenet121_cqt", "resnet50_mel")
SECONDS = 11.45  # a window and a little
LEVEL, HISS = 0.1, 0.01  # RMS
SURE, NEUTRAL = 0.4, 0.2  # probabilities of a genre over which it is decided, and under which it is not
PAIRS = 32
PART = 2.85  # seconds


def clips() -> list[Samples]:
    """Return a window of every example, equally loud."""
    loaded = [audio.load(example.path, start=6, clip_seconds=SECONDS).samples for example in find_examples()]
    return [samples * np.float32(LEVEL / np.sqrt(np.mean(samples**2))) for samples in loaded]


def answers(judge: Classifier, sounds: list[Samples]) -> NDArray[np.float32]:
    """Return the probabilities of the first window of each, [sounds, classes]."""
    return judge.probabilities(
        np.concatenate([spectrogram.images(sound, judge.card.spectrogram)[:1] for sound in sounds])
    )


def puzzles(judge: Classifier, rng: np.random.Generator) -> Iterator[tuple[int, Samples, int, tuple[float, float]]]:
    """Yield (number, sound, place of the class, where it decided as shares of the time)."""
    whole = clips()
    half = len(whole[0]) // 2
    halves = [sound[:half] for sound in whole]
    hiss = rng.normal(0, HISS, half).astype(np.float32)
    neutral = answers(judge, [hiss])[0]
    said, said_whole = answers(judge, halves), answers(judge, whole)
    for sound, shares in zip(halves, said, strict=True):
        best = int(shares.argmax())
        if shares[best] > SURE and neutral[best] < NEUTRAL:
            yield 1, np.concatenate([hiss, sound]), best, (0.5, 1.0)
    for one, other in _pairs(said, rng):
        both = np.concatenate([halves[one], halves[other]])
        yield 2, both, int(said[one].argmax()), (0.0, 0.5)
        yield 2, both, int(said[other].argmax()), (0.5, 1.0)
    for one, other in _pairs(said_whole, rng):
        begin = rng.uniform(0, SECONDS - PART)
        inside = slice(round(begin * SAMPLE_RATE), round((begin + PART) * SAMPLE_RATE))
        mixed = whole[other].copy()
        mixed[inside] = whole[one][inside]
        yield 3, mixed, int(said_whole[one].argmax()), (begin / SECONDS, (begin + PART) / SECONDS)


def _pairs(said: NDArray[np.float32], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return some pairs of clips that are told to be of different genres."""
    best = said.argmax(axis=1)
    pairs = [(one, other) for one, other in itertools.permutations(range(len(said)), 2) if best[one] != best[other]]
    return [pairs[index] for index in rng.permutation(len(pairs))[:PAIRS]]


def scored(judge: Classifier, sound: Samples, place: int, where: tuple[float, float], looks: int) -> tuple[float, bool]:
    """Return which share of the map falls there, and whether its brightest moment does."""
    spec = judge.card.spectrogram
    decibels = spectrogram.decibels(sound, spec)
    windows = spectrogram.windows(decibels.shape[1], len(sound) / SAMPLE_RATE, spec)[:1]
    batch = judge.network_input(spectrogram.render(decibels, windows, spec))
    with judge.network() as network:
        maps = relevance.maps(network, judge.card.backbone, batch, place, looks)
    moments = on_recording(maps, windows, [1.0], decibels.shape, spec).sum(axis=0)
    first, last = (round(share * len(moments)) for share in where)
    brightest = int(moments.argmax())
    return float(moments[first:last].sum() / max(moments.sum(), 1e-9)), first <= brightest < last


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=MODELS)
    arguments = parser.parse_args()
    print(describe())
    print(f"{'model':18}{'map':12}" + "".join(f"{title:>26}" for title in ("hiss, music", "two genres", "a part")))
    for name in arguments.models:
        judge = classifier(name)
        layers = relevance.LAYERS[judge.card.backbone]
        tasks = list(puzzles(judge, np.random.default_rng(0)))
        for words, used, looks in (("as shown", layers, relevance.LOOKS), ("last layer", layers[:1], 1)):
            with mock.patch.dict(relevance.LAYERS, {judge.card.backbone: used}):
                rows = [(number, *scored(judge, sound, place, where, looks)) for number, sound, place, where in tasks]
            cells = []
            for number in (1, 2, 3):
                shares = np.array([share for kind, share, _ in rows if kind == number])
                hits = np.mean([hit for kind, _, hit in rows if kind == number])
                over = f"{np.mean(shares > 0.5):.0%} > half" if number < 3 else f"{hits:.0%} hit"
                cells.append(f"{shares.mean():.0%}, {over}, n {len(shares)}")
            print(f"{name:18}{words:12}" + "".join(f"{cell:>26}" for cell in cells), flush=True)
        song = (SAMPLE_RATE, np.tile(clips()[0], 3)[: 30 * SAMPLE_RATE])
        explain(judge, song)
        begun = perf_counter()
        explain(judge, song)
        print(f"{name:18}30 s explained in {perf_counter() - begun:.2f} s, decoding and answering included", flush=True)


if __name__ == "__main__":
    main()
