"""`genre train`, in real processes: it learns, goes on where it was stopped, and what it writes answers."""

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import datasets as hub
import numpy as np
import pytest
import soundfile
from kinds import KINDS, sound, write_clips
from PIL import Image
from typer.testing import CliRunner, Result

from genre import cli_train, finetuning, hub_datasets, store
from genre.cli import app
from genre.cli_texts import CLI
from genre.datasets import Clip
from genre.errors import ModelError, SettingsError
from genre.finetuning import Wishes, plan
from genre.labels import CCMUSIC16
from genre.settings import SAMPLE_RATE, Settings
from genre.spectrogram import SpectrogramSpec

LABELS = {"solo": "Low drone", "opera": "High whistle", "dance_pop": "Clicks"}
CHINESE = {"Low drone": "低音", "High whistle": "哨声", "Clicks": "咔嗒"}
TRAINING = ("--epochs", "5", "--image-size", "64", "--batch-size", "8", "--learning-rate", "0.002", "--seed", "3")
BEGUN = "resnet18_cqt_acousticsense16"  # the embedded model of the network that is trained by default
TINY = ("--backbone", "mobilenet_v3_small", "--epochs", "1", "--image-size", "32")

Train = Callable[..., Result]


@pytest.fixture(autouse=True)
def english(own_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


def genre(*arguments: str | Path, cwd: Path) -> "subprocess.Popen[str]":
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "genre", *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # One thread: small networks gain nothing from more, and lose much where something else is running.
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Call the command in this process."""

    def call(*arguments: str | Path) -> Result:
        command = ["train", *map(str, arguments), "--out", str(tmp_path / "model")]
        return CliRunner().invoke(app, command, catch_exceptions=False)

    return call


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of 3 × 20 recordings of own labels, one more that is broken, and 9 unheard ones."""
    folder = tmp_path_factory.mktemp("place")
    clips = write_clips(folder / "music", per_kind=20)
    (folder / "music" / "broken.wav").write_bytes(b"not a sound")
    (folder / "one").mkdir()
    (folder / "one" / "polka").symlink_to(folder / "music" / "solo")
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "label_zh", "group"])
        for clip in [*clips, Clip(folder / "music" / "broken.wav", "solo", "broken")]:
            label = LABELS[clip.label]
            writer.writerow([clip.path.relative_to(folder), label, CHINESE[label], clip.group])
    for kind in KINDS:
        for number in range(3):
            soundfile.write(folder / f"{kind}{number}.wav", sound(kind, 5_000 + number), SAMPLE_RATE)
    return folder


@pytest.fixture(scope="module")
def trained(place: Path) -> tuple[int, str, str]:
    return finished(genre("train", "table.csv", "--out", "mine", "--licence", "CC0", *TRAINING, cwd=place))


def test_it_learns_and_says_what_it_has_done(place: Path, trained: tuple[int, str, str]) -> None:
    code, out, err = trained
    assert code == 1  # one recording could not be read
    assert err.count("left out") == 1
    assert "broken.wav" in err
    assert f"61 recordings, 3 genres (mine); resnet18 on cqt, starting from {BEGUN}; epochs: 5; 64 px." in err
    assert [int(epoch) for epoch in re.findall(r"epoch (\d) of 5, 64 px: loss", err)] == [1, 2, 3, 4, 5]
    stated = re.search(r"The model is in mine: it tells ([\d.]+)% of (\d+) held-out clips right \((.*)\)\. Its", out)
    assert stated, out
    right, clips, interval = float(stated[1]), int(stated[2]), stated[3]
    assert right >= 90
    assert re.fullmatch(r"95% interval [\d.]+–[\d.]+%", interval)
    assert "genre classify FILE --model ./mine" in out
    run = place / "mine.run"
    for name in ("curves.png", "confusion.png"):
        assert Image.open(run / name).size[0] > 300
    assert {"recipe.json", "history.json", "best.safetensors", "last.pt"} <= {path.name for path in run.iterdir()}
    weights = json.loads((place / "mine" / "config.json").read_text())["weights"]
    assert weights["trained_on"] == f"{60 - clips} clips of table.csv, starting from the weights of {BEGUN}"
    assert weights["trained_on_zh"] == f"table.csv 的 {60 - clips} 个片段，以 {BEGUN} 的权重为起点"
    assert weights["measured_on"] == f"{clips} held-out clips of the same source (used to choose the epoch; {interval})"
    assert (weights["accuracy"], weights["licence"]) == (pytest.approx(right / 100, abs=6e-4), "CC0")
    # Whoever wants to know what was held out can measure it again, and is told what that is worth.
    command = ["evaluate", str(run / "clips.csv"), "--split", "validation", "--model", str(place / "mine"), "--json"]
    again = CliRunner().invoke(app, command)
    figures = json.loads(again.stdout)["figures"]
    assert figures["clips"] == clips
    assert round(figures["top1"]["value"], 4) == weights["accuracy"]
    assert f"mine has learned from {clips} of these {clips} clips or was chosen by them" in again.stderr


