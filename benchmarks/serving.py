"""Memory and answer times of a running server: one request, then rounds of 20 at once."""

import argparse
import statistics
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, sleep

import psutil
from gradio_client import Client, handle_file

from benchmarks.answer_time import write_clip
from benchmarks.cold_start import GENRE
from benchmarks.machine import describe

PARALLEL = 20


def resident_mib(process: psutil.Process) -> float:
    """Return the resident memory of a process and its children in MiB."""
    return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]) / 2**20


def connect(address: str, deadline: float) -> Client:
    """Return a client as soon as the server listens."""
    while True:
        try:
            return Client(address, verbose=False)
        except Exception:
            if perf_counter() > deadline:
                raise
            sleep(0.2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=7898)
    arguments = parser.parse_args()
    address = f"http://127.0.0.1:{arguments.port}/"
    print(describe())
    with tempfile.TemporaryDirectory() as temporary:
        clip = Path(temporary) / "clip.mp3"
        write_clip(clip)
        server = subprocess.Popen([GENRE, "serve", "--port", str(arguments.port)], stdout=subprocess.DEVNULL)
        try:
            process = psutil.Process(server.pid)
            client = connect(address, perf_counter() + 120)

            def ask(_: int = 0) -> float:
                begun = perf_counter()
                client.predict(handle_file(clip), api_name="/classify")
                return perf_counter() - begun

            ask()
            alone = statistics.median(ask() for _ in range(5))
            print(f"one at a time: {1000 * alone:.0f} ms, resident {resident_mib(process):.0f} MiB")
            with ThreadPoolExecutor(PARALLEL) as pool:
                for number in range(1, arguments.rounds + 1):
                    begun = perf_counter()
                    seconds = sorted(pool.map(ask, range(PARALLEL)))
                    print(
                        f"round {number}, {PARALLEL} at once: {PARALLEL / (perf_counter() - begun):.1f} answers/s, "
                        f"slowest {seconds[-1]:.2f} s, resident {resident_mib(process):.0f} MiB"
                    )
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
