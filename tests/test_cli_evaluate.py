"""`genre evaluate` from end to end with the embedded model, on short files, one of them broken; and a stopped run."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from genre import __version__, measurement, store, temperature
from genre.classifier import classifier
from genre.cli import app
from genre.cli_evaluate import WRITTEN, _spreadsheet_safe
from genre.cli_texts import CLI
from genre.datasets import Clip, read, read_mapping
from genre.evaluation import Heard, assess, evaluate, hear
from genre.figures import figures
from genre.measurement import FILE_COLUMNS, fingerprints
from genre.report_texts import REPORT
from genre.settings import DEFAULT_MODEL, Settings

pytestmark = pytest.mark.usefixtures("own_settings")

HOSTILE = "<img src=x onerror=alert(1)>"
MAPPING = {
    "=classical": ["symphony", "opera", "solo", "chamber"],
    "electronic": ["contemporary_dance_pop", "dance_pop"],
}


@pytest.fixture
def clips(tmp_path: Path, write: Callable[..., Path], noise, tone, rng: np.random.Generator) -> Path:
    """Eight short files of three labels, one of them broken; the coarse label's folder begins with an equals sign."""
    folder = tmp_path / "clips"
    for label in ("=classical", "dance_pop", "solo"):
        (folder / label).mkdir(parents=True)
    for index in range(3):
        write(folder / "=classical" / f"{index}.wav", tone(220 * 1.5**index, 3.0))
        write(folder / "dance_pop" / f"{index}.wav", noise(rng, 3.0))
    write(folder / "solo" / "tone.wav", tone(330, 3.0))
    (folder / "solo" / f"broken {HOSTILE}.wav").write_bytes(b"not music")
    return folder


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(MAPPING), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)], catch_exceptions=False)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "files.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_figures_rows_pictures_and_report(clips: Path, mapping: Path, tmp_path: Path, language: str):
    out = tmp_path / "out"
    result = run(clips, "--mapping", mapping, "--out", out, "--lang", language, "--clip-seconds", "3")
    assert result.exit_code == 1  # for the broken one
    card = store.find(DEFAULT_MODEL, Settings())
    found = json.loads((out / "figures.json").read_text(encoding="utf-8"))
    expected = figures(evaluate(classifier(), read(clips), read_mapping(mapping), clip_seconds=3))
    assert found["figures"] == json.loads(json.dumps(expected.to_dict()))
    assert (found["figures"]["clips"], found["figures"]["failed"], found["clip_seconds"]) == (7, 1, 3)
    assert (found["figures"]["top1"]["clips"], found["figures"]["coarse_accuracy"]["clips"]) == (4, 7)
    assert found["weights"]["sha256"] == card.sha256
    assert sorted(path.name for path in out.iterdir()) == [
        *("confusion.png", "confusion_coarse.png", "figures.json", "files.csv", "heard.jsonl"),
        *("reliability.png", "report.html"),
    ]
    assert {path.name for path in out.iterdir()} <= set(WRITTEN)
    for picture in out.glob("*.png"):
        assert np.asarray(Image.open(picture)).std() > 5

    lines = rows(out)
    assert tuple(lines[0]) == FILE_COLUMNS
    assert len(lines) == 8
    broken = next(line for line in lines if "broken" in line["path"])
    assert f"broken {HOSTILE}.wav" in broken["error"]
    assert {broken[name] for name in ("answered", "probability", "right", "coarse_right")} == {""}
    classical = lines[0]
    assert classical["label"] == "'=classical"  # no formula
    assert classical["answered"] in card.taxonomy.ids
    assert classical["right"] == str(int(classical["answered"] in MAPPING["=classical"]))
    assert classical["top3"].split()[0] == classical["answered"]

    written = CLI["written"][language].format(path=out / "report.html")
    for words in ("vgg19_bn_cqt", card.sha256, f"{card.accuracy:.0%}", written):
        assert words in result.stdout
    assert REPORT["figure_coarse_accuracy"][language] in result.stdout
    assert f"broken {HOSTILE}.wav" in result.stderr
    assert CLI["some_failed"][language].format(failed=1, total=8) in result.stderr
    report = (out / "report.html").read_text(encoding="utf-8")
    assert HOSTILE not in report
    assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;") in report
    assert REPORT["figures"][language] in report


