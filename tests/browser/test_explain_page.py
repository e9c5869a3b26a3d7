"""What decided an answer, on the page in a real browser: veil, words, slider, and what is read off the picture."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from test_page import ANSWER_MS, CONTRAST_LARGE_MIN, CONTRAST_MIN, FAINT, PHONE, await_answer, click_example, upload

from genre import explain
from genre.classifier import classifier
from genre.labels import LANGUAGES
from genre.web.explain_view import words
from genre.web.texts import text

Visit = Callable[..., Page]

QUIET_MS = 500  # after which nothing more is on its way
LATE_MS = 4_000  # in which the reasons are found


def decide(page: Page) -> None:
    page.locator("#show-decided input").check()
    page.wait_for_selector(".g-veil", timeout=ANSWER_MS)


def opacity(page: Page) -> float:
    return float(page.locator(".g-veil").evaluate("image => getComputedStyle(image).opacity"))


@pytest.fixture(scope="module")
def melody(
    tmp_path_factory: pytest.TempPathFactory, tone: Callable[..., np.ndarray], write: Callable[..., Path]
) -> Path:
    """A4 for four seconds, then A5."""
    notes = np.concatenate([tone(440, seconds=4), tone(880, seconds=4)])
    return write(tmp_path_factory.mktemp("songs") / "melody.wav", notes)


def test_what_decided_is_shown_as_python_finds_it(visit: Visit, answers: dict[Path, tuple[str, float]]) -> None:
    page = visit()
    path, (best, _) = next(iter(answers.items()))
    click_example(page, 0)
    await_answer(page, path.name)
    assert page.locator("#spectrogram, #decided-genre").filter(visible=True).count() == 0
    decide(page)
    prediction, found = explain.explain(classifier(), path, top=2)
    assert found[0].genre_id == best
    for place, one in enumerate(found):
        genre = prediction.card.taxonomy[one.genre_id]
        page.locator("#decided-genre label").nth(place).click()
        heading = page.locator(".g-decided h3")
        expect(heading).to_have_text(text("decided_by", "en", genre=genre.en), timeout=ANSWER_MS)
        assert page.locator(".g-decided li").all_inner_texts() == [words(region, "en") for region in one.regions]
    page.locator("#language").get_by_text("中文").click()
    expect(heading).to_have_text(text("decided_by", "zh", genre=genre.zh))
    assert page.locator(".g-decided li").all_inner_texts() == [words(region, "zh") for region in found[1].regions]
    assert page.locator("#decided-genre label").nth(1).inner_text().strip() == genre.zh
    # Another answer is explained without being asked for it again, from its most likely genre on.
    click_example(page, 1)
    other = prediction.card.taxonomy[list(answers.values())[1][0]]
    expect(heading).to_have_text(text("decided_by", "zh", genre=other.zh), timeout=ANSWER_MS)
    expect(page.locator("#decided-genre input").first).to_be_checked()
    page.locator("#show-decided input").uncheck()
    expect(page.locator("#spectrogram")).to_be_hidden()


def test_the_veil_is_faded_in_the_browser_alone(visit: Visit, melody: Path) -> None:
    asked: list[str] = []
    page = visit(on_request=asked.append)
    upload(page, melody)
    await_answer(page, "melody.wav")
    decide(page)
    page.wait_for_timeout(QUIET_MS)
    veil, image = (page.locator(f".g-stack img{kind}").bounding_box() for kind in (".g-veil", ".g-light"))
    assert veil == image
    before, at = len(asked), opacity(page)
    slider = page.locator(".g-strength input")
    slider.focus()
    for _ in range(25):
        page.keyboard.press("ArrowLeft")
    assert opacity(page) == pytest.approx(at - 0.25, abs=0.01)
    slider.fill("0")
    assert opacity(page) == 0
    assert len(asked) == before
    heading = page.locator(".g-decided h3").inner_text()
    page.locator("#decided-genre label").nth(1).click()
    expect(page.locator(".g-decided h3")).not_to_have_text(heading, timeout=ANSWER_MS)
    expect(slider).to_have_value("0")  # another picture, the same strength
    assert opacity(page) == 0


def test_what_is_found_out_too_late_is_not_shown(visit: Visit, melody: Path) -> None:
    page = visit()
    upload(page, melody)
    await_answer(page, "melody.wav")
    page.locator("#show-decided input").check()
    expect(page.locator(".g-plot")).to_be_visible()
    page.locator("#recording").get_by_label("Clear").click()
    expect(page.locator("#answer .g-empty")).to_be_visible()
    page.wait_for_timeout(LATE_MS)
    expect(page.locator("#spectrogram")).to_be_hidden()


def test_time_and_pitch_are_read_off_the_picture(visit: Visit, melody: Path) -> None:
    page = visit()
    upload(page, melody)
    await_answer(page, "melody.wav")
    page.locator("#show-spectrogram input").check()
    plot, readout = page.locator(".g-plot"), page.locator(".g-readout")
    expect(readout).to_have_text(text("readout_hint", "en"), timeout=ANSWER_MS)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    for seconds, row, name in ((2.0, 45, "A4 · 440 Hz"), (6.0, 57, "A5 · 880 Hz")):
        page.mouse.move(box["x"] + box["width"] * seconds / 8, box["y"] + box["height"] * (1 - (row + 0.5) / 84))
        time, pitch = readout.inner_text().split(" s · ")
        assert pitch == name
        assert float(time) == pytest.approx(seconds, abs=0.05)
        expect(plot).to_have_class(re.compile("g-pointed"))
    page.mouse.move(5, 5)
    expect(plot).not_to_have_class(re.compile("g-pointed"))
    page.locator("figure.g-picture").focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    time, pitch = readout.inner_text().split(" s · ")
    assert pitch == "B5 · 988 Hz"
    assert float(time) == pytest.approx(6.0 - 9 * 0.08, abs=0.05)


def test_the_classroom_sees_major_and_minor_at_one_click(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#lessons")).to_contain_text(text("lessons", "en"))
    for place, name in enumerate(("c_major.mp3", "c_minor.mp3")):
        page.locator("#lessons .gallery-item").nth(place).click()
        await_answer(page, name)
        expect(page.locator("#show-spectrogram input")).to_be_checked()
        expect(page.locator("#spectrogram img.g-light")).to_be_visible()
    page.get_by_text(text("read_title", "en")).click()
    for key in ("drum", "held", "glide", "voice", "bass"):
        expect(page.get_by_text(text(f"read_{key}", "en"))).to_be_visible()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("dark", [False, True])
def test_it_is_readable_on_a_telephone(visit: Visit, locale: str, dark: bool) -> None:
    page = visit(size=PHONE, dark=dark, locale=locale)
    click_example(page, 2)
    page.wait_for_selector(".g-best", timeout=ANSWER_MS)
    decide(page)
    page.locator(".g-legend summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert page.evaluate(FAINT, [CONTRAST_MIN, CONTRAST_LARGE_MIN]) == []
    page.locator(".g-plot").tap() if page.evaluate("navigator.maxTouchPoints") else page.locator(".g-plot").click()
    language = LANGUAGES[0] if locale.startswith(LANGUAGES[0]) else LANGUAGES[1]
    expect(page.locator(".g-readout")).to_contain_text(f" {text('second', language)} · ")
    expect(page.locator(f".g-stack img.g-{'dark' if dark else 'light'}")).to_be_visible()
