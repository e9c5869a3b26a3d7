"""A file as the decoders get it, and what its bytes claim before any decoder believes them. No C library is needed."""

import io
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

Bytes = bytes | bytearray | memoryview

OPENING_READS, SEEKING_READS = 1 << 12, 1 << 15  # of 32 KB by ffmpeg: 128 MB to find sound, 1 GB to find the start
MP4_CLAIMS = re.compile(rb"(?=stsz.{8}(.{4})|trun.{4}(.{4})|elst.{4}(.{4}))", re.DOTALL)
MP4_CLAIMS_PER_BYTE = 4  # a sample takes at least a byte, and a few tracks have an edit each
MP4_BOXES_MAX, MP4_INDEX_BYTES_MAX = 1 << 18, 1 << 26  # a day of one-second fragments; the index of days


class UnreadableError(Exception):
    """Why there is no answer and what to do, without the file's name."""


def open_file(source: str | os.PathLike[str] | Bytes) -> BinaryIO:
    """Open an ordinary file, or bytes as one; UnreadableError says why that cannot be."""
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(bytes(source))
    if not isinstance(source, str | os.PathLike):
        raise UnreadableError(f"a {type(source).__name__} is not sound. Give a path, bytes, or (rate, array).")
    try:
        path = Path(os.fsdecode(source))
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableError("this is a folder. Choose a file in it.")
        if not stat.S_ISREG(mode):  # opening a pipe or a device could wait for ever
            raise UnreadableError("this is not an ordinary file. Save the sound to a file first.")
        return path.open("rb")
    except FileNotFoundError:
        raise UnreadableError("there is no such file. Check the path.") from None
    except PermissionError:
        raise UnreadableError("permission to read it is missing. Change its permissions, or copy it.") from None
    except (OSError, ValueError) as error:  # a name too long, a loop of links, a NUL in the path, …
        raise UnreadableError(f"the file cannot be opened ({error}). Check the path.") from None


class Stream:
    """A file for the decoders: without a name to guess the format by, without exceptions, and without endless searches.

    libsndfile calls back through cffi, which would print a traceback; to it a failed read is the end of the file.
    A decoder that has used up its reads without coming up with something is told that the file ends.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.allow(OPENING_READS)

    def allow(self, reads: int) -> None:
        """Let the decoder read so many times from now on."""
        self._reads_left = reads

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes; none at the end, where reading fails, and where the reads are used up."""
        self._reads_left -= 1
        with suppress(OSError, ValueError):
            return self._file.read(count) if self._reads_left >= 0 else b""
        return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, or stay where that is none, and return where this is."""
        with suppress(OSError, ValueError, OverflowError):
            self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        """Return the place in bytes."""
        return self._file.tell()


def mp3_counts_frames(stream: Stream) -> bool:
    """Whether the first frame of an mp3 says how many there are; without that its length is a guess."""
    stream.seek(0)
    head = stream.read(10)
    if len(head) == 10 and head.startswith(b"ID3"):  # its length is in four bytes of seven bits
        stream.seek(10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)))
    first_frame = stream.read(256)
    return any(tag in first_frame for tag in (b"Xing", b"Info", b"VBRI"))


def is_honest_mp4(stream: Stream) -> bool:
    """Whether this is an mp4 whose index claims no more samples than its bytes could hold.

    ffmpeg takes 24 bytes of memory for every sample claimed, times the edits, before it reads any of them.
    All boxes but the media data are searched for claims.
    """
    length, at, samples, edits = stream.seek(0, os.SEEK_END), 0, 0, 0
    for _ in range(MP4_BOXES_MAX):
        stream.allow(OPENING_READS)
        stream.seek(at)
        head = stream.read(16)
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if at == 0 and not kind.isalnum():
            return False
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        size = min(size or length, length - at)  # 0 is "to the end"
        if kind != b"mdat":
            if size > MP4_INDEX_BYTES_MAX:
                return False
            stream.seek(at)
            box = stream.read(size)
            for sizes, run, list_of_edits in re.findall(MP4_CLAIMS, box):
                samples += int.from_bytes(sizes or run, "big")
                edits += int.from_bytes(list_of_edits, "big")
            if samples * max(1, edits) > MP4_CLAIMS_PER_BYTE * length or b"cmov" in box:  # compressed: any claim
                return False
        at += size
        if size < 8 or at >= length:
            return True
    return False
