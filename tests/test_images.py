"""Cached images are what the classifier sees; they are kept, resized, coloured and varied."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from kinds import sound, write_clips
from PIL import Image

from genre import audio, spectrogram
from genre.datasets import Clip
from genre.drawing import brightness
from genre.errors import SettingsError
from genre.images import POOL_FROM, augment, cache_images, coloured, resized
from genre.magma import MAGMA
from genre.settings import SAMPLE_RATE
from genre.spectrogram import SpectrogramSpec

SPEC = SpectrogramSpec(transform="cqt", rendering="gray", image_size=64)
MAGMA_SPEC = SpectrogramSpec.published("cqt", 64)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return write_clips(tmp_path_factory.mktemp("clips"), per_kind=2, seconds=18.0)


def write_sweep(path: Path, seconds: float) -> Clip:
    """Write a tone that rises by an octave every 4 s, which no two windows have in common."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * 65 * 4 / np.log(2) * 2 ** (time / 4)
    soundfile.write(path, 0.3 * np.sin(phase), SAMPLE_RATE)
    return Clip(path, "solo", path.stem)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_cached_images_are_what_the_classifier_sees(clips: list[Clip], tmp_path: Path) -> None:
    images = cache_images(clips, SPEC, tmp_path)
    assert images.clips.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]  # 18 s hold two windows 6.2 s apart
    sweep = write_sweep(tmp_path / "sweep.wav", 18.0)
    cached = cache_images([sweep], SPEC, tmp_path).pixels
    samples = audio.load(sweep.path).samples
    length = int(SPEC.window_seconds * SAMPLE_RATE) + SPEC.hop_length  # of one window, which the classifier takes whole
    for image, begin in zip(cached, (0, int(6.2 * SAMPLE_RATE)), strict=True):
        expected = spectrogram.images(samples[begin : begin + length], SPEC)[0, ..., 0]
        assert difference(image, expected) < 3
        assert difference(image[:, ::-1], expected) > 14
        assert difference(image[::-1], expected) > 14
    assert difference(cached[0], cached[1]) > 14


def test_a_model_in_magma_sees_the_colours_again(clips: list[Clip], tmp_path: Path) -> None:
    images = cache_images(clips[:1], MAGMA_SPEC, tmp_path)
    sound = audio.load(clips[0].path)
    decibels = spectrogram.decibels(sound.samples, MAGMA_SPEC)
    length = spectrogram.windows(decibels.shape[1], sound.seconds, MAGMA_SPEC)[0]
    window = spectrogram.Window(0, length.end - length.begin, 0.0, 11.4)
    drawn = spectrogram.render(decibels, [window], MAGMA_SPEC)
    seen = coloured(torch.from_numpy(images.pixels[:1]).float() / 255, MAGMA_SPEC)
    assert seen.shape == (1, 3, 64, 64)
    expected = spectrogram.network_input(drawn, MAGMA_SPEC)
    assert np.abs(seen.numpy() - expected).mean() < 0.03  # 4 of 255; JPEG has colours that magma has not


def test_grey_images_are_normalised_as_the_classifier_does() -> None:
    spec = replace(SPEC, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8), dtype=np.uint8)
    seen = coloured(torch.from_numpy(pixels).float() / 255, spec)
    expected = spectrogram.network_input(np.repeat(pixels[..., None], 3, axis=-1), spec)
    np.testing.assert_allclose(seen.numpy(), expected, atol=1e-5)


