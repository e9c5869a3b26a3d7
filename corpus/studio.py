"""The studio: stems → mix → master → the state in which a listener's device gets it.

What follows the genre are levels, amplifier, ducking and filter sweeps, and for classical music a hall and its gentler
mastering; everything else is drawn alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pedalboard as pb
from scipy.signal import butter, sosfilt

from corpus import device
from corpus.synth import SAMPLE_RATE

OUTPUT_RATE = 22_050
STEMS = ("drums", "bass", "guitars", "backing", "lead")
REFERENCE_DB = -24.0  # every stem is brought to this loudness before its level is applied
AUDIBLE = 20_000.0  # Hz; a lower sample rate gets its share of it
LOWEST, CORNER = 45.0, 100.0  # Hz: under the first a record falls steeply, above the second it falls as `slope` says


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
    doubling: float  # 0-1, takes of one guitar or keyboard, out of tune and time with each other
    echo: float  # 0-1, of the lead
    pump: float  # dB by which the kick ducks the rest
    sweep: float  # seconds in which a low-pass filter opens and closes over the mix; 0 leaves it open
    slope: float  # dB per octave that the master's spectrum falls above CORNER
    mastering: float  # 0-1, how far the master is brought to that
    tilt: float  # dB, positive is brighter
    low: float  # dB, low shelf
    saturation: float  # dB into a soft clipper
    threshold: float  # dB of the bus compressor
    ratio: float
    noise: float  # dB of the noise floor
    rumble: float  # dB per octave that the noise falls
    way: str  # one of device.WAYS
    quality: float  # of that way
    peak: float  # dB

    def facts(self) -> dict[str, object]:
        """Return what the manifest says about the production."""
        return {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(self).items()}


def session(
    rng: np.random.Generator,
    levels: Mapping[str, float],
    *,
    drive: float = 0.0,
    pump: float = 0.0,
    sweep: float = 0.0,
    hall: bool = False,
) -> Session:
    """Draw a production; the arguments are what the genre implies (`hall`: bigger and gentler, for classical music)."""

    def u(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    return Session(
        levels={stem: float(level + rng.normal(0, 1.5)) for stem, level in levels.items()},
        drive=drive,
        cabinet=u(3000, 6000),
        room=u(0.5, 0.95) if hall else u(0.1, 0.8),
        wet=u(0.1, 0.4) if hall else u(0.02, 0.3),
        drum_room=u(0.0, 0.5),
        lead_wet=u(0.05, 0.4),
        doubling=u(0, 0.2) if hall else u(0, 1),
        echo=0.0 if hall else max(0.0, u(-0.3, 0.3)),
        pump=pump,
        sweep=sweep,
        slope=u(5.0, 9.0) if hall else u(4.0, 8.0),
        mastering=u(0.0, 0.5) if hall else u(0.3, 0.9),
        tilt=float(rng.normal(0, 2.0)),
        low=float(rng.normal(0, 2.5)),
        saturation=u(0, 1.5 if hall else 5),
        threshold=u(-3, 0) if hall else u(-14, 0),
        ratio=u(1, 1.3) if hall else u(1, 2.6),
        noise=u(-80, -46),
        rumble=u(0, 6),
        way=str(rng.choice(list(device.WAYS), p=list(device.WAYS.values()))),
        quality=u(0, 1),
        peak=u(-9, -0.3),
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
            sound = _level(_doubled(_amplify(sound, plan), plan.doubling))
        elif name == "backing":
            sound = _doubled(sound, plan.doubling / 2)
        elif name == "drums":
            sound = _run(sound, pb.Compressor(-18, 2, 10, 90), _reverb(0.35, plan.drum_room))
        elif name == "lead":
            sound = _run(sound, pb.Compressor(-22, 3, 5, 120), _reverb(plan.room, plan.lead_wet))
            if plan.echo > 0:
                sound = _run(sound, pb.Delay(0.2 + plan.echo, 0.35, plan.echo))
        if name != "drums":
            sound = sound * duck
        mix += sound * np.float32(10 ** (plan.levels.get(name, 0.0) / 20))
    mix = _run(mix, _reverb(plan.room, plan.wet))
    if plan.sweep > 0:
        mix = _swept(mix, plan.sweep, float(rng.uniform(0, 2 * np.pi)))
    mix = _mastered(mix, plan.slope, plan.mastering)
    mix = _run(mix, pb.LowShelfFilter(180, plan.low), pb.HighShelfFilter(3000, plan.tilt))
    mix = _normal(mix, -14.0)
    mix = _run(mix, pb.Compressor(plan.threshold, plan.ratio, 20, 250), pb.HighpassFilter(25))
    drive = 10 ** (plan.saturation / 20)
    mix = np.tanh(mix * drive) / np.float32(np.tanh(drive))
    mix = _normal(mix, -16.0) + _floor(length, plan.noise, plan.rumble, rng)
    mix = device.hand_over(mix.astype(np.float32), plan.way, plan.quality, rng)
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
    """Overdrive, then the loudspeaker: little below 80 Hz, a thump near 120 Hz, a rise near 2.5 kHz, and its end."""
    return _run(
        sound, pb.HighpassFilter(110), pb.Distortion(plan.drive), pb.HighpassFilter(75),
        pb.PeakFilter(120, 5.0, 1.0), pb.PeakFilter(2500, 3.0, 0.8), pb.LowpassFilter(plan.cabinet),
        pb.LowpassFilter(plan.cabinet), pb.Compressor(-20, 2.5, 5, 100),
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


def _doubled(sound: np.ndarray, share: float) -> np.ndarray:
    """Add the same again through a slowly moving delay, as a second and third take would sound."""
    return _run(sound, pb.Chorus(0.31, 0.3, 17.0, 0.0, share / 2), pb.Chorus(0.47, 0.25, 9.0, 0.0, share / 3))


def _swept(sound: np.ndarray, period: float, phase: float) -> np.ndarray:
    """Move a low-pass filter between 400 Hz and the top, as in a club's build-ups."""
    sweep, block = pb.LadderFilter(pb.LadderFilter.Mode.LPF24, cutoff_hz=8000.0, resonance=0.2), SAMPLE_RATE // 40
    out = np.empty_like(sound)
    for begin in range(0, len(sound), block):
        open_ = 0.5 + 0.5 * np.sin(2 * np.pi * begin / SAMPLE_RATE / period + phase)
        sweep.cutoff_hz = float(400 * 40**open_)
        out[begin : begin + block] = sweep.process(sound[begin : begin + block], SAMPLE_RATE, reset=False)
    return out


