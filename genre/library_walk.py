"""Which recordings people mean by a folder, a pattern, an address, a playlist or a list on standard input.

Each is named once, by whatever links and lists it is reached. Nothing here opens a recording.
"""

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

from genre import remote
from genre.datasets import AUDIO_SUFFIXES, files

STDIN = "-"
PLAYLIST_SUFFIXES = frozenset({".m3u", ".m3u8"})
PLAYLIST_BYTES_MAX = 64 << 20  # half a million names; a longer one is no playlist
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DIGEST_BYTES = 16


@dataclass(frozen=True)
class Found:
    """One recording, or what was named and cannot be one."""

    source: str  # the path or address as found; a name that is no Unicode has surrogates, as os.fsdecode makes them
    error: str | None = None


class Walk:
    """One search. It remembers 16 bytes of every recording, so that none comes twice."""

    def __init__(self) -> None:
        self.skipped = 0  # files in folders whose names say that they are no recordings
        self.repeated = 0  # recordings that had been found before
        self._seen: set[bytes] = set()
        self._lists: set[str] = set()  # playlists that have been read

    def find(self, named: Iterable[str], stdin: BinaryIO | None = None, separator: bytes = b"\n") -> Iterator[Found]:
        """Yield what the names mean, in their order and each folder's.

        A name is a file, a folder, a pattern ("music/**/*.flac"), an address of these ("s3://bucket/music"), a
        playlist, or "-": what `stdin` lists, between separators. What a folder cannot say of itself, and what does not
        exist, comes as a Found with an error or fails when it is heard.
        """
        for name in named:
            if name == STDIN and stdin is not None:
                listed = (os.fsdecode(line) for line in _lines(stdin, separator))
                found: Iterator[Found] = (one for path in listed for one in self._named(path))
            elif remote.is_remote(name) or os.path.lexists(name) or not glob.has_magic(name):
                found = self._named(name)
            else:
                found = self._matching(name)
            yield from found

    def _matching(self, pattern: str) -> Iterator[Found]:
        """Yield what a pattern matches; of files only recordings and playlists, for patterns match their covers too."""
        matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
        if not matches:
            yield Found(pattern, f"{_shown(pattern)}: nothing matches this pattern. Check it.")
        for match in matches:
            suffix = Path(match).suffix.lower()
            if suffix in AUDIO_SUFFIXES or suffix in PLAYLIST_SUFFIXES or Path(match).is_dir():
                yield from self._named(match)
            else:
                self.skipped += 1

    def _named(self, name: str) -> Iterator[Found]:
        if remote.is_remote(name):
            yield from self._remote(name)
            return
        path = Path(name)
        if _is_folder(path):
            yield from self._folder(path)
        elif path.suffix.lower() in PLAYLIST_SUFFIXES:
            yield from self._playlist(path)
        else:
            yield from self._once(path)

    def _folder(self, folder: Path) -> Iterator[Found]:
        unreadable: list[OSError] = []
        for path in files(folder, unreadable.append):
            if path.name.startswith("."):
                continue
            if path.suffix.lower() in AUDIO_SUFFIXES:
                yield from self._once(path)
            else:
                self.skipped += 1
        for error in unreadable:
            place = os.fsdecode(error.filename)
            yield Found(place, f"{_shown(place)}: the folder cannot be read ({error.strerror}).")

    def _remote(self, address: str) -> Iterator[Found]:
        """Yield what an address means; of what a folder or a pattern names only recordings."""
        count = 0
        try:
            for found in remote.names(address, AUDIO_SUFFIXES):
                count += 1
                if found == address or Path(found).suffix.lower() in AUDIO_SUFFIXES:
                    yield from self._first(found, found)
                else:
                    self.skipped += 1
        except Exception as error:  # libraries of fifty protocols
            yield Found(address, f"{_shown(address)}: {remote.reason(error)}")
            return
        if not count:
            yield Found(address, f"{_shown(address)}: there is nothing at this address. Check it.")

    def _playlist(self, playlist: Path) -> Iterator[Found]:
        """Yield what a playlist names, relative to its folder; lists in lists too, but none twice."""
        real = os.path.realpath(playlist)
        if real in self._lists:
            return
        self._lists.add(real)
        try:
            with playlist.open("rb") as file:
                content = file.read(PLAYLIST_BYTES_MAX + 1)
        except OSError as error:
            yield Found(
                str(playlist), f"{_shown(playlist)}: the playlist cannot be read ({error.strerror}). Check the path."
            )
            return
        if len(content) > PLAYLIST_BYTES_MAX:
            yield Found(str(playlist), f"{_shown(playlist)}: this is too long for a playlist. Give the folder instead.")
            return
        for line in content.removeprefix(BYTE_ORDER_MARK).splitlines():
            entry = line.strip()
            if entry and not entry.startswith(b"#"):
                yield from self._listed(entry, playlist)

    def _listed(self, entry: bytes, playlist: Path) -> Iterator[Found]:
        with suppress(ValueError):  # a name may look like a broken address
            address = urlsplit(entry)
            if address.scheme == b"file":
                entry = unquote_to_bytes(address.path)
            elif len(address.scheme) > 1 and address.netloc:  # one letter is a drive of Windows
                shown = entry.decode("utf-8", "backslashreplace")
                yield Found(shown, f"{shown}: this is an address. Only files are heard; save it to one first.")
                return
        candidates = _spellings(entry, playlist)
        there = next((path for path in candidates if os.path.lexists(path)), candidates[0])
        yield from self._named(str(there))

    def _once(self, path: Path) -> Iterator[Found]:
        return self._first(str(path), os.path.realpath(path))

    def _first(self, source: str, identity: str) -> Iterator[Found]:
        digest = hashlib.blake2b(os.fsencode(identity), digest_size=DIGEST_BYTES).digest()
        if digest in self._seen:
            self.repeated += 1
            return
        self._seen.add(digest)
        yield Found(source)


def _spellings(entry: bytes, playlist: Path) -> list[Path]:
    """Return the paths that an entry may mean, the likeliest first.

    m3u8 is UTF-8 and m3u was Latin-1 once; a name on disk may be neither. Windows writes its separator.
    """
    as_bytes = os.fsdecode(entry)  # UTF-8, or the very bytes of the name
    texts = [as_bytes]
    if playlist.suffix.lower() == ".m3u":
        latin = entry.decode("latin-1")
        try:
            entry.decode("utf-8")
            texts = [as_bytes, latin]
        except UnicodeDecodeError:
            texts = [latin, as_bytes]
    texts += [text.replace("\\", "/") for text in texts if "\\" in text]
    return [playlist.parent / text for text in texts]


def _lines(stream: BinaryIO, separator: bytes) -> Iterator[bytes]:
    """Yield what stands between separators, without what is empty; a line may end in CR LF."""
    rest = b""
    while block := stream.read(1 << 16):
        *lines, rest = (rest + block).split(separator)
        yield from filter(None, (line.removesuffix(b"\r") if separator == b"\n" else line for line in lines))
    if last := rest.removesuffix(b"\r"):
        yield last


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name too long, a NUL in it: it fails when it is heard
        return False


def _shown(path: str | Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
