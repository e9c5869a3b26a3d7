"""What is dropped on the library's tab: archives from anybody, the table, and what saves it."""

import base64
import json
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genre.classifier import classifier
from genre.labels import Language
from genre.web import library_files, library_tab, library_view
from genre.web.library_files import FILES_MAX, parcel
from genre.web.library_view import Entry, Listed
from genre.web.models import RefusalError
from genre.web.texts import TEXTS, text

MEGABYTE = 1 << 20


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def refused(paths: list[Path], member_bytes: int = MEGABYTE) -> dict[str, str]:
    """Return the English reason of every recording that cannot be read."""
    reasons = {}
    for given in parcel(paths, member_bytes).files:
        try:
            given.read()
        except RefusalError as error:
            reasons[given.name] = error.refused.reasons["en"]
    return reasons


def test_recordings_come_out_of_an_archive_and_nothing_else(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "a.zip",
        {
            "album/1.mp3": b"one",
            "album/cover.jpg": b"x",
            "album/.2.mp3": b"x",
            "__MACOSX/1.mp3": b"x",
            "inner.zip": b"x",
            "二.FLAC": b"two",
            "folder/": b"",
        },
    )
    single = tmp_path / "single.txt"
    single.write_bytes(b"three")
    found = parcel([path, single], MEGABYTE)
    assert [(given.name, given.read()) for given in found.files] == [
        ("a.zip/album/1.mp3", b"one"),
        ("a.zip/二.FLAC", b"two"),
        ("single.txt", single),
    ]
    assert found.skipped == 4


def test_no_name_and_no_link_in_an_archive_reaches_the_disk(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"secret")
    link = zipfile.ZipInfo("link.wav")
    link.external_attr = 0o120777 << 16
    path = tmp_path / "in" / "a.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../../up.wav", b"up")
        file.writestr(str(secret), b"mine")
        file.writestr(link, str(secret))
    found = parcel([path], MEGABYTE)
    assert [given.read() for given in found.files] == [b"mine"]
    assert found.skipped == 2
    assert {entry.name for entry in tmp_path.rglob("*")} == {"secret.wav", "in", "a.zip"}
    assert secret.read_bytes() == b"secret"


def test_a_bomb_is_given_up_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.zip", {"0.wav": bytes(64 * MEGABYTE)})
    content = path.read_bytes().replace(struct.pack("<I", 64 * MEGABYTE), struct.pack("<I", 10))  # it claims ten bytes
    (tmp_path / "liar.zip").write_bytes(content)
    tracemalloc.start()
    reasons = refused([path, tmp_path / "liar.zip"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reasons["bomb.zip/0.wav"] == TEXTS["library_zip_large"]["en"]
    assert len(parcel([tmp_path / "liar.zip"], MEGABYTE).files) == 1
    assert peak < 16 * MEGABYTE


def test_all_archives_together_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_files, "UNPACKED_MAX", 3 * MEGABYTE)
    path = archive(tmp_path / "a.zip", {f"{number}.wav": bytes(MEGABYTE) for number in range(5)})
    assert list(refused([path], 2 * MEGABYTE)) == ["a.zip/3.wav", "a.zip/4.wav"]


def test_a_directory_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"1.wav": b"x"})
    content = bytearray(path.read_bytes())
    end = content.rfind(b"PK\x05\x06")
    content[end + 12 : end + 16] = struct.pack("<I", library_files.DIRECTORY_MAX + 1)
    path.write_bytes(content)
    assert refused([path]) == {"a.zip": TEXTS["library_zip_large"]["en"]}


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no archive", b"PK\x05\x06" + bytes(18) + b"PK\x05\x06", bytes(1_000)]
)
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert list(refused([path]).values()) in (
        [TEXTS["library_zip_damaged"]["en"]],
        [TEXTS["library_zip_large"]["en"]],
    )


def test_damaged_locked_and_strange_members_are_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(4_000)
    damaged = archive(tmp_path / "damaged.zip", {"1.wav": noise}, zipfile.ZIP_STORED)
    content = bytearray(damaged.read_bytes())
    content[500] ^= 0xFF
    damaged.write_bytes(content)
    locked = archive(tmp_path / "locked.zip", {"1.wav": noise})
    content = bytearray(locked.read_bytes())
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(content)
    strange = archive(tmp_path / "strange.zip", {"1.wav": noise}, zipfile.ZIP_LZMA)
    assert refused([damaged, locked, strange]) == {
        "damaged.zip/1.wav": TEXTS["library_zip_damaged"]["en"],
        "locked.zip/1.wav": TEXTS["library_zip_encrypted"]["en"],
        "strange.zip/1.wav": TEXTS["library_zip_method"]["en"],
    }


