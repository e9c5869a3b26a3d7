"""`genre models`: which are here, what a file of weights holds and where it would go, and a model made of it."""

import json
import re
import shlex
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from genre.errors import ModelError
from genre.labels import CCMUSIC16, LANGUAGES, Language
from genre.settings import Settings
from genre.terminal import LANGUAGE, console, printable, refusals_told, say

if TYPE_CHECKING:
    from genre.adoption import Fit
    from genre.alignment import Row
    from genre.cards import ModelCard
    from genre.labels import Taxonomy
    from genre.spectrogram import SpectrogramSpec

NAME = re.compile(r"\w[\w.+-]{0,99}")  # of a model: one folder's name, and no option or origin
ROWS_SHOWN = 40  # of a refused file, whose every tensor may be wrong

app = typer.Typer(invoke_without_command=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def models(context: typer.Context) -> None:
    """Print the models that are here, with what is known of them, and the names of those to download."""
    if context.invoked_subcommand:
        return
    with refusals_told():
        from genre import store
        from genre.web.models import provenance

        out = console()
        cards = store.available(Settings.from_environment())
        for reference, card in cards.items():
            out.print(printable(reference), style="bold")
            out.print(f"  {card.spectrogram.transform} · {card.taxonomy.id}", soft_wrap=True)
            out.print(f"  {printable(provenance(card, LANGUAGE))}", soft_wrap=True)
            out.print(f"  {printable(str(card.weights))}", soft_wrap=True)
        here = {card.name for card in cards.values() if card.origin != "embedded"}
        if absent := [name for name in store.PUBLISHED if name not in here]:
            out.print(say("downloadable", names=", ".join(absent)), style="dim", soft_wrap=True)


@dataclass(frozen=True)
class _Looked:
    """A file of weights, and what it fills."""

    path: Path
    place: str  # of the state dict in it
    fit: "Fit"
    reason: ModelError | None  # why it does not


@app.command(help=say("inspect"))
def inspect(
    path: Annotated[str, typer.Argument(help=say("inspected"), metavar="FILE|FOLDER|NAME", show_default=False)],
    backbone: Annotated[str | None, typer.Option(help=say("import_backbone"), metavar="NAME")] = None,
    head: Annotated[str | None, typer.Option(help=say("import_head"), metavar="published|compact")] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("json_inspected"))] = False,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
) -> None:
    """Print which tensor of a file goes where; of a file that is refused, the rows that it is refused for."""
    with refusals_told(lang):
        looked = _look_at(path, backbone, head)
        if as_json:
            print(json.dumps(_to_dict(looked), ensure_ascii=False, indent=2))
        else:
            _print_table(looked, lang)
        if looked.reason:
            raise looked.reason


