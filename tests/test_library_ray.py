"""Rows of a cluster are those of one machine, and what a machine loses is not lost."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray_jobs
from published import music
from small_model import write_model
from typer.testing import CliRunner

from genre import library, library_ray
from genre.classifier import Classifier, classifier
from genre.cli import app
from genre.errors import ModelError, SettingsError
from genre.library_features import Recipe, prepare
from genre.settings import SAMPLE_RATE, Settings

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("own_settings")]

CLIPS = 24
STORE_BYTES = 80 << 20  # about the least that Ray takes
REPOSITORY = Path(__file__).parent.parent
Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    # Mel, so that processes start sooner.
    folder = write_model(tmp_path_factory.mktemp("models") / "squeezenet1_1_mel", transform="mel")
    return classifier(folder, Settings(precision="float32"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path]) -> list[str]:
    """Recordings of one to three windows."""
    folder = tmp_path_factory.mktemp("music")
    song = music(40)
    lengths = [2, 13, 25]
    return [
        str(write(folder / f"{number:02}.wav", song[number * 9_000 :][: lengths[number % 3] * SAMPLE_RATE]))
        for number in range(CLIPS)
    ]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two machines with a processor each, as real as one machine allows: each has its own raylet and store."""
    before = {process.pid for process in psutil.process_iter()}
    patch = pytest.MonkeyPatch()
    for name, value in {**library_ray.QUIET, "PYTHONPATH": str(Path(__file__).parent)}.items():
        patch.setenv(name, value)
    import ray
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    made = Cluster(initialize_head=True, head_node_args={**options, "include_dashboard": False})
    made.second = made.add_node(**options)
    yield made
    ray.shutdown()
    made.shutdown()
    patch.undo()
    left = [process for process in psutil.process_iter() if process.pid not in before and is_rays(process)]
    assert still_there(left) == []


