"""Genres into the tags of files, and back out: in a copy, which takes the file's place when it is known to be right.

Whatever stops this, a full disk, a kill, a power cut, leaves the file as it was or as it is to be; and before it can be
anything else than it was, the journal knows how that was.
"""

import hashlib
import mmap
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from genre import delta, packets, tags
from genre.streams import UnreadableError
from genre.tag_journal import Entry, Stamp, TagJournal, folder_to_disk, to_disk
from genre.tags import TagError

PART = re.compile(r"\.genre-(\d+)-\w+\.part")  # of a copy's name: the number of its process, and what no other has
NAME_BYTES = 8


def rewrite(path: Path, genres: Sequence[str], journal: TagJournal | None) -> None:
    """Make these the genres that a file states; a link's target is written, and the link stays.

    The sound, packet by packet, and all other tags are compared before the copy takes the file's place. TagError says
    why it was left alone; SettingsError: the journal cannot be written.
    """
    target = Path(os.path.realpath(path))
    with _refusals_told(path):
        old = tags.read(target)
        _exchange(target, old, tuple(genres), journal)


def undo(entries: Sequence[Entry], *, force: bool = False) -> bool:
    """Give a file back as it was before all these, which are its own, the oldest first; False where it already is.

    It is then the same to the last byte, with the same time of change. TagError: the file has changed since; with
    `force` it gets its first genres back, and keeps what has changed.
    """
    target, left, done = Path(os.path.realpath(entries[0].file)), list(entries), False  # it may be a link now
    with _refusals_told(target):
        while (known := _sha256(target)) != entries[0].before.sha256:
            # The last that left it like this; those behind it were not carried out, or are undone already.
            at = next((index for index in reversed(range(len(left))) if left[index].after.sha256 == known), None)
            if at is not None:
                _restore(target, left[at])
                del left[at:]
            elif not force:
                raise TagError("it has changed since. With --force it gets its old genre, and keeps the rest.")
            elif tags.read(target) == entries[0].old:
                return done
            else:
                rewrite(target, entries[0].old, None)
                return True
            done = True
    return done


def clear(files: Iterable[str]) -> None:
    """Remove the copies that killed runs have left beside these files; to be called before this one makes any.

    In a container every run may have the same number, so that one of the dead can be our own.
    """
    for folder in {os.path.dirname(os.path.realpath(file)) for file in files}:  # noqa: PTH120 (of very many)
        with suppress(OSError):
            for path in list(Path(folder).glob(".genre-*.part")):
                known = PART.fullmatch(path.name)
                if known and (known[1] == str(os.getpid()) or not Path("/proc", known[1]).exists()):
                    path.unlink()


def _exchange(target: Path, old: tuple[str, ...], genres: tuple[str, ...], journal: TagJournal | None) -> None:
    with _replacing(target) as (part, before, swap):
        shutil.copyfile(target, part)
        tags.write(part, genres)
        if _content(part) != _content(target):
            raise TagError("its sound or other tags would not stay as they are. Mend the file first.")
        _like(part, target, before)
        if journal:
            journal.add(_entry(target, part, before, old, genres))
        swap()


@contextmanager
def _refusals_told(path: Path) -> Iterator[None]:
    """Say which file it is, and turn what the disk refuses into a TagError."""
    shown = str(path).encode("utf-8", "backslashreplace").decode()
    try:
        yield
    except TagError as error:
        if str(error).startswith(f"{shown}: "):
            raise
        raise type(error)(f"{shown}: {error}") from error
    except OSError as error:
        raise TagError(f"{shown}: {error.strerror or error}. The file is as it was.") from error


@contextmanager
def _replacing(target: Path) -> Iterator[tuple[Path, os.stat_result, Callable[[], None]]]:
    """Yield a path for a copy, what the file is now, and what puts the copy in its place, else it is removed."""
    before = target.stat()
    if not stat.S_ISREG(before.st_mode):
        raise TagError("this is no ordinary file.")
    if not before.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise TagError("the file is read-only. Give yourself permission to write it first.")
    if before.st_nlink > 1:
        raise TagError(f"the file has {before.st_nlink} names (hard links), of which one alone would be written.")
    part = target.with_name(f".genre-{os.getpid()}-{secrets.token_hex(NAME_BYTES)}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def swap() -> None:
        to_disk(part)
        now = target.stat()
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino):
            raise TagError("another program has just written it. Try again.")
        part.replace(target)
        folder_to_disk(target.parent)

    try:
        yield part, before, swap
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _like(part: Path, target: Path, before: os.stat_result) -> None:
    """Give a copy the owner, permissions and attributes of the file, and a time of change of its own."""
    if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(part, before.st_uid, before.st_gid)
    shutil.copystat(target, part)
    os.utime(part)


def _entry(target: Path, part: Path, before: os.stat_result, old: tuple[str, ...], new: tuple[str, ...]) -> Entry:
    after = part.stat()
    with (
        target.open("rb") as was,
        part.open("rb") as will_be,
        mmap.mmap(was.fileno(), 0, access=mmap.ACCESS_READ) as old_bytes,
        mmap.mmap(will_be.fileno(), 0, access=mmap.ACCESS_READ) as new_bytes,
    ):
        pieces = tuple(delta.describe(old_bytes, new_bytes))
    return Entry(
        file=str(target),
        old=old,
        new=new,
        before=Stamp(before.st_size, before.st_mtime_ns, _sha256(target)),
        after=Stamp(after.st_size, after.st_mtime_ns, _sha256(part)),
        pieces=pieces,
    )


def _restore(target: Path, entry: Entry) -> None:
    with _replacing(target) as (part, before, swap):
        with target.open("rb") as file, part.open("wb") as out:
            try:
                delta.restore(entry.pieces, file, out)
            except EOFError:
                raise TagError("the journal does not fit the file.") from None
        if _sha256(part) != entry.before.sha256:
            raise TagError("the journal does not fit the file.")
        _like(part, target, before)
        os.utime(part, ns=(before.st_atime_ns, entry.before.mtime_ns))
        swap()


def _content(path: Path) -> packets.Content:
    try:
        return packets.content(path)
    except (ValueError, UnreadableError) as error:
        raise TagError(f"its sound cannot be compared ({error}).") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
