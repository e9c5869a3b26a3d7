"""The page in a process of its own, as people start it: `python app.py`."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

REPOSITORY = Path(__file__).parent.parent
START_SECONDS = 240  # on a machine that is busy with other things


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class PageServer:
    """Use as a context manager; `url` is the page, `log` what it wrote, `uploads` where it keeps what it is given."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ("app.py",)
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    @property
    def kept(self) -> list[Path]:
        """Files of recordings that lie on the disk, of the page's visitors and of programs."""
        return [path for path in (self.folder / "tmp").rglob("*") if path.is_file()]

    def await_ready(self) -> None:
        """Wait until the network is warm."""
        deadline = time.monotonic() + START_SECONDS
        while httpx.get(f"{self.url}/v1/health", timeout=30).status_code != 200:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.2)

    @property
    def uploads(self) -> Path:
        return next((self.folder / "tmp").glob("genre-*"))

    def __enter__(self) -> Self:
        temporary = self.folder / "tmp"
        temporary.mkdir()
        environment = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
        environment |= {
            "GENRE_PORT": str(self.port),
            "TMPDIR": str(temporary),
            "GENRE_CACHE": str(self.folder / "cache"),
        }
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments],
                cwd=REPOSITORY,
                env=environment | self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log
            try:
                httpx.get(self.url, timeout=5)
                return self
            except httpx.TransportError:
                time.sleep(0.2)
        self.stop()
        raise AssertionError(f"The page did not come up: {self.log}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.process.poll() is None:
            self.stop()
