"""`beet genre QUERY`: fill the genre of matching items with what `genre` hears in them.

    plugins: genre
    genre:
        force: no           # also where there is a genre already
        threshold:          # probability, 0 to 1; by default the one under which the model calls itself unsure
        model: vgg19_bn_cqt
        words:              # YAML file with your words for its genres, such as soft_rock: Rock

It is not called on import: a genre that somebody has chosen is worth more than a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beets.library import Item
from beets.plugins import BeetsPlugin
from beets.ui import Subcommand, UserError, print_, should_write  # type: ignore[attr-defined]

from genre.errors import GenreError
from genre.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from optparse import Values

    from beets.library import Library

    from genre.classifier import Classifier
    from genre.genre_words import Words

MULTIPLE = "genres" in Item._fields  # of newer beets an item has several


class GenrePlugin(BeetsPlugin):
    """Offers the command `genre`."""

    def __init__(self) -> None:
        super().__init__()
        self.config.add({"force": False, "pretend": False, "threshold": None, "model": DEFAULT_MODEL, "words": None})

    def commands(self) -> list[Subcommand]:
        """Return the command with its options; each goes before the configuration."""
        command = Subcommand("genre", help="fill the genre with what is heard")
        parser = command.parser
        parser.add_option("-f", "--force", action="store_true", help="also where there is a genre already")
        parser.add_option("-p", "--pretend", action="store_true", help="show what it would be, and change nothing")
        parser.add_option("-t", "--threshold", type="float", help="probability, 0 to 1, that the genre must reach")
        command.func = self._fill
        return [command]

    def _fill(self, library: Library, options: Values, query: Sequence[str]) -> None:
        self.config.set_args(options)
        force, pretend = self.config["force"].get(bool), self.config["pretend"].get(bool)
        threshold: object = self.config["threshold"].get()
        if threshold is not None and not (isinstance(threshold, int | float) and 0 <= threshold <= 1):
            raise UserError(f"genre: the threshold {threshold!r} is no probability; give a number from 0 to 1.")
        items = [item for item in library.items(list(query)) if force or not _genre(item)]
        if not items:
            self._log.info("nothing to hear: no item matches that has no genre (--force takes the others too)")
            return
        judge, words = self._judge()
        for item in items:
            self._hear(item, judge, words, threshold, pretend)

    def _judge(self) -> tuple[Classifier, Words]:
        """Load what answers; UserError says what is wrong with the configuration."""
        from genre.classifier import classifier
        from genre.genre_words import words

        try:
            judge = classifier(self.config["model"].as_str()).load()
            path = self.config["words"]
            return judge, words(judge.card.taxonomy, path.as_path() if path.get() else None)
        except GenreError as error:
            raise UserError(f"genre: {error}") from None

    def _hear(self, item: Any, judge: Classifier, words: Words, threshold: float | None, pretend: bool) -> None:
        """Fill in one item, unless nothing is heard in it, or not surely enough; that is told."""
        try:
            answer = judge.predict(item.filepath, unsure_below=threshold)
        except GenreError as error:
            self._log.error("{}", error)
            return
        genre_id, probability = answer.ranked[0]
        for code in ("not_music", "unsure"):
            if code in answer.warnings:
                self._log.info("{}: {} ({} {:.0%})", item, code.replace("_", " "), genre_id, probability)
                return
        old, word = _genre(item), words.of[genre_id]
        print_(f"{item}: {old or '–'} → {word} ({probability:.0%})")
        if pretend or old == word:
            return
        if MULTIPLE:
            item.genres = [word]
        else:
            item.genre = word
        if should_write():
            item.try_write()
        item.store()


def _genre(item: Any) -> str:
    return "; ".join(item.genres) if MULTIPLE else str(item.genre)
