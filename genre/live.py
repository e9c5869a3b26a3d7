"""Listening live: blocks of sound in, a state with smoothed probabilities out; no input or output of its own.

A room of its own because browser, microphone and tests feed the same `Listener`. Sound goes through the mixer that
files go through, and a window is answered by `Classifier.predict`, so that live and file agree.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genre import audio, spectrogram
from genre.cards import ModelCard
from genre.classifier import Classifier
from genre.decoders import Samples, opened
from genre.errors import AudioError
from genre.prediction import Prediction
from genre.settings import SAMPLE_RATE, SECONDS_MIN
from genre.streams import UnreadableError

EARLY_SECONDS = 3.0  # of sound before the first answer; it is early until the window is full
SMOOTHING_SECONDS = 1.5  # time constant of the probabilities that are shown
MUSIC_SECONDS = 2.0  # between two looks at whether it sounds like music at all, which take as long as the rest
SILENCE_SECONDS = 1.0  # of silence before it is called that
PAUSE_SECONDS = 2.0  # a longer silence ends the window: what comes after it is heard on its own
GAP_SECONDS = 1.0  # a longer loss of sound does so too; over a shorter one the window is joined
BLOCK_SECONDS = 0.05  # sound is worked on in blocks of that length, in whatever pieces it comes
METER_SECONDS = 0.3  # that the level is measured over
CLIPPED_SECONDS = 1.0  # that clipping stays marked
WIRING_SECONDS = 1.0  # of sound before channels are believed to be wired against each other
LEVEL_FLOOR_DB = -120.0  # shown for digital silence


@dataclass(frozen=True)
class State:
    """What is heard just now. Times are seconds of sound heard since the start."""

    card: ModelCard
    ranked: tuple[tuple[str, float], ...]  # smoothed, every genre id, most likely first; empty before the first answer
    prediction: Prediction | None  # the last window's own answer, not smoothed
    decibels: NDArray[np.float32] | None = field(repr=False, compare=False)  # [bins, frames] of the window
    early: bool  # the window is not full yet
    level: float  # dB below full scale, RMS of the last METER_SECONDS
    peak: float  # dB, of the same
    silent: bool
    clipped: bool
    heard: float  # seconds
    lost: float  # seconds that never arrived
    start: float  # of the window
    end: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said beside the answer: codes of `Prediction.warnings`, "early" and "silent"."""
        if self.silent:
            return ("silent",)
        prediction = self.prediction
        clipped = ["clipped"] if self.clipped or (prediction and "clipped" in prediction.warnings) else []
        if prediction is None:
            return tuple(clipped)
        early = ["early"] if self.early else []  # which "short" means too
        unsure = ["unsure"] if self.ranked[0][1] < prediction.unsure_below else []
        others = [code for code in prediction.warnings if code not in ("clipped", "short", "unsure")]
        return (*early, *others, *clipped, *unsure)

    def to_dict(self, top: int) -> dict[str, Any]:
        """Return the line that `genre listen --json` prints for an update."""
        taxonomy = self.card.taxonomy
        return {
            "heard": round(self.heard, 3),
            "window": {"start": round(self.start, 3), "end": round(self.end, 3)},
            "early": self.early,
            "level": round(self.level, 1),
            "peak": round(self.peak, 1),
            "lost": round(self.lost, 3),
            "music": self.prediction and self.prediction.music,
            "warnings": list(self.warnings),
            "top": [
                {"id": genre_id, "en": taxonomy[genre_id].en, "zh": taxonomy[genre_id].zh, "probability": probability}
                for genre_id, probability in self.ranked[:top]
            ],
        }


@dataclass(frozen=True)
class _Block:
    sound: Samples  # mono at SAMPLE_RATE
    cut: int  # samples that look cut off
    bad: int  # samples that are no numbers
    among: int  # samples of the source


