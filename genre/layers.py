"""The tensors of a state dict as layers: kept together by what their names begin with, told apart by how they end."""

import re
from collections import defaultdict
from collections.abc import Mapping

from torch import Tensor

from genre.ordering import Unit

Tensors = Mapping[str, Tensor]
Layers = dict[str, dict[str, str]]  # {what names begin with: {kind: name}}

OPTIONAL = "num_batches_tracked"  # counts training steps; no prediction reads it
SINGLE = "single"  # the kind of tensors that are matched one by one

KINDS = {
    "weight": "weight|kernel|gamma|w",
    "bias": "bias|beta|b",
    "running_mean": "running_mean|moving_mean|mean",
    "running_var": "running_var|moving_var|moving_variance|variance|var",
    OPTIONAL: OPTIONAL,
}
KIND = re.compile(f"(?P<owner>.+?)[._/](?:{'|'.join(f'(?P<{kind}>{words})' for kind, words in KINDS.items())})", re.I)


def parted(name: str) -> tuple[str, str]:
    """Return what a name begins with and the kind that it ends in: all of it and "" where it ends in none."""
    found = KIND.fullmatch(name)
    return (found["owner"], next(kind for kind in KINDS if found[kind])) if found else (name, "")


def together(tensors: Tensors) -> Layers:
    """Keep together what begins alike and ends in a kind; every other tensor is by itself."""
    layers: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name in tensors:
        owner, kind = parted(name)
        layers[name if kind in layers[owner] else owner][kind] = name
    return {owner: kinds for owner, kinds in layers.items() if kinds}


def singly(tensors: Tensors) -> Layers:
    """Keep every tensor by itself, whatever it is called."""
    return {name: {SINGLE: name} for name in tensors}


def units(layers: Layers, tensors: Tensors) -> list[Unit]:
    """Return the layers in their order; a counter of training steps is part of a layer, but need not be there."""
    made = []
    for owner, kinds in layers.items():
        told = sorted((kind, name) for kind, name in kinds.items() if kind != OPTIONAL or len(kinds) == 1)
        signature = tuple((kind, tuple(tensors[name].shape), type_of(tensors[name])) for kind, name in told)
        made.append(Unit(owner, signature, tuple(name for _, name in told), is_bare="" in kinds))
    return made


def type_of(tensor: Tensor) -> str:
    """Return the type; floating-point types are as good as each other."""
    return "floating" if tensor.is_floating_point() else str(tensor.dtype)
