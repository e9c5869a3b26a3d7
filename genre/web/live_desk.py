"""Who is listening live: a Listener for each visitor, a bounded number of them, and what their browsers send.

A browser sends the sound in order, waits for each answer, and gathers what comes in meanwhile, so that nothing piles up
here. Sound is held in memory, one window of it, and never written. What comes in may have been sent by anybody.
"""

import base64
import io
import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genre import preview
from genre.classifier import classifier
from genre.labels import Language
from genre.live import Listener, State
from genre.settings import SOURCE_RATE_MAX, SOURCE_RATE_MIN
from genre.spectrogram import Floats
from genre.web import answer, live_view
from genre.web.answer import Heard, Refused
from genre.web.handlers import Desk, heard, known_language, refusals_worded
from genre.web.models import RefusalError, refuse
from genre.web.texts import text

LISTENERS_MAX = 32  # at once; each holds some 2 MB
IDLE_SECONDS = 10.0  # without a message, after which a listener may make room for another one
FORGET_SECONDS = 600.0  # without a message, after which it is forgotten
MESSAGE_SECONDS_MAX = 20.0  # of sound
CHANNELS_MAX = 2
BYTES = 2  # of a sample
LOST_SECONDS_MAX = 7 * 24 * 3_600.0
TURN_SECONDS = 1.0  # that a visitor waits while others are answered; then it gets no answer, and may ask again
PICTURE_QUALITY = 80  # of the WebP

SESSION = re.compile(r"[0-9a-f]{32}")


@dataclass
class _Ear:
    """One visitor's listener; `order` is how the genres stand on the page."""

    model: str
    listener: Listener
    order: tuple[str, ...] = ()
    asked: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)


class LiveDesk:
    """Where live sound is handed in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ears: OrderedDict[str, _Ear] = OrderedDict()  # the one that asked last comes last
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(desk.settings.concurrency)

    def hear(self, message: object) -> dict[str, Any]:
        """Answer one message of the page's script with what it is to show: a state, {"late"}, or {"refused"} as HTML.

        message: {"session", "model", "language", "rate", "channels", "pcm", "lost", "last"}; pcm is base64 of 16-bit
        samples, little-endian, channels interleaved; lost are the seconds that were dropped before them.
        """
        language: Language = "en"
        try:
            if not isinstance(message, dict):
                raise refuse("live_broken")
            language = known_language(message.get("language"))
            rate, samples, lost = _sound(message)
            ear = self._ear(message.get("session"), message.get("model"))
            with ear.lock, refusals_worded(text("live_source", language)):
                if lost:
                    ear.listener.lose(lost)
                ear.listener.feed(rate, samples)
                if message.get("last") is True:
                    ear.listener.finish()
                    ear.order = ()
                return self._answer(ear)
        except RefusalError as error:
            return {"refused": answer.refusal(error.refused, language)}

    def keep(self, session: object) -> Heard | Refused:
        """Return the ordinary answer for what a visitor's listener heard last."""
        with self._lock:
            ear = self._ears.get(session) if isinstance(session, str) else None
        try:
            if ear is None:
                raise refuse("live_nothing")
            with ear.lock, refusals_worded(text("live_source", "en")):
                return heard(ear.listener.prediction())
        except RefusalError as error:
            return error.refused

    def _ear(self, session: object, model: object) -> _Ear:
        """Return the session's ear, a new one where it has none or its model is another one now."""
        if not isinstance(session, str) or not SESSION.fullmatch(session):
            raise refuse("live_broken")
        with self._lock:
            ear = self._ears.get(session)
            if ear and ear.model == model:
                ear.asked = time.monotonic()
                self._ears.move_to_end(session)
                return ear
        reference = self._desk.known(model)
        with refusals_worded(reference):
            judge = classifier(reference, self._desk.settings)
        with self._lock:
            self._ears.pop(session, None)  # its place is its own
            self._make_room()
            ear = self._ears[session] = _Ear(reference, Listener(judge, source=text("live_source", "en")))
            self._ears.move_to_end(session)
            return ear

    def _make_room(self) -> None:
        """Forget who left long ago, and where all places are taken who has been still for longest."""
        now = time.monotonic()
        for session, ear in list(self._ears.items()):
            waited = now - ear.asked
            full = len(self._ears) >= LISTENERS_MAX
            if waited > FORGET_SECONDS or (full and waited > IDLE_SECONDS):
                del self._ears[session]
        if len(self._ears) >= LISTENERS_MAX:
            raise refuse("live_full")

    def _answer(self, ear: _Ear) -> dict[str, Any]:
        if not self._turns.acquire(timeout=TURN_SECONDS):
            return {"late": True}
        try:
            state = ear.listener.update()
        finally:
            self._turns.release()
        ear.order = live_view.arranged(ear.order, state.ranked)
        return _shown(state, ear.order)


def _sound(message: dict[str, Any]) -> tuple[int, NDArray[np.int16], float]:
    """Return the rate, the samples [n, channels], and the seconds that were lost before them."""
    rate, channels, lost = (message.get(name) for name in ("rate", "channels", "lost"))
    coded = message.get("pcm")
    if not (
        isinstance(rate, int)
        and SOURCE_RATE_MIN <= rate <= SOURCE_RATE_MAX
        and isinstance(channels, int)
        and 1 <= channels <= CHANNELS_MAX
        and isinstance(lost, int | float)
        and 0 <= lost <= LOST_SECONDS_MAX
        and isinstance(coded, str)
        and len(coded) <= MESSAGE_SECONDS_MAX * rate * channels * BYTES * 4 / 3 + 4
    ):
        raise refuse("live_broken")
    try:
        samples = np.frombuffer(base64.b64decode(coded, validate=True), "<i2")
        return rate, samples.reshape(-1, channels).astype(np.int16, copy=False), float(lost)
    except ValueError:  # not base64, or half a sample or frame
        raise refuse("live_broken") from None


def _shown(state: State, order: tuple[str, ...]) -> dict[str, Any]:
    """Return what the script needs of a state."""
    probability = dict(state.ranked)
    return {
        "start": state.start,
        "end": state.end,
        "whole": state.card.spectrogram.window_seconds,
        "level": state.level,
        "remarks": state.warnings,
        "bars": [[genre_id, probability[genre_id]] for genre_id in order[: answer.BARS]],
        "picture": None if state.decibels is None or state.silent else _picture(state.decibels),
    }


def _picture(decibels: Floats) -> str:
    """Return the window's spectrogram, a pixel for each value, as a URI."""
    rows, frames = decibels.shape
    file = io.BytesIO()
    drawn: Image.Image = preview.heat(decibels, frames, rows)
    drawn.save(file, "WEBP", quality=PICTURE_QUALITY, method=0)
    return answer.data_uri(file.getvalue(), "image/webp")
