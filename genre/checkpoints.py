"""State dicts in and out: read safely, account for every key, store small.

A checkpoint is data from strangers. It is opened as safetensors or with `weights_only=True`, memory-mapped, and
accepted only if every key, shape and type is what the network asks for; a refusal says why and what to do.
"""

import hashlib
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.serialization import get_unsafe_globals_in_checkpoint

from genre import backbones
from genre.errors import ModelError

State = dict[str, Tensor]

SCALE = ".scale"  # suffix of the float32 [channels] companion of an int8 tensor
INT8_MAX = 127  # symmetric: -128 is not used
SMALLEST = 1e-30
SHOWN = 4  # keys named per kind of mismatch in a message
OPTIONAL = "num_batches_tracked"  # counts training steps; no prediction reads it

CONVERT = (
    "If you trust it, convert it once in the environment that made it: "
    'torch.save(torch.load("old.pt", weights_only=False).state_dict(), "save.pt").'
)


def read(path: str | os.PathLike[str]) -> State:
    """Read a `.safetensors` or PyTorch file as {key: tensor}, memory-mapped where the format allows it.

    ModelError: unreadable, truncated, not a state dict, or a pickle that would need code of its own to run.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise ModelError(f"There is no checkpoint file {path}.")
        if path.stat().st_size == 0:
            raise ModelError(f"{path} is empty; copy or download it again.")
        return _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error


def match(state: Mapping[str, Tensor], skeleton: nn.Module, source: object) -> None:
    """Check that the state fills the skeleton exactly; ModelError lists what is missing, extra or different.

    `num_batches_tracked` may be missing. Floating-point tensors may have any floating type.
    """
    wanted = skeleton.state_dict()
    missing = [key for key in wanted if key not in state and not key.endswith(OPTIONAL)]
    extra = [key for key in state if key not in wanted]
    shapes = [
        f"{key} is {list(state[key].shape)}, not {list(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in state and state[key].shape != tensor.shape
    ]
    types = [
        f"{key} is {_plain(state[key].dtype)}, not {_plain(tensor.dtype)}"
        for key, tensor in wanted.items()
        if key in state and not _convertible(state[key].dtype, tensor.dtype)
    ]
    if not (missing or extra or shapes or types):
        return
    reasons = [
        f"{len(found)} tensors {kind} ({'; '.join(found[:SHOWN])}{'; …' if len(found) > SHOWN else ''})"
        for kind, found in (
            ("missing", missing),
            ("unexpected", extra),
            ("of another shape", shapes),
            ("of another type", types),
        )
        if found
    ]
    last = next(reversed([key for key, tensor in wanted.items() if tensor.ndim == 2]))
    classes = len(wanted[last])
    if last in state and state[last].ndim == 2 and len(state[last]) != classes:
        reasons[0] = f"it was made for {len(state[last])} classes, this model has {classes}; {reasons[0]}"
    raise ModelError(
        f"{source} does not fit this model: {', '.join(reasons)}. "
        "Check that the folder's name or config.json states the backbone and head it was saved from."
    )


def load(path: str | os.PathLike[str], backbone: str, head: str, classes: int) -> nn.Module:
    """Return the network with the file's weights: float32, in eval mode, without gradients, on the CPU.

    Nothing is initialised and nothing copied that is float32 already: the weights stay mapped to the file.
    """
    with torch.device("meta"):
        network = backbones.build(backbone, head, classes)
    state = _fit(read(path), network, backbones.BACKBONES[backbone].training_only, path)
    network.load_state_dict(state, strict=True, assign=True)
    return network.eval().requires_grad_(False)


def _fit(state: State, skeleton: nn.Module, unused: tuple[str, ...], source: object) -> State:
    """Return the state as the skeleton wants it: dequantised, float32, counters present; else ModelError."""
    state = {key: tensor for key, tensor in state.items() if not key.startswith(unused)}
    try:  # shapes first, without values: a file of a few bytes can claim a tensor that no memory holds
        shapes = dequantise({key: tensor.to("meta") for key, tensor in state.items()})
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from error
    match(shapes, skeleton, source)
    state = dequantise(state)
    fitted: State = {}
    for key, tensor in skeleton.state_dict().items():
        fitted[key] = state[key].to(tensor.dtype) if key in state else torch.zeros_like(tensor, device="cpu")
        # A diverged training leaves NaN everywhere; looking at the small tensors finds it without reading the file.
        if fitted[key].ndim <= 1 and not torch.isfinite(fitted[key]).all():
            raise ModelError(f"{source}: {key} is not finite; its training diverged, or the file is damaged.")
    return fitted


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


def _read_safetensors(path: Path) -> State:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is not a dict
    except SafetensorError as error:
        raise ModelError(f"{path} is not a complete safetensors file ({error}); copy or download it again.") from error


def _read_pickle(path: Path) -> State:
    mapped = zipfile.is_zipfile(path)  # PyTorch before 1.6 wrote another format, which cannot be mapped
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except OSError:
        raise
    except Exception as error:  # damaged bytes make torch raise almost anything
        raise ModelError(f"{path} {_why_refused(path, mapped, error)}") from error
    if not isinstance(content, dict) or not content:
        raise ModelError(f"{path} holds {_describe(content)}, not a filled state dict. {CONVERT}")
    for key, value in content.items():
        if not isinstance(key, str):
            raise ModelError(f"{path} is not a state dict: its key {key!r} is not text. {CONVERT}")
        if not isinstance(value, Tensor):
            raise ModelError(
                f"{path} is not a plain state dict: {key!r} is {_describe(value)}, not a tensor. If the state dict is "
                "inside it, save that part alone with torch.save."
            )
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            raise ModelError(f"{path}: the tensor {key} is sparse, quantised by PyTorch or empty; save it dense.")
    return content


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


def _describe(value: object) -> str:
    return f"a value of type {type(value).__name__}"


def _plain(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _convertible(found: torch.dtype, wanted: torch.dtype) -> bool:
    return found == wanted or (found.is_floating_point and wanted.is_floating_point)


def _is_int8(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.dtype == torch.int8
