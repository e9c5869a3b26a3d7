"""What decided an answer: found where it was put, told in seconds and notes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genre import audio, explain, relevance, spectrogram, store
from genre.classifier import Classifier
from genre.errors import AudioError, SettingsError
from genre.explain import on_recording, regions
from genre.settings import SAMPLE_RATE, Settings
from genre.spectrogram import SpectrogramSpec, Window
from genre.web.examples import find_examples

HALF = 5.75  # seconds; two of them are one window
LEVEL = 0.1  # RMS
CLIPS = {example.genre.id: example.path for example in find_examples()}


@pytest.fixture(scope="module")
def judge() -> Callable[[str], Classifier]:
    judges: dict[str, Classifier] = {}

    def get(name: str) -> Classifier:
        return judges.setdefault(name, Classifier(store.find(f"embedded:{name}", Settings()), device="cpu"))

    return get


def clip(genre_id: str, seconds: float = HALF) -> np.ndarray:
    samples = audio.load(CLIPS[genre_id], start=6, clip_seconds=seconds).samples
    return samples * np.float32(LEVEL / np.sqrt(np.mean(samples**2)))


def right_half(shown: np.ndarray) -> float:
    """Return how much of a map lies in the second half of the time."""
    return float(shown[:, shown.shape[1] // 2 :].sum() / shown.sum())


# --- with the networks that come with the program


@pytest.mark.parametrize(
    ("model", "genre_id"),
    [("vgg19_bn_cqt", "solo"), ("densenet121_cqt", "dance_pop"), ("resnet50_mel", "solo")],
)
def test_a_decisive_half_after_a_neutral_one_is_found(judge: Callable[[str], Classifier], model: str, genre_id: str):
    network = judge(model)
    quiet = np.random.default_rng(0).normal(0, LEVEL / 10, round(HALF * SAMPLE_RATE)).astype(np.float32)
    music = clip(genre_id)
    alone = [dict(network.predict((SAMPLE_RATE, sound)).ranked) for sound in (quiet, music)]
    decisive = max(alone[1], key=lambda one: alone[1][one])
    assert alone[1][decisive] > 0.4 > 0.2 > alone[0][decisive]  # the one half is neutral and the other is not
    both = np.concatenate([quiet, music])
    prediction, (found,) = explain.explain(network, (SAMPLE_RATE, both), genre_ids=[decisive])
    assert len(prediction.windows) == 1
    assert found.relevance.shape == prediction.decibels.shape
    assert right_half(found.relevance) > 2 / 3
    assert found.regions[0].start > HALF - 1.5


def test_of_two_windows_the_one_that_decided_is_lit(judge: Callable[[str], Classifier]):
    quiet = np.random.default_rng(0).normal(0, LEVEL / 10, round(2 * HALF * SAMPLE_RATE)).astype(np.float32)
    both = np.concatenate([quiet, clip("dance_pop", 2 * HALF)])
    prediction, (found,) = explain.explain(judge("densenet121_cqt"), (SAMPLE_RATE, both), genre_ids=["dance_pop"])
    neutral, decisive = (window.probabilities["dance_pop"] for window in prediction.windows)
    assert decisive > 0.5 > 0.2 > neutral
    assert right_half(found.relevance) > 2 / 3


def test_each_genre_is_found_in_its_own_half(judge: Callable[[str], Classifier]):
    network = judge("vgg19_bn_cqt")
    both = np.concatenate([clip("symphony"), clip("dance_pop")])
    _, (first, second) = explain.explain(network, (SAMPLE_RATE, both), genre_ids=["symphony", "dance_pop"])
    assert right_half(first.relevance) < 1 / 3
    assert right_half(second.relevance) > 2 / 3


def test_the_most_likely_genres_are_explained_where_none_is_named(judge: Callable[[str], Classifier]):
    network = judge("resnet18_cqt_acousticsense16")
    prediction, found = explain.explain(network, CLIPS["solo"], top=2, clip_seconds=5, start=2, name="a song")
    assert prediction.source == "a song"
    assert [(one.genre_id, one.probability) for one in found] == list(prediction.ranked[:2])
    row = json.loads(json.dumps(found[0].to_dict()))
    assert list(row) == ["id", "probability", "method", "regions"]
    assert row["method"] == "grad-cam"
    for region in row["regions"]:
        assert 2 <= region["start"] < region["end"] <= 7.05
        assert region["low_hz"] <= region["high_hz"]
    assert explain.explain(network, CLIPS["solo"], clip_seconds=5, start=2)[0].ranked == prediction.ranked


def test_a_long_recording_is_looked_at_less_often(judge: Callable[[str], Classifier], monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[int, int]] = []

    def maps(network: object, backbone: str, batch: object, place: int, looks: int) -> np.ndarray:
        asked.append((len(batch), looks))
        return np.ones((len(batch), 112, 112), np.float32)

    monkeypatch.setattr(relevance, "maps", maps)
    monkeypatch.setattr(explain, "LOOKS_MAX", 8)
    for seconds in (12.0, 60.0, 140.0):
        sound = np.random.default_rng(0).normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)
        explain.explain(judge("resnet18_cqt_acousticsense16"), (SAMPLE_RATE, sound), clip_seconds=None)
    assert asked == [(1, 4), (5, 1), (8, 1), (4, 1)]


def test_what_cannot_be_explained_is_refused(judge: Callable[[str], Classifier], tmp_path: Path):
    network = judge("resnet18_cqt_acousticsense16")
    with pytest.raises(SettingsError, match=r"no genre 'symphony'; it knows: blues, classical, .*country"):
        explain.explain(network, CLIPS["solo"], genre_ids=["symphony"])
    for top in (0, 4):
        with pytest.raises(SettingsError, match="1 to 3"):
            explain.explain(network, CLIPS["solo"], top=top)
    silent = np.zeros(3 * SAMPLE_RATE, np.float32)
    with pytest.raises(AudioError, match="nothing to hear"):
        explain.explain(network, (SAMPLE_RATE, silent))
    for name, content in (("empty.wav", b""), ("text.mp3", b"not music at all"), ("missing.wav", None)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(AudioError, match=name):
            explain.explain(network, tmp_path / name)
    with pytest.raises(AudioError):
        explain.explain(network, tmp_path)


# --- from windows to the recording

SPEC = SpectrogramSpec(image_size=42)
FRAMES = SPEC.window_frames


def lit(row: int, column: int) -> np.ndarray:
    """A map [1, 42, 42] with one point on it; row 0 is the picture's top."""
    made = np.zeros((1, 42, 42), np.float32)
    made[0, row, column] = 1
    return made


