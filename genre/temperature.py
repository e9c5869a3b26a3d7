"""The one number that makes a model's probabilities honest: fitted, judged on what it was not fitted on, kept."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from genre import cards, figures
from genre.calibration import cross_fit, fit_temperature
from genre.errors import ModelError
from genre.evaluation import Evaluation


@dataclass(frozen=True)
class TemperatureFit:
    """A temperature for a model's config.json, and what such a temperature does to recordings it was not fitted on."""

    temperature: float  # divides the logits; in place of the one that the model has now
    halves: tuple[float, float]  # fitted on either half of the groups
    before: figures.Figures
    after: figures.Figures
    cross_fitted: Evaluation  # every recording by the temperature of the half it is not of

    @property
    def helps(self) -> bool:
        """Whether recordings have a smaller log loss by a temperature that was not fitted on them."""
        before, after = self.before.log_loss, self.after.log_loss
        return before is not None and after is not None and after < before

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        keys = ("confidence", "calibration_error", "log_loss")
        return {
            "temperature": self.temperature,
            "halves": self.halves,
            "before": {key: getattr(self.before, key) for key in keys},
            "after": {key: getattr(self.after, key) for key in keys},
        }


def fit(evaluation: Evaluation, present: float | None, before: figures.Figures, seed: int = 0) -> TemperatureFit | None:
    """Fit on all recordings, and for the judgement on either half of their groups (seeded), judging the other half.

    `present` is the temperature that the answers were given with. None where the recordings determine no temperature:
    there are too few, of one group, or all are told right or none.
    """
    arguments = (evaluation.windows, evaluation.starts, evaluation.truths)
    crossed = cross_fit(*arguments, evaluation.groups, seed)
    temperature = fit_temperature(*arguments) if crossed else None
    if crossed is None or temperature is None:
        return None
    judged = replace(evaluation, windows=crossed.probabilities, starts=np.arange(len(evaluation)))
    scale = present or 1.0
    return TemperatureFit(
        scale * temperature,
        (scale * crossed.temperatures[0], scale * crossed.temperatures[1]),
        before,
        figures.figures(judged),
        judged,
    )


def config_file(card: cards.ModelCard) -> Path:
    """Return where a model's temperature is kept; ModelError for a model whose temperature cannot be changed."""
    path = card.folder / cards.CONFIG
    if card.origin == "embedded":
        raise ModelError(
            f"{card.name} is embedded in this program, which never changes it; copy {card.folder} and give the copy."
        )
    if not path.is_file():
        raise ModelError(f"{card.folder} has no {cards.CONFIG}, which is where a temperature is kept; write one first.")
    return path


def save(card: cards.ModelCard, temperature: float) -> None:
    """Write the temperature into the model's config.json in one step; ModelError where that cannot be."""
    folder = config_file(card).parent
    cards.write_config(folder, {**cards.read_config(folder), "temperature": temperature})
