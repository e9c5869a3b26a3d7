"""Whether a sound is music at all, before anybody asks which: speech, noise and hum have no genre.

A small network over `genre.traits`, fitted by `corpus/musicality.py` on rendered and recorded music, synthetic speech
in many languages, noises and hums. It knows nothing of genres or their models; its numbers lie in
embedded/musicality.json.
"""

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genre.errors import AudioError
from genre.settings import SAMPLE_RATE, SECONDS_MIN
from genre.traits import traits

COEFFICIENTS = Path(__file__).parent / "embedded" / "musicality.json"
NOT_MUSIC_BELOW = 0.5  # a probability under this one is told as "this does not sound like music"
WINDOW_SECONDS = 12.0  # longer sound is heard in parts of at most this length
LIMIT = 4.0  # standard deviations; a stranger trait says no more than this


@dataclass(frozen=True)
class Network:
    """Traits → standardised → hidden units, rectified → one logit."""

    traits: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    hidden: NDArray[np.float64]  # [traits, units]
    hidden_bias: NDArray[np.float64]
    output: NDArray[np.float64]  # [units]
    output_bias: float

    def probability(self, values: Mapping[str, float]) -> float:
        """Return how likely a sound with these traits is music."""
        standard = (np.array([values[name] for name in self.traits]) - self.mean) / self.scale
        units = np.maximum(np.clip(standard, -LIMIT, LIMIT) @ self.hidden + self.hidden_bias, 0.0)
        return 1 / (1 + math.exp(-float(units @ self.output + self.output_bias)))


def music_probability(samples: NDArray[np.float32]) -> float:
    """Return how likely a sound is music, 0 to 1: the mean over its parts.

    samples: float32 mono [n] at SAMPLE_RATE, a second or more, however loud; digital silence is 0. AudioError for less.
    """
    if samples.ndim != 1 or len(samples) < SECONDS_MIN * SAMPLE_RATE:
        raise AudioError(f"Too little to tell music by: give one row of at least {SECONDS_MIN:g} s of samples.")
    parts = math.ceil(len(samples) / (WINDOW_SECONDS * SAMPLE_RATE))
    return float(np.mean([_part(part) for part in np.array_split(samples, parts)]))


def _part(samples: NDArray[np.float32]) -> float:
    if not samples.any():
        return 0.0
    return _embedded().probability(traits(samples))


@functools.cache
def _embedded() -> Network:
    return network(json.loads(COEFFICIENTS.read_text(encoding="utf-8"))["network"])


def network(values: Mapping[str, Any]) -> Network:
    """Read a network from what JSON holds of it."""
    return Network(
        traits=tuple(values["traits"]),
        output_bias=float(values["output_bias"]),
        **{name: np.array(values[name]) for name in ("mean", "scale", "hidden", "hidden_bias", "output")},
    )
