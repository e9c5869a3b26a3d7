"""`genre train`: fit a model to labelled recordings, so that every other command and the page can use it."""

import logging
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from genre.errors import SettingsError
from genre.labels import LANGUAGES, Language, display
from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN, Settings
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
    from rich.console import Console

    from genre.datasets import Clip
    from genre.evaluation import Evaluation
    from genre.finetuning import Plan
    from genre.images import Images
    from genre.recipe import Progress
    from genre.training import Run

BATCH_SIZE, VALIDATION = 16, 0.2  # as in genre.finetuning, which is too heavy for --help; a test compares them


def train(
    source: Annotated[str, typer.Argument(help=say("train_source"), metavar="SOURCE", show_default=False)],
    out: Annotated[Path, typer.Option(help=say("train_out"), metavar="FOLDER", show_default=False)],
    backbone: Annotated[str | None, typer.Option(help=say("train_backbone"), metavar="NAME")] = None,
    transform: Annotated[str | None, typer.Option(help=say("train_transform"), metavar="cqt|mel|chroma")] = None,
    taxonomy: Annotated[
        str | None, typer.Option(help=say("train_taxonomy"), metavar="ccmusic16|acousticsense16|own")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help=say("mapping"), metavar="FILE")] = None,
    names: Annotated[Path | None, typer.Option(help=say("train_names"), metavar="FILE")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help=say("train_from"), metavar="NAME|FOLDER|imagenet|scratch")
    ] = None,
    frozen: Annotated[bool, typer.Option("--frozen", help=say("train_frozen"))] = False,
    epochs: Annotated[int | None, typer.Option(help=say("train_epochs"), min=1, max=10_000)] = None,
    image_size: Annotated[int | None, typer.Option(help=say("train_image_size"), min=32, max=1_024)] = None,
    batch_size: Annotated[int, typer.Option(help=say("train_batch_size"), min=2, max=4_096)] = BATCH_SIZE,
    learning_rate: Annotated[float | None, typer.Option(help=say("train_learning_rate"), min=1e-7, max=1.0)] = None,
    validation: Annotated[float, typer.Option(help=say("train_validation"), min=0.01, max=0.9)] = VALIDATION,
    clip_seconds: Annotated[
        float, typer.Option(help=say("train_clip_seconds"), min=CLIP_SECONDS_MIN, max=CLIP_SECONDS_MAX)
    ] = CLIP_SECONDS,
    seed: Annotated[int, typer.Option(help=say("train_seed"), min=0, max=2**31 - 1)] = 0,
    run_folder: Annotated[Path | None, typer.Option("--run", help=say("train_run"), metavar="FOLDER")] = None,
    subset: Annotated[str | None, typer.Option(help=say("train_subset"), metavar="NAME")] = None,
    label_column: Annotated[str | None, typer.Option(help=say("train_label_column"), metavar="NAME")] = None,
    group_column: Annotated[str | None, typer.Option(help=say("train_group_column"), metavar="NAME")] = None,
    licence: Annotated[str, typer.Option(help=say("train_licence"), metavar="TEXT")] = "not stated",
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
) -> None:
    """Train, with progress on stderr; what a stopped call has done is kept, and the same call goes on from there."""
    if out.name in ("", ".."):  # the folder one is in, or one around it: the model is called as that is
        out = out.resolve()
    folder = run_folder or out.with_name(f"{out.name}.run")
    screen = console(stderr=True)
    with refusals_told(lang), _log_on(screen) as log:
        settings = Settings.from_environment()
        _check_out(out, folder, lang)

        from genre import datasets, finetuning
        from genre.finetuning import Wishes, plan
        from genre.run_folder import RunFolder
        from genre.spectrogram import Transform
        from genre.training import Run

        wishes = Wishes(
            backbone=backbone,
            transform=cast(Transform | None, transform),
            taxonomy=taxonomy,
            mapping=datasets.read_mapping(mapping) if mapping else {},
            names=datasets.read_names(names) if names else {},
            begin=begin,
            frozen=frozen,
            epochs=epochs,
            image_size=image_size,
            batch_size=batch_size,
            learning_rate=learning_rate,
            validation=validation,
            seed=seed,
        )
        stopped = "train_stopped"
        try:
            with interrupt_kept():
                seen = finetuning.transform(wishes, settings)
                clips, zh = _clips(source, folder, seen, (subset, label_column, group_column), screen, lang)
                wishes = replace(wishes, names={**zh, **wishes.names})
                planned = plan(clips, wishes, name=out.name, settings=settings)
                _tell_plan(planned, screen, lang)
                with RunFolder(folder).held():
                    images = _images(planned, folder, clip_seconds, screen, lang)
                    run = Run(
                        folder,
                        planned.recipe,
                        planned.clips,
                        images,
                        planned.taxonomy,
                        device=settings.device,
                        precision=settings.precision,
                        **planned.start,
                    )
                    _fit(run, screen, lang)
                    name = Path(source).resolve().name if Path(source).exists() else source
                    _export(run, planned, out, name, licence)
                    stopped = "train_unmeasured"
                    _finish(run, planned, out, screen, lang)
        except KeyboardInterrupt:
            screen.print(say(stopped, lang, out=printable(str(out))), soft_wrap=True)
            raise
    if log.left_out:
        raise typer.Exit(1)


