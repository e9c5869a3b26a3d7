"""One model measured on one set of recordings, as rows, pictures and JSON; the report and the command show these."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genre import __version__, cards, figures, plots
from genre.cards import ModelCard
from genre.datasets import Clip, genre_of
from genre.evaluation import Evaluation, Heard, Ints, Mapped, assess
from genre.labels import Language, Taxonomy, display
from genre.report_texts import words
from genre.temperature import TemperatureFit

FILE_COLUMNS = (
    "path",
    "label",
    "answered",
    "probability",
    "top3",
    "right",
    "coarse_answered",
    "coarse_right",
    "error",
)
LEARNED = ("train", "validation")  # the splits that a model may have learned from or been chosen by
FINGERPRINT_BYTES = 64 << 10  # of a recording, from its beginning
FINGERPRINTS_MAX = 5_000  # in a model's config.json; of more recordings there are none
# In the order in which they are shown: what is a share is shown in percent.
SHARES = ("compatible", "top1", "top3", "group_accuracy", "top_level_accuracy", "top_level_balanced", "coarse_accuracy")
SHOWN = (
    *("compatible", "top1", "top3", "macro_f1", "group_accuracy", "top_level_accuracy", "top_level_balanced"),
    *("coarse_accuracy", "coarse_macro_f1", "confidence", "calibration_error", "brier", "log_loss"),
)


@dataclass(frozen=True)
class Measurement:
    """A model, what it heard and how well it did."""

    card: ModelCard
    source: str
    clip_seconds: float | None  # None: to the end
    heard: Sequence[Heard]
    evaluation: Evaluation
    figures: figures.Figures
    fit: TemperatureFit | None
    fit_wanted: bool  # a fit that was wanted and is None could not be made

    def to_dict(self) -> dict[str, Any]:
        """Return what figures.json holds."""
        card, e = self.card, self.evaluation
        return {
            "genre": __version__,
            "model": card.name,
            "taxonomy": card.taxonomy.id,
            "weights": card.weights_facts(),
            "temperature": card.temperature,
            "source": self.source,
            "splits": sorted({entry.clip.split for entry in self.heard}),  # "" for those of none
            "clip_seconds": self.clip_seconds,
            "mapping": {label: list(ids) for label, ids in e.mapping.items()},
            "figures": self.figures.to_dict(),
            "confusion": {
                name: {"classes": list(classes), "counts": matrix.tolist()}
                for name, (matrix, classes) in confusions(e).items()
            },
            "fitted": self.fit.to_dict() if self.fit else None,
            "failures": list(e.failures),
        }


@dataclass(frozen=True)
class Line:
    """One figure in words."""

    key: str
    name: str
    value: str
    interval: str  # empty where there is none
    clips: str


def percent(share: float) -> str:
    """Return 0.823 as 82.3%."""
    return f"{100 * share:.1f}%"


def lines(found: figures.Figures, language: Language) -> list[Line]:
    """Return the figures that can be said, in words; the compatible share only where it is not just top-1."""
    rows = []
    for key in SHOWN:
        figure = getattr(found, key)
        if figure is None or (key == "compatible" and found.top1 and found.top1.clips == found.clips):
            continue
        is_share = key in SHARES or key in ("confidence", "calibration_error")
        value = figure.value if isinstance(figure, figures.Figure) else figure
        shown = percent(value) if is_share else f"{value:.3f}"
        between = interval(figure, is_share) if isinstance(figure, figures.Figure) else ""
        clips = str(figure.clips) if isinstance(figure, figures.Figure) else ""
        rows.append(Line(key, words(f"figure_{key}", language), shown, between, clips))
    return rows


def interval(figure: figures.Figure, is_share: bool) -> str:
    """Return a figure's interval, as 46.9-57.5%; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    if is_share:
        return f"{100 * figure.low:.1f}–{percent(figure.high)}"
    return f"{figure.low:.3f}–{figure.high:.3f}"


def interval_words(share: figures.Figure, language: Language) -> str:
    """Return a share's interval in words, or that there is none."""
    between = interval(share, True)
    return words("interval_words", language, interval=between) if between else words("no_interval", language)


def headline(found: figures.Figures) -> tuple[str, float, float] | None:
    """Return the key of the figure that says most, what it would be by chance, and for one answer given every time."""
    if found.chance is None or found.constant is None:
        return None
    if found.top1 is not None and found.top1.clips == found.clips:
        return "top1", found.chance, found.constant
    if found.coarse_accuracy is not None and found.coarse_accuracy.clips == found.clips:
        most = max(entry.support for entry in found.per_coarse)
        return "coarse_accuracy", 1 / len(found.per_coarse), most / found.clips
    return "compatible", found.chance, found.constant


def summary(measured: Measurement, language: Language) -> str:
    """Return the figure that says most in a sentence, beside what would be reached without listening."""
    best = headline(measured.figures)
    if best is None:
        return words("nothing_heard", language)
    key, chance, constant = best
    figure = getattr(measured.figures, key)
    return words(
        "summary",
        language,
        what=words(f"figure_{key}", language),
        value=percent(figure.value),
        interval=interval_words(figure, language),
        chance=percent(chance),
        constant=percent(constant),
    )


