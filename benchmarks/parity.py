"""Print how far the network's input lies from the published program's, in levels of 255.

    python benchmarks/parity.py [SOUND FILES]

Draws synthetic sounds and any files given; of a file the first 30 s.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the published way lives beside the test that holds us to it
from published import SOUNDS, published_images  # noqa: E402

from genre import audio  # noqa: E402
from genre.spectrogram import SpectrogramSpec, images, warm_up  # noqa: E402


def timed(function: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return the answer and its milliseconds."""
    begin = time.perf_counter()
    answer = function()
    return answer, 1e3 * (time.perf_counter() - begin)


def main() -> None:
    """Print one row for each sound and transform."""
    sounds = {name: make() for name, make in SOUNDS.items()}
    sounds |= {Path(name).name: audio.load(name).samples for name in sys.argv[1:]}
    published_images(sounds["noise"], "cqt")  # matplotlib's and numba's first call
    width = max(map(len, sounds))
    print(f"{'sound':{width}}  transform    mean  largest  published ms  ours ms")
    for name, samples in sounds.items():
        for transform in ("cqt", "mel", "chroma"):
            spec = SpectrogramSpec.published(transform)
            warm_up(spec)
            theirs, their_time = timed(lambda: published_images(samples, transform))  # noqa: B023  (called at once)
            ours, our_time = timed(lambda: images(samples, spec))  # noqa: B023
            apart = np.abs(ours.astype(int) - theirs)
            row = f"{name:{width}}  {transform:9}  {apart.mean():6.3f}  {apart.max():7}"
            print(f"{row}  {their_time:12.1f}  {our_time:7.1f}")


if __name__ == "__main__":
    main()
