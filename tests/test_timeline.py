"""A podcast falls into its parts, each named as it would be alone; every window says what the file path says of it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_model import write_model

import genre
from genre import audio
from genre.classifier import Classifier, classifier
from genre.errors import AudioError, SettingsError
from genre.pieces import CELL, SPAN, cells
from genre.settings import SAMPLE_RATE, Settings
from genre.timeline import Progress, Timeline, follow, placed, walk

EXAMPLES = Path(__file__).parent.parent / "examples"
TOLERANCE = 6.0  # seconds
SPOKEN = {
    "en": "Welcome back to the programme. Today we talk about the history of recorded sound, from wax to streaming. "
    "Our guest has spent thirty years in a studio in the north of the country, and has brought two records along. "
    "Before we listen to the first one, tell us how you found it, and what you felt when you heard it for the first "
    "time, in that small shop by the harbour, on a day when it would not stop raining.",
    "de": "Das war ein schönes Stück. Bevor wir das nächste hören, möchte ich fragen, wie Sie zur Musik gekommen sind, "
    "und ob Ihre Eltern damit einverstanden waren, dass Sie jeden Abend im Keller geübt haben. Die Nachbarn waren es "
    "wohl nicht, aber mit der Zeit haben sie sich daran gewöhnt, und am Ende kamen sie alle zum Konzert.",
}

Write = Callable[..., Path]


def level(samples: np.ndarray) -> np.ndarray:
    return (0.6 * samples / np.abs(samples).max()).astype(np.float32)


def song(name: str, seconds: float = 30.0) -> np.ndarray:
    """An example, from its beginning again where it is too short."""
    clip = audio.load(EXAMPLES / f"{name}.mp3", clip_seconds=None).samples
    return level(np.resize(clip, round(seconds * SAMPLE_RATE)))


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Speech in two languages."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    folder = tmp_path_factory.mktemp("speech")
    found = {}
    for language, words in SPOKEN.items():
        path = folder / f"{language}.wav"
        subprocess.run(["espeak-ng", "-v", language, "-w", path, words], check=True)
        found[language] = level(audio.load(path, clip_seconds=None).samples)
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    folder = write_model(tmp_path_factory.mktemp("models") / "small")
    return classifier(folder, Settings(precision="float32", cache=folder.parent / "cache"))


@pytest.fixture(scope="module")
def judge() -> Classifier:
    return classifier(settings=Settings())


def edges(found: Timeline) -> list[float]:
    return [segment.end for segment in found.segments[:-1]]


# --- what it says


@pytest.mark.parametrize(("first", "second"), [("symphony", "dance_pop"), ("acoustic_pop", "uplifting_anthemic_rock")])
def test_a_podcast_falls_into_its_parts(
    judge: Classifier, spoken: dict[str, np.ndarray], first: str, second: str, tmp_path: Path, write: Write
):
    parts = [spoken["en"], song(first), spoken["de"], song(second)]
    assert all(18 <= len(part) / SAMPLE_RATE <= 30 for part in parts)
    path = write(tmp_path / "podcast", np.concatenate(parts), kind="flac")
    found = follow(path, judge)
    assert [segment.kind for segment in found.segments] == ["not_music", "music", "not_music", "music"]
    ends = np.cumsum([len(part) for part in parts]) / SAMPLE_RATE
    assert edges(found) == pytest.approx(ends[:-1].tolist(), abs=TOLERANCE)
    assert found.segments[-1].end == found.seconds == pytest.approx(ends[-1], abs=0.001)
    for segment, part in zip(found.segments[1::2], parts[1::2], strict=True):
        (own, probability), *_ = judge.predict((SAMPLE_RATE, part), clip_seconds=None).ranked
        assert segment.id == own
        assert segment.probability == pytest.approx(probability, abs=0.2)
    for segment in found.segments[::2]:
        assert segment.probability > 0.8


def test_a_song_that_follows_another_is_told_from_it(judge: Classifier):
    found = follow((SAMPLE_RATE, np.concatenate([song("symphony", 45), song("dance_pop", 45)])), judge)
    assert [segment.id for segment in found.segments] == ["symphony", "dance_pop"]
    assert edges(found) == pytest.approx([45], abs=TOLERANCE)


def test_silence_inside_is_a_segment_of_its_own(small: Classifier):
    music, silence = song("soft_rock", 20), np.zeros(7 * SAMPLE_RATE, np.float32)
    pause = silence[:SAMPLE_RATE]  # too short to count
    found = follow((SAMPLE_RATE, np.concatenate([music, silence + 0.2, music, pause])), small)  # with an offset, too
    kinds = [(segment.kind, segment.start, segment.end) for segment in found.segments if segment.kind != "music"]
    assert kinds == [("silence", 20, 27)]
    assert {segment.kind for segment in found.segments} == {"music", "silence"}


def test_segments_follow_each_other_without_a_gap(small: Classifier, spoken: dict[str, np.ndarray]):
    sound = np.concatenate([song("opera", 17.3), spoken["de"][: 9 * SAMPLE_RATE], song("solo", 12.9)])
    for smoothing in (0.0, 5.0, 30.0, 3_600.0):
        found = follow((SAMPLE_RATE, sound), small, smoothing=smoothing)
        assert found.segments[0].start == 0
        assert found.segments[-1].end == pytest.approx(len(sound) / SAMPLE_RATE, abs=0.001)
        assert all(before.end == after.start for before, after in pairwise(found.segments))
        assert all(before.end > before.start for before in found.segments)
        assert all((before.kind, before.id) != (after.kind, after.id) for before, after in pairwise(found.segments))
    assert len(found.segments) == 1  # an hour is expected to pass before anything changes


def test_every_window_says_what_the_file_says_of_it(small: Classifier, tmp_path: Path, write: Write):
    path = write(tmp_path / "a", 0.8 * song("dance_pop", 25) + np.float32(0.01), kind="flac")
    found = follow(path, small, hop=4.0)
    assert len(found.places) == len(found.curve) == 1 + round((25 - 11.4) / 4)
    for (start, end), answer in zip(found.places, found.curve, strict=True):
        assert end - start == pytest.approx(11.4)
        (window,) = small.predict(path, start=float(start), clip_seconds=11.4).windows
        np.testing.assert_allclose(answer, list(window.probabilities.values()), atol=1e-6)


def test_a_piece_shorter_than_a_window_is_heard_as_a_file_of_its_length(small: Classifier):
    sound = song("dance_pop", 8)
    found = follow((SAMPLE_RATE, sound), small)
    (segment,) = found.segments
    assert found.places.tolist() == [[0, 8]]
    ranked = small.predict((SAMPLE_RATE, sound)).ranked
    assert (segment.id, segment.probability) == (ranked[0][0], pytest.approx(ranked[0][1], abs=1e-6))


def test_damage_in_the_middle_does_not_stop_the_rest(small: Classifier, tmp_path: Path, write: Write):
    content = bytearray(write(tmp_path / "a", song("soft_rock", 60), kind="flac").read_bytes())
    middle = len(content) // 2
    content[middle : middle + len(content) // 30] = bytes(len(content) // 30)
    found = follow(bytes(content), small)
    assert found.seconds == pytest.approx(60, abs=0.1)
    assert "truncated" in found.warnings
    assert found.segments[0].kind == found.segments[-1].kind == "music"
    assert found.segments[-1].end == pytest.approx(60, abs=0.1)


def test_the_json_says_who_answered_and_from_what(small: Classifier):
    found = follow((SAMPLE_RATE, song("opera", 14)), small, hop=2, name="an aria")
    row = json.loads(json.dumps(found.to_dict(curve=True)))
    prediction = small.predict((SAMPLE_RATE, song("opera", 14))).to_dict()
    assert {key: row[key] for key in ("model", "taxonomy", "weights", "unsure_below")} == {
        key: prediction[key] for key in ("model", "taxonomy", "weights", "unsure_below")
    }
    assert (row["source"], row["seconds"], row["hop"], row["smoothing"]) == ("an aria", 14.0, 2.0, 30.0)
    (segment,) = row["segments"]
    assert set(segment) == {"start", "end", "kind", "id", "en", "zh", "probability"}
    assert segment["en"] == small.card.taxonomy[segment["id"]].en
    assert row["warnings"] == ["unsure"]
    assert len(row["music"]["probabilities"]) == 14
    assert [window["start"] for window in row["windows"]] == [0.0, 2.6]
    assert sum(row["windows"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert "windows" not in found.to_dict()


def test_the_waveform_is_the_outline_of_the_sound(small: Classifier):
    sound = song("solo", 20)
    sound[10 * SAMPLE_RATE : 15 * SAMPLE_RATE] *= 0.1
    peaks = follow((SAMPLE_RATE, sound), small, hop=20).peaks
    assert 300 <= len(peaks) <= 1_500
    quarters = np.array_split(peaks, 4)
    for quarter, part in zip(quarters, np.array_split(sound, 4), strict=True):
        assert quarter[:, 0].min() == pytest.approx(part.min(), abs=0.02)
        assert quarter[:, 1].max() == pytest.approx(part.max(), abs=0.02)


# --- how it is done


def test_every_second_is_a_cell_in_the_middle_of_its_span(rng: np.random.Generator):
    for seconds in (0.5, 1.0, 1.9, 2.0, 3.3, 7.98, 12.0):
        sound = rng.standard_normal(round(seconds * SAMPLE_RATE)).astype(np.float32)
        for size in (700, 50_000):
            blocks = [sound[begin : begin + size] for begin in range(0, len(sound), size)]
            found = list(cells(blocks))
            np.testing.assert_array_equal(np.concatenate([cell for cell, _ in found]), sound)
            assert [len(cell) for cell, _ in found[:-1]] == [CELL] * (len(found) - 1)
            assert len(found[-1][0]) < 2 * CELL
            for index, (_, span) in enumerate(found):
                middle = index * CELL + CELL // 2
                np.testing.assert_array_equal(span, sound[max(0, middle - SPAN // 2) : middle + SPAN // 2])


@pytest.mark.parametrize(("length", "count"), [(50, 1), (100, 1), (110, 1), (114, 1), (116, 2), (160, 3), (1_000, 31)])
def test_windows_lie_evenly_within_a_piece(length: int, count: int):
    found = placed(500, 500 + length, window=100, hop=30)
    assert len(found) == count
    assert all(500 <= begin < end <= 500 + length and end - begin == min(100, length) for begin, end in found)
    if count > 1:
        assert (found[0][0], found[-1][1]) == (500, 500 + length)
        steps = np.diff([begin for begin, _ in found])
        assert steps.max() - steps.min() <= 1
        assert 15 <= steps.mean() <= 45


def test_progress_goes_through_both_passes(small: Classifier, tmp_path: Path, write: Write):
    path = write(tmp_path / "a", song("teen_pop", 20))
    seen: list[Progress] = []
    follow(path, small, progress=seen.append)
    for stage in ("hearing", "naming"):
        done = [step.done for step in seen if step.stage == stage]
        assert done == sorted(done)
        assert {step.total for step in seen if step.stage == stage} == {20.0}
    assert len(seen) >= 20
    unknown = write(tmp_path / "b", song("teen_pop", 8), kind="ogg")
    follow(unknown, small, progress=seen.append)
    assert seen[-3].total is None or seen[-3].stage == "naming"


def test_what_progress_raises_ends_the_work_and_closes_the_file(small: Classifier, tmp_path: Path, write: Write):
    path = write(tmp_path / "a", song("teen_pop", 20), kind="flac")

    def interrupt(step: Progress) -> None:
        if step.stage == "naming":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(path, small, progress=interrupt)
    steps = walk(path, small)
    next(steps)
    assert opened(path)
    steps.close()
    assert not opened(path)


def opened(path: Path) -> bool:
    return any(link.exists() and link.samefile(path) for link in Path("/proc/self/fd").iterdir())


# --- what cannot be followed


def test_what_cannot_be_heard_is_refused_with_the_reason(small: Classifier, tmp_path: Path, tone, write: Write):
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "text.wav").write_text("no sound")
    write(tmp_path / "short.wav", tone(seconds=0.5))
    write(tmp_path / "silent.wav", np.zeros(5 * SAMPLE_RATE))
    for name, reason in (
        ("missing.mp3", "no such file"),
        ("empty.mp3", "the file is empty"),
        ("text.wav", "not sound that can be read"),
        ("short.wav", "only 0.50 s of sound"),
        ("silent.wav", "only silence"),
        ("", "this is a folder"),
    ):
        with pytest.raises(AudioError, match=rf"{name}.*: .*{reason}"):
            follow(tmp_path / name, small)
    with pytest.raises(AudioError, match=r"longer than the 0\.001 hours"):
        follow((SAMPLE_RATE, tone(seconds=6)), small, seconds_max=3.6)


@pytest.mark.parametrize("options", [{"hop": 0.4}, {"hop": "3"}, {"hop": 61}, {"smoothing": -1}, {"smoothing": 1e9}])
def test_a_number_out_of_range_is_a_settings_error(small: Classifier, options: dict[str, float]):
    with pytest.raises(SettingsError, match="out of range"):
        follow((SAMPLE_RATE, np.ones(50_000)), small, **options)


def test_an_hour_is_followed_in_bounded_memory(small: Classifier, tmp_path: Path):
    """Five minutes of it are music, the rest silence, which costs less time and as much memory."""
    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file:
        for _ in range(10):
            file.write(song("soft_rock", 30))
            file.write(np.zeros(330 * SAMPLE_RATE))
    code = f"""
import resource
from pathlib import Path
from genre.classifier import classifier
from genre.timeline import follow
judge = classifier(Path({str(small.card.folder)!r}))
with open({str(path)!r}, "rb") as file:
    start = file.read(1_000_000)
follow(start, judge, hop=30)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = follow({str(path)!r}, judge, hop=30)
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
print(found.seconds, sum(segment.kind == "silence" for segment in found.segments), grown)
"""
    out = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        encoding="utf-8",
        cwd=Path(genre.__file__).parent.parent,
    ).stdout
    seconds, silences, mebibytes = map(float, out.split())
    assert (seconds, silences) == (3_600, 10)
    assert mebibytes < 100
