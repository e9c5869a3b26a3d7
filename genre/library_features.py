"""One recording as what a network sees of it, and everything else in its row that needs no network.

A room of its own, and without torch, so that processes which do nothing else start quickly and stay small. `prepare`
keeps nothing and can be pickled with all that it takes and returns: wherever it runs, the row is the same.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from genre import audio, decoders, musicality, remote, spectrogram
from genre.errors import AudioError, GenreError
from genre.settings import CLIP_SECONDS, Part
from genre.spectrogram import Bytes, SpectrogramSpec, Window
from genre.streams import UnreadableError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """What is heard of every recording, and how it is drawn."""

    spec: SpectrogramSpec  #: of the model's card
    part: Part = "first"  #: the first or middle `clip_seconds`, or all, up to an hour
    clip_seconds: float = CLIP_SECONDS  #: of the first or middle part
    read_tag: Callable[[str], str | None] | None = None  #: the genre that a file states; a function of a module


@dataclass(frozen=True)
class Features:
    """What one recording looks like."""

    source: str  # as it can be printed
    images: Bytes = field(repr=False)  # [windows, height, width, 3]
    windows: tuple[Window, ...]  # with seconds into what was heard
    start: float  # seconds into the recording at which that begins
    sound_seconds: float
    warnings: tuple[str, ...]  # of audio.WARNINGS
    music: float  # 0 to 1
    seconds: dict[str, float]  # that decode, spectrogram and music took


@dataclass(frozen=True)
class Prepared:
    """One recording, ready for the network, or why it has no answer."""

    source: str  # the path or address as found
    size: int | None  # bytes; None where there is no such file
    mtime: float | None  # seconds since 1970, of the last change; None where that is not told
    tag: str | None
    features: Features | None
    error: str | None  # begins with the recording's name


def prepare(source: str, recipe: Recipe) -> Prepared:
    """Read, measure and draw one file; whatever is wrong with it is in what is returned."""
    size, mtime = stamp(source)
    try:
        if remote.is_remote(source):  # its tags are not read
            return Prepared(source, size, mtime, None, see(remote.read(source), recipe, source), None)
        features = see(source, recipe)
        return Prepared(source, size, mtime, recipe.read_tag(source) if recipe.read_tag else None, features, None)
    except GenreError as refused:
        error = str(refused)
    except Exception as unforeseen:  # one bad file never stops a library
        log.debug("%s", source, exc_info=True)
        reason = " ".join(f"{type(unforeseen).__name__}: {unforeseen}".split())
        error = f"{audio.shown_name(source, None)}: it could not be heard ({reason})."
    return Prepared(source, size, mtime, None, None, error)


def stamp(source: str) -> tuple[int | None, float | None]:
    """Return a file's size in bytes and its time of change in seconds, by which it is known again; None without one."""
    if remote.is_remote(source):
        return remote.stamp(source)
    try:
        stat = Path(source).stat()
    except (OSError, ValueError):  # what opens it tells the reason
        return None, None
    return stat.st_size, stat.st_mtime


def see(source: audio.Source, recipe: Recipe, name: str | None = None) -> Features:
    """Return what a recording looks like: a path, or a file's bytes; AudioError where there is nothing to hear."""
    begun = perf_counter()
    sound = _heard(source, recipe, name)
    decoded = perf_counter()
    music = musicality.music_probability(sound.samples)
    judged = perf_counter()
    decibels = spectrogram.decibels(sound.samples, recipe.spec)
    windows = spectrogram.windows(decibels.shape[1], sound.seconds, recipe.spec)
    images = spectrogram.render(decibels, windows, recipe.spec)
    return Features(
        source=sound.source,
        images=images,
        windows=tuple(windows),
        start=sound.start,
        sound_seconds=sound.seconds,
        warnings=sound.warnings,
        music=music,
        seconds={"decode": decoded - begun, "spectrogram": perf_counter() - judged, "music": judged - decoded},
    )


def _heard(source: audio.Source, recipe: Recipe, name: str | None) -> audio.Audio:
    clip = None if recipe.part == "all" else recipe.clip_seconds
    start = _middle(_promised(source), recipe.clip_seconds) if recipe.part == "middle" else 0.0
    try:
        return audio.load(source, start=start, clip_seconds=clip, name=name)
    except AudioError:
        if not start:
            raise
    # It ends before the middle that it claims to have.
    return audio.load(source, start=_middle(_counted(source), recipe.clip_seconds), clip_seconds=clip, name=name)


def _middle(length: float, clip_seconds: float) -> float:
    """Return where the middle part of a recording begins; seconds."""
    return round(max(0.0, (length - clip_seconds) / 2), 3)


def _promised(source: audio.Source) -> float:
    """Return the length that a file states, else the length that it has; 0 where it cannot be opened. Seconds."""
    try:
        with decoders.opened(source, 0.0) as decoder:
            if decoder.promised is not None:
                return decoder.promised / decoder.rate
    except UnreadableError:
        return 0.0
    return _counted(source)


def _counted(source: audio.Source) -> float:
    """Return the length of what can be decoded; seconds."""
    with decoders.opened(source, 0.0) as decoder:
        return sum(len(block) for block in decoder.blocks()) / decoder.rate
