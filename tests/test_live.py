"""Live sound gets the answers that files get, whatever pieces it comes in; an hour of it costs what a minute costs."""

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import psutil
import pytest
import soxr

from genre import audio, store
from genre.classifier import Classifier, classifier
from genre.errors import AudioError
from genre.live import EARLY_SECONDS, LEVEL_FLOOR_DB, SMOOTHING_SECONDS, Listener, State
from genre.settings import DEFAULT_MODEL, SAMPLE_RATE, Settings
from genre.web.examples import find_examples

WINDOW = 11.4
SAME = 1e-3
CHUNKS = (128, 4_800, 24_000)
MEGABYTE = 1 << 20

Tone = Callable[..., np.ndarray]


@pytest.fixture(scope="module")
def judge() -> Classifier:
    return classifier().load()


@pytest.fixture(scope="module")
def exact() -> Classifier:
    """The reference: bfloat16 rounds by more than what is asked for here."""
    return Classifier(store.find(DEFAULT_MODEL, Settings()), precision="float32").load()


@pytest.fixture(scope="module")
def songs() -> list[np.ndarray]:
    """20 s of the first two examples."""
    return [audio.load(example.path, clip_seconds=20).samples for example in find_examples()[:2]]


def as_recorded(samples: np.ndarray, rate: int, kind: str) -> np.ndarray:
    resampled = samples if rate == SAMPLE_RATE else soxr.resample(samples, SAMPLE_RATE, rate)
    return np.rint(np.clip(resampled, -1, 1) * 32_767).astype(kind) if kind == "int16" else resampled.astype(kind)


def fed(listener: Listener, rate: int, samples: np.ndarray, chunk: int) -> Listener:
    for begin in range(0, len(samples), chunk):
        listener.feed(rate, samples[begin : begin + chunk])
    return listener


def states(listener: Listener, samples: np.ndarray, every: float) -> Iterator[State]:
    step = round(every * SAMPLE_RATE)
    for begin in range(0, len(samples), step):
        listener.feed(SAMPLE_RATE, samples[begin : begin + step])
        yield listener.update()


def difference(one: tuple[tuple[str, float], ...], other: tuple[tuple[str, float], ...]) -> float:
    probability = dict(other)
    assert {genre for genre, _ in one} == set(probability)
    return max(abs(value - probability[genre]) for genre, value in one)


# --- live is file


@pytest.mark.parametrize(("rate", "kind"), [(44_100, "int16"), (48_000, "int16"), (22_050, "float32")])
def test_the_last_window_is_answered_as_the_file_is(
    exact: Classifier, songs: list[np.ndarray], rate: int, kind: str
) -> None:
    samples = as_recorded(songs[1], rate, kind)
    start = len(samples) / rate - WINDOW
    file = exact.predict((rate, samples), start=start, clip_seconds=WINDOW)
    answers = []
    for chunk in CHUNKS:
        listener = fed(Listener(exact), rate, samples, chunk)
        listener.finish()
        answer = listener.prediction()
        assert difference(answer.ranked, file.ranked) <= SAME
        assert (answer.windows[0].start, answer.windows[0].end) == pytest.approx((start, start + WINDOW), abs=0.002)
        answers.append(answer.ranked)
    assert answers[0] == answers[1] == answers[2]  # not a bit of difference


def test_a_stream_of_one_window_is_the_file_itself(judge: Classifier, songs: list[np.ndarray]) -> None:
    samples = as_recorded(songs[0], 48_000, "int16")[: round(WINDOW * 48_000)]
    listener = fed(Listener(judge, source="array"), 48_000, samples, 1_000)
    listener.finish()
    live, file = listener.prediction().to_dict(16), judge.predict((48_000, samples)).to_dict(16)
    assert {**live, "seconds": None} == {**file, "seconds": None}
    state = listener.update()
    assert not state.early
    assert state.prediction is not None
    assert state.ranked == state.prediction.ranked  # the first answer needs no smoothing
    assert state.to_dict(3)["top"] == live["top"][:3]


@pytest.mark.parametrize(
    ("kind", "scale", "middle"), [("uint8", 127, 128), ("int32", 2**31 - 1, 0), ("float64", 1, 0), ("float32", 1, 0)]
)
def test_any_kind_of_sample_and_any_channels_are_the_same_sound(
    judge: Classifier, tone: Tone, kind: str, scale: float, middle: int
) -> None:
    stereo = tone(440, seconds=2, rate=44_100, channels=2, level=0.25)
    listener = fed(Listener(judge), 44_100, (stereo * scale + middle).astype(kind), 999)
    state = listener.update()
    assert state.level == pytest.approx(20 * np.log10(0.25 / np.sqrt(2)), abs=0.1)
    assert state.peak == pytest.approx(20 * np.log10(0.25), abs=0.1)


