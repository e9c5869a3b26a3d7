"""A long recording on the page: progress that can be stopped, a timeline that can be read, played and saved."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import av
import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from genre import audio
from genre.classifier import classifier
from genre.settings import PAGE_STREAM_SECONDS_MAX, SAMPLE_RATE
from genre.timeline import Timeline, follow
from genre.web.texts import TEXTS, text

Visit = Callable[..., Page]
Write = Callable[..., Path]

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PHONE = (390, 844)
ANSWER_MS = 60_000


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory, write: Write) -> Path:
    """Music, six seconds of silence, other music."""
    first, second = (audio.load(EXAMPLES / f"{name}.mp3", clip_seconds=20).samples for name in ("symphony", "teen_pop"))
    sound = np.concatenate([first, np.zeros(6 * SAMPLE_RATE, np.float32), second])
    return write(tmp_path_factory.mktemp("show") / "my show.flac", sound, kind="flac")


@pytest.fixture(scope="module")
def expected(show: Path) -> Timeline:
    return follow(show, classifier())


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half an hour of a faint tone in a small file."""
    path = tmp_path_factory.mktemp("long") / "long.flac"
    with soundfile.SoundFile(path, "w", 8_000, 1, "PCM_16") as file:
        for _ in range(30):
            file.write(0.001 * np.sin(np.arange(60 * 8_000) * 0.1))
    assert path.stat().st_size < 4e6
    return path


def open_tab(page: Page, language: str = "en") -> Page:
    page.get_by_role("tab", name=text("tab_timeline", language)).click()
    return page


def give(page: Page, path: Path) -> None:
    page.locator("#timeline-recording input[type=file]").set_input_files(path)


def drawn(page: Page, path: Path, language: str = "en") -> Page:
    """The page with the timeline of a recording on it."""
    give(open_tab(page, language), path)
    page.wait_for_selector(".g-timeline", timeout=ANSWER_MS)
    return page


def await_time(page: Page, seconds: float) -> None:
    """Wait until the player is there, or up to two seconds later."""
    page.wait_for_function(
        """wanted => {
            const time = document.querySelector(".g-timeline audio").currentTime;
            return time >= wanted - 0.1 && time < wanted + 2;
        }""",
        arg=seconds,
    )


def saved(page: Page, ending: str) -> str:
    link = page.locator(f'#timeline-answer a.g-save[download$="{ending}"]')
    return unquote((link.get_attribute("href") or "").split(",", 1)[1])


def test_the_table_and_the_files_say_what_python_says(visit: Visit, show: Path, expected: Timeline) -> None:
    page = drawn(visit(), show)
    expect(page.locator("#timeline-answer .g-source")).to_have_text("my show.flac, 0:46 long, 0:40 of it music")
    rows = page.locator(".g-segments tbody tr")
    assert rows.count() == len(expected.segments) >= 3
    for place, segment in enumerate(expected.segments):
        row = rows.nth(place)
        assert float(row.get_attribute("data-start") or -1) == segment.start
        assert row.locator("td").first.inner_text().endswith(expected.genre(segment).en)
        assert row.locator(".g-percent").inner_text() == f"{100 * segment.probability:.0f}%"
    assert page.locator(".g-band .g-segment").count() == len(expected.segments)
    row = json.loads(saved(page, ".json"))
    assert [(each["start"], each["id"]) for each in row["segments"]] == [(s.start, s.id) for s in expected.segments]
    lines = list(csv.DictReader(io.StringIO(saved(page, ".csv").removeprefix("\ufeff"))))
    assert [line["id"] for line in lines] == [segment.id for segment in expected.segments]
    assert len(saved(page, ".txt").splitlines()) == len(expected.segments)
    with av.open(io.BytesIO(saved(page, ".ffmetadata").encode()), format="ffmetadata") as file:
        assert len(file.chapters()) == sum(segment.kind != "silence" for segment in expected.segments)


def test_a_segment_is_played_from_its_button_and_from_the_picture(visit: Visit, show: Path, expected: Timeline) -> None:
    page = drawn(visit(), show)
    last = expected.segments[-1]
    page.get_by_role("button", name=f"Play from 0:{int(last.start):02d}").click()
    await_time(page, last.start)
    assert page.evaluate("!document.querySelector('.g-timeline audio').paused")
    expect(page.locator(".g-segments [aria-current]")).to_have_attribute("data-start", str(last.start))
    page.wait_for_function("before => document.querySelector('.g-timeline audio').currentTime > before", arg=last.start)
    box = page.locator(".g-track").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + 20)
    await_time(page, 0.25 * expected.seconds)
    playhead = page.locator(".g-playhead").evaluate("element => parseFloat(element.style.left)")
    assert playhead == pytest.approx(25, abs=5)


