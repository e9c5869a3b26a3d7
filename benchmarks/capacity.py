"""Plan for a million and a hundred million recordings: core-hours, GPU-hours, storage, transfer, cost, what saturates.

What one recording takes is measured (`--measure N` does it anew and keeps it in capacity.json); what a graphics card
does and what things cost are assumptions, every one an option. `--write` puts the tables into docs/capacity.md.
"""

import argparse
import json
import re
import resource
import tempfile
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from genre import library, library_tables
from genre.classifier import classifier
from genre.library_features import Recipe, prepare
from genre.library_journal import RowFile
from genre.settings import DEFAULT_MODEL, LIBRARY_BATCH

RECORD = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).parent.parent / "docs" / "capacity.md"
TABLES = re.compile(r"(?<=<!-- tables -->\n).*?(?=<!-- end of tables -->)", re.DOTALL)
SIZES = (1_000_000, 100_000_000)  # recordings
HOUR, DAY_HOURS = 3_600, 24
MB, GB, TB = 1e6, 1e9, 1e12


@dataclass(frozen=True)
class Measured:
    """What one recording takes, on average; seconds are of one processor."""

    machine: str
    model: str
    recordings: int  # that were measured
    windows: float
    image_bytes: float  # of one window, as it travels to the network
    decode: float
    spectrogram: float
    music: float
    network: float  # on processors
    driver: float  # of the one process that takes the rows in and appends them
    row_bytes: float
    parquet_bytes: float
    gigaflops: float  # 1e9 floating-point operations of the network, for one window

    @property
    def preparing(self) -> float:
        """Processor seconds before the network."""
        return self.decode + self.spectrogram + self.music


@dataclass(frozen=True)
class Assumed:
    """What was not measured here; every one is an option of the command."""

    audio_mb: float = 4.8  # MB of a recording: 4 minutes at 160 kbit/s
    gpu_teraflops: float = 121.0  # NVIDIA L4, bfloat16 on tensor cores without sparsity, by its data sheet
    gpu_share: float = 0.3  # of that which a network of convolutions comes to
    machine_cores: int = 16
    machine_gbit: float = 5.0  # gigabit per second that a machine's network sustains
    store_gbit: float = 100.0  # that the store of the audio gives to all machines together
    core_hour: float = 0.045  # US dollars
    gpu_hour: float = 0.80
    gb_month: float = 0.023
    gb_transfer: float = 0.0  # 0 where machines and store are in one region
    thousand_reads: float = 0.0004


