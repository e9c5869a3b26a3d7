"""A real PortAudio stream from a real PulseAudio, and what is said where one of them is missing."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pulse_server import PulseServer
from scipy.signal import fftconvolve

RATE = 44_100
EXIT_SECONDS = 4.0  # that closing and ending the interpreter may take

# Every test runs in a process of its own: PortAudio looks for devices once, when it is loaded.
RECORD = """
import sys, time
import numpy as np
from genre.microphone import Microphone, find
with Microphone(find("pulse")) as ear:
    print("open", flush=True)
    parts, until = [], time.monotonic() + float(sys.argv[1])
    while time.monotonic() < until:
        parts.append(ear.read().samples)
    np.save(sys.argv[2], np.concatenate(parts))
print(ear.overruns)
"""
WITHOUT_PORTAUDIO = """
import ctypes.util
ctypes.util.find_library = lambda name: None
"""


@pytest.fixture(scope="module")
def pulse() -> Iterator[PulseServer]:
    with tempfile.TemporaryDirectory(prefix="genre-") as folder, PulseServer(Path(folder)) as server:
        yield server


def python(
    code: str, *arguments: str, environment: dict[str, str], seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
    )


def said(call: str, environment: dict[str, str], before: str = "") -> str:
    """Return the message of the AudioError that a call raises."""
    code = f"{before}\nfrom genre import microphone\ntry: {call}\nexcept microphone.AudioError as e: print(e)"
    done = python(code, environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_devices_are_found_by_number_by_name_and_by_default(pulse: PulseServer) -> None:
    code = """
from genre.microphone import devices, find
here = devices()
(pulse,) = [device for device in here if device.name == "pulse"]
assert find("pulse") == find(str(pulse.index)) == find("PUL") == pulse
assert find(None).default and find(None) in here
print(pulse.channels > 0, pulse.rate, pulse.interface)
"""
    done = python(code, environment=pulse.environment)
    assert done.stdout.split() == ["True", str(RATE), "ALSA"], done.stderr


def test_an_unknown_device_is_answered_with_those_there_are(pulse: PulseServer) -> None:
    for wanted in ("999", "ocean"):
        words = said(f"microphone.find({wanted!r})", pulse.environment)
        assert f"no device is called '{wanted}'" in words
        assert "0 (pulse)" in words
    assert "more than one device" in said("microphone.find('u')", pulse.environment)  # pulse and default


def test_what_is_played_is_recorded_without_a_gap(pulse: PulseServer, tmp_path: Path, rng: np.random.Generator) -> None:
    played = (0.1 * rng.standard_normal((3 * RATE, 2))).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", played, RATE)
    recording = subprocess.Popen(
        [sys.executable, "-c", RECORD, "7", tmp_path / "heard.npy"],
        env=pulse.environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert recording.stdout is not None
    assert recording.stdout.readline() == "open\n"
    time.sleep(1.5)  # the stream begins to run
    pulse.play(tmp_path / "noise.wav").wait()
    assert recording.communicate(timeout=30) == ("0\n", None)
    heard = np.load(tmp_path / "heard.npy")
    assert heard.dtype == np.float32
    places = []
    for begin in (RATE // 2, RATE, 2 * RATE, round(2.7 * RATE)):
        part = played[begin : begin + RATE // 4, 0]
        match = fftconvolve(heard[:, 0], part[::-1], "valid")
        places.append(int(match.argmax()) - begin)
        assert match.max() / np.dot(part, part) == pytest.approx(1, abs=0.01)  # as loud as it was
    assert len(set(places)) == 1  # not a sample lost in between


def test_a_reader_that_is_late_loses_the_oldest_and_is_told_how_much(pulse: PulseServer) -> None:
    code = """
import time
from genre import microphone
microphone.QUEUE_SECONDS = 0.5
with microphone.Microphone(microphone.find("pulse")) as ear:
    ear.read()
    time.sleep(2)
    late = ear.read()
    print(late.lost, ear.overruns, ear.read().lost)
"""
    lost, overruns, after = map(float, python(code, environment=pulse.environment).stdout.split())
    assert 1.0 < lost < 2.1
    assert overruns == pytest.approx(lost / 0.05, abs=2)
    assert after < 0.1


def test_a_device_that_goes_is_told_and_does_not_hang() -> None:
    with tempfile.TemporaryDirectory(prefix="genre-") as folder, PulseServer(Path(folder)) as server:
        code = """
from genre import microphone
try:
    with microphone.Microphone(microphone.find("pulse")) as ear:
        ear.read()
        microphone.STALLED_SECONDS = 1.0
        print("open", flush=True)
        while True: ear.read()
except microphone.AudioError as error:
    print(error)
"""
        reading = subprocess.Popen(
            [sys.executable, "-c", code], env=server.environment, stdout=subprocess.PIPE, encoding="utf-8"
        )
        assert reading.stdout is not None
        assert reading.stdout.readline() == "open\n"
        server.kill()
        begun = time.monotonic()
        words, _ = reading.communicate(timeout=30)
        assert "pulse gives no sound any more" in words
        assert reading.returncode == 0
        assert time.monotonic() - begun < 1.0 + EXIT_SECONDS


def test_without_a_device_the_remedy_is_named(pulse: PulseServer) -> None:
    nowhere = {**pulse.environment, "PULSE_SERVER": "unix:/nonexistent"}
    words = said("microphone.find(None)", nowhere)
    assert "no device to listen with" in words
    assert "apt-get install libasound2-plugins" in words


def test_without_portaudio_the_remedy_is_named(pulse: PulseServer) -> None:
    words = said("microphone.devices()", pulse.environment, before=WITHOUT_PORTAUDIO)
    assert "apt-get install libportaudio2" in words


def test_portaudio_is_loaded_only_by_who_listens(pulse: PulseServer) -> None:
    code = "import sys\nfrom genre import cli, microphone\nprint('sounddevice' in sys.modules)"
    assert python(code, environment=pulse.environment).stdout == "False\n"
