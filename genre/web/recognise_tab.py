"""The first tab: one recording, one model, its answer, and what the network saw."""

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from genre.labels import Language
from genre.web import answer, explain_view, server
from genre.web.answer import Heard, Refused
from genre.web.examples import Example, Lesson, find_examples, find_lessons
from genre.web.handlers import draw, known_language, share
from genre.web.models import RefusalError
from genre.web.tab import QUIET, Props, Tab, busy, crop_choice, model_choice, recording, shared
from genre.web.texts import text

SHOW = "() => window.genre.show()"  # in the browser: brings a new answer into view


class RecogniseTab(Tab):
    """Give a recording, choose a model, read the answer."""

    label = "tab_recognise"

    def lay_out(self) -> None:
        """Make what people give on the left, what they are told on the right."""
        desk, say = self.desk, self.words.say
        self.examples, self.lessons = find_examples(), find_lessons()
        with gr.Row(elem_classes="g-columns", equal_height=False):
            with gr.Column(scale=5, min_width=320, elem_classes="g-ask"):
                self.recording = recording(desk, self.words, "recording")
                self.start, self.clip = crop_choice(self.words)
                self.ask = say(
                    gr.Button,
                    lambda tongue: {"value": text("classify", tongue)},
                    variant="primary",
                    elem_id="classify",
                )
                self.dataset = self._gallery("examples", self.examples)
                self.lesson = self._gallery("lessons", self.lessons)
                self.model = model_choice(desk, self.words, self.language)
                self.about = gr.HTML(desk.shelf.describe(self.model.value, "en"), elem_id="about-model")
                self.fetch = gr.Button(visible=False, size="sm", elem_id="download")
                self.fetching = gr.HTML(elem_id="downloading")
            with gr.Column(scale=6, min_width=320, elem_classes="g-told"):
                self.answer = gr.HTML(
                    answer.empty("en"), elem_id="answer", elem_classes="g-answering", js_on_load=answer.ANNOUNCE
                )
                self.show = say(
                    gr.Checkbox,
                    lambda tongue: {
                        "label": text("show_spectrogram", tongue),
                        "info": text("spectrogram_info", tongue),
                    },
                    value=False,
                    elem_id="show-spectrogram",
                )
                self.decided = say(
                    gr.Checkbox,
                    lambda tongue: {"label": text("show_decided", tongue), "info": text("decided_info", tongue)},
                    value=False,
                    elem_id="show-decided",
                )
                self.genre = gr.Radio([], visible=False, elem_id="decided-genre")
                self.picture = gr.HTML(visible=False, elem_id="spectrogram")
                self.unsure = say(
                    gr.Slider,
                    lambda tongue: {
                        "label": text("unsure_below", tongue),
                        "info": text("unsure_below_info", tongue),
                    },
                    value=desk.unsure_percentage(self.model.value),
                    minimum=0,
                    maximum=100,
                    step=1,
                    buttons=[],  # its reset knows one value, and every model has its own
                    elem_id="unsure-below",
                )
        self.kept = gr.State(None, time_to_live=server.KEEP_SECONDS)
        self.looking = [self.show, self.decided, self.genre]
        self.told = [self.about, self.fetch, self.answer, self.picture, self.genre]
        self.told_from = [self.model, self.kept, *self.looking]

    def _gallery(self, label: str, clips: Sequence[Example | Lesson]) -> Any:
        """Make buttons for clips that come with the product."""
        return self.words.say(
            gr.Dataset,
            lambda tongue: {"label": text(label, tongue), "sample_labels": [clip.caption(tongue) for clip in clips]},
            components=["textbox"],
            samples=[[clip.path.stem] for clip in clips],
            samples_per_page=max(1, len(clips)),
            type="index",
            layout="gallery",
            visible=bool(clips),
            elem_id=label,
            elem_classes="g-gallery",
        )

    def wire(self) -> None:
        """Answer when a recording is there, when an example is chosen, and when somebody asks again."""
        asked = [self.model, self.clip, self.start, self.unsure, self.language, self.show, self.decided, self.kept]
        told = [self.answer, self.kept, self.picture, self.genre]
        options = busy(self.desk, self.answer)
        given = [self.recording.upload, self.recording.stop_recording, self.ask.click]
        heard = gr.on(given, self.hear, [self.recording, *asked], told, **options)
        example = self.dataset.click(self.hear_example, [self.dataset, *asked], [self.recording, *told], **options)
        lesson = self.lesson.click(
            self.hear_lesson, [self.lesson, *asked], [self.recording, *told, self.show], **options
        )
        looking, looked = [self.kept, self.language, *self.looking], [self.picture, self.genre]
        deciding: Props = {**QUIET, **shared(self.desk), "trigger_mode": "always_last"}
        for answered in (heard, example, lesson):
            answered.then(None, js=SHOW, **QUIET)
            answered.then(self.decide, looking, looked, **deciding)
        self.recording.clear(self.forget, [self.language, self.kept], told, **QUIET)
        self.show.input(self.look, looking, looked, **QUIET)
        for chosen in (self.decided.input, self.genre.input):
            chosen(self.look, looking, looked, **QUIET).then(self.decide, looking, looked, **deciding)
        marked = [self.answer, self.kept]
        self.unsure.input(
            self.mark, [self.kept, self.unsure, self.language], marked, trigger_mode="always_last", **QUIET
        )
        self.model.input(self.describe, [self.model, self.language], [self.about, self.fetch], **QUIET)
        self.model.input(self.desk.unsure_percentage, self.model, self.unsure, **QUIET)

    def tell(self, language: Language, *values: Any) -> list[Any]:
        """Return the model's description, the offer to download it, the answer, its picture and what decided it."""
        model, kept, *looking = values
        return [*self.describe(model, language), _told(kept, language), *self.look(kept, language, *looking)]

    # --- events; what comes in may have been sent by anybody

    def hear(
        self,
        path: str | None,
        model: object,
        clip: object,
        start: object,
        unsure: object,
        language: object,
        show: object,
        decided: object,
        before: Heard | Refused | None,
    ) -> tuple[Any, ...]:
        """Answer for the recording on the page."""
        _leave(before)
        kept = self.desk.hear(path, model, clip, start, unsure)
        return _told(kept, known_language(language)), kept, *self.look(kept, language, show, decided, None)

    def hear_example(
        self,
        index: object,
        model: object,
        clip: object,
        start: object,
        unsure: object,
        language: object,
        show: object,
        decided: object,
        before: Heard | Refused | None,
    ) -> tuple[Any, ...]:
        """Put an example where a recording goes, and answer for it."""
        path = _path(self.examples, index, language)
        return path, *self.hear(path, model, clip, start, unsure, language, show, decided, before)

    def hear_lesson(
        self,
        index: object,
        model: object,
        clip: object,
        start: object,
        unsure: object,
        language: object,
        _show: object,
        decided: object,
        before: Heard | Refused | None,
    ) -> tuple[Any, ...]:
        """Do the same with a clip for the classroom, and show its spectrogram: that is what it is for."""
        path = _path(self.lessons, index, language)
        return path, *self.hear(path, model, clip, start, unsure, language, True, decided, before), True

    def mark(self, kept: Heard | Refused | None, unsure: object, language: object) -> tuple[Any, ...]:
        """Mark the answer that is there as unsure, or not, by another threshold."""
        tongue = known_language(language)
        try:
            if isinstance(kept, Heard):
                kept.mark(share(unsure))
        except RefusalError as error:
            return answer.refusal(error.refused, tongue), kept
        return _told(kept, tongue), kept

    def forget(self, language: object, before: Heard | Refused | None) -> tuple[Any, ...]:
        """Take the answer away with its recording."""
        _leave(before)
        hidden = gr.update(visible=False)
        return answer.empty(known_language(language)), None, hidden, gr.update(visible=False, value=None)

    def look(
        self, kept: Heard | Refused | None, language: object, show: object, decided: object, genre: object
    ) -> tuple[Any, Any]:
        """Show or hide the spectrogram and what decided the answer; the first look at it draws it."""
        if not isinstance(kept, Heard):
            return gr.update(visible=False), gr.update(visible=False, value=None)
        tongue, chosen = known_language(language), _chosen(kept, genre)
        kept.wanted = (chosen, tongue) if decided else None
        if not (show or decided):
            return gr.update(visible=False), gr.update(visible=False, value=None)
        draw(kept)
        choices = explain_view.choices(kept, tongue)
        shown = explain_view.picture(kept, tongue, chosen if decided else None)
        return (
            gr.update(visible=True, value=shown),
            gr.update(visible=bool(decided), label=text("decided_genre", tongue), choices=choices, value=chosen),
        )

    def decide(
        self, kept: Heard | Refused | None, language: object, show: object, decided: object, genre: object
    ) -> tuple[Any, Any]:
        """Find out what spoke for the chosen genre, and show it; that takes a moment, so only where it is asked for."""
        if not decided or not isinstance(kept, Heard):
            return gr.skip(), gr.skip()
        chosen = _chosen(kept, genre)
        self.desk.decide(kept, chosen)
        if kept.wanted is None or kept.wanted[0] != chosen:  # meanwhile something else is looked at
            return gr.skip(), gr.skip()
        return self.look(kept, kept.wanted[1], show, decided, chosen)

    def describe(self, model: object, language: object) -> tuple[Any, ...]:
        """Say what a model is, and offer to download it if it is not here."""
        tongue, reference = known_language(language), str(model)
        absent = self.desk.shelf.absent(reference)
        label = text("download", tongue, name=absent) if absent else ""
        return self.desk.shelf.describe(reference, tongue), gr.update(value=label, visible=bool(absent))

    def download(self, model: object, language: object) -> Iterator[str]:
        """Fetch a published checkpoint and show how far it has come."""
        tongue = known_language(language)
        try:
            yield from self.desk.shelf.download(str(model), tongue)
        except RefusalError as error:
            yield answer.refusal(error.refused, tongue)


def _path(clips: Sequence[Example | Lesson], index: object, language: object) -> str:
    """Return where a clip of the page lies; gr.Error where there is none of that number."""
    if not isinstance(index, int) or not 0 <= index < len(clips):
        raise gr.Error(text("error_nothing", known_language(language)), print_exception=False)
    return str(clips[index].path)


def _leave(before: Heard | Refused | None) -> None:
    """Let nothing more be shown of an answer whose place another one takes."""
    if isinstance(before, Heard):
        before.wanted = None


def _chosen(kept: Heard, genre: object) -> str:
    """Return the genre that is asked about; the most likely one where that is none of the answer's first."""
    asked = explain_view.explainable(kept)
    return genre if isinstance(genre, str) and genre in asked else asked[0]


def _told(kept: Heard | Refused | None, language: Language) -> str:
    if isinstance(kept, Heard):
        return answer.answer(kept, language)
    return answer.refusal(kept, language) if isinstance(kept, Refused) else answer.empty(language)
