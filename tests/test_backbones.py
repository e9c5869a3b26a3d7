import pytest
import torch
from networks import network, picture

from genre import backbones
from genre.errors import ModelError
from genre.store import PUBLISHED

LISTED = ["resnet50", "densenet121", "vgg11_bn", "squeezenet1_1", "mobilenet_v3_small"]


@pytest.mark.parametrize(
    ("features", "widths"), [(25_088, (3958, 629, 100)), (512, (214, 90, 38)), (2_048, (598, 178, 53))]
)
def test_widths_of_the_published_head(features: int, widths: tuple[int, int, int]) -> None:
    assert backbones.head_widths(features, 16) == widths


def test_table_has_every_published_and_listed_backbone() -> None:
    assert {name.rpartition("_")[0] for name in PUBLISHED} | set(LISTED) <= set(backbones.BACKBONES)


@pytest.mark.parametrize("head", backbones.HEADS)
@pytest.mark.parametrize("name", backbones.BACKBONES)
def test_every_network_gives_one_logit_per_class(name: str, head: str) -> None:
    with torch.device("meta"):
        network = backbones.build(name, head, 7).eval()
        size = backbones.image_size(name)
        logits = network(torch.empty(3, 3, size, size))
    assert logits.shape == (3, 7)
    assert all(tensor.is_meta for tensor in network.state_dict().values()), "something was allocated"
    held = {key for key, _ in network.named_buffers()} | {key for key, _ in network.named_parameters()}
    assert held == set(network.state_dict()), "a checkpoint could not restore all of it"


# (key, shape) of the first and the last linear or 1x1 layer of the head, as saved by the published program
HEADS = {
    "vgg19_bn": [("classifier.1.weight", (3958, 25088)), ("classifier.9.weight", (16, 100))],
    "vit_b_16": [("heads.head.1.weight", (289, 768)), ("heads.head.9.weight", (16, 42))],
    "convnext_base": [("classifier.3.weight", (359, 1024)), ("classifier.11.weight", (16, 45))],
    "swin_b": [("head.1.weight", (359, 1024)), ("head.9.weight", (16, 45))],
    "inception_v3": [("fc.1.weight", (598, 2048)), ("fc.9.weight", (16, 53))],
    "resnet50": [("fc.1.weight", (598, 2048)), ("fc.9.weight", (16, 53))],
    "densenet121": [("classifier.1.weight", (359, 1024)), ("classifier.9.weight", (16, 45))],
    "mobilenet_v3_small": [("classifier.1.weight", (232, 576)), ("classifier.9.weight", (16, 39))],
    "squeezenet1_1": [("classifier.1.weight", (214, 512, 1, 1)), ("classifier.10.weight", (16, 38))],
    "maxvit_t": [("classifier.6.weight", (214, 512)), ("classifier.14.weight", (16, 38))],
}


@pytest.mark.parametrize(("name", "layers"), HEADS.items(), ids=list(HEADS))
def test_published_head_sits_where_checkpoints_have_it(name: str, layers: list[tuple[str, tuple[int, ...]]]) -> None:
    with torch.device("meta"):
        state = backbones.build(name, "published", 16).state_dict()
    for key, shape in layers:
        assert tuple(state[key].shape) == shape
    place = layers[0][0].rsplit(".", 2)[0]
    assert max(int(key.split(".")[-2]) for key in state if key.startswith(f"{place}.")) == int(
        layers[1][0].split(".")[-2]
    )


def test_convnext_keeps_its_normalisation_before_the_head() -> None:
    with torch.device("meta"):
        state = backbones.build("convnext_base", "published", 16).state_dict()
    assert tuple(state["classifier.0.weight"].shape) == (1024,)


def test_vgg19_bn_is_as_large_as_the_published_checkpoint() -> None:
    with torch.device("meta"):
        state = backbones.build("vgg19_bn", "published", 16).state_dict()
    assert sum(tensor.nbytes for tensor in state.values()) / 2**20 == pytest.approx(465.02, abs=0.01)


def test_compact_vgg_head_sees_the_mean_of_each_channel() -> None:
    torch.manual_seed(1)
    network = backbones.build("vgg11", "compact", 16).eval()
    image = torch.rand(1, 3, 96, 64)
    with torch.inference_mode():
        pooled = network.get_submodule("features")(image).mean((2, 3))
        assert torch.allclose(network(image), network.get_submodule("classifier.1")(pooled), atol=1e-6)


@pytest.mark.parametrize("name", backbones.BACKBONES)
def test_embedding_is_what_the_head_turns_into_logits(name: str) -> None:
    facts = backbones.BACKBONES[name]
    made, image = network(name, "compact"), picture(name)
    with torch.inference_mode():
        embedding = backbones.embed(made, name, image)
        assert embedding.shape == (1, facts.pooled)
        assert embedding.std() > 0.01
        map_of_one_place = embedding[:, :, None, None] if facts.convolutional or facts.kept else embedding
        logits = made.get_submodule(facts.place)(map_of_one_place)
        assert torch.allclose(logits, made(image), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["vgg11_bn", "squeezenet1_1"])  # whose published heads get a whole map of features
def test_embedding_is_the_mean_over_the_map_where_the_head_gets_one(name: str) -> None:
    made = network(name, "published")
    images = torch.cat([picture(name), 10 * picture(name)])
    with torch.inference_mode():
        features = made.get_submodule("features")(images)
        if name == "vgg11_bn":
            features = made.get_submodule("avgpool")(features)
        embedding = backbones.embed(made, name, images)
        assert torch.allclose(embedding, features.mean((2, 3)), rtol=1e-4, atol=1e-5)
        assert not torch.allclose(embedding[0], embedding[1])


@pytest.mark.parametrize(
    "name", ["vgg19", "VGG19_BN", "", "__import__('os')", "get_model", "vgg19_bn; import os", "models.vgg19_bn"]
)
def test_unknown_backbone_is_answered_with_those_that_exist(name: str) -> None:
    with pytest.raises(ModelError, match=r"known: .*vgg19_bn.*inception_v3"):
        backbones.build(name, "published", 16)
    with pytest.raises(ModelError, match="known: "):
        backbones.image_size(name)


def test_unknown_head_and_single_class_are_refused() -> None:
    with pytest.raises(ModelError, match="published, compact"):
        backbones.build("vgg11", "huge", 16)
    with pytest.raises(ModelError, match="at least 2"):
        backbones.build("vgg11", "compact", 1)


def test_inception_wants_a_larger_image() -> None:
    assert {name: backbones.image_size(name) for name in ("inception_v3", "vgg19_bn")} == {
        "inception_v3": 299,
        "vgg19_bn": 224,
    }
