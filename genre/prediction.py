"""What a model says of one recording, with everything needed to judge it, whichever engine asked the model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genre import musicality
from genre.cards import ModelCard
from genre.labels import Taxonomy
from genre.spectrogram import Window


@dataclass(frozen=True)
class WindowProbabilities:
    """What one window of the recording sounds like; start and end are seconds into the source."""

    start: float
    end: float
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Prediction:
    """The answer for one recording, with everything needed to judge it."""

    source: str  #: the path as given, "bytes", "array", or the name the caller gave
    card: ModelCard  #: the model, and where its weights come from
    ranked: tuple[tuple[str, float], ...]  #: every genre id with its probability, most likely first
    windows: tuple[WindowProbabilities, ...]  #: start, end and probabilities of each window, in order
    warnings: tuple[str, ...]  #: codes: "not_music", those of audio.WARNINGS, "short" and "unsure"
    music: float  #: how much the sound is like music at all, 0 to 1, whatever the model
    unsure_below: float  #: music whose first genre is under this probability is marked "unsure"
    seconds: dict[str, float]  #: decode, spectrogram, music, load (of the network), network, total
    start: float  #: seconds into the source at which the heard part begins
    decibels: NDArray[np.float32] = field(repr=False, compare=False)  #: [bins, frames], for drawing

    def to_dict(self, top: int = 5) -> dict[str, Any]:
        """Return the JSON row that the command line, HTTP and files share, with the `top` most likely genres."""
        taxonomy: Taxonomy = self.card.taxonomy
        return {
            "source": self.source,
            "model": self.card.name,
            "taxonomy": taxonomy.id,
            "weights": self.card.weights_facts(),
            "top": [
                {"id": genre_id, "en": taxonomy[genre_id].en, "zh": taxonomy[genre_id].zh, "probability": probability}
                for genre_id, probability in self.ranked[:top]
            ],
            "windows": [
                {"start": window.start, "end": window.end, "probabilities": window.probabilities}
                for window in self.windows
            ],
            "warnings": list(self.warnings),
            "music": self.music,
            "unsure_below": self.unsure_below,
            "seconds": self.seconds,
        }


def conclude(
    card: ModelCard,
    per_window: NDArray[np.float32],
    windows: Sequence[Window],
    *,
    source: str,
    start: float,
    sound_seconds: float,
    noticed: Sequence[str],
    music: float,
    unsure_below: float,
    seconds: dict[str, float],
    decibels: NDArray[np.float32],
) -> Prediction:
    """Return the answer that the probabilities of windows, [windows, classes], give together: their mean.

    The windows lie in the part that was heard, which is `sound_seconds` long and begins at `start`; `noticed` are the
    warnings of the sound; the total of `seconds` is added.
    """
    ids, mean = card.taxonomy.ids, per_window.mean(axis=0)
    ranked = tuple((ids[index], float(mean[index])) for index in np.argsort(-mean, kind="stable"))
    is_music = music >= musicality.NOT_MUSIC_BELOW
    warnings = {
        "not_music": not is_music,
        **dict.fromkeys(noticed, True),
        "short": sound_seconds < card.spectrogram.window_seconds,
        "unsure": is_music and ranked[0][1] < unsure_below,  # of which genre; what is none has none to be unsure of
    }
    return Prediction(
        source=source,
        card=card,
        ranked=ranked,
        windows=tuple(
            WindowProbabilities(
                round(start + window.start, 3),
                round(start + window.stop, 3),
                {genre_id: float(p) for genre_id, p in zip(ids, row, strict=True)},
            )
            for window, row in zip(windows, per_window, strict=True)
        ),
        warnings=tuple(code for code, applies in warnings.items() if applies),
        music=music,
        unsure_below=unsure_below,
        seconds={**seconds, "total": sum(seconds.values())},
        start=start,
        decibels=decibels,
    )
