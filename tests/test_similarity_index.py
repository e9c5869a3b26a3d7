"""The index of a folder: built once, kept up to date, gone on with after a kill, and never another folder's."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from safetensors import safe_open
from safetensors.numpy import save_file
from small_model import write_model

from genre import similarity, similarity_index
from genre.classifier import Classifier, classifier
from genre.errors import SettingsError
from genre.settings import SAMPLE_RATE
from genre.similarity_index import Changes, Collection, Index

pytestmark = pytest.mark.usefixtures("own_settings")

Write, Tone = Callable[..., Path], Callable[..., np.ndarray]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return classifier(write_model(tmp_path_factory.mktemp("models") / "small"))


@pytest.fixture
def folder(tmp_path: Path, write: Write, tone: Tone) -> Path:
    """Three recordings, one of them deeper; what is hidden, no recording or a loop is beside them."""
    music = tmp_path / "music"
    (music / "album").mkdir(parents=True)
    (music / ".hidden").mkdir()
    write(music / "one.wav", tone(220, seconds=4))
    write(music / "two.flac", tone(660, seconds=4), kind="flac")
    write(music / "album" / "three.wav", tone(1_320, seconds=4))
    write(music / ".hidden" / "four.wav", tone(440, seconds=4))
    write(music / ".five.wav", tone(440, seconds=4))
    (music / "cover.jpg").write_bytes(b"no sound")
    (music / "album" / "loop").symlink_to(music)
    (music / "again.wav").symlink_to(music / "one.wav")
    return music


def names(index: Index) -> set[str]:
    return {os.path.relpath(source, index.folder) for source in index.collection.sources}


def heard_by(index: Index) -> tuple[Changes, list[str], int]:
    """What an update says, the errors that it tells, and how many recordings it hears."""
    errors: list[str] = []
    heard = 0

    def move(done: int, total: int) -> None:
        nonlocal heard
        heard = done
        assert done <= total

    changes = index.update(move=move, tell=errors.append)
    return changes, errors, heard


# --- what is in it


def test_it_is_built_once_and_then_only_brought_up_to_date(
    folder: Path, judge: Classifier, write: Write, tone: Tone, tmp_path: Path
) -> None:
    index = Index(folder, judge)
    assert heard_by(index) == (Changes(3, 0, 0, 1), [], 3)
    known = {"two.flac", "album/three.wav"}
    assert names(index) - known in ({"one.wav"}, {"again.wav"})  # one file, whatever it is reached by
    assert index.file.is_relative_to(tmp_path / "cache" / "indexes")
    written = index.file.read_bytes()
    before = dict(zip(index.collection.sources, index.collection.embeddings, strict=True))

    again = Index(folder, judge)
    assert heard_by(again) == (Changes(0, 0, 0, 1), [], 0)
    assert again.file == index.file
    assert again.file.read_bytes() == written
    for source, row in zip(again.collection.sources, again.collection.embeddings, strict=True):
        np.testing.assert_array_equal(row, before[source])

    write(folder / "six.wav", tone(330, seconds=4))
    write(folder / "two.flac", tone(90, seconds=5), kind="flac")
    (folder / "album" / "three.wav").unlink()
    assert heard_by(Index(folder, judge)) == (Changes(1, 1, 1, 1), [], 2)
    last = Index(folder, judge)
    assert heard_by(last)[0] == Changes(0, 0, 0, 1)
    assert {"six.wav", "two.flac"} < names(last)
    assert "album/three.wav" not in names(last)
    changed = dict(zip(last.collection.sources, last.collection.embeddings, strict=True))[str(folder / "two.flac")]
    assert not np.allclose(changed, before[str(folder / "two.flac")])
    expected = similarity.perceive(judge, folder / "two.flac").embedding
    np.testing.assert_allclose(changed, expected, atol=1e-6)


def test_a_recording_that_cannot_be_heard_stops_nothing_and_is_not_tried_again_until_it_changes(
    folder: Path, judge: Classifier, write: Write, tone: Tone
) -> None:
    broken = folder / "broken.mp3"
    broken.write_text("not music")
    changes, errors, heard = heard_by(Index(folder, judge))
    assert (changes.new, heard, len(errors)) == (4, 4, 1)
    assert str(broken) in errors[0]
    index = Index(folder, judge)
    assert heard_by(index) == (Changes(0, 0, 0, 1), [], 0)
    assert index.errors == {str(broken): errors[0]}
    assert len(index.collection.sources) == 3
    write(broken, tone(seconds=4), kind="mp3")
    assert heard_by(index) == (Changes(0, 1, 0, 1), [], 1)
    assert index.errors == {}
    assert len(index.collection.sources) == 4


def test_a_name_need_not_be_unicode(folder: Path, judge: Classifier) -> None:
    strange = os.fsencode(folder) + b"/caf\xe9 \n.wav"
    os.rename(os.fsencode(folder / "one.wav"), strange)  # noqa: PTH104 (a Path is not made of bytes)
    heard_by(Index(folder, judge))
    index = Index(folder, judge)
    assert heard_by(index)[2] == 0
    assert os.fsdecode(strange) in index.collection.sources


def test_many_are_read_by_processes_and_the_vectors_are_the_same(
    folder: Path, judge: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = sorted(str(path) for path in folder.rglob("*.wav") if not path.is_symlink())
    here = {one.source: row for one, row in similarity_index.embeddings(judge, sources)}
    monkeypatch.setattr(similarity_index, "POOL_FROM", 2)
    elsewhere = {one.source: row for one, row in similarity_index.embeddings(judge, sources, workers=1)}
    assert here.keys() == elsewhere.keys()
    for source, row in here.items():
        np.testing.assert_array_equal(elsewhere[source], row)


# --- searching


def test_the_nearest_come_first_and_copies_are_told(
    tmp_path: Path, judge: Classifier, noise: Callable[..., np.ndarray], write: Write, tone: Tone
) -> None:
    rng = np.random.default_rng(1)
    music = tmp_path / "music"
    music.mkdir()
    sound = noise(rng, 12.0)
    write(music / "copy.mp3", 0.7 * sound[SAMPLE_RATE:], kind="mp3")
    write(music / "other.wav", noise(rng, 12.0))
    write(music / "tone.wav", tone(440, seconds=12))
    write(music / "short.wav", noise(rng, 1.5))
    query = write(music / "query.wav", sound)
    (tmp_path / "link.wav").symlink_to(query)
    index = Index(music, judge)
    index.update()
    asked = similarity.perceive(judge, tmp_path / "link.wav")
    found = similarity_index.nearest(index.collection, asked, 10, but=tmp_path / "link.wav")
    assert {Path(one.source).name for one in found} == {"copy.mp3", "other.wav", "tone.wav", "short.wav"}
    assert [one.cosine for one in found] == sorted((one.cosine for one in found), reverse=True)
    rows = {Path(one.source).name: one.to_dict() for one in found}
    assert [name for name, row in rows.items() if row["verdict"] == "possibly_same_source"] == ["copy.mp3"]
    assert rows["copy.mp3"]["lag_seconds"] == pytest.approx(1.0, abs=0.03)
    assert (rows["short.wav"]["ssim"], rows["short.wav"]["verdict"]) == (None, None)
    for one in found:
        expected = float(asked.embedding @ similarity.perceive(judge, one.source).embedding)
        assert one.cosine == pytest.approx(expected, abs=1e-5)

    # Heard from its third second on, the query lacks what the copy has: the lag is still that of the recordings.
    later = similarity.perceive(judge, query, start=3.0)
    rows = {Path(one.source).name: one.to_dict() for one in similarity_index.nearest(index.collection, later, 10)}
    assert rows["copy.mp3"]["lag_seconds"] == pytest.approx(1.0, abs=0.03)
    assert rows["query.wav"]["lag_seconds"] == pytest.approx(0.0, abs=0.03)

    (music / "copy.mp3").unlink()
    gone = next(one for one in similarity_index.nearest(index.collection, asked, 10) if "copy" in one.source)
    assert gone.match is None
    assert "copy.mp3" in gone.to_dict()["error"]


def test_a_search_of_thousands_is_one_product(rng: np.random.Generator) -> None:
    rows = rng.standard_normal((20_000, 512)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    collection = Collection(tuple(map(str, range(len(rows)))), rows)
    found = collection.nearest(rows[17], 3)
    assert found[0] == ("17", pytest.approx(1.0, abs=1e-5))
    assert [name for name, _ in found] == [str(index) for index in np.argsort(-(rows @ rows[17]))[:3]]
    assert Collection.of({}).nearest(rows[0], 3) == []


# --- stopped, in use, of something else


def test_a_killed_build_goes_on_where_it_was(folder: Path, judge: Classifier, write: Write, tone: Tone) -> None:
    for number in range(6):
        write(folder / f"more{number}.wav", tone(100 * (number + 1), seconds=4))
    code = f"""
