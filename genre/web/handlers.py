"""What happens when somebody gives a recording: checks what came in, asks the classifier, words what comes out.

Everything here is reachable over HTTP, the events of the page too, so nothing that comes in is trusted:
a model is a known name, never a path; numbers have a range; a file is one that this server was given.
"""

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from genre import classifier, explain, heatmap, preview
from genre.errors import AudioError, GenreError
from genre.labels import LANGUAGES, Language
from genre.prediction import Prediction
from genre.settings import CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, SAMPLE_RATE, UNSURE_BELOW, Settings
from genre.spectrogram import Floats, SpectrogramSpec
from genre.web.answer import Heard, Picture, Refused, data_uri
from genre.web.explain_view import Decided, axes
from genre.web.models import RefusalError, Shelf, provenance, refuse, unplaced
from genre.web.texts import reasons, text

log = logging.getLogger(__name__)

START_MAX = 7 * 24 * 3_600.0  # seconds; a later start is a typing error
TOP, TOP_MAX = 5, 1_000  # genres in a program's answer
PICTURE_QUALITY = 90  # of the WebP
VEIL_QUALITY = 80  # likewise
COLUMNS_MAX = 2_560  # of the decibels that a session keeps for drawing: twice the picture's width
WARM_UP_SECONDS = 12.0  # one whole window


class Desk:
    """Where recordings are handed in: one server's settings, models and readiness."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shelf = Shelf(settings)
        self.warm = threading.Event()

    def warm_up(self) -> None:
        """Load the default model and hear one window, so that no visitor pays for librosa's and torch's first use."""
        try:
            noise = np.random.default_rng(0).normal(0, 0.1, int(WARM_UP_SECONDS * SAMPLE_RATE)).astype(np.float32)
            judge = classifier.classifier(self.shelf.default(), self.settings)
            heard = judge.predict((SAMPLE_RATE, noise))
            pictures(heard.decibels, heard.card.spectrogram, 0.0)
        except GenreError as error:
            log.warning("Not ready: %s", error)  # the page opens all the same: it can say so, and download a model
        except Exception:
            if threading.main_thread().is_alive():  # else nobody waits any more, and Python refuses what loading needs
                log.exception("Not ready")
        finally:
            self.warm.set()

    def readiness(self, language: Language) -> str:
        """Return the status line as HTML."""
        if not self.warm.is_set():
            state, words = "waiting", text("waiting", language)
        elif self.shelf.cards():
            state, words = "ready", text("ready", language)
        else:
            state, words = "missing", text("not_ready", language, reason=text("error_no_model", language))
        return f'<p class="g-status g-{state}" role="status">{words}</p>'

    def predict(
        self, path: str | None, model: object, clip_seconds: object, start: object, unsure: object = None
    ) -> Prediction:
        """Return the answer for an uploaded file; RefusalError says in words what is wrong.

        `unsure` is the percentage under which the answer is marked so; None is the model's own.
        """
        seconds, begin = crop(clip_seconds, start)
        below = None if unsure is None else share(unsure)
        reference = self.known(model)
        file = given(path)
        with refusals_worded(file.name):
            judge = classifier.classifier(reference, self.settings)
            return judge.predict(file, clip_seconds=seconds, start=begin, name=file.name, unsure_below=below)

    def unsure_percentage(self, model: object) -> float:
        """Return under which percentage a model's first answer is marked as unsure, where nobody says otherwise."""
        card = self.shelf.cards().get(str(model))
        return round(100 * (UNSURE_BELOW if card is None else card.unsure_below), 1)

    def known(self, model: object) -> str:
        """Return the model's reference if it is one of those here: never a path."""
        cards = self.shelf.cards()
        if not cards:
            raise refuse("error_no_model")
        if isinstance(model, str) and model in cards:
            return model
        if isinstance(model, str) and (absent := self.shelf.absent(model)):
            raise refuse("error_model_absent", name=absent)
        raise refuse("error_model", name=model, known=", ".join(cards))

    def row(self, path: str | None, model: object, clip_seconds: object, start: object, top: object) -> dict[str, Any]:
        """Return the answer as the JSON row that the command line prints too."""
        count = number(top, "top", 1, TOP_MAX)
        return self.predict(path, model, clip_seconds, start).to_dict(top=int(count))

    def hear(
        self, path: str | None, model: object, clip_seconds: object, start: object, unsure: object = None
    ) -> Heard | Refused:
        """Return what the page shows and its session keeps: an answer, or why there is none."""
        try:
            prediction = self.predict(path, model, clip_seconds, start, unsure)
            asked = (given(path), self.known(model), *crop(clip_seconds, start))
        except RefusalError as error:
            return error.refused
        return replace(heard(prediction), asked=asked)

    def decide(self, kept: Heard, genre_id: str) -> None:
        """Find out what spoke for a genre of an answer, once, or why that cannot be said."""
        if kept.asked is None or isinstance(kept.decided.get(genre_id), Decided):
            return
        file, model, seconds, begin = kept.asked
        try:
            given(str(file))
            with refusals_worded(file.name):
                judge = classifier.classifier(self.known(model), self.settings)
                _, (found,) = explain.explain(
                    judge, file, genre_ids=[genre_id], clip_seconds=seconds, start=begin, name=file.name
                )
        except RefusalError as error:
            kept.decided[genre_id] = error.refused
        else:
            kept.decided[genre_id] = decided(found)