@dataclass(frozen=True)
class Plan:
    """What so many recordings take."""

    count: int
    measured: Measured
    assumed: Assumed

    @property
    def preparing_hours(self) -> float:
        """Core-hours of decoding, spectrograms and the question whether it is music."""
        return self.count * self.measured.preparing / HOUR

    @property
    def network_hours(self) -> float:
        """Core-hours of the network, where there is no GPU."""
        return self.count * self.measured.network / HOUR

    @property
    def hours(self) -> float:
        """Core-hours of it all, without a GPU."""
        return self.preparing_hours + self.network_hours

    @property
    def gpu_windows(self) -> float:
        """Windows a second that one GPU is assumed to answer for."""
        return self.assumed.gpu_teraflops * 1e3 * self.assumed.gpu_share / self.measured.gigaflops

    @property
    def gpu_hours(self) -> float:
        """GPU-hours of the network, where there is one."""
        return self.count * self.measured.windows / self.gpu_windows / HOUR

    @property
    def audio_bytes(self) -> float:
        """Bytes of audio, stored, and read once."""
        return self.count * self.assumed.audio_mb * MB

    @property
    def image_bytes(self) -> float:
        """Bytes that go from the processors to the networks: between machines only where these are others."""
        return self.count * self.measured.windows * self.measured.image_bytes

    @property
    def rows_bytes(self) -> float:
        """Bytes of the JSON lines."""
        return self.count * self.measured.row_bytes

    @property
    def parquet_bytes(self) -> float:
        """Bytes of the same as Parquet."""
        return self.count * self.measured.parquet_bytes

    @property
    def reading(self) -> float:
        """US dollars for requests and transfer of the audio."""
        requests = 4 * self.count / 1_000  # three questions and one read for each recording
        return requests * self.assumed.thousand_reads + self.audio_bytes / GB * self.assumed.gb_transfer

    @property
    def cost(self) -> float:
        """US dollars on processors alone."""
        return self.hours * self.assumed.core_hour + self.reading

    @property
    def cost_with_gpu(self) -> float:
        """US dollars with the network on GPUs that are always busy."""
        return self.preparing_hours * self.assumed.core_hour + self.gpu_hours * self.assumed.gpu_hour + self.reading

    @property
    def cores_of_a_gpu(self) -> float:
        """How many cores keep one GPU busy."""
        return self.gpu_windows / self.measured.windows * self.measured.preparing

    def limits(self) -> list[tuple[str, float]]:
        """Return what saturates as cores are added, first to last, each with the cores at which it does."""
        assumed, each = self.assumed, self.measured.preparing + self.measured.network  # core-seconds of a recording
        of_a_core = assumed.audio_mb * MB / each  # bytes a second
        found = {
            f"the network of one machine, {assumed.machine_gbit:g} Gbit/s": assumed.machine_gbit * GB / 8 / of_a_core,
            f"the store of the audio, {assumed.store_gbit:g} Gbit/s": assumed.store_gbit * GB / 8 / of_a_core,
            "the one process that appends the rows": each / self.measured.driver,
        }
        return sorted(found.items(), key=lambda one: one[1])


def tables(measured: Measured, assumed: Assumed) -> str:
    """Return the tables of the page, as Markdown."""
    plans = [Plan(count, measured, assumed) for count in SIZES]
    rows: list[tuple[str, list[str]]] = [
        ("core-hours before the network", [f"{p.preparing_hours:,.0f}" for p in plans]),
        ("core-hours of the network, without a GPU", [f"{p.network_hours:,.0f}" for p in plans]),
        ("or GPU-hours (assumed)", [f"{p.gpu_hours:,.1f}" for p in plans]),
        ("hours on 64 cores, without a GPU", [f"{p.hours / 64:,.1f}" for p in plans]),
        (
            "cores for one day, without a GPU",
            [f"{p.hours / DAY_HOURS:,.0f}" for p in plans],
        ),
        ("audio, stored and read once", [_size(p.audio_bytes) for p in plans]),
        ("pictures from processors to networks", [_size(p.image_bytes) for p in plans]),
        ("rows as JSON lines", [_size(p.rows_bytes) for p in plans]),
        ("rows as Parquet", [_size(p.parquet_bytes) for p in plans]),
        ("audio kept for a month", [f"{p.audio_bytes / GB * assumed.gb_month:,.0f} $" for p in plans]),
        ("cost of hearing all, processors alone", [f"{p.cost:,.0f} $" for p in plans]),
        ("cost of hearing all, with busy GPUs", [f"{p.cost_with_gpu:,.0f} $" for p in plans]),
        ("– of a million, processors alone", [f"{p.cost * 1e6 / p.count:,.1f} $" for p in plans]),
        ("– of a million, with busy GPUs", [f"{p.cost_with_gpu * 1e6 / p.count:,.1f} $" for p in plans]),
    ]
    stages = {name: getattr(measured, name) for name in ("decode", "spectrogram", "music", "network", "driver")}
    plan = plans[0]
    lines = [
        f"Measured: {measured.model}, {measured.recordings} recordings, {measured.windows:.1f} windows each; "
        f"{measured.machine}.",
        "",
        "| Stage | processor seconds a recording |",
        "|---|---|",
        *(f"| {name} | {value:.4f} |" for name, value in stages.items()),
        "",
        f"| Recordings | {' | '.join(f'{p.count:,}' for p in plans)} |",
        f"|---|{'---|' * len(plans)}",
        *(f"| {name} | {' | '.join(values)} |" for name, values in rows),
        "",
        "| As cores are added, this saturates | at so many cores |",
        "|---|---|",
        *(f"| {name} | {cores:,.0f} |" for name, cores in plan.limits()),
        "",
        f"A machine of {assumed.machine_cores} cores reads {_machine_rate(plan):.1f} MB/s; one GPU (assumed: "
        f"{plan.gpu_windows:,.0f} windows a second) is kept busy by {plan.cores_of_a_gpu:,.0f} cores.",
        "",
    ]
    return "\n".join(lines)


