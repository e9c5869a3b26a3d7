"""What decided an answer, as HTML: its words, the data for the page's script, what is said where it is not known."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_web import heard

from genre.explain import Explanation, Region
from genre.labels import LANGUAGES
from genre.settings import DEFAULT_MODEL, Settings
from genre.spectrogram import SpectrogramSpec
from genre.web.answer import Heard, Picture, Refused
from genre.web.explain_view import LEGENDS, Decided, axes, choices, explainable, picture, words
from genre.web.handlers import Desk
from genre.web.texts import TEXTS, text

REGION = Region(3.2, 5.1, ((138, 220), (12, 31)), "C2", "G3", (65.4, 196.0), 0.4)
HOSTILE = "<img src=x onerror=alert(1)>"


def drawn(transform: str = "cqt", **decided: Decided | Refused) -> Heard:
    spec = SpectrogramSpec(transform)  # type: ignore[arg-type]
    return replace(heard(), picture=Picture("light", "dark"), axes=axes(spec), decided=dict(decided))


def found(*regions: Region) -> Decided:
    return Decided("data:veil", Explanation("symphony", 0.5, "grad-cam", regions, np.empty((0, 0), np.float32)))


def test_a_region_is_put_into_words():
    assert words(REGION, "en") == "3.2–5.1 s, C2–G3"
    assert words(REGION, "zh") == "3.2–5.1 秒，C2–G3"
    assert words(replace(REGION, high="C2"), "en") == "3.2–5.1 s, C2"
    assert words(replace(REGION, low="26 Hz", high="670 Hz"), "en") == "3.2–5.1 s, 26–670 Hz"
    assert words(replace(REGION, low="670 Hz", high="1.2 kHz"), "en") == "3.2–5.1 s, 670 Hz–1.2 kHz"
    assert words(replace(REGION, start=125.0, end=131.5), "en") == "2:05–2:11, C2–G3"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_tells_what_spoke_for_a_genre(language):
    page = picture(drawn(symphony=found(REGION)), language, "symphony")
    assert words(REGION, language) in page
    assert 'src="data:veil"' in page
    assert 'type="range" min="0" max="100" value="85"' in page
    assert html.escape(text("decided_note", language)) in page
    plain = picture(drawn(symphony=found(REGION)), language)
    assert "data:veil" not in plain
    assert "<ol>" not in plain
    assert html.escape(text("read_title", language)) in plain


def test_what_is_not_known_yet_or_cannot_be_said_is_told():
    assert text("deciding", "en") in picture(drawn(), "en", "symphony")
    nothing = picture(drawn(symphony=found()), "en", "symphony")
    assert "Nothing in this recording spoke for Symphony." in nothing
    refused = picture(drawn(symphony=Refused({"en": HOSTILE, "zh": HOSTILE})), "en", "symphony")
    assert "g-refused" in refused
    assert HOSTILE not in refused
    assert html.escape(HOSTILE) in refused
    assert picture(heard(), "en", "symphony") == ""


def test_the_plot_knows_what_is_where():
    page = picture(drawn(), "zh")
    data = dict(re.findall(r'data-(\w+)="([^"]*)"', page[page.index("g-plot") :]))
    pitches = json.loads(html.unescape(data["pitches"]))
    assert (len(pitches), pitches[45]) == (84, "A4 · 440 Hz")
    assert (data["start"], data["seconds"], data["unit"]) == ("0", "34.2", "秒")
    mel = json.loads(html.unescape(re.findall(r'data-pitches="([^"]*)"', picture(drawn("mel"), "en"))[0]))
    assert (len(mel), mel[38]) == (128, "1 kHz")


@pytest.mark.parametrize("transform", ["cqt", "mel", "chroma"])
def test_every_kind_of_picture_has_a_legend(transform):
    for language in LANGUAGES:
        page = picture(drawn(transform), language)
        assert html.escape(text(f"read_axes_{transform}", language)) in page
        for key in LEGENDS[transform]:
            assert html.escape(text(f"read_{key}", language)) in page
            assert f"read_{key}" in TEXTS


def test_the_first_three_genres_may_be_asked_about():
    assert explainable(heard()) == ["symphony", "opera", "solo"]
    assert choices(heard(), "zh")[2] == ("独奏", "solo")


def test_a_session_finds_out_once_and_says_why_it_cannot(tmp_path: Path, tone, write):
    desk = Desk(Settings(cache=tmp_path / "cache"))
    song = write(tmp_path / "song.wav", tone(440, seconds=2))
    kept = desk.hear(str(song), DEFAULT_MODEL, 30, 0)
    assert isinstance(kept, Heard)
    first, other, _ = explainable(kept)
    desk.decide(kept, first)
    known = kept.decided[first]
    assert isinstance(known, Decided)
    assert known.veil.startswith("data:image/webp;base64,")
    assert known.explanation.relevance.size == 0  # the picture has it
    song.unlink()
    desk.decide(kept, first)
    assert kept.decided[first] is known
    desk.decide(kept, other)
    assert kept.decided[other].reasons["en"] == text("error_gone", "en")
    unasked = heard()  # of another tab: there is no file to hear once more
    desk.decide(unasked, "symphony")
    assert unasked.decided == {}
