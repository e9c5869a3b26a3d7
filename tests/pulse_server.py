"""A PulseAudio of its own with one output that nobody hears; what is played there is what its microphone hears."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 30


@dataclass
class PulseServer:
    """Use as a context manager, with a folder whose path is short (a socket's may have 107 characters)."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to find it: PortAudio's devices `pulse` and `default` are its microphone."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        return {
            **inherited,
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "PULSE_SERVER": f"unix:{self.folder / 'native'}",
            "PULSE_SOURCE": "nobody.monitor",
        }

    def __enter__(self) -> Self:
        modules = (
            f"module-native-protocol-unix auth-anonymous=1 socket={self.folder / 'native'}",
            "module-null-sink sink_name=nobody rate=44100",
        )
        options = ("-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--use-pid-file=no")
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                ["pulseaudio", *options, *(f"--load={module}" for module in modules)],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(["pactl", "info"], env=self.environment, capture_output=True).returncode:
            running = self.process.poll() is None and time.monotonic() < deadline
            assert running, (self.folder / "log").read_text()
            time.sleep(0.1)
        return self

    def play(self, path: Path) -> "subprocess.Popen[bytes]":
        """Begin to play a sound file."""
        return subprocess.Popen(["paplay", "--device=nobody", str(path)], env=self.environment)

    def kill(self) -> None:
        """End it at once, as if the device were pulled out."""
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()
