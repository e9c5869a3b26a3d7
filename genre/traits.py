"""What a few seconds of sound are like, in some fifty numbers that tell music from speech, noise and hum.

A room of its own because the numbers are plain signal processing that anybody can check with a tone, a click or
noise; what they are worth is decided in `genre.musicality`. None of them depends on how loud the sound is, and none
looks above 8 kHz, where codecs and telephones differ more than music and speech do.

Most ideas are Scheirer & Slaney's (1997), Construction and Evaluation of a Robust Multifeature Speech/Music
Discriminator, ICASSP: modulation near 4 Hz, low-energy frames, flux, centroid, beat. That notes stay on a pitch while
speech glides is Hawley's (1993), Structure out of Sound, PhD thesis, MIT.
"""

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from genre.settings import SAMPLE_RATE

Floats = NDArray[np.float32]

FAST_FFT, FAST_HOP = 1_024, 512  # samples: 46 ms every 23 ms, for loudness, colour and rhythm
FINE_FFT, FINE_HOP = 4_096, 1_024  # samples: 186 ms every 46 ms, for partials
CACHED_FRAMES = 16  # frames transformed at once, so that they stay in the processor's cache: twice as fast
FAST_RATE = SAMPLE_RATE / FAST_HOP  # frames a second
TOP_HZ = 8_000.0  # nothing above is looked at
RANGE_DB = 60.0  # what lies deeper under the loud frames counts as silence
HEARD_DB = 30.0  # frames that much under the loud ones say nothing of colour and pitch
GAP_DB = 25.0  # frames that much under the loud ones are a gap
BANDS, BANDS_LOW = 18, 60.0  # bands of equal width in log frequency, from that many Hz on
SWINGS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # Hz, edges of the rates of modulation
REGIONS = (0.0, 100.0, 300.0, 1_000.0, 3_000.0)  # Hz, edges of the regions that share the energy
ONSET_SMOOTHING = np.array([1, 4, 6, 4, 1]) / 16  # or an onset on the border of two frames would be another
BEAT_SECONDS = (0.25, 1.5)  # from one beat to the next
PITCH_LOW, PITCH_HIGH = 80, 500  # Hz, of a voice
PITCHED = 0.1  # autocorrelation at the pitch, of compressed spectra, over which there is one
PARTIAL_LOW, PARTIAL_HIGH = 80.0, 4_000.0  # Hz; partials are looked for in between
PARTIAL_DB, PARTIAL_AROUND = 10.0, 12  # a partial is that much over the mean of so many bins on either side
PARTIAL_DEPTH_DB = 45.0  # and not deeper than this under the loudest of all
SAME_SEMITONES, SAME_HZ = 0.25, 1.0  # apart: the same pitch, whichever is more; the second is what is known of one
NEAR_SEMITONES = 1.2  # apart: the same partial, gliding
LATER = (1, 2, 4, 8)  # fine frames, 46 to 372 ms, after which a partial is looked for again
GLIDE_LATER, HELD_LATER = 2, 4  # of these
BLOCK_FRAMES = 11  # fine frames, half a second
LINES = 12  # bins
MAINS, MAINS_HZ = (50.0, 60.0), 1.5  # Hz
TINY = 1e-9


