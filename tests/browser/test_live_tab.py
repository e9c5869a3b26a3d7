"""Listening live in real browsers, into whose microphones files play."""

import json
import re
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_server import PageServer
from playwright.sync_api import Browser, Page, Route, expect

from genre import audio
from genre.web.texts import text

Visit = Callable[..., Page]
Answers = dict[Path, tuple[str, float]]

FIRST_MS = 6_000  # after which the first answer must be there
FULL_MS = 16_000


def open_live(visit: Visit, name: str = "Live", **options: Any) -> Page:
    page = visit(**options)
    page.get_by_role("tab", name=name).click()
    page.wait_for_selector(".g-live-button")
    return page


def best(page: Page) -> str:
    return page.locator(".g-live-stage .g-bars li:visible").first.get_attribute("data-genre") or ""


def remark(page: Page, code: str) -> Any:
    return page.locator(f".g-live-remarks [data-code={code}]")


def test_music_is_told_while_it_plays_and_can_be_kept(visit: Visit, surest: Path, answers: Answers) -> None:
    page = open_live(visit)
    button, bars = page.locator(".g-live-button"), page.locator(".g-live-stage .g-bars li:visible")
    expect(bars).to_have_count(0)
    expect(page.locator("#live-keep")).to_be_hidden()
    button.click()
    begun = time.monotonic()
    expect(bars).to_have_count(5, timeout=FIRST_MS)
    expect(remark(page, "early")).to_have_text(re.compile(r"early: [3-5] of 11 s"))
    expect(page.locator(".g-live-status")).to_have_text(text("live_listening", "en"))
    expect(button).to_have_text(text("live_stop", "en"))
    level = page.locator(".g-live-level")
    assert -60 < int(level.get_attribute("aria-valuenow") or "0") < 0
    page.evaluate("() => { window.row = document.querySelector('.g-live-stage li:not([hidden])'); }")

    expect(remark(page, "early")).to_be_hidden(timeout=FULL_MS)
    assert time.monotonic() - begun > 11
    assert best(page) == answers[surest][0]
    assert page.evaluate("() => window.row.isConnected")  # moved on, not made anew
    painted = page.locator(".g-live-picture canvas").evaluate(
        """canvas => new Set(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data).size"""
    )
    assert painted > 100

    button.click()
    expect(page.locator(".g-live-status")).to_have_text(text("live_stopped", "en"))
    page.locator("#live-keep").click()
    expect(page.locator("#live-answer .g-source")).to_have_text(re.compile(r"^Live, heard from 0:0\d to 0:1\d"))
    with page.expect_download() as saved:
        page.locator("#live-answer").get_by_text("Save as JSON").click()
    (row,) = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
    assert row["top"][0]["id"] == answers[surest][0]
    (window,) = row["windows"]
    assert window["end"] - window["start"] == pytest.approx(11.4, abs=0.01)

    page.get_by_text("中文", exact=True).click()  # everything said again, nothing heard again
    expect(page.locator("#live-answer .g-source")).to_contain_text("实时，分析了")
    expect(button).to_have_text(text("live_start", "zh"))
    expect(bars).to_have_count(5)
    assert best(page) == answers[surest][0]

    button.click()  # and again
    expect(bars).to_have_count(0)
    expect(page.locator(".g-live-name")).to_have_text(text("live_wait", "zh"))
    expect(bars).to_have_count(5, timeout=FIRST_MS)
    expect(remark(page, "early")).to_contain_text("初步")
    button.click()


def test_two_people_hear_their_own_music_only(visit: Visit, hearing: Callable[..., Browser], answers: Answers) -> None:
    by_certainty = sorted(answers, key=lambda path: answers[path][1], reverse=True)
    first = by_certainty[0]
    second = next(path for path in by_certainty if answers[path][0] != answers[first][0])
    pages = [open_live(visit, browser=hearing(audio.load(path).samples)) for path in (first, second)]
    for page in pages:
        page.locator(".g-live-button").click()
    for page in pages:
        expect(remark(page, "early")).to_be_visible(timeout=2 * FIRST_MS)
    for page, path in zip(pages, (first, second), strict=True):
        expect(remark(page, "early")).to_be_hidden(timeout=2 * FULL_MS)
        page.locator(".g-live-button").click()
        expect(page.locator(".g-live-status")).to_have_text(text("live_stopped", "en"))
        assert best(page) == answers[path][0]


def test_a_muted_microphone_shows_silence(visit: Visit, hearing: Callable[..., Browser]) -> None:
    page = open_live(visit, browser=hearing(np.zeros(5 * 22_050)))
    page.locator(".g-live-button").click()
    expect(remark(page, "silent")).to_be_visible(timeout=FIRST_MS)
    assert page.locator(".g-live-level").get_attribute("aria-valuenow") == "-60"
    expect(page.locator(".g-live-stage .g-bars li:visible")).to_have_count(0)
    page.locator(".g-live-button").click()
    page.evaluate("() => document.querySelector('#live-keep').click()")
    expect(page.locator("#live-answer .g-refused")).to_contain_text("nothing to hear")


