"""What programs may ask, over HTTP or MCP alike: each request waits its turn, is answered in a thread, and is counted.

Recordings come from strangers, so a name they give never becomes a path, and what they sent is deleted with the answer.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import anyio

from genre import similarity
from genre.classifier import classifier
from genre.errors import AudioError, GenreError, SettingsError
from genre.labels import LANGUAGES, Language
from genre.web.handlers import Desk, crop, refusals_worded
from genre.web.metrics import Metrics
from genre.web.models import RefusalError
from genre.web.texts import text
from genre.web.turnstile import FullError, Turnstile

NAME_BYTES_MAX = 200  # of a recording's name: file systems take 255
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
RETRY_SECONDS = 5  # after which one who was turned away may try again

T = TypeVar("T")


class ProblemError(Exception):
    """Why a program gets no answer: an HTTP status, a stable code, and words in every language."""

    def __init__(self, status: int, code: str, reasons: dict[Language, str]) -> None:
        super().__init__(reasons["en"])
        self.status, self.code, self.reasons = status, code, reasons


def problem(status: int, code: str, **values: object) -> ProblemError:
    """Return a problem in the words of TEXTS for that code."""
    return ProblemError(status, code, {language: text(f"api_{code}", language, **values) for language in LANGUAGES})


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Turn "no space left" into a ProblemError."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        raise problem(507, "disk_full") from error


@contextmanager
def kept(content: BinaryIO, name: str) -> Iterator[Path]:
    """Write a recording to a file of its name while it is worked on; ProblemError where the disk is full."""
    uploads = os.environ.get("GRADIO_TEMP_DIR")  # only this user can read it
    with full_disk_told(), tempfile.TemporaryDirectory(dir=uploads) as folder:
        path = Path(folder) / safe_name(name)
        with path.open("wb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
        yield path


def safe_name(name: str) -> str:
    """Return what a stranger calls a file as the name of one: no path, nothing unprintable, not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in last if character.isprintable())
    cut = printable.encode("utf-8", "ignore")[-NAME_BYTES_MAX:].decode("utf-8", "ignore")
    return cut if cut.strip(". ") else "recording"


class Programs:
    """One server's door for programs."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.turnstile = Turnstile(desk.settings)
        self.metrics = Metrics(self.turnstile)

    def check_room(self) -> None:
        """Raise ProblemError where a request need not even be read, because too many wait."""
        try:
            self.turnstile.check()
        except FullError as error:
            raise problem(503, "busy") from error

    async def classify(
        self, content: BinaryIO, name: str, *, model: object, clip_seconds: object, start: object, top: object
    ) -> dict[str, Any]:
        """Return the row of a recording; ProblemError says why there is none."""

        def work() -> dict[str, Any]:
            reference = self._known(model)
            with kept(content, name) as path:
                return self.desk.row(str(path), reference, clip_seconds, start, top)

        row = await self._in_turn(work)
        self.metrics.answered(row)
        return row

    async def similar(
        self, a: BinaryIO, b: BinaryIO, *, model: object, clip_seconds: object, start: object
    ) -> dict[str, Any]:
        """Return how alike two recordings are, as `genre similar --json` prints it; ProblemError as above."""

        def work() -> dict[str, Any]:
            reference = self._known(model)
            seconds, begin = crop(clip_seconds, start)
            with refusals_worded("a"):
                judge = classifier(reference, self.desk.settings)
                heard = {}
                for name, content in (("a", a), ("b", b)):
                    with kept(content, name) as path:
                        heard[name] = similarity.perceive(judge, path, clip_seconds=seconds, start=begin, name=name)
                return similarity.compare(heard["a"], heard["b"], judge.card).to_dict()

        return await self._in_turn(work)

    def models(self) -> list[dict[str, Any]]:
        """Return the models that can answer now."""
        default = self.desk.shelf.default()
        return [
            {
                "model": reference,
                "is_default": reference == default,
                "name": card.name,
                "backbone": card.backbone,
                "transform": card.spectrogram.transform,
                "taxonomy": card.taxonomy.id,
                "genres": [{"id": genre.id, "en": genre.en, "zh": genre.zh} for genre in card.taxonomy.genres],
                "weights": card.weights_facts(),
                "licence": card.licence,
                "unsure_below": card.unsure_below,
            }
            for reference, card in self.desk.shelf.cards().items()
        ]

    def status(self) -> str:
        """Return "ready", "starting" or "no_model"."""
        if not self.desk.warm.is_set():
            return "starting"
        return "ready" if self.desk.shelf.cards() else "no_model"

    def _known(self, model: object) -> str:
        try:
            return self.desk.known(self.desk.shelf.default() if model is None else model)
        except RefusalError as error:
            raise ProblemError(404, "unknown_model", error.refused.reasons) from error

    async def _in_turn(self, work: Callable[[], T]) -> T:
        try:
            async with self.turnstile.turn():
                # A cancelled request keeps its place until the thread, which cannot be stopped, has come to its end.
                return await anyio.to_thread.run_sync(work)
        except FullError as error:
            raise problem(503, "busy") from error
        except RefusalError as error:
            raise _told(error) from error


def _told(error: RefusalError) -> ProblemError:
    """Return a refusal of the desk with the status that it is for a program."""
    status, code = 422, "invalid_parameter"
    if isinstance(error.__cause__, AudioError):
        status, code = 422, "unreadable_recording"
    elif isinstance(error.__cause__, GenreError) and not isinstance(error.__cause__, SettingsError):
        status, code = 503, "model_unavailable"
    elif error.__cause__ is not None and not isinstance(error.__cause__, SettingsError):
        status, code = 500, "internal_error"
    return ProblemError(status, code, error.refused.reasons)
