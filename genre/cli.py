"""The command line: classify, models, download, serve, warmup; the others have modules of their own.

Only typer is imported here, so that `genre --help` answers at once; each command imports what it needs.
"""

import dataclasses
import io
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from genre import (
    __version__,
    cli_batch,
    cli_compare,
    cli_evaluate,
    cli_explain,
    cli_listen,
    cli_models,
    cli_similar,
    cli_tags,
    cli_timeline,
    cli_train,
)
from genre.errors import GenreError
from genre.labels import Language, display
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, DEFAULT_MODEL, Hub, Settings
from genre.terminal import (
    INTERRUPTED,
    LANGUAGE,
    Errors,
    console,
    forget_interrupt,
    interrupt_kept,
    keep_interrupts,
    printable,
    raise_kept_interrupt,
    refusals_told,
    say,
)
from genre.web.texts import text

if TYPE_CHECKING:
    from genre.prediction import Prediction
    from genre.rows import Row

    Answer = Prediction | GenreError

BAR_WIDTH = 30  # columns

app = typer.Typer(
    help=say("app"), add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


def main() -> None:
    """Run the command of `sys.argv`. Speaks UTF-8 whatever the locale: names of files and genres need it."""
    for stream in (sys.stdout, sys.stderr):
        cast(io.TextIOWrapper, stream).reconfigure(encoding="utf-8", errors="backslashreplace")
    keep_interrupts()
    try:
        with interrupt_kept():
            app(prog_name="genre")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@app.callback()
def _root(version: Annotated[bool, typer.Option("--version", help=say("version"), is_eager=True)] = False) -> None:
    if version:
        print(f"genre {__version__}")
        raise typer.Exit


@app.command(help=say("classify"))
def classify(
    files: Annotated[list[str], typer.Argument(help=say("files"), metavar="FILE", show_default=False)],
    model: Annotated[str, typer.Option(help=say("model"), metavar="NAME|FOLDER")] = DEFAULT_MODEL,
    clip_seconds: Annotated[
        float, typer.Option(help=say("clip_seconds"), min=CLIP_SECONDS_MIN, max=CLIP_SECONDS_MAX)
    ] = CLIP_SECONDS,
    whole: Annotated[bool, typer.Option("--whole", help=say("whole"))] = False,
    start: Annotated[float, typer.Option(help=say("start"), min=0.0)] = 0.0,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
    top: Annotated[int, typer.Option(help=say("top"), min=1)] = 5,
    unsure_below: Annotated[
        float | None, typer.Option(help=say("unsure_below"), min=0.0, max=1.0, show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help=say("csv"))] = False,
    spectrogram: Annotated[
        Path | None, typer.Option(help=say("spectrogram"), metavar="OUT.png", show_default=False)
    ] = None,
) -> None:
    """Print the genre of each file, as tables, JSON or CSV; errors go to stderr and into the exit code."""
    if as_json and as_csv:
        raise typer.BadParameter(say("one_format", lang))
    if spectrogram and not (spectrogram.suffix.lower() == ".png" and spectrogram.parent.is_dir()):
        raise typer.BadParameter(say("bad_picture", lang, path=printable(str(spectrogram))))

    from genre.rows import write_csv, write_json

    errors = Errors(lang)
    answers = _answers(files, model, start, None if whole else clip_seconds, unsure_below, errors)
    if spectrogram:
        answers = _drawn(answers, _picture_paths(spectrogram, files), errors)
    if as_json:
        write_json(_rows(answers, top), sys.stdout)
    elif as_csv:
        write_csv(_rows(answers, top), sys.stdout)
    else:
        _print_tables(answers, top, lang)
    if errors.any:
        raise typer.Exit(1)


@app.command(help=say("download"))
def download(
    name: Annotated[str, typer.Argument(help=say("name"), show_default=False)],
    hub: Annotated[Hub | None, typer.Option(help=say("hub"), show_default=False)] = None,
) -> None:
    """Fetch one published checkpoint, with a progress bar on stderr; print where it is."""
    with refusals_told():
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        from genre import store

        settings = Settings.from_environment()
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console(stderr=True)) as progress:
            task = progress.add_task(name, total=None)
            card = store.download(
                name,
                settings,
                hub=hub,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        print(say("downloaded", name=name, path=printable(str(card.weights))))
        if store.find(name, settings).folder != card.folder:
            print(say("shadowed", name=name, reference=f"hub:{name}"))


@app.command(help=say("serve"))
def serve(
    host: Annotated[str | None, typer.Option(help=say("host"), show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help=say("port"), min=1, max=65_535, show_default=False)] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help=say("mcp"))] = False,
) -> None:
    """Serve the page until it is stopped."""
    with refusals_told():
        settings = Settings.from_environment()
        settings = dataclasses.replace(settings, host=host or settings.host, port=port or settings.port)
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        logging.getLogger("genre").setLevel(logging.INFO)

        from genre.web import page

        page.serve(settings, mcp=mcp)
        forget_interrupt()  # the ordinary way to stop


