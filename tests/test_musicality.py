"""Whether a sound is music at all: speech that espeak-ng speaks here, noises and hum are none; the examples are."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soxr

from corpus import musicality as fitting
from corpus import noises, talk
from corpus.synth import SAMPLE_RATE as STUDIO_RATE
from genre import audio, musicality
from genre.errors import AudioError
from genre.musicality import NOT_MUSIC_BELOW, WINDOW_SECONDS, music_probability
from genre.settings import SAMPLE_RATE
from genre.traits import traits

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.mp3"))
WINDOW = round(11.4 * SAMPLE_RATE)
SHORT = 3 * SAMPLE_RATE


@pytest.fixture(scope="module")
def songs() -> dict[str, np.ndarray]:
    return {path.stem: audio.load(path).samples for path in EXAMPLES}


def brought(sound: np.ndarray) -> np.ndarray:
    """What a sound of the corpus is at genre's rate."""
    return np.asarray(soxr.resample(np.asarray(sound, np.float32), STUDIO_RATE, SAMPLE_RATE), np.float32)


def cuts(sound: np.ndarray, length: int) -> list[np.ndarray]:
    return [sound[begin : begin + length] for begin in range(0, len(sound) - length + 1, length)]


def test_every_example_is_music_whole_and_in_short_pieces(songs: dict[str, np.ndarray]):
    assert len(songs) == 16
    assert {name: value for name, song in songs.items() if (value := music_probability(song)) < 0.7} == {}
    pieces = [music_probability(piece) for song in songs.values() for piece in cuts(song, SHORT)]
    assert len(pieces) >= 120
    assert np.mean(np.array(pieces) >= NOT_MUSIC_BELOW) >= 0.98


def test_speech_in_languages_and_voices_never_heard_is_none():
    said = {}
    for number, language in enumerate(talk.HELD_OUT_TEXTS):
        rng = np.random.default_rng([5, number])
        said[language] = brought(talk.speak(talk.talker(rng, held_out=True, language=language), 24, rng))
    assert {name: value for name, sound in said.items() if (value := music_probability(sound)) >= NOT_MUSIC_BELOW} == {}
    pieces = [music_probability(piece) for sound in said.values() for piece in cuts(sound, SHORT)]
    assert len(pieces) >= 56
    assert np.mean(np.array(pieces) < NOT_MUSIC_BELOW) >= 0.85


def test_several_who_talk_at_once_are_none():
    for count in (2, 9):
        rng = np.random.default_rng(count)
        voices = [talk.speak(talk.talker(rng, held_out=True), 12, rng) for _ in range(count)]
        assert music_probability(brought(np.sum(voices, axis=0))) < NOT_MUSIC_BELOW


@pytest.mark.parametrize("kind", ["white", "pink", "brown", "hum", "fan", "rain", "room", "traffic", "applause"])
def test_noise_and_hum_are_none(kind: str):
    sounds = [brought(noises.noise(kind, 11.4, np.random.default_rng([7, seed]))) for seed in range(4)]
    assert max(music_probability(sound) for sound in sounds) < NOT_MUSIC_BELOW
    pieces = [music_probability(piece) for sound in sounds for piece in cuts(sound, SHORT)]
    assert np.mean(np.array(pieces) < NOT_MUSIC_BELOW) >= 0.9


def test_silence_is_none_and_less_than_a_second_is_refused(rng: np.random.Generator):
    assert music_probability(np.zeros(WINDOW, np.float32)) == 0
    for sound in (np.zeros(SAMPLE_RATE - 1, np.float32), np.zeros((2, WINDOW), np.float32)):
        with pytest.raises(AudioError, match="1 s"):
            music_probability(sound)
    assert 0 <= music_probability(rng.standard_normal(SAMPLE_RATE, dtype=np.float32)) < NOT_MUSIC_BELOW


