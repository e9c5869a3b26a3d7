"""How well copies of a recording are known again, and how many pairs of different recordings are taken for one.

Takes the examples and, with a folder, recordings of it in turn from each of its sub-folders. Each is compared with
what becomes of it on its way to a listener; then every two are compared. Prints SSIM, lag and cosine.
"""

import argparse
import io
import itertools
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from benchmarks.machine import describe
from corpus import device
from genre import audio, datasets, similarity
from genre.classifier import classifier
from genre.settings import CLIP_SECONDS, DEFAULT_MODEL, SAMPLE_RATE
from genre.similarity import SAME_SOURCE, Impression, Match
from genre.web import examples

Samples = NDArray[np.float32]

SHIFT_SECONDS = 3.0
QUIETER = np.float32(10 ** (-3 / 20))  # 3 dB
LAG_TOLERANCE = 0.05  # seconds
QUANTILES = (0.5, 0.95, 0.99, 1.0)


def encode(samples: Samples, codec: str, container: str, rate: int, bits: int) -> bytes:
    """Return mono samples at SAMPLE_RATE as a file, at so many bits a second."""
    samples = np.asarray(soxr.resample(samples, SAMPLE_RATE, rate), np.float32)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono", bit_rate=bits)
        for begin in range(0, len(samples), 1_024):
            frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + 1_024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, begin
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def mp3(samples: Samples) -> bytes:
    """Return samples as mp3 of 64 kbit/s."""
    return encode(samples, "libmp3lame", "mp3", SAMPLE_RATE, 64_000)


def opus(samples: Samples) -> bytes:
    """Return samples as Opus of 24 kbit/s."""
    return encode(samples, "libopus", "ogg", 48_000, 24_000)


def ways(samples: Samples, rng: np.random.Generator) -> dict[str, tuple[float, audio.Source]]:
    """Return what becomes of a recording, and how much later that begins."""
    later = samples[round(SHIFT_SECONDS * SAMPLE_RATE) :]
    played: Callable[[Samples], Samples] = lambda sound: device.rerecord(sound, 0.7, rng)  # noqa: E731
    return {
        "64 kbit/s mp3": (0.0, mp3(samples)),
        "begins 3 s later": (SHIFT_SECONDS, (SAMPLE_RATE, later)),
        "3 dB quieter": (0.0, (SAMPLE_RATE, samples * QUIETER)),
        "all three": (SHIFT_SECONDS, mp3(later * QUIETER)),
        "24 kbit/s opus": (0.0, opus(samples)),
        "played in a room": (0.0, (SAMPLE_RATE, played(samples))),
        "in a room, and all three": (SHIFT_SECONDS, mp3(played(later) * QUIETER)),
    }


def chosen(folder: Path | None, count: int) -> list[Path]:
    """Return the examples and then recordings of the folder, one of each sub-folder in turn."""
    paths = [example.path for example in examples.find_examples()]
    if folder:
        found = [path for path in datasets.files(folder) if path.suffix.lower() in datasets.AUDIO_SUFFIXES]
        groups = [list(group) for _, group in itertools.groupby(found, key=lambda path: path.parent)]
        paths += [path for turn in itertools.zip_longest(*groups) for path in turn if path]
    return paths[:count]


def nearest(rows: NDArray[np.float32], copies: NDArray[np.float32], centre: NDArray[np.float32]) -> float:
    """Return how often the recording whose cosine with a copy is the largest is its original, rows less a centre."""
    one, other = ((each - centre) / np.linalg.norm(each - centre, axis=1, keepdims=True) for each in (rows, copies))
    return float(np.mean((other @ one.T).argmax(axis=1) == np.arange(len(rows))))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="more recordings than the examples")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    judge = classifier(arguments.model).load()
    paths = chosen(arguments.folder, arguments.count)
    print(f"{describe()}; {judge.card.name}, {len(paths)} recordings")

    originals: list[Impression] = []
    copies: dict[str, list[tuple[Match, float, Impression]]] = {}
    for seed, path in enumerate(paths):
        # 3 s more than is heard, so that what begins later is as long where the recording is.
        samples = audio.load(path, clip_seconds=CLIP_SECONDS + SHIFT_SECONDS).samples
        original = similarity.perceive(judge, path, clip_seconds=CLIP_SECONDS)
        originals.append(original)
        for name, (later, source) in ways(samples, np.random.default_rng(seed)).items():
            copy = similarity.perceive(judge, source, clip_seconds=CLIP_SECONDS)
            found = similarity.compare(original, copy, judge.card).match
            copies.setdefault(name, []).append((found, later, copy))

    rows = np.stack([one.embedding for one in originals])
    print(f"\n{'the same recording':26}{'SSIM least':>11}{'5 %':>6}{'median':>8}{f'over {SAME_SOURCE}':>11}"
          f"{'lag right':>11}{'cosine least':>14}{'median':>8}{'nearest':>9}{'centred':>9}")  # fmt: skip
    for name, entries in copies.items():
        ssim = [found.ssim for found, _, _ in entries]
        right = sum(abs(found.lag_seconds - later) < LAG_TOLERANCE for found, later, _ in entries)
        others = np.stack([copy.embedding for _, _, copy in entries])
        cosines = (rows * others).sum(axis=1)
        print(
            f"{name:26}{min(ssim):11.3f}{np.quantile(ssim, 0.05):6.2f}{np.median(ssim):8.3f}"
            f"{sum(value > SAME_SOURCE for value in ssim):8d}/{len(ssim)}{right:8d}/{len(ssim)}"
            f"{cosines.min():14.2f}{np.median(cosines):8.2f}"
            f"{nearest(rows, others, np.zeros_like(rows[0])):9.0%}{nearest(rows, others, rows.mean(axis=0)):9.0%}"
        )

    pairs = list(itertools.combinations(range(len(originals)), 2))
    matches = [similarity.match(originals[a].levels, originals[b].levels) for a, b in pairs]
    ssim = [found.ssim for found in matches if found]
    cosines = np.array([rows[a] @ rows[b] for a, b in pairs])
    over = sum(value > SAME_SOURCE for value in ssim)
    print(f"\ndifferent recordings: {over} of {len(ssim)} pairs have an SSIM over {SAME_SOURCE}")
    print(f"{'quantiles':12}" + "".join(f"{quantile:>8.0%}" for quantile in QUANTILES))
    for name, values in (("SSIM", ssim), ("cosine", cosines)):
        print(f"{name:12}" + "".join(f"{value:8.2f}" for value in np.quantile(values, QUANTILES)))
    best = int(np.argmax([found.ssim if found else -1 for found in matches]))
    print(f"most alike: {' and '.join(paths[index].name for index in pairs[best])}")


if __name__ == "__main__":
    main()