app.command(help=say("batch"))(cli_batch.batch)
app.command(help=say("compare"))(cli_compare.compare)
app.command(help=say("evaluate"))(cli_evaluate.evaluate)
app.command(help=say("explain"))(cli_explain.explain)
app.command(help=say("listen"))(cli_listen.listen)
app.command(help=say("similar"))(cli_similar.similar)
app.command(help=say("timeline"))(cli_timeline.timeline)
app.command(help=say("train"))(cli_train.train)
app.add_typer(cli_models.app, name="models", help=say("models"))
app.add_typer(cli_tags.app, name="tags", help=say("tags"))


@app.command(help=say("warmup"))
def warmup(
    model: Annotated[str, typer.Option(help=say("model"), metavar="NAME|FOLDER")] = DEFAULT_MODEL,
) -> None:
    """Load the model, answer once on noise, and print the seconds it took."""
    begun = time.perf_counter()
    with refusals_told():
        import numpy as np

        from genre.classifier import classifier
        from genre.settings import SAMPLE_RATE

        judge = classifier(model).load()
        loaded = time.perf_counter()
        noise = np.random.default_rng(0).normal(0.0, 0.1, int(CLIP_SECONDS * SAMPLE_RATE)).astype(np.float32)
        judge.predict((SAMPLE_RATE, noise))
        ended = time.perf_counter()
        print(say("warm", total=ended - begun, load=loaded - begun, model=judge.card.name, answer=ended - loaded))


def _answers(
    files: Sequence[str],
    model: str,
    start: float,
    clip_seconds: float | None,
    unsure_below: float | None,
    errors: Errors,
) -> Iterator[tuple[str, "Answer"]]:
    """Yield each file with its answer, or the error that was told; without a model every file fails."""
    from genre.classifier import classifier

    try:
        judge = classifier(model).load()
    except GenreError as error:
        errors.tell(str(error))
        yield from ((file, error) for file in files)
        return
    for file in files:
        try:
            answer: Answer = judge.predict(file, start=start, clip_seconds=clip_seconds, unsure_below=unsure_below)
        except GenreError as error:
            answer = error
        raise_kept_interrupt()
        if isinstance(answer, GenreError):
            errors.tell(str(answer))
        yield file, answer


def _drawn(
    answers: Iterable[tuple[str, "Answer"]], paths: Iterable[Path], errors: Errors
) -> Iterator[tuple[str, "Answer"]]:
    """Pass the answers on, and draw what each was heard from."""
    from genre import preview

    for (file, answer), path in zip(answers, paths, strict=True):
        if not isinstance(answer, GenreError):
            picture = preview.draw(answer.decibels, answer.card.spectrogram, start=answer.start)
            try:
                picture.save(path)
            except OSError as error:
                errors.tell(say("picture_failed", errors.language, path=path, reason=error.strerror or error))
        yield file, answer


def _picture_paths(out: Path, files: Sequence[str]) -> list[Path]:
    """Return where each file's picture goes: OUT.png for one, else OUT-NAME.png, numbered where names repeat."""
    if len(files) == 1:
        return [out]
    paths: list[Path] = []
    for file in files:
        stem = f"{out.stem}-{Path(file).stem}"
        path, number = out.with_name(f"{stem}.png"), 1
        while path in paths:
            number += 1
            path = out.with_name(f"{stem}-{number}.png")
        paths.append(path)
    return paths


def _rows(answers: Iterable[tuple[str, "Answer"]], top: int) -> Iterator["Row"]:
    for file, answer in answers:
        if isinstance(answer, GenreError):
            yield {"source": file, "error": str(answer)}
        else:
            yield {**answer.to_dict(top), "source": file}  # as it was given; a Prediction shows it printably


def _print_tables(answers: Iterable[tuple[str, "Answer"]], top: int, language: Language) -> None:
    from rich.bar import Bar
    from rich.table import Table

    from genre.web.models import provenance

    out = console()
    first = True
    for file, answer in answers:
        if isinstance(answer, GenreError):
            continue
        card = answer.card
        if first:
            out.print(text("answered_by", language, model=printable(card.name)), style="dim")
            out.print(printable(provenance(card, language)), style="dim")
            first = False
        out.print(f"\n{printable(file)}", style="bold", soft_wrap=True)
        said = [text(f"warning_{code}", language, percent=f"{answer.unsure_below:.0%}") for code in answer.warnings]
        if "not_music" in answer.warnings:  # comes first, or the genres would be believed
            out.print(text("not_music", language), style="bold yellow")
            out.print(said.pop(answer.warnings.index("not_music")), style="yellow")
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(justify="right")
        for genre_id, probability in answer.ranked[:top]:
            bar = Bar(1.0, 0.0, probability, width=BAR_WIDTH)
            table.add_row(display(card.taxonomy[genre_id], language), f"{probability:.1%}", bar)
        out.print(table)
        for sentence in said:
            out.print(sentence, style="yellow")
