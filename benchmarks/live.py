"""Listening live: what a session costs, how soon a sound is a bar, how many sessions a machine sustains, memory.

The page's part is measured through the real server: sessions over HTTP, and one in a real browser whose microphone
hears an example (with Debian's chromium and Playwright; left out where they are missing).
"""

import argparse
import base64
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import httpx
import numpy as np
import psutil
import soundfile

from benchmarks.cold_start import GENRE
from benchmarks.machine import describe
from benchmarks.serving import connect, resident_mib
from genre import audio, store
from genre.classifier import Classifier
from genre.live import Listener
from genre.settings import DEFAULT_MODEL, SAMPLE_RATE, Precision, Settings
from genre.web.examples import find_examples
from genre.web.handlers import Desk
from genre.web.live_desk import LiveDesk

RATE = 48_000  # Hz, as browsers send it
CHROMIUM = Path("/usr/bin/chromium")
UPDATES = 40  # measured for the cost
BROWSER_SECONDS = 30
SESSION_SECONDS = 15  # that every number of sessions is tried for
SESSIONS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24)
HOUR_PIECE_SECONDS = 20

# In the browser: when each message was sent, how much sound was in it, and when its answer stood on the page.
NOTE = """() => {
    window.noted = [];
    document.addEventListener("genre-live", ({ detail }) => {
        requestAnimationFrame((now) => window.noted.push([now - detail.captured, detail.seconds]));
    });
}"""


def song() -> np.ndarray:
    """Return half a minute of an example, float32 at SAMPLE_RATE."""
    return audio.load(find_examples()[4].path, clip_seconds=30).samples


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of them does not exceed."""
    return float(np.percentile(values, 100 * share))


def measure_cost(precision: Precision) -> None:
    """One session at one update a second: seconds of processor time for each second of sound."""
    judge = Classifier(store.find(DEFAULT_MODEL, Settings()), precision=precision).load()
    listener, sound = Listener(judge), song()
    listener.feed(SAMPLE_RATE, sound)
    listener.update()
    walls = []
    busy = process_time()
    for second in range(UPDATES):
        begin = second % 29 * SAMPLE_RATE
        begun = perf_counter()
        listener.feed(SAMPLE_RATE, sound[begin : begin + SAMPLE_RATE])
        listener.update()
        walls.append(perf_counter() - begun)
    busy = (process_time() - busy) / UPDATES
    print(
        f"{precision}: one update {1000 * statistics.median(walls):.0f} ms (95 %: {1000 * percentile(walls, 0.95):.0f} "
        f"ms); at one a second {busy:.0%} of a core"
    )


def measure_hour() -> None:
    """An hour through what the page calls, as fast as it goes."""
    live, process = LiveDesk(Desk(Settings())), psutil.Process()
    sound = np.tile(song(), 2)[: HOUR_PIECE_SECONDS * SAMPLE_RATE]
    piece = message("0" * 32, (sound * 32_767).astype("<i2"), SAMPLE_RATE)
    pieces = 3_600 // HOUR_PIECE_SECONDS
    resident = []
    for number in range(pieces):
        assert "bars" in live.hear(piece)
        if number % (pieces // 6) == pieces // 6 - 1:
            resident.append(resident_mib(process))
    print(
        "an hour in one session, resident after every ten minutes:", ", ".join(f"{mib:.0f}" for mib in resident), "MiB"
    )


def message(session: str, samples: np.ndarray, rate: int) -> dict[str, Any]:
    """Return what the page's script sends."""
    return {
        "session": session,
        "model": DEFAULT_MODEL,
        "language": "en",
        "rate": rate,
        "channels": 1,
        "pcm": base64.b64encode(samples.tobytes()).decode(),
        "lost": 0,
        "last": False,
    }


