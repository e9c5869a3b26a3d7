"""`beet genre` with a real beets and a real library in a temporary folder."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mutagen
import pytest
from beets import config
from beets.library import Item, Library
from beets.ui import UserError
from published import music
from small_model import write_model

from beetsplug.genre import GenrePlugin
from genre.settings import SAMPLE_RATE

pytestmark = pytest.mark.usefixtures("own_settings")

REPOSITORY = Path(__file__).parent.parent
CONFIG = """
directory: {folder}/library
library: {folder}/library.db
plugins: genre
import: {{copy: no, write: yes, autotag: no}}
genre: {{model: {folder}/squeezenet1_1_cqt, threshold: 0}}
"""


@pytest.fixture
def folder(tmp_path: Path, write: Callable[..., Path]) -> Path:
    """A model, and recordings of which one has a genre."""
    write_model(tmp_path / "squeezenet1_1_cqt")
    song = music(6)
    (tmp_path / "music").mkdir()
    for number, (title, kind) in enumerate({"one": "mp3", "two": "flac", "broken": "mp3", "known": "ogg"}.items()):
        path = write(tmp_path / "music" / title, song[number * SAMPLE_RATE :][: 2 * SAMPLE_RATE], kind=kind)
        file = mutagen.File(path, easy=True)
        if file.tags is None:
            file.add_tags()
        file["title"] = [title]
        if title == "known":
            file["genre"] = ["Polka"]
        file.save()
    return tmp_path


def beet(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run beets' own command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "beets", *arguments],
        cwd=folder,
        env={**os.environ, "BEETSDIR": str(folder), "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_the_command_fills_the_field_and_the_tag_and_a_bad_file_stops_nothing(folder: Path) -> None:
    (folder / "config.yaml").write_text(CONFIG.format(folder=folder))
    imported = beet(folder, "import", "-q", "-A", "music")
    assert imported.returncode == 0, imported.stderr
    (folder / "music" / "broken.mp3").write_text("not music any more")
    done = beet(folder, "genre")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" → ") == 2
    assert "broken.mp3: this is not sound that can be read" in done.stderr
    lines = beet(folder, "ls", "-f", "$title|$genres").stdout.splitlines()
    found = dict(line.split("|") for line in lines)
    assert (found["known"], found["broken"]) == ("Polka", "")
    for title, name in (("one", "one.mp3"), ("two", "two.flac")):
        assert f"→ {found[title]} (" in done.stdout
        assert mutagen.File(folder / "music" / name, easy=True)["genre"] == [found[title]]


@pytest.fixture
def plugin(folder: Path) -> Iterator[GenrePlugin]:
    """The plugin with a configuration of its own."""
    config.clear()
    config.read(user=False)
    config.set({"import": {"write": True}, "format_item": "$title"})
    made = GenrePlugin()
    made.config.set({"model": str(folder / "squeezenet1_1_cqt"), "threshold": 0.0})
    yield made
    config.clear()
    config.read(user=False)


@pytest.fixture
def library(folder: Path) -> Library:
    """A beets library on disk."""
    made = Library(str(folder / "library.db"), str(folder / "music"))
    for path in sorted((folder / "music").iterdir()):
        made.add(Item.from_path(os.fsencode(path)))
    return made


def genres(library: Library) -> dict[str, list[str]]:
    return {item.title: list(item.genres) for item in library.items()}


def run(plugin: GenrePlugin, library: Library, *arguments: str) -> None:
    (command,) = plugin.commands()
    options, query = command.parse_args([*arguments])
    command.func(library, options, query)


def test_pretending_a_query_force_and_the_users_words(
    folder: Path, plugin: GenrePlugin, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in (folder / "music").iterdir()}
    run(plugin, library, "-p", "-f")
    assert capsys.readouterr().out.count(" → ") == 4
    plugin.config.set({"pretend": False, "force": False})
    assert genres(library) == {"one": [], "two": [], "broken": [], "known": ["Polka"]}
    assert {path: path.read_bytes() for path in before} == before

    names = ("pop_vocal_ballad", "soft_rock", "solo", "opera")
    words = folder / "words.yaml"
    words.write_text("".join(f"{name}: 我的\n" for name in names), encoding="utf-8")
    plugin.config.set({"words": str(words)})
    run(plugin, library, "-f", "title:known")
    shown = capsys.readouterr().out
    assert "known: Polka → " in shown
    found = genres(library)
    assert (found["one"], found["two"]) == ([], [])
    assert found["known"] != ["Polka"]
    assert f"→ {found['known'][0]} (" in shown
    words.write_text("polka: Polka\n")
    with pytest.raises(UserError, match="there is no genre 'polka'"):
        run(plugin, library, "-f")


def test_nothing_unsure_is_filled_in_and_bad_settings_are_told(
    plugin: GenrePlugin, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(plugin._log, "info", lambda words, *values: told.append(words.format(*values)))
    run(plugin, library, "-t", "1")
    assert len(told) == 3
    assert all(": unsure (" in line for line in told)
    assert genres(library)["one"] == []
    for threshold in (2.0, "most", "0,8"):  # YAML reads the last two as texts
        plugin.config.set({"threshold": threshold})
        with pytest.raises(UserError, match=f"{threshold}.* is no probability"):
            run(plugin, library)
    plugin.config.set({"threshold": None, "model": "absent"})
    with pytest.raises(UserError, match="absent"):
        run(plugin, library)