def _mastered(sound: np.ndarray, slope: float, share: float) -> np.ndarray:
    """Bring the long-term spectrum a share of the way to that of records: level to CORNER, then falling with `slope`.

    Commercial recordings fall by about 5 dB per octave from 100 Hz to some kHz (Pestana et al., "Spectral
    characteristics of popular commercial recordings 1950-2010", AES 135, 2013). At most 15 dB in a third of an octave.
    """
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    centres = 31.5 * 2 ** (np.arange(28) / 3)
    edges = np.searchsorted(frequencies, np.append(centres / 2 ** (1 / 6), centres[-1] * 2 ** (1 / 6)))
    power = np.add.reduceat(np.abs(spectrum) ** 2, edges)[:-1] / np.diff(edges)
    found = 10 * np.log10(power + 1e-12 * power.max())
    wanted = -slope * np.log2(np.maximum(centres, CORNER) / CORNER) + 12 * np.log2(np.minimum(centres, LOWEST) / LOWEST)
    change = wanted - found
    change = share * np.clip(change - np.average(change, weights=power), -15, 15)
    gain = np.interp(np.log2(np.maximum(frequencies, 1.0)), np.log2(centres), change)
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain / 20), len(sound)), np.float32)


def _floor(length: int, decibels: float, fall: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise that falls by so many dB per octave: hiss at 0, a hall's rumble at 6."""
    spectrum = np.fft.rfft(rng.standard_normal(length).astype(np.float32))
    frequencies = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE), 30.0)
    noise = np.fft.irfft(spectrum * (frequencies / 1000) ** (-fall / 6.02), length)
    return np.asarray(noise / np.std(noise) * 10 ** (decibels / 20), np.float32)


def _finish(sound: np.ndarray, peak: float, step: int) -> np.ndarray:
    """Keep every `step`th sample, after a low-pass where that is needed, and set the peak."""
    out = sound[: len(sound) // step * step]
    if step > 1:
        sections = butter(10, AUDIBLE / step, fs=SAMPLE_RATE, output="sos")
        out = np.asarray(sosfilt(sections, out)[::step], np.float32)
    top = float(np.max(np.abs(out), initial=1e-9))
    return np.asarray(out * np.float32(10 ** (peak / 20) / top))