@contextmanager
def served(port: int) -> Iterator[str]:
    """Serve the page in a process of its own, warm."""
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [GENRE, "serve", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        connect(f"{address}/", perf_counter() + 120)
        sleep(10)  # for the warm-up
        yield address
    finally:
        process.terminate()
        process.wait()


def measure_sessions(address: str) -> None:
    """Sessions that each send a second of sound a second; sustained where 95 % of the answers take less than one."""
    components = httpx.get(f"{address}/config").json()["components"]
    (component,) = [each["id"] for each in components if "hear" in each.get("props", {}).get("server_fns", [])]
    played = song()
    resampled = np.interp(np.arange(0, 29, 1 / RATE), np.arange(len(played)) / SAMPLE_RATE, played)
    sound = np.rint(resampled * 32_767).astype("<i2")
    sustained = 0
    for count in SESSIONS:
        seconds: list[float] = []
        late = 0
        lock = threading.Lock()

        def listen(name: str, begin: float, seconds: list[float] = seconds, lock: threading.Lock = lock) -> None:
            nonlocal late
            with httpx.Client(timeout=60) as client:

                def send(samples: np.ndarray) -> tuple[float, bool]:
                    begun = perf_counter()
                    body = {
                        "data": message(name, samples, RATE),
                        "component_id": component,
                        "fn_name": "hear",
                        "session_hash": name,
                    }
                    answer = client.post(f"{address}/gradio_api/component_server/", json=body).json()
                    assert "refused" not in answer, answer
                    return perf_counter() - begun, "late" in answer

                send(sound[: 12 * RATE])
                sleep(max(0.0, begin - perf_counter()))
                for second in range(SESSION_SECONDS):
                    sleep(max(0.0, begin + second - perf_counter()))
                    took, missed = send(sound[second * RATE : (second + 1) * RATE])
                    with lock:
                        seconds.append(took)
                        late += missed

        begin = perf_counter() + 2 + count / 2
        names = [f"{count * 1000 + number:032x}" for number in range(count)]
        threads = [
            threading.Thread(target=listen, args=(name, begin + number / count)) for number, name in enumerate(names)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        slowest = percentile(seconds, 0.95)
        print(
            f"{count} sessions: answer {statistics.median(seconds):.2f} s, 95 % {slowest:.2f} s, {late} without a turn"
        )
        if slowest > 1 or late:
            break
        sustained = count
        sleep(11)  # until these sessions count as idle
    print(f"sustained at one update a second: {sustained} sessions")


def measure_latency(address: str) -> None:
    """From a sound at the microphone to the moved bar: every sample of a message is as old as its place in it says."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("latency in a browser: not measured, Playwright is not here")
        return
    if not CHROMIUM.exists():
        print("latency in a browser: not measured, chromium is not here")
        return
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        heard = Path(temporary) / "heard.wav"
        soundfile.write(heard, song(), SAMPLE_RATE, "PCM_16")
        options = ("--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream")
        microphone = ("--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={heard}")
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*options, *microphone])
        page = browser.new_page(locale="en-US")
        page.goto(address)
        page.wait_for_selector(".g-ready", timeout=120_000)
        page.get_by_role("tab", name="Live").click()
        page.evaluate(NOTE)
        page.locator(".g-live-button").click()
        page.wait_for_timeout(1000 * (12 + BROWSER_SECONDS))
        noted = page.evaluate("window.noted")
        browser.close()
    steady = [pair for pair, total in zip(noted, np.cumsum([length for _, length in noted]), strict=True) if total > 12]
    ages = [took / 1000 + length * (place + 0.5) / 20 for took, length in steady for place in range(20)]
    print(
        f"in a browser: {len(steady) / sum(length for _, length in steady):.1f} updates a second; from sound to bar "
        f"{percentile(ages, 0.5):.2f} s, 95 % {percentile(ages, 0.95):.2f} s (the server's part: "
        f"{statistics.median(took for took, _ in steady):.0f} ms)"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=7897)
    arguments = parser.parse_args()
    print(describe())
    measure_cost("bfloat16")
    measure_cost("float32")
    measure_hour()
    with served(arguments.port) as address:
        measure_latency(address)
        measure_sessions(address)


if __name__ == "__main__":
    main()