@app.command("import", help=say("import"))
def import_(
    path: Annotated[Path, typer.Argument(help=say("imported"), metavar="FILE|FOLDER", show_default=False)],
    name: Annotated[str | None, typer.Option(help=say("import_name"), metavar="NAME")] = None,
    out: Annotated[Path | None, typer.Option(help=say("import_out"), metavar="FOLDER")] = None,
    backbone: Annotated[str | None, typer.Option(help=say("import_backbone"), metavar="NAME")] = None,
    head: Annotated[str | None, typer.Option(help=say("import_head"), metavar="published|compact")] = None,
    taxonomy: Annotated[str, typer.Option(help=say("import_taxonomy"), metavar="ID|FILE.json")] = CCMUSIC16.id,
    transform: Annotated[str | None, typer.Option(help=say("import_transform"), metavar="cqt|mel|chroma")] = None,
    rendering: Annotated[str, typer.Option(help=say("import_rendering"), metavar="magma|gray")] = "magma",
    image_size: Annotated[int | None, typer.Option(help=say("import_image_size"), min=32, max=1_024)] = None,
    imagenet: Annotated[bool, typer.Option("--imagenet", help=say("import_imagenet"))] = False,
    temperature: Annotated[float | None, typer.Option(help=say("import_temperature"), min=0.01, max=100.0)] = None,
    trained_on: Annotated[str | None, typer.Option(help=say("import_trained_on"), metavar="TEXT")] = None,
    licence: Annotated[str, typer.Option(help=say("train_licence"), metavar="TEXT")] = "not stated",
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
) -> None:
    """Make a model folder of somebody else's weights, and say how they were understood."""
    if (name is None) == (out is None):
        raise typer.BadParameter(say("import_where", lang))
    if name is not None and not NAME.fullmatch(name):
        raise typer.BadParameter(say("import_bad_name", lang, name=printable(name)))
    with refusals_told(lang):
        from genre import adoption, backbones, checkpoints, store

        settings = Settings.from_environment()
        folder = (out or store.home(settings) / str(name)).expanduser().absolute()
        classes = _taxonomy(taxonomy)
        looked = _look_at(str(adoption.weight_file(path)), backbone, head)
        if looked.reason:
            raise looked.reason
        if looked.fit.classes != len(classes):
            raise ModelError(
                say("import_classes", lang, path=looked.path, found=looked.fit.classes, taxonomy=classes.id)
            )
        spectrogram = _spectrogram(folder.name, looked.fit.backbone, transform, rendering, image_size, lang)
        if imagenet:
            spectrogram = replace(spectrogram, mean=backbones.IMAGENET_MEAN, std=backbones.IMAGENET_STD)
        digest = checkpoints.sha256(looked.path)
        facts: dict[str, Any] = {
            "accuracy": None,
            "licence": licence,
            "imported": {"file": looked.path.name, "sha256": digest, "tensors": looked.fit.alignment.counts()},
        }
        for tongue, suffix in zip(LANGUAGES, ("", "_zh"), strict=True):
            what = trained_on or say("import_unstated", tongue)
            file = printable(looked.path.name)
            facts[f"trained_on{suffix}"] = say("import_origin", tongue, what=what, file=file, digest=digest[:12])
            facts[f"measured_on{suffix}"] = say("import_unmeasured", tongue)
        adoption.adopt(looked.path, folder, looked.fit, classes, spectrogram, facts, temperature)
        print(_summary(looked, lang))
        print(say("import_heard", lang, taxonomy=printable(classes.id), **spectrogram.to_dict()))
        _tell_reference(folder, settings, lang)


def _look_at(path: str, backbone: str | None, head: str | None) -> _Looked:
    """Read a file, or the weights of a model folder or of a model by its name, and find the network they are of."""
    from genre import adoption, cards, checkpoints, store, unpacking

    settings = Settings.from_environment()
    given = Path(path).expanduser()
    card: ModelCard | None = None
    if given.is_dir():
        with suppress(*([] if (given / cards.CONFIG).exists() else [ModelError])):  # its name may say nothing
            card = store.find(given, settings)
    elif not given.exists() and given.name == path:
        card = store.find(path, settings)
    file = card.weights if card else adoption.weight_file(given)
    found = unpacking.unpack(file)
    if card:
        backbone, head = backbone or card.backbone, head or card.head
    classes = len(card.taxonomy) if card else None
    fit = adoption.identify(found.state, file, backbone=backbone, head=head, classes=classes)
    reason = None
    if fit.alignment.failed:
        shapes = checkpoints.shapes(found.state, file)
        reason = checkpoints.refusal(shapes, fit.alignment, fit.backbone, fit.head, fit.classes, file)
    return _Looked(file, found.place, fit, reason)


def _taxonomy(stated: str) -> "Taxonomy":
    """Return a built-in taxonomy, or the one that a JSON file spells out, at the least as a list of names."""
    from genre import cards, labels

    path = Path(stated).expanduser()
    if path.suffix.lower() != ".json":
        return labels.taxonomy(stated)
    try:
        spelled = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}.") from error
    return cards.taxonomy({"id": path.stem, "genres": spelled} if isinstance(spelled, list) else spelled, path)


