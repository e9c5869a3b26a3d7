"""The page: what stands where, and which click calls what."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from html import escape
from typing import Any

import gradio as gr

import genre
from genre.labels import LANGUAGES, Language
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, Settings
from genre.web import answer, server
from genre.web.answer import Heard, Refused
from genre.web.examples import find_examples
from genre.web.handlers import TOP, Desk, draw, known_language
from genre.web.models import RefusalError, refuse
from genre.web.texts import text

SECONDS_PER_HOUR = 3_600
READY_POLL_SECONDS = 0.2
LIMITS = {"low": f"{CLIP_SECONDS_MIN:g}", "high": f"{CLIP_SECONDS_MAX:g}"}

# In the browser: a new answer is read out, the chosen language is kept, the page's own speech is in that language.
ANNOUNCE = "element.setAttribute('aria-live', 'polite')"
WANTED = "(language, ...inputs) => [window.genre.wanted(), ...inputs]"
ADOPT = "(language) => { window.genre.adopt(language, false); }"
CHOOSE = "(language, ...inputs) => { window.genre.adopt(language, true); return [language, ...inputs]; }"
SHOW = "() => window.genre.show()"
# Words that the page's script puts where Gradio has none or English ones.
SCRIPTED = {"file": "source_file", "microphone": "source_microphone", "working": "working"}
NOTICES = {  # as the page's script names them
    "insecure": "insecure",
    "microphone-denied": "microphone_denied",
    "microphone-missing": "microphone_missing",
    "too-big": "upload_too_big",
    "not-audio": "upload_not_audio",
}

Props = dict[str, Any]

# "numpy" would decode the whole upload with another library, and need ffmpeg for most formats.
RECORDING: Props = {
    "type": "filepath",
    "sources": ["upload", "microphone"],
    "buttons": [],
    "waveform_options": gr.WaveformOptions(waveform_color="#94a3b8", waveform_progress_color="#0f766e"),
}


def build(settings: Settings) -> gr.Blocks:
    """Lay out the page and begin to warm up behind it; `serve` shows it."""
    server.prepare()
    desk = Desk(settings)
    threading.Thread(target=desk.warm_up, name="warm-up").start()
    page = gr.Blocks(title="genre", analytics_enabled=False, delete_cache=(server.SWEEP_SECONDS, server.KEEP_SECONDS))
    with page:
        _Page(desk)
        _for_programs(desk)
    page.queue(max_size=settings.queue_size, default_concurrency_limit=None, api_open=False)
    return page


def serve(settings: Settings, page: gr.Blocks | None = None) -> None:
    """Show the page on settings.host and port until interrupted; SettingsError where the port is taken."""
    server.launch(page or build(settings), settings)


class _Page:
    """The components, the words on them in each language, and the events."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.examples = find_examples()
        self.worded: list[tuple[Any, Callable[[Language], Props]]] = []  # components whose words change
        self._lay_out()
        self._wire()

    def _say(self, kind: Callable[..., Any], words: Callable[[Language], Props], **fixed: Any) -> Any:
        """Make a component in English that can change its language."""
        component = kind(**words("en"), **fixed)
        self.worded.append((component, words))
        return component

    def _lay_out(self) -> None:
        desk, say = self.desk, self._say
        model = desk.shelf.default()
        with gr.Row(elem_classes="g-head", equal_height=False):
            say(gr.HTML, lambda tongue: {"value": _header(tongue)}, elem_classes="g-title")
            with gr.Column(scale=0, elem_classes="g-side"):
                self.language = say(
                    gr.Radio,
                    lambda tongue: {"label": text("language", tongue), "value": tongue},
                    choices=[("中文", "zh"), ("English", "en")],
                    elem_id="language",
                    elem_classes="g-language",
                    container=False,
                )
                self.status = say(gr.HTML, lambda tongue: {"value": desk.readiness(tongue)}, elem_id="status")
        with gr.Row(elem_classes="g-columns", equal_height=False):
            with gr.Column(scale=5, min_width=320, elem_classes="g-ask"):
                self.recording = say(
                    gr.Audio, lambda tongue: {"label": text("audio", tongue)}, elem_id="recording", **RECORDING
                )
                say(gr.HTML, lambda tongue: {"value": _notices(tongue, desk.settings.max_upload_mb)})
                with gr.Row(elem_classes="g-crop"):
                    self.start = say(
                        gr.Number,
                        lambda tongue: {"label": text("start", tongue), "info": text("start_info", tongue)},
                        value=0,
                        elem_id="start",
                        min_width=130,
                    )
                    self.clip = say(
                        gr.Number,
                        lambda tongue: {
                            "label": text("clip_seconds", tongue),
                            "info": text("clip_seconds_info", tongue, **LIMITS),
                        },
                        value=CLIP_SECONDS,
                        elem_id="clip",
                        min_width=130,
                    )
                self.ask = say(
                    gr.Button,
                    lambda tongue: {"value": text("classify", tongue)},
                    variant="primary",
                    elem_id="classify",
                )
                self.dataset = say(
                    gr.Dataset,
                    lambda tongue: {
                        "label": text("examples", tongue),
                        "sample_labels": [example.caption(tongue) for example in self.examples],
                    },
                    components=["textbox"],
                    samples=[[example.genre.id] for example in self.examples],
                    samples_per_page=max(1, len(self.examples)),
                    type="index",
                    layout="gallery",
                    visible=bool(self.examples),
                    elem_id="examples",
                )
                self.model = say(
                    gr.Dropdown,
                    lambda tongue: {"label": text("model", tongue), "choices": desk.shelf.choices(tongue)},
                    value=model,
                    filterable=False,
                    elem_id="model",
                )
                self.about = gr.HTML(desk.shelf.describe(model, "en"), elem_id="about-model")
                self.fetch = gr.Button(visible=False, size="sm", elem_id="download")
                self.fetching = gr.HTML(elem_id="downloading")
            with gr.Column(scale=6, min_width=320, elem_classes="g-told"):
                self.answer = gr.HTML(answer.empty("en"), elem_id="answer", js_on_load=ANNOUNCE)
                self.show = say(
                    gr.Checkbox,
                    lambda tongue: {
                        "label": text("show_spectrogram", tongue),
                        "info": text("spectrogram_info", tongue),
                    },
                    value=False,
                    elem_id="show-spectrogram",
                )
                self.picture = gr.HTML(visible=False, elem_id="spectrogram")
        say(gr.HTML, lambda tongue: {"value": _footer(tongue)})
        self.kept = gr.State(None, time_to_live=server.KEEP_SECONDS)

    def _wire(self) -> None:
        """Connect the events. They are hidden from programs, which have `/classify`, but reachable: see `Desk`."""
        quiet: Props = {"api_visibility": "private", "show_progress": "hidden"}
        busy: Props = {
            "api_visibility": "private",
            "show_progress_on": self.answer,
            "trigger_mode": "always_last",  # who clicks on while an answer is on its way means the last click
            **_shared(self.desk),
        }
        told = [self.answer, self.picture, self.kept]
        asked = [self.model, self.clip, self.start, self.language, self.show]
        tongued = [self.language, self.model, self.kept]
        turned = [*(component for component, _ in self.worded), self.about, self.fetch, self.answer, self.picture]
        page = gr.context.Context.root_block
        assert page is not None

        opened = page.load(self.turn, tongued, turned, js=WANTED, **quiet)
        opened.then(None, self.language, None, js=ADOPT, **quiet)
        opened.then(self.report_readiness, self.language, self.status, **quiet)
        chosen = self.language.input(self.turn, tongued, turned, js=CHOOSE, **quiet)
        # Gradio's recorder reads the words on its own buttons only when it is made.
        hide, show = gr.update(visible=False), gr.update(visible=True)
        chosen.then(lambda: hide, None, self.recording, **quiet).then(lambda: show, None, self.recording, **quiet)

        given = [self.recording.upload, self.recording.stop_recording, self.ask.click]
        heard = gr.on(given, self.hear, [self.recording, *asked], told, **busy)
        example = self.dataset.click(self.hear_example, [self.dataset, *asked], [self.recording, *told], **busy)
        for answered in (heard, example):
            answered.then(None, js=SHOW, **quiet)
        self.recording.clear(self.forget, self.language, told, **quiet)
        self.show.input(self.reveal, [self.kept, self.show, self.language], self.picture, **quiet)

        described = [self.about, self.fetch]
        self.model.input(self.describe, [self.model, self.language], described, **quiet)
        fetched = self.fetch.click(self.download, [self.model, self.language], self.fetching, **quiet)
        fetched.then(self.turn, tongued, turned, **quiet)
        fetched.then(self.report_readiness, self.language, self.status, **quiet)

    # --- events; what comes in may have been sent by anybody

    def turn(self, language: object, model: object, kept: Heard | Refused | None) -> list[Any]:
        """Say everything on the page again, in this language."""
        tongue = known_language(language)
        return [
            *(gr.update(**words(tongue)) for _, words in self.worded),
            *self.describe(model, tongue),
            _told(kept, tongue),
            answer.picture(kept, tongue) if isinstance(kept, Heard) else "",
        ]

    async def report_readiness(self, language: object) -> AsyncIterator[str]:
        """Say that the page is getting ready, and then that it is."""
        while not self.desk.warm.is_set():
            yield self.desk.readiness(known_language(language))
            await asyncio.sleep(READY_POLL_SECONDS)
        yield self.desk.readiness(known_language(language))

    def hear(
        self, path: str | None, model: object, clip: object, start: object, language: object, show: object
    ) -> tuple[Any, ...]:
        """Answer for the recording on the page."""
        kept = self.desk.hear(path, model, clip, start)
        tongue = known_language(language)
        return _told(kept, tongue), self.reveal(kept, show, tongue), kept

    def hear_example(
        self, index: object, model: object, clip: object, start: object, language: object, show: object
    ) -> tuple[Any, ...]:
        """Put an example where a recording goes, and answer for it."""
        if not isinstance(index, int) or not 0 <= index < len(self.examples):
            raise gr.Error(text("error_nothing", known_language(language)), print_exception=False)
        path = str(self.examples[index].path)
        return path, *self.hear(path, model, clip, start, language, show)

    def forget(self, language: object) -> tuple[Any, ...]:
        """Take the answer away with its recording."""
        return answer.empty(known_language(language)), gr.update(visible=False, value=""), None

    def reveal(self, kept: Heard | Refused | None, show: object, language: object) -> Any:
        """Show or hide the spectrogram; it is drawn when it is first looked at, and only then."""
        if not show or not isinstance(kept, Heard):
            return gr.update(visible=False)
        draw(kept)
        return gr.update(visible=True, value=answer.picture(kept, known_language(language)))

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


