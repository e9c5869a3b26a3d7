"""`genre compare`: what it prints is what Python finds, in columns, as JSON and as a picture."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from genre import comparison, terminal
from genre.cli import app
from genre.labels import CCMUSIC16
from genre.settings import COMPARED
from genre.web.compare_view import sentences

pytestmark = pytest.mark.usefixtures("own_settings")


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path]) -> Path:
    notes = 220 * 2 ** (np.arange(24).repeat(11_025) / 12)
    scale = 0.3 * np.sin(2 * np.pi * np.cumsum(notes) / 22_050)
    return write(tmp_path_factory.mktemp("songs") / "song.wav", scale.astype(np.float32))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["compare", *map(str, arguments)], catch_exceptions=False)


def without_seconds(row: Any) -> Any:
    """The row without what is different every time."""
    if isinstance(row, dict):
        return {key: without_seconds(value) for key, value in row.items() if key != "seconds"}
    return [without_seconds(value) for value in row] if isinstance(row, list) else row


def test_json_says_what_python_says_of_the_default_models(song: Path) -> None:
    result = run(song, "--json", "--start", "1", "--clip-seconds", "11", "--top", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    row = json.loads(result.stdout)
    found = comparison.compare(song, COMPARED, start=1, clip_seconds=11)
    assert without_seconds(row) == without_seconds(json.loads(json.dumps(found.to_dict(top=3))))
    assert [model["reference"] for model in row["models"]] == ["vgg19_bn_cqt", "resnet50_mel"]
    assert {model["weights"]["origin"] for model in row["models"]} == {"embedded"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_columns_speak_the_language_and_name_every_weight(song: Path, language: Any) -> None:
    models = ("vgg19_bn_cqt", "densenet121_cqt", "resnet18_cqt_acousticsense16")
    options = [part for model in models for part in ("--model", model)]
    result = run(song, *options, "--lang", language, "--top", "2")
    assert (result.exit_code, result.stderr) == (0, "")
    found = comparison.compare(song, models)
    flat = "".join(result.stdout.split())  # words are folded within columns
    for sentence in sentences(found.families, found.agreements, language):
        assert sentence in result.stdout
    for column in found.columns:
        assert column.prediction is not None
        taxonomy = column.prediction.card.taxonomy
        for genre_id, probability in column.prediction.ranked[:2]:
            name = taxonomy[genre_id]
            assert "".join((name.en if language == "en" else name.zh).split()) in flat
            assert f"{probability:.1%}" in flat
    heading = next(line for line in result.stdout.splitlines() if line.startswith(models[0]))
    assert heading.split() == list(models)  # beside each other
    assert result.stdout.count({"en": "embedded", "zh": "内置"}[language]) >= 3
    assert CCMUSIC16.id in result.stdout
    assert "acousticsense16" in result.stdout


def test_a_narrow_terminal_gets_columns_below_each_other(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "PIPED_WIDTH", 50)
    lines = run(song, "--lang", "en").stdout.splitlines()
    first, second = (next(n for n, line in enumerate(lines) if line.strip() == model) for model in COMPARED)
    assert second - first > 8


def test_a_broken_model_is_told_and_the_others_answer(song: Path, tmp_path: Path) -> None:
    broken = tmp_path / "resnet18_cqt"
    broken.mkdir()
    (broken / "save.pt").write_bytes(b"not weights")
    picture = tmp_path / "both.png"
    result = run(song, "--model", "vgg19_bn_cqt", "--model", broken, "--out", picture, "--lang", "en")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"error: {broken}: ")
    assert "Only vgg19_bn_cqt has answered" in result.stdout
    assert Image.open(picture).size[0] == comparison.PANEL_WIDTH
    rows = json.loads(run(song, "--model", "vgg19_bn_cqt", "--model", broken, "--json").stdout)["models"]
    assert [set(row) == {"reference", "error"} for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("absent.wav",), 1, "absent.wav"),
        (("SONG", "--model", "vgg19_bn_cqt"), 1, "2 to 4"),
        (("SONG", "--model", "vgg19_bn_cqt", "--model", "vgg19_bn_cqt"), 1, "twice"),
        (("SONG", "--out", "picture.jpg"), 2, "picture.jpg"),
        (("SONG", "--out", "nowhere/picture.png"), 2, "nowhere"),
        (("SONG", "--clip-seconds", "0"), 2, "clip-seconds"),
        (("FOLDER",), 1, "FOLDER"),
        (("EMPTY",), 1, "empty"),
    ],
)
def test_what_cannot_be_done_is_refused(
    song: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    (tmp_path / "empty.wav").touch()
    places = {"SONG": song, "FOLDER": tmp_path, "EMPTY": tmp_path / "empty.wav"}
    result = run(*(places.get(argument, argument) for argument in arguments))
    assert result.exit_code == code
    assert result.stdout == ""
    assert str(places.get(reason, reason)) in result.stderr.replace("│\n│ ", "").replace("\n", "")


def test_a_picture_that_cannot_be_written_is_told(song: Path) -> None:
    result = run(song, "--out", "/proc/picture.png", "--lang", "en")
    assert result.exit_code == 1
    assert "/proc/picture.png cannot be written" in result.stderr
