"""Recordings that lie elsewhere: s3://, gs://, http:// and every other address that fsspec knows.

A room of its own because it is the only one that imports fsspec. What is read is bounded and lands in memory, nothing
is written to a disk. fsspec loads what a protocol needs (s3fs, gcsfs, …) when it is first asked for, and says so where
that is not installed. Credentials are found as those libraries find them.
"""

import glob
import io
import logging
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from genre.errors import AudioError
from genre.settings import LIBRARY_REMOTE_MB

log = logging.getLogger(__name__)

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]+://")  # two letters at least: one is a drive of Windows
READ_BYTES = 64 << 20  # that are asked for at once
CHAIN = "::"  # zip://song.mp3::s3://bucket/songs.zip


def is_remote(source: str) -> bool:
    """Whether this is an address and not a path."""
    return ADDRESS.match(source) is not None


def stamp(address: str) -> tuple[int | None, float | None]:
    """Return size in bytes and time of change in seconds since 1970, each None where the place does not tell it."""
    try:
        system, path = _opened(address)
        size = system.info(path)["size"]
    except Exception:  # libraries of fifty protocols; `read` tells the reason
        return None, None
    try:
        return size, system.modified(path).timestamp()
    except Exception:  # many places know no time
        return size, None


def read(address: str) -> bytes:
    """Return a file's content; AudioError where it cannot be had or is longer than LIBRARY_REMOTE_MB."""
    try:
        system, path = _opened(address)
        with system.open(path, "rb") as file:
            content = io.BytesIO()
            while content.tell() <= LIBRARY_REMOTE_MB << 20 and (piece := file.read(READ_BYTES)):  # may be a short one
                content.write(piece)
    except Exception as error:  # as above
        raise AudioError(f"{address}: {reason(error)}") from None
    if content.tell() > LIBRARY_REMOTE_MB << 20:
        raise AudioError(f"{address}: it is longer than the {LIBRARY_REMOTE_MB} MB that are read from afar. Cut it.")
    return content.getvalue()


def names(address: str, suffixes: frozenset[str]) -> Iterator[str]:
    """Yield the addresses that one means: itself, all below a folder, or what its pattern matches.

    An address that ends in one of `suffixes` is a file, and nobody is asked. Whatever fsspec or the place refuses with
    is raised.
    """
    system, path = _opened(address)
    is_pattern = glob.has_magic(path) and not system.exists(path)
    if CHAIN in address or (PurePosixPath(path).suffix.lower() in suffixes and not is_pattern):
        yield address
        return
    for found in sorted(system.glob(path)) if is_pattern else [path]:
        if system.isdir(found):
            for folder, _, files in system.walk(found, on_error="raise"):
                yield from (system.unstrip_protocol(f"{folder.rstrip('/')}/{name}") for name in sorted(files))
        else:
            yield system.unstrip_protocol(found) if is_pattern else address


def reason(error: Exception) -> str:
    """Return why a place could not be read and what to do, without its address."""
    log.debug("fsspec", exc_info=error)
    if isinstance(error, FileNotFoundError):
        return "there is no such file. Check the address."
    what = " ".join(str(error).split()) or type(error).__name__
    return f"it cannot be read ({what}). Check the address, and that you may read it."


def _opened(address: str) -> tuple[Any, str]:
    """Return the file system of an address and the path in it."""
    import fsspec

    system, path = fsspec.url_to_fs(address)
    return system, str(path)
