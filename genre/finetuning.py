"""Decide how to train on somebody's recordings: which classes, from which weights, by which recipe.

`plan` turns clips and wishes into everything a `training.Run` is given:

    clips = datasets.read(Path("my_music"))
    plan = finetuning.plan(clips, finetuning.Wishes(), name="my_music", settings=Settings.from_environment())
    pictures = images.cache_images(plan.clips, plan.recipe.spectrogram, Path("run/images"))
    run = training.Run(Path("run"), plan.recipe, plan.clips, pictures, plan.taxonomy, **plan.start)
    run.fit(print)
    training.export(Path("run"), Path("my_model"), plan.recipe, plan.taxonomy, {"trained_on": "my music"})

`cache_images(…, processes=4)` is quicker where there are many; a script then needs `if __name__ == "__main__":`.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from genre import backbones, checkpoints, datasets, labels, store
from genre.datasets import Clip
from genre.errors import SettingsError
from genre.labels import Genre, Taxonomy
from genre.recipe import Recipe
from genre.settings import Settings
from genre.spectrogram import SpectrogramSpec, Transform
from genre.store import ModelCard

log = logging.getLogger(__name__)

OWN, SCRATCH, IMAGENET = "own", "scratch", "imagenet"  # instead of the name of a taxonomy or of a model
BACKBONE: str = "resnet18"
TRANSFORM: Transform = "cqt"
BATCH_SIZE = 16
VALIDATION = 0.2  # share of the clips
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

    Clips of split test are left alone. Without a wish, the weights are those of an embedded model of backbone and
    transform, whatever its classes, else random; the classes are those of a built-in taxonomy that knows every label,
    if the model that was wished for has these classes or every class has a clip, else the labels. SettingsError and
    ModelError say what does not go together and what to do.
    """
    known = [clip for clip in clips if clip.split != "test"]
    if len(known) < len(clips):
        log.info("clips of split test, and left alone: %d", len(clips) - len(known))
    _check_groups(known)
    card = _card(wishes, settings)
    classes = card.taxonomy if card else None
    taxonomy = _taxonomy(known, wishes, name, classes if wishes.begin else None)
    allowed = datasets.compatible(known, taxonomy, wishes.mapping)[[clip.split != "validation" for clip in known]]
    if (allowed == allowed[0]).all():
        learned = sorted({clip.label for clip in known if clip.split != "validation"})
        raise SettingsError(f"There is only one genre, {', '.join(learned)}; a model needs at least two to learn.")
    backbone, head, spec, initial, begun_with = _begin(wishes, card, settings)
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
    return Plan(tuple(known), taxonomy, recipe, wishes.mapping, initial, classes != taxonomy, begun_with)


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

    Labels that a built-in taxonomy knows have its ids and names. SettingsError: two others are one genre written in two
    ways, such as "Trip-Hop" and "trip hop".
    """
    genres: dict[str, Genre] = {}
    for label in _said(clips, mapping):
        known = [of[known_id] for of in labels.TAXONOMIES.values() if (known_id := datasets.genre_of(label, of))]
        genre_id, en, zh = (known[0].id, known[0].en, known[0].zh) if known else (label, label, label)
        genres.setdefault(genre_id, Genre(genre_id, en, names.get(label) or zh, genre_id, genre_id))
    taxonomy = Taxonomy(name, tuple(genres[genre_id] for genre_id in sorted(genres)))
    for label in genres:
        if (other := datasets.genre_of(label, taxonomy)) != label:
            raise SettingsError(f"The labels {other!r} and {label!r} are one genre written in two ways; choose one.")
    return taxonomy


def _said(clips: Sequence[Clip], mapping: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what the labels are or are mapped to, in alphabetical order."""
    return sorted({said for clip in clips for said in mapping.get(clip.label, (clip.label,))})


