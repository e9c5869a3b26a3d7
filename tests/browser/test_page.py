"""What people do on the page, done in a real browser."""

import base64
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from page_server import PageServer
from playwright.sync_api import Browser, Page, expect

import genre
from genre.labels import CCMUSIC16
from genre.web import examples
from genre.web.texts import TEXTS, text

Visit = Callable[..., Page]
Answers = dict[Path, tuple[str, float]]

PHONE = (390, 844)
ANSWER_MS = 60_000
RECORD_MS = 13_000  # longer than one window, so that nothing is repeated
CONTRAST_MIN, CONTRAST_LARGE_MIN = 4.5, 3.0
SHIFT_MAX = 0.1  # cumulative layout shift that counts as good


def top(page: Page) -> str:
    return page.locator(".g-bars li").first.get_attribute("data-genre") or ""


def await_answer(page: Page, name: str) -> str:
    """Wait for the answer about a file whose name begins so, and return its most likely genre."""
    expect(page.locator(".g-source")).to_have_text(re.compile(f"^{re.escape(name)}"), timeout=ANSWER_MS)
    return top(page)


def upload(page: Page, path: Path) -> None:
    page.locator("#recording input[type=file]").set_input_files(path)


def click_example(page: Page, place: int) -> None:
    page.locator("#examples .gallery-item").nth(place).click()


