"""`genre similar`: whether two recordings may be the same, or which recordings of a folder are like one."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from genre.labels import Language
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, DEFAULT_MODEL
from genre.terminal import INTERRUPTED, LANGUAGE, Errors, console, printable, progress_bar, refusals_told, say

if TYPE_CHECKING:
    from genre.similarity import Similarity
    from genre.similarity_index import Changes, Index, Neighbour


class _Crop(TypedDict):
    """What is heard of the recordings that are given."""

    clip_seconds: float
    start: float


def similar(
    files: Annotated[
        list[str], typer.Argument(help=say("similar_files"), metavar="A B | QUERY --in FOLDER", show_default=False)
    ],
    folder: Annotated[Path | None, typer.Option("--in", help=say("similar_in"), show_default=False)] = None,
    top: Annotated[int, typer.Option(help=say("similar_top"), min=1)] = 10,
    index: Annotated[Path | None, typer.Option(help=say("similar_index"), metavar="FILE", show_default=False)] = None,
    model: Annotated[str, typer.Option(help=say("model"), metavar="NAME|FOLDER")] = DEFAULT_MODEL,
    clip_seconds: Annotated[
        float, typer.Option(help=say("clip_seconds"), min=CLIP_SECONDS_MIN, max=CLIP_SECONDS_MAX)
    ] = CLIP_SECONDS,
    start: Annotated[float, typer.Option(help=say("similar_start"), min=0.0)] = 0.0,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
    as_json: Annotated[bool, typer.Option("--json", help=say("json_comparison"))] = False,
) -> None:
    """Print how alike two recordings are, or the most alike of a folder; what cannot be heard is in the exit code."""
    if len(files) != (2 if folder is None else 1) or (index and not folder):
        raise typer.BadParameter(say("similar_usage", lang))
    crop = _Crop(clip_seconds=clip_seconds, start=start)
    if folder is not None:
        with refusals_told(lang):
            _search(files[0], folder, index, model, crop, top, as_json, lang)
        return
    with refusals_told(lang):
        from genre import similarity

        a, b = files
        found = similarity.similar(a, b, model, **crop)
        if as_json:
            row = found.to_dict()
            for name, file in zip(("a", "b"), files, strict=True):
                row[name]["source"] = file  # as it was given; an Impression shows it printably
            print(json.dumps(row, ensure_ascii=False, indent=2))
        else:
            _print_pair(found, lang)


def _search(
    query: str,
    folder: Path,
    file: Path | None,
    model: str,
    crop: _Crop,
    top: int,
    as_json: bool,
    language: Language,
) -> None:
    from genre import similarity, similarity_index
    from genre.classifier import classifier

    errors, judge, seconds = Errors(language), classifier(model), crop["clip_seconds"]
    index = similarity_index.Index(folder, judge, file, clip_seconds=seconds)
    asked = similarity.perceive(judge, query, **crop)
    changes = _updated(index, errors)
    collection = index.collection
    found = similarity_index.nearest(collection, asked, top, but=Path(query), clip_seconds=seconds)
    for one in found:
        if one.error:
            errors.tell(one.error)
    counts = {"recordings": len(collection.sources), **dataclasses.asdict(changes)}
    if as_json:
        row = {
            "query": query,
            "folder": str(folder),
            "index": {"file": str(index.file), **counts},
            "results": [one.to_dict() for one in found],
            "errors": [{"source": source, "error": error} for source, error in index.errors.items()],
            **similarity.model_facts(judge.card),
        }
        print(json.dumps(row, ensure_ascii=False, indent=2))
    else:
        _print_found(query, say("similar_searched", language, folder=printable(str(folder)), **counts), found, language)
        if index.errors:
            _note(say("similar_failed", language, count=len(index.errors)))
    if errors.any or index.errors:
        raise typer.Exit(1)


def _updated(index: "Index", errors: Errors) -> "Changes":
    """Bring the index up to date, with a progress bar on stderr; Ctrl-C leaves what has been heard in it."""
    heard = total = 0
    try:
        with progress_bar(console(stderr=True), say("similar_indexing", errors.language)) as bar:

            def move(done: int, of: int) -> None:
                nonlocal heard, total
                heard, total = done, of
                bar(done, of)

            return index.update(move=move, tell=errors.tell)
    except KeyboardInterrupt:
        _note(say("similar_stopped", errors.language, done=heard, total=total))
        raise typer.Exit(INTERRUPTED) from None


def _note(words: str) -> None:
    console(stderr=True).print(words, soft_wrap=True)


def _print_pair(found: "Similarity", language: Language) -> None:
    from rich.table import Table

    from genre.web import similar_view
    from genre.web.texts import text

    screen, row = console(), found.to_dict()
    for name in ("a", "b"):
        screen.print(printable(similar_view.heard(name, row[name], language)), style="dim", soft_wrap=True)
        for code in row[name]["warnings"]:
            screen.print(text(f"warning_{code}", language), style="yellow", soft_wrap=True)
    screen.print()
    screen.print(similar_view.verdict(row, language), style="bold", soft_wrap=True)
    screen.print(similar_view.place(row, language), soft_wrap=True)
    screen.print()
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(overflow="fold")
    for key, (called, meaning) in similar_view.meanings(row, language).items():
        table.add_row(called, similar_view.number(row[key]), printable(meaning))
    screen.print(table)


def _print_found(query: str, searched: str, found: "list[Neighbour]", language: Language) -> None:
    from rich.table import Table

    from genre.similarity import SAME_SOURCE
    from genre.web import similar_view

    screen = console()
    screen.print(printable(query), style="bold", soft_wrap=True)
    screen.print(searched, style="dim", soft_wrap=True)
    if not found:
        screen.print(say("similar_none", language))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for key in ("similar_cosine_column", "similar_ssim_column"):
        table.add_column(say(key, language), justify="right")
    table.add_column(say("similar_recording", language), overflow="fold")
    table.add_column("", overflow="fold")
    for one in found:
        row = one.to_dict()
        remark = similar_view.copy(row, language) if row["verdict"] == similar_view.SAME else ""
        ssim = "–" if row["ssim"] is None else similar_view.number(row["ssim"])
        table.add_row(similar_view.number(one.cosine), ssim, printable(one.source), remark)
    screen.print()
    screen.print(table)
    screen.print()
    screen.print(say("similar_columns", language, threshold=SAME_SOURCE), style="dim", soft_wrap=True)
