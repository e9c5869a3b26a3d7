"""What was written over in the tags of a library, on disk before it is, so that every file can be had back as it was.

JSON lines: first what this is, then a line for each file that is about to be written, with the pieces of which the file
as it was is made. A line that was cut off belongs to a file that was not touched.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from genre import delta
from genre.delta import Piece
from genre.errors import SettingsError

HEAD = {"genre": "tags", "format": 1}
DIGEST_BYTES = 16


@dataclass(frozen=True)
class Stamp:
    """How a file is known again."""

    size: int  # bytes
    mtime_ns: int  # since 1970
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One file that was written, or was about to be."""

    file: str  # its path, without links
    old: tuple[str, ...]  # genres before
    new: tuple[str, ...]
    before: Stamp
    after: Stamp
    pieces: tuple[Piece, ...]  # that make up the file before, out of the one after


class Stamps:
    """Sizes and times of change of files before and after they were written: between the two the sound is the same."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def add(self, entry: Entry) -> None:
        """Remember both sides of an entry."""
        self._known |= {_digest(entry.file, one.size, one.mtime_ns) for one in (entry.before, entry.after)}

    def __contains__(self, stamp: tuple[str, int, int]) -> bool:
        """Whether a file (path without links, size, time of change) is one of them."""
        return _digest(*stamp) in self._known


class TagJournal:
    """A journal that is written to. To be entered, which keeps other runs out; SettingsError where that cannot be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stamps = Stamps()

    def __enter__(self) -> Self:
        self._lock = _locked(self.path)
        try:
            with _usable(self.path):
                self._end = 0
                if self.path.exists():
                    for entry, end in _entries(self.path):
                        self._end = end
                        if entry:
                            self.stamps.add(entry)
                self._file = self.path.open("ab", buffering=0)
                self._file.truncate(self._end)
                if not self._end:
                    self._write(json.dumps(HEAD))
                    folder_to_disk(self.path.parent)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._lock.release()

    def add(self, entry: Entry) -> None:
        """Keep an entry, on the disk before this returns; SettingsError where there is no room, and none is kept."""
        line = {**asdict(entry), "pieces": delta.to_json(entry.pieces)}
        with _usable(self.path):
            self._write(json.dumps(line))  # in ASCII: a name need not be Unicode
        self.stamps.add(entry)

    def _write(self, line: str) -> None:
        rest = data = line.encode() + b"\n"
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._end)
            raise
        self._end += len(data)


@contextmanager
def kept(path: Path) -> Iterator[Iterator[Entry]]:
    """Keep other runs from a journal and yield its entries; SettingsError where there is none, or such a run."""
    with _usable(path):
        path.stat()
    lock = _locked(path)
    try:
        yield entries(path)
    finally:
        lock.release()


def folder_to_disk(path: Path) -> None:
    """Wait until the disk knows which files are in a folder, so that a new one outlives a power cut."""
    with suppress(OSError):  # not every file system can do this with a folder
        to_disk(path)


def to_disk(path: Path) -> None:
    """Wait until what was written to a file is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> FileLock:
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    with _usable(path):
        try:
            lock.acquire(blocking=False)
        except Timeout:  # an OSError too
            raise SettingsError(f"Another run uses {path}; wait until it has ended.") from None
    return lock


def stamps(path: Path) -> Stamps:
    """Return those of a journal; none where there is no such file yet."""
    found = Stamps()
    if path.exists():
        for entry in entries(path):
            found.add(entry)
    return found


def entries(path: Path) -> Iterator[Entry]:
    """Yield what a journal says, the oldest first; SettingsError where this is none."""
    with _usable(path):
        yield from (entry for entry, _ in _entries(path) if entry)


def _entries(path: Path) -> Iterator[tuple[Entry | None, int]]:
    """Yield the head, as None, and every entry, each with where it ends; what was cut off at the end does not count."""
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            end += len(line)
            try:
                value = json.loads(line)
                if number == 1 and value != HEAD:
                    raise ValueError("another head")
                entry = None if number == 1 else _entry(value)
            except (ValueError, KeyError, TypeError):
                raise SettingsError(
                    f"{path}, line {number}, is not of a journal of tags; choose another file."
                ) from None
            yield entry, end


def _entry(value: dict[str, Any]) -> Entry:
    return Entry(
        file=str(value["file"]),
        old=tuple(map(str, value["old"])),
        new=tuple(map(str, value["new"])),
        before=Stamp(**value["before"]),
        after=Stamp(**value["after"]),
        pieces=tuple(delta.from_json(value["pieces"])),
    )


def _digest(file: str, size: int, mtime_ns: int) -> bytes:
    return hashlib.blake2b(f"{size} {mtime_ns} ".encode() + os.fsencode(file), digest_size=DIGEST_BYTES).digest()


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a SettingsError."""
    try:
        yield
    except OSError as error:
        raise SettingsError(f"The journal of tags {path} cannot be used: {error.strerror or error}.") from error
