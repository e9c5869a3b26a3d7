"""Maps of what a network looked at: of real networks, and of small ones that have learned where to look."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from networks import SIZES, network
from torch import nn
from torchvision.models import VisionTransformer

from genre import audio, backbones, relevance, spectrogram, store
from genre.classifier import Classifier
from genre.settings import Settings
from genre.web.examples import find_examples

SIDE = 64  # pixels of the pictures that the small networks learn from
STRIPE = 4  # pixels


def test_every_backbone_can_be_explained():
    assert set(relevance.LAYERS) | set(relevance.ATTENTION) == set(backbones.BACKBONES)
    assert not set(relevance.LAYERS) & set(relevance.ATTENTION)


@pytest.mark.parametrize("name", relevance.LAYERS)
def test_maps_come_from_square_feature_maps_the_coarsest_first(name: str):
    with torch.device("meta"):
        made = backbones.build(name, "published", 4).eval()
        size = backbones.image_size(name)
        shapes: list[torch.Size] = []
        for layer in relevance.LAYERS[name]:
            made.get_submodule(layer).register_forward_hook(lambda _module, _given, found: shapes.append(found.shape))
        made(torch.zeros(1, 3, size, size))
    assert all(len(shape) == 4 and shape[2] == shape[3] and shape[1] > shape[2] for shape in shapes)
    sides = sorted(shape[2] for shape in shapes)
    assert 7 <= sides[0] <= 14
    assert len(sides) == 1 or sides[1] >= 2 * sides[0]


@pytest.mark.parametrize("name", ["resnet18", "swin_b"])
def test_a_place_of_the_picture_is_the_same_place_of_the_feature_map(name: str):
    made = network(name, "compact", classes=2)
    size = SIZES.get(name, 128)
    pictures = torch.zeros(2, 3, size, size)
    pictures[1, :, : size // 4, -size // 4 :] = torch.randn(3, size // 4, size // 4)  # top right
    found: list[torch.Tensor] = []
    made.get_submodule(relevance.LAYERS[name][0]).register_forward_hook(lambda _module, _given, out: found.append(out))
    with torch.inference_mode():
        made(pictures)
    change = (found[0][1] - found[0][0]).abs().sum(dim=0)
    half = len(change) // 2
    quarters = change.reshape(2, half, 2, half).sum(dim=(1, 3))
    assert quarters.flatten().argmax() == 1


# --- small networks that have learned to tell upright from level stripes


def striped(kind: int, place: tuple[int, int], picture: torch.Tensor) -> torch.Tensor:
    """Put stripes into a quarter of a picture: kind 0 upright, 1 level; place is (down, right), 0 or 1 each."""
    half = SIDE // 2
    stripes = ((torch.arange(half) // STRIPE) % 2 * 2.0 - 1).expand(half, half)
    down, right = (slice(half * step, half * (step + 1)) for step in place)
    picture[:, down, right] = stripes if kind == 0 else stripes.T
    return picture


def noise(generator: torch.Generator) -> torch.Tensor:
    return 0.1 * torch.randn(3, SIDE, SIDE, generator=generator)


def convolutions() -> nn.Sequential:
    """Three convolutions with ReLUs in place, the last map 8 x 8, and an earlier one 16 x 16."""
    layers: list[nn.Module] = []
    for given, made in ((3, 16), (16, 32), (32, 32)):
        layers += [nn.Conv2d(given, made, 5, stride=2, padding=2), nn.BatchNorm2d(made), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 2))


@pytest.fixture(scope="module", params=["vit_b_16", "convolutions"])
def learned(request: pytest.FixtureRequest) -> Iterator[tuple[str, nn.Module]]:
    """A name and a small network of that kind; the transformer is as torchvision makes them, but tiny."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    made: nn.Module = convolutions()
    if request.param == "vit_b_16":
        made = VisionTransformer(SIDE, 8, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64, num_classes=2)
    optimiser = torch.optim.AdamW(made.parameters(), 2e-3)
    for _ in range(40):
        kinds = torch.randint(2, (16,), generator=generator)
        places = torch.randint(2, (16, 2), generator=generator).tolist()
        batch = [
            striped(kind, (down, right), noise(generator))
            for kind, (down, right) in zip(kinds.tolist(), places, strict=True)
        ]
        loss = nn.functional.cross_entropy(made(torch.stack(batch)), kinds)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.2
    made.zero_grad()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(relevance.LAYERS, "convolutions", ("8", "5"))
        yield request.param, made.eval().requires_grad_(False)