def _spectrogram(
    name: str, backbone: str, transform: str | None, rendering: str, image_size: int | None, language: Language
) -> "SpectrogramSpec":
    """Return what the network is shown; the transform is stated, or what the name ends in."""
    from genre import backbones
    from genre.spectrogram import Rendering, SpectrogramSpec, Transform

    transform = transform or name.rpartition("_")[2]
    if transform not in get_args(Transform):
        raise ModelError(say("import_no_transform", language, name=name))
    low, high = backbones.image_sizes(backbone)
    size = image_size or backbones.image_size(backbone)
    if not low <= size <= high:
        raise ModelError(say("import_bad_size", language, backbone=backbone, low=low, high=high))
    spec = SpectrogramSpec.published(cast(Transform, transform), size)
    return replace(spec, rendering=cast(Rendering, rendering))


def _summary(looked: _Looked, language: Language) -> str:
    fit = looked.fit
    ways = ", ".join(f"{count} {say(f'how_{how}', language)}" for how, count in fit.alignment.counts().items())
    place = f" [{looked.place}]" if looked.place else ""
    return say(
        "inspect_fits" if looked.reason is None else "inspect_nearest",
        language,
        file=printable(str(looked.path)) + place,
        backbone=fit.backbone,
        head=fit.head,
        classes=fit.classes,
        ways=ways,
    )


def _tell_reference(folder: Path, settings: Settings, language: Language) -> None:
    """Say how the new model is called, and how another one of its name."""
    from genre import store

    here = store.available(settings)
    reference = next((reference for reference, card in here.items() if card.folder == folder), str(folder))
    print(say("import_done", language, folder=printable(str(folder)), model=shlex.quote(printable(reference))))
    for other, card in here.items():
        if card.name == folder.name and other != reference and reference in here:
            print(say("import_shadows", language, name=printable(reference), reference=printable(other)))


def _print_table(looked: _Looked, language: Language) -> None:
    from rich.table import Table

    out = console()
    out.print(_summary(looked, language), soft_wrap=True)
    rows = looked.fit.alignment.failed or looked.fit.alignment.rows
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key in ("inspect_key", "inspect_shape", "inspect_type", "inspect_source", "inspect_how"):
        table.add_column(say(key, language), overflow="fold")
    shown = rows[:ROWS_SHOWN] if looked.reason else rows
    for row in shown:
        table.add_row(*_cells(row, language))
    out.print(table)
    if len(shown) < len(rows):
        out.print(say("inspect_more", language, count=len(rows) - len(shown)), style="dim")


def _cells(row: "Row", language: Language) -> list[str]:
    from genre.alignment import plain

    said = say(f"problem_{row.problem}" if row.problem else f"how_{row.how}", language)
    how = f"{said} ({printable(row.detail)})" if row.detail else said
    shape = " × ".join(map(str, row.shape)) or "–"
    return [printable(row.key or "–"), shape, plain(row.dtype), printable(row.source or "–"), how]


def _to_dict(looked: _Looked) -> dict[str, Any]:
    """Return all that is known of a file as JSON can hold it."""
    from genre.alignment import plain

    fit = looked.fit
    return {
        "file": str(looked.path),
        "state_dict": looked.place,
        "backbone": fit.backbone,
        "head": fit.head,
        "classes": fit.classes,
        "fits": looked.reason is None,
        "error": str(looked.reason) if looked.reason else None,
        "found": fit.alignment.counts(),
        "tensors": [
            {
                "key": row.key,
                "source": row.source,
                "shape": list(row.shape),
                "dtype": plain(row.dtype),
                "how": row.how,
                "problem": row.problem,
                "detail": row.detail,
            }
            for row in fit.alignment.rows
        ],
    }
