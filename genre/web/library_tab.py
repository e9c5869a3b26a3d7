"""The tab for many recordings at once: files or an archive are dropped, and a table fills as they are heard."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from genre import classifier
from genre.labels import LANGUAGES, Language
from genre.web import answer, library_files, library_view, server
from genre.web.answer import Refused
from genre.web.handlers import known_language, refusals_worded
from genre.web.library_files import FILES_MAX, Given
from genre.web.library_view import FILTER_MAX, ORDERS, Entry, Listed
from genre.web.models import RefusalError, refuse
from genre.web.tab import QUIET, Tab
from genre.web.texts import text

log = logging.getLogger(__name__)

SHOW_SECONDS = 0.4  # between two states of the table


class LibraryTab(Tab):
    """Give many recordings, read one table."""

    label = "tab_library"

    def lay_out(self) -> None:
        """Make what people give above, the table below with the whole width."""
        desk, say = self.desk, self.words.say
        with gr.Row(elem_classes="g-columns", equal_height=False):
            with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
                self.files = say(
                    gr.File,
                    lambda tongue: {"label": text("library_files", tongue)},
                    file_count="multiple",
                    height=190,
                    elem_id="library-files",
                )
                limits = {"files": FILES_MAX, "megabytes": desk.settings.max_upload_mb}
                say(
                    gr.HTML,
                    lambda tongue: {"value": f'<p class="g-help">{text("library_help", tongue, **limits)}</p>'},
                )
            with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
                self.model = say(
                    gr.Dropdown,
                    lambda tongue: {"label": text("model", tongue), "choices": desk.shelf.here(tongue)},
                    value=desk.shelf.default(),
                    filterable=False,
                    elem_id="library-model",
                )
                with gr.Row():
                    self.ask = say(
                        gr.Button,
                        lambda tongue: {"value": text("library_ask", tongue)},
                        variant="primary",
                        elem_id="library-ask",
                        min_width=120,
                    )
                    self.stop = say(
                        gr.Button,
                        lambda tongue: {"value": text("library_stop", tongue)},
                        elem_id="library-stop",
                        min_width=120,
                    )
                self.wanted = say(
                    gr.Textbox,
                    lambda tongue: {"label": text("library_wanted", tongue)},
                    elem_id="library-wanted",
                    max_length=FILTER_MAX,
                )
                self.order = say(
                    gr.Dropdown,
                    lambda tongue: {
                        "label": text("library_order", tongue),
                        "choices": [(text(f"library_order_{order}", tongue), order) for order in ORDERS],
                    },
                    value=ORDERS[0],
                    filterable=False,
                    elem_id="library-order",
                )
        with gr.Column(elem_classes="g-told"):
            self.table = gr.HTML(library_view.empty("en"), elem_id="library-answer")
        self.kept = gr.State(None, time_to_live=server.KEEP_SECONDS)
        self.told = [self.table]
        self.told_from = [self.kept]

    def wire(self) -> None:
        """Hear when files have arrived and when somebody asks again; sort and filter at any time."""
        # A queue of their own: whoever has one recording never waits behind a library.
        options = {**QUIET, "concurrency_id": "library", "concurrency_limit": self.desk.settings.concurrency}
        given = [self.files.upload, self.ask.click]
        asked = [self.files, self.model, self.wanted, self.order, self.language]
        gr.on(given, self.hear, asked, [self.table, self.kept], trigger_mode="always_last", **options)
        self.stop.click(self.cease, self.kept, None, **QUIET)
        looked = [self.kept, self.wanted, self.order, self.language]
        typed = [self.wanted.change, self.order.input]  # "input" misses what is pasted
        gr.on(typed, self.look, looked, self.table, trigger_mode="always_last", **QUIET)
        self.files.clear(self.forget, [self.kept, self.language], [self.table, self.kept], **QUIET)
        self.place.select(self.look_again, [self.model, self.language], self.model, **QUIET)

    def tell(self, language: Language, *values: Any) -> list[Any]:
        """Return the table, or why there is none."""
        (kept,) = values
        return [_told(kept, language)]

    # --- events; what comes in may have been sent by anybody

    def hear(
        self, paths: object, model: object, wanted: object, order: object, language: object
    ) -> Iterator[tuple[str, Listed | Refused]]:
        """Hear everything that was given, one after the other, and show the table as it fills."""
        tongue = known_language(language)
        try:
            judge = classifier.classifier(self.desk.known(model), self.desk.settings)
            if not isinstance(paths, list) or not paths:
                raise refuse("library_nothing")
            parcel = library_files.parcel([Path(str(path)) for path in paths], self.desk.settings.max_upload_mb << 20)
            if not parcel.files:
                raise refuse("library_nothing")
        except RefusalError as error:
            yield answer.refusal(error.refused, tongue), error.refused
            return
        listed = Listed(len(parcel.files), parcel.skipped, parcel.beyond)
        _choose(listed, wanted, order)
        shown = 0.0
        for given in parcel.files:
            if time.monotonic() - shown >= SHOW_SECONDS:
                yield library_view.table(listed, tongue), listed
                shown = time.monotonic()
            if listed.stopping:
                break
            listed.entries.append(_heard(judge, given))
        listed.done = True
        yield library_view.table(listed, tongue), listed

    def cease(self, kept: Listed | Refused | None) -> None:
        """Hear no more than the recording that is being heard."""
        if isinstance(kept, Listed):
            kept.stopping = True

    def look(self, kept: Listed | Refused | None, wanted: object, order: object, language: object) -> str:
        """Show the table as it is wanted now."""
        if isinstance(kept, Listed):
            _choose(kept, wanted, order)
        return _told(kept, known_language(language))

    def forget(self, kept: Listed | Refused | None, language: object) -> tuple[str, None]:
        """Take the table away with its files."""
        self.cease(kept)
        return library_view.empty(known_language(language)), None

    def look_again(self, model: object, language: object) -> Any:
        """Offer the models that are here by now."""
        here = self.desk.shelf.here(known_language(language))
        still = model in [reference for _, reference in here]
        return gr.update(choices=here) if still else gr.update(choices=here, value=self.desk.shelf.default())


def _heard(judge: classifier.Classifier, given: Given) -> Entry:
    try:
        source = given.read()
        with refusals_worded(given.name):
            return Entry(judge.predict(source, name=given.name).to_dict())
    except RefusalError as error:
        reasons = {language: error.refused.reasons[language] for language in LANGUAGES}
        said = reasons["en"].removeprefix(f"{given.name}: ")
        return Entry({"source": given.name, "error": f"{given.name}: {said}"}, reasons)


def _choose(listed: Listed, wanted: object, order: object) -> None:
    listed.wanted = wanted.strip()[:FILTER_MAX] if isinstance(wanted, str) else ""
    listed.order = order if isinstance(order, str) and order in ORDERS else ORDERS[0]


def _told(kept: Listed | Refused | None, language: Language) -> str:
    if isinstance(kept, Listed):
        return library_view.table(kept, language)
    return answer.refusal(kept, language) if isinstance(kept, Refused) else library_view.empty(language)
