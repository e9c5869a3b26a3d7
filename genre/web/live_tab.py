"""The tab that listens: what is played near the microphone, told while it plays."""

from dataclasses import replace
from typing import Any

import gradio as gr

from genre.labels import Language
from genre.web import answer, live_view, server
from genre.web.answer import Heard, Refused
from genre.web.handlers import known_language
from genre.web.live_desk import LiveDesk
from genre.web.tab import QUIET, Tab, notices, shared
from genre.web.texts import text

# In the browser: the script takes the button over, and shows again what it had shown when an element is made anew.
LIVE = "window.genre.live(element, server, watch)"
AGAIN = "watch('value', window.genre.liveAgain); window.genre.liveAgain()"
WHOSE = "(_, ...inputs) => [window.genre.liveSession(), ...inputs]"


class LiveTab(Tab):
    """Start, let music play, and keep the answer if it is worth it."""

    label = "tab_live"

    def lay_out(self) -> None:
        """Make the ear, what it hears, and the choice of the model."""
        desk, say = self.desk, self.words.say
        self.live = LiveDesk(desk)
        model = desk.shelf.default()

        def hear(message: dict[str, Any]) -> dict[str, Any]:
            return self.live.hear(message)

        with gr.Row(elem_classes="g-columns g-live", equal_height=False):
            with gr.Column(scale=5, min_width=320, elem_classes="g-ask g-live-ear"):
                say(
                    gr.HTML,
                    lambda tongue: {"value": live_view.ear(tongue)},
                    elem_id="live-ear",
                    js_on_load=LIVE,
                    server_functions=[hear],
                )
                say(gr.HTML, lambda tongue: {"value": notices(tongue, desk.settings.max_upload_mb, "live_private")})
            with gr.Column(scale=6, min_width=320, elem_classes="g-told g-live-told-column"):
                self.stage = gr.HTML(self._stage(model, "en"), elem_id="live-stage", js_on_load=AGAIN)
                self.keep = say(gr.Button, lambda tongue: {"value": text("live_keep", tongue)}, elem_id="live-keep")
                self.answer = gr.HTML("", elem_id="live-answer", js_on_load=answer.ANNOUNCE)
            with gr.Column(scale=5, min_width=320, elem_classes="g-ask g-live-model"):
                self.model = say(
                    gr.Dropdown,
                    lambda tongue: {"label": text("model", tongue), "choices": desk.shelf.here(tongue)},
                    value=model,
                    filterable=False,
                    elem_id="live-model",
                )
                self.about = gr.HTML(desk.shelf.describe(model, "en"), elem_id="live-about")
        self.session = gr.Textbox(visible=False)
        self.kept = gr.State(None, time_to_live=server.KEEP_SECONDS)
        self.told = [self.stage, self.about, self.answer]
        self.told_from = [self.model, self.kept]

    def wire(self) -> None:
        """Keep an answer, change the model, and look for new models when the tab is opened."""
        kept = [self.session, self.language]
        self.keep.click(
            self.keep_answer,
            kept,
            [self.answer, self.kept],
            js=WHOSE,
            api_visibility="private",
            show_progress="hidden",
            **shared(self.desk),
        )
        self.model.input(self.choose, [self.model, self.language], [self.stage, self.about], **QUIET)
        self.place.select(self.look_again, [self.model, self.language], self.model, **QUIET)

    def tell(self, language: Language, *values: Any) -> list[Any]:
        """Return the bars, the model's description and the kept answer."""
        model, kept = values
        return [*self.choose(model, language), _told(kept, language)]

    # --- events; what comes in may have been sent by anybody

    def keep_answer(self, session: object, language: object) -> tuple[str, Heard | Refused]:
        """Turn what was heard last into an ordinary answer."""
        kept = self.live.keep(session)
        return _told(kept, known_language(language)), kept

    def choose(self, model: object, language: object) -> tuple[str, str]:
        """Show a model's genres and what is known of it."""
        tongue, reference = known_language(language), str(model)
        return self._stage(reference, tongue), self.desk.shelf.describe(reference, tongue)

    def look_again(self, model: object, language: object) -> Any:
        """Offer the models that are here by now."""
        here = self.desk.shelf.here(known_language(language))
        still = model if model in [reference for _, reference in here] else self.desk.shelf.default()
        return gr.update(choices=here, value=still)

    def _stage(self, reference: str, language: Language) -> str:
        return live_view.stage(reference, self.desk.shelf.cards().get(reference), language)


def _told(kept: Heard | Refused | None, language: Language) -> str:
    if isinstance(kept, Heard):
        called = {**kept.row, "source": text("live_source", language)}  # no file has named it
        return answer.answer(replace(kept, row=called), language)
    return answer.refusal(kept, language) if isinstance(kept, Refused) else ""
