"""Listen with numbers: compare rendered with real music by what its sound is like.

    python -m corpus.descriptors measure --labels renders/test/labels.csv --name rendered --out rendered.csv
    python -m corpus.descriptors plot rendered.csv open.csv emotify.csv --out docs/descriptors.png

`measure` hears up to 30 s of each clip and writes a row of descriptors; it can be stopped and goes on where it was.
`plot` draws each descriptor as boxes, one per source, for the four coarse groups of genres.
"""

import argparse
import csv
import logging
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import librosa
import numpy as np

from corpus.real import GROUPS
from genre import audio
from genre.errors import AudioError
from genre.settings import SAMPLE_RATE

log = logging.getLogger(__name__)

FFT, HOP = 2048, 1024
SECONDS = 30.0
DESCRIPTORS = {
    "onset_rate": "onsets per second",
    "centroid": "spectral centroid, Hz",
    "flatness": "spectral flatness, log10",
    "dynamic_range": "dynamic range (5th to 95th percentile), dB",
    "percussive_share": "percussive share of the energy",
    "low_share": "energy below 150 Hz, dB of all",
}
LIMIT = 30  # clips per group and source


def describe(samples: np.ndarray) -> dict[str, float]:
    """Return the DESCRIPTORS of a sound (float32 mono [n] at SAMPLE_RATE)."""
    magnitudes = np.abs(librosa.stft(samples, n_fft=FFT, hop_length=HOP))
    power = magnitudes**2
    harmonic, percussive = librosa.decompose.hpss(magnitudes)  # median filters (Fitzgerald, DAFx 2010)
    loudness = 10 * np.log10(power.sum(axis=0) + 1e-9)
    onsets = librosa.onset.onset_detect(y=samples, sr=SAMPLE_RATE)
    low = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=FFT) < 150
    energy = float((percussive**2).sum()), float((harmonic**2).sum())
    return {
        "onset_rate": len(onsets) / (len(samples) / SAMPLE_RATE),
        "centroid": float(librosa.feature.spectral_centroid(S=magnitudes, sr=SAMPLE_RATE).mean()),
        "flatness": float(np.log10(np.median(librosa.feature.spectral_flatness(S=magnitudes)) + 1e-9)),
        "dynamic_range": float(np.diff(np.percentile(loudness, (5, 95)))[0]),
        "percussive_share": energy[0] / max(sum(energy), 1e-9),
        "low_share": float(10 * np.log10(power[low].sum() / max(power.sum(), 1e-9) + 1e-9)),
    }


def measure(arguments: argparse.Namespace) -> None:
    """Describe clips of a labelled table (columns path or file, label or genre) whose group is known."""
    with arguments.labels.open(newline="", encoding="utf-8") as file:
        rows = [(row.get("path") or row["file"], row.get("label") or row["genre"]) for row in csv.DictReader(file)]
    seen: Counter[str] = Counter()
    todo = []
    for path, label in np.random.default_rng(0).permutation(np.array(rows)):
        group = group_of(str(label))
        if group and seen[group] < LIMIT:
            seen[group] += 1
            todo.append((str(arguments.labels.parent / path), group))
    done = set()
    if arguments.out.exists():
        with arguments.out.open(newline="", encoding="utf-8") as file:
            done = {row["path"] for row in csv.DictReader(file)}
    with arguments.out.open("a", newline="", encoding="utf-8", buffering=1) as file:
        writer = csv.DictWriter(file, ("source", "group", "path", *DESCRIPTORS))
        if file.tell() == 0:
            writer.writeheader()
        todo = [job for job in todo if job[0] not in done]
        with ProcessPoolExecutor(arguments.jobs) as pool:
            for (path, group), found in zip(todo, pool.map(_described, [path for path, _ in todo]), strict=True):
                if isinstance(found, str):
                    log.warning("left out: %s", found)
                else:
                    writer.writerow({"source": arguments.name, "group": group, "path": path, **found})


def group_of(label: str) -> str | None:
    """Return the coarse group of a label: its own name, or the group that holds every genre of it (joined by +)."""
    return next((name for name, ids in GROUPS.items() if label == name or set(label.split("+")) <= set(ids)), None)


def _described(path: str) -> dict[str, float] | str:
    try:
        return describe(audio.load(Path(path), clip_seconds=SECONDS).samples)
    except AudioError as error:
        return str(error)


def plot(arguments: argparse.Namespace) -> None:
    """Draw every descriptor of the measured tables."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    rows = []
    for table in arguments.tables:
        with table.open(newline="", encoding="utf-8") as file:
            rows.extend(csv.DictReader(file))
    sources = list(dict.fromkeys(row["source"] for row in rows))
    colours = ("#c7802a", "#4c78a8", "#59a14f", "#999999")[: len(sources)]
    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, title) in zip(figure.subplots(2, 3).flat, DESCRIPTORS.items(), strict=True):
        for place, group in enumerate(GROUPS):
            for shift, (source, colour) in enumerate(zip(sources, colours, strict=True)):
                values = [float(r[name]) for r in rows if r["group"] == group and r["source"] == source]
                if values:
                    axes.boxplot(
                        values, positions=[place + 0.25 * (shift - (len(sources) - 1) / 2)], widths=0.2,
                        patch_artist=True, showfliers=False, manage_ticks=False,
                        boxprops={"facecolor": colour, "linewidth": 0.6}, medianprops={"color": "black"},
                    )  # fmt: skip
        axes.set_title(title, fontsize=10)
        axes.set_xticks(range(len(GROUPS)), list(GROUPS), fontsize=9)
        axes.grid(axis="y", alpha=0.3)
    figure.legend(
        [Patch(facecolor=colour) for colour in colours], sources, loc="outside lower center", ncols=len(sources)
    )
    figure.savefig(arguments.out, dpi=110)


def main() -> None:
    """Parse the command line and work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    measuring = commands.add_parser("measure", help=measure.__doc__)
    measuring.add_argument("--labels", type=Path, required=True)
    measuring.add_argument("--name", required=True, help="what the source is called in the plot")
    measuring.add_argument("--jobs", type=int, default=1)
    measuring.set_defaults(work=measure)
    plotting = commands.add_parser("plot", help=plot.__doc__)
    plotting.add_argument("tables", type=Path, nargs="+", help="CSVs that `measure` wrote")
    plotting.set_defaults(work=plot)
    for each in (measuring, plotting):
        each.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.work(arguments)


if __name__ == "__main__":
    main()
