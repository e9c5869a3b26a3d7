"""The tab that sets models beside each other: one recording, two to four of them, their answers in columns."""

import json
from dataclasses import replace
from typing import Any

import gradio as gr

from genre import comparison
from genre.comparison import Column, Comparison
from genre.labels import LANGUAGES, Language
from genre.settings import COMPARED, COMPARED_MAX, COMPARED_MIN
from genre.web import answer, compare_view, server
from genre.web.answer import Refused
from genre.web.compare_view import Compared, Shown
from genre.web.handlers import crop, given, known_language, pictures, refusals_worded
from genre.web.models import RefusalError, provenance, refuse, unplaced
from genre.web.tab import QUIET, Tab, busy, crop_choice, recording
from genre.web.texts import reasons, text

LIMITS = {"low": COMPARED_MIN, "high": COMPARED_MAX}
SHOW = "() => window.genre.show('compare-answer')"  # in the browser: brings a new answer into view
# Pixels: twice those of a column, for dense screens. Two stand beside each other, four in a square, three in a row.
PICTURE = {"width": 1_120, "height": 500}
NARROW_PICTURE = {"width": 760, "height": 400, "larger": 1.4}


class CompareTab(Tab):
    """Give a recording, choose models, see what each makes of it."""

    label = "tab_compare"

    def lay_out(self) -> None:
        """Make what people give in two columns, what they are told below, where it has the whole width."""
        desk, say = self.desk, self.words.say
        here = list(desk.shelf.cards())
        with gr.Row(elem_classes="g-columns", equal_height=False):
            with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
                self.recording = recording(desk, self.words, "compare-recording")
            with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
                self.models = say(
                    gr.CheckboxGroup,
                    lambda tongue: {
                        "label": text("compare_models", tongue),
                        "info": text("compare_models_info", tongue, **LIMITS),
                        "choices": desk.shelf.here(tongue),
                    },
                    value=[reference for reference in COMPARED if reference in here],
                    elem_id="compare-models",
                )
                self.start, self.clip = crop_choice(self.words, "compare-")
                self.ask = say(
                    gr.Button,
                    lambda tongue: {"value": text("compare_ask", tongue)},
                    variant="primary",
                    elem_id="compare-ask",
                )
        with gr.Column(elem_classes="g-told"):
            self.answer = gr.HTML(
                compare_view.empty("en"),
                elem_id="compare-answer",
                elem_classes="g-answering",
                js_on_load=answer.ANNOUNCE,
            )
        self.kept = gr.State(None, time_to_live=server.KEEP_SECONDS)
        self.told = [self.answer]
        self.told_from = [self.kept]

    def wire(self) -> None:
        """Answer when a recording is there and when somebody asks again; look for new models when the tab is opened."""
        given_by = [self.recording.upload, self.recording.stop_recording, self.ask.click]
        asked = [self.recording, self.models, self.clip, self.start, self.language]
        answered = gr.on(given_by, self.compare, asked, [self.answer, self.kept], **busy(self.desk, self.answer))
        answered.then(None, js=SHOW, **QUIET)
        self.recording.clear(self.forget, self.language, [self.answer, self.kept], **QUIET)
        self.place.select(self.look_again, [self.models, self.language], self.models, **QUIET)

    def tell(self, language: Language, *values: Any) -> list[Any]:
        """Return the comparison, or why there is none."""
        (kept,) = values
        return [_told(kept, language)]

    # --- events; what comes in may have been sent by anybody

    def compare(
        self, path: str | None, models: object, clip: object, start: object, language: object
    ) -> tuple[str, Compared | Refused]:
        """Ask every chosen model about the recording on the page."""
        kept: Compared | Refused
        try:
            kept = self._compared(path, models, clip, start)
        except RefusalError as error:
            kept = error.refused
        return _told(kept, known_language(language)), kept

    def forget(self, language: object) -> tuple[str, None]:
        """Take the answer away with its recording."""
        return compare_view.empty(known_language(language)), None

    def look_again(self, chosen: object, language: object) -> Any:
        """Offer the models that are here by now; those that have gone are no longer chosen."""
        here = self.desk.shelf.here(known_language(language))
        references = [reference for _, reference in here]
        asked = chosen if isinstance(chosen, list) else []
        still = [model for model in asked if model in references]
        # Only what has gone is taken back: who is quick has chosen another one meanwhile.
        return gr.update(choices=here) if still == asked else gr.update(choices=here, value=still)

    def _compared(self, path: str | None, models: object, clip: object, start: object) -> Compared:
        seconds, begin = crop(clip, start)
        if not isinstance(models, list) or not COMPARED_MIN <= len(models) <= COMPARED_MAX:
            raise refuse("error_compared", **LIMITS)
        references = [self.desk.known(model) for model in models]
        if len(set(references)) < len(references):
            raise refuse("error_compared", **LIMITS)
        file = given(path)
        with refusals_worded(file.name):
            found = comparison.compare(
                file, references, clip_seconds=seconds, start=begin, name=file.name, settings=self.desk.settings
            )
            return _kept(found)


def _kept(found: Comparison) -> Compared:
    """Return what a session keeps of a comparison: words and pictures, not spectrograms."""
    columns = (replace(column, error=column.error and unplaced(column.error)) for column in found.columns)
    found = replace(found, columns=tuple(columns))
    size = NARROW_PICTURE if len(found.columns) % 2 else PICTURE
    drawn: dict[str, answer.Picture] = {}  # models that read the same spectrogram share its picture
    return Compared(
        source=found.source,
        start=found.start,
        heard_seconds=found.heard_seconds,
        columns=tuple(_shown(column, drawn, size) for column in found.columns),
        families=found.families,
        agreements=found.agreements,
        warnings=found.warnings,
        seconds=found.seconds,
        json=json.dumps(found.to_dict(), ensure_ascii=False),
    )


def _shown(column: Column, drawn: dict[str, answer.Picture], size: dict[str, Any]) -> Shown:
    row = column.to_dict()
    if column.prediction is None:
        return Shown(row, reasons=reasons(column.error or "", "error_weights"))
    prediction = column.prediction
    owner = column.spectrogram_of or column.model
    if owner not in drawn:
        drawn[owner] = pictures(prediction.decibels, prediction.card.spectrogram, prediction.start, **size)
    words = {language: provenance(prediction.card, language) for language in LANGUAGES}
    return Shown(row, words, drawn[owner])


def _told(kept: Compared | Refused | None, language: Language) -> str:
    if isinstance(kept, Compared):
        return compare_view.comparison(kept, language)
    return answer.refusal(kept, language) if isinstance(kept, Refused) else compare_view.empty(language)