class _Log(logging.Handler):
    """Prints what the rooms below log, above the progress bar."""

    def __init__(self, screen: "Console") -> None:
        super().__init__(logging.INFO)
        self.screen = screen
        self.left_out = 0  # clips and folders that could not be read

    def emit(self, record: logging.LogRecord) -> None:
        self.left_out += record.levelno >= logging.WARNING and record.getMessage().startswith("left out: ")
        style = "yellow" if record.levelno >= logging.WARNING else "dim"
        self.screen.print(printable(record.getMessage()), style=style, soft_wrap=True)


@contextmanager
def _log_on(screen: "Console") -> Iterator[_Log]:
    logger, handler = logging.getLogger("genre"), _Log(screen)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _check_out(out: Path, folder: Path, language: Language) -> None:
    """Refuse, before any work, folders that cannot be written or that another run or person filled."""
    from genre.run_folder import RunFolder

    place = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise SettingsError(say("train_out_unusable", language, out=out, place=place))
    if place == out and any(out.iterdir()) and not RunFolder(folder).made(out):
        raise SettingsError(say("train_out_taken", language, out=out, run=folder))
    if out.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise SettingsError(say("train_run_in_out", language, out=out, run=folder))
    with disk_refusals_told(folder, language):
        if not RunFolder(folder).is_free():
            raise SettingsError(say("train_run_taken", language, run=folder))


def _clips(
    source: str,
    folder: Path,
    transform: str,
    of_hub: tuple[str | None, str | None, str | None],
    screen: "Console",
    language: Language,
) -> "tuple[list[Clip], dict[str, str]]":
    """Return the source's clips, and the Chinese names that its table gives to labels.

    `of_hub` are the subset, the label column and the group column of a data set of the Hub.
    """
    from genre import datasets, hub_datasets
    from genre.run_folder import RunFolder

    path = Path(source)
    subset, label, group = of_hub
    if hub_datasets.is_hub_dataset(source):
        with RunFolder(folder).held(), progress_bar(screen, say("train_unpacking", language)) as move:
            path = hub_datasets.materialise(
                source, folder / "dataset", transform, subset=subset, label=label, group=group, report=move
            )
    elif not path.exists():
        raise SettingsError(say("train_no_source", language, source=source))
    elif any(of_hub):
        raise SettingsError(say("train_not_hub", language, source=source))
    return datasets.read(path), datasets.read_names(path) if path.is_file() else {}


def _tell_plan(plan: "Plan", screen: "Console", language: Language) -> None:
    recipe = plan.recipe
    words = say(
        "train_plan",
        language,
        clips=len(plan.clips),
        genres=len(plan.taxonomy),
        taxonomy=plan.taxonomy.id,
        backbone=recipe.backbone,
        transform=recipe.spectrogram.transform,
        begun=plan.begun_with,
        epochs=recipe.epochs,
        sizes=" → ".join(f"{size} px" for size, _ in recipe.stages),
    )
    screen.print(printable(words), soft_wrap=True)


def _images(plan: "Plan", folder: Path, clip_seconds: float, screen: "Console", language: Language) -> "Images":
    from genre.images import cache_images

    with progress_bar(screen, say("train_drawing", language)) as move:
        return cache_images(
            plan.clips,
            plan.recipe.spectrogram,
            folder / "images",
            seconds=clip_seconds,
            processes=min(8, os.cpu_count() or 1),
            report=move,
        )


def _fit(run: "Run", screen: "Console", language: Language) -> None:
    """Train, with a line for each epoch, and pictures of the way so far."""
    from genre import plots

    # An epoch takes about as long as it has pixels, so the bar's estimate holds for the larger images too.
    costs = [run.recipe.size(epoch) ** 2 for epoch in range(run.recipe.epochs)]

    with progress_bar(screen, say("train_fitting", language)) as move:

        def batch_done(done: int, of: int) -> None:
            epoch = len(run.history)
            move(sum(costs[:epoch]) + costs[epoch] * done / of, sum(costs))

        def epoch_done(progress: "Progress") -> None:
            screen.print(_epoch_line(progress, language), soft_wrap=True)
            history = [asdict(entry) for entry in run.history]
            curves = plots.curves(history, language=plots.drawn_language(language))
            with disk_refusals_told(run.folder, language):
                (run.folder / "curves.png").write_bytes(curves)

        run.fit(epoch_done, batch_done)


