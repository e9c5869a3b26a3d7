"""The plan's arithmetic is right, and the page shows what the script prints."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_model import IMAGE_SIZE, write_model

from benchmarks import capacity
from benchmarks.capacity import Assumed, Measured, Plan

ROUND = Measured(
    machine="one",
    model="a model",
    recordings=1,
    windows=2.0,
    image_bytes=50_000,
    decode=0.5,
    spectrogram=0.3,
    music=0.2,
    network=3.0,
    driver=0.001,
    row_bytes=3_000,
    parquet_bytes=1_000,
    gigaflops=10.0,
)
PRICES = Assumed(
    audio_mb=5.0,
    gpu_teraflops=100.0,
    gpu_share=0.5,
    machine_gbit=8.0,
    store_gbit=80.0,
    core_hour=0.04,
    gpu_hour=1.0,
    gb_transfer=0.01,
    thousand_reads=0.001,
)


def test_the_arithmetic_of_a_million() -> None:
    plan = Plan(1_000_000, ROUND, PRICES)
    assert plan.preparing_hours == pytest.approx(1e6 / 3_600)
    assert plan.hours == pytest.approx(4e6 / 3_600)
    assert plan.gpu_windows == pytest.approx(5_000)  # 50e12 / 10e9
    assert plan.gpu_hours == pytest.approx(2e6 / 5_000 / 3_600)
    assert plan.cores_of_a_gpu == pytest.approx(2_500)  # 2,500 recordings a second, a core-second each
    assert (plan.audio_bytes, plan.image_bytes) == (5e12, 1e11)
    assert (plan.rows_bytes, plan.parquet_bytes) == (3e9, 1e9)
    assert plan.reading == pytest.approx(4 + 50)
    assert plan.cost == pytest.approx(4e6 / 3_600 * 0.04 + 54)
    assert plan.cost_with_gpu == pytest.approx(1e6 / 3_600 * 0.04 + 2e6 / 5_000 / 3_600 + 54)


def test_what_saturates_comes_in_order() -> None:
    # A core reads 5 MB in 4 s; a machine may read 1 GB/s, all of them 10 GB/s; 1,000 rows a second can be appended.
    assert [cores for _, cores in Plan(1, ROUND, PRICES).limits()] == pytest.approx([800, 4_000, 8_000])
    slow = replace(ROUND, driver=0.1)
    assert Plan(1, slow, PRICES).limits()[0] == ("the one process that appends the rows", pytest.approx(40))


def test_the_page_shows_what_the_script_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["capacity"])
    capacity.main()
    (shown,) = capacity.TABLES.findall(capacity.PAGE.read_text(encoding="utf-8"))
    assert shown + "\n" == capsys.readouterr().out


def test_what_is_measured_adds_up(tmp_path: Path) -> None:
    found = capacity.measure(3, str(write_model(tmp_path / "squeezenet1_1_mel", transform="mel")))
    assert found.recordings == 3
    assert found.windows == 2.0  # 30 s heard, 11.4 s each
    assert found.image_bytes == 3 * IMAGE_SIZE**2
    # SqueezeNet 1.1: 0.35 billion multiply-adds at 224 pixels, two operations each; small pictures lose more at edges.
    assert found.gigaflops == pytest.approx(2 * 0.35 * (IMAGE_SIZE / 224) ** 2, rel=0.5)
    assert 0.001 < found.decode < 10
    assert 0.01 < found.preparing < 10
    assert 0.001 < found.network < 10
    assert 300 < found.parquet_bytes < 20_000
    assert found.row_bytes > 1_000
