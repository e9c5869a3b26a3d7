"""The answer is the network's answer, whoever asks, with its windows, its warnings and its provenance."""

import json
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import genre
from genre import audio, backbones, checkpoints, spectrogram, store
from genre.classifier import Classifier, classifier, predict
from genre.errors import AudioError, ModelError, SettingsError
from genre.settings import SAMPLE_RATE, Settings

Tone = Callable[..., np.ndarray]
FLOAT32 = Settings(precision="float32")
SMALL_MEMORY = Settings(precision="float32", model_memory_mb=8)
EXAMPLES = Path(__file__).parent.parent / "examples"
# What each embedded model says about examples/symphony.mp3, in the order of its taxonomy.
GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))


def make_model(folder: Path, seed: int = 0) -> Path:
    """Write a small random network in the published layout, as a person would drop it in."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    torch.save(backbones.build("squeezenet1_1", "published", 16).state_dict(), folder / "new.pt")
    (folder / "new.pt").replace(folder / "save.pt")  # an earlier one may still be mapped
    return folder


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "squeezenet1_1_cqt")


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    """30 s of chords that change, over a beat."""
    generator = np.random.default_rng(1)
    time = np.arange(30 * SAMPLE_RATE) / SAMPLE_RATE
    chord = (time // 2).astype(int) % 4
    roots = np.array([110.0, 146.8, 164.8, 98.0])[chord]
    sound = sum(np.sin(2 * np.pi * roots * ratio * time) for ratio in (1, 1.26, 1.5, 2))
    return (0.1 * sound + 0.3 * generator.standard_normal(len(time)) * np.exp(-20 * (time % 0.5))).astype(np.float32)


def test_probabilities_are_those_of_the_plain_steps(random_model: Path, music: np.ndarray) -> None:
    card = store.find(random_model, FLOAT32)
    network = backbones.build("squeezenet1_1", "published", 16).eval()
    network.load_state_dict(checkpoints.read(random_model / "save.pt"))
    images = spectrogram.images(audio.load((SAMPLE_RATE, music)).samples, card.spectrogram)
    with torch.no_grad():
        logits = network(torch.from_numpy(spectrogram.network_input(images, card.spectrogram)))
    expected = torch.softmax(logits, 1).numpy()

    answer = classifier(random_model, FLOAT32).predict((SAMPLE_RATE, music))
    ids = card.taxonomy.ids
    found = np.array([[window.probabilities[genre_id] for genre_id in ids] for window in answer.windows])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose([dict(answer.ranked)[g] for g in ids], expected.mean(axis=0), atol=1e-5)
    assert [p for _, p in answer.ranked] == sorted((p for _, p in answer.ranked), reverse=True)


def test_the_fast_precision_agrees_with_float32(music: np.ndarray) -> None:
    fast = dict(classifier().predict((SAMPLE_RATE, music)).ranked)
    exact = dict(classifier(settings=FLOAT32).predict((SAMPLE_RATE, music)).ranked)
    assert max(abs(fast[genre_id] - exact[genre_id]) for genre_id in exact) < 0.05
    assert max(fast, key=fast.__getitem__) == max(exact, key=exact.__getitem__)


@pytest.mark.parametrize("model", GOLDEN)
def test_the_embedded_weights_answer_as_when_they_were_made(model: str) -> None:
    embedded = classifier(f"embedded:{model}", FLOAT32)
    heard = dict(embedded.predict(EXAMPLES / "symphony.mp3").ranked)
    assert [heard[genre_id] for genre_id in embedded.card.taxonomy.ids] == pytest.approx(GOLDEN[model], abs=2e-3)


def test_windows_lie_where_the_recording_has_them(random_model: Path, music: np.ndarray) -> None:
    whole = classifier(random_model).predict((SAMPLE_RATE, music))
    assert len(whole.windows) == 2  # 30 s hold two windows of 11.4 s, centred
    assert whole.windows[0].start == pytest.approx(3.6, abs=0.1)
    assert whole.windows[1].end == pytest.approx(26.4, abs=0.1)
    part = classifier(random_model).predict((SAMPLE_RATE, music), start=10, clip_seconds=12)
    assert len(part.windows) == 1
    assert part.windows[0].start == pytest.approx(10.3, abs=0.1)
    assert part.start == 10


def test_the_row_is_the_documented_one_and_is_json(music: np.ndarray) -> None:
    row = json.loads(json.dumps(predict((SAMPLE_RATE, music)).to_dict(top=3)))
    assert set(row) == {
        "source", "model", "taxonomy", "weights", "top", "windows", "warnings", "music", "unsure_below", "seconds"
    }  # fmt: skip
    assert 0 <= row["music"] <= 1
    assert row["unsure_below"] == 0.6
    assert (row["source"], row["model"], row["taxonomy"]) == ("array", "vgg19_bn_cqt", "ccmusic16")
    assert set(row["weights"]) == {"origin", "trained_on", "accuracy", "measured_on", "sha256"}
    assert row["weights"]["origin"] == "embedded"
    assert len(row["weights"]["sha256"]) == 64
    assert 0 < row["weights"]["accuracy"] < 1
    assert len(row["top"]) == 3
    assert set(row["top"][0]) == {"id", "en", "zh", "probability"}
    assert set(row["seconds"]) == {"decode", "spectrogram", "music", "load", "network", "total"}
    for window in row["windows"]:
        assert sum(window["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_warnings_and_refusals(random_model: Path, music: np.ndarray, tone: Tone) -> None:
    model = classifier(random_model)
    assert "short" in model.predict((SAMPLE_RATE, music[: 5 * SAMPLE_RATE])).warnings
    long = model.predict((SAMPLE_RATE, music))
    assert "short" not in long.warnings
    assert "quiet" in model.predict((SAMPLE_RATE, 0.002 * music)).warnings
    with pytest.raises(AudioError, match="array"):
        model.predict((SAMPLE_RATE, np.zeros(5 * SAMPLE_RATE, np.float32)))
    with pytest.raises(SettingsError, match="clip_seconds"):
        model.predict((SAMPLE_RATE, music), clip_seconds=0.5)
    for wrong in (-0.01, 1.01, float("nan")):
        with pytest.raises(SettingsError, match="unsure_below"):
            model.predict((SAMPLE_RATE, music), unsure_below=wrong)


def test_what_is_under_the_threshold_is_unsure_whoever_sets_it(tmp_path: Path) -> None:
    song = EXAMPLES / "solo.mp3"
    folder = make_model(tmp_path / "squeezenet1_1_cqt", seed=1)
    best = classifier(folder).predict(song).ranked[0][1]
    assert "unsure" in classifier(folder).predict(song).warnings  # random weights are under 60 %
    assert "unsure" in classifier(folder).predict(song, unsure_below=best + 1e-3).warnings
    assert "unsure" not in classifier(folder).predict(song, unsure_below=best - 1e-3).warnings
    spec = spectrogram.SpectrogramSpec.published("cqt", 224).to_dict()
    config = {"format": 1, "backbone": "squeezenet1_1", "head": "published", "taxonomy": "ccmusic16"}
    config |= {"spectrogram": spec, "weights": {"file": "save.pt"}}
    for stated, expected in ((best - 1e-3, best - 1e-3), (0.0, 0.0), (None, 0.6)):
        (folder / "config.json").write_text(json.dumps({**config, "unsure_below": stated}))
        answer = classifier(folder).predict(song)
        assert answer.unsure_below == expected
        assert ("unsure" in answer.warnings) == (best < expected)
    for wrong in (-0.1, 1.1, True, "0.5"):
        (folder / "config.json").write_text(json.dumps({**config, "unsure_below": wrong}))
        with pytest.raises(ModelError, match="unsure_below"):
            classifier(folder)


def test_what_is_no_music_is_told_before_anything_else(random_model: Path, rng: np.random.Generator) -> None:
    noise = (SAMPLE_RATE, rng.normal(0, 1e-3, 12 * SAMPLE_RATE).astype(np.float32))
    answer = classifier(random_model).predict(noise)
    assert answer.music < 0.1
    assert answer.warnings == ("not_music", "quiet")  # and not "unsure": that is said of music
    assert len(answer.ranked) == 16
    song = classifier(random_model).predict(EXAMPLES / "soft_rock.mp3")
    assert song.music > 0.9
    assert "not_music" not in song.warnings


def test_twenty_callers_each_get_their_own_answer(random_model: Path, tone: Tone) -> None:
    sounds = [(SAMPLE_RATE, tone(frequency=55 * 2 ** (i / 4), seconds=12)) for i in range(20)]
    alone = [classifier(random_model, FLOAT32).predict(sound).ranked for sound in sounds]
    assert len(set(alone)) == 20
    cold = make_model(random_model.parent / "other" / "squeezenet1_1_cqt")  # the first call loads, from 20 threads
    with ThreadPoolExecutor(20) as pool:
        together = list(pool.map(lambda sound: classifier(cold, FLOAT32).predict(sound), sounds))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose([dict(one)[g] for g, _ in other.ranked], [p for _, p in other.ranked], atol=1e-5)


def test_classifiers_are_kept_and_reread_when_replaced(tmp_path: Path, music: np.ndarray) -> None:
    folder = make_model(tmp_path / "squeezenet1_1_cqt", seed=1)
    first = classifier(folder)
    assert classifier(folder) is first
    before = first.predict((SAMPLE_RATE, music)).ranked
    make_model(folder, seed=2)
    replaced = weakref.ref(first)
    del first
    after = classifier(folder).predict((SAMPLE_RATE, music)).ranked
    assert replaced() is None
    assert dict(after) != dict(before)
    spec = spectrogram.SpectrogramSpec.published("cqt", 224).to_dict()
    config = {"format": 1, "backbone": "squeezenet1_1", "head": "published", "taxonomy": "ccmusic16"}
    for temperature in (2.0, 3.0):  # no other file changes
        config |= {"spectrogram": spec, "weights": {"file": "save.pt"}, "temperature": temperature}
        (folder / "config.json").write_text(json.dumps(config))
        assert classifier(folder).card.temperature == temperature


def loaded(folder: Path, settings: Settings = SMALL_MEMORY) -> Classifier:
    return classifier(folder, settings).load()


def network_of(judge: Classifier) -> "weakref.ref[torch.nn.Module]":
    with judge.network() as network:
        return weakref.ref(network)


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Models of which SMALL_MEMORY holds two."""
    folders = [make_model(tmp_path / str(number) / "squeezenet1_1_cqt", seed=number) for number in range(3)]
    sizes = [loaded(folder, FLOAT32).nbytes for folder in folders]
    parameters = sum(tensor.nbytes for tensor in checkpoints.read(folders[0] / "save.pt").values())
    assert sizes == [parameters] * 3
    assert 2 * parameters <= SMALL_MEMORY.model_memory_mb << 20 < 3 * parameters
    return folders