def _epoch_line(progress: "Progress", language: Language) -> str:
    line = say(
        "train_epoch",
        language,
        epoch=progress.epoch,
        epochs=progress.epochs,
        size=progress.image_size,
        loss=progress.loss,
        accuracy=progress.accuracy,
        seconds=progress.seconds,
    )
    domains = ", ".join(f"{printable(name)} {accuracy:.1%}" for name, accuracy in progress.by_domain.items())
    return f"{line} ({domains})" if domains else line


def _export(run: "Run", plan: "Plan", out: Path, source: str, licence: str) -> None:
    """Write the model folder, in which only what is to be measured is missing."""
    from genre import measurement, training

    used = [plan.clips[index] for index in (*run.taught, *run.held)]
    facts: dict[str, Any] = {"licence": licence, "learned": measurement.fingerprints(used)}
    begun = plan.begun_with if plan.begun_with in ("imagenet", "scratch") else "model"
    for tongue, suffix in zip(LANGUAGES, ("", "_zh"), strict=True):
        facts[f"trained_on{suffix}"] = say(
            f"trained_from_{begun}", tongue, clips=len(run.taught), source=source, model=plan.begun_with
        )
    training.export(run.folder, out, plan.recipe, plan.taxonomy, facts, keep_temperature=True)


def _measure(run: "Run", plan: "Plan", out: Path, screen: "Console", language: Language) -> "Evaluation":
    """Hear the held-out recordings as `genre evaluate` does, with the model as it was written."""
    from genre.classifier import classifier
    from genre.drawing import IMAGE_SUFFIXES
    from genre.evaluation import Heard, assess, evaluate

    held = [plan.clips[index] for index in run.held]
    labels = {clip.label for clip in held}
    mapping = {label: ids for label, ids in plan.mapping.items() if label in labels}
    if any(clip.path.suffix.lower() in IMAGE_SUFFIXES for clip in held):  # of pictures there is nothing to hear
        run.load_best()
        rows = run.clip_probabilities(run.held).astype(float)
        heard = [Heard(clip, row[None]) for clip, row in zip(held, rows, strict=True)]
        return assess(heard, plan.taxonomy, mapping)
    with progress_bar(screen, say("train_measuring", language)) as move:
        return evaluate(classifier(out), held, mapping, report=move)


def _finish(run: "Run", plan: "Plan", out: Path, screen: "Console", language: Language) -> None:
    """Measure the model, write down how well it does and whom it takes for whom, and say what has come of it."""
    from genre import cards, hub_datasets, plots
    from genre.figures import confusion, figures, fine_truths
    from genre.measurement import interval_words
    from genre.report_texts import words

    measured = _measure(run, plan, out, screen, language)
    right = figures(measured).compatible
    if right is None:  # the recordings are gone
        screen.print(say("train_unmeasured", language, out=printable(str(out))), soft_wrap=True)
        return
    facts: dict[str, Any] = {"accuracy": round(right.value, 4)}
    for tongue, suffix in zip(LANGUAGES, ("", "_zh"), strict=True):
        interval = interval_words(right, tongue)
        stated = say("train_measured_on", tongue, clips=right.clips, interval=interval)
        cuts = say("train_cuts", tongue) if hub_datasets.may_be_cuts(run.folder / "dataset") else ""
        facts[f"measured_on{suffix}"] = stated + cuts
    config = cards.read_config(out)
    cards.write_config(out, {**config, "weights": {**config["weights"], **facts}})

    # Clips known by a coarse label only have no row in a confusion matrix.
    matrix = confusion(fine_truths(measured), measured.answered, len(plan.taxonomy))
    drawn = plots.drawn_language(language)
    picture = plots.confusion(
        matrix,
        [display(genre, drawn) for genre in plan.taxonomy.genres],
        title=words("picture_confusion", drawn, model=out.name, clips=matrix.sum()),
        language=drawn,
    )
    with disk_refusals_told(run.folder, language):
        (run.folder / "confusion.png").write_bytes(picture)
    reference = str(out) if os.sep in str(out) else f".{os.sep}{out}"
    print(
        say(
            "train_done",
            language,
            out=printable(str(out)),
            accuracy=right.value,
            clips=right.clips,
            interval=interval_words(right, language),
            run=printable(str(run.folder)),
            model=shlex.quote(printable(reference)),
        )
    )
