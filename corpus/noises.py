"""Sound that is neither music nor speech: noises of every colour, hum, fans, rain, knocks, beeps, almost nothing."""

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from corpus.synth import SAMPLE_RATE

NYQUIST = SAMPLE_RATE / 2
QUIET = (3e-4, 3e-3)  # RMS of a room in which nothing happens, by a telephone's microphone: -70 to -50 dB


def noise(kind: str, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return one of KINDS, float32 mono [n] at SAMPLE_RATE, RMS 0.1 but for "room"."""
    sound = KINDS[kind](round(seconds * SAMPLE_RATE), rng)
    level = float(np.exp(rng.uniform(*np.log(QUIET)))) if kind == "room" else 0.1
    return np.asarray(sound * (level / max(1e-9, float(np.std(sound)))), np.float32)


def coloured(count: int, rng: np.random.Generator, slope: float) -> np.ndarray:
    """Return noise whose power falls with frequency to the power of `slope`: 0 white, 1 pink, 2 brown, -1 blue."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    spectrum *= np.maximum(frequency, 20.0) ** (-slope / 2) * (frequency > 10)
    return np.fft.irfft(spectrum, count)


def _time(count: int) -> np.ndarray:
    return np.arange(count) / SAMPLE_RATE


def _white(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(count)


def _pink(count: int, rng: np.random.Generator) -> np.ndarray:
    return coloured(count, rng, 1.0)


def _brown(count: int, rng: np.random.Generator) -> np.ndarray:
    return coloured(count, rng, 2.0)


def _any_colour(count: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of any slope through any band, as of air, tape or a radio between stations."""
    low = float(np.exp(rng.uniform(np.log(40), np.log(2_000))))
    high = min(NYQUIST * 0.95, low * float(np.exp(rng.uniform(0.7, 4))))
    band = butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(band, coloured(count, rng, float(rng.uniform(-0.5, 2)))))


def _slow(count: int, rng: np.random.Generator, rate: float) -> np.ndarray:
    """Return a random curve of mean 0 and deviation 1 that changes about `rate` times a second."""
    points = rng.standard_normal(max(4, int(count / SAMPLE_RATE * rate) + 4))
    curve = np.interp(np.linspace(0, len(points) - 1, count), np.arange(len(points)), points)
    return np.asarray(curve / max(1e-9, float(curve.std())))


def _wind(count: int, rng: np.random.Generator) -> np.ndarray:
    gusts = np.exp(rng.uniform(0.2, 0.9) * _slow(count, rng, float(rng.uniform(0.2, 2))))
    return np.asarray(_any_colour(count, rng) * gusts)


def _traffic(count: int, rng: np.random.Generator) -> np.ndarray:
    """Cars that pass: low noise that comes and goes, tyres above."""
    out = coloured(count, rng, 2.0) / 50
    time = _time(count)
    for _ in range(int(rng.integers(1, 6))):
        near = np.exp(-(((time - rng.uniform(0, time[-1])) / rng.uniform(0.8, 4)) ** 2))
        out = out + near * coloured(count, rng, float(rng.uniform(0.8, 1.6))) * rng.uniform(0.2, 1)
    return np.asarray(out)


def _hum(count: int, rng: np.random.Generator) -> np.ndarray:
    """Mains at 50 or 60 Hz with harmonics, odd ones stronger, and the noise of the device that picks it up."""
    time, base = _time(count), float(rng.choice([50.0, 60.0])) * (1 + 0.002 * rng.standard_normal())
    steep = rng.uniform(0.3, 2)
    out = np.zeros(count)
    for k in range(1, int(rng.integers(3, 24))):
        strength = rng.exponential() * (1.0 if k % 2 else rng.uniform(0.05, 1)) / k**steep
        out += strength * np.sin(2 * np.pi * base * k * time + rng.uniform(0, 2 * np.pi))
    return out / out.std() + coloured(count, rng, float(rng.uniform(0, 1.5))) * 10 ** rng.uniform(-3, -0.3)


def _buzz(count: int, rng: np.random.Generator) -> np.ndarray:
    """A motor: a saw whose speed drifts, through a resonance, with noise."""
    speed = rng.uniform(25, 180) * np.exp(rng.uniform(0, 0.08) * _slow(count, rng, float(rng.uniform(0.1, 2))))
    saw = 2 * (np.cumsum(speed / SAMPLE_RATE) % 1.0) - 1
    angle, radius = 2 * np.pi * rng.uniform(100, 2_500) / SAMPLE_RATE, rng.uniform(0.9, 0.995)
    body = lfilter([1.0], [1, -2 * radius * np.cos(angle), radius**2], saw)
    hiss = coloured(count, rng, float(rng.uniform(0, 1.5)))
    return np.asarray(body / body.std() + hiss / hiss.std() * 10 ** rng.uniform(-1.5, 0.3))


def _fan(count: int, rng: np.random.Generator) -> np.ndarray:
    """Air past blades: noise, a weak whistle of the blades and its octaves, a slow beat."""
    time, blades = _time(count), rng.uniform(40, 400)
    air = coloured(count, rng, float(rng.uniform(0.5, 1.8)))
    tone = sum(np.sin(2 * np.pi * blades * k * time + rng.uniform(0, 6)) / k**1.5 for k in range(1, 5))
    beat = 1 + rng.uniform(0, 0.3) * np.sin(2 * np.pi * rng.uniform(0.3, 8) * time)
    return np.asarray((air / air.std() + tone * 10 ** rng.uniform(-2, -0.1)) * beat)


def _drops(count: int, rng: np.random.Generator, rate: float, decay: float) -> np.ndarray:
    """Return clicks at random times, `rate` a second, each a short ring."""
    hits = np.zeros(count)
    at = rng.integers(0, count, max(1, rng.poisson(rate * count / SAMPLE_RATE)))
    np.add.at(hits, at, rng.exponential(size=len(at)) * rng.choice([-1, 1], len(at)))
    angle = 2 * np.pi * rng.uniform(300, 6_000) / SAMPLE_RATE
    radius = np.exp(-1 / (decay * SAMPLE_RATE))
    return np.asarray(lfilter([1.0, -1.0], [1, -2 * radius * np.cos(angle), radius**2], hits))


def _rain(count: int, rng: np.random.Generator) -> np.ndarray:
    drops = sum(_drops(count, rng, rng.uniform(20, 400), rng.uniform(0.0005, 0.004)) for _ in range(3))
    wash = coloured(count, rng, float(rng.uniform(0, 1)))
    return np.asarray(drops / np.std(drops) + wash / wash.std() * rng.uniform(0.1, 1.5))


def _applause(count: int, rng: np.random.Generator) -> np.ndarray:
    swell = np.exp(rng.uniform(0, 0.6) * _slow(count, rng, 0.5))
    claps = sum(_drops(count, rng, rng.uniform(10, 120), rng.uniform(0.001, 0.006)) for _ in range(4))
    return np.asarray(claps * swell)


def _knocks(count: int, rng: np.random.Generator) -> np.ndarray:
    """Irregular knocks, keys, dishes, over the noise of a room."""
    out = coloured(count, rng, 1.0) * 0
    for _ in range(int(rng.integers(1, 4))):
        knock = _drops(count, rng, float(rng.uniform(0.5, 8)), float(rng.uniform(0.003, 0.04)))
        out = out + knock / max(1e-9, float(knock.std())) * rng.uniform(0.2, 1)
    room = coloured(count, rng, 1.0)
    return np.asarray(out / max(1e-9, float(out.std())) + room / room.std() * 10 ** rng.uniform(-2.5, -0.7))


def _room(count: int, rng: np.random.Generator) -> np.ndarray:
    """A microphone where nothing happens: its own noise, a little hum, now and then a knock."""
    out = coloured(count, rng, float(rng.uniform(0, 1.8)))
    out = out / out.std() + _hum(count, rng) * 10 ** rng.uniform(-2, 0)
    if rng.random() < 0.4:
        out = out + _knocks(count, rng) * rng.uniform(0.1, 1)
    return np.asarray(out)


def _beeps(count: int, rng: np.random.Generator) -> np.ndarray:
    """One or two tones that never change: a test tone, a dialling tone, engaged, an alarm."""
    time = _time(count)
    tones = np.exp(rng.uniform(np.log(200), np.log(3_000), int(rng.integers(1, 3))))
    sound = sum(
        np.sin(2 * np.pi * tone * time) + rng.uniform(0, 0.3) * np.sin(6 * np.pi * tone * time) for tone in tones
    )
    if rng.random() < 0.6:
        period = rng.uniform(0.3, 2)
        sound = sound * ((time % period) < period * rng.uniform(0.2, 0.8))
    hiss = coloured(count, rng, 1.0)
    return np.asarray(sound / np.std(sound) + hiss / hiss.std() * 10 ** rng.uniform(-3, -0.7))


KINDS: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "white": _white, "pink": _pink, "brown": _brown, "any_colour": _any_colour, "wind": _wind, "traffic": _traffic,
    "hum": _hum, "buzz": _buzz, "fan": _fan, "rain": _rain, "applause": _applause, "knocks": _knocks, "room": _room,
    "beeps": _beeps,
}  # fmt: skip