def _machine_rate(plan: Plan) -> float:
    """Return MB a second that one machine reads."""
    each = plan.measured.preparing + plan.measured.network
    return plan.assumed.machine_cores / each * plan.assumed.audio_mb


def _size(count: float) -> str:
    return f"{count / TB:,.1f} TB" if count >= TB else f"{count / GB:,.1f} GB"


def measure(count: int, model: str) -> Measured:
    """Hear so many made recordings, one after another, and return what each took."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from benchmarks.batch import make
    from benchmarks.machine import describe

    judge = classifier(model).load()
    recipe, size = Recipe(judge.card.spectrogram), judge.card.spectrogram.image_size
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "library"
        place.mkdir()
        make(place, count, None)
        paths = sorted(map(str, place.iterdir()))
        prepare(paths[0], recipe)  # compiles
        begun = _used()
        prepared = [prepare(path, recipe) for path in paths]
        preparing = (_used() - begun) / count
        features = [one.features for one in prepared if one.features is not None]
        wall = {name: sum(one.seconds[name] for one in features) for name in ("decode", "spectrogram", "music")}
        windows = sum(len(one.windows) for one in features) / count
        images = features[0].images[:1].repeat(LIBRARY_BATCH, axis=0)
        judge.probabilities(images, batch_size=LIBRARY_BATCH)
        begun = _used()
        rows = list(library.answered(judge, prepared))
        network = (_used() - begun) / count
        begun = _used()
        with RowFile(Path(folder) / "rows.jsonl") as file:
            for row in rows:
                file.add(json.loads(json.dumps(row)))
            driver = (_used() - begun) / count
            row_bytes = file.path.stat().st_size / count
            library_tables.write(file.rows(), Path(folder) / "rows.parquet")
        parquet_bytes = (Path(folder) / "rows.parquet").stat().st_size / count
    counter = FlopCounterMode(display=False)
    with counter, judge.network() as network_, torch.inference_mode():
        network_(judge.network_input(images[:1]))
    whole = sum(wall.values())
    return Measured(
        machine=describe(),
        model=judge.card.name,
        recordings=count,
        windows=round(windows, 3),
        image_bytes=3 * size * size,
        **{name: round(preparing * value / whole, 5) for name, value in wall.items()},
        network=round(network, 5),
        driver=round(driver, 6),
        row_bytes=round(row_bytes),
        parquet_bytes=round(parquet_bytes),
        gigaflops=round(counter.get_total_flops() / 1e9, 3),
    )


def _used() -> float:
    """Return processor seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def recorded() -> Measured:
    """Return the measurement that is kept."""
    return Measured(**json.loads(RECORD.read_text(encoding="utf-8")))


def main() -> None:
    """Measure if asked to, and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=int, default=0, metavar="N", help="measure N recordings and keep that")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/capacity.md")
    for field in fields(Assumed):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=field.type, default=field.default)
    options = vars(parser.parse_args())
    if options["measure"]:
        made = asdict(measure(options["measure"], options["model"]))
        RECORD.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    text = tables(recorded(), replace(Assumed(), **{field.name: options[field.name] for field in fields(Assumed)}))
    print(text)
    if options["write"]:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(TABLES.sub(lambda _: text, page), encoding="utf-8")


if __name__ == "__main__":
    main()
