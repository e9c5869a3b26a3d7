"""The tab that follows a long recording: progress that can be stopped, then a timeline that can be played.

An hour takes minutes, so the work has places of its own beside those of the other tabs, and gives way after every
batch: who stops it, gives another recording or closes the page ends it there, because Gradio closes the generator.
"""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import gradio as gr
import numpy as np

from genre import palette, timeline
from genre.classifier import classifier
from genre.labels import LANGUAGES, Language
from genre.settings import PAGE_STREAM_SECONDS_MAX
from genre.timeline import Timeline
from genre.web import answer, server, timeline_view
from genre.web.answer import Refused
from genre.web.handlers import given, known_language, refusals_worded
from genre.web.models import RefusalError, provenance
from genre.web.tab import QUIET, Props, Tab, model_choice, recording
from genre.web.texts import text
from genre.web.timeline_view import Followed, Stopped

AT_ONCE = 4  # recordings that are followed at the same time; they share the network, a batch in turn
TELL_SECONDS = 0.4  # between two signs of progress
SHOW = "() => window.genre.show('timeline-answer')"  # in the browser: brings a new answer into view
PLAY = f"window.genre.timeline(element, watch); {answer.ANNOUNCE}"

Kept = Followed | Refused | Stopped | None


class TimelineTab(Tab):
    """Give a long recording, wait or stop, then see and hear what is where."""

    label = "tab_timeline"

    def lay_out(self) -> None:
        """Make what people give in two columns, what they are told below, where it has the whole width."""
        desk, say = self.desk, self.words.say
        with gr.Row(elem_classes="g-columns", equal_height=False):
            with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
                self.recording = recording(desk, self.words, "timeline-recording", "timeline_audio", "timeline_help")
            with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
                self.model = model_choice(desk, self.words, self.language, "timeline-model")
                self.ask = say(
                    gr.Button,
                    lambda tongue: {"value": text("timeline_ask", tongue)},
                    variant="primary",
                    elem_id="timeline-ask",
                )
                self.progress = gr.HTML("", elem_id="timeline-progress")
                self.stop = say(
                    gr.Button,
                    lambda tongue: {"value": text("timeline_stop", tongue)},
                    elem_id="timeline-stop",
                    visible=False,
                )
        with gr.Column(elem_classes="g-told"):
            self.answer = gr.HTML(timeline_view.empty("en"), elem_id="timeline-answer", js_on_load=PLAY)
        self.job = gr.State(None, time_to_live=server.KEEP_SECONDS)
        self.kept = gr.State(None, time_to_live=server.KEEP_SECONDS)
        self.told = [self.answer]
        self.told_from = [self.kept]

    def wire(self) -> None:
        """Begin when a recording is there and when somebody asks again; what is under way then makes room."""
        work = [self.progress, self.stop]
        options: Props = {"api_visibility": "private", "show_progress": "hidden"}
        running = self.job.change(
            self.follow,
            self.job,
            [*work, self.kept],
            concurrency_id="timeline",
            concurrency_limit=AT_ONCE,
            trigger_mode="multiple",
            **options,
        )
        running.then(self.show, [self.kept, self.language], self.answer, **QUIET).then(None, js=SHOW, **QUIET)
        begun = [self.job, self.kept, *work, self.answer]
        given_by = [self.recording.upload, self.recording.stop_recording, self.ask.click]
        gr.on(given_by, self.begin, [self.recording, self.model, self.language], begun, cancels=[running], **options)
        ended = [self.kept, *work, self.answer]
        for event, answered in ((self.stop.click, self.end), (self.recording.clear, self.forget)):
            over = event(answered, self.language, ended, cancels=[running], **options)
            over.then(self.rest, None, work, **QUIET)  # a last sign of progress may have been on its way

    def tell(self, language: Language, *values: Any) -> list[Any]:
        """Return the timeline, or why there is none."""
        (kept,) = values
        return [_told(kept, language)]

    # --- events; what comes in may have been sent by anybody

    def begin(self, path: str | None, model: object, language: object) -> tuple[Any, ...]:
        """Take a recording on; the change of the job starts the work."""
        tongue = known_language(language)
        try:
            job = (str(given(path)), self.desk.known(model), time.monotonic_ns())
        except RefusalError as error:
            return gr.skip(), error.refused, "", gr.update(visible=False), _told(error.refused, tongue)
        return job, None, timeline_view.progress(None), gr.update(visible=True), timeline_view.empty(tongue)

    def follow(self, job: object) -> Iterator[tuple[Any, ...]]:
        """Follow the recording of a job and show how far it has come; then show nothing and keep the answer."""
        kept: Kept = None
        try:
            for step in self._steps(job):
                if isinstance(step, Followed):
                    kept = step
                else:
                    yield timeline_view.progress(step), gr.update(visible=True), gr.skip()
        except RefusalError as error:
            yield "", gr.update(visible=False), error.refused
            return
        yield "", gr.update(visible=False), kept

    def show(self, kept: Kept, language: object) -> str:
        """Show the answer in the language that the page speaks by now."""
        return _told(kept, known_language(language))

    def end(self, language: object) -> tuple[Any, ...]:
        """Say that the work was stopped."""
        return Stopped(), "", gr.update(visible=False), _told(Stopped(), known_language(language))

    def forget(self, language: object) -> tuple[Any, ...]:
        """Take the answer away with its recording."""
        return None, "", gr.update(visible=False), _told(None, known_language(language))

    def rest(self) -> tuple[Any, ...]:
        """Show no progress."""
        return "", gr.update(visible=False)

    def _steps(self, job: object) -> Iterator[timeline.Progress | Followed]:
        """Do a job, telling of it now and then; RefusalError says in words what is wrong."""
        if not isinstance(job, tuple):
            return
        path, model, _ = job
        file = given(path)
        with refusals_worded(file.name):
            judge = classifier(self.desk.known(model), self.desk.settings)
            steps = timeline.walk(file, judge, seconds_max=PAGE_STREAM_SECONDS_MAX, name=file.name)
            told = -TELL_SECONDS
            while True:
                try:
                    step = next(steps)
                except StopIteration as done:
                    found: Timeline = done.value
                    break
                if time.monotonic() - told >= TELL_SECONDS:
                    yield step
                    told = time.monotonic()
        yield _kept(found, path)


def _kept(found: Timeline, path: str) -> Followed:
    return Followed(
        row=found.to_dict(),
        marks=tuple(palette.marks([(segment.kind, segment.id) for segment in found.segments], found.card.taxonomy.ids)),
        peaks=found.peaks.astype(np.float16).astype(np.float32),
        sound=f"gradio_api/file={quote(path)}",
        provenance={language: provenance(found.card, language) for language in LANGUAGES},
    )


def _told(kept: Kept, language: Language) -> str:
    if isinstance(kept, Followed):
        return timeline_view.timeline(kept, language)
    if isinstance(kept, Refused):
        return answer.refusal(kept, language)
    return timeline_view.empty(language, kept)
