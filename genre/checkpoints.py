"""State dicts in and out: account for every key, restore and store 8 bits per weight, remember nothing else.

A file is accepted only if every tensor that the network asks for is found in it without guessing, and nothing is left
over; a refusal says why and what to do. How files are opened is `unpacking`, what goes where is `alignment`.
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from genre import alignment, backbones, unpacking
from genre.alignment import Alignment, Problem
from genre.errors import ModelError
from genre.layers import OPTIONAL
from genre.unpacking import State

__all__ = [
    "OPTIONAL",
    "State",
    "align",
    "dequantise",
    "load",
    "quantise",
    "read",
    "refusal",
    "save",
    "sha256",
    "shapes",
]

log = logging.getLogger(__name__)

SCALE = ".scale"  # suffix of the float32 [channels] companion of an int8 tensor
INT8_MAX = 127  # symmetric: -128 is not used
SMALLEST = 1e-30
SHOWN = 4  # tensors named per kind of mismatch in a message

WORDS: dict[Problem, str] = {
    "missing": "missing",
    "unexpected": "unexpected",
    "shape": "of another shape",
    "type": "of another type",
    "alike": "alike, and neither names nor order tell which is which",
    "contradictory": "one thing by their names and another by their order",
}


def read(path: str | os.PathLike[str]) -> State:
    """Read the state dict of a `.safetensors` or PyTorch file, memory-mapped where the format allows it.

    ModelError: unreadable, truncated, no state dict, or a pickle that would need code of its own to run.
    """
    return unpacking.unpack(path).state


def load(path: str | os.PathLike[str], backbone: str, head: str, classes: int) -> nn.Module:
    """Return the network with the file's weights: float32, in eval mode, without gradients, on the CPU.

    Nothing is initialised and nothing copied that is float32 already: the weights stay mapped to the file.
    ModelError: the file does not fit, or not without guessing.
    """
    state = read(path)
    found = shapes(state, path)
    network, aligned = align(found, backbone, head, classes)
    if aligned.failed:
        reason = refusal(found, aligned, backbone, head, classes, path)
        raise ModelError(f"{reason} `genre models inspect` shows every tensor.")
    if aligned.counts().keys() - {"name", "made"}:
        ways = ", ".join(f"{count} by {how}" for how, count in aligned.counts().items())
        log.info("%s has other names than its network; tensors found: %s", path, ways)
    network.load_state_dict(_fitted(state, aligned, network, path), strict=True, assign=True)
    return network.eval().requires_grad_(False)


def shapes(state: Mapping[str, Tensor], source: object) -> State:
    """Return the state without values, as it will be when it is dequantised; ModelError: scales that do not fit.

    A file of a few bytes can claim a tensor that no memory holds: shapes are looked at first.
    """
    try:
        return dequantise({key: tensor.to("meta") for key, tensor in state.items()})
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from error


def align(found: State, backbone: str, head: str, classes: int) -> tuple[nn.Module, Alignment]:
    """Return a network without values, and what of a state would go where in it; ModelError: unknown names."""
    with torch.device("meta"), _TablesFilled():
        network = backbones.build(backbone, head, classes)
    return network, alignment.align(found, network.state_dict(), backbones.BACKBONES[backbone].training_only)


def refusal(found: State, aligned: Alignment, backbone: str, head: str, classes: int, source: object) -> ModelError:
    """Return the error that says why a state does not fit a network, and what to do."""
    reasons = []
    for problem, words in WORDS.items():
        rows = [row for row in aligned.failed if row.problem == problem]
        names = [f"{row.key or row.source} {row.detail}".strip() for row in rows[:SHOWN]]
        if rows:
            reasons.append(f"{len(rows)} tensors {words} ({'; '.join(names)}{'; …' if len(rows) > SHOWN else ''})")
    last = next(row for row in reversed(aligned.rows) if row.key and len(row.shape) == 2)
    made_for = len(found[last.source]) if last.problem == "shape" and last.source and found[last.source].ndim else 0
    if made_for not in (0, classes):
        reasons[0] = f"it was made for {made_for} classes, this model has {classes}; {reasons[0]}"
    remedy = "Check that the folder's name, config.json or --backbone and --head state what it was saved from"
    for other in backbones.HEADS:
        if other != head and not align(found, backbone, other, classes)[1].failed:
            remedy = f'It has the {other} head: state "head": "{other}" in a config.json, or use `genre models import`'
    return ModelError(f"{source} does not fit this model ({backbone}, {head} head): {', '.join(reasons)}. {remedy}.")


def _fitted(state: State, aligned: Alignment, network: nn.Module, source: object) -> State:
    """Return the state under the network's names: dequantised, float32, with counters and tables; else ModelError."""
    state, sources = dequantise(state), aligned.sources
    fitted: State = {}
    for key, tensor in network.state_dict().items():
        if key not in sources:
            fitted[key] = torch.zeros_like(tensor, device="cpu") if tensor.is_meta else tensor
            continue
        found, name = state[sources[key]].to(tensor.dtype), sources[key]
        if not tensor.is_meta and not torch.equal(found, tensor):
            raise ModelError(f"{source}: {name} is not what this network computes for {key}; it is of another one.")
        # A diverged training leaves NaN everywhere; looking at the small tensors finds it without reading the file.
        if found.ndim <= 1 and not torch.isfinite(found).all():
            raise ModelError(f"{source}: {name} is not finite; its training diverged, or the file is damaged.")
        if key.endswith("running_var") and (found < 0).any():
            raise ModelError(f"{source}: {name} holds values under 0, so it is not the variance {key}.")
        fitted[key] = found
    return fitted