def test_the_least_recently_used_model_is_released(three: list[Path], music: np.ndarray) -> None:
    first, second = loaded(three[0]), loaded(three[1])
    old, kept = network_of(second), network_of(first)
    assert classifier(three[0], SMALL_MEMORY) is first  # used again, so that the second is the older one
    answer = first.predict((SAMPLE_RATE, music))
    del first, second
    loaded(three[2])
    assert old() is None
    assert kept() is not None
    again = classifier(three[0], SMALL_MEMORY).predict((SAMPLE_RATE, music))
    assert again.ranked == answer.ranked
    assert again.seconds["load"] == 0  # switching back loads nothing


def test_what_is_converted_leaves_no_file_mapped(tmp_path: Path) -> None:
    folder = tmp_path / "resnet18_cqt"
    folder.mkdir()
    torch.save(backbones.build("resnet18", "published", 16).state_dict(), folder / "save.pt")
    converted = loaded(folder, Settings(precision="bfloat16"))
    assert converted.nbytes < 0.6 * (folder / "save.pt").stat().st_size
    assert str(folder) not in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_a_released_model_goes_on_working_for_who_holds_it(three: list[Path], music: np.ndarray) -> None:
    held = loaded(three[0])
    before = held.predict((SAMPLE_RATE, music)).ranked
    with held.network():  # at work while the others come
        loaded(three[1])
        loaded(three[2])
    network = network_of(held)
    after = held.predict((SAMPLE_RATE, music))
    assert after.ranked == before
    assert after.seconds["load"] == 0
    assert classifier(three[0], SMALL_MEMORY) is held  # not a second copy
    loaded(three[1])
    loaded(three[2])
    assert network() is not None
    del held
    assert network() is None