def _for_programs(desk: Desk) -> None:
    """Add the endpoint `/classify`: what `genre classify --json` prints for one file, or an error with its text."""

    def classify(file: str, model: str, clip_seconds: float, start: float, language: str, top: float) -> dict[str, Any]:
        try:
            if language not in LANGUAGES:
                raise refuse("error_language", value=language, known=", ".join(LANGUAGES))
            return desk.row(file, model, clip_seconds, start, top)
        except RefusalError as error:
            raise gr.Error(error.refused.reasons[known_language(language)], print_exception=False) from error

    with gr.Row(visible=False):
        inputs = [
            gr.Audio(label="file: the recording", **RECORDING),
            gr.Textbox(desk.shelf.default(), label="model: one of `genre models`"),
            gr.Number(CLIP_SECONDS, label=f"clip_seconds: {CLIP_SECONDS_MIN:g} to {CLIP_SECONDS_MAX:g}"),
            gr.Number(0, label="start: seconds to skip"),
            gr.Textbox("en", label="language of errors: en or zh"),
            gr.Number(TOP, label="top: how many genres", precision=0),
        ]
        gr.Button().click(classify, inputs, gr.JSON(), api_name="classify", **_shared(desk))


def _shared(desk: Desk) -> Props:
    """Options of every event that works on a recording: together they take no more than the settings allow."""
    return {"concurrency_id": "hear", "concurrency_limit": desk.settings.concurrency}


