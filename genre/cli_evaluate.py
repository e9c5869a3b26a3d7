"""`genre evaluate`: hear labelled recordings, print figures with their intervals, write a report."""

import csv
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from genre import __version__
from genre.errors import SettingsError
from genre.labels import Language
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, DEFAULT_MODEL, Settings
from genre.terminal import (
    LANGUAGE,
    Errors,
    console,
    disk_refusals_told,
    interrupt_held,
    printable,
    progress_bar,
    raise_kept_interrupt,
    refusals_told,
    say,
)

if TYPE_CHECKING:
    from genre.classifier import Classifier
    from genre.datasets import Clip
    from genre.evaluation import Heard, Mapped
    from genre.measurement import Measurement

JOURNAL = "heard.jsonl"  # what is kept for going on
PICTURES = ("confusion", "confusion_coarse", "reliability", "reliability_after")
WRITTEN = (JOURNAL, "files.csv", "figures.json", "report.html", *(f"{name}.png" for name in PICTURES))


def evaluate(
    source: Annotated[Path, typer.Argument(help=say("labelled"), metavar="SOURCE", show_default=False)],
    model: Annotated[str, typer.Option(help=say("model"), metavar="NAME|FOLDER")] = DEFAULT_MODEL,
    mapping: Annotated[Path | None, typer.Option(help=say("mapping"), metavar="FILE", show_default=False)] = None,
    split: Annotated[str | None, typer.Option(help=say("split"), metavar="NAME", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help=say("out"), metavar="FOLDER", show_default=False)] = None,
    clip_seconds: Annotated[
        float, typer.Option(help=say("clip_seconds"), min=CLIP_SECONDS_MIN, max=CLIP_SECONDS_MAX)
    ] = CLIP_SECONDS,
    whole: Annotated[bool, typer.Option("--whole", help=say("whole"))] = False,
    fit_temperature: Annotated[bool, typer.Option("--fit-temperature", help=say("fit_temperature"))] = False,
    save_temperature: Annotated[bool, typer.Option("--save-temperature", help=say("save_temperature"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=say("json_figures"))] = False,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
) -> None:
    """Hear every clip, print the figures; a clip that cannot be heard is told, and in the exit code."""
    errors = Errors(lang)
    with refusals_told(lang):
        if out:
            _check_out(out, [path for path in (source, mapping) if path], lang)
        from genre import datasets, temperature
        from genre.classifier import classifier
        from genre.evaluation import assess, understood
        from genre.figures import figures
        from genre.measurement import Measurement, learned_words, temperature_words

        clips = datasets.read(source, split)
        tests = [clip for clip in clips if clip.split == "test"]
        if split is None and 0 < len(tests) < len(clips):
            _note(say("only_test", lang, count=len(tests), clips=len(clips)))
            clips = tests
        judge = classifier(model)
        card = judge.card
        mapped = understood(datasets.read_mapping(mapping), card.taxonomy) if mapping else {}
        datasets.compatible(clips, card.taxonomy, mapped)  # a wrong label is told before anything is heard
        if save_temperature:
            temperature.config_file(card)
        if caution := learned_words(clips, card, lang):
            _note(caution)
        judge.load()
        seconds = None if whole else clip_seconds
        heard = _hear(judge, clips, mapped, seconds, out, errors)
        evaluation = assess(heard, card.taxonomy, mapped)
        found = figures(evaluation)
        wanted = fit_temperature or save_temperature
        fit = temperature.fit(evaluation, card.temperature, found) if wanted else None
        measured = Measurement(card, str(source), seconds, heard, evaluation, found, fit, wanted)
        if out:
            with disk_refusals_told(out, lang):
                _write(measured, out, lang)
        if as_json:
            print(json.dumps(measured.to_dict(), ensure_ascii=False, indent=2))
        else:
            _print(measured, out, lang)
        if save_temperature:
            if fit is None or not fit.helps:
                raise SettingsError(temperature_words(measured, lang))
            temperature.save(card, fit.temperature)
            if not as_json:
                path = printable(str(temperature.config_file(card)))
                print(say("temperature_saved", lang, path=path, temperature=fit.temperature))
    if errors.any:
        raise typer.Exit(1)


def _check_out(out: Path, read: Sequence[Path], language: Language) -> None:
    """Refuse, before any work, a folder that something else is in, or whose files are what is to be read."""
    with disk_refusals_told(out, language):
        there = list(out.iterdir()) if out.is_dir() else []
        if there and not any(path.name.startswith(JOURNAL) for path in there):
            raise SettingsError(say("out_taken", language, out=out))
        for path in there:
            if path.name in WRITTEN and any(
                other.exists() and path.exists() and path.samefile(other) for other in read
            ):
                raise SettingsError(say("out_would_overwrite", language, path=path))


def _hear(
    judge: "Classifier",
    clips: "Sequence[Clip]",
    mapping: "Mapped",
    clip_seconds: float | None,
    out: Path | None,
    errors: Errors,
) -> "list[Heard]":
    """Hear every clip, with a progress bar on stderr; with `out`, keep each answer and its row as it comes."""
    from genre.classifier import compute_device, compute_dtype
    from genre.evaluation import Heard, hear
    from genre.journal import Journal
    from genre.measurement import FILE_COLUMNS, file_row

    language, card, settings = errors.language, judge.card, Settings.from_environment()
    device = compute_device(settings.device)
    facts = {
        "genre": __version__,
        "device": device.type,
        "precision": str(compute_dtype(device, settings.precision)),
        "sha256": card.sha256,
        "taxonomy": card.taxonomy.ids,
        "spectrogram": card.spectrogram.to_dict(),
        "temperature": card.temperature,
        "clip_seconds": clip_seconds,
    }
    heard: list[Heard] = []
    known = 0
    with ExitStack() as open_files:
        journal, rows = None, None
        if out:
            with disk_refusals_told(out, language):
                out.mkdir(parents=True, exist_ok=True)
                journal = open_files.enter_context(Journal(out / JOURNAL, facts))
                table = open_files.enter_context(_text_file(out / "files.csv"))
                rows = csv.DictWriter(table, FILE_COLUMNS, lineterminator="\n")
                rows.writeheader()
        try:
            with progress_bar(console(stderr=True), say("hearing", language)) as move:
                for clip in clips:
                    before = journal.get(clip.path) if journal else None
                    known += before is not None
                    entry = Heard(clip, before) if before is not None else hear(judge, clip, clip_seconds)
                    raise_kept_interrupt()
                    if entry.error is not None:
                        errors.tell(entry.error)
                    with interrupt_held():
                        heard.append(entry)
                        if out and journal and rows:
                            if before is None and entry.windows is not None:
                                journal.add(clip.path, entry.windows)
                            with disk_refusals_told(out, language):
                                rows.writerow(_spreadsheet_safe(file_row(entry, card.taxonomy, mapping)))
                                table.flush()
                    move(len(heard), len(clips))
        except KeyboardInterrupt:
            stopped = "stopped" if out else "stopped_unkept"
            _note(say(stopped, language, done=len(heard), total=len(clips)))
            raise
    if known:
        _note(say("gone_on", language, known=known, total=len(clips)))
    if failed := sum(entry.error is not None for entry in heard):
        _note(say("some_failed", language, failed=failed, total=len(clips)))
    return heard


def _note(words: str) -> None:
    console(stderr=True).print(words, soft_wrap=True)


def _text_file(path: Path) -> TextIO:
    """Open a file for text of any kind: the name of a file need not be Unicode."""
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")


def _spreadsheet_safe(row: dict[str, object]) -> dict[str, object]:
    """Return the row with nothing in it that a spreadsheet would run as a formula."""
    from genre.rows import no_formula

    guards = {"path": "./", "error": "./"}  # an error begins with the path
    return {
        name: no_formula(value, guards.get(name, "'")) if isinstance(value, str) else value
        for name, value in row.items()
    }


def _write(measured: "Measurement", out: Path, language: Language) -> None:
    from genre.measurement import pictures
    from genre.report import html
    from genre.web.models import provenance

    with _text_file(out / "figures.json") as file:
        json.dump(measured.to_dict(), file, ensure_ascii=False, indent=2)
        file.write("\n")
    drawn = pictures(measured, language)
    for name, png in drawn.items():
        (out / f"{name}.png").write_bytes(png)
    with _text_file(out / "report.html") as file:
        file.write(html(measured, drawn, provenance(measured.card, language), language))


def _print(measured: "Measurement", out: Path | None, language: Language) -> None:
    from rich.table import Table

    from genre.measurement import class_name, groups_words, lines, percent, summary, temperature_words
    from genre.report_texts import words
    from genre.web.models import provenance
    from genre.web.texts import text

    screen = console()
    card, found = measured.card, measured.figures
    screen.print(text("answered_by", language, model=printable(card.name)), style="dim")
    screen.print(printable(provenance(card, language)), style="dim")
    screen.print(words("fingerprint", language, digest=card.sha256), style="dim")
    if not found.clips:
        screen.print(words("nothing_heard", language))
        return
    for classes in (found.per_genre, found.per_coarse):
        if not classes:
            continue
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        first = "column_genre" if classes is found.per_genre else "column_label"
        for key in (first, "column_clips", "column_answered", "column_recall", "column_precision", "column_f1"):
            table.add_column(words(key, language), justify="left" if key == first else "right")
        for entry in classes:
            table.add_row(
                printable(class_name(entry.id, measured.evaluation, language)),
                str(entry.support),
                str(entry.answered),
                percent(entry.recall.value) if entry.recall else "–",
                "–" if entry.precision is None else percent(entry.precision),
                "–" if entry.f1 is None else f"{entry.f1:.3f}",
            )
        screen.print()
        screen.print(table)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for key in ("column_figure", "column_value", "column_interval", "column_clips"):
        table.add_column(words(key, language), justify="left" if key == "column_figure" else "right")
    for line in lines(found, language):
        table.add_row(line.name, line.value, line.interval, line.clips)
    screen.print()
    screen.print(table)
    screen.print()
    screen.print(summary(measured, language), soft_wrap=True)
    if few := groups_words(found, language):
        screen.print(few, soft_wrap=True)
    if measured.fit_wanted:
        screen.print()
        screen.print(temperature_words(measured, language), soft_wrap=True)
    if out:
        screen.print()
        screen.print(say("written", language, path=printable(str(out / "report.html"))), soft_wrap=True)
