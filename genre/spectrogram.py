"""Sound to picture: CQT, mel or chroma in decibels, cut into windows, drawn as the network was taught to see it.

Every number here travels with a checkpoint (`SpectrogramSpec`), because a network answers only for pictures drawn
the way its training pictures were. The only room that imports librosa.
"""

import functools
import io
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genre import machine_code, settings
from genre.errors import AudioError, ModelError
from genre.magma import MAGMA

Transform = Literal["cqt", "mel", "chroma"]
Rendering = Literal["magma", "gray"]
Short = Literal["repeat", "pad", "stretch"]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

C1 = 440.0 * 2.0 ** (-45 / 12)  # Hz; librosa's default fmin of the CQT
FLOOR_DB = -80.0  # librosa's default top_db under the loudest value

CHUNK_FRAMES = 2_584  # 60 s at 22 050 Hz and hop 512: bounds the memory of a transform
MARGIN_FRAMES = 64  # 1.5 s on each side, longer than the longest filter (0.74 s with its padding)

# A window as the published program saves it: the axes of matplotlib's default figure, 640 x 480 pixels.
PUBLISHED_WIDTH = 496  # pixels: 0.775 of the figure
PUBLISHED_HEIGHT = 369  # pixels kept of the axes' height
PUBLISHED_AXES_HEIGHT = Fraction("369.6")  # pixels: 0.77 of the figure; the part of a pixel is cut at the top
PUBLISHED_JPEG_QUALITY = 75
GRAY_QUANTILES = (0.01, 0.99)