def heard(prediction: Prediction) -> Heard:
    """Return what a session keeps of an answer."""
    card, spec = prediction.card, prediction.card.spectrogram
    return Heard(
        row=prediction.to_dict(top=len(card.taxonomy)),
        seconds=prediction.decibels.shape[1] * spec.hop_length / spec.sample_rate,
        start=prediction.start,
        provenance={language: provenance(card, language) for language in LANGUAGES},
        drawing=_compact(prediction.decibels, spec),
        axes=axes(spec),
    )


def given(path: str | None) -> Path:
    """Return the file of a recording; RefusalError where there is none, or none any more."""
    if not path:
        raise refuse("error_nothing")
    file = Path(path)
    if not file.is_file():
        raise refuse("error_gone")
    return file


def crop(clip_seconds: object, start: object) -> tuple[float, float]:
    """Return how much is heard and from where, in seconds; RefusalError names the one that is out of range."""
    seconds = number(clip_seconds, "clip_seconds", CLIP_SECONDS_MIN, CLIP_SECONDS_MAX)
    return seconds, number(start, "start", 0.0, START_MAX)


def share(percentage: object) -> float:
    """Return the share that a percentage of the page is; RefusalError where it is none."""
    return number(percentage, "unsure_below", 0.0, 100.0) / 100


@contextmanager
def refusals_worded(name: str) -> Iterator[None]:
    """Turn what goes wrong with a recording of that name into a RefusalError."""
    try:
        yield
    except GenreError as error:
        otherwise = "error_audio" if isinstance(error, AudioError) else "error_weights"
        message = unplaced(str(error))
        raise RefusalError(Refused(reasons(message, otherwise), message)) from error
    except Exception as error:
        log.exception("No answer for %s", name)
        raise refuse("error_unexpected") from error


def draw(heard: Heard) -> None:
    """Draw an answer's spectrogram, once."""
    if heard.picture is None:
        decibels, spec = heard.drawing
        heard.picture = pictures(decibels, spec, heard.start)
        heard.drawing = None


def decided(found: explain.Explanation) -> Decided:
    """Return what a session keeps of an explanation."""
    buffer = BytesIO()
    veil = heatmap.overlay(found.relevance, [region.box for region in found.regions])
    veil.save(buffer, "WEBP", quality=VEIL_QUALITY)
    return Decided(data_uri(buffer.getvalue(), "image/webp"), replace(found, relevance=np.empty((0, 0), np.float32)))


def pictures(
    decibels: Any,
    spec: SpectrogramSpec,
    start: float,
    *,
    width: int = preview.WIDTH,
    height: int = preview.HEIGHT,
    larger: float = 1.0,
) -> Picture:
    """Draw a spectrogram for both themes; see `preview.draw`."""
    uris = []
    for dark in (False, True):
        buffer = BytesIO()
        drawn = preview.draw(
            np.asarray(decibels, np.float32), spec, start=start, width=width, height=height, dark=dark, larger=larger
        )
        drawn.save(buffer, "WEBP", quality=PICTURE_QUALITY)
        uris.append(data_uri(buffer.getvalue(), "image/webp"))
    return Picture(*uris)


def known_language(language: object) -> Language:
    """Return the language if the page speaks it, else English."""
    return "zh" if language == "zh" else "en"


def number(value: object, name: str, low: float, high: float) -> float:
    """Return a number in its range; RefusalError calls the field what the page calls it."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high:
        return float(value)
    limits = {"value": value, "low": f"{low:g}", "high": f"{high:g}"}
    raise RefusalError(
        Refused(
            {language: text("error_number", language, name=text(name, language), **limits) for language in LANGUAGES}
        )
    )


def _compact(decibels: Floats, spec: SpectrogramSpec) -> tuple[Any, SpectrogramSpec]:
    """Keep the loudest of every few frames: ten minutes then cost a session as little memory as thirty seconds."""
    every = -(-decibels.shape[1] // COLUMNS_MAX)
    if every > 1:
        padded = np.pad(decibels, ((0, 0), (0, -decibels.shape[1] % every)), mode="edge")
        decibels = padded.reshape(len(decibels), -1, every).max(axis=2)
        spec = replace(spec, hop_length=spec.hop_length * every)
    return decibels.astype(np.float16), spec
