"""Models beside each other: every column is that model's own answer, and the number is the one that Lin defined."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from genre import audio, backbones, checkpoints, comparison, spectrogram
from genre.classifier import classifier
from genre.comparison import compare, divergence, draw
from genre.errors import AudioError, ModelError, SettingsError
from genre.labels import CCMUSIC16
from genre.settings import SAMPLE_RATE, Settings
from genre.spectrogram import SpectrogramSpec

FLOAT32 = Settings(precision="float32")
Sound = tuple[int, np.ndarray]
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def music() -> Sound:
    """24 s of a rising scale over noise: the transforms do not see the same."""
    notes = 110 * 2 ** (np.arange(24).repeat(SAMPLE_RATE) / 12)
    noise = np.random.default_rng(3).normal(0, 0.02, notes.size)
    return SAMPLE_RATE, (0.3 * np.sin(2 * np.pi * np.cumsum(notes) / SAMPLE_RATE) + noise).astype(np.float32)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a small random network with a config.json, as `genre train` would."""

    def written(
        name: str,
        spec: SpectrogramSpec | None = None,
        *,
        seed: int = 0,
        taxonomy: Any = "ccmusic16",
        genres: int = 16,
        order: list[int] | None = None,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        torch.manual_seed(seed)
        network = backbones.build("squeezenet1_1", "compact", genres)
        head = [module for module in network.modules() if isinstance(module, torch.nn.Linear)][-1]
        head.weight.data *= 40  # surer answers, so that models differ
        if order:
            head.weight.data, head.bias.data = head.weight.data[order], head.bias.data[order]
        checkpoints.save(network.state_dict(), folder / "model.safetensors")
        config = {
            "format": 1,
            "backbone": "squeezenet1_1",
            "head": "compact",
            "taxonomy": taxonomy,
            "spectrogram": (spec or SpectrogramSpec()).to_dict(),
            "weights": {"file": "model.safetensors", "trained_on": "nothing: random weights"},
        }
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        return folder

    return written


def own(ids: list[str]) -> dict[str, Any]:
    return {"id": "own", "genres": [{"id": genre_id, "en": genre_id.title()} for genre_id in ids]}


# --- the number


@pytest.mark.parametrize("seed", range(5))
def test_of_two_it_is_the_square_of_scipys_distance(seed: int) -> None:
    one, other = np.random.default_rng(seed).dirichlet(np.full(16, 0.3), size=2)
    assert divergence(np.stack([one, other])) == pytest.approx(jensenshannon(one, other, base=2) ** 2, abs=1e-12)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_it_reaches_from_the_same_to_nothing_in_common(count: int) -> None:
    same = np.random.default_rng(count).dirichlet(np.ones(16))
    assert divergence(np.tile(same, (count, 1))) == pytest.approx(0, abs=1e-12)
    assert divergence(np.eye(16)[:count]) == pytest.approx(1)


def test_of_three_it_is_lins_with_equal_weights() -> None:
    # Two say the first genre and one the second: H(2/3, 1/3) = log2(3) - 2/3 bits, of log2(3) at most.
    assert divergence(np.eye(4)[[0, 0, 1]]) == pytest.approx((np.log2(3) - 2 / 3) / np.log2(3))
    rows = np.random.default_rng(0).dirichlet(np.ones(16), size=3)
    found = [divergence(rows[list(order)]) for order in itertools.permutations(range(3))]
    assert found == pytest.approx([found[0]] * 6)


# --- the columns


def test_every_column_is_the_models_own_answer(make: Make, music: Sound) -> None:
    models = [make("a"), make("b", SpectrogramSpec("mel"), seed=1), make("c", SpectrogramSpec("chroma"), seed=2)]
    found = compare(music, models, start=2, clip_seconds=20, settings=FLOAT32)
    assert [column.model for column in found.columns] == [str(model) for model in models]
    assert (found.start, found.heard_seconds) == (2, pytest.approx(20))
    for model, column in zip(models, found.columns, strict=True):
        alone = classifier(model, FLOAT32).predict(music, start=2, clip_seconds=20)
        assert column.prediction is not None
        assert column.prediction.ranked == alone.ranked
        assert column.prediction.windows == alone.windows
        assert column.prediction.warnings == alone.warnings
        assert column.prediction.music == alone.music
        np.testing.assert_array_equal(column.prediction.decibels, alone.decibels)
        assert column.spectrogram_of is None
        assert set(column.prediction.seconds) == set(alone.seconds)


def test_the_sound_is_decoded_once_and_each_transform_computed_once(
    make: Make, music: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, transformed = [], []
    load, decibels = audio.load, spectrogram.decibels

    def counted_load(*arguments: Any, **options: Any) -> audio.Audio:
        decoded.append(arguments)
        return load(*arguments, **options)

    def counted_decibels(samples: np.ndarray, spec: SpectrogramSpec) -> np.ndarray:
        transformed.append(spec.transform)
        return decibels(samples, spec)

    monkeypatch.setattr(audio, "load", counted_load)
    monkeypatch.setattr(spectrogram, "decibels", counted_decibels)
    models = [
        make("a"),
        make("b", SpectrogramSpec("mel"), seed=1),
        make("c", SpectrogramSpec.published("cqt", 128), seed=2),  # drawn otherwise, from the same values
        make("d", SpectrogramSpec(n_bins=72), seed=3),  # other values
    ]
    found = compare(music, models, settings=FLOAT32)
    assert len(decoded) == 1
    assert transformed == ["cqt", "mel", "cqt"]
    assert [column.spectrogram_of for column in found.columns] == [None, None, str(models[0]), None]
    third = classifier(models[2], FLOAT32).predict(music)
    assert found.columns[2].prediction is not None
    assert found.columns[2].prediction.ranked == third.ranked
    assert decoded[1:]  # `predict` decodes anew


def test_switching_back_loads_nothing_and_memory_stays_bounded(make: Make, music: Sound) -> None:
    models = [make(name, seed=seed) for seed, name in enumerate("abc")]
    first = compare(music, models, settings=FLOAT32)
    again = compare(music, models[::-1], settings=FLOAT32)
    for found, loads in ((first, True), (again, False)):
        for column in found.columns:
            assert column.prediction is not None
            assert (column.prediction.seconds["load"] > 0) == loads
    size = classifier(models[0], FLOAT32).nbytes
    small = replace(FLOAT32, model_memory_mb=-(-size // (1 << 20)))
    bounded = compare(music, models, settings=small)
    assert [answer(bounded, place) for place in range(3)] == [answer(first, place) for place in range(3)]
    assert classifier(models[2], small).nbytes == size  # the last one is still there
    assert classifier(models[0], small).nbytes == 0  # the first one is not


def answer(found: comparison.Comparison, place: int) -> tuple[tuple[str, float], ...]:
    prediction = found.columns[place].prediction
    assert prediction is not None
    return prediction.ranked


# --- agreement


def test_the_agreement_is_that_of_the_probabilities(make: Make, music: Sound) -> None:
    models = [make("a"), make("b", seed=1), make("c", SpectrogramSpec("mel"), seed=2)]
    found = compare(music, models, settings=FLOAT32)
    (agreement,) = found.agreements
    shares = np.array([[dict(answer(found, place))[g] for g in CCMUSIC16.ids] for place in range(3)])
    names = [str(model) for model in models]
    assert agreement.models == tuple(names)
    assert agreement.divergence == pytest.approx(divergence(shares), abs=1e-6)
    assert 0.05 < agreement.divergence < 1
    assert agreement.first == tuple(CCMUSIC16.ids[index] for index in shares.argmax(axis=1))
    spread = np.ptp(shares, axis=0)
    assert agreement.widest == CCMUSIC16.ids[int(spread.argmax())]
    assert agreement.most[1] - agreement.least[1] == pytest.approx(spread.max(), abs=1e-6)
    assert shares[names.index(agreement.most[0]), spread.argmax()] == pytest.approx(agreement.most[1], abs=1e-6)
    assert [pair[:2] for pair in agreement.pairs] == list(itertools.combinations(names, 2))
    one_and_three = divergence(shares[[0, 2]])
    assert agreement.pairs[1][2] == pytest.approx(one_and_three, abs=1e-6)
    best = [{CCMUSIC16.ids[index] for index in np.argsort(-row)[:5]} for row in shares]
    assert set(agreement.shared) == best[0] & best[1] & best[2]


def test_models_of_other_genres_are_compared_without_a_number(make: Make, music: Sound) -> None:
    models = [make("a"), make("b", seed=1, taxonomy="acousticsense16"), make("c", seed=2)]
    found = compare(music, models, settings=FLOAT32)
    a, b, c = map(str, models)
    assert [(taxonomy.id, names) for taxonomy, names in found.families] == [
        ("ccmusic16", (a, c)),
        ("acousticsense16", (b,)),
    ]
    assert [agreement.models for agreement in found.agreements] == [(a, c)]
    assert compare(music, models[:2], settings=FLOAT32).agreements == ()


def test_the_same_genres_in_another_order_are_the_same_genres(make: Make, music: Sound) -> None:
    ids, order = ["rock", "jazz", "folk", "disco"], [2, 0, 3, 1]
    one = make("one", taxonomy=own(ids), genres=4)
    other = make("other", taxonomy=own([ids[place] for place in order]), genres=4, order=order)
    found = compare(music, [one, other], settings=FLOAT32)
    (agreement,) = found.agreements
    assert agreement.divergence == pytest.approx(0, abs=1e-6)
    assert len(set(agreement.first)) == 1
    assert agreement.shortlist == len(agreement.shared) == 4


# --- what goes wrong


def test_a_model_that_cannot_answer_costs_its_own_column_only(make: Make, music: Sound) -> None:
    good, broken, other = make("good"), make("broken", seed=1), make("other", seed=2)
    (broken / "model.safetensors").write_bytes(b"not weights")
    found = compare(music, [broken, good, "no_such_model", other], settings=FLOAT32)
    assert [column.prediction is None for column in found.columns] == [True, False, True, False]
    assert "not a complete safetensors file" in str(found.columns[0].error)
    assert "no_such_model" in str(found.columns[2].error)
    assert [agreement.models for agreement in found.agreements] == [(str(good), str(other))]
    assert draw(found).size[0] == 2 * comparison.PANEL_WIDTH
    nothing = compare(music, [broken, "no_such_model"], settings=FLOAT32)
    assert (nothing.agreements, nothing.families, nothing.warnings) == ((), (), ())
    with pytest.raises(ModelError, match="not a complete safetensors file"):
        draw(nothing)


def test_what_cannot_be_compared_is_refused(make: Make, music: Sound) -> None:
    models = [make(name) for name in "abcde"]
    for given, reason in ((models[:1], "2 to 4"), (models, "given: 5"), ([models[0]] * 2, "twice")):
        with pytest.raises(SettingsError, match=reason):
            compare(music, given)
    with pytest.raises(AudioError, match="silence"):
        compare((SAMPLE_RATE, np.zeros(5 * SAMPLE_RATE, np.float32)), models[:2])
    with pytest.raises(SettingsError, match="clip_seconds"):
        compare(music, models[:2], clip_seconds=0)


def test_a_warning_of_every_answer_is_about_the_recording(make: Make, music: Sound) -> None:
    rate, samples = music
    long = make("b", SpectrogramSpec(window_seconds=4.0), seed=1)
    quiet = rate, 0.001 * samples[: 6 * rate]
    found = compare(quiet, [make("a"), long], settings=FLOAT32)
    assert "quiet" in found.warnings
    assert "short" not in found.warnings  # of the first one only
    assert "short" in found.columns[0].prediction.warnings  # type: ignore[union-attr]
    assert "unsure" not in found.warnings


# --- what is handed on


def test_the_dictionary_is_json_and_holds_what_it_promises(make: Make, music: Sound) -> None:
    models = [make("a"), make("b", SpectrogramSpec("mel"), seed=1), "no_such_model"]
    row = json.loads(json.dumps(compare(music, models, settings=FLOAT32).to_dict(top=3)))
    assert set(row) == {"source", "start", "heard_seconds", "models", "agreements", "seconds"}
    assert [model["reference"] for model in row["models"]] == list(map(str, models))
    assert set(row["models"][2]) == {"reference", "error"}
    assert [model["transform"] for model in row["models"][:2]] == ["cqt", "mel"]
    assert [len(model["top"]) for model in row["models"][:2]] == [3, 3]
    (agreement,) = row["agreements"]
    assert set(agreement) == {
        *("taxonomy", "models", "agree", "first", "shared", "shortlist", "widest", "divergence", "pairs")
    }
    assert agreement["agree"] == (len(set(agreement["first"].values())) == 1)
    assert set(agreement["widest"]["most"]) == {"model", "probability"}


def test_the_picture_has_a_spectrogram_and_bars_for_each(make: Make, music: Sound) -> None:
    found = compare(music, [make("a"), make("乐", SpectrogramSpec("mel"), seed=1)], settings=FLOAT32)
    drawn = np.asarray(draw(found)).astype(int)
    width = comparison.PANEL_WIDTH
    assert drawn.shape[1] == 2 * width
    for place in range(2):
        panel = drawn[:, place * width : (place + 1) * width]
        assert panel[: comparison.PANEL_HEIGHT].std() > 20  # a spectrogram, not paper
        accent = (panel == comparison.ACCENT).all(axis=2).sum(axis=1)
        track = (panel == comparison.TRACK).all(axis=2).sum(axis=1)
        begins = np.flatnonzero(np.diff((accent + track > 0).astype(int)) == 1) + 2  # inside each bar
        lengths = accent[begins] / (accent + track)[begins]
        assert lengths == pytest.approx([probability for _, probability in answer(found, place)[:5]], abs=0.01)