class Listener:
    """Hears one stream; holds one window of it and no more. To be used by one thread at a time."""

    def __init__(self, classifier: Classifier, *, source: str = "live", smoothing: float = SMOOTHING_SECONDS) -> None:
        self.classifier = classifier
        self.source = source
        self._smoothing = smoothing
        window_seconds = max(classifier.card.spectrogram.window_seconds, SECONDS_MIN)
        self._room = round(window_seconds * SAMPLE_RATE)  # samples of a full window
        self._least = min(self._room, round(EARLY_SECONDS * SAMPLE_RATE))  # samples for an answer
        self._mixer: audio.Mixer | None = None
        self._pending: Samples = np.empty((0, 0), np.float32)  # frames that do not fill a block yet
        self._window: deque[_Block] = deque()
        self._recent: deque[_Block] = deque(maxlen=round(max(METER_SECONDS, CLIPPED_SECONDS) / BLOCK_SECONDS))
        self._end = 0  # samples heard up to the end of the window
        self._heard = 0  # samples
        self._still = 0  # samples of silence since the last sound
        self._lost = 0.0  # seconds
        self._forget()

    def feed(self, rate: int, samples: ArrayLike) -> None:
        """Hear what comes next: integers or floats [n] or [n, channels], of any length.

        Where rate or channels differ from what came before, the sound goes on all the same. AudioError for what is no
        sound.
        """
        try:
            with opened((rate, samples), 0.0) as decoder:
                for frames in decoder.blocks():
                    self._take(decoder.rate, frames)
        except UnreadableError as error:
            raise AudioError(f"{self.source}: {error}") from error

    def lose(self, seconds: float) -> None:
        """Note that so many seconds are missing before what is fed next."""
        self._lost += seconds
        self.finish()
        if seconds > GAP_SECONDS:
            self._forget()

    def finish(self) -> None:
        """Hear the last milliseconds too, which wait for more sound to come; a stream may go on after that."""
        if self._mixer is not None:
            if len(self._pending):
                self._hear(self._mixer, self._pending)
            self._add(_Block(self._mixer.end(), 0, 0, 0))
        self._mixer, self._pending = None, np.empty((0, 0), np.float32)

    def update(self) -> State:
        """Answer for the window as it is now, unless that is known already; ModelError as in `predict`."""
        silent = self._still >= SILENCE_SECONDS * SAMPLE_RATE
        if not silent and self._looked != self._end:
            self._look()
        ranked = sorted(self._shown.items(), key=lambda item: -item[1])
        level, peak = self._levels()
        return State(
            card=self.classifier.card,
            ranked=tuple(ranked),
            prediction=self._prediction,
            decibels=self._decibels,
            early=self._held < self._room,
            level=level,
            peak=peak,
            silent=silent,
            clipped=self._is_clipped(),
            heard=self.heard,
            lost=self._lost,
            start=(self._end - self._held) / SAMPLE_RATE,
            end=self._end / SAMPLE_RATE,
        )

    def prediction(self) -> Prediction:
        """Return the ordinary answer for the window; AudioError where there is nothing to hear in it."""
        return self.classifier.predict(self._sound())

    def _sound(self) -> audio.Audio:
        blocks = self._window
        samples = np.concatenate([block.sound for block in blocks] or [np.empty(0, np.float32)])[-self._room :]
        return audio.checked(
            samples,
            self.source,
            (self._end - self._held) / SAMPLE_RATE,
            cut=sum(block.cut for block in blocks),
            bad=sum(block.bad for block in blocks),
            among=sum(block.among for block in blocks),
        )

    @property
    def heard(self) -> float:
        """Seconds of sound heard since the start."""
        return self._heard / SAMPLE_RATE

    @property
    def _held(self) -> int:
        """Samples in the window."""
        return min(self._kept, self._room)

    def _take(self, rate: int, frames: Samples) -> None:
        mixer = self._mixer
        if mixer is None or (mixer.rate, mixer.channels) != (rate, frames.shape[1]):
            self.finish()
            self._mixer = mixer = audio.Mixer(rate, frames.shape[1])
            self._pending = frames[:0]
        frames = np.concatenate([self._pending, frames])
        size = round(rate * BLOCK_SECONDS)
        whole = len(frames) - len(frames) % size
        for begin in range(0, whole, size):
            mixer = self._hear(mixer, frames[begin : begin + size])
        self._pending = frames[whole:].copy()

    def _hear(self, mixer: audio.Mixer, frames: Samples) -> audio.Mixer:
        """Hear one block, and return the mixer for the next one."""
        cut, bad = mixer.cut, mixer.bad
        sound = mixer.put(frames)
        if mixer.cancelled and mixer.taken >= WIRING_SECONDS * mixer.rate:
            self._mixer = mixer = audio.Mixer(mixer.rate, mixer.channels, mixer.loudest)
            self._forget()
            return mixer
        self._add(_Block(sound, mixer.cut - cut, mixer.bad - bad, frames.size))
        return mixer

    def _add(self, block: _Block) -> None:
        """Move the window on, unless there has been silence for long."""
        count = len(block.sound)
        self._heard += count
        self._recent.append(block)
        if count and block.sound.std() >= audio.SILENT_RMS:
            if self._still >= PAUSE_SECONDS * SAMPLE_RATE:
                self._forget()
            self._still = 0
        else:
            self._still += count
        if self._still >= PAUSE_SECONDS * SAMPLE_RATE:
            return
        self._window.append(block)
        self._kept += count
        while self._kept - len(self._window[0].sound) >= self._room:
            self._kept -= len(self._window.popleft().sound)
        self._end = self._heard

    def _forget(self) -> None:
        """Begin a new window."""
        self._window.clear()
        self._kept = 0  # samples in these blocks
        self._looked = -1  # the sample at which the window ended that was looked at last
        self._answered = -1  # that of the last answer
        self._judged = self._heard  # that of the last look at whether it is music
        self._shown: dict[str, float] = {}
        self._prediction: Prediction | None = None
        self._decibels: NDArray[np.float32] | None = None

    def _look(self) -> None:
        """Take the window in: its picture from a second on, an answer from EARLY_SECONDS on."""
        if self._held < SECONDS_MIN * SAMPLE_RATE:
            return
        self._looked = self._end
        try:
            sound = self._sound()
        except AudioError:  # as good as silent, or hardly a number in it
            return
        self._decibels = spectrogram.decibels(sound.samples, self.classifier.card.spectrogram)
        if self._held < self._least:
            return
        music = self._prediction.music if self._prediction else None
        if self._end - self._judged >= MUSIC_SECONDS * SAMPLE_RATE:
            music, self._judged = None, self._end
        self._smooth(self.classifier.answer(sound, self._decibels, music=music))

    def _smooth(self, prediction: Prediction) -> None:
        """Take a new answer in: what is shown approaches it exponentially, at a pace that the sound's time sets."""
        passed = (self._end - self._answered) / SAMPLE_RATE
        share = 1.0 if not self._shown else 1.0 - math.exp(-passed / self._smoothing)
        self._shown = {
            genre_id: share * probability + (1.0 - share) * self._shown.get(genre_id, probability)
            for genre_id, probability in prediction.ranked
        }
        self._prediction, self._answered = prediction, self._end

    def _levels(self) -> tuple[float, float]:
        """Return RMS and peak of the last METER_SECONDS in dB below full scale."""
        blocks = list(self._recent)[-round(METER_SECONDS / BLOCK_SECONDS) :]
        sound = np.concatenate([block.sound for block in blocks] or [np.empty(0, np.float32)])
        if not sound.size:
            return LEVEL_FLOOR_DB, LEVEL_FLOOR_DB
        floor = 10 ** (LEVEL_FLOOR_DB / 20)
        rms, peak = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))), float(np.abs(sound).max())
        return 20 * math.log10(max(rms, floor)), 20 * math.log10(max(peak, floor))

    def _is_clipped(self) -> bool:
        among = sum(block.among for block in self._recent)
        return sum(block.cut for block in self._recent) > audio.CLIPPED_SHARE * among
