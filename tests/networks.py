"""Networks with seeded weights, for the tests that store and load them."""

from unittest import mock

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from genre import backbones

# Pixels: the smallest image each network takes, so that many forward passes stay cheap.
SIZES = {"vit_b_16": 224, "maxvit_t": 224, "inception_v3": 96}


class NoInit(TorchFunctionMode):
    """Leave new parameters as they are allocated: torchvision's own initialisation takes seconds."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if getattr(function, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return function(*args, **(kwargs or {}))


def network(name: str, head: str = "published", classes: int = 16, seed: int = 0) -> nn.Module:
    """Return a network with seeded weights that differ in every tensor."""
    with NoInit(), mock.patch("torch.nn.init.trunc_normal_", lambda tensor, *_, **__: tensor):  # escapes the mode
        made = backbones.build(name, head, classes).eval()
    generator = torch.Generator().manual_seed(seed)
    for tensor in made.state_dict().values():
        if tensor.is_floating_point():
            low, high = (0.5, 1.5) if tensor.ndim == 1 else (-0.05, 0.05)  # a variance must be above 0
            tensor.uniform_(low, high, generator=generator)
    return made


def picture(name: str) -> torch.Tensor:
    """Return noise as the network takes it: [1, 3, size, size]."""
    size = SIZES.get(name, 64)
    return torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(3))
