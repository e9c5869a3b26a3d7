"""Which genre goes from a row of a library into the tag of its file, and which files are left alone, and why."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genre import remote, tagging, tags
from genre.genre_words import Words
from genre.library_features import stamp
from genre.rows import Row
from genre.tag_journal import Stamps, TagJournal
from genre.tags import NoTagsError, TagError

State = Literal[
    "written",  # or, on trial, to be written
    "same",  # it states this genre already
    "kept",  # it states another, and only missing ones are wanted
    "unsure",  # the first genre is not over the threshold
    "not_music",
    "changed",  # the file is not the one that was heard
    "unsupported",  # a kind of file whose tags are not written
    "refused",  # the file would not be safe, or the disk does not let it
]


@dataclass(frozen=True)
class Rule:
    """What is written, and where not."""

    words: Words
    above: float | None = None  # probability; None: where the model calls its answer unsure
    only_missing: bool = False


@dataclass(frozen=True)
class Outcome:
    """What has become of the tag of one recording."""

    source: str
    state: State
    old: tuple[str, ...] = ()  # genres in the file before
    new: str = ""
    reason: str = ""  # why it was refused
    row: Row | None = None  # the recording's new row, where that changes


def apply(row: Row, rule: Rule, known: Stamps, journal: TagJournal | None) -> Outcome:
    """Write a row's genre into its file; without a journal, tell what would be written.

    `known` tells files that have changed by being written from those that have changed otherwise.
    """
    source, best = row["source"], row["top"][0]
    above = row["unsure_below"] if rule.above is None else rule.above
    if "not_music" in row["warnings"]:
        return Outcome(source, "not_music")
    if best["probability"] < above:
        return Outcome(source, "unsure")
    word = rule.words.of[best["id"]]
    path = Path(source)
    if remote.is_remote(source):
        return Outcome(source, "unsupported", new=word)
    try:
        if not _is_as_heard(row, known):
            return Outcome(source, "changed", new=word)
        old = tags.read(path)
        if old == (word,):
            return Outcome(source, "same", old, word, row=_stamped(row))
        if old and rule.only_missing:
            return Outcome(source, "kept", old, word)
        if journal is None:
            return Outcome(source, "written", old, word)
        tagging.rewrite(path, [word], journal)
    except NoTagsError:
        return Outcome(source, "unsupported", new=word)
    except TagError as error:
        return Outcome(source, "refused", new=word, reason=str(error))
    return Outcome(source, "written", old, word, row=_stamped({**row, "tag_written": word}))


def _is_as_heard(row: Row, known: Stamps) -> bool:
    if stamp(row["source"]) == (row.get("size"), row.get("mtime")):
        return True
    target = os.path.realpath(row["source"])
    try:
        now = Path(target).stat()
    except OSError:
        return False
    return (target, now.st_size, now.st_mtime_ns) in known


def _stamped(row: Row) -> Row:
    """Return the row with its file's size and time of change, so that it is not taken for changed."""
    size, mtime = stamp(row["source"])
    return {**row, "size": size, "mtime": mtime}
