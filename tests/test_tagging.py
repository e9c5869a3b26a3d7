"""A file whose genre is written is the old one or the new one, whatever happens; and an undo gives every byte back."""

import ctypes
import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import mutagen
import numpy as np
import pytest
from tagged import KINDS, make, other_tags, samples

from genre import tagging, tags
from genre.errors import SettingsError
from genre.tag_journal import Entry, TagJournal, entries, kept, stamps
from genre.tags import NoTagsError, TagError

REPOSITORY = Path(__file__).parent.parent
DISK_BYTES = 1 << 20


def written(folder: Path, path: Path, *words: str) -> list[Entry]:
    """Write one genre after another, and return what the journal has of it."""
    with TagJournal(folder / "tags.jsonl") as journal:
        for word in words:
            tagging.rewrite(path, [word], journal)
    return [entry for entry in entries(folder / "tags.jsonl") if entry.file == str(path.resolve())]


@pytest.mark.parametrize("name", KINDS)
def test_an_undo_gives_every_byte_back(name: str, tmp_path: Path) -> None:
    path = make(tmp_path, name)
    os.utime(path, ns=(1_000_000_000, 1_234_567_891))
    path.chmod(0o640)
    content, before, heard = path.read_bytes(), other_tags(path), samples(path)

    changes = written(tmp_path, path, "Soft rock", "爵士")
    assert tags.read(path) == ("爵士",)
    assert other_tags(path) == before
    np.testing.assert_array_equal(samples(path), heard)
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_mtime_ns > 1_234_567_891
    assert [change.old for change in changes] == [KINDS[name][1], ("Soft rock",)]
    assert (tmp_path / "tags.jsonl").stat().st_size < 8_000  # the cover, of 43 KB, is not in it

    assert tagging.undo(changes)
    assert path.read_bytes() == content
    assert path.stat().st_mtime_ns == 1_234_567_891
    assert path.stat().st_mode & 0o777 == 0o640
    assert not tagging.undo(changes)
    assert sorted(found.name for found in tmp_path.iterdir() if found.suffix != ".lock") == sorted([name, "tags.jsonl"])


def test_a_file_that_has_changed_since_is_left_alone_unless_forced(tmp_path: Path) -> None:
    path = make(tmp_path, "a.flac")
    changes = written(tmp_path, path, "Jazz")
    file = mutagen.File(path)
    file["title"] = ["Another"]
    file.save()
    content = path.read_bytes()
    with pytest.raises(TagError, match=r"a\.flac: it has changed since"):
        tagging.undo(changes)
    assert path.read_bytes() == content
    assert tagging.undo(changes, force=True)
    assert (tags.read(path), mutagen.File(path)["title"]) == (("Rock", "Blues"), ["Another"])
    assert not tagging.undo(changes, force=True)


def test_an_entry_that_was_never_carried_out_is_passed_over(tmp_path: Path) -> None:
    path = make(tmp_path, "a.ogg")
    content = path.read_bytes()
    changes = written(tmp_path, path, "Jazz")
    now = path.read_bytes()
    tagging.undo(changes)
    assert path.read_bytes() == content
    changes += written(tmp_path, path, "Soul")[1:]  # the first is as if a kill had come before the file was replaced
    assert tagging.undo(changes)
    assert path.read_bytes() == content
    path.write_bytes(now)
    assert tagging.undo(changes)
    assert path.read_bytes() == content


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    target = make(tmp_path, "a.m4a")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.m4a"
    link.symlink_to(target)
    content = target.read_bytes()
    written(tmp_path, link, "Jazz")
    assert link.is_symlink()
    assert tags.read(target) == ("Jazz",)
    assert [path.name for path in link.parent.iterdir()] == ["link.m4a"]
    assert tagging.undo(list(entries(tmp_path / "tags.jsonl")))
    assert target.read_bytes() == content

    written(tmp_path, link, "Rock")
    moved = target.rename(tmp_path / "moved.m4a")
    target.symlink_to(moved)
    assert tagging.undo(list(entries(tmp_path / "tags.jsonl")))
    assert target.is_symlink()
    assert moved.read_bytes() == content