def test_unheard_recordings_get_the_right_genre_and_its_chinese_name(
    place: Path, trained: tuple[int, str, str]
) -> None:
    files = [f"{kind}{number}.wav" for kind in KINDS for number in range(3)]
    code, out, _ = finished(genre("classify", *files, "--model", "./mine", "--json", "--top", "1", cwd=place))
    assert code == 0
    answers = [(row["source"], row["top"][0]) for row in json.loads(out)]
    right = [answer["id"] == LABELS[source[:-5]] for source, answer in answers]
    assert sum(right) >= 8
    assert {answer["zh"] for _, answer in answers} == set(CHINESE.values())
    command = ["classify", str(place / "solo0.wav"), "--model", str(place / "mine"), "--lang", "zh"]
    shown = CliRunner().invoke(app, command).output
    assert "低音" in shown
    assert f"以 {BEGUN} 的权重为起点" in shown


def test_ctrl_c_loses_nothing_but_an_epoch(place: Path, trained: tuple[int, str, str]) -> None:
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a test run in the background would hand on that it is off
    command = ("train", "table.csv", "--out", "stopped", *TRAINING)
    process = genre(*command, cwd=place)
    assert process.stderr
    for line in process.stderr:
        if line.startswith("epoch 2"):
            break
    process.send_signal(signal.SIGINT)
    err = process.stderr.read()
    assert process.wait(timeout=120) == 130
    assert "The same command goes on after the last whole epoch" in err
    assert "Traceback" not in err
    assert not (place / "stopped").exists()
    _, _, err = finished(genre(*command, cwd=place))
    assert 2 <= int(re.findall(r"epoch (\d) of 5", err)[0]) <= 4
    for name in ("mine", "stopped"):
        assert (place / name / "model.safetensors").is_file()
    assert (place / "mine" / "model.safetensors").read_bytes() == (place / "stopped" / "model.safetensors").read_bytes()


