"""A timeline as files that other programs read: JSON, CSV, labels for Audacity, chapters for ffmpeg.

Every writer takes the row of `Timeline.to_dict()` and returns the whole file as text.
"""

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from genre.labels import Language
from genre.rows import no_formula

Row = Mapping[str, Any]

COLUMNS = ("source", "start", "end", "kind", "id", "en", "zh", "probability", "model", "taxonomy", "origin", "warnings")


def json_text(row: Row, language: Language) -> str:
    """Return one JSON object; it names genres in every language."""
    return json.dumps(row, ensure_ascii=False, indent=2) + "\n"


def csv_text(row: Row, language: Language) -> str:
    """Return COLUMNS and a line per segment; nothing in it is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    common = {
        "source": no_formula(row["source"]),
        "model": no_formula(row["model"], "'"),
        "taxonomy": no_formula(row["taxonomy"], "'"),
        "origin": row["weights"]["origin"],
        "warnings": " ".join(row["warnings"]),
    }
    for segment in row["segments"]:
        names = {key: no_formula(segment[key], "'") for key in ("id", "en", "zh")}
        writer.writerow({**common, **segment, **names})
    return out.getvalue()


def audacity_text(row: Row, language: Language) -> str:
    """Return a label track for File › Import › Labels: start, end in seconds and name, separated by tabs."""
    lines = (
        f"{segment['start']:.3f}\t{segment['end']:.3f}\t{_one_line(segment[language])}\n" for segment in row["segments"]
    )
    return "".join(lines)


def ffmetadata_text(row: Row, language: Language) -> str:
    """Return chapters for `ffmpeg -i SOUND -i CHAPTERS -map_chapters 1 -codec copy OUT`.

    As "Metadata" in ffmpeg's formats documentation says. A silence gets no chapter, it belongs to the one before it;
    one at the beginning belongs to the first.
    """
    begun = [segment for segment in row["segments"] if segment["kind"] != "silence"]
    starts = [0 if index == 0 else round(1_000 * segment["start"]) for index, segment in enumerate(begun)]
    edges = itertools.pairwise([*starts, round(1_000 * row["seconds"])])
    lines = [";FFMETADATA1"]
    for segment, (start, end) in zip(begun, edges, strict=True):
        title = re.sub(r"([=;#\\])", r"\\\1", _one_line(segment[language]))
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={end}", f"title={title}"]
    return "\n".join(lines) + "\n"


WRITERS: dict[str, Callable[[Row, Language], str]] = {
    "json": json_text,
    "csv": csv_text,
    "audacity": audacity_text,
    "chapters": ffmetadata_text,
}
SUFFIXES = {"json": ".json", "csv": ".csv", "audacity": ".txt", "chapters": ".ffmetadata"}  # of their files


def _one_line(name: str) -> str:
    """Return a name without what would end its line or its field: classes of one's own may be called anything."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