@pytest.mark.parametrize("level", [1e-4, 0.02, 1.0])
def test_loudness_does_not_matter(songs: dict[str, np.ndarray], level: float):
    for name in ("solo", "dance_pop", "opera"):
        song = songs[name][:WINDOW]
        assert music_probability(np.float32(level) * song) == pytest.approx(music_probability(song), abs=1e-3)


def test_where_the_cut_falls_hardly_matters(songs: dict[str, np.ndarray]):
    for song in songs.values():
        shifted = [music_probability(song[begin : begin + WINDOW]) for begin in (0, 137, 256, 700)]
        assert max(shifted) - min(shifted) < 0.1


def test_what_is_longer_than_a_window_is_the_mean_of_its_parts(songs: dict[str, np.ndarray]):
    rng = np.random.default_rng(1)
    length = round(WINDOW_SECONDS * SAMPLE_RATE)
    song, noise = songs["soft_rock"][:length], rng.standard_normal(length, dtype=np.float32)
    parts = music_probability(song), music_probability(noise)
    assert parts[0] > 0.9 > 0.1 > parts[1]
    assert music_probability(np.concatenate((song, noise))) == pytest.approx(np.mean(parts), abs=1e-9)


def test_it_is_light():
    code = (
        "import sys, genre.musicality; "
        "print(sorted({'torch', 'librosa', 'sklearn', 'soundfile', 'gradio'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_its_numbers_are_of_the_traits_and_say_where_they_come_from(rng: np.random.Generator):
    facts = json.loads(musicality.COEFFICIENTS.read_text(encoding="utf-8"))
    network = facts["network"]
    assert network["traits"] == list(traits(rng.standard_normal(SAMPLE_RATE, dtype=np.float32)))
    assert np.shape(network["hidden"]) == (len(network["traits"]), len(network["output"]))
    assert set(facts["fitted_on"]) == set(fitting.WEIGHTS)
    assert min(facts["fitted_on"].values()) >= 50
    assert facts["called_music_in_unseen_folds"]["speech"] < 0.05
    assert musicality.COEFFICIENTS.stat().st_size < 40_000


# --- how it is fitted


def test_what_is_measured_is_not_what_was_fitted_on():
    assert not set(talk.TRAIN_TEXTS) & set(talk.HELD_OUT_TEXTS)
    assert not set(talk.TRAIN_VOICES) & set(talk.HELD_OUT_VOICES)
    drawn = [talk.talker(np.random.default_rng(seed), held_out=False) for seed in range(40)]
    assert {who.language for who in drawn} <= set(talk.TRAIN_TEXTS)
    assert {who.variant for who in drawn} <= set(talk.TRAIN_VOICES)


def test_a_group_is_in_one_fold():
    groups = np.array([f"group {number % 23}" for number in range(200)])
    folds = list(fitting.folds(groups))
    assert np.sum(folds, axis=0).tolist() == [1] * 200
    for group in set(groups):
        assert sum(fold[groups == group].any() for fold in folds) == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_fit_learns_what_it_is_shown_and_is_written_as_it_is_read(tmp_path: Path, rng: np.random.Generator):
    values = rng.standard_normal((600, 3))
    music = values[:, 0] - values[:, 1] > 0
    kinds = np.where(music, "rendered", "noise")
    network = fitting.learn(values, music, kinds)
    read = musicality.network({"traits": ["a", "b", "c"], **{key: fitting.rounded(v) for key, v in network.items()}})
    told = [read.probability(dict(zip("abc", row, strict=True))) for row in values]
    assert np.mean((np.array(told) > 0.5) == music) > 0.97


def test_a_clip_has_its_own_seed_and_sounds_the_same_again(tmp_path: Path):
    clips = [fitting.Clip("noise", "fan", number, f"fan-{number}") for number in range(2)]
    assert clips[0].name != clips[1].name
    first, again = (fitting.sound(clips[0], tmp_path) for _ in range(2))
    assert first.dtype == np.float32
    assert len(first) == round(fitting.SECONDS * SAMPLE_RATE)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first).max() <= 1
