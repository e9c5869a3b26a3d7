"""Whether two recordings may come from one source, and how alike a network finds them: two numbers, told apart.

The structural similarity of their spectrograms, at the lag where they agree best, knows copies again: other codecs,
levels and beginnings change it little, and other music hardly ever reaches it. The cosine of their embeddings says how
alike they sound to a network that tells genres; two songs of one kind may come close to 1, so it is no sign of a copy.
"""

import os
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import fft
from skimage.metrics import structural_similarity

from genre import audio, spectrogram
from genre.cards import ModelCard
from genre.classifier import Classifier, Source, classifier
from genre.errors import AudioError
from genre.settings import CLIP_SECONDS, DEFAULT_MODEL, Settings
from genre.spectrogram import Bytes, Floats, SpectrogramSpec

Verdict = Literal["possibly_same_source", "no_sign_of_same_source"]

SAME_SOURCE = 0.85  # an SSIM over this one: possibly the same source, look again
OVERLAP_MIN_SECONDS = 3.0  # of sound in both: less could agree by chance

# Whatever the model. In mel bands, whose windows overlap four times, half a frame more or less does not show; in a CQT
# it costs up to 0.3 of SSIM.
SPEC = SpectrogramSpec(transform="mel")
FRAME_SECONDS = SPEC.hop_length / SPEC.sample_rate
FLOOR_DB = -40.0  # under the loudest percent: below lies what codecs take away and rooms add
LOUDEST_QUANTILE = 0.99
POOLED_FRAMES = 8  # 0.19 s: a column of what is compared
SSIM_WINDOW = 7  # bands and columns, as in the publication
CORRELATION_MAX = 1 - 1e-6  # a perfect one has no finite t


@dataclass(frozen=True)
class Impression:
    """What one recording looks like, and to a network."""

    source: str
    start: float  # seconds into the source at which the heard part begins
    seconds: float  # heard
    warnings: tuple[str, ...]  # of audio.WARNINGS
    levels: Floats = field(repr=False)  # decibels [bands, frames], drawn after SPEC
    embedding: Floats = field(repr=False)  # [features], of length 1


@dataclass(frozen=True)
class Match:
    """Where two spectrograms agree best, and how well. What is at frame f of B is at frame f + lag of A."""

    lag: int  # frames
    overlap: int  # frames
    ssim: float  # -1 to 1, and 1 is the same

    @property
    def lag_seconds(self) -> float:
        """How much later B begins."""
        return self.lag * FRAME_SECONDS

    @property
    def overlap_seconds(self) -> float:
        """How long the part is that both have."""
        return self.overlap * FRAME_SECONDS

    @property
    def verdict(self) -> Verdict:
        """What the SSIM says."""
        return "possibly_same_source" if self.ssim > SAME_SOURCE else "no_sign_of_same_source"

    def parts(self) -> tuple[slice, slice]:
        """Return the frames of A and of B that belong together."""
        first, other = max(self.lag, 0), max(-self.lag, 0)
        return slice(first, first + self.overlap), slice(other, other + self.overlap)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers in seconds, and the verdict with its threshold."""
        return {
            "ssim": self.ssim,
            "lag_seconds": round(self.lag_seconds, 3),
            "overlap_seconds": round(self.overlap_seconds, 3),
            "verdict": self.verdict,
            "threshold": SAME_SOURCE,
        }


@dataclass(frozen=True)
class Similarity:
    """How alike two recordings are."""

    a: Impression
    b: Impression
    match: Match
    cosine: float  # -1 to 1, and 1 is the same
    card: ModelCard  # of the model whose embeddings these are

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that the command line prints."""
        return {
            **{
                name: {"source": one.source, "start": one.start, "seconds": one.seconds, "warnings": list(one.warnings)}
                for name, one in (("a", self.a), ("b", self.b))
            },
            **self.match.to_dict(),
            "cosine": self.cosine,
            **model_facts(self.card),
        }


def model_facts(card: ModelCard) -> dict[str, Any]:
    """Return what the JSON says of the model that the cosines come from."""
    return {"model": card.name, "weights": {"origin": card.origin, "sha256": card.sha256}}


def similar(
    a: Source,
    b: Source,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    clip_seconds: float | None = CLIP_SECONDS,
    start: float = 0.0,
    settings: Settings | None = None,
) -> Similarity:
    """Return how alike two recordings are: paths, bytes or (rate, array) pairs, of each the same part.

    AudioError where one cannot be heard or is too short, ModelError and SettingsError as in `Classifier.predict`.
    """
    judge = classifier(model, settings)
    one, other = (perceive(judge, source, clip_seconds=clip_seconds, start=start) for source in (a, b))
    return compare(one, other, judge.card)


def perceive(
    judge: Classifier,
    source: Source,
    *,
    clip_seconds: float | None = CLIP_SECONDS,
    start: float = 0.0,
    name: str | None = None,
) -> Impression:
    """Return the impression that a recording makes; errors as those of `similar`."""
    sound = audio.load(source, start=start, clip_seconds=clip_seconds, name=name)
    images = spectrogram.images(sound.samples, judge.card.spectrogram)
    return Impression(
        sound.source, sound.start, sound.seconds, sound.warnings, levels_of(sound), embedding(judge, images)
    )


def levels_of(sound: audio.Audio) -> Floats:
    """Return the spectrogram that copies are known by, decibels [bands, frames]."""
    return spectrogram.decibels(sound.samples, SPEC)


