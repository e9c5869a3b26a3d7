"""Genres in the tags of files: what `genre batch --write-tags` does with its rows, and `genre tags undo`."""

import os
import shlex
from collections import Counter
from collections.abc import Iterable, Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genre.labels import Language
from genre.terminal import (
    INTERRUPTED,
    LANGUAGE,
    Errors,
    console,
    interrupt_held,
    printable,
    progress_bar,
    raise_kept_interrupt,
    refusals_told,
    say,
)

if TYPE_CHECKING:
    from genre.library_journal import RowFile
    from genre.library_tags import Outcome, Rule
    from genre.tag_journal import Entry

NO_GENRE = "–"
REFUSED = "refused"
COMMA: dict[Language, str] = {"en": ", ", "zh": "，"}

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def tags() -> None:
    """Stand above `undo`, which typer would otherwise take for the whole command."""


@app.command(help=say("tags_undo"))
def undo(
    journal: Annotated[Path, typer.Argument(help=say("tags_journal"), metavar="JOURNAL", show_default=False)],
    files: Annotated[
        list[Path] | None, typer.Argument(help=say("tags_files"), metavar="[FILE]...", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=say("tags_force"))] = False,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
) -> None:
    """Give files back as they were; one that has changed since is left alone and in the exit code."""
    with refusals_told(lang):
        from genre import tagging
        from genre.tag_journal import kept
        from genre.tags import TagError

        errors, counts = Errors(lang), Counter[str]()
        with kept(journal) as entries:
            chosen = _chosen(entries, journal, files, errors)
            tagging.clear(chosen)
            try:
                with progress_bar(console(stderr=True), say("tags_undoing", lang)) as move:
                    for done, (_, changes) in enumerate(sorted(chosen.items())):
                        move(done, len(chosen))
                        with interrupt_held():
                            try:
                                counts["restored" if tagging.undo(changes, force=force) else "already"] += 1
                            except TagError as error:
                                errors.tell(str(error))
                                counts[REFUSED] += 1
            except KeyboardInterrupt:
                print(say("tags_stopped", lang))
                raise typer.Exit(INTERRUPTED) from None
            finally:
                numbers = {state: counts[state] for state in ("restored", "already", REFUSED)}
                print(say("tags_undone", lang, **numbers))
    if errors.any:
        raise typer.Exit(1)


def _chosen(
    entries: Iterable["Entry"], journal: Path, files: list[Path] | None, errors: Errors
) -> dict[str, list["Entry"]]:
    """Return the entries of the files that are named, or of all, by file; a file without any is told."""
    named = {os.path.realpath(file): file for file in files or ()}
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if not files or entry.file in named:
            found.setdefault(entry.file, []).append(entry)
    for real, file in named.items():
        if real not in found:
            errors.tell(say("tags_unknown", errors.language, file=file, journal=journal))
    return found


def write_tags(
    rows: "RowFile", sources: Set[str], rule: "Rule", journal: Path, *, dry_run: bool, language: Language
) -> bool:
    """Write the genres of rows into the tags of their files, and say what has become of them; False if any was refused.

    The rows are those of `sources`; of files that are written they are brought up to date. On a dry run what would be
    written is printed, and nothing else is done.
    """
    from contextlib import nullcontext

    from genre import library_tags, tagging
    from genre.tag_journal import TagJournal, stamps

    counts, errors = Counter[str](), Errors(language)
    if not dry_run:
        tagging.clear(sources)
    try:
        with nullcontext() if dry_run else TagJournal(journal) as kept:
            known = kept.stamps if kept else stamps(journal)
            with progress_bar(console(stderr=True), say("tags_writing", language)) as move:
                for row in rows.rows():
                    if row["source"] not in sources or "error" in row:
                        continue
                    with interrupt_held():
                        outcome = library_tags.apply(row, rule, known, kept)
                        counts[outcome.state] += 1
                        if outcome.row and outcome.row != row and not dry_run:
                            rows.add(outcome.row)
                        if outcome.state == REFUSED:
                            errors.tell(outcome.reason)
                        if dry_run and outcome.state == "written":
                            print(_line(outcome))
                    move(counts.total(), len(sources))
                    raise_kept_interrupt()
    finally:
        print(_summary(counts, journal, dry_run, language))
    return not errors.any


def _line(outcome: "Outcome") -> str:
    from genre.tags import SEPARATOR

    old = SEPARATOR.join(outcome.old) or NO_GENRE
    return printable(f"{outcome.source}: {old} → {outcome.new}")


def _summary(counts: Counter[str], journal: Path, dry_run: bool, language: Language) -> str:
    first = say("tags_would" if dry_run else "tags_written", language, count=counts["written"])
    states = ("same", "kept", "unsure", "not_music", "changed", "unsupported", REFUSED)
    others = [say(f"tags_{state}", language, count=counts[state]) for state in states if counts[state]]
    lines = [say("tags_summary", language, first=first, others=COMMA[language].join(others))]
    if not others:
        lines = [first]
    if counts["written"] and not dry_run:
        lines.append(say("tags_kept_in", language, journal=shlex.quote(printable(str(journal)))))
    return "\n".join(lines)
