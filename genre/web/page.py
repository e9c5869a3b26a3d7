"""The page: its head and foot, its tabs, the language they all speak, and the endpoint for programs."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from starlette.routing import BaseRoute, Mount, Route

import genre
from genre.labels import LANGUAGES, Language
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, Settings
from genre.web import mcp_tools, rest, server
from genre.web.compare_tab import CompareTab
from genre.web.handlers import TOP, Desk, known_language
from genre.web.library_tab import LibraryTab
from genre.web.live_tab import LiveTab
from genre.web.models import RefusalError, refuse
from genre.web.programs import Programs
from genre.web.recognise_tab import RecogniseTab
from genre.web.similar_tab import SimilarTab
from genre.web.tab import QUIET, RECORDING, Tab, Words, shared
from genre.web.texts import TEXTS, text
from genre.web.timeline_tab import TimelineTab

SECONDS_PER_HOUR = 3_600
READY_POLL_SECONDS = 0.2

# In the browser: the chosen language is kept, and the page's own speech is in that language.
WANTED = "(language, ...inputs) => [window.genre.wanted(), ...inputs]"
ADOPT = "(language) => { window.genre.adopt(language, false); }"
CHOOSE = "(language, ...inputs) => { window.genre.adopt(language, true); return [language, ...inputs]; }"
# Words that the page's script puts where Gradio has none or English ones.
SCRIPTED = {"file": "source_file", "microphone": "source_microphone", "working": "working"}
# Words of Gradio's own, which the page's script turns.
GRADIO = [key for key in TEXTS if key.startswith("gradio_")]

TABS: tuple[type[Tab], ...] = (RecogniseTab, CompareTab, LiveTab, TimelineTab, LibraryTab, SimilarTab)


@dataclass(frozen=True)
class Site:
    """What a server shows: to people, and to programs."""

    page: gr.Blocks
    programs: Programs


def build(settings: Settings) -> Site:
    """Lay out the page and begin to warm up behind it; `serve` shows it."""
    server.prepare()
    desk = Desk(settings)
    threading.Thread(target=desk.warm_up, name="warm-up").start()
    page = gr.Blocks(title="genre", analytics_enabled=False, delete_cache=(server.SWEEP_SECONDS, server.KEEP_SECONDS))
    with page:
        _Page(page, desk)
        _for_programs(desk)
    page.queue(max_size=settings.queue_size, default_concurrency_limit=None, api_open=False)
    return Site(page, Programs(desk))


def serve(settings: Settings, site: Site | None = None, *, mcp: bool = False) -> None:
    """Show the page on settings.host and port until interrupted, and answer programs beside it.

    mcp: as tools of the Model Context Protocol too. SettingsError where the port is taken, or the SDK is missing.
    """
    if mcp:
        mcp_tools.check_installed()
    site = site or build(settings)
    numbers = rest.Guarded(site.programs.metrics.exposed, settings.api_token)
    routes: list[BaseRoute] = [
        Mount(rest.PREFIX, rest.guarded(site.programs)),
        Route("/metrics", numbers, methods=["GET"]),
    ]
    lifespan = None
    if mcp:
        speaking: Any = mcp_tools.application(site.programs)
        few = rest.Few(speaking, settings.concurrency + mcp_tools.CALLS_WAITING)
        routes.append(Route(mcp_tools.PATH, rest.Guarded(few, settings.api_token)))
        lifespan = speaking.router.lifespan_context
    server.launch(site.page, settings, routes, lifespan, site.programs.metrics.counting)


class _Page:
    """What all tabs stand in, and the language that they share."""

    def __init__(self, page: gr.Blocks, desk: Desk) -> None:
        self.desk = desk
        self.words = Words()
        self._lay_out()
        self._wire(page)

    def _lay_out(self) -> None:
        desk, say = self.desk, self.words.say
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
        say(gr.HTML, lambda tongue: {"value": _scripted(tongue, desk.settings.max_upload_mb)})
        self.tabs = [kind(desk, self.words, self.language) for kind in TABS]
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
            for tab in self.tabs:
                with say(gr.Tab, tab.named, id=tab.label) as tab.place:
                    tab.lay_out()
        say(gr.HTML, lambda tongue: {"value": _footer(tongue)})

    def _wire(self, page: gr.Blocks) -> None:
        asked = [self.language, *(component for tab in self.tabs for component in tab.told_from)]
        turned = [*self.words.components, *(component for tab in self.tabs for component in tab.told)]
        opened = page.load(self.turn, asked, turned, js=WANTED, **QUIET)
        opened.then(None, self.language, None, js=ADOPT, **QUIET)
        opened.then(self.report_readiness, self.language, self.status, **QUIET)
        self.language.input(self.turn, asked, turned, js=CHOOSE, **QUIET)

        for tab in self.tabs:
            tab.wire()
            if isinstance(tab, RecogniseTab):  # a model that has arrived is a new choice everywhere
                fetched = tab.fetch.click(tab.download, [tab.model, self.language], tab.fetching, **QUIET)
                fetched.then(self.turn, asked, turned, **QUIET)
                fetched.then(self.report_readiness, self.language, self.status, **QUIET)

    # --- events; what comes in may have been sent by anybody

    def turn(self, language: object, *values: Any) -> list[Any]:
        """Say everything on the page again, in this language."""
        tongue = known_language(language)
        told, given = [], list(values)
        for tab in self.tabs:
            mine, given = given[: len(tab.told_from)], given[len(tab.told_from) :]
            told += tab.tell(tongue, *mine)
        return [*self.words.turned(tongue), *told]

    async def report_readiness(self, language: object) -> AsyncIterator[str]:
        """Say that the page is getting ready, and then that it is."""
        while not self.desk.warm.is_set():
            yield self.desk.readiness(known_language(language))
            await asyncio.sleep(READY_POLL_SECONDS)
        yield self.desk.readiness(known_language(language))


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
        gr.Button().click(classify, inputs, gr.JSON(), api_name="classify", **shared(desk))


def _header(language: Language) -> str:
    return f"<h1>{escape(text('title', language))}</h1><p>{escape(text('lead', language))}</p>"


def _scripted(language: Language, megabytes: int) -> str:
    """What the page's script has to know: words, and the largest upload."""
    data = "".join(f' data-{name}="{escape(text(key, language))}"' for name, key in SCRIPTED.items())
    data += f' data-gradio="{escape(json.dumps([list(TEXTS[key].values()) for key in GRADIO]))}"'
    return f'<div id="scripted" data-max-bytes="{megabytes * gr.FileSize.MB}"{data}></div>'


def _footer(language: Language) -> str:
    privacy = text("privacy", language, hours=server.KEEP_SECONDS // SECONDS_PER_HOUR)
    about = text("about", language, version=genre.__version__)
    return f'<div class="g-foot"><p>{escape(privacy)}</p><p>{escape(about)}</p></div>'
