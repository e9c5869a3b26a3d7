"""One model folder as a record: everything an answer depends on, read from the folder and nowhere else.

The facts come from config.json; for a checkpoint that somebody dropped in, from the folder's name.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from genre import backbones, checkpoints, labels
from genre.errors import ModelError
from genre.settings import UNSURE_BELOW
from genre.spectrogram import SpectrogramSpec, Transform

log = logging.getLogger(__name__)

Origin = Literal["embedded", "dropped-in", "hub"]

CONFIG, PICKLED, WEIGHTS = "config.json", "save.pt", "model.safetensors"
FORMAT = 1  # of config.json
NOT_MEASURED = "not measured by this project"


@dataclass(frozen=True)
class ModelCard:
    """One model: everything an answer depends on, and where its weights come from."""

    name: str
    folder: Path
    weights: Path
    backbone: str
    head: str
    taxonomy: labels.Taxonomy
    spectrogram: SpectrogramSpec
    origin: Origin
    trained_on: str
    accuracy: float | None  # share of right answers, 0–1
    measured_on: str
    licence: str
    temperature: float | None  # divides the logits; None leaves them
    unsure_below: float  # an answer whose first probability is under this one is marked as unsure
    words_zh: Mapping[str, str]  # trained_on and measured_on in Chinese, where config.json has them
    stated_sha256: str | None = field(repr=False)  # what config.json says the weights are
    digests: Path = field(repr=False, compare=False)  # JSON file that remembers hashes

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the weights as they are; computed once per path, size and time of change."""
        return digest(self.weights, self.digests)

    def weights_facts(self) -> dict[str, Any]:
        """Return what every row in JSON says of the weights that it comes from."""
        return {
            "origin": self.origin,
            "trained_on": self.trained_on,
            "accuracy": self.accuracy,
            "measured_on": self.measured_on,
            "sha256": self.sha256,
        }


def read(folder: Path, digests: Path, *, embedded: bool = False) -> ModelCard:
    """Return the card of a model folder; ModelError says what is missing or wrong in it.

    A `save.pt` that config.json does not name is a dropped-in checkpoint and comes first.
    """
    if not folder.is_dir():
        if folder.is_file():
            raise ModelError(f"{folder} is not a model folder. Give the folder that holds it.")
        raise ModelError(f"{folder} is not a model folder.")
    config = read_config(folder) if (folder / CONFIG).is_file() else None
    if config is None or ((folder / PICKLED).is_file() and _weights(config, folder) != PICKLED):
        return _dropped_in(folder, digests)
    return _configured(config, folder, digests, embedded)


def facts(name: str) -> tuple[str, Transform]:
    """Return backbone and transform from `<backbone>_<cqt|mel|chroma>`; ModelError where the name is another."""
    backbone, _, transform = name.rpartition("_")
    if backbone not in backbones.BACKBONES or transform not in get_args(Transform):
        raise ModelError(
            f"The folder name {name!r} does not say what its checkpoint is. Without a {CONFIG} it must be "
            f"BACKBONE_TRANSFORM, with one of {', '.join(backbones.BACKBONES)} and one of "
            f"{', '.join(get_args(Transform))}, for example resnet50_mel."
        )
    return backbone, cast(Transform, transform)


