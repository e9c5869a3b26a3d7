"""The command line, with a small network of random weights that a folder holds: every answer is real, none is right."""

import csv
import io
import json
import os
import re
import shutil
import signal
import string
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hub_server import Announced, HubServer
from PIL import Image
from typer.testing import CliRunner, Result

import genre
from genre import backbones, checkpoints
from genre.cli import app
from genre.cli_texts import CLI
from genre.labels import CCMUSIC16
from genre.rows import CSV_COLUMNS
from genre.settings import HUB_REPOSITORY
from genre.spectrogram import SpectrogramSpec
from genre.store import PUBLISHED
from genre.terminal import language_of

pytestmark = pytest.mark.usefixtures("own_settings")

CONFIG = {
    "format": 1,
    "name": "squeezenet1_1_cqt",
    "backbone": "squeezenet1_1",
    "head": "compact",
    "taxonomy": "ccmusic16",
    "spectrogram": SpectrogramSpec().to_dict(),
    "weights": {
        "file": "model.safetensors",
        "trained_on": "nothing: random weights",
        "accuracy": 0.0625,
        "measured_on": "coin tosses",
        "licence": "MIT",
    },
    "measured": {},
    "temperature": None,
}

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "squeezenet1_1_cqt"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    torch.manual_seed(0)
    network = backbones.build("squeezenet1_1", "compact", len(CCMUSIC16))
    checkpoints.save(network.state_dict(), folder / "model.safetensors")
    return folder


@pytest.fixture
def run(model: Path) -> Run:
    def run(command: str, *arguments: str | Path) -> Result:
        options = ["--model", str(model)] if command in ("classify", "warmup") and "--model" not in arguments else []
        return CliRunner().invoke(app, [command, *options, *map(str, arguments)], catch_exceptions=False)

    return run


@pytest.fixture
def song(tmp_path: Path, write: Callable[..., Path], rng: np.random.Generator) -> Path:
    """Forty seconds of a scale with some noise."""
    notes = 220 * 2 ** (np.arange(40).repeat(22_050) / 12)
    scale = 0.3 * np.sin(2 * np.pi * np.cumsum(notes) / 22_050) + rng.normal(0, 0.01, notes.size)
    return write(tmp_path / "song.wav", scale.astype(np.float32))


