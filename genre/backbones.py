"""The networks: torchvision backbones with a classifying head, by explicit table.

The one importer of torchvision. A name from a person or a file is only ever looked up in `BACKBONES`; nothing
is evaluated and no attribute is fetched by such a name. Every network here takes float32 [n, 3, size, size]
and returns logits [n, classes].
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPException
from typing import Literal, cast

from torch import Tensor, nn
from torchvision import models

from genre.errors import ModelError

Head = Literal["published", "compact"]
HEADS: tuple[Head, ...] = ("published", "compact")


@dataclass(frozen=True)
class Backbone:
    """How one torchvision network is made, and where and how a head is put on it."""

    make: Callable[[], nn.Module]
    place: Literal["classifier", "fc", "head", "heads.head"]  # the module the head replaces
    features: int  # input features of the published head, per image
    pooled: int  # channels after global average pooling; input features of the compact head
    kept: int = 0  # leading modules of the original classifier that stay in front of the head
    convolutional: bool = False  # the head receives the feature map, not a vector
    flattened_map: bool = False  # the head receives a flattened feature map; the compact head wants it pooled first
    image_size: int = 224  # pixels, square; what it was made for
    sizes: tuple[int, int] = (32, 1_024)  # smallest and largest image that it takes
    training_only: tuple[str, ...] = ()  # key prefixes a checkpoint may hold that no prediction needs


def _vgg(make: Callable[[], nn.Module]) -> Backbone:
    return Backbone(make, "classifier", features=512 * 7 * 7, pooled=512, flattened_map=True)


def _classifier(make: Callable[[], nn.Module], features: int, kept: int = 0) -> Backbone:
    return Backbone(make, "classifier", features=features, pooled=features, kept=kept)


def _fc(make: Callable[[], nn.Module], features: int) -> Backbone:
    return Backbone(make, "fc", features=features, pooled=features)


def _squeezenet(make: Callable[[], nn.Module]) -> Backbone:
    return Backbone(make, "classifier", features=512, pooled=512, convolutional=True)


def _vit(make: Callable[[], nn.Module], features: int) -> Backbone:
    return Backbone(make, "heads.head", features=features, pooled=features, sizes=(224, 224))


def _swin(make: Callable[[], nn.Module], features: int) -> Backbone:
    return Backbone(make, "head", features=features, pooled=features)


def _inception_v3() -> nn.Module:
    # The auxiliary classifier exists for training only, and the published app feeds the image as it is.
    return cast(
        nn.Module, models.inception_v3(weights=None, aux_logits=False, transform_input=False, init_weights=True)
    )


BACKBONES: dict[str, Backbone] = {
    "vgg11": _vgg(models.vgg11),
    "vgg11_bn": _vgg(models.vgg11_bn),
    "vgg16_bn": _vgg(models.vgg16_bn),
    "vgg19_bn": _vgg(models.vgg19_bn),
    "resnet18": _fc(models.resnet18, 512),
    "resnet50": _fc(models.resnet50, 2048),
    "densenet121": _classifier(models.densenet121, 1024),
    "squeezenet1_1": _squeezenet(models.squeezenet1_1),
    "mobilenet_v3_small": _classifier(models.mobilenet_v3_small, 576),
    "vit_b_16": _vit(models.vit_b_16, 768),
    "convnext_base": _classifier(models.convnext_base, 1024, kept=2),  # keeps LayerNorm2d, Flatten
    "swin_b": _swin(models.swin_b, 1024),
    # Keeps the pooling, Flatten, LayerNorm, Linear, Tanh.
    "maxvit_t": replace(_classifier(models.maxvit_t, 512, kept=5), sizes=(224, 224)),
    "inception_v3": Backbone(
        _inception_v3,
        "fc",
        features=2048,
        pooled=2048,
        image_size=299,
        sizes=(75, 1_024),
        training_only=("AuxLogits.",),
    ),
}

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # what its networks expect of an image
IMAGENET_TIMEOUT = 30.0  # seconds without an answer


def build(backbone: str, head: str, classes: int) -> nn.Module:
    """Build the network with random weights on the current default device.

    Under `with torch.device("meta")` this allocates and initialises nothing. ModelError: unknown backbone or head.
    """
    facts = _facts(backbone)
    if head not in HEADS:
        raise ModelError(f"Unknown head {head!r}; known: {', '.join(HEADS)}.")
    if classes < 2:
        raise ModelError(f"A model needs at least 2 classes, not {classes}.")
    network = facts.make()
    layers = _published(facts, classes) if head == "published" else _compact(facts, classes)
    original = list(network.get_submodule(facts.place).children())
    network.set_submodule(facts.place, nn.Sequential(*original[: facts.kept], *layers))
    if head == "compact" and facts.flattened_map:
        network.add_module("avgpool", nn.AdaptiveAvgPool2d(1))
    return network


def imagenet(backbone: str) -> dict[str, Tensor]:
    """Return the state dict that torchvision publishes, trained on ImageNet. Needs the network unless torch kept it.

    ModelError: unknown backbone, or the weights cannot be fetched.
    """
    _facts(backbone)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(IMAGENET_TIMEOUT)  # torch's download has none of its own, and would wait for ever
    try:
        return dict(models.get_model(backbone, weights="DEFAULT", progress=False).state_dict())
    except (OSError, RuntimeError, HTTPException) as error:
        raise ModelError(
            f"The ImageNet weights of {backbone} cannot be fetched ({error}). They come from torchvision's server; try "
            "again with the network there, or start from another model or from scratch."
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def embed(network: nn.Module, backbone: str, images: Tensor) -> Tensor:
    """Return what the head of a built network gets to see of images, averaged over the picture: [n, features]."""
    facts = _facts(backbone)
    seen: list[Tensor] = []
    handle = network.get_submodule(facts.place).register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        network(images)
    finally:
        handle.remove()
    # A feature map, flattened or not, has its channels first; what is pooled already is a map of one place.
    return seen[0].reshape(len(images), facts.pooled, -1).mean(dim=2)


def image_size(backbone: str) -> int:
    """Return the side of the square input image in pixels."""
    return _facts(backbone).image_size


def image_sizes(backbone: str) -> tuple[int, int]:
    """Return the sides of the smallest and the largest image, in pixels, that the backbone takes."""
    return _facts(backbone).sizes


def head_widths(features: int, classes: int) -> tuple[int, int, int]:
    """Return the hidden widths (l3, l2, l1) of the published head: a geometric descent from features to classes.

    >>> head_widths(25088, 16)
    (3958, 629, 100)
    """
    ratio = (features / classes) ** 0.25
    l1 = int(ratio * classes)
    l2 = int(ratio * l1)
    return int(ratio * l2), l2, l1


def _facts(backbone: str) -> Backbone:
    try:
        return BACKBONES[backbone]
    except KeyError:
        raise ModelError(f"Unknown backbone {backbone!r}; known: {', '.join(BACKBONES)}.") from None


def _published(facts: Backbone, classes: int) -> list[nn.Module]:
    """The head of the CCMusic checkpoints; the position of each module is part of its key."""
    l3, l2, l1 = head_widths(facts.features, classes)
    tail: list[nn.Module] = [nn.Linear(l3, l2), nn.ReLU(), nn.Dropout(), nn.Linear(l2, l1), nn.ReLU()]
    tail.append(nn.Linear(l1, classes))
    if facts.convolutional:
        pool = [nn.Conv2d(facts.features, l3, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        return [nn.Dropout(), *pool, *tail]
    return [nn.Dropout(), nn.Linear(facts.features, l3), nn.ReLU(), nn.Dropout(), *tail]


def _compact(facts: Backbone, classes: int) -> list[nn.Module]:
    """Global average pooling (where the backbone does not pool already), dropout, one linear layer."""
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten()] if facts.convolutional else []
    return [*pool, nn.Dropout(), nn.Linear(facts.pooled, classes)]
