"""`genre batch` from the outside: rows, going on after any end, the report, the exit code."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from published import music
from pyarrow import parquet
from small_model import write_model
from typer.testing import CliRunner, Result

from genre.cli import app
from genre.cli_texts import CLI
from genre.labels import Language
from genre.library_journal import RowFile
from genre.report_texts import REPORT
from genre.rows import CSV_COLUMNS, Row
from genre.settings import SAMPLE_RATE

pytestmark = pytest.mark.usefixtures("own_settings")

Run = Callable[..., Result]
REPOSITORY = Path(__file__).parent.parent
CLIPS = 5
WAIT_SECONDS = 240


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "squeezenet1_1_cqt")


def write_clips(folder: Path, count: int, write: Callable[..., Path]) -> None:
    """Write clips of 2 s, each from another part of the same music."""
    folder.mkdir(parents=True, exist_ok=True)
    song = music(2 + count)
    for number in range(count):
        write(folder / f"{number:02}.wav", song[number * SAMPLE_RATE :][: 2 * SAMPLE_RATE])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path]) -> Path:
    """A working directory with music/: clips, one that is none, and a cover."""
    write_clips(tmp_path / "music", CLIPS, write)
    (tmp_path / "music" / "bad.mp3").write_text("not music")
    (tmp_path / "music" / "cover.jpg").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(model: Path) -> Run:
    def run(*arguments: str | Path, input: bytes | None = None) -> Result:
        options = ["--workers", "1", *([] if "--model" in arguments else ["--model", str(model)])]
        return CliRunner().invoke(app, ["batch", *map(str, arguments), *options], input=input, catch_exceptions=False)

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, model: Path, write: Callable[..., Path]) -> Path:
    """A folder like `here` in which the rows are there already."""
    folder = tmp_path_factory.mktemp("finished")
    write_clips(folder / "music", CLIPS, write)
    (folder / "music" / "bad.mp3").write_text("not music")
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(
            app,
            ["batch", "music", "--out", "rows.jsonl", "--model", str(model), "--lang", "en"],
            catch_exceptions=False,
        )
    finally:
        os.chdir(before)
    assert result.exit_code == 1, result.output
    return folder


@pytest.fixture
def known(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `finished`, as the working directory."""
    folder = tmp_path / "known"
    shutil.copytree(finished, folder)  # with the times of change
    monkeypatch.chdir(folder)
    return folder


