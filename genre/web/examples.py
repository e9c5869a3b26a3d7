"""The clips that come with the product, one click away."""

from dataclasses import dataclass
from pathlib import Path

import genre
from genre.labels import TAXONOMIES, Genre, Language, display
from genre.web.texts import text

SUFFIXES = frozenset({".opus", ".ogg", ".mp3", ".flac", ".wav", ".m4a"})
EXAMPLES_MAX = 48  # more would be a library, not examples
LESSONS = {"classroom/c_major.mp3": "lesson_major", "classroom/c_minor.mp3": "lesson_minor"}


@dataclass(frozen=True)
class Example:
    """A clip whose file name tells its genre."""

    path: Path
    genre: Genre

    def caption(self, language: Language) -> str:
        """Return what its button says."""
        return display(self.genre, language)


@dataclass(frozen=True)
class Lesson:
    """A clip for the classroom, whose caption is a sentence of the page."""

    path: Path
    key: str  # of TEXTS

    def caption(self, language: Language) -> str:
        """Return what its button says."""
        return text(self.key, language)


def folder() -> Path:
    """Return where the clips are: beside the package in a checkout, inside it in a wheel."""
    package = Path(genre.__file__).parent
    # Beside an installed package lie other people's folders, so a checkout is recognised by its pyproject.toml.
    checkout = package.parent / "examples"
    return checkout if (package.parent / "pyproject.toml").is_file() else package / "embedded" / "examples"


def find_examples(where: Path | None = None) -> tuple[Example, ...]:
    """Return the clips in the order of their taxonomy; files that name no genre are left out."""
    where = where or folder()
    known = [genre_ for taxonomy in TAXONOMIES.values() for genre_ in taxonomy.genres]
    found = []
    for path in sorted(where.iterdir()) if where.is_dir() else ():
        named = [genre_ for genre_ in known if genre_.id in path.stem.lower()]
        if named and path.suffix.lower() in SUFFIXES:
            found.append(Example(path, max(named, key=lambda genre_: len(genre_.id))))
    return tuple(sorted(found, key=lambda example: known.index(example.genre))[:EXAMPLES_MAX])


def find_lessons(where: Path | None = None) -> tuple[Lesson, ...]:
    """Return the clips for the classroom that are there."""
    where = where or folder()
    return tuple(Lesson(where / name, key) for name, key in LESSONS.items() if (where / name).is_file())
