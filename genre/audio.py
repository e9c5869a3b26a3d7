"""From a file, its bytes or an array to what every later stage hears: mono float32 at 22 050 Hz, cropped and checked.

The only room that imports soundfile, PyAV and soxr. Nothing a file says about itself is trusted: its kind is
recognised by content, it is decoded in blocks and only as far as the crop reaches, and whatever a decoder trips
over becomes an AudioError that names the file.
"""

import io
import logging
import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import av
import numpy as np
import numpy.typing as npt
import soundfile  # type: ignore[import-untyped]
import soxr  # type: ignore[import-untyped]

from genre.errors import AudioError, SettingsError
from genre.settings import (
    CHANNELS_MAX,
    CLIP_SECONDS,
    CLIP_SECONDS_MAX,
    CLIP_SECONDS_MIN,
    SAMPLE_RATE,
    SECONDS_MIN,
    SOURCE_RATE_MAX,
    SOURCE_RATE_MIN,
    START_SECONDS_MAX,
    WHOLE_SECONDS_MAX,
)

logger = logging.getLogger(__name__)

Samples = npt.NDArray[np.float32]
Bytes = bytes | bytearray | memoryview
Source = str | os.PathLike[str] | Bytes | tuple[int, npt.ArrayLike]

WARNINGS = frozenset({"quiet", "clipped", "dc", "nonfinite", "truncated"})

SILENT_RMS = 10 ** (-80 / 20)  # below this there is nothing to hear: a muted microphone, 16-bit dither
QUIET_RMS = 10 ** (-50 / 20)
DC_MIN, DC_SHARE = 1e-3, 0.1  # an offset is worth a warning above both: full scale, and the RMS of the rest
# Clipped: more than this share near full scale and equal to the neighbour, or, as lossy codecs round the corners, over
# full scale; yet sound at a scale of its own, such as floats to ±32768, is not.
CLIPPED_SHARE, FLAT_LEVEL, FLAT_STEP, OVER_LEVEL, OVER_PEAK_MAX = 0.01, 0.98, 1e-4, 1.05, 4.0
CANCELLED = 1e-4  # power of the mix over that of its channels, −40 dB: channels wired against each other
SAMPLE_MAX = 1e12  # a float beyond it is garbage, and its square would not fit float32
NONFINITE_SHARE_MAX = 0.5

BLOCK_FRAMES = 1 << 15
PREROLL_SECONDS = 1.0  # decoded and dropped after a seek: AAC, Opus and Vorbis need a run-up
PROMISE_SLACK_SECONDS = 0.25  # encoders pad, containers round: less than this missing at the end is not a break
PYAV_PLANES_MAX = 7  # from eight on PyAV 18 looks for the end of the planes behind their array, and crashes
OPENING_READS, SEEKING_READS = 1 << 12, 1 << 15  # of 32 KB by ffmpeg: 128 MB to find sound, 1 GB to find the start
BAD_PACKETS_MAX = 100  # in a row; then the rest of the file is given up
UNKNOWN_FRAMES = 1 << 62  # libsndfile's "as many as there are" is 2^63 − 1
WAV_STREAMED_BYTES = 0x7F00_0000  # data sizes from here on are what programs that write to a pipe put for "unknown"

SOUNDFILE_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"riff", b"fLaC", b"FORM", b"caff", b".snd")
# What ffmpeg's libraries may open. Playlists, image sequences and text formats can name other files, so they are not
# here; and no demuxer gets a second file in any case.
FORMATS = "matroska,webm,ogg,mp3,aac,wav,flac,asf"
MP4_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2"
CODECS = (
    "aac,alac,mp3float,mp3,opus,vorbis,flac,ac3,eac3,wmav1,wmav2,"
    "pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
MP4_CLAIMS = re.compile(rb"(?=stsz.{8}(.{4})|trun.{4}(.{4})|elst.{4}(.{4}))", re.DOTALL)
MP4_CLAIMS_PER_BYTE = 4  # a sample takes at least a byte, and a few tracks have an edit each
MP4_BOXES_MAX, MP4_INDEX_BYTES_MAX = 1 << 18, 1 << 26  # a day of one-second fragments; the index of days
DURATION_TRUSTED = ("mov", "matroska")  # other demuxers guess from the bit rate, or go by what is there

_NOT_SOUND = (
    "this is not sound that can be read, or it is damaged. Give wav, flac, mp3, ogg, opus, m4a, mp4 or webm, "
    "and check that it plays."
)


@dataclass(frozen=True)
class Audio:
    """Sound that is fit to be looked at: mono, finite, not silent, at least a second long."""

    samples: Samples  # [n]
    sample_rate: int  # Hz, always SAMPLE_RATE
    source: str  # the path as given, "bytes", "array", or the name the caller gave
    start: float  # seconds into the source
    truncated: bool  # the file broke off or could not be decoded inside the crop; what was readable is here
    warnings: tuple[str, ...]  # of WARNINGS

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.samples) / self.sample_rate


