"""Data sets of the Hugging Face Hub, or saved in its formats, as files and a CSV that `genre.datasets` reads.

Through the library `datasets`, which is optional; it only finds and hands over the bytes, and decodes nothing.
"""

import csv
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre.datasets import AUDIO_SUFFIXES, GROUP_COLUMNS, SPLITS
from genre.errors import SettingsError

if TYPE_CHECKING:
    import datasets

log = logging.getLogger(__name__)

HUB = "hub:"  # before the id of a data set on the Hub, so that no mistyped path is looked for there
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
DATA_SUFFIXES = frozenset({".parquet", ".arrow"})
TABLE = "labels.csv"
LABEL_NAMES = ("genre", "label", "genres", "labels")  # in this order, where no column is a class label


def is_hub_dataset(source: str) -> bool:
    """Whether a source is hub:OWNER/NAME, or a local folder of a data set's parquet or arrow files."""
    path = Path(source)
    if path.is_dir():
        return any(file.suffix in DATA_SUFFIXES for pattern in ("*", "*/*") for file in path.glob(pattern))
    return source.startswith(HUB)


def materialise(
    source: str,
    folder: Path,
    transform: str,
    *,
    subset: str | None = None,
    label: str | None = None,
    group: str | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the sounds or pictures of a data set into a folder and return the CSV that lists them.

    Sounds are preferred; else the picture column named like the transform, or the only one. The label is the column
    of that name, else the class label with the most classes. What must not be torn (a recording, an artist) is told by
    the column `group`, else by the first of GROUP_COLUMNS that there is; a warning says that there is none. Splits of
    other names than SPLITS are left alone. A folder that has the CSV already is taken as it is. SettingsError: the
    library is missing, the data set cannot be had, there is no such column or split, the folder holds something else.
    """
    table, wanted = folder / TABLE, folder / "wanted.json"
    asked = {"source": source, "subset": subset, "label": label, "group": group, "transform": transform}
    if table.exists():
        try:
            held = json.loads(wanted.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{wanted} is damaged; delete {folder} and start again.") from error
        if {"group": None, **held} != asked:  # an earlier version knew no group
            raise SettingsError(f"{folder} holds another data set, or another part of it; choose another run folder.")
        _warn_of_cuts(source, folder)
        return table
    splits = _loaded(source, subset)
    features = next(iter(splits.values())).features
    content = _content_column(features, transform, source)
    label = _label_column(features, label, source)
    group = _group_column(features, group, label, source)
    total, done, unlabelled = sum(len(part) for part in splits.values()), 0, 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wanted.write_text(json.dumps(asked), encoding="utf-8")
        part_table = table.with_suffix(".part")
        with part_table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("path", "label", *(["group"] if group else []), "split"))
            for split, part in splits.items():
                needed = [content, label, *([group] if group else [])]  # other sounds and pictures would be decoded
                for name, row in _files(part.select_columns(needed), split, content, local=Path(source).is_dir()):
                    done += 1
                    if report:
                        report(done, total)
                    said = _said(row[label], features[label])
                    if not said or not row[content]:
                        unlabelled += 1
                        continue
                    path = folder / name
                    if not path.exists() or path.stat().st_size != len(row[content]["bytes"]):
                        path.write_bytes(row[content]["bytes"])
                    writer.writerow((name, said, *([row[group]] if group else []), split))
        part_table.replace(table)
        if unlabelled:
            log.warning("%s: rows without a label or content, and left alone: %d", source, unlabelled)
    except OSError as error:
        raise SettingsError(f"{source} cannot be written to {folder}: {error.strerror or error}.") from error
    _warn_of_cuts(source, folder)
    return table


def may_be_cuts(folder: Path) -> bool:
    """Whether a folder holds a data set whose rows name no recording, so that some may be cuts of one."""
    table = folder / TABLE
    if not table.exists():
        return False
    with table.open(encoding="utf-8") as file:
        return "group" not in file.readline().strip().split(",")


def _warn_of_cuts(source: str, folder: Path) -> None:
    if may_be_cuts(folder):
        log.warning(
            "%s: its rows name no recording, artist or album; cuts of one recording may be both learned from and "
            "checked on. If a column tells them apart, name it with --group-column.",
            source,
        )


def _loaded(source: str, subset: str | None) -> "Mapping[str, datasets.Dataset]":
    """Return the data set's splits."""
    local = Path(source)
    name = source.removeprefix(HUB)
    if not local.is_dir() and not HUB_ID.fullmatch(name):
        raise SettingsError(f"{source} is no data set of the Hugging Face Hub; they are written hub:OWNER/NAME.")
    try:
        import datasets
    except ImportError as error:
        raise SettingsError(
            f"To read the data set {source}, install the library for that: pip install 'datasets>=4'."
        ) from error
    datasets.disable_progress_bars()
    try:
        if (local / "state.json").is_file() or (local / "dataset_dict.json").is_file():
            found = datasets.load_from_disk(source)
        else:
            found = datasets.load_dataset(str(local.absolute()) if local.is_dir() else name, subset)
    except Exception as error:  # whatever the hub, the network or a damaged file makes the library raise
        lines = str(error).strip().splitlines()
        raise SettingsError(
            f"The data set {source} cannot be loaded ({type(error).__name__}: {lines[0] if lines else ''}). Check its "
            "name, --subset and the network, or give a folder with one sub-folder per genre, or a CSV."
        ) from error
    if not isinstance(found, datasets.DatasetDict):
        return {"": found}
    known = {str(split): part for split, part in found.items() if str(split) in SPLITS}
    others = ", ".join(str(split) for split in found if str(split) not in SPLITS)
    if not known:
        raise SettingsError(f"{source} has no split called {' or '.join(SPLITS)}; it has: {others}.")
    if others:
        log.warning("%s: splits that are none of %s, and left alone: %s", source, ", ".join(SPLITS), others)
    return known


def _content_column(features: Mapping[str, Any], transform: str, source: str) -> str:
    kinds = {name: type(feature).__name__ for name, feature in features.items()}
    sounds = [name for name, kind in kinds.items() if kind == "Audio"]
    pictures = [name for name, kind in kinds.items() if kind == "Image"]
    if sounds:
        return sounds[0]
    if transform in pictures:
        return transform
    if len(pictures) == 1:
        return pictures[0]
    raise SettingsError(
        f"{source} has no column of sounds, nor one of pictures called {transform}; its columns are: "
        f"{', '.join(f'{name} ({kind})' for name, kind in kinds.items())}."
    )


def _label_column(features: Mapping[str, Any], wanted: str | None, source: str) -> str:
    if wanted in features:
        return str(wanted)
    classes = {name: len(f.names) for name, f in features.items() if type(f).__name__ == "ClassLabel"}
    named = [name for name in LABEL_NAMES if name in features]
    if wanted is None and (classes or named):
        return max(classes, key=lambda name: classes[name]) if classes else named[0]
    known = ", ".join(features)
    if wanted is None:
        raise SettingsError(f"{source} has no column of class labels; choose one with --label-column: {known}.")
    raise SettingsError(f"{source} has no column {wanted}; choose one with --label-column: {known}.")


def _group_column(features: Mapping[str, Any], wanted: str | None, label: str, source: str) -> str | None:
    if wanted is not None and (wanted not in features or wanted == label):
        others = ", ".join(name for name in features if name != label)
        raise SettingsError(f"{source} has no column {wanted} besides that of the genres; choose one of: {others}.")
    return wanted or next((name for name in GROUP_COLUMNS if name in features and name != label), None)


def _said(value: Any, feature: Any) -> str:
    """Return a row's label as text; "" where it has none, which the class -1 says too."""
    if hasattr(feature, "int2str"):
        return "" if value is None or value < 0 else str(feature.int2str(value))
    return "" if value is None else str(value)


def _files(
    part: "datasets.Dataset", split: str, content: str, *, local: bool
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (file name, row) with the content's bytes as they are stored; only a local data set may name files."""
    import datasets

    is_picture = isinstance(part.features[content], datasets.Image)
    kind = datasets.Image if is_picture else datasets.Audio
    for index, row in enumerate(part.cast_column(content, kind(decode=False))):
        stated = (row[content] or {}).get("path") or ""
        if row[content] and row[content]["bytes"] is None:  # the data set holds a path, not the file
            if not local:
                raise SettingsError(
                    f"A row of split {split!r} names a file of this machine, {stated}; that is not read."
                )
            row[content]["bytes"] = Path(stated).read_bytes()
        suffix = Path(stated).suffix.lower()
        if is_picture:
            suffix = ".png"  # Pillow looks at the content; the name only says that it is a picture
        elif suffix not in AUDIO_SUFFIXES:
            suffix = ".audio"
        yield f"{split or 'all'}_{index:06d}{suffix}", row
