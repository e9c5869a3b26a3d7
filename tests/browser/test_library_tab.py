"""The library's tab in a real browser: a table that fills, is sorted, filtered, saved and stopped."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import genre
from genre.web.texts import TEXTS, text

Visit = Callable[..., Page]
PHONE = (390, 844)
WAIT_MS = 90_000
MANY = 200  # as many as the page takes: it must still be at it when the other visitor has been answered


@pytest.fixture
def clips(tmp_path: Path, tone: Callable[..., np.ndarray], write: Callable[..., Path]) -> list[Path]:
    return [write(tmp_path / f"{pitch}.flac", tone(pitch, seconds=2), kind="flac") for pitch in (110, 440, 1760)]


def opened(page: Page, language: str = "en") -> Page:
    page.get_by_role("tab", name=TEXTS["tab_library"][language]).click()
    return page


def give(page: Page, *paths: Path) -> None:
    page.locator("#library-files input[type=file]").set_input_files(list(paths))


def sources(page: Page) -> list[str]:
    return page.locator("#library-answer tbody th").all_inner_texts()


def choose(page: Page, order: str, language: str = "en") -> None:
    page.locator("#library-order input").click()
    page.get_by_role("option", name=TEXTS[f"library_order_{order}"][language], exact=True).click()


def test_an_archive_and_files_fill_a_table_to_sort_filter_and_save(
    visit: Visit, clips: list[Path], tmp_path: Path
) -> None:
    archive = tmp_path / "more.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(clips[0], "album/low.flac")
        file.writestr("album/bad.mp3", "no music")
        file.writestr("album/cover.jpg", "x")
    page = opened(visit())
    give(page, archive, clips[1], clips[2])
    state = page.locator("#library-answer [role=status]")
    expect(state).to_have_text(text("library_done", "en", total=4, failed=1), timeout=WAIT_MS)
    assert sources(page) == ["more.zip/album/low.flac", "more.zip/album/bad.mp3", "440.flac", "1760.flac"]
    answers = {name: genre.predict(path).ranked[0] for name, path in zip(sources(page)[::2], clips[:2], strict=True)}
    for name, (genre_id, probability) in answers.items():
        line = page.locator("#library-answer tr", has=page.get_by_role("rowheader", name=name))
        assert line.get_attribute("data-genre") == genre_id
        assert float(line.locator(".g-percent").inner_text().rstrip("%")) == pytest.approx(100 * probability, abs=0.6)

    choose(page, "name")
    expect(page.locator("#library-answer tbody th").first).to_have_text("1760.flac")
    page.locator("#library-wanted textarea, #library-wanted input").fill("more.zip")
    expect(page.locator("#library-answer tbody th")).to_have_count(2)
    assert sources(page) == ["more.zip/album/bad.mp3", "more.zip/album/low.flac"]

    with page.expect_download() as download:
        page.get_by_role("link", name=TEXTS["library_as_jsonl"]["en"]).click()
    rows = [json.loads(line) for line in Path(download.value.path()).read_text(encoding="utf-8").splitlines()]
    assert [row["source"] for row in rows] == [
        "more.zip/album/low.flac",
        "more.zip/album/bad.mp3",
        "440.flac",
        "1760.flac",
    ]
    assert rows[1]["error"].startswith("more.zip/album/bad.mp3: ")

    page.get_by_text("中文").click()
    expect(state).to_have_text(text("library_done", "zh", total=4, failed=1))
    assert TEXTS["library_skipped"]["zh"].format(count=1) in page.locator("#library-answer").inner_text()


def test_a_long_list_can_be_stopped_and_keeps_nobody_else_waiting(
    visit: Visit, clips: list[Path], tmp_path: Path
) -> None:
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(MANY):
            file.write(clips[1], f"{number}.flac")
    page = opened(visit(size=PHONE))
    give(page, archive)
    expect(page.locator("#library-answer tbody th").first).to_be_visible(timeout=WAIT_MS)

    other = visit()
    other.locator("#recording input[type=file]").set_input_files(clips[0])
    expect(other.locator("#answer .g-source")).to_contain_text("110.flac", timeout=WAIT_MS)
    assert page.locator("#library-answer progress").count() == 1  # it was still at it

    page.locator("#library-stop").click()
    expect(page.locator("#library-answer .g-saves")).to_be_visible(timeout=WAIT_MS)
    count = len(sources(page))
    assert 0 < count < MANY
    expect(page.locator("#library-answer [role=status]")).to_have_text(
        text("library_stopped", "en", done=count, total=MANY, failed=0)
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_on_a_phone_no_word_of_the_table_is_out_of_sight(visit: Visit, clips: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp3"
    broken.write_text("no music")
    page = opened(visit(size=PHONE))
    give(page, clips[0], clips[1], broken)
    state = page.locator("#library-answer [role=status]")
    for said, language in (("English", "en"), ("中文", "zh")):
        page.get_by_text(said, exact=True).click()
        expect(state).to_have_text(text("library_done", language, total=3, failed=1), timeout=WAIT_MS)
        table = page.locator("#library-answer div:has(> table)")
        assert table.evaluate("table => table.scrollWidth - table.clientWidth") == 0


def test_nothing_to_hear_is_told(visit: Visit, tmp_path: Path) -> None:
    archive = tmp_path / "papers.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "x")
    page = opened(visit(locale="zh-CN"), "zh")
    give(page, archive)
    expect(page.locator("#library-answer .g-refused")).to_contain_text(TEXTS["library_nothing"]["zh"], timeout=WAIT_MS)