def _told(kept: Heard | Refused | None, language: Language) -> str:
    if isinstance(kept, Heard):
        return answer.answer(kept, language)
    return answer.refusal(kept, language) if isinstance(kept, Refused) else answer.empty(language)


def _header(language: Language) -> str:
    return f"<h1>{escape(text('title', language))}</h1><p>{escape(text('lead', language))}</p>"


def _notices(language: Language, megabytes: int) -> str:
    """Help with the recording, and what only the browser can notice: the page's script shows the one that applies."""
    hidden = "".join(
        f'<p class="g-notice g-notice-{name}" role="alert">{escape(text(key, language, megabytes=megabytes))}</p>'
        for name, key in NOTICES.items()
    )
    words = {key: escape(text(key, language, megabytes=megabytes)) for key in ("audio_help", *SCRIPTED.values())}
    data = "".join(f' data-{name}="{words[key]}"' for name, key in SCRIPTED.items())
    limit = f' data-max-bytes="{megabytes * gr.FileSize.MB}"'
    return f'<p class="g-help" id="recording-help"{limit}{data}>{words["audio_help"]}</p>{hidden}'


def _footer(language: Language) -> str:
    privacy = text("privacy", language, hours=server.KEEP_SECONDS // SECONDS_PER_HOUR)
    about = text("about", language, version=genre.__version__)
    return f'<div class="g-foot"><p>{escape(privacy)}</p><p>{escape(about)}</p></div>'
