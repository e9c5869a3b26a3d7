"""How the published program draws a network's input: librosa, matplotlib, a JPEG file, Pillow. Nothing of ours.

Shared by the parity test and the benchmark; also the sounds they draw.
"""

import io

import librosa
import librosa.display
import matplotlib
import numpy as np
from PIL import Image

matplotlib.use("Agg")
from matplotlib import pyplot as plt

RATE = 22_050
WINDOW_SECONDS = 11.4


def published_decibels(samples: np.ndarray, transform: str) -> np.ndarray:
    """Return dB [bins, frames]."""
    if transform == "cqt":
        power = np.abs(librosa.cqt(samples, sr=RATE)) ** 2
    elif transform == "mel":
        power = librosa.feature.melspectrogram(y=samples, sr=RATE)
    else:
        power = np.abs(librosa.feature.chroma_stft(y=samples, sr=RATE)) ** 2
    return librosa.power_to_db(power, ref=np.max)


def published_picture(window: np.ndarray) -> Image.Image:
    """Return one window as matplotlib saves it."""
    librosa.display.specshow(window)
    plt.axis("off")
    file = io.BytesIO()
    plt.savefig(file, format="jpg", bbox_inches="tight", pad_inches=0.0)
    plt.close()
    return Image.open(file)


def published_images(samples: np.ndarray, transform: str, size: int = 224) -> np.ndarray:
    """Return uint8 [windows, size, size, 3]; torchvision's Resize of a Pillow image is Pillow's bilinear one."""
    decibels = published_decibels(samples, transform)
    frames = decibels.shape[1]
    step = int(WINDOW_SECONDS * frames / (len(samples) / RATE))
    count = int(frames / step)
    begin = int(0.5 * (frames - count * step))
    pictures = [
        published_picture(decibels[:, begin + index * step : begin + (index + 1) * step]) for index in range(count)
    ]
    return np.stack([np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR)) for picture in pictures])


def tones(seconds: float = 30.0) -> np.ndarray:
    """Return a rising glide over a steady C major chord."""
    time = np.arange(int(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (130.81, 164.81, 196.0))
    glide = np.sin(2 * np.pi * (200 * time + 30 * time**2))
    return (0.15 * (chord + glide)).astype(np.float32)


def noise(seconds: float = 30.0) -> np.ndarray:
    """Return white noise."""
    return 0.2 * np.random.default_rng(1).standard_normal(int(seconds * RATE), dtype=np.float32)


def music(seconds: float = 30.0) -> np.ndarray:
    """Return plucked chords of eight harmonics over a beat of kicks and noise bursts, 120 to the minute."""
    rng = np.random.default_rng(2)
    sound = np.zeros(int((seconds + 2) * RATE))
    beat = np.arange(RATE) / RATE
    for index in range(int(seconds * 2)):
        at = index * RATE // 2
        root = 110.0 * 2 ** (rng.choice([0, 3, 5, 7, 10]) / 12)
        for interval in (0, 4, 7):
            for harmonic in range(1, 9):
                hertz = root * 2 ** (interval / 12) * harmonic
                sound[at : at + RATE] += 0.1 / harmonic * np.sin(2 * np.pi * hertz * beat) * np.exp(-3 * beat)
        sound[at : at + RATE] += 0.4 * np.sin(2 * np.pi * 55 * beat) * np.exp(-18 * beat)
        sound[at + RATE // 4 : at + RATE // 4 + RATE] += 0.1 * rng.standard_normal(RATE) * np.exp(-30 * beat)
    return sound[: int(seconds * RATE)].astype(np.float32)


SOUNDS = {"tones": tones, "noise": noise, "music": music}
