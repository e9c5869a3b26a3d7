"""`genre timeline` with a small network of random weights: tables, files for other programs, refusals, Ctrl-C."""

import csv
import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from small_model import write_model
from test_timeline import song
from typer.testing import CliRunner, Result

from genre.chapters import COLUMNS
from genre.cli import app
from genre.settings import SAMPLE_RATE

pytestmark = pytest.mark.usefixtures("own_settings")

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Music, five seconds of silence, music."""
    path = tmp_path_factory.mktemp("show") / "-show.flac"
    sound = np.concatenate([song("soft_rock", 14), np.zeros(5 * SAMPLE_RATE), song("teen_pop", 13.5)])
    soundfile.write(path, sound, SAMPLE_RATE)
    return path


@pytest.fixture
def run(model: Path) -> Run:
    def run(*arguments: str | Path) -> Result:
        command = ["timeline", "--model", str(model), "--smoothing", "3600", "--hop", "10", *map(str, arguments)]
        return CliRunner().invoke(app, command, catch_exceptions=False)

    return run


@pytest.mark.parametrize(("language", "silence"), [("en", "Silence"), ("zh", "静音")])
def test_the_table_has_a_band_and_a_line_for_every_segment(run: Run, show: Path, language: str, silence: str):
    result = run(show, "--lang", language)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert any(line == f"{show}  0:32" for line in lines)
    (band,) = [line for line in lines if re.fullmatch(r"[AB ]{96}", line)]
    assert re.fullmatch(r"A{41,42} {14,16}[AB]{39,41}", band)
    times = [re.search(r"\d:\d\d–\d:\d\d", line) for line in lines]
    assert [found[0] for found in times if found] == ["0:00–0:14", "0:14–0:19", "0:19–0:32"]
    assert any(silence in line and "100.0%" in line for line in lines)
    assert lines[0].endswith("small") or "small" in lines[0]


def test_a_narrow_screen_cuts_no_number(run: Run, show: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("genre.terminal.PIPED_WIDTH", 42)
    lines = run(show, "--lang", "zh").stdout.splitlines()
    assert max(map(len, lines[lines.index("") :])) <= max(42, len(f"{show}  0:32"))
    for time in ("0:00–0:14", "0:14–0:19", "0:19–0:32"):
        (line,) = [line for line in lines if time in line]
        assert re.search(r"\d\.\d%", line)


def test_json_is_one_object(run: Run, show: Path):
    row = json.loads(run(show, "--json").stdout)
    assert row["source"] == str(show)
    assert (row["seconds"], row["hop"], row["smoothing"]) == (32.5, 10, 3_600)
    assert [(each["start"], each["end"], each["kind"]) for each in row["segments"]] == [
        (0, 14, "music"),
        (14, 19, "silence"),
        (19, 32.5, "music"),
    ]


def test_the_other_formats_have_the_same_segments(run: Run, show: Path):
    lines = list(csv.DictReader(io.StringIO(run(show, "--csv").stdout)))
    assert tuple(lines[0]) == COLUMNS
    assert [float(line["end"]) for line in lines] == [14, 19, 32.5]
    labels = [line.split("\t") for line in run(show, "--audacity", "--lang", "zh").stdout.splitlines()]
    assert [(float(start), float(end)) for start, end, _ in labels] == [(0, 14), (14, 19), (19, 32.5)]
    assert labels[1][2] == "静音"
    with av.open(io.BytesIO(run(show, "--chapters").stdout.encode()), format="ffmetadata") as file:
        assert [float(each["start"] * each["time_base"]) for each in file.chapters()] == [0, 19]


@pytest.mark.parametrize("name", ["out.json", "out.CSV", "out.txt", "out.ffmetadata"])
def test_a_file_is_what_its_ending_says(run: Run, show: Path, tmp_path: Path, name: str):
    format_ = {"json": "--json", "csv": "--csv", "txt": "--audacity", "ffmetadata": "--chapters"}
    option = format_[name.split(".")[1].lower()]
    result = run(show, "--out", tmp_path / name)
    assert result.exit_code == 0
    assert "0:14–0:19" in result.stdout  # the table is shown all the same
    assert result.stdout.endswith(f"Written: {tmp_path / name}\n")
    assert (tmp_path / name).read_text(encoding="utf-8") == run(show, option).stdout
    other = run(show, option, "--out", tmp_path / "other.xyz")
    assert (other.exit_code, other.stdout) == (0, f"Written: {tmp_path / 'other.xyz'}\n")
    assert (tmp_path / "other.xyz").read_bytes() == (tmp_path / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted([name, "other.xyz"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_makes_no_sense_is_refused_before_any_work(run: Run, show: Path, tmp_path: Path, language: str):
    for arguments in (
        ["--json", "--csv"],
        ["--out", tmp_path / "out.xyz"],
        ["--hop", "0"],
        ["--smoothing", "-1"],
    ):
        assert run(show, *arguments, "--lang", language).exit_code == 2
    for out in (tmp_path / "nowhere" / "out.csv", tmp_path):
        result = run(show, "--csv", "--out", out, "--lang", language)
        assert (result.exit_code, result.stdout) == (1, "")
        assert str(tmp_path) in result.stderr
    copy = tmp_path / "copy.txt"
    copy.write_bytes(show.read_bytes())
    result = run(copy, "--out", copy, "--lang", language)
    assert result.exit_code == 1
    assert copy.read_bytes() == show.read_bytes()


def test_what_cannot_be_followed_is_told_with_the_file_and_the_remedy(run: Run, tmp_path: Path, tone, write):
    (tmp_path / "text.mp3").write_text("no sound")
    write(tmp_path / "silent.wav", np.zeros(40_000))
    write(tmp_path / "short.wav", tone(seconds=0.5))
    for name, reason in (
        ("missing.mp3", "no such file"),
        ("text.mp3", "not sound"),
        ("silent.wav", "only silence"),
        ("short.wav", "0.50 s"),
        ("", "folder"),
    ):
        result = run(tmp_path / name, "--json", "--out", tmp_path / "out.json")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"error: {tmp_path / name}".rstrip("/"))
        assert reason in result.stderr
    assert not (tmp_path / "out.json").exists()
    unknown = CliRunner().invoke(app, ["timeline", "--model", "nobody", str(tmp_path / "text.mp3")])
    assert (unknown.exit_code, "nobody" in unknown.stderr) == (1, True)


@pytest.mark.parametrize("where", ["anywhere", "in a callback from C", "in C that raises its own error"])
def test_ctrl_c_leaves_nothing_that_looks_whole(model: Path, tmp_path: Path, where: str):
    path, out = tmp_path / "long.flac", tmp_path / "out.csv"
    with soundfile.SoundFile(path, "w", 8_000, 1, "PCM_16") as file:
        for _ in range(60):
            file.write(0.1 * np.sin(np.arange(60 * 8_000) * 0.1))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The progress is the sign that the work has begun, and is shown on terminals only: another one stands in for it.
    # libsndfile reads through a callback, where no exception gets through: the file seems broken. safetensors takes the
    # exception for a wrong shape.
    code = f"""
import os, signal, sys
from genre import checkpoints, streams, timeline
walk, read = timeline.walk, streams.Stream.read
def told(*arguments, **options):
    print("begun", flush=True)
    return (yield from walk(*arguments, **options))
def interrupted(stream, count):
    os.kill(os.getpid(), signal.SIGINT)
    return read(stream, count)
def misnamed(path):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise ValueError("could not determine the shape of object type 'torch.storage.UntypedStorage'") from None
timeline.walk = told
if "callback" in {where!r}:
    streams.Stream.read = interrupted
elif "error" in {where!r}:
    checkpoints.read = misnamed
sys.argv = ["genre", "timeline", {str(path)!r}, "--model", {str(model)!r}, "--out", {str(out)!r}]
from genre.cli import main
main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    if where == "anywhere":
        process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert "Stopped. Nothing was written." in stderr
    assert "Traceback" not in stderr
    assert not out.exists()
