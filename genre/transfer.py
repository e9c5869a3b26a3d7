"""Weights that a run starts from: those of another model, or of another subject altogether."""

import logging
from pathlib import Path

from torch import nn

from genre import backbones, checkpoints
from genre.errors import ModelError

log = logging.getLogger(__name__)

SHOWN = 6  # tensors named in a message


def start_from(network: nn.Module, initial: Path, backbone: str, *, fresh_head: bool = False) -> None:
    """Load the layers of a checkpoint that fit, and log which ones stay fresh.

    Its head and classes may be others; `fresh_head` leaves the last layer fresh in any case, for classes that only
    happen to be as many. ModelError: the checkpoint is of another backbone.
    """
    place = backbones.BACKBONES[backbone].place + "."
    wanted = network.state_dict()
    last = next(reversed([key for key, tensor in wanted.items() if tensor.ndim == 2])).removesuffix("weight")
    state = checkpoints.dequantise(checkpoints.read(initial))
    fits = {
        key: tensor
        for key, tensor in state.items()
        if key in wanted and tensor.shape == wanted[key].shape and not (fresh_head and key.startswith(last))
    }
    fresh = [key for key in wanted if key not in fits and not key.endswith(checkpoints.OPTIONAL)]
    if foreign := [key for key in fresh if not key.startswith(place)]:
        names = "; ".join(foreign[:SHOWN]) + ("; …" if len(foreign) > SHOWN else "")
        raise ModelError(
            f"{initial} is not a checkpoint of {backbone}: {len(foreign)} of its layers' tensors are missing or of "
            f"another shape ({names})."
        )
    network.load_state_dict(fits, strict=False)
    log.info("weights from %s; fresh: %s", initial, ", ".join(fresh) or "none")
