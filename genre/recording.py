"""A recording of any length as one stream of sound, a block at a time.

A room of its own because `audio.load` holds the clip that it checks, and an hour is too much to hold. The sound is
mixed and resampled by the same `audio.Mixer`. Damage costs the stretch that it covers: behind it the stream goes on.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from genre.audio import CANCELLED, CLIPPED_SHARE, PROMISE_SLACK_SECONDS, Mixer, Source, check_start, shown_name
from genre.decoders import BLOCK_FRAMES, Decoder, Samples, is_number, opened
from genre.errors import AudioError, SettingsError
from genre.settings import STREAM_SECONDS_MAX
from genre.streams import UnreadableError

logger = logging.getLogger(__name__)

GAP_SECONDS = 1.0  # skipped where a decoder is stuck; every further attempt at the same place skips twice as much
ATTEMPTS_MAX = 32  # to get past damage, in one recording


@contextmanager
def streamed(
    source: Source,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    seconds_max: float = STREAM_SECONDS_MAX,
    name: str | None = None,
) -> Iterator["Recording"]:
    """Open a recording of any length; `Recording.blocks` gives its sound.

    source and name: as for `audio.load`. start, seconds: the part that is wanted; None goes to the end, and a recording
    of more than `seconds_max` is then refused. Raises SettingsError for a bad part and AudioError for what cannot be
    read, the latter while the blocks come too.
    """
    check_start(start)
    if seconds is not None and not (is_number(seconds) and 0 < seconds <= STREAM_SECONDS_MAX):
        raise SettingsError(f"seconds={seconds!r} is out of range; give up to {STREAM_SECONDS_MAX:g}, or None.")
    shown = shown_name(source, name)
    try:
        with opened(source, start) as decoder:
            recording = Recording(source, shown, float(start), decoder)
            recording.limit(seconds, seconds_max)
            yield recording
            return
    except UnreadableError as error:
        logger.debug("%s cannot be read", shown, exc_info=True)
        reason = str(error)
    raise AudioError(f"{shown}: {reason}")


class Recording:
    """Sound on its way through, made by `streamed`."""

    def __init__(self, source: Source, shown: str, start: float, decoder: Decoder) -> None:
        self.source = shown  # what errors call it
        self.start = start  # seconds into the source
        self.truncated = False  # it broke off, or something in it could not be decoded
        self._given = source
        self._decoder = decoder
        self._mixer = Mixer(decoder.rate, decoder.channels)
        self._channel: int | None = None  # heard alone, because the channels cancel each other
        self._limit = round(STREAM_SECONDS_MAX * decoder.rate)  # frames
        self._whole = True

    def limit(self, seconds: float | None, seconds_max: float) -> None:
        """Take that much and no more, or with None everything, if it is no more than `seconds_max`."""
        self._whole = seconds is None
        self._limit = round((seconds_max if seconds is None else seconds) * self._decoder.rate)
        if self._whole and (self._decoder.promised or 0) > self._limit:
            raise UnreadableError(self._too_long())

    @property
    def promised(self) -> float | None:
        """Seconds that will come, according to the file; None where it does not say."""
        if self._decoder.promised is None:
            return None
        return min(self._decoder.promised, self._limit) / self._decoder.rate

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd about the sound so far, of audio.WARNINGS."""
        mixer = self._mixer
        clipped = mixer.cut > CLIPPED_SHARE * mixer.taken * mixer.channels
        noticed = {"clipped": clipped, "nonfinite": mixer.bad > 0, "truncated": self.truncated}
        return tuple(code for code, seen in noticed.items() if seen)

    def blocks(self) -> Iterator[Samples]:
        """Yield the sound, mono at SAMPLE_RATE, in blocks of about a second. What is silent or has an offset stays so.

        UnreadableError where the recording proves longer than it may be.
        """
        mixer, rate = self._mixer, self._decoder.rate
        for block in self._frames():
            if self._whole and mixer.taken + len(block) > self._limit:
                raise UnreadableError(self._too_long())
            sound = mixer.put(self._evading(block[: self._limit - mixer.taken]))
            if len(sound):
                yield sound
            if mixer.taken == self._limit:
                break
        missing = min(self._limit, self._decoder.promised or 0) - mixer.taken
        self.truncated |= missing > PROMISE_SLACK_SECONDS * rate
        if len(rest := mixer.end()):
            yield rest

    def _frames(self) -> Iterator[Samples]:
        """Yield frames [n, channels]; where the decoder is stuck, those behind the damage, with silence for it."""
        decoder, rate, channels = self._decoder, self._decoder.rate, self._decoder.channels
        yield from decoder.blocks()
        self.truncated |= decoder.broken
        gap = GAP_SECONDS
        for _ in range(ATTEMPTS_MAX if decoder.stuck else 0):
            taken, begin = self._mixer.taken, self._mixer.taken + round(gap * rate)
            if begin >= min(self._limit, decoder.promised or 0):
                return
            gap *= 2
            try:
                with opened(self._given, self.start + begin / rate) as again:
                    if again.broken or (again.rate, again.channels) != (rate, channels):
                        continue  # still in the middle of it
                    for block in again.blocks():
                        for at in range(self._mixer.taken, begin, BLOCK_FRAMES):
                            yield np.zeros((min(BLOCK_FRAMES, begin - at), channels), np.float32)
                        yield block
                    self.truncated |= again.broken
            except UnreadableError:  # there is nothing to be read from there on
                continue
            if self._mixer.taken > taken:
                gap = GAP_SECONDS

    def _evading(self, block: Samples) -> Samples:
        """Return the block, or one channel of it for as long as all together are next to nothing."""
        power = np.einsum("nc,nc->c", block, block)
        if block.shape[1] > 1 and power.any():  # silence says nothing about how channels are wired
            mix = block.mean(axis=1)
            if not np.dot(mix, mix) < CANCELLED * power.mean():
                self._channel = None
            elif self._channel is None:
                self._channel = int(power.argmax())
        if self._channel is None:
            return block
        return np.broadcast_to(block[:, self._channel : self._channel + 1], block.shape)

    def _too_long(self) -> str:
        hours = self._limit / self._decoder.rate / 3_600
        return f"it is longer than the {hours:g} hours that can be followed. Cut it, or give a part of it."


def cut(blocks: Iterable[Samples], places: Sequence[tuple[int, int]]) -> Iterator[list[Samples]]:
    """Yield for each block the stretches of sound that it completes; `places` are in the order of their ends."""
    held, begin, following = np.empty(0, np.float32), 0, 0
    for block in blocks:
        held = np.concatenate([held, block])
        ready = []
        while following < len(places) and places[following][1] <= begin + len(held):
            first, last = places[following]
            ready.append(held[first - begin : last - begin])
            following += 1
        keep = places[following][0] if following < len(places) else begin + len(held)
        dropped = min(len(held), max(0, keep - begin))
        held, begin = held[dropped:], begin + dropped
        yield ready