def test_a_table_of_clips_as_json_without_a_folder(clips: Path, tmp_path: Path):
    table = clips / "labels.csv"
    lines = ["path,label,group,split", "solo/x.wav,solo,a,train"]
    lines += [f"dance_pop/{index}.wav,dance_pop,work,test" for index in range(3)]
    shutil.copy(clips / "dance_pop" / "0.wav", clips / "solo" / "x.wav")
    table.write_text("\n".join(lines))
    before = set(tmp_path.rglob("*"))
    result = run(table, "--split", "test", "--json", "--whole")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert (found["figures"]["clips"], found["figures"]["groups"], found["clip_seconds"]) == (3, 1, None)
    assert found["figures"]["coarse_accuracy"] is None
    assert found["fitted"] is None
    assert found["splits"] == ["test"]
    assert {path.name for path in set(tmp_path.rglob("*")) - before} <= {"cache", "sha256.json"}


def test_what_was_trained_on_is_not_measured_by_accident(clips: Path):
    table = clips / "labels.csv"
    splits = ("train", "validation", "test")
    lines = [f"dance_pop/{index}.wav,dance_pop,{split}" for index, split in enumerate(splits)]
    table.write_text("\n".join(["path,label,split", *lines]))
    arguments = ["--json", "--clip-seconds", "2"]
    warning = REPORT["learned"]["en"]
    result = run(table, *arguments)
    assert CLI["only_test"]["en"].format(count=1, clips=3) in result.stderr
    assert json.loads(result.stdout)["splits"] == ["test"]
    assert warning.split("{")[0] not in result.stderr

    result = run(table, *arguments, "--split", "train")
    assert warning.format(count=1, clips=1) in result.stderr
    assert json.loads(result.stdout)["splits"] == ["train"]

    table.write_text("\n".join(["path,label,split", *lines[:2], "dance_pop/2.wav,dance_pop,"]))
    result = run(table, *arguments)
    assert warning.format(count=2, clips=3) in result.stderr
    assert json.loads(result.stdout)["figures"]["clips"] == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent"], "absent"),
        (["clips"], "=classical"),
        (["clips", "--mapping", "wrong.json"], "polka"),
        (["clips", "--mapping", "mapping.json", "--split", "test"], "split"),
        (["clips", "--mapping", "mapping.json", "--model", "resnet50_cqt"], "resnet50_cqt"),
        (["clips", "--mapping", "mapping.json", "--save-temperature"], "embedded"),
        (["clips", "--mapping", "mapping.json", "--out", "mapping.json"], "mapping.json"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_heard(
    clips: Path, mapping: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.json").write_text('{"=classical": ["polka"]}')
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert "broken" not in result.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_folder_of_something_else_is_left_as_it_is(clips: Path, mapping: Path, tmp_path: Path, language: str):
    library, table = tmp_path / "library", "path,label\n../clips/solo/tone.wav,solo\n"
    library.mkdir()
    (library / "files.csv").write_text(table)
    arguments = ["--clip-seconds", "2", "--lang", language, "--out", library]
    refused = run(library / "files.csv", *arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert CLI["out_taken"][language].format(out=library) in refused.stderr
    assert [path.name for path in library.iterdir()] == ["files.csv"]

    # Where an evaluation has been, what is read is still not written over, whatever it is called by.
    (library / "heard.jsonl").write_text("")
    before = mapping.read_bytes()
    for source, path in ((library / "files.csv", "files.csv"), (clips, "figures.json")):
        refused = run(source, *arguments, "--mapping", mapping)
        assert refused.exit_code == 1
        assert CLI["out_would_overwrite"][language].format(path=library / path) in refused.stderr
        (library / "figures.json").unlink(missing_ok=True)
        (library / "figures.json").symlink_to(mapping)
    assert (library / "files.csv").read_text() == table
    assert mapping.read_bytes() == before
    (library / "figures.json").unlink()
    (library / "files.csv").rename(library / "mine.csv")
    assert run(library / "mine.csv", *arguments).exit_code == 0
    assert (library / "mine.csv").read_text() == table


def test_what_a_model_has_learned_from_is_known_again_wherever_it_is(clips: Path, own: Path, tmp_path: Path):
    config = json.loads((own / "config.json").read_text())
    config["weights"]["learned"] = fingerprints(read(clips))
    assert re.fullmatch(r"[0-9a-f]{16}( [0-9a-f]{16}){6}", config["weights"]["learned"])  # two of 8 are the same
    (own / "config.json").write_text(json.dumps(config))
    for label in ("=classical", "solo"):
        shutil.rmtree(clips / label)
    (clips / "solo").mkdir()
    shutil.copy(clips / "dance_pop" / "0.wav", clips / "solo" / "of another name.wav")
    (clips / "dance_pop" / "1.wav").write_bytes((clips / "dance_pop" / "1.wav").read_bytes() + b"\0")
    arguments = [clips, "--clip-seconds", "2", "--out", tmp_path / "out"]
    for language in ("en", "zh"):
        result = run(*arguments, "--model", own, "--lang", language)
        words = REPORT["learned_by_this"][language].format(count=3, clips=4, model="vgg19_bn_cqt")
        assert words in result.stderr
        assert words in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "has learned from" not in run(*arguments).stderr  # the model of the program, which knows nothing of these


def test_of_very_many_clips_no_fingerprints_are_kept(clips: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(measurement, "FINGERPRINTS_MAX", 7)
    assert fingerprints(read(clips)) == ""
    assert fingerprints([Clip(clips / "absent.wav", "solo", "")]) == ""


def test_all_failed_says_so(tmp_path: Path):
    (tmp_path / "clips" / "solo").mkdir(parents=True)
    (tmp_path / "clips" / "solo" / "broken.wav").write_bytes(b"not music")
    result = run(tmp_path / "clips", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert REPORT["nothing_heard"]["en"] in result.stdout
    assert "broken.wav" in (tmp_path / "out" / "report.html").read_text()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of the embedded model, which may be changed."""
    return Path(shutil.copytree(store.find(DEFAULT_MODEL, Settings()).folder, tmp_path / "own" / "vgg19_bn_cqt"))


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The examples that come with the program, which are told right and wrong."""
    for path in (Path(__file__).parent.parent / "examples").glob("*.mp3"):
        (tmp_path / "examples" / path.stem).mkdir(parents=True)
        shutil.copy(path, tmp_path / "examples" / path.stem)
    return tmp_path / "examples"


def test_a_temperature_is_fitted_and_kept_only_when_asked(examples: Path, own: Path, tmp_path: Path):
    config = own / "config.json"
    temperature.save(store.find(own, Settings()), 0.2)  # much too sure of itself, so that a fit surely helps
    original = config.read_bytes()
    arguments = [examples, "--model", own, "--clip-seconds", "5", "--out", tmp_path / "out"]
    result = run(*arguments, "--fit-temperature")
    assert result.exit_code == 0
    fitted = json.loads((tmp_path / "out" / "figures.json").read_text())["fitted"]
    assert f"{fitted['temperature']:.3g}" in result.stdout
    for when in ("before", "after"):
        assert f"{100 * fitted[when]['calibration_error']:.1f}%" in result.stdout
    assert config.read_bytes() == original

    result = run(*arguments, "--save-temperature", "--json")
    assert result.exit_code == 0
    assert "16 of 16" in result.stderr  # nothing was heard again
    assert json.loads(result.stdout)["fitted"] == fitted
    saved = json.loads(config.read_text())
    assert saved["temperature"] == pytest.approx(fitted["temperature"])
    assert {**saved, "temperature": 0.2} == json.loads(original)
    assert sorted(path.name for path in own.iterdir()) == ["README.md", "config.json", "model.safetensors"]


def test_a_model_that_has_a_temperature_is_heard_anew_and_fitted_to_the_same(examples: Path, own: Path, tmp_path: Path):
    card = store.find(own, Settings())
    arguments = [examples, "--model", own, "--clip-seconds", "5", "--json", "--fit-temperature"]
    temperature.save(card, 1.0)
    plain = json.loads(run(*arguments).stdout)
    temperature.save(card, 3.0)  # the weights stay as they are: config.json alone must make the model read anew
    found = json.loads(run(*arguments).stdout)
    assert (plain["temperature"], found["temperature"]) == (1.0, 3.0)
    assert found["figures"]["confidence"] < plain["figures"]["confidence"]
    # Windows are as good as alone in 5 s, so that the fit finds the logits behind either temperature.
    assert found["fitted"]["temperature"] == pytest.approx(plain["fitted"]["temperature"], rel=0.01)


def test_a_temperature_that_cannot_be_told_is_not_kept(clips: Path, own: Path):
    table = clips / "labels.csv"
    table.write_text("path,label,group\n" + "".join(f"dance_pop/{i}.wav,dance_pop,one\n" for i in range(3)))
    config = (own / "config.json").read_bytes()
    result = run(table, "--model", own, "--save-temperature", "--lang", "zh")
    assert result.exit_code == 1
    assert REPORT["temperature_unknown"]["zh"] in result.stderr
    assert (own / "config.json").read_bytes() == config


def test_a_temperature_that_does_not_help_is_not_kept(examples: Path, own: Path, tmp_path: Path):
    judge, rng = classifier(own), np.random.default_rng(0)
    files = sorted(examples.rglob("*.mp3"))[:6]
    windows = [hear(judge, Clip(file, "solo", ""), 5).windows for file in files]
    ids = np.array(judge.card.taxonomy.ids)
    ranked = [ids[np.argsort(-answered.mean(axis=0))] for answered in windows]
    for _ in range(100):  # until the labels are such that what fits one half of them says nothing of the other
        labels = [str(names[rng.integers(4)]) for names in ranked]  # any of the first four answers
        clips = [Clip(file, label, str(i)) for i, (file, label) in enumerate(zip(files, labels, strict=True))]
        heard = [Heard(clip, answered) for clip, answered in zip(clips, windows, strict=True)]
        evaluation = assess(heard, judge.card.taxonomy)
        fitted = temperature.fit(evaluation, None, figures(evaluation))
        if fitted and not fitted.helps:
            break
    table = tmp_path / "labels.csv"
    table.write_text("path,label,group\n" + "".join(f"{clip.path},{clip.label},{clip.group}\n" for clip in clips))
    config = (own / "config.json").read_bytes()
    result = run(table, "--model", own, "--clip-seconds", "5", "--save-temperature")
    assert result.exit_code == 1
    assert REPORT["temperature_useless"]["en"].split("{")[0] in result.stderr
    assert (own / "config.json").read_bytes() == config


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    # A test run in the background of a script ignores Ctrl-C, and its children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "genre", "evaluate", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def wait_for_rows(out: Path, count: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if (out / "heard.jsonl").exists() and (out / "heard.jsonl").read_text().count("\n") > count:
            return
        time.sleep(0.02)
    raise AssertionError("nothing was heard in two minutes")


def test_a_killed_evaluation_goes_on_where_it_was(examples: Path, tmp_path: Path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    arguments = [examples, "--clip-seconds", "5", "--out"]
    assert run(*arguments, whole).exit_code == 0
    process = start(*arguments, broken)
    wait_for_rows(broken, 3)
    process.kill()
    process.communicate()
    assert 3 <= len(rows(broken)) + 1 < 16
    assert not (broken / "report.html").exists()
    # Were the first file heard again, it would be an error now.
    first = Path(rows(broken)[0]["path"])
    stat = first.stat()
    first.write_bytes(bytes(stat.st_size))
    os.utime(first, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    result = run(*arguments, broken)
    assert result.exit_code == 0
    known = re.search(r"Heard by an earlier call: (\d+) of 16", result.stderr)
    assert 3 <= int(known[1]) < 16
    assert rows(broken) == rows(whole)
    assert (broken / "figures.json").read_bytes() == (whole / "figures.json").read_bytes()


def test_another_precision_is_heard_anew(clips: Path, mapping: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "out"
    for label in ("dance_pop", "solo"):  # a small confusion matrix is drawn sooner
        shutil.rmtree(clips / label)

    def facts(seconds: str, precision: str, *, known: bool) -> dict[str, object]:
        monkeypatch.setenv("GENRE_PRECISION", precision)
        result = run(clips, "--mapping", mapping, "--out", out, "--clip-seconds", seconds)
        assert ("earlier call" in result.stderr) == known
        return json.loads((out / "heard.jsonl").read_text().splitlines()[0])

    first = facts("2", "float32", known=False)
    assert (first["clip_seconds"], first["precision"], first["genre"]) == (2, "torch.float32", __version__)
    facts("2", "bfloat16", known=False)
    facts("2", "bfloat16", known=True)


def test_a_row_holds_no_formula():
    row = {"path": "=1.wav", "label": "+1", "right": 1, "error": "=1.wav: not music"}
    assert _spreadsheet_safe(row) == {"path": "./=1.wav", "label": "'+1", "right": 1, "error": "./=1.wav: not music"}


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(examples: Path, tmp_path: Path):
    out = tmp_path / "out"
    process = start(examples, "--out", out)
    wait_for_rows(out, 1)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    kept = len((out / "heard.jsonl").read_text().splitlines()) - 1  # the first line says what was heard, and how
    assert f"Stopped after {kept} of 16 clips. What was heard is kept: the same command goes on from there." in stderr
    assert len(rows(out)) == kept
    assert "Traceback" not in stderr