def brightest(shown: np.ndarray) -> tuple[int, int]:
    row, frame = np.unravel_index(shown.argmax(), shown.shape)
    return int(row), int(frame)


def test_a_point_of_a_window_is_a_moment_and_a_note_of_the_recording():
    window = Window(100, 100 + FRAMES, 2.3, 13.7)
    shown = on_recording(lit(40, 20), [window], [0.4], (84, 700), SPEC)
    row, frame = brightest(shown)
    assert row == pytest.approx(2.5, abs=1)  # the second lowest of 42 rows, of 84
    assert frame == pytest.approx(100 + FRAMES * 20.5 / 42, abs=FRAMES / 84)
    assert shown.max() == 1
    assert shown[:, :100].max() == shown[:, 100 + FRAMES :].max() == 0


def test_windows_weigh_as_much_as_they_said():
    windows = [Window(index * FRAMES, (index + 1) * FRAMES, 11.4 * index, 11.4 * (index + 1)) for index in range(3)]
    shown = on_recording(np.concatenate([lit(10, 10)] * 3), windows, [0.8, 0.2, 0.0], (84, 3 * FRAMES), SPEC)
    assert [shown[:, window.begin : window.end].max() for window in windows] == pytest.approx([1, 0.25, 0])
    assert on_recording(lit(1, 1), windows[:1], [0.0], (84, FRAMES), SPEC).max() == 0


