"""What is in a recording besides its tags, told by other code than that which writes them.

The sound is compared as it is stored, packet by packet: what is equal there decodes to the same samples. Pictures of
covers are streams too, and the tags that ffmpeg's libraries know are told, so that a loss is noticed.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import av

from genre.streams import OPENING_READS, Stream, is_honest_mp4, open_file

# Formats whose tags are written. No demuxer here can be made to open another file.
FORMATS = "ogg,mp3,flac,wav,aiff"
MP4_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2"
READS = 1 << 62


@dataclass(frozen=True)
class Content:
    """All that must stay as it is when a genre is written."""

    streams: tuple[tuple[str, bytes, str], ...]  # codec, its set-up, digest of all packets
    tags: tuple[str, ...]  # what those of the file and its streams say, without genres


def content(path: Path) -> Content:
    """Return what is in a file; UnreadableError: it cannot be opened, ValueError: it cannot be taken apart."""
    with open_file(path) as file:
        stream = Stream(file)
        formats = FORMATS + ("," + MP4_FORMATS if is_honest_mp4(stream) else "")
        stream.seek(0)
        stream.allow(OPENING_READS)
        options = {"format_whitelist": formats}
        try:
            with av.open(
                cast(BinaryIO, stream), "r", options=options, metadata_errors="surrogateescape", io_open=_refuse_to_open
            ) as container:
                stream.allow(READS)
                digests = [hashlib.sha256() for _ in container.streams]
                for packet in container.demux():
                    if packet.size:
                        digests[packet.stream.index].update(f"{packet.pts} {packet.size} ".encode())
                        digests[packet.stream.index].update(bytes(packet))
                streams = tuple(map(_described, container.streams, digests))
                tags = list(container.metadata.items())
                for one in container.streams:
                    tags += one.metadata.items()
        except Exception as error:  # PyAV turns ffmpeg's codes into a dozen classes; any of them means the same here
            raise ValueError(f"{type(error).__name__}: {error}") from error
    return Content(streams, tuple(sorted(value for key, value in tags if key.lower() != "genre")))


def _described(stream: Any, packets: "hashlib._Hash") -> tuple[str, bytes, str]:
    setup = stream.codec_context
    return (
        (setup.name, setup.extradata or b"", packets.hexdigest()) if setup else (stream.type, b"", packets.hexdigest())
    )


def _refuse_to_open(*_: Any) -> NoReturn:
    raise OSError("a recording is one file")
