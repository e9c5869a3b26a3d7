"""`genre batch --write-tags` and `genre tags undo` from the outside: what is written, what is told, what comes back."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import pytest
from published import music
from small_model import write_model
from typer.testing import CliRunner, Result

from genre import tagging, tags
from genre.cli import app
from genre.labels import CCMUSIC16, Language
from genre.settings import SAMPLE_RATE

pytestmark = pytest.mark.usefixtures("own_settings")

Run = Callable[..., Result]
STATED = {"a.mp3": ["Rock"], "b.flac": ["Rock", "Polka"], "c.ogg": [], "d.m4a": [], "e.wav": []}
WRITABLE = sorted(STATED)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path]) -> Path:
    """A folder with recordings that are heard already, a model and their rows."""
    folder = tmp_path_factory.mktemp("tags")
    model = write_model(folder / "squeezenet1_1_cqt")
    song = music(8)
    (folder / "music").mkdir()
    kinds = {"a.mp3": "mp3", "b.flac": "flac", "c.ogg": "ogg", "d.m4a": "m4a", "e.wav": "wav16", "f.webm": "webm"}
    for number, (name, kind) in enumerate(kinds.items()):
        path = write(folder / "music" / name, song[number * SAMPLE_RATE :][: 2 * SAMPLE_RATE], kind=kind)
        if stated := STATED.get(name):
            tags.write(path, stated)
    (folder / "music" / "g.mp3").write_text("not music")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = invoke("batch", "music", "--out", "rows.jsonl", "--model", str(model), "--workers", "1", "--no-report")
    assert result.exit_code == 1, result.output
    (folder / "music" / "g.mp3").unlink()
    return folder


@pytest.fixture
def here(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `finished`, as the working directory."""
    folder = tmp_path / "here"
    shutil.copytree(finished, folder)  # with the times of change
    monkeypatch.chdir(folder)
    return folder


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], catch_exceptions=False)


def batch(*options: str, above: str = "0") -> Result:
    """Run the command; a random network is never sure, so any probability will do."""
    command = ["batch", "music", "--out", "rows.jsonl", "--model", "./squeezenet1_1_cqt", "--workers", "1"]
    threshold = ["--tags-above", above] if above else []
    return invoke(*command, *threshold, *([] if "--report" in options else ["--no-report"]), *options)


def rows() -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in Path("rows.jsonl").read_text(encoding="utf-8").splitlines()]
    return {Path(row["source"]).name: row for row in found}


def contents() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path("music").iterdir())}


def answer(name: str) -> str:
    """Return the English name of what was heard."""
    return CCMUSIC16[rows()[name]["top"][0]["id"]].en


def test_rows_say_what_files_said_of_themselves(here: Path) -> None:
    found = {name: row.get("tag") for name, row in rows().items() if "error" not in row}
    assert found == {
        "a.mp3": "Rock",
        "b.flac": "Rock; Polka",
        "c.ogg": None,
        "d.m4a": None,
        "e.wav": None,
        "f.webm": None,
    }


@pytest.mark.parametrize("options", [("--dry-run",), ("--dry-run", "--write-tags")])
def test_a_dry_run_shows_and_writes_no_tag(options: tuple[str, ...], here: Path) -> None:
    before = contents()
    result = batch(*options)
    assert result.exit_code == 0, result.output
    shown = [f"music/{name}: {'; '.join(STATED[name]) or '–'} → {answer(name)}" for name in WRITABLE]
    assert result.stdout.splitlines()[:5] == shown
    assert "Tags that would be written: 5. Left as they are: of a kind whose tags are not written 1." in result.stdout
    assert contents() == before
    assert not Path("rows.tags.jsonl").exists()


def test_tags_are_written_once_and_taken_back(here: Path) -> None:
    before, old = contents(), rows()
    result = batch("--write-tags", "--report", "rows.html")
    assert result.exit_code == 0, result.output
    assert "Tags written: 5. Left as they are: of a kind whose tags are not written 1." in result.stdout
    assert "genre tags undo rows.tags.jsonl" in result.stdout
    for name in WRITABLE:
        path, row = Path("music", name), rows()[name]
        assert tags.read(path) == (answer(name),)
        assert (row["size"], row["mtime"]) == (path.stat().st_size, path.stat().st_mtime)
        changed = {"size": row["size"], "mtime": row["mtime"], "tag_written": answer(name)}
        assert row == {**old[name], **changed}  # the tag that it had stays
    assert Path("music/f.webm").read_bytes() == before["f.webm"]
    report = Path("rows.html").read_text(encoding="utf-8")
    assert "Rock; Polka" in report

    journal, now = Path("rows.tags.jsonl").read_bytes(), contents()
    again = batch("--write-tags", "--update")
    assert "heard now: 0 " in again.stdout
    assert "Tags written: 0. Left as they are: the same already 5, of a kind" in again.stdout
    assert (Path("rows.tags.jsonl").read_bytes(), contents()) == (journal, now)

    one = invoke("tags", "undo", "rows.tags.jsonl", "music/../music/b.flac", "--lang", "zh")
    assert (one.exit_code, one.stdout) == (0, "已恢复 1 个文件；已是原样的 0 个；未恢复的 0 个。\n")
    assert tags.read(Path("music/b.flac")) == ("Rock", "Polka")
    rest = invoke("tags", "undo", "rows.tags.jsonl", "--lang", "en")
    assert rest.stdout == "Files restored: 4; as they were already: 1; left alone: 0.\n"
    assert contents() == before

    third = batch("--write-tags")  # the files are those that were heard, whatever their time of change says
    assert "Tags written: 5." in third.stdout
    assert invoke("tags", "undo", "rows.tags.jsonl").exit_code == 0
    assert contents() == before


