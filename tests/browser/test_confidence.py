"""How far the page says an answer may be trusted: what is no music, and what is unsure below a threshold one sets."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

from genre.web.texts import text

Visit = Callable[..., Page]


def hear(page: Page, path: Path) -> None:
    page.locator("#recording input[type=file]").set_input_files(path)
    expect(page.locator(".g-source")).to_have_text(re.compile(f"^{re.escape(path.name)}"), timeout=60_000)


def saved(page: Page) -> dict[str, object]:
    link = page.locator("a[download$='.json']").get_attribute("href") or ""
    (row,) = json.loads(unquote(link.split(",", 1)[1]))
    return row


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "talk.wav"
    words = "The trains to the airport leave every ten minutes from the platforms seven and eight. " * 3
    subprocess.run(["espeak-ng", "-v", "en-gb+f3", "-w", path, words], check=True)
    return path


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("zh-CN", "zh")])
def test_speech_is_told_not_to_be_music_and_the_genres_come_after(
    visit: Visit, speech: Path, locale: str, language: str
) -> None:
    page = visit(locale=locale, size=(390, 844))
    hear(page, speech)
    expect(page.locator(".g-answer h2")).to_have_text(text("not_music", language))
    expect(page.locator(".g-answer .g-hint")).to_contain_text([text("warning_not_music", language)])
    expect(page.locator(".g-bars li")).to_have_count(5)
    row = saved(page)
    assert row["warnings"][0] == "not_music"
    assert row["music"] < 0.5


def test_the_threshold_marks_the_answer_that_is_there(visit: Visit, surest: Path) -> None:
    page = visit()
    number, slider = (page.locator(f"#unsure-below input[type={kind}]") for kind in ("number", "range"))
    unsure = page.locator("[data-code=unsure]")
    expect(number).to_have_value("60")
    hear(page, surest)
    best = page.locator(".g-best strong").inner_text()
    number.fill("100")
    number.press("Enter")
    expect(unsure).to_contain_text("under 100%")
    expect(page.locator(".g-best strong")).to_have_text(best)
    assert saved(page)["unsure_below"] == 1
    slider.focus()
    slider.press("Home")  # 0, by keyboard alone
    expect(unsure).to_have_count(0)
    assert saved(page)["warnings"] == []
    number.fill("100")
    number.press("Enter")
    expect(unsure).to_have_count(1)
    page.locator("#classify").click()  # the next answer is marked by it too
    page.wait_for_timeout(300)
    expect(unsure).to_contain_text("under 100%", timeout=60_000)


def test_the_page_says_whether_probabilities_are_calibrated(visit: Visit) -> None:
    expect(visit().locator("#about-model")).to_contain_text("probabilities calibrated (temperature 1.23)")