def test_the_keyboard_chooses_the_place(visit: Visit, show: Path) -> None:
    page = drawn(visit(), show)
    track = page.get_by_role("slider", name="Place in the recording")
    track.focus()
    for key, seconds in (("ArrowRight", 5), ("ArrowRight", 10), ("ArrowLeft", 5), ("End", 46), ("Home", 0)):
        page.keyboard.press(key)
        await_time(page, seconds)
    page.keyboard.press("ArrowUp")
    expect(track).to_have_attribute("aria-valuetext", "0:05")
    page.keyboard.press(" ")
    page.wait_for_function("!document.querySelector('.g-timeline audio').paused")
    page.locator(".g-play").nth(1).focus()
    page.keyboard.press("Enter")
    await_time(page, 20)


def test_it_is_told_again_in_the_other_language_at_the_same_place(visit: Visit, show: Path) -> None:
    page = drawn(visit(), show)
    page.get_by_role("slider", name="Place in the recording").press("ArrowRight")
    await_time(page, 5)
    page.get_by_text("中文").click()
    expect(page.locator(".g-segments tbody tr").nth(1).locator("td").first).to_contain_text("静音")
    await_time(page, 5)
    assert "静音" in saved(page, ".txt")
    expect(page.locator("#timeline-stop")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_work_is_shown_and_can_be_stopped(visit: Visit, long: Path, language: str) -> None:
    page = open_tab(visit(locale={"en": "en-US", "zh": "zh-CN"}[language]), language)
    give(page, long)
    words = text("timeline_hearing", language, done="", total="30:00").split("：" if language == "zh" else ":")[0]
    expect(page.locator("#timeline-progress")).to_contain_text(words)
    page.wait_for_function("document.querySelector('#timeline-progress progress')?.value > 20")
    page.locator("#timeline-stop").click()
    expect(page.locator("#timeline-answer")).to_contain_text(TEXTS["timeline_stopped"][language])
    expect(page.locator("#timeline-stop")).to_be_hidden()
    expect(page.locator("#timeline-progress progress")).to_have_count(0)
    page.wait_for_timeout(1_500)  # nothing comes after it
    expect(page.locator("#timeline-progress progress")).to_have_count(0)
    expect(page.locator("#timeline-answer")).to_contain_text(TEXTS["timeline_stopped"][language])


def test_another_recording_takes_the_place_of_one_that_is_followed(visit: Visit, long: Path, show: Path) -> None:
    page = open_tab(visit())
    give(page, long)
    page.wait_for_function("document.querySelector('#timeline-progress progress')?.value > 5")
    other = open_tab(visit())  # and who else comes need not wait for the end of it
    give(other, show)
    other.wait_for_selector(".g-timeline", timeout=ANSWER_MS)
    page.get_by_role("tabpanel").get_by_label("Clear").first.click()
    expect(page.locator("#timeline-stop")).to_be_hidden()
    give(page, show)
    expect(page.locator("#timeline-answer .g-source")).to_contain_text("show.flac", timeout=ANSWER_MS)


def test_what_cannot_be_followed_is_refused_in_the_pages_language(visit: Visit, tmp_path: Path, write: Write) -> None:
    page = open_tab(visit(locale="zh-CN"), "zh")
    give(page, write(tmp_path / "silent.wav", np.zeros(3 * SAMPLE_RATE)))
    expect(page.locator("#timeline-answer .g-refused")).to_contain_text("静音", timeout=ANSWER_MS)
    page.locator("#timeline-answer summary").click()
    expect(page.locator("#timeline-answer details p")).to_contain_text("silent.wav")
    expect(page.locator("#timeline-stop")).to_be_hidden()


def test_the_button_without_a_recording_says_what_is_missing(visit: Visit) -> None:
    page = open_tab(visit())
    page.locator("#timeline-ask").click()
    expect(page.locator("#timeline-answer .g-refused")).to_contain_text("There is no recording yet")


def test_it_fits_a_phone(visit: Visit, show: Path) -> None:
    page = drawn(visit(size=PHONE, dark=True), show)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    table = page.locator(".g-segments")
    assert table.evaluate("element => element.scrollWidth <= element.clientWidth + 1")


def test_the_help_states_the_limit() -> None:
    assert PAGE_STREAM_SECONDS_MAX == 2 * 3_600
    assert "two hours" in TEXTS["timeline_help"]["en"]
    assert "两小时" in TEXTS["timeline_help"]["zh"]
