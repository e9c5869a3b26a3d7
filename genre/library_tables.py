"""The rows of a library as a table for other programs: CSV for spreadsheets, Parquet for data frames.

Neither can be appended to safely, so both are written from the JSON lines, in one step.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre.errors import SettingsError
from genre.rows import CSV_COLUMNS, FILE_COLUMNS, Row, write_csv

if TYPE_CHECKING:
    import pyarrow

FORMATS = (".jsonl", ".csv", ".parquet")
ROWS_AT_ONCE = 1_000  # of a Parquet file are put together in memory


def check(out: Path) -> None:
    """Raise SettingsError where a format is not known, or what writes it is not installed."""
    if out.suffix.lower() not in FORMATS:
        raise SettingsError(f"{out} must end in one of {', '.join(FORMATS)}: that says what is written.")
    if out.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise SettingsError(
            "Parquet is written with pyarrow, which is not installed: pip install pyarrow, or choose a name in .jsonl "
            "or .csv."
        )


def write(rows: Iterable[Row], out: Path) -> None:
    """Write a CSV or a Parquet file, by its suffix, in one step; OSError where that cannot be, and nothing changes."""
    _replace(out, lambda part: (_write_csv if out.suffix.lower() == ".csv" else _write_parquet)(rows, part))


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _write_csv(rows: Iterable[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        write_csv(rows, file, (*CSV_COLUMNS, *FILE_COLUMNS))


def _write_parquet(rows: Iterable[Row], path: Path) -> None:
    """Write a row per recording, with its answers and windows in it."""
    import pyarrow
    from pyarrow import parquet

    schema = _schema()
    stream = iter(rows)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := [_printable(row) for row in islice(stream, ROWS_AT_ONCE)]:
            writer.write_table(pyarrow.Table.from_pylist(group, schema))


def _schema() -> "pyarrow.Schema":
    """Return the columns; stated, because a part that only has errors would tell nothing of them."""
    import pyarrow

    text, number = pyarrow.string(), pyarrow.float64()
    texts = ("origin", "trained_on", "measured_on", "sha256")
    top = pyarrow.struct([("id", text), ("en", text), ("zh", text), ("probability", number)])
    window = pyarrow.struct([("start", number), ("end", number), ("probabilities", pyarrow.map_(text, number))])
    columns = {
        "source": text,
        "model": text,
        "taxonomy": text,
        "weights": pyarrow.struct([*((name, text) for name in texts), ("accuracy", number)]),
        "top": pyarrow.list_(top),
        "windows": pyarrow.list_(window),
        "warnings": pyarrow.list_(text),
        "music": number,
        "unsure_below": number,
        "seconds": pyarrow.map_(text, number),
        "size": pyarrow.int64(),
        "mtime": number,
        "tag": text,
        "tag_written": text,
        "error": text,
    }
    return pyarrow.schema(list(columns.items()))


def _printable(value: Any) -> Any:
    """Return a row with nothing in it that UTF-8 cannot hold: the name of a recording need not be Unicode."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _printable(one) for key, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list) else value
