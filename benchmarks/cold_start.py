"""What a new process costs: `genre --help`, `genre classify` with a warm numba cache, and the server's first answer."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.answer_time import write_clip
from benchmarks.machine import describe

GENRE = Path(sys.executable).with_name("genre")


def timed(*command: str | Path) -> float:
    """Run a command to its end and return the seconds it took."""
    begun = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - begun


def first_answer(clip: Path, port: int) -> float:
    """Start a server and return the seconds until its first `/classify` has answered."""
    from gradio_client import Client, handle_file

    begun = perf_counter()
    server = subprocess.Popen([GENRE, "serve", "--port", str(port)], stdout=subprocess.DEVNULL, env=os.environ)
    try:
        while True:
            try:
                client = Client(f"http://127.0.0.1:{port}/", verbose=False)
                break
            except Exception:
                if server.poll() is not None or perf_counter() - begun > 120:
                    raise
        client.predict(handle_file(clip), api_name="/classify")
        return perf_counter() - begun
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=7899)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        clip = Path(temporary) / "clip.mp3"
        write_clip(clip)
        timed(GENRE, "classify", clip)  # fills the numba cache
        figures: dict[str, list[float]] = {"help": [], "imports": [], "classify": []}
        for _ in range(arguments.rounds):
            figures["help"].append(timed(GENRE, "--help"))
            figures["imports"].append(timed(sys.executable, "-c", "import torch, torchvision, librosa"))
            figures["classify"].append(timed(GENRE, "classify", clip))
        first = first_answer(clip, arguments.port)
    seconds = {name: statistics.median(values) for name, values in figures.items()}
    print(f"{describe()}; median of {arguments.rounds} rounds\n")
    print(f"genre --help: {seconds['help']:.2f} s")
    print(f"python -c 'import torch, torchvision, librosa': {seconds['imports']:.2f} s")
    print(f"genre classify, 30 s mp3: {seconds['classify']:.2f} s = {seconds['classify'] / seconds['imports']:.2f} ×")
    print(f"server start to first answer: {first:.1f} s")


if __name__ == "__main__":
    main()
