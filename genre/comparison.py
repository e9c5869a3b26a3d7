"""One recording under several models or transforms, side by side: where their answers agree, where they do not.

The sound is decoded once and each distinct transform computed once. One broken model costs its own column only.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import combinations
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.special import entr

from genre import audio, preview, spectrogram
from genre.classifier import Source, classifier
from genre.errors import ModelError, SettingsError
from genre.labels import Taxonomy
from genre.prediction import Prediction
from genre.settings import CLIP_SECONDS, COMPARED, COMPARED_MAX, COMPARED_MIN, Settings

SHORTLIST = 5  # the most likely genres of each model, among which common ones are looked for

# What a spec says about the picture and not about the spectrogram that it is drawn from.
DRAWN = frozenset({"rendering", "window_seconds", "short", "image_size", "mean", "std"})

PANEL_WIDTH, PANEL_HEIGHT = 900, 420  # pixels of one model's spectrogram in a picture
TEXT = 26  # pixels
PAPER, INK, QUIET, ACCENT, TRACK = (255, 255, 255), (27, 36, 48), (75, 88, 102), (15, 118, 110), (226, 232, 238)


@dataclass(frozen=True)
class Column:
    """What one model answers, or why it does not."""

    model: str  # as it was asked for
    prediction: Prediction | None = None
    error: str | None = None
    spectrogram_of: str | None = None  # an earlier column that reads the same spectrogram

    def to_dict(self, top: int = SHORTLIST) -> dict[str, Any]:
        """Return `Prediction.to_dict` with the model's reference, or {"reference", "error"}."""
        if self.prediction is None:
            return {"reference": self.model, "error": self.error}
        return {
            "reference": self.model,
            **self.prediction.to_dict(top),
            "transform": self.prediction.card.spectrogram.transform,
            "spectrogram_of": self.spectrogram_of,
        }


@dataclass(frozen=True)
class Agreement:
    """How far the answers of models that know the same genres agree."""

    taxonomy: Taxonomy
    models: tuple[str, ...]
    first: tuple[str, ...]  # each model's most likely genre
    shared: tuple[str, ...]  # genres on every model's shortlist, the most likely of all first
    shortlist: int  # genres on it
    widest: str  # the genre whose probability differs most, and the models and probabilities at the two ends
    least: tuple[str, float]
    most: tuple[str, float]
    divergence: float  # of all models, 0 to 1, see `divergence`
    pairs: tuple[tuple[str, str, float], ...]  # of every two

    @property
    def same_group(self) -> bool:
        """Whether the most likely genres, though different, belong together in the taxonomy."""
        return len({self.taxonomy[genre_id].group for genre_id in self.first}) == 1

    def to_dict(self) -> dict[str, Any]:
        """Return every field as JSON can hold it."""
        return {
            "taxonomy": self.taxonomy.id,
            "models": list(self.models),
            "agree": len(set(self.first)) == 1,
            "first": dict(zip(self.models, self.first, strict=True)),
            "shared": list(self.shared),
            "shortlist": self.shortlist,
            "widest": {
                "id": self.widest,
                **{
                    end: {"model": model, "probability": probability}
                    for end, (model, probability) in (("least", self.least), ("most", self.most))
                },
            },
            "divergence": self.divergence,
            "pairs": [{"models": [one, other], "divergence": value} for one, other, value in self.pairs],
        }


