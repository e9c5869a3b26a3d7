"""A run learns, can be stopped and resumed to the same weights, and ends in a folder that answers."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from genre import checkpoints, labels, training
from genre.classifier import classifier
from genre.errors import SettingsError
from genre.settings import SAMPLE_RATE
from genre.spectrogram import SpectrogramSpec

SPEC = SpectrogramSpec(transform="cqt", rendering="gray", image_size=64)
RECIPE = training.Recipe(
    backbone="resnet18",
    head="compact",
    spectrogram=SPEC,
    stages=((48, 4), (64, 8)),
    batch_size=8,
    learning_rate=2e-3,
    validation=0.25,
)


def sound(genre_id: str, seed: int, seconds: float = 12.0) -> np.ndarray:
    """Three kinds of sound a picture tells apart: a low held tone, a high one, and clicks."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    if genre_id == "solo":
        wave = np.sin(2 * np.pi * generator.uniform(60, 120) * time)
    elif genre_id == "opera":
        wave = np.sin(2 * np.pi * generator.uniform(900, 1_500) * time)
    else:
        wave = generator.standard_normal(len(time)) * np.exp(-30 * (time % generator.uniform(0.4, 0.6)))
    return 0.3 * wave + 0.003 * generator.standard_normal(len(time))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "group"])
        for genre_id in ("solo", "opera", "dance_pop"):
            for seed in range(12):
                name = f"{genre_id}_{seed}.wav"
                soundfile.write(folder / name, sound(genre_id, seed), SAMPLE_RATE)
                writer.writerow([name, genre_id, f"{genre_id}/{seed // 2}"])
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def clips(table: Path) -> list[training.Clip]:
    return training.read_clips(table)


@pytest.fixture(scope="module")
def images(clips: list[training.Clip], tmp_path_factory: pytest.TempPathFactory) -> training.Images:
    return training.cache_images(clips, labels.CCMUSIC16, SPEC, tmp_path_factory.mktemp("cache"), processes=1)


class StoppedError(Exception):
    """Raised by a test to stop a run between two epochs, as Ctrl-C would."""


def test_groups_are_never_torn(clips: list[training.Clip]) -> None:
    held = training.split_groups(clips, 0.25, seed=0)
    assert 0 < held.sum() < len(clips)
    for group in {clip.group for clip in clips}:
        assert len({kept for kept, clip in zip(held, clips, strict=True) if clip.group == group}) == 1
    assert {clip.label for kept, clip in zip(held, clips, strict=True) if kept} == {"solo", "opera", "dance_pop"}


def test_a_stopped_run_ends_as_an_unbroken_one_and_its_folder_answers(
    clips: list[training.Clip], images: training.Images, tmp_path: Path
) -> None:
    unbroken: list[training.Progress] = []
    training.Run(tmp_path / "unbroken", RECIPE, clips, images, labels.CCMUSIC16).fit(unbroken.append)
    assert [progress.image_size for progress in unbroken] == [48] * 4 + [64] * 8
    assert unbroken[-1].accuracy >= 0.9

    def stop(progress: training.Progress) -> None:
        if progress.epoch == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        training.Run(tmp_path / "stopped", RECIPE, clips, images, labels.CCMUSIC16).fit(stop)
    resumed: list[training.Progress] = []
    training.Run(tmp_path / "stopped", RECIPE, clips, images, labels.CCMUSIC16).fit(resumed.append)
    assert [progress.epoch for progress in resumed] == list(range(3, 13))
    assert [p.loss for p in resumed] == pytest.approx([p.loss for p in unbroken[2:]], rel=0.05)

    facts = {"trained_on": "tones and clicks", "accuracy": None, "measured_on": "nothing", "licence": "MIT"}
    training.export(tmp_path / "unbroken", tmp_path / "resnet18_cqt", RECIPE, labels.CCMUSIC16, facts)
    model = classifier(tmp_path / "resnet18_cqt")
    for genre_id in ("solo", "opera", "dance_pop"):
        prediction = model.predict((SAMPLE_RATE, sound(genre_id, seed=1_000)))
        assert prediction.ranked[0][0] == genre_id
    assert prediction.to_dict()["weights"]["trained_on"] == "tones and clicks"


def test_cached_images_are_what_the_classifier_sees(images: training.Images, clips: list[training.Clip]) -> None:
    from genre import audio, spectrogram

    expected = spectrogram.images(audio.load(clips[0].path).samples, SPEC)
    # The classifier centres its windows, the cache begins at the left edge: 12 s hold one window and 0.6 s more.
    assert np.abs(images.pixels[images.clips == 0][0].astype(int) - expected[0, ..., 0]).mean() < 12
    assert images.labels[0] == labels.CCMUSIC16.ids.index("solo")


def test_the_cache_is_used_again(clips: list[training.Clip], tmp_path: Path) -> None:
    first = training.cache_images(clips[:2], labels.CCMUSIC16, SPEC, tmp_path, processes=1)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = training.cache_images(clips[:2], labels.CCMUSIC16, SPEC, tmp_path, processes=1)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == stamps
    np.testing.assert_array_equal(first.pixels, second.pixels)


def test_an_unreadable_clip_is_left_out_and_a_bad_table_refused(
    clips: list[training.Clip], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"not a sound")
    mixed = [replace(clips[0], path=broken), clips[0]]
    images = training.cache_images(mixed, labels.CCMUSIC16, SPEC, tmp_path / "cache", processes=1)
    assert set(images.clips) == {1}
    assert "broken.wav" in caplog.text

    (tmp_path / "labels.csv").write_text("path,genre\nx.wav,solo\n")
    with pytest.raises(SettingsError, match="column label is missing"):
        training.read_clips(tmp_path / "labels.csv")
    (tmp_path / "labels.csv").write_text("path,label\nx.wav,solo\n")
    with pytest.raises(SettingsError, match=r"x\.wav does not exist"):
        training.read_clips(tmp_path / "labels.csv")


def test_augmentation_transposes_and_stays_in_range() -> None:
    picture = torch.zeros(64, 84, 84)
    picture[:, 40] = 1.0
    varied = training.augment(picture, torch.Generator().manual_seed(0), rows_per_semitone=1.0)
    assert varied.shape == picture.shape
    assert float(varied.min()) >= 0
    assert float(varied.max()) <= 1
    rows = varied.mean(dim=2).argmax(dim=1)
    near = (rows >= 36) & (rows <= 44)  # up to four semitones either way; a masked band can hide the line
    assert near.float().mean() > 0.8
    assert len(rows[near].unique()) >= 7


def test_storing_in_eight_bits_is_recorded_with_its_digest(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    network = training.backbones.build("squeezenet1_1", "compact", 16)
    checkpoints.save(network.state_dict(), run / "best.safetensors")
    training.export(
        run,
        tmp_path / "squeezenet1_1_cqt",
        replace(RECIPE, backbone="squeezenet1_1"),
        labels.CCMUSIC16,
        {"trained_on": "noise"},
    )
    config = json.loads((tmp_path / "squeezenet1_1_cqt" / "config.json").read_text())
    assert config["weights"]["sha256"] == checkpoints.sha256(tmp_path / "squeezenet1_1_cqt" / "model.safetensors")
    assert (tmp_path / "squeezenet1_1_cqt" / "model.safetensors").stat().st_size < (
        run / "best.safetensors"
    ).stat().st_size / 3