def learned_words(clips: Sequence[Clip], card: ModelCard, language: Language) -> str:
    """Say that the model has learned from some of the clips, or may have by their split; nothing where neither is."""
    stated = cards.read_config(card.folder)["weights"].get("learned") if card.stated_sha256 else None
    known = set(stated.split()) if isinstance(stated, str) else set()
    if count := sum(fingerprint(clip.path) in known for clip in clips) if known else 0:
        return words("learned_by_this", language, count=count, clips=len(clips), model=card.name)
    learned = sum(clip.split in LEARNED for clip in clips)
    return words("learned", language, count=learned, clips=len(clips)) if learned else ""


def fingerprints(clips: Sequence[Clip]) -> str:
    """Return what a model's config.json keeps as "learned" of the clips it was made from; empty where they are many."""
    known = {fingerprint(clip.path) for clip in clips} if len(clips) <= FINGERPRINTS_MAX else set()
    return " ".join(sorted(known - {""}))


def fingerprint(path: Path) -> str:
    """Return 16 digits that say nothing of a recording, by which it is known again wherever it is; empty: unreadable.

    SHA-256, cut to 8 bytes, of the file's size and its beginning.
    """
    try:
        if not path.is_file():  # to open a pipe would wait for ever
            return ""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return hashlib.sha256(b"%d " % size + file.read(FINGERPRINT_BYTES)).hexdigest()[:16]
    except OSError:
        return ""


def groups_words(found: figures.Figures, language: Language) -> str:
    """Say that the groups are too few for good intervals; nothing where they are enough."""
    if not 0 < found.groups < figures.GROUPS_ENOUGH:
        return ""
    numbers = {"groups": found.groups, "least": figures.GROUPS_MIN, "enough": figures.GROUPS_ENOUGH}
    return words("few_groups", language, **numbers)


def temperature_words(measured: Measurement, language: Language) -> str:
    """Say which temperature was fitted and what it does, or that none could be."""
    fit = measured.fit
    if fit is None:
        return words("temperature_unknown", language)
    before, after = fit.before, fit.after
    return words(
        "temperature" if fit.helps else "temperature_useless",
        language,
        temperature=fit.temperature,
        present=measured.card.temperature or 1.0,
        loss=before.log_loss,
        loss_after=after.log_loss,
        error="–" if before.calibration_error is None else percent(before.calibration_error),
        error_after="–" if after.calibration_error is None else percent(after.calibration_error),
    )


def class_name(class_id: str, evaluation: Evaluation, language: Language) -> str:
    """Return a label or genre as people call it: a mapping's label as it is, a genre by its name."""
    known = None if class_id in evaluation.mapping else genre_of(class_id, evaluation.taxonomy)
    return class_id if known is None else display(evaluation.taxonomy[known], language)


def confusions(evaluation: Evaluation) -> dict[str, tuple[Ints, tuple[str, ...]]]:
    """Return the confusion matrices and their classes: of "genres", of "coarse" labels, whichever there are."""
    found: dict[str, tuple[Ints, tuple[str, ...]]] = {}
    if evaluation.fine.any():
        ids = evaluation.taxonomy.ids
        found["genres"] = (
            figures.confusion(figures.fine_truths(evaluation), evaluation.answered, len(ids)),
            ids,
        )
    if evaluation.coarse is not None and (evaluation.coarse[0] >= 0).any():
        labels = tuple(evaluation.mapping)
        found["coarse"] = figures.confusion(*evaluation.coarse[:2], len(labels)), labels
    return found


def pictures(measured: Measurement, language: Language, *, dark: bool = False) -> dict[str, bytes]:
    """Return the PNGs by name: confusion, confusion_coarse where there are both, reliability, reliability_after."""
    language = plots.drawn_language(language)
    e, model = measured.evaluation, measured.card.name
    drawn = {}
    for level, (matrix, classes) in confusions(e).items():
        names = [class_id if level == "coarse" else display(e.taxonomy[class_id], language) for class_id in classes]
        title = words("picture_confusion", language, model=model, clips=matrix.sum())
        name = "confusion_coarse" if "confusion" in drawn else "confusion"
        drawn[name] = plots.confusion(matrix, names, title=title, language=language, dark=dark)
    reliabilities = {"reliability": e}
    if measured.fit:
        reliabilities["reliability_after"] = measured.fit.cross_fitted
    for name, judged in reliabilities.items():
        said, confidences, hits = judged.judged
        if said.any():
            title = words(f"picture_{name}", language, model=model)
            drawn[name] = plots.reliability(confidences, hits, title=title, language=language, dark=dark)
    return drawn


def file_row(heard: Heard, taxonomy: Taxonomy, mapping: Mapped) -> dict[str, object]:
    """Return one recording as a row of FILE_COLUMNS: right is 1 or 0, and empty is what cannot be said."""
    row: dict[str, object] = {"path": str(heard.clip.path), "label": heard.clip.label}
    if heard.windows is None:
        return {**row, "error": heard.error}
    one = assess([heard], taxonomy, mapping)
    ranked = (-one.probabilities[0]).argsort(kind="stable")
    row |= {
        "answered": taxonomy.ids[one.answered[0]],
        "probability": round(float(one.probabilities[0].max()), 6),
        "top3": " ".join(taxonomy.ids[index] for index in ranked[:3]),
        "right": int(one.compatible[0]),
    }
    if one.coarse is not None:
        true, answered, _ = one.coarse
        row["coarse_answered"] = tuple(mapping)[answered[0]]
        if true[0] >= 0:
            row["coarse_right"] = int(true[0] == answered[0])
    return row
