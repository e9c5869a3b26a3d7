"""The genre that a recording's file states: read it, or write it so that nothing else in the file changes.

The only room that imports mutagen. Of ID3 tags only the genre is taken apart: every other frame is carried over as its
very bytes, known or not, and a tag keeps its version. What mutagen cannot carry over is refused, not lost.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from mutagen import File, FileType
from mutagen.aac import AAC
from mutagen.aiff import AIFF
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TCO, TCON
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from genre.errors import GenreError

log = logging.getLogger(__name__)

SUPPORTED = "mp3, flac, ogg, opus, m4a, mp4, wav, aiff"
SEPARATOR = "; "  # between the genres of one file, in a row
TAG_CHARACTERS_MAX = 200  # of a genre in a row; nobody's genre is longer
V1_BYTES, V1_MARK, V1_NONE = 128, b"TAG", 255  # the old tag at the end of an mp3; its last byte is the genre
FLAC_PADDING, FLAC_COMMENTS = 1, 4  # codes of blocks
LOST = "\ufffd"  # what mutagen puts for bytes that are not UTF-8
MP4_GENRE = "\xa9gen"
FRAME_FLAGS, PACKED = 9, {3: 0x80, 4: 0x08}  # a byte of an ID3 frame's head, and what says "packed" there, by version
_GENRE_FRAMES = {"TCON": TCON, "TCO": TCO}


class TagError(GenreError):
    """The tags of a file cannot be read, or not written without harm."""


class NoTagsError(TagError):
    """A kind of file whose tags are not read or written here."""


class _Id3File(FileType):
    """A file with an ID3 tag of which only the genre is taken apart; what is packed, to any size, is refused."""

    def load(self, file: BinaryIO, **options: Any) -> None:
        options |= {"translate": False, "load_v1": False}
        super().load(file, **options, known_frames={})
        tags: Any = self.tags
        packed = PACKED.get(tags.version[1], 0) if tags is not None else 0
        if packed and any(frame[FRAME_FLAGS] & packed for frame in tags.unknown_frames):
            raise ValueError("some are packed")
        file.seek(0)
        super().load(file, **options, known_frames=_GENRE_FRAMES)


class _MP3(_Id3File, MP3): ...


class _WAVE(_Id3File, WAVE): ...


class _AIFF(_Id3File, AIFF): ...


_KINDS = (
    FLAC,
    OggFLAC,
    OggOpus,
    OggVorbis,
    _MP3,
    _WAVE,
    _AIFF,
    MP4,
    AAC,
)  # AAC, which holds no tags, so that nothing else takes such a file for its own


def stated(path: str) -> str | None:
    """Return the genres that a file states, as one text; None where it states none or cannot be read."""
    try:
        genres = read(Path(path))
    except TagError as error:
        log.debug("%s", error)
        return None
    shown = (" ".join(genre.split())[:TAG_CHARACTERS_MAX] for genre in genres)
    return SEPARATOR.join(filter(None, shown))[:TAG_CHARACTERS_MAX] or None


def read(path: Path) -> tuple[str, ...]:
    """Return the genres that a file states, in its order; TagError where its tags cannot be read."""
    file = _opened(path)
    tags: Any = file.tags
    if isinstance(file, _Id3File):
        frames = tags.getall("TCON") + tags.getall("TCO") if tags else []
        genres = [genre for frame in frames for genre in frame.genres]
        return tuple(genres) or (_v1_genres(path) if isinstance(file, _MP3) else ())
    values = (tags or {}).get(MP4_GENRE if isinstance(file, MP4) else "genre", [])
    return tuple(map(str, values))


def write(path: Path, genres: Sequence[str]) -> None:
    """Make these the genres that a file states, and change nothing else in it; none takes them away.

    To be called on a copy: a failure may leave it half written. TagError: nothing was, or what else is in its tags
    would not survive.
    """
    file = _opened(path)
    # An old version is written as a newer one: then all frames are taken apart, and compared by what they say.
    whole = isinstance(file, _Id3File) and (file.tags is None or file.tags.version[1] == 2)
    before = _others(file, path, whole)
    try:
        if isinstance(file, _Id3File):
            _write_id3(file, path, genres)
        else:
            _write_values(file, genres)
    except Exception as error:  # what odd tags do to mutagen is not always a MutagenError
        raise TagError(f"its tags cannot be written ({_reason(error)}).") from error
    if _others(_opened(path), path, whole) != before:
        raise TagError("its tags hold something that would be lost. Mend them with a tag editor first.")
    if read(path) != tuple(genres):
        raise TagError(f"the genre would read back as {SEPARATOR.join(read(path))!r}. Choose another word.")


def _opened(path: Path) -> Any:
    try:
        file = File(path, options=_KINDS)
    except Exception as error:  # what damaged tags do to mutagen is not always a MutagenError
        raise TagError(f"its tags cannot be read ({_reason(error)}).") from error
    if file is None or isinstance(file, AAC):
        raise NoTagsError(f"tags of such files are not written; those of {SUPPORTED} are.")
    return file


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _write_values(file: FileType, genres: Sequence[str]) -> None:
    if file.tags is None:
        file.add_tags()
    tags: Any = file.tags
    if isinstance(file, MP4):
        tags.pop(MP4_GENRE, None)
        if genres:
            tags[MP4_GENRE] = list(genres)
    else:
        comments = list(tags)
        if any(LOST in value for _, value in comments):
            raise ValueError("some are not UTF-8")
        others = [(key, value) for key, value in comments if key.lower() != "genre"]
        at = next((place for place, (key, _) in enumerate(comments) if key.lower() == "genre"), len(comments))
        name = comments[at][0] if at < len(comments) else "GENRE"
        tags[:] = [*others[:at], *((name, genre) for genre in genres), *others[at:]]
    file.save()


def _write_id3(file: FileType, path: Path, genres: Sequence[str]) -> None:
    tail = _v1(path) if isinstance(file, _MP3) else b""
    tags: Any = file.tags
    if tags is None and tail:
        tags = ID3(path)  # all that the old tag says becomes a new one, which players prefer
    elif tags is None:
        file.add_tags()
        tags = file.tags
    elif tags.version[1] == 2:  # mutagen writes that version no more
        tags = type(tags)(path, v2_version=3, load_v1=False)
    version = 3 if tags.version[1] in (2, 3) else 4
    tags.delall("TCON")
    if genres:
        tags.add(TCON(encoding=3 if version == 4 else 1, text=list(genres)))
    if tail:  # mutagen would write all of it anew
        os.truncate(path, path.stat().st_size - len(tail))
    tags.save(path, v2_version=version, v23_sep=None, **({"v1": 0} if isinstance(file, _MP3) else {}))
    if tail:
        with path.open("ab") as out:
            out.write(tail[:-1] + bytes([_v1_number(genres)]))


def _v1(path: Path) -> bytes:
    """Return the old tag at the end of an mp3; empty where there is none."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - V1_BYTES))
        tail = file.read()
    return tail if len(tail) == V1_BYTES and tail.startswith(V1_MARK) else b""


