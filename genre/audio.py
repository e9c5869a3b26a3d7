"""From a file, its bytes or an array to what every later stage hears: mono float32 at 22 050 Hz, cropped and checked.

A room of its own because what is fit to be looked at is decided once, whatever the sound came from: `genre.decoders`
hands over blocks, and here they are mixed, resampled and measured. The only room that imports soxr. What cannot be
read or heard becomes an AudioError that names the file.
"""

import logging
import math
import os
from dataclasses import dataclass

import numpy as np
import soxr  # type: ignore[import-untyped]

from genre.decoders import Decoder, Samples, ends_before, is_number, opened
from genre.decoders import Source as Source  # callers know it as audio.Source
from genre.errors import AudioError, SettingsError
from genre.settings import (
    CLIP_SECONDS,
    CLIP_SECONDS_MAX,
    CLIP_SECONDS_MIN,
    SAMPLE_RATE,
    SECONDS_MIN,
    START_SECONDS_MAX,
    WHOLE_SECONDS_MAX,
)
from genre.streams import UnreadableError

logger = logging.getLogger(__name__)

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
PROMISE_SLACK_SECONDS = 0.25  # encoders pad, containers round: less than this missing at the end is not a break


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
    shown = shown_name(source, name)
    try:
        with opened(source, start) as decoder:
            crop = _mixed(decoder, clip_seconds)
        if crop.cancelled:
            with opened(source, start) as decoder:
                crop = _mixed(decoder, clip_seconds, channel=crop.loudest)
        return _checked(crop, shown, float(start))
    except UnreadableError as error:
        logger.debug("%s cannot be read", shown, exc_info=True)
        reason = str(error)
    raise AudioError(f"{shown}: {reason}")  # out here it does not keep the decoder and the file's bytes alive


def checked(samples: Samples, source: str, start: float, *, cut: int = 0, bad: int = 0, among: int = 1) -> Audio:
    """Return sound that a `Mixer` made, [n], as what `load` would return of it; AudioError where that refuses.

    cut, bad: what the mixer counted, among so many samples.
    """
    clipped, nonfinite = cut > CLIPPED_SHARE * among, bad / max(1, among)
    crop = _Crop(samples.copy(), len(samples) / SAMPLE_RATE, False, clipped, nonfinite, False, 0)
    try:
        return _checked(crop, source, start)
    except UnreadableError as error:
        raise AudioError(f"{source}: {error}") from None


def shown_name(source: Source, name: str | None) -> str:
    """Return what errors call a source: `name`, or its path, printable."""
    shown = name or (os.fsdecode(source) if isinstance(source, str | os.PathLike) else "")
    shown = shown or ("array" if isinstance(source, tuple) else "bytes")
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")  # not every file name can be printed


def check_start(start: float) -> None:
    """Raise SettingsError where a start, in seconds, is out of range."""
    if not is_number(start) or not 0 <= start <= START_SECONDS_MAX:
        raise SettingsError(f"start={start!r} is out of range; give 0 to {START_SECONDS_MAX:g} seconds.")


def _check_crop(start: float, clip_seconds: float | None) -> None:
    check_start(start)
    if clip_seconds is None:
        return
    if not is_number(clip_seconds) or not CLIP_SECONDS_MIN <= clip_seconds <= CLIP_SECONDS_MAX:
        raise SettingsError(
            f"clip_seconds={clip_seconds!r} is out of range; give {CLIP_SECONDS_MIN:g} to {CLIP_SECONDS_MAX:g} "
            "seconds, or None for the whole file."
        )


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


