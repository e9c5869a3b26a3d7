"""Which recordings there are to learn from or to measure on, and what is known of each.

A source is a folder with a sub-folder per genre, or a CSV. Nothing here opens a recording.
"""

import csv
import json
import logging
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genre.errors import SettingsError
from genre.labels import Taxonomy

log = logging.getLogger(__name__)

# What a folder's files are taken for recordings by; a CSV may name files of any suffix.
AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".w64", ".rf64", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".mp4", ".3gp"}
    | {".aac", ".webm", ".mka", ".mkv", ".wma", ".aif", ".aiff", ".au", ".caf"}
)
GROUP_COLUMNS = ("group", "artist", "album")  # the first that is filled in says what must not be torn
WEIGHT_MAX = 1_000.0
SPLITS = ("train", "validation", "test")
SEPARATORS = ",;\t"  # of a table's columns: which one is seen in its first line
SHOWN = 5  # files or groups named in a message
NUMBER = re.compile(r"^\d{1,2}_(?=\D)")  # before a name, as CCMusic has it: "10_Soul_or_RnB"; "1980 rock" is a name


@dataclass(frozen=True)
class Clip:
    """One labelled recording.

    Clips of one group (a work, an album, an artist) fall into one split, unless `split` itself says otherwise.
    """

    path: Path
    label: str
    group: str
    weight: float = 1.0  # how many times an epoch shows it; 0.5 is every other epoch, at random
    domain: str = ""  # where it comes from, such as "rendered" or "real"
    split: str = ""  # "train", "validation" (chooses the epoch), "test" (never trained on); "" leaves it to the run


def read(source: Path, split: str | None = None) -> list[Clip]:
    """Return the clips of a folder with one sub-folder per genre, or of a CSV.

    Folder: the recordings below a sub-folder, at any depth, are of its genre; the first folder below the genre's is
    their group, or the recording alone where it lies directly in the genre's. Links are followed. What is left alone is
    counted in the log, and a folder that cannot be read is named there.
    CSV: columns path and label, and optionally group (or artist, or album), weight, domain and split; relative paths
    start at the table. `split` keeps the rows of that split only. A group that the table tears is named in the log.

    SettingsError: no such source, nothing in it, a missing column or file, a cell out of range, a file with two labels,
    groups or splits.
    """
    if source.is_dir():
        if split is not None:
            raise SettingsError(f"{source} is a folder, and only a CSV with a column split has a split {split!r}.")
        try:
            clips = _distinct(_folder(source), source, ("label",))
        except OSError as error:
            raise SettingsError(f"{source} cannot be read: {error.strerror or error}.") from error
    elif source.is_file():
        clips = _distinct(_table(source), source, ("label", "group", "split"))
        _warn_of_torn_groups(clips, source)
        clips = [clip for clip in clips if split is None or clip.split == split.lower()]
    else:
        raise SettingsError(f"{source} does not exist; give a folder with one sub-folder per genre, or a CSV.")
    if not clips:
        if split is not None:
            raise SettingsError(
                f"{source} holds no recordings of split {split!r}; give it rows of that, or leave it out."
            )
        raise SettingsError(f"{source} holds no recordings; it needs a sub-folder per genre, or rows.")
    return clips