def test_a_model_larger_than_the_bound_works_alone(three: list[Path], music: np.ndarray) -> None:
    tiny = replace(SMALL_MEMORY, model_memory_mb=1)
    first = loaded(three[0], tiny)
    assert first.nbytes > 1 << 20
    assert classifier(three[0], tiny) is first
    expected = loaded(three[0], FLOAT32).predict((SAMPLE_RATE, music)).ranked
    assert first.predict((SAMPLE_RATE, music)).ranked == expected
    network = network_of(first)
    del first
    assert network() is not None
    loaded(three[1], tiny)
    assert network() is None


def test_many_callers_of_more_models_than_memory_holds_get_right_answers(three: list[Path], music: np.ndarray) -> None:
    short = (SAMPLE_RATE, music[: 12 * SAMPLE_RATE])
    expected = [classifier(folder, FLOAT32).predict(short).ranked for folder in three]
    tiny = replace(SMALL_MEMORY, model_memory_mb=1)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: classifier(three[n % 3], tiny).predict(short).ranked, range(18)))
    assert found == [expected[n % 3] for n in range(18)]


def test_weights_that_answer_with_nan_are_refused(tmp_path: Path, music: np.ndarray) -> None:
    folder = make_model(tmp_path / "squeezenet1_1_cqt")
    state = checkpoints.read(folder / "save.pt")
    state["features.0.weight"] = torch.full_like(state["features.0.weight"], torch.nan)
    torch.save(state, folder / "new.pt")
    (folder / "new.pt").replace(folder / "save.pt")  # the old file is mapped
    with pytest.raises(ModelError, match="are not numbers"):
        classifier(folder).predict((SAMPLE_RATE, music))


def test_the_public_call_takes_a_folder_and_names_what_exists(random_model: Path, music: np.ndarray) -> None:
    answer = genre.predict((SAMPLE_RATE, music), model=random_model, clip_seconds=15, start=2)
    assert answer.card.origin == "dropped-in"
    assert answer.card.accuracy is None
    with pytest.raises(ModelError, match="vgg19_bn_cqt"):
        genre.predict((SAMPLE_RATE, music), model="vgg99_cqt")


def test_cuda_that_is_not_there_is_refused() -> None:
    if torch.cuda.is_available():
        assert classifier(settings=Settings(device="cuda")).load()
    else:
        with pytest.raises(SettingsError, match="CUDA"):
            classifier(settings=Settings(device="cuda"))