def rows(path: Path | str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def test_a_row_for_every_recording_and_a_report(finished: Path) -> None:
    found = {row["source"]: row for row in rows(finished / "rows.jsonl")}
    assert sorted(found) == [*(f"music/{number:02}.wav" for number in range(CLIPS)), "music/bad.mp3"]
    bad = found.pop("music/bad.mp3")
    assert set(bad) == {"source", "error", "size", "mtime"}
    for source, row in found.items():
        stat = (finished / source).stat()
        assert (row["size"], row["mtime"]) == (stat.st_size, stat.st_mtime)
        assert len(row["top"]) == 5
    report = (finished / "rows.html").read_text(encoding="utf-8")
    assert "Recordings with an answer: 5." in report
    assert report.count("<audio") == sum("unsure" in row["warnings"] for row in found.values()) > 0
    assert 'src="music/00.wav"' in report
    assert "this is not sound that can be read" in report
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", report)


def test_nothing_is_heard_twice_unless_it_is_asked_for(run: Run, known: Path, write: Callable[..., Path]) -> None:
    before = Path("rows.jsonl").read_bytes()
    again = run("music", "--out", "rows.jsonl")
    assert again.exit_code == 1  # one of them still has no answer
    assert "heard now: 0 " in again.stdout
    assert "known before: 6, failed: 1." in again.stdout
    assert Path("rows.jsonl").read_bytes() == before

    write_clips(known / "other", 1, write)
    shutil.move("other/00.wav", "music/01.wav")
    Path("music/new.wav").write_bytes(Path("music/00.wav").read_bytes())
    shutil.copy("music/02.wav", "music/bad.mp3")
    result = run("music", "--out", "rows.jsonl", "--update", "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert "本次分析 3 个" in result.stdout
    now = rows("rows.jsonl")
    assert len({row["source"] for row in now}) == len(now) == CLIPS + 2
    old = {row["source"]: row for row in map(json.loads, before.splitlines())}
    changed = {str(row["source"]) for row in now if row != old.get(row["source"])}
    assert changed == {"music/01.wav", "music/bad.mp3", "music/new.wav"}
    assert REPORT["library_genres"]["zh"] in Path("rows.html").read_text(encoding="utf-8")


def test_what_failed_is_heard_again_where_that_is_asked_for(run: Run, known: Path) -> None:
    result = run("music", "--out", "rows.jsonl", "--retry", "--no-report")
    assert "heard now: 1 " in result.stdout
    assert len(rows("rows.jsonl")) == CLIPS + 1


def test_what_was_not_there_is_looked_for_again(run: Run, known: Path) -> None:
    with Path("rows.jsonl").open("a") as file:
        file.write('{"source": "absent.wav", "error": "an older reason"}\n')
    result = run("music", "absent.wav", "--out", "rows.jsonl", "--no-report")
    assert "heard now: 1 " in result.stdout
    assert "failed: 2." in result.stdout
    assert [row for row in rows("rows.jsonl") if row["source"] == "absent.wav"] == [
        {"source": "absent.wav", "error": "absent.wav: there is no such file. Check the path."}
    ]


def test_what_has_an_answer_but_no_size_is_not_heard_again(run: Run, known: Path) -> None:
    """Many a web server tells neither size nor time of change."""
    told = rows("rows.jsonl")
    bare = [{name: value for name, value in row.items() if name not in ("size", "mtime")} for row in told]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in bare if "error" not in row))
    result = run("music/00.wav", "music/01.wav", "--out", "rows.jsonl", "--lang", "en")
    assert "heard now: 0 " in result.stdout
    assert len(rows("rows.jsonl")) == CLIPS


def test_lists_playlists_and_patterns_name_recordings(run: Run, known: Path) -> None:
    Path("music/list.m3u8").write_text("00.wav\n01.wav\n")
    named = {
        ("music/list.m3u8",): 2,
        ("music/0[0-2].wav",): 3,
        ("-",): 2,
        ("-", "-0"): 2,
    }
    for arguments, count in named.items():
        separator = b"\0" if "-0" in arguments else b"\n"
        listed = separator.join([b"music/03.wav", b"music/04.wav", b"music/03.wav"])
        result = run(*arguments, "--out", "rows.jsonl", "--no-report", input=listed)
        assert result.exit_code == 0, result.output
        assert f"Recordings: {count}; heard now: 0 " in result.stdout
        assert f"known before: {count}" in result.stdout