def test_the_users_words_are_written(here: Path) -> None:
    ids = {rows()[name]["top"][0]["id"] for name in WRITABLE}
    Path("words.yaml").write_text("".join(f"{genre}: 我的 {genre}\n" for genre in ids), encoding="utf-8")
    result = batch("--write-tags", "--tag-words", "words.yaml")
    assert result.exit_code == 0, result.output
    for name in WRITABLE:
        assert tags.read(Path("music", name)) == (f"我的 {rows()[name]['top'][0]['id']}",)


def test_only_missing_ones_and_only_sure_ones(here: Path) -> None:
    before = contents()
    assert "Left as they are: unsure 6." in batch("--write-tags", above="1").stdout
    assert "Left as they are: unsure 6." in batch("--write-tags", above="").stdout  # the model's own threshold
    assert contents() == before
    result = batch("--write-tags", "--only-missing")
    assert "Tags written: 3. Left as they are: with a genre of their own 2, of a kind" in result.stdout
    assert {name for name in WRITABLE if contents()[name] != before[name]} == {"c.ogg", "d.m4a", "e.wav"}


def test_what_is_not_music_gets_no_genre(here: Path) -> None:
    lines = Path("rows.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [
        json.dumps(row | {"warnings": ["not_music"]}) if "top" in (row := json.loads(line)) else line for line in lines
    ]
    Path("rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "Tags written: 0. Left as they are: not music 6." in batch("--write-tags").stdout


def test_one_bad_file_never_stops_the_others(here: Path, write: Callable[..., Path]) -> None:
    Path("music/a.mp3").chmod(0o444)
    Path("music/b.flac").unlink()
    song = music(2)
    write(Path("music/c.ogg"), song[::-1], kind="ogg")  # another recording in its place
    result = batch("--write-tags")
    assert result.exit_code == 1
    assert "music/a.mp3: the file is read-only" in result.stderr
    assert "Tags written: 2. Left as they are: changed since they were heard 1" in result.stdout
    assert "refused 1." in result.stdout
    assert tags.read(Path("music/a.mp3")) == ("Rock",)
    assert tags.read(Path("music/c.ogg")) == ()
    assert tags.read(Path("music/e.wav")) == (answer("e.wav"),)


@pytest.mark.parametrize(("times", "written", "last"), [(1, 3, "c.ogg"), (2, 2, "b.flac")])
def test_after_ctrl_c_the_same_command_goes_on(
    times: int, written: int, last: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one ends it behind the file that is being written; the second one at once."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before, real = contents(), tagging.rewrite

    def stopped(path: Path, *arguments: Any) -> None:
        if path.name == "c.ogg":
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        real(path, *arguments)

    monkeypatch.setattr(tagging, "rewrite", stopped)
    result = batch("--write-tags")
    assert result.exit_code == 130
    assert f"Tags written: {written}." in result.stdout
    assert rows()[last]["tag_written"] == answer(last)
    monkeypatch.setattr(tagging, "rewrite", real)
    rest = f"Tags written: {5 - written}. Left as they are: the same already {written}"
    assert rest in batch("--write-tags").stdout
    assert invoke("tags", "undo", "rows.tags.jsonl").exit_code == 0
    assert contents() == before


def test_ctrl_c_while_a_file_is_refused_ends_an_undo(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    batch("--write-tags")

    def refused(*_: Any, **__: Any) -> bool:
        signal.raise_signal(signal.SIGINT)
        raise tags.TagError("a.mp3: no")

    monkeypatch.setattr(tagging, "undo", refused)
    result = invoke("tags", "undo", "rows.tags.jsonl", "--lang", "en")
    assert result.exit_code == 130
    assert "left alone: 1." in result.stdout
    assert "a.mp3: no" in result.stderr


def test_a_change_since_is_in_the_exit_code_of_an_undo(here: Path) -> None:
    before = contents()
    batch("--write-tags")
    file = mutagen.File("music/a.mp3", easy=True)
    file["title"] = ["Another"]
    file.save()
    result = invoke("tags", "undo", "rows.tags.jsonl", "--lang", "en")
    assert result.exit_code == 1
    assert "a.mp3: it has changed since" in result.stderr
    assert result.stdout == "Files restored: 4; as they were already: 0; left alone: 1.\n"
    assert {name for name, content in contents().items() if content != before[name]} == {"a.mp3"}
    forced = invoke("tags", "undo", "rows.tags.jsonl", "--force")
    assert forced.exit_code == 0
    file = mutagen.File("music/a.mp3", easy=True)
    assert (file["genre"], file["title"]) == (["Rock"], ["Another"])


def test_usage_is_told_before_any_work(here: Path) -> None:
    Path("words.yaml").write_text("polka: Polka\n")
    result = batch("--write-tags", "--tag-words", "words.yaml")
    assert result.exit_code == 1
    assert "words.yaml: there is no genre 'polka'" in result.stderr
    assert batch().exit_code == 2  # a threshold for nothing
    assert batch("--only-missing", above="").exit_code == 2
    assert batch("--write-tags", above="1.5").exit_code == 2
    absent = invoke("tags", "undo", "absent.jsonl")
    assert (absent.exit_code, "absent.jsonl" in absent.stderr) == (1, True)
    assert invoke("tags", "undo", "rows.jsonl").exit_code == 1
    assert not list(Path().glob(".absent*"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_file_that_no_journal_knows_is_told(language: Language, here: Path) -> None:
    batch("--write-tags", "--only-missing")
    result = invoke("tags", "undo", "rows.tags.jsonl", "music/a.mp3", "--lang", language)
    assert result.exit_code == 1
    assert "music/a.mp3" in result.stderr
