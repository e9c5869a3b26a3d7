"""What the READMEs say is true: their examples run, their tables are the code's, both languages agree."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from page_server import free_port
from typer.testing import CliRunner

import genre
from corpus import overview
from genre.cli import app
from genre.labels import CCMUSIC16, Language
from genre.settings import Settings

ROOT = Path(__file__).parent.parent
README, CHINESE = (ROOT / name for name in ("README.md", "README.zh.md"))
# They need a hub, a device or a cluster, run for ever, or follow a download.
ELSEWHERE = ("download", "serve", "hub:", "listen", "--address")


def blocks(path: Path, language: str) -> list[str]:
    """Return the code blocks of that language, without comments."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(r" +# .*$", "", block, flags=re.MULTILINE) for block in found]


PYTHON = [block for block in blocks(README, "python") if "gradio_client" not in block]
CLIENT = [block for block in blocks(README, "python") if "gradio_client" in block]
REST = [block for block in blocks(README, "sh") if "curl" in block and "/v1" in block]
CURL = [block for block in blocks(README, "sh") if "curl" in block and "/v1" not in block]
COMMANDS = [
    line
    for block in blocks(README, "sh")
    for line in block.splitlines()
    if line.startswith("genre ") and not any(word in line for word in ELSEWHERE)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path]) -> Path:
    """A folder with the recordings that the examples name."""
    path = tmp_path_factory.mktemp("readme")
    generator = np.random.default_rng(7)
    time_ = np.arange(85 * 22_050) / 22_050
    chord = sum(np.sin(2 * np.pi * 110 * ratio * time_) for ratio in (1, 1.25, 1.5, 2))
    music = (0.1 * chord * (1 + (time_ % 0.5 < 0.1)) + generator.normal(0, 0.01, time_.size)).astype(np.float32)
    write(path / "song.mp3", music, kind="mp3")
    write(path / "other.flac", music[: 15 * 22_050], kind="flac")
    for number, place in enumerate(("my_music", "other_music", "music")):
        for genre_id, pitch in (("solo", 1.0), ("symphony", 0.25)):
            (path / place / genre_id).mkdir(parents=True)
            for seed in range(3):
                tone = np.sin(2 * np.pi * (400 + 30 * seed + 7 * number) * pitch * time_[: 4 * 22_050])
                write(path / place / genre_id / f"{seed}.wav", (0.3 * tone).astype(np.float32))
    rows = [f"music/{genre_id}/{seed}.wav,{genre_id},test" for genre_id in ("solo", "symphony") for seed in range(3)]
    (path / "words.yaml").write_text("soft_rock: Rock\nsolo: Classical\n")
    (path / "music.csv").write_text("\n".join(["path,label,split", *rows]))
    (path / "coarse.json").write_text('{"classical": ["symphony", "opera", "solo", "chamber"]}')
    return path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def test_both_languages_show_the_same_code():
    for language in ("python", "sh"):
        assert blocks(README, language) == blocks(CHINESE, language)
    assert (len(PYTHON), len(CLIENT), len(CURL), len(REST)) == (2, 1, 1, 1)
    assert len(COMMANDS) >= 7


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_examples_run(code: str, here: Path, capsys: pytest.CaptureFixture[str]):
    exec(compile(code, README.name, "exec"), {})
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_run(line: str, here: Path):
    command, _, redirected = line.partition(" > ")
    if " train " in command:
        command += " --epochs 2 --image-size 64"  # the defaults would take a minute
    elif "models/mine" in command and not (here / "models" / "mine").is_dir():
        pytest.skip("follows the line that trains the model")
    result = CliRunner().invoke(app, shlex.split(command)[1:], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.stderr == "" or " train " in command
    assert result.stdout.strip()
    if "--json" in command:
        assert [row["source"] for row in json.loads(result.stdout)] == ["song.mp3"]
    if redirected:
        assert result.stdout.startswith("source,rank,")
    if "--spectrogram" in command:
        assert (here / "song.png").is_file()


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """The port of a server that was started as the README says."""
    number = free_port()
    log = folder / "server.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "genre", "serve", "--port", str(number)],
            stdout=file,
            stderr=file,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{number}/", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.5)
        else:
            pytest.fail(log.read_text())
        yield number
    finally:
        server.terminate()
        server.wait(timeout=120)


def test_the_http_client_example_runs(here: Path, port: int, capsys: pytest.CaptureFixture[str]):
    code = CLIENT[0].replace("7860", str(port)) + "\nprint(len(row['top']), row['source'])"
    exec(compile(code, README.name, "exec"), {})
    expected = genre.predict("song.mp3", clip_seconds=20)
    best = CCMUSIC16[expected.ranked[0][0]]
    last = capsys.readouterr().out.splitlines()[-2:]
    assert last[0].startswith(f"{best.en} {expected.ranked[0][1]:.3f}"[:-1])
    assert last[1] == "3 song.mp3"


def test_the_curl_example_runs(here: Path, port: int):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", CURL[0].replace("7860", str(port))],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "event: complete" in done.stdout
    (row,) = json.loads(done.stdout.split("data: ")[-1])
    expected = genre.predict("song.mp3")
    assert [best["id"] for best in row["top"]] == [genre_id for genre_id, _ in expected.ranked[:3]]
    assert row["model"] == expected.card.name


def test_the_lines_for_programs_run(here: Path, port: int):
    for _ in range(240):  # until the network is warm
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=5).close()
            break
        time.sleep(0.5)
    script = REST[0].replace("7860", str(port)).replace("curl -sS", "echo; curl -sS")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    row, models, health, *metrics = filter(None, done.stdout.splitlines())
    expected = genre.predict("song.mp3", clip_seconds=20)
    assert [best["id"] for best in json.loads(row)["top"]] == [genre_id for genre_id, _ in expected.ranked[:3]]
    assert expected.card.name in [model["model"] for model in json.loads(models)["models"]]
    assert json.loads(health)["status"] == "ready"
    assert 'genre_http_requests_total{route="/v1/classify",status="200"} 1.0' in metrics


@pytest.mark.parametrize("readme", [README, CHINESE], ids=lambda path: path.name)
def test_the_table_of_settings_is_complete(readme: Path):
    rows = re.findall(r"^\| `(GENRE_\w+)` \| (?:`(.*?)`)? *\|", readme.read_text(encoding="utf-8"), re.MULTILINE)
    defaults = {f"GENRE_{field.name.upper()}": getattr(Settings(), field.name) for field in fields(Settings)}
    defaults["GENRE_MODELS"] = ""
    assert dict(rows) == {name: str(value).replace(str(Path.home()), "~") for name, value in defaults.items()}


@pytest.mark.parametrize(("readme", "language"), [(README, "en"), (CHINESE, "zh")])
def test_the_table_of_embedded_models_holds_what_their_configs_state(readme: Path, language: Language):
    assert overview.table(language) in readme.read_text(encoding="utf-8")


def test_the_front_matter_is_what_a_space_needs():
    head = README.read_text(encoding="utf-8").split("---\n")[1]
    values = dict(line.split(": ", 1) for line in head.splitlines())
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    python = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert f"gradio=={values['sdk_version']}" in pins
    assert python == f">={values['python_version'].strip(chr(34))}"
    assert values["sdk"] == "gradio"
    assert (ROOT / values["app_file"]).is_file()
    assert len(values["short_description"]) <= 60  # the Hub refuses more


@pytest.mark.parametrize("readme", [README, CHINESE], ids=lambda path: path.name)
def test_what_the_readmes_point_at_exists(readme: Path):
    text = readme.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert "FIGURES" not in text  # a place that still waits for its figures
