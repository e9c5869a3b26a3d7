"""Which recordings of a folder are like another one: their embeddings in one file, built once and kept up to date.

The index holds a vector for every recording, and no sound. A search is one product with all of them; only the nearest
are heard again, to see whether they are copies.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from genre import audio, similarity
from genre.cards import ModelCard
from genre.classifier import Classifier
from genre.errors import AudioError, SettingsError
from genre.library_features import Prepared, Recipe, prepare, stamp
from genre.library_pool import Pool
from genre.library_walk import Walk
from genre.settings import CLIP_SECONDS, Settings
from genre.similarity import Impression, Match
from genre.spectrogram import Floats

log = logging.getLogger(__name__)

FORMAT = 1  # of the file
SUFFIX = ".safetensors"
SAVE_SECONDS = 20.0  # between two times that a build is put on the disk: what a kill costs
LOCK_SECONDS = 10.0  # that a run waits for another one
POOL_FROM = 12  # recordings: for fewer, processes that take seconds to start are not worth it
NAME_DIGITS = 24  # of the hash that an index in the cache is called

Stamp = tuple[int | None, float | None]  # size in bytes, time of change in seconds
Move = Callable[[int, int], object]  # gets what is done, and of how many
Tell = Callable[[str], object]


@dataclass(frozen=True)
class Collection:
    """Recordings and their embeddings, [recordings, features], each of length 1."""

    sources: tuple[str, ...]
    embeddings: Floats

    @classmethod
    def of(cls, heard: Mapping[str, Floats]) -> "Collection":
        """Return the collection of these."""
        rows = list(heard.values())
        return cls(tuple(heard), np.stack(rows) if rows else np.empty((0, 0), np.float32))

    def nearest(self, embedding: Floats, top: int) -> list[tuple[str, float]]:
        """Return the recordings with the largest cosines, the largest first."""
        if not self.sources:
            return []
        cosines = self.embeddings @ embedding
        return [(self.sources[index], float(cosines[index])) for index in np.argsort(-cosines, kind="stable")[:top]]


@dataclass(frozen=True)
class Neighbour:
    """A recording that is like the one that was asked about."""

    source: str
    cosine: float
    match: Match | None  # None: too little sound for a copy to be known, or it could not be heard again
    asked_from: float  # seconds into the query at which what was heard of it begins
    error: str | None = None  # why it could not be heard

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of one result; the lag is how much later it begins than the query."""
        found: dict[str, Any] = {"ssim": None, "verdict": None}
        if self.match is not None:
            found = {**self.match.to_dict(), "lag_seconds": round(self.match.lag_seconds + self.asked_from, 3)}
        return {"source": self.source, "cosine": self.cosine, **found, **({"error": self.error} if self.error else {})}


@dataclass(frozen=True)
class Changes:
    """What an update has done."""

    new: int
    changed: int
    gone: int
    skipped: int  # files whose names say that they are no recordings


def embeddings(
    judge: Classifier, sources: Sequence[str], clip_seconds: float = CLIP_SECONDS, workers: int | None = None
) -> Generator[tuple[Prepared, Floats | None]]:
    """Yield every recording with its embedding, in the order in which they are done; None for one with an error.

    Of many, processes read and draw, and a script needs its `__main__` guard; with 0 workers everything is done here.
    """
    recipe = Recipe(judge.card.spectrogram, clip_seconds=clip_seconds)
    made: Iterable[Prepared]
    if workers == 0 or len(sources) < POOL_FROM:
        made = (prepare(source, recipe) for source in sources)
    else:
        made = Pool(sources, recipe, workers=workers or len(os.sched_getaffinity(0)))
    with made if isinstance(made, Pool) else nullcontext():
        for one in made:
            yield one, None if one.features is None else similarity.embedding(judge, one.features.images)


def nearest(
    collection: Collection, query: Impression, top: int, *, but: Path | None = None, clip_seconds: float = CLIP_SECONDS
) -> list[Neighbour]:
    """Return the recordings most like a query, the most alike first, each heard again to see if it may be a copy.

    but: the file of the query itself, which is left out under whatever name it is found.
    """
    found = collection.nearest(query.embedding, top if but is None else top + 1)
    return [_neighbour(source, cosine, query, clip_seconds) for source, cosine in found if not _is(source, but)][:top]


def _neighbour(source: str, cosine: float, query: Impression, clip_seconds: float) -> Neighbour:
    try:
        levels = similarity.levels_of(audio.load(source, clip_seconds=clip_seconds))
    except AudioError as error:
        return Neighbour(source, cosine, None, query.start, str(error))
    return Neighbour(source, cosine, similarity.match(query.levels, levels), query.start)


def _is(source: str, file: Path | None) -> bool:
    try:
        return file is not None and file.samefile(source)
    except (OSError, ValueError):
        return False


@dataclass
class _Entry:
    stamp: Stamp
    embedding: Floats | None
    error: str | None = None


