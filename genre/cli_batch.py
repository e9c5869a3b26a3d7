"""`genre batch`: tell the genres of a library, with progress on stderr, rows as they come, and a report at the end."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genre import settings
from genre.cli_batch_run import Options, Run
from genre.error_texts import in_language
from genre.errors import SettingsError
from genre.labels import Language
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, DEFAULT_MODEL, Engine, Part
from genre.terminal import LANGUAGE, disk_refusals_told, interrupt_kept, printable, refusals_told, say

if TYPE_CHECKING:
    from genre.genre_words import Words
    from genre.library_journal import RowFile


def batch(
    paths: Annotated[list[str], typer.Argument(help=say("batch_paths"), metavar="PATH", show_default=False)],
    out: Annotated[Path, typer.Option(help=say("batch_out"), metavar="FILE", show_default=False)],
    model: Annotated[str, typer.Option(help=say("model"), metavar="NAME|FOLDER")] = DEFAULT_MODEL,
    windows: Annotated[Part, typer.Option(help=say("batch_windows"))] = "first",
    clip_seconds: Annotated[
        float, typer.Option(help=say("clip_seconds"), min=CLIP_SECONDS_MIN, max=CLIP_SECONDS_MAX)
    ] = CLIP_SECONDS,
    top: Annotated[int, typer.Option(help=say("top"), min=1)] = 5,
    update: Annotated[bool, typer.Option("--update", help=say("batch_update"))] = False,
    retry: Annotated[bool, typer.Option("--retry", help=say("batch_retry"))] = False,
    null: Annotated[bool, typer.Option("-0", "--null", help=say("batch_null"))] = False,
    workers: Annotated[
        int | None, typer.Option(help=say("batch_workers"), min=1, max=settings.LIBRARY_WORKERS_MAX, show_default=False)
    ] = None,
    batch_size: Annotated[
        int, typer.Option(help=say("batch_size"), min=1, max=settings.LIBRARY_BATCH_MAX)
    ] = settings.LIBRARY_BATCH,
    file_seconds: Annotated[
        float, typer.Option(help=say("batch_seconds"), min=1.0, max=settings.LIBRARY_FILE_SECONDS_MAX)
    ] = settings.LIBRARY_FILE_SECONDS,
    engine: Annotated[Engine, typer.Option(help=say("batch_engine"))] = "local",
    address: Annotated[
        str | None,
        typer.Option(help=say("batch_address"), metavar="HOST:PORT", envvar="RAY_ADDRESS", show_default=False),
    ] = None,
    write_tags: Annotated[bool, typer.Option("--write-tags", help=say("batch_write_tags"))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("batch_dry_run"))] = False,
    tags_above: Annotated[
        float | None, typer.Option(help=say("batch_tags_above"), min=0.0, max=1.0, show_default=False)
    ] = None,
    only_missing: Annotated[bool, typer.Option("--only-missing", help=say("batch_only_missing"))] = False,
    tag_words: Annotated[
        Path | None, typer.Option(help=say("batch_tag_words"), metavar="FILE", show_default=False)
    ] = None,
    report: Annotated[Path | None, typer.Option(help=say("batch_report"), metavar="FILE", show_default=False)] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help=say("batch_no_report"))] = False,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
) -> None:
    """Hear what has no row yet, write rows and a report; a recording that fails has a row and is in the exit code."""
    from genre import library_tables
    from genre.library_journal import RowFile
    from genre.library_tags import Rule

    try:
        library_tables.check(out)
        if engine == "ray":
            from genre import library_ray

            library_ray.check(address)
    except SettingsError as error:
        raise typer.BadParameter(in_language(str(error), lang)) from None
    tags_asked = write_tags or dry_run
    if not tags_asked and (tags_above is not None or only_missing):
        raise typer.BadParameter(say("batch_tags_unasked", lang))
    options = Options(model, windows, clip_seconds, top, workers, batch_size, file_seconds, engine, address, lang)
    page = None if no_report else report or out.with_suffix(".html")
    is_table = out.suffix.lower() != ".jsonl"
    journal = out.with_name(f"{out.name}.jsonl") if is_table else out
    with refusals_told(lang), disk_refusals_told(out, lang):
        _check_free(out, journal, page, lang)
        words = _words(model, tag_words)
        with RowFile(journal) as rows:
            run = Run(rows, options)
            try:
                with interrupt_kept():
                    run.search(paths, b"\0" if null else b"\n", update, retry)
                    run.hear()
                    if tags_asked:
                        run.tag(Rule(words, tags_above, only_missing), out.with_suffix(".tags.jsonl"), dry_run)
            except KeyboardInterrupt:
                run.interrupted = True
            finally:
                rows.compact()
            if is_table:
                library_tables.write(rows.rows(), out)
            if run.interrupted:
                raise typer.Exit(run.tell_stopped(out))
            run.tell_done(out)
            if page:
                _write_report(rows, journal, page, lang, words)
    if run.failed or run.tags_refused:
        raise typer.Exit(1)


def _check_free(out: Path, journal: Path, page: Path | None, language: Language) -> None:
    """Raise SettingsError, before any work, where something else would be written over."""
    from genre.library_report import MARK

    if out != journal and out.exists() and not journal.exists():
        raise SettingsError(say("batch_table_taken", language, path=out, journal=journal.name))
    if page and page.exists() and not (page.is_file() and MARK.encode() in page.read_bytes()):
        raise SettingsError(say("batch_report_taken", language, path=page))


def _words(model: str, path: Path | None) -> "Words":
    """Return the user's words for the genres of a model."""
    from genre import genre_words, store

    return genre_words.words(store.find(model, settings.Settings.from_environment()).taxonomy, path)


def _write_report(rows: "RowFile", journal: Path, page: Path, language: Language, words: "Words") -> None:
    from genre.cards import write_text
    from genre.library_report import html

    write_text(page, html(rows.rows(), journal, page, language, words))
    print(say("written", language, path=printable(str(page))))
