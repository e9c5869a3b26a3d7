"""The studio: stems → mix → master → the state in which a listener's device gets it.

Everything but levels, amplifier and the size of the hall is drawn alike for all genres.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pedalboard as pb
from scipy.signal import butter, sosfilt

from corpus.synth import SAMPLE_RATE

OUTPUT_RATE = 22_050
STEMS = ("drums", "bass", "guitars", "backing", "lead")
REFERENCE_DB = -24.0  # every stem is brought to this loudness before its level is applied
AUDIBLE = 20_000.0  # Hz; a lower sample rate gets its share of it


@dataclass(frozen=True)
class Session:
    """Every knob of one production."""

    levels: dict[str, float]  # dB per stem
    drive: float  # dB into the guitar amplifier
    cabinet: float  # Hz, where the loudspeaker ends
    room: float  # 0-1, size of the common room
    wet: float  # 0-1
    drum_room: float  # 0-1
    lead_wet: float
    pump: float  # dB by which the kick ducks the rest
    tilt: float  # dB, positive is brighter
    low: float  # dB, low shelf
    saturation: float  # dB into a soft clipper
    threshold: float  # dB of the bus compressor
    ratio: float
    noise: float  # dB of the noise floor
    coding: str  # none, mp3, lowpass, phone
    quality: float  # of that coding
    peak: float  # dB

    def facts(self) -> dict[str, object]:
        """Return what the manifest says about the production."""
        return {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(self).items()}


def session(
    rng: np.random.Generator, levels: Mapping[str, float], *, drive: float = 0.0, pump: float = 0.0, hall: bool = False
) -> Session:
    """Draw a production; the arguments are what the genre implies (`hall`: bigger and gentler, for classical music)."""
    coding = str(rng.choice(["none", "mp3", "lowpass", "phone"], p=[0.5, 0.3, 0.14, 0.06]))
    return Session(
        levels={stem: float(level + rng.normal(0, 1.2)) for stem, level in levels.items()},
        drive=drive,
        cabinet=float(rng.uniform(4000, 7000)),
        room=float(rng.uniform(0.5, 0.95) if hall else rng.uniform(0.1, 0.7)),
        wet=float(rng.uniform(0.1, 0.4) if hall else rng.uniform(0.02, 0.22)),
        drum_room=float(rng.uniform(0.0, 0.35)),
        lead_wet=float(rng.uniform(0.05, 0.3)),
        pump=pump,
        tilt=float(rng.normal(0, 2.5)),
        low=float(rng.normal(0, 2.5)),
        saturation=float(rng.uniform(0, 3 if hall else 9)),
        threshold=float(rng.uniform(-8, 0) if hall else rng.uniform(-24, -8)),
        ratio=float(rng.uniform(1, 1.6) if hall else rng.uniform(1.5, 5)),
        noise=float(rng.uniform(-80, -48)),
        coding=coding,
        quality=float(rng.uniform(0, 1)),
        peak=float(rng.uniform(-9, -0.3)),
    )


def produce(
    stems: Mapping[str, np.ndarray],
    plan: Session,
    kicks: Sequence[float],
    rng: np.random.Generator,
    rate: int = OUTPUT_RATE,
) -> np.ndarray:
    """Mix stems (float32 mono at SAMPLE_RATE, equal lengths) to a clip at `rate`, which divides SAMPLE_RATE.

    `kicks` are the moments in seconds at which the bass drum sounds. The clip's peak is the plan's.
    """
    length = max(len(stem) for stem in stems.values())
    mix = np.zeros(length, np.float32)
    duck = _duck(kicks, length, plan.pump)
    for name, stem in stems.items():
        sound = _level(stem)
        if name == "guitars" and plan.drive > 0:
            sound = _level(_amplify(sound, plan))
        elif name == "drums":
            sound = _run(sound, pb.Compressor(-18, 3, 5, 90), _reverb(0.25, plan.drum_room))
        elif name == "lead":
            sound = _run(sound, pb.Compressor(-22, 3, 5, 120), _reverb(plan.room, plan.lead_wet))
        if name != "drums":
            sound = sound * duck
        mix += sound * np.float32(10 ** (plan.levels.get(name, 0.0) / 20))
    mix = _run(mix, _reverb(plan.room, plan.wet), pb.LowShelfFilter(180, plan.low), pb.HighShelfFilter(3000, plan.tilt))
    mix = _normal(mix, -14.0)
    mix = _run(mix, pb.Compressor(plan.threshold, plan.ratio, 12, 160), pb.HighpassFilter(25))
    drive = 10 ** (plan.saturation / 20)
    mix = np.tanh(mix * drive) / np.float32(np.tanh(drive))
    colour = sosfilt(butter(1, rng.uniform(800, 8000), fs=SAMPLE_RATE, output="sos"), rng.standard_normal(length))
    mix = _normal(mix, -16.0) + (colour / np.std(colour) * 10 ** (plan.noise / 20)).astype(np.float32)
    mix = _code(mix.astype(np.float32), plan)
    return _finish(mix, plan.peak, SAMPLE_RATE // rate)


def _run(sound: np.ndarray, *effects: pb.Plugin) -> np.ndarray:
    return np.asarray(pb.Chain(list(effects)).process(sound.astype(np.float32), SAMPLE_RATE))


def _reverb(room: float, wet: float) -> pb.Plugin:
    return pb.Reverb(room_size=room, damping=0.5, wet_level=wet, dry_level=1 - wet / 2, width=0)


def _level(sound: np.ndarray) -> np.ndarray:
    """Bring the sounding part of a stem to REFERENCE_DB."""
    return _normal(sound, REFERENCE_DB)


def _normal(sound: np.ndarray, decibels: float) -> np.ndarray:
    frames = sound[: len(sound) // 2048 * 2048].reshape(-1, 2048)
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    active = power[power > power.max(initial=0.0) * 1e-3]
    if not len(active) or active.mean() < 1e-12:
        return sound
    return np.asarray(sound * (10 ** (decibels / 20) / np.sqrt(active.mean())), np.float32)


def _amplify(sound: np.ndarray, plan: Session) -> np.ndarray:
    """Overdrive, then the loudspeaker: nothing below 90 Hz or above a few kHz, a rise near 2.5 kHz."""
    return _run(
        sound, pb.HighpassFilter(120), pb.Distortion(plan.drive), pb.HighpassFilter(90),
        pb.PeakFilter(2500, 4.0, 0.8), pb.LowpassFilter(plan.cabinet), pb.LowpassFilter(plan.cabinet),
        pb.Compressor(-20, 2.5, 5, 100),
    )  # fmt: skip


def _duck(kicks: Sequence[float], length: int, depth: float) -> np.ndarray:
    """Return the gain that dips at every kick and recovers within a quarter of a second."""
    gain = np.zeros(length, np.float32)
    if depth > 0:
        shape = np.exp(-np.arange(int(0.3 * SAMPLE_RATE)) / (0.11 * SAMPLE_RATE)).astype(np.float32)
        for kick in kicks:
            begin = int(kick * SAMPLE_RATE)
            piece = shape[: max(0, length - begin)]
            gain[begin : begin + len(piece)] = np.maximum(gain[begin : begin + len(piece)], piece)
    return np.asarray(10 ** (-depth * gain / 20), np.float32)


def _code(sound: np.ndarray, plan: Session) -> np.ndarray:
    if plan.coding == "mp3":
        return _run(sound, pb.MP3Compressor(vbr_quality=2 + 7 * (1 - plan.quality)))
    if plan.coding == "lowpass":
        sections = butter(6, 5000 + 5000 * plan.quality, fs=SAMPLE_RATE, output="sos")
        return np.asarray(sosfilt(sections, sound), np.float32)
    if plan.coding == "phone":
        sections = butter(3, [120 + 180 * (1 - plan.quality), 5000 + 2500 * plan.quality], "bandpass", fs=SAMPLE_RATE,
                          output="sos")  # fmt: skip
        return np.asarray(np.tanh(3 * sosfilt(sections, sound)) / 3, np.float32)
    return sound


def _finish(sound: np.ndarray, peak: float, step: int) -> np.ndarray:
    """Keep every `step`th sample, after a low-pass where that is needed, and set the peak."""
    out = sound[: len(sound) // step * step]
    if step > 1:
        sections = butter(10, AUDIBLE / step, fs=SAMPLE_RATE, output="sos")
        out = np.asarray(sosfilt(sections, out)[::step], np.float32)
    top = float(np.max(np.abs(out), initial=1e-9))
    return np.asarray(out * np.float32(10 ** (peak / 20) / top))
