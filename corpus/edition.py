"""Make an edition of the embedded weights: fit on rendered clips, store, measure, write the model folder.

    python -m corpus.edition fit --labels renders/train/labels.csv --run runs/small
    python -m corpus.edition fit --labels renders/train/labels.csv --run runs/full --recipe vgg19_bn_cqt_full_size \\
        --initial runs/small/best.safetensors
    python -m corpus.edition publish --run runs/full --test renders/test/labels.csv --model vgg19_bn_cqt …

`fit` can be stopped with Ctrl-C and started again. `publish` measures what is shipped, through the same path that
answers a user, and writes the figures into config.json.
"""

import argparse
import csv
import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from genre import store, training
from genre.classifier import Classifier
from genre.evaluation import Evaluation, bootstrap_interval, coarse_hits, evaluate
from genre.labels import CCMUSIC16
from genre.settings import Settings
from genre.spectrogram import SpectrogramSpec

log = logging.getLogger(__name__)

RECIPES = {
    # A small network finds mistakes in the music and the labels within minutes.
    "draft": training.Recipe(
        backbone="resnet18",
        head="compact",
        spectrogram=SpectrogramSpec(transform="cqt", rendering="gray"),
        stages=((112, 8),),
    ),
    "vgg19_bn_cqt": training.Recipe(
        backbone="vgg19_bn",
        head="compact",
        spectrogram=SpectrogramSpec(transform="cqt", rendering="gray"),
        # Small images teach the same shapes for a fraction of the time.
        stages=((80, 8), (112, 4)),
        batch_size=16,
        learning_rate=5e-4,
        mixup=0.0,  # slows a run as short as this one down more than it helps
        validation=0.06,
    ),
}
# Then the same network learns what it knows at the size that people will use.
RECIPES["vgg19_bn_cqt_full_size"] = replace(RECIPES["vgg19_bn_cqt"], stages=((224, 2),), learning_rate=2e-4)
# Which of the sixteen genres a coarse label of real recordings covers.
COARSE = {
    "classical": ("symphony", "opera", "solo", "chamber"),
    "electronic": ("contemporary_dance_pop", "dance_pop"),
    "rock": ("adult_alternative_rock", "uplifting_anthemic_rock", "soft_rock"),
    "pop": (
        "pop_vocal_ballad",
        "adult_contemporary",
        "teen_pop",
        "classic_indie_pop",
        "chamber_cabaret_and_art_pop",
        "soul_or_r_and_b",
        "acoustic_pop",
    ),
}


def fit(arguments: argparse.Namespace) -> None:
    """Train a recipe on labelled clips; goes on where an earlier call stopped."""
    recipe = RECIPES[arguments.recipe]
    clips = [clip for table in arguments.labels for clip in training.read_clips(table)]
    images = training.cache_images(clips, CCMUSIC16, recipe.spectrogram, arguments.run.parent / "images")
    log.info("%d clips, %d images", len(clips), len(images.labels))
    run = training.Run(arguments.run, recipe, clips, images, CCMUSIC16, arguments.initial)
    run.fit(
        lambda p: log.info(
            "epoch %d of %d at %d px: loss %.3f, validation %.1f %%, %.0f s",
            p.epoch,
            p.epochs,
            p.image_size,
            p.loss,
            100 * p.accuracy,
            p.seconds,
        )
    )


