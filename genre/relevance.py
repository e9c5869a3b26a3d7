"""Where a network looked: pictures and a class in, maps of what spoke for the class out.

A room of its own because it is the only one that reaches into the layers of a network, and the only importer of captum.

- Convolutions, and transformers that keep a feature map: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391). The last
  map before the pooling knows most but is coarse (3 x 3 for densenet121 at 112 pixels), so where an earlier one has
  finer cells it is multiplied by that one's: what both hold for important remains (`benchmarks/explanations.py`).
- Vision transformer: attention rollout (Abnar, Zuidema 2020, arXiv:2005.00928), each attention weighted by its gradient
  (Chefer, Gur, Wolf 2021, arXiv:2103.15679), without which every class would have the same map.

What is explained is the logarithm of the class's odds: a logit alone also rises with what speaks for every class.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]
View = Callable[[Tensor], Tensor]  # a batch [n, 3, size, size] to maps [n, 1, rows, columns]

# Every picture is looked at so often, rolled along time by 5/16 of its width each time: that moves it by a part of a
# cell in maps of 4, 7 and 14 columns alike, so that the average has finer steps; the seam is never twice in one place.
LOOKS = 4
ROLL = 5 / 16  # of the width

# Whose Grad-CAM is taken: the last feature map before the pooling, and where cells of it are wide the last map at half
# their size. Max pooling belongs to the pooling: VGG's last map is the one before it.
LAYERS: dict[str, tuple[str, ...]] = {
    "vgg11": ("features.19", "features.14"),
    "vgg11_bn": ("features.27", "features.20"),
    "vgg16_bn": ("features.42", "features.32"),
    "vgg19_bn": ("features.51", "features.38"),
    "resnet18": ("layer4", "layer3"),
    "resnet50": ("layer4", "layer3"),
    "densenet121": ("features.norm5", "features.denseblock3"),
    "squeezenet1_1": ("features.12",),
    "mobilenet_v3_small": ("features.12", "features.8"),
    "convnext_base": ("features.7", "features.5"),
    "swin_b": ("permute",),  # the last tokens, turned to channels first; earlier ones never are
    "maxvit_t": ("blocks.3", "blocks.2"),
    "inception_v3": ("Mixed_7c", "Mixed_6e"),
}
ATTENTION: dict[str, str] = {"vit_b_16": "encoder.layers"}  # backbones whose blocks attend from a class token


def maps(network: nn.Module, backbone: str, batch: Tensor, place: int, looks: int = LOOKS) -> Floats:
    """Return what spoke for the class at `place` of the output, float32 [n, size, size] from 0 to 1.

    batch: as the network takes it, [n, 3, size, size]. The most of each map is 1, or 0 where nothing spoke for the
    class. The weights need no gradients. Not for two threads at once on one network: it listens to its layers.
    """

    def odds(given: Tensor) -> Tensor:
        logits: Tensor = network(given).float()
        others = torch.cat([logits[:, :place], logits[:, place + 1 :]], dim=1)
        return logits[:, place] - others.logsumexp(dim=1)

    from captum.attr import LayerAttribution, LayerGradCam  # half a second, which only who asks for maps pays

    views: list[View]
    if backbone in ATTENTION:
        views = [_Rollout(odds, list(network.get_submodule(ATTENTION[backbone]).children()))]
    else:
        views = [LayerGradCam(odds, network.get_submodule(name)).attribute for name in LAYERS[backbone]]
    size = (batch.shape[2], batch.shape[3])
    total = torch.zeros(len(views), len(batch), *size)
    for look in range(looks):
        shift = round(look * ROLL * size[1])
        rolled = batch.roll(shift, dims=3)
        for index, view in enumerate(views):
            found = LayerAttribution.interpolate(view(rolled).detach().float().relu(), size, "bilinear")
            total[index] += found[:, 0].roll(-shift, dims=2).cpu()
    agreed: Floats = _scaled(_scaled(total).prod(dim=0)).numpy()
    return agreed


def _scaled(found: Tensor) -> Tensor:
    """Return maps [..., rows, columns] whose most is 1 each, or 0."""
    return found / found.amax(dim=(-2, -1), keepdim=True).clamp(min=torch.finfo(found.dtype).tiny)


class _Rollout:
    """Attention followed from the class token down to the patches of the picture."""

    def __init__(self, odds: Callable[[Tensor], Tensor], blocks: list[nn.Module]) -> None:
        self._odds = odds
        self._blocks = blocks

    def __call__(self, batch: Tensor) -> Tensor:
        """Return maps [n, 1, rows, columns]; row i of the product is what the i-th token got from each of the first."""
        attentions: list[Tensor] = []
        handles = [
            block.get_submodule("self_attention").register_forward_hook(
                lambda module, given, _: _attend(module, given[0], attentions)
            )
            for block in self._blocks
        ]
        try:
            with torch.enable_grad():
                gradients = torch.autograd.grad(self._odds(batch).sum(), attentions)
        finally:
            for handle in handles:
                handle.remove()
        rollout = torch.eye(attentions[0].shape[-1], device=batch.device).expand(len(batch), -1, -1)
        for attention, gradient in zip(attentions, gradients, strict=True):
            rollout = rollout + (attention.detach().float() * gradient.float()).relu().mean(dim=1) @ rollout
        side = math.isqrt(rollout.shape[1] - 1)
        return rollout[:, 0, 1:].reshape(-1, 1, side, side)


def _attend(module: nn.Module, tokens: Tensor, attentions: list[Tensor]) -> tuple[Tensor, None]:
    """Do what torch's attention does to [n, tokens, features], in the open: append what each token attends to."""
    assert isinstance(module, nn.MultiheadAttention)
    assert module.in_proj_weight is not None
    projected = nn.functional.linear(tokens, module.in_proj_weight, module.in_proj_bias)
    parted = projected.reshape(*tokens.shape[:2], 3, module.num_heads, module.head_dim)
    query, key, value = parted.permute(2, 0, 3, 1, 4)
    attention = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(module.head_dim), dim=-1)
    if not attention.requires_grad:  # the first, where the weights are frozen
        attention.requires_grad_()
    attentions.append(attention)
    return module.out_proj((attention @ value).transpose(1, 2).flatten(2)), None
