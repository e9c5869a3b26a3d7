"""What a weight file holds: opened without running anything in it, and the state dict found wherever it lies.

A checkpoint is data from strangers. It is opened as safetensors or with `weights_only=True`, memory-mapped. Programs
that train keep the state dict beside an optimiser, counters and settings; those are left where they are.
"""

import logging
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint

from genre.errors import ModelError

log = logging.getLogger(__name__)

State = dict[str, Tensor]

SHOWN = 4  # names in a message
DEPTH = 4  # how far in a state dict is looked for
# Where training programs keep what they average over the steps; it is what they measure and publish, so it comes first.
AVERAGED = (
    "state_dict_ema",
    "ema_state_dict",
    "model_ema",
    "ema_model",
    "ema",
    "params_ema",
    "averaged_model",
    "swa_state_dict",
    "swa_model",
    "shadow",
)
PLAIN = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params")

CONVERT = (
    "If you trust it, convert it once in the environment that made it: "
    'torch.save(torch.load("old.pt", weights_only=False).state_dict(), "save.pt"), or with ["state_dict"] instead of '
    ".state_dict() where the file is a dict."
)


@dataclass(frozen=True)
class Found:
    """A state dict, and under which names it lies in its file ("" where it is all of it)."""

    state: State
    place: str


def unpack(path: str | os.PathLike[str]) -> Found:
    """Read a `.safetensors` or PyTorch file, memory-mapped where the format allows it.

    Of several state dicts the averaged one comes first, unless it has fewer tensors than another (an average of the
    parameters alone lacks the statistics of batch normalisation). ModelError: unreadable, truncated, no state dict or
    several, or a pickle that would need code of its own to run.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise ModelError(f"There is no checkpoint file {path}.")
        if path.stat().st_size == 0:
            raise ModelError(f"{path} is empty; copy or download it again.")
        return Found(_read_safetensors(path), "") if path.suffix == ".safetensors" else _read_pickle(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error


def _read_safetensors(path: Path) -> State:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is not a dict
    except SafetensorError as error:
        raise ModelError(f"{path} is not a complete safetensors file ({error}); copy or download it again.") from error


def _read_pickle(path: Path) -> Found:
    mapped = zipfile.is_zipfile(path)  # PyTorch before 1.6 wrote another format, which cannot be mapped
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except OSError:
        raise
    except Exception as error:  # damaged bytes make torch raise almost anything
        raise ModelError(f"{path} {_why_refused(path, mapped, error)}") from error
    found = _choose(content, path)
    for key, value in found.state.items():
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            raise ModelError(f"{path}: the tensor {key} is sparse, quantised by PyTorch or empty; save it dense.")
    return found


def _choose(content: object, path: Path) -> Found:
    """Return the state dict in what was unpickled; ModelError where there is none, or no telling which."""
    found = list(_states(content, (), DEPTH))
    if not found:
        raise ModelError(f"{path} {_why_no_state(content)}")
    averaged = [place for place, _ in found if any(name in AVERAGED for name in place)]
    plain = [place for place, _ in found if place not in averaged]
    states = dict(found)
    largest = max((len(states[place]) for place in plain), default=0)
    if averaged and len(states[averaged[0]]) >= largest:
        plain = [averaged[0]]
    if len(plain) > 1:
        names = ", ".join(".".join(place) for place in plain[:SHOWN])
        raise ModelError(f"{path} holds several state dicts ({names}); save the one that you mean alone.")
    place = ".".join(plain[0])
    if place:
        others = [".".join(other) for other in states if other != plain[0]]
        log.info("%s: the state dict %s is used%s", path, place, f", not {', '.join(others)}" if others else "")
    return Found(states[plain[0]], place)


def _states(content: object, place: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], State]]:
    """Yield every state dict that lies under names that training programs use, with those names."""
    if _is_state(content):
        yield place, dict(content)
    elif isinstance(content, Mapping) and depth:
        for name in (*AVERAGED, *PLAIN):
            yield from _states(content.get(name), (*place, name), depth - 1)


def _is_state(content: object) -> TypeGuard[Mapping[str, Tensor]]:
    return (
        isinstance(content, Mapping)
        and bool(content)
        and all(isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items())
    )


def _why_no_state(content: object) -> str:
    if not isinstance(content, Mapping) or not content:
        return f"holds a value of type {type(content).__name__}, not a filled state dict. {CONVERT}"
    key, value = next((k, v) for k, v in content.items() if not isinstance(k, str) or not isinstance(v, Tensor))
    if not isinstance(key, str):
        return f"is not a state dict: its key {key!r} is not text. {CONVERT}"
    return (
        f"is not a plain state dict: {key!r} is a value of type {type(value).__name__}, not a tensor. A state dict "
        f"inside it is looked for under {', '.join(PLAIN[:SHOWN])} and the like; save yours alone with torch.save."
    )


def _why_refused(path: Path, is_zip: bool, error: Exception) -> str:
    if is_zip:
        try:
            foreign = sorted(get_unsafe_globals_in_checkpoint(path))
        except Exception:  # the archive is damaged further in
            foreign = []
    else:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        foreign = [found.group(1)] if found else []
    if foreign:
        foreign.sort(key=lambda name: name.startswith(("torch.", "collections.")))  # what matters first
        names = ", ".join(foreign[:SHOWN]) + (", …" if len(foreign) > SHOWN else "")
        return (
            f"is refused: it holds Python objects ({names}), not only tensors. Such a file can run any code when it is "
            f"opened, so it is never opened here. {CONVERT}"
        )
    if is_zip:
        return "is a zip archive but not a state dict saved by PyTorch, or it is damaged; copy or download it again."
    return "is not a PyTorch checkpoint, or it is cut off; copy or download it again."