class _TablesFilled(TorchFunctionMode):
    """Gives values, under the meta device, to the tables that a network computes from ranges of whole numbers."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Count on the CPU."""
        there = {"device": "cpu"} if function is torch.arange else {}
        return function(*args, **{**(kwargs or {}), **there})


def quantise(state: Mapping[str, Tensor]) -> State:
    """Store the weights of convolutions and linear layers as int8 with one float32 scale per output channel.

    Symmetric, the largest weight of a channel at 127: clipping where the squared error is least would save 2.4 % of
    that error at most (measured on normal, Laplace and heavier tails). Vectors and tables stay float32.
    """
    stored: State = {}
    for key, tensor in state.items():
        if not (tensor.is_floating_point() and tensor.ndim >= 2 and key.endswith("weight")):
            stored[key] = tensor.float() if tensor.is_floating_point() else tensor
            continue
        rows = tensor.float().reshape(len(tensor), -1)
        # A silent channel has no largest weight; any scale but 0 gives its zeros back.
        scale = rows.abs().amax(1).clamp_min(SMALLEST) / INT8_MAX
        stored[key] = (rows / scale[:, None]).round().to(torch.int8).reshape(tensor.shape)
        stored[key + SCALE] = scale
    return stored


def dequantise(state: Mapping[str, Tensor]) -> State:
    """Undo `quantise`; tensors that were not quantised come back as they are. ModelError: scales do not fit."""
    restored: State = {}
    for key, tensor in state.items():
        if key.endswith(SCALE) and _is_int8(state.get(key.removesuffix(SCALE))):
            continue
        scale = state.get(key + SCALE)
        if _is_int8(tensor) and scale is not None:
            if scale.shape != tensor.shape[:1] or not scale.is_floating_point():
                raise ModelError(
                    f"The scales of {key} do not fit its {list(tensor.shape)} values: the file is damaged."
                )
            tensor = tensor.float() * scale.float().reshape(-1, *[1] * (tensor.ndim - 1))
        restored[key] = tensor
    return restored


def save(state: Mapping[str, Tensor], path: str | os.PathLike[str]) -> str:
    """Write the state as safetensors in one step (never half a file) and return the file's sha256."""
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        save_file({key: tensor.detach().cpu().contiguous() for key, tensor in state.items()}, part)
        part.chmod(0o644)  # safetensors writes files that only their owner may read
        digest = sha256(part)
        part.replace(path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        raise ModelError(f"{path} cannot be written: {error}.") from error
    return digest


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_int8(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.dtype == torch.int8
