"""One run of `genre batch`: what is found, heard and tagged, with progress on stderr, and what is said of it."""

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genre import cli_tags
from genre.errors import SettingsError
from genre.labels import Language
from genre.settings import Engine, Part
from genre.terminal import INTERRUPTED, console, interrupt_held, printable, raise_kept_interrupt, say

if TYPE_CHECKING:
    from genre.classifier import Classifier
    from genre.library_features import Recipe
    from genre.library_journal import RowFile
    from genre.library_tags import Rule
    from genre.library_walk import Found
    from genre.rows import Row

DIGEST_SHOWN = 12  # characters
SEARCH_STEP = 100  # recordings between two looks at how many there are


@dataclass(frozen=True)
class Options:
    """What is asked for of every recording."""

    model: str
    part: Part
    clip_seconds: float
    top: int
    workers: int | None
    batch_size: int
    file_seconds: float
    engine: Engine
    address: str | None
    language: Language


class Run:
    """One run of the command: what it found, what of that is still to be heard, what has become of it."""

    def __init__(self, rows: "RowFile", options: Options) -> None:
        self.rows, self.options = rows, options
        self.found: list[Found] = []
        self.todo: list[Found] = []
        self.done = self.failed_now = 0
        self.seconds = 0.0
        self.interrupted = self.tags_refused = False

    def search(self, paths: Sequence[str], separator: bytes, update: bool, retry: bool) -> None:
        """Find the recordings, and which of them need no new row; SettingsError where there are none."""
        from genre.library_walk import Walk

        self.walk, language = Walk(), self.options.language
        with console(stderr=True).status("") as status:
            for one in self.walk.find(paths, sys.stdin.buffer, separator):
                self.found.append(one)
                if not self._is_known(one, update, retry):
                    self.todo.append(one)
                if len(self.found) % SEARCH_STEP == 0:
                    status.update(say("batch_searching", language, count=len(self.found)))
        if not self.found:
            names = ", ".join(map(printable, paths))
            raise SettingsError(say("batch_nothing", language, paths=names, skipped=self.walk.skipped))

    def _is_known(self, one: "Found", update: bool, retry: bool) -> bool:
        from genre.library_features import stamp

        known = self.rows.known(one.source)
        if known is None or (known.failed and (retry or known.size is None)):  # it was not there: perhaps it is now
            return False
        if not update:
            return True
        return stamp(one.source) == (known.size, known.mtime)

    def hear(self) -> None:
        """Write a row for everything that is to be heard."""
        # Threads that wait for their next piece of a network's work would keep the other processes from working.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from genre import tags
        from genre.classifier import classifier
        from genre.library_features import Recipe

        options = self.options
        judge = classifier(options.model)
        self._check_model(judge.card.name, judge.card.sha256)
        begun = time.perf_counter()
        try:
            with self._progress() as move:
                for one in self.todo:
                    if one.error is not None:
                        self._add({"source": one.source, "error": one.error})
                sources = [one.source for one in self.todo if one.error is None]
                recipe = Recipe(judge.card.spectrogram, options.part, options.clip_seconds, tags.stated)
                with closing(self._heard(judge, sources, recipe)) as heard:
                    for row in heard:
                        self._add(row)
                        self.seconds = time.perf_counter() - begun
                        move()
                        raise_kept_interrupt()
        finally:
            self.seconds = time.perf_counter() - begun

    def _heard(self, judge: "Classifier", sources: list[str], recipe: "Recipe") -> "Generator[Row]":
        """Return the rows of what is to be heard, from the engine that is to make them."""
        asked = self.options
        if asked.engine == "ray":
            from genre import library_ray

            plan = library_ray.Plan(recipe, asked.batch_size, asked.file_seconds, asked.top, asked.workers)
            return library_ray.hear(judge.card, sources, plan, address=asked.address)
        from genre import library

        return library.hear(
            judge,
            sources,
            recipe,
            workers=asked.workers,
            batch_size=asked.batch_size,
            file_seconds=asked.file_seconds,
            top=asked.top,
        )

    def tag(self, rule: "Rule", journal: Path, dry_run: bool) -> None:
        """Write the genres of the recordings that were named into their files, or show what would be written."""
        self.rows.compact()
        sources = {one.source for one in self.found}
        language = self.options.language
        self.tags_refused = not cli_tags.write_tags(
            self.rows, sources, rule, journal, dry_run=dry_run, language=language
        )

    def _add(self, row: "Row") -> None:
        with interrupt_held():
            self.rows.add(row)
            self.done += 1
            self.failed_now += "error" in row

    def _check_model(self, name: str, sha256: str) -> None:
        """Raise SettingsError where the rows that are there come from another model."""
        if self.rows.weights not in (None, (name, sha256)):
            known, digest = self.rows.weights or ("", "")
            values = {"known": known, "known_digest": digest[:DIGEST_SHOWN], "model": name}
            values |= {"digest": sha256[:DIGEST_SHOWN], "path": str(self.rows.path)}
            raise SettingsError(say("batch_other_model", self.options.language, **values))

    @contextmanager
    def _progress(self) -> Iterator[Callable[[], None]]:
        """Show how far it is, how fast, how long still and how many failed; yield what updates that."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        screen = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
            task = progress.add_task(self._state(), total=len(self.todo))
            yield lambda: progress.update(task, completed=self.done, description=self._state())

    def _state(self) -> str:
        numbers = {"done": self.done, "total": len(self.todo), "failed": self.failed_now, "rate": self._rate()}
        return say("batch_progress", self.options.language, **numbers)

    def _rate(self) -> float:
        """Return recordings per minute."""
        return 60 * self.done / self.seconds if self.seconds else 0.0

    @property
    def failed(self) -> int:
        """How many of the recordings that were named have no answer, from this run or an earlier one."""
        return sum(known.failed for one in self.found if (known := self.rows.known(one.source)))

    def tell_stopped(self, out: Path) -> int:
        """Say how far it has come, and return the exit code."""
        known = len(self.found) - len(self.todo)
        done = {"done": known + self.done, "total": len(self.found), "out": printable(str(out))}
        print(say("batch_stopped", self.options.language, **done))
        return INTERRUPTED

    def tell_done(self, out: Path) -> None:
        """Say what there is now."""
        numbers = {
            "total": len(self.found),
            "heard": self.done,
            "rate": self._rate(),
            "known": len(self.found) - len(self.todo),
            "failed": self.failed,
            "skipped": self.walk.skipped,
            "repeated": self.walk.repeated,
        }
        print(say("batch_done", self.options.language, out=printable(str(out)), **numbers))