def _taxonomy(clips: Sequence[Clip], wishes: Wishes, name: str, classes: Taxonomy | None) -> Taxonomy:
    """Return the classes to learn; `classes` are those of the model that was wished for."""
    wanted = wishes.taxonomy
    if wanted in labels.TAXONOMIES:
        return labels.TAXONOMIES[wanted]
    if wanted not in (None, OWN):
        raise SettingsError(f"Unknown taxonomy {wanted!r}; choose one of: {', '.join(labels.TAXONOMIES)}, {OWN}.")
    if wanted is None:
        for taxonomy in labels.TAXONOMIES.values():
            found = {datasets.genre_of(label, taxonomy) for label in _said(clips, wishes.mapping)}
            if None not in found and (taxonomy == classes or len(found) == len(taxonomy)):
                return taxonomy
    return own_taxonomy(clips, name if name not in labels.TAXONOMIES else f"{OWN}_{name}", wishes.mapping, wishes.names)


def _check_groups(clips: Sequence[Clip]) -> None:
    """Refuse clips of which no validation split can be made that leaves something to learn."""
    if all(clip.split == "validation" for clip in clips):
        stated = "all of them are of split validation or test" if clips else "all of them are of split test"
        raise SettingsError(f"There is no clip to learn from: {stated}. Give rows of split train, or leave it empty.")
    if any(clip.split == "validation" for clip in clips):
        return
    groups: dict[str, set[str]] = {}
    for clip in clips:
        groups.setdefault(clip.label, set()).add(clip.group)
    if poor := sorted(label for label, members in groups.items() if len(members) < 2):
        names = ", ".join(poor[:SHOWN]) + (" …" if len(poor) > SHOWN else "")
        raise SettingsError(
            f"Too few clips of {names}: a genre needs at least two groups (albums, artists, single recordings), one to "
            "learn from and one to check on. Add recordings of it, or leave it out."
        )


def _image_size(size: int, backbone: str) -> int:
    smallest, largest = backbones.image_sizes(backbone)
    if not smallest <= size <= largest:
        fits = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
        raise SettingsError(f"{backbone} takes images of {fits} pixels, not {size}.")
    return size


def _card(wishes: Wishes, settings: Settings) -> ModelCard | None:
    """Return the model to start from; None: IMAGENET or SCRATCH is."""
    if wishes.begin in (SCRATCH, IMAGENET):
        return None
    if wishes.begin is None:
        wanted = (wishes.backbone or BACKBONE, wishes.transform or TRANSFORM)
        embedded = (card for card in store.available(settings).values() if card.origin == "embedded")
        return next((card for card in embedded if (card.backbone, card.spectrogram.transform) == wanted), None)
    card = store.find(wishes.begin, settings)
    for what, wish, has in (
        ("backbone", wishes.backbone, card.backbone),
        ("transform", wishes.transform, card.spectrogram.transform),
    ):
        if wish not in (None, has):
            raise SettingsError(f"{card.name} has the {what} {has}, not {wish}; leave that out, or start from scratch.")
    return card


def _begin(
    wishes: Wishes, card: ModelCard | None, settings: Settings
) -> tuple[str, str, SpectrogramSpec, Path | None, str]:
    """Return backbone, head, spectrogram, and file and name of the initial weights."""
    if card:
        store.load(card)  # refuses weights that are not those of the card
        spec = card.spectrogram
        # Features that nobody asked for by name need not stay at their model's image size; frozen ones know no other.
        if wishes.begin is None and not wishes.frozen:
            spec = replace(spec, image_size=backbones.image_size(card.backbone))
        return card.backbone, card.head, spec, card.weights, card.name
    backbone = wishes.backbone or BACKBONE
    spec = SpectrogramSpec(wishes.transform or TRANSFORM, image_size=backbones.image_size(backbone))
    if wishes.begin != IMAGENET:
        return backbone, "compact", spec, None, SCRATCH
    kept = settings.cache / IMAGENET / f"{backbone}.safetensors"
    if not kept.exists():
        weights = backbones.imagenet(backbone)
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{kept.parent} cannot be made: {error.strerror or error}.") from error
        checkpoints.save(weights, kept)
    spec = replace(spec, mean=backbones.IMAGENET_MEAN, std=backbones.IMAGENET_STD)
    return backbone, "compact", spec, kept, IMAGENET
