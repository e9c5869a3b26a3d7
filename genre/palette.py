"""The colours and letters of the segments of a timeline: sixteen colours that differ on white and on black paper.

Found by a search for the greatest smallest difference (CIEDE2000, 18 between the closest two) among colours of at least
3:1 contrast with either paper. Neighbours in the list are far apart in hue, as neighbours in a taxonomy are alike.
A letter says the same to who sees no colours.
"""

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

COLOURS = (
    *("#00796d", "#9e3db6", "#b6866d", "#6d9e79", "#aa86b6", "#c23d0c", "#007918", "#4961c2"),
    *("#ff5555", "#799e00", "#0092ff", "#9e5561", "#c28600", "#009eb6", "#ff499e", "#866131"),
)
QUIET = "#808a96"  # of what has no genre
INKS = ("#ffffff", "#000000")


LETTERS = string.ascii_uppercase + string.ascii_lowercase
NO_GENRE = {"not_music": ("·", QUIET), "silence": (" ", "")}  # letter and paper of these kinds


@dataclass(frozen=True)
class Mark:
    """How a segment is drawn."""

    letter: str
    paper: str  # "#rrggbb"; nothing where nothing is drawn
    ink: str  # of the letter


def marks(segments: Iterable[tuple[str, str]], genres: Sequence[str]) -> list[Mark]:
    """Return the marks of segments, each given as its kind and its id: letters in the order of appearance.

    genres: the ids of the taxonomy; a genre has the same colour in every recording, as far as the colours go.
    """
    seen: dict[str, Mark] = {}
    found = []
    for kind, name in segments:
        if kind in NO_GENRE:
            letter, paper = NO_GENRE[kind]
            found.append(Mark(letter, paper, ink(paper) if paper else ""))
        else:
            paper = COLOURS[genres.index(name) % len(COLOURS)]
            found.append(seen.setdefault(name, Mark(LETTERS[len(seen) % len(LETTERS)], paper, ink(paper))))
    return found


def ink(paper: str) -> str:
    """Return what is readable on a colour: white or black, whichever contrasts more."""
    return max(INKS, key=lambda candidate: contrast(candidate, paper))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours "#rrggbb", 1 to 21 (WCAG 2.2, relative luminance of sRGB)."""
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def _luminance(value: str) -> float:
    red, green, blue = (_linear(int(value[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(level: float) -> float:
    return float(level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4)