def read_mapping(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the genre ids that are compatible with each coarse label.

    A JSON object {"label": ["genre_id", …]}, or a CSV with the columns label and genre_id, a row for each pair.
    SettingsError: neither of them, or a label without genres.
    """
    if path.suffix.lower() == ".csv":
        pairs = [(row["label"], row["genre_id"]) for _, row in _rows(path, ("label", "genre_id"))]
        mapping = {label: tuple(dict.fromkeys(g for of, g in pairs if of == label)) for label, _ in pairs}
    else:
        try:
            stated = json.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            raise SettingsError(f"{path} is not JSON: {error}.") from error
        if not isinstance(stated, dict) or not all(
            isinstance(ids, list) and all(isinstance(genre_id, str) for genre_id in ids) for ids in stated.values()
        ):
            raise SettingsError(f'{path} must be an object {{"label": ["genre_id", …]}}.')
        mapping = {label: tuple(dict.fromkeys(ids)) for label, ids in stated.items()}
    empty = [label for label, ids in mapping.items() if not label or not ids or not all(ids)]
    if empty:
        raise SettingsError(f"{path} gives no genres for {empty[0]!r}.")
    if not mapping:
        raise SettingsError(f"{path} gives no genres.")
    return mapping


def read_names(path: Path) -> dict[str, str]:
    """Return the Chinese names of labels from a CSV with the columns label and label_zh; none where it lacks them."""
    names: dict[str, str] = {}
    for line, row in _rows(path, ("label",)):
        name = row.get("label_zh", "")
        if name and names.setdefault(row["label"], name) != name:
            raise SettingsError(f"{path}, line {line}: {row['label']!r} is called {names[row['label']]} and {name}.")
    return names


def genre_of(label: str, taxonomy: Taxonomy) -> str | None:
    """Return the id of the genre that a label means: its id, or its English or Chinese name, however they are written.

    Upper case, spaces, hyphens and a number before the name ("10_Soul_or_RnB") make no difference. None: none of them.
    """
    return _understood(label, taxonomy)[0]


def compatible(
    clips: Sequence[Clip], taxonomy: Taxonomy, mapping: Mapping[str, Sequence[str]] | None = None
) -> NDArray[np.bool_]:
    """Return which genres each clip may be, bool [clips, classes]: one, or all that its coarse label is mapped to.

    A label in the mapping is coarse even if a genre is called the same. SettingsError lists every label that is
    neither in the mapping nor a genre of the taxonomy, or names two that only a number before the name tells apart.
    """
    rows: dict[str, NDArray[np.bool_]] = {}
    unknown = []
    meant: dict[str, tuple[str, str]] = {}  # genre id -> first label that means it, and the number before its name
    for label in sorted({clip.label for clip in clips}):
        rows[label] = np.zeros(len(taxonomy), dtype=np.bool_)
        for said in (mapping or {}).get(label, (label,)):
            genre_id, number = _understood(said, taxonomy)
            if genre_id is None:
                unknown.append(said)
                continue
            rows[label][taxonomy.ids.index(genre_id)] = True
            first, first_number = meant.setdefault(genre_id, (said, number))
            if number != first_number:
                raise SettingsError(
                    f"The labels {first!r} and {said!r} would both be {genre_id}: only a number before the name tells "
                    'them apart. If they are one genre, call them the same; if they are two, write it as in "80s pop".'
                )
    if unknown:
        raise SettingsError(
            f"Not understood as genres of {taxonomy.id}: {', '.join(unknown)}. It has: {', '.join(taxonomy.ids)}. "
            "Rename the labels, or map each to one or more of these genres."
        )
    return np.stack([rows[clip.label] for clip in clips])


def stamp(path: Path) -> list[int] | None:
    """Return [size in bytes, time of change in ns], by which a file is known again; None where it is not to be seen."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


def _understood(label: str, taxonomy: Taxonomy) -> tuple[str | None, str]:
    """Return the id of the genre that a label means, and the number that stands before its name; None: none of them."""
    number = NUMBER.match(label)
    for taken_off in ("", number[0]) if number else ("",):
        wanted = _plain(label.removeprefix(taken_off))
        for genre in taxonomy.genres:
            if wanted in (_plain(genre.id), _plain(genre.en), _plain(genre.zh)):
                return genre.id, taken_off
    return None, ""


def _plain(name: str) -> str:
    """Return what two ways of writing a genre have in common: "Soul / R&B", "soul_or_r_and_b", "Soul_or_RnB"."""
    name = re.sub(r"\br\s*(&|n|'n')\s*b\b|(?<![^\W_])rnb(?![^\W_])", "r_and_b", name.casefold())
    name = name.replace("&", " and ").replace("/", " or ")
    return re.sub(r"[\W_]+", "", name)


def _folder(source: Path) -> list[Clip]:
    clips: list[Clip] = []
    astray = ignored = 0
    for genre in sorted(source.iterdir()):
        is_genre = genre.is_dir() and not genre.name.startswith(".")
        for path in files(genre) if is_genre else [genre]:
            if path.suffix.lower() not in AUDIO_SUFFIXES or path.name.startswith("."):
                ignored += 1
            elif is_genre:
                first, *deeper = path.relative_to(genre).parts
                clips.append(Clip(path, genre.name, f"{genre.name}/{first if deeper else path.stem}"))
            else:
                astray += 1
    if astray:
        log.warning("%s: recordings in no genre's folder, and left alone: %d", source, astray)
    if ignored:
        log.info("%s: files that are hidden or not recordings, and left alone: %d", source, ignored)
    return clips


def _tell(error: OSError) -> None:
    log.warning("left out: %s: the folder cannot be read: %s", error.filename, error.strerror)


def files(folder: Path, tell: Callable[[OSError], object] = _tell) -> Iterator[Path]:
    """Yield the files below a folder in a fixed order; hidden folders are not entered, and none twice by a link.

    `tell` hears of folders that cannot be read.
    """
    entered = set()
    for parent, folders, names in os.walk(folder, onerror=tell, followlinks=True):
        if (real := os.path.realpath(parent)) in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names))


