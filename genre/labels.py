"""Taxonomies: which genres exist, in which order a network emits them, and what people call them.

A checkpoint names its taxonomy; the app never assumes one. The order of `Taxonomy.genres` is the order
of the network's output units.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from genre.errors import ModelError

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True)
class Genre:
    """One class: a stable id for programs, and names for people."""

    id: str
    en: str
    zh: str
    group: str  # id of the coarser class it belongs to; its own id where it stands alone
    top: str  # id of the coarsest class: "classic" or "non_classic" where the taxonomy has such a level


@dataclass(frozen=True)
class Taxonomy:
    """An ordered set of genres."""

    id: str
    genres: tuple[Genre, ...]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Genre ids in the order of the network's outputs."""
        return tuple(genre.id for genre in self.genres)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Group ids in order of first appearance."""
        return tuple(dict.fromkeys(genre.group for genre in self.genres))

    def __getitem__(self, genre_id: str) -> Genre:
        try:
            return self.genres[self.ids.index(genre_id)]
        except ValueError:
            raise ModelError(f"Taxonomy {self.id} has no genre {genre_id!r}; it has: {', '.join(self.ids)}.") from None

    def __len__(self) -> int:
        return len(self.genres)


# The sixteen classes of the CCMusic music_genre dataset, in the order of the published checkpoints.
CCMUSIC16 = Taxonomy(
    "ccmusic16",
    (
        Genre("symphony", "Symphony", "交响乐", "symphony", "classic"),
        Genre("opera", "Opera", "歌剧", "opera", "classic"),
        Genre("solo", "Solo", "独奏", "solo", "classic"),
        Genre("chamber", "Chamber", "室内乐", "chamber", "classic"),
        Genre("pop_vocal_ballad", "Pop vocal ballad", "流行抒情", "pop", "non_classic"),
        Genre("adult_contemporary", "Adult contemporary", "成人当代", "pop", "non_classic"),
        Genre("teen_pop", "Teen pop", "青少年流行", "pop", "non_classic"),
        Genre("contemporary_dance_pop", "Contemporary dance pop", "现代舞曲", "dance_and_house", "non_classic"),
        Genre("dance_pop", "Dance pop", "舞曲流行", "dance_and_house", "non_classic"),
        Genre("classic_indie_pop", "Classic indie pop", "独立流行", "indie", "non_classic"),
        Genre("chamber_cabaret_and_art_pop", "Chamber cabaret & art pop", "艺术流行", "indie", "non_classic"),
        Genre("soul_or_r_and_b", "Soul / R&B", "灵魂乐", "soul_or_r_and_b", "non_classic"),
        Genre("adult_alternative_rock", "Adult alternative rock", "成人另类摇滚", "rock", "non_classic"),
        Genre("uplifting_anthemic_rock", "Uplifting anthemic rock", "励志摇滚", "rock", "non_classic"),
        Genre("soft_rock", "Soft rock", "软摇滚", "rock", "non_classic"),
        Genre("acoustic_pop", "Acoustic pop", "原声流行", "rock", "non_classic"),
    ),
)

# The label set of the AcousticSense article; a flat list, so each genre is its own group.
ACOUSTICSENSE16 = Taxonomy(
    "acousticsense16",
    tuple(
        Genre(genre_id, en, zh, genre_id, genre_id)
        for genre_id, en, zh in (
            ("blues", "Blues", "蓝调"),
            ("classical", "Classical", "古典"),
            ("jazz", "Jazz", "爵士"),
            ("folk", "Folk", "民谣"),
            ("pop", "Pop", "流行"),
            ("electronic", "Electronic", "电子"),
            ("disco", "Disco", "迪斯科"),
            ("rock", "Rock", "摇滚"),
            ("hip_hop", "Hip-Hop", "嘻哈"),
            ("rap", "Rap", "说唱"),
            ("metal", "Metal", "金属"),
            ("r_and_b", "R&B", "节奏布鲁斯"),
            ("reggae", "Reggae", "雷鬼"),
            ("world", "World", "世界音乐"),
            ("latin", "Latin", "拉丁"),
            ("country", "Country", "乡村"),
        )
    ),
)

TAXONOMIES: dict[str, Taxonomy] = {taxonomy.id: taxonomy for taxonomy in (CCMUSIC16, ACOUSTICSENSE16)}


def taxonomy(taxonomy_id: str) -> Taxonomy:
    """Return the built-in taxonomy of that id; ModelError lists those that exist."""
    try:
        return TAXONOMIES[taxonomy_id]
    except KeyError:
        raise ModelError(f"Unknown taxonomy {taxonomy_id!r}; known: {', '.join(TAXONOMIES)}.") from None


def display(genre: Genre, language: Language) -> str:
    """Return the genre's name in that language."""
    return genre.zh if language == "zh" else genre.en