class Mixer:
    """Makes mono sound at SAMPLE_RATE of blocks as they come, and keeps count of what is odd about them.

    Files and live sound go through it alike. The sound lags a few milliseconds behind the blocks until `end`.
    """

    def __init__(self, rate: int, channels: int, channel: int | None = None) -> None:
        self.rate, self.channels = rate, channels
        self.taken = self.cut = self.bad = 0  # frames; samples that look cut off, and that are no numbers
        self._made = 0  # samples at SAMPLE_RATE
        self._mix_power, self._power = 0.0, np.zeros(channels)
        self._picked = channel is not None  # one channel is heard instead of the mean of all
        self._weights = np.full(channels, 1 / channels, np.float32)
        if channel is not None:
            self._weights = np.eye(channels, dtype=np.float32)[channel]
        self._resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def put(self, block: Samples) -> Samples:
        """Return the mono sound [m] that one more block [n, channels] makes; what is no number becomes silence."""
        self.taken += len(block)
        peak = float(max(block.max(initial=0.0), -block.min(initial=0.0)))
        if not peak <= SAMPLE_MAX:  # NaN is not
            wrong = ~(np.abs(block) <= SAMPLE_MAX)
            self.bad += int(np.count_nonzero(wrong))
            block = np.where(wrong, np.float32(0), block)
        if peak >= FLAT_LEVEL:
            self.cut += _cut(block, peak)
        mono = block @ self._weights
        self._mix_power += float(np.dot(mono, mono))
        self._power += [np.dot(one, one) for one in block.T]
        sound: Samples = self._resampler.resample_chunk(mono)
        self._made += len(sound)
        return sound

    def end(self) -> Samples:
        """Return the sound [m] that was still on its way; the mixer takes no more."""
        if not self.taken:
            return np.empty(0, np.float32)
        rest: Samples = self._resampler.resample_chunk(np.empty(0, np.float32), last=True)
        return rest[: max(0, round(self.taken / self.rate * SAMPLE_RATE) - self._made)]

    @property
    def cancelled(self) -> bool:
        """Whether the channels are wired against each other: their mean is silent, they are not."""
        return bool(not self._picked and self._mix_power < CANCELLED * self._power.mean())

    @property
    def loudest(self) -> int:
        """The channel with the most power."""
        return int(self._power.argmax())


def _mixed(decoder: Decoder, clip_seconds: float | None, channel: int | None = None) -> _Crop:
    """Take the crop, mix its channels (or pick one) and resample, a block at a time."""
    rate, promised = decoder.rate, decoder.promised
    limit = round((WHOLE_SECONDS_MAX if clip_seconds is None else clip_seconds) * rate)
    mixer = Mixer(rate, decoder.channels, channel)
    # Memory that is never written is never taken, so the buffer may be as long as the crop might become.
    samples = np.empty(math.ceil(limit / rate * SAMPLE_RATE) + 1, np.float32)
    filled = 0
    whole = clip_seconds is None
    if whole and (promised or 0) > limit:
        raise UnreadableError(_too_long())
    for block in decoder.blocks():
        if whole and mixer.taken + len(block) > limit:
            raise UnreadableError(_too_long())
        filled += _put(mixer.put(block[: limit - mixer.taken]), samples[filled:])
        if mixer.taken == limit and not whole:
            break
    filled += _put(mixer.end(), samples[filled:])
    samples.resize(filled, refcheck=False)
    missing = min(limit, promised or 0) - mixer.taken
    return _Crop(
        samples=samples,
        seconds=mixer.taken / rate,
        truncated=decoder.broken or missing > PROMISE_SLACK_SECONDS * rate,
        clipped=mixer.cut > CLIPPED_SHARE * mixer.taken * decoder.channels,
        nonfinite=mixer.bad / max(1, mixer.taken * decoder.channels),
        cancelled=mixer.cancelled,
        loudest=mixer.loudest,
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
        raise UnreadableError(ends_before(start))
    if crop.seconds < SECONDS_MIN:
        if start:
            raise UnreadableError(
                f"only {crop.seconds:.2f} s of sound can be read after start={start:g} s; {SECONDS_MIN:g} s is the "
                "least. Choose a longer recording or an earlier start."
            )
        raise UnreadableError(
            f"only {crop.seconds:.2f} s of sound can be read; {SECONDS_MIN:g} s is the least. Choose a longer "
            "recording."
        )
    if crop.nonfinite > NONFINITE_SHARE_MAX:
        raise UnreadableError("most of its samples are not numbers (NaN or infinite). Export it again.")
    offset = float(crop.samples.mean(dtype=np.float64))
    samples = np.subtract(crop.samples, np.float32(offset), out=crop.samples)
    rms = math.sqrt(np.dot(samples, samples) / len(samples))
    if rms < SILENT_RMS:
        raise UnreadableError("there is nothing to hear, only silence. Check the recording or choose another part.")
    noticed = {
        "quiet": rms < QUIET_RMS,
        "clipped": crop.clipped,
        "dc": abs(offset) > max(DC_MIN, DC_SHARE * rms),
        "nonfinite": crop.nonfinite > 0,
        "truncated": crop.truncated,
    }
    warnings = tuple(code for code, seen in noticed.items() if seen)
    return Audio(samples, SAMPLE_RATE, shown, start, crop.truncated, warnings)