def _table(table: Path) -> list[Clip]:
    clips = []
    missing = []
    alone: dict[str, str] = {}  # file -> the way its path was first written, which is its group if none is stated
    for line, row in _rows(table, ("path", "label")):
        path = table.parent / row["path"]
        if not row["path"] or not row["label"]:
            raise SettingsError(f"{table}, line {line}: the path or the label is empty.")
        if not path.is_file():
            missing.append(path)
        stated = next((row[name] for name in GROUP_COLUMNS if row.get(name)), "")
        group = stated or alone.setdefault(os.path.realpath(path), row["path"])
        weight = _weight(row.get("weight", ""), f"{table}, line {line}")
        split = row.get("split", "").lower()
        if split not in ("", *SPLITS):
            raise SettingsError(f"{table}, line {line}: split is {split!r}; it must be {', '.join(SPLITS)}, or empty.")
        clips.append(Clip(path, row["label"], group, weight, row.get("domain", ""), split))
    if missing:
        raise SettingsError(f"{table}: {_listed(missing)} does not exist.")
    return clips


def _rows(table: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield (line, row) of a CSV whose header has the columns, in any case; cells are stripped, missing ones empty."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(SEPARATORS, key=first.count))
            header = [name.strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            if absent := [name for name in columns if name not in header]:
                raise SettingsError(
                    f"{table}: the column {' and '.join(absent)} is missing; its first line has: "
                    f"{', '.join(header) or 'nothing'}."
                )
            for row in reader:
                yield reader.line_num, {key: (value or "").strip() for key, value in row.items() if key is not None}
    except OSError as error:
        raise SettingsError(f"{table} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{table} is not a CSV in UTF-8; in a spreadsheet, save it as “CSV UTF-8”.") from error


def _weight(text: str, where: str) -> float:
    try:
        weight = float(text or 1.0)
    except ValueError:
        weight = math.nan
    if not 0 < weight <= WEIGHT_MAX:
        raise SettingsError(f"{where}: weight is {text!r}; it must be a number above 0 and up to {WEIGHT_MAX:g}.")
    return weight


def _distinct(clips: list[Clip], source: Path, facts: Sequence[str]) -> list[Clip]:
    """Return each file once, by whatever links; SettingsError where two clips of it differ in one of the facts."""
    known: dict[str, Clip] = {}
    for clip in clips:
        first = known.setdefault(os.path.realpath(clip.path), clip)
        for fact in facts:
            one, other = getattr(first, fact), getattr(clip, fact)
            if one != other:
                if first.path != clip.path:
                    raise SettingsError(
                        f"{source}: {clip.path}, which is {first.path} too, has the {fact} {one!r} and {other!r}; "
                        "choose one."
                    )
                raise SettingsError(f"{source}: {clip.path} has the {fact} {one!r} and {other!r}; choose one.")
    if len(known) < len(clips):
        log.warning("%s: clips of files that were named before, and left alone: %d", source, len(clips) - len(known))
    return list(known.values())


def _warn_of_torn_groups(clips: Sequence[Clip], source: Path) -> None:
    splits_of: dict[str, set[str]] = {}
    for clip in clips:
        splits_of.setdefault(clip.group, set()).add(clip.split or "train")
    if torn := [group for group, splits in splits_of.items() if len(splits) > 1]:
        log.warning("%s: in more than one split, so that nothing of them is held out: groups %s", source, _listed(torn))


def _listed(names: Sequence[object]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(map(str, names[:SHOWN]))}{more}"
