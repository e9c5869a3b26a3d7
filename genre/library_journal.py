"""The rows of a library as a file of JSON lines: appended to as they come, gone on with after any end.

Each row is on its way to the disk before the next one is made, in a single write; a line that a kill or a full disk
tore off is taken away again. A recording that is heard anew gets another row, and the older one stays until that is
there.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from filelock import FileLock, Timeout

from genre.errors import SettingsError
from genre.rows import Row

DIGEST_BYTES = 16
ROW_START = b'{"source": '


@dataclass(frozen=True)
class Known:
    """What the last row of a recording says of its file."""

    size: int | None  # bytes; None: there was no file, or its place tells no size
    mtime: float | None  # seconds since 1970
    failed: bool


class RowFile:
    """A file of rows. To be entered, which keeps other runs out and reads what is there.

    SettingsError: another run writes to it, it holds something else, it cannot be read or written. It remembers some
    300 bytes for every recording.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.weights: tuple[str, str] | None = None  # name and SHA-256 of the model that the first answer is from
        self._known: dict[bytes, Known] = {}
        self._lines = 0
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(blocking=False)
        except Timeout:
            raise SettingsError(
                f"Another run writes to {self.path}; wait until it has ended, or choose another --out."
            ) from None
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._end = self._read()
            self._file: BinaryIO = self.path.open("ab", buffering=0)
            self._file.truncate(self._end)
        except BaseException as error:
            self._lock.release()
            if isinstance(error, OSError):
                raise self._unusable(error) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._lock.release()

    def known(self, source: str) -> Known | None:
        """Return what is known of a recording; None: it has no row."""
        return self._known.get(_digest(source))

    def add(self, row: Row) -> None:
        """Append a row, with the system before this returns; where there is no room for it, the file is as before."""
        # The name of a recording need not be Unicode; JSON reads back what replaces such bytes.
        line = json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            rest = line
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(self._end)
            raise self._full(error) from error
        self._end += len(line)
        self._note(row)

    def compact(self) -> None:
        """Keep the last row of each recording only, in one step; the file is as before where that cannot be."""
        if self._lines == len(self._known):
            return
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        last = {_digest(row["source"]): number for number, (row, _) in enumerate(self._rows())}
        try:
            with part.open("wb") as file:
                file.writelines(
                    line for number, (row, line) in enumerate(self._rows()) if last[_digest(row["source"])] == number
                )
                end = file.tell()
            self._file.close()
            part.replace(self.path)
            self._end, self._lines = end, len(self._known)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise self._full(error) from error
        finally:
            if self._file.closed:
                self._file = self.path.open("ab", buffering=0)

    def rows(self) -> Iterator[Row]:
        """Yield every row that is on the disk now; those that are added meanwhile are not among them."""
        return (row for row, _ in self._rows())

    def _rows(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        end, last = 0, self._end
        with self.path.open("rb") as file:
            while end < last:  # behind it there may be what an interrupted write has left
                line = file.readline()
                end += len(line)
                yield json.loads(line), line

    def _read(self) -> int:
        """Take in the rows that are there and return where they end; a last line that was cut off does not count."""
        end = 0
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return end
        with file:
            for number, line in enumerate(file, 1):
                row = _row(line)
                if row is None:
                    if _is_torn(line):
                        break
                    raise SettingsError(f"{self.path}, line {number}, is no row of a library; choose another --out.")
                end += len(line)
                self._note(row)
        return end

    def _note(self, row: Row) -> None:
        self._lines += 1
        self._known[_digest(row["source"])] = Known(row.get("size"), row.get("mtime"), "error" in row)
        if self.weights is None and "weights" in row:
            self.weights = (row["model"], row["weights"]["sha256"])

    def _unusable(self, error: OSError) -> SettingsError:
        return SettingsError(f"{self.path} cannot be used: {error.strerror or error}. Choose another --out.")

    def _full(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"{self.path} cannot be written to: {error.strerror or error}. The rows before are kept: make room, and "
            "run the same command again."
        )


def _row(line: bytes) -> dict[str, Any] | None:
    """Return the row of a whole line, else None."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    whole = line.endswith(b"\n") and isinstance(row, dict) and isinstance(row.get("source"), str)
    return row if whole and ("error" in row or "top" in row) else None


def _is_torn(line: bytes) -> bool:
    """Whether this is the beginning of a row, or the zeros that a file system may leave after a power cut."""
    begun = line.startswith(ROW_START) or ROW_START.startswith(line)
    return not line.endswith(b"\n") and (begun or not line.strip(b"\0"))


def _digest(source: str) -> bytes:
    return hashlib.blake2b(os.fsencode(source), digest_size=DIGEST_BYTES).digest()