def read_config(folder: Path) -> Mapping[str, Any]:
    """Return the folder's config.json as it is; ModelError: not JSON, or of another format."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or not JSON
        raise ModelError(f"{path} cannot be read: {error}.") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ModelError(f'{path} is not a model configuration of "format": {FORMAT}; update this program or the file.')
    return config


def taxonomy(stated: Any, path: Path) -> labels.Taxonomy:
    """Return a built-in taxonomy by its id, or the one spelled out as {"id", "genres": [{"id", "en", "zh", …}]}.

    A genre may be its name alone. ModelError names the file, `path`.
    """
    try:
        if isinstance(stated, str):
            return labels.taxonomy(stated)
        if not isinstance(stated["genres"], list):
            raise TypeError
        spelled = [{"id": entry, "en": entry} if isinstance(entry, str) else entry for entry in stated["genres"]]
        genres = tuple(
            labels.Genre(
                id=entry["id"],
                en=entry["en"],
                zh=entry.get("zh", entry["en"]),
                group=entry.get("group", entry["id"]),
                top=entry.get("top", entry["id"]),
            )
            for entry in spelled
        )
        found = labels.Taxonomy(stated["id"], genres)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f'{path}: "taxonomy" must be one of {", ".join(labels.TAXONOMIES)}, or an object with "id" and "genres", '
            'each a name, or an object with "id", "en" and optionally "zh", "group", "top".'
        ) from error
    texts = [found.id, *(value for genre in genres for value in vars(genre).values())]
    if len(genres) < 2 or len(set(found.ids)) < len(genres) or not all(isinstance(x, str) and x for x in texts):
        raise ModelError(f'{path}: "taxonomy" needs at least two genres with different ids, all of them texts.')
    return found


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write the folder's config.json in one step; ModelError where that cannot be."""
    path = folder / CONFIG
    try:
        write_text(path, json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ModelError(f"{path} cannot be written: {error.strerror or error}.") from error


def write_text(path: Path, text: str) -> None:
    """Write a file in one step, never half of it; OSError where that cannot be, which leaves the file as it was."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        # The name of a recording need not be Unicode; JSON reads back what replaces such bytes.
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def digest(path: Path, digests: Path) -> str:
    """Return the file's SHA-256, from the JSON file `digests` where it knows this path, size and time of change."""
    try:
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns]
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
    known = _known(digests)
    key = str(path.resolve())
    entry = known.get(key)
    if isinstance(entry, list) and entry[:2] == stamp and len(entry) == 3:
        return str(entry[2])
    value = checkpoints.sha256(path)
    part = digests.with_name(f"{digests.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        digests.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({**known, key: [*stamp, value]}), encoding="utf-8")
        part.replace(digests)
    except OSError as error:  # costs time, not the answer
        log.warning("%s cannot be written: %s", digests, error)
    return value


def _known(digests: Path) -> dict[str, Any]:
    try:
        known = json.loads(digests.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _dropped_in(folder: Path, digests: Path) -> ModelCard:
    weights = next((folder / name for name in (PICKLED, WEIGHTS) if (folder / name).is_file()), None)
    if weights is None:
        raise ModelError(f"{folder} holds neither {PICKLED} nor {WEIGHTS}; put one of them there.")
    backbone, transform = facts(folder.name)
    return ModelCard(
        name=folder.name,
        folder=folder,
        weights=weights,
        backbone=backbone,
        head="published",
        taxonomy=labels.CCMUSIC16,
        spectrogram=SpectrogramSpec.published(transform, backbones.image_size(backbone)),
        origin="dropped-in",
        trained_on=f"not stated: {weights.name} was put into this folder by hand",
        accuracy=None,
        measured_on=NOT_MEASURED,
        licence="not stated",
        temperature=None,
        unsure_below=UNSURE_BELOW,
        words_zh={"trained_on": f"未注明：{weights.name} 由人手动放入"},
        stated_sha256=None,
        digests=digests,
    )


def _configured(config: Mapping[str, Any], folder: Path, digests: Path, embedded: bool) -> ModelCard:
    path = folder / CONFIG
    stated = config["weights"]
    weights = folder / _weights(config, folder)
    if not weights.is_file():
        raise ModelError(f"{path} names {weights.name} as the weights, but it is not there; put it into {folder}.")

    def choice(key: str, allowed: Iterable[str]) -> str:
        value = config.get(key)
        if not isinstance(value, str) or value not in allowed:
            raise ModelError(f'{path}: "{key}" is {value!r}; it must be one of: {", ".join(allowed)}.')
        return value

    def text(key: str) -> str:
        value = stated.get(key, "not stated")
        if not isinstance(value, str):
            raise ModelError(f'{path}: "weights"."{key}" is {value!r}; it must be text.')
        return value

    def number(table: Mapping[str, Any], key: str, fits: Callable[[float], bool], range_: str) -> float | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not fits(value):
            raise ModelError(f'{path}: "{key}" is {value!r}; it must be {range_}, or null.')
        return float(value)

    backbone = choice("backbone", backbones.BACKBONES)
    unsure_below = number(config, "unsure_below", lambda value: 0 <= value <= 1, "a probability from 0 to 1")
    origin: Origin = "hub" if stated.get("origin") == "hub" else "embedded" if embedded else "dropped-in"
    return ModelCard(
        name=folder.name,
        folder=folder,
        weights=weights,
        backbone=backbone,
        head=choice("head", backbones.HEADS),
        taxonomy=taxonomy(config.get("taxonomy"), path),
        spectrogram=_spectrogram(config.get("spectrogram"), path),
        origin=origin,
        trained_on=text("trained_on"),
        accuracy=number(stated, "accuracy", lambda value: 0 <= value <= 1, "a share from 0 to 1"),
        measured_on=text("measured_on"),
        licence=text("licence"),
        temperature=number(config, "temperature", lambda value: 0 < value < float("inf"), "a number above 0"),
        unsure_below=UNSURE_BELOW if unsure_below is None else unsure_below,
        words_zh={key: text(f"{key}_zh") for key in ("trained_on", "measured_on") if f"{key}_zh" in stated},
        stated_sha256=text("sha256") if "sha256" in stated else None,
        digests=digests,
    )


def _weights(config: Mapping[str, Any], folder: Path) -> str:
    """Return the name of the weights file: a file of this very folder, never a path out of it."""
    stated = config.get("weights")
    name = stated.get("file") if isinstance(stated, dict) else None
    if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
        raise ModelError(f'{folder / CONFIG}: "weights"."file" must name a file in {folder}.')
    return name


def _spectrogram(values: Any, path: Path) -> SpectrogramSpec:
    try:
        return SpectrogramSpec.from_dict(values)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
