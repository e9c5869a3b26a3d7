"""Make an edition of the embedded weights: fit on rendered clips and real ones, store, measure, write the model folder.

    python -m corpus.edition fit vgg19_bn_cqt --rendered renders/train/labels.csv --real real --run runs/vgg19_bn_cqt
    python -m corpus.edition publish vgg19_bn_cqt --rendered renders/test/labels.csv --real real --emotify DIR \\
        --run runs/vgg19_bn_cqt --out . --trained-on EN ZH --begun "From the weights of the edition before"

`fit` can be stopped with Ctrl-C and started again. `publish` measures what is shipped, through the same path that
answers a user, and writes the figures into config.json. `real` is a folder that `corpus.real` wrote.
"""

import argparse
import csv
import json
import logging
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from corpus import device
from corpus.card import SCRATCH, card
from corpus.grooves import COARSE, COMPATIBLE, MORE_STYLES
from corpus.real import GENERATED, GROUPS, RECORDED
from corpus.synth import SAMPLE_RATE
from genre import audio, backbones, datasets, images, store, temperature, training
from genre.calibration import soften
from genre.cards import CONFIG
from genre.classifier import Classifier
from genre.datasets import Clip
from genre.evaluation import Evaluation, assess, evaluate, hear
from genre.figures import Figure, figures
from genre.labels import ACOUSTICSENSE16, CCMUSIC16, Taxonomy
from genre.recipe import Progress, Recipe
from genre.settings import Settings
from genre.spectrogram import SpectrogramSpec

log = logging.getLogger(__name__)

CQT = SpectrogramSpec(transform="cqt", rendering="gray")
MEL = SpectrogramSpec(transform="mel", rendering="gray")
COARSE_WEIGHT = 1.5  # of the rendered clips whose label is coarse
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True)
class Edition:
    """One embedded model: what it answers and how it is fitted."""

    taxonomy: Taxonomy
    recipe: Recipe
    rendered_weight: float = 1.0  # of the clips that are rendered for CCMusic's genres


# Small images teach the same shapes for a fraction of the time, and each model answers at the size it learnt at. All
# went on from earlier weights (--initial): these are the last legs of longer fits, which the cards tell.
SMALL_CQT = replace(CQT, image_size=112)
SMALL_MEL = replace(MEL, image_size=112)
EDITIONS = {
    "vgg19_bn_cqt": Edition(
        CCMUSIC16,
        Recipe("vgg19_bn", "compact", SMALL_CQT, ((112, 5),), 24, 5e-4, mixup=0.0, validation=0.04),
    ),
    "densenet121_cqt": Edition(
        CCMUSIC16,
        Recipe("densenet121", "compact", SMALL_CQT, ((112, 4),), 24, 4e-4, mixup=0.0, validation=0.04),
    ),
    "resnet50_mel": Edition(
        CCMUSIC16,
        Recipe("resnet50", "compact", SMALL_MEL, ((112, 3),), 24, 6e-4, mixup=0.0, validation=0.04),
    ),
    "resnet18_cqt_acousticsense16": Edition(
        ACOUSTICSENSE16,
        Recipe("resnet18", "compact", SMALL_CQT, ((112, 4),), 24, 6e-4, mixup=0.0, validation=0.04),
        rendered_weight=0.35,  # else most of what is seen would be pop and rock
    ),
}


def fit(arguments: argparse.Namespace) -> None:
    """Train a model on labelled clips; goes on where an earlier call stopped."""
    edition = EDITIONS[arguments.name]
    clips = [clip for table in arguments.rendered for clip in _rendered(table, edition)]
    mapping = _mapping(edition.taxonomy)
    if arguments.real:
        clips += datasets.read(arguments.real / f"{edition.taxonomy.id}-train.csv")
        mapping |= datasets.read_mapping(arguments.real / f"{edition.taxonomy.id}-mapping.json")
    cache = arguments.run.parent / "images"
    cached = images.cache_images(clips, edition.recipe.spectrogram, cache, processes=2, report=_tell)
    log.info("%d clips, %d images", len(clips), len(cached.clips))
    run = training.Run(
        arguments.run, edition.recipe, clips, cached, edition.taxonomy, mapping=mapping, initial=arguments.initial
    )
    run.fit(_tell_epoch)


