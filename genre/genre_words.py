"""What a user calls our genres: the words that are written into tags, and what the words in tags mean.

Without a file of their own these are the English names; with one, YAML such as `soft_rock: Rock`, whatever it names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from genre.errors import SettingsError
from genre.labels import Genre, Taxonomy
from genre.tags import SEPARATOR

FILE_BYTES_MAX = 1 << 16  # of a map of genres
WORD_CHARACTERS_MAX = 100
SIGNS = re.compile(r"[/&]")


@dataclass(frozen=True)
class Words:
    """A word for every genre of a taxonomy."""

    of: Mapping[str, str]  # by id
    _meanings: Mapping[str, frozenset[str]] = field(repr=False)  # ids by folded word

    def meant_by(self, tag: str) -> frozenset[str]:
        """Return the ids of the genres that a file's tag can mean; none where the word is not known."""
        return frozenset().union(*(self._meanings.get(folded(word), frozenset()) for word in tag.split(SEPARATOR)))


def words(taxonomy: Taxonomy, path: Path | None = None) -> Words:
    """Return the English names, or what a YAML file has in their place; SettingsError says what is wrong with it."""
    chosen = {genre.id: genre.en for genre in taxonomy.genres} | (_read(path, taxonomy) if path else {})
    meanings: dict[str, set[str]] = {}
    for genre in taxonomy.genres:
        for word in (*_names(genre), chosen[genre.id]):
            meanings.setdefault(folded(word), set()).add(genre.id)
    return Words(chosen, {word: frozenset(ids) for word, ids in meanings.items()})


def folded(word: str) -> str:
    """Return a word as it is compared: without regard to case and blanks, and "R&B/Soul" spaced as "R & B / Soul"."""
    return " ".join(SIGNS.sub(r" \g<0> ", word).split()).casefold()


def _names(genre: Genre) -> tuple[str, str, str]:
    return genre.id, genre.en, genre.zh


def _read(path: Path, taxonomy: Taxonomy) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(content) > FILE_BYTES_MAX:
        raise SettingsError(f"{path} is too long for a map of genres; the most are {FILE_BYTES_MAX} bytes.")
    try:
        found = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{path} must be a map from genres to words, a line for each, such as `soft_rock: Rock`.")
    ids = {folded(name): genre.id for genre in taxonomy.genres for name in _names(genre)}
    chosen: dict[str, str] = {}
    for key, word in found.items():
        genre_id = ids.get(folded(str(key)))
        if genre_id is None:
            raise SettingsError(f"{path}: there is no genre {key!r}; there are: {', '.join(taxonomy.ids)}.")
        if genre_id in chosen:
            raise SettingsError(f"{path}: {genre_id} has two words; give it one.")
        chosen[genre_id] = _checked(path, genre_id, word)
    return chosen


def _checked(path: Path, genre_id: str, word: object) -> str:
    if not isinstance(word, str):
        raise SettingsError(f"{path}: the word for {genre_id} is no text: {word!r}. Put quotes around it.")
    word = word.strip()
    if not word or not word.isprintable() or len(word) > WORD_CHARACTERS_MAX or SEPARATOR.strip() in word:
        raise SettingsError(
            f"{path}: the word for {genre_id} must be one line of 1 to {WORD_CHARACTERS_MAX} letters, without "
            f"{SEPARATOR.strip()!r}."
        )
    return word
