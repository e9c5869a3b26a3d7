"""Copies are known again whatever their codec, level and beginning; other music is not taken for one."""

import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soxr
from small_model import write_model

from genre import audio, similarity, spectrogram
from genre.classifier import Classifier, classifier
from genre.errors import AudioError
from genre.settings import SAMPLE_RATE
from genre.similarity import FRAME_SECONDS, SAME_SOURCE, SPEC
from genre.web import examples

CLIPS = [example.path for example in examples.find_examples()]
KNOWN_AGAIN = [CLIPS[place] for place in (0, 8)]  # an orchestra, a dance
SHIFT = 3 * SAMPLE_RATE
QUIETER = np.float32(10 ** (-3 / 20))


def mp3(samples: np.ndarray, bits: int = 64_000) -> bytes:
    """The samples as mp3 of 64 kbit/s, by LAME."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as file:
        stream = file.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono", bit_rate=bits)
        for begin in range(0, len(samples), 1_152):
            frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + 1_152], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, begin
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    content = buffer.getvalue()
    assert len(content) == pytest.approx(len(samples) / SAMPLE_RATE * bits / 8, rel=0.1)
    return content


def levels(source: audio.Source) -> np.ndarray:
    return similarity.levels_of(audio.load(source))


def match(a: np.ndarray, b: np.ndarray) -> similarity.Match:
    """Of samples."""
    found = similarity.match(*(spectrogram.decibels(samples, SPEC) for samples in (a, b)))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return classifier(write_model(tmp_path_factory.mktemp("models") / "small"))


# --- the facts


@pytest.mark.parametrize("clip", KNOWN_AGAIN, ids=lambda path: path.stem)
def test_a_copy_scores_over_the_threshold(clip: Path) -> None:
    samples = audio.load(clip).samples
    original = similarity.levels_of(audio.load(clip))
    copies = {
        "transcoded to 64 kbit/s": (0.0, mp3(samples)),
        "shifted by 3 s": (3.0, (SAMPLE_RATE, samples[SHIFT:])),
        "3 dB quieter": (0.0, (SAMPLE_RATE, samples * QUIETER)),
        "all three": (3.0, mp3(samples[SHIFT:] * QUIETER)),
    }
    for way, (later, copy) in copies.items():
        found = similarity.match(original, levels(copy))
        assert found is not None
        assert found.ssim > 0.95 > SAME_SOURCE, way
        assert found.verdict == "possibly_same_source"
        assert found.lag_seconds == pytest.approx(later, abs=0.03), way  # LAME's delay is not always taken off
        assert found.overlap_seconds == pytest.approx(len(samples) / SAMPLE_RATE - later, abs=0.1)


def test_no_two_examples_are_taken_for_one_source() -> None:
    seen = [levels(clip) for clip in CLIPS]
    found = [similarity.match(a, b) for a, b in itertools.combinations(seen, 2)]
    assert len(found) == 120
    assert max(one.ssim for one in found if one) < 0.5
    assert {one.verdict for one in found if one} == {"no_sign_of_same_source"}


# --- the lag


@pytest.mark.parametrize("samples_later", [0, 1, 300, 10_000, 66_150, 140_000])
def test_the_lag_is_found_to_a_frame_and_turns_with_the_pair(
    noise: Callable[..., np.ndarray], rng: np.random.Generator, samples_later: int
) -> None:
    sound = noise(rng, 12.0)
    later = sound[samples_later:]
    found, turned = match(sound, later), match(later, sound)
    assert found.lag_seconds == pytest.approx(samples_later / SAMPLE_RATE, abs=FRAME_SECONDS)
    assert turned.lag == -found.lag
    assert turned.ssim == pytest.approx(found.ssim, abs=1e-4)
    assert found.ssim > 0.95
    first, other = found.parts()
    assert first.stop - first.start == other.stop - other.start == found.overlap
    assert (first.start, other.start) == (found.lag, 0)


def test_a_part_is_found_in_the_middle_of_a_long_recording(
    noise: Callable[..., np.ndarray], rng: np.random.Generator
) -> None:
    sound = noise(rng, 90.0)
    found = match(sound, sound[60 * SAMPLE_RATE : 64 * SAMPLE_RATE])
    assert found.ssim > 0.95
    assert found.lag_seconds == pytest.approx(60.0, abs=FRAME_SECONDS)
    assert found.overlap_seconds == pytest.approx(4.0, abs=0.1)


def test_recordings_that_share_only_an_end_and_a_beginning_are_laid_over_each_other(
    noise: Callable[..., np.ndarray], rng: np.random.Generator
) -> None:
    sound = noise(rng, 36.0)
    found = match(sound[: 20 * SAMPLE_RATE], sound[16 * SAMPLE_RATE :])
    assert found.ssim > 0.95
    assert found.lag_seconds == pytest.approx(16.0, abs=FRAME_SECONDS)


def test_a_long_part_that_agrees_fairly_beats_a_short_one_that_happens_to_agree_well(
    noise: Callable[..., np.ndarray], rng: np.random.Generator
) -> None:
    gains = np.repeat(rng.uniform(0.1, 1.0, 80), SAMPLE_RATE // 4)
    a = noise(rng, 20.0)[: len(gains)] * gains
    b = a + 0.2 * noise(rng, 20.0)[: len(gains)]
    rhythm = np.where((np.arange(4 * SAMPLE_RATE) // (SAMPLE_RATE // 2)) % 2, 1.0, 0.3)
    a[-len(rhythm) :] = noise(rng, 4.0) * rhythm  # the end of A has the rhythm of B's beginning
    b[: len(rhythm)] = noise(rng, 4.0) * rhythm
    assert match(a, b).lag_seconds == pytest.approx(0.0, abs=FRAME_SECONDS)


def test_a_steady_sound_says_nothing_about_the_lag(
    noise: Callable[..., np.ndarray], tone: Callable[..., np.ndarray], rng: np.random.Generator
) -> None:
    sound, steady = 2 * noise(rng, 8.0), tone(440, seconds=12)
    found = match(np.concatenate([steady, sound]), np.concatenate([sound, steady]))
    assert found.lag_seconds == pytest.approx(12.0, abs=FRAME_SECONDS)


# --- what must not count


def test_how_loud_a_recording_is_plays_no_part(noise: Callable[..., np.ndarray], rng: np.random.Generator) -> None:
    sound = noise(rng, 6.0)
    assert match(sound, 0.001 * sound).ssim == pytest.approx(1.0, abs=1e-3)


def test_silence_is_nothing_in_common(noise: Callable[..., np.ndarray], rng: np.random.Generator) -> None:
    silence = np.zeros(10 * SAMPLE_RATE, np.float32)
    a, b = np.concatenate([noise(rng, 6.0), silence]), np.concatenate([silence, noise(rng, 6.0)])
    for found in (match(a, b), match(a, a[::-1].copy())):
        assert found.ssim < 0.5


def test_different_noises_are_different_and_different_notes_too(
    noise: Callable[..., np.ndarray], tone: Callable[..., np.ndarray], rng: np.random.Generator
) -> None:
    assert match(noise(rng, 8.0), noise(rng, 8.0)).ssim < 0.5
    assert match(tone(440, seconds=8), tone(523.25, seconds=8)).ssim < 0.5


def test_a_steady_sound_agrees_with_itself_where_both_begin(tone: Callable[..., np.ndarray]) -> None:
    found = match(tone(440, seconds=8), tone(440, seconds=8))
    assert found.ssim > 0.99
    assert found.lag_seconds == pytest.approx(0.0, abs=0.05)


# --- impressions, and the whole


def test_an_impression_holds_the_mean_embedding_of_the_windows(
    judge: Classifier, noise: Callable[..., np.ndarray], rng: np.random.Generator
) -> None:
    sound = noise(rng, 30.0)
    seen = similarity.perceive(judge, (SAMPLE_RATE, sound), name="noise")
    images = spectrogram.images(audio.load((SAMPLE_RATE, sound)).samples, judge.card.spectrogram)
    assert len(images) == 2
    mean = judge.embeddings(images).mean(axis=0)
    np.testing.assert_allclose(seen.embedding, mean / np.linalg.norm(mean), rtol=1e-5)
    assert np.linalg.norm(seen.embedding) == pytest.approx(1.0, abs=1e-5)
    assert (seen.source, seen.start, seen.seconds) == ("noise", 0.0, 30.0)


def test_two_files_are_compared_in_one_call(
    tmp_path: Path,
    judge: Classifier,
    noise: Callable[..., np.ndarray],
    write: Callable[..., Path],
    rng: np.random.Generator,
) -> None:
    sound = noise(rng, 9.0)
    a = write(tmp_path / "a.flac", sound, kind="flac")
    b = write(tmp_path / "b.wav", np.clip(0.5 * sound[SAMPLE_RATE:], -1, 1))
    found = similarity.similar(a, b, judge.card.folder)
    row = found.to_dict()
    assert json.loads(json.dumps(row)) == row
    assert (row["a"]["source"], row["b"]["source"]) == (str(a), str(b))
    assert row["lag_seconds"] == pytest.approx(1.0, abs=0.03)
    assert row["overlap_seconds"] == pytest.approx(8.0, abs=0.1)
    assert (row["verdict"], row["threshold"]) == ("possibly_same_source", 0.85)
    assert (row["model"], row["weights"]["sha256"]) == (judge.card.name, judge.card.sha256)
    assert -1 <= row["cosine"] <= 1.000001
    same = similarity.similar(a, a, judge.card.folder, start=2.0, clip_seconds=5.0).to_dict()
    assert (same["a"]["start"], same["a"]["seconds"]) == (2.0, 5.0)
    assert (same["ssim"], same["cosine"]) == (pytest.approx(1.0), pytest.approx(1.0, abs=1e-5))
    loud = similarity.similar(a, (SAMPLE_RATE, np.sign(sound)), judge.card.folder)
    assert "clipped" in loud.to_dict()["b"]["warnings"]


def test_what_is_too_short_to_compare_is_named(
    tmp_path: Path,
    judge: Classifier,
    noise: Callable[..., np.ndarray],
    write: Callable[..., Path],
    rng: np.random.Generator,
) -> None:
    long = write(tmp_path / "long.wav", noise(rng, 8.0))
    short = write(tmp_path / "short.wav", noise(rng, 2.0))
    pauses = np.concatenate([noise(rng, 2.0), np.zeros(8 * SAMPLE_RATE, np.float32)])
    sparse = write(tmp_path / "sparse.wav", pauses)
    for pair, name in (((long, short), "short.wav"), ((short, long), "short.wav"), ((long, sparse), "sparse.wav")):
        with pytest.raises(AudioError, match=rf"{name}: too little sound to compare; 3 s are the least"):
            similarity.similar(*pair, judge.card.folder)


def test_what_cannot_be_heard_is_named(
    tmp_path: Path, judge: Classifier, write: Callable[..., Path], tone: Callable[..., np.ndarray]
) -> None:
    good = write(tmp_path / "good.wav", tone(seconds=5))
    (tmp_path / "text.mp3").write_text("not music")
    (tmp_path / "empty.wav").touch()
    write(tmp_path / "silent.wav", np.zeros(5 * SAMPLE_RATE, np.float32))
    for name in ("text.mp3", "empty.wav", "silent.wav", "absent.wav", "."):
        with pytest.raises(AudioError, match=r"^\S+: "):
            similarity.similar(good, tmp_path / name, judge.card.folder)


def test_ten_minutes_are_compared(judge: Classifier, rng: np.random.Generator) -> None:
    frames = round(600 / FRAME_SECONDS)
    seen = soxr.resample(rng.standard_normal((frames // 8, SPEC.bins)), 1, 8).T.astype(np.float32)
    seen = np.maximum(20 * seen - 20, -80)
    found = similarity.match(seen, seen[:, frames // 2 :])
    assert found is not None
    assert found.lag == pytest.approx(frames // 2, abs=1)
    assert found.ssim > 0.95
