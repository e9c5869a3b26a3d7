"""What decides the outcome of a run, and what a run tells while it works."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genre.spectrogram import SpectrogramSpec


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a run, besides the clips and the initial weights."""

    backbone: str
    head: str
    spectrogram: SpectrogramSpec
    stages: tuple[tuple[int, int], ...] = ((112, 12), (224, 3))  # (image size in pixels, epochs), in order
    batch_size: int = 32
    learning_rate: float = 1e-3  # peak of the first stage's cycle (after Smith & Topin, arXiv:1708.07120)
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    mixup: float = 0.3  # alpha of the Beta distribution (Zhang et al., arXiv:1710.09412); 0 switches it off
    validation: float = 0.1  # share of the clips, in whole groups, that chooses the epoch; unless clips say they are
    seed: int = 0
    frozen: bool = False  # only the head learns

    @property
    def epochs(self) -> int:
        """Epochs over all stages."""
        return sum(count for _, count in self.stages)

    def size(self, epoch: int) -> int:
        """Return the image size, in pixels, of an epoch counted from 0."""
        for size, count in self.stages:
            if epoch < count:
                return size
            epoch -= count
        raise IndexError(epoch)


@dataclass
class Progress:
    """What a run tells while it works, once an epoch; the list of these is its history."""

    epoch: int
    epochs: int
    image_size: int
    loss: float
    accuracy: float  # share of the validation clips whose most likely genre is compatible with their label
    validation_loss: float  # mean of `set_loss` of the validation clips, unsmoothed
    seconds: float
    by_domain: dict[str, float] = field(default_factory=dict)  # accuracy of each domain, where clips have one

    @property
    def merit(self) -> tuple[float, float]:
        """What decides which epoch is best; the loss tells apart what a small validation split cannot."""
        return self.accuracy, -self.validation_loss


def changed(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between two runs: {"recipe": a Recipe's fields, what else they are made of}."""
    before = earlier.get("recipe", {})
    words = [
        f"{name} was {before[name]} and is {value}"
        for name, value in now["recipe"].items()
        if name in before and before[name] != value
    ]
    # An earlier version's recipe may have had more; what was switched off there changes nothing.
    words += [
        f"{name} was {value} and is no more" for name, value in before.items() if name not in now["recipe"] and value
    ]
    return words + [
        name if name in earlier else f"{name}, which an earlier version did not note"
        for name in now
        if name != "recipe" and earlier.get(name) != now[name]
    ]
