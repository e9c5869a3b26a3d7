"""The tab that says how alike two recordings are, and which examples are most like one.

A folder is searched by the command line only: a page knows no paths of its server.
"""

import json
import threading
from collections.abc import Callable
from typing import Any

import gradio as gr

from genre import similarity, similarity_index
from genre.classifier import Classifier, classifier
from genre.labels import LANGUAGES, Language
from genre.similarity_index import Collection
from genre.web import answer, server, similar_view
from genre.web.answer import Refused
from genre.web.examples import Example, find_examples
from genre.web.handlers import crop, given, known_language, pictures, refusals_worded
from genre.web.models import RefusalError
from genre.web.similar_view import Alike, Compared
from genre.web.tab import QUIET, Props, Tab, busy, crop_choice, model_choice, recording
from genre.web.texts import text

SHOW = "() => window.genre.show('similar-answer')"  # in the browser: brings a new answer into view
PICTURE: Props = {"height": 470, "larger": 0.75}  # each of the two, shown wider than other pictures
ALIKE = 5  # examples that are shown
MODELS_KEPT = 4  # whose embeddings of the examples stay in memory

Kept = Compared | Alike | Refused | None


class SimilarTab(Tab):
    """Give two recordings and compare them; or one, and find the examples like it."""

    label = "tab_similar"

    def lay_out(self) -> None:
        """Make A and B side by side, what is asked of them below, and the answer with the whole width."""
        desk, say = self.desk, self.words.say
        self.gallery = Gallery(find_examples())
        say(gr.HTML, lambda tongue: {"value": similar_view.introduction(tongue)})
        with gr.Row(elem_classes="g-columns", equal_height=False):
            self.a, self.example_a = self._side("a")
            self.b, self.example_b = self._side("b")
        with gr.Row(elem_classes="g-columns", equal_height=False):
            with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
                self.model = model_choice(desk, self.words, self.language, "similar-model")
            with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
                self.start, self.clip = crop_choice(self.words, "similar-")
        with gr.Row():
            self.ask = say(
                gr.Button,
                lambda tongue: {"value": text("similar_ask", tongue)},
                variant="primary",
                elem_id="similar-ask",
            )
            self.more = say(
                gr.Button,
                lambda tongue: {"value": text("similar_more", tongue)},
                elem_id="similar-more",
                visible=bool(self.gallery.examples),
            )
        with gr.Column(elem_classes="g-told"):
            self.answer = gr.HTML(
                similar_view.empty("en"),
                elem_id="similar-answer",
                elem_classes="g-answering",
                js_on_load=answer.ANNOUNCE,
            )
        self.kept = gr.State(None, time_to_live=server.KEEP_SECONDS)
        self.told = [self.answer]
        self.told_from = [self.kept]

    def _side(self, name: str) -> tuple[Any, Any]:
        """Make one of the recordings, and the choice of an example for it."""
        examples = self.gallery.examples
        with gr.Column(scale=1, min_width=320, elem_classes="g-ask"):
            component = recording(self.desk, self.words, f"similar-{name}", f"similar_{name}")
            example = self.words.say(
                gr.Dropdown,
                lambda tongue: {
                    "label": text("similar_example", tongue),
                    "choices": [(one.caption(tongue), index) for index, one in enumerate(examples)],
                },
                value=None,
                filterable=False,
                visible=bool(examples),
                elem_id=f"similar-example-{name}",
            )
        return component, example

    def wire(self) -> None:
        """Answer when a button is pressed; an example goes where a recording goes."""
        told, options = [self.answer, self.kept], busy(self.desk, self.answer)
        asked = [self.model, self.clip, self.start, self.language]
        answered = (
            self.ask.click(self.compare_pair, [self.a, self.b, *asked], told, **options),
            self.more.click(self.find_alike, [self.a, *asked], told, **options),
        )
        for event in answered:
            event.then(None, js=SHOW, **QUIET)
        for component, example in ((self.a, self.example_a), (self.b, self.example_b)):
            example.input(self.take_example, [example, self.language], component, **QUIET)
            component.clear(self.forget, self.language, [*told, example], **QUIET)

    def tell(self, language: Language, *values: Any) -> list[Any]:
        """Return the answer, or why there is none."""
        (kept,) = values
        return [_told(kept, language)]

    # --- events; what comes in may have been sent by anybody

    def compare_pair(
        self, a: str | None, b: str | None, model: object, clip: object, start: object, language: object
    ) -> tuple[str, Kept]:
        """Say how alike the two recordings on the page are."""
        return _answered(lambda: self._compared(a, b, model, clip, start), language)

    def find_alike(
        self, a: str | None, model: object, clip: object, start: object, language: object
    ) -> tuple[str, Kept]:
        """Find the examples that are most like the first recording."""
        return _answered(lambda: self._alike(a, model, clip, start), language)

    def take_example(self, index: object, language: object) -> str:
        """Put an example where a recording goes."""
        examples = self.gallery.examples
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(examples):
            raise gr.Error(text("error_nothing", known_language(language)), print_exception=False)
        return str(examples[index].path)

    def forget(self, language: object) -> tuple[Any, ...]:
        """Take the answer away with its recording."""
        return similar_view.empty(known_language(language)), None, None

    def _compared(self, a: str | None, b: str | None, model: object, clip: object, start: object) -> Compared:
        seconds, begin = crop(clip, start)
        judge = self._judge(model)
        impressions = []
        for file in (given(a), given(b)):
            with refusals_worded(file.name):
                impressions.append(similarity.perceive(judge, file, clip_seconds=seconds, start=begin, name=file.name))
        one, other = impressions
        with refusals_worded(one.source):
            found = similarity.compare(one, other, judge.card)
            drawn = [
                pictures(
                    heard.levels[:, part],
                    similarity.SPEC,
                    heard.start + part.start * similarity.FRAME_SECONDS,
                    **PICTURE,
                )
                for heard, part in zip(impressions, found.match.parts(), strict=True)
            ]
        row = found.to_dict()
        return Compared(row, (drawn[0], drawn[1]), json.dumps(row, ensure_ascii=False))

    def _alike(self, a: str | None, model: object, clip: object, start: object) -> Alike:
        seconds, begin = crop(clip, start)
        judge, file = self._judge(model), given(a)
        with refusals_worded(file.name):
            asked = similarity.perceive(judge, file, clip_seconds=seconds, start=begin, name=file.name)
            found = self.gallery.of(judge).nearest(asked.embedding, ALIKE)
        captions = {
            str(one.path): {tongue: one.caption(tongue) for tongue in LANGUAGES} for one in self.gallery.examples
        }
        return Alike(asked.source, judge.card.name, [(path, captions[path], cosine) for path, cosine in found])

    def _judge(self, model: object) -> Classifier:
        reference = self.desk.known(model)
        with refusals_worded(reference):
            return classifier(reference, self.desk.settings).load()