def test_what_is_not_safe_is_refused_and_left_alone(tmp_path: Path) -> None:
    several, locked, webm = make(tmp_path, "a.wav"), make(tmp_path, "bare.flac"), tmp_path / "a.webm"
    os.link(several, tmp_path / "other name.wav")
    locked.chmod(0o444)
    webm.write_bytes(b"\x1aE\xdf\xa3 not read")
    refused = {several: "2 names", locked: "read-only", webm: "not written", tmp_path / "absent.mp3": "No such file"}
    contents = {path: path.read_bytes() for path in (several, locked, webm)}
    with TagJournal(tmp_path / "tags.jsonl") as journal:
        for path, reason in refused.items():
            with pytest.raises(TagError, match=reason) as told:
                tagging.rewrite(path, ["Jazz"], journal)
            assert str(told.value).startswith(f"{path}: ")
            assert isinstance(told.value, NoTagsError) == (path == webm)
    assert {path: path.read_bytes() for path in contents} == contents
    assert not list(entries(tmp_path / "tags.jsonl"))
    assert not list(tmp_path.glob(".genre-*"))


def test_sound_that_would_not_stay_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "v24.mp3")
    content = path.read_bytes()

    def careless(part: Path, genres: list[str]) -> None:
        real(part, genres)
        with part.open("r+b") as file:
            file.seek(-300, os.SEEK_END)
            file.write(b"\x55")

    real = tags.write
    monkeypatch.setattr(tags, "write", careless)
    with TagJournal(tmp_path / "tags.jsonl") as journal, pytest.raises(TagError, match="would not stay"):
        tagging.rewrite(path, ["Jazz"], journal)
    assert path.read_bytes() == content


def test_a_file_that_is_written_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "a.flac")
    theirs = path.read_bytes()
    real = tags.write

    def slow(part: Path, genres: list[str]) -> None:
        real(part, genres)
        path.write_bytes(theirs)

    monkeypatch.setattr(tags, "write", slow)
    with TagJournal(tmp_path / "tags.jsonl") as journal, pytest.raises(TagError, match="has just written it"):
        tagging.rewrite(path, ["Jazz"], journal)
    assert path.read_bytes() == theirs
    assert tags.read(path) == ("Rock", "Blues")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB; it needs root, and leave to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={DISK_BYTES}".encode()):
        pytest.skip(f"no file system can be mounted here: {os.strerror(ctypes.get_errno())}")
    yield folder
    libc.umount2(os.fsencode(folder), 2)


def test_a_full_disk_leaves_the_file_as_it_was(small_disk: Path, tmp_path: Path) -> None:
    path = make(small_disk, "a.flac")
    content = path.read_bytes()
    room = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(room.f_bavail * room.f_frsize - 8_192))
    with TagJournal(tmp_path / "tags.jsonl") as journal:
        with pytest.raises(TagError, match="No space left on device"):
            tagging.rewrite(path, ["Jazz"], journal)
        assert path.read_bytes() == content
        assert sorted(found.name for found in small_disk.iterdir()) == ["a.flac", "ballast"]
        (small_disk / "ballast").unlink()
        tagging.rewrite(path, ["Jazz"], journal)
    (change,) = entries(tmp_path / "tags.jsonl")
    (small_disk / "ballast").write_bytes(bytes(DISK_BYTES - 3 * 4_096 - 2 * len(content)))
    full = path.read_bytes()
    (small_disk / "more").write_bytes(bytes(len(content)))
    with pytest.raises(TagError, match="No space left on device"):
        tagging.undo([change])
    assert path.read_bytes() == full
    (small_disk / "more").unlink()
    assert tagging.undo([change])
    assert path.read_bytes() == content


def test_without_room_for_the_journal_nothing_is_written(tmp_path: Path) -> None:
    path = make(tmp_path, "a.ogg")
    content = path.read_bytes()
    journal = tmp_path / "tags.jsonl"
    with TagJournal(journal) as kept_open:
        tagging.rewrite(make(tmp_path, "a.flac"), ["Jazz"], kept_open)
        whole, limits = journal.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        real = kept_open.add

        def add(entry: Entry) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, limits[1]))
            try:
                real(entry)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)

        kept_open.add = add  # type: ignore[method-assign]
        try:
            with pytest.raises(SettingsError, match=os.strerror(errno.EFBIG)):
                tagging.rewrite(path, ["Jazz"], kept_open)
        finally:
            signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == content
    assert journal.read_bytes() == whole


