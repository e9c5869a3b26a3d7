"""Settings from the environment (`GENRE_*`), and every limit of the product, in one place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from genre.errors import SettingsError

SAMPLE_RATE = 22_050  # Hz; what every spectrogram here is computed from

CLIP_SECONDS = 30.0  # default crop
CLIP_SECONDS_MIN, CLIP_SECONDS_MAX = 1.0, 600.0
START_SECONDS_MAX = 1_000_000.0  # eleven days; longer than any file, short enough to count frames in
WHOLE_SECONDS_MAX = 3_600.0  # longest "whole file": 318 MB of samples
STREAM_SECONDS_MAX = 86_400.0  # longest recording that is followed from its start to its end
PAGE_STREAM_SECONDS_MAX = 7_200.0  # longest one on the page
HOP_SECONDS, HOP_MIN, HOP_MAX = 3.0, 0.5, 60.0  # about so much from one window of a timeline to the next
SMOOTHING_SECONDS, SMOOTHING_MAX = 30.0, 3_600.0  # how long a segment of a timeline is expected to last
SECONDS_MIN = 1.0  # shorter sound is refused
SOURCE_RATE_MIN, SOURCE_RATE_MAX = 8_000, 192_000  # Hz
CHANNELS_MAX = 64
UNSURE_BELOW = 0.60  # a top answer under this probability is marked "unsure"

LIBRARY_FILE_SECONDS, LIBRARY_FILE_SECONDS_MAX = 300.0, 86_400.0  # longest that one recording of a library may take
LIBRARY_BATCH, LIBRARY_BATCH_MAX = 16, 1_024  # windows that a network gets at once: a fifth quicker than 8 on a CPU
LIBRARY_WORKERS_MAX = 256  # processes
LIBRARY_REMOTE_MB = 1_024  # longest file that is read from afar, by one process at a time

DEFAULT_MODEL = "vgg19_bn_cqt"
COMPARED_MIN, COMPARED_MAX = 2, 4  # models beside each other
COMPARED = (DEFAULT_MODEL, "resnet50_mel")  # where nobody chose
EXPLAINED_MAX = 3  # of the most likely genres, whose reasons are shown
VEIL_STRENGTH = 0.85  # how much of what did not count is veiled, 0 to 1
HUB_REPOSITORY = "ccmusic-database/music_genre"

Hub = Literal["huggingface", "modelscope"]
Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32", "bfloat16"]
Part = Literal["first", "middle", "all"]  # of every recording of a library
Engine = Literal["local", "ray"]  # what works through a library


@dataclass(frozen=True)
class Settings:
    """What a deployment may choose. Read once at a door and handed down."""

    host: str = "127.0.0.1"
    port: int = 7860
    models: tuple[Path, ...] = ()  # further folders of model folders
    cache: Path = Path.home() / ".cache" / "genre"
    hub: Hub = "huggingface"
    device: Device = "auto"
    precision: Precision = "auto"
    model_memory_mb: int = 1_024  # of loaded networks that are kept; the least recently used goes first
    max_upload_mb: int = 200
    concurrency: int = 2  # requests worked on at once, of the page and of programs each; the rest queue
    queue_size: int = 64  # requests waiting, likewise; more are turned away politely
    receive_seconds: int = 30  # that a client may keep the server waiting for the rest of a request
    api_token: str = field(default="", repr=False)  # what programs have to show; empty asks for none

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read GENRE_HOST, GENRE_PORT, GENRE_MODELS (separated like PATH), GENRE_CACHE, GENRE_HUB, GENRE_DEVICE,
        GENRE_PRECISION, GENRE_MODEL_MEMORY_MB, GENRE_MAX_UPLOAD_MB, GENRE_CONCURRENCY, GENRE_QUEUE_SIZE,
        GENRE_RECEIVE_SECONDS and GENRE_API_TOKEN; SettingsError names a bad one.
        """
        read = _Reader(environment)
        return cls(
            host=environment.get("GENRE_HOST") or cls.host,
            port=read.integer("GENRE_PORT", cls.port, 1, 65_535),
            models=tuple(Path(p).expanduser() for p in environment.get("GENRE_MODELS", "").split(os.pathsep) if p),
            cache=Path(environment.get("GENRE_CACHE") or cls.cache).expanduser(),
            hub=cast(Hub, read.choice("GENRE_HUB", cls.hub, ("huggingface", "modelscope"))),
            device=cast(Device, read.choice("GENRE_DEVICE", cls.device, ("auto", "cpu", "cuda"))),
            precision=cast(Precision, read.choice("GENRE_PRECISION", cls.precision, ("auto", "float32", "bfloat16"))),
            model_memory_mb=read.integer("GENRE_MODEL_MEMORY_MB", cls.model_memory_mb, 1, 1_048_576),
            max_upload_mb=read.integer("GENRE_MAX_UPLOAD_MB", cls.max_upload_mb, 1, 4_096),
            concurrency=read.integer("GENRE_CONCURRENCY", cls.concurrency, 1, 64),
            queue_size=read.integer("GENRE_QUEUE_SIZE", cls.queue_size, 1, 10_000),
            receive_seconds=read.integer("GENRE_RECEIVE_SECONDS", cls.receive_seconds, 1, 3_600),
            api_token=read.token("GENRE_API_TOKEN"),
        )


@dataclass(frozen=True)
class _Reader:
    environment: Mapping[str, str]

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        text = self.environment.get(name)
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            raise SettingsError(f"{name}={text!r} is not a whole number; give one from {low} to {high}.") from None
        if not low <= value <= high:
            raise SettingsError(f"{name}={value} is out of range; give a number from {low} to {high}.")
        return value

    def token(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not all("!" <= character <= "~" for character in value):  # and say nothing of what it is
            raise SettingsError(
                f"{name} cannot be sent in a header; use letters, digits and signs of ASCII, no spaces."
            )
        return value

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.environment.get(name) or default
        if value not in allowed:
            raise SettingsError(f"{name}={value!r} is not known; choose one of: {', '.join(allowed)}.")
        return value