from pathlib import Path
import time
from genre import similarity_index
from genre.classifier import classifier
similarity_index.SAVE_SECONDS = 0
def move(done, total):
    print(done, flush=True)
    if done == 4:
        time.sleep(60)
similarity_index.Index(Path({str(folder)!r}), classifier({str(judge.card.folder)!r})).update(move=move)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "4":
                break
        process.send_signal(signal.SIGKILL)
    index = Index(folder, judge)
    changes, errors, heard = heard_by(index)
    assert errors == []
    assert (changes.new, heard) == (6, 6)  # of nine; the fourth was not on the disk yet
    assert len(index.collection.sources) == 9


def test_ctrl_c_keeps_what_has_been_heard(folder: Path, judge: Classifier) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Index(folder, judge).update(move=stop)
    assert heard_by(Index(folder, judge))[0] == Changes(1, 0, 0, 1)


def test_an_index_of_another_model_length_or_folder_is_refused_and_left_alone(
    folder: Path, judge: Classifier, tmp_path: Path
) -> None:
    file = tmp_path / "mine.safetensors"
    Index(folder, judge, file).update()
    before = file.read_bytes()
    other = classifier(write_model(tmp_path / "other", seed=1))
    for index, differing in (
        (Index(folder, other, file), "sha256"),
        (Index(folder, judge, file, clip_seconds=5), "clip_seconds"),
        (Index(folder / "album", judge, file), "folder"),
    ):
        with pytest.raises(SettingsError, match=rf"mine.safetensors is an index of something else \({differing}\)"):
            index.update()
    assert file.read_bytes() == before
    # In the cache each has a place of its own.
    assert len({Index(folder, judge).file, Index(folder, other).file, Index(folder, judge, clip_seconds=5).file}) == 3


