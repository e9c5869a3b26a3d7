"""Decide how to train on somebody's recordings: which classes, from which weights, by which recipe.

`plan` turns clips and wishes into everything a `training.Run` is given:

    clips = datasets.read(Path("my_music"))
    plan = finetuning.plan(clips, finetuning.Wishes(), name="my_music", settings=Settings.from_environment())
    pictures = images.cache_images(plan.clips, plan.recipe.spectrogram, Path("run/images"))
    run = training.Run(Path("run"), plan.recipe, plan.clips, pictures, plan.taxonomy, **plan.start)
    run.fit(print)
    training.export(Path("run"), Path("my_model"), plan.recipe, plan.taxonomy, {"trained_on": "my music"})
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from genre import backbones, checkpoints, datasets, labels, store
from genre.datasets import Clip
from genre.errors import ModelError, SettingsError
from genre.labels import Genre, Taxonomy
from genre.recipe import Recipe
from genre.settings import Settings
from genre.spectrogram import SpectrogramSpec, Transform

log = logging.getLogger(__name__)

OWN, SCRATCH, IMAGENET = "own", "scratch", "imagenet"  # instead of the name of a taxonomy or of a model
BACKBONE: str = "resnet18"
TRANSFORM: Transform = "cqt"
BATCH_SIZE = 16
VALIDATION = 0.2  # share of the groups
CLIPS_SHOWN = 10_000  # over all epochs, by default
EPOCHS_MIN, EPOCHS_MAX = 12, 60  # by default
FULL_SIZE_SHARE = 1 / 3  # of the epochs; the others teach the same shapes with images of half the side
HALF_SIZE_MIN = 64  # pixels; a smaller half is not worth a stage of its own
# Peaks of the schedule: a network that knows music already is to be changed less, a lone last layer can learn faster.
LEARNING_RATE, LEARNING_RATE_TUNED, LEARNING_RATE_FROZEN = 1e-3, 5e-4, 5e-3
SHOWN = 8  # labels named in a message


@dataclass(frozen=True)
class Wishes:
    """What a person may choose; None and empty leave it to `plan`."""

    backbone: str | None = None
    transform: Transform | None = None
    taxonomy: str | None = None  # id of a built-in one, or OWN
    mapping: Mapping[str, Sequence[str]] = field(default_factory=dict)  # coarse label -> genre ids
    names: Mapping[str, str] = field(default_factory=dict)  # label -> its Chinese name, for a taxonomy of one's own
    begin: str | None = None  # name or folder of a model, IMAGENET or SCRATCH
    frozen: bool = False
    epochs: int | None = None
    image_size: int | None = None
    batch_size: int = BATCH_SIZE
    learning_rate: float | None = None
    validation: float = VALIDATION
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """What a run is made of."""

    clips: tuple[Clip, ...]
    taxonomy: Taxonomy
    recipe: Recipe
    mapping: Mapping[str, Sequence[str]]
    initial: Path | None
    fresh_head: bool
    begun_with: str  # name of the model the weights come from, IMAGENET or SCRATCH

    @property
    def start(self) -> dict[str, Any]:
        """Arguments of `training.Run` besides folder, recipe, clips, images and taxonomy."""
        return {"mapping": self.mapping, "initial": self.initial, "fresh_head": self.fresh_head}


def plan(clips: Sequence[Clip], wishes: Wishes, *, name: str, settings: Settings) -> Plan:
    """Return how to train on the clips; `name` is what a taxonomy of one's own is called.

    Clips of another split than train and validation are left out. Without a wish, the classes are those of the
    built-in taxonomy that knows every label, else the labels; the weights are those of the embedded model of backbone
    and transform, else random. SettingsError and ModelError say what does not go together and what to do.
    """
    known = [clip for clip in clips if clip.split in ("", "train", "validation")]
    if len(known) < len(clips):
        log.info("%d clips are of another split, and left out", len(clips) - len(known))
    _check_groups(known)
    taxonomy = _taxonomy(known, wishes, name)
    datasets.compatible(known, taxonomy, wishes.mapping)  # refuses what is not understood
    backbone, head, spec, initial, begun_with, fresh_head = _begin(wishes, taxonomy, settings)
    size = _image_size(wishes.image_size or spec.image_size, backbone)
    tuned = LEARNING_RATE if initial is None else LEARNING_RATE_TUNED
    recipe = Recipe(
        backbone=backbone,
        head=head,
        spectrogram=replace(spec, image_size=size),
        stages=stages(wishes.epochs or epochs_for(len(known)), size, backbone),
        batch_size=wishes.batch_size,
        learning_rate=wishes.learning_rate or (LEARNING_RATE_FROZEN if wishes.frozen else tuned),
        mixup=0.0 if wishes.frozen else 0.2,
        validation=wishes.validation,
        seed=wishes.seed,
        frozen=wishes.frozen,
    )
    if wishes.frozen and initial is None:
        raise SettingsError("Only the last layer would learn, on top of random weights; choose a model to start from.")
    return Plan(tuple(known), taxonomy, recipe, wishes.mapping, initial, fresh_head, begun_with)


def transform(wishes: Wishes, settings: Settings) -> Transform:
    """Return the transform that a plan will have, which decides between the pictures of a data set."""
    if wishes.transform or wishes.begin in (None, SCRATCH, IMAGENET):
        return wishes.transform or TRANSFORM
    return store.find(wishes.begin, settings).spectrogram.transform


def epochs_for(clips: int) -> int:
    """Return the epochs that show about CLIPS_SHOWN clips, within bounds."""
    return min(EPOCHS_MAX, max(EPOCHS_MIN, round(CLIPS_SHOWN / max(1, clips))))


def stages(epochs: int, size: int, backbone: str) -> tuple[tuple[int, int], ...]:
    """Return (image size, epochs): first at half the size, where the backbone takes it and it is worth it."""
    full = max(1, round(FULL_SIZE_SHARE * epochs))
    half = max(size // 2, backbones.image_sizes(backbone)[0])
    if half < HALF_SIZE_MIN or half >= size or full == epochs:
        return ((size, epochs),)
    return ((half, epochs - full), (size, full))


def own_taxonomy(
    clips: Sequence[Clip], name: str, mapping: Mapping[str, Sequence[str]], names: Mapping[str, str]
) -> Taxonomy:
    """Return a taxonomy of the labels, in alphabetical order; coarse ones give way to the genres they are mapped to.

    SettingsError: two labels are one genre written in two ways, such as "Hip-Hop" and "hip hop".
    """
    ids = sorted({genre_id for clip in clips for genre_id in mapping.get(clip.label, (clip.label,))})
    taxonomy = Taxonomy(name, tuple(Genre(label, label, names.get(label) or label, label, label) for label in ids))
    for label in ids:
        if (other := datasets.genre_of(label, taxonomy)) != label:
            raise SettingsError(f"The labels {other!r} and {label!r} are one genre written in two ways; choose one.")
    return taxonomy


def _taxonomy(clips: Sequence[Clip], wishes: Wishes, name: str) -> Taxonomy:
    wanted = wishes.taxonomy
    if wanted in labels.TAXONOMIES:
        return labels.TAXONOMIES[wanted]
    if wanted not in (None, OWN):
        raise SettingsError(f"Unknown taxonomy {wanted!r}; choose one of: {', '.join(labels.TAXONOMIES)}, {OWN}.")
    if wanted is None:
        said = {genre_id for clip in clips for genre_id in wishes.mapping.get(clip.label, (clip.label,))}
        for taxonomy in labels.TAXONOMIES.values():
            if all(datasets.genre_of(label, taxonomy) for label in said):
                return taxonomy
    own = own_taxonomy(clips, name if name not in labels.TAXONOMIES else f"{OWN}_{name}", wishes.mapping, wishes.names)
    if len(own) < 2:
        raise SettingsError(f"There is only one genre, {', '.join(own.ids)}; a model needs at least two.")
    return own


def _check_groups(clips: Sequence[Clip]) -> None:
    """Refuse clips of which no validation split can be made that leaves something to learn."""
    if any(clip.split == "validation" for clip in clips):
        return
    groups: dict[str, set[str]] = {}
    for clip in clips:
        groups.setdefault(clip.label, set()).add(clip.group)
    if poor := sorted(label for label, members in groups.items() if len(members) < 2):
        raise SettingsError(
            f"Too few clips of {', '.join(poor[:SHOWN])}{' …' if len(poor) > SHOWN else ''}: a genre needs at least "
            "two groups (albums, or single recordings), one to learn from and one to check on. Add recordings of it, "
            "or leave it out."
        )


def _image_size(size: int, backbone: str) -> int:
    smallest, largest = backbones.image_sizes(backbone)
    if not smallest <= size <= largest:
        fits = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
        raise SettingsError(f"{backbone} takes images of {fits} pixels, not {size}.")
    return size


def _begin(
    wishes: Wishes, taxonomy: Taxonomy, settings: Settings
) -> tuple[str, str, SpectrogramSpec, Path | None, str, bool]:
    """Return backbone, head, spectrogram, initial weights and their name, and whether the last layer is to be fresh."""
    backbone = wishes.backbone or BACKBONE
    size = backbones.image_size(backbone)  # refuses an unknown backbone
    spec = SpectrogramSpec(transform=transform(wishes, settings), image_size=size)
    if wishes.begin == SCRATCH:
        return backbone, "compact", spec, None, SCRATCH, True
    if wishes.begin == IMAGENET:
        kept = settings.cache / IMAGENET / f"{backbone}.safetensors"
        if not kept.exists():
            weights = backbones.imagenet(backbone)
            kept.parent.mkdir(parents=True, exist_ok=True)
            checkpoints.save(weights, kept)
        spec = replace(spec, mean=backbones.IMAGENET_MEAN, std=backbones.IMAGENET_STD)
        return backbone, "compact", spec, kept, IMAGENET, True
    if wishes.begin is None:
        try:
            card = store.find(f"embedded:{backbone}_{spec.transform}", settings)
        except ModelError:
            return backbone, "compact", spec, None, SCRATCH, True
    else:
        card = store.find(wishes.begin, settings)
    for what, wish, has in (
        ("backbone", wishes.backbone, card.backbone),
        ("transform", wishes.transform, card.spectrogram.transform),
    ):
        if wish not in (None, has):
            raise SettingsError(f"{card.name} has the {what} {has}, not {wish}; leave that out, or start from scratch.")
    store.load(card)  # refuses weights that are not those of the card
    return card.backbone, card.head, card.spectrogram, card.weights, card.name, card.taxonomy != taxonomy