def traits(samples: Floats) -> dict[str, float]:
    """Return the numbers of a sound, float32 mono [n] at SAMPLE_RATE: not silent, a second or more."""
    scaled = samples / np.float32(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    fast, fine = _power(scaled, FAST_FFT, FAST_HOP), _power(scaled, FINE_FFT, FINE_HOP)
    bands = np.add.reduceat(fast, _edges(), axis=1)[:, :-1]
    found = [_loudness(fast), _modulation(fast, bands), _colour(fast), _beat(bands), _pitch(fast), _partials(fine)]
    return {name: float(value) for part in found for name, value in part.items()}


def _power(samples: Floats, fft: int, hop: int) -> Floats:
    """Return the power spectrum up to TOP_HZ, [frames, bins], of whole frames only."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, fft)[::hop]
    window, bins = np.hanning(fft).astype(np.float32), round(TOP_HZ * fft / SAMPLE_RATE)
    power = np.empty((len(frames), bins), np.float32)
    for first in range(0, len(frames), CACHED_FRAMES):
        part = slice(first, first + CACHED_FRAMES)
        spectrum = scipy.fft.rfft(frames[part] * window, axis=1)[:, :bins]
        power[part] = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


@functools.cache
def _edges() -> NDArray[np.intp]:
    """Return the first bin of every band, and the one after the last."""
    ideal = np.geomspace(BANDS_LOW, TOP_HZ, BANDS + 1) * FAST_FFT / SAMPLE_RATE
    bins = np.round(ideal).astype(np.intp) - 1
    for i in range(1, len(bins)):  # the lowest bands are narrower than a bin
        bins[i] = max(bins[i], bins[i - 1] + 1)
    return bins


def _decibels(power: Floats) -> Floats:
    """Return decibels under the loud frames, not deeper than RANGE_DB."""
    loud = max(float(np.percentile(power, 95)), 1e-3 * float(power.max()), TINY)  # of one click no frame is usual
    return np.asarray(np.maximum(10 * np.log10(power / loud + TINY), -RANGE_DB), np.float32)


def _loudness(fast: Floats) -> Mapping[str, Any]:
    power = fast.sum(axis=1)
    level, amplitude = _decibels(power), np.sqrt(power)
    low, middle, high = np.percentile(level, (10, 50, 90))
    gap, step = level < -GAP_DB, np.diff(level)
    return {
        "level_spread": high - low,
        "level_skew": high + low - 2 * middle,
        "low_energy": np.mean(amplitude < 0.5 * amplitude.mean()),
        "gaps": gap.mean(),
        "gap_rate": np.count_nonzero(np.diff(gap)) / 2 / (len(level) / FAST_RATE),
        "attack": np.percentile(step, 99),
        "release": -np.percentile(step, 1),
    }


def _modulation(fast: Floats, bands: Floats) -> Mapping[str, Any]:
    """How strongly and how fast amplitudes swing: speech does so with its syllables, near 4 Hz, all bands at once."""
    out = {}
    for name, power in (("band", bands), ("level", fast.sum(axis=1, keepdims=True))):
        amplitude = np.sqrt(power)
        mean = amplitude.mean(axis=0)
        relative = (amplitude / np.maximum(mean, TINY) - 1) * np.hanning(len(amplitude))[:, None]
        spectrum = np.abs(scipy.fft.rfft(relative, axis=0)) ** 2 @ (mean / max(float(mean.sum()), TINY))
        rates = scipy.fft.rfftfreq(len(amplitude), 1 / FAST_RATE)
        for low, high in itertools.pairwise(SWINGS):
            depth = spectrum[(rates >= low) & (rates < high)].sum() / len(amplitude) ** 2
            out[f"{name}_swing_{low:g}hz"] = np.log10(depth + 1e-6)
    decibels = _decibels(bands)
    block = round(FAST_RATE / 2)
    slow = decibels[: len(decibels) // block * block].reshape(-1, block, BANDS).mean(axis=1)
    rises = np.maximum(np.diff(decibels, axis=0), 0).mean(axis=1)
    spread = decibels.std(axis=0).mean()
    return out | {
        "slow_change": slow.std(axis=0).mean(),
        "fast_change": spread,
        "bands_together": decibels.mean(axis=1).std() / max(float(spread), TINY),
        "flux": rises.mean(),
        "flux_spread": rises.std(),
    }


def _colour(fast: Floats) -> Mapping[str, Any]:
    """Where the energy lies, how peaked it is, and how that changes: fricatives are another sound than vowels."""
    level = fast.sum(axis=1)
    heard = fast[_decibels(level) > -HEARD_DB]
    sums = np.maximum(heard.sum(axis=1), TINY)
    frequencies = (np.arange(heard.shape[1]) * (SAMPLE_RATE / FAST_FFT)).astype(np.float32)
    amplitude = np.sqrt(heard)
    centroid = np.log2(np.maximum((amplitude @ frequencies) / np.maximum(amplitude.sum(axis=1), TINY), 20))
    few = heard[::4] / sums[::4, None] + np.float32(TINY)
    flatness = 10 * (np.log10(few).mean(axis=1) - np.log10(few.mean(axis=1)))
    regions = np.add.reduceat(heard, np.searchsorted(frequencies, REGIONS), axis=1)
    shares = 10 * np.log10(regions.sum(axis=0) / sums.sum() + 1e-5)
    hiss = 10 * np.log10(regions[:, -1] / sums + 1e-5)
    low, middle, high = np.percentile(hiss, (5, 50, 95))
    return {
        "centroid": centroid.mean(),
        "centroid_spread": centroid.std(),
        "centroid_step": np.abs(np.diff(centroid)).mean() if len(centroid) > 1 else 0.0,
        "flatness": flatness.mean(),
        "flatness_spread": flatness.std(),
        "hiss_spread": hiss.std(),
        "hiss_skew": high + low - 2 * middle,
        **{f"share_{low:g}hz": share for low, share in zip(REGIONS, shares, strict=True)},
    }


def _beat(bands: Floats) -> Mapping[str, Any]:
    """How regular onsets are: the highest value of their autocorrelation from one beat on."""
    onsets = np.maximum(np.diff(_decibels(bands), axis=0), 0).mean(axis=1)
    smooth = np.convolve(onsets, ONSET_SMOOTHING, mode="same")
    centred = smooth - smooth.mean()
    size = 2 * len(centred)
    correlation = scipy.fft.irfft(np.abs(scipy.fft.rfft(centred, size)) ** 2, size)[: len(centred)]
    correlation = correlation / max(float(correlation[0]), TINY)
    first, last = (round(seconds * FAST_RATE) for seconds in BEAT_SECONDS)
    lags = correlation[first : max(first + 1, min(last, 2 * len(centred) // 3))]
    fourth, second = (centred**4).mean(), (centred**2).mean()
    return {
        "beat": lags.max(initial=0.0),
        "beat_contrast": lags.max(initial=0.0) - (np.median(lags) if len(lags) else 0.0),
        "onset_peaks": np.log10(fourth / max(float(second**2), TINY) + 1e-3),
    }


def _pitch(fast: Floats) -> Mapping[str, Any]:
    """Follow one pitch, as of a voice, by the autocorrelation of compressed spectra (Tolonen & Karjalainen 2000, A
    Computationally Efficient Multipitch Analysis Model, IEEE Transactions on Speech and Audio Processing 8(6)).
    """
    loud = _decibels(fast.sum(axis=1)) > -HEARD_DB
    correlation = scipy.fft.irfft(np.cbrt(fast), n=FAST_FFT, axis=1)
    lags = np.arange(SAMPLE_RATE // PITCH_HIGH, SAMPLE_RATE // PITCH_LOW)
    part = correlation[:, lags] / np.maximum(correlation[:, :1], TINY)
    best = part.argmax(axis=1)
    height = part[np.arange(len(part)), best]
    step = np.abs(np.diff(12 * np.log2(SAMPLE_RATE / lags[best])))
    pitched = loud & (height > PITCHED)
    both = pitched[1:] & pitched[:-1]
    count = max(int(both.sum()), 1)
    return {
        "periodic": height[loud].mean(),
        "periodic_spread": height[loud].std(),
        "pitched": both.mean(),
        "pitch_steady": np.count_nonzero(step[both] < SAME_SEMITONES) / count,
        "pitch_glides": np.count_nonzero((step[both] >= SAME_SEMITONES) & (step[both] < 2 * NEAR_SEMITONES)) / count,
    }


def _partials(fine: Floats) -> Mapping[str, Any]:
    """Follow partials: how many, how much of the sound, how long on one pitch, whether on a grid of semitones."""
    frame, bin_, over, frequency = _find_partials(fine)
    power = fine[frame, bin_]
    weight = np.sqrt(power)
    total = max(float(fine.sum()), TINY)
    out: dict[str, Any] = {
        "tonal": (power + fine[frame, bin_ - 1] + fine[frame, bin_ + 1]).sum() / total,
        "partials": len(frame) / len(fine),
        "prominence": _mean(over, weight),
    }
    # One ascending key for frame and frequency, so that a partial's nearest in a later frame is found by bisection.
    span = 2 * PARTIAL_HIGH
    key = frame * span + frequency
    padded = np.concatenate(([-np.inf], key, [np.inf]))
    semitone = frequency * (2 ** (1 / 12) - 1)  # Hz
    held = np.zeros(len(frame), bool)
    for later in LATER:
        there = frame < len(fine) - later
        wanted = key + later * span
        after = np.searchsorted(key, wanted)
        apart = np.minimum(np.abs(padded[after] - wanted), np.abs(padded[after + 1] - wanted))
        same = apart < np.maximum(SAME_HZ, SAME_SEMITONES * semitone)
        out[f"steady_{later}"] = _mean(same[there], weight[there])
        if later == GLIDE_LATER:
            out["gliding"] = _mean((~same & (apart < NEAR_SEMITONES * semitone))[there], weight[there])
        if later == HELD_LATER:
            held = same
    out |= _movement(frame, frequency, weight)
    tones, loud = frequency[held], weight[held]
    chroma = np.bincount(np.round(12 * np.log2(tones / 440)).astype(int) % 12, loud, 12) / max(loud.sum(), TINY)
    spectrum = fine.mean(axis=0)
    lines = np.argsort(spectrum)[::-1][:LINES]
    return out | {
        "on_grid": abs(_mean(np.exp(24j * np.pi * np.log2(tones)), loud)),
        "chroma_entropy": -(chroma * np.log2(chroma + TINY)).sum(),
        "line_share": spectrum[lines].sum() / max(float(spectrum.sum()), TINY),
        "line_swing": (10 * np.log10(fine[:, lines[: LINES // 2]] + TINY)).std(axis=0).mean(),
        "mains": max(_mean(np.abs(tones - np.round(tones / hum) * hum) < MAINS_HZ, loud) for hum in MAINS),
    }


def _movement(frame: NDArray[np.intp], frequency: NDArray[np.float64], weight: Floats) -> Mapping[str, Any]:
    """How much the tones of half a second differ from those before, and from all: a tune moves on, a hum does not."""
    semitone = np.round(12 * np.log2(frequency / PARTIAL_LOW)).astype(np.intp) + 1
    count = round(12 * np.log2(PARTIAL_HIGH / PARTIAL_LOW)) + 3
    blocks = int(frame[-1]) // BLOCK_FRAMES + 1 if len(frame) else 0
    table = np.bincount(frame // BLOCK_FRAMES * count + semitone, weight, blocks * count).reshape(blocks, count)
    table = table[table.any(axis=1)]
    if len(table) < 2:
        return {"tones_move": 0.0, "tones_vary": 0.0}
    table = table / np.linalg.norm(table, axis=1, keepdims=True)
    middle = table.mean(axis=0)
    return {
        "tones_move": 1 - (table[1:] * table[:-1]).sum(axis=1).mean(),
        "tones_vary": 1 - (table @ middle).mean() / np.linalg.norm(middle),
    }


def _find_partials(fine: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, NDArray[np.float64]]:
    """Return frame, bin, decibels over the surroundings and frequency in Hz of every partial, frame after frame."""
    width = SAMPLE_RATE / FINE_FFT  # Hz a bin
    first, last = round(PARTIAL_LOW / width), round(PARTIAL_HIGH / width)
    decibels = 10 * np.log10(fine[:, : last + PARTIAL_AROUND + 1] + np.float32(TINY))
    here = decibels[:, first:last]
    peak = (here > decibels[:, first - 1 : last - 1]) & (here >= decibels[:, first + 1 : last + 1])
    frame, bin_ = np.nonzero(peak & (here > here.max() - PARTIAL_DEPTH_DB))
    bin_ += first
    sums = np.cumsum(np.pad(decibels, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    span = sums[frame, bin_ + PARTIAL_AROUND + 1] - sums[frame, bin_ - PARTIAL_AROUND]
    over = decibels[frame, bin_] - span / (2 * PARTIAL_AROUND + 1)
    clear = over > PARTIAL_DB
    frame, bin_ = frame[clear], bin_[clear]
    left, top, right = (decibels[frame, bin_ + side] for side in (-1, 0, 1))
    # The top of the parabola through three points.
    frequency = (bin_ + 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-3)) * width
    return frame, bin_, over[clear].astype(np.float32), frequency.astype(np.float64)


def _mean(values: NDArray[Any], weights: Floats) -> Any:
    """Return the weighted mean; 0 of nothing."""
    return (values * weights).sum() / max(float(weights.sum()), TINY)
