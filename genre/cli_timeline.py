"""`genre timeline`: follow a long recording, show its segments or write them for other programs."""

import errno
import itertools
import os
import sys
from bisect import bisect
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genre import palette
from genre.chapters import SUFFIXES, WRITERS
from genre.errors import SettingsError
from genre.labels import Language, display
from genre.settings import (
    DEFAULT_MODEL,
    HOP_MAX,
    HOP_MIN,
    HOP_SECONDS,
    SMOOTHING_MAX,
    SMOOTHING_SECONDS,
    STREAM_SECONDS_MAX,
)
from genre.terminal import (
    LANGUAGE,
    console,
    disk_refusals_told,
    interrupt_kept,
    printable,
    progress_bar,
    refusals_told,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.text import Text

    from genre.timeline import Progress, Timeline

BAND_WIDTH, BAR_WIDTH = 96, 20  # columns at most
ENDINGS = ", ".join(SUFFIXES.values())


def timeline(
    file: Annotated[
        str,
        typer.Argument(help=say("timeline_file", hours=STREAM_SECONDS_MAX / 3_600), metavar="FILE", show_default=False),
    ],
    model: Annotated[str, typer.Option(help=say("model"), metavar="NAME|FOLDER")] = DEFAULT_MODEL,
    hop: Annotated[float, typer.Option(help=say("timeline_hop"), min=HOP_MIN, max=HOP_MAX)] = HOP_SECONDS,
    smoothing: Annotated[
        float, typer.Option(help=say("timeline_smoothing"), min=0.0, max=SMOOTHING_MAX)
    ] = SMOOTHING_SECONDS,
    as_json: Annotated[bool, typer.Option("--json", help=say("timeline_json"))] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help=say("timeline_csv"))] = False,
    as_audacity: Annotated[bool, typer.Option("--audacity", help=say("timeline_audacity"))] = False,
    as_chapters: Annotated[bool, typer.Option("--chapters", help=say("timeline_chapters"))] = False,
    out: Annotated[
        Path | None, typer.Option(help=say("timeline_out", endings=ENDINGS), metavar="OUT", show_default=False)
    ] = None,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
) -> None:
    """Print the segments as a table, or in one of the formats; with `out` they are written when all are known."""
    wanted = dict(zip(WRITERS, (as_json, as_csv, as_audacity, as_chapters), strict=True))
    asked = [kind for kind, chosen in wanted.items() if chosen]
    if len(asked) > 1:
        raise typer.BadParameter(say("timeline_one_format", lang))
    written = asked[0] if asked else _kind(out, lang) if out else None
    with refusals_told(lang):
        if out:
            _check_out(out, file, lang)
        found = _followed(file, model, hop, smoothing, lang)
        content = WRITERS[written]({**found.to_dict(), "source": file}, lang) if written else ""
        if not asked:
            _print(found, file, lang)
        if out is None:
            sys.stdout.write(content)
            return
        from genre.cards import write_text

        with disk_refusals_told(out, lang):
            write_text(out, content)
        print(say("timeline_written", lang, path=printable(str(out))))


def _kind(out: Path, language: Language) -> str:
    """Return what a file's ending says that it is."""
    for kind, suffix in SUFFIXES.items():
        if out.suffix.lower() == suffix:
            return kind
    raise typer.BadParameter(say("timeline_bad_out", language, path=printable(str(out)), endings=ENDINGS))


def _check_out(out: Path, file: str, language: Language) -> None:
    """Refuse, before any work, a place where nothing can be written, and the recording itself."""
    with disk_refusals_told(out, language):
        if not out.parent.is_dir():
            raise SettingsError(say("timeline_no_folder", language, path=out))
        if out.exists() and Path(file).exists() and out.samefile(file):
            raise SettingsError(say("out_would_overwrite", language, path=out))
        if out.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
            reason = errno.EISDIR if out.is_dir() else errno.EACCES
            raise OSError(reason, os.strerror(reason), str(out))


def _followed(file: str, model: str, hop: float, smoothing: float, language: Language) -> "Timeline":
    """Follow the recording with a progress bar for each pass; after Ctrl-C say that nothing came of it."""
    from genre.classifier import classifier
    from genre.timeline import follow

    screen = console(stderr=True)
    with ExitStack() as bars:
        move: Callable[[float, float | None], None] | None = None
        stage = ""

        def progress(step: "Progress") -> None:
            nonlocal move, stage
            if move is None or step.stage != stage:
                bars.close()
                stage = step.stage
                move = bars.enter_context(progress_bar(screen, say(f"timeline_{stage}", language)))
            move(step.done, step.total)

        try:
            with interrupt_kept():
                found = follow(file, classifier(model), hop=hop, smoothing=smoothing, progress=progress)
        except KeyboardInterrupt:
            bars.close()
            screen.print(say("timeline_stopped", language), soft_wrap=True)
            raise
    return found


def _print(found: "Timeline", file: str, language: Language) -> None:
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    from genre.web.answer import clock
    from genre.web.models import provenance
    from genre.web.texts import text

    screen, card = console(), found.card
    marks = palette.marks([(each.kind, each.id) for each in found.segments], card.taxonomy.ids)
    screen.print(text("answered_by", language, model=printable(card.name)), style="dim")
    screen.print(printable(provenance(card, language)), style="dim")
    screen.print(f"\n{printable(file)}  {clock(found.seconds)}", style="bold", soft_wrap=True)
    screen.print(_band(found, marks, screen))
    table = Table.grid(padding=(0, 2))
    for number in (True, True, False, True, False):  # a narrow screen cuts no number
        table.add_column(justify="right" if number else "left", no_wrap=number, overflow="fold")
    for segment, mark in zip(found.segments, marks, strict=True):
        table.add_row(
            Text(f" {mark.letter} ", _style(mark)),
            f"{clock(segment.start)}–{clock(segment.end)}",
            printable(display(found.genre(segment), language)),
            f"{segment.probability:.1%}",
            Bar(1.0, 0.0, segment.probability, width=BAR_WIDTH) if segment.kind == "music" else "",
        )
    screen.print(table)
    for code in found.warnings:
        key = "timeline_unsure" if code == "unsure" else f"warning_{code}"
        screen.print(text(key, language, percent=f"{card.unsure_below:.0%}"), style="yellow")


def _style(mark: palette.Mark) -> str:
    return f"{mark.ink} on {mark.paper}" if mark.paper else ""


def _band(found: "Timeline", marks: list[palette.Mark], screen: "Console") -> "Text":
    """Return the recording as one coloured line: every column has the segment in its middle."""
    from rich.text import Text

    columns = min(screen.width, BAND_WIDTH)
    middles = ((column + 0.5) / columns * found.seconds for column in range(columns))
    ends = [segment.end for segment in found.segments]
    band = Text()
    for index, alike in itertools.groupby(min(bisect(ends, middle), len(ends) - 1) for middle in middles):
        letter, width = marks[index].letter, len(list(alike))
        # Without colour only letters show how long a segment is; with it, the first says which one it is.
        band.append(letter * width if screen.color_system is None else letter.ljust(width), _style(marks[index]))
    return band