class Index:
    """The embeddings of a folder's recordings, bound to a model. SettingsError where its file is no such index."""

    def __init__(
        self, folder: Path, judge: Classifier, file: Path | None = None, *, clip_seconds: float = CLIP_SECONDS
    ) -> None:
        """`file` None is a place in the cache; otherwise what is there must be an index of the same, or nothing."""
        if not folder.is_dir():
            raise SettingsError(f"{folder} is not a folder; give one with recordings in it.")
        self.folder, self._judge, self._clip_seconds = folder, judge, clip_seconds
        self._facts = _facts(folder, judge.card, clip_seconds)
        self.file = file or _place(self._facts)
        self._entries: dict[str, _Entry] = {}  # by path below the folder
        self._saved = monotonic()

    @property
    def collection(self) -> Collection:
        """Every recording that could be heard."""
        rows = ((str(self.folder / name), entry.embedding) for name, entry in self._entries.items())
        return Collection.of({source: row for source, row in rows if row is not None})

    @property
    def errors(self) -> dict[str, str]:
        """Why the others could not be heard, by path."""
        return {str(self.folder / name): entry.error for name, entry in self._entries.items() if entry.error}

    def update(
        self, *, move: Move = lambda done, total: None, tell: Tell = log.warning, workers: int | None = None
    ) -> Changes:
        """Hear what is new or has changed, forget what is gone. `tell` gets every new error.

        Stopped in whatever way, it goes on from there. SettingsError: there are no recordings, or the file cannot be
        written, is of something else, or is being written by another run.
        """
        walk, found = Walk(), dict[str, str]()
        for one in walk.find([str(self.folder)]):
            if one.error:
                tell(one.error)
            else:
                found[os.path.relpath(one.source, self.folder)] = one.source
        if not found:  # perhaps a disk that is not there now: what is known of it stays
            raise SettingsError(f"{self.folder} holds no recordings (files of other kinds: {walk.skipped}).")
        with self._held():
            self._entries = self._read()
            gone = self._entries.keys() - found.keys()
            for name in gone:
                del self._entries[name]
            stale = {
                source: name
                for name, source in found.items()
                if name not in self._entries or self._entries[name].stamp != stamp(source)
            }
            changed = sum(name in self._entries for name in stale.values())
            if stale or gone:
                self._hear(stale, move, tell, workers)
        return Changes(len(stale) - changed, changed, len(gone), walk.skipped)

    def _hear(self, stale: Mapping[str, str], move: Move, tell: Tell, workers: int | None) -> None:
        try:
            with closing(embeddings(self._judge, list(stale), self._clip_seconds, workers)) as made:
                for done, (one, embedding) in enumerate(made, 1):
                    if one.error:
                        move(done - 1, len(stale))  # raises what made the reader take the file for a broken one
                        tell(one.error)
                    self._entries[stale[one.source]] = _Entry((one.size, one.mtime), embedding, one.error)
                    move(done, len(stale))
                    if monotonic() - self._saved > SAVE_SECONDS:
                        self._save()
        finally:
            self._save()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep other runs out."""
        lock = FileLock(self.file.with_name(f".{self.file.name}.lock"))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            raise SettingsError(f"Another run brings {self.file} up to date; try again when it has ended.") from None
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> dict[str, _Entry]:
        """Return what the file has; it must be of the same facts."""
        if not self.file.exists():
            return {}
        try:
            with safe_open(self.file, "np") as file:
                stated = file.metadata() or {}
                facts, names, errors = (json.loads(stated[key]) for key in ("facts", "files", "errors"))
                vectors, sizes, times = (file.get_tensor(key) for key in ("embeddings", "sizes", "times"))
            different = [key for key, value in self._facts.items() if facts.get(key) != value]
            entries = {
                str(name): _Entry((int(size), float(time)), vector)
                for name, vector, size, time in zip(names, vectors, sizes, times, strict=True)
            }
            entries |= {name: _Entry((size, time), None, str(error)) for name, (size, time, error) in errors.items()}
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"{self.file} is not an index of recordings, or damaged ({error}). Delete it, or choose another place."
            ) from error
        if different:
            raise SettingsError(
                f"{self.file} is an index of something else ({', '.join(different)}): of {facts.get('folder')}. Choose "
                "another place, or delete it to build it anew."
            )
        return entries

    def _save(self) -> None:
        """Write the file in one step."""
        heard = {name: entry for name, entry in self._entries.items() if entry.embedding is not None}
        tensors: dict[str, NDArray[Any]] = {
            "embeddings": self.collection.embeddings,
            "sizes": np.array([entry.stamp[0] or 0 for entry in heard.values()], np.int64),
            "times": np.array([entry.stamp[1] or 0 for entry in heard.values()], np.float64),
        }
        failed = {name: (*entry.stamp, entry.error) for name, entry in self._entries.items() if entry.error}
        stated = {"facts": json.dumps(self._facts), "files": json.dumps(list(heard)), "errors": json.dumps(failed)}
        part = self.file.with_name(f"{self.file.name}.{os.getpid()}.part")
        try:
            save_file(tensors, part, stated)
            part.replace(self.file)
        except (OSError, SafetensorError) as error:
            with suppress(OSError):
                part.unlink()
            raise self._unwritable(error) from error
        self._saved = monotonic()

    def _unwritable(self, error: Exception) -> SettingsError:
        reason = getattr(error, "strerror", None) or error
        return SettingsError(f"{self.file} cannot be written: {reason}. Make room there, or choose another place.")


def _place(facts: Mapping[str, Any]) -> Path:
    """Return where in the cache the index of these facts lies."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return Settings.from_environment().cache / "indexes" / (digest[:NAME_DIGITS] + SUFFIX)


def _facts(folder: Path, card: ModelCard, clip_seconds: float) -> dict[str, Any]:
    """Return what the embeddings of a folder depend on, as JSON gives it back."""
    return {
        "format": FORMAT,
        "folder": os.path.realpath(folder),
        "sha256": card.sha256,
        "spectrogram": card.spectrogram.to_dict(),
        "clip_seconds": float(clip_seconds),
    }