def test_no_more_than_so_many_are_taken(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {f"{number}.wav": b"x" for number in range(FILES_MAX + 5)})
    found = parcel([path, path], MEGABYTE)
    assert (len(found.files), found.beyond) == (FILES_MAX, FILES_MAX + 10)


def test_a_recording_in_an_archive_has_the_answer_of_its_file(
    tmp_path: Path, tone: Callable[..., np.ndarray], write: Callable[..., Path]
) -> None:
    song = write(tmp_path / "song.flac", tone(seconds=3), kind="flac")
    path = archive(tmp_path / "a.zip", {"song.flac": song.read_bytes(), "text.mp3": b"no music"})
    judge = classifier()
    good, bad = (library_tab._heard(judge, given) for given in parcel([path], MEGABYTE).files)
    expected = judge.predict(song)
    assert good.best is not None
    assert (good.best["id"], good.best["probability"]) == expected.ranked[0]
    assert good.row["source"] == "a.zip/song.flac"
    assert str(bad.row["error"]).startswith("a.zip/text.mp3: this is not sound that can be read")
    assert bad.reasons["zh"].startswith("这不是可读的声音文件")


# --- the table


def listed() -> Listed:
    entries = []
    for name, genre, probability, warnings in (
        ("b.mp3", ("solo", "Solo", "独奏"), 0.9, []),
        ("A<b>.mp3", ("opera", "Opera", "歌剧"), 0.3, ["unsure", "short"]),
        ("c.mp3", ("chamber", "Chamber", "室内乐"), 0.7, []),
    ):
        best = {"id": genre[0], "en": genre[1], "zh": genre[2], "probability": probability}
        row = {
            "source": name,
            "model": "m",
            "taxonomy": "ccmusic16",
            "weights": {"origin": "embedded"},
            "top": [best],
            "warnings": warnings,
        }
        entries.append(Entry(row))
    entries.insert(1, Entry({"source": "=d.mp3", "error": "=d.mp3: no"}, {"en": "no", "zh": "不行"}))
    return Listed(total=4, entries=entries, done=True)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("given", ["b.mp3", "=d.mp3", "A<b>.mp3", "c.mp3"]),
        ("name", ["=d.mp3", "A<b>.mp3", "b.mp3", "c.mp3"]),
        ("genre", ["c.mp3", "A<b>.mp3", "b.mp3", "=d.mp3"]),
        ("probability", ["b.mp3", "c.mp3", "A<b>.mp3", "=d.mp3"]),
        ("unsure", ["A<b>.mp3", "c.mp3", "b.mp3", "=d.mp3"]),
    ],
)
def test_the_table_has_the_order_that_is_wanted(order: str, expected: list[str]) -> None:
    table = listed()
    table.order = order
    assert [entry.row["source"] for entry in table.shown()] == expected


@pytest.mark.parametrize(
    ("wanted", "expected"), [("OPERA", 1), ("歌剧", 1), (".mp3", 4), ("把握不大", 1), ("b", 3), ("zzz", 0), ("no", 1)]
)
def test_the_table_shows_what_is_wanted(wanted: str, expected: int) -> None:
    table = listed()
    table.wanted = wanted
    html = library_view.table(table, "en")
    assert html.count('<th scope="row">') == expected
    assert (text("library_none_shown", "en") in html) == (expected == 0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_is_safe_and_can_be_saved(language: Language) -> None:
    html = library_view.table(listed(), language)
    assert "A&lt;b&gt;.mp3" in html
    assert "<b>" not in html
    assert text("library_done", language, total=4, failed=1) in html
    files = {
        kind: base64.b64decode(found) for kind, found in re.findall(r"genre\.(\w+)\" href=\"data:[^,]*,([^\"]+)", html)
    }
    assert [json.loads(line)["source"] for line in files["jsonl"].decode().splitlines()] == [
        "b.mp3",
        "=d.mp3",
        "A<b>.mp3",
        "c.mp3",
    ]
    assert files["csv"].decode("utf-8-sig").splitlines()[2].startswith("./=d.mp3,")


def test_while_recordings_are_heard_nothing_is_offered_to_save() -> None:
    table = listed()
    table.total, table.done = 9, False
    html = library_view.table(table, "en")
    assert "Heard 4 of 9; failed: 1" in html
    assert '<progress max="9" value="4"' in html
    assert "g-save" not in html
    table.done = True
    assert "Stopped after 4 of 9; failed: 1" in library_view.table(table, "en")


def test_every_warning_has_a_remark() -> None:
    codes = {key.removeprefix("warning_") for key in TEXTS if key.startswith("warning_")}
    assert {f"library_{code}" for code in codes} <= TEXTS.keys()
    assert all(f"library_order_{order}" in TEXTS for order in library_view.ORDERS)