def test_ctrl_c_while_the_model_is_measured_leaves_one_that_can_be_used(
    place: Path, trained: tuple[int, str, str]
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    shutil.copytree(place / "mine.run", place / "again.run")
    command = ("train", "table.csv", "--out", "again", *TRAINING)
    process = genre(*command, cwd=place)
    until = time.monotonic() + 120
    while not (place / "again" / "config.json").exists() and time.monotonic() < until:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    code, out, err = finished(process)
    assert (code, out) == (130, "")
    assert "The model is in again and can be used; its accuracy is not measured yet. The same command" in err
    assert "Traceback" not in err
    card = store.find(place / "again", Settings())
    assert store.load(card)
    assert card.accuracy is None
    _, out, err = finished(genre(*command, cwd=place))
    assert "epoch" not in err.replace("epochs:", "")  # nothing was trained again
    assert "held-out clips right" in out
    assert store.find(place / "again", Settings()).accuracy == store.find(place / "mine", Settings()).accuracy


def test_ctrl_c_ends_the_drawing_by_other_processes(place: Path, tmp_path: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    content = (place / "music" / "solo" / "album0" / "0.wav").read_bytes()
    for number in range(2_000):
        path = tmp_path / "many" / ("polka", "waltz")[number % 2] / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[: 44 + 2 * SAMPLE_RATE * 3])
    process = genre("train", "many", "--out", "model", *TINY, cwd=tmp_path)
    assert process.stderr
    assert "2000 recordings" in process.stderr.readline()
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to the workers too
    err = process.stderr.read()
    assert process.wait(timeout=120) == 130
    assert "The same command goes on" in err
    assert "Traceback" not in err


def test_a_changed_source_or_recipe_is_not_gone_on_with(
    place: Path, trained: tuple[int, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    refused = CliRunner().invoke(app, ["train", "table.csv", "--out", "mine", *TRAINING, "--seed", "4"])
    assert refused.exit_code == 1
    assert "seed was 3 and is 4" in refused.stderr
    refused = CliRunner().invoke(app, ["train", "table.csv", "--out", "mine", "--run", "other", *TRAINING])
    assert refused.exit_code == 1
    assert "mine has something in it already that does not come from the run in other" in refused.stderr
    assert not (place / "other").exists()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_run_folder_of_something_else_is_left_as_it_is(place: Path, tmp_path: Path, language: str) -> None:
    out, run = tmp_path / "model", tmp_path / "run"
    run.mkdir()
    (run / "best.safetensors").write_bytes(b"mine")

    def refused(folder: Path) -> str:
        command = ["train", str(place / "music"), "--out", str(out), "--run", str(folder), "--lang", language, *TINY]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1
        assert not out.exists()
        return result.stderr

    assert CLI["train_run_taken"][language].format(run=run) in refused(run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == {"best.safetensors": b"mine"}
    for folder in (tmp_path / "run" / ".." / "model", out / "run"):
        assert CLI["train_run_in_out"][language].format(run=folder, out=out) in refused(folder)


def test_pictures_are_measured_as_they_are_and_a_name_may_have_a_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = ("dark", "light") * 6
    for index, label in enumerate(labels):
        noise = np.random.default_rng(index).integers(0, 60, (32, 32), dtype=np.uint8)
        Image.fromarray(noise + np.uint8(190 * (label == "light"))).save(tmp_path / f"{index}.png")
    rows = "\n".join(f"{index}.png,{label}" for index, label in enumerate(labels))
    (tmp_path / "pictures.csv").write_text(f"path,label\n{rows}\n")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["train", "pictures.csv", "--out", "m 型/same", "--from", "scratch", *TINY])
    assert done.exit_code == 0, done.output
    assert re.search(r"it tells \d+\.\d% of \d held-out clips right \((95% interval|too few groups)", done.stdout)
    command = shlex.split(done.stdout.splitlines()[-1].removeprefix("Try it: "))
    assert command == ["genre", "classify", "FILE", "--model", "m 型/same"]
    weights = json.loads(Path("m 型/same/config.json").read_text(encoding="utf-8"))["weights"]
    assert 0 <= weights["accuracy"] <= 1
    assert "used to choose the epoch; " in weights["measured_on"]
    assert Image.open("m 型/same.run/confusion.png").size[0] > 300


def test_the_model_folder_may_be_the_one_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("solo", "opera"):
        for number in range(2):
            path = tmp_path / "records" / kind / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, sound(kind, number, 2.0), SAMPLE_RATE)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = CliRunner().invoke(app, ["train", "../records", "--out", ".", *TINY, "--taxonomy", "own"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "here.run" / "clips.csv").exists()
    assert json.loads(Path("config.json").read_text())["name"] == "here"


def test_a_finished_run_writes_over_its_own_model_only(place: Path, train: Train, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number, kind in enumerate(("solo", "opera") * 2):
        path = source / kind / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, sound(kind, number, 2.0), SAMPLE_RATE)
    command = (source, *TINY, "--taxonomy", "own", "--licence")
    assert train(*command, "CC0").exit_code == 0
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    assert config["temperature"] is None
    path.write_text(json.dumps(config | {"temperature": 1.7}))
    assert train(*command, "MIT").exit_code == 0
    config = json.loads(path.read_text())
    assert (config["temperature"], config["weights"]["licence"]) == (1.7, "MIT")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"of another run")
    refused = train(*command, "CC0")
    assert refused.exit_code == 1
    assert "does not come from the run in" in refused.stderr
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == b"of another run"


def test_a_folder_that_cannot_be_read_shows_in_the_exit_code(
    train: Train, unreadable: Callable[[Path], str], tmp_path: Path
) -> None:
    for kind in ("solo", "opera"):
        (tmp_path / "source" / kind).mkdir(parents=True)
        for number in range(2):
            soundfile.write(tmp_path / "source" / kind / f"{number}.wav", sound(kind, number, 2.0), SAMPLE_RATE)
    unreadable(tmp_path / "source" / "solo")
    done = train(tmp_path / "source", *TINY)
    assert done.exit_code == 1
    assert done.stderr.count("left out: ") == 1
    assert "clips learned from / checked on: opera 1/1, solo 1/1" in done.stderr
    assert (tmp_path / "model" / "model.safetensors").is_file()


def test_the_source_may_be_the_folder_one_is_in(
    place: Path, train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("solo", "opera"):
        for number in range(2):
            path = tmp_path / "records" / kind / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, sound(kind, number, 2.0), SAMPLE_RATE)
    monkeypatch.chdir(tmp_path / "records")
    assert train(".", *TINY).exit_code == 0
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["weights"]["trained_on"] == "2 clips of records, starting from random weights"
    names = [(genre["id"], genre["en"], genre["zh"]) for genre in config["taxonomy"]["genres"]]
    assert names == [("opera", "Opera", "歌剧"), ("solo", "Solo", "独奏")]


@pytest.mark.parametrize("place_of_out", ["taken", "taken/model"])
def test_a_model_folder_that_cannot_be_is_refused_at_once(place: Path, tmp_path: Path, place_of_out: str) -> None:
    (tmp_path / "taken").write_bytes(b"")
    command = ["train", str(place / "music"), "--out", str(tmp_path / place_of_out), "--run", str(tmp_path / "run")]
    refused = CliRunner().invoke(app, [*command, *TINY])
    assert refused.exit_code == 1
    assert "taken is no folder, or may not be written to; choose another --out" in refused.stderr
    assert not (tmp_path / "run").exists()


def test_a_model_is_begun_from_another_one_with_coarse_labels_and_a_frozen_backbone(
    place: Path, trained: tuple[int, str, str], train: Train, tmp_path: Path
) -> None:
    (tmp_path / "mapping.json").write_text(json.dumps({"Clicks": ["dance_pop", "contemporary_dance_pop"]}))
    table = (place / "table.csv").read_text().replace("Low drone", "独奏").replace("High whistle", "Opera")
    (place / "coarse.csv").write_text(table)
    begun = ("--from", place / "mine", "--frozen", "--epochs", "1", "--mapping", tmp_path / "mapping.json")
    done = train(place / "coarse.csv", *begun, "--taxonomy", "ccmusic16")
    assert done.exit_code == 1, done.output  # the broken recording
    assert "starting from mine; epochs: 1; 64 px" in done.stderr
    assert "fresh: fc.1.weight, fc.1.bias" in done.stderr
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["taxonomy"] == "ccmusic16"
    assert config["weights"]["trained_on"] == "48 clips of coarse.csv, starting from the weights of mine"
    refused = train(place / "coarse.csv", *begun, "--taxonomy", "ccmusic16", "--backbone", "vgg11")
    assert "mine has the backbone resnet18, not vgg11" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nowhere",), "nowhere does not exist; give a folder with one sub-folder per genre, a CSV, or for a data set"),
        (("music/typo",), "music/typo does not exist"),
        (("music/typo", "--subset", "x"), "music/typo does not exist"),
        (("hub:typo",), "hub:typo is no data set of the Hugging Face Hub; they are written hub:OWNER/NAME"),
        (("tests.csv",), "There is no clip to learn from: all of them are of split test"),
        (("validation.csv",), "There is no clip to learn from: all of them are of split validation or test"),
        (("solos.csv", "--taxonomy", "ccmusic16"), "There is only one genre, solo; a model needs at least two"),
        (("music", "--taxonomy", "acousticsense16"), "Not understood as genres of acousticsense16: dance_pop, opera"),
        (("music", "--taxonomy", "mine"), "choose one of: ccmusic16, acousticsense16, own"),
        (("music", "--transform", "mfcc"), "choose one of: cqt, mel, chroma"),
        (("music", "--backbone", "resnet1001"), "Unknown backbone 'resnet1001'"),
        (("music", "--backbone", "vit_b_16", "--image-size", "112"), "vit_b_16 takes images of 224 pixels, not 112"),
        (("music", "--from", "nobody"), "There is no model 'nobody' here"),
        (("music", "--frozen", "--from", "scratch"), "choose a model to start from"),
        (("music", "--subset", "x"), "no data set of the Hub"),
        (("music", "--group-column", "x"), "no data set of the Hub"),
        (("music", "--names", "nothing.csv"), "nothing.csv cannot be read"),
        (("one",), "There is only one genre, polka"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(
    place: Path, train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    monkeypatch.chdir(place)
    for name, label, split in (("tests", "solo", "Test"), ("validation", "opera", "validation"), ("solos", "solo", "")):
        rows = [f"music/solo/album0/{number}.wav,{label},{number},{split}" for number in range(2)]
        (place / f"{name}.csv").write_text("\n".join(["path,label,group,split", *rows]))
    refused = train(*arguments)
    assert refused.exit_code == 1
    assert reason in refused.stderr
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "model.run" / "images").exists()


def clips_of(**counts: int) -> list[Clip]:
    return [
        Clip(Path(f"{label}{n}.mp3"), label, f"{label}{n}") for label, count in counts.items() for n in range(count)
    ]


SETTINGS = Settings(cache=Path("/dev/null/nowhere"))  # not even root can write there


def test_the_classes_are_those_of_a_taxonomy_that_all_occur_or_the_labels() -> None:
    def classes(clips: list[Clip], **wishes: object) -> object:
        return plan(clips, Wishes(**{"begin": "scratch", **wishes}), name="mine", settings=SETTINGS).taxonomy

    assert classes(clips_of(**{genre.en: 2 for genre in CCMUSIC16.genres})) == CCMUSIC16
    assert classes(clips_of(Opera=2, 独奏=2), taxonomy="ccmusic16") == CCMUSIC16
    assert classes(clips_of(Opera=2, 独奏=2), begin="embedded:vgg19_bn_cqt") == CCMUSIC16  # which has these classes
    own = classes(clips_of(嘻哈=2, polka=2, Blues=2), names={"polka": "波尔卡", "Blues": "布鲁斯"})
    assert [(genre.id, genre.en, genre.zh) for genre in own.genres] == [
        ("blues", "Blues", "布鲁斯"), ("hip_hop", "Hip-Hop", "嘻哈"), ("polka", "polka", "波尔卡"),
    ]  # fmt: skip
    assert own.id == "mine"
    assert classes(clips_of(Opera=2, Solo=2, 独奏=2)).ids == ("opera", "solo")
    mapping = {"loud": ("metal", "rock"), "unused": ("x",)}
    assert classes(clips_of(loud=2, polka=2), mapping=mapping).ids == ("metal", "polka", "rock")
    with pytest.raises(SettingsError, match="'Trip-Hop' and 'trip hop' are one genre"):
        classes(clips_of(**{"Trip-Hop": 2, "trip hop": 2, "polka": 2}))
    with pytest.raises(SettingsError, match="only one genre, polka"):
        classes(clips_of(polka=4))


def test_the_recipe_fits_the_number_of_clips_and_the_backbone() -> None:
    def recipe(**wishes: object) -> finetuning.Recipe:
        return plan(clips_of(a=100, b=100), Wishes(begin="scratch", **wishes), name="x", settings=SETTINGS).recipe

    assert recipe().stages == ((112, 33), (224, 17))  # 10,000 shown
    assert recipe(backbone="vit_b_16").stages == ((224, 50),)
    assert recipe(image_size=100).stages == ((100, 50),)
    assert recipe(epochs=1).stages == ((224, 1),)
    assert recipe(backbone="inception_v3", epochs=3).stages == ((149, 2), (299, 1))
    assert [finetuning.epochs_for(count) for count in (10, 500, 5_000)] == [60, 20, 12]
    assert (cli_train.BATCH_SIZE, cli_train.VALIDATION) == (finetuning.BATCH_SIZE, finetuning.VALIDATION)


def test_numbers_in_labels_tell_genres_apart() -> None:
    decades = ("1980 pop", "1980 rock", "1990 pop", "1990 rock")
    begun = plan(clips_of(**dict.fromkeys(decades, 2)), Wishes(), name="mine", settings=SETTINGS)
    assert begun.taxonomy.ids == decades
    own = plan(clips_of(**{"80_polka": 2, "90_polka": 2}), Wishes(), name="mine", settings=SETTINGS)
    assert own.taxonomy.ids == ("80_polka", "90_polka")
    with pytest.raises(SettingsError, match="'80_pop' and '90_pop' would both be pop: only a number"):
        plan(clips_of(**{"80_pop": 2, "90_pop": 2, "rock": 2}), Wishes(), name="mine", settings=SETTINGS)


def test_the_weights_are_the_embedded_ones_of_that_network_or_random(tmp_path: Path) -> None:
    clips = clips_of(opera=2, solo=2)

    def begun(**wishes: object) -> finetuning.Plan:
        return plan(clips, Wishes(**wishes), name="x", settings=replace(SETTINGS, cache=tmp_path))

    embedded = begun()
    card = store.find("embedded:resnet18_cqt_acousticsense16", SETTINGS)
    assert (embedded.initial, embedded.begun_with, embedded.fresh_head) == (card.weights, card.name, True)
    assert embedded.taxonomy.ids == ("opera", "solo")  # not the classes of a model that nobody asked for
    assert embedded.recipe.spectrogram == SpectrogramSpec("cqt", image_size=224)  # nor its images of 112 px
    assert (embedded.recipe.head, embedded.recipe.learning_rate) == (card.head, finetuning.LEARNING_RATE_TUNED)
    assert begun(image_size=96).recipe.spectrogram.image_size == 96
    assert begun(frozen=True).recipe.spectrogram == card.spectrogram  # whose features are to stay as they are
    assert begun(begin=card.name, taxonomy="own").recipe.spectrogram == card.spectrogram
    asked = begun(begin="embedded:vgg19_bn_cqt")
    assert (asked.begun_with, asked.taxonomy, asked.fresh_head) == ("vgg19_bn_cqt", CCMUSIC16, False)
    assert begun(backbone="vgg19_bn", taxonomy="ccmusic16").fresh_head is False  # the very same classes
    assert begun(backbone="vgg19_bn").fresh_head
    for wishes in ({"backbone": "vgg11"}, {"transform": "mel"}):
        assert begun(**wishes).begun_with == "scratch"


def test_clips_of_another_split_are_left_out_and_a_genre_needs_two_groups() -> None:
    clips = [*clips_of(opera=2, solo=2), Clip(Path("x.mp3"), "opera", "x", split="test")]
    assert len(plan(clips, Wishes(begin="scratch"), name="x", settings=SETTINGS).clips) == 4
    with pytest.raises(SettingsError, match="Too few clips of solo: a genre needs at least two groups"):
        plan(clips_of(opera=2, solo=1), Wishes(begin="scratch"), name="x", settings=SETTINGS)


def test_imagenet_weights_that_cannot_be_fetched_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    wishes = Wishes(begin="imagenet")
    with pytest.raises(ModelError, match="ImageNet weights of resnet18 cannot be fetched"):
        plan(clips_of(opera=2, solo=2), wishes, name="x", settings=Settings(cache=tmp_path / "cache"))


def wav(kind: str, seed: int) -> dict[str, object]:
    file = io.BytesIO()
    soundfile.write(file, sound(kind, seed, 3.0), SAMPLE_RATE, format="WAV")
    return {"bytes": file.getvalue(), "path": f"{kind}{seed}.wav"}


def jpeg(value: int) -> dict[str, object]:
    file = io.BytesIO()
    Image.fromarray(np.full((30, 40, 3), value, dtype=np.uint8)).save(file, "JPEG")
    return {"bytes": file.getvalue(), "path": None}


@pytest.fixture
def hub_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a data set as the Hub stores one: parquet with the content's bytes inside."""
    monkeypatch.setattr(hub.config, "HF_DATASETS_CACHE", tmp_path / "hf")

    def write(name: str, features: dict[str, object], splits: dict[str, dict[str, list[object]]]) -> Path:
        for split, columns in splits.items():
            (tmp_path / name).mkdir(exist_ok=True)
            data = hub.Dataset.from_dict(columns).cast(hub.Features(features))
            data.to_parquet(tmp_path / name / f"{split}-00000-of-00001.parquet")
        return tmp_path / name

    return write


def test_a_data_set_of_sounds_is_trained_on(hub_folder: Callable[..., Path], train: Train, tmp_path: Path) -> None:
    names = ["Symphony", "Opera", "Solo"]
    rows = [("solo", 2), ("opera", 1)] * 3
    columns = {
        "audio": [wav(kind, seed) for seed, (kind, _) in enumerate(rows)],
        "fst_level_label": [0] * 6,
        "thr_level_label": [number for _, number in rows[:5]] + [-1],  # the last row has no label
        "artist": ["a", "b", "c", "d", "e", "f"],
    }
    features = {
        "audio": hub.Audio(),
        "fst_level_label": hub.ClassLabel(names=["Classic", "Other"]),
        "thr_level_label": hub.ClassLabel(names=names),
        "artist": hub.Value("string"),
    }
    source = hub_folder("music", features, {"train": columns})
    done = train(source, *TINY)
    assert done.exit_code == 0, done.output
    assert "rows without a label or content, and left alone: 1" in done.stderr
    assert "5 recordings, 2 genres (model)" in done.stderr
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["weights"]["trained_on"] == "3 clips of music, starting from random weights"
    listed = (tmp_path / "model.run" / "dataset" / "labels.csv").read_text().splitlines()
    assert listed[:2] == ["path,label,group,split", "train_000000.wav,Solo,a,train"]


def test_cuts_of_one_recording_stay_together_if_a_column_tells_them(
    hub_folder: Callable[..., Path], train: Train, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recordings = [0, 0, 1, 1, 2, 2, 3, 3]
    columns = {"cqt": [jpeg(20 * value) for value in range(8)], "genre": [0, 1] * 4, "song": recordings}
    features = {"cqt": hub.Image(), "genre": hub.ClassLabel(names=["Polka", "Waltz"]), "song": hub.Value("int64")}
    source = hub_folder("cuts", features, {"train": columns})
    done = train(source, *TINY, "--group-column", "song", "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "name no recording" not in done.stderr
    table = tmp_path / "model.run" / "dataset" / "labels.csv"
    assert [row["group"] for row in csv.DictReader(table.open())] == [str(song) for song in recordings]
    assert not hub_datasets.may_be_cuts(table.parent)
    assert "cuts of one" not in (tmp_path / "model" / "config.json").read_text()
    for name in ("opus", "genre"):
        with pytest.raises(SettingsError, match=f"has no column {name} besides that of the genres; choose one of: cqt"):
            hub_datasets.materialise(str(source), tmp_path / "other", "cqt", group=name)
    with pytest.raises(SettingsError, match="holds another data set, or another part of it"):
        hub_datasets.materialise(str(source), table.parent, "cqt")
    table = hub_datasets.materialise(str(source), tmp_path / "alone", "cqt")
    asked = json.loads((tmp_path / "alone" / "wanted.json").read_text())
    del asked["group"]  # as an earlier version wrote it
    (tmp_path / "alone" / "wanted.json").write_text(json.dumps(asked))
    assert hub_datasets.materialise(str(source), tmp_path / "alone", "cqt") == table


def test_a_model_says_that_cuts_may_be_on_both_sides(
    hub_folder: Callable[..., Path], train: Train, tmp_path: Path
) -> None:
    columns = {"cqt": [jpeg(20 * value) for value in range(8)], "genre": [0, 1] * 4}
    features = {"cqt": hub.Image(), "genre": hub.ClassLabel(names=["Polka", "Waltz"])}
    done = train(hub_folder("cuts", features, {"train": columns}), *TINY)
    assert done.exit_code == 0, done.output
    assert "may be both learned from and checked on. If a column" in done.stderr
    weights = json.loads((tmp_path / "model" / "config.json").read_text())["weights"]
    assert weights["measured_on"].endswith(
        "; the rows name no recording, so that cuts of one may be both learned from and checked on"
    )
    assert weights["measured_on_zh"].endswith("同一录音的片段可能既用于学习又用于检验")


def test_a_data_set_of_pictures_gives_those_of_the_transform(
    hub_folder: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    columns = {"mel": [jpeg(40)] * 4, "cqt": [jpeg(90)] * 4, "genre": [0, 1, 0, 1]}
    features = {"mel": hub.Image(), "cqt": hub.Image(), "genre": hub.ClassLabel(names=["Pop", "Rock"])}
    source = hub_folder("pictures", features, {"train": columns, "validation": columns})
    assert hub_datasets.is_hub_dataset(str(source))
    table = hub_datasets.materialise(str(source), tmp_path / "out", "cqt")
    rows = list(csv.DictReader(table.open()))
    assert [row["split"] for row in rows] == ["train"] * 4 + ["validation"] * 4
    assert hub_datasets.may_be_cuts(table.parent)
    assert "its rows name no recording, artist or album; cuts of one recording may be" in caplog.text
    caplog.clear()
    assert abs(np.asarray(Image.open(table.parent / rows[0]["path"])).mean() - 90) < 3
    assert hub_datasets.materialise(str(source), tmp_path / "out", "cqt") == table
    assert "name it with --group-column" in caplog.text  # also where the folder has everything already
    with pytest.raises(SettingsError, match="holds another data set, or another part of it"):
        hub_datasets.materialise(str(source), tmp_path / "out", "mel")
    with pytest.raises(SettingsError, match=r"nor one of pictures called chroma; its columns are: mel \(Image\)"):
        hub_datasets.materialise(str(source), tmp_path / "other", "chroma")
    (tmp_path / "out" / "wanted.json").write_bytes(b"")
    with pytest.raises(SettingsError, match=r"wanted\.json is damaged; delete"):
        hub_datasets.materialise(str(source), tmp_path / "out", "cqt")
    with pytest.raises(SettingsError, match="has no column artist; choose one with --label-column: mel, cqt, genre"):
        hub_datasets.materialise(str(source), tmp_path / "other", "cqt", label="artist")


def test_splits_of_other_names_are_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    columns = {"audio": [wav("solo", 1)], "genre": ["Solo"]}
    part = hub.Dataset.from_dict(columns).cast(hub.Features({"audio": hub.Audio(), "genre": hub.Value("string")}))
    hub.DatasetDict({"train": part, "dev": part}).save_to_disk(tmp_path / "saved")
    table = hub_datasets.materialise(str(tmp_path / "saved"), tmp_path / "out", "cqt", label="genre")
    assert [row["split"] for row in csv.DictReader(table.open())] == ["train"]
    assert "none of train, validation, test, and left alone: dev" in caplog.text
    hub.DatasetDict({"dev": part}).save_to_disk(tmp_path / "odd")
    with pytest.raises(SettingsError, match="has no split called train or validation or test; it has: dev"):
        hub_datasets.materialise(str(tmp_path / "odd"), tmp_path / "other", "cqt", label="genre")


def test_only_a_local_data_set_may_name_files_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"RIFF")
    part = hub.Dataset.from_dict({"audio": [{"bytes": None, "path": str(tmp_path / "song.wav")}]})
    part = part.cast(hub.Features({"audio": hub.Audio(decode=False)}))
    ((name, row),) = hub_datasets._files(part, "train", "audio", local=True)
    assert (name, row["audio"]["bytes"]) == ("train_000000.wav", b"RIFF")
    with pytest.raises(SettingsError, match="names a file of this machine"):
        list(hub_datasets._files(part, "train", "audio", local=False))


def test_a_missing_library_or_hub_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "train.parquet").write_bytes(b"not parquet")
    with pytest.raises(SettingsError, match="broken cannot be loaded"):
        hub_datasets.materialise(str(tmp_path / "broken"), tmp_path / "out", "cqt")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SettingsError, match="pip install 'datasets>=4'"):
        hub_datasets.materialise("hub:owner/name", tmp_path / "out", "cqt")
    assert hub_datasets.is_hub_dataset("hub:owner/name")
    for source in (str(Path(__file__).parent), "owner/name", "music/typo"):
        assert not hub_datasets.is_hub_dataset(source)


def test_help_states_the_defaults() -> None:
    shown = " ".join(CliRunner().invoke(app, ["train", "--help"]).output.split())
    for words in ("10,000 by the number of recordings, from 12 to 60", "default: 16", "default: 0.2", "0.001 from scr"):
        assert words in shown
    assert f"{finetuning.CLIPS_SHOWN:,}" == "10,000"
    assert (finetuning.EPOCHS_MIN, finetuning.EPOCHS_MAX) == (12, 60)
    rates = (finetuning.LEARNING_RATE, finetuning.LEARNING_RATE_TUNED, finetuning.LEARNING_RATE_FROZEN)
    assert rates == (0.001, 0.0005, 0.005)
