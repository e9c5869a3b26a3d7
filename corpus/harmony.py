"""Chord progressions in degrees, spelt as chord names for MMA and as pitch classes for our own parts."""

from dataclasses import dataclass

import numpy as np

NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)
QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "M7": (0, 4, 7, 11), "sus4": (0, 5, 7),
    "9": (0, 4, 7, 10, 2), "m9": (0, 3, 7, 10, 2), "dim": (0, 3, 6), "aug": (0, 4, 8), "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9), "dim7": (0, 3, 6, 9), "sus2": (0, 2, 7),
}  # fmt: skip
MINOR_MOODS = frozenset({"minor_ballad", "club", "minor_four", "metal", "drone", "phrygian"})

# A chord is "semitones above the tonic" + ":" + quality; a progression fills 4, 8 or 12 bars, one chord each.
PROGRESSIONS: dict[str, tuple[str, ...]] = {
    "ballad": ("0: 7: 9:m 5:", "0: 4:m 5: 7:sus4", "0: 9:m 2:m 7:", "0:M7 9:m7 5:M7 7:", "0: 7: 9:m 4:m 5: 0: 2:m 7:",
               "5: 7: 4:m 9:m 2:m 7: 0: 0:"),
    "minor_ballad": ("0:m 8: 3: 10:", "0:m 5:m 8: 7:", "0:m 10: 8: 7:7", "0:m 3: 5:m 7:7 0:m 8: 2:dim 7:7"),
    "jazzy": ("0:M7 9:m7 2:m7 7:7", "2:m9 7:7 0:M7 9:7", "0:M7 5:7 4:m7 9:7 2:m7 7:7 0:6 7:7", "5:M7 4:m7 2:m7 0:M7",
              "0:M7 2:m7 4:m7 2:m7"),
    "soft": ("0:M7 5:M7 0:M7 5:M7", "0: 2:m7 5: 0:", "5:M7 7: 4:m7 9:m7", "0: 11:dim 9:m 5:", "2:m7 7:sus4 0:M7 5:M7",
             "0: 5: 2:m7 7: 9:m 5: 10: 7:"),
    "bright": ("0: 5: 7: 5:", "0: 9:m 5: 7:", "0: 5: 0: 7:", "5: 7: 0: 9:m", "0: 0: 5: 7:", "0: 2:m 5: 7:"),
    "four_chords": ("0: 7: 9:m 5:", "9:m 5: 0: 7:", "0: 5: 9:m 7:", "5: 0: 7: 9:m"),
    "disco": ("2:m7 7:7 0:M7 9:7", "0:M7 4:m7 5:M7 7:7", "9:m7 2:m7 7:7 0:M7", "0:M7 0:M7 2:m7 7:7"),
    "club": ("0:m 8: 3: 10:", "0:m 0:m 8: 10:", "0:m 10: 8: 10:", "0:m 0:m 0:m 0:m", "8: 10: 0:m 0:m",
             "0:m 5:m 8: 10:"),
    "minor_four": ("0:m 8: 3: 10:", "0:m 10: 8: 5:m", "0:m 3: 10: 5:", "8: 3: 10: 0:m"),
    "jangle": ("0: 5: 0: 5:", "0: 2:m 5: 0:", "0: 4:m 5: 7:", "5: 7: 0: 9:m", "0: 7: 2:m 5:", "0:sus2 5: 9:m 7:",
               "0: 10: 5: 0:"),
    "modal": ("0: 10: 5: 0:", "0:m 10: 5: 5:", "0: 3: 5: 0:", "0:m 3: 10: 5:", "0: 10: 3: 5:", "0:sus2 0:sus2 8: 10:"),
    "chromatic": ("0:m 8:7 7:7 0:m", "0: 9:7 2:7 7:7", "0: 0:aug 9:m 10:7 5: 5:m6 0: 7:7",
                  "0:m 7:7 0:m 5:m6 2:dim 7:7 0:m 7:7",
                  "0:M7 3:dim7 2:m7 7:7", "0: 4:7 9:m 2:7 5: 8:7 0: 7:7", "0: 11:dim7 0: 9:7"),
    "soul": ("2:m7 0:M7 2:m7 0:M7", "0:9 5:9 0:9 5:9", "0:m7 5:9 0:m7 5:9", "0:M7 9:m9 2:m9 7:9", "5:M7 4:m7 9:m7 7:9",
             "0: 4:7 9:m 5:m6", "0:m9 0:m9 8:M7 7:7"),
    "blues": ("0:7 0:7 0:7 0:7 5:7 5:7 0:7 0:7 7:7 5:7 0:7 7:7", "0:7 5:7 0:7 0:7 5:7 5:7 0:7 0:7 7:7 5:7 0:7 7:7",
              "0:m7 0:m7 0:m7 0:m7 5:m7 5:m7 0:m7 0:m7 8:7 7:7 0:m7 7:7"),
    "country": ("0: 5: 0: 7:", "0: 0: 5: 0: 7: 5: 0: 7:", "0: 7: 5: 0:", "0: 9:m 5: 7:", "5: 5: 0: 0: 7: 7: 0: 0:"),
    "metal": ("0:m 1: 0:m 8:", "0:m 0:m 3: 1:", "0:m 8: 10: 0:m", "0:m 6: 5:m 1:", "0:m 0:m 0:m 10:"),
    "drone": ("0:m 0:m 0:m 0:m", "0:m 10: 0:m 0:m", "0:m 0:m 5:m 0:m", "0:m 10: 8: 10:"),
    "phrygian": ("0: 1: 0: 0:", "0: 1: 10:m 0:", "0:m 10: 8: 7:", "0: 0: 1: 0:"),
    "latin": ("0:m7 5:7 0:m7 5:7", "2:m7 7:7 0:M7 0:6", "0:m 5:m 7:7 0:m", "0: 5: 7:7 5:", "0:m 10: 8: 7:7"),
    "anthem": ("5: 0: 7: 9:m", "0: 5: 9:m 7:", "9:m 5: 0: 7:", "0: 7: 2:m 5:", "0: 0: 5: 5:", "5: 5: 9:m 7:"),
}  # fmt: skip


@dataclass(frozen=True)
class Chord:
    """A chord on a root pitch class."""

    root: int
    quality: str

    @property
    def name(self) -> str:
        """MMA's spelling."""
        return NAMES[self.root] + self.quality

    @property
    def tones(self) -> tuple[int, ...]:
        """Pitch classes, root first."""
        return tuple((self.root + step) % 12 for step in QUALITIES[self.quality])


def progression(mood: str, key: int, rng: np.random.Generator) -> tuple[Chord, ...]:
    """Draw a progression of that mood in a key (pitch class of the tonic)."""
    spelt = PROGRESSIONS[mood][int(rng.integers(len(PROGRESSIONS[mood])))]
    chords = []
    for item in spelt.split():
        degree, quality = item.split(":")
        chords.append(Chord((int(degree) + key) % 12, quality))
    return tuple(chords)


def scale(mood: str, key: int) -> tuple[int, ...]:
    """Return the pitch classes of the mood's scale."""
    steps = MINOR_SCALE if mood in MINOR_MOODS else MAJOR_SCALE
    return tuple((key + step) % 12 for step in steps)
