"""Two recordings beside each other in a real browser, and the examples most like one: the answers are Python's."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from page_server import PageServer
from playwright.sync_api import Page, expect
from test_page import CONTRAST_LARGE_MIN, CONTRAST_MIN, FAINT, PHONE
from test_web import called, uploaded

from genre import audio, similarity
from genre.classifier import classifier
from genre.settings import DEFAULT_MODEL, SAMPLE_RATE
from genre.web import examples
from genre.web.texts import text

Visit = Callable[..., Page]

ANSWER_MS = 120_000
CLIPS = examples.find_examples()
DANCE = next(place for place, clip in enumerate(CLIPS) if clip.genre.id == "dance_pop")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path]) -> Path:
    """The dance, begun 3 s later and 3 dB quieter, as mp3."""
    samples = audio.load(CLIPS[DANCE].path).samples[3 * SAMPLE_RATE :]
    return write(tmp_path_factory.mktemp("copies") / "copy.mp3", 0.708 * samples, kind="mp3")


def open_tab(page: Page) -> None:
    page.get_by_role("tab", name=re.compile("^(Similar|相似)$")).click()


def upload(page: Page, side: str, path: Path) -> None:
    page.locator(f"#similar-{side} input[type=file]").set_input_files(path)
    expect(page.locator(f"#similar-{side} audio, #similar-{side} #waveform").first).to_be_attached()


def choose(page: Page, side: str, caption: str) -> None:
    page.locator(f"#similar-example-{side} input").click()
    page.get_by_role("option", name=caption, exact=True).click()
    expect(page.get_by_role("option")).to_have_count(0)  # the other side's list has the same names
    expect(page.locator(f"#similar-{side} audio, #similar-{side} #waveform").first).to_be_attached()


def shown(page: Page, number: str) -> float:
    meter = page.locator(f"[data-number={number}] [role=meter]")
    return float(meter.get_attribute("aria-valuenow") or "nan")


def test_a_copy_is_known_again_and_shown_beside_its_original(visit: Visit, copy: Path) -> None:
    page = visit()
    open_tab(page)
    choose(page, "a", CLIPS[DANCE].caption("en"))
    upload(page, "b", copy)
    page.locator("#similar-ask").click()
    verdict = page.locator("#similar-answer [data-verdict]")
    expect(verdict).to_have_attribute("data-verdict", "possibly_same_source", timeout=ANSWER_MS)
    expect(verdict).to_have_text(text("similar_same", "en"))
    expected = similarity.similar(CLIPS[DANCE].path, copy)
    assert shown(page, "ssim") == pytest.approx(expected.match.ssim, abs=0.002)
    assert shown(page, "cosine") == pytest.approx(expected.cosine, abs=0.01)
    answer = page.locator("#similar-answer")
    expect(answer).to_contain_text("B begins 3.0 s after A, over 21.")
    expect(answer).to_contain_text("A: dance_pop.mp3, heard from 0:00 to 0:24")
    expect(answer).to_contain_text("B: copy.mp3, heard from 0:00 to 0:21")
    pictures = answer.locator("img.g-light")
    expect(pictures).to_have_count(2)
    for image, label in zip(pictures.all(), ("A: Spectrogram from 0:03", "B: Spectrogram from 0:00"), strict=True):
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 1_000
        assert (image.get_attribute("alt") or "").startswith(label)

    # The same in the other language, without hearing again; and as a file.
    page.get_by_text("中文", exact=True).click()
    expect(verdict).to_have_text(text("similar_same", "zh"))
    expect(answer).to_contain_text("B 比 A 晚 3.0 秒开始")
    with page.expect_download() as saved:
        answer.locator(".g-save").click()
    row = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
    assert (row["verdict"], row["model"]) == ("possibly_same_source", DEFAULT_MODEL)
    page.locator("#similar-b").get_by_role("button", name=re.compile("清除|清空|Clear", re.I)).first.click()
    expect(answer).to_contain_text(text("similar_empty_title", "zh"))


def test_other_music_is_not_taken_for_the_same(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    choose(page, "a", CLIPS[DANCE].caption("en"))
    choose(page, "b", CLIPS[0].caption("en"))
    page.locator("#similar-ask").click()
    verdict = page.locator("#similar-answer [data-verdict]")
    expect(verdict).to_have_attribute("data-verdict", "no_sign_of_same_source", timeout=ANSWER_MS)
    assert shown(page, "ssim") < 0.5


def test_the_examples_most_like_a_recording_can_be_played(visit: Visit, copy: Path) -> None:
    page = visit()
    open_tab(page)
    upload(page, "a", copy)
    page.locator("#similar-more").click()
    items = page.locator(".g-alike li")
    expect(items).to_have_count(5, timeout=ANSWER_MS)
    judge = classifier()
    asked = similarity.perceive(judge, copy).embedding
    cosines = {clip.path: float(asked @ similarity.perceive(judge, clip.path).embedding) for clip in CLIPS}
    nearest = sorted(CLIPS, key=lambda clip: -cosines[clip.path])[:5]
    assert nearest[0] is CLIPS[DANCE]
    for item, clip in zip(items.all(), nearest, strict=True):
        expect(item.locator(".g-name")).to_have_text(clip.caption("en"))
        value = float(item.locator("[role=meter]").get_attribute("aria-valuenow") or "nan")
        assert value == pytest.approx(cosines[clip.path], abs=0.01)
        assert unquote(item.locator("audio").get_attribute("src") or "").endswith(f"file={clip.path}")
    player = items.first.locator("audio")
    seconds = player.evaluate(
        "audio => new Promise((told) => { audio.muted = true; audio.ontimeupdate = () => told(audio.duration); "
        "audio.onerror = () => told(-1); audio.play(); })"
    )
    assert seconds == pytest.approx(24, abs=1)
    page.get_by_text("中文", exact=True).click()
    expect(items.first.locator(".g-name")).to_have_text(CLIPS[DANCE].caption("zh"))


def test_what_is_missing_or_too_short_is_said(
    visit: Visit, tmp_path: Path, write: Callable[..., Path], tone: Callable[..., np.ndarray]
) -> None:
    page = visit(locale="zh-CN")
    open_tab(page)
    page.locator("#similar-ask").click()
    refused = page.locator("#similar-answer .g-refused")
    expect(refused).to_contain_text(text("error_nothing", "zh"), timeout=ANSWER_MS)
    choose(page, "a", CLIPS[DANCE].caption("zh"))
    upload(page, "b", write(tmp_path / "short.wav", tone(seconds=2)))
    page.locator("#similar-ask").click()
    expect(refused).to_contain_text("声音太少，无法比较，至少需要 3 秒", timeout=ANSWER_MS)
    page.get_by_text("English", exact=True).click()
    expect(refused).to_contain_text("short.wav: too little sound to compare; 3 s are the least")


def test_it_works_with_a_keyboard(visit: Visit) -> None:
    page = visit()
    page.get_by_role("tab", name="Similar").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#similar-ask")).to_be_visible()
    reached: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate("() => document.activeElement.closest('[id^=similar-]')?.id")
        reached.add(found)
        if found in ("similar-example-a", "similar-example-b"):
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            side = found[-1]
            expect(page.locator(f"#similar-{side} audio, #similar-{side} #waveform").first).to_be_attached()
        if found == "similar-more":
            break
    sides = {f"similar-{part}{side}" for part in ("", "example-") for side in "ab"}
    assert reached >= sides | {"similar-model", "similar-start", "similar-clip", "similar-ask", "similar-more"}
    page.locator("#similar-ask").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#similar-answer [data-verdict]")).to_be_visible(timeout=ANSWER_MS)


@pytest.mark.parametrize(
    ("size", "dark", "locale"), [((1280, 900), True, "zh-CN"), (PHONE, False, "en-US")], ids=["desktop", "phone"]
)
def test_it_fits_and_can_be_read(visit: Visit, copy: Path, size: tuple[int, int], dark: bool, locale: str) -> None:
    page = visit(locale=locale, dark=dark, size=size)
    open_tab(page)
    upload(page, "a", CLIPS[DANCE].path)
    upload(page, "b", copy)
    for button, found in (("#similar-ask", "[data-verdict]"), ("#similar-more", ".g-alike")):
        page.locator(button).click()
        expect(page.locator(f"#similar-answer {found}")).to_be_visible(timeout=ANSWER_MS)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.evaluate(FAINT, [CONTRAST_MIN, CONTRAST_LARGE_MIN]) == []
        expect(page.locator("#similar-answer")).to_be_in_viewport()
        images = page.locator("#similar-answer img.g-light")
        for image in images.all():
            expect(image).to_be_hidden() if dark else expect(image).to_be_visible()


def test_both_pictures_are_moved_as_one_on_a_telephone(visit: Visit, copy: Path) -> None:
    page = visit(size=PHONE)
    open_tab(page)
    upload(page, "a", CLIPS[DANCE].path)
    upload(page, "b", copy)
    page.locator("#similar-ask").click()
    expect(page.locator("#similar-answer [data-verdict]")).to_be_visible(timeout=ANSWER_MS)
    page.locator(".g-aligned").evaluate("element => { element.scrollLeft = 200; }")
    places = "images => images.map((image) => image.getBoundingClientRect().left)"
    one, other = page.locator("#similar-answer img.g-light").evaluate_all(places)
    assert one == other < -100


OUTSIDE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("compare_pair", ["FILE", OUTSIDE, DEFAULT_MODEL, 30, 0, "en"]),
        ("compare_pair", ["FILE", None, DEFAULT_MODEL, 30, 0, "xx"]),
        ("compare_pair", ["FILE", "FILE", "/etc", 30, 0, "en"]),
        ("compare_pair", ["FILE", "FILE", {"a": 1}, 30, 0, "en"]),
        ("compare_pair", ["FILE", "FILE", DEFAULT_MODEL, 1e9, 0, "en"]),
        ("compare_pair", ["FILE", "FILE", DEFAULT_MODEL, 30, "x", "en"]),
        ("find_alike", [OUTSIDE, DEFAULT_MODEL, 30, 0, "en"]),
        ("find_alike", ["FILE", "../../etc", 30, 0, "en"]),
        ("find_alike", [None, DEFAULT_MODEL, 30, 0, None]),
        ("take_example", [-1, "en"]),
        ("take_example", [999, "en"]),
        ("take_example", ["/etc/passwd", "en"]),
        ("take_example", [True, "en"]),
    ],
)
def test_strangers_cannot_make_it_read_or_do_anything_else(
    server: PageServer, copy: Path, event: str, data: list[Any]
) -> None:
    file = {"path": uploaded(server, copy), "meta": {"_type": "gradio.FileData"}}
    state, output = called(server, event, [file if value == "FILE" else value for value in data])
    told = json.dumps(output)
    assert "Traceback" not in told
    assert "root:" not in told
    assert state == "error" or "g-refused" in told
