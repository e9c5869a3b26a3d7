"""A library through `genre batch`: recordings per minute, times real time, where the time goes, peak memory.

The same recordings, or the first of them, go through a plain loop over the published app's steps for comparison.
Give a folder; with --make N it is filled first with N recordings of mixed formats, cut out of the examples.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter

import av
import numpy as np
import psutil
import torch

from benchmarks import published_app
from benchmarks.machine import describe
from genre import audio, backbones, spectrogram
from genre.datasets import AUDIO_SUFFIXES
from genre.web.examples import find_examples

GENRE = [sys.executable, "-m", "genre"]
KINDS = (  # suffix, container, codec: what libraries are made of
    (".mp3", "mp3", "libmp3lame"),
    (".flac", "flac", "flac"),
    (".m4a", "ipod", "aac"),
    (".opus", "ogg", "libopus"),
    (".webm", "webm", "libopus"),
    (".wav", "wav", "pcm_s16le"),
)
RATE = 48_000  # Hz; the one that every one of these codecs takes
SECONDS = 45.0  # of a recording that is made
POLL_SECONDS = 0.2


def make(folder: Path, count: int, source: Path | None) -> None:
    """Fill the folder with stereo recordings of every kind, each beginning elsewhere in its source."""
    clips = sorted(source.rglob("*")) if source else [example.path for example in find_examples()]
    clips = [clip for clip in clips if clip.suffix.lower() in AUDIO_SUFFIXES]
    generator = np.random.default_rng(0)
    for number in range(count):
        sound = audio.load(clips[number % len(clips)], clip_seconds=None).samples
        mono = np.roll(
            np.interp(np.arange(int(SECONDS * RATE)) * 22_050 / RATE % len(sound), np.arange(len(sound)), sound),
            int(generator.integers(RATE)),
        )
        stereo = np.stack([mono, 0.9 * mono + generator.normal(0, 1e-3, len(mono))]).astype(np.float32)
        suffix, container, codec = KINDS[number % len(KINDS)]
        with av.open(str(folder / f"{number:05}{suffix}"), "w", format=container) as file:
            stream = file.add_stream(codec, rate=RATE)
            stream.layout = "stereo"
            resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=RATE, frame_size=1_024)
            frame = av.AudioFrame.from_ndarray(stereo, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = RATE, 0
            for piece in (*resampler.resample(frame), *resampler.resample(None)):
                file.mux(stream.encode(piece))
            file.mux(stream.encode(None))


@contextmanager
def peak_memory(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, float]]:
    """Watch a process and its children; MiB of all of them at once, shared pages once."""
    found = {"all": 0.0, "children": 0.0}
    done = threading.Event()

    def watch() -> None:
        with suppress(psutil.Error):
            root = psutil.Process(process.pid)
            while not done.wait(POLL_SECONDS):
                sizes = []
                for one in [root, *root.children(recursive=True)]:
                    with suppress(psutil.Error):
                        sizes.append(one.memory_full_info().pss / 2**20)
                found["all"] = max(found["all"], sum(sizes))
                found["children"] = max(found["children"], *sizes[1:], 0.0)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of recordings; without one, 60 are made")
    parser.add_argument("--make", type=int, default=0, metavar="N", help="fill the folder with N recordings first")
    parser.add_argument("--source", type=Path, help="folder of recordings to make others of; else the examples")
    parser.add_argument("--baseline", type=int, default=12, help="recordings that the plain loop hears")
    parser.add_argument("--workers", type=int, help="as of genre batch")
    parser.add_argument("--batch-size", type=int, help="as of genre batch")
    parser.add_argument("--engine", help="as of genre batch")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary) / "library"
        if arguments.make or not arguments.folder:
            folder.mkdir(exist_ok=True)
            make(folder, arguments.make or 60, arguments.source)
        measure(folder, Path(temporary), arguments)


def measure(folder: Path, temporary: Path, arguments: argparse.Namespace) -> None:
    """Run both ways over the folder and print what they took."""
    options = [
        f"--{name}={value}"
        for name in ("workers", "batch-size", "engine")
        if (value := getattr(arguments, name.replace("-", "_")))
    ]
    out = temporary / "rows.jsonl"
    print(describe())
    begun, stamps = perf_counter(), []
    process = subprocess.Popen([*GENRE, "batch", str(folder), "--out", str(out), *options], stdout=subprocess.DEVNULL)
    with peak_memory(process) as memory:
        while process.poll() is None:
            count = out.read_bytes().count(b"\n") if out.exists() else 0
            if count and (not stamps or stamps[-1][1] != count):
                stamps.append((perf_counter(), count))
            time.sleep(POLL_SECONDS)
    total = perf_counter() - begun
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    heard = [row for row in rows if "error" not in row]
    sound = sum(audio.load(row["source"], clip_seconds=None).seconds for row in heard[: len(KINDS) * 4]) / min(
        len(heard), len(KINDS) * 4
    )
    (first, before), (last, after) = stamps[0], stamps[-1]
    each = (last - first) / max(1, after - before)
    print(
        f"{len(rows)} recordings of {sound:.0f} s on average, {len(rows) - len(heard)} failed; 30 s of each are heard"
    )
    print(
        f"all of it: {total:.1f} s, {60 * len(rows) / total:.0f} recordings a minute; "
        f"without the start: {60 / each:.0f} a minute,"
    )
    print(f"  {sound / each:.0f} × real time of the recordings, {30 / each:.0f} × that of what is heard")
    spent = {
        name: sum(row["seconds"][name] for row in heard)
        for name in heard[0]["seconds"]
        if name not in ("total", "load")
    }
    shares = ", ".join(f"{name} {value / sum(spent.values()):.0%}" for name, value in spent.items())
    print(f"time in the stages, side by side: {shares}")
    print(f"peak memory: {memory['all']:.0f} MiB in all, {memory['children']:.0f} MiB in the largest reading process")

    checkpoint = temporary / "save.pt"
    torch.save(backbones.build("vgg19_bn", "published", 16).state_dict(), checkpoint)
    spectrogram.warm_up(spectrogram.SpectrogramSpec.published("cqt"))
    warnings.simplefilter("ignore")  # librosa says so when it takes audioread
    plain, failed, used = [], 0, time.process_time()
    for row in heard:
        if len(plain) == arguments.baseline:
            break
        begun = perf_counter()
        try:
            published_app.classify(Path(row["source"]), checkpoint)
        except Exception:  # it cannot read every format
            failed += 1
        else:
            plain.append(perf_counter() - begun)
    slow = float(np.mean(plain))
    used = (time.process_time() - used) / len(plain)
    ours = (usage.ru_utime + usage.ru_stime) / len(rows)
    print(
        f"the published app's steps in a loop: {slow:.2f} s a recording ({len(plain)} heard, {failed} it cannot read)"
    )
    print(f"processor seconds a recording, whatever else runs here: {ours:.2f} with the start, against {used:.2f}")
    print(f"ratio: {slow / each:.1f} × without the start, {slow * len(rows) / total:.1f} × with it")


if __name__ == "__main__":
    main()
