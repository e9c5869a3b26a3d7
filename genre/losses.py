"""What a run minimises: the loss of a clip that is one of several genres, and that of a domain to be forgotten."""

import math
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 64  # units of the domain classifier


def set_loss(logits: Tensor, allowed: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return -log of the probability that each image has one of its compatible genres, float32 [n].

    logits: [n, classes]; allowed: bool [n, classes]. The classifier-consistent partial-label loss (Feng et al. 2020,
    arXiv:2007.08929); with one compatible genre it is cross-entropy. Smoothing e gives (1 - e) · this loss
    + e · cross-entropy with the uniform distribution, which for one genre is label smoothing (Szegedy et al. 2016,
    arXiv:1512.00567).
    """
    log_probabilities = functional.log_softmax(logits, dim=1)
    compatible = log_probabilities.masked_fill(~allowed, -math.inf).logsumexp(dim=1)
    return -(1 - smoothing) * compatible - smoothing * log_probabilities.mean(dim=1)


class _Reversal(torch.autograd.Function):
    """The identity, whose gradient is multiplied by -strength."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


class DomainAdversary(nn.Module):
    """Learns to tell the domain from the features before the network's last layer, and makes the network forget it.

    Gradient reversal (Ganin & Lempitsky 2015, arXiv:1409.7495). Watches the network's forward passes with a hook and
    is no part of it, so the network's state dict stays that of the checkpoint.
    """

    def __init__(self, network: nn.Module, domains: int) -> None:
        super().__init__()
        last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
        self.classify = nn.Sequential(nn.Linear(last.in_features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, domains))
        self._features = torch.empty(0)
        last.register_forward_pre_hook(self._keep)

    def _keep(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._features = inputs[0]

    def loss(self, domains: Tensor, strength: float) -> Tensor:
        """Return the cross-entropy of the domains, int64 [n], of the latest forward pass, float32 [n]; 0 where -1."""
        reversed_ = cast(Tensor, _Reversal.apply(self._features.float(), strength))
        return functional.cross_entropy(self.classify(reversed_), domains, ignore_index=-1, reduction="none")


def adversary_strength(progress: float) -> float:
    """Return the factor of the reversed gradient at a share of the run from 0 to 1, as in the paper: 0 rising to 1."""
    return 2 / (1 + math.exp(-10 * progress)) - 1
