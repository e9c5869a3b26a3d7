"""Synthetic sounds, and files of them in every format, written with soundfile and PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

# kind -> file extension, libsndfile format and subtype, or container and codec for PyAV
SOUNDFILE_KINDS = {
    "wav8": ("wav", "WAV", "PCM_U8"),
    "wav16": ("wav", "WAV", "PCM_16"),
    "wav24": ("wav", "WAV", "PCM_24"),
    "wav32": ("wav", "WAV", "PCM_32"),
    "wavfloat": ("wav", "WAV", "FLOAT"),
    "wavdouble": ("wav", "WAV", "DOUBLE"),
    "flac": ("flac", "FLAC", "PCM_16"),
    "flac24": ("flac", "FLAC", "PCM_24"),
    "mp3": ("mp3", "MP3", "MPEG_LAYER_III"),
    "ogg": ("ogg", "OGG", "VORBIS"),
    "opus": ("opus", "OGG", "OPUS"),
}
PYAV_KINDS = {
    "m4a": ("m4a", "ipod", "aac"),
    "mp4": ("mp4", "mp4", "aac"),
    "aac": ("aac", "adts", "aac"),
    "webm": ("webm", "webm", "libopus"),
    "mkv": ("mkv", "matroska", "flac"),
    "wma": ("wma", "asf", "wmav2"),
}
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def make_tone(
    frequency: float = 440.0, seconds: float = 2.0, rate: int = 22_050, channels: int = 0, level: float = 0.3
) -> np.ndarray:
    """A sine of amplitude `level`, float32 [n], or [n, channels] when channels are asked for."""
    mono = (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)
    return np.repeat(mono[:, np.newaxis], channels, axis=1) if channels else mono


def make_noise(rng: np.random.Generator, seconds: float, rate: int = 22_050, level: float = 0.1) -> np.ndarray:
    """Noise below a quarter of the rate, float32 [n]: it survives lossy coding and shows any shift in time."""
    white = rng.standard_normal(round(seconds * rate))
    return (level * soxr.resample(soxr.resample(white, 2, 1), 1, 2)[: len(white)]).astype(np.float32)


def write_sound(
    path: Path, samples: np.ndarray, rate: int = 22_050, kind: str = "wav16", options: dict[str, str] | None = None
) -> Path:
    """Write float samples [n] or [n, channels] as `kind` of SOUNDFILE_KINDS or PYAV_KINDS, whatever the path's name is.

    A path without an extension gets the kind's own. Opus is resampled to 48 kHz when it cannot carry the rate.
    """
    extension, container, codec = {**SOUNDFILE_KINDS, **PYAV_KINDS}[kind]
    path = path if path.suffix else path.with_suffix("." + extension)
    samples = samples if samples.ndim == 2 else samples[:, np.newaxis]
    if kind in ("opus", "webm") and rate not in OPUS_RATES:
        samples, rate = soxr.resample(samples, rate, 48_000), 48_000
    if kind in SOUNDFILE_KINDS:
        with soundfile.SoundFile(path, "w", rate, samples.shape[1], codec, format=container) as file:
            for begin in range(0, len(samples), 65_536):  # libsndfile crashes on a Vorbis block of minutes
                file.write(samples[begin : begin + 65_536])
        return path
    with av.open(str(path), "w", format=container, options=options or {}) as file:
        stream = file.add_stream(codec, rate=rate, options={"b": "128000"} if codec == "wmav2" else {})
        stream.layout = LAYOUTS[samples.shape[1]]
        _encode(file, stream, samples, rate)
    return path


def write_video(path: Path, samples: np.ndarray | None, rate: int = 22_050, seconds: float = 2.0) -> Path:
    """Write an mp4 of moving pictures, with a sound track [n] unless `samples` is None."""
    with av.open(str(path), "w", format="mp4") as file:
        pictures = file.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = file.add_stream("aac", rate=rate) if samples is not None else None
        if sound is not None:
            sound.layout = "mono"
        for index in range(round(seconds * 10)):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index * 10 % 256, np.uint8), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, 10)
            file.mux(pictures.encode(picture))
        file.mux(pictures.encode(None))
        if sound is not None and samples is not None:
            _encode(file, sound, samples[:, np.newaxis], rate)
    return path


def _encode(file: av.container.OutputContainer, stream: av.AudioStream, samples: np.ndarray, rate: int) -> None:
    for begin in range(0, len(samples), 1_024):
        block = np.ascontiguousarray(samples[begin : begin + 1_024], dtype=np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout=LAYOUTS[samples.shape[1]])
        frame.sample_rate, frame.pts = rate, begin
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))
