"""Sound from a device, in blocks, through PortAudio: opened, read and closed without ever hanging.

A room of its own because PortAudio is a library of the system that may be missing: it is asked for only when somebody
listens, and whatever is wrong becomes an AudioError that names the fix. The only room that imports sounddevice.
"""

import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genre.errors import AudioError

log = logging.getLogger(__name__)

CHANNELS_MAX = 2  # a device that offers more is asked for its first two
BLOCK_SECONDS = 0.05
LATENCY_SECONDS = 0.2  # that the device may buffer, so that a busy machine loses nothing
QUEUE_SECONDS = 30.0  # that a busy reader may be late; then the oldest sound is dropped
STALLED_SECONDS = 5.0  # without sound, after which a device is given up
CLOSING_SECONDS = 2.0  # that closing a device may take; one that is gone can hang
POLL_SECONDS = 0.1  # between two looks at whether to stop waiting

NO_LIBRARY = (
    "the library PortAudio is not on this machine. Install it: apt-get install libportaudio2 (Debian, Ubuntu), "
    "dnf install portaudio (Fedora), brew install portaudio (macOS)."
)
NO_DEVICE = (
    "there is no device to listen with. Plug in a microphone and look with: genre listen --list-devices. "
    "Where PulseAudio or PipeWire runs (arecord finds nothing, pactl does): apt-get install libasound2-plugins."
)


@dataclass(frozen=True)
class Device:
    """Something that sound comes in from."""

    index: int
    name: str
    interface: str  # of the system: ALSA, Core Audio, …
    channels: int
    rate: int  # Hz
    default: bool


@dataclass(frozen=True)
class Chunk:
    """What came in: float32 [n, channels], and how many seconds before it were dropped."""

    samples: NDArray[np.float32]
    lost: float


def devices() -> list[Device]:
    """Return what can be listened with; AudioError where PortAudio is missing."""
    sounddevice = _sounddevice()
    interfaces = [interface["name"] for interface in sounddevice.query_hostapis()]
    default = sounddevice.default.device[0]
    return [
        Device(
            index=found["index"],
            name=found["name"],
            interface=interfaces[found["hostapi"]],
            channels=found["max_input_channels"],
            rate=round(found["default_samplerate"]),
            default=found["index"] == default,
        )
        for found in sounddevice.query_devices()
        if found["max_input_channels"] > 0
    ]


def find(wanted: str | None) -> Device:
    """Return the device of that number or name (a part that no other has will do), or the system's default one."""
    here = devices()
    if not here:
        raise AudioError(f"microphone: {NO_DEVICE}")
    if wanted is None:
        return next((device for device in here if device.default), here[0])
    if wanted.isdecimal():
        found = [device for device in here if device.index == int(wanted)]
    else:
        exact = [device for device in here if device.name == wanted]
        found = exact[:1] or [device for device in here if wanted.lower() in device.name.lower()]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{device.index} ({device.name})" for device in here)
    if found:
        raise AudioError(f"microphone: more than one device is called {wanted!r}. Choose one of: {known}.")
    raise AudioError(f"microphone: no device is called {wanted!r}. Choose one of: {known}.")


class Microphone:
    """An open device. Use as a context manager; AudioError where it cannot be opened."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.overruns = 0  # times that sound was lost
        self._channels = min(CHANNELS_MAX, device.channels)
        self._chunks: queue.Queue[NDArray[np.float32]] = queue.Queue(round(QUEUE_SECONDS / BLOCK_SECONDS))
        self._dropped = 0  # frames that were thrown away since the last read
        self._stream: Any = None

    def __enter__(self) -> Self:
        sounddevice, device = _sounddevice(), self.device
        try:
            self._stream = sounddevice.InputStream(
                device=device.index,
                channels=self._channels,
                samplerate=device.rate,
                dtype="float32",
                blocksize=round(BLOCK_SECONDS * device.rate),
                latency=LATENCY_SECONDS,
                callback=self._take,
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            log.debug("%s cannot be opened", device.name, exc_info=True)
            self.__exit__()
            raise AudioError(
                f"microphone: {device.name} cannot be opened ({error}). Close what else uses it, or choose another "
                "one from: genre listen --list-devices."
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        stream, self._stream = self._stream, None
        if stream is None:
            return
        closing = threading.Thread(target=_close, args=(stream,), name="microphone-closing", daemon=True)
        closing.start()
        closing.join(CLOSING_SECONDS)
        if closing.is_alive():
            log.warning("%s does not close", self.device.name)

    def read(self) -> Chunk:
        """Wait for what comes next; AudioError where nothing comes any more."""
        deadline = time.monotonic() + STALLED_SECONDS
        while True:
            try:
                samples = self._chunks.get(timeout=POLL_SECONDS)  # not longer, for Ctrl-C
                break
            except queue.Empty:
                if time.monotonic() > deadline:
                    raise AudioError(
                        f"microphone: {self.device.name} gives no sound any more. Check that it is plugged in and not "
                        "suspended, then start again."
                    ) from None
        dropped, self._dropped = self._dropped, 0
        return Chunk(samples, dropped / self.device.rate)

    @property
    def behind(self) -> float:
        """Seconds of sound that wait to be read."""
        return self._chunks.qsize() * BLOCK_SECONDS

    def _take(self, samples: NDArray[np.float32], frames: int, _: object, status: Any) -> None:
        """Keep a block; called by PortAudio, in a thread of its own, which must not wait."""
        if status.input_overflow:
            self.overruns += 1
        while True:
            try:
                self._chunks.put_nowait(samples.copy())
                return
            except queue.Full:
                try:
                    oldest = self._chunks.get_nowait()
                except queue.Empty:
                    continue
                self.overruns += 1
                self._dropped += len(oldest)


def _close(stream: Any) -> None:
    stream.abort(ignore_errors=True)
    stream.close(ignore_errors=True)


def _sounddevice() -> Any:
    try:
        import sounddevice  # type: ignore[import-untyped]
    except OSError as error:
        raise AudioError(f"microphone: {NO_LIBRARY}") from error
    return sounddevice
