"""One process at a time fills the folder of numba, and later ones wait for nobody."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select

import pytest
from filelock import FileLock

from genre import machine_code, spectrogram

IMPORTING = """
import os, sys
from genre import machine_code
with machine_code.kept():
    print(os.environ["NUMBA_CACHE_DIR"], flush=True)
    sys.stdin.readline()
"""
Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Started]:
    """Start a process that goes on importing until it is told to stop."""
    running: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> "subprocess.Popen[str]":
        inherited = {name: value for name, value in os.environ.items() if name != machine_code.CHOSEN}
        process = subprocess.Popen(
            [sys.executable, "-c", IMPORTING],
            env={**inherited, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def finish(process: "subprocess.Popen[str]") -> str:
    """Let it end, and return what it has said."""
    said, _ = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    return said.strip()


def filled(folder: Path) -> bool:
    return any(folder.glob("*/filled"))


def test_a_second_process_waits_until_the_first_has_compiled(start: Started, tmp_path: Path) -> None:
    first = start(GENRE_CACHE=str(tmp_path))
    assert first.stdout
    folder = tmp_path / "numba"
    place = first.stdout.readline().strip()
    assert Path(place).parent == folder
    second = start(GENRE_CACHE=str(tmp_path))
    assert select([second.stdout], [], [], 3)[0] == []
    assert not filled(folder)
    finish(first)
    assert finish(second) == place
    assert filled(folder)


def test_what_was_killed_while_compiling_is_done_again(start: Started, tmp_path: Path) -> None:
    first = start(GENRE_CACHE=str(tmp_path))
    assert first.stdout
    first.stdout.readline()
    first.kill()
    first.wait()
    assert not filled(tmp_path / "numba")
    finish(start(GENRE_CACHE=str(tmp_path)))
    assert filled(tmp_path / "numba")


def test_where_all_is_compiled_nobody_waits(start: Started, tmp_path: Path) -> None:
    place = finish(start(NUMBA_CACHE_DIR=str(tmp_path)))
    with FileLock(Path(place) / "filling.lock"):
        assert finish(start(NUMBA_CACHE_DIR=str(tmp_path))) == place
        assert finish(start(NUMBA_CACHE_DIR=place)) == place  # as in a process that another has started


def test_those_who_have_waited_do_not_wait_for_each_other(start: Started, tmp_path: Path) -> None:
    first = start(GENRE_CACHE=str(tmp_path))
    assert first.stdout
    first.stdout.readline()
    others = [start(GENRE_CACHE=str(tmp_path)) for _ in range(2)]
    finish(first)
    for other in others:  # both are inside at once
        assert other.stdout
        assert select([other.stdout], [], [], 60)[0]
    for other in others:
        finish(other)


def test_without_a_place_that_can_be_written_there_is_another_one(
    start: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for name in ("GENRE_CACHE", "NUMBA_CACHE_DIR"):
        folder = Path(finish(start(**{name: str(tmp_path / "file" / "folder"), "TMPDIR": str(tmp_path)})))
        assert folder.parent == tmp_path
        assert not folder.exists()  # it ends with its process

    def refuse(**_: object) -> None:
        raise PermissionError

    monkeypatch.setenv(machine_code.CHOSEN, str(tmp_path))
    monkeypatch.setattr(machine_code.tempfile, "TemporaryFile", refuse)  # root may write anywhere
    assert tmp_path not in machine_code._folder().parents


def test_a_compiler_that_is_loaded_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spectrogram._librosa()
    monkeypatch.setenv(machine_code.CHOSEN, str(tmp_path))
    with machine_code.kept():
        pass
    assert not list(tmp_path.iterdir())


def test_the_gufuncs_are_compiled_while_others_wait() -> None:
    """All of librosa's whose two files numba could mix up are there once it is imported."""
    code = """
import sys
from genre import spectrogram
librosa = spectrogram._librosa()
before = set(sys.modules)
import numpy as np
sound = np.random.default_rng(0).standard_normal(22_050, dtype=np.float32)
for transform in ("cqt", "mel", "chroma"):
    spectrogram.decibels(sound, spectrogram.SpectrogramSpec(transform))
from numba.np.ufunc import gufunc
late = {
    name
    for name in set(sys.modules) - before
    for value in vars(sys.modules[name]).values()
    if isinstance(value, gufunc.GUFunc)
}
assert any(isinstance(value, gufunc.GUFunc) for value in vars(librosa.core.pitch).values())
assert not late, late
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=240)
    assert done.returncode == 0, done.stderr
