"""Weights that others made: which network they are of, and a model folder made of them.

The network is told from the shapes: a backbone is there if its tensors are, whatever they are called, and what is left
over is the head, which also says how many classes there are.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genre import backbones, cards, checkpoints, labels
from genre.alignment import Alignment
from genre.checkpoints import State
from genre.errors import ModelError
from genre.labels import Taxonomy
from genre.spectrogram import SpectrogramSpec

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")
CLASSES = 16  # where nothing tells how many there are: what every known checkpoint has
SHOWN = 6  # files named in a message

Shapes = Counter[tuple[int, ...]]


@dataclass(frozen=True)
class Fit:
    """A network and how a state fills it; `alignment.failed` tells whether it does."""

    backbone: str
    head: str
    classes: int
    alignment: Alignment


def weight_file(path: Path) -> Path:
    """Return a file as it is, and of a folder the one file of weights in it; ModelError where that is not one."""
    if not path.is_dir():
        return path
    try:
        files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(files) != 1:
        names = ", ".join(file.name for file in files[:SHOWN]) or "none"
        raise ModelError(f"{path} should hold one file of weights ({', '.join(SUFFIXES)}), but has {names}; name it.")
    return files[0]


def identify(
    state: State, source: object, *, backbone: str | None = None, head: str | None = None, classes: int | None = None
) -> Fit:
    """Return the network that a state fills, or the one that it comes nearest to; what is given is not guessed.

    ModelError: it fills several networks, or a name is unknown.
    """
    shapes = checkpoints.shapes(state, source)
    there = _counted(shapes.values())
    fits: list[Fit] = []
    nearest: tuple[float, int, Fit] | None = None
    for name in backbones.BACKBONES if backbone is None else (backbone,):
        body = _body(name)
        lacking = (body - there).total() / body.total()
        if nearest and lacking > nearest[0]:
            continue
        for kind in backbones.HEADS if head is None else (head,):
            count = classes or _classes(name, kind, there - body)
            fit = Fit(name, kind, count, checkpoints.align(shapes, name, kind, count)[1])
            if not fit.alignment.failed:
                fits.append(fit)
            unfit = sum(row.problem not in ("alike", "contradictory") for row in fit.alignment.failed)
            if nearest is None or (lacking, unfit) < nearest[:2]:
                nearest = lacking, unfit, fit
    if len(fits) > 1:
        names = ", ".join(f"{fit.backbone} with the {fit.head} head" for fit in fits)
        raise ModelError(f"{source} fits several networks: {names}. Say which it is.")
    assert nearest
    return nearest[2]


def adopt(
    path: Path,
    folder: Path,
    fit: Fit,
    taxonomy: Taxonomy,
    spectrogram: SpectrogramSpec,
    facts: Mapping[str, Any],
    temperature: float | None = None,
) -> None:
    """Write a model folder with the file's weights under the network's names, in one step.

    `facts` are the entries of config.json's "weights" that only the caller knows. ModelError: the file does not fit,
    the folder exists already or cannot be written.
    """
    if os.path.lexists(folder):
        raise ModelError(f"{folder} exists already and is left as it is; choose another name, or move it away.")
    network = checkpoints.load(path, fit.backbone, fit.head, len(taxonomy))
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        digest = checkpoints.save(network.state_dict(), part / cards.WEIGHTS)
        built_in = labels.TAXONOMIES.get(taxonomy.id) == taxonomy
        config = {
            "format": cards.FORMAT,
            "name": folder.name,
            "backbone": fit.backbone,
            "head": fit.head,
            "taxonomy": taxonomy.id if built_in else asdict(taxonomy),
            "spectrogram": spectrogram.to_dict(),
            "weights": {"file": cards.WEIGHTS, "sha256": digest, **facts},
            "temperature": temperature,
        }
        cards.write_config(part, config)
        part.rename(folder)  # fails where somebody has filled it since
    except OSError as error:
        raise ModelError(f"{folder} cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            shutil.rmtree(part)


@cache
def _body(backbone: str) -> Shapes:
    """Return the shapes of a backbone without its head."""
    with torch.device("meta"):
        network = backbones.build(backbone, "compact", 2)
    facts = backbones.BACKBONES[backbone]
    kept = tuple(f"{facts.place}.{index}." for index in range(facts.kept))
    return _counted(
        tensor
        for key, tensor in network.state_dict().items()
        if key.startswith(kept) or not key.startswith(f"{facts.place}.")
    )


def _counted(tensors: Iterable[Tensor]) -> Shapes:
    return Counter(tuple(tensor.shape) for tensor in tensors if tensor.is_floating_point())


def _classes(backbone: str, head: str, shapes: Shapes) -> int:
    """Return how many classes a head with these shapes is for: the rows of its last matrix, else of the narrowest."""
    facts = backbones.BACKBONES[backbone]
    matrices = [shape for shape in shapes if len(shape) == 2 and shape[0] > 1]
    widths = {shape[0] for shape in shapes if len(shape) > 1}
    if head == "compact":
        likely = [rows for rows, columns in matrices if columns == facts.pooled]
    else:
        likely = [rows for rows, _ in matrices if widths.issuperset(backbones.head_widths(facts.features, rows))]
    return min(likely or [rows for rows, _ in matrices], default=CLASSES)