@dataclass(frozen=True)
class SpectrogramSpec:
    """Everything that decides what a network sees of a sound. Bad values are a ModelError."""

    transform: Transform = "cqt"
    rendering: Rendering = "gray"
    sample_rate: int = settings.SAMPLE_RATE
    hop_length: int = 512
    n_bins: int = 84  # of the CQT
    bins_per_octave: int = 12
    fmin: float = C1  # Hz
    n_fft: int = 2_048  # of mel and chroma
    n_mels: int = 128
    n_chroma: int = 12
    window_seconds: float = 11.4
    # What fills a window that the recording does not. Measured on 5 s excerpts of 137 clips, cosine of random ResNet18
    # features with those of the full window: repeat 0.82, stretch 0.71, pad -0.14.
    short: Short = "repeat"
    image_size: int = 224  # pixels
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)

    def __post_init__(self) -> None:
        for name, allowed in (("transform", Transform), ("rendering", Rendering), ("short", Short)):
            if getattr(self, name) not in get_args(allowed):
                raise ModelError(
                    f"Spectrogram {name} {getattr(self, name)!r} is not known; "
                    f"choose one of: {', '.join(get_args(allowed))}."
                )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is int and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ModelError(f"Spectrogram {field.name} is {value!r}; it must be a whole number of at least 1.")
            if field.type is float and not (_is_number(value) and value > 0):
                raise ModelError(f"Spectrogram {field.name} is {value!r}; it must be a number above 0.")
        for name in ("mean", "std"):
            value = getattr(self, name)
            if not (isinstance(value, tuple) and len(value) == 3 and all(map(_is_number, value))):
                raise ModelError(f"Spectrogram {name} is {value!r}; it must be three numbers.")
        if min(self.std) <= 0:
            raise ModelError(f"Spectrogram std is {self.std!r}; its numbers must be above 0.")
        top = self.fmin * 2 ** ((self.n_bins - 1) / self.bins_per_octave)
        if self.transform == "cqt" and top >= self.sample_rate / 2:
            raise ModelError(f"Spectrogram n_bins {self.n_bins} reaches {top:.0f} Hz, past half the sample rate.")

    @classmethod
    def published(cls, transform: Transform, image_size: int = 224) -> Self:
        """Return what the CCMusic checkpoints saw: a window drawn in magma and saved as JPEG."""
        return cls(transform=transform, rendering="magma", image_size=image_size)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the "spectrogram" part of a model's config.json; absent keys take the defaults."""
        if not isinstance(values, Mapping):
            raise ModelError(f"The spectrogram of a config.json must be an object, not {type(values).__name__}.")
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise ModelError(f"Unknown spectrogram keys: {', '.join(unknown)}; known: {', '.join(known)}.")
        arguments: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        """Return every field as JSON can hold it."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @property
    def bins(self) -> int:
        """Rows of the spectrogram."""
        return {"cqt": self.n_bins, "mel": self.n_mels, "chroma": self.n_chroma}[self.transform]

    @property
    def window_frames(self) -> int:
        """Frames of a full window, where the recording does not decide them."""
        return max(1, int(self.window_seconds * self.sample_rate / self.hop_length))


@dataclass(frozen=True)
class Window:
    """One stretch of the spectrogram that becomes one picture."""

    begin: int  # frame
    end: int  # frame after the last
    start: float  # seconds in the clip
    stop: float


def decibels(samples: Floats, spec: SpectrogramSpec) -> Floats:
    """Return the spectrogram [bins, frames], 0 dB at its loudest point, never under -80 dB.

    samples: float32 [n] at spec.sample_rate. As `power_to_db(power, ref=max)` with librosa's defaults.
    AudioError when there are no samples, or some are NaN or infinite.
    """
    samples = np.asarray(samples, dtype=np.float32)
    if samples.ndim != 1 or not samples.size or not np.isfinite(samples).all():
        raise AudioError(f"A spectrogram needs one row of finite samples; these have shape {samples.shape}.")
    power = _power(samples, spec)
    loudest = power.max()
    for first in range(0, power.shape[1], CHUNK_FRAMES):  # in place: an hour must not need its spectrogram thrice
        part = power[:, first : first + CHUNK_FRAMES]
        np.maximum(_librosa().power_to_db(part, ref=loudest, top_db=None), FLOOR_DB, out=part)
    return power


def windows(frames: int, seconds: float, spec: SpectrogramSpec) -> list[Window]:
    """Cut a clip of that many frames into whole windows, centred, as published; a shorter clip is one window."""
    step = int(spec.window_seconds * frames / seconds)
    count = frames // step if step else 0
    if count == 0:
        return [Window(0, frames, 0.0, seconds)]
    begin = int(0.5 * (frames - count * step))
    edges = [begin + step * index for index in range(count + 1)]
    return [
        Window(first, last, first / frames * seconds, last / frames * seconds)
        for first, last in itertools.pairwise(edges)
    ]


def images(samples: Floats, spec: SpectrogramSpec) -> Bytes:
    """Return what the network sees before normalisation, uint8 [windows, height, width, 3], low tones at the bottom."""
    spectrogram = decibels(samples, spec)
    return render(spectrogram, windows(spectrogram.shape[1], len(samples) / spec.sample_rate, spec), spec)


def render(decibels: Floats, windows: list[Window], spec: SpectrogramSpec) -> Bytes:
    """Draw the windows of a spectrogram [bins, frames], uint8 [windows, height, width, 3]."""
    draw = {"magma": _magma, "gray": _gray}[spec.rendering]
    size = (spec.image_size, spec.image_size)
    pictures = [
        draw(_fill(decibels[:, window.begin : window.end], spec)).resize(size, Image.Resampling.BILINEAR)
        for window in windows
    ]
    return np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])


def columns(frames: int, spec: SpectrogramSpec) -> NDArray[np.intp]:
    """Return which frame of a window each column shows before its picture is resized; -1 where none, only silence."""
    missing = spec.window_frames - frames
    # Published windows differ by a frame with the length of the clip; only a real lack is filled.
    if missing <= 1 or spec.short == "stretch":
        return np.arange(frames)
    if spec.short == "repeat":  # whole columns, so that no click is heard (and seen) at a seam
        return np.arange(spec.window_frames) % frames
    return np.concatenate([np.arange(frames), np.full(missing, -1)])


def network_input(images: Bytes, spec: SpectrogramSpec) -> Floats:
    """Return (x / 255 - mean) / std, float32 [windows, 3, height, width], from uint8 [windows, height, width, 3]."""
    mean, std = np.array(spec.mean, dtype=np.float32), np.array(spec.std, dtype=np.float32)
    scaled = images * (1 / (255 * std)) - mean / std
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)


def warm_up(spec: SpectrogramSpec) -> None:
    """Import librosa's parts and compile or load its machine code now (15 s once, 1.4 s in each later process)."""
    rng = np.random.default_rng(0)
    images(rng.standard_normal(2 * spec.sample_rate, dtype=np.float32), spec)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@functools.cache
def _librosa() -> Any:
    """Import librosa with all that it compiles when it is imported."""
    with machine_code.kept():
        import librosa
        import librosa.core.constantq
        import librosa.core.pitch

    return librosa


