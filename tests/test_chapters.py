"""What is exported is read back by what it is meant for: ffmpeg's demuxer and muxer, the csv module, json."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from genre import chapters
from genre.labels import LANGUAGES

HOSTILE = "a=b;c#d\\e\nf\tg\r\0h"
SHOWN = "a=b;c#d\\e f g h"


@pytest.fixture
def row() -> dict[str, Any]:
    segments = [
        (0.0, 4.5, "silence", "silence", "Silence", "静音", 1.0),
        (4.5, 26.0, "not_music", "not_music", "Not music", "非音乐", 0.98),
        (26.0, 50.123, "music", "symphony", "Symphony", "交响乐", 0.64),
        (50.123, 53.0, "silence", "silence", "Silence", "静音", 1.0),
        (53.0, 90.25, "music", "=own", HOSTILE, HOSTILE, 0.5),
    ]
    keys = ("start", "end", "kind", "id", "en", "zh", "probability")
    return {
        "source": "-show.mp3",
        "model": "mine",
        "taxonomy": "@own",
        "weights": {"origin": "dropped-in"},
        "seconds": 90.25,
        "segments": [dict(zip(keys, segment, strict=True)) for segment in segments],
        "warnings": ["truncated", "unsure"],
    }


def test_there_is_a_writer_and_an_ending_for_every_format():
    assert list(chapters.WRITERS) == list(chapters.SUFFIXES) == ["json", "csv", "audacity", "chapters"]


def test_json_is_the_row(row: dict[str, Any]):
    assert json.loads(chapters.json_text(row, "en")) == row


def test_csv_has_a_line_for_every_segment_and_no_formula(row: dict[str, Any]):
    lines = list(csv.DictReader(io.StringIO(chapters.csv_text(row, "en"), newline="")))
    assert tuple(lines[0]) == chapters.COLUMNS
    for line, segment in zip(lines, row["segments"], strict=True):
        assert {key: float(line[key]) for key in ("start", "end", "probability")} == {
            key: segment[key] for key in ("start", "end", "probability")
        }
        assert (line["kind"], line["en"], line["zh"]) == (segment["kind"], segment["en"], segment["zh"])
        assert (line["source"], line["model"], line["taxonomy"]) == ("./-show.mp3", "mine", "'@own")
        assert (line["origin"], line["warnings"]) == ("dropped-in", "truncated unsure")
    assert lines[-1]["id"] == "'=own"


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_three_columns(row: dict[str, Any], language: str):
    lines = chapters.audacity_text(row, language).splitlines()
    for line, segment in zip(lines, row["segments"], strict=True):
        start, end, name = line.split("\t")
        assert (float(start), float(end)) == (segment["start"], segment["end"])
        assert name == (SHOWN if segment["id"] == "=own" else segment[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_ffmpeg_reads_the_chapters(row: dict[str, Any], language: str):
    text = chapters.ffmetadata_text(row, language)
    with av.open(io.BytesIO(text.encode()), format="ffmetadata") as file:
        read = [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]["title"]) for c in file.chapters()
        ]
    names = [row["segments"][1][language], row["segments"][2][language], SHOWN]
    assert [name for _, _, name in read] == names  # silence has none
    assert [(float(start), float(end)) for start, end, _ in read] == [(0, 26), (26, 53), (53, 90.25)]


@pytest.mark.parametrize("ending", ["m4a", "mka", "opus"])
def test_a_file_muxed_with_the_chapters_has_them(
    row: dict[str, Any], ending: str, tmp_path: Path, tone: Callable[..., np.ndarray], write: Callable[..., Path]
):
    sound = write(tmp_path / "a", tone(seconds=2), kind="opus" if ending == "opus" else "m4a")
    out = tmp_path / f"out.{ending}"
    with (
        av.open(str(sound)) as source,
        av.open(io.BytesIO(chapters.ffmetadata_text(row, "zh").encode()), format="ffmetadata") as meta,
        av.open(str(out), "w", format={"m4a": "ipod", "mka": "matroska", "opus": "ogg"}[ending]) as target,
    ):
        stream = target.add_stream_from_template(source.streams.audio[0])
        target.set_chapters(meta.chapters())
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with av.open(str(out)) as file:
        found = [(float(c["start"] * c["time_base"]), c["metadata"]["title"]) for c in file.chapters()]
    assert [name for _, name in found] == ["非音乐", "交响乐", SHOWN]
    assert [start for start, _ in found] == pytest.approx([0, 26, 53], abs=0.002)


def test_a_recording_of_silence_alone_has_no_chapters(row: dict[str, Any]):
    row["segments"] = row["segments"][:1]
    assert chapters.ffmetadata_text(row, "en") == ";FFMETADATA1\n"
