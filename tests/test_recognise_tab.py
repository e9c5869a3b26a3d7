"""What the first tab shows of what decided an answer, where finding it out takes longer than people wait."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest
from test_explain_view import drawn, found

from genre.settings import Settings
from genre.web.answer import Heard
from genre.web.handlers import Desk
from genre.web.recognise_tab import RecogniseTab
from genre.web.tab import Words
from genre.web.texts import text

FIRST, SECOND = "symphony", "opera"  # of the answer


class SlowDesk(Desk):
    """Takes as long to find out what decided an answer as somebody needs to do something else meanwhile."""

    meanwhile: Callable[[], Any] = staticmethod(lambda: None)

    def decide(self, kept: Heard, genre_id: str) -> None:
        self.meanwhile()
        kept.decided[genre_id] = found()


@pytest.fixture
def tab() -> RecogniseTab:
    with gr.Blocks():
        return RecogniseTab(SlowDesk(Settings()), Words(), gr.Radio())


@pytest.fixture
def kept() -> Heard:
    return replace(drawn(), decided={})


def decided(tab: RecogniseTab, kept: Heard, meanwhile: Callable[[], Any]) -> list[Any]:
    """Return what is shown of what decided the first genre; [] where nothing may be."""
    tab.desk.meanwhile = meanwhile  # type: ignore[attr-defined]
    tab.look(kept, "en", False, True, FIRST)
    shown = tab.decide(kept, "en", False, True, FIRST)
    return [] if shown == (gr.skip(), gr.skip()) else [update["value"] for update in shown]


def test_what_decided_is_shown_when_it_is_found(tab: RecogniseTab, kept: Heard) -> None:
    picture, chosen = decided(tab, kept, lambda: None)
    assert text("decided_nothing", "en", genre="Symphony") in picture
    assert chosen == FIRST


def test_a_genre_that_is_chosen_meanwhile_stays_chosen(tab: RecogniseTab, kept: Heard) -> None:
    assert decided(tab, kept, lambda: tab.look(kept, "en", False, True, SECOND)) == []


def test_what_is_hidden_meanwhile_stays_hidden(tab: RecogniseTab, kept: Heard) -> None:
    assert decided(tab, kept, lambda: tab.look(kept, "en", False, False, FIRST)) == []


def test_another_answer_meanwhile_is_not_covered(tab: RecogniseTab, kept: Heard) -> None:
    def answer_again() -> None:
        """Move the threshold first, as somebody may who waits."""
        _, marked = tab.mark(kept, 40, "en")
        tab.hear(None, "", 30, 0, 60, "en", False, True, marked)

    assert decided(tab, kept, answer_again) == []


def test_the_language_that_is_chosen_meanwhile_is_spoken(tab: RecogniseTab, kept: Heard) -> None:
    picture, _ = decided(tab, kept, lambda: tab.look(kept, "zh", False, True, FIRST))
    assert text("decided_nothing", "zh", genre="交响乐") in picture
