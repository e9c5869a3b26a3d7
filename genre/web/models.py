"""The models as the page shows them: which there are, where they come from in words, and how one is fetched."""

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from genre import store
from genre.cards import ModelCard
from genre.errors import GenreError
from genre.labels import LANGUAGES, Language
from genre.settings import DEFAULT_MODEL, Settings
from genre.web.answer import Refused, percent
from genre.web.texts import reasons, text

log = logging.getLogger(__name__)

POLL_SECONDS = 0.3  # between two looks at a download's progress
MEGABYTE = 1_000_000
HUB = "hub:"  # says which of several models of a name is meant
ABSOLUTE = re.compile(r"(?<![\w:/.])/(?:[^/\s]+/)*(?=[^/\s]+/[^/\s])")  # of a path, up to its last folder


class RefusalError(Exception):
    """A reason not to answer, worded in every language."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reasons["en"])
        self.refused = refused


def refuse(key: str, **values: object) -> RefusalError:
    """Return a refusal in the page's own words."""
    return RefusalError(Refused({language: text(key, language, **values) for language in LANGUAGES}))


def unplaced(message: str) -> str:
    """Return a message without where this server keeps its files: "mine_mel/save.pt", not "/home/…/save.pt"."""
    return ABSOLUTE.sub("", message)


def provenance(card: ModelCard, language: Language) -> str:
    """Say in words where weights come from, what they learned from and how well they do."""
    words = {"trained_on": card.trained_on, "measured_on": card.measured_on, "licence": card.licence}
    if language == "zh":
        words |= card.words_zh
    unstated = text("not_stated", "en")  # what a card says of a fact that its folder does not state
    words = {key: text("not_stated", language) if what == unstated else what for key, what in words.items()}
    measured = (
        text("measured_nowhere", language)
        if card.accuracy is None
        else text("measured", language, percent=percent(card.accuracy, 0), what=words["measured_on"])
    )
    origin = text(f"origin_{card.origin}", language)
    learned = text("trained_on", language, what=words["trained_on"])
    calibrated = (
        text("not_calibrated", language)
        if card.temperature is None
        else text("calibrated", language, temperature=card.temperature)
    )
    return " · ".join((origin, learned, measured, calibrated, text("licence", language, what=words["licence"])))


@dataclass
class _Download:
    done: int = 0  # bytes
    total: int = 0
    error: Exception | None = None
    finished: threading.Event = field(default_factory=threading.Event)


class Shelf:
    """The models of one server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._downloads: dict[str, _Download] = {}
        self._lock = threading.Lock()

    def cards(self) -> dict[str, ModelCard]:
        """Return the models that can answer now, by the reference that `store.find` takes."""
        return store.available(self._settings)

    def default(self) -> str:
        """Return the model that answers where nobody chose one."""
        here = list(self.cards())
        return DEFAULT_MODEL if DEFAULT_MODEL in here or not here else here[0]

    def here(self, language: Language) -> list[tuple[str, str]]:
        """Return (words, reference) of every model that can answer now."""
        return [
            (f"{card.name} · {text(f'origin_{card.origin}', language)}", reference)
            for reference, card in self.cards().items()
        ]

    def choices(self, language: Language) -> list[tuple[str, str]]:
        """Return (words, reference) of every model that is here or could be downloaded."""
        absent = text("origin_absent", language)
        downloadable = _downloadable(self.cards()).items()
        return self.here(language) + [(f"{name} · {absent}", reference) for reference, name in downloadable]

    def absent(self, reference: str) -> str | None:
        """Return the name of the published checkpoint that this is, if it still has to be downloaded."""
        return _downloadable(self.cards()).get(reference)

    def describe(self, reference: str, language: Language) -> str:
        """Return a model's provenance as HTML; nothing for what is no model."""
        cards = self.cards()
        if reference in cards:
            words = provenance(cards[reference], language)
        elif reference in _downloadable(cards):
            words = text("absent", language)
        else:
            return ""
        return f'<p class="g-help">{escape(words)}</p>'

    def download(self, reference: str, language: Language) -> Iterator[str]:
        """Fetch a published checkpoint, yielding its progress as HTML; callers who ask for the same one share it.

        RefusalError says why it did not arrive.
        """
        name = reference.removeprefix(HUB)
        if name not in store.PUBLISHED:
            raise refuse("error_model", name=reference, known=", ".join(store.PUBLISHED))
        with self._lock:
            running = self._downloads.get(name)
            if running is None:
                running = self._downloads[name] = _Download()
                threading.Thread(target=self._fetch, args=(name, running), daemon=True).start()
        yield _progress(name, running, language)
        while not running.finished.wait(POLL_SECONDS):
            yield _progress(name, running, language)
        if isinstance(running.error, GenreError):
            message = unplaced(str(running.error))
            raise RefusalError(Refused(reasons(message, "error_download"), message))
        if running.error is not None:
            raise refuse("error_unexpected")
        yield f'<p class="g-progress" role="status">{escape(text("downloaded", language, name=name))}</p>'

    def _fetch(self, name: str, running: _Download) -> None:
        def progress(done: int, total: int) -> None:
            running.done, running.total = done, total

        try:
            store.download(name, self._settings, progress=progress)
        except Exception as error:
            running.error = error
            log.warning("%s was not downloaded: %s", name, error, exc_info=not isinstance(error, GenreError))
        finally:
            with self._lock:
                del self._downloads[name]
            running.finished.set()


def _downloadable(cards: Mapping[str, ModelCard]) -> dict[str, str]:
    """Return the published checkpoints that are not here: {reference: name}, told from another model of the name."""
    downloaded = {card.name for card in cards.values() if card.origin == "hub"}
    absent = [name for name in store.PUBLISHED if name not in downloaded]
    return {HUB + name if name in cards else name: name for name in absent}


def _progress(name: str, running: _Download, language: Language) -> str:
    if not running.total:
        return (
            f'<p class="g-progress" role="status">{escape(text("download_begins", language, name=name))}'
            "<progress></progress></p>"
        )
    done, total = round(running.done / MEGABYTE), round(running.total / MEGABYTE)
    words = escape(text("downloading", language, name=name, done=done, total=total))
    return (
        f'<p class="g-progress" role="status">{words}'
        f'<progress max="{running.total}" value="{running.done}" aria-label="{words}"></progress></p>'
    )