def test_an_overdriven_microphone_is_told(visit: Visit, hearing: Callable[..., Browser]) -> None:
    square = np.sign(np.sin(2 * np.pi * 220 * np.arange(5 * 22_050) / 22_050))
    page = open_live(visit, browser=hearing(square))
    page.locator(".g-live-button").click()
    expect(remark(page, "clipped")).to_be_visible(timeout=FIRST_MS)
    expect(page.locator(".g-live-over")).to_be_visible()


def test_a_refused_microphone_is_explained(visit: Visit, refusing_browser: Browser) -> None:
    page = open_live(visit, "实时", browser=refusing_browser, locale="zh-CN")
    page.locator(".g-live-button").click()
    expect(page.locator(".g-notice:visible")).to_have_text(text("microphone_denied", "zh"))
    expect(page.locator(".g-live-button")).to_have_text(text("live_start", "zh"))


def test_the_microphone_is_left_as_it_is_and_given_back(visit: Visit) -> None:
    """What makes speech clear takes music apart; and a light that stays on worries people."""
    page = open_live(visit)
    page.evaluate(
        """() => {
            const ask = navigator.mediaDevices.getUserMedia;
            navigator.mediaDevices.getUserMedia = async (wishes) => (window.stream = await ask(wishes));
        }"""
    )
    page.locator(".g-live-button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".g-live-status")).to_have_text(text("live_listening", "en"))
    track = "window.stream.getAudioTracks()[0]"
    settings = page.evaluate(f"{track}.getSettings()")
    assert [settings[name] for name in ("echoCancellation", "noiseSuppression", "autoGainControl")] == [False] * 3
    assert page.evaluate(f"{track}.readyState") == "live"
    page.keyboard.press("Enter")
    expect(page.locator(".g-live-status")).to_have_text(text("live_stopped", "en"))
    assert page.evaluate(f"{track}.readyState") == "ended"


def test_nothing_that_is_heard_is_stored(visit: Visit, server: PageServer) -> None:
    def stored() -> set[Path]:
        return {path for path in server.uploads.rglob("*") if path.is_file()}

    before = stored()
    page = open_live(visit)
    page.locator(".g-live-button").click()
    expect(page.locator(".g-live-stage .g-bars li:visible")).to_have_count(5, timeout=FIRST_MS)
    page.locator(".g-live-button").click()
    assert stored() == before


def test_nothing_piles_up_before_a_slow_server(visit: Visit) -> None:
    page = open_live(visit)
    page.evaluate(
        """() => {
            window.lengths = [];
            document.addEventListener("genre-live", ({ detail }) => window.lengths.push(detail.seconds));
        }"""
    )
    asked = []

    def delay(route: Route) -> None:
        asked.append(time.monotonic())
        time.sleep(1.5)
        route.continue_()

    page.route("**/component_server/", delay)
    page.locator(".g-live-button").click()
    page.wait_for_timeout(7_000)
    page.locator(".g-live-button").click()
    page.wait_for_function("window.lengths.reduce((sum, length) => sum + length, 0) > 5.5")  # nothing was dropped
    assert min(after - before for before, after in pairwise(asked)) >= 1.5  # one at a time
    assert max(page.evaluate("window.lengths")) > 1.2  # of what gathered meanwhile
    expect(page.locator(".g-live-stage .g-bars li:visible")).to_have_count(5)


def test_a_server_that_has_gone_is_told(visit: Visit) -> None:
    page = open_live(visit)
    page.locator(".g-live-button").click()
    expect(page.locator(".g-live-status")).to_have_text(text("live_listening", "en"))
    page.route("**/component_server/", lambda route: route.abort())
    page.evaluate("() => { const now = performance.now; performance.now = () => 20 * now.call(performance); }")
    expect(page.locator(".g-live-status")).to_have_text(text("live_gone", "en"), timeout=FIRST_MS)
    expect(page.locator(".g-live-button")).to_have_text(text("live_start", "en"))
    page.unroute("**/component_server/")
    page.evaluate("() => { delete performance.now; }")
    page.locator(".g-live-button").click()
    expect(page.locator(".g-live-stage .g-bars li:visible")).to_have_count(5, timeout=2 * FIRST_MS)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_it_fits_on_a_phone(visit: Visit, tmp_path: Path, locale: str) -> None:
    page = open_live(visit, "Live" if locale == "en-US" else "实时", locale=locale, size=(390, 844), dark=True)
    page.locator(".g-live-button").click()
    expect(page.locator(".g-live-stage .g-bars li:visible")).to_have_count(5, timeout=FIRST_MS)
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".g-live-stage .g-bars li:visible").last.bounding_box()["y"] < 844  # type: ignore[index]
