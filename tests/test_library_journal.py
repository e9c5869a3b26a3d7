"""Rows survive whatever ends a run, none is there twice, and nobody else's file is touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from genre import library_tables
from genre.errors import SettingsError
from genre.library_journal import RowFile

ANSWER = {
    "model": "m",
    "taxonomy": "ccmusic16",
    "weights": {"origin": "embedded", "trained_on": "t", "accuracy": None, "measured_on": "n", "sha256": "5ha"},
    "top": [{"id": "solo", "en": "Solo", "zh": "独奏", "probability": 0.75}],
    "windows": [{"start": 0.0, "end": 11.4, "probabilities": {"solo": 0.75, "opera": 0.25}}],
    "warnings": ["unsure", "short"],
    "music": 0.9,
    "unsure_below": 0.6,
    "seconds": {"decode": 0.1, "total": 0.1},
}


def answer(source: str, size: int = 1) -> dict[str, object]:
    return {"source": source, **ANSWER, "size": size, "mtime": 1_700_000_000.123456}


def failed(source: str) -> dict[str, object]:
    return {"source": source, "error": f"{source}: no"}


def sources(path: Path) -> list[str]:
    return [json.loads(line)["source"] for line in path.read_bytes().splitlines()]


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [answer("a.mp3"), failed("line\nbreak\u2028.mp3"), answer("odd\udcff.mp3", 7)]
    with RowFile(path) as file:
        for row in rows:
            file.add(row)
    with RowFile(path) as file:
        assert list(file.rows()) == rows
        known = file.known("odd\udcff.mp3")
        assert known is not None
        assert (known.size, known.mtime, known.failed) == (7, 1_700_000_000.123456, False)
        assert file.known("line\nbreak\u2028.mp3").failed
        assert file.known("b.mp3") is None
        assert file.weights == ("m", "5ha")


def test_a_row_is_on_the_disk_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with RowFile(path) as file:
        for number in range(3):
            file.add(answer(f"{number}.mp3"))
            assert len(path.read_bytes().splitlines()) == number + 1


@pytest.mark.parametrize("left", [1, 5, 12, 200, -1])
def test_a_torn_line_is_taken_away(tmp_path: Path, left: int) -> None:
    path = tmp_path / "rows.jsonl"
    with RowFile(path) as file:
        for name in ("a", "b", "c"):
            file.add(answer(name))
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(whole[0] + whole[1] + whole[2][:left])
    with RowFile(path) as file:
        assert file.known("c") is None
        assert list(file.rows()) == [answer("a"), answer("b")]
        file.add(answer("c"))
    assert sources(path) == ["a", "b", "c"]


def test_zeros_that_a_power_cut_leaves_are_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with RowFile(path) as file:
        file.add(answer("a"))
    with path.open("ab") as more:
        more.write(bytes(4096))
    with RowFile(path):
        pass
    assert sources(path) == ["a"]


@pytest.mark.parametrize(
    "content",
    [b"my diary", b"my diary\n", b'{"a": 1}\n', b"[\n]\n", b'{"source": "a"}\n', b'{"source": 1, "error": 2}\n'],
)
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with (
        pytest.raises(SettingsError, match=r"rows\.jsonl, line 1, is no row of a library; choose another --out"),
        RowFile(path),
    ):
        pass
    assert path.read_bytes() == content


def test_a_broken_row_among_whole_ones_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with RowFile(path) as file:
        file.add(answer("a"))
    content = path.read_bytes() + b'{"source": "b", "er\n'
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="line 2"), RowFile(path):
        pass
    assert path.read_bytes() == content


def test_two_runs_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with RowFile(path) as file:
        with pytest.raises(SettingsError, match="Another run writes to"), RowFile(path):
            pass
        file.add(answer("a"))
    with RowFile(path):
        pass


def test_only_the_last_row_of_a_recording_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with RowFile(path) as file:
        for row in (answer("a", 1), answer("b"), failed("c"), answer("a", 2), answer("c", 3)):
            file.add(row)
        file.compact()
        assert list(file.rows()) == [answer("b"), answer("a", 2), answer("c", 3)]
        file.add(answer("d"))
        assert sources(path) == ["b", "a", "c", "d"]
        assert not file.known("c").failed
    assert {entry.name for entry in tmp_path.iterdir()} == {"rows.jsonl", ".rows.jsonl.lock"}


FULL = """
import resource, sys
from pathlib import Path
from test_library_journal import answer
from genre.errors import SettingsError
from genre.library_journal import RowFile
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
with RowFile(Path(sys.argv[1])) as file:
    try:
        for number in range(1_000):
            file.add(answer(f"{number}.mp3"))
    except SettingsError as error:
        print(number, error)
"""


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL, path, "5000"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    number, message = done.stdout.split(" ", 1)
    assert "cannot be written to: File too large. The rows before are kept: make room" in message, done.stderr
    assert sources(path) == [f"{place}.mp3" for place in range(int(number))]
    assert path.read_bytes().endswith(b"}\n")


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "rows.jsonl"):
        with pytest.raises(SettingsError, match=r"cannot be used: .*Choose another --out"), RowFile(path):
            pass


def test_parquet_has_a_row_for_each_recording(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    rows = [answer("a.mp3"), failed("odd\udcff.mp3")]
    library_tables.write(rows, path)
    first, second = parquet.read_table(path).to_pylist(maps_as_pydicts="strict")
    assert {name: value for name, value in first.items() if name not in ("tag", "tag_written", "error")} == rows[0]
    assert (second["source"], second["error"], second["top"]) == ("odd\\udcff.mp3", "odd\\udcff.mp3: no", None)
    assert [entry.name for entry in tmp_path.iterdir()] == ["rows.parquet"]
