"""`genre explain`: what decided an answer, in words and as a picture."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genre.labels import Language, display
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, DEFAULT_MODEL, EXPLAINED_MAX, VEIL_STRENGTH
from genre.terminal import LANGUAGE, console, disk_refusals_told, printable, refusals_told, say
from genre.web.texts import text

if TYPE_CHECKING:
    from genre.explain import Explanation
    from genre.prediction import Prediction


def explain(
    file: Annotated[str, typer.Argument(help=say("file"), metavar="FILE", show_default=False)],
    out: Annotated[Path | None, typer.Option(help=say("explain_out"), metavar="OUT.png", show_default=False)] = None,
    genre: Annotated[
        list[str] | None, typer.Option(help=say("explain_genre"), metavar="ID", show_default=False)
    ] = None,
    top: Annotated[int, typer.Option(help=say("explain_top"), min=1, max=EXPLAINED_MAX)] = 1,
    model: Annotated[str, typer.Option(help=say("model"), metavar="NAME|FOLDER")] = DEFAULT_MODEL,
    clip_seconds: Annotated[
        float, typer.Option(help=say("clip_seconds"), min=CLIP_SECONDS_MIN, max=CLIP_SECONDS_MAX)
    ] = CLIP_SECONDS,
    start: Annotated[float, typer.Option(help=say("start"), min=0.0)] = 0.0,
    strength: Annotated[float, typer.Option(help=say("explain_strength"), min=0.0, max=1.0)] = VEIL_STRENGTH,
    as_json: Annotated[bool, typer.Option("--json", help=say("json_comparison"))] = False,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
) -> None:
    """Print the seconds and the register that spoke for each genre, and draw them where --out says."""
    if out and not (out.suffix.lower() == ".png" and out.parent.is_dir()):
        raise typer.BadParameter(say("bad_picture", lang, path=printable(str(out))))
    with refusals_told(lang):
        from genre import explain as explaining
        from genre import heatmap
        from genre.classifier import classifier

        judge = classifier(model)
        prediction, found = explaining.explain(
            judge, file, genre_ids=genre or (), top=top, clip_seconds=clip_seconds, start=start
        )
        drawn = {one.genre_id: _path(out, one.genre_id, len(found)) for one in found} if out else {}
        for one in found if out else ():
            picture = heatmap.draw(
                prediction.decibels,
                prediction.card.spectrogram,
                one.relevance,
                [region.box for region in one.regions],
                strength=strength,
                start=prediction.start,
            )
            with disk_refusals_told(drawn[one.genre_id], lang):
                picture.save(drawn[one.genre_id])
        if as_json:
            print(json.dumps(_row(prediction, found, file, drawn), ensure_ascii=False, indent=2))
        else:
            _print(prediction, found, file, lang)


def _path(out: Path, genre_id: str, count: int) -> Path:
    """Return where a genre's picture goes: OUT.png for one, else OUT-GENRE.png."""
    return out if count == 1 else out.with_name(f"{out.stem}-{genre_id}{out.suffix}")


def _row(
    prediction: "Prediction", found: tuple["Explanation", ...], file: str, drawn: dict[str, Path]
) -> dict[str, Any]:
    """Return the row of `genre classify --json`, and what spoke for each genre."""
    taxonomy = prediction.card.taxonomy
    explained = [
        {
            **one.to_dict(),
            "en": taxonomy[one.genre_id].en,
            "zh": taxonomy[one.genre_id].zh,
            "picture": str(drawn[one.genre_id]) if drawn else None,
        }
        for one in found
    ]
    return {**prediction.to_dict(), "source": file, "explained": explained}


def _print(prediction: "Prediction", found: tuple["Explanation", ...], file: str, language: Language) -> None:
    from genre.web.explain_view import words

    screen = console()
    screen.print(printable(file), style="bold", soft_wrap=True)
    for code in prediction.warnings:
        screen.print(
            text(f"warning_{code}", language, percent=f"{prediction.unsure_below:.0%}"), style="yellow", soft_wrap=True
        )
    for one in found:
        name = printable(display(prediction.card.taxonomy[one.genre_id], language))
        screen.print(f"{name}  {one.probability:.1%}", style="bold", soft_wrap=True)
        if not one.regions:
            screen.print(f"  {text('decided_nothing', language, genre=name)}", soft_wrap=True)
        for number, region in enumerate(one.regions, start=1):
            screen.print(f"  {number}  {words(region, language)}", soft_wrap=True)
