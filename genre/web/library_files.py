"""What people drop to have all of it heard: sound files, and zip archives of them.

An archive comes from anybody. Its names are only ever shown, nothing of it is written to a disk, and neither what it
claims nor what it unpacks to is taken without bounds.
"""

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from genre.datasets import AUDIO_SUFFIXES
from genre.web.models import RefusalError, refuse

FILES_MAX = 200  # recordings at once
UNPACKED_MAX = 1 << 30  # bytes, of all archives of one visit together
DIRECTORY_MAX = 4 << 20  # bytes of an archive's directory: some 50,000 names at least, 60 MB when read
END_BYTES = 22 + 0xFFFF  # an archive's last record with the longest comment
END_MARK, WIDE_MARK = b"PK\x05\x06", b"PK\x06\x07"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others can be made to take any amount of memory
ENCRYPTED = 0x1  # bit of the flags
BLOCK = 1 << 20


@dataclass(frozen=True)
class Given:
    """One recording that somebody gave; `read` returns its file, or its bytes, or raises RefusalError."""

    name: str
    read: Callable[[], Path | bytes]


@dataclass
class Parcel:
    """Everything that somebody gave at once."""

    files: list[Given]
    skipped: int = 0  # in archives, because they are no recordings
    beyond: int = 0  # more than are heard at once
    unpacked: int = 0  # bytes so far


def parcel(paths: Iterable[Path], member_bytes: int) -> Parcel:
    """Return the recordings in what was uploaded; a recording in an archive may have `member_bytes` at most."""
    found = Parcel([])
    for path in paths:
        given: Iterable[Given] = (
            _members(path, found, member_bytes) if path.suffix.lower() == ".zip" else [Given(path.name, _there(path))]
        )
        for one in given:
            if len(found.files) < FILES_MAX:
                found.files.append(one)
            else:
                found.beyond += 1
    return found


def _there(path: Path) -> Callable[[], Path]:
    def read() -> Path:
        if not path.is_file():
            raise refuse("error_gone")
        return path

    return read


def _members(path: Path, found: Parcel, member_bytes: int) -> Iterator[Given]:
    """Yield the recordings of an archive; one that cannot be read is one Given that says why."""
    try:
        if not _directory_is_small(path):
            raise refuse("library_zip_large")
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except RefusalError as error:
        yield Given(path.name, _refusing(error))
        return
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        yield Given(path.name, _refusing(refuse("library_zip_damaged")))
        return
    for info in infos:
        name = PurePosixPath(info.filename)
        is_link = stat.S_ISLNK(info.external_attr >> 16)
        hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
        if info.is_dir() or is_link or hidden or name.suffix.lower() not in AUDIO_SUFFIXES:
            found.skipped += not info.is_dir()
            continue
        yield Given(f"{path.name}/{info.filename}", _unpacking(path, info, found, member_bytes))


def _refusing(error: RefusalError) -> Callable[[], bytes]:
    def read() -> bytes:
        raise error

    return read


def _unpacking(path: Path, info: zipfile.ZipInfo, found: Parcel, member_bytes: int) -> Callable[[], bytes]:
    """Return what unpacks one recording into memory, when its turn has come."""

    def read() -> bytes:
        if info.flag_bits & ENCRYPTED:
            raise refuse("library_zip_encrypted")
        if info.compress_type not in METHODS:
            raise refuse("library_zip_method")
        content = bytearray()
        try:
            with zipfile.ZipFile(path) as archive, archive.open(info) as member:
                while block := member.read(BLOCK):
                    content += block
                    found.unpacked += len(block)
                    if len(content) > member_bytes or found.unpacked > UNPACKED_MAX:
                        raise refuse("library_zip_large")
        except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError):
            raise refuse("library_zip_damaged") from None
        return bytes(content)

    return read


def _directory_is_small(path: Path) -> bool:
    """Whether an archive's directory can be read without harm: Python reads all of it, whatever its size.

    Archives with the 64-bit records, made for more than 65,535 names or 4 GB, are not taken.
    """
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - END_BYTES - 20))
        tail = file.read()
    end = tail.rfind(END_MARK)
    return end >= 0 and WIDE_MARK not in tail and int.from_bytes(tail[end + 12 : end + 16], "little") <= DIRECTORY_MAX