def _mapping(taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    """Return which genres a rendered clip may be whose label is no genre of the taxonomy."""
    if taxonomy is CCMUSIC16:
        return {style: GROUPS[group] for style, group in COARSE.items()}
    return COMPATIBLE | {style: (group,) for style, group in COARSE.items()}


def _rendered(table: Path, edition: Edition) -> list[Clip]:
    """Return a table's clips that serve the edition."""
    weights = dict.fromkeys(COMPATIBLE, edition.rendered_weight) | dict.fromkeys(COARSE, COARSE_WEIGHT)
    if edition.taxonomy is ACOUSTICSENSE16:
        weights |= dict.fromkeys(MORE_STYLES, 1.0)
    return [
        replace(clip, weight=weights[clip.label], domain="rendered", split="")
        for clip in datasets.read(table)
        if clip.label in weights
    ]


def _tell(done: int, todo: int) -> None:
    if done % 100 == 0 or done == todo:
        log.info("images of %d of %d clips", done, todo)


def _tell_epoch(p: Progress) -> None:
    log.info(
        "epoch %d of %d at %d px: loss %.3f, validation %.1f %% (%s), %.0f s",
        *(p.epoch, p.epochs, p.image_size, p.loss, 100 * p.accuracy),
        ", ".join(f"{name} {100 * share:.1f} %" for name, share in p.by_domain.items()),
        p.seconds,
    )


def publish(arguments: argparse.Namespace) -> None:
    """Store the best epoch in 8 bits, fit its temperature, measure it, and write config.json and the model card."""
    edition, folder = EDITIONS[arguments.name], arguments.out / arguments.name
    taxonomy, recipe = edition.taxonomy, edition.recipe
    facts = {"trained_on": arguments.trained_on[0], "trained_on_zh": arguments.trained_on[1], "licence": "MIT"}
    training.export(arguments.run, folder, recipe, taxonomy, facts)

    shipped = Classifier(store.find(folder, Settings()))
    # The same weights before they were rounded to 8 bits, for what storing costs.
    whole = Classifier(replace(shipped.card, weights=arguments.run / "best.safetensors", stated_sha256=None))
    real = datasets.read(arguments.real / f"{taxonomy.id}-held-out.csv")
    choices = datasets.read_mapping(arguments.real / f"{taxonomy.id}-mapping.json")
    test = [clip for table in arguments.rendered for clip in _rendered(table, edition)]
    heard = [hear(shipped, clip) for clip in real]
    plain = {
        "rendered": evaluate(shipped, test, _mapping(taxonomy)),
        "rendered_before_8_bit_storage": evaluate(whole, test, _mapping(taxonomy)),
        "open_audio_held_out": assess(heard, taxonomy, choices),
        "open_audio_held_out_recorded": assess([h for h in heard if h.clip.domain == RECORDED], taxonomy, choices),
    }
    if taxonomy is CCMUSIC16:
        plain["emotify_dev"] = evaluate(shipped, _emotify(arguments.emotify), GROUPS)
        with tempfile.TemporaryDirectory() as again:
            plain["examples"] = evaluate(shipped, _examples(EXAMPLES))
            plain["examples_re_recorded"] = evaluate(shipped, _re_recorded(Path(again)))

    held_out = plain["open_audio_held_out"]
    fitted = temperature.fit(held_out, None, figures(held_out))
    degrees = fitted.temperature if fitted else None
    found = {name: _tempered(evaluation, degrees or 1.0) for name, evaluation in plain.items()}
    if "emotify_dev" in plain:
        found["emotify_dev_without_temperature"] = plain["emotify_dev"]
    measured = {name: _figures(evaluation) for name, evaluation in found.items()}
    changed = plain["rendered"].answered != plain["rendered_before_8_bit_storage"].answered
    measured["rendered_before_8_bit_storage"]["answers_changed"] = int(changed.sum())

    training.export(arguments.run, folder, recipe, taxonomy, facts | _claims(measured))
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    config |= {"temperature": degrees, "measured": measured}
    (folder / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    history = [Progress(**entry) for entry in json.loads((arguments.run / "history.json").read_text(encoding="utf-8"))]
    words = {"begun": arguments.begun, "generated": str(sum(clip.domain == GENERATED for clip in real))}
    network = backbones.build(recipe.backbone, recipe.head, len(taxonomy))
    text = card(
        config,
        recipe,
        history,
        found,
        words,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        root=os.path.relpath(EXAMPLES.parent, folder.resolve()) + "/",
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
    print(json.dumps(measured, indent=2))


def _tempered(evaluation: Evaluation, degrees: float) -> Evaluation:
    """Return what the same model answers with a temperature: that divides the logits of each window."""
    return replace(evaluation, windows=soften(evaluation.windows, np.arange(len(evaluation.windows)), degrees))


def _claims(measured: dict[str, Any]) -> dict[str, Any]:
    """Return what the page, the command and the JSON say of the weights: how well they were measured, on what."""
    rendered = measured["rendered"]
    told = measured.get("emotify_dev", measured["open_audio_held_out_recorded"])
    real = told.get("coarse_accuracy", told["compatible"])
    english = (
        f"{rendered['clips']} rendered clips (other seeds and works, an unheard SoundFont); of {real['clips']} "
        f"{'real recordings' if 'emotify_dev' in measured else 'weakly labelled clips of other sources'} "
        f"{100 * real['share']:.0f} % were told right"
    )
    chinese = (
        f"{rendered['clips']} 段渲染片段（不同的种子和作品，训练中未出现的音色库）；"
        f"{real['clips']} 段{'真实录音' if 'emotify_dev' in measured else '其他来源的弱标注片段'}中判对 "
        f"{100 * real['share']:.0f} %"
    )
    if "emotify_dev" in measured:
        ranked = sorted(told["recall"].items(), key=lambda entry: -entry[1])
        names = {"classical": "古典", "electronic": "电子", "rock": "摇滚", "pop": "流行"}
        english += " of four groups, from best to worst: " + ", ".join(f"{k} {100 * v:.0f} %" for k, v in ranked)
        chinese += "（四个大类，由好到差：" + "、".join(f"{names[k]} {100 * v:.0f} %" for k, v in ranked) + "）"
    return {"accuracy": rendered["top1"]["share"], "measured_on": english, "measured_on_zh": chinese}


def _emotify(folder: Path) -> list[Clip]:
    """Return the clips, grouped by artist: 64 made the 207, and one alone a third of the rock."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return [
            Clip(folder / row["file"], row["genre"], row["text"].split(" - ")[0].casefold())
            for row in csv.DictReader(file)
        ]


def _examples(folder: Path) -> list[Clip]:
    return [Clip(path, path.stem, path.stem) for path in sorted(folder.iterdir()) if path.suffix in (".mp3", ".flac")]


def _re_recorded(folder: Path) -> list[Clip]:
    """Play every example in a room of its own and record it there with a telephone's microphone."""
    for number, clip in enumerate(_examples(EXAMPLES)):
        sound = audio.load(clip.path, clip_seconds=None)
        wide = soxr.resample(sound.samples, sound.sample_rate, SAMPLE_RATE)
        heard = device.rerecord(wide, 0.5, np.random.default_rng([2026, number]))
        soundfile.write(folder / f"{clip.label}.flac", heard * (0.5 / np.abs(heard).max()), SAMPLE_RATE)
    return _examples(folder)


def _figures(found: Evaluation) -> dict[str, Any]:
    """Return what config.json says of an evaluation, and a table on the screen of who was taken for whom."""
    if found.failures:
        raise SystemExit("\n".join(found.failures))
    all_ = figures(found)
    shares: dict[str, Figure | None] = {
        name: getattr(all_, name)
        for name in (
            "compatible",
            "top1",
            "top3",
            "macro_f1",
            "group_accuracy",
            "top_level_accuracy",
            "top_level_balanced",
            "coarse_accuracy",
        )
    }
    told = {name: _share(figure) for name, figure in shares.items() if figure}
    classes = all_.per_coarse or all_.per_genre
    return {
        "clips": all_.clips,
        "groups": all_.groups,
        **told,
        "calibration_error": round(all_.calibration_error, 4) if all_.calibration_error is not None else None,
        "recall": {entry.id: round(entry.recall.value, 3) for entry in classes if entry.recall},
    }


def _share(figure: Figure) -> dict[str, object]:
    interval = (
        [round(figure.low, 4), round(figure.high, 4)] if figure.low is not None and figure.high is not None else None
    )
    return {"share": round(figure.value, 4), "interval": interval, "clips": figure.clips}


def main() -> None:
    """Parse the command line and work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    fitting = commands.add_parser("fit", help=fit.__doc__)
    fitting.add_argument("--initial", type=Path, help="checkpoint to start from, such as an earlier edition's")
    fitting.set_defaults(work=fit)
    publishing = commands.add_parser("publish", help=publish.__doc__)
    publishing.add_argument("--emotify", type=Path, required=True, help="folder of real clips and labels.csv")
    publishing.add_argument("--out", type=Path, required=True, help="where the model folder is written")
    publishing.add_argument("--trained-on", nargs=2, metavar=("EN", "ZH"), required=True)
    publishing.add_argument("--begun", default=SCRATCH, help="what the fit began with, for the card")
    publishing.set_defaults(work=publish)
    for each in (fitting, publishing):
        each.add_argument("name", choices=list(EDITIONS))
        each.add_argument("--rendered", type=Path, nargs="+", required=True, help="labels.csv of rendered folders")
        each.add_argument("--real", type=Path, required=each is publishing, help="folder that corpus.real wrote")
        each.add_argument("--run", type=Path, required=True, help="run folder")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = parser.parse_args()
    arguments.work(arguments)


if __name__ == "__main__":
    main()
