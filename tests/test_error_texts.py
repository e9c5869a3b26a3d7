"""Errors in Chinese: every sentence of the rooms below has its words, and no words are left over."""

import ast
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from time import perf_counter

import pytest

import genre
from genre.error_texts import CHINESE, SYSTEM, chinese, in_language

PLACE = re.compile(r"^(\0|\w+)(: |; | (?=\0$))")  # the name of a file, a device, an address; or what begins a sentence
PATH_MAX = 4_096  # bytes, on Linux
ROOMS = Path(genre.__file__).parent
OURS = (
    "AudioError",
    "ModelError",
    "SettingsError",
    "GenreError",
    "HubError",
    "TagError",
    "TagsError",
    "UnreadableError",
)


def skeleton(sentence: ast.AST) -> str | None:
    """Return the fixed words of a text in the source, with a NUL for each field; None: it is no text."""
    if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str):
        return sentence.value
    if isinstance(sentence, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in sentence.values)
    return None


def without_place(words: str) -> str:
    return PLACE.sub("", words)


def trees() -> Iterator[ast.AST]:
    for room in sorted(ROOMS.rglob("*.py")):
        if room.name != "error_texts.py":
            yield from ast.walk(ast.parse(room.read_text(encoding="utf-8")))


def raised() -> set[str]:
    """Return the fixed words of every error that is raised or returned for a caller to read."""
    found = set()
    for node in trees():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args:
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            words = skeleton(node.args[0]) if name.endswith(OURS) else None
            if words is not None and (fixed := without_place(words)).strip("\0"):
                of_hub = name == "HubError" and fixed[0] != "\0"  # it stands behind the hub's name and address
                found.add(f"\0 (\0) {fixed}" if of_hub else fixed)
    return found


def known() -> dict[str, str]:
    """Return the fixed words of every sentence that has its Chinese, and the sentence."""
    found = {}
    for english in CHINESE:
        parts = Formatter().parse(english)
        found["".join(literal + ("\0" if name is not None else "") for literal, name, _, _ in parts)] = english
    return found


def test_every_error_has_its_chinese() -> None:
    assert len(raised()) > 150
    assert raised() - known().keys() == set()


def test_no_chinese_is_left_over() -> None:
    said = {words for node in trees() if (words := skeleton(node)) is not None}
    said |= {without_place(words) for words in said}
    said |= {f"\0 {words}" for words in said} | {f"\0 (\0) {words}" for words in said}  # of a file, and of a hub
    assert {english for words, english in known().items() if words not in said} == set()


@pytest.mark.parametrize("english", CHINESE)
def test_a_sentence_is_found_again_and_loses_no_field(english: str) -> None:
    names = [name for _, name, _, _ in Formatter().parse(english) if name]
    assert sorted(names) == sorted(name for _, name, _, _ in Formatter().parse(CHINESE[english]) if name)
    values = {name: f"‹{number}›" for number, name in enumerate(names)}
    said = chinese(english.format(**values))
    assert said == CHINESE[english].format(**values)
    named = in_language(f"song: 2.mp3: {english.format(**values)}", "zh")
    assert named.replace("song: 2.mp3：", "").replace("song: 2.mp3: ", "") == said


def test_names_stay_and_what_is_in_a_sentence_is_told_too() -> None:
    full = f"music/a: b.mp3: {os.strerror(errno.ENOSPC)}. The file is as it was."
    assert in_language(full, "zh") == "music/a: b.mp3：磁盘已满。文件保持原样。"
    assert in_language(full, "en") == full
    inside = (
        "No model has answered, so there is nothing to draw: a.mp3: the file is empty. Choose one with sound in it."
    )
    assert in_language(inside, "zh") == "没有模型给出结果，无可绘制：a.mp3：文件是空的。请选择有声音的文件。"
    assert chinese("a.mp3: this is a folder. Choose a file in it.") == "这是一个文件夹。请选择其中的文件。"
    full = f"rock; pop/a.jsonl cannot be read: {os.strerror(errno.ENOENT)}."
    assert in_language(full, "zh") == "rock; pop/a.jsonl 无法读取：没有这个文件或文件夹。"
    unknown = "a.mp3: of which nobody has thought {braces}"
    assert (chinese(unknown), in_language(unknown, "zh")) == (None, unknown)
    assert len(set(map(os.strerror, SYSTEM))) == len(SYSTEM)


def test_a_name_made_to_look_like_many_sentences_takes_no_time() -> None:
    begun = perf_counter()
    assert chinese(": cannot be read: is not, and it has; choose one" * 85) is None
    for sentence in ("x is no YAML: ", "a (b) failed: ", "a; "):
        path = (sentence * 400)[:PATH_MAX]
        told = in_language(f"{path}: the file is empty. Choose one with sound in it.", "zh")
        assert told.endswith("文件是空的。请选择有声音的文件。") or told.endswith("Choose one with sound in it.")
    assert perf_counter() - begun < 10
