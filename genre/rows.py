"""Many answers as one JSON array or one CSV, each row written as soon as it is known.

A row is `Prediction.to_dict()`, or `{"source", "error"}` for a recording that has no answer.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

Row = Mapping[str, Any]

CSV_COLUMNS = ("source", "rank", "id", "en", "zh", "probability", "model", "taxonomy", "origin", "warnings", "error")
FILE_COLUMNS = ("size", "mtime", "tag", "tag_written")  # that the rows of a library have besides
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet runs instead of showing


def write_json(rows: Iterable[Row], out: TextIO) -> None:
    """Write one array, a line per row; it is closed even where Ctrl-C cuts the work short."""
    out.write("[")
    separator = "\n"
    try:
        for row in rows:
            out.write(separator + json.dumps(row, ensure_ascii=False))
            separator = ",\n"
            out.flush()
    finally:
        out.write("\n]\n")


def write_csv(rows: Iterable[Row], out: TextIO, columns: Sequence[str] = CSV_COLUMNS) -> None:
    """Write the columns, then a line per recording and rank; a recording without an answer has one line."""
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerows(_lines(row))
        out.flush()


def json_text(rows: Iterable[Row]) -> str:
    """Return what `write_json` writes."""
    out = io.StringIO()
    write_json(rows, out)
    return out.getvalue()


def lines_text(rows: Iterable[Row]) -> str:
    """Return JSON lines, one for each row."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def csv_text(rows: Iterable[Row]) -> str:
    """Return what `write_csv` writes."""
    out = io.StringIO()
    write_csv(rows, out)
    return out.getvalue()


def _lines(row: Row) -> Iterator[Row]:
    facts = {name: row[name] for name in FILE_COLUMNS if name in row}
    guarded = {name: no_formula(value, "'") if isinstance(value, str) else value for name, value in facts.items()}
    common = {"source": no_formula(row["source"]), **guarded}
    if "error" in row:
        yield {**common, "error": no_formula(row["error"])}  # it begins with the file's name
        return
    common |= {
        "model": row["model"],
        "taxonomy": row["taxonomy"],
        "origin": row["weights"]["origin"],
        "warnings": " ".join(row["warnings"]),
    }
    for rank, answer in enumerate(row["top"], start=1):
        yield {**common, "rank": rank, **answer}


def no_formula(text: str, guard: str = "./") -> str:
    """Return a text that no spreadsheet takes for a formula; the default guard leaves a path the same path."""
    return f"{guard}{text}" if text.startswith(FORMULA_STARTS) else text