def test_a_change_of_rate_and_channels_is_hardly_heard(exact: Classifier, songs: list[np.ndarray]) -> None:
    half = len(songs[0]) // 2
    listener = fed(Listener(exact), 48_000, as_recorded(songs[0][:half], 48_000, "int16"), 4_800)
    second = as_recorded(songs[0][half:], 44_100, "float32")
    fed(listener, 44_100, np.repeat(second[:, np.newaxis], 2, axis=1), 4_410)
    listener.finish()
    assert listener.heard == pytest.approx(20, abs=0.001)
    assert difference(listener.prediction().ranked, exact.predict((SAMPLE_RATE, songs[0][-251_370:])).ranked) < 0.02


def test_channels_wired_against_each_other_are_heard(judge: Classifier, songs: list[np.ndarray]) -> None:
    listener = fed(Listener(judge), SAMPLE_RATE, np.stack([songs[0], -songs[0]], axis=1), 2_000)
    state = listener.update()
    assert not state.silent
    assert state.level > -40
    assert state.ranked[0][0] == judge.predict((SAMPLE_RATE, songs[0][-251_370:])).ranked[0][0]


# --- early, smoothed


def test_the_first_answer_is_early_and_a_full_window_is_not(judge: Classifier, songs: list[np.ndarray]) -> None:
    found = list(states(Listener(judge), songs[0][: 13 * SAMPLE_RATE], every=1.0))
    assert [bool(state.ranked) for state in found] == [state.heard >= EARLY_SECONDS for state in found]
    assert [state.early for state in found] == [state.heard < WINDOW for state in found]
    assert [("early" in state.warnings) for state in found] == [bool(s.ranked) and s.heard < WINDOW for s in found]
    assert found[-1].end - found[-1].start == pytest.approx(WINDOW, abs=0.001)
    assert sum(probability for _, probability in found[-1].ranked) == pytest.approx(1, abs=0.01)
    assert found[1].decibels is not None  # there is a picture before there is an answer


def test_smoothing_goes_by_the_time_of_the_sound_not_by_updates(
    exact: Classifier, songs: list[np.ndarray], tone: Tone
) -> None:
    """After a jump to another sound, 1.5 s of updates close 1 − 1/e of the gap to what they say, however many."""
    shown, jumps = [], []
    for every in (0.25, 0.75):
        listener = Listener(exact)
        listener.feed(SAMPLE_RATE, songs[0][: 12 * SAMPLE_RATE])
        before = dict(listener.update().ranked)
        last = list(states(listener, songs[1][: round(SMOOTHING_SECONDS * SAMPLE_RATE)], every))[-1]
        assert last.prediction is not None
        shown.append(last.ranked)
        genre = max(before, key=lambda name: abs(before[name] - dict(last.prediction.ranked)[name]))
        gap = dict(last.prediction.ranked)[genre] - before[genre]
        jumps.append((dict(last.ranked)[genre] - before[genre]) / gap)
    assert difference(shown[0], shown[1]) < 0.06
    assert 0.2 < min(jumps) <= max(jumps) < 0.95


def test_a_model_with_a_short_window_does_not_wait_for_a_long_one(judge: Classifier, songs: list[np.ndarray]) -> None:
    short = replace(judge.card, spectrogram=replace(judge.card.spectrogram, window_seconds=2.0))
    first, second = states(Listener(Classifier(short)), songs[0][: round(2.4 * SAMPLE_RATE)], every=1.2)
    assert (first.early, first.ranked) == (True, ())
    assert not second.early
    assert second.ranked
    assert second.end - second.start == pytest.approx(2)


def test_an_update_without_new_sound_changes_nothing(judge: Classifier, songs: list[np.ndarray]) -> None:
    listener = Listener(judge)
    listener.feed(SAMPLE_RATE, songs[0][: 5 * SAMPLE_RATE])
    first = listener.update()
    begun = time.perf_counter()
    assert listener.update() == first
    assert time.perf_counter() - begun < 0.02  # nothing was computed


# --- silence, clipping, what is broken


