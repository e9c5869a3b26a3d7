"""`genre listen` as people run it, hearing what a real PulseAudio plays."""

import itertools
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from pulse_server import PulseServer

import genre
from genre import audio
from genre.labels import CCMUSIC16
from genre.web.examples import find_examples

LISTEN = [sys.executable, "-m", "genre", "listen"]
PAUSE_SECONDS = 2.3  # of silence heard before music plays: long enough for its window to begin with it
DEADLINE_SECONDS = 90


@pytest.fixture(scope="module")
def pulse() -> Iterator[PulseServer]:
    with tempfile.TemporaryDirectory(prefix="genre-") as folder, PulseServer(Path(folder)) as server:
        yield server


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example that the default model is surest of, as a WAV: what of its beginning is missed changes little."""
    surest = max((example.path for example in find_examples()), key=lambda path: genre.predict(path).ranked[0][1])
    sound = audio.load(surest)
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, sound.samples, sound.sample_rate, "PCM_16")
    return path


def listen(pulse: PulseServer, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LISTEN, *options],
        env={**pulse.environment, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
    )


def heard_by_json(pulse: PulseServer, song: Path, *options: str) -> list[dict[str, Any]]:
    """Return the lines of a call that hears silence and then the song."""
    listening = subprocess.Popen(
        [*LISTEN, "--json", *options], env=pulse.environment, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert listening.stdout is not None
    lines, playing = [], None
    for line in listening.stdout:
        lines.append(json.loads(line))
        if playing is None and lines[-1]["heard"] > PAUSE_SECONDS:
            playing = pulse.play(song)
    assert playing is not None
    playing.kill()
    playing.wait()
    assert listening.wait(DEADLINE_SECONDS) == 0
    return lines


def test_what_is_played_gets_the_answer_of_the_file(pulse: PulseServer, song: Path) -> None:
    *updates, row = heard_by_json(pulse, song, "--device", "pulse", "--seconds", "15", "--every", "1", "--top", "16")
    assert all(update["heard"] - before["heard"] >= 0.9 for before, update in itertools.pairwise(updates))
    assert "silent" in updates[1]["warnings"]
    assert updates[1]["top"] == []
    first = next(update for update in updates if update["top"])
    assert first["early"]
    assert first["window"]["end"] - first["window"]["start"] >= 3
    assert updates[-1]["heard"] <= 15

    window = row["windows"][0]
    assert window["end"] == pytest.approx(15, abs=0.05)  # it stopped by itself
    # The window began when the song did, or as much later as the player took to begin.
    file = genre.predict(song, clip_seconds=window["end"] - window["start"])
    assert row["top"][0]["id"] == file.ranked[0][0] == updates[-1]["top"][0]["id"]
    assert row["windows"][0]["probabilities"] == pytest.approx(file.windows[0].probabilities, abs=0.15)
    assert (row["source"], row["model"], row["weights"]["origin"]) == ("pulse", file.card.name, "embedded")


def test_a_terminal_shows_bars_that_move_and_ctrl_c_ends_it_with_the_answer(pulse: PulseServer, song: Path) -> None:
    screen, theirs = pty.openpty()
    environment = {**pulse.environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    listening = subprocess.Popen([*LISTEN, "--device", "pulse", "--lang", "zh"], env=environment, stdout=theirs)
    os.close(theirs)
    shown, deadline = "", time.monotonic() + DEADLINE_SECONDS
    names = [each.zh for each in CCMUSIC16.genres]
    playing, interrupted = None, False
    while time.monotonic() < deadline:
        if select.select([screen], [], [], 0.2)[0]:
            try:
                shown += os.read(screen, 65_536).decode("utf-8", "replace")
            except OSError:  # the other end is closed
                break
        if playing is None and "正在聆听" in shown:
            playing = pulse.play(song)
        if not interrupted and "初步" in shown and any(name in shown for name in names):
            listening.send_signal(signal.SIGINT)
            interrupted = True
    os.close(screen)
    assert playing is not None
    assert interrupted, shown[-2_000:]
    assert listening.wait(10) == 0
    playing.kill()
    playing.wait()
    assert "由 vgg19_bn_cqt 得出" in shown
    assert "正在聆听 pulse" in shown
    assert "█" in shown
    assert re.search(r"-\d\d dB", shown)
    answer = shown[shown.rindex("pulse，分析了") :]
    assert any(name in answer for name in names)
    assert "已重复补足" in answer  # less than a window was heard


def test_a_pipe_gets_lines_and_silence_is_an_error(pulse: PulseServer) -> None:
    done = listen(pulse, "--seconds", "2", "--device", "pulse")
    assert done.returncode == 1
    assert "Listening to pulse" in done.stdout
    assert re.search(r"^0:01  -120 dB  .*silence$", done.stdout, re.MULTILINE)
    assert "\x1b" not in done.stdout
    assert "error: pulse: there is nothing to hear, only silence" in done.stderr


def test_devices_are_listed_and_unknown_ones_refused(pulse: PulseServer) -> None:
    listed = listen(pulse, "--list-devices", "--lang", "en")
    assert re.search(r"^\d +pulse +ALSA +\d+ channels, 44100 Hz", listed.stdout, re.MULTILINE)
    assert re.search(r"^\d +default .* default *$", listed.stdout, re.MULTILINE)
    refused = listen(pulse, "--device", "7")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no device is called '7'. Choose one of: 0 (pulse)" in refused.stderr


def test_without_a_device_or_a_model_the_remedy_is_named(pulse: PulseServer) -> None:
    for options in ((), ("--list-devices",)):
        alone = listen(pulse, *options, PULSE_SERVER="unix:/nonexistent")
        assert (alone.returncode, alone.stdout) == (1, "")
        assert "no device to listen with" in alone.stderr
    absent = listen(pulse, "--model", "nothing_like_it")
    assert absent.returncode == 1
    assert "There is no model 'nothing_like_it' here" in absent.stderr
