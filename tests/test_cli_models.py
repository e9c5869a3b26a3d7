"""`genre models inspect` and `genre models import`, and what is dropped in while a server runs."""

import json
import pickle
import re
import shutil
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import pytest
import torch
from networks import network
from typer.testing import CliRunner, Result

from genre import backbones, cards, checkpoints, store
from genre.classifier import classifier
from genre.cli import app
from genre.cli_texts import CLI
from genre.settings import Settings
from genre.web.handlers import Desk

pytestmark = pytest.mark.usefixtures("own_settings")

SMALL = "squeezenet1_1"
NO_DIGITS = str.maketrans("0123456789", "ghijklmnop")
State = dict[str, torch.Tensor]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def state() -> State:
    return dict(network(SMALL, "compact").state_dict())


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that GENRE_MODELS names."""
    monkeypatch.setenv("GENRE_MODELS", str(tmp_path / "mine"))
    return tmp_path / "mine"


def foreign(state: State) -> State:
    """The state under names that only have an order."""
    return {f"t{index}": tensor for index, tensor in enumerate(state.values())}


@pytest.fixture
def best(state: State, tmp_path: Path) -> Path:
    path = tmp_path / "best.ckpt"
    torch.save({"epoch": 7, "state_dict": foreign(state), "optimizer": {"lr": 0.1}}, path)
    return path


# inspect


def test_inspect_shows_where_every_tensor_goes(best: Path, state: State):
    result = run("inspect", best)
    assert (result.exit_code, result.stderr) == (0, "")
    head, _, *lines = result.stdout.splitlines()
    assert head == (
        f"{best} [state_dict]: squeezenet1_1, compact head, 16 classes; tensors found: 10 by shape, 42 by order"
    )
    assert [line.split()[0] for line in lines] == list(state)
    assert re.fullmatch(r"features\.0\.weight +64 × 3 × 3 × 3 +float32 +t0 +by shape *", lines[0])
    assert re.search(r"^features\.3\.expand1x1\.bias .* t5 +by order", result.stdout, re.MULTILINE)


def test_inspect_as_json_has_every_tensor(best: Path, state: State):
    result = run("inspect", best, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    tensors = told.pop("tensors")
    assert told == {
        "file": str(best),
        "state_dict": "state_dict",
        "backbone": SMALL,
        "head": "compact",
        "classes": 16,
        "fits": True,
        "error": None,
        "found": {"shape": 10, "order": 42},
    }
    assert {row["key"]: row["source"] for row in tensors} == {key: f"t{index}" for index, key in enumerate(state)}
    assert tensors[0] == {
        "key": "features.0.weight",
        "source": "t0",
        "shape": [64, 3, 3, 3],
        "dtype": "float32",
        "how": "shape",
        "problem": None,
        "detail": "",
    }


def test_inspect_of_a_refused_file_shows_the_rows_that_failed(state: State, tmp_path: Path):
    path = tmp_path / "other.pt"
    torch.save({**state, "features.0.weight": torch.zeros(64, 1, 3, 3), "extra": torch.zeros(2)}, path)
    result = run("inspect", path)
    assert result.exit_code == 1
    head, _, *lines = result.stdout.splitlines()
    assert "nearest is squeezenet1_1, compact head, 16 classes" in head
    assert len(lines) == 2
    assert re.match(r"features\.0\.weight .*another shape \(is \[64, 1, 3, 3\], not \[64, 3, 3, 3\]\)", lines[0])
    assert re.match(r"– .* extra +nothing wants it", lines[1])
    assert "1 tensors of another shape" in result.stderr
    told = json.loads(run("inspect", path, "--json").stdout)
    assert not told["fits"]
    assert told["error"] in result.stderr
    assert [row["problem"] for row in told["tensors"] if row["problem"]] == ["shape", "unexpected"]


def test_inspect_of_what_cannot_be_told_apart_is_refused_with_the_candidates(state: State, tmp_path: Path):
    path = tmp_path / "model.safetensors"
    checkpoints.save({sha1(key.encode()).hexdigest()[:12].translate(NO_DIGITS): state[key] for key in state}, path)
    result = run("inspect", path)
    assert result.exit_code == 1
    assert "42 tensors alike" in result.stderr
    assert re.search(r"features\.3\.expand1x1\.weight .* cannot be told apart \(any of 2: \w+, \w+\)", result.stdout)
    assert "2 more; --json shows all" in result.stdout


def test_inspect_takes_a_model_by_its_name_or_folder(tmp_path: Path, mine: Path, state: State):
    by_name = run("inspect", "vgg19_bn_cqt")
    assert by_name.exit_code == 0
    assert "vgg19_bn, compact head, 16 classes; tensors found: 114 by name" in by_name.stdout
    folder = mine / f"{SMALL}_mel"
    folder.mkdir(parents=True)
    torch.save(state, folder / "save.pt")
    refused = run("inspect", folder)  # without a config.json it is taken for one with the published head
    assert refused.exit_code == 1
    assert "It has the compact head" in refused.stderr
    assert run("inspect", folder, "--head", "compact").exit_code == 0
    assert run("inspect", f"{SMALL}_mel", "--head", "compact").exit_code == 0
    folder.rename(tmp_path / "whatever")  # a name that says nothing: its network is told from the file
    assert run("inspect", tmp_path / "whatever").exit_code == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "There is no checkpoint file"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.write_text("hello"), "not a PyTorch checkpoint"),
        (lambda path: path.mkdir(), "should hold one file of weights"),
        (lambda path: path.write_bytes(pickle.dumps(Exploding())), "not a PyTorch checkpoint|Python objects"),
        (lambda path: torch.save({"model": Exploding()}, path), "Python objects"),
        (lambda path: torch.save({"epoch": 1}, path), "'epoch' is a value of type int"),
    ],
    ids=["missing", "empty", "text", "folder", "pickle", "zip", "no state"],
)
def test_what_is_no_file_of_weights_is_refused(make: Callable[[Path], object], words: str, tmp_path: Path, mine: Path):
    path = tmp_path / "bad.pt"
    make(path)
    for command in (["inspect", path], ["import", path, "--name", "bad_mel"]):
        result = run(*command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert re.search(words, result.stderr)
        assert str(path) in result.stderr
    assert not Exploding.exploded
    assert not mine.exists()


class Exploding:
    """Raises, and is seen, if it is unpickled."""

    exploded = False

    def __reduce__(self) -> tuple[Callable[[], object], tuple[()]]:
        return explode, ()


def explode() -> None:
    Exploding.exploded = True


def test_names_are_printed_and_not_obeyed(state: State, tmp_path: Path):
    path = tmp_path / "\x1b[2J\u202e.pt"
    torch.save({f"\x1b]0;title\x07{key}": tensor for key, tensor in state.items()}, path)
    shown = run("inspect", path)
    assert shown.exit_code == 0
    torch.save({**state, "\x1b[31mextra": torch.zeros(1)}, path)
    refused = run("inspect", path)
    assert refused.exit_code == 1
    imported = run("import", path, "--out", tmp_path / "new_mel")
    assert imported.exit_code == 1
    for result in (shown, refused, imported):
        assert not re.search("[\x1b\x07\u202e]", result.stdout + result.stderr)
    assert r"\x1b]0;title\x07features.0.weight" in shown.stdout


# import


def test_an_imported_model_answers_and_states_where_it_comes_from(
    best: Path, mine: Path, state: State, tmp_path: Path, write: Callable[..., Path], tone: Callable[..., object]
):
    result = run("import", best, "--name", "waltzes_mel", "--trained-on", "400 waltzes", "--licence", "MIT")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "10 by shape, 42 by order" in result.stdout
    assert "mel in magma, 224 px" in result.stdout
    assert "genre classify FILE --model waltzes_mel" in result.stdout

    digest = checkpoints.sha256(best)
    config = json.loads((mine / "waltzes_mel" / "config.json").read_text(encoding="utf-8"))
    assert config["weights"] == {
        "file": "model.safetensors",
        "sha256": checkpoints.sha256(mine / "waltzes_mel" / "model.safetensors"),
        "accuracy": None,
        "licence": "MIT",
        "imported": {"file": "best.ckpt", "sha256": digest, "tensors": {"shape": 10, "order": 42}},
        "trained_on": f"400 waltzes; imported from best.ckpt, SHA-256 {digest[:12]}…",
        "trained_on_zh": f"400 waltzes；导入自 best.ckpt，SHA-256 {digest[:12]}……",
        "measured_on": "not measured by this project",
        "measured_on_zh": "本项目未测量",
    }
    stored = checkpoints.read(mine / "waltzes_mel" / "model.safetensors")
    assert all(torch.equal(stored[key], tensor) for key, tensor in state.items())
    listed = run().stdout
    assert f"trained on 400 waltzes; imported from best.ckpt, SHA-256 {digest[:12]}…" in listed
    assert "accuracy not measured here" in listed.split("waltzes_mel")[1]

    song = write(tmp_path / "song.wav", tone(seconds=3))
    answered = CliRunner().invoke(app, ["classify", str(song), "--json", "--model", "waltzes_mel"])
    (row,) = json.loads(answered.stdout)
    assert (row["model"], row["weights"]["accuracy"]) == ("waltzes_mel", None)


def test_everything_may_be_stated(state: State, tmp_path: Path):
    path, labels, out = tmp_path / "best.pt", tmp_path / "dances.json", tmp_path / "new"
    torch.save(network(SMALL, "published", 3).state_dict(), path)
    labels.write_text('["waltz", "march", "polka"]', encoding="utf-8")
    spectrogram = ["--transform", "chroma", "--rendering", "gray", "--image-size", "96", "--temperature", "1.5"]
    spectrogram += ["--imagenet"]
    result = run("import", path, "--out", out, "--taxonomy", labels, *spectrogram, "--lang", "zh")
    assert result.exit_code == 0, result.stderr
    assert "published 分类头，3 类" in result.stdout
    card = cards.read(out, tmp_path / "digests.json")
    assert (card.taxonomy.id, card.taxonomy.ids) == ("dances", ("waltz", "march", "polka"))
    spec = card.spectrogram
    assert (spec.transform, spec.rendering, spec.image_size) == ("chroma", "gray", 96)
    assert (spec.mean, spec.std) == (backbones.IMAGENET_MEAN, backbones.IMAGENET_STD)
    assert card.temperature == 1.5
    assert (card.trained_on.split(";")[0], card.words_zh["trained_on"].split("；")[0]) == ("not stated", "未注明")
    assert store.load(card)(torch.zeros(1, 3, 96, 96)).shape == (1, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--name", "new"], "--transform"),
        (["--name", "new_stft"], "--transform"),
        (["--name", "new_mel", "--transform", "stft"], "--transform"),
        (["--name", "new_mel", "--rendering", "pink"], "magma, gray"),
        (["--name", "new_mel", "--taxonomy", "birds"], "ccmusic16, acousticsense16"),
        (["--name", "new_mel", "--taxonomy", "absent.json"], "absent.json cannot be read"),
        (["--name", "new_mel", "--backbone", "resnet99"], "squeezenet1_1"),
        (["--name", "new_mel", "--backbone", "resnet18"], "does not fit this model (resnet18"),
        (["--name", "new_mel", "--head", "published"], "It has the compact head"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_known_or_does_not_fit_is_refused(options: list[str], words: str, best: Path, mine: Path):
    result = run("import", best, *options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert not mine.exists()


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "hub:x", "-x", "", "x" * 101, "a\nb"])
def test_a_name_that_is_no_plain_folder_is_refused(name: str, best: Path, mine: Path):
    result = run("import", best, f"--name={name}", "--transform", "mel")
    assert (result.exit_code, result.stdout) == (2, "")
    assert not mine.exists()
    assert run("import", best).exit_code == 2
    assert run("import", best, "--name", "a", "--out", "b").exit_code == 2


def test_another_number_of_classes_is_said(tmp_path: Path, mine: Path):
    path = tmp_path / "best.pt"
    torch.save(network(SMALL, "compact", 10).state_dict(), path)
    result = run("import", path, "--name", "new_mel")
    assert result.exit_code == 1
    assert "tells 10 classes apart, ccmusic16 has another number" in result.stderr


def test_nothing_is_overwritten_and_a_shadow_is_told(best: Path, mine: Path):
    first = run("import", best, "--name", "vgg19_bn_cqt")
    assert first.exit_code == 0
    assert "--model embedded:vgg19_bn_cqt" in first.stdout
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    again = run("import", best, "--name", "vgg19_bn_cqt")
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


def test_without_a_folder_of_ones_own_a_model_goes_into_the_checkout_or_the_cache(monkeypatch: pytest.MonkeyPatch):
    settings = Settings.from_environment()
    assert store.home(settings) == Path(store.__file__).parent.parent / "models"
    monkeypatch.setattr(store, "_is_checkout", lambda folder: False)
    assert store.home(settings) == settings.cache / "models"


# while a server runs


def test_what_is_dropped_in_answers_without_a_restart(
    mine: Path, state: State, tmp_path: Path, write: Callable[..., Path], tone: Callable[..., object]
):
    settings = Settings.from_environment()
    desk = Desk(settings)
    song = str(write(tmp_path / "song.wav", tone(seconds=3)))
    name = "mobilenet_v3_small_chroma"
    assert name not in dict(map(reversed, desk.shelf.choices("en")))

    folder = mine / name  # without a config.json: its name says what it is
    folder.mkdir(parents=True)
    plain = network("mobilenet_v3_small", "published")
    torch.save(
        {"state_dict": {f"module.{key}": tensor for key, tensor in plain.state_dict().items()}}, folder / "save.pt"
    )
    assert name in dict(map(reversed, desk.shelf.choices("en")))
    first = desk.row(song, name, 30, 0, 16)
    assert first["weights"]["trained_on"].startswith("not stated")

    other = network("mobilenet_v3_small", "published", seed=1)  # another file in its place is another model
    torch.save(other.state_dict(), tmp_path / "new.pt")
    (tmp_path / "new.pt").replace(folder / "save.pt")
    second = desk.row(song, name, 30, 0, 16)
    assert second["weights"]["sha256"] != first["weights"]["sha256"]
    assert second["top"] != first["top"]

    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")  # read as soon as it is there
    row = desk.row(song, name, 30, 0, 16)
    assert row["taxonomy"] == "acousticsense16"
    assert row["weights"]["trained_on"] == "waltzes"
    assert [window["probabilities"] for window in row["windows"]] != [w["probabilities"] for w in second["windows"]]

    shutil.rmtree(folder)
    assert name not in desk.shelf.cards()
    assert classifier("vgg19_bn_cqt", settings).card.origin == "embedded"


CONFIG = {
    "format": 1,
    "name": "mobilenet_v3_small_chroma",
    "backbone": "mobilenet_v3_small",
    "head": "published",
    "taxonomy": "acousticsense16",
    "spectrogram": {"transform": "mel", "rendering": "gray", "image_size": 96},
    "weights": {"file": "save.pt", "trained_on": "waltzes"},
}


def test_texts_exist_for_every_way_and_problem():
    from genre.alignment import HOWS, PROBLEMS

    assert {f"how_{how}" for how in (*HOWS, None)} | {f"problem_{problem}" for problem in PROBLEMS} <= set(CLI)
