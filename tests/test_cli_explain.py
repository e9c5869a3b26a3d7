"""`genre explain` from end to end, with a small network of random weights: what it says is real, if not right."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_model import write_model
from typer.testing import CliRunner, Result

from genre import preview
from genre.cli import app
from genre.labels import CCMUSIC16

pytestmark = pytest.mark.usefixtures("own_settings")

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "squeezenet1_1_cqt")


@pytest.fixture
def run(model: Path) -> Run:
    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, ["explain", "--model", str(model), *map(str, arguments)], catch_exceptions=False)

    return run


@pytest.fixture
def song(tmp_path: Path, write: Callable[..., Path], tone: Callable[..., np.ndarray]) -> Path:
    return write(tmp_path / "song.wav", np.concatenate([tone(220 * 1.5**step, 2.0) for step in range(4)]))


def test_words_say_when_and_in_which_register(run: Run, song: Path):
    result = run(song)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == str(song)
    assert sum("%" in line for line in lines[-4:]) == 1
    assert any(line.startswith("  1  ") and " s, " in line for line in lines)


def test_json_holds_the_answer_and_what_spoke_for_it(run: Run, song: Path):
    (row,) = [json.loads(run(song, "--json", "--top", 2, "--start", 1, "--clip-seconds", 5).stdout)]
    assert row["source"] == str(song)
    assert [one["id"] for one in row["explained"]] == [one["id"] for one in row["top"][:2]]
    for one in row["explained"]:
        assert one["zh"] == CCMUSIC16[one["id"]].zh
        assert one["picture"] is None
        for region in one["regions"]:
            assert 1 <= region["start"] < region["end"] <= 6.05
            assert 0 < region["share"] <= 1


def test_a_picture_has_the_axes_of_the_spectrogram_and_a_veil(run: Run, song: Path, tmp_path: Path):
    for name, strength in (("bare.png", 0), ("map.png", 1)):
        assert run(song, "--out", tmp_path / name, "--strength", strength).exit_code == 0
    bare, veiled = (np.asarray(Image.open(tmp_path / name)).astype(int) for name in ("bare.png", "map.png"))
    left, top, right, bottom = preview.plot_area()
    assert veiled.shape == (preview.HEIGHT, preview.WIDTH, 3)
    inside = np.zeros(veiled.shape[:2], bool)
    inside[top:bottom, left:right] = True
    np.testing.assert_array_equal(veiled[~inside], bare[~inside])
    assert (veiled != bare).any(axis=2)[inside].mean() > 0.5


def test_several_genres_get_a_picture_each(run: Run, song: Path, tmp_path: Path):
    arguments = ("--genre", "solo", "--genre", "opera", "--out", tmp_path / "map.png", "--json")
    row = json.loads(run(song, *arguments).stdout)
    expected = {"solo": tmp_path / "map-solo.png", "opera": tmp_path / "map-opera.png"}
    assert {one["id"]: Path(one["picture"]) for one in row["explained"]} == expected
    assert sorted(tmp_path.glob("*.png")) == sorted(expected.values())


def test_chinese_is_spoken(run: Run, song: Path):
    said = run(song, "--lang", "zh").stdout
    assert any(genre.zh in said for genre in CCMUSIC16.genres)
    assert " 秒，" in said


def test_what_cannot_be_done_is_said(run: Run, song: Path, tmp_path: Path):
    (tmp_path / "text.mp3").write_text("not music")
    for arguments, said in (
        ((tmp_path / "missing.mp3",), "no such file"),
        ((tmp_path / "text.mp3",), "not sound that can be read"),
        ((tmp_path,), "folder"),
        ((song, "--genre", "polka"), "no genre 'polka'; it knows: symphony, opera"),
        ((song, "--start", 100), "before start"),
        ((song, "--model", tmp_path / "none"), "not a model folder"),
    ):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (1, ""), arguments
        assert said in result.stderr
    for arguments in (("--out", tmp_path / "map.jpg"), ("--out", tmp_path / "none" / "map.png"), ("--top", 4)):
        assert run(song, *arguments).exit_code == 2
