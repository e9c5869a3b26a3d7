"""Rows of a library are those of single recordings, and no recording can lose another's."""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pool_jobs import misbehave, torch_is_loaded
from small_model import IMAGE_SIZE, write_model

from genre import library, remote
from genre.classifier import Classifier, classifier
from genre.errors import SettingsError
from genre.library_features import Recipe, prepare
from genre.library_pool import Pool
from genre.settings import SAMPLE_RATE, Settings
from genre.spectrogram import SpectrogramSpec

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    folder = write_model(tmp_path_factory.mktemp("models") / "squeezenet1_1_cqt")
    return classifier(folder, Settings(precision="float32"))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory, write: Write) -> list[str]:
    """Recordings of several formats and lengths, one of them quiet, one short."""
    folder = tmp_path_factory.mktemp("music")
    generator = np.random.default_rng(3)
    kinds = (
        ("wav16", 13),
        ("flac", 26),
        ("mp3", 40),
        ("opus", 36),
        ("m4a", 13),
        ("webm", 24),
        ("ogg", 4),
        ("wav16", 12.5),
    )
    paths = []
    for number, (kind, seconds) in enumerate(kinds):
        beat = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        sound = 0.3 * np.sin(2 * np.pi * 55 * 2 ** (beat // 3 % 5) * beat) + generator.normal(0, 0.01, beat.size)
        level = 0.004 if number == 7 else 1.0
        paths.append(str(write(folder / f"{number}-{kind}", (level * sound).astype(np.float32), kind=kind)))
    return paths


def by_source(rows: Iterator[dict[str, object]]) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for row in rows:
        assert row["source"] not in found
        found[str(row["source"])] = row
    return found


def probabilities(row: dict[str, object]) -> np.ndarray:
    windows = [list(window["probabilities"].values()) for window in row["windows"]]
    return np.array([answer["probability"] for answer in row["top"]] + np.concatenate(windows).tolist())


def assert_same(row: dict[str, object], expected: dict[str, object]) -> None:
    """The rows say the same, but for the time they took, within what the order of a network's sums may change."""
    assert list(row)[: len(expected)] == list(expected)
    assert set(row["seconds"]) == set(expected["seconds"])
    np.testing.assert_allclose(probabilities(row), probabilities(expected), rtol=0, atol=1e-6)
    for name in set(expected) - {"seconds", "windows", "top"}:
        assert row[name] == expected[name], name
    assert [best["id"] for best in row["top"]] == [best["id"] for best in expected["top"]]
    for window, other in zip(row["windows"], expected["windows"], strict=True):
        assert (window["start"], window["end"]) == (other["start"], other["end"])


def test_rows_are_those_of_single_recordings(judge: Classifier, music: list[str]) -> None:
    recipe = Recipe(judge.card.spectrogram, read_tag=torch_is_loaded)
    found = by_source(library.hear(judge, music, recipe, workers=1, batch_size=3, top=16))
    assert sorted(found) == sorted(music)
    for path in music:
        assert_same(found[path], judge.predict(path).to_dict(top=16))
        stat = Path(path).stat()
        assert (found[path]["size"], found[path]["mtime"]) == (stat.st_size, stat.st_mtime)
        assert found[path]["tag"] == "False"
    warnings = {code for row in found.values() for code in row["warnings"]}
    assert {"quiet", "short", "unsure"} <= warnings


@pytest.mark.parametrize(("number", "seconds"), [(2, 40), (3, 36)], ids=["says its length", "does not"])
def test_the_middle_of_a_recording_can_be_heard(
    judge: Classifier, music: list[str], number: int, seconds: float
) -> None:
    made = prepare(music[number], Recipe(judge.card.spectrogram, "middle", 12.0))
    assert made.features is not None
    assert made.features.start == pytest.approx((seconds - 12) / 2, abs=0.1)  # encoders pad
    (row,) = library.answered(judge, [made])
    assert_same(row, judge.predict(music[number], start=made.features.start, clip_seconds=12).to_dict())


def test_all_of_a_recording_can_be_heard(judge: Classifier, music: list[str]) -> None:
    (row,) = library.answered(judge, [prepare(music[2], Recipe(judge.card.spectrogram, "all", 12.0))])
    assert len(row["windows"]) == 3
    assert_same(row, judge.predict(music[2], clip_seconds=None).to_dict())


def test_the_middle_of_less_than_the_part_is_all_of_it(judge: Classifier, music: list[str]) -> None:
    (row,) = library.answered(judge, [prepare(music[6], Recipe(judge.card.spectrogram, "middle", 30.0))])
    assert_same(row, judge.predict(music[6]).to_dict())


def test_the_middle_of_a_file_that_lies_about_its_length_is_that_of_what_is_there(
    judge: Classifier, tmp_path: Path, write: Write, noise: Callable[..., np.ndarray], rng: np.random.Generator
) -> None:
    path = write(tmp_path / "cut.flac", noise(rng, 60), kind="flac")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    made = prepare(str(path), Recipe(judge.card.spectrogram, "middle", 12.0))
    assert made.features is not None, made.error
    assert 2 < made.features.start < 9


def test_rows_are_the_same_to_the_last_digit_however_they_are_gathered(judge: Classifier, music: list[str]) -> None:
    recipe = Recipe(judge.card.spectrogram)
    prepared = [prepare(path, recipe) for path in music]

    def said(rows: Iterator[dict[str, object]]) -> dict[str, object]:
        return {path: (row["top"], row["windows"]) for path, row in by_source(rows).items()}

    together = said(library.answered(judge, prepared))
    assert said(library.answered(judge, reversed(prepared))) == together
    alone = [row for one in prepared for row in library.answered(judge, [one])]
    assert said(iter(alone)) == together


def test_the_network_gets_batches_of_the_size_that_is_asked_for(judge: Classifier, music: list[str]) -> None:
    prepared = [prepare(path, Recipe(judge.card.spectrogram)) for path in music]
    sizes: list[int] = []
    with judge.network() as network:
        hook = network.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    rows = list(library.answered(judge, prepared, batch_size=11))
    hook.remove()
    windows = sum(len(row["windows"]) for row in rows)
    assert sizes == [11] * -(-windows // 11)
    assert windows > 11


def test_what_cannot_be_heard_has_a_row_with_the_reason(judge: Classifier, tmp_path: Path, write: Write) -> None:
    (tmp_path / "text.mp3").write_text("not music")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    write(tmp_path / "silent.wav", np.zeros(30_000, np.float32))
    write(tmp_path / "brief.wav", np.ones(3_000, np.float32))
    (tmp_path / "dead.wav").symlink_to("nowhere")
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    paths += ["n" * 5_000 + ".wav", os.fsdecode(b"odd\xff.wav")]
    rows = by_source(library.answered(judge, [prepare(path, Recipe(judge.card.spectrogram)) for path in paths]))
    assert list(rows) == paths
    for path, row in rows.items():
        assert str(row["error"]).startswith(path.encode("utf-8", "backslashreplace").decode("utf-8") + ": ")
    there = {path for path, row in rows.items() if "size" in row}
    assert there == {str(path) for path in tmp_path.iterdir() if path.exists()}
    assert "not sound that can be read" in str(rows[str(tmp_path / "text.mp3")]["error"])


def test_an_hour_is_the_longest_that_is_heard_whole(judge: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "day.wav"
    with path.open("wb") as file:
        length = 8_000 * 2 * 4_000
        sizes = [(36 + length).to_bytes(4, "little"), length.to_bytes(4, "little")]
        head = b"RIFF" + sizes[0] + b"WAVEfmt " + bytes.fromhex("10000000 0100 0100 401f0000 803e0000 0200 1000")
        file.write(head + b"data" + sizes[1])
        file.truncate(44 + length)
    made = prepare(str(path), Recipe(judge.card.spectrogram, "all"))
    assert "longer than the 60 minutes" in str(made.error)


# --- processes

MEL = Recipe(SpectrogramSpec(transform="mel"))  # whose processes start sooner


def test_a_recording_that_takes_its_process_down_or_hangs_costs_only_itself() -> None:
    sources = ["1", "crash", "2", "hang", "3", "exit", *map(str, range(4, 30))]
    with Pool(sources, MEL, workers=2, file_seconds=3, prepare=misbehave) as pool:
        found = {one.source: one for one in pool}
    assert sorted(found) == sorted(sources)
    assert multiprocessing.active_children() == []
    errors = {source: str(one.error) for source, one in found.items() if one.error != "fine"}
    assert set(errors) == {"crash", "hang", "exit"}
    assert errors["crash"].startswith("crash: it took its process down (SIGSEGV)")
    assert errors["exit"].startswith("exit: it took its process down (exit code 7)")
    assert errors["hang"] == "hang: it took longer than 3 s. Allow more, or leave it out."
    fine = [one for one in found.values() if one.error == "fine"]
    assert len({one.size for one in fine}) >= 2  # processes


def test_a_place_that_hangs_is_not_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(remote, "stamp", lambda address: asked.append(address) or (None, None))
    with Pool(["http://hang/1.mp3"], MEL, workers=1, file_seconds=1, prepare=misbehave) as pool:
        (found,) = pool
    assert "took longer than 1 s" in str(found.error)
    assert asked == []


def test_no_more_is_prepared_than_is_asked_for() -> None:
    sources = [str(number) for number in range(40)]
    with Pool(sources, MEL, workers=1, windows_waiting=4, prepare=misbehave) as pool:
        first = next(iter(pool))
        time.sleep(0.5)
        assert pool.waiting <= 4
        assert [first.source, *(one.source for one in pool)] == sources


def test_a_pool_can_be_left_before_it_is_done() -> None:
    with Pool(["hang"] * 5, MEL, workers=1, prepare=misbehave):
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert multiprocessing.active_children() == []


def test_processes_that_cannot_start_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(Path(__file__).parent)])  # of the test
    with (
        pytest.raises(SettingsError, match="cannot be started: 3 ended before they began"),
        Pool(["a"], MEL, workers=1, prepare=misbehave) as pool,
    ):
        list(pool)


def test_nothing_to_hear_is_no_rows(judge: Classifier) -> None:
    assert list(library.hear(judge, [], Recipe(judge.card.spectrogram))) == []


def test_images_have_the_models_size(judge: Classifier, music: list[str]) -> None:
    made = prepare(music[0], Recipe(judge.card.spectrogram))
    assert made.features is not None
    assert made.features.images.shape == (1, IMAGE_SIZE, IMAGE_SIZE, 3)
