"""What reads sound: a path, bytes or an array is opened, and its frames come out in blocks of float32.

A room of its own because it is where hostile bytes meet C libraries: the only one that imports soundfile and PyAV.
Nothing a file says about itself is trusted: its kind is recognised by content, it is decoded only as far as it is
asked for, and whatever a decoder trips over becomes an UnreadableError that says what to do.
"""

import math
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, BinaryIO, Protocol, cast

import av
import numpy as np
import numpy.typing as npt
import soundfile  # type: ignore[import-untyped]

from genre.settings import CHANNELS_MAX, SOURCE_RATE_MAX, SOURCE_RATE_MIN
from genre.streams import (
    OPENING_READS,
    SEEKING_READS,
    Bytes,
    Stream,
    UnreadableError,
    is_honest_mp4,
    mp3_counts_frames,
    open_file,
)

Samples = npt.NDArray[np.float32]
Source = str | os.PathLike[str] | Bytes | tuple[int, npt.ArrayLike]

BLOCK_FRAMES = 1 << 15
PREROLL_SECONDS = 1.0  # decoded and dropped after a seek: AAC, Opus and Vorbis need a run-up
PYAV_PLANES_MAX = 7  # from eight on PyAV 18 looks for the end of the planes behind their array, and crashes
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
DURATION_TRUSTED = ("mov", "matroska")  # other demuxers guess from the bit rate, or go by what is there

_NOT_SOUND = (
    "this is not sound that can be read, or it is damaged. Give wav, flac, mp3, ogg, opus, m4a, mp4 or webm, "
    "and check that it plays."
)


class _NotMineError(Exception):
    """This decoder cannot read the file; another may."""


class Decoder(Protocol):
    """An opened sound, standing at the start of the crop."""

    rate: int
    channels: int
    promised: int | None  # frames from here to the end according to the file; None where it does not say
    broken: bool  # something could not be decoded
    stuck: bool  # and could not be passed over: there may be sound behind it

    def blocks(self) -> Iterator[Samples]:
        """Yield frames [n, channels] until the end, or until damage that cannot be skipped."""

    def close(self) -> None:
        """Let go of the file."""


@contextmanager
def opened(source: Source, start: float) -> Iterator[Decoder]:
    """Open the source with the first decoder that takes it: libsndfile, then ffmpeg's libraries."""
    if isinstance(source, tuple):
        yield _bounded(_ArrayDecoder(source, start))
        return
    with open_file(source) as file:
        stream = Stream(file)
        if not stream.read(1):
            raise UnreadableError("the file is empty. Choose one with sound in it.")
        decoder: Decoder
        try:
            decoder = _SoundFileDecoder(stream, start)
        except _NotMineError:
            decoder = _PyAVDecoder(stream, start)
        with closing(decoder):
            yield _bounded(decoder)


def _bounded(decoder: Decoder) -> Decoder:
    if not SOURCE_RATE_MIN <= decoder.rate <= SOURCE_RATE_MAX:
        raise UnreadableError(
            f"its sampling rate is {decoder.rate} Hz. Convert it to one from {SOURCE_RATE_MIN} to {SOURCE_RATE_MAX} Hz."
        )
    if not 1 <= decoder.channels <= CHANNELS_MAX:
        raise UnreadableError(f"it has {decoder.channels} channels. Mix it to {CHANNELS_MAX} or fewer.")
    return decoder


class _ArrayDecoder:
    """Samples that are in memory already."""

    broken = stuck = False

    def __init__(self, source: tuple[int, npt.ArrayLike], start: float) -> None:
        try:
            rate, values = source
            samples = np.asarray(values)
        except (TypeError, ValueError):
            raise UnreadableError("this is not (rate, array). Give the rate in Hz and the samples.") from None
        if not is_number(rate) or not math.isfinite(rate) or rate != int(rate):
            raise UnreadableError(f"the rate {rate!r} is not a whole number. Give it in Hz.")
        if samples.dtype.kind not in "iuf":
            raise UnreadableError(f"samples of type {samples.dtype} are not sound. Give integers or floats.")
        if samples.ndim not in (1, 2):
            raise UnreadableError(f"an array of shape {samples.shape} is not sound. Give [n] or [n, channels].")
        if samples.ndim == 1:
            samples = samples[:, np.newaxis]
        elif samples.shape[0] < samples.shape[1] and samples.shape[0] <= CHANNELS_MAX:
            samples = samples.T
        self.rate, self.channels = int(rate), samples.shape[1]
        begin = round(start * self.rate)
        if start and begin >= len(samples):
            raise UnreadableError(ends_before(start))
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

    def __init__(self, stream: Stream, start: float) -> None:
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
                raise UnreadableError(ends_before(start))
            if begin:
                self._file.seek(begin)
        except (soundfile.SoundFileError, ValueError, MemoryError) as error:
            if magic == b"RIFF":  # ffmpeg would search all of the file for a chunk of sound
                raise UnreadableError(_NOT_SOUND) from error
            raise _NotMineError from error
        self._source, self.broken, self.stuck = stream, False, False
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
            self.broken = self.stuck = True

    def close(self) -> None:
        self._file.close()


class _PyAVDecoder:
    """mp3, ogg, opus, m4a, mp4, webm and what libsndfile would not take, through ffmpeg's libraries.

    Seeks are as exact as the container's time stamps: one sample in m4a, half a millisecond in webm.
    """

    def __init__(self, stream: Stream, start: float) -> None:
        counted = mp3_counts_frames(stream)
        formats = f"{FORMATS},{MP4_FORMATS}" if is_honest_mp4(stream) else FORMATS
        self._source, self.broken, self.stuck = stream, False, False
        options = {"format_whitelist": formats, "codec_whitelist": CODECS, "protocol_whitelist": ""}
        try:
            stream.seek(0)
            stream.allow(OPENING_READS)
            self._container = av.open(
                cast(BinaryIO, stream), "r", options=options, metadata_errors="ignore", io_open=_refuse_to_open
            )
        except Exception as error:  # PyAV turns ffmpeg's codes into a dozen classes; any of them means the same here
            raise UnreadableError(_NOT_SOUND) from error
        container_name = self._container.format.name
        try:
            self._begin(start, container_name.startswith(DURATION_TRUSTED) or (container_name == "mp3" and counted))
        except BaseException:
            self._container.close()
            raise

    def _begin(self, start: float, duration_trusted: bool) -> None:
        """Go to `start` and decode the first frame, which tells rate and channels better than the header does."""
        if not self._container.streams.audio:
            raise UnreadableError("there is no sound track in it. Choose a file with sound.")
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
            raise UnreadableError(ends_before(start) if start else _NOT_SOUND)
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
                self.broken = self.stuck = True
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
        self.stuck = True

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


def ends_before(start: float) -> str:
    """Say that `start` is beyond the end."""
    return f"the sound ends before start={start:g} s. Choose an earlier start."


def is_number(value: object) -> bool:
    """Whether this is a number, of Python or NumPy; a bool is not."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