WRITER = """
import sys
from pathlib import Path
from genre import tagging
from genre.tag_journal import TagJournal
folder = Path(sys.argv[1])
with TagJournal(folder / "tags.jsonl") as journal:
    print("ready", flush=True)
    for number in range(100_000):
        for path in sorted(folder.glob("[!.]*.*[!l]")):
            tagging.rewrite(path, [f"Genre {number} of {path.name}" + "!" * (number % 7)], journal)
"""


def test_a_kill_leaves_every_file_whole_and_the_journal_usable(tmp_path: Path) -> None:
    names = ("v24.mp3", "a.flac", "a.ogg", "a.m4a")
    contents = {tmp_path / name: make(tmp_path, name).read_bytes() for name in names}
    heard = {path: samples(path) for path in contents}
    for seconds in (0.05, 0.11, 0.17, 0.23):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path], cwd=REPOSITORY, stdout=subprocess.PIPE, encoding="utf-8"
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(seconds)
        writer.kill()
        writer.communicate()
        for path, expected in heard.items():
            np.testing.assert_array_equal(samples(path), expected)
            assert len(tags.read(path)) in (1, 2)
    with (tmp_path / "tags.jsonl").open("ab") as file:
        file.write(b'{"file": "/mus')  # what another moment would have left

    tagging.clear(map(str, contents))
    assert not list(tmp_path.glob(".genre-*"))
    changes: dict[str, list[Entry]] = {}
    for entry in entries(tmp_path / "tags.jsonl"):
        changes.setdefault(entry.file, []).append(entry)
    assert len(changes) == len(names)
    for path, content in contents.items():
        assert tagging.undo(changes[str(path)])
        assert path.read_bytes() == content
    with TagJournal(tmp_path / "tags.jsonl"):
        pass
    assert all(json.loads(line) for line in (tmp_path / "tags.jsonl").read_bytes().splitlines())


def test_copies_of_the_dead_are_cleared_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    # In a container a run has the number that the killed one before it had.
    for number in (999_999_999, os.getpid(), os.getppid()):
        (tmp_path / f".genre-{number}-0a.part").touch()
    (tmp_path / ".genre-of-mine.part").touch()
    tagging.clear([str(tmp_path / "a.mp3"), str(tmp_path / "absent" / "b.mp3")])
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f".genre-{os.getppid()}-0a.part", ".genre-of-mine.part"}


def test_a_journal_knows_the_files_it_changed_and_keeps_others_out(tmp_path: Path) -> None:
    path = make(tmp_path, "a.wav")
    journal = tmp_path / "tags.jsonl"
    first = path.stat()
    assert (str(path), first.st_size, first.st_mtime_ns) not in stamps(journal)
    written(tmp_path, path, "Jazz")
    second, known = path.stat(), stamps(journal)
    assert (str(path), first.st_size, first.st_mtime_ns) in known
    assert (str(path), second.st_size, second.st_mtime_ns) in known
    assert (str(path), second.st_size, second.st_mtime_ns + 1) not in known
    with TagJournal(journal), pytest.raises(SettingsError, match="Another run"), kept(journal):
        pass


@pytest.mark.parametrize(
    "content", [b"dear diary\n", b'{"genre": "tags", "format": 2}\n', b'{"genre": "tags", "format": 1}\n{"file": 1}\n']
)
def test_what_is_no_journal_is_not_taken_for_one(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tags.jsonl"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="is not of a journal of tags"):
        list(entries(path))
    with pytest.raises(SettingsError, match="is not of a journal of tags"), TagJournal(path):
        pass
    assert path.read_bytes() == content
    with pytest.raises(SettingsError, match="No such file"), kept(tmp_path / "absent.jsonl"):
        pass