@dataclass(frozen=True)
class Comparison:
    """The answers of all models for one recording."""

    source: str
    start: float  # seconds into the source at which the heard part begins
    heard_seconds: float
    columns: tuple[Column, ...]
    agreements: tuple[Agreement, ...]  # one for each taxonomy that more than one answering model has
    seconds: dict[str, float]  # decode (once), total

    @property
    def families(self) -> tuple[tuple[Taxonomy, tuple[str, ...]], ...]:
        """The models that answered, by the genres they know."""
        return tuple((found[0].card.taxonomy, tuple(names)) for names, found in _families(self.columns))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What every answer warns of and is about the recording, not about a model."""
        answers = [column.prediction.warnings for column in self.columns if column.prediction]
        common = (code for code in answers[0] if all(code in codes for codes in answers)) if answers else ()
        return tuple(code for code in common if code != "unsure")

    def to_dict(self, top: int = SHORTLIST) -> dict[str, Any]:
        """Return what the command line prints as JSON."""
        return {
            "source": self.source,
            "start": self.start,
            "heard_seconds": self.heard_seconds,
            "models": [column.to_dict(top) for column in self.columns],
            "agreements": [agreement.to_dict() for agreement in self.agreements],
            "seconds": self.seconds,
        }


def compare(
    source: Source,
    models: Sequence[str | os.PathLike[str]] = COMPARED,
    *,
    clip_seconds: float | None = CLIP_SECONDS,
    start: float = 0.0,
    name: str | None = None,
    settings: Settings | None = None,
) -> Comparison:
    """Return what each model answers for a recording, and how far the answers agree.

    models: names (or "origin:NAME") or folders. A model that cannot answer has its reason in its column. AudioError
    where there is nothing to hear, SettingsError for a wrong number of models, one given twice, or a bad crop.
    """
    settings = settings or Settings.from_environment()
    names = [os.fspath(model) for model in models]
    if not COMPARED_MIN <= len(names) <= COMPARED_MAX:
        raise SettingsError(f"Models given: {len(names)}; give {COMPARED_MIN} to {COMPARED_MAX} to compare.")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SettingsError(f"The model {twice} is given twice; give different ones to compare.")
    begun = perf_counter()
    sound = audio.load(source, start=start, clip_seconds=clip_seconds, name=name)
    decode = perf_counter() - begun
    known = _Known(sound, decode)
    columns = tuple(_column(reference, model, known, settings) for reference, model in zip(names, models, strict=True))
    agreements = tuple(_agreement(names, found) for names, found in _families(columns) if len(found) > 1)
    seconds = {"decode": decode, "total": perf_counter() - begun}
    return Comparison(sound.source, sound.start, sound.seconds, columns, agreements, seconds)


def divergence(distributions: NDArray[np.float64]) -> float:
    """Return the Jensen-Shannon divergence of n distributions [n, classes], 0 (the same) to 1 (nothing in common).

    H(mean of the distributions) - mean of their H, with equal weights: Lin (1991), Divergence measures based on the
    Shannon entropy, IEEE Transactions on Information Theory 37(1), 145-151, doi:10.1109/18.61115. It is log2(n) bits
    at most, by which it is divided here; for two that is 1, so theirs is in bits as it stands. It is not the square
    root, the distance, which `scipy.spatial.distance.jensenshannon` returns.
    """
    entropy_of_mean = entr(distributions.mean(axis=0)).sum()  # in nats; the unit goes with the division
    mean_entropy = entr(distributions).sum(axis=1).mean()
    return float(np.clip((entropy_of_mean - mean_entropy) / np.log(len(distributions)), 0.0, 1.0))


def draw(comparison: Comparison) -> Image.Image:
    """Draw the columns side by side: model, spectrogram, most likely genres; below, the divergence. In English."""
    answered = [column for column in comparison.columns if column.prediction]
    if not answered:
        raise ModelError(f"No model has answered, so there is nothing to draw: {comparison.columns[0].error}")
    panel_height = PANEL_HEIGHT + (6 + 2 * SHORTLIST) * TEXT
    picture = Image.new("RGB", (PANEL_WIDTH * len(answered), panel_height + 2 * TEXT), PAPER)
    for place, column in enumerate(answered):
        picture.paste(_panel(column, panel_height), (place * PANEL_WIDTH, 0))
    found = "; ".join(f"{', '.join(entry.models)}: {entry.divergence:.2f}" for entry in comparison.agreements)
    words = f"Jensen-Shannon divergence, 0 the same, 1 nothing in common: {found or 'none, they know other genres'}"
    ImageDraw.Draw(picture).text((TEXT, panel_height), _drawable(words), INK, ImageFont.load_default(TEXT))
    return picture


@dataclass
class _Known:
    """What the columns need not find out again."""

    sound: audio.Audio
    decode: float  # seconds that it took
    spectrograms: dict[object, tuple[str, NDArray[np.float32]]] = field(default_factory=dict)  # and whose they were
    music: float | None = None


def _column(reference: str, model: str | os.PathLike[str], known: _Known, settings: Settings) -> Column:
    """Let one model answer, and keep for the next ones what does not depend on it."""
    begun = perf_counter()
    try:
        judge = classifier(model, settings)
        spec = judge.card.spectrogram
        key = tuple(getattr(spec, entry.name) for entry in fields(spec) if entry.name not in DRAWN)
        first_of_it = key not in known.spectrograms
        if first_of_it:
            known.spectrograms[key] = reference, spectrogram.decibels(known.sound.samples, spec)
        owner, decibels = known.spectrograms[key]
        prediction = judge.answer(
            known.sound, decibels, decode=known.decode, transform=perf_counter() - begun, music=known.music
        )
        known.music = prediction.music
    except ModelError as error:
        return Column(reference, error=str(error))
    return Column(reference, prediction, spectrogram_of=None if first_of_it else owner)


def _families(columns: Sequence[Column]) -> list[tuple[list[str], list[Prediction]]]:
    """Return the models that answered with their answers, in groups that know the same genres, in any order."""
    families: dict[frozenset[str], tuple[list[str], list[Prediction]]] = {}
    for column in columns:
        if column.prediction:
            names, found = families.setdefault(frozenset(column.prediction.card.taxonomy.ids), ([], []))
            names.append(column.model)
            found.append(column.prediction)
    return list(families.values())


def _agreement(models: Sequence[str], predictions: Sequence[Prediction]) -> Agreement:
    taxonomy = predictions[0].card.taxonomy
    answers: list[Mapping[str, float]] = [dict(prediction.ranked) for prediction in predictions]
    shares = np.array([[answer[genre_id] for genre_id in taxonomy.ids] for answer in answers], dtype=np.float64)
    shares /= shares.sum(axis=1, keepdims=True)  # they come in float32
    column = int(np.ptp(shares, axis=0).argmax())
    least, most = int(shares[:, column].argmin()), int(shares[:, column].argmax())
    shortlists = [{genre_id for genre_id, _ in prediction.ranked[:SHORTLIST]} for prediction in predictions]
    by_mean = [taxonomy.ids[index] for index in np.argsort(-shares.mean(axis=0), kind="stable")]
    return Agreement(
        taxonomy=taxonomy,
        models=tuple(models),
        first=tuple(prediction.ranked[0][0] for prediction in predictions),
        shared=tuple(genre_id for genre_id in by_mean if all(genre_id in shortlist for shortlist in shortlists)),
        shortlist=min(SHORTLIST, len(taxonomy)),
        widest=taxonomy.ids[column],
        least=(models[least], float(shares[least, column])),
        most=(models[most], float(shares[most, column])),
        divergence=divergence(shares),
        pairs=tuple(
            (models[one], models[other], divergence(shares[[one, other]]))
            for one, other in combinations(range(len(models)), 2)
        ),
    )


def _panel(column: Column, height: int) -> Image.Image:
    """Draw one model's column of a picture."""
    prediction = column.prediction
    assert prediction is not None
    card = prediction.card
    panel = Image.new("RGB", (PANEL_WIDTH, height), PAPER)
    pen = ImageDraw.Draw(panel)
    large, plain = ImageFont.load_default(round(1.3 * TEXT)), ImageFont.load_default(TEXT)
    pen.text((TEXT, TEXT // 2), _drawable(column.model), INK, large)
    about = f"{card.spectrogram.transform}, {card.origin}, {card.taxonomy.id}"
    pen.text((TEXT, 2.2 * TEXT), _drawable(about), QUIET, plain)
    shown = preview.draw(
        prediction.decibels, card.spectrogram, start=prediction.start, width=PANEL_WIDTH, height=PANEL_HEIGHT
    )
    panel.paste(shown, (0, 4 * TEXT))
    label = round(PANEL_WIDTH * preview.TEXT_PER_WIDTH)  # pixels
    left, right = 4 * label, PANEL_WIDTH - 5 * label  # as wide as the spectrogram
    for rank, (genre_id, probability) in enumerate(prediction.ranked[:SHORTLIST]):
        y = PANEL_HEIGHT + (5 + 2 * rank) * TEXT
        pen.text((left, y), _drawable(card.taxonomy[genre_id].en), INK, plain)
        pen.text((right, y), f"{probability:.1%}", INK, plain, anchor="ra")
        pen.rectangle((left, y + 1.25 * TEXT, right, y + 1.55 * TEXT), TRACK)
        pen.rectangle((left, y + 1.25 * TEXT, left + probability * (right - left), y + 1.55 * TEXT), ACCENT)
    return panel


def _drawable(words: str) -> str:
    """Return words as the font that Pillow brings can show them."""
    return words.encode("latin-1", "backslashreplace").decode("latin-1")
