"""Recordings at addresses are found and heard like files, and what a place refuses is told."""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import pytest
from published import music

from genre import remote
from genre.datasets import AUDIO_SUFFIXES
from genre.errors import AudioError
from genre.library_features import Recipe, prepare, stamp
from genre.library_walk import Walk
from genre.spectrogram import SpectrogramSpec

MEL = Recipe(SpectrogramSpec(transform="mel"))


@pytest.fixture
def store(tmp_path: Path, write: Callable[..., Path]) -> Iterator[Path]:
    """A recording on the disk, and the same one twice in a place of fsspec's, with a cover."""
    path = write(tmp_path / "song.wav", music(3))
    place = fsspec.filesystem("memory")
    for name in ("/music/a/song.wav", "/music/b.flac", "/music/cover.jpg"):
        place.pipe_file(name, path.read_bytes())
    yield path
    place.rm("/music", recursive=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s3://bucket/song.mp3", True),
        ("zip://song.mp3::s3://bucket/songs.zip", True),
        ("simplecache::s3://bucket/song.mp3", True),
        ("file:///music", True),
        ("music/song.mp3", False),
        ("C://song.mp3", False),
        ("Songs::of the sea.mp3", False),
        ("/music/http://song.mp3", False),
    ],
)
def test_an_address_is_told_from_a_path(name: str, expected: bool) -> None:
    assert remote.is_remote(name) is expected


def test_folders_patterns_and_files_are_found(store: Path) -> None:
    walk = Walk()
    named = ["memory://music", "memory://music/*.flac", "memory://music/**/*.wav", "memory://music/a/song.wav"]
    found = list(walk.find([*named, "memory://music/absent.mp3"]))
    assert [one.source for one in found if one.error is None] == [
        "memory:///music/b.flac",
        "memory:///music/a/song.wav",
        "memory://music/a/song.wav",
        "memory://music/absent.mp3",
    ]
    assert [one.error for one in found if one.error] == []
    assert (walk.skipped, walk.repeated) == (1, 2)


def test_a_recording_at_an_address_is_heard_as_the_file_is(store: Path) -> None:
    here, there, as_file = prepare(str(store), MEL), prepare("memory://music/b.flac", MEL), prepare(store.as_uri(), MEL)
    assert here.features is not None
    assert as_file.features is not None
    assert there.features is not None
    assert (there.size, as_file.size) == (store.stat().st_size,) * 2
    assert as_file.mtime == pytest.approx(store.stat().st_mtime, abs=1e-3)
    assert there.mtime is not None
    assert stamp("memory://music/b.flac") == (there.size, there.mtime)  # known again
    for other in (there, as_file):
        assert other.features is not None
        np.testing.assert_array_equal(other.features.images, here.features.images)
        assert other.features.music == here.features.music
        assert other.features.source == other.source


def test_the_middle_of_a_recording_at_an_address_is_heard(tmp_path: Path, write: Callable[..., Path]) -> None:
    path = write(tmp_path / "long.flac", music(20), kind="flac")
    recipe = replace(MEL, part="middle", clip_seconds=4.0)
    found = prepare(path.as_uri(), recipe)
    assert found.features is not None
    assert found.features.start == pytest.approx(8)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("memory://nowhere/song.mp3", "there is no such file. Check the address."),
        ("s3://bucket/song.mp3", "Install s3fs"),
        ("nonsense://song.mp3", "Protocol not known: nonsense"),
        ("file:///", "it cannot be read (["),
    ],
)
def test_what_cannot_be_read_is_told(address: str, words: str) -> None:
    made = prepare(address, MEL)
    assert made.features is None
    assert made.size is None or address == "file:///"
    assert str(made.error).startswith(f"{address}: ")
    assert words in str(made.error)


@pytest.mark.parametrize("address", ["s3://bucket/music", "nonsense://music", "memory://music/*.mp3"])
def test_what_cannot_be_listed_has_a_row(address: str) -> None:
    (found,) = Walk().find([address])
    assert str(found.error).startswith(f"{address}: ")


def test_a_file_from_afar_is_bounded(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LIBRARY_REMOTE_MB", 0)
    with pytest.raises(AudioError, match="it is longer than the 0 MB"):
        remote.read("memory://music/b.flac")


class Dripping(fsspec.AbstractFileSystem):
    """A place that, like a web server that states no length, gives what has arrived, and knows no size."""

    protocol = "dripping"
    content = b""

    def _open(self, path: str, mode: str = "rb", **options: object) -> io.RawIOBase:
        rest = memoryview(self.content)

        class Stream(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def read(self, size: int = -1) -> bytes:
                nonlocal rest
                piece, rest = rest[: min(size, 1_000)], rest[1_000:]
                return bytes(piece)

        return Stream()

    def info(self, path: str, **options: object) -> dict[str, object]:
        return {"name": path, "type": "file", "size": None}


def test_a_place_that_gives_little_at_a_time_is_read_to_the_end(store: Path) -> None:
    Dripping.content = store.read_bytes()
    fsspec.register_implementation("dripping", Dripping, clobber=True)
    assert remote.stamp("dripping://song.wav") == (None, None)
    assert remote.read("dripping://song.wav") == store.read_bytes()


def test_lists_name_addresses_but_playlists_do_not_fetch(store: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list"
    listed.write_text("memory://music/b.flac\n")
    with listed.open("rb") as file:
        assert [one.source for one in Walk().find(["-"], file)] == ["memory://music/b.flac"]
    (tmp_path / "list.m3u8").write_text("memory://music/b.flac\n")
    (one,) = Walk().find([os.fspath(tmp_path / "list.m3u8")])
    assert "this is an address" in str(one.error)


def test_an_address_with_a_suffix_of_sound_is_not_asked_after() -> None:
    assert list(remote.names("memory://anything/at/all.mp3", AUDIO_SUFFIXES)) == ["memory://anything/at/all.mp3"]
