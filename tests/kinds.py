"""Three kinds of sound that a picture tells apart, for the tests that train."""

from pathlib import Path

import numpy as np
import soundfile

from genre.datasets import Clip
from genre.settings import SAMPLE_RATE

KINDS = ("solo", "opera", "dance_pop")  # ids of real genres, so that a built-in taxonomy understands them


def sound(kind: str, seed: int, seconds: float = 12.0) -> np.ndarray:
    """Return a low held tone, a high one, or clicks, float64 [n] at SAMPLE_RATE."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    if kind == "solo":
        wave = np.sin(2 * np.pi * generator.uniform(60, 120) * time)
    elif kind == "opera":
        wave = np.sin(2 * np.pi * generator.uniform(900, 1_500) * time)
    else:
        wave = generator.standard_normal(len(time)) * np.exp(-30 * (time % generator.uniform(0.4, 0.6)))
    return 0.3 * wave + 0.003 * generator.standard_normal(len(time))


def write_clips(folder: Path, per_kind: int, seconds: float = 12.0) -> list[Clip]:
    """Write recordings of every kind as `folder/KIND/ALBUM/NUMBER.wav`, two to an album, and return their clips."""
    clips = []
    for kind in KINDS:
        for seed in range(per_kind):
            path = folder / kind / f"album{seed // 2}" / f"{seed}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, sound(kind, seed, seconds), SAMPLE_RATE)
            clips.append(Clip(path, kind, f"{kind}/album{seed // 2}"))
    return clips
