"""`genre similar` from end to end: two recordings, and one among those of a folder."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_model import write_model
from typer.testing import CliRunner, Result

from genre import similarity
from genre.cli import app
from genre.cli_texts import CLI
from genre.settings import SAMPLE_RATE
from genre.web.texts import text

pytestmark = pytest.mark.usefixtures("own_settings")

Write = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "small")


@pytest.fixture
def music(tmp_path: Path, write: Write, noise: Callable[..., np.ndarray], rng: np.random.Generator) -> Path:
    """A recording, a copy of it a second later in a deeper folder, and another one."""
    folder = tmp_path / "music"
    (folder / "deeper").mkdir(parents=True)
    sound = noise(rng, 9.0)
    write(folder / "one.flac", sound, kind="flac")
    write(folder / "deeper" / "copy.mp3", 0.7 * sound[SAMPLE_RATE:], kind="mp3")
    write(folder / "other.wav", noise(rng, 9.0))
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["similar", *map(str, arguments)], catch_exceptions=False)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_two_recordings_in_words(music: Path, model: Path, language: str) -> None:
    one, copy = music / "one.flac", music / "deeper" / "copy.mp3"
    result = run(one, copy, "--model", model, "--lang", language)
    assert (result.exit_code, result.stderr) == (0, "")
    for words in (
        text("similar_same", language),
        text("similar_after", language, seconds="1.0", overlap="8.0"),
        text("similar_ssim", language),
        text("similar_cosine", language),
        "one.flac",
        "copy.mp3",
        "0.85",
        "small",
    ):
        assert words in result.stdout
    result = run(one, music / "other.wav", "--model", model, "--lang", language)
    assert text("similar_other", language) in result.stdout
    assert text("similar_same", language) not in result.stdout


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_narrow_screen_cuts_nothing(music: Path, model: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setattr("genre.terminal.PIPED_WIDTH", 42)
    result = run(music / "one.flac", music / "other.wav", "--model", model, "--lang", language)
    said = text("similar_ssim_info", language, threshold="0.85").replace(" ", "")
    assert "…" not in result.stdout
    assert said[-12:] in "".join(line[-26:] for line in result.stdout.splitlines()).replace(" ", "")


def test_two_recordings_as_json_are_what_python_says(music: Path, model: Path) -> None:
    one, copy = str(music / "deeper" / "copy.mp3"), str(music / "one.flac")
    result = run(one, copy, "--model", model, "--json", "--clip-seconds", 5, "--start", 2)
    row = json.loads(result.stdout)
    assert row == similarity.similar(one, copy, model, clip_seconds=5, start=2).to_dict()
    assert (row["a"]["source"], row["b"]["source"]) == (one, copy)
    assert row["lag_seconds"] == pytest.approx(-1.0, abs=0.03)
    assert row["verdict"] == "possibly_same_source"


def test_more_like_one_in_a_folder(music: Path, model: Path, tmp_path: Path) -> None:
    query, index = music / "one.flac", tmp_path / "index.safetensors"
    arguments = (query, "--in", music, "--model", model, "--index", index, "--json")
    before = set(music.rglob("*"))
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    row = json.loads(result.stdout)
    assert [Path(one["source"]).name for one in row["results"]].count("copy.mp3") == 1
    assert {Path(one["source"]).name for one in row["results"]} == {"copy.mp3", "other.wav"}  # the query is left out
    copy = next(one for one in row["results"] if "copy" in one["source"])
    assert copy["verdict"] == "possibly_same_source"
    assert copy["lag_seconds"] == pytest.approx(1.0, abs=0.03)
    assert row["index"] == {
        **{"file": str(index), "recordings": 3, "new": 3, "changed": 0, "gone": 0, "skipped": 0},
    }
    assert (row["query"], row["folder"], row["errors"], row["model"]) == (str(query), str(music), [], "small")
    again = json.loads(run(*arguments, "--top", 1).stdout)
    assert again["index"]["new"] == 0
    assert again["results"] == row["results"][:1]
    assert set(music.rglob("*")) == before  # nothing is written where the music is


def test_a_folder_in_words_and_a_broken_file_in_the_exit_code(music: Path, model: Path) -> None:
    (music / "broken.mp3").write_text("not music")
    result = run(music / "one.flac", "--in", music, "--model", model, "--lang", "zh")
    assert result.exit_code == 1
    assert "broken.mp3" in result.stderr
    assert CLI["similar_failed"]["zh"].format(count=1) in result.stderr
    assert CLI["similar_searched"]["zh"].format(folder=music, recordings=3, new=4, changed=0, gone=0) in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if "copy.mp3" in line]
    assert text("similar_same", "zh") in line
    assert "(+1.0 s)" in line
    (line,) = [line for line in result.stdout.splitlines() if "other.wav" in line]
    assert text("similar_same", "zh") not in line
    result = run(music / "one.flac", "--in", music, "--model", model, "--json")
    (failed,) = json.loads(result.stdout)["errors"]
    assert (result.exit_code, failed["source"], result.stderr) == (1, str(music / "broken.mp3"), "")
    assert "broken.mp3" in failed["error"]


def test_a_folder_of_the_query_alone_has_no_other(music: Path, model: Path) -> None:
    for name in ("other.wav", "deeper/copy.mp3"):
        (music / name).unlink()
    result = run(music / "one.flac", "--in", music, "--model", model)
    assert result.exit_code == 0
    assert CLI["similar_none"]["en"] in result.stdout


def test_wrong_arguments_are_refused_before_any_work(music: Path) -> None:
    one, index = music / "one.flac", music / "index"
    for arguments in ((one,), (one, one, one), (one, one, "--in", music), (one, one, "--index", index)):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "--in" in result.stderr
    assert not index.exists()


def test_what_cannot_be_done_is_told(music: Path, model: Path, tmp_path: Path) -> None:
    one, empty = music / "one.flac", tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "text.wav").write_text("not music")
    for arguments, reason in (
        ((one, tmp_path / "absent.wav"), "absent.wav"),
        ((one, tmp_path / "text.wav"), "text.wav: "),
        ((tmp_path / "text.wav", "--in", music), "text.wav: "),
        ((one, "--in", empty), "holds no recordings"),
        ((one, "--in", tmp_path / "nowhere"), "nowhere is not a folder"),
        ((one, "--in", music, "--index", one), "is not an index of recordings"),
        ((one, one, "--model", "nothing"), "There is no model 'nothing' here"),
    ):
        result = run(*arguments, *(() if "--model" in arguments else ("--model", model)))
        assert (result.exit_code, result.stdout) == (1, "")
        assert reason in result.stderr
    assert one.read_bytes()[:4] == b"fLaC"


def test_ctrl_c_says_how_far_it_is_and_the_next_call_goes_on(music: Path, model: Path, tmp_path: Path) -> None:
    """Stopped while the second recording is heard, by a terminal's signal."""
    code = f"""
import sys, time
from genre import similarity_index
from genre.cli import main
prepared = similarity_index.prepare
def slow(source, recipe):
    if len(heard) == 1:
        print("waiting", flush=True)
        time.sleep(60)
    heard.append(source)
    return prepared(source, recipe)
heard = []
similarity_index.prepare = slow
query, folder, model = {str(music / "one.flac")!r}, {str(music)!r}, {str(model)!r}
sys.argv = ["genre", "similar", query, "--in", folder, "--model", model, "--lang", "en"]
main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert CLI["similar_stopped"]["en"].format(done=1, total=3) in errors
    row = json.loads(run(music / "one.flac", "--in", music, "--model", model, "--json").stdout)
    assert row["index"]["new"] == 2