def shares(maps: np.ndarray) -> np.ndarray:
    """Return how much of each map lies in each quarter, [maps, 2, 2]."""
    quarters = maps.reshape(len(maps), 2, SIDE // 2, 2, SIDE // 2).sum(axis=(2, 4))
    return quarters / quarters.sum(axis=(1, 2), keepdims=True)


def test_each_class_is_found_where_it_is(learned: tuple[str, nn.Module]):
    name, made = learned
    picture = striped(0, (0, 1), striped(1, (1, 0), noise(torch.Generator().manual_seed(1))))
    upright, level = (shares(relevance.maps(made, name, picture[None], kind))[0] for kind in (0, 1))
    assert upright[0, 1] == upright.max() > 0.4
    assert level[1, 0] == level.max() > 0.4


def test_a_network_is_left_as_it_was(learned: tuple[str, nn.Module]):
    name, made = learned
    batch = torch.stack([striped(0, (1, 1), noise(torch.Generator().manual_seed(seed))) for seed in range(2)])
    with torch.inference_mode():
        before = made(batch)
    maps = relevance.maps(made, name, batch, 0)
    assert maps.shape == (2, SIDE, SIDE)
    assert maps.min() >= 0
    assert maps.max(axis=(1, 2)) == pytest.approx(1)
    with torch.inference_mode():
        np.testing.assert_array_equal(made(batch), before)
    assert not [module for module in made.modules() if module._forward_hooks or module._forward_pre_hooks]
    assert not [weight for weight in made.parameters() if weight.requires_grad or weight.grad is not None]


def test_several_looks_are_laid_over_each_other(monkeypatch: pytest.MonkeyPatch):
    """A network that takes the picture for a ring sees the same however it is rolled."""
    torch.manual_seed(0)
    ring = nn.Conv2d(3, 8, 5, padding=2, padding_mode="circular")
    made = nn.Sequential(ring, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)).eval()
    monkeypatch.setitem(relevance.LAYERS, "ring", ("1",))
    batch = torch.randn(2, 3, 32, 32)
    once, often = (relevance.maps(made, "ring", batch, 0, looks) for looks in (1, 4))
    assert once.max(axis=(1, 2)) == pytest.approx(1)
    np.testing.assert_allclose(often, once, atol=1e-5)


def test_where_nothing_spoke_for_a_class_the_map_is_empty(monkeypatch: pytest.MonkeyPatch):
    made = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2, bias=False)).eval()
    made[3].weight.data = torch.tensor([[1.0] * 3, [-1.0] * 3])  # whatever there is speaks for the first class
    monkeypatch.setitem(relevance.LAYERS, "plain", ("0",))
    batch = torch.rand(1, 3, 8, 8)
    assert relevance.maps(made, "plain", batch, 0).max() == pytest.approx(1)
    assert relevance.maps(made, "plain", batch, 1).max() == 0


def test_attention_in_the_open_is_torchs_own():
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(32, 4, batch_first=True).eval()
    tokens = torch.randn(2, 10, 32)
    with torch.no_grad():
        expected, weights = attention(tokens, tokens, tokens, average_attn_weights=False)
        seen: list[torch.Tensor] = []
        found, _ = relevance._attend(attention, tokens, seen)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(seen[0], weights)


# --- the networks that come with the program


@pytest.mark.parametrize("name", ["vgg19_bn_cqt", "densenet121_cqt"])
def test_fewer_bits_show_the_same_map(name: str):
    card = store.find(f"embedded:{name}", Settings())
    images = spectrogram.images(audio.load(find_examples()[0].path).samples, card.spectrogram)[:1]
    found = []
    for precision in ("float32", "bfloat16"):
        judge = Classifier(card, device="cpu", precision=precision)
        with judge.network() as made:
            found.append(relevance.maps(made, card.backbone, judge.network_input(images), 0, looks=1))
    assert np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1] > 0.95
