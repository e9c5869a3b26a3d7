"""Which clips a run learns from and which it is checked on.

Clips of one group (a work, an album, an artist) resemble each other beyond their genre, so no group is on both sides.
"""

import logging
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genre.datasets import Clip

log = logging.getLogger(__name__)

DRAWS = 16  # of groups, the best of which counts
MUCH = 1.5  # times the share that was asked for is worth a warning
NEARER = 1e-9  # by which a group must bring a label nearer to what is wanted: more than rounding


def split_groups(clips: Sequence[Clip], share: float, seed: int) -> NDArray[np.bool_]:
    """Return True for the clips kept for validation, and log how many those are of every label.

    Where some clips say that their split is validation, those are. Else whole groups, so that they hold about `share`
    of the clips of every label, and at least one group but never all; a group may be of several labels. Groups of split
    train are among them only where a label has no others.
    """
    stated = any(clip.split == "validation" for clip in clips)
    chosen = set() if stated else _held_groups(clips, share, seed)
    held = np.array([clip.split == "validation" if stated else clip.group in chosen for clip in clips])
    totals = Counter(clip.label for clip in clips)
    kept = Counter(clip.label for clip, is_held in zip(clips, held, strict=True) if is_held)
    counts = ", ".join(f"{label} {totals[label] - kept[label]}/{kept[label]}" for label in sorted(totals))
    log.info("clips learned from / checked on: %s", counts)
    much = [label for label in sorted(kept) if kept[label] > max(1.0, MUCH * share * totals[label])]
    if much and not stated:
        log.warning(
            "more than the share of %g is checked on, because no group (artist, album) may be torn: %s",
            share,
            ", ".join(f"{label} {kept[label]} of {totals[label]}" for label in much),
        )
    return held


def _held_groups(clips: Sequence[Clip], share: float, seed: int) -> set[str]:
    """Return the groups to hold out: of some draws at random, the one that comes nearest to the share of every label.

    A draw goes through a label's groups in random order and takes those that bring their labels nearer to it.
    """
    totals = Counter(clip.label for clip in clips)
    sizes: dict[str, Counter[str]] = {}  # of every group, clips by label
    for clip in clips:
        sizes.setdefault(clip.group, Counter())[clip.label] += 1
    groups_of: dict[str, list[str]] = {label: [] for label in totals}
    for group in sorted(sizes):
        for label in sizes[group]:
            groups_of[label].append(group)
    wanted = {label: min(max(1.0, share * total), total - 1.0) for label, total in totals.items()}  # clips
    to_learn = {clip.group for clip in clips if clip.split == "train"}
    free = {label: [group for group in groups if group not in to_learn] for label, groups in groups_of.items()}
    if without := sorted(label for label, groups in free.items() if not groups):
        log.info("no row is of split validation, so that some of split train are checked on: %s", ", ".join(without))
    labels = sorted(totals, key=lambda label: (len(groups_of[label]), label))  # those with little choice first
    generator = np.random.default_rng(seed)

    def draw() -> tuple[set[str], dict[str, float]]:
        """Return groups, and by how many clips each label is then off."""
        chosen: set[str] = set()
        held: Counter[str] = Counter()  # clips
        left = {label: len(groups) for label, groups in groups_of.items()}

        def is_free(group: str) -> bool:
            return group not in chosen and all(left[label] > 1 for label in sizes[group])

        def farther(group: str) -> float:
            """Return by what share of a label's clips the group takes its labels away from what is wanted of them."""
            return sum(
                (abs(held[label] + count - wanted[label]) - abs(held[label] - wanted[label])) / totals[label]
                for label, count in sizes[group].items()
            )

        def hold(group: str) -> None:
            chosen.add(group)
            held.update(sizes[group])
            for label in sizes[group]:
                left[label] -= 1

        for label in labels:
            groups = free[label] or groups_of[label]
            groups = [groups[index] for index in generator.permutation(len(groups))]
            for group in groups:
                if is_free(group) and farther(group) < -NEARER:
                    hold(group)
            if not held[label] and (possible := list(filter(is_free, groups))):
                hold(min(possible, key=farther))
        return chosen, {label: abs(held[label] - wanted[label]) for label in totals}

    best, least = set[str](), math.inf
    for _ in range(DRAWS):
        chosen, off = draw()
        error = sum(off[label] / totals[label] for label in totals)
        if error < least:
            best, least = chosen, error
        if max(off.values()) <= 0.5:  # of a clip: no draw comes nearer
            break
    return best