def test_csv_and_parquet_say_the_same(run: Run, known: Path) -> None:
    expected = rows("rows.jsonl")
    for name in ("table.csv", "table.parquet"):
        shutil.copy("rows.jsonl", f"{name}.jsonl")
        result = run("music", "--out", name, "--no-report")
        assert result.exit_code == 1, result.output
    with Path("table.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        lines = list(reader)
    assert reader.fieldnames == [*CSV_COLUMNS, "size", "mtime", "tag", "tag_written"]
    assert [(line["source"], line["id"]) for line in lines] == [
        (row["source"], best.get("id", "")) for row in expected for best in row.get("top", [{}])
    ]
    assert all(float(line["mtime"]) == Path(line["source"]).stat().st_mtime for line in lines)
    table = parquet.read_table("table.parquet").to_pylist(maps_as_pydicts="strict")
    assert [{name: value for name, value in row.items() if value is not None} for row in table] == [
        without_none(row) for row in expected
    ]


def without_none(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


def test_usage_is_told_before_any_work(run: Run, known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("music", "--out", "rows.txt").exit_code == 2
    assert run("--out", "rows.jsonl").exit_code == 2
    assert run("music", "--out", "rows.jsonl", "--windows", "last").exit_code == 2
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("music", "--out", "rows.parquet")
    assert result.exit_code == 2
    assert "pip install pyarrow" in re.sub(r"[\s│]+", " ", result.stderr)


def test_nobodys_file_is_written_over(run: Run, known: Path) -> None:
    Path("diary.html").write_text("dear diary")
    Path("table.csv").write_text("mine")
    Path("notes.jsonl").write_text("{}\n")
    refused = {
        ("--out", "rows.jsonl", "--report", "diary.html"): "no report on a library",
        ("--out", "table.csv"): "table.csv is there already, but not table.csv.jsonl",
        ("--out", "notes.jsonl"): "notes.jsonl, line 1, is no row of a library",
    }
    for options, words in refused.items():
        result = run("music", *options)
        assert result.exit_code == 1
        assert words in result.stderr
    contents = [Path(name).read_text() for name in ("diary.html", "table.csv", "notes.jsonl")]
    assert contents == ["dear diary", "mine", "{}\n"]


def test_answers_of_two_models_are_not_mixed(run: Run, known: Path) -> None:
    other = write_model(known / "squeezenet1_1_cqt", seed=1)
    before = Path("rows.jsonl").read_bytes()
    result = run("music", "--out", "rows.jsonl", "--model", str(other))
    assert result.exit_code == 1
    assert "rows.jsonl has answers of squeezenet1_1_cqt (" in result.stderr
    assert Path("rows.jsonl").read_bytes() == before


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_empty_folder_is_told(run: Run, here: Path, language: Language) -> None:
    (here / "empty").mkdir()
    (here / "empty" / "a.txt").touch()
    result = run("empty", "--out", "rows.jsonl", "--lang", language)
    assert result.exit_code == 1
    assert CLI["batch_nothing"][language].format(paths="empty", skipped=1) in result.stderr


def started(folder: Path, model: Path) -> "subprocess.Popen[str]":
    """Start the command in a process of its own, as a terminal does."""
    command = [sys.executable, "-m", "genre", "batch", "music", "--out", "rows.jsonl", "--model", str(model)]
    return subprocess.Popen(
        [*command, "--workers", "1", "--batch-size", "1", "--lang", "en"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def await_rows(path: Path, count: int, process: "subprocess.Popen[str]") -> None:
    """Wait until the file has more than so many rows."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not path.exists() or path.read_bytes().count(b"\n") <= count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_run_that_is_stopped_or_killed_goes_on_without_repeating_or_losing_a_row(
    run: Run, here: Path, model: Path, write: Callable[..., Path]
) -> None:
    write_clips(here / "music", 60, write)
    out = here / "rows.jsonl"

    process = started(here, model)
    await_rows(out, 2, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    told, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == ""
    stopped = out.read_bytes()
    count = stopped.count(b"\n")
    assert 3 <= count < 61
    assert told.startswith(f"Stopped after {count} of 61 recordings. The same command goes on from there.")

    process = started(here, model)
    await_rows(out, count + 2, process)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    assert len(family) >= 2
    process.kill()
    process.communicate()
    killed = out.read_bytes()
    killed = killed[: killed.rindex(b"\n") + 1]
    whole = killed.count(b"\n")
    assert killed.startswith(stopped)
    assert not psutil.wait_procs(family, timeout=30)[1]

    with out.open("ab") as file:
        file.write(b'{"source": "music/77.wav", "mod')  # what another moment would have left
    result = run("music", "--out", "rows.jsonl")
    assert result.exit_code == 1
    assert out.read_bytes().startswith(killed)
    names = [row["source"] for row in rows(out)]
    assert sorted(map(str, names)) == [*(f"music/{number:02}.wav" for number in range(60)), "music/bad.mp3"]
    assert f"heard now: {61 - whole} " in result.stdout


def test_a_row_that_is_written_is_counted_whenever_ctrl_c_comes(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    add = RowFile.add

    def interrupted(file: RowFile, row: Row) -> None:
        add(file, row)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(RowFile, "add", interrupted)
    result = run("music", "--out", "rows.jsonl", "--lang", "en")
    assert result.exit_code == 130
    assert result.stdout.startswith("Stopped after 1 of 6 recordings.")
    assert len(rows(here / "rows.jsonl")) == 1