def test_the_cache_is_used_again(clips: list[Clip], tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    first = cache_images(clips[:2], SPEC, tmp_path, report=lambda done, of: heard.append((done, of)))
    assert heard == [(1, 2), (2, 2)]
    second = cache_images(clips[:2], SPEC, tmp_path, report=lambda done, of: heard.append((done, of)))
    assert len(heard) == 2
    np.testing.assert_array_equal(first.pixels, second.pixels)
    cache_images(clips[:2], replace(SPEC, transform="mel"), tmp_path, report=lambda done, of: heard.append((done, of)))
    assert len(heard) == 4


def test_clips_of_one_file_are_drawn_once(clips: list[Clip], tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    (tmp_path / "link.wav").symlink_to(clips[0].path)
    twice = [clips[0], clips[0], Clip(tmp_path / "link.wav", "opera", "link")]
    images = cache_images(twice, SPEC, tmp_path / "cache", report=lambda done, of: heard.append((done, of)))
    assert heard == [(1, 1)]
    assert images.clips.tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_array_equal(images.pixels[:2], images.pixels[4:])


def test_a_recording_that_was_written_anew_is_drawn_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(write_sweep(tmp_path / "sweep.wav", 4.0).path.read_bytes())
    first = cache_images([Clip(path, "solo", "a")], SPEC, tmp_path / "cache")
    soundfile.write(path, sound("dance_pop", 0, 4.0), SAMPLE_RATE)  # as long as before
    second = cache_images([Clip(path, "solo", "a")], SPEC, tmp_path / "cache")
    assert difference(first.pixels[0], second.pixels[0]) > 14


@pytest.mark.parametrize("content", [b"", b"not an array", None])
def test_a_damaged_file_of_the_cache_is_made_anew(clips: list[Clip], tmp_path: Path, content: bytes | None) -> None:
    whole = cache_images(clips[:2], SPEC, tmp_path)
    damaged = min(tmp_path.glob("*.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-10] if content is None else content)
    told: list[tuple[int, int]] = []
    again = cache_images(clips[:2], SPEC, tmp_path, report=lambda done, of: told.append((done, of)))
    assert told == [(1, 1)]
    np.testing.assert_array_equal(again.pixels, whole.pixels)


def test_a_broken_link_is_left_out(clips: list[Clip], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing.wav")
    images = cache_images([Clip(tmp_path / "gone.wav", "solo", "gone"), clips[0]], SPEC, tmp_path / "cache")
    assert set(images.clips) == {1}
    assert "left out: " in caplog.text
    assert "gone.wav: it does not exist" in caplog.text


def test_an_unreadable_clip_is_left_out(clips: list[Clip], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, content in (("broken.wav", b"not a sound"), ("broken.png", b"not a picture")):
        (tmp_path / name).write_bytes(content)
    bad = [Clip(tmp_path / name, "solo", name) for name in ("broken.wav", "broken.png")]
    images = cache_images([*bad, clips[0]], SPEC, tmp_path / "cache")
    assert set(images.clips) == {2}
    assert "broken.wav" in caplog.text
    assert "broken.png: it is not a picture" in caplog.text
    with pytest.raises(SettingsError, match="None of the clips"):
        cache_images(bad, SPEC, tmp_path / "cache")
    with pytest.raises(SettingsError, match="cannot be kept in"):
        cache_images(bad, SPEC, tmp_path / "broken.wav")


def test_many_clips_are_drawn_by_other_processes(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    sound = write_clips(folder, per_kind=1, seconds=2.0)[0].path.read_bytes()
    clips = []
    for number in range(POOL_FROM):
        path = folder / f"{number}.wav"
        path.write_bytes(sound if number != 5 else b"nothing")
        clips.append(Clip(path, "solo", str(number)))
    images = cache_images(clips, SPEC, tmp_path / "cache", processes=2)
    assert images.clips.tolist() == [number for number in range(POOL_FROM) if number != 5]
    assert (images.pixels == images.pixels[0]).all()


def test_a_script_without_a_guard_runs_with_many_clips(tmp_path: Path) -> None:
    content = write_sweep(tmp_path / "sweep.wav", 2.0).path.read_bytes()
    for number in range(POOL_FROM):
        path = tmp_path / "music" / ("polka", "waltz")[number % 2] / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    script = """
import genre
from pathlib import Path
from genre.settings import Settings
clips = genre.datasets.read(Path("music"))
plan = genre.finetuning.plan(clips, genre.finetuning.Wishes(image_size=64), name="music", settings=Settings())
print(len(genre.images.cache_images(plan.clips, plan.recipe.spectrogram, Path("cache")).pixels))
"""
    (tmp_path / "script.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.stdout == f"{POOL_FROM}\n", done.stderr


def picture(values: np.ndarray, format_: str, colours: bool) -> bytes:
    """Return brightness values, uint8 [height, width], as a picture file in magma or in gray."""
    file = io.BytesIO()
    Image.fromarray(MAGMA[values] if colours else values).save(file, format_)
    return file.getvalue()


@pytest.mark.parametrize(("format_", "slack"), [("PNG", 3.0), ("JPEG", 8.0)])
def test_the_place_of_a_colour_in_magma_is_found(format_: str, slack: float) -> None:
    values = np.linspace(0, 255, 128, dtype=np.uint8)[None].repeat(64, axis=0)
    colours = np.asarray(Image.open(io.BytesIO(picture(values, format_, True))).convert("RGB"))
    found = brightness(colours).astype(int)
    assert np.abs(found - values).mean() < slack
    gray = np.repeat(values[..., None], 3, axis=-1)
    np.testing.assert_array_equal(brightness(gray), values)


def test_a_clip_may_be_a_picture(clips: list[Clip], tmp_path: Path) -> None:
    """A window saved as the published data set has it teaches what the same sound would."""
    sound = audio.load(clips[0].path)
    decibels = spectrogram.decibels(sound.samples, SPEC)
    length = spectrogram.windows(decibels.shape[1], sound.seconds, SPEC)[0]
    part = decibels[:, : length.end - length.begin]
    values = np.rint((part[::-1] - part.min()) / np.ptp(part) * 255).astype(np.uint8)
    large = np.asarray(Image.fromarray(values).resize((496, 369), Image.Resampling.NEAREST))
    (tmp_path / "window.jpg").write_bytes(picture(large, "JPEG", True))
    shown = [Clip(tmp_path / "window.jpg", "solo", "window")]
    heard = cache_images(clips[:1], SPEC, tmp_path / "cache").pixels[0].astype(int)
    seen = cache_images(shown, SPEC, tmp_path / "cache").pixels.astype(int)
    assert np.abs(seen[0] - heard).mean() < 8
    in_magma = cache_images(clips[:1], MAGMA_SPEC, tmp_path / "cache").pixels[0].astype(int)
    assert np.abs(cache_images(shown, MAGMA_SPEC, tmp_path / "cache").pixels[0] - in_magma).mean() < 8


def test_a_gray_picture_is_taken_as_it_is(tmp_path: Path) -> None:
    values = np.linspace(100, 150, 64, dtype=np.uint8)[None].repeat(64, axis=0)
    for name, colours in (("gray.png", False), ("magma.png", True)):
        (tmp_path / name).write_bytes(picture(values, "PNG", colours))
    clips = [Clip(tmp_path / name, "solo", name) for name in ("gray.png", "magma.png")]
    pixels = cache_images(clips, SPEC, tmp_path / "cache").pixels
    np.testing.assert_array_equal(pixels[0], values)
    assert (pixels[1].min(), pixels[1].max()) == (0, 255)  # one in colours runs over its whole range


def test_images_are_resized_as_pillow_does() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 40, 40), dtype=np.uint8)
    small = resized(pixels, 20)
    assert small.shape == (300, 20, 20)
    expected = np.asarray(Image.fromarray(pixels[299]).resize((20, 20), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(small[299] - expected).max() <= 1
    assert resized(pixels, 40) is pixels


@pytest.fixture
def varied() -> Callable[[float], torch.Tensor]:
    def vary(rows_per_semitone: float) -> torch.Tensor:
        lines = torch.zeros(64, 84, 84)
        lines[:, 40] = 1.0
        return augment(lines, torch.Generator().manual_seed(0), rows_per_semitone)

    return vary


def test_augmentation_transposes_and_stays_in_range(varied: Callable[[float], torch.Tensor]) -> None:
    pixels = varied(1.0)
    assert pixels.shape == (64, 84, 84)
    assert float(pixels.min()) >= 0
    assert float(pixels.max()) <= 1
    rows = pixels.mean(dim=2).argmax(dim=1)
    near = (rows >= 36) & (rows <= 44)  # up to four semitones either way; a masked band can hide the line
    assert near.float().mean() > 0.8
    assert len(rows[near].unique()) >= 7
    still = varied(0.0).mean(dim=2).argmax(dim=1)
    assert ((still - 40).abs() <= 1).float().mean() > 0.8


def test_augmentation_is_the_generators_alone(varied: Callable[[float], torch.Tensor]) -> None:
    torch.manual_seed(1)
    first = varied(1.0)
    torch.manual_seed(2)
    assert torch.equal(varied(1.0), first)
