"""The classical works: the Mutopia Project's MIDI files, grouped so that no work is in two splits."""

import csv
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SHARES = {"test": 0.12, "validation": 0.12, "examples": 0.05}  # of the groups of each label; the rest is for training
LARGEST = 10  # files of a group that may leave the training split
SAME_WORK = {"VerdiG/verdi_traviata_ah_was_it_him": "VerdiG/Traviata_01"}  # what neither folder nor title gives away
LABELS = ("Symphony", "Opera?", "Chamber", "Vocal/choral", "Solo")  # rarest first: it labels a group of several kinds
FREE_LICENCES = ("Public Domain", "Creative Commons Attribution ")  # of works that may be shipped as sound
NO_LICENCE = "(none found in this file)"


@dataclass(frozen=True)
class Work:
    """One file of the collection."""

    path: Path
    label: str  # Solo, Chamber, Vocal/choral, Opera?, Symphony
    licence: str
    instrument: str
    composer: str
    title: str
    source: str  # path in the Mutopia archive
    group: str  # works that must stay in one split
    split: str
    seconds: float

    @property
    def shippable(self) -> bool:
        """Whether a rendering may be distributed with nothing but a credit."""
        return _free(self.licence)


def catalogue(folder: Path) -> list[Work]:
    """Read the collection's labels.csv; files without a licence are left out."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["licence"] != NO_LICENCE]
    groups = group_names([(row["composer"], row["title"], row["source_path"]) for row in rows])
    splits = _splits(groups, [row["label"] for row in rows], [_free(row["licence"]) for row in rows])
    return [
        Work(folder / row["file"], row["label"], row["licence"], row["instrument"], row["composer"], row["title"],
             row["source_path"], group, splits[group], float(row["seconds"]))
        for row, group in zip(rows, groups, strict=True)
    ]  # fmt: skip


def _free(licence: str) -> bool:
    return licence.startswith(FREE_LICENCES)


def _splits(groups: list[str], labels: list[str], free: list[bool]) -> dict[str, str]:
    """Assign each group to a split.

    Every label has a group in each where it can; collections of more than LARGEST files stay in training, and examples
    are free works only.
    """
    size = Counter(groups)
    rank: dict[str, int] = {}
    shippable: dict[str, bool] = {}
    for group, label, is_free in zip(groups, labels, free, strict=True):
        rank[group] = min(rank.get(group, len(LABELS)), LABELS.index(label))
        shippable[group] = shippable.get(group, True) and is_free
    splits = dict.fromkeys(rank, "train")
    for place in range(len(LABELS)):
        shuffled = sorted((g for g in rank if rank[g] == place), key=lambda g: hashlib.sha256(g.encode()).digest())
        for split, share in SHARES.items():
            small = [g for g in shuffled if splits[g] == "train" and size[g] <= LARGEST]
            open_groups = [g for g in small if split != "examples" or shippable[g]]
            for group in open_groups[: max(1, round(share * len(shuffled)))]:
                splits[group] = split
    return splits


def group_names(rows: list[tuple[str, str, str]]) -> list[str]:
    """Join rows that share composer and opus folder, or composer and title (movements and numbers dropped)."""
    parent: dict[str, str] = {}

    def find(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            key = parent[key]
        return key

    keys = []
    for composer, title, source in rows:
        folder = "/".join(source.split("/")[1:3])
        opus = SAME_WORK.get(folder, folder)
        name = f"{composer}:{_plain(title)}"
        low, high = sorted((find(opus), find(name)))
        parent[high] = low
        keys.append(opus)
    return [find(key) for key in keys]


def _plain(title: str) -> str:
    """Reduce a title to its first words: no movement, number in a collection or punctuation."""
    head = re.split(r"[(:\-–,]", title.lower())[0]
    return re.sub(r"\W+", " ", head).strip() or title.lower()
