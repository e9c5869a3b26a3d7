"""What every tab of the page has in common: words that can change their language, and answers that can be told again.

A tab is laid out once for everybody; what one visitor got lies in the session, in components named by `told_from`.
Everything that comes in through an event may have been sent by anybody: see `handlers.Desk`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from html import escape
from typing import Any, ClassVar

import gradio as gr

from genre.labels import Language
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN
from genre.web.handlers import Desk, known_language
from genre.web.texts import text

Props = dict[str, Any]

# Options of events that programs need not see (they have `/classify`); they can be reached all the same.
QUIET: Props = {"api_visibility": "private", "show_progress": "hidden"}

# "numpy" would decode the whole upload with another library, and need ffmpeg for most formats.
RECORDING: Props = {
    "type": "filepath",
    "sources": ["upload", "microphone"],
    "buttons": [],
    "waveform_options": gr.WaveformOptions(waveform_color="#94a3b8", waveform_progress_color="#0f766e"),
}
LIMITS = {"low": f"{CLIP_SECONDS_MIN:g}", "high": f"{CLIP_SECONDS_MAX:g}"}
NOTICES = {  # what only the browser can notice, as the page's script names it
    "insecure": "insecure",
    "microphone-denied": "microphone_denied",
    "microphone-missing": "microphone_missing",
    "too-big": "upload_too_big",
    "not-audio": "upload_not_audio",
}


class Words:
    """The components of the page whose words change with the language."""

    def __init__(self) -> None:
        self._worded: list[tuple[Any, Callable[[Language], Props]]] = []

    def say(self, kind: Callable[..., Any], words: Callable[[Language], Props], **fixed: Any) -> Any:
        """Make a component in English that can change its language."""
        component = kind(**words("en"), **fixed)
        self._worded.append((component, words))
        return component

    @property
    def components(self) -> list[Any]:
        """What `turned` has new words for, in the same order."""
        return [component for component, _ in self._worded]

    def turned(self, language: Language) -> list[Any]:
        """Return every component's words in this language."""
        return [gr.update(**words(language)) for _, words in self._worded]


class Tab(ABC):
    """One thing that the page does. `lay_out` is called inside the tab, `wire` when every tab is laid out."""

    label: ClassVar[str]  # a key of TEXTS
    told: list[Any]  # components that show an answer
    told_from: list[Any]  # components whose values `tell` gets
    place: gr.Tab  # what it stands in; `place.select` says that somebody opens it

    def __init__(self, desk: Desk, words: Words, language: gr.Radio) -> None:
        self.desk = desk
        self.words = words
        self.language = language

    def named(self, language: Language) -> Props:
        """Return what the tab is called."""
        return {"label": text(self.label, language)}

    @abstractmethod
    def lay_out(self) -> None:
        """Make the components."""

    @abstractmethod
    def wire(self) -> None:
        """Say which click calls what."""

    @abstractmethod
    def tell(self, language: Language, *values: Any) -> list[Any]:
        """Return what `told` shows in this language, from the values of `told_from`."""


def shared(desk: Desk) -> Props:
    """Options of every event that works on a recording: together they take no more than the settings allow."""
    return {"concurrency_id": "hear", "concurrency_limit": desk.settings.concurrency}


def busy(desk: Desk, shown_on: Any) -> Props:
    """Options of an event that answers for a recording; its progress is shown over `shown_on`."""
    return {
        "api_visibility": "private",
        "show_progress_on": shown_on,
        "trigger_mode": "always_last",  # who clicks on while an answer is on its way means the last click
        **shared(desk),
    }


def recording(desk: Desk, words: Words, elem_id: str, label: str = "audio", help_: str = "audio_help") -> Any:
    """Make the component that takes a recording, with help and notices below; its value is the path of an upload."""
    component = words.say(
        gr.Audio,
        lambda language: {"label": text(label, language)},
        elem_id=elem_id,
        elem_classes="g-recording",
        **RECORDING,
    )
    words.say(gr.HTML, lambda language: {"value": notices(language, desk.settings.max_upload_mb, help_)})
    return component


def crop_choice(words: Words, prefix: str = "") -> tuple[Any, Any]:
    """Make the two numbers that choose the part to hear, `#{prefix}start` and `#{prefix}clip`."""
    with gr.Row(elem_classes="g-crop"):
        start = words.say(
            gr.Number,
            lambda language: {"label": text("start", language), "info": text("start_info", language)},
            value=0,
            elem_id=f"{prefix}start",
            min_width=130,
        )
        clip = words.say(
            gr.Number,
            lambda language: {
                "label": text("clip_seconds", language),
                "info": text("clip_seconds_info", language, **LIMITS),
            },
            value=CLIP_SECONDS,
            elem_id=f"{prefix}clip",
            min_width=130,
        )
    return start, clip


def model_choice(desk: Desk, words: Words, language: gr.Radio, elem_id: str = "model") -> Any:
    """Make the choice of a model; who opens it sees the models that are there by then."""
    component = words.say(
        gr.Dropdown,
        lambda language: {"label": text("model", language), "choices": desk.shelf.choices(language)},
        value=desk.shelf.default(),
        filterable=False,
        elem_id=elem_id,
    )

    def look_again(language: object) -> Any:
        return gr.update(choices=desk.shelf.choices(known_language(language)))

    component.focus(look_again, language, component, **QUIET)
    return component


def notices(language: Language, megabytes: int, help_: str = "audio_help") -> str:
    """Return help with a recording, and what the browser may have to say of it; the page's script shows that."""
    hidden = "".join(
        f'<p class="g-notice g-notice-{name}" role="alert">{escape(text(key, language, megabytes=megabytes))}</p>'
        for name, key in NOTICES.items()
    )
    return f'<p class="g-help">{escape(text(help_, language, megabytes=megabytes))}</p>{hidden}'
