"""`genre compare`: one recording under several models, their answers beside each other."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genre.error_texts import in_language
from genre.labels import Language, display
from genre.settings import (
    CLIP_SECONDS,
    CLIP_SECONDS_MAX,
    CLIP_SECONDS_MIN,
    COMPARED,
    COMPARED_MAX,
    COMPARED_MIN,
    UNSURE_BELOW,
)
from genre.terminal import LANGUAGE, Errors, console, disk_refusals_told, printable, refusals_told, say
from genre.web.texts import text

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

    from genre.comparison import Column, Comparison

COLUMN_WIDTH = 34  # characters that a column needs at least; a narrower screen gets fewer beside each other


def compare(
    file: Annotated[str, typer.Argument(help=say("file"), metavar="FILE", show_default=False)],
    model: Annotated[
        list[str] | None,
        typer.Option(
            help=say("compared", least=COMPARED_MIN, most=COMPARED_MAX, default=", ".join(COMPARED)),
            metavar="NAME|FOLDER",
            show_default=False,
        ),
    ] = None,
    clip_seconds: Annotated[
        float, typer.Option(help=say("clip_seconds"), min=CLIP_SECONDS_MIN, max=CLIP_SECONDS_MAX)
    ] = CLIP_SECONDS,
    start: Annotated[float, typer.Option(help=say("start"), min=0.0)] = 0.0,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
    top: Annotated[int, typer.Option(help=say("top"), min=1)] = 5,
    as_json: Annotated[bool, typer.Option("--json", help=say("json_comparison"))] = False,
    out: Annotated[Path | None, typer.Option(help=say("out_comparison"), metavar="OUT.png", show_default=False)] = None,
) -> None:
    """Print each model's answer and how far they agree; a model that cannot answer is told, and in the exit code."""
    if out and not (out.suffix.lower() == ".png" and out.parent.is_dir()):
        raise typer.BadParameter(say("bad_picture", lang, path=printable(str(out))))
    errors = Errors(lang)
    with refusals_told(lang):
        from genre import comparison

        found = comparison.compare(file, model or COMPARED, clip_seconds=clip_seconds, start=start)
        if as_json:
            print(json.dumps({**found.to_dict(top), "source": file}, ensure_ascii=False, indent=2))
        else:
            _print(found, file, top, lang)
        for column in found.columns:
            if column.error:
                errors.tell(f"{column.model}: {column.error}")
        if out:
            with disk_refusals_told(out, lang):
                comparison.draw(found).save(out)
    if errors.any:
        raise typer.Exit(1)


def _print(found: "Comparison", file: str, top: int, language: Language) -> None:
    """Print the columns beside each other, as many as the screen has room for, and then what they have in common."""
    from rich.table import Table

    from genre.web.compare_view import sentences

    screen = console()
    screen.print(printable(file), style="bold", soft_wrap=True)
    for code in found.warnings:
        screen.print(_warning(code, language), soft_wrap=True)
    beside = min(len(found.columns), max(1, screen.width // COLUMN_WIDTH))
    for first in range(0, len(found.columns), beside):
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        row = found.columns[first : first + beside]
        for _ in range(beside):
            table.add_column(ratio=1, overflow="fold")
        table.add_row(*(_column(column, found.warnings, top, language) for column in row))
        screen.print()
        screen.print(table)
    screen.print()
    for sentence in sentences(found.families, found.agreements, language):
        screen.print(printable(sentence), soft_wrap=True)


def _warning(code: str, language: Language, unsure_below: float = UNSURE_BELOW) -> "Text":
    from rich.text import Text

    return Text(text(f"warning_{code}", language, percent=f"{unsure_below:.0%}"), "yellow")


def _column(column: "Column", said: Sequence[str], top: int, language: Language) -> "Group":
    """Return one model's answer as lines below each other; `said` are warnings that stand elsewhere."""
    from rich.bar import Bar
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from genre.web.compare_view import kind, took
    from genre.web.models import provenance

    heading = Text(printable(column.model), "bold")
    prediction = column.prediction
    if prediction is None:
        return Group(heading, Text(printable(in_language(column.error or "", language)), "red"))
    card, row = prediction.card, column.to_dict()
    bars = Table.grid(padding=(0, 1), expand=True)
    bars.add_column(ratio=1, overflow="fold")
    bars.add_column(justify="right")
    for genre_id, probability in prediction.ranked[:top]:
        bars.add_row(printable(display(card.taxonomy[genre_id], language)), f"{probability:.1%}")
        bars.add_row(Bar(1.0, 0.0, probability, width=None), "")
    warnings = [_warning(code, language, prediction.unsure_below) for code in prediction.warnings if code not in said]
    about = (took(row, language), provenance(card, language))
    return Group(
        heading,
        Text(printable(kind(row, language)), "dim"),
        bars,
        *warnings,
        *(Text(printable(words), "dim") for words in about),
    )
