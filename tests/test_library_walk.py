"""Every recording that is meant is found, once, and what cannot be one says so."""

import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from genre.library_walk import Found, Walk


@pytest.fixture
def music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two albums, a cover, and what is hidden; the working directory is the folder above."""
    for name in ("b/2.mp3", "b/1.FLAC", "a/x.opus", "a/cover.jpg", "top.wav", ".hidden.mp3", ".trash/old.mp3", "n.txt"):
        path = tmp_path / "music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "music"


def sources(found: Iterable[Found]) -> list[str]:
    found = list(found)
    assert [one.error for one in found] == [None] * len(found)
    return [one.source for one in found]


IN_ORDER = ["music/top.wav", "music/a/x.opus", "music/b/1.FLAC", "music/b/2.mp3"]


def test_a_folder_is_searched_in_a_fixed_order_without_what_is_hidden_or_no_recording(music: Path) -> None:
    walk = Walk()
    assert sources(walk.find(["./music/"])) == IN_ORDER
    assert (walk.skipped, walk.repeated) == (2, 0)


def test_links_lead_to_nothing_twice_and_loops_end(music: Path) -> None:
    (music / "a" / "loop").symlink_to(music)
    (music / "again.wav").symlink_to(music / "top.wav")
    walk = Walk()
    found = sources(walk.find(["music", "music/b/2.mp3", str(music)]))
    assert sorted(os.path.realpath(path) for path in found) == sorted(os.path.realpath(path) for path in IN_ORDER)
    assert walk.repeated >= 2 + len(IN_ORDER)


def test_a_file_that_is_named_is_heard_whatever_it_is_called(music: Path) -> None:
    assert sources(Walk().find(["music/n.txt", "absent.mp3"])) == ["music/n.txt", "absent.mp3"]


def test_a_pattern_means_what_it_matches_but_covers(music: Path) -> None:
    walk = Walk()
    assert sources(walk.find(["music/**/*.[mF]*"])) == ["music/b/1.FLAC", "music/b/2.mp3"]
    assert sources(Walk().find(["music/*"])) == ["music/a/x.opus", "music/b/1.FLAC", "music/b/2.mp3", "music/top.wav"]
    (nothing,) = walk.find(["music/*.ape"])
    assert "nothing matches" in str(nothing.error)


def test_a_file_whose_name_is_a_pattern_is_that_file(music: Path) -> None:
    (music / "[x].mp3").touch()
    assert sources(Walk().find(["music/[x].mp3"])) == ["music/[x].mp3"]


def test_a_playlist_is_relative_to_its_folder(music: Path) -> None:
    playlist = music / "lists" / "all.m3u8"
    playlist.parent.mkdir()
    (music / "Ärger 1.mp3").touch()
    lines = [
        "\ufeff#EXTM3U",
        "#EXTINF:123,Somebody - Something",
        "../top.wav",
        "",
        "../Ärger 1.mp3",
        "..\\b\\2.mp3",
        str(music / "b" / "1.FLAC"),
        (music / "a" / "x.opus").as_uri(),
        "all.m3u8",
        "../a",
    ]
    playlist.write_text("\r\n".join(lines), encoding="utf-8")
    walk = Walk()
    found = sources(walk.find(["music/lists/all.m3u8"]))
    assert found == [
        "music/lists/../top.wav",
        "music/lists/../Ärger 1.mp3",
        "music/lists/../b/2.mp3",
        str(music / "b" / "1.FLAC"),
        str(music / "a" / "x.opus"),
    ]
    assert walk.repeated == 1


@pytest.mark.parametrize(("listed", "on_disk"), [("latin-1", "latin-1"), ("latin-1", "utf-8"), ("utf-8", "utf-8")])
def test_an_old_playlist_finds_its_files(music: Path, listed: str, on_disk: str) -> None:
    name = os.fsdecode("Köln.mp3".encode(on_disk))
    (music / name).touch()
    (music / "old.m3u").write_bytes(b"top.wav\n" + "Köln.mp3".encode(listed) + b"\n")
    assert sources(Walk().find(["music/old.m3u"])) == ["music/top.wav", f"music/{name}"]


def test_addresses_and_unreadable_playlists_say_what_is_wrong(music: Path) -> None:
    (music / "web.m3u").write_text("http://radio.example/stream.mp3\ntop.wav\n")
    address, top = Walk().find(["music/web.m3u"])
    assert (address.source, top.error) == ("http://radio.example/stream.mp3", None)
    assert "this is an address" in str(address.error)
    (absent,) = Walk().find(["absent.m3u8"])
    assert str(absent.error).startswith("absent.m3u8: the playlist cannot be read (No such file")


@pytest.mark.parametrize(("separator", "ending"), [(b"\n", b"\n"), (b"\n", b"\r\n"), (b"\0", b"\0")])
def test_a_list_on_standard_input(music: Path, separator: bytes, ending: bytes) -> None:
    listed = ending.join([b"music/top.wav", b"", b"music/b", os.fsencode("odd\udcff.wav"), b"two words.wav"])
    found = sources(Walk().find(["-"], io.BytesIO(listed), separator))
    assert found == ["music/top.wav", "music/b/1.FLAC", "music/b/2.mp3", "odd\udcff.wav", "two words.wav"]


def test_a_list_with_nul_may_hold_line_breaks(music: Path) -> None:
    assert sources(Walk().find(["-"], io.BytesIO(b"a\nb.wav\0"), b"\0")) == ["a\nb.wav"]


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, unreadable: Callable[[Path], str]) -> None:
    unreadable(tmp_path)
    (told,) = Walk().find([str(tmp_path)])
    assert "the folder cannot be read" in str(told.error)