def drop(page: Page, path: Path, media_type: str) -> None:
    """Drop a file onto the recording as a hand would, with the type that the browser gives such a file."""
    content = base64.b64encode(path.read_bytes()).decode()
    transfer = page.evaluate_handle(
        """([name, type, content]) => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
            transfer.items.add(new File([bytes], name, { type }));
            return transfer;
        }""",
        [path.name, media_type, content],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.locator("#recording button.upload-container").dispatch_event(event, {"dataTransfer": transfer})


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """24 s of music, in two windows."""
    return Path(shutil.copy(examples.folder() / "symphony.mp3", tmp_path / "song.mp3"))


# --- giving a recording


def test_recording_from_the_microphone_gets_the_same_answer_as_the_file(
    visit: Visit, surest: Path, answers: Answers
) -> None:
    page = visit()
    page.get_by_role("button", name="Microphone").click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(RECORD_MS)
    page.get_by_role("button", name="Stop", exact=True).first.click()
    assert await_answer(page, "audio") == answers[surest][0]


def test_a_recording_goes_on_while_the_language_changes(visit: Visit, surest: Path, answers: Answers) -> None:
    page = visit()
    recorder = page.locator("#recording")
    page.get_by_role("button", name="Microphone").click()
    recorder.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(RECORD_MS // 2)
    page.get_by_text("中文", exact=True).click()
    expect(recorder.get_by_role("button", name="暂停", exact=True)).to_be_visible()
    page.wait_for_timeout(RECORD_MS // 2)
    recorder.get_by_role("button", name="停止", exact=True).first.click()
    assert await_answer(page, "audio") == answers[surest][0]
    recorder.get_by_role("button", name="播放", exact=True).click()
    recorder.get_by_role("button", name="暂停", exact=True).click()
    recorder.get_by_role("button", name="裁剪到所选部分", exact=True).click()
    assert {"裁剪", "取消"} <= {button.inner_text() for button in recorder.locator("button:visible").all()}
    said = recorder.locator("button").evaluate_all("found => found.map((one) => one.ariaLabel || one.innerText)")
    assert not [words for words in said if re.search("[A-Za-z]{2}", words)]
    page.get_by_text("English", exact=True).click()
    for name in ("Play", "Clear", "Trim", re.compile(r"^Skip forward by [\d.]+ seconds$")):
        expect(recorder.get_by_role("button", name=name, exact=True)).to_be_visible()


def test_the_places_for_files_speak_the_chosen_language(visit: Visit) -> None:
    page = visit()
    for tab, place, drop in (("tab_recognise", "#recording", "drop"), ("tab_library", "#library-files", "drop_file")):
        page.get_by_role("tab", name=TEXTS[tab]["en"]).click()
        for said, language in (("中文", "zh"), ("English", "en")):
            page.get_by_text(said, exact=True).click()
            for word in (drop, "drop_or", "drop_click"):
                expect(page.locator(place)).to_contain_text(TEXTS[f"gradio_{word}"][language])


def test_an_uploaded_file_is_answered_at_once(visit: Visit, song: Path) -> None:
    page = visit()
    upload(page, song)
    expected = genre.predict(song)
    assert await_answer(page, "song.mp3, heard from 0:00 to 0:2") == expected.ranked[0][0]
    shown = float((page.locator(".g-best strong").inner_text()).rstrip("%"))
    assert shown == pytest.approx(100 * expected.ranked[0][1], abs=0.6)
    assert page.locator(".g-bars li").count() == 5
    assert page.locator(".g-windows tbody tr").count() == len(expected.windows) >= 2


@pytest.mark.parametrize(("kind", "media_type"), [("flac", "audio/flac"), ("webm", "video/webm"), ("mp4", "video/mp4")])
def test_a_dropped_file_is_answered(
    visit: Visit,
    tmp_path: Path,
    tone: Callable[..., np.ndarray],
    write: Callable[..., Path],
    kind: str,
    media_type: str,
) -> None:
    path = write(tmp_path / f"dropped.{kind}", tone(440, seconds=3), rate=22_050, kind=kind)
    page = visit()
    drop(page, path, media_type)
    assert await_answer(page, f"dropped.{kind}") == genre.predict(path).ranked[0][0]


def test_every_example_is_answered_by_one_click(visit: Visit, answers: Answers) -> None:
    assert len(answers) >= 16
    page = visit()
    for place, (path, (expected, _)) in enumerate(answers.items()):
        click_example(page, place)
        assert await_answer(page, path.name) == expected


def test_the_choices_apply_to_the_next_answer(visit: Visit, song: Path) -> None:
    page = visit()
    upload(page, song)
    await_answer(page, "song.mp3")
    page.locator("#start input").fill("9")
    page.locator("#clip input").fill("5")
    page.locator("#classify").click()
    expect(page.locator(".g-source")).to_contain_text("from 0:09 to 0:1", timeout=ANSWER_MS)
    expect(page.locator("[data-code=short]")).to_be_visible()
    page.locator("#clip input").fill("9999")
    page.locator("#classify").click()
    expect(page.locator(".g-refused")).to_contain_text("“Length (s)” is 9999; give a number from 1 to 600")


def test_everything_can_be_reached_by_keyboard(visit: Visit, answers: Answers) -> None:
    page = visit()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("() => document.activeElement.closest('#recording, #start, #clip, #classify, #examples, "
            "#model, #language, #show-spectrogram')?.id")
        )  # fmt: skip
    assert reached >= {"recording", "start", "clip", "classify", "examples", "model", "language", "show-spectrogram"}
    page.locator("#examples .gallery-item").first.focus()
    page.keyboard.press("Enter")
    path, (expected, _) = next(iter(answers.items()))
    assert await_answer(page, path.name) == expected


# --- the answer


def test_the_spectrogram_is_drawn_once_and_only_hidden_after_that(visit: Visit) -> None:
    page = visit()
    click_example(page, 0)
    page.wait_for_selector(".g-best")
    shown = page.locator("#spectrogram img:visible")
    assert shown.count() == 0
    before = page.locator(".g-provenance").inner_text()  # holds the time that the answer took
    page.locator("#show-spectrogram input").check()
    expect(shown).to_have_count(1, timeout=ANSWER_MS)
    drawn = shown.get_attribute("src")
    width = shown.evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert width >= 1_000
    page.locator("#show-spectrogram input").uncheck()
    expect(shown).to_have_count(0)
    page.locator("#show-spectrogram input").check()
    expect(shown).to_have_count(1)
    assert shown.get_attribute("src") == drawn
    assert page.locator(".g-provenance").inner_text() == before
    page.emulate_media(color_scheme="dark")
    page.reload()
    page.wait_for_selector(".g-ready")
    page.locator("#show-spectrogram input").check()
    click_example(page, 0)
    expect(page.locator("#spectrogram img.g-dark")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#spectrogram img.g-light")).to_be_hidden()


def test_the_answer_is_saved_as_json_and_csv(visit: Visit, song: Path) -> None:
    page = visit()
    upload(page, song)
    best = await_answer(page, "song.mp3")
    with page.expect_download() as saved:
        page.get_by_text("Save as JSON").click()
    assert saved.value.suggested_filename == "song.genre.json"
    (row,) = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
    assert (row["source"], row["top"][0]["id"], len(row["top"])) == ("song.mp3", best, 16)
    with page.expect_download() as saved:
        page.get_by_text("Save as CSV").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 17
    assert best in lines[1]


# --- language


def test_the_page_speaks_the_chosen_language_everywhere(visit: Visit, song: Path) -> None:
    page = visit()
    upload(page, song)
    best = CCMUSIC16[await_answer(page, "song.mp3")]
    took = page.locator(".g-provenance").inner_text().split("s in all")[0].split()[-1]
    page.get_by_text("中文", exact=True).click()
    expect(page.locator(".g-best span").first).to_contain_text(best.zh)
    expect(page.get_by_role("button", name="麦克风")).to_be_visible()
    assert f"共 {took} 秒" in page.locator(".g-provenance").inner_text()  # said again, not heard again
    words = page.locator("body").inner_text()
    left = [key for key, said in TEXTS.items() if "{" not in said["en"] and len(said["en"]) > 5 and said["en"] in words]
    assert left == []
    assert page.locator("#examples .gallery-item").first.inner_text().strip() in {g.zh for g in CCMUSIC16.genres}
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.locator("#recording").get_by_role("button", name="清除").click()  # Gradio's own words follow
    expect(page.locator("#recording")).to_contain_text("将音频拖放到此处")
    page.reload()
    expect(page.locator("h1")).to_have_text(text("title", "zh"))  # the choice is remembered


@pytest.mark.parametrize(("locale", "language"), [("zh-CN", "zh"), ("zh-TW", "zh"), ("en-GB", "en"), ("fr-FR", "en")])
def test_the_browser_presets_the_language(visit: Visit, locale: str, language: str) -> None:
    page = visit(locale=locale)
    expect(page.locator("h1")).to_have_text(TEXTS["title"][language])
    expect(page.locator("#language input:checked")).to_have_value(language)


# --- errors


def test_a_broken_file_is_told_with_its_remedy_in_both_languages(visit: Visit, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"not a song at all\n" * 99)
    page = visit()
    upload(page, broken)
    expect(page.locator(".g-refused")).to_contain_text("broken.mp3: this is not sound that can be read")
    page.get_by_text("中文", exact=True).click()
    expect(page.locator(".g-refused")).to_contain_text("文件已损坏")
    expect(page.get_by_role("alert").first).to_be_visible()


def test_silence_is_told(
    visit: Visit, tmp_path: Path, tone: Callable[..., np.ndarray], write: Callable[..., Path]
) -> None:
    page = visit(locale="zh-CN")
    upload(page, write(tmp_path / "still.wav", tone(seconds=3, level=0)))
    expect(page.locator(".g-refused")).to_contain_text("静音")


def test_asking_without_a_recording_is_told(visit: Visit) -> None:
    page = visit()
    page.locator("#classify").click()
    expect(page.locator(".g-refused")).to_contain_text(text("error_nothing", "en"))


def test_unfit_files_are_refused_before_they_are_sent(visit: Visit, tmp_path: Path) -> None:
    big, page_of_text = tmp_path / "big.wav", tmp_path / "words.txt"
    big.write_bytes(b"RIFF" + bytes(5_000_000))
    page_of_text.write_text("words")
    sent: list[str] = []
    page = visit(on_request=lambda url: sent.append(url) if "/upload" in url else None)
    upload(page, big)
    expect(page.locator(".g-notice:visible")).to_contain_text("larger than 4 MB")
    drop(page, page_of_text, "text/plain")
    expect(page.locator(".g-notice:visible")).to_have_text(text("upload_not_audio", "en"))
    page.get_by_text("中文", exact=True).click()
    expect(page.locator(".g-notice:visible")).to_have_text(text("upload_not_audio", "zh"))
    assert sent == []


def test_a_refused_microphone_is_explained(visit: Visit, refusing_browser: Browser) -> None:
    page = visit(browser=refusing_browser, locale="zh-CN")
    page.get_by_role("button", name="麦克风").click()
    page.get_by_role("button", name="录制", exact=True).click()
    expect(page.locator(".g-notice:visible")).to_have_text(text("microphone_denied", "zh"))


def test_plain_http_from_another_machine_is_explained(visit: Visit, server: PageServer) -> None:
    page = visit(url=f"http://another.machine:{server.port}")
    expect(page.locator(".g-notice:visible")).to_have_text(text("insecure", "en"))
    click_example(page, 0)
    page.wait_for_selector(".g-best")


def test_a_model_that_is_not_here_is_offered_for_download(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#about-model")).to_contain_text("embedded")
    expect(page.locator("#about-model")).to_contain_text("rendered")
    expect(page.locator("#download")).to_be_hidden()
    page.locator("#model input").click()
    page.get_by_role("option", name="swin_b_mel · CCMusic, not downloaded").click()
    expect(page.locator("#about-model")).to_contain_text("not on this machine yet")
    click_example(page, 0)
    expect(page.locator(".g-refused")).to_contain_text(text("error_model_absent", "en", name="swin_b_mel"))
    page.get_by_role("button", name="Download swin_b_mel").click()
    expect(page.locator("#downloading [role=alert]")).to_contain_text("swin_b_mel", timeout=ANSWER_MS)


# --- the whole


def test_nothing_is_asked_of_other_machines(visit: Visit, server: PageServer) -> None:
    asked: list[str] = []
    page = visit(on_request=asked.append)
    click_example(page, 0)
    page.wait_for_selector(".g-best")
    page.locator("footer .show-api").click()
    page.get_by_text("/classify").first.wait_for()
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {f"127.0.0.1:{server.port}"}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("size", [(1280, 900), PHONE], ids=["desktop", "phone"])
def test_it_fits_and_can_be_read(
    visit: Visit, song: Path, tmp_path: Path, dark: bool, locale: str, size: tuple[int, int]
) -> None:
    page = visit(locale=locale, dark=dark, size=size)
    page.screenshot(path=tmp_path / "empty.png", full_page=True)
    shift = page.evaluate(SHIFT)
    page.locator("#show-spectrogram input").check()
    upload(page, song)
    await_answer(page, "song.mp3")
    page.wait_for_selector("#spectrogram img:visible")
    page.screenshot(path=tmp_path / "answer.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate("document.querySelector('#answer').getBoundingClientRect().top") < size[1]
    assert page.evaluate(FAINT, [CONTRAST_MIN, CONTRAST_LARGE_MIN]) == []
    assert shift < SHIFT_MAX


# Cumulative layout shift while the page was loading.
SHIFT = """() => new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve(sum), 200);
})"""

# Every visible text whose colour is too close to what is painted behind it (WCAG 2, relative luminance).
FAINT = """([least, leastLarge]) => {
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
    const behind = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const paint = numbers(getComputedStyle(e).backgroundColor);
            if (paint.length < 4 || paint[3] > 0.99) return paint;
        }
        return [255, 255, 255];
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        const shown = element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true });
        if (!shown || !texts.currentNode.data.trim() || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
        const style = getComputedStyle(element);
        const [a, b] = [light(numbers(style.color)), light(behind(element))].sort((x, y) => y - x);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
        const contrast = (a + 0.05) / (b + 0.05);
        if (contrast < (large ? leastLarge : least))
            faint.push(`${texts.currentNode.data.trim().slice(0, 30)} ${style.color} ${contrast.toFixed(2)}`);
    }
    return faint;
}"""