def load(
    source: Source | Audio,
    *,
    start: float = 0.0,
    clip_seconds: float | None = CLIP_SECONDS,
    name: str | None = None,
) -> Audio:
    """Read `clip_seconds` of sound from `start` seconds on; None reads to the end.

    source: a path, a file's bytes, or (rate in Hz, int or float array [n], [n, channels] or [channels, n]);
    an Audio is returned as it is. Any rate from SOURCE_RATE_MIN to SOURCE_RATE_MAX, up to CHANNELS_MAX channels.
    name: what errors and `Audio.source` call it. Raises SettingsError for a bad start or length, else AudioError.
    """
    if isinstance(source, Audio):
        return source
    _check_crop(start, clip_seconds)
    shown = name or (os.fsdecode(source) if isinstance(source, str | os.PathLike) else "")
    shown = shown or ("array" if isinstance(source, tuple) else "bytes")
    shown = shown.encode("utf-8", "backslashreplace").decode("utf-8")  # not every file name can be printed
    try:
        with _opened(source, start) as decoder:
            crop = _mixed(decoder, clip_seconds)
        if crop.cancelled:
            with _opened(source, start) as decoder:
                crop = _mixed(decoder, clip_seconds, channel=crop.loudest)
        return _checked(crop, shown, float(start))
    except _UnreadableError as error:
        logger.debug("%s cannot be read", shown, exc_info=True)
        reason = str(error)
    raise AudioError(f"{shown}: {reason}")  # out here it does not keep the decoder and the file's bytes alive


class _UnreadableError(Exception):
    """Why there is no answer and what to do, without the file's name."""


class _NotMineError(Exception):
    """This decoder cannot read the file; another may."""


class _Decoder(Protocol):
    """An opened sound, standing at the start of the crop."""

    rate: int
    channels: int
    promised: int | None  # frames from here to the end according to the file; None where it does not say
    broken: bool  # something could not be decoded

    def blocks(self) -> Iterator[Samples]:
        """Yield frames [n, channels] until the end, or until damage that cannot be skipped."""

    def close(self) -> None:
        """Let go of the file."""


