"""What a run minimises: the loss of a clip that is one of several genres."""

import math

from torch import Tensor
from torch.nn import functional


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
