"""What is installed, and how: light imports, rules of import, a wheel that answers alone, the files around it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import genre
from genre import store
from genre.cards import ModelCard
from genre.labels import ACOUSTICSENSE16
from genre.settings import DEFAULT_MODEL, Settings

ROOT = Path(__file__).parent.parent
EMBEDDED = ("vgg19_bn_cqt", "resnet50_mel", "densenet121_cqt", "resnet18_cqt_acousticsense16")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

HEAVY = ("torch", "torchvision", "librosa", "numba", "scipy", "numpy", "PIL", "av", "soundfile", "gradio", "httpx")
# Refuses every connection and every question to a name server, also those made from C through Python's sockets.
NO_NETWORK = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        raise PermissionError(f"{event} {arguments}")
sys.addaudithook(refuse)
"""


def embedded_card(name: str) -> ModelCard:
    return store.find(f"embedded:{name}", Settings())


def python(code: str, cwd: Path, **environment: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "work",
    [
        "import genre",
        "import genre.cli",
        "from genre.cli import main; sys.argv = ['genre', '--help']\ntry: main()\nexcept SystemExit: pass",
    ],
    ids=["import genre", "import genre.cli", "genre --help"],
)
def test_nothing_heavy_is_loaded_and_no_network_is_used(work: str):
    out = python(f"{NO_NETWORK}\n{work}\nprint([name for name in {HEAVY} if name in sys.modules])", ROOT)
    assert out.splitlines()[-1] == "[]"


def test_every_name_of_the_package_can_be_had():
    assert all(getattr(genre, name) for name in [*genre.__all__, *genre._ROOMS])


def test_imports_keep_the_rules():
    # In a process of its own: import-linter switches off the loggers of the one it runs in.
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert found.returncode == 0, found.stdout + found.stderr


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a wheel or an sdist with what pip would use for it."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", target], cwd=source, check=True)
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it is published: built from the sdist."""
    folder = tmp_path_factory.mktemp("build")
    with tarfile.open(build("sdist", ROOT, folder / "sdist")) as sdist:
        sdist.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    return build("wheel", source, folder / "wheel")


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content and nothing else, as site-packages would hold it."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", folder, wheel], check=True)
    return folder


def test_the_wheel_holds_the_product_and_nothing_else(wheel: Path):
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert {name.split("/")[0] for name in names} == {"genre", "beetsplug"}
    embedded = {name.removeprefix("genre/embedded/") for name in names if name.startswith("genre/embedded/")}
    files = ("config.json", "model.safetensors", "README.md")
    assert {f"{model}/{file}" for model in EMBEDDED for file in files} <= embedded
    assert {name.split("/")[0] for name in embedded} == {*EMBEDDED, "examples", "musicality.json"}
    folders = (ROOT / "genre", ROOT / "beetsplug")
    code = {path.relative_to(ROOT).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert set(names) == {c for c in code if "__pycache__" not in c} | {f"genre/embedded/{name}" for name in embedded}
    assert not [name for name in names if name.endswith("save.pt")]
    assert wheel.stat().st_size < 70e6


def test_the_embedded_weights_are_small():
    sizes = {card.name: card.weights.stat().st_size for card in map(embedded_card, EMBEDDED)}
    assert sum(sizes.values()) < 65e6
    assert max(size for name, size in sizes.items() if embedded_card(name).taxonomy is ACOUSTICSENSE16) < 12e6


def test_the_wheel_answers_alone_and_offline(installed: Path, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    code = f"""{NO_NETWORK}
import json, genre
from genre import store
from genre.cli import main
from genre.settings import DEFAULT_MODEL, Settings
from genre.web import examples
card = store.find(DEFAULT_MODEL, Settings.from_environment())
clips = [str(example.path) for example in examples.find_examples()]
print(json.dumps([genre.__file__, str(card.weights), card.sha256, clips]), flush=True)
sys.argv = ["genre", "classify", clips[0], "--json"]
main()
"""
    out = python(code, empty, PYTHONPATH=str(installed), GENRE_CACHE=str(tmp_path / "cache"))
    found, answer = out.split("\n", 1)
    package, weights, sha256, clips = json.loads(found)
    assert Path(package) == installed / "genre" / "__init__.py"
    assert Path(weights) == installed / "genre" / "embedded" / DEFAULT_MODEL / "model.safetensors"
    assert len(clips) >= 16
    assert {Path(clip).parent for clip in clips} == {installed / "genre" / "embedded" / "examples"}
    (row,) = json.loads(answer)
    assert (row["weights"]["origin"], row["weights"]["sha256"]) == ("embedded", sha256)
    assert len(row["top"]) == 5


def test_a_container_is_given_all_that_the_wheel_needs(wheel: Path, tmp_path: Path):
    context = tmp_path / "context"
    for name in re.findall("^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE):
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, context / name, ignore=shutil.ignore_patterns("__pycache__", "save.pt"))
        else:
            context.mkdir(exist_ok=True)
            shutil.copy(path, context / name)
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for name in re.findall(r"source=(\w+\.txt)", dockerfile):
        assert (context / name).is_file()
    built = zipfile.ZipFile(build("wheel", context, tmp_path / "wheel"))
    assert sorted(built.namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


def test_requirements_for_spaces_are_the_projects():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == PROJECT["dependencies"]


def test_every_requirement_has_a_tested_version():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.lower().replace("_", "-").split("==") for line in lines if not line.startswith("#"))
    for requirement in map(Requirement, chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())):
        if requirement.name == PROJECT["name"]:  # one extra that holds another
            continue
        assert requirement.specifier.contains(pins[requirement.name.lower().replace("_", "-")]), requirement
    assert not [name for name in pins if name.startswith("nvidia-")]  # they exist on some platforms only


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", folder / "start.sh", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_start_says_what_it_can_do():
    assert all(f"./start.sh {mode}" in start(ROOT, "--help").stdout for mode in ("test", "bench"))
    unknown = start(ROOT, "fly")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "serve, test or bench" in unknown.stderr


def test_start_names_the_remedy_where_python_is_missing(tmp_path: Path):
    shutil.copy(ROOT / "start.sh", tmp_path)
    for mode in ((), ("test",)):
        refused = start(tmp_path, *mode, PYTHON="/bin/false")
        assert refused.returncode == 1
        assert "Python 3.11" in refused.stderr
        assert "PYTHON=" in refused.stderr
    assert not (tmp_path / ".venv").exists()
