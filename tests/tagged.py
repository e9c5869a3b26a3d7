"""Recordings whose files say a lot of themselves, in every way that tags are written, and what they say."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import soundfile
from mutagen.aiff import AIFF
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, COMM, ID3, PRIV, TCON, TDRC, TIT2, TPE1, TXXX, UFID
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE
from PIL import Image
from sound_files import write_sound

from genre import decoders

RATE = 22_050
V1 = b"TAG" + b"Old title".ljust(30, b"\0") + b"Somebody else".ljust(30, b"\0") + bytes(30) + b"1999"
V1 += b"a remark".ljust(30, b"\0") + b"\x11"  # the genre: Rock


def sound() -> np.ndarray:
    """Return 1.5 s of a chord in noise, float32 [n]."""
    time = np.arange(int(1.5 * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330))
    return (0.1 * chord + 0.02 * np.random.default_rng(3).standard_normal(time.size)).astype(np.float32)


def cover() -> bytes:
    """Return a picture that does not get smaller by packing."""
    pixels = np.random.default_rng(4).integers(0, 256, (120, 120, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def frames(version: int, genres: tuple[str, ...] = ("Rock", "Blues")) -> ID3:
    """Return an ID3 tag with odd frames in it."""
    tags = ID3()
    code = 3 if version == 4 else 1
    tags.add(TIT2(encoding=code, text=["Ein Stück 音乐"]))
    tags.add(TPE1(encoding=code, text=["A", "B"]))
    tags.add(TDRC(encoding=0, text=["2001-02-03"]))
    tags.add(COMM(encoding=code, lang="eng", desc="d", text=["remark"]))
    tags.add(TXXX(encoding=code, desc="MOOD", text=["calm"]))
    tags.add(UFID(owner="http://musicbrainz.org", data=b"0123"))
    tags.add(PRIV(owner="x", data=bytes(range(256))))
    tags.add(APIC(encoding=0, mime="image/png", type=3, desc="front", data=cover()))
    tags.add(TCON(encoding=code, text=list(genres)))
    if version == 3:
        tags.update_to_v23()
    return tags


def frame(name: bytes, data: bytes, flags: bytes = b"\0\0") -> bytes:
    """Return an ID3v2.3 frame as bytes."""
    return name + struct.pack(">I", len(data)) + flags + data


def tag(version: int, content: bytes) -> bytes:
    """Return an ID3v2 tag of these bytes, with padding."""
    size = len(content) + 200
    return b"ID3" + bytes([version, 0, 0, *((size >> shift) & 0x7F for shift in (21, 14, 7, 0))]) + content + bytes(200)


def mp3_v24(path: Path) -> None:
    write_sound(path, sound(), kind="mp3")
    frames(4).save(path)


def mp3_v23_and_v1(path: Path) -> None:
    write_sound(path, sound(), kind="mp3")
    frames(3).save(path, v2_version=3, v23_sep=None)
    path.write_bytes(path.read_bytes() + V1)


def mp3_v22(path: Path) -> None:
    write_sound(path, sound(), kind="mp3")
    texts = (b"TT2", b"Title"), (b"TP1", b"Somebody"), (b"TYE", b"1999"), (b"TCO", b"(17)")
    content = b"".join(name + struct.pack(">I", len(text) + 1)[1:] + b"\0" + text for name, text in texts)
    path.write_bytes(tag(2, content) + path.read_bytes())


def mp3_v1(path: Path) -> None:
    write_sound(path, sound(), kind="mp3")
    path.write_bytes(path.read_bytes() + V1)


def mp3_odd(path: Path) -> None:
    """Frames that nobody knows, and a genre as a number."""
    write_sound(path, sound(), kind="mp3")
    content = frame(b"XYZW", b"who knows") + frame(b"TIT2", b"\0Title") + frame(b"TCON", b"\0(17)")
    path.write_bytes(tag(3, content) + path.read_bytes())


def mp3_bare(path: Path) -> None:
    write_sound(path, sound(), kind="mp3")


COMMENTS = [
    ("TITLE", "Ein Stück 音乐"),
    ("Genre", "Rock"),
    ("ARTIST", "A"),
    ("artist", "B"),
    ("GENRE", "Blues"),
    ("X", ""),
]


def picture() -> Picture:
    made = Picture()
    made.type, made.mime, made.desc, made.data = 3, "image/png", "front", cover()
    made.width = made.height = 120
    return made


def flac(path: Path) -> None:
    write_sound(path, sound(), kind="flac")
    file = FLAC(path)
    file.tags.extend(COMMENTS)
    file.add_picture(picture())
    file.save()


def flac_bare(path: Path) -> None:
    write_sound(path, sound(), kind="flac")


def _ogg(path: Path, kind: str, opened: Callable[[Path], Any]) -> None:
    import base64

    write_sound(path, sound(), kind=kind)
    file = opened(path)
    file.tags.extend([*COMMENTS, ("METADATA_BLOCK_PICTURE", base64.b64encode(picture().write()).decode())])
    file.save()


def ogg(path: Path) -> None:
    _ogg(path, "ogg", OggVorbis)


def opus(path: Path) -> None:
    _ogg(path, "opus", OggOpus)


def m4a(path: Path) -> None:
    write_sound(path, sound(), kind="m4a")
    file = MP4(path)
    file["\xa9nam"], file["\xa9gen"], file["trkn"] = ["Ein Stück 音乐"], ["Rock", "Blues"], [(3, 12)]
    file["covr"] = [MP4Cover(cover(), MP4Cover.FORMAT_PNG)]
    file["----:com.apple.iTunes:MOOD"] = [b"calm"]
    file.save()


def m4a_gnre(path: Path) -> None:
    """The genre as a number, as iTunes writes it."""
    write_sound(path, sound(), kind="m4a")
    file = MP4(path)
    file["\xa9nam"], file["\xa9gen"] = ["Title"], ["ab"]
    file.save()
    content = path.read_bytes()
    at = content.index(b"\xa9gen")
    atom = b"gnre" + content[at + 4 : at + 12] + bytes(8) + b"\x00\x12"  # 18: Rock
    path.write_bytes(content[:at] + atom + content[at + len(atom) :])


def mp4_bare(path: Path) -> None:
    write_sound(path, sound(), kind="mp4")


def wav(path: Path) -> None:
    write_sound(path, sound())
    file = WAVE(path)
    file.tags = None
    file.add_tags()
    for one in frames(4).values():
        file.tags.add(one)
    file.save()


def wav_bare(path: Path) -> None:
    write_sound(path, sound())


def aiff(path: Path) -> None:
    soundfile.write(path, sound(), RATE, format="AIFF")
    file = AIFF(path)
    file.add_tags()
    for one in frames(4).values():
        file.tags.add(one)
    file.save()


# name -> what writes it, and the genres that it states
KINDS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "v24.mp3": (mp3_v24, ("Rock", "Blues")),
    "v23_and_v1.mp3": (mp3_v23_and_v1, ("Rock", "Blues")),
    "v22.mp3": (mp3_v22, ("Rock",)),
    "v1.mp3": (mp3_v1, ("Rock",)),
    "odd.mp3": (mp3_odd, ("Rock",)),
    "bare.mp3": (mp3_bare, ()),
    "a.flac": (flac, ("Rock", "Blues")),
    "bare.flac": (flac_bare, ()),
    "a.ogg": (ogg, ("Rock", "Blues")),
    "a.opus": (opus, ("Rock", "Blues")),
    "a.m4a": (m4a, ("Rock", "Blues")),
    "gnre.m4a": (m4a_gnre, ("Rock",)),
    "bare.mp4": (mp4_bare, ()),
    "a.wav": (wav, ("Rock", "Blues")),
    "bare.wav": (wav_bare, ()),
    "a.aiff": (aiff, ("Rock", "Blues")),
}


def make(folder: Path, name: str) -> Path:
    """Write one of KINDS."""
    path = folder / name
    KINDS[name][0](path)
    return path


def samples(path: Path) -> np.ndarray:
    """Return all that is decoded of a file, float32 [n, channels]."""
    with decoders.opened(path, 0.0) as decoder:
        return np.concatenate(list(decoder.blocks()))


def other_tags(path: Path) -> Any:
    """Return everything that mutagen finds in a file besides genres, to be compared."""
    file = mutagen.File(path)
    found: dict[str, Any] = {"length": file.info.length, "odd": frame(b"XYZW", b"who knows") in path.read_bytes()}
    if isinstance(file, FLAC):
        found["blocks"] = [(block.code, block.write()) for block in file.metadata_blocks if block.code not in (1, 4)]
    if isinstance(file, (MP3, WAVE, AIFF)):
        tail = path.read_bytes()[-128:]
        found["v1"] = tail[:-1] if tail.startswith(b"TAG") else b""
        for key, value in (file.tags or {}).items():
            if key != "TCON":
                found[key] = repr(value)
    elif isinstance(file, MP4):
        found |= {key: value for key, value in (file.tags or {}).items() if key != "\xa9gen"}
    else:
        found["comments"] = [(key, value) for key, value in file.tags or [] if key.lower() != "genre"]
    return found
