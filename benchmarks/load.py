"""A running server under load: 1, 4, 16 and 64 clients at once that post recordings to `/v1/classify` over loopback.

For each: answers per second, percentiles of the seconds an answer takes, the share that is politely turned away (503),
the server's highest memory; and how long the first request after the storm takes, against one before it.
"""

import argparse
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import httpx
import psutil

from benchmarks.answer_time import write_clip
from benchmarks.cold_start import GENRE
from benchmarks.machine import describe
from benchmarks.serving import resident_mib

CLIENTS = (1, 4, 16, 64)
PERCENTILES = (50, 95, 99)
PAUSE_SECONDS = 0.5  # of a client that was turned away; the server asks for more
MEMORY_SECONDS = 0.2  # between two looks


def await_ready(address: str) -> None:
    """Return as soon as the server answers that it is ready."""
    deadline = perf_counter() + 180
    while perf_counter() < deadline:
        try:
            if httpx.get(f"{address}/health", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError("the server did not come up")


def ask(client: httpx.Client, address: str, clip: bytes) -> tuple[int, float]:
    """Return the status of one answer and its seconds."""
    begun = perf_counter()
    answered = client.post(f"{address}/classify", files={"file": ("clip.mp3", clip)})
    return answered.status_code, perf_counter() - begun


def storm(address: str, clip: bytes, clients: int, seconds: float) -> list[tuple[int, float]]:
    """Return every answer that so many clients got, each of which asks again as soon as it is answered."""
    ends = perf_counter() + seconds

    def keep_asking(_: int) -> list[tuple[int, float]]:
        got = []
        with httpx.Client(timeout=300) as client:
            while perf_counter() < ends:
                got.append(ask(client, address, clip))
                if got[-1][0] == 503:
                    time.sleep(PAUSE_SECONDS)
        return got

    with ThreadPoolExecutor(clients) as pool:
        return [one for got in pool.map(keep_asking, range(clients)) for one in got]


class Memory:
    """Looks at a process's memory while it is entered; `peak` is in MiB."""

    def __init__(self, process: psutil.Process) -> None:
        self._process, self.peak = process, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._ended.wait(MEMORY_SECONDS):
            self.peak = max(self.peak, resident_mib(self._process))

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each storm")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--port", type=int, default=7897)
    arguments = parser.parse_args()
    address = f"http://127.0.0.1:{arguments.port}/v1"
    print(describe())
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "clip.mp3"
        write_clip(path)
        clip = path.read_bytes()
        with subprocess.Popen([GENRE, "serve", "--port", str(arguments.port)], stderr=subprocess.DEVNULL) as server:
            try:
                await_ready(address)
                process = psutil.Process(server.pid)
                with httpx.Client(timeout=300) as client:
                    before = statistics.median(ask(client, address, clip)[1] for _ in range(5))
                print(f"alone: {1000 * before:.0f} ms, {resident_mib(process):.0f} MiB")
                print("clients  answers/s     p50     p95     p99    503s  others  peak MiB  first after")
                for clients in arguments.clients:
                    begun = perf_counter()
                    with Memory(process) as memory:
                        answers = storm(address, clip, clients, arguments.seconds)
                    took = perf_counter() - begun  # to the last answer
                    with httpx.Client(timeout=300) as client:
                        _, after = ask(client, address, clip)
                    counts = Counter(status for status, _ in answers)
                    good = sorted(seconds for status, seconds in answers if status == 200)
                    quantiles = "".join(f"{good[min(len(good) - 1, len(good) * p // 100)]:7.2f}s" for p in PERCENTILES)
                    others = len(answers) - counts[200] - counts[503]
                    print(
                        f"{clients:7d}  {counts[200] / took:9.2f}{quantiles}  "
                        f"{counts[503] / len(answers):6.1%}  {others:6d}  {memory.peak:8.0f}  {1000 * after:8.0f} ms",
                        flush=True,
                    )
            finally:
                server.terminate()
                server.wait(60)


if __name__ == "__main__":
    main()
