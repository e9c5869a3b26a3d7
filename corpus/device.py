"""What happens to a finished record before a listener's device hands it over: codecs, telephones, rooms."""

import io

import numpy as np
import pedalboard as pb
import soundfile
import soxr
from scipy.signal import butter, fftconvolve, sosfilt

from corpus.synth import SAMPLE_RATE

WAYS = {"none": 0.32, "mp3": 0.2, "opus": 0.2, "lowpass": 0.1, "phone": 0.05, "room": 0.13}  # how often each
TELEPHONE = (300.0, 3_400.0)  # Hz, of a line; WAYS' "phone" is the device
OPUS_RATE = 24_000  # Hz, of the rates that Opus has the nearest to the clips' own


def hand_over(sound: np.ndarray, way: str, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Send float32 mono [n] at SAMPLE_RATE one of the WAYS; `quality` 0-1, 1 is best. The length stays."""
    if way == "mp3":
        chain = pb.Chain([pb.MP3Compressor(vbr_quality=2 + 7 * (1 - quality))])
        return np.asarray(chain.process(sound, SAMPLE_RATE))
    if way == "opus":
        return _opus(sound, quality)
    if way == "lowpass":
        return _filtered(sound, butter(6, 5000 + 5000 * quality, fs=SAMPLE_RATE, output="sos"))
    if way == "phone":
        band = (120 + 180 * (1 - quality), 5000 + 2500 * quality)
        return np.tanh(3 * _filtered(sound, butter(3, band, "bandpass", fs=SAMPLE_RATE, output="sos"))) / np.float32(3)
    if way == "room":
        return rerecord(sound, quality, rng)
    return sound


def rerecord(sound: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Play through a small loudspeaker in a room and record with a telephone's microphone, some noise around it.

    The room is a direct sound, six early reflections and an exponentially decaying tail of noise with a reverberation
    time of 0.2 to 0.7 s (Moorer, "About this reverberation business", 1979).
    """
    time = np.arange(round(0.8 * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / rng.uniform(0.2, 0.7))
    tail[: round(0.012 * SAMPLE_RATE)] = 0
    tail *= 10 ** (-(4 + 8 * quality) / 20) / np.sqrt(np.sum(tail**2))  # 4 to 12 dB under the direct sound
    room = tail
    room[0] = 1.0
    for at, level in zip(rng.uniform(0.002, 0.03, 6), rng.uniform(-0.4, 0.4, 6), strict=True):
        room[round(at * SAMPLE_RATE)] += level
    heard = fftconvolve(sound, room)[: len(sound)]
    speaker = butter(2, (80 + 120 * (1 - quality), 7000 + 5000 * quality), "bandpass", fs=SAMPLE_RATE, output="sos")
    peaks = [pb.PeakFilter(float(rng.uniform(200, 6000)), float(rng.uniform(-5, 5)), 1.2) for _ in range(3)]
    heard = pb.Chain(list(peaks)).process(_filtered(heard, speaker), SAMPLE_RATE)
    level = np.sqrt(np.mean(heard**2))
    around = _filtered(rng.standard_normal(len(heard)), butter(1, 1500, fs=SAMPLE_RATE, output="sos"))
    heard = heard + around * np.float32(level * 10 ** (-(20 + 20 * quality) / 20) / np.std(around))
    return np.asarray(np.tanh(heard * 1.5) / 1.5, np.float32)


def telephone_line(sound: np.ndarray) -> np.ndarray:
    """Keep of float32 mono [n] at SAMPLE_RATE what a telephone line lets through."""
    return _filtered(sound, butter(4, TELEPHONE, "bandpass", fs=SAMPLE_RATE, output="sos"))


def _filtered(sound: np.ndarray, sections: np.ndarray) -> np.ndarray:
    return np.asarray(sosfilt(sections, sound), np.float32)


def _opus(sound: np.ndarray, quality: float) -> np.ndarray:
    """Encode as Opus and back; higher compression means fewer bits."""
    narrow = soxr.resample(sound, SAMPLE_RATE, OPUS_RATE)
    peak = max(1e-6, float(np.abs(narrow).max()))
    with io.BytesIO() as buffer:
        soundfile.write(
            buffer, narrow / peak * 0.8, OPUS_RATE, format="OGG", subtype="OPUS",
            compression_level=0.6 + 0.35 * (1 - quality),
        )  # fmt: skip
        buffer.seek(0)
        decoded, rate = soundfile.read(buffer, dtype="float32")
    wide = soxr.resample(decoded * (peak / 0.8), rate, SAMPLE_RATE)
    return np.asarray(np.pad(wide, (0, max(0, len(sound) - len(wide))))[: len(sound)], np.float32)