def _check_crop(start: float, clip_seconds: float | None) -> None:
    if not _is_number(start) or not 0 <= start <= START_SECONDS_MAX:
        raise SettingsError(f"start={start!r} is out of range; give 0 to {START_SECONDS_MAX:g} seconds.")
    if clip_seconds is None:
        return
    if not _is_number(clip_seconds) or not CLIP_SECONDS_MIN <= clip_seconds <= CLIP_SECONDS_MAX:
        raise SettingsError(
            f"clip_seconds={clip_seconds!r} is out of range; give {CLIP_SECONDS_MIN:g} to {CLIP_SECONDS_MAX:g} "
            "seconds, or None for the whole file."
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


@contextmanager
def _opened(source: Source, start: float) -> Iterator[_Decoder]:
    """Open the source with the first decoder that takes it: libsndfile, then ffmpeg's libraries."""
    if isinstance(source, tuple):
        yield _bounded(_ArrayDecoder(source, start))
        return
    with _file(source) as file:
        stream = _Stream(file)
        if not stream.read(1):
            raise _UnreadableError("the file is empty. Choose one with sound in it.")
        decoder: _Decoder
        try:
            decoder = _SoundFileDecoder(stream, start)
        except _NotMineError:
            decoder = _PyAVDecoder(stream, start)
        with closing(decoder):
            yield _bounded(decoder)


def _bounded(decoder: _Decoder) -> _Decoder:
    if not SOURCE_RATE_MIN <= decoder.rate <= SOURCE_RATE_MAX:
        raise _UnreadableError(
            f"its sampling rate is {decoder.rate} Hz. Convert it to one from {SOURCE_RATE_MIN} to {SOURCE_RATE_MAX} Hz."
        )
    if not 1 <= decoder.channels <= CHANNELS_MAX:
        raise _UnreadableError(f"it has {decoder.channels} channels. Mix it to {CHANNELS_MAX} or fewer.")
    return decoder


def _file(source: str | os.PathLike[str] | Bytes) -> BinaryIO:
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(bytes(source))
    if not isinstance(source, str | os.PathLike):
        raise _UnreadableError(f"a {type(source).__name__} is not sound. Give a path, bytes, or (rate, array).")
    try:
        path = Path(os.fsdecode(source))
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _UnreadableError("this is a folder. Choose a file in it.")
        if not stat.S_ISREG(mode):  # opening a pipe or a device could wait for ever
            raise _UnreadableError("this is not an ordinary file. Save the sound to a file first.")
        return path.open("rb")
    except FileNotFoundError:
        raise _UnreadableError("there is no such file. Check the path.") from None
    except PermissionError:
        raise _UnreadableError("permission to read it is missing. Change its permissions, or copy it.") from None
    except (OSError, ValueError) as error:  # a name too long, a loop of links, a NUL in the path, …
        raise _UnreadableError(f"the file cannot be opened ({error}). Check the path.") from None


class _Stream:
    """A file for the decoders: without a name to guess the format by, without exceptions, and without endless searches.

    libsndfile calls back through cffi, which would print a traceback; to it a failed read is the end of the file.
    A decoder that has used up its reads without coming up with something is told that the file ends.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.allow(OPENING_READS)

    def allow(self, reads: int) -> None:
        self._reads_left = reads

    def read(self, count: int) -> bytes:
        self._reads_left -= 1
        with suppress(OSError, ValueError):
            return self._file.read(count) if self._reads_left >= 0 else b""
        return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with suppress(OSError, ValueError, OverflowError):
            self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        return self._file.tell()


class _ArrayDecoder:
    """Samples that are in memory already."""

    broken = False

    def __init__(self, source: tuple[int, npt.ArrayLike], start: float) -> None:
        try:
            rate, values = source
            samples = np.asarray(values)
        except (TypeError, ValueError):
            raise _UnreadableError("this is not (rate, array). Give the rate in Hz and the samples.") from None
        if not _is_number(rate) or not math.isfinite(rate) or rate != int(rate):
            raise _UnreadableError(f"the rate {rate!r} is not a whole number. Give it in Hz.")
        if samples.dtype.kind not in "iuf":
            raise _UnreadableError(f"samples of type {samples.dtype} are not sound. Give integers or floats.")
        if samples.ndim not in (1, 2):
            raise _UnreadableError(f"an array of shape {samples.shape} is not sound. Give [n] or [n, channels].")
        if samples.ndim == 1:
            samples = samples[:, np.newaxis]
        elif samples.shape[0] < samples.shape[1] and samples.shape[0] <= CHANNELS_MAX:
            samples = samples.T
        self.rate, self.channels = int(rate), samples.shape[1]
        begin = round(start * self.rate)
        if start and begin >= len(samples):
            raise _UnreadableError(_ends_before(start))
        self._samples = samples[begin:]
        self.promised: int | None = len(self._samples)

    def blocks(self) -> Iterator[Samples]:
        for begin in range(0, len(self._samples), BLOCK_FRAMES):
            yield _as_float(self._samples[begin : begin + BLOCK_FRAMES])

    def close(self) -> None:
        pass


class _ForwardSoundFile(soundfile.SoundFile):  # type: ignore[misc]
    """A SoundFile that does not seek after every read: at the end of a FLAC of unknown length that fails."""

    def seekable(self) -> bool:
        return False


class _SoundFileDecoder:
    """wav, flac and relatives, through libsndfile; its seeks are exact to the sample.

    Lossy formats are left to ffmpeg's libraries: after a seek libsndfile lacks the bits that mp3 frames lend each
    other, and its Opus takes three times as long.
    """

    def __init__(self, stream: _Stream, start: float) -> None:
        stream.seek(0)
        magic = stream.read(4)
        if magic not in SOUNDFILE_MAGIC:
            raise _NotMineError
        try:
            stream.seek(0)
            self._file = _ForwardSoundFile(stream)
            frames, begin = self._file.frames, round(start * self._file.samplerate)
            if self._file.subtype.startswith("MPEG") or not frames:  # a streamed WAV may say it has no data
                raise _NotMineError
            if begin >= frames:
                raise _UnreadableError(_ends_before(start))
            if begin:
                self._file.seek(begin)
        except (soundfile.SoundFileError, ValueError, MemoryError) as error:
            if magic == b"RIFF":  # ffmpeg would search all of the file for a chunk of sound
                raise _UnreadableError(_NOT_SOUND) from error
            raise _NotMineError from error
        self._source, self.broken = stream, False
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self.promised: int | None = frames - begin if frames < UNKNOWN_FRAMES else None
        claim = re.search(r"^data : (\d+) \(should be ([1-9]\d*)\)", self._file.extra_info, re.MULTILINE)
        if claim and int(claim[1]) < WAV_STREAMED_BYTES:  # libsndfile goes by the size of the file
            self.promised = frames * int(claim[1]) // int(claim[2]) - begin

    def blocks(self) -> Iterator[Samples]:
        try:
            while len(block := self._file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
                self._source.allow(OPENING_READS)
                yield block
        except soundfile.SoundFileError:
            self.broken = True

    def close(self) -> None:
        self._file.close()


class _PyAVDecoder:
    """mp3, ogg, opus, m4a, mp4, webm and what libsndfile would not take, through ffmpeg's libraries.

    Seeks are as exact as the container's time stamps: one sample in m4a, half a millisecond in webm.
    """

    def __init__(self, stream: _Stream, start: float) -> None:
        counted = _mp3_counts_frames(stream)
        formats = f"{FORMATS},{MP4_FORMATS}" if _is_honest_mp4(stream) else FORMATS
        self._source, self.broken = stream, False
        options = {"format_whitelist": formats, "codec_whitelist": CODECS, "protocol_whitelist": ""}
        try:
            stream.seek(0)
            stream.allow(OPENING_READS)
            self._container = av.open(
                cast(BinaryIO, stream), "r", options=options, metadata_errors="ignore", io_open=_refuse_to_open
            )
        except Exception as error:  # PyAV turns ffmpeg's codes into a dozen classes; any of them means the same here
            raise _UnreadableError(_NOT_SOUND) from error
        container_name = self._container.format.name
        try:
            self._begin(start, container_name.startswith(DURATION_TRUSTED) or (container_name == "mp3" and counted))
        except BaseException:
            self._container.close()
            raise

    def _begin(self, start: float, duration_trusted: bool) -> None:
        """Go to `start` and decode the first frame, which tells rate and channels better than the header does."""
        if not self._container.streams.audio:
            raise _UnreadableError("there is no sound track in it. Choose a file with sound.")
        self._stream = self._container.streams.audio[0]
        tick = float(self._stream.time_base or 0)  # seconds
        origin = self._stream.start_time or 0  # ticks
        run_up: int | None = None
        if tick and start > 2 * PREROLL_SECONDS:
            run_up = origin + int((start - PREROLL_SECONDS) / tick)
            self._source.allow(SEEKING_READS)
            with suppress(av.FFmpegError):  # a webm as browsers record it has no index; its packets are skipped
                self._container.seek(run_up, stream=self._stream)
        self._frames = self._decoded(run_up)
        first = next(self._frames, None)
        if first is None:
            raise _UnreadableError(_ends_before(start) if start else _NOT_SOUND)
        self._source.allow(OPENING_READS)
        self.rate, self._pending, pts = first
        self.channels = self._pending.shape[1]
        at = (pts - origin) * tick if run_up is not None and pts is not None else 0.0
        self._skip = max(0, round((start - at) * self.rate))
        seconds = 0.0
        if duration_trusted:
            seconds = (self._stream.duration or 0) * tick
            if not seconds and len(self._container.streams) == 1:
                seconds = (self._container.duration or 0) / av.time_base
        self.promised = round((seconds - start) * self.rate) if seconds else None

    def _decoded(self, run_up: int | None) -> Iterator[tuple[int, npt.NDArray[Any], int | None]]:
        """Yield (rate, [n, channels], time stamp), passing over packets before `run_up` and those that are damaged."""
        packets = self._container.demux(self._stream)
        interleave = av.AudioResampler(format="flt")
        failures = 0
        while failures < BAD_PACKETS_MAX:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except Exception:  # as above
                self.broken = True
                return
            if run_up is not None and packet.pts is not None and packet.pts < run_up:
                continue
            try:
                for decoded in packet.decode():
                    channels, planar = decoded.layout.nb_channels, decoded.format.is_planar
                    for frame in interleave.resample(decoded) if planar and channels > PYAV_PLANES_MAX else [decoded]:
                        samples = frame.to_ndarray()
                        shaped = samples.T if frame.format.is_planar else samples.reshape(-1, channels)
                        yield frame.sample_rate, shaped, frame.pts
                failures = 0
            except Exception:  # as above
                self.broken = True
                failures += 1

    def blocks(self) -> Iterator[Samples]:
        gathered, count = [self._pending[self._skip :]], len(self._pending)
        skip = max(0, self._skip - count)
        for rate, samples, _ in self._frames:
            if (rate, samples.shape[1]) != (self.rate, self.channels):  # another stream begins here
                self.broken = True
                break
            gathered.append(samples[skip:])
            skip = max(0, skip - len(samples))
            count += len(samples)
            if count >= BLOCK_FRAMES:
                self._source.allow(OPENING_READS)
                yield _as_float(np.concatenate(gathered))
                gathered, count = [], 0
        if gathered:
            yield _as_float(np.concatenate(gathered))

    def close(self) -> None:
        self._container.close()


def _mp3_counts_frames(stream: _Stream) -> bool:
    """Whether the first frame of an mp3 says how many there are; without that its length is a guess."""
    stream.seek(0)
    head = stream.read(10)
    if len(head) == 10 and head.startswith(b"ID3"):  # its length is in four bytes of seven bits
        stream.seek(10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)))
    first_frame = stream.read(256)
    return any(tag in first_frame for tag in (b"Xing", b"Info", b"VBRI"))


def _is_honest_mp4(stream: _Stream) -> bool:
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


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> None:
    raise PermissionError("a sound file may not open other files")


def _as_float(samples: npt.NDArray[Any]) -> Samples:
    """Scale integers of any width to ±1, unsigned ones about their middle; floats keep their values."""
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and counted as that
            return samples.astype(np.float32, copy=False)
    full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
    middle = full_scale if samples.dtype.kind == "u" else 0.0
    return ((samples.astype(np.float64) - middle) / full_scale).astype(np.float32)


def _ends_before(start: float) -> str:
    return f"the sound ends before start={start:g} s. Choose an earlier start."


@dataclass(frozen=True)
class _Crop:
    """The mixed and resampled sound, and what was noticed on the way."""

    samples: Samples
    seconds: float
    truncated: bool
    clipped: bool
    nonfinite: float  # share of the samples
    cancelled: bool
    loudest: int  # channel


def _mixed(decoder: _Decoder, clip_seconds: float | None, channel: int | None = None) -> _Crop:
    """Take the crop, mix its channels (or pick one) and resample, a block at a time."""
    rate, channels, promised = decoder.rate, decoder.channels, decoder.promised
    limit = round((WHOLE_SECONDS_MAX if clip_seconds is None else clip_seconds) * rate)
    weights = np.full(channels, 1 / channels, np.float32)
    if channel is not None:
        weights = np.eye(channels, dtype=np.float32)[channel]
    resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    # Memory that is never written is never taken, so the buffer may be as long as the crop might become.
    samples = np.empty(math.ceil(limit / rate * SAMPLE_RATE) + 1, np.float32)
    taken = filled = cut = bad = 0
    mix_power, power = 0.0, np.zeros(channels)
    whole = clip_seconds is None
    if whole and (promised or 0) > limit:
        raise _UnreadableError(_too_long())
    for block in decoder.blocks():
        if whole and taken + len(block) > limit:
            raise _UnreadableError(_too_long())
        block = block[: limit - taken]
        taken += len(block)
        peak = float(max(block.max(initial=0.0), -block.min(initial=0.0)))
        if not peak <= SAMPLE_MAX:  # NaN is not
            wrong = ~(np.abs(block) <= SAMPLE_MAX)
            bad += int(np.count_nonzero(wrong))
            block = np.where(wrong, np.float32(0), block)
        if peak >= FLAT_LEVEL:
            cut += _cut(block, peak)
        mono = block @ weights
        mix_power += float(np.dot(mono, mono))
        power += [np.dot(one, one) for one in block.T]
        filled += _put(resampler.resample_chunk(mono), samples[filled:])
        if taken == limit and not whole:
            break
    if taken:
        filled += _put(resampler.resample_chunk(np.empty(0, np.float32), last=True), samples[filled:])
    samples.resize(min(filled, round(taken / rate * SAMPLE_RATE)), refcheck=False)
    missing = min(limit, promised or 0) - taken
    return _Crop(
        samples=samples,
        seconds=taken / rate,
        truncated=decoder.broken or missing > PROMISE_SLACK_SECONDS * rate,
        clipped=cut > CLIPPED_SHARE * taken * channels,
        nonfinite=bad / max(1, taken * channels),
        cancelled=channel is None and mix_power < CANCELLED * power.mean(),
        loudest=int(power.argmax()),
    )


def _put(chunk: Samples, room: Samples) -> int:
    """Copy what fits and return how much that was."""
    count = min(len(chunk), len(room))
    room[:count] = chunk[:count]
    return count


def _cut(block: Samples, peak: float) -> int:
    """Count the samples that look cut off."""
    levels = np.abs(block)
    loud = levels >= FLAT_LEVEL
    if np.count_nonzero(loud) <= CLIPPED_SHARE * block.size:
        return 0
    flat = np.count_nonzero(loud[1:] & (np.abs(np.diff(block, axis=0)) < FLAT_STEP))
    over = np.count_nonzero(levels > OVER_LEVEL) if peak <= OVER_PEAK_MAX else 0
    return int(max(flat, over))


def _too_long() -> str:
    return f"it is longer than the {WHOLE_SECONDS_MAX / 60:g} minutes that are read whole. Choose a length and a start."


def _checked(crop: _Crop, shown: str, start: float) -> Audio:
    """Refuse what cannot be heard, take an offset out, and say what is odd about the rest."""
    if start and not crop.seconds:
        raise _UnreadableError(_ends_before(start))
    if crop.seconds < SECONDS_MIN:
        raise _UnreadableError(
            f"only {crop.seconds:.2f} s of sound can be read{f' after start={start:g} s' if start else ''}; "
            f"{SECONDS_MIN:g} s is the least. Choose a longer recording{' or an earlier start' if start else ''}."
        )
    if crop.nonfinite > NONFINITE_SHARE_MAX:
        raise _UnreadableError("most of its samples are not numbers (NaN or infinite). Export it again.")
    offset = float(crop.samples.mean(dtype=np.float64))
    samples = np.subtract(crop.samples, np.float32(offset), out=crop.samples)
    rms = math.sqrt(np.dot(samples, samples) / len(samples))
    if rms < SILENT_RMS:
        raise _UnreadableError("there is nothing to hear, only silence. Check the recording or choose another part.")
    noticed = {
        "quiet": rms < QUIET_RMS,
        "clipped": crop.clipped,
        "dc": abs(offset) > max(DC_MIN, DC_SHARE * rms),
        "nonfinite": crop.nonfinite > 0,
        "truncated": crop.truncated,
    }
    warnings = tuple(code for code, seen in noticed.items() if seen)
    return Audio(samples, SAMPLE_RATE, shown, start, crop.truncated, warnings)
