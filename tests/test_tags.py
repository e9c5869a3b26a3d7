"""The genre of a file is read in whatever way it is written, and written so that nothing else changes."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import mutagen
import numpy as np
import pytest
from mutagen.id3 import ID3
from tagged import KINDS, V1, frame, make, other_tags, samples, sound, tag

from genre import tags
from genre.tags import NoTagsError, TagError


@pytest.mark.parametrize("name", KINDS)
def test_the_genre_is_read_and_written_and_nothing_else_is_changed(name: str, tmp_path: Path) -> None:
    path = make(tmp_path, name)
    stated = KINDS[name][1]
    assert tags.read(path) == stated
    assert tags.stated(str(path)) == ("; ".join(stated) or None)
    before, heard = other_tags(path), samples(path)

    tags.write(path, ["Soft rock"])
    assert tags.read(path) == ("Soft rock",)
    assert other_tags(path) == before
    np.testing.assert_array_equal(samples(path), heard)

    tags.write(path, ["爵士", "Jazz"])
    assert tags.read(path) == ("爵士", "Jazz")
    tags.write(path, [])
    assert not [genre for genre in tags.read(path) if genre]
    assert other_tags(path) == before
    np.testing.assert_array_equal(samples(path), heard)


def test_another_program_reads_what_was_written(tmp_path: Path) -> None:
    for name in KINDS:
        path = make(tmp_path, name)
        tags.write(path, ["Soft rock"])
        easy = mutagen.File(path, easy=True)
        genres = easy["TCON"].text if "TCON" in easy else easy["genre"]  # of wav and aiff it knows no easy way
        assert genres == ["Soft rock"], name


@pytest.mark.parametrize(("name", "version"), [("v24.mp3", 4), ("v23_and_v1.mp3", 3), ("v22.mp3", 3), ("odd.mp3", 3)])
def test_a_tag_keeps_its_version(name: str, version: int, tmp_path: Path) -> None:
    path = make(tmp_path, name)
    tags.write(path, ["Jazz"])
    assert ID3(path, known_frames={}, translate=False, load_v1=False).version == (2, version, 0)


def test_the_old_tag_at_the_end_has_the_genre_too_where_it_knows_it(tmp_path: Path) -> None:
    path = make(tmp_path, "v23_and_v1.mp3")
    tags.write(path, ["jazz"])
    assert path.read_bytes()[-128:] == V1[:-1] + b"\x08"
    tags.write(path, ["Chamber"])
    assert path.read_bytes()[-128:] == V1[:-1] + b"\xff"
    assert path.read_bytes().count(V1[:-1]) == 1


def test_a_file_that_only_has_the_old_tag_gets_all_of_it_as_a_new_one(tmp_path: Path) -> None:
    path = make(tmp_path, "v1.mp3")
    tags.write(path, ["Jazz"])
    found = ID3(path, load_v1=False)
    assert (found["TIT2"].text, found["TPE1"].text, found["TCON"].text) == (["Old title"], ["Somebody else"], ["Jazz"])


@pytest.mark.parametrize("kind", ["aac", "webm", "mkv", "wma"])
def test_kinds_whose_tags_are_not_written_are_told(kind: str, tmp_path: Path, write: Callable[..., Path]) -> None:
    path = write(tmp_path / "a", sound(), kind=kind)
    content = path.read_bytes()
    for work in (lambda: tags.read(path), lambda: tags.write(path, ["Jazz"])):
        with pytest.raises(NoTagsError, match="mp3, flac"):
            work()
    assert tags.stated(str(path)) is None
    assert path.read_bytes() == content


def test_no_damage_raises_anything_but_a_tag_error(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    for name in KINDS:
        whole = make(tmp_path, name).read_bytes()
        for number in range(25):
            content = bytearray(whole[: int(generator.integers(1, len(whole)))] if number % 2 else whole)
            for at in generator.integers(0, min(len(content), 3_000), 12):
                content[at] = generator.integers(256)
            path = tmp_path / f"damaged_{name}"
            path.write_bytes(content)
            stated = tags.stated(str(path))
            assert stated is None or len(stated) <= tags.TAG_CHARACTERS_MAX
            try:
                tags.write(path, ["Jazz"])
            except TagError:
                continue
            assert tags.read(path) == ("Jazz",)


def test_what_would_be_lost_is_refused(tmp_path: Path) -> None:
    flac = make(tmp_path, "a.flac")
    flac.write_bytes(flac.read_bytes().replace(b"TITLE=Ein", b"TITLE=\xff\xfe\xfd"))
    with pytest.raises(TagError, match="not UTF-8"):
        tags.write(flac, ["Jazz"])
    old = make(tmp_path, "bare.mp3")
    unknown = b"XYZ\0\0\x05hello"
    old.write_bytes(tag(2, unknown) + old.read_bytes())
    with pytest.raises(TagError, match="would be lost"):
        tags.write(old, ["Jazz"])
    with pytest.raises(TagError, match="read back as 'Rock'"):
        tags.write(make(tmp_path, "v24.mp3"), ["17"])


@pytest.mark.parametrize("name", [b"TXXX", b"TCON"])
def test_a_frame_that_could_be_unpacked_to_any_size_is_not(name: bytes, tmp_path: Path) -> None:
    path = make(tmp_path, "bare.mp3")
    packed = frame(name, struct.pack(">I", 1 << 26) + zlib.compress(bytes(1 << 26)), b"\0\x80")
    path.write_bytes(tag(3, frame(b"TIT2", b"\0Title") + packed) + path.read_bytes())
    tracemalloc.start()
    try:
        for work in (tags.read, lambda path: tags.write(path, ["Jazz"])):
            with pytest.raises(TagError, match="packed"):
                work(path)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_a_row_gets_one_line_of_bounded_length(tmp_path: Path) -> None:
    path = make(tmp_path, "bare.mp3")
    bare = path.read_bytes()
    path.write_bytes(tag(3, frame(b"TCON", b"\0Hard \t Rock " + b"x" * 5_000)) + bare)
    stated = tags.stated(str(path))
    assert stated is not None
    assert stated.startswith("Hard Rock xxx")
    assert len(stated) == tags.TAG_CHARACTERS_MAX
    assert tags.stated(str(tmp_path / "absent.mp3")) is None