def embedding(judge: Classifier, images: Bytes) -> Floats:
    """Return a recording's place among others, float32 [features] of length 1: the mean over its windows.

    images: uint8 [windows, height, width, 3], as the judge's model wants them drawn. The cosine of two such vectors is
    taken as it is. They are of rectified channels, so it is hardly ever under 0; taking away the mean of some music
    would spread the numbers more and say no more about which recordings are alike (benchmarks/similar_pairs.py).
    """
    mean = judge.embeddings(images).mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)


def compare(a: Impression, b: Impression, card: ModelCard) -> Similarity:
    """Return how alike two impressions are; AudioError where one has too little sound for its copy to be known."""
    found = match(a.levels, b.levels)
    if found is None:
        short = min((a, b), key=lambda one: _sounding(_pressed(one.levels)).sum())
        raise AudioError(
            f"{short.source}: too little sound to compare; {OVERLAP_MIN_SECONDS:g} s are the least. Choose a longer "
            "recording or another part."
        )
    return Similarity(a, b, found, float(a.embedding @ b.embedding), card)


def match(a: Floats, b: Floats) -> Match | None:
    """Return where two spectrograms of SPEC, decibels [bands, frames], agree best; None: too little sound for it.

    The lag is the one whose correlation, over all bands, is the least likely by chance: r sqrt(n / (1 - r²)), Student's
    t, is the largest. It is looked for wherever OVERLAP_MIN_SECONDS of both sound at once.
    """
    levels = _pressed(a), _pressed(b)
    lag = _best_lag(*levels)
    if lag is None:
        return None
    overlap = min(a.shape[1], b.shape[1] + lag) - max(lag, 0)
    found = Match(lag, overlap, 0.0)
    here, there = found.parts()
    return Match(lag, overlap, _ssim(_pressed(a[:, here]), _pressed(b[:, there])))


def _pressed(decibels: Floats) -> Floats:
    """Return decibels as 0 (FLOOR_DB under the loudest percent, and less) to 1: how loud the whole is plays no part."""
    loudest = np.quantile(decibels, LOUDEST_QUANTILE)
    return np.asarray(np.clip(1 - (decibels - loudest) / FLOOR_DB, 0, 1), np.float32)


def _sounding(levels: Floats) -> Floats:
    """Return 1 for frames in which there is sound, 0 for silence: pauses agree with every other pause."""
    return np.asarray((levels > 0).any(axis=0), np.float32)


def _best_lag(a: Floats, b: Floats) -> int | None:
    """Return the lag in frames of two pressed spectrograms; None where they have too little sound."""
    sounding = _sounding(a), _sounding(b)
    one, other = (
        (levels - levels.mean(axis=1, keepdims=True)) * heard for levels, heard in zip((a, b), sounding, strict=True)
    )
    common = np.rint(_correlated(*sounding)[0])
    products = _correlated(one, other).sum(axis=0)
    # What of each lies in the overlap: its energy where the other one sounds.
    energies = [
        _correlated((one**2).sum(axis=0), sounding[1])[0],
        _correlated(sounding[0], (other**2).sum(axis=0))[0],
    ]
    r = products / np.sqrt(np.maximum(energies[0] * energies[1], 1e-12))
    r = np.clip(r, -CORRELATION_MAX, CORRELATION_MAX)
    t = r * np.sqrt(common / (1 - r**2))
    t[common * FRAME_SECONDS < OVERLAP_MIN_SECONDS] = -np.inf
    best = int(np.argmax(t))
    return best - (b.shape[1] - 1) if np.isfinite(t[best]) else None


def _correlated(a: Floats, b: Floats) -> Floats:
    """Return sum over f of a[f + lag] b[f] along the last axis, for the lags from -(len b - 1) to len a - 1."""
    a, b = np.atleast_2d(a), np.atleast_2d(b)
    before = b.shape[1] - 1
    size = fft.next_fast_len(a.shape[1] + before, real=True)
    circular = fft.irfft(fft.rfft(a, size) * fft.rfft(b, size).conj(), size)
    return np.asarray(np.roll(circular, before, axis=1)[:, : a.shape[1] + before], np.float32)


def _ssim(a: Floats, b: Floats) -> float:
    """Return the structural similarity of two pressed spectrograms of one size, where either of them sounds.

    Wang, Bovik, Sheikh, Simoncelli (2004), Image quality assessment: from error visibility to structural similarity,
    IEEE Transactions on Image Processing 13(4), 600-612, doi:10.1109/TIP.2003.819861. The mean of its map is weighted
    by the louder of the two (cf. Wang, Li 2011, doi:10.1109/TIP.2010.2092435): silence, which all music has in common
    somewhere, counts nothing.
    """
    pictures = [_pooled(levels) for levels in (a, b)]
    _, places = structural_similarity(*pictures, win_size=SSIM_WINDOW, data_range=1.0, full=True)
    inner = (slice(SSIM_WINDOW // 2, -(SSIM_WINDOW // 2)),) * 2  # the windows at the edges are not whole
    weights = np.maximum(*pictures)[inner]
    return float((places[inner] * weights).sum() / max(float(weights.sum()), 1e-12))


def _pooled(levels: Floats) -> Floats:
    """Return the mean of every POOLED_FRAMES frames; what is left over at the end is left out."""
    columns = levels.shape[1] // POOLED_FRAMES
    whole = levels[:, : columns * POOLED_FRAMES].reshape(len(levels), columns, POOLED_FRAMES)
    return np.asarray(whole.mean(axis=2), np.float32)