@pytest.mark.parametrize(("short", "column", "expected"), [("repeat", 21, 0.5), ("pad", 10, 0.5), ("stretch", 20, 0.5)])
def test_a_short_recording_gets_back_what_filled_its_window(short: str, column: int, expected: float):
    """The recording has half a window's frames. Repeated it is seen twice; a point at the end of the first time."""
    spec = SpectrogramSpec(image_size=42, short=short)  # type: ignore[arg-type]
    frames = FRAMES // 2
    shown = on_recording(lit(20, column), [Window(0, frames, 0, 5.7)], [1.0], (84, frames), spec)
    row, frame = brightest(shown)
    assert row == pytest.approx(42, abs=2)
    place = (frame + 0.5) / frames
    assert min(abs(place - expected), abs(place - expected + (0.5 if short == "repeat" else 0))) < 0.05


def test_what_is_heard_twice_gets_the_mean():
    frames = FRAMES // 2
    window = [Window(0, frames, 0, 5.7)]
    first = on_recording(np.ones((1, 42, 42), np.float32), window, [1.0], (84, frames), SPEC)
    np.testing.assert_allclose(first, 1)


# --- regions


def painted(*boxes: tuple[slice, slice, float]) -> np.ndarray:
    made = np.zeros((84, 1292), np.float32)
    for rows, columns, value in boxes:
        made[rows, columns] = value
    return made


def test_a_region_is_told_in_seconds_and_notes():
    second = SAMPLE_RATE / 512  # frames
    shown = painted((slice(12, 32), slice(round(3.2 * second), round(5.1 * second)), 1.0))
    (region,) = regions(shown, SpectrogramSpec(), start=60)
    assert (region.low, region.high) == ("C2", "G3")
    assert (region.start, region.end) == pytest.approx((63.2, 65.1), abs=0.03)
    assert region.hertz == pytest.approx((65.4, 196.0), abs=0.1)
    assert region.share == pytest.approx(1)
    assert region.box == ((round(3.2 * second), round(5.1 * second)), (12, 31))


def test_the_weightiest_regions_come_first_and_crumbs_are_left_out():
    shown = painted(
        (slice(0, 5), slice(0, 100), 0.5),
        (slice(20, 30), slice(200, 300), 0.8),
        (slice(50, 52), slice(600, 610), 1.0),
        (slice(60, 65), slice(700, 800), 0.9),
    )
    found = regions(shown, SpectrogramSpec())
    assert [one.low for one in found] == ["G#2", "C6", "C1"]
    assert [one.share for one in found] == pytest.approx([800 / 1520, 450 / 1520, 250 / 1520], abs=1e-4)


def test_only_the_most_telling_tenth_is_named():
    shown = painted((slice(0, 84), slice(0, 1292), 0.3), (slice(40, 50), slice(0, 646), 1.0))
    shown += np.linspace(0, 0.1, 1292, dtype=np.float32)  # everything tells a little
    found = regions(shown, SpectrogramSpec())
    assert max(one.share for one in found) < 0.25
    assert (found[0].low, found[0].high) == ("E4", "C#5")


def test_an_empty_map_has_no_region():
    assert regions(np.zeros((84, 100), np.float32), SpectrogramSpec()) == ()


def test_mel_and_chroma_have_names_of_their_own():
    mel = np.zeros((128, 100), np.float32)
    mel[20:40, 10:30] = 1
    (region,) = regions(mel, SpectrogramSpec("mel"))
    assert region.low.endswith(" Hz")
    assert region.high.endswith("kHz")
    chroma = np.zeros((12, 200), np.float32)
    chroma[0:5, 10:30] = 1
    (region,) = regions(chroma, SpectrogramSpec("chroma"))
    assert (region.low, region.high, region.hertz) == ("C", "E", None)


def test_the_columns_of_a_filled_window_are_known():
    spec = SpectrogramSpec(short="repeat")
    assert spectrogram.columns(FRAMES, spec).tolist() == list(range(FRAMES))
    assert spectrogram.columns(FRAMES - 1, spec).tolist() == list(range(FRAMES - 1))
    assert spectrogram.columns(200, spec).tolist() == [frame % 200 for frame in range(FRAMES)]
    padded = spectrogram.columns(200, SpectrogramSpec(short="pad"))
    assert (padded[:200].tolist(), set(padded[200:].tolist())) == (list(range(200)), {-1})