class Gallery:
    """The examples as a model hears them: at the first question, and then from memory."""

    def __init__(self, examples: tuple[Example, ...]) -> None:
        self.examples = examples
        self._collections: dict[str, Collection] = {}  # by the SHA-256 of the weights
        self._lock = threading.Lock()

    def of(self, judge: Classifier) -> Collection:
        """Return the examples' embeddings; who asks while they are made waits for them."""
        with self._lock:
            key = judge.card.sha256
            if key not in self._collections:
                while len(self._collections) >= MODELS_KEPT:
                    del self._collections[next(iter(self._collections))]
                paths = [str(example.path) for example in self.examples]
                made = similarity_index.embeddings(judge, paths, workers=0)
                self._collections[key] = Collection.of({one.source: row for one, row in made if row is not None})
            return self._collections[key]


def _answered(ask: Callable[[], Compared | Alike], language: object) -> tuple[str, Kept]:
    kept: Kept
    try:
        kept = ask()
    except RefusalError as error:
        kept = error.refused
    return _told(kept, known_language(language)), kept


def _told(kept: Kept, language: Language) -> str:
    if isinstance(kept, Compared):
        return similar_view.comparison(kept, language)
    if isinstance(kept, Alike):
        return similar_view.alike(kept, language)
    return answer.refusal(kept, language) if isinstance(kept, Refused) else similar_view.empty(language)