def test_json_is_the_contracts_row(run: Run, song: Path, model: Path):
    result = run("classify", song, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    (row,) = json.loads(result.stdout)
    assert list(row) == [
        "source", "model", "taxonomy", "weights", "top", "windows", "warnings", "music", "unsure_below", "seconds"
    ]  # fmt: skip
    assert (row["source"], row["model"], row["taxonomy"]) == (str(song), "squeezenet1_1_cqt", "ccmusic16")
    assert row["weights"] == {
        "origin": "dropped-in",
        "trained_on": "nothing: random weights",
        "accuracy": 0.0625,
        "measured_on": "coin tosses",
        "sha256": checkpoints.sha256(model / "model.safetensors"),
    }
    assert [set(genre) for genre in row["top"]] == [{"id", "en", "zh", "probability"}] * 5
    assert row["top"] == sorted(row["top"], key=lambda genre: -genre["probability"])
    assert len(row["windows"]) == 2  # of 11.4 s, in 30 s
    for window in row["windows"]:
        assert set(window) == {"start", "end", "probabilities"}
        assert set(window["probabilities"]) == set(CCMUSIC16.ids)
        assert sum(window["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert set(row["seconds"]) == {"decode", "spectrogram", "music", "load", "network", "total"}


def test_json_says_what_python_says(run: Run, song: Path, model: Path):
    (row,) = json.loads(run("classify", song, "--json", "--start", "3", "--clip-seconds", "12").stdout)
    expected = genre.predict(song, model=model, start=3, clip_seconds=12).to_dict()
    del row["seconds"], expected["seconds"]
    assert row == expected


def test_one_bad_file_stops_nothing(run: Run, song: Path, tmp_path: Path):
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"not music")
    files = ["absent.wav", str(song), str(broken), str(song), "absent.wav"]
    result = run("classify", *files, "--json", "--top", "1")
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert [row["source"] for row in rows] == files
    assert [set(row) == {"source", "error"} for row in rows] == [True, False, True, False, True]
    assert [len(row["top"]) for row in rows if "top" in row] == [1, 1]
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["absent.wav", str(broken), "absent.wav"]


def test_a_missing_model_fails_every_file_and_is_told_once(run: Run, song: Path):
    result = run("classify", song, song, "--json", "--model", "resnet50_cqt")
    assert result.exit_code == 1
    assert [set(row) for row in json.loads(result.stdout)] == [{"source", "error"}] * 2
    assert len(result.stderr.splitlines()) == 1
    assert "vgg19_bn_mel" in result.stderr  # one of those that could be had


def test_start_length_and_whole_choose_what_is_heard(run: Run, song: Path):
    def windows(*options: str) -> list[tuple[float, float]]:
        (row,) = json.loads(run("classify", song, "--json", *options).stdout)
        return [(window["start"], window["end"]) for window in row["windows"]]

    ((begin, end),) = windows("--start", "20", "--clip-seconds", "12")
    assert 20 <= begin < end <= 32
    assert end - begin == pytest.approx(11.4, abs=0.05)
    assert len(windows("--whole", "--clip-seconds", "12")) == 3  # in 40 s


def test_csv_has_a_line_per_file_and_rank(
    run: Run, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path], tone
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / '=a,"b".wav', tone(seconds=3))
    result = run("classify", song, "=absent.wav", '=a,"b".wav', "--csv", "--top", "2")
    assert result.exit_code == 1
    lines = list(csv.DictReader(io.StringIO(result.stdout)))
    assert tuple(lines[0]) == CSV_COLUMNS
    assert [line["source"] for line in lines] == [str(song)] * 2 + ["./=absent.wav"] + ['./=a,"b".wav'] * 2
    assert [line["rank"] for line in lines] == ["1", "2", "", "1", "2"]
    assert lines[2]["error"].startswith("./=absent.wav")
    (row,) = json.loads(run("classify", song, "--json").stdout)
    assert lines[0]["id"] == row["top"][0]["id"]
    assert lines[0]["zh"] == row["top"][0]["zh"]
    assert float(lines[0]["probability"]) == row["top"][0]["probability"]
    assert "short" in lines[3]["warnings"].split()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_speaks_the_language(run: Run, song: Path, language: str):
    (row,) = json.loads(run("classify", song, "--json").stdout)
    result = run("classify", song, "--lang", language, "--top", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    for best in row["top"][:3]:
        assert re.search(rf"^{re.escape(best[language])} +{best['probability']:.1%}", result.stdout, re.MULTILINE)
    assert row["top"][3][language] not in result.stdout
    for words in (str(song), "squeezenet1_1_cqt", "nothing: random weights", "coin tosses"):
        assert words in result.stdout
    unsure = {"en": "Not sure", "zh": "把握不大"}[language]
    assert ("unsure" in row["warnings"]) == (unsure in result.stdout) == True  # noqa: E712  (random weights never are)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_no_music_is_told_before_its_genres(
    run: Run, tmp_path: Path, write: Callable[..., Path], rng: np.random.Generator, language: str
):
    noise = write(tmp_path / "noise.wav", rng.normal(0, 0.1, 12 * 22_050).astype(np.float32))
    (row,) = json.loads(run("classify", noise, "--json").stdout)
    assert (row["warnings"], row["music"] < 0.1) == (["not_music"], True)
    lines = run("classify", noise, "--lang", language, "--top", "2").stdout.splitlines()
    name = next(number for number, line in enumerate(lines) if line == str(noise))
    assert lines[name + 1] == {"en": "This does not sound like music", "zh": "这听起来不像音乐"}[language]
    assert [line.split("  ")[0] for line in lines[name + 3 : name + 5]] == [best[language] for best in row["top"][:2]]


def test_the_threshold_of_unsure_answers_is_the_callers(run: Run):
    song = Path(__file__).parent.parent / "examples" / "solo.mp3"
    assert "under 100%" in run("classify", song, "--unsure-below", "1", "--lang", "en").stdout
    assert "Not sure" not in run("classify", song, "--unsure-below", "0", "--lang", "en").stdout
    (row,) = json.loads(run("classify", song, "--unsure-below", "0", "--json").stdout)
    assert (row["unsure_below"], row["warnings"]) == (0, [])
    assert run("classify", song, "--unsure-below", "1.1").exit_code == 2


def test_a_terminal_is_not_obeyed_by_the_names_of_files(run: Run, tmp_path: Path, write: Callable[..., Path], tone):
    path = write(tmp_path / "\x1b[2J\u202e.wav", tone(seconds=2))
    missing = tmp_path / "\x1b]0;title\x07.wav"
    result = run("classify", path, missing)
    assert result.exit_code == 1
    assert r"\x1b[2J\u202e.wav" in result.stdout
    assert not re.search("[\x1b\x07\u202e]", result.stdout + result.stderr)


def test_errors_speak_the_language_and_json_does_not(run: Run, tmp_path: Path):
    empty = tmp_path / "a: b.mp3"
    empty.touch()
    result = run("classify", empty, tmp_path / "absent.wav", "--json", "--lang", "zh")
    assert result.exit_code == 1
    assert f"错误：{empty}：文件是空的。请选择有声音的文件。\n" in result.stderr
    assert f"错误：{tmp_path / 'absent.wav'}：没有这个文件。请检查路径。\n" in result.stderr
    assert json.loads(result.stdout)[0]["error"] == f"{empty}: the file is empty. Choose one with sound in it."


def test_the_spectrogram_is_drawn(run: Run, song: Path, tmp_path: Path, write: Callable[..., Path], tone):
    one = tmp_path / "one.png"
    assert run("classify", song, "--spectrogram", one).exit_code == 0
    assert np.asarray(Image.open(one)).std() > 10  # not an empty picture

    (tmp_path / "other").mkdir()
    same_name = write(tmp_path / "other" / "song.wav", tone(seconds=3))
    many = tmp_path / "many.png"
    result = run("classify", song, "absent.wav", same_name, "--spectrogram", many)
    assert result.exit_code == 1  # for the absent one
    assert sorted(path.name for path in tmp_path.glob("many*")) == ["many-song-2.png", "many-song.png"]


def test_a_picture_that_cannot_be_written_is_told(run: Run, song: Path, tmp_path: Path):
    (tmp_path / "taken.png").mkdir()
    result = run("classify", song, "--json", "--spectrogram", tmp_path / "taken.png")
    assert result.exit_code == 1
    assert str(tmp_path / "taken.png") in result.stderr
    assert "top" in json.loads(result.stdout)[0]


@pytest.mark.parametrize(
    "options",
    [
        ["--json", "--csv"],
        ["--top", "0"],
        ["--clip-seconds", "0.5"],
        ["--clip-seconds", "601"],
        ["--start", "-1"],
        ["--lang", "fr"],
        ["--spectrogram", "out.jpg"],
        ["--spectrogram", "no/such/folder/out.png"],
    ],
    ids=" ".join,
)
def test_senseless_options_are_refused_before_work(run: Run, options: list[str]):
    result = run("classify", "absent.wav", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "absent.wav" not in result.stderr


def test_models_lists_what_is_here_and_what_could_be(run: Run, model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GENRE_MODELS", str(model.parent))
    result = run("models")
    assert result.exit_code == 0
    for words in (
        "squeezenet1_1_cqt",
        "cqt · ccmusic16",
        "nothing: random weights",
        "on coin tosses",
        str(model),
        *PUBLISHED,
    ):
        assert words in result.stdout


def test_a_bad_setting_is_told(run: Run, song: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GENRE_PORT", "http")
    for command in (["models"], ["serve"], ["warmup"], ["classify", song]):
        result = run(*command)
        assert result.exit_code == 1
        assert "GENRE_PORT" in result.stderr


def test_downloading_an_unknown_name_lists_the_known_ones(run: Run):
    result = run("download", "resnet50_mel")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "swin_b_mel" in result.stderr


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_a_download_says_where_it_is_and_is_listed(
    run: Run, tmp_path: Path, model: Path, hub: str, monkeypatch: pytest.MonkeyPatch
):
    checkpoint = tmp_path / "save.pt"
    with torch.device("meta"):
        network = backbones.build("inception_v3", "published", len(CCMUSIC16))  # the smallest published one
    torch.save({key: torch.zeros_like(value, device="cpu") for key, value in network.state_dict().items()}, checkpoint)
    with HubServer(files={f"{HUB_REPOSITORY}/inception_v3_mel/save.pt": Announced(checkpoint)}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
        result = run("download", "inception_v3_mel", "--hub", hub)
        # A model of the same name that somebody put here goes on answering to it, and that is said.
        shutil.copytree(model, tmp_path / "own" / "inception_v3_mel")
        monkeypatch.setenv("GENRE_MODELS", str(tmp_path / "own"))
        again = run("download", "inception_v3_mel", "--hub", hub)
        monkeypatch.delenv("GENRE_MODELS")
    checkpoint.unlink()
    assert result.exit_code == 0
    here = tmp_path / "cache" / "models" / "inception_v3_mel" / "save.pt"
    assert here.is_file()
    assert result.stdout.splitlines() == [CLI["downloaded"]["en"].format(name="inception_v3_mel", path=here)]
    assert "--model hub:inception_v3_mel" in again.stdout
    asked = {"huggingface": f"/{HUB_REPOSITORY}/resolve/", "modelscope": f"/api/v1/models/{HUB_REPOSITORY}/"}
    assert [name for name, part in asked.items() if any(part in path for _, path, _ in server.asked)] == [hub]
    listed = run("models").stdout
    assert str(here) in listed
    assert "genre download" in listed.split(str(here))[1]  # the others still can be had
    here.unlink()


def test_warmup_prints_seconds(run: Run):
    result = run("warmup")
    assert result.exit_code == 0
    assert re.search(r"\d+\.\d s", result.stdout)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ({"LANGUAGE": "zh_CN:en", "LANG": "en_US.UTF-8"}, "zh"),
    ],
)
def test_the_language_is_the_terminals(environment: dict[str, str], expected: str):
    assert language_of(environment) == expected


@pytest.mark.parametrize("key", CLI)
def test_every_text_exists_in_both_languages_with_the_same_blanks(key: str):
    def blanks(words: str) -> set[str]:
        return {field for _, field, _, _ in string.Formatter().parse(words) if field}

    assert set(CLI[key]) == {"en", "zh"}
    assert all(CLI[key].values())
    assert blanks(CLI[key]["en"]) == blanks(CLI[key]["zh"])
    assert re.search("[\u4e00-\u9fff]", CLI[key]["zh"])


def _genre(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "genre", *map(str, arguments)]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_help_speaks_the_terminals_language():
    out, _ = _genre("classify", "--help", LANGUAGE="", LC_ALL="zh_CN.UTF-8").communicate()
    assert CLI["classify"]["zh"] in out


def test_output_is_utf_8_whatever_the_locale(model: Path):
    process = _genre("classify", "交响乐.wav", "--json", "--model", model, LC_ALL="C", PYTHONIOENCODING="ascii")
    out, err = process.communicate()
    assert process.returncode == 1
    assert json.loads(out)[0]["source"] == "交响乐.wav"
    assert "交响乐.wav" in err


@pytest.fixture
def long_run(song: Path, model: Path) -> Iterator[subprocess.Popen[str]]:
    """A command that begins to answer its first file and has a thousand to go."""
    # A test run in the background of a script ignores Ctrl-C, and its children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = _genre("classify", *[song] * 1_000, "--json", "--model", model)
    assert process.stdout
    assert process.stdout.readline() == "[\n"
    yield process
    process.kill()
    process.communicate()


def test_ctrl_c_ends_with_130_and_whole_json(long_run: subprocess.Popen[str]):
    assert long_run.stdout
    assert long_run.stderr
    long_run.send_signal(signal.SIGINT)
    out = "[" + long_run.stdout.read()
    assert long_run.wait(timeout=120) == 130
    assert 1 <= len(json.loads(out)) < 1_000
    assert "Traceback" not in long_run.stderr.read()


def test_ctrl_c_is_not_lost_in_a_callback_from_c(song: Path, model: Path):
    """Libsndfile reads files through a callback, where cffi prints an exception and goes on."""
    code = f"""
import os, signal, sys
from genre import streams
from genre.cli import main

read = streams.Stream.read

def interrupted(stream, count):
    os.kill(os.getpid(), signal.SIGINT)
    return read(stream, count)

streams.Stream.read = interrupted
sys.argv = ["genre", "classify", *[{str(song)!r}] * 1_000, "--json", "--model", {str(model)!r}]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=240)
    assert (done.returncode, done.stderr) == (130, "")
    assert json.loads(done.stdout) == []


def test_a_closed_pipe_ends_quietly(long_run: subprocess.Popen[str]):
    assert long_run.stdout
    assert long_run.stderr
    long_run.stdout.close()
    assert long_run.wait(timeout=120) == 1
    assert "Traceback" not in long_run.stderr.read()