def _v1_genres(path: Path) -> tuple[str, ...]:
    tail = _v1(path)
    return (TCON.GENRES[tail[-1]],) if tail and tail[-1] < len(TCON.GENRES) else ()


def _v1_number(genres: Sequence[str]) -> int:
    known = [name.casefold() for name in TCON.GENRES]
    return next((known.index(genre.casefold()) for genre in genres if genre.casefold() in known), V1_NONE)


def _others(file: FileType, path: Path, whole: bool) -> Any:
    """Return all that the tags say besides the genre, to be compared."""
    tags: Any = file.tags
    if isinstance(file, _Id3File):
        return _other_frames(file, path, whole)
    if isinstance(file, MP4):
        return {key: value for key, value in (tags or {}).items() if key != MP4_GENRE}
    comments = [(key, value) for key, value in tags or [] if key.lower() != "genre"]
    if not isinstance(file, FLAC):
        return comments
    kept = [block for block in file.metadata_blocks if block.code not in (FLAC_PADDING, FLAC_COMMENTS)]
    return comments, [(block.code, block.write()) for block in kept]


def _other_frames(file: FileType, path: Path, whole: bool) -> Any:
    tail = _v1(path)[:-1] if isinstance(file, _MP3) else b""
    if not whole:
        return tail, sorted(file.tags.unknown_frames if file.tags is not None else [])
    if file.tags is None and not tail:
        return tail, [], []
    tags = ID3(path, v2_version=3) if file.tags is None else type(file.tags)(path, v2_version=3)
    frames = sorted((key, repr(frame)) for key, frame in tags.items() if key != "TCON")
    return tail, frames, sorted(tags.unknown_frames)