@pytest.mark.parametrize(
    "content", [b"", b"not an index", b"\x80\x04\x95cposix\nsystem\n."], ids=["empty", "text", "pickle"]
)
def test_what_is_no_index_is_refused_and_left_alone(
    folder: Path, judge: Classifier, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"mine.safetensors is not an index of recordings, or damaged"):
        Index(folder, judge, file).update()
    assert file.read_bytes() == content


@pytest.mark.parametrize("wrong", [{"facts": "[]"}, {"errors": "[]"}, {"files": "7"}])
def test_an_index_that_says_something_of_another_type_is_refused(
    folder: Path, judge: Classifier, tmp_path: Path, wrong: dict[str, str]
) -> None:
    file = tmp_path / "mine.safetensors"
    Index(folder, judge, file).update()
    with safe_open(file, "np") as made:
        tensors, stated = {key: made.get_tensor(key) for key in made.keys()}, made.metadata()  # noqa: SIM118
    save_file(tensors, file, {**stated, **wrong})
    with pytest.raises(SettingsError, match=r"mine.safetensors is not an index of recordings, or damaged"):
        Index(folder, judge, file).update()


def test_the_file_is_safetensors_with_json_and_names_no_absolute_recording(folder: Path, judge: Classifier) -> None:
    index = Index(folder, judge)
    index.update()
    with safe_open(index.file, "np") as file:
        assert sorted(file.keys()) == ["embeddings", "sizes", "times"]
        stated = {name: json.loads(text) for name, text in file.metadata().items()}
    assert stated["facts"]["sha256"] == judge.card.sha256
    assert all(not Path(name).is_absolute() for name in stated["files"])


def test_two_runs_do_not_write_at_once(folder: Path, judge: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index(folder, judge)
    index.file.parent.mkdir(parents=True)
    monkeypatch.setattr(similarity_index, "LOCK_SECONDS", 0.1)
    lock = FileLock(index.file.with_name(f".{index.file.name}.lock"))
    with lock, pytest.raises(SettingsError, match=r"Another run brings .* up to date"):
        index.update()
    index.update()


def test_a_folder_that_is_missing_or_has_nothing_loses_nothing(folder: Path, judge: Classifier, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="absent is not a folder"):
        Index(tmp_path / "absent", judge)
    Index(folder, judge).update()
    folder.rename(tmp_path / "away")
    folder.mkdir()  # as where a disk is not mounted
    with pytest.raises(SettingsError, match="holds no recordings"):
        Index(folder, judge).update()
    folder.rmdir()
    (tmp_path / "away").rename(folder)
    assert heard_by(Index(folder, judge))[0] == Changes(0, 0, 0, 1)


def test_an_index_that_cannot_be_written_says_so(folder: Path, judge: Classifier, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"mine.safetensors cannot be written"):
        Index(folder, judge, tmp_path / "file" / "mine.safetensors").update()