def still_there(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Wait for processes to end, and return those that have not; what nobody has buried yet has ended."""
    deadline = time.monotonic() + 60
    while (left := [one for one in processes if is_alive(one)]) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_rays(process: psutil.Process) -> bool:
    try:
        return bool(re.search(r"ray::|raylet|gcs_server", " ".join(process.cmdline())))
    except psutil.Error:
        return False


@pytest.fixture
def ask(cluster: Any, judge: Classifier) -> Callable[..., Iterator[Any]]:
    """Ask the cluster for rows."""

    def ask(sources: list[str], **options: Any) -> Iterator[Any]:
        return library_ray.hear(
            judge.card, sources, plan(judge, **options), address=cluster.address, settings=Settings(precision="float32")
        )

    return ask


def plan(judge: Classifier, **options: Any) -> library_ray.Plan:
    return library_ray.Plan(Recipe(judge.card.spectrogram), **{"batch_size": 4, "top": 16, **options})


def by_source(rows: Iterator[Any]) -> Rows:
    """Return what rows say, without the time it took; every recording has one."""
    found: Rows = {}
    for row in rows:
        assert row["source"] not in found
        found[row["source"]] = {name: value for name, value in row.items() if name != "seconds"}
    return found


def test_rows_are_those_of_one_machine_to_the_last_digit(
    ask: Callable[..., Iterator[Any]], judge: Classifier, clips: list[str], tmp_path: Path
) -> None:
    (tmp_path / "text.mp3").write_text("not music")
    (tmp_path / "crash.wav").write_bytes(Path(clips[0]).read_bytes())
    (tmp_path / "hang.wav").touch()
    odd = os.fsdecode(b"odd\xff.wav")
    bad = [str(tmp_path / name) for name in ("text.mp3", "crash.wav", "hang.wav")] + [str(tmp_path / "none.wav"), odd]
    sources = [*bad[:3], *(Path(clip).as_uri() for clip in clips[:3]), *clips, *bad[3:]]
    heard = by_source(ask(sources, file_seconds=3, prepare=ray_jobs.hard))
    assert sorted(heard) == sorted(sources)
    assert "crash.wav: it took its process down (SIGSEGV)" in heard[bad[1]]["error"]
    assert heard[bad[2]]["error"].endswith("it took longer than 3 s. Allow more, or leave it out.")
    recipe = Recipe(judge.card.spectrogram)
    rest = [prepare(source, recipe) for source in sources if source not in bad[1:3]]
    for source, row in by_source(library.answered(judge, rest, batch_size=4, top=16)).items():
        assert heard[source] == row
    assert sum("error" in row for row in heard.values()) == len(bad)
    assert heard[Path(clips[1]).as_uri()]["windows"] == heard[clips[1]]["windows"]


def test_a_run_that_is_stopped_or_killed_goes_on_and_leaves_no_process(
    cluster: Any, judge: Classifier, clips: list[str], tmp_path: Path
) -> None:
    names = [tmp_path / f"{number:03}.wav" for number in range(100)]
    for name in names:
        name.hardlink_to(clips[0])
    out = tmp_path / "rows.jsonl"
    options = ["--out", str(out), "--model", str(judge.card.folder), "--batch-size", "1", "--engine", "ray"]

    process = start([str(tmp_path), *options])  # with a cluster of its own
    await_rows(out, 0, process)
    family = psutil.Process(process.pid).children(recursive=True)
    masters = [one for one in family if one.name() in ("gcs_server", "raylet")]
    assert [one.environ()["RAY_AUTH_MODE"] for one in masters] == ["token"] * 2  # nobody else can use it
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    told, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (130, "")
    stopped = out.read_bytes()
    count = stopped.count(b"\n")
    assert told.startswith(f"Stopped after {count} of 100 recordings.")
    assert still_there(family) == []

    options += ["--address", cluster.address]
    process = start([str(tmp_path), *options])
    await_rows(out, count, process)
    process.kill()
    process.communicate()
    killed = out.read_bytes()
    killed = killed[: killed.rindex(b"\n") + 1]
    assert killed.startswith(stopped)

    result = CliRunner().invoke(app, ["batch", str(tmp_path), *options, "--lang", "en"])
    assert result.exit_code == 0, result.output
    heard = 100 - killed.count(b"\n")
    assert f"heard now: {heard} " in result.stdout
    assert out.read_bytes().startswith(killed)
    found = [json.loads(line)["source"] for line in out.read_text().splitlines()]
    assert sorted(found) == sorted(map(str, names))
    assert out.with_suffix(".html").exists()


def start(arguments: list[str]) -> "subprocess.Popen[str]":
    """Start the command in a process of its own, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, "-m", "genre", "batch", *arguments, "--lang", "en"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def await_rows(path: Path, count: int, process: "subprocess.Popen[str]") -> None:
    """Wait until the file has more than so many rows."""
    deadline = time.monotonic() + 120
    while not path.exists() or path.read_bytes().count(b"\n") <= count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_cluster_that_is_not_there_is_told(judge: Classifier, clips: list[str]) -> None:
    rows = library_ray.hear(judge.card, clips, plan(judge), address="not-an-address")
    with pytest.raises(SettingsError, match="The cluster at not-an-address cannot be reached"):
        next(rows)


def test_weights_that_cannot_be_read_are_told_at_once(judge: Classifier, clips: list[str], tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(judge.card.weights.read_bytes()[:1_000])
    with pytest.raises(ModelError):
        next(library_ray.hear(replace(judge.card, weights=weights), clips, plan(judge), address="not-an-address"))


def test_what_is_missing_is_named_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray.data", None)
    result = CliRunner().invoke(app, ["batch", str(tmp_path), "--out", str(tmp_path / "r.jsonl"), "--engine", "ray"])
    assert result.exit_code == 2
    assert "pip install '.[ray]'" in re.sub(r"[\s│]+", " ", result.stderr)


def test_nothing_to_hear_starts_nothing(judge: Classifier) -> None:
    assert list(library_ray.hear(judge.card, [], plan(judge), address="not-an-address")) == []


def test_a_killed_worker_and_a_machine_that_leaves_cost_no_row(
    ask: Callable[..., Iterator[Any]], cluster: Any, clips: list[str]
) -> None:
    rows = ask(clips, prepare=ray_jobs.slow, batch_size=2)
    killed: list[int] = []

    def disturb() -> None:
        kill_a("ray::MapBatches(_prepare)", killed)
        time.sleep(3)
        kill_a("ray::MapWorker(MapBatches(_Network))", killed)
        time.sleep(3)
        cluster.remove_node(cluster.second, allow_graceful=False)
        killed.append(0)

    thread = threading.Thread(target=disturb)
    thread.start()
    found = by_source(rows)
    thread.join()
    assert len(killed) == 3
    assert sorted(found) == sorted(clips)
    assert all("error" not in row for row in found.values())


def kill_a(title: str, killed: list[int]) -> None:
    """Wait for a process of Ray's that bears this title, and kill it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in psutil.process_iter(["cmdline"]):
            if process.info["cmdline"] and process.info["cmdline"][0].startswith(title):
                process.send_signal(signal.SIGKILL)
                killed.append(process.pid)
                return
        time.sleep(0.1)