def publish(arguments: argparse.Namespace) -> None:
    """Store the best epoch in 8 bits, measure it, and write config.json with the figures."""
    recipe = RECIPES[arguments.recipe]
    test = [(clip.path, clip.label) for clip in training.read_clips(arguments.test)]
    facts = {
        "trained_on": arguments.trained_on[0],
        "trained_on_zh": arguments.trained_on[1],
        "accuracy": None,
        "measured_on": arguments.measured_on[0],
        "measured_on_zh": arguments.measured_on[1],
        "licence": "MIT",
    }
    training.export(arguments.run, arguments.model, recipe, CCMUSIC16, facts)
    card = store.find(arguments.model, Settings())

    stored = evaluate(Classifier(card), test)
    low, high = stored.interval()
    # The same weights before they were rounded to 8 bits, for what storing costs.
    unstored = evaluate(Classifier(replace(card, weights=arguments.run / "best.safetensors", stated_sha256=None)), test)
    figures = {
        "rendered_top1": round(stored.top(1), 4),
        "rendered_top1_interval": [round(low, 4), round(high, 4)],
        "rendered_top3": round(stored.top(3), 4),
        "rendered_group_accuracy": round(stored.group_accuracy(), 4),
        "rendered_macro_f1": round(stored.macro_f1(), 4),
        "rendered_top1_before_8_bit_storage": round(unstored.top(1), 4),
    }
    if arguments.real:
        figures |= _real(card, arguments.real)
    facts["accuracy"] = figures["rendered_top1"]
    training.export(arguments.run, arguments.model, recipe, CCMUSIC16, facts)
    config = json.loads((arguments.model / "config.json").read_text())
    config["measured"] = figures
    (arguments.model / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(figures, indent=2))
    print(_table(stored))


def _real(card: store.ModelCard, table: Path) -> dict[str, object]:
    """Coarse accuracy on real recordings: CSV with the columns file and genre (one of COARSE)."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = [(table.parent / row["file"], row["genre"]) for row in csv.DictReader(file)]
    # evaluate() wants a fine label; any genre of the coarse one serves, since only the probabilities are used.
    found = evaluate(Classifier(card), [(path, COARSE[label][0]) for path, label in rows])
    if found.failures:
        raise SystemExit("\n".join(found.failures))
    labels = np.array([label for _, label in rows])
    hits = coarse_hits(found.probabilities, list(labels), CCMUSIC16, COARSE)
    low, high = bootstrap_interval(hits)
    return {
        "real_4_groups": round(float(hits.mean()), 4),
        "real_4_groups_interval": [round(low, 4), round(high, 4)],
        "real_4_groups_recordings": len(rows),
        **{f"real_{name}": round(float(hits[labels == name].mean()), 4) for name in COARSE},
    }


def _table(evaluation: Evaluation) -> str:
    """Return the confusion matrix as a Markdown table, rows true, columns answered."""
    ids = evaluation.taxonomy.ids
    lines = [
        "| true \\ answered | " + " | ".join(str(i) for i in range(len(ids))) + " |",
        "|---" * (len(ids) + 1) + "|",
    ]
    for index, row in enumerate(evaluation.confusion()):
        lines.append(f"| {index} {ids[index]} | " + " | ".join(str(n) if n else "" for n in row) + " |")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line and work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    fitting = commands.add_parser("fit", help=fit.__doc__)
    fitting.add_argument("--labels", type=Path, nargs="+", required=True, help="labels.csv of rendered folders")
    fitting.add_argument("--initial", type=Path, help="checkpoint to start from, such as an earlier run's best")
    fitting.set_defaults(work=fit)
    publishing = commands.add_parser("publish", help=publish.__doc__)
    publishing.add_argument("--test", type=Path, required=True, help="labels.csv of the test split")
    publishing.add_argument("--real", type=Path, help="CSV of real recordings with the columns file and genre")
    publishing.add_argument("--model", type=Path, required=True, help="model folder to write")
    publishing.add_argument("--trained-on", nargs=2, metavar=("EN", "ZH"), required=True)
    publishing.add_argument("--measured-on", nargs=2, metavar=("EN", "ZH"), required=True)
    publishing.set_defaults(work=publish)
    for each in (fitting, publishing):
        each.add_argument("--run", type=Path, required=True, help="run folder")
        each.add_argument("--recipe", choices=list(RECIPES), default="vgg19_bn_cqt")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = parser.parse_args()
    arguments.work(arguments)


if __name__ == "__main__":
    main()