def _power(samples: Floats, spec: SpectrogramSpec) -> Floats:
    """Return the power [bins, frames], computed in chunks whose margins hold the filters' tails."""
    tuning = _tuning(samples, spec) if spec.transform == "chroma" else 0.0
    power = np.empty((spec.bins, 1 + len(samples) // spec.hop_length), dtype=np.float32)
    for chunk, margin, first, last in _chunks(samples, spec):
        power[:, first:last] = _transformed(chunk, spec, tuning)[:, margin : margin + last - first]
    return power


def _transformed(samples: Floats, spec: SpectrogramSpec, tuning: float) -> Floats:
    """Return the power [bins, frames] of one chunk, with librosa's defaults for what the spec does not say."""
    librosa, rate, hop = _librosa(), spec.sample_rate, spec.hop_length
    power: Floats
    if spec.transform == "cqt":
        octave = spec.bins_per_octave
        response = librosa.cqt(
            samples, sr=rate, hop_length=hop, fmin=spec.fmin, n_bins=spec.n_bins, bins_per_octave=octave
        )
        power = np.abs(response) ** 2
    elif spec.transform == "mel":
        power = librosa.feature.melspectrogram(y=samples, sr=rate, hop_length=hop, n_fft=spec.n_fft, n_mels=spec.n_mels)
    else:
        chroma = librosa.feature.chroma_stft(
            y=samples, sr=rate, hop_length=hop, n_fft=spec.n_fft, n_chroma=spec.n_chroma, tuning=tuning
        )
        power = np.abs(chroma) ** 2  # as published, though chroma is an energy already
    return power


def _chunks(samples: Floats, spec: SpectrogramSpec) -> Iterator[tuple[Floats, int, int, int]]:
    """Yield (samples with margins, frames of left margin, first frame, frame after the last)."""
    hop = spec.hop_length
    frames = 1 + len(samples) // hop
    for first in range(0, frames, CHUNK_FRAMES):
        last = min(first + CHUNK_FRAMES, frames)
        begin = max(0, first - MARGIN_FRAMES)
        yield samples[begin * hop : (last + MARGIN_FRAMES) * hop], first - begin, first, last


def _tuning(samples: Floats, spec: SpectrogramSpec) -> float:
    """Return the deviation from A440 in chroma bins, as `librosa.estimate_tuning`, but in bounded memory."""
    librosa = _librosa()
    pitches, magnitudes = [], []
    for chunk, margin, first, last in _chunks(samples, spec):
        spectrum = np.abs(librosa.stft(chunk, n_fft=spec.n_fft, hop_length=spec.hop_length)) ** 2
        pitch, magnitude = librosa.piptrack(S=spectrum[:, margin : margin + last - first], sr=spec.sample_rate)
        found = pitch > 0
        pitches.append(pitch[found])
        magnitudes.append(magnitude[found])
    pitch, magnitude = np.concatenate(pitches), np.concatenate(magnitudes)
    if not pitch.size:
        return 0.0
    loud = pitch[magnitude >= np.median(magnitude)]
    return float(librosa.pitch_tuning(loud, bins_per_octave=spec.n_chroma))


def _fill(part: Floats, spec: SpectrogramSpec) -> Floats:
    """Bring a part shorter than a window to a window's width."""
    seen = columns(part.shape[1], spec)
    return np.where(seen < 0, part.min(), part[:, seen])


def _gray(part: Floats) -> Image.Image:
    """Draw one window in gray: its 1 % quantile and below black, its 99 % quantile and above white.

    Quantiles of the window, not of the recording: a quiet passage shows its notes as a loud one does, and a window
    looks the same whatever surrounds it, down to the -80 dB floor (a live stream and a file agree).
    """
    low, high = np.quantile(part, GRAY_QUANTILES)
    scaled = np.clip((part[::-1] - low) / max(high - low, 1e-6), 0.0, 1.0)
    return Image.fromarray(np.rint(scaled * 255).astype(np.uint8))


def _magma(part: Floats) -> Image.Image:
    """Draw one window as the published program saved it: specshow, saved tight as JPEG. Equal in every pixel.

    Steps and roundings are matplotlib's: the colour scale in double precision kept as float32, cells hit by pixel
    centres, the figure's lowest pixel row at the bottom edge of the axes.
    """
    low, high = np.float64(part.min()), np.float64(part.max())
    scaled = part.copy()
    scaled -= low
    scaled /= max(high - low, np.float64(1e-30))
    index = np.minimum(scaled * len(MAGMA), len(MAGMA) - 1).astype(np.uint8)
    rows = _cells(part.shape[0], PUBLISHED_HEIGHT, PUBLISHED_AXES_HEIGHT)
    columns = _cells(part.shape[1], PUBLISHED_WIDTH, Fraction(PUBLISHED_WIDTH))
    picture = Image.fromarray(index[np.ix_(rows[::-1], columns)])
    picture.putpalette(MAGMA.tobytes())  # eight times faster than indexing the table with the array
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=PUBLISHED_JPEG_QUALITY)
    return Image.open(file)


def _cells(cells: int, pixels: int, extent: Fraction) -> NDArray[np.intp]:
    """Return for each pixel the cell under its centre, where the cells span `extent` pixels. Exact on ties."""
    step = 2 * extent / cells
    return (2 * np.arange(pixels) + 1) * step.denominator // step.numerator