def test_silence_is_no_answer_and_ends_a_window(judge: Classifier, songs: list[np.ndarray]) -> None:
    listener, silence = Listener(judge), np.zeros(3 * SAMPLE_RATE, np.int16)
    listener.feed(SAMPLE_RATE, silence)
    state = listener.update()
    assert (state.silent, state.ranked, state.level, state.warnings) == (True, (), LEVEL_FLOOR_DB, ("silent",))
    with pytest.raises(AudioError, match="nothing to hear"):
        listener.prediction()

    listener.feed(SAMPLE_RATE, songs[0][: 6 * SAMPLE_RATE])
    music = listener.update()
    assert not music.silent
    assert music.end - music.start == pytest.approx(6, abs=0.06)  # the silence before it is not heard with it

    for _ in range(5):
        listener.feed(SAMPLE_RATE, silence)
    still = listener.update()
    assert still.silent
    assert still.ranked == music.ranked  # the bars stay where they are
    assert listener.prediction().ranked[0][0] == music.ranked[0][0]  # and can still be kept
    assert still.heard == pytest.approx(24, abs=0.05)

    listener.feed(SAMPLE_RATE, songs[1][: 4 * SAMPLE_RATE])
    other = listener.update()
    assert other.end - other.start == pytest.approx(4, abs=0.06)
    assert other.prediction is not None
    assert other.ranked == other.prediction.ranked  # nothing of the piece before


def test_a_rest_in_the_music_is_part_of_it(judge: Classifier, songs: list[np.ndarray]) -> None:
    listener = Listener(judge)
    rest = np.zeros(round(0.9 * SAMPLE_RATE), np.float32)
    listener.feed(SAMPLE_RATE, np.concatenate([songs[0][: 5 * SAMPLE_RATE], rest, songs[0][: 2 * SAMPLE_RATE]]))
    state = listener.update()
    assert state.end - state.start == pytest.approx(7.9, abs=0.06)


def test_clipping_is_told_at_once_and_not_for_ever(judge: Classifier, songs: list[np.ndarray]) -> None:
    listener = Listener(judge)
    loud = np.clip(songs[0][: 4 * SAMPLE_RATE] * 20, -1, 1)
    listener.feed(SAMPLE_RATE, loud)
    state = listener.update()
    assert state.clipped
    assert "clipped" in state.warnings
    assert "clipped" in listener.prediction().warnings
    listener.feed(SAMPLE_RATE, songs[0])
    assert not listener.update().clipped
    assert "clipped" not in listener.prediction().warnings


def test_broken_samples_are_passed_over(judge: Classifier, songs: list[np.ndarray]) -> None:
    listener = Listener(judge)
    broken = songs[0][: 6 * SAMPLE_RATE].copy()
    broken[::50], broken[7::5_000] = np.nan, np.inf
    listener.feed(SAMPLE_RATE, broken)
    assert "nonfinite" in listener.update().warnings
    listener = Listener(judge)
    listener.feed(SAMPLE_RATE, np.full(5 * SAMPLE_RATE, np.nan, np.float32))
    assert listener.update().silent
    assert listener.update().ranked == ()


@pytest.mark.parametrize(
    ("rate", "samples"),
    [
        (48_000, "a song"),
        (48_000, np.zeros(9, bool)),
        (100, np.zeros(9)),
        (0, np.zeros(9)),
        (48_000, np.zeros((2, 2, 2))),
    ],
)
def test_what_is_no_sound_is_refused(judge: Classifier, rate: int, samples: object) -> None:
    with pytest.raises(AudioError, match=r"^ear: "):
        Listener(judge, source="ear").feed(rate, samples)  # type: ignore[arg-type]


def test_nothing_is_a_chunk_too(judge: Classifier) -> None:
    listener = Listener(judge)
    listener.feed(48_000, np.zeros(0, np.int16))
    listener.finish()
    assert listener.update().heard == 0


def test_short_losses_are_joined_over_and_long_ones_begin_anew(judge: Classifier, songs: list[np.ndarray]) -> None:
    listener = Listener(judge)
    listener.feed(48_000, as_recorded(songs[0][: 5 * SAMPLE_RATE], 48_000, "int16"))
    listener.lose(0.3)
    listener.feed(48_000, as_recorded(songs[0][: 2 * SAMPLE_RATE], 48_000, "int16"))
    state = listener.update()
    assert (state.end - state.start, state.lost) == (pytest.approx(7, abs=0.06), 0.3)
    listener.lose(60)
    listener.feed(48_000, as_recorded(songs[0][: 2 * SAMPLE_RATE], 48_000, "int16"))
    state = listener.update()
    assert (state.end - state.start, state.lost) == (pytest.approx(2, abs=0.06), 60.3)
    assert state.ranked == ()


def test_an_hour_takes_no_more_memory_than_a_minute(judge: Classifier, rng: np.random.Generator) -> None:
    listener, process = Listener(judge), psutil.Process()
    chunk = (rng.standard_normal(24_000) * 3_000).astype(np.int16)  # half a second

    def hear(seconds: int) -> int:
        for _ in range(2 * seconds):
            listener.feed(48_000, chunk)
        listener.update()
        gc.collect()
        return int(process.memory_info().rss)

    after_a_minute = hear(60)
    assert hear(3_540) - after_a_minute < 8 * MEGABYTE
    assert listener.heard == pytest.approx(3_600, abs=0.1)
