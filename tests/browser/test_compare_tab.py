"""Models beside each other, in a real browser: the answers are Python's, and new models can be chosen at once."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from page_server import PageServer
from playwright.sync_api import Page, expect
from test_page import CONTRAST_LARGE_MIN, CONTRAST_MIN, FAINT, PHONE
from test_web import called, uploaded

from genre import backbones, comparison
from genre.settings import COMPARED
from genre.web.texts import text

Visit = Callable[..., Page]

ANSWER_MS = 60_000
DROPPED = "squeezenet1_1_mel"


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory, tone: Callable[..., np.ndarray], write: Callable[..., Path]) -> Path:
    notes = [tone(frequency, seconds=4) for frequency in (220, 330, 495)]
    return write(tmp_path_factory.mktemp("songs") / "song.mp3", np.concatenate(notes), kind="mp3")


@pytest.fixture
def drop(server: PageServer) -> Iterator[Callable[[bytes | None], None]]:
    """Put a model where the running server looks for models; None is one of random weights that works."""
    folder = server.folder / "cache" / "models" / DROPPED

    def put(weights: bytes | None) -> None:
        folder.mkdir(parents=True)
        if weights is None:
            torch.manual_seed(0)
            torch.save(backbones.build("squeezenet1_1", "published", 16).state_dict(), folder / "save.pt")
        else:
            (folder / "save.pt").write_bytes(weights)

    yield put
    shutil.rmtree(folder, ignore_errors=True)


def open_tab(page: Page) -> None:
    page.get_by_role("tab", name=re.compile("^(Compare|对比)$")).click()


def box(page: Page, model: str) -> Any:
    return page.locator("#compare-models label", has_text=re.compile(rf"^\s*{model} ·")).locator("input")


def upload(page: Page, path: Path) -> None:
    page.locator("#compare-recording input[type=file]").set_input_files(path)


def test_a_recording_is_answered_in_columns_as_python_answers_it(visit: Visit, song: Path) -> None:
    page = visit()
    open_tab(page)
    upload(page, song)
    columns = page.locator(".g-model")
    expect(columns).to_have_count(2, timeout=ANSWER_MS)
    found = comparison.compare(song, COMPARED)
    for place, column in enumerate(found.columns):
        assert column.prediction is not None
        shown = columns.nth(place)
        expect(shown.locator("h3")).to_contain_text(column.model)
        expect(shown.locator("h3")).to_contain_text("embedded")
        genres = [genre_id for genre_id, _ in column.prediction.ranked[:5]]
        bars = shown.locator(".g-bars li")
        assert [bar.get_attribute("data-genre") for bar in bars.all()] == genres
        expect(shown.locator(".g-provenance")).to_contain_text("rendered")
        image = shown.locator("img.g-light")
        expect(image).to_be_visible()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 1_000
    (agreement,) = found.agreements
    meter = page.locator(".g-agreement [role=meter]")
    assert float(meter.get_attribute("aria-valuenow") or "") == pytest.approx(agreement.divergence, abs=0.01)
    assert page.locator(".g-agreement h2").inner_text().startswith("They ")
    boxes = [columns.nth(place).bounding_box() for place in range(2)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]  # side by side

    # The same answer in the other language, without hearing again; asked again, nothing needs loading.
    total = page.locator(".g-compared > .g-provenance").inner_text().split(" s in all")[0]
    page.get_by_text("中文", exact=True).click()
    expect(page.locator(".g-agreement h2")).to_contain_text("结论")
    assert f"共 {total} 秒" in page.locator(".g-compared > .g-provenance").inner_text()
    expect(page.locator("#compare-ask")).to_have_text(text("compare_ask", "zh"))  # a button being drawn takes no click
    page.locator("#compare-ask").click()
    expect(page.locator(".g-model", has_text="此前已加载")).to_have_count(2, timeout=ANSWER_MS)
    with page.expect_download() as saved:
        page.locator(".g-compared .g-save").click()
    row = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
    assert [model["reference"] for model in row["models"]] == list(COMPARED)


def test_too_few_and_too_many_models_are_refused(visit: Visit, song: Path) -> None:
    page = visit()
    open_tab(page)
    box(page, "resnet50_mel").uncheck()
    upload(page, song)
    expect(page.locator("#compare-answer .g-refused")).to_contain_text("2 to 4 different models", timeout=ANSWER_MS)
    page.get_by_text("中文", exact=True).click()
    expect(page.locator("#compare-answer .g-refused")).to_contain_text("2 至 4 个不同的模型")


def test_a_model_that_is_dropped_in_can_be_chosen_at_once(
    visit: Visit, song: Path, drop: Callable[[bytes | None], None]
) -> None:
    page = visit()
    open_tab(page)
    expect(box(page, "resnet50_mel")).to_be_checked()
    assert box(page, DROPPED).count() == 0
    drop(None)
    page.get_by_role("tab", name="Recognise").click()
    page.locator("#model input").click()
    page.get_by_role("option", name=f"{DROPPED} · your own file").click()  # the list was open while it was looked for
    expect(page.locator("#about-model")).to_contain_text("your own file")
    open_tab(page)
    box(page, DROPPED).check()
    expect(box(page, "resnet50_mel")).to_be_checked()  # what was chosen stays chosen
    upload(page, song)
    expect(page.locator(".g-model")).to_have_count(3, timeout=ANSWER_MS)
    own = page.locator(".g-model", has_text=DROPPED)
    expect(own.locator("h3")).to_contain_text("your own file")  # and never CCMusic's
    expect(own.locator(".g-bars li")).to_have_count(5)


def test_a_broken_model_says_so_in_its_column(
    visit: Visit, server: PageServer, song: Path, drop: Callable[[bytes | None], None]
) -> None:
    drop(b"not weights")
    page = visit(locale="zh-CN")
    open_tab(page)
    box(page, DROPPED).check()
    upload(page, song)
    broken = page.locator(".g-model", has_text=DROPPED)
    expect(broken.locator(".g-refused")).to_contain_text(f"{DROPPED}/save.pt 不是 PyTorch 检查点", timeout=ANSWER_MS)
    expect(page.locator(".g-model .g-bars")).to_have_count(2)
    assert str(server.folder) not in page.content()


def test_it_works_with_a_keyboard(visit: Visit, song: Path) -> None:
    page = visit()
    page.get_by_role("tab", name="Compare").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#compare-ask")).to_be_visible()
    reached: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate("() => document.activeElement.closest('[id^=compare-]')?.id")
        reached.add(found)
        if found == "compare-models":
            name = page.evaluate("() => document.activeElement.closest('label')?.innerText || ''")
            if name.strip().startswith("densenet121_cqt"):
                page.keyboard.press("Space")
        if found == "compare-ask":  # a second round would undo the choice
            break
    wanted = {"compare-recording", "compare-models", "compare-start", "compare-clip", "compare-ask"}
    assert reached >= wanted
    expect(box(page, "densenet121_cqt")).to_be_checked()
    upload(page, song)
    expect(page.locator(".g-model")).to_have_count(3, timeout=ANSWER_MS)


@pytest.mark.parametrize(
    ("size", "dark", "locale"), [((1280, 900), True, "zh-CN"), (PHONE, False, "en-US")], ids=["desktop", "phone"]
)
def test_it_fits_and_can_be_read(
    visit: Visit, song: Path, tmp_path: Path, size: tuple[int, int], dark: bool, locale: str
) -> None:
    page = visit(locale=locale, dark=dark, size=size)
    open_tab(page)
    box(page, "resnet18_cqt_acousticsense16").check()
    upload(page, song)
    expect(page.locator(".g-model")).to_have_count(3, timeout=ANSWER_MS)
    shown = page.locator(f".g-model img.g-{'dark' if dark else 'light'}")
    expect(shown.first).to_be_visible()
    expect(page.locator(f".g-model img.g-{'light' if dark else 'dark'}").first).to_be_hidden()
    page.screenshot(path=tmp_path / "compared.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(FAINT, [CONTRAST_MIN, CONTRAST_LARGE_MIN]) == []
    expect(page.locator("#compare-answer")).to_be_in_viewport()


@pytest.mark.parametrize(
    "data",
    [
        ["FILE", ["/etc", "vgg19_bn_cqt"], 30, 0, "en"],
        ["FILE", ["../../etc", "vgg19_bn_cqt"], 30, 0, "en"],
        ["FILE", ["vgg19_bn_cqt", "vgg19_bn_cqt"], 30, 0, "en"],
        ["FILE", ["vgg19_bn_cqt", {"a": 1}], 30, 0, "en"],
        ["FILE", "vgg19_bn_cqt", 30, 0, "en"],
        ["FILE", None, 30, 0, "en"],
        ["FILE", list(COMPARED), 1e9, 0, "en"],
        ["FILE", list(COMPARED), 30, "x", "en"],
        [None, list(COMPARED), 30, 0, "xx"],
        [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, list(COMPARED), 30, 0, "en"],
    ],
)
def test_strangers_cannot_make_it_read_or_do_anything_else(server: PageServer, song: Path, data: list[Any]) -> None:
    file = {"path": uploaded(server, song), "meta": {"_type": "gradio.FileData"}}
    state, output = called(server, "compare", [file if value == "FILE" else value for value in data])
    told = json.dumps(output)
    assert "Traceback" not in told
    assert "root:" not in told
    assert state == "error" or "g-refused" in told
